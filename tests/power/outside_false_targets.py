"""False conjectures about representation costs and tensors, written by an outsider against the literature.

VIOLATIONS at the end gives the usual relative size by which each of them fails at depth=2 order=3 chain=column.
The comment before each says why it is false.
"""

import torch

from verify import Target, assume, at_most, conjecture, equal


def third_order(depth, order, chain):
    return order >= 3


def degree(target):
    """Degree of homogeneity of R_K in W."""
    return 2 / (1 + target.order * target.depth)


def rank_one_cost(target):
    """R_K of a tensor of rank one with this norm."""
    return (1 + target.order * target.depth) / 2 * target.tensor.norm() ** degree(target)


def turned(tensor, angle):
    """A first-order rotation of the first two slices."""
    out = tensor.clone()
    out[0] = tensor[0] - angle * tensor[1]
    out[1] = tensor[1] + angle * tensor[0]
    return out


# False: the degree is 2/(1 + NK) = 2/7; with 1e-6 more, 8**1e-6 is 2e-6 too much.
@conjecture(title="R_K has degree 2/(1 + NK) + 0.000001", source="a fitted exponent")
def cost_has_a_slightly_larger_degree(target: Target):
    scaled = target.like(8 * target.tensor).representation_cost()
    return equal(scaled, 8 ** (degree(target) + 1e-6) * target.representation_cost())


# False: the core counts too, so the degree is 2/(1 + NK), not 2/(NK).
@conjecture(title="R_K has degree 2/(NK)", source="Hariz et al. 2022, deep CP", applies=third_order)
def cost_has_degree_two_over_nk(target: Target):
    power = 2 / (target.order * target.depth)
    return equal(target.like(4 * target.tensor).representation_cost(), 4**power * target.representation_cost())


# False: a norm would scale with degree one.
@conjecture(title="R_K is a norm", source="nuclear norm at K = 0 and N = 2")
def cost_doubles_with_the_tensor(target: Target):
    return equal(target.like(2 * target.tensor).representation_cost(), 2 * target.representation_cost())


# False: first order in h = 1e-2; q (q - 1) / 2 h^2 is left out.
@conjecture(title="One per cent more W costs 2/(1+NK) per cent more", source="Euler's relation, finite step")
def one_per_cent_costs_its_degree(target: Target):
    dearer = target.like(1.01 * target.tensor).representation_cost()
    return equal(dearer, (1 + 0.01 * degree(target)) * target.representation_cost())


# False: the same with h = 1e-3, off by 1e-7.
@conjecture(title="One per mille more W costs 2/(1+NK) per mille more", source="Euler's relation, finite step")
def one_per_mille_costs_its_degree(target: Target):
    dearer = target.like(1.001 * target.tensor).representation_cost()
    return equal(dearer, (1 + 0.001 * degree(target)) * target.representation_cost())


# False with rank above one: then the cost exceeds that of a rank-one tensor of the same norm.
@conjecture(title="R_K depends on the Frobenius norm alone", source="N = 1")
def cost_depends_on_the_norm_alone(target: Target):
    return equal(target.representation_cost(), rank_one_cost(target))


# False with rank one (sizes 1 x 1 x 1), where it is an equality without the factor.
@conjecture(title="R_K is 1e-4 dearer than rank one", source="strict where weak")
def cost_is_strictly_above_rank_one(target: Target):
    return at_most(1.0001 * rank_one_cost(target), target.representation_cost())


# False with rank one likewise; violated by 1e-7.
@conjecture(title="R_K is 1e-7 dearer than rank one", source="strict where weak")
def cost_is_hardly_above_rank_one(target: Target):
    return at_most((1 + 1e-7) * rank_one_cost(target), target.representation_cost())


# False with rank one and norm other than one: 0.2857 is not 2/7.
@conjecture(
    title="Rank one costs 3.5 |W|^0.2857 at depth two",
    source="an exponent with four digits",
    applies=lambda K, N, c: K == 2 and N == 3,
)
def rank_one_costs_a_rounded_power(target: Target):
    assume(max(target.multilinear_rank()) == 1)
    return equal(target.representation_cost(), 3.5 * float(target.tensor.norm()) ** 0.2857)


# False: degrees 2/(K+1) and 2/(1+NK) differ, so a large rank-one tensor has the larger slice penalty.
@conjecture(title="One mode's slice penalty is at most the whole cost", source="part below whole", applies=third_order)
def slice_penalty_is_at_most_the_cost(target: Target):
    return at_most(target.slice_penalty(0), target.representation_cost())


