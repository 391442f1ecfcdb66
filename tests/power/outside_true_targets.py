"""True statements about targets and their cost, written from the literature by someone who does not know the engine."""

import math

import torch

from verify import Target, assume, at_most, conjecture, equal


def has_factors(depth, order, chain):
    return depth >= 1


def matrices(depth, order, chain):
    return depth >= 1 and order == 2


def exponent(target):
    return 2 / (1 + target.order * target.depth)


def factor(target):
    return (1 + target.order * target.depth) / 2


def first_mode(matrix, tensor):
    return torch.tensordot(matrix, tensor, dims=([1], [0]))


# Proof: W is homogeneous of degree 1 + NK in the parameters; the sign goes into the core.
@conjecture(title="R_K(-sqrt(2) W / 3) by homogeneity", source="(15)", applies=has_factors)
def outside_cost_homogeneous_with_sign(target: Target):
    c = -math.sqrt(2) / 3
    return equal(
        target.like(c * target.tensor).representation_cost(), abs(c) ** exponent(target) * target.representation_cost()
    )


# Proof: the order of the modes is a name.
@conjecture(title="R_K does not see the order of the modes", source="(15)", applies=has_factors)
def outside_cost_of_the_transpose(target: Target):
    turned = target.tensor.permute(*reversed(range(target.order))).contiguous()
    return equal(target.like(turned).representation_cost(), target.representation_cost())


# Proof: orthogonal maps of a mode go into the first block of each chain without a change of norm.
@conjecture(title="R_K does not see rotations of a mode", source="(15)", applies=has_factors)
def outside_cost_of_a_rotation(target: Target):
    number = target.sizes[0]
    q = torch.linalg.matrix_exp(torch.tensor([[float(i - j) for j in range(number)] for i in range(number)]))
    return equal(target.like(first_mode(q, target.tensor)).representation_cost(), target.representation_cost())


# Proof: V with V^T V = I, here two copies of the identity over sqrt(2); apply V, then V^T.
@conjecture(title="R_K of two copies over sqrt(2)", source="(15), isometries", applies=matrices)
def outside_cost_of_two_copies(target: Target):
    doubled = torch.cat([target.tensor, target.tensor], 0) / math.sqrt(2)
    return equal(target.like(doubled).representation_cost(), target.representation_cost())


# Proof: a zero slice is an isometric embedding of the mode.
@conjecture(title="A zero slice is free", source="(15)", applies=has_factors)
def outside_cost_of_a_zero_slice(target: Target):
    padded = torch.cat([torch.zeros_like(target.tensor[:1]), target.tensor], 0)
    return equal(target.like(padded).representation_cost(), target.representation_cost())


# Proof: (15) for order 2: (2K+1)/2 times the Schatten quasi-norm to the power 2/(2K+1).
@conjecture(title="R_K of a matrix is a Schatten quasi-norm", source="(15)", applies=matrices)
def outside_cost_of_a_matrix(target: Target):
    total = 0.0
    for value in reversed(target.singular_values(1).tolist()):
        total += value ** exponent(target)
    return equal(target.representation_cost(), factor(target) * total)


# Proof: AM-GM over the 1 + NK blocks and ||W|| <= product of the norms; equality for rank one.
@conjecture(title="R_K is at least the cost of one component", source="(14), AM-GM", applies=has_factors)
def outside_cost_lower_bound(target: Target):
    norm = torch.linalg.vector_norm(target.tensor)
    return at_most(factor(target) * norm ** exponent(target), target.representation_cost())


# Proof: a rank-one tensor reaches the lower bound with one component.
@conjecture(title="R_K of a rank-one tensor", source="(14)", applies=has_factors)
def outside_cost_of_rank_one(target: Target):
    outer = torch.ones(())
    for mode in range(target.order):
        outer = outer[..., None] * target.slice_norms(mode)
    return equal(target.like(outer).representation_cost(), factor(target) * (outer**2).sum().sqrt() ** exponent(target))


