"""True conjectures about core slices and groups: none may ever be REFUTED."""

import torch

from verify import State, assume, at_most, conjecture, equal


def private(depth, order, chain):
    return chain != "mode" or depth <= 1


def unfolding(tensor, mode=0):
    return torch.movedim(tensor, mode, 0).flatten(1)


@conjecture(assumes="balanced", applies=private)
def power_law_of_the_first_mode(state: State):
    g = state.slice_norms(mode=0)
    return equal(state.rate(lambda s: s.slice_norms(mode=0)), g**state.depth * state.alignment(mode=0))


@conjecture(assumes="balanced", applies=private)
def power_law_of_the_last_mode_with_pow(state: State):
    last = state.order - 1
    g = state.slice_norms(last)
    rate = state.rate(lambda s: torch.linalg.vector_norm(unfolding(s.core, last), dim=1))
    return equal(rate, torch.pow(g, state.depth) * state.alignment(last))


@conjecture(assumes="small", applies=private)
def power_law_of_small_starts(state: State):
    g = state.slice_norms(mode=0)
    return equal(state.rate(lambda s: s.slice_norms(mode=0)), g**state.depth * state.alignment(mode=0))


@conjecture(assumes="balanced", applies=private)
def product_law_with_a_float_exponent(state: State):
    sigma = state.block_norms(mode=0).prod(0)
    rate = state.rate(lambda s: s.block_norms(mode=0).prod(0))
    return equal(rate, (state.depth + 1) * sigma ** (2 - 2 / (state.depth + 1)) * state.alignment(mode=0))


@conjecture(assumes="balanced", applies=private)
def logarithmic_rate_of_slices(state: State):
    g = state.slice_norms(mode=0)
    assume(g.min() > 0)
    rate = state.rate(lambda s: torch.log(s.slice_norms(mode=0)))
    return equal(rate, state.alignment(mode=0) * g ** (state.depth - 1))


@conjecture(assumes="unbalanced", applies=private)
def slice_rates_stay_inside_their_bounds(state: State):
    g, c = state.slice_norms(mode=0), state.alignment(mode=0).abs()
    squares = state.block_norms(mode=0) ** 2
    eps = squares.max(0).values - squares.min(0).values
    speed = state.rate(lambda s: s.slice_norms(mode=0)).abs()
    power = state.depth / 2
    return [
        at_most(torch.clamp(g**2 - eps, min=0) ** power * c, speed),
        at_most(speed, (g**2 + eps) ** power * c),
    ]


@conjecture(assumes="balanced")
def balanced_starts_have_no_unbalancedness(state: State):
    return equal(state.unbalancedness(), 0.0)


@conjecture(assumes="balanced")
def balanced_blocks_have_the_norm_of_their_slice(state: State):
    norms = state.block_norms(mode=0)
    return equal(norms, state.slice_norms(mode=0).expand(*norms.shape))


@conjecture(assumes="balanced")
def products_of_balanced_norms_are_powers(state: State):
    norms = state.block_norms(mode=0)
    return equal(norms.prod(0), state.slice_norms(mode=0) ** norms.shape[0])


@conjecture
def slice_norms_of_every_mode_give_the_core_norm(state: State):
    squares = sum((state.slice_norms(mode) ** 2).sum() for mode in range(state.order))
    return equal((1 / state.order) * squares, (state.core**2).sum())


@conjecture
def running_sums_of_slices_end_at_the_core(state: State):
    return equal(torch.cumsum(state.slice_norms(0) ** 2, 0)[-1], torch.linalg.vector_norm(state.core) ** 2)


@conjecture
def largest_slice_is_at_most_the_core(state: State):
    """Attained when one slice is alive."""
    return at_most(state.slice_norms(0).max(), torch.linalg.norm(state.core))


@conjecture
def sum_of_slices_is_at_most_root_of_their_number_times_the_core(state: State):
    """Attained when all slices have one norm."""
    g = state.slice_norms(0)
    return at_most(g.sum(), len(g) ** 0.5 * torch.linalg.vector_norm(state.core))


@conjecture(assumes="unbalanced")
def group_penalty_is_a_lower_bound(state: State):
    norms = state.block_norms(mode=0)
    blocks = norms.shape[0]
    return at_most(blocks / 2 * norms.prod(0) ** (2 / blocks), 0.5 * (norms**2).sum(0))


@conjecture(assumes="balanced")
def group_penalty_is_attained_at_balance(state: State):
    norms = state.block_norms(mode=0)
    blocks = norms.shape[0]
    return equal(blocks / 2 * norms.prod(0) ** (2 / blocks), 0.5 * (norms**2).sum(0))


@conjecture(assumes="small", applies=private)
def dead_slices_of_balanced_groups_feel_no_gradient(state: State):
    assume(state.depth >= 1)
    speed = torch.linalg.vector_norm(unfolding(state.block_gradients()["G"]), dim=1)
    return equal(torch.where(state.slice_norms(0) == 0, speed, torch.zeros_like(speed)), torch.zeros_like(speed))


@conjecture
def exponential_of_the_logarithm_of_slices(state: State):
    g = state.slice_norms(0)
    assume(bool((g > 0).all()))
    return equal(torch.exp(torch.log(g)), g)


@conjecture
def sorted_slices_decrease(state: State):
    g = torch.sort(state.slice_norms(0), descending=True).values
    return at_most(g[1:], g[:-1])


@conjecture
def powers_of_two_fifths(state: State):
    g = state.slice_norms(0)
    return equal(g**0.4 * g**0.6, g)


@conjecture
def thirds_of_slices(state: State):
    g = state.slice_norms(0)
    return equal((1 / 3) * g + (2 / 3) * g, g)


@conjecture
def decimals_that_are_no_simple_fractions(state: State):
    g = state.slice_norms(0)
    return equal(0.1234567 * g + 0.8765433 * g, g)


@conjecture
def pi_over_four_twice(state: State):
    import math

    g = state.slice_norms(0)
    return equal(math.pi / 4 * g + math.pi / 4 * g, math.pi / 2 * g)


@conjecture
def root_two_squared(state: State):
    g = state.slice_norms(0)
    return equal(2**0.5 * g * 2**0.5, 2 * g)


@conjecture
def tensor_constants_are_constants(state: State):
    thirds = torch.tensor([1 / 3, 2 / 3], dtype=torch.float64)
    g = state.slice_norms(0)
    return equal((thirds[:, None] * g).sum(0), g)


@conjecture
def variance_of_slices_by_two_formulas(state: State):
    g = state.slice_norms(0)
    return equal(((g - g.mean()) ** 2).mean(), (g**2).mean() - g.mean() ** 2)


@conjecture
def binomial_with_cancellation(state: State):
    g = state.slice_norms(0)
    return equal((1 + g) ** 2 - 1 - 2 * g, g**2)


@conjecture
def sine_and_cosine_of_slices(state: State):
    g = state.slice_norms(0)
    return equal(torch.sin(g) ** 2 + torch.cos(g) ** 2, torch.ones_like(g))


@conjecture
def rate_of_a_root(state: State):
    total = (state.core**2).sum()
    rate = state.rate(lambda s: torch.sqrt(1 + (s.core**2).sum()))
    inner = -2 * (state.core * state.block_gradients()["G"]).sum()
    return equal(rate, inner / (2 * torch.sqrt(1 + total)))
