"""Planted false conjectures about rates and conservation at one point: every one must be REFUTED."""

import torch

from verify import State, assume, conjecture, equal


def unfolding(tensor, mode=0):
    return torch.movedim(tensor, mode, 0).flatten(1)


def _squares(state):
    return (state.vectors(0) ** 2).sum(0), state.slice_norms(0) ** 2


@conjecture
def vectors_grow_twice_as_fast_as_slices(state: State):
    vectors = state.rate(lambda s: (s.vectors(0) ** 2).sum(0))
    slices = state.rate(lambda s: (unfolding(s.core) ** 2).sum(1))
    return equal(vectors, 2 * slices)


@conjecture
def vectors_keep_their_norm(state: State):
    rate = state.rate(lambda s: (s.vectors(0) ** 2).sum(0))
    return equal(rate, torch.zeros_like(rate))


@conjecture
def plain_norm_differences_are_conserved(state: State):
    norms = state.block_norms(mode=0)
    assume(norms.min() > 0)
    rate = state.rate(lambda s: s.block_norms(mode=0)[0] - s.block_norms(mode=0)[-1])
    return equal(rate, 0 * rate)


@conjecture
def fourth_powers_are_conserved(state: State):
    rate = state.rate(lambda s: _squares(s)[0] ** 2 - _squares(s)[1] ** 2)
    return equal(rate, 0 * rate)


@conjecture
def sums_instead_of_differences_are_conserved(state: State):
    rate = state.rate(lambda s: (s.vectors(0) ** 2).sum(0) + (unfolding(s.core) ** 2).sum(1))
    return equal(rate, 0 * rate)


@conjecture
def vectors_are_tied_to_the_next_slice(state: State):
    """True only for cores with one slice."""
    rate = state.rate(lambda s: (s.vectors(0) ** 2).sum(0) - torch.roll((unfolding(s.core) ** 2).sum(1), 1))
    return equal(rate, 0 * rate)


@conjecture(applies=lambda depth, order, chain: depth == 2 and chain == "column")
def whole_gram_matrices_are_conserved_at_depth_two(state: State):
    def law(s):
        return s.vectors(0).mT @ s.vectors(0) - unfolding(s.core) @ unfolding(s.core).mT

    rate = state.rate(law)
    return equal(rate, 0 * rate)


@conjecture(applies=lambda depth, order, chain: depth == 2 and chain == "gate")
def whole_gram_matrices_are_conserved_with_gates(state: State):
    def law(s):
        return s.vectors(0).mT @ s.vectors(0) - unfolding(s.core) @ unfolding(s.core).mT

    rate = state.rate(law)
    return equal(rate, 0 * rate)


@conjecture(applies=lambda depth, order, chain: depth == 2 and chain == "column")
def chain_law_with_the_matrix_transposed(state: State):
    def law(s):
        link = s.chains(0)[:, 0]
        return link @ link.mT - torch.einsum("ir,jr->rij", s.vectors(0), s.vectors(0))

    rate = state.rate(law)
    return equal(rate, 0 * rate)


@conjecture(applies=lambda depth, order, chain: depth == 2 and chain == "column")
def chain_law_with_a_plus_sign(state: State):
    def law(s):
        link = s.chains(0)[:, 0]
        return link.mT @ link + torch.einsum("ir,jr->rij", s.vectors(0), s.vectors(0))

    rate = state.rate(law)
    return equal(rate, 0 * rate)


@conjecture(applies=lambda depth, order, chain: depth == 2 and chain == "mode")
def shared_chain_law_with_the_factors_swapped(state: State):
    def law(s):
        first, last = s.chains(0)
        return first @ first.mT - last @ last.mT

    rate = state.rate(law)
    return equal(rate, 0 * rate)


@conjecture
def core_grows_like_all_factors_together(state: State):
    core = state.rate(lambda s: (s.core**2).sum())
    factors = state.rate(lambda s: sum((s.vectors(mode) ** 2).sum() for mode in range(s.order)))
    return equal(core, factors)


@conjecture
def loss_falls_with_the_gradient_in_tensor_space(state: State):
    """True only at depth 0."""
    return equal(state.rate(lambda s: s.loss), -(state.gradient**2).sum())


@conjecture
def loss_falls_at_half_the_squared_gradient(state: State):
    squares = sum((g**2).sum() for g in state.block_gradients().values())
    return equal(state.rate(lambda s: s.loss), -0.5 * squares)


@conjecture
def loss_rises_with_the_squared_gradient(state: State):
    squares = sum((g**2).sum() for g in state.block_gradients().values())
    return equal(state.rate(lambda s: s.loss), squares)


@conjecture
def degree_of_the_model_without_the_core(state: State):
    inner = sum((g * state.parameters[name]).sum() for name, g in state.block_gradients().items())
    return equal(inner, state.order * state.depth * (state.gradient * state.tensor).sum())


@conjecture
def degree_of_the_model_at_order_two(state: State):
    inner = sum((g * state.parameters[name]).sum() for name, g in state.block_gradients().items())
    return equal(inner, (1 + 2 * state.depth) * (state.gradient * state.tensor).sum())


@conjecture
def euler_identity_with_a_sign(state: State):
    inner = (state.block_gradients()["G"] * state.core).sum()
    return equal(inner, -(state.gradient * state.tensor).sum())


@conjecture
def euler_identity_off_by_a_millionth(state: State):
    inner = (state.block_gradients()["G"] * state.core).sum()
    return equal(inner, 1.000001 * (state.gradient * state.tensor).sum())


@conjecture
def tensor_moves_against_its_gradient(state: State):
    """True only at depth 0."""
    return equal(state.rate(lambda s: s.tensor), -state.gradient)


@conjecture(assumes="balanced")
def balance_lets_singular_values_of_the_core_move_like_slices(state: State):
    g = torch.linalg.svdvals(unfolding(state.core))[0]
    rate = state.rate(lambda s: (unfolding(s.core) ** 2).sum())
    return equal(rate, 2 * g ** (state.depth + 1) * state.alignment(mode=0).sum())