# False: two slices of a rank-one tensor, apart, cost 2**(6/7) of what they cost together if equally large.
@conjecture(title="A tensor costs at least its slices, one by one", source="superadditivity")
def tensor_costs_at_least_its_slices(target: Target):
    parts = 0.0
    for i in range(target.sizes[0]):
        part = torch.zeros_like(target.tensor)
        part[i] = target.tensor[i]
        if part.norm() > 0:
            parts = parts + target.like(part).representation_cost()
    return at_most(parts, target.representation_cost())


# False: a rotation to first order in the angle 2e-3 stretches; rank one along it by (1 + 4e-6)**(1/7).
@conjecture(title="Infinitesimal rotations by 0.002 keep the cost", source="orthogonal invariance, linearised")
def linearised_rotations_keep_the_cost(target: Target):
    assume(target.sizes[0] >= 2)
    assume(target.tensor[:2].norm() > 0)
    return equal(target.like(turned(target.tensor, 2e-3)).representation_cost(), target.representation_cost())


# False: 1 + angle^2 > 1 for the two slices; off by 1e-10 relative to |W|^2 if they are all of W.
@conjecture(title="Infinitesimal rotations by 0.00002 keep the norm", source="orthogonal invariance, linearised")
def linearised_rotations_keep_the_norm(target: Target):
    assume(target.sizes[0] >= 2)
    return equal((turned(target.tensor, 2e-5) ** 2).sum(), (target.tensor**2).sum())


# False: other modes have other slices, e.g. one slice against two.
@conjecture(title="All modes have the same slice penalty", source="symmetry", applies=third_order)
def slice_penalties_agree_over_modes(target: Target):
    return equal(target.slice_penalty(1), target.slice_penalty(0))


# False: slices of a rank-one tensor may be spread over all indices, and I^(1 - 1/(K+1)) is then needed.
@conjecture(title="The slice penalty is bounded by the rank, not the size", source="Jensen, rank for size")
def slice_penalty_is_bounded_by_the_rank(target: Target):
    power = 1 / (target.depth + 1)
    bound = (target.depth + 1) / 2 * target.multilinear_rank()[0] ** (1 - power) * target.tensor.norm() ** (2 * power)
    return at_most(target.slice_penalty(0), bound)


# False for one slice (size-1 mode) or equal ones: Jensen's bound is attained.
@conjecture(title="The slice penalty is at most 0.995 of Jensen's bound", source="strict where weak")
def slice_penalty_is_strictly_below_jensens_bound(target: Target):
    power = 1 / (target.depth + 1)
    bound = (target.depth + 1) / 2 * target.sizes[1] ** (1 - power) * target.tensor.norm() ** (2 * power)
    return at_most(target.slice_penalty(1), 0.995 * bound)


# False: going to the singular basis makes slice norms more uneven and the penalty smaller.
@conjecture(title="Singular values give the slice penalty", source="HOSVD slices for slices")
def singular_values_give_the_slice_penalty(target: Target):
    s = target.singular_values(0)
    s = s[s > 1e-12 * s.max()]
    return equal(target.slice_penalty(0), (target.depth + 1) / 2 * (s ** (2 / (target.depth + 1))).sum())


# False with one live slice (size-1 mode), where the largest slice is the spectral norm.
@conjecture(title="Slices are a millionth below the spectral norm", source="strict where weak")
def slices_stay_strictly_below_the_spectral_norm(target: Target):
    return at_most(target.slice_norms(0).max(), (1 - 1e-6) * target.singular_values(0)[0])


# False for orthogonal slices (size-1 mode, superdiagonal): equality without the factor.
@conjecture(title="The nuclear norm is strictly below the sum of slice norms", source="triangle inequality, strict")
def nuclear_norm_is_strictly_below_the_slices(target: Target):
    total = 0.0
    for value in target.slice_norms(2 if target.order > 2 else 0).tolist():
        total += value
    mode = 2 if target.order > 2 else 0
    return at_most(target.singular_values(mode).sum(), (1 - 1e-8) * total)


# False with rank one: |W|_F^2 = spectral times nuclear.
@conjecture(title="|W|_F^2 is below 0.99999 spectral times nuclear", source="Hoelder, strict")
def hoelder_is_strict_for_singular_values(target: Target):
    s = target.singular_values(0)
    return at_most((target.tensor**2).sum(), 0.99999 * s[0] * s.sum())


