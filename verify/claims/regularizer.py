"""The norm that depth charges: the group penalty against a numerical minimisation over block norms."""

from __future__ import annotations

import math
from typing import Any

import torch

from numerics import NotConverged

from .._claim import conjecture
from .._derived import derived
from .._numbers import current_digits
from .._relations import Relation, at_most, equal
from .._state import State
from .._target import Target

NEWTON_STEPS = 400  # a limit, not a rule: the minimisation ends when it has shown that it is at the minimum
REACH = 0.5  # largest change of a log-norm in one step: squares change by less than a factor of e


def _minimised(sigma: Any, blocks: int) -> Any:
    """min 1/2 sum_b b^2 subject to the product of `blocks` norms being sigma (R,), by Newton steps in x = log b.

    The constraint sum x = log sigma is linear, so every step keeps it: with the multiplier mu = blocks / sum e^{-2x}
    the step is (mu e^{-2x} - 1)/2. The problem is convex and the step vanishes at the minimum alone, where every
    squared norm is mu; the size of the step is therefore the test of optimality. Below the root of the working
    precision one more step squares it, and the value is correct to that precision.

    Raises:
        NotConverged: some squared norms still differ from the multiplier after NEWTON_STEPS steps.
    """
    target = torch.log(sigma)
    if blocks == 1:
        return torch.exp(2 * target) / 2
    spread = [math.cos(2.4 * k) for k in range(blocks)]  # a start off balance, by less than a factor of e^2
    centre = math.fsum(spread) / blocks
    logs = torch.stack([target / blocks + (x - centre) for x in spread])
    tolerance = 10.0 ** -(current_digits() / 2)
    largest = math.inf
    for _ in range(NEWTON_STEPS):
        logs = logs + (target - logs.sum(0)) / blocks  # rounding of the sums must not move the product
        inverse = torch.exp(-2 * logs)
        steps = (inverse * (blocks / inverse.sum(0)) - 1) / 2
        largest = float(abs(steps).amax())
        sizes = torch.clamp(abs(steps).amax(0) / REACH, min=1.0)
        logs = logs + steps / sizes
        if math.isnan(largest):  # a product beyond float64's range: no number, here or in the relation
            return target * math.nan
        if largest <= tolerance:
            return torch.exp(2 * logs).sum(0) / 2
    raise NotConverged("the least cost of a group over its block norms", NEWTON_STEPS, largest)


def _sigmas(state: State) -> Any:
    """Products of block norms of all groups that are alive (zero groups cost nothing)."""
    products = torch.cat([state.block_norms(mode).prod(0) for mode in range(state.order)])
    return torch.where(products > 0, products, products * 0 + 1)


def _penalty(state: State, law: Any) -> list[Relation]:
    sigmas = _sigmas(state)
    return [equal(_minimised(sigmas, state.block_norms(0).shape[0]), law(sigmas))]


@conjecture(
    title="A group of norm product sigma costs (K+1)/2 sigma^{2/(K+1)}",
    source="design (14)",
    topic="regularizer",
    derivation="group-regularizer",
    applies=lambda depth, order, chain: chain != "mode" or depth <= 1,
    mutants={
        "exponent": lambda state: _penalty(
            state, lambda sigma: (state.depth + 1) / 2 * sigma ** (2 / (state.depth + 2))
        ),
        "factor": lambda state: _penalty(state, lambda sigma: (state.depth + 2) / 2 * sigma ** (2 / (state.depth + 1))),
    },
)
def group_penalty_is_the_minimum_over_block_norms(state: State) -> list[Relation]:
    """min 1/2 sum_B ||B||^2 over block norms with product sigma, minimised numerically, equals theory's closed form."""
    return _penalty(state, derived("group_penalty", state.depth))


@conjecture(
    title="Any block norms cost at least the group penalty of their product",
    source="design (14)",
    topic="regularizer",
    derivation="group-regularizer",
    applies=lambda depth, order, chain: chain != "mode" or depth <= 1,
    mutants={"reversed": lambda state: [at_most(cost, floor) for floor, cost in _costs(state)]},
)
def group_penalty_bounds_the_cost_of_any_block_norms(state: State) -> list[Relation]:
    """1/2 sum_B ||B||^2 >= (K+1)/2 (product of the norms)^{2/(K+1)} for the blocks of every group, balanced or not."""
    return [at_most(floor, cost) for floor, cost in _costs(state)]


