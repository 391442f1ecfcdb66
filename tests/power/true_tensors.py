"""True conjectures about the tensor, its components and its spectrum: none may ever be REFUTED."""

import torch

from verify import State, assume, at_most, conjecture, equal


def unfolding(tensor, mode=0):
    return torch.movedim(tensor, mode, 0).flatten(1)


@conjecture
def components_add_up(state: State):
    return equal(sum(state.component(0, r) for r in range(state.ranks[0])), state.tensor)


@conjecture(applies=lambda depth, order, chain: order == 3)
def tensor_by_einsum(state: State):
    u, v, w = (state.factor(mode) for mode in range(3))
    return equal(state.tensor, torch.einsum("abc,ia,jb,kc->ijk", state.core, u, v, w))


@conjecture(applies=lambda depth, order, chain: order == 2)
def matrix_by_matmul(state: State):
    return equal(state.tensor, state.factor(0) @ state.core @ state.factor(1).mT)


@conjecture
def tensor_by_tensordot(state: State):
    tensor = state.core
    for mode in range(state.order):
        tensor = torch.movedim(torch.tensordot(state.factor(mode), tensor, dims=([1], [mode])), 0, mode)
    return equal(state.tensor, tensor)


@conjecture(applies=lambda depth, order, chain: chain == "column" and depth == 2)
def factor_from_its_chain(state: State):
    return equal(state.factor(0), torch.einsum("rij,jr->ir", state.chains(0)[:, 0], state.vectors(0)))


@conjecture(applies=lambda depth, order, chain: chain == "gate" and depth == 2)
def factor_from_its_gates(state: State):
    return equal(state.factor(0), state.vectors(0) * state.chains(0)[:, 0])


@conjecture(applies=lambda depth, order, chain: chain == "mode" and depth == 2)
def factor_from_its_matrices(state: State):
    first, last = state.chains(0)
    return equal(state.factor(0), first @ last)


@conjecture
def loss_by_hand(state: State):
    residual = state.tensor - state.target
    flat = [x.flatten() for x in (state.weights, residual, residual)]
    return equal(0.4 * state.loss + 0.6 * state.loss, 0.5 * torch.einsum("a,a,a->", *flat))


@conjecture
def loss_is_at_most_twice_its_parts(state: State):
    """Attained where W = -target."""
    return at_most(state.loss, (state.weights * (state.tensor**2 + state.target**2)).sum())


@conjecture
def squared_norm_is_the_sum_of_squared_singular_values(state: State):
    return equal((state.singular_values(0) ** 2).sum(), (state.tensor**2).sum())


@conjecture
def spectral_norm_is_at_most_frobenius(state: State):
    """Attained at rank one."""
    return at_most(state.singular_values(0)[0], torch.linalg.vector_norm(state.tensor))


@conjecture
def nuclear_norm_is_at_most_root_rank_times_frobenius(state: State):
    """Attained where all singular values are equal."""
    values = state.singular_values(0)
    return at_most(values.sum(), len(values) ** 0.5 * torch.linalg.vector_norm(state.tensor))


@conjecture
def nuclear_norm_by_two_functions(state: State):
    return equal(torch.linalg.matrix_norm(unfolding(state.tensor), "nuc"), state.singular_values(0).sum())


@conjecture
def spectral_norm_by_two_functions(state: State):
    return equal(torch.linalg.matrix_norm(unfolding(state.tensor), 2), state.singular_values(0)[0])


@conjecture
def singular_values_come_sorted(state: State):
    values = state.singular_values(1)
    return equal(torch.sort(values, descending=True)[0], values)


@conjecture
def eigenvalues_of_the_gram_matrix_are_squares(state: State):
    """Small singular values have no relative accuracy in float64."""
    matrix = unfolding(state.tensor)
    assume(matrix.shape[0] <= matrix.shape[1])
    return equal(torch.linalg.eigvalsh(matrix @ matrix.mT), torch.flip(torch.linalg.svdvals(matrix) ** 2, [0]))


@conjecture
def gram_determinants_are_not_negative(state: State):
    matrix = unfolding(state.core)
    return at_most(0.0, torch.linalg.det(matrix @ matrix.mT))


@conjecture
def hadamard_bounds_the_gram_determinant(state: State):
    """Attained for orthogonal slices."""
    matrix = unfolding(state.core)
    return at_most(torch.linalg.det(matrix @ matrix.mT), (matrix**2).sum(1).prod())