# False: unfoldings share the Frobenius norm exactly.
@conjecture(title="Mode 1 holds a 5e-10 part more energy than mode 2", source="rounded energies")
def modes_hold_slightly_different_energies(target: Target):
    first = (target.singular_values(0) ** 2).sum()
    second = (target.singular_values(1) ** 2).sum()
    return equal(first, second * (1 + 5e-10))


# False: nuclear norms of unfoldings differ for N = 3, e.g. the identity as a slice of sizes 1 x 2 x 2.
@conjecture(title="All unfoldings have the same nuclear norm", source="matrix thinking", applies=third_order)
def nuclear_norms_agree_over_modes(target: Target):
    return equal(target.singular_values(0).sum(), target.singular_values(1).sum())


# False: sizes 1 x 2 x 2 allow ranks (1, 2, 2).
@conjecture(title="All modes have the same rank", source="row rank is column rank", applies=third_order)
def multilinear_ranks_agree(target: Target):
    ranks = [float(r) for r in target.multilinear_rank()]
    return equal(torch.tensor(ranks[1:]), torch.tensor(ranks[:1]).expand(len(ranks) - 1))


# False: thirds are not multiples of 1e-4 of the largest entry.
@conjecture(title="Four digits of the entries keep the cost", source="tensors written with %.4f")
def four_digits_keep_the_cost(target: Target):
    scale = target.tensor.abs().max()
    assume(scale > 0)
    third = target.tensor / (3 * scale)
    rounded = torch.round(third * 1e4) / 1e4
    return equal(target.like(rounded).representation_cost(), target.like(third).representation_cost())


# False: the number of slices is the limit K to infinity; at K = 2 a slice of norm g counts g^(2/3).
@conjecture(title="The slice penalty counts slices", source="(16) without the limit")
def slice_penalty_counts_slices(target: Target):
    live = (target.slice_norms(0) > 0).to(torch.float64).sum()
    return equal(2 / (target.depth + 1) * target.slice_penalty(0), live)


# False: at order two R_K is the Schatten quasi-norm with q = 2/(2K+1), not 2/(2K).
@conjecture(
    title="Mode unfoldings give R_K as Schatten quasi-norm to 2/(NK)", source="Arora et al. 2019, one layer too few"
)
def cost_is_a_schatten_norm_with_one_layer_too_few(target: Target):
    q = 2 / (target.order * target.depth)
    s = target.singular_values(0)
    s = s[s > 1e-12 * s.max()]
    return equal(target.representation_cost(), target.order * target.depth / 2 * (s**q).sum())


VIOLATIONS = {
    "cost-has-a-slightly-larger-degree": 1e-06,
    "cost-has-degree-two-over-nk": 1.0,
    "cost-doubles-with-the-tensor": 1.0,
    "one-per-cent-costs-its-degree": 1e-05,
    "one-per-mille-costs-its-degree": 1e-07,
    "cost-depends-on-the-norm-alone": 1.0,
    "cost-is-strictly-above-rank-one": 1e-04,
    "cost-is-hardly-above-rank-one": 1e-07,
    "rank-one-costs-a-rounded-power": 1e-05,
    "slice-penalty-is-at-most-the-cost": 1.0,
    "tensor-costs-at-least-its-slices": 1.0,
    "linearised-rotations-keep-the-cost": 1e-06,
    "linearised-rotations-keep-the-norm": 1e-09,
    "slice-penalties-agree-over-modes": 1.0,
    "slice-penalty-is-bounded-by-the-rank": 1.0,
    "slice-penalty-is-strictly-below-jensens-bound": 1e-02,
    "singular-values-give-the-slice-penalty": 1.0,
    "slices-stay-strictly-below-the-spectral-norm": 1e-06,
    "nuclear-norm-is-strictly-below-the-slices": 1e-08,
    "hoelder-is-strict-for-singular-values": 1e-05,
    "modes-hold-slightly-different-energies": 1e-09,
    "nuclear-norms-agree-over-modes": 1.0,
    "multilinear-ranks-agree": 1.0,
    "four-digits-keep-the-cost": 1e-05,
    "slice-penalty-counts-slices": 1.0,
    "cost-is-a-schatten-norm-with-one-layer-too-few": 1.0,
}
