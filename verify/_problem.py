"""A generated problem: whole numbers and powers of two, from which every start is rebuilt in any precision."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import gmpy2
import numpy as np
import torch

from numerics import (
    FLOAT64,
    MP,
    Architecture,
    Arithmetic,
    balance,
    matrix_balance,
    reference_compose,
    sharpness,
    unbalance,
)

from ._numbers import current_digits, entrywise, mpf_to_mpfr
from ._precise import Precise
from ._state import PreciseState, State

SMALL_EXPONENT = -7  # a "small" start is the balanced one times 2^-7
# With targets of W's size W mostly shrinks along a path. In a pace that is not plain the target is 2^2 times larger;
# in slow growth it has the signs of W and time is 2^4 times slower, too: W grows while the gradient is small.
GROWTH, SLOWNESS = 2, 4
VISIBLE = 2.0**-8  # a short way is lost in what cancellation leaves of W: only where W is this much of its terms
PATH_SMALLNESS = 8  # a "small" path starts with W about 2^8 times smaller than the target: smaller ones hardly move


@dataclass(frozen=True, eq=False)
class Problem:
    """One tensor-completion problem with a start, exactly.

    Arguments:
        architecture: depth, sizes, ranks, chain.
        blocks: block name -> whole numbers; the start is built from these and `assumes`.
        target: whole numbers, shape sizes.
        mask: bool, shape sizes; observed entries.
        normalised: weights are mask / number observed (completion) if true, else mask.
        exponent, target_exponent, weight_exponent: blocks, target and weights are multiplied by 2 to these powers.
        kind: which thin set the generator aimed at.
        pace: how `for_path` scales target and time: "plain", "large target" or "slow growth".
    """

    architecture: Architecture
    blocks: Mapping[str, np.ndarray]
    target: np.ndarray
    mask: np.ndarray
    normalised: bool = True
    exponent: int = 0
    target_exponent: int = 0
    weight_exponent: int = 0
    kind: str = "plain"
    pace: str = "plain"

    @cached_property
    def observed(self) -> int:
        """Number of observed entries."""
        return int(self.mask.sum())

    def blocks_for(self, assumes: str, arithmetic: Arithmetic = FLOAT64) -> tuple[Architecture, dict[str, np.ndarray]]:
        """Architecture and start that meet the assumption, in the given arithmetic.

        A matrix-balanced start needs at most I_n live slices in mode n; surplus ones are cut off.
        """
        architecture, raw = self.architecture, dict(self.blocks)
        if (
            assumes == "matrix-balanced"
            and architecture.depth
            and not (architecture.chain == "gate" and architecture.depth > 1)
        ):
            architecture, raw = _cropped(architecture, raw)
        if assumes == "superdiagonal":
            raw = _superdiagonal(architecture, raw)
        build = {"balanced": balance, "small": balance, "matrix-balanced": matrix_balance}.get(assumes)
        if assumes == "unbalanced":
            blocks = unbalance(architecture, raw, 1, arithmetic)
            if (
                architecture.depth and int(np.abs(self.target).sum()) % 2
            ):  # in half of the problems the last block is short
                blocks |= {name: block / 4 for name, block in blocks.items() if name.startswith("a")}
        elif build is not None:
            blocks = build(architecture, raw, arithmetic)
        else:
            blocks = {name: arithmetic.array(raw[name]) for name in architecture.shapes}
        exponent = self.exponent + (SMALL_EXPONENT if assumes == "small" else 0)
        with arithmetic.precision():
            factor = arithmetic.array(2)[()] ** exponent if exponent >= 0 else 1 / arithmetic.array(2)[()] ** -exponent
            return architecture, {name: block * factor for name, block in blocks.items()}

    def weights(self) -> np.ndarray:
        """Weights of the loss as float64."""
        return np.ldexp(self.mask.astype(np.float64) / (self.observed if self.normalised else 1), self.weight_exponent)

    def state(self, assumes: str = "generic") -> State:
        """The state in float64."""
        architecture, blocks = self.blocks_for(assumes)
        parameters = {name: torch.from_numpy(np.array(block, dtype=np.float64)) for name, block in blocks.items()}
        target = torch.from_numpy(np.ldexp(self.target.astype(np.float64), self.target_exponent))
        return State(architecture, parameters, target, torch.from_numpy(self.weights()))

    def precise_state(self, assumes: str = "generic") -> PreciseState:
        """The same state in the digits of `precision()`, rebuilt from the whole numbers; call inside `precision()`."""
        architecture, blocks = self.blocks_for(assumes, MP(current_digits() + 5))
        parameters = {name: Precise(entrywise(mpf_to_mpfr, block)) for name, block in blocks.items()}
        return PreciseState(architecture, parameters, *self._exact_target_and_weights())

    def exact_state(self) -> PreciseState:
        """The generic state in exact rationals."""
        factor = _power_of_two(self.exponent)
        parameters = {
            name: Precise(entrywise(lambda v: factor * int(v), self.blocks[name])) for name in self.architecture.shapes
        }
        return PreciseState(self.architecture, parameters, *self._exact_target_and_weights())

    def _exact_target_and_weights(self) -> tuple[Precise, Precise]:
        factor = _power_of_two(self.target_exponent)
        target = Precise(entrywise(lambda v: factor * int(v), self.target))
        unit = _power_of_two(self.weight_exponent) * (gmpy2.mpq(1, self.observed) if self.normalised else gmpy2.mpz(1))
        return target, Precise(entrywise(lambda m: unit if m else gmpy2.mpz(0), self.mask))

    def for_path(self, assumes: str) -> Problem:
        """The same problem, rescaled by powers of two so that its flow from time 0 to 1 is worth following.

        W and the target get norms near 1; the weights (the unit of time) are set so that in time 1 the loss falls by
        a good part of itself and the stiffest direction relaxes at most a few times.
        """
        plain = replace(self, exponent=0, target_exponent=0, weight_exponent=0)
        pace = "plain" if assumes == "small" else self.pace
        slow = pace == "slow growth"
        if assumes == "superdiagonal":
            plain = replace(plain, mask=np.ones_like(self.mask), normalised=False, exponent=-2, target_exponent=-2)
            plain = replace(plain, target=_superdiagonal_target(self.target))
        else:
            architecture, blocks = plain.blocks_for(assumes)
            W = reference_compose(architecture, blocks)
            unsigned = float(np.linalg.norm(reference_compose(architecture, {k: np.abs(b) for k, b in blocks.items()})))
            size = float(np.linalg.norm(W))
            slow = slow and size > VISIBLE * unsigned
            # Where W vanishes by cancellation, what is left is rounding: the size without signs sets the scale then.
            size = max(size, 2.0**-20 * unsigned)
            size *= 2.0**PATH_SMALLNESS if assumes == "small" else 1.0
            degree = 1 + architecture.order * architecture.depth
            target_size = float(np.linalg.norm(self.target.astype(float) * self.mask))
            exponent = -round(math.log2(size) / degree) if size > 0 else 0
            wanted = 1.0 if pace == "plain" else 2.0**GROWTH * max(1.0, size * 2.0 ** (degree * exponent))
            plain = replace(
                plain,
                exponent=exponent,
                target_exponent=round(math.log2(wanted / target_size)) if target_size > 0 else 0,
                target=np.where(W < 0, -1, 1) * np.abs(self.target) if pace == "slow growth" else self.target,
            )
        return replace(plain, weight_exponent=_time_unit(plain.state(assumes)) - SLOWNESS * slow)


def _time_unit(state: State) -> int:
    """Exponent of two by which to multiply the weights so that time 1 is a good stretch of the flow."""
    square = sum(float((g * g).sum()) for g in state.block_gradients().values())
    top = float(sharpness(state.architecture, state.parameters, state.target, state.weights, iterations=6))
    # Later on the way W has the size of the target and all 1 + NK blocks have norms near one.
    top = max(
        top, (1 + state.order * state.depth) * float((state.weights * state.target.abs().clamp_min(1) ** 2).max())
    )
    decay = 0.5 * float(state.loss) / square if square > 0 else math.inf
    unit = min(decay, 4.0 / top if top > 0 else math.inf)
    return round(math.log2(unit)) if 0 < unit < math.inf else 0


def _superdiagonal(architecture: Architecture, raw: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Aligned and balanced: the core is superdiagonal with g_r > 0, every block is g_r times a coordinate direction."""
    live = min(*architecture.ranks, *architecture.sizes)
    norms = np.zeros(max(*architecture.ranks, *architecture.sizes), dtype=np.int64)
    norms[:live] = 1 + np.abs(raw["G"].reshape(-1)[np.arange(live) % raw["G"].size])
    blocks = {}
    for name, shape in architecture.shapes.items():
        block = np.zeros(shape, dtype=np.int64)
        diagonal = np.arange(live)
        if name == "G":
            block[tuple(diagonal for _ in shape)] = norms[:live]
        elif len(shape) == 1:
            block[:live] = norms[:live]
        elif len(shape) == 3:
            block[diagonal, diagonal, diagonal] = norms[:live]
        else:
            block[diagonal, diagonal] = norms[:live]
        blocks[name] = block
    return blocks


def _superdiagonal_target(target: np.ndarray) -> np.ndarray:
    result = np.zeros_like(target)
    for r in range(min(target.shape)):
        result[(r,) * target.ndim] = 1 + abs(int(target[(r,) * target.ndim]))
    return result


def _cropped(architecture: Architecture, raw: dict[str, np.ndarray]) -> tuple[Architecture, dict[str, np.ndarray]]:
    ranks = tuple(min(i, r) for i, r in zip(architecture.sizes, architecture.ranks, strict=True))
    if ranks == architecture.ranks:
        return architecture, raw
    cropped = Architecture(architecture.depth, architecture.sizes, ranks, architecture.chain)
    return cropped, {name: raw[name][tuple(slice(n) for n in shape)] for name, shape in cropped.shapes.items()}


def _power_of_two(exponent: int) -> Any:
    return gmpy2.mpz(2) ** exponent if exponent >= 0 else gmpy2.mpq(1, gmpy2.mpz(2) ** -exponent)
