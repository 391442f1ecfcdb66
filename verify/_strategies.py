"""Hypothesis strategies for shapes, masks, targets and starts: whole numbers first, thin sets on purpose."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisDeprecationWarning
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider

from numerics import SQUARED, Architecture, Loss, Model

from ._kinds import (
    FINE_BITS,
    STARTS,
    TARGETS,
    VIEWS,
    WEIGHTS,
    aim_start,
    aim_target,
    exponent_of,
    possible,
    view,
    weigh,
)
from ._kinds import PLAIN as PLAIN_KIND
from ._problem import Problem
from ._shapes import architectures, broad, cube, networks, with_room

EXACT_BITS = 60  # of the random whole numbers in place of small ones where a claim is asked exactly


def turns_of_starts(number: int) -> Iterator[str]:
    """Kinds of starts in shuffled rounds, each of which holds every thin set: none is missed by chance."""
    generator = np.random.default_rng(number)
    names = (PLAIN_KIND,) * 20 + ("",) * 6 + STARTS
    while True:
        yield from (names[i] for i in generator.permutation(len(names)))


@st.composite
def kinds_of_problems(draw: Any, turns: Iterator[str] | None = None) -> str:
    """Names of the thin sets to aim at: none for four problems in ten, else one of each sort, or none of it."""
    start = next(turns or turns_of_starts(draw(st.integers(0, 2**31))))
    if start == PLAIN_KIND:
        return PLAIN_KIND
    others = (
        ("",) * 3 + TARGETS + ("zero-target", "unseen-misfit", "unseen-misfit"),
        ("",) * 4 + VIEWS,
        ("",) * 3 + WEIGHTS,
    )
    return "+".join(part for part in (start, *(draw(st.sampled_from(names)) for names in others)) if part) or PLAIN_KIND


@st.composite
def problems(
    draw: Any,
    architecture: Model | None = None,
    *,
    losses: tuple[Loss, ...] = (SQUARED,),
    literal: bool = False,
    kinds: tuple[str, ...] = (),
    pace: str = "plain",
    turns: Iterator[str] | None = None,
    **cell: Any,
) -> Problem:
    """Problems of one cell.

    Arguments:
        architecture: fixed, or drawn from `cell` (depth, order, chain, fixed, largest, or a description).
        losses: what an entry may cost; one of them is drawn.
        literal: draw every number separately, so that a counterexample shrinks to simple numbers; otherwise blocks are
            filled from a drawn seed, which is quicker by two orders of magnitude.
        kinds, pace: kinds of problems to choose from (all of them if empty), and the pace of all problems.
        turns: kinds of starts, one after another, where `kinds` is empty; independent ones if None.
    """
    free = architecture is None and cell.get("fixed") is None
    if architecture is None:
        description = cell.pop("description", None)
        if description is None:
            architecture = draw(architectures(**cell))
        else:
            architecture = draw(networks(description, cell.get("fixed"), cell.get("largest", 5)))
    loss = losses[0] if len(losses) == 1 else draw(st.sampled_from(losses))
    kind = possible(draw(st.sampled_from(kinds) if kinds else kinds_of_problems(turns)), architecture, loss)
    number = draw(st.integers(0, 2**31)) if not literal else 0
    generator = np.random.default_rng(number)
    if free and "repeated" in kind and number % 2 and isinstance(architecture, Architecture):
        architecture = cube(architecture)
    if free and any(name in kind for name in ("collinear", "spectrum", "graded-slices")):
        architecture = with_room(architecture)
    if free and "isometry" in kind and isinstance(architecture, Architecture):
        architecture = broad(architecture, generator)

    def choose(shape: tuple[int, ...], lowest: int, highest: int) -> np.ndarray:
        if literal:
            count = math.prod(shape)  # one list draws and shrinks much faster than hypothesis.extra.numpy.arrays
            numbers = draw(st.lists(st.integers(lowest, highest), min_size=count, max_size=count))
            return np.array(numbers, dtype=np.int64).reshape(shape)
        return np.asarray(generator.integers(lowest, highest + 1, shape))

    bound = 3 << FINE_BITS if "fine" in kind else 3
    blocks = {name: choose(shape, -bound, bound) for name, shape in architecture.shapes.items()}
    target = choose(architecture.sizes, -5, 5)
    aim_start(kind, architecture, blocks, choose)
    aim_target(kind, target, choose)
    mask = view(kind, architecture.sizes, choose)
    if mask is None:
        mask = np.ones(architecture.sizes, dtype=bool)
        if (draw(st.booleans()) or "unseen-misfit" in kind) and mask.size > 1:
            mask = choose(architecture.sizes, -1, 1) >= 0
            mask.reshape(-1)[0] = True
    degree = architecture.degree
    exponent = exponent_of(kind, architecture)
    target_exponent = exponent * degree if {"tiny", "large"} & set(kind.split("+")) else 0
    normalised = draw(st.booleans())
    if loss.targets == "signs":
        target = np.where(target < 0, -1, 1).astype(target.dtype)
    return Problem(
        architecture, blocks, target, mask, normalised, exponent, target_exponent,
        kind=kind, pace=pace, weights=weigh(kind, mask, choose), loss=loss,
    )  # fmt: skip


def with_large_numbers(problem: Problem, number: int) -> Problem:
    """The problem for a look in exact arithmetic: where its start is plain, all entries are random of EXACT_BITS bits.

    An identity of degree d in the entries that is false vanishes there with probability at most d / 2^EXACT_BITS.
    What the kind says of target, view and weights stays: zero, fitted, unobserved.
    """
    if set(problem.kind.split("+")) & {*STARTS} - {"fine"} or problem.loss.targets == "signs":
        return problem
    generator = np.random.default_rng([number, problem.target.size])

    def large(shape: tuple[int, ...]) -> np.ndarray:
        return np.asarray(generator.integers(-(2 ** (EXACT_BITS - 1)), 2 ** (EXACT_BITS - 1), shape))

    weights = generator.integers(1, 2**EXACT_BITS, problem.mask.shape) * problem.mask
    return replace(
        problem,
        blocks={name: large(shape) for name, shape in problem.architecture.shapes.items()},
        target=problem.target if "zero-target" in problem.kind else large(problem.target.shape),
        weights=weights,
    )


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