@conjecture
def singular_values_from_the_decomposition(state: State):
    u, values, v = torch.linalg.svd(unfolding(state.tensor), full_matrices=False)
    return equal(u @ torch.diag(values) @ v, unfolding(state.tensor))


@conjecture
def trace_of_the_gram_matrix(state: State):
    matrix = unfolding(state.tensor)
    return equal(torch.trace(matrix @ matrix.mT), (matrix * matrix).sum())


@conjecture
def diagonal_of_the_gram_matrix(state: State):
    vectors = state.vectors(0)
    return equal(torch.diagonal(vectors.mT @ vectors), torch.linalg.vector_norm(vectors, dim=0) ** 2)


@conjecture
def rank_is_at_most_the_live_slices(state: State):
    alive = int((state.slice_norms(0) > 0).sum())
    return at_most(float(state.multilinear_rank()[0]), float(alive))


@conjecture
def rank_is_at_most_either_size(state: State):
    ranks = state.multilinear_rank()
    return [at_most(float(r), float(min(n, k))) for r, n, k in zip(ranks, state.sizes, state.ranks, strict=True)]


@conjecture
def rank_is_at_most_the_product_of_the_others(state: State):
    ranks = state.multilinear_rank()
    product = 1
    for rank in ranks[1:]:
        product *= rank
    return at_most(float(ranks[0]), float(product))


@conjecture(applies=lambda depth, order, chain: order == 2)
def both_unfoldings_of_a_matrix_have_one_spectrum(state: State):
    return equal(state.singular_values(0), state.singular_values(1))


@conjecture
def component_is_at_most_its_blocks(state: State):
    bound = state.slice_norms(0) * torch.linalg.vector_norm(state.factor(0), dim=0)
    for mode in range(1, state.order):
        bound = bound * torch.linalg.svdvals(state.factor(mode))[0]
    norms = torch.stack([torch.linalg.vector_norm(state.component(0, r)) for r in range(state.ranks[0])])
    return at_most(norms, bound)


@conjecture
def cauchy_schwarz(state: State):
    """Attained at size one."""
    inner = torch.stack([(state.gradient * state.component(0, r)).sum() for r in range(state.ranks[0])])
    norms = torch.stack([torch.linalg.vector_norm(state.component(0, r)) for r in range(state.ranks[0])])
    return at_most(inner.abs(), torch.linalg.vector_norm(state.gradient) * norms)


@conjecture
def triangle_inequality(state: State):
    """Attained at size one."""
    norm = torch.linalg.vector_norm
    return at_most(norm(state.tensor - state.target), norm(state.tensor) + norm(state.target))


@conjecture
def reversed_triangle_inequality(state: State):
    norm = torch.linalg.vector_norm
    return at_most((norm(state.tensor) - norm(state.target)).abs(), norm(state.tensor - state.target))


@conjecture
def norms_are_ordered(state: State):
    """Attained where one entry is alive."""
    flat = state.core.flatten()
    one, two, most = (torch.linalg.vector_norm(flat, ord=p) for p in (1, 2, float("inf")))
    return [at_most(two, one), at_most(most, two)]


@conjecture
def three_norm_lies_between(state: State):
    flat = state.core.flatten()
    one, two, three = (torch.linalg.vector_norm(flat, ord=p) for p in (1, 2, 3))
    return [at_most(three, two), at_most(two, (one * three**3) ** 0.25 * 1.0)]


@conjecture
def positive_and_negative_parts(state: State):
    return equal(torch.relu(state.tensor) - torch.relu(-state.tensor), state.tensor)


@conjecture
def differences_of_running_sums(state: State):
    flat = state.tensor.flatten()
    return equal(torch.diff(torch.cumsum(flat, 0)), flat[1:])


@conjecture
def outer_products_have_product_norms(state: State):
    a, b = state.vectors(0)[:, 0], state.core.flatten()
    product = torch.linalg.vector_norm(torch.outer(a, b))
    return equal(product, torch.linalg.vector_norm(a) * torch.linalg.vector_norm(b))


@conjecture
def every_mode_has_at_least_one_entry(state: State):
    return at_most(1.0, float(min(state.sizes)))


@conjecture
def loss_is_not_negative(state: State):
    return at_most(0.0, state.loss)


@conjecture
def maximum_is_half_sum_plus_half_difference(state: State):
    a, b = state.tensor, state.target
    return equal(torch.maximum(a, b), (a + b) / 2 + (a - b).abs() / 2)
