"""Planted false conjectures about the tensor, its components and its spectrum: every one must be REFUTED."""

import torch

from verify import State, assume, at_most, conjecture, equal


def unfolding(tensor, mode=0):
    return torch.movedim(tensor, mode, 0).flatten(1)


@conjecture
def loss_without_the_half(state: State):
    return equal(state.loss, (state.weights * (state.tensor - state.target) ** 2).sum())


@conjecture
def loss_as_the_plain_mean(state: State):
    return equal(state.loss, 0.5 * ((state.tensor - state.target) ** 2).mean())


@conjecture
def loss_off_by_a_millionth(state: State):
    return equal(state.loss, 0.5000005 * (state.weights * (state.tensor - state.target) ** 2).sum())


@conjecture
def gradient_without_the_mask(state: State):
    return equal(state.gradient, state.tensor - state.target)


@conjecture
def loss_below_that_of_zero(state: State):
    return at_most(state.loss, 0.5 * (state.weights * state.target**2).sum())


@conjecture
def components_are_orthogonal(state: State):
    parts = torch.stack([state.component(0, r) for r in range(state.ranks[0])])
    return equal((parts**2).sum(), (state.tensor**2).sum())


@conjecture
def first_components_of_two_modes_agree(state: State):
    return equal(state.component(0, 0), state.component(1, 0))


@conjecture
def all_but_the_last_component_make_the_tensor(state: State):
    """Violated unless the last component vanishes."""
    assume(state.ranks[0] > 1)
    return equal(sum(state.component(0, r) for r in range(state.ranks[0] - 1)), state.tensor)


@conjecture
def component_norm_is_the_product_of_its_block_norms(state: State):
    norms = torch.stack([torch.linalg.vector_norm(state.component(0, r)) for r in range(state.ranks[0])])
    return equal(norms, state.block_norms(mode=0).prod(0))


@conjecture
def component_norm_is_at_most_its_slice(state: State):
    norms = torch.stack([torch.linalg.vector_norm(state.component(0, r)) for r in range(state.ranks[0])])
    return at_most(norms, state.slice_norms(mode=0))


@conjecture
def alignment_is_at_most_the_gradient(state: State):
    return at_most(state.alignment(mode=0).abs(), torch.linalg.vector_norm(state.gradient))


@conjecture
def tensor_norm_is_at_most_core_times_largest_columns(state: State):
    bound = torch.linalg.vector_norm(state.core)
    for mode in range(state.order):
        bound = bound * torch.linalg.vector_norm(state.factor(mode), dim=0).max()
    return at_most(torch.linalg.vector_norm(state.tensor), bound)


@conjecture(applies=lambda depth, order, chain: depth == 2 and chain == "column")
def factor_with_the_chain_transposed(state: State):
    return equal(state.factor(0), torch.einsum("rji,jr->ir", state.chains(0)[:, 0], state.vectors(0)))


@conjecture(applies=lambda depth, order, chain: depth == 3 and chain == "column")
def factor_with_the_chain_in_reverse(state: State):
    links = state.chains(0)
    return equal(state.factor(0), torch.einsum("rij,rjk,kr->ir", links[:, 1], links[:, 0], state.vectors(0)))


@conjecture(applies=lambda depth, order, chain: chain == "mode" and depth == 2)
def shared_chain_in_reverse(state: State):
    first, last = state.chains(0)
    assume(state.sizes[0] == state.ranks[0])
    return equal(state.factor(0), last @ first)


@conjecture
def leading_singular_values_of_two_unfoldings_agree_at_order_three(state: State):
    return equal(state.singular_values(0)[0], state.singular_values(1)[0])


@conjecture
def nuclear_norms_of_unfoldings_are_ordered(state: State):
    return at_most(state.singular_values(0).sum(), state.singular_values(1).sum())


@conjecture
def unfoldings_never_have_rank_one(state: State):
    """Violated only at rank one: size-1 modes and rank-deficient tensors."""
    return at_most(state.singular_values(0)[0] * (1 + 1e-6), torch.linalg.vector_norm(state.tensor))


@conjecture
def leading_singular_values_are_apart(state: State):
    """Violated only where the two largest singular values are equal (and not zero)."""
    values = state.singular_values(0)
    assume(len(values) > 1)
    return at_most(1e-9 * values[0], values[0] - values[1])


@conjecture
def singular_values_are_never_flat(state: State):
    values = state.singular_values(0)
    bound = (len(values) ** 0.5) * torch.linalg.vector_norm(values)
    assume(len(values) > 1)
    return at_most(values.sum(), (1 - 1e-6) * bound)


@conjecture
def gram_matrix_of_the_core_is_regular(state: State):
    """Violated only where the first unfolding of the core is rank-deficient."""
    values = torch.linalg.svdvals(unfolding(state.core))
    return at_most(1e-7 * values[0], values[-1])


@conjecture
def rank_of_the_first_mode_is_at_most_that_of_the_second(state: State):
    ranks = state.multilinear_rank()
    return at_most(float(ranks[0]), float(ranks[1]))


@conjecture
def rank_is_the_number_of_live_slices(state: State):
    alive = int((state.slice_norms(mode=0) > 0).sum())
    return equal(float(state.multilinear_rank()[0]), float(alive))


@conjecture
def rank_is_below_the_core_size(state: State):
    return at_most(float(state.multilinear_rank()[0]), float(state.ranks[0] - 1))


@conjecture
def tensors_are_never_tiny(state: State):
    """Violated only at tiny scale."""
    norm = torch.linalg.vector_norm(state.tensor)
    assume(norm > 0)
    return at_most(1e-15, norm)


@conjecture
def tensors_are_never_large(state: State):
    """Violated only at large scale."""
    return at_most(torch.linalg.vector_norm(state.tensor), 1e12)


@conjecture
def every_mode_has_two_entries(state: State):
    """Violated only at modes of size one."""
    return at_most(2.0, float(min(state.sizes)))


@conjecture
def entrywise_norm_inequality_with_the_sides_swapped(state: State):
    flat = state.core.flatten()
    return at_most(torch.linalg.vector_norm(flat, ord=1), torch.linalg.vector_norm(flat))


@conjecture
def cauchy_schwarz_without_the_norm_of_the_component(state: State):
    inner = torch.stack([(state.gradient * state.component(0, r)).sum() for r in range(state.ranks[0])])
    return at_most(inner.abs(), torch.linalg.vector_norm(state.gradient) * state.slice_norms(mode=0))