def _costs(state: State) -> list[tuple[Any, Any]]:
    law = derived("group_penalty", state.depth)
    norms = [state.block_norms(mode) for mode in range(state.order)]
    return [(law(n.prod(0)), (n * n).sum(0) / 2) for n in norms]


def _quasi_norm(target: Target, mode: int, power: float) -> Any:
    """sum_j s_j^power over the singular values above the noise floor: 1e-16 to a small power is not small."""
    return (target.singular_values(mode)[: target.multilinear_rank()[mode]] ** power).sum()


def _bounds(target: Target, upper: Any, lower: Any) -> list[Relation]:
    relations = []
    cost, ranks = target.representation_cost(), target.multilinear_rank()
    for mode in range(target.order):
        group = _quasi_norm(target, mode, 2 / (target.depth + 1))
        others = math.prod(max(rank, 1) for m, rank in enumerate(ranks) if m != mode)
        relations += [at_most(lower(group), cost), at_most(cost, upper(group, float(others)))]
    return relations


def _lower(target: Target) -> Any:
    return derived("representation_cost_bounds", target.depth, target.order, part=0)


def _upper(target: Target) -> Any:
    return derived("representation_cost_bounds", target.depth, target.order, part=1)


@conjecture(
    title="R_K(W) lies between two multiples of each mode's group quasi-norm",
    source="design (15)",
    topic="regularizer",
    derivation="representation-cost-bounds",
    applies=lambda depth, order, chain: depth >= 1,
    mutants={
        "tighter": lambda target: _bounds(target, _upper(target), lambda group: 1.02 * _lower(target)(group)),
        "without-ranks": lambda target: _bounds(target, lambda group, ranks: _lower(target)(group), _lower(target)),
    },
)
def representation_cost_lies_between_group_quasi_norms(target: Target) -> list[Relation]:
    """(1+NK)/2 P^{(K+1)/(1+NK)} <= R_K(W) <= the same times R^{K/(1+NK)}, for every mode.

    P = sum_j s_j^{2/(K+1)} over the singular values of the mode's unfolding, R = product of the other modes' ranks;
    both of W without what lies below float64's noise floor, as the minimisation takes it.
    R_K by numerical minimisation over all factorizations.
    """
    return _bounds(target, _upper(target), _lower(target))


def _schatten(target: Target, layers: int) -> Relation:
    return equal(target.representation_cost(), layers / 2 * _quasi_norm(target, 0, 2 / layers))


@conjecture(
    title="For matrices R_K is the Schatten quasi-norm of a network with 2K+1 layers",
    source="design (15)",
    topic="regularizer",
    applies=lambda depth, order, chain: depth >= 1 and order == 2,
    mutants={"layers": lambda target: _schatten(target, 2 * target.depth + 2)},
)
def representation_cost_of_matrices_is_the_schatten_quasi_norm(target: Target) -> Relation:
    """R_K(W) = (2K+1)/2 sum_j s_j^{2/(2K+1)}; R_K by numerical minimisation, the singular values by LAPACK."""
    return _schatten(target, 2 * target.depth + 1)


@conjecture(
    title="A tensor has at least as many live slices in a mode as the rank of its unfolding",
    source="design (16)",
    topic="regularizer",
    mutants={"reversed": lambda target: [at_most(live, rank) for rank, live in _counts(target)]},
)
def live_slices_are_at_least_the_rank_of_the_unfolding(target: Target) -> list[Relation]:
    """Where (16) ends as K grows: the number of non-zero slices, never below the mode's multilinear rank."""
    return [at_most(rank, live) for rank, live in _counts(target)]


def _counts(target: Target) -> list[tuple[int, Any]]:
    ranks = target.multilinear_rank()
    return [(ranks[mode], int((target.slice_norms(mode) > 0).sum())) for mode in range(target.order)]


CLAIMS = (
    group_penalty_is_the_minimum_over_block_norms,
    group_penalty_bounds_the_cost_of_any_block_norms,
    representation_cost_lies_between_group_quasi_norms,
    representation_cost_of_matrices_is_the_schatten_quasi_norm,
    live_slices_are_at_least_the_rank_of_the_unfolding,
)
