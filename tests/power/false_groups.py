"""Planted false conjectures about closed forms of a slice and the group flow of gated columns: all must be REFUTED."""

import torch

from verify import Descent, Flow, State, assume, at_most, conjecture, constant, equal


def gated(depth, order, chain):
    return depth == 2 and chain == "gate"


def columns(state):
    """T = gate times vector of mode 0 as columns."""
    return state.chains(0)[:, 0] * state.vectors(0)


def metric(state, exponent, radial):
    image = torch.einsum("abc,jb,kc->ajk", state.core, state.factor(1), state.factor(2))
    T, gradient = columns(state), state.gradient.flatten(1) @ image.flatten(1).mT
    r = torch.linalg.vector_norm(T, dim=0)
    assume(r.min() > 0)
    along = T * (T * gradient).sum(0) / r**2
    return -(r**exponent) * (gradient + radial * along)


@conjecture(assumes="balanced", applies=gated)
def gated_columns_move_in_the_plain_metric(state: State):
    return equal(state.rate(columns), metric(state, exponent=1, radial=0))


@conjecture(assumes="balanced", applies=gated)
def gated_columns_move_with_one_layer_more(state: State):
    return equal(state.rate(columns), metric(state, exponent=4 / 3, radial=2))


@conjecture(applies=gated)
def gated_columns_follow_the_metric_without_balance(state: State):
    return equal(state.rate(columns), metric(state, exponent=1, radial=1))


@conjecture(assumes="balanced", applies=gated)
def gated_columns_keep_their_direction(state: State):
    T = columns(state)
    return equal(state.rate(columns) * (T * T).sum(0), T * (T * state.rate(columns)).sum(0))


@conjecture(assumes="balanced", applies=lambda depth, order, chain: depth == 2 and chain == "column")
def time_to_escape_falls_at_half_speed(state: State):
    g, c = state.slice_norms(0), state.alignment(0)
    assume(g.min() > 0 and c.abs().min() > 0)
    return equal(state.rate(lambda s: 1 / (s.slice_norms(0) * c)), -0.5 * torch.ones_like(g))


@conjecture(assumes="balanced", applies=lambda depth, order, chain: depth == 2 and chain == "column")
def slices_grow_exponentially_at_depth_two(state: State):
    g, c = state.slice_norms(0), state.alignment(0)
    return equal(state.rate(lambda s: s.slice_norms(0)), c * g)


@conjecture
def slices_of_one_norm_move_alike(state: State):
    """Violated only where two slices have exactly the same norm."""
    squares = (state.core.flatten(1) ** 2).sum(1)
    rates = state.rate(lambda s: (s.core.flatten(1) ** 2).sum(1))
    apart = rates[:, None] - rates[None, :]
    return equal(torch.where(squares[:, None] == squares[None, :], apart, 0 * apart), 0 * apart)


@conjecture
def descent_follows_the_modified_flow_at_third_order(descent: Descent):
    modified = descent.modified_flow.series(lambda s: s.tensor)
    return equal(descent.series(lambda s: s.tensor), modified, order=3)


@conjecture
def descent_is_the_modified_flow(descent: Descent):
    return equal(descent.series(lambda s: s.tensor), descent.modified_flow.series(lambda s: s.tensor))


@conjecture(assumes="superdiagonal")
def components_keep_their_ratio(flow: Flow):
    def ratio(state):
        assume(min(*state.sizes, *state.ranks) > 1)
        return state.core[0, 0, 0] / state.core[1, 1, 1]

    assume(flow.start.core[1:2, 1:2, 1:2].abs().sum() > 0)
    return constant(flow.series(ratio))


@conjecture(assumes="superdiagonal")
def components_never_grow(flow: Flow):
    return at_most(flow.final.core[0, 0, 0].abs(), flow.start.core[0, 0, 0].abs())
