"""The norm that depth charges: the group penalty against a numerical minimisation over block norms."""

from __future__ import annotations

from typing import Any

import torch

from .._claim import conjecture
from .._derived import derived
from .._relations import Relation, at_most, equal
from .._state import State

NEWTON_STEPS = 24


def _minimised(sigma: Any, blocks: int) -> Any:
    """min 1/2 sum_b b^2 subject to the product of `blocks` norms being sigma (R,), by damped Newton steps in log b.

    One block absorbs the constraint, the others start off balance. With F = 1/2 (e^{2 last} + sum e^{2 x}) the Hessian
    is diag(2 e^{2x}) + 2 e^{2 first} 1 1^T, which Sherman-Morrison inverts.
    """
    target = torch.log(sigma)
    logs = (
        torch.stack([target / blocks + (k + 1) / (2 * blocks) for k in range(blocks - 1)]) if blocks > 1 else target[:0]
    )
    for _ in range(NEWTON_STEPS if blocks > 1 else 0):
        last = torch.exp(2 * (target - logs.sum(0)))
        squares = torch.exp(2 * logs)
        steps = (1 - last / squares) / 2
        weights = 1 / (2 * squares)
        steps = steps - weights * (2 * last * steps.sum(0) / (1 + 2 * last * weights.sum(0)))
        logs = logs - torch.clamp(steps, min=-0.5, max=0.5)
    if blocks == 1:
        return torch.exp(2 * target) / 2
    return (torch.exp(2 * logs).sum(0) + torch.exp(2 * (target - logs.sum(0)))) / 2


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


CLAIMS = (group_penalty_is_the_minimum_over_block_norms, group_penalty_bounds_the_cost_of_any_block_norms)
