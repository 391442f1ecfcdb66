"""Planted false conjectures about flows and real gradient descents: every one must be REFUTED."""

import torch

from verify import Descent, Flow, assume, at_most, conjecture, constant, equal, nonincreasing


def differences(state):
    squares = state.block_norms(mode=0) ** 2
    return squares[1:] - squares[:1]


@conjecture
def tensor_norm_never_grows_along_the_flow(flow: Flow):
    return nonincreasing(flow.series(lambda s: torch.linalg.vector_norm(s.tensor)))


@conjecture
def parameters_never_grow_along_the_flow(flow: Flow):
    return nonincreasing(flow.series(lambda s: sum((block * block).sum() for block in s.parameters.values())))


@conjecture
def falling_loss_pays_for_the_growing_core(flow: Flow):
    """False where the gradient is small beside the parameters, and W grows."""
    return nonincreasing(flow.losses + 0.1 * flow.series(lambda s: (s.core * s.core).sum()))


@conjecture
def slice_norms_never_grow_along_the_flow(flow: Flow):
    return nonincreasing(flow.series(lambda s: s.slice_norms(mode=0)))


@conjecture
def core_norm_is_constant_along_the_flow(flow: Flow):
    return constant(flow.series(lambda s: torch.linalg.vector_norm(s.core)))


@conjecture
def plain_norm_differences_are_constant_along_the_flow(flow: Flow):
    return constant(flow.series(lambda s: s.block_norms(mode=0)[-1] - s.block_norms(mode=0)[0]))


@conjecture
def loss_decays_like_the_exponential_of_time(flow: Flow):
    return at_most(flow.losses, flow.losses[0] * torch.exp(-flow.times))


@conjecture
def unfolded_spectrum_is_conserved(flow: Flow):
    return constant(flow.series(lambda s: s.singular_values(0)))


@conjecture
def flow_stops_after_half_of_its_time(flow: Flow):
    return equal(flow.at(0.5).tensor, flow.final.tensor)


@conjecture
def rank_never_grows_along_the_flow_at_tolerance(flow: Flow):
    """The sum of the singular values over the largest, a smooth stand-in for the rank."""

    def smooth(state):
        values = state.singular_values(0)
        return values.sum() / values.max()

    assume(flow.start.sizes[0] > 1)
    return nonincreasing(flow.series(smooth))


@conjecture
def descent_conserves_balance_exactly(descent: Descent):
    return constant(descent.series(differences))


@conjecture
def descent_conserves_balance_to_second_order(descent: Descent):
    return constant(descent.series(differences), order=2)


@conjecture
def descent_is_the_flow(descent: Descent):
    tensor = lambda s: s.tensor  # noqa: E731
    return equal(descent.series(tensor), descent.flow.series(tensor))


@conjecture
def descent_follows_the_flow_to_second_order(descent: Descent):
    tensor = lambda s: s.tensor  # noqa: E731
    return equal(descent.series(tensor), descent.flow.series(tensor), order=2)


@conjecture
def losses_follow_the_flow_to_second_order(descent: Descent):
    return equal(descent.losses, descent.flow.losses, order=2)


@conjecture
def descent_halves_the_loss(descent: Descent):
    return at_most(descent.losses[-1], 0.5 * descent.losses[0])


@conjecture
def descent_leaves_the_core_alone(descent: Descent):
    return constant(descent.series(lambda s: s.core))


@conjecture(optimizer="adam")
def adam_conserves_balance_to_first_order(descent: Descent):
    return constant(descent.series(differences), order=1)


@conjecture(optimizer="rmsprop")
def rmsprop_conserves_balance_to_first_order(descent: Descent):
    return constant(descent.series(differences), order=1)


@conjecture(optimizer="group-rmsprop")
def group_rmsprop_conserves_balance_exactly(descent: Descent):
    return constant(descent.series(differences))


@conjecture(optimizer="momentum")
def momentum_conserves_balance_exactly(descent: Descent):
    return constant(descent.series(differences))
