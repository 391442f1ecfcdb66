"""A generated problem: whole numbers and powers of two, from which every start is rebuilt in any precision."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import gmpy2
import numpy as np
import torch
from sympy import Rational

import theory
from numerics import (
    FLOAT64,
    LOSSES,
    MP,
    SQUARED,
    Architecture,
    Arithmetic,
    FlowField,
    Loss,
    Model,
    Network,
    NotConverged,
    UsageError,
    balance,
    compose,
    matrix_balance,
    reference_compose,
    sharpness,
    unbalance,
)

from ._kinds import exponent_of, without_fit
from ._numbers import current_digits, entrywise, mpf_to_mpfr
from ._path import RECORDS
from ._precise import Precise
from ._shaken import shaken
from ._state import PreciseState, State

SMALL_EXPONENT = -7  # a "small" start is the balanced one times 2^-7
# With targets of W's size W mostly shrinks along a path. In a pace that is not plain the target is 2^2 times larger;
# in slow growth it has the signs of W and time is 2^4 times slower, too: W grows while the gradient is small.
GROWTH, SLOWNESS = 2, 4
VISIBLE = 2.0**-8  # a short way is lost in what cancellation leaves of W: only where W is this much of its terms
ESCAPE_SMALLNESS = 4  # of those that are to escape within the steps of a path
# Time of a "late" path times its largest sharpness: with 16 records a step is at most 1.25 / sharpness. A "coarse" one
# has steps with which gradient descent rises and returns: its loss stays below BOUNDED times that of the start.
LATE = 20.0
BOUNDED = 100.0
COARSEST = 3.5
PACES = ("plain", "large target", "slow growth", "late", "coarse")
FAR = PACES[3:]
ALIGNED = "aligned"  # kind of a problem that is made for a superdiagonal start
PART = 0.25  # of its own size, by which a start moves in time 1 where the loss has no bottom
RANGE = 8.0  # largest entry of W, signs apart, under a loss whose values grow exponentially
FILLINGS = 3  # whole numbers tried for a start whose bonds have regular Gram matrices
PATH_SMALLNESS = 8  # a "small" path starts with W about 2^8 times smaller than the target: smaller ones hardly move


@dataclass(frozen=True, eq=False)
class Problem:
    """One tensor-completion problem with a start, exactly.

    Arguments:
        architecture: the model with its sizes.
        blocks: block name -> whole numbers; the start is built from these and `assumes`.
        target: whole numbers, shape sizes.
        mask: bool, shape sizes; observed entries.
        normalised: weights are mask / number observed (completion) if true, else mask.
        exponent, target_exponent, weight_exponent: blocks, target and weights are multiplied by 2 to these powers.
        kind: the thin sets the generator aimed at. Two of them are kept here: in "fitted" problems the target is W of
            the start, in "unseen-misfit" ones it is W of the start wherever it is observed.
        pace: how `for_path` scales target and time: "plain", "large target", "slow growth", "late" (until the loss has
            fallen far; a small start escapes) or "coarse" (steps near the edge of stability).
        weights: whole numbers, shape sizes, zero where unobserved; None where all observed entries weigh the same.
        loss: what an entry costs.
    """

    architecture: Model
    blocks: Mapping[str, np.ndarray]
    target: np.ndarray
    mask: np.ndarray
    normalised: bool = True
    exponent: int = 0
    target_exponent: int = 0
    weight_exponent: int = 0
    kind: str = "plain"
    pace: str = "plain"
    weights: np.ndarray | None = None
    loss: Loss = SQUARED

    @cached_property
    def observed(self) -> int:
        """Number of observed entries."""
        return int(self.mask.sum())

    @cached_property
    def counts(self) -> np.ndarray:
        """What every entry weighs, whole numbers."""
        return self.mask.astype(np.int64) if self.weights is None else self.weights

    @cached_property
    def fits(self) -> np.ndarray | None:
        """Where the target is W of the start; None: nowhere."""
        parts = self.kind.split("+")
        if "fitted" in parts:
            return np.ones(self.mask.shape, dtype=bool)
        return self.counts > 0 if "unseen-misfit" in parts else None

    @property
    def length(self) -> float:
        """How far rules that divide by the gradient's size go in a unit of time, as a multiple of what is usual."""
        return 4.0 if self.pace in FAR else 1.0

    def blocks_for(self, assumes: str, arithmetic: Arithmetic = FLOAT64) -> tuple[Model, dict[str, np.ndarray]]:
        """Model and start that meet the assumption, in the given arithmetic.

        A matrix-balanced start has a core whose unfoldings have rank at most I_n, whatever its size R_n.
        """
        architecture, raw = self.architecture, dict(self.blocks)
        if isinstance(architecture, Architecture):
            if (
                assumes == "matrix-balanced"
                and architecture.depth
                and not (architecture.chain == "gate" and architecture.depth > 1)
            ):
                raw = _narrowed(architecture, raw)
            if assumes == "superdiagonal":
                raw = _superdiagonal(architecture, raw)
        build = {"balanced": balance, "small": balance, "matrix-balanced": matrix_balance}.get(assumes)
        if isinstance(architecture, Network) and assumes != "generic":
            blocks = self._start_of_network(architecture, assumes, arithmetic)
        elif assumes == "unbalanced":
            assert isinstance(architecture, Architecture)
            blocks = self._unbalanced(architecture, raw, arithmetic)
        elif build is not None:
            blocks = build(architecture, raw, arithmetic)
        else:
            blocks = {name: arithmetic.array(raw[name]) for name in architecture.shapes}
        exponent = self.exponent + (SMALL_EXPONENT if assumes == "small" else 0)
        if self.loss.targets == "signs":
            exponent -= _too_large(architecture, blocks, exponent)
        with arithmetic.precision():
            factor = arithmetic.array(2)[()] ** exponent if exponent >= 0 else 1 / arithmetic.array(2)[()] ** -exponent
            return architecture, {name: block * factor for name, block in blocks.items()}

    def _start_of_network(self, network: Network, assumes: str, arithmetic: Arithmetic) -> dict[str, np.ndarray]:
        """Balanced, matrix-balanced or off balance: balanced, then every slice of a group times a power of two of its
        own, from 1/2 to 2.

        Raises:
            UsageError: the model has no such starts.
        """
        raw = self.blocks
        if assumes == "superdiagonal":
            raise UsageError(f"{network.description.name} has no superdiagonal starts; deep Tucker has")
        if assumes == "matrix-balanced":
            for filled in range(FILLINGS):
                try:
                    return matrix_balance(network, _fuller(network, raw, filled), arithmetic)
                except NotConverged:  # a Gram matrix over a bond is singular: the next start has other whole numbers
                    continue
            return matrix_balance(network, {name: 0 * block for name, block in raw.items()}, arithmetic)
        blocks = balance(network, raw, arithmetic)
        if assumes == "unbalanced":
            generator = np.random.default_rng(self._salt(raw))
            for member in (m for grouping in network.description.groupings for m in grouping.members):
                name = member.block.name
                shape = [1] * blocks[name].ndim
                shape[member.axis] = blocks[name].shape[member.axis]
                with arithmetic.precision():
                    factors = arithmetic.array(2.0 ** generator.integers(-1, 2, shape))
                    blocks[name] = blocks[name] * factors
        return blocks

    def chosen_blocks(self, assumes: str) -> Mapping[str, np.ndarray]:
        """The whole numbers that the start is made of: its own, or for a superdiagonal one those that these choose."""
        if not isinstance(self.architecture, Architecture):
            return self.blocks
        return _superdiagonal(self.architecture, self.blocks) if assumes == "superdiagonal" else self.blocks

    @property
    def way_off_balance(self) -> int:
        """In which of the four ways of `_unbalanced` an unbalanced start is off balance."""
        return self._salt(self.blocks) % 4

    @staticmethod
    def _salt(raw: Mapping[str, np.ndarray]) -> int:
        return sum(int(np.abs(block).sum()) for block in raw.values())

    def _unbalanced(
        self, architecture: Architecture, raw: Mapping[str, np.ndarray], arithmetic: Arithmetic
    ) -> dict[str, np.ndarray]:
        """Off balance in one of four ways, which the whole numbers of the problem choose: the last block of every group
        longer by 1 in the square, or four times shorter; the first block twice as long; or every block of every group
        by a power of two of its own, from 1/4 to 4."""
        salt, way = self._salt(raw), self.way_off_balance
        if way == 0:
            return unbalance(architecture, raw, 1, arithmetic)
        blocks = balance(architecture, raw, arithmetic)
        generator = np.random.default_rng(salt)
        for n in range(architecture.order) if architecture.depth else ():
            chain = [*architecture.links(n), f"a{n + 1}"]
            for name in chain:
                if way == 1:
                    factor = np.array(0.25 if name == chain[-1] else 1.0)
                elif way == 2:
                    factor = np.array(2.0 if name == chain[0] else 1.0)
                else:
                    whole = architecture.chain == "mode" and name != chain[-1]  # shared by all groups of the mode
                    factor = 2.0 ** generator.integers(-2, 3, () if whole else (architecture.ranks[n],))
                    if not whole and name != chain[-1]:
                        factor = factor.reshape(-1, *(1,) * (blocks[name].ndim - 1))
                with arithmetic.precision():
                    blocks[name] = blocks[name] * arithmetic.array(factor)
        return blocks

    def float_weights(self) -> np.ndarray:
        """Weights of the loss as float64."""
        return np.ldexp(
            self.counts.astype(np.float64) / (self.observed if self.normalised else 1), self.weight_exponent
        )

    def aligned(self) -> Problem:
        """The problem of a "superdiagonal" start: a superdiagonal target, every entry observed with weight 1.

        Source: (12).
        """
        if self.kind == ALIGNED and self.mask.all() and self.weights is None:
            outside = self.target.copy()
            outside[(np.arange(min(outside.shape)),) * outside.ndim] = 0
            if not outside.any():  # what is drawn anew, as when shrinking, or read from a file has but the name
                return self
        full, target = np.ones_like(self.mask), _superdiagonal_target(self.target)
        return replace(self, target=target, mask=full, weights=None, normalised=False, weight_exponent=0, kind=ALIGNED)

    def state(self, assumes: str = "generic") -> State:
        """The state in float64."""
        if assumes == "superdiagonal" and (aligned := self.aligned()) is not self:
            return aligned.state(assumes)
        architecture, blocks = self.blocks_for(assumes)
        parameters = {name: torch.from_numpy(np.array(block, dtype=np.float64)) for name, block in blocks.items()}
        target = torch.from_numpy(np.ldexp(self.target.astype(np.float64), self.target_exponent))
        if self.fits is not None:
            target = torch.where(torch.from_numpy(self.fits), compose(architecture, parameters), target)
        return State(architecture, parameters, target, torch.from_numpy(self.float_weights()), self.loss)

    def precise_state(self, assumes: str = "generic") -> PreciseState:
        """The same state in the digits of `precision()`, rebuilt from the whole numbers; call inside `precision()`."""
        if assumes == "superdiagonal" and (aligned := self.aligned()) is not self:
            return aligned.precise_state(assumes)
        architecture, blocks = self.blocks_for(assumes, MP(current_digits() + 5))
        parameters = {
            name: Precise(shaken(entrywise(mpf_to_mpfr, block), salt))
            for salt, (name, block) in enumerate(blocks.items())
        }
        given = self._exact_target_and_weights(architecture, parameters)
        return PreciseState(architecture, parameters, *given, self.loss)

    def exact_state(self) -> PreciseState:
        """The generic state in exact rationals."""
        factor = _power_of_two(self.exponent)
        parameters = {
            name: Precise(entrywise(lambda v: factor * int(v), self.blocks[name])) for name in self.architecture.shapes
        }
        given = self._exact_target_and_weights(self.architecture, parameters)
        return PreciseState(self.architecture, parameters, *given, self.loss)

    def _exact_target_and_weights(
        self, architecture: Model, parameters: Mapping[str, Precise]
    ) -> tuple[Precise, Precise]:
        factor = _power_of_two(self.target_exponent)
        target = entrywise(lambda v: factor * int(v), self.target)
        if self.fits is not None:
            W = reference_compose(architecture, {name: block.array for name, block in parameters.items()})
            target = np.where(self.fits, W, target)
        unit = _power_of_two(self.weight_exponent) * (gmpy2.mpq(1, self.observed) if self.normalised else gmpy2.mpz(1))
        return Precise(target), Precise(entrywise(lambda m: unit * int(m) if m else gmpy2.mpz(0), self.counts))

    def as_json(self) -> dict[str, Any]:
        """Everything that makes the problem, as plain data; `from_json` reads it back."""
        return {
            **model_as_json(self.architecture),
            "loss": self.loss.name,
            "blocks": {name: np.asarray(values).tolist() for name, values in self.blocks.items()},
            "target": self.target.tolist(),
            "mask": self.mask.astype(int).tolist(),
            "weights": None if self.weights is None else self.weights.tolist(),
            "normalised": self.normalised,
            "exponent": self.exponent,
            "target_exponent": self.target_exponent,
            "weight_exponent": self.weight_exponent,
            "kind": self.kind,
            "pace": self.pace,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Problem:
        """The problem of `as_json`; a file is validated before (`_stored.read`)."""
        architecture = model_from_json(data)

        def whole(values: Any, shape: tuple[int, ...]) -> np.ndarray:
            return np.array(values, dtype=np.int64).reshape(shape)

        sizes, weights = architecture.sizes, data["weights"]
        return cls(
            architecture,
            {name: whole(data["blocks"][name], shape) for name, shape in architecture.shapes.items()},
            whole(data["target"], sizes),
            whole(data["mask"], sizes).astype(bool),
            data["normalised"],
            data["exponent"],
            data["target_exponent"],
            data["weight_exponent"],
            kind=data["kind"],
            pace=data["pace"],
            weights=None if weights is None else whole(weights, sizes),
            loss=LOSSES.get(data.get("loss", "squared"), SQUARED),
        )

    def _fits_exactly(self, assumes: str) -> bool:
        """Whether float64 sums to W without rounding in any order: whole numbers below 2^53."""
        if assumes != "generic":
            return False
        sizes = {name: np.abs(block).astype(np.float64) for name, block in self.blocks.items()}
        return float(np.max(reference_compose(self.architecture, sizes), initial=0.0)) < 2.0**52

    def for_path(self, assumes: str) -> Problem:
        """The same problem, rescaled by powers of two so that its flow from time 0 to 1 is worth following.

        W and the target get norms near 1; the weights (the unit of time) are set so that in time 1 the loss falls by
        a good part of itself and the stiffest direction relaxes at most a few times.
        """
        if self.fits is not None and assumes != "superdiagonal" and not self._fits_exactly(assumes):
            # W minus itself in another order of summation is rounding, which would then be all that a path shows.
            return replace(self, kind=without_fit(self.kind)).for_path(assumes)
        given = exponent_of("plain" if {"tiny", "large"} & set(self.kind.split("+")) else self.kind, self.architecture)
        plain = replace(self, exponent=given, target_exponent=0, weight_exponent=0)
        slow = self.pace == "slow growth" and assumes != "small"
        if assumes == "superdiagonal":
            plain = replace(plain.aligned(), exponent=-2, target_exponent=-2)
        else:
            architecture, blocks = plain.blocks_for(assumes)
            # Of a deep model W itself may leave float64's range: scaled by 2^near, its blocks have norms about one.
            near = _towards_one(blocks)
            blocks = {name: np.ldexp(block, near) for name, block in blocks.items()}
            W = reference_compose(architecture, blocks)
            unsigned = float(np.linalg.norm(reference_compose(architecture, {k: np.abs(b) for k, b in blocks.items()})))
            size = float(np.linalg.norm(W))
            slow = slow and size > VISIBLE * unsigned
            # Where W vanishes by cancellation, what is left is rounding: the size without signs sets the scale then.
            size = max(size, 2.0**-20 * unsigned)
            escapes = assumes == "small" and self.pace in FAR
            if assumes == "small":
                size *= 2.0 ** (ESCAPE_SMALLNESS if escapes else PATH_SMALLNESS)
            degree = architecture.degree
            target_size = float(np.linalg.norm(self.target.astype(float) * (self.counts > 0)))
            exponent = -round(math.log2(size) / degree) if size > 0 else 0
            wanted = 1.0
            if escapes and size > 0:  # W below 2^-ESCAPE_SMALLNESS whatever the rounding, and a target as far above it
                exponent = -math.ceil(math.log2(size) / degree)
                wanted = size * 2.0 ** (degree * exponent)
            if assumes != "small" and self.pace in ("slow growth", "large target"):
                wanted = 2.0**GROWTH * max(1.0, size * 2.0 ** (degree * exponent))
            target = self.target
            if self.pace == "slow growth" and assumes != "small":
                target = np.where(W < 0, -1, 1) * np.abs(self.target)
            signs = self.loss.targets == "signs"
            plain = replace(
                plain,
                exponent=plain.exponent + near + exponent,
                target_exponent=round(math.log2(wanted / target_size)) if target_size > 0 and not signs else 0,
                target=self.target if signs else target,
            )
        scaled = replace(plain, weight_exponent=_time_unit(plain.state(assumes), self.pace) - SLOWNESS * slow)
        if self.pace == "late":
            return _returning(scaled, assumes)
        return _on_the_edge(scaled, assumes) if self.pace == "coarse" else scaled


def _too_large(model: Model, blocks: Mapping[str, np.ndarray], exponent: int) -> int:
    """By how many powers of two all blocks must be divided for W to stay within RANGE, whatever the signs."""
    sizes = {name: np.abs(np.asarray(block, dtype=np.float64)) for name, block in blocks.items()}
    for power in range(200):
        W = reference_compose(model, {name: np.ldexp(size, exponent - power) for name, size in sizes.items()})
        if float(np.max(W, initial=0.0)) <= RANGE:
            return power
    return 200


def _towards_one(blocks: Mapping[str, np.ndarray]) -> int:
    """The exponent of two that, given to every block, brings the geometric mean of their norms nearest to one."""
    norms = [norm for block in blocks.values() if 0 < (norm := float(np.linalg.norm(block))) < math.inf]
    return -round(sum(map(math.log2, norms)) / len(norms)) if norms else 0


def _time_unit(state: State, pace: str) -> int:
    """Exponent of two by which to multiply the weights so that time 1 is a good stretch of the flow."""
    square = sum(float((g * g).sum()) for g in state.block_gradients().values())
    sharp = _sharpness(state)
    degree = state.architecture.degree
    # Later on the way W has the size of the target and all blocks (1 + NK of deep Tucker) have norms near one.
    top = max(sharp, degree * float((state.weights * state.target.abs().clamp_min(1) ** 2).max()))
    if not state.loss_function.bounded_below:  # there is no bottom to fall to: a good part of the start's own size
        size = sum(float((b * b).sum()) for b in state.parameters.values())
        decay = PART * math.sqrt(size / square) if square > 0 else math.inf
        return round(math.log2(decay)) if 0 < decay < math.inf else 0
    decay = 0.5 * float(state.loss) / square if square > 0 else math.inf
    unit = min(decay, 4.0 / top if top > 0 else math.inf)
    if pace in FAR:
        sizes = [float(torch.linalg.vector_norm(W * (state.weights > 0))) for W in (state.target, state.tensor)]
        top = max(sharp, degree * float(state.weights.max()) * max(sizes) ** (2 - 2 / degree))
        unit = LATE / top if top > 0 else math.inf
    if not 0 < unit < math.inf:
        return 0
    return (math.floor if pace in FAR else round)(math.log2(unit))


def _sharpness(state: State) -> float:
    found = sharpness(
        state.architecture, state.parameters, state.target, state.weights, iterations=6, loss=state.loss_function
    )
    return float(found)


def _on_the_edge(problem: Problem, assumes: str) -> Problem:
    """The problem with faster time, where gradient descent strays furthest from descending and still returns.

    Time is faster by up to 7, in sixty-fourths (weights times a whole number), found by bisection between a time from
    which descent returns and one from which it does not. Larger factors, or steps above COARSEST in units of
    1 / sharpness at the start, would make the flow of the same problem stiff.
    """
    start = problem.state(assumes)
    sharp = _sharpness(start)
    room = COARSEST * RECORDS / sharp if sharp > 0 else math.inf

    def faster(parts: int) -> Problem:
        return replace(problem, weights=parts * problem.counts, weight_exponent=problem.weight_exponent - 6)

    peaks: dict[int, float] = {}

    def returns(parts: int) -> bool:
        if parts not in peaks:
            peaks[parts] = _peak(faster(parts).state(assumes))
        return peaks[parts] <= BOUNDED

    grid = [quarter * 16 << k for k in range(3) for quarter in (4, 5, 6, 7) if quarter * 2.0 ** (k - 2) <= room]
    for below, above in itertools.pairwise([*grid, 0]):
        if not returns(below):
            break
        if above and not returns(above):
            for _ in range(6):
                middle = (below + above) // 2
                below, above = (middle, above) if returns(middle) else (below, middle)
            break
    # The furthest first; of those that only descend, the fastest.
    returning = sorted((parts for parts in peaks if returns(parts)), key=lambda parts: (-peaks[parts], -parts))
    return faster(returning[0]) if returning else problem


def _returning(problem: Problem, assumes: str) -> Problem:
    """The problem with time slower by powers of two until gradient descent stays bounded."""
    for _ in range(6):
        if _peak(problem.state(assumes)) <= BOUNDED:
            break
        problem = replace(problem, weight_exponent=problem.weight_exponent - 1)
    return problem


def _peak(state: State) -> float:
    """Largest loss of gradient descent with one step a record, over that of the start; infinite above BOUNDED."""
    loss = state.loss_function
    field = FlowField(state.architecture, (), state.target.numpy(), state.weights.numpy(), loss)
    point, first = (
        field.pack({name: block.numpy() for name, block in state.parameters.items()}).ravel(),
        float(state.loss),
    )
    peak = 1.0
    if not loss.bounded_below:
        return peak
    with np.errstate(all="ignore"):
        for _ in range(RECORDS if first > 0 else 0):
            point = point + field(0.0, point) / RECORDS
            loss = field.losses(point.reshape(1, 1, -1)).item()
            if not loss <= BOUNDED * first:
                return math.inf
            peak = max(peak, loss / first)
    return peak


def _superdiagonal(architecture: Architecture, raw: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Aligned and balanced: the core is superdiagonal with g_r > 0, every block is g_r times a coordinate direction."""
    live = min(*architecture.ranks, *architecture.sizes)
    norms = np.zeros(max(*architecture.ranks, *architecture.sizes), dtype=np.int64)
    norms[:live] = 1 + np.abs(raw["G"].reshape(-1)[np.arange(live) % raw["G"].size]) % 4
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
    """Superdiagonal entries from -5 to 6: negative, zero and equal ones too, positive ones more often."""
    result = np.zeros_like(target)
    for r in range(min(target.shape)):
        entry = int(target[(r,) * target.ndim])
        result[(r,) * target.ndim] = -(-entry % 6) if entry < -2 else abs(entry) % 7
    return result


def _narrowed(architecture: Architecture, raw: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The core with unfoldings of rank at most I_n, as matrix balance needs: where R_n > I_n its first I_n slices,
    spread over all R_n by the whole numbers of the last block."""
    core = raw["G"]
    for n, (size, rank) in enumerate(zip(architecture.sizes, architecture.ranks, strict=True)):
        if rank > size:
            kept = np.moveaxis(core, n, 0)[:size]
            core = np.moveaxis(np.tensordot(_small(raw[f"a{n + 1}"]).T, kept, axes=1), 0, n)
    return raw | {"G": core}


def _fuller(network: Network, raw: Mapping[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    """The blocks as they are (number 0), or with more whole numbers added, so that no bond is singular; and no bond
    with more living indices than the other axes of its two blocks have room for."""
    blocks = {name: np.array(block) for name, block in raw.items()}
    if number:
        generator = np.random.default_rng(number)
        blocks = {name: block + generator.integers(-3, 4, block.shape) for name, block in blocks.items()}
    for law in theory.conservation_laws(network.description):
        if not law.edge or law.kept:
            continue
        room = min(math.prod(network.of_label[x] for x in b.labels if x not in law.edge) for b in (law.left, law.right))
        if room < math.prod(network.of_label[x] for x in law.edge):
            keep = max(1, math.floor(room ** (1 / len(law.edge))))
            for block in (law.left, law.right):
                for x in law.edge:
                    np.moveaxis(blocks[block.name], block.labels.index(x), 0)[keep:] = 0
    return blocks


def model_as_json(model: Model) -> dict[str, Any]:
    """A model with its sizes as plain data; `model_from_json` reads it back."""
    if isinstance(model, Architecture):
        return {
            "depth": model.depth,
            "sizes": list(model.sizes),
            "ranks": list(model.ranks),
            "chain": model.chain,
            "network": None,
        }
    assert isinstance(model, Network)
    description = model.description
    terms = [
        {"coefficient": [int(t.coefficient.p), int(t.coefficient.q)], "slots": [[n, list(row)] for n, row in t.slots]}
        for t in description.terms
    ]
    network = {
        "name": description.name,
        "terms": terms,
        "output": list(description.output),
        "groups": list(description.groups),
        "label_sizes": dict(model.label_sizes),
    }
    return {"depth": 0, "sizes": list(model.sizes), "ranks": [], "chain": "column", "network": network}


def model_from_json(data: Mapping[str, Any]) -> Model:
    """The model of `model_as_json`.

    Raises:
        ValueError: the network is none.
    """
    network = data.get("network")
    if network is None:
        return Architecture(data["depth"], data["sizes"], data["ranks"], data["chain"])
    terms = [
        theory.Term(tuple((n, tuple(row)) for n, row in t["slots"]), Rational(*t["coefficient"]))
        for t in network["terms"]
    ]
    groups = tuple(network["groups"])
    description = theory.sum_of_networks(network["name"], terms, tuple(network["output"]), groups)
    return Network(description, network["label_sizes"])


def _small(block: np.ndarray) -> np.ndarray:
    """Its entries modulo 4, with their signs."""
    return np.sign(block) * (np.abs(block) % 4)


def _power_of_two(exponent: int) -> Any:
    return gmpy2.mpz(2) ** exponent if exponent >= 0 else gmpy2.mpq(1, gmpy2.mpz(2) ** -exponent)
