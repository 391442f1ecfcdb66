"""True conjectures about flows and real gradient descents: none may ever be REFUTED."""

import torch

from verify import Descent, Flow, at_most, conjecture, constant, equal, nonincreasing


def differences(state):
    squares = state.block_norms(mode=0) ** 2
    return squares[1:] - squares[:1]


@conjecture
def loss_never_rises_along_the_flow(flow: Flow):
    return nonincreasing(flow.losses)


@conjecture
def squared_norm_differences_stay_along_the_flow(flow: Flow):
    return constant(flow.series(differences))


@conjecture(assumes="balanced")
def balance_stays_along_the_flow(flow: Flow):
    drift = flow.series(differences)
    return equal(drift, torch.zeros_like(drift))


@conjecture
def loss_in_between_lies_between(flow: Flow):
    middle = flow.at(0.3).loss
    return [at_most(middle, flow.losses[0]), at_most(flow.losses[-1], middle)]


@conjecture
def way_is_paid_for_by_the_loss(flow: Flow):
    """Cauchy-Schwarz: the squared distance after time T is at most T times the fall of the loss."""
    start, final = flow.start.parameters, flow.final.parameters
    way = sum(((final[name] - start[name]) ** 2).sum() for name in start)
    return at_most(way, flow.times[-1] * (flow.losses[0] - flow.losses[-1]))


@conjecture(assumes="balanced", applies=lambda depth, order, chain: depth >= 1 and (chain != "mode" or depth == 1))
def dead_slices_stay_dead_along_the_flow(flow: Flow):
    dead = flow.start.slice_norms(0) == 0
    final = flow.final.slice_norms(0)
    return equal(torch.where(dead, final, 0 * final), 0 * final)


@conjecture(assumes="superdiagonal")
def superdiagonal_tensors_stay_superdiagonal(flow: Flow):
    def outside(state):
        live = min(state.sizes)
        diagonal = sum(state.tensor[(r,) * state.order] ** 2 for r in range(live))
        return (state.tensor**2).sum() - diagonal

    return at_most(flow.series(outside), 1e-12 * flow.series(lambda s: (s.tensor**2).sum()))


@conjecture(assumes="small")
def small_starts_are_small(flow: Flow):
    return at_most(torch.linalg.vector_norm(flow.start.tensor), 0.1)


@conjecture
def flow_starts_at_its_start(flow: Flow):
    return equal(flow.at(0.0).tensor, flow.start.tensor)


@conjecture
def descent_conserves_balance_to_first_order(descent: Descent):
    return constant(descent.series(differences), order=1)


@conjecture
def descent_follows_the_flow(descent: Descent):
    return equal(descent.series(lambda s: s.tensor), descent.flow.series(lambda s: s.tensor), order=1)


@conjecture
def losses_follow_the_flow(descent: Descent):
    return equal(descent.losses, descent.flow.losses, order=1)


@conjecture
def descent_starts_where_the_flow_starts(descent: Descent):
    return equal(descent.start.tensor, descent.flow.start.tensor)


@conjecture
def losses_are_those_of_the_states(descent: Descent):
    return equal(descent.losses, descent.series(lambda s: s.loss))


@conjecture(assumes="balanced", applies=lambda depth, order, chain: depth >= 1 and (chain != "mode" or depth == 1))
def dead_slices_stay_dead_in_descent(descent: Descent):
    dead = descent.start.slice_norms(0) == 0
    final = descent.final.slice_norms(0)
    return equal(torch.where(dead, final, 0 * final), 0 * final)


@conjecture(optimizer="group-rmsprop")
def group_rmsprop_conserves_balance_to_first_order(descent: Descent):
    return constant(descent.series(differences), order=1)


@conjecture
def core_of_descent_follows_the_flow(descent: Descent):
    norm = lambda s: torch.linalg.vector_norm(s.core)  # noqa: E731
    return equal(descent.series(norm), descent.flow.series(norm), order=1)


@conjecture(optimizer="adam")
def losses_of_adam_are_those_of_the_states(descent: Descent):
    return equal(descent.losses, descent.series(lambda s: s.loss))
