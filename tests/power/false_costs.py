"""Planted false conjectures about the representation cost and about many seeds: every one must be REFUTED."""

import torch

from verify import Seeds, Target, assume, at_most, conjecture, equal


def degree(target: Target) -> float:
    return 2 / (1 + target.order * target.depth)


@conjecture
def cost_scales_with_two_over_k_plus_one(target: Target):
    """The degree of one group, (14), claimed for all modes at once."""
    scaled = target.like(3 * target.tensor).representation_cost()
    return equal(scaled, 3 ** (2 / (target.depth + 1)) * target.representation_cost())


@conjecture
def cost_is_subadditive_with_a_smaller_factor(target: Target):
    """Two equal parts: the cost of their sum is 2^degree times that of one, which exceeds it."""
    return at_most(target.like(2 * target.tensor).representation_cost(), target.representation_cost())


@conjecture
def one_mode_tells_the_whole_cost(target: Target):
    return equal(target.representation_cost(), target.slice_penalty(0))


@conjecture
def the_schatten_formula_of_matrices_holds_at_order_three(target: Target):
    """An order-2 fact claimed at order 3."""
    power = 2 / (2 * target.depth + 1)
    return equal(target.representation_cost(), (2 * target.depth + 1) / 2 * (target.singular_values(0) ** power).sum())


@conjecture
def cost_of_a_scaled_tensor_is_off_by_a_millionth(target: Target):
    scaled = target.like(3 * target.tensor).representation_cost()
    return equal(scaled, (1 + 1e-6) * 3 ** degree(target) * target.representation_cost())


@conjecture
def penalties_of_modes_agree(target: Target):
    assume(target.order > 1)
    return equal(target.slice_penalty(0), target.slice_penalty(1))


@conjecture
def live_slices_equal_the_rank(target: Target):
    """(16) bounds the number from below; three slices in one direction have rank one."""
    live = float((target.slice_norms(0) > 0).sum())
    return at_most(live, target.multilinear_rank()[0])


@conjecture(assumes="balanced")
def mean_slice_norms_of_modes_agree(seeds: Seeds):
    first, second = (seeds.mean(lambda run, mode=mode: run.final.slice_norms(mode).sum()) for mode in (0, 1))
    return equal(first, second)


@conjecture(assumes="balanced")
def balanced_starts_fit_nothing(seeds: Seeds):
    return at_most(seeds.fraction(lambda run: run.losses[-1] < 0.9 * run.losses[0]), 0.01)


@conjecture
def no_start_changes_the_norm_of_the_core(seeds: Seeds):
    end = seeds.mean(lambda run: torch.linalg.vector_norm(run.final.core))
    return equal(end, seeds.mean(lambda run: torch.linalg.vector_norm(run.start.core)))
