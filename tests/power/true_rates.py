"""True conjectures about rates and conservation at one point: none may ever be REFUTED."""

import torch

from verify import State, assume, conjecture, equal


def unfolding(tensor, mode=0):
    return torch.movedim(tensor, mode, 0).flatten(1)


@conjecture
def squared_norm_differences_are_conserved(state: State):
    rate = state.rate(lambda s: s.block_norms(mode=0) ** 2)
    return equal(rate, rate[:1].expand(*rate.shape))


@conjecture
def rate_of_squared_differences_is_zero(state: State):
    """The predicted side is zero, so that nothing sets the scale of rounding."""
    rate = state.rate(lambda s: (s.vectors(0) ** 2).sum(0) - (unfolding(s.core) ** 2).sum(1))
    return equal(rate, torch.zeros_like(rate))


@conjecture(applies=lambda depth, order, chain: depth == 2 and chain == "column")
def chain_law(state: State):
    def law(s):
        link = s.chains(0)[:, 0]
        return link.mT @ link - torch.einsum("ir,jr->rij", s.vectors(0), s.vectors(0))

    rate = state.rate(law)
    return equal(rate, 0.0 * rate)


@conjecture(applies=lambda depth, order, chain: depth == 3 and chain == "column")
def chain_law_of_two_matrices(state: State):
    def law(s):
        links = s.chains(0)
        return links[:, 0].mT @ links[:, 0] - links[:, 1] @ links[:, 1].mT

    rate = state.rate(law)
    return equal(rate, torch.zeros_like(rate))


@conjecture(applies=lambda depth, order, chain: depth == 1 or (chain == "mode" and depth > 0))
def whole_gram_matrices_are_conserved(state: State):
    def law(s):
        return s.vectors(0).mT @ s.vectors(0) - unfolding(s.core) @ unfolding(s.core).mT

    rate = state.rate(law)
    return equal(rate, torch.zeros_like(rate))


@conjecture
def degree_of_the_model(state: State):
    inner = sum((g * state.parameters[name]).sum() for name, g in state.block_gradients().items())
    return equal(inner, (1 + state.order * state.depth) * (state.gradient * state.tensor).sum())


@conjecture
def euler_identity_of_the_core(state: State):
    return equal((state.block_gradients()["G"] * state.core).sum(), (state.gradient * state.tensor).sum())


@conjecture
def euler_identity_of_the_groups(state: State):
    assume(state.depth >= 1)
    inner = (state.block_gradients()["a1"] * state.vectors(0)).sum(0)
    parts = torch.stack([(state.gradient * state.component(0, r)).sum() for r in range(state.ranks[0])])
    return equal(inner, parts)


@conjecture
def loss_falls_with_the_squared_gradient(state: State):
    squares = sum((g**2).sum() for g in state.block_gradients().values())
    return equal(state.rate(lambda s: s.loss), -squares)


@conjecture
def loss_falls_along_the_motion_of_the_tensor(state: State):
    return equal(state.rate(lambda s: s.loss), (state.gradient * state.rate(lambda s: s.tensor)).sum())


@conjecture
def rate_of_the_squared_norm(state: State):
    motion = state.rate(lambda s: s.tensor)
    rate = state.rate(lambda s: (s.singular_values(0) ** 2).sum())
    return equal(rate, 2 * (state.tensor * motion).sum())


@conjecture
def rate_of_the_logarithm_of_the_loss(state: State):
    assume(state.loss > 0)
    return equal(state.rate(lambda s: torch.log(s.loss)), state.rate(lambda s: s.loss) / state.loss)


@conjecture
def rate_of_the_leading_singular_value(state: State):
    """Where it is simple and positive: at W = 0 it grows either way, and at a tie the vectors are not determined."""
    u, values, v = torch.linalg.svd(unfolding(state.tensor), full_matrices=False)
    assume(values[0] > 0)
    assume((values[1:] < 0.99 * values[0]).all())
    motion = unfolding(state.rate(lambda s: s.tensor))
    return equal(state.rate(lambda s: s.singular_values(0)[0]), u[:, 0] @ motion @ v[0])


@conjecture(applies=lambda depth, order, chain: depth == 0)
def tensor_moves_against_its_gradient_at_depth_zero(state: State):
    return equal(state.rate(lambda s: s.tensor), -state.gradient)


@conjecture
def rates_are_linear(state: State):
    both = state.rate(lambda s: 0.3 * s.core + s.core**2)
    return equal(both, 0.3 * state.rate(lambda s: s.core) + state.rate(lambda s: s.core**2))


@conjecture(
    assumes="matrix-balanced", applies=lambda depth, order, chain: depth == 1 or (chain == "mode" and depth >= 1)
)
def matrix_balance_makes_grams_equal(state: State):
    return equal(state.vectors(0).mT @ state.vectors(0), unfolding(state.core) @ unfolding(state.core).mT)
