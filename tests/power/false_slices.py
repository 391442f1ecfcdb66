"""Planted false conjectures about core slices and groups: every one must be REFUTED."""

import torch

from verify import State, assume, at_most, conjecture, equal


def _rate(state):
    return state.rate(lambda s: s.slice_norms(mode=0))


@conjecture(assumes="balanced")
def power_law_with_one_exponent_too_many(state: State):
    g = state.slice_norms(mode=0)
    return equal(_rate(state), g ** (state.depth + 1) * state.alignment(mode=0))


@conjecture(assumes="balanced")
def power_law_with_one_exponent_too_few(state: State):
    g = state.slice_norms(mode=0)
    return equal(_rate(state), g ** (state.depth - 1) * state.alignment(mode=0))


@conjecture(assumes="balanced")
def power_law_with_the_factor_of_the_product_law(state: State):
    g = state.slice_norms(mode=0)
    return equal(_rate(state), (state.depth + 1) * g**state.depth * state.alignment(mode=0))


@conjecture(assumes="balanced")
def power_law_with_the_sign_of_ascent(state: State):
    g = state.slice_norms(mode=0)
    return equal(_rate(state), -(g**state.depth) * state.alignment(mode=0))


@conjecture
def power_law_without_balance(state: State):
    g = state.slice_norms(mode=0)
    return equal(_rate(state), g**state.depth * state.alignment(mode=0))


@conjecture(assumes="unbalanced")
def power_law_of_unbalanced_groups(state: State):
    g = state.slice_norms(mode=1)
    rate = state.rate(lambda s: s.slice_norms(mode=1))
    return equal(rate, g**state.depth * state.alignment(mode=1))


@conjecture(assumes="balanced")
def power_law_of_depth_one_at_any_depth(state: State):
    g = state.slice_norms(mode=0)
    return equal(_rate(state), g * state.alignment(mode=0))


@conjecture(assumes="balanced")
def power_law_off_by_a_millionth(state: State):
    g = state.slice_norms(mode=0)
    return equal(_rate(state), (1 + 1e-6) * g**state.depth * state.alignment(mode=0))


@conjecture(assumes="balanced")
def power_law_with_an_exponent_off_by_a_millionth(state: State):
    g = state.slice_norms(mode=2)
    rate = state.rate(lambda s: s.slice_norms(mode=2))
    return equal(rate, g ** (state.depth + 1e-6) * state.alignment(mode=2))


@conjecture(assumes="balanced")
def product_law_with_the_wrong_saturation(state: State):
    sigma = state.block_norms(mode=0).prod(0)
    rate = state.rate(lambda s: s.block_norms(mode=0).prod(0))
    power = 2 - 1 / (state.depth + 1)
    return equal(rate, (state.depth + 1) * sigma**power * state.alignment(mode=0))


@conjecture(assumes="balanced")
def product_law_with_one_block_too_few(state: State):
    sigma = state.block_norms(mode=0).prod(0)
    rate = state.rate(lambda s: s.block_norms(mode=0).prod(0))
    return equal(rate, state.depth * sigma ** (2 - 2 / (state.depth + 1)) * state.alignment(mode=0))


@conjecture
def product_law_without_balance(state: State):
    sigma = state.block_norms(mode=0).prod(0)
    rate = state.rate(lambda s: s.block_norms(mode=0).prod(0))
    return equal(rate, (state.depth + 1) * sigma ** (2 - 2 / (state.depth + 1)) * state.alignment(mode=0))


@conjecture(assumes="unbalanced")
def upper_bound_on_slice_rates_without_the_unbalancedness(state: State):
    g = state.slice_norms(mode=0)
    return at_most(_rate(state).abs(), g**state.depth * state.alignment(mode=0).abs())


@conjecture(assumes="unbalanced")
def lower_bound_on_slice_rates_without_the_unbalancedness(state: State):
    g = state.slice_norms(mode=0)
    return at_most(g**state.depth * state.alignment(mode=0).abs(), _rate(state).abs())


@conjecture(assumes="balanced")
def slices_always_shrink(state: State):
    return at_most(_rate(state), 0.0)


@conjecture
def zero_slices_stay_zero_without_balance(state: State):
    """Violated only where a slice of the core vanishes."""
    speed = torch.linalg.vector_norm(state.block_gradients()["G"].flatten(1), dim=1)
    dead = state.slice_norms(mode=0) == 0
    return equal(torch.where(dead, speed, 0 * speed), 0 * speed)


@conjecture
def slice_norms_sum_to_at_most_the_core_norm(state: State):
    return at_most(state.slice_norms(mode=0).sum(), torch.linalg.vector_norm(state.core))


@conjecture
def slices_are_sorted_by_norm(state: State):
    g = state.slice_norms(mode=0)
    return at_most(g[1:], g[:-1])


@conjecture
def every_slice_is_alive(state: State):
    """Violated only at a zero slice."""
    g = state.slice_norms(mode=0)
    return at_most(1e-9 * g.max(), g)


@conjecture
def slices_have_different_norms(state: State):
    """Violated only where two neighbouring slices have equal norms."""
    g = state.slice_norms(mode=0)
    assume(len(g) > 1)
    return at_most(1e-9 * g.max(), (g[1:] - g[:-1]).abs())


@conjecture(assumes="balanced")
def balanced_groups_have_unit_blocks(state: State):
    norms = state.block_norms(mode=0)
    return equal(norms, torch.ones_like(norms))


@conjecture
def blocks_of_a_group_have_equal_norms_without_balance(state: State):
    norms = state.block_norms(mode=1)
    return equal(norms, norms[:1].expand(*norms.shape))


@conjecture(assumes="unbalanced")
def group_penalty_bounds_the_blocks_from_above(state: State):
    norms = state.block_norms(mode=0)
    blocks = state.depth + 1
    return at_most(0.5 * (norms**2).sum(0), blocks / 2 * norms.prod(0) ** (2 / blocks))


@conjecture(assumes="balanced")
def group_penalty_with_the_exponent_of_depth_less_one(state: State):
    norms = state.block_norms(mode=0)
    return equal(0.5 * (norms**2).sum(0), (state.depth + 1) / 2 * norms.prod(0) ** (2 / state.depth))


@conjecture(assumes="balanced")
def group_penalty_with_one_block_forgotten(state: State):
    norms = state.block_norms(mode=0)
    return equal(0.5 * (norms**2).sum(0), state.depth / 2 * norms.prod(0) ** (2 / (state.depth + 1)))


@conjecture(assumes="balanced", applies=lambda depth, order, chain: chain == "mode")
def power_law_of_slices_with_a_shared_chain(state: State):
    g = state.slice_norms(mode=0)
    return equal(_rate(state), g**state.depth * state.alignment(mode=0))


@conjecture(assumes="balanced", applies=lambda depth, order, chain: depth == 3)
def power_law_of_depth_two_at_depth_three(state: State):
    g = state.slice_norms(mode=0)
    return equal(_rate(state), g**2 * state.alignment(mode=0))
