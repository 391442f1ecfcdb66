"""Hypothesis strategies for shapes, masks, targets and starts: whole numbers first, thin sets on purpose."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisDeprecationWarning
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider

from numerics import Architecture

from ._problem import Problem

KINDS = ("plain", "zero-slice", "superdiagonal", "repeated", "rank-deficient", "identity", "tiny", "large")
ENTRIES_CAP = 125  # entries of a generated tensor
DEGREE_BITS = 200  # bound on |exponent| * degree, so that fourth powers of W stay inside float64


@st.composite
def sizes(draw: Any, order: int, largest: int = 5) -> tuple[int, ...]:
    """Mode sizes 1..largest with at most ENTRIES_CAP entries; size-1 modes are included."""
    result: list[int] = []
    for left in range(order, 0, -1):
        room = ENTRIES_CAP // math.prod(result) if result else ENTRIES_CAP
        top = max(1, min(largest, int(room ** (1 / left)) + 1, room))
        result.append(draw(st.integers(1, top)))
    return tuple(result)


@st.composite
def architectures(
    draw: Any, depth: int, order: int, chain: str, fixed: tuple[int, ...] | None = None, largest: int = 5
) -> Architecture:
    """Architectures of one cell: generated or fixed mode sizes, core sizes up to one more than the mode size."""
    mode_sizes = fixed or draw(sizes(order, largest))
    if depth == 0:
        return Architecture(0, mode_sizes, mode_sizes, chain)
    ranks = tuple(draw(st.integers(1, min(n + 1, 5))) for n in mode_sizes)
    return Architecture(depth, mode_sizes, ranks, chain)


@st.composite
def problems(
    draw: Any,
    architecture: Architecture | None = None,
    *,
    literal: bool = False,
    kinds: tuple[str, ...] = KINDS,
    pace: str = "plain",
    **cell: Any,
) -> Problem:
    """Problems of one cell.

    Arguments:
        architecture: fixed, or drawn from `cell` (depth, order, chain, fixed, largest).
        literal: draw every number separately, so that a counterexample shrinks to simple numbers; otherwise blocks are
            filled from a drawn seed, which is quicker by two orders of magnitude.
        kinds, pace: thin sets to aim at, and the pace of all problems.
    """
    free = architecture is None and cell.get("fixed") is None
    architecture = architecture or draw(architectures(**cell))
    kind = draw(st.sampled_from(kinds))
    number = draw(st.integers(0, 2**31)) if not literal else 0
    if kind == "repeated" and free and number % 2:
        architecture = _cube(architecture)
    generator = np.random.default_rng(number)

    def fill(shape: tuple[int, ...], bound: int = 3) -> np.ndarray:
        if literal:
            count = math.prod(shape)  # one list draws and shrinks much faster than hypothesis.extra.numpy.arrays
            numbers = draw(st.lists(st.integers(-bound, bound), min_size=count, max_size=count))
            return np.array(numbers, dtype=np.int64).reshape(shape)
        return generator.integers(-bound, bound + 1, shape)

    blocks = {name: fill(shape) for name, shape in architecture.shapes.items()}
    target = fill(architecture.sizes, 5)
    _aim(kind, architecture, blocks, generator)
    mask = np.ones(architecture.sizes, dtype=bool)
    if draw(st.booleans()) and mask.size > 1:
        mask = fill(architecture.sizes, 1) >= 0
        mask.reshape(-1)[0] = True
    degree = 1 + architecture.order * architecture.depth
    bits = {"tiny": -40, "large": 20}.get(kind, 0)
    exponent = int(math.copysign(min(abs(bits), DEGREE_BITS // degree), bits))
    target_exponent = exponent * degree if kind in ("tiny", "large") else 0
    normalised = draw(st.booleans())
    return Problem(architecture, blocks, target, mask, normalised, exponent, target_exponent, kind=kind, pace=pace)


def _cube(architecture: Architecture) -> Architecture:
    """The same with equal mode and core sizes of at least two: only there all singular values of W can be equal."""
    size = (max(2, min(architecture.sizes)),) * architecture.order
    return Architecture(architecture.depth, size, size, architecture.chain)


def _aim(kind: str, architecture: Architecture, blocks: dict[str, np.ndarray], generator: np.random.Generator) -> None:
    """Move the start onto a thin set."""
    core = blocks["G"]
    if kind == "zero-slice":
        core[0] = 0
    elif kind in ("superdiagonal", "repeated"):
        diagonal = tuple(np.arange(min(core.shape)) for _ in core.shape)
        values = core[diagonal].copy() if kind == "superdiagonal" else np.full(min(core.shape), 2)
        core[...] = 0
        core[diagonal] = values
    elif kind == "rank-deficient":
        core[...] = core.reshape(-1)[0] if core.reshape(-1)[0] else 1
        if generator.integers(2):  # and every factor of rank one too
            for name, block in blocks.items():
                if name.startswith("a"):
                    block[...] = block[:, :1]
                elif name != "G" and architecture.chain != "mode":
                    block[...] = block[:1]
    if kind in ("identity", "repeated"):
        for name, block in blocks.items():
            if name != "G":
                block[...] = np.eye(*block.shape[-2:], dtype=block.dtype) if block.ndim > 1 else 1


class _Plain(PrimitiveProvider):
    """Independent uniform draws.

    Hypothesis's own backend mixes in constants found in the source of loaded modules, a file of conjectures among them,
    and repeats parts of earlier examples: a seed would draw other tensors for another file, and fewer different ones.
    """

    lifetime = "test_case"

    def draw_boolean(self, p: float = 0.5) -> bool:
        return self._uniform.random() < p

    def draw_integer(self, min_value: int | None = None, max_value: int | None = None, **_: Any) -> int:
        low = -(2**31) if min_value is None else min_value
        return self._uniform.randint(low, low + 2**32 if max_value is None else max_value)

    def draw_float(self, **_: Any) -> float:
        return self._uniform.random()

    def draw_string(self, *_: Any, **__: Any) -> str:
        raise NotImplementedError("problems are made of whole numbers")

    def draw_bytes(self, *_: Any, **__: Any) -> bytes:
        raise NotImplementedError("problems are made of whole numbers")

    @property
    def _uniform(self) -> Any:
        assert self._cd is not None
        return self._cd._random


PLAIN = "verify-plain"
AVAILABLE_PROVIDERS[PLAIN] = f"{__name__}._Plain"


@contextmanager
def quiet() -> Iterator[None]:
    """Without Hypothesis's warning about `random`, which a run-time type checker uses behind the strategies' back."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisDeprecationWarning)
        yield


def draw_problems(strategy: st.SearchStrategy[Any], count: int, number: int) -> list[Any]:
    """Draw `count` examples of a strategy, reproducibly from the seed `number`."""
    drawn: list[Any] = []

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        backend=PLAIN,
    )
    @given(strategy)
    def collect(example: Any) -> None:
        drawn.append(example)

    with quiet():
        collect()
    return drawn[:count]