# Proof: block-diagonal core and juxtaposed factors represent a sum at the sum of the costs.
@conjecture(title="R_K is subadditive", source="(15), block-diagonal core", applies=has_factors)
def outside_cost_subadditive(target: Target):
    other = torch.flip(target.tensor, dims=[0]) * 0.5
    both = target.like(target.tensor + other).representation_cost()
    return at_most(both, target.representation_cost() + target.like(other).representation_cost())


# Proof: subadditivity and the cost of single entries.
@conjecture(title="R_K is at most the sum over the entries", source="(15), CP of the entries", applies=has_factors)
def outside_cost_of_entries(target: Target):
    total = math.fsum(abs(x) ** exponent(target) for x in target.tensor.flatten().tolist())
    return at_most(target.representation_cost(), factor(target) * total)


# Proof: ||P||_2 = 1: replace the first block of each chain by P times it, which is no longer.
@conjecture(title="Averaging the slices never makes a tensor dearer", source="(15), contractions", applies=has_factors)
def outside_cost_of_the_average(target: Target):
    mean = target.tensor.mean(0, keepdim=True).expand_as(target.tensor).clone()
    return at_most(target.like(mean).representation_cost(), target.representation_cost())


# Proof: the same for the contraction diag(1, 1/2, 1/3, ..).
@conjecture(title="Damping slices never makes a tensor dearer", source="(15), contractions", applies=has_factors)
def outside_cost_of_damped_slices(target: Target):
    damped = target.tensor.clone()
    for i in range(target.sizes[0]):
        damped[i] /= i + 1
    return at_most(target.like(damped).representation_cost(), target.representation_cost())


# Proof: (sum x)^p <= sum x^p for p = 1/(K+1) and x the squared slice norms.
@conjecture(title="The slice penalty is at least that of one slice", source="(14), subadditivity of powers")
def outside_penalty_lower_bound(target: Target):
    k = target.depth
    norm = float((target.tensor**2).sum()) ** 0.5
    return at_most((k + 1) / 2 * norm ** (2 / (k + 1)), target.slice_penalty(0))


# Proof: power means; equality for slices of one norm.
@conjecture(title="The slice penalty is at most that of equal slices", source="(14), power means")
def outside_penalty_upper_bound(target: Target):
    k, number = target.depth, target.sizes[-1]
    norm = torch.linalg.vector_norm(target.tensor)
    return at_most(
        target.slice_penalty(target.order - 1), (k + 1) / 2 * number ** (k / (k + 1)) * norm ** (2 / (k + 1))
    )


# Proof: Schur-Horn: squared singular values majorise squared slice norms, and x^(1/(K+1)) is concave.
@conjecture(title="The slice penalty is at least its value in the singular frame", source="Schur-Horn, (14)")
def outside_penalty_above_singular_values(target: Target):
    k = target.depth
    return at_most((k + 1) / 2 * (target.singular_values(0) ** (2 / (k + 1))).sum(), target.slice_penalty(0))


# Proof: Schur-Horn, partial sums; missing singular values are zero.
@conjecture(title="Squared singular values majorise squared slice norms", source="Schur-Horn")
def outside_majorisation(target: Target):
    slices = torch.sort(target.slice_norms(0) ** 2, descending=True).values.cumsum(0)
    values = torch.zeros(target.sizes[0])
    values[: len(target.singular_values(0))] = target.singular_values(0) ** 2
    return at_most(slices, values.cumsum(0))


# Proof: an exact rescaling by a power of two and a sign leave every rank alone.
@conjecture(title="Ranks do not see the scale", source="linear algebra")
def outside_ranks_of_a_multiple(target: Target):
    assume((target.tensor != 0).any())
    return equal(
        torch.tensor(target.like(-8 * target.tensor).multilinear_rank()), torch.tensor(target.multilinear_rank())
    )
