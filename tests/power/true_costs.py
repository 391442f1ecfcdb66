"""True conjectures about the representation cost and about many seeds: none may be REFUTED."""

import torch

from verify import Seeds, Target, at_most, conjecture, equal


@conjecture
def cost_is_homogeneous(target: Target):
    degree = 2 / (1 + target.order * target.depth)
    return equal(target.like(3 * target.tensor).representation_cost(), 3**degree * target.representation_cost())


@conjecture
def cost_ignores_the_order_of_modes(target: Target):
    return equal(target.like(target.tensor.movedim(0, -1)).representation_cost(), target.representation_cost())


@conjecture
def cost_ignores_signs_and_permutations(target: Target):
    return equal(target.like(-target.tensor.flip(0)).representation_cost(), target.representation_cost())


@conjecture
def cost_is_not_above_that_of_the_identity_factors(target: Target):
    """G = W and unit vectors as columns, only where a slice lives, then rescaled to the best common size."""
    live = sum((target.slice_norms(mode) > 0).sum() for mode in range(target.order))
    return at_most(target.representation_cost(), (target.tensor**2).sum() / 2 + target.depth / 2 * live)


@conjecture
def penalty_counts_slices_in_the_limit(target: Target):
    """(14) is at most (K+1)/2 times the live slices where every norm is at most one."""
    scaled = target.like(target.tensor / max(float(target.slice_norms(0).max()), 1e-300))
    live = float((scaled.slice_norms(0) > 0).sum())
    return at_most(scaled.slice_penalty(0), (target.depth + 1) / 2 * live)


@conjecture
def singular_values_hold_the_norm_in_every_mode(target: Target):
    return [equal((target.singular_values(mode) ** 2).sum(), (target.tensor**2).sum()) for mode in range(target.order)]


@conjecture
def slices_hold_the_norm(target: Target):
    return equal((target.slice_norms(0) ** 2).sum(), (target.tensor**2).sum())


@conjecture
def a_fraction_is_between_zero_and_one(seeds: Seeds):
    part = seeds.fraction(lambda run: run.losses[-1] < 0.5 * run.losses[0])
    return [at_most(part, 1.5), at_most(-part, 0.5)]


@conjecture(assumes="balanced")
def final_norms_counted_along_two_modes_agree(seeds: Seeds):
    squares = [seeds.mean(lambda run, mode=mode: (run.final.slice_norms(mode) ** 2).sum()) for mode in (0, 1)]
    return equal(*squares)


@conjecture(assumes="small")
def small_starts_stay_bounded(seeds: Seeds):
    return at_most(seeds.mean(lambda run: torch.linalg.vector_norm(run.final.tensor)), 100.0)
