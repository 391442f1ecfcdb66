"""Planted true conjectures about closed forms of a slice and the group flow of gated columns: none may be REFUTED."""

import torch

from verify import Descent, Flow, State, assume, at_most, conjecture, equal


def gated(depth, order, chain):
    return depth == 2 and chain == "gate"


def columns(state):
    """T = gate times vector of mode 0 as columns."""
    return state.chains(0)[:, 0] * state.vectors(0)


def gradient_of_columns(state):
    image = torch.einsum("abc,jb,kc->ajk", state.core, state.factor(1), state.factor(2))
    return state.gradient.flatten(1) @ image.flatten(1).mT


@conjecture(assumes="balanced", applies=gated)
def gated_columns_follow_the_metric(state: State):
    T, gradient = columns(state), gradient_of_columns(state)
    r = torch.linalg.vector_norm(T, dim=0)
    assume(r.min() > 0)
    return equal(state.rate(columns), -r * (gradient + T * (T * gradient).sum(0) / r**2))


@conjecture(assumes="balanced", applies=gated)
def squared_norm_of_a_gated_column(state: State):
    """<T, dT/dt> = -L r <T, grad> with L = 2."""
    T = columns(state)
    radial = (T * gradient_of_columns(state)).sum(0)
    rate = state.rate(lambda s: (columns(s) ** 2).sum(0) / 2)
    return equal(rate, -2 * torch.linalg.vector_norm(T, dim=0) * radial)


@conjecture(applies=gated)
def gated_columns_move_by_their_two_parts(state: State):
    gradients = state.block_gradients()
    gate, vector = state.chains(0)[:, 0], state.vectors(0)
    by_gate = torch.einsum("jr,jr->r", gradient_of_columns(state), vector)
    return equal(state.rate(columns), -(by_gate * vector + gate * gradients["a1"]))


@conjecture(assumes="balanced", applies=lambda depth, order, chain: depth == 2 and chain == "column")
def time_to_escape_falls_by_one(state: State):
    g, c = state.slice_norms(0), state.alignment(0)
    assume(g.min() > 0 and c.abs().min() > 0)
    return equal(state.rate(lambda s: 1 / (s.slice_norms(0) * c)), -torch.ones_like(g))


@conjecture(assumes="balanced", applies=lambda depth, order, chain: depth == 3 and chain == "column")
def inverse_square_of_the_norm_falls_linearly(state: State):
    g, c = state.slice_norms(0), state.alignment(0)
    assume(g.min() > 0)
    return equal(state.rate(lambda s: s.slice_norms(0) ** -2.0), -2 * c)


@conjecture
def descent_follows_the_modified_flow(descent: Descent):
    modified = descent.modified_flow.series(lambda s: s.tensor)
    return equal(descent.series(lambda s: s.tensor), modified, order=2)


@conjecture
def losses_follow_the_modified_flow(descent: Descent):
    return equal(descent.losses, descent.modified_flow.losses, order=2)


@conjecture(assumes="superdiagonal")
def larger_components_stay_ahead(flow: Flow):
    """Of two components the one that starts larger, below a target entry that is no smaller, stays larger."""
    start = flow.start
    assume(min(*start.sizes, *start.ranks) > 1)
    first, second = ((r, r, r) for r in (0, 1))
    assume(start.target[first] >= start.target[second] and start.weights[first] == start.weights[second])
    assume(start.core[first] >= start.core[second] > 0)
    return at_most(flow.series(lambda s: s.core[second]), flow.series(lambda s: s.core[first]))
