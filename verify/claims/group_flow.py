"""How the product of one vector and several scalars moves: the group flow (18) and why it is no mirror flow."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch

from .._claim import conjecture
from .._relations import Relation, equal
from .._state import State, times_other_factors, unfold


def _gated(depth: int, order: int, chain: str) -> bool:
    """Whether a column is one vector times at least one scalar: gates, or at order 1 and depth 1 the core entry."""
    return (chain == "gate" and depth >= 2) or (order == 1 and depth == 1)


def _scalars(state: State, mode: int) -> list[Any]:
    """The scalar blocks that multiply the last block of every column, (R,) each.

    The gates of the column; at order 1 the core entry is one more, and the group is the whole of (18).
    """
    rows = [state.chains(mode)[:, k] for k in range(state.depth - 1)] if state.chain == "gate" else []
    return [*rows, state.core] if state.order == 1 else rows


def _product(scalars: list[Any], like: Any) -> Any:
    return math.prod(scalars, start=torch.ones_like(like))


def _products(state: State, mode: int) -> Any:
    """T = (product of the scalars) a of every column, shape (I, R)."""
    a = state.vectors(mode)
    return _product(_scalars(state, mode), a[0]) * a


def _gradients(state: State, mode: int) -> Any:
    """dL/dT of every column, shape (I, R)."""
    D = unfold(state.gradient, mode)
    return D * torch.ones_like(state.core) if state.order == 1 else D @ times_other_factors(state, mode).mT


def _group_flow(state: State, *, exponent: float = 2.0, along: int = -1) -> list[Relation]:
    """rate(T) against -r^{exponent - 2/L} (grad + (L + along) t <t, grad>) for every mode."""
    relations = []
    for mode in range(state.order):
        layers = len(_scalars(state, mode)) + 1
        T, gradients = _products(state, mode), _gradients(state, mode)
        squares = (T * T).sum(0)
        alive = squares > 0
        squares = torch.where(alive, squares, torch.ones_like(squares))
        inner = (T * gradients).sum(0) / squares
        predicted = -(squares ** (exponent / 2 - 1 / layers)) * (gradients + (layers + along) * T * inner)
        rates = state.rate(partial(_products, mode=mode))
        relations.append(equal(rates * alive, predicted * alive))
    return relations


@conjecture(
    title="The product T of a vector and L - 1 scalars obeys dT/dt = -r^{2-2/L} (I + (L-1) t t^T) grad, r = ||T||",
    source="Li et al. 2023; design (18)",
    topic="group flow",
    assumes="balanced",
    derivation="induced-metric",
    applies=_gated,
    mutants={
        "exponent": lambda state: _group_flow(state, exponent=3.0),
        "one-layer-less": lambda state: _group_flow(state, along=-2),
    },
)
def gated_columns_follow_the_group_flow_when_balanced(state: State) -> list[Relation]:
    """A column u = (product of its gates) a with balanced gates and vector moves with theory's metric, L = K layers; at
    order 1 the core entry is one more scalar, L = K + 1, and T is the component itself."""
    return _group_flow(state)


def _mirror_condition(state: State) -> list[Relation]:
    """What a Hessian metric M^{-1} would imply: (dM/dt) T / lambda = (2 - 2/L) dT/dt, where M T = lambda T.

    M^{-1} is homogeneous of degree -(2-2/L) in T. If it is a Hessian, its derivative is symmetric, so that its
    derivative along dT/dt applied to T is the one along T applied to dT/dt, which by Euler is -(2-2/L) M^{-1} dT/dt.
    """

    def metric_and_product(s: State, mode: int) -> tuple[Any, Any]:
        scalars, a = _scalars(s, mode), s.vectors(mode)
        others = [_product(scalars[:k] + scalars[k + 1 :], a[0]) for k in range(len(scalars))]
        scale = _product(scalars, a[0]) ** 2
        return (scale, sum(other * other for other in others), a), _products(s, mode)  # M = scale I + others a a^T

    relations = []
    for mode in range(state.order):
        (scale, others, a), T = metric_and_product(state, mode)
        (scale_rate, others_rate, a_rate), T_rate = state.rate(partial(metric_and_product, mode=mode))
        layers = len(_scalars(state, mode)) + 1
        inner = (a * T).sum(0)
        moved = scale_rate * T + others_rate * a * inner + others * (a_rate * inner + a * (a_rate * T).sum(0))
        value = scale + others * (a * a).sum(0)
        relations.append(equal(moved, (2 - 2 / layers) * value * T_rate))
    return relations


@conjecture(
    title="The group flow is a mirror flow: the inverse of its metric is a Hessian",
    source="Li et al. 2023; design (18), negative statement",
    topic="group flow",
    assumes="balanced",
    negative=True,
    applies=_gated,
)
def group_flow_is_no_mirror_flow(state: State) -> list[Relation]:
    """For groups of two entries and more no potential exists: moving across T, the metric turns half as much as a
    Hessian would. In groups of one entry the relation holds, and the flow is a mirror flow."""
    return _mirror_condition(state)


CLAIMS = (gated_columns_follow_the_group_flow_when_balanced, group_flow_is_no_mirror_flow)
