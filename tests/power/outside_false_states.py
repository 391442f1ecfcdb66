"""False conjectures about one point of parameter space, written by an outsider against the literature.

VIOLATIONS at the end gives the usual relative size by which each of them fails at depth=2 order=3 chain=column.
The comment before each says why it is false.
"""

import math

import torch

from verify import State, assume, at_most, conjecture, equal


def deep_columns(depth, order, chain):
    return chain == "column" and depth >= 2


def deep(depth, order, chain):
    return depth >= 2


def third_order(depth, order, chain):
    return order >= 3


def unfold(tensor, mode):
    """The unfolding of a tensor: mode as rows."""
    return torch.movedim(tensor, mode, 0).reshape(tensor.shape[mode], -1)


def squared_size(state):
    """Sum of the squares of all parameters."""
    total = (state.core**2).sum()
    for mode in range(state.order):
        total = total + (state.vectors(mode) ** 2).sum()
        for matrix in state.chains(mode):
            total = total + (matrix**2).sum()
    return total


def gradient_square(state):
    return sum((block**2).sum() for block in state.block_gradients().values())


def downhill(state):
    return {name: -block for name, block in state.block_gradients().items()}


def multiplied(tensor, matrices):
    """tensor x_1 M_1 x_2 M_2 ..., one mode after the other."""
    for mode, matrix in enumerate(matrices):
        tensor = torch.movedim(torch.tensordot(matrix, tensor, dims=([1], [mode])), 0, mode)
    return tensor


# --- growth laws ------------------------------------------------------------------------------------------------------


# False: the exponent is K exactly; off by the factor g**-1e-5 unless g = 1.
@conjecture(
    title="Slice norms grow with power K - 0.00001", source="a fit to four decades of growth", assumes="balanced"
)
def slice_norms_grow_with_nearly_power_k(state: State):
    g = state.slice_norms(mode=0)
    return equal(state.rate(lambda s: s.slice_norms(mode=0)), g ** (state.depth - 1e-5) * state.alignment(mode=0))


# False: dg/dt = sigma / g * alignment, and sigma / g is not g^K where the blocks of a group have different norms.
@conjecture(title="Slice norms obey the power law from any start", source="Hariz et al. 2024 without its hypothesis")
def slice_norms_obey_the_power_law_from_any_start(state: State):
    g = state.slice_norms(mode=1)
    return equal(state.rate(lambda s: s.slice_norms(mode=1)), g**state.depth * state.alignment(mode=1))


# False: the factor is K + 1 = 3, not 3 + 1e-7.
@conjecture(
    title="Products of block norms grow with factor K + 1.0000001", source="Razin et al. 2021", assumes="balanced"
)
def sigma_grows_with_a_slightly_larger_factor(state: State):
    sigma = state.block_norms(mode=2).prod(0)
    power = 2 - 2 / (state.depth + 1)
    rate = state.rate(lambda s: s.block_norms(mode=2).prod(0))
    return equal(rate, (state.depth + 1 + 1e-7) * sigma**power * state.alignment(mode=2))


# False: 2 - 2/(K+1) is 4/3 at K = 2; off by the factor sigma**1e-8, not 1 unless sigma = 1.
@conjecture(title="sigma grows with power 1.33333334 at depth two", assumes="balanced", applies=lambda K, N, c: K == 2)
def sigma_grows_with_a_rounded_up_power(state: State):
    sigma = state.block_norms(mode=0).prod(0)
    assume(sigma.min() > 0)
    rate = state.rate(lambda s: s.block_norms(mode=0).prod(0))
    return equal(rate, 3 * sigma**1.33333334 * state.alignment(mode=0))


# False: the same with 1.3333 for 4/3, off by sigma**3.3e-5.
@conjecture(
    title="sigma grows with power 1.3333 at depth two",
    source="a table with four digits",
    assumes="balanced",
    applies=lambda K, N, c: K == 2 and c == "column",
)
def sigma_grows_with_power_four_digits(state: State):
    norms = state.block_norms(mode=1)
    sigma = norms[0] * norms[1] * norms[2]
    rate = state.rate(lambda s: s.block_norms(mode=1).prod(0))
    return equal(rate, 3 * sigma**1.3333 * state.alignment(mode=1))


# False: a guard in the denominator, relative to the point's own scale, lowers the alignment by 1e-8 of itself or more.
@conjecture(title="Power law with a guarded denominator", source="the usual + eps of code", assumes="balanced")
def power_law_holds_with_a_guarded_denominator(state: State):
    values = []
    for r in range(state.ranks[0]):
        sigma = state.block_norms(mode=0)[:, r].prod()
        guard = 1e-8 * state.block_norms(mode=0).prod(0).max()
        inner = -(state.gradient * state.component(0, r)).sum()
        values.append(inner / (sigma + guard) if sigma > 0 else 0 * inner)
    g = state.slice_norms(mode=0)
    return equal(state.rate(lambda s: s.slice_norms(mode=0)), g**state.depth * torch.stack(values))


# False: |dg/dt| = (product of the other block norms) * |alignment|; with larger other blocks it beats g^K |alignment|.
@conjecture(
    title="Unbalanced slices grow no faster than balanced ones", source="bound (10) without eps", assumes="unbalanced"
)
def unbalanced_slices_grow_no_faster(state: State):
    rate = state.rate(lambda s: s.slice_norms(mode=0)).abs()
    return at_most(rate, state.slice_norms(mode=0) ** state.depth * state.alignment(mode=0).abs())


# False: the blocks of all modes count, so the growth of |theta|^2 / 2 is -(1 + NK) <grad, W>; here the core is
# forgotten.
@conjecture(
    title="Half the squared parameters grow with NK times <-grad, W>", source="Lyu and Li 2020, degree off by one"
)
def squared_parameters_grow_with_degree_nk(state: State):
    growth = state.rate(squared_size) / 2
    return equal(growth, -state.order * state.depth * (state.gradient * state.tensor).sum())


# False: the degree is 1 + NK = 7, not 7.0000000007.
@conjecture(title="Half the squared parameters grow with 1.0000000001 (1 + NK) <-grad, W>", source="Lyu and Li 2020")
def squared_parameters_grow_a_hair_faster(state: State):
    growth = state.rate(squared_size) / 2
    degree = 1 + state.order * state.depth
    return equal(growth, -degree * (1 + 1e-10) * (state.gradient * state.tensor).sum())


# False: blocks count once each, so the true factor is 1; a constant rounded at the ninth digit.
@conjecture(title="The loss falls with 0.999999999 times the squared gradient", source="gradient flow")
def loss_falls_with_almost_the_squared_gradient(state: State):
    return equal(state.rate(lambda s: s.loss), -0.999999999 * gradient_square(state))


# False: the core belongs to a group in each of the N modes and is counted N times on the right.
@conjecture(title="The loss falls with the squared gradients of all groups", source="sum over modes and indices")
def loss_falls_with_the_sum_over_groups(state: State):
    total = 0.0
    for mode in range(state.order):
        for block in state.group_gradients(mode):
            total = total + (block**2).sum()
    return equal(state.rate(lambda s: s.loss), -total)


# --- conservation laws ------------------------------------------------------------------------------------------------


# False: d|a|/dt = inner / |a| and dg/dt = inner / g differ where the norms do.
@conjecture(
    title="Differences of block norms are conserved",
    source="Arora et al. 2018, squares forgotten",
    assumes="unbalanced",
)
def norm_differences_are_conserved(state: State):
    rates = state.rate(lambda s: s.block_norms(mode=0))
    return equal(rates[1:], rates[:1].expand_as(rates[1:]))


# False: only the power 2 is conserved; with 2.000001 the rates differ by 1e-6 log(|a| / g) of themselves.
@conjecture(
    title="Powers 2.000001 of block norms differ by a constant", source="exponent from a fit", assumes="unbalanced"
)
def nearly_squared_norm_differences_are_conserved(state: State):
    rates = state.rate(lambda s: s.block_norms(mode=0) ** 2.000001)
    return equal(rates[-1], rates[0])


# False: A^T A - a a^T is conserved, with factor one.
@conjecture(title="A^T A - 1.000000003 a a^T is conserved", source="Arora et al. 2018 (7)", applies=deep_columns)
def gram_difference_with_a_factor_is_conserved(state: State):
    last = state.rate(lambda s: torch.einsum("ir,jr->rij", s.vectors(0), s.vectors(0)))
    before = state.rate(lambda s: torch.einsum("rki,rkj->rij", s.chains(0)[:, -1], s.chains(0)[:, -1]))
    return equal(before, (1 + 3e-9) * last)


# False: transposed; A A^T moves with D u-like terms, not with a a^T (2 x 2 matrices already).
@conjecture(
    title="A A^T - a a^T is conserved", source="Arora et al. 2018, transpose on the wrong side", applies=deep_columns
)
def gram_difference_on_the_wrong_side_is_conserved(state: State):
    def difference(s):
        out = []
        for r in range(s.ranks[0]):
            matrix = s.chains(0)[r, -1]
            vector = s.vectors(0)[:, r]
            out.append(matrix @ matrix.T - torch.outer(vector, vector))
        return torch.stack(out)

    rate = state.rate(difference)
    return equal(rate, torch.zeros_like(rate))


# False at K = 2: <dL/da_r, a_s> is not <dL/dG_r, G_s> for r != s, since a_s passes through a matrix of its own.
@conjecture(
    title="a^T a - G G^T is conserved as a matrix at every depth", source="Du et al. 2018", applies=deep_columns
)
def whole_gram_matrices_are_conserved_between_core_and_vectors(state: State):
    def vectors(s):
        return s.vectors(1).T @ s.vectors(1)

    def slices(s):
        return unfold(s.core, 1) @ unfold(s.core, 1).T

    return equal(state.rate(vectors), state.rate(slices))


# False: |A^T A|_F^2 moves with 4 <A^T A, a a^T-rate>, |a|^4 with 4 |a|^2 inner; equal only where A is rank one along a.
@conjecture(
    title="|A|_4^4 - |a|^4 is conserved",
    source="Schatten norms of balanced networks",
    assumes="balanced",
    applies=deep_columns,
)
def schatten_four_norms_are_conserved(state: State):
    def schatten(s):
        matrices = s.chains(0)[:, -1]
        return ((matrices.transpose(1, 2) @ matrices) ** 2).sum((1, 2))

    return equal(state.rate(schatten), state.rate(lambda s: (s.vectors(0) ** 2).sum(0) ** 2))


# False: norms agree but the matrices of a norm-balanced column are of any rank; |A|_F > |A|_2 as soon as A has rank
# two.
@conjecture(
    title="Balanced chain matrices have rank one", source="Arora et al. 2018", assumes="balanced", applies=deep_columns
)
def balanced_chain_matrices_have_rank_one(state: State):
    matrices = state.chains(0)[:, -1]
    return equal(torch.linalg.matrix_norm(matrices), torch.linalg.svdvals(matrices)[:, 0])


# False: the gradient enters with its entries, not with its signs; they agree only where all entries are of one size.
@conjecture(title="Euler identity with the signs of the gradient", source="(5) for signed descent")
def euler_identity_with_the_signs_of_the_gradient(state: State):
    size = (state.gradient**2).mean().sqrt()
    signed = size * state.gradient.sign()
    inner = torch.stack([(signed * state.component(0, r)).sum() for r in range(state.ranks[0])])
    last = (state.group_gradients(0)[-1] * state.group_blocks(0)[-1]).sum(1)
    return equal(last, inner)


# --- discretised in the head ------------------------------------------------------------------------------------------


# False: the loss is a polynomial of degree 2(1 + NK); the term h^2/2 f'' is left out.
@conjecture(title="A step of one part in a thousand changes the loss linearly", source="descent lemma, equality")
def small_step_changes_the_loss_linearly(state: State):
    assume(gradient_square(state) > 0)
    h = 1e-3 * float(state.loss) / float(gradient_square(state))
    return equal(state.moved(downhill(state), h).loss, state.loss + h * state.rate(lambda s: s.loss))


# False: the same, a hundred times shorter: the error is 1e4 times smaller.
@conjecture(
    title="A step of one part in a hundred thousand changes the loss linearly", source="descent lemma, equality"
)
def tiny_step_changes_the_loss_linearly(state: State):
    assume(gradient_square(state) > 0)
    h = 1e-5 * float(state.loss) / float(gradient_square(state))
    return equal(state.moved(downhill(state), h).loss, state.loss + h * state.rate(lambda s: s.loss))


# False: a central difference forgets h^2/6 f''', and |W|^2 is a polynomial of degree 14.
@conjecture(title="Central differences give the growth of |W|^2", source="numerical differentiation")
def central_difference_gives_the_growth_of_the_tensor(state: State):
    assume(gradient_square(state) > 0)
    h = 3e-3 * (float(squared_size(state)) / float(gradient_square(state))) ** 0.5
    velocity = downhill(state)
    plus = (state.moved(velocity, h).tensor ** 2).sum()
    minus = (state.moved(velocity, -h).tensor ** 2).sum()
    return equal((plus - minus) / (2 * h), state.rate(lambda s: (s.tensor**2).sum()))


# False: a forward difference of the squared core norm is off by h |dG|^2, h > 0.
@conjecture(
    title="A forward difference gives the growth of the squared core",
    source="numerical differentiation",
    assumes="unbalanced",
)
def forward_difference_gives_the_growth_of_the_core(state: State):
    assume(gradient_square(state) > 0)
    h = 1e-6 * (float(squared_size(state)) / float(gradient_square(state))) ** 0.5
    ahead = (state.moved(downhill(state), h).core ** 2).sum()
    return equal((ahead - (state.core**2).sum()) / h, state.rate(lambda s: (s.core**2).sum()))


# --- ranks ------------------------------------------------------------------------------------------------------------


# False: core sizes above the mode's (R > I) have up to R live slices and rank at most I.
@conjecture(
    title="Live core slices are as many as the rank of the unfolding", source="Hariz et al. 2024, counting slices"
)
def live_slices_are_the_rank(state: State):
    live = int((state.slice_norms(0) > 0).sum())
    return equal(torch.tensor(float(live)), torch.tensor(float(state.multilinear_rank()[0])))


# False: a tensor of sizes 1 x 2 x 2 with identity as its slice has multilinear rank (1, 2, 2).
@conjecture(title="The rank of mode 2 is at most the live slices of mode 1", source="wrong mode", applies=third_order)
def rank_is_at_most_the_live_slices_of_another_mode(state: State):
    live = 0
    for norm in state.slice_norms(0).tolist():
        if norm > 0:
            live += 1
    return at_most(torch.tensor(float(state.multilinear_rank()[1])), torch.tensor(float(live)))


# False: r_1 <= r_2 r_3 is the inequality; sizes 3 x 2 x 2 allow r = (3, 2, 2), and 1 x 2 x 2 cannot cure mode 2 either.
@conjecture(title="A multilinear rank is at most the mean of all", source="wrong rank inequality", applies=third_order)
def ranks_are_at_most_their_mean(state: State):
    ranks = torch.tensor([float(r) for r in state.multilinear_rank()])
    return at_most(ranks.max(), ranks.mean())


# False for R > I, or for dependent columns: the factors then lose rank of the core.
@conjecture(title="The tensor has the multilinear rank of its core", source="Tucker with factors of full column rank")
def tensor_has_the_rank_of_its_core(state: State):
    of_core = [float(torch.linalg.matrix_rank(unfold(state.core, n))) for n in range(state.order)]
    return equal(torch.tensor([float(r) for r in state.multilinear_rank()]), torch.tensor(of_core))


# False with rank one, where the effective rank is exactly 1.
@conjecture(title="Effective rank stays a millionth below the rank", source="Roy and Vetterli 2007, strict")
def effective_rank_stays_strictly_below_the_rank(state: State):
    s = state.singular_values(0)
    assume(s[0] > 0)
    p = s / s.sum()
    entropy = -(p[p > 0] * p[p > 0].log()).sum()
    return at_most(entropy.exp(), state.multilinear_rank()[0] - 1e-6)


# --- norms ------------------------------------------------------------------------------------------------------------


# False with rank one, where the two norms agree: violated by 1e-4.
@conjecture(title="Nuclear norm is at most 0.9999 sqrt(rank) times the Frobenius norm", source="Cauchy-Schwarz, strict")
def nuclear_norm_is_strictly_below_cauchy_schwarz(state: State):
    s = state.singular_values(1)
    rank = max(state.multilinear_rank()[1], 1)
    return at_most(s.sum(), 0.9999 * rank**0.5 * torch.linalg.vector_norm(state.tensor))


# False: with two equal slices the spectral norm is sqrt(2) times the largest slice norm.
@conjecture(title="The spectral norm is at most the largest slice of W", source="norm inequality turned around")
def spectral_norm_is_at_most_the_largest_slice(state: State):
    largest = unfold(state.tensor, 0).norm(dim=1).max()
    return at_most(state.singular_values(0)[0], largest)


# False: G of spectral norm below its Frobenius norm and orthonormal factors (any superdiagonal start of rank two).
@conjecture(
    title="|W|_F is at most the spectral norms of core and factors", source="wrong norm", assumes="superdiagonal"
)
def frobenius_norm_is_at_most_the_spectral_norms(state: State):
    bound = torch.linalg.svdvals(unfold(state.core, 0))[0]
    for mode in range(state.order):
        bound = bound * torch.linalg.svdvals(state.factor(mode))[0]
    return at_most(state.tensor.norm(), bound)


# False for sizes 1 x 1 x 1, core 1 x 1 x 1: equality without the factor; violated by 2e-8.
@conjecture(title="Core gradient is below |grad| times the factors' spectral norms", source="strict where weak")
def core_gradient_is_strictly_below_its_bound(state: State):
    bound = torch.linalg.vector_norm(state.gradient)
    for mode in range(state.order):
        bound = bound * torch.linalg.matrix_norm(state.factor(mode), 2)
    core = torch.cat([block.flatten() for block in state.group_gradients(0)[:1]])
    return at_most(torch.linalg.vector_norm(core), (1 - 2e-8) * bound)


# False wherever grad is parallel to W: sizes 1 x 1 x 1, or one observed entry of a W with one entry.
@conjecture(title="|<grad, W>| is at most 0.99999 |grad| |W|", source="Cauchy-Schwarz, strict")
def gradient_and_tensor_are_never_parallel(state: State):
    inner = abs(float((state.gradient * state.tensor).sum()))
    return at_most(torch.tensor(inner), 0.99999 * state.gradient.norm() * state.tensor.norm())


# False for core size R = 1 (and for equal slices): equality without the factor.
@conjecture(title="The sum of slice norms is at most 0.9999999 sqrt(R) |G|", source="group lasso, strict")
def group_lasso_is_strictly_below_its_bound(state: State):
    g = state.slice_norms(2)
    return at_most(g.sum(), (1 - 1e-7) * math.sqrt(len(g)) * state.core.norm())


# False for a W with one entry, sizes 1 x 1 x 1: |W|_max is the spectral norm.
@conjecture(title="The largest entry is at most 0.997 times the spectral norm", source="strict where weak")
def largest_entry_is_well_below_the_spectral_norm(state: State):
    largest = 0.0
    for value in state.tensor.flatten().tolist():
        largest = max(largest, abs(value))
    return at_most(torch.tensor(largest), 0.997 * state.singular_values(0)[0])


# False for tied singular values: then the norm is 2**(1/1000) times the largest.
@conjecture(title="The Schatten norm of order 1000 is the spectral norm", source="limit p to infinity, taken too early")
def schatten_thousand_is_the_spectral_norm(state: State):
    s = state.singular_values(0)
    assume(s[0] > 0)
    return equal(s[0] * ((s / s[0]) ** 1000).sum() ** (1 / 1000), s[0])


# False: the ridge adds 1e-9 * trace >= 1e-9 * (largest eigenvalue) to the largest eigenvalue.
@conjecture(title="Singular values survive a ridge of 1e-9", source="Tikhonov in the normal equations")
def largest_singular_value_survives_a_ridge(state: State):
    matrix = unfold(state.tensor, 1)
    gram = matrix @ matrix.T
    gram = gram + 1e-9 * torch.trace(gram) * torch.eye(len(gram), dtype=gram.dtype)
    return equal(torch.linalg.eigvalsh(gram)[-1].clamp(min=0).sqrt(), state.singular_values(1)[0])


# False: every singular value is raised; a zero one to 1e-5 |W|.
@conjecture(title="The smoothed nuclear norm is the nuclear norm", source="iteratively reweighted least squares")
def smoothed_nuclear_norm_is_the_nuclear_norm(state: State):
    s = state.singular_values(0)
    return equal((s**2 + 1e-10 * (s**2).sum()).sqrt().sum(), s.sum())


# False: a third of a dyadic number is no float32; off by up to 6e-8.
@conjecture(title="Single precision stores the tensor", source="saved with numpy.float32")
def single_precision_stores_the_tensor(state: State):
    third = state.tensor / 3
    stored = third.to(torch.float32).to(torch.float64)
    return equal(stored, third)


# False: sums of squares agree over the modes, sums of fourth powers do not (sizes 1 x 2 x 2).
@conjecture(
    title="Fourth powers of slice norms add up alike in all modes", source="higher-order energy", applies=third_order
)
def fourth_powers_of_slices_agree_over_modes(state: State):
    sums = torch.stack([(state.slice_norms(mode) ** 4).sum() for mode in range(state.order)])
    return equal(sums[1:], sums[:-1])


# False: HOSVD errors add up to at most the tails, and for N = 3 in general to less.
@conjecture(
    title="Truncating the HOSVD to rank one costs at least all tails",
    source="De Lathauwer 2000, reversed",
    applies=third_order,
)
def hosvd_truncation_costs_at_least_all_tails(state: State):
    w = state.tensor
    projectors, tails = [], 0.0
    for mode in range(state.order):
        left, s, _ = torch.linalg.svd(unfold(w, mode), full_matrices=False)
        projectors.append(left[:, :1] @ left[:, :1].T)
        tails = tails + (s[1:] ** 2).sum()
    return at_most(tails, ((w - multiplied(w, projectors)) ** 2).sum())


# False where entries carry weights other than 0 and 1: 1/2 sum w r^2 is not 1/2 sum (w r)^2.
@conjecture(title="Loss is half the squared gradient", source="1/2 |P(W - T)|^2")
def loss_is_half_the_squared_gradient(state: State):
    return equal(state.loss, 0.5 * (state.gradient**2).sum())


# False at saddles (all blocks zero, target not): gradient zero, loss positive.
@conjecture(title="Polyak-Lojasiewicz holds with some constant", source="Arora et al. 2019, convergence rate")
def polyak_lojasiewicz_inequality(state: State):
    assume(state.loss > 1e-6)
    assume(state.loss < 1e6)
    return at_most(state.loss, 1e12 * gradient_square(state))


# False: sizes 1 x 1 x 1 with all blocks 2: |W_r| = 128, product of the group's norms 8.
@conjecture(title="A component is at most the product of its block norms", source="normalised direction of (10)")
def component_is_at_most_its_block_norms(state: State):
    norms = torch.stack([state.component(0, r).norm() for r in range(state.ranks[0])])
    return at_most(norms, state.block_norms(0).prod(0))


# False: |A a| <= |A| |a| with equality only for aligned rank one.
@conjecture(title="Column norms are products of block norms", source="(14) with equality", applies=deep_columns)
def column_norms_are_products_of_block_norms(state: State):
    return equal(state.factor(2).norm(dim=0), state.block_norms(2)[1:].prod(0))


# False: W holds g^(NK+1); the exponent 1e-4 below it is off by 1e-4 |log g|.
@conjecture(title="Superdiagonal entries are g^(NK + 0.9999)", source="Saxe et al. 2014", assumes="superdiagonal")
def superdiagonal_entries_have_a_slightly_lower_power(state: State):
    g = state.slice_norms(0)
    return equal((g ** (2 * state.order * state.depth + 2 - 2e-4)).sum(), (state.tensor**2).sum())


# False: each component grows with its own norm; W moves with the kernel of all blocks, not along the gradient alone.
@conjecture(
    title="W moves against its gradient with speed |W|^(2 - 2/(1+NK))", source="Arora et al. 2018", assumes="balanced"
)
def tensor_moves_straight_against_its_gradient(state: State):
    degree = 1 + state.order * state.depth
    speed = degree * torch.linalg.vector_norm(state.tensor) ** (2 - 2 / degree)
    return equal(state.rate(lambda s: s.tensor), -speed * state.gradient)


# False: sigma, not g, weighs the alignments to <-grad, W> alike in every mode.
@conjecture(
    title="g-weighted alignments add up alike in all modes", source="W = sum of components", assumes="unbalanced"
)
def g_weighted_alignments_agree_over_modes(state: State):
    sums = torch.stack([(state.slice_norms(n) * state.alignment(n)).sum() for n in range(state.order)])
    return equal(sums[1:], sums[:-1])


# False: components overlap; squared norms add up to |W|^2 only for orthogonal components. Off in general by the
# overlaps.
@conjecture(title="Components satisfy Pythagoras", source="structured sparsity")
def components_satisfy_pythagoras(state: State):
    total = sum((state.component(0, r) ** 2).sum() for r in range(state.ranks[0]))
    return equal(total, (state.tensor**2).sum())


# False: one column is shrunk by a hundredth of a percent in place, so one component in W is 1e-4 smaller.
@conjecture(title="W is made of its factors, the first column shrunk by 0.005 per cent", source="a careless copy")
def tensor_survives_a_shrunk_column(state: State):
    factor = state.factor(0).clone()
    factor[:, 0] *= 1 - 5e-5
    rebuilt = multiplied(state.core, [factor] + [state.factor(n) for n in range(1, state.order)])
    return equal(rebuilt, state.tensor)


# False: 0.7071 for sqrt(1/2) is off by 1e-5.
@conjecture(title="The loss falls with 2 * 0.7071^2 times the squared gradient", source="sqrt(1/2) with four digits")
def loss_falls_with_a_constant_of_four_digits(state: State):
    assume(gradient_square(state) > 0)
    rate = state.rate(lambda s: s.loss)
    return equal(rate, -((0.7071**2) * 2) * gradient_square(state))


# False: half the squared parameters grow with degree 1 + NK, not a hundredth more.
@conjecture(
    title="Half the squared parameters grow with 1.01 (1 + NK) <-grad, W>",
    source="homogeneity",
    assumes="unbalanced",
)
def radial_growth_has_a_slightly_larger_degree(state: State):
    growth = state.rate(squared_size) / 2
    inner = torch.zeros((), dtype=torch.float64)
    for r in range(state.ranks[0]):
        inner = inner - (state.gradient * state.component(0, r)).sum()
    return equal(growth, 1.01 * (1 + state.order * state.depth) * inner)


# False: the true term has no cut; entries of W below a 1e-3 part of the largest are left out.
@conjecture(title="Only entries above a thousandth of the largest make the norm", source="plots with a floor")
def entries_below_a_thousandth_do_not_count(state: State):
    w = state.tensor.clone()
    w[w.abs() < 1e-3 * w.abs().max()] = 0
    return equal(w, state.tensor)


# False: (1 + x)^K is not 1 + K x: growth over a factor 1.001 of g.
@conjecture(
    title="g^K is linear over a part in two thousand", source="linearised growth", assumes="balanced", applies=deep
)
def growth_is_linear_over_a_small_change(state: State):
    g = state.slice_norms(0)
    grown = (g * (1 + 5e-4)) ** state.depth
    linear = g**state.depth * (1 + state.depth * 5e-4)
    return equal(grown * state.alignment(0), linear * state.alignment(0))


# False: a logarithm of 1 + x cut after its first term.
@conjecture(
    title="log-growth equals relative growth at two parts in 100000", source="log(1 + x) = x", assumes="balanced"
)
def log_growth_is_relative_growth(state: State):
    g2 = (state.core**2).sum()
    assume(g2 > 0)
    return equal(torch.log1p(2e-5 * g2 / g2) * g2, 2e-5 * g2)


VIOLATIONS = {
    "slice-norms-grow-with-nearly-power-k": 1e-06,
    "slice-norms-obey-the-power-law-from-any-start": 1.0,
    "sigma-grows-with-a-slightly-larger-factor": 1e-07,
    "sigma-grows-with-a-rounded-up-power": 1e-08,
    "sigma-grows-with-power-four-digits": 1e-05,
    "power-law-holds-with-a-guarded-denominator": 1e-08,
    "unbalanced-slices-grow-no-faster": 1.0,
    "squared-parameters-grow-with-degree-nk": 1.0,
    "squared-parameters-grow-a-hair-faster": 1e-10,
    "loss-falls-with-almost-the-squared-gradient": 1e-09,
    "loss-falls-with-the-sum-over-groups": 1.0,
    "norm-differences-are-conserved": 1.0,
    "nearly-squared-norm-differences-are-conserved": 1e-06,
    "gram-difference-with-a-factor-is-conserved": 1e-09,
    "gram-difference-on-the-wrong-side-is-conserved": 1.0,
    "whole-gram-matrices-are-conserved-between-core-and-vectors": 1.0,
    "schatten-four-norms-are-conserved": 1.0,
    "balanced-chain-matrices-have-rank-one": 1.0,
    "euler-identity-with-the-signs-of-the-gradient": 1.0,
    "small-step-changes-the-loss-linearly": 1e-06,
    "tiny-step-changes-the-loss-linearly": 1e-10,
    "central-difference-gives-the-growth-of-the-tensor": 1e-03,
    "forward-difference-gives-the-growth-of-the-core": 1e-06,
    "live-slices-are-the-rank": 1.0,
    "rank-is-at-most-the-live-slices-of-another-mode": 1.0,
    "ranks-are-at-most-their-mean": 1.0,
    "tensor-has-the-rank-of-its-core": 1.0,
    "effective-rank-stays-strictly-below-the-rank": 1e-06,
    "nuclear-norm-is-strictly-below-cauchy-schwarz": 1e-04,
    "spectral-norm-is-at-most-the-largest-slice": 1.0,
    "frobenius-norm-is-at-most-the-spectral-norms": 1.0,
    "core-gradient-is-strictly-below-its-bound": 1e-08,
    "gradient-and-tensor-are-never-parallel": 1e-05,
    "group-lasso-is-strictly-below-its-bound": 1e-07,
    "largest-entry-is-well-below-the-spectral-norm": 1e-03,
    "schatten-thousand-is-the-spectral-norm": 1e-03,
    "largest-singular-value-survives-a-ridge": 1e-09,
    "smoothed-nuclear-norm-is-the-nuclear-norm": 1e-09,
    "single-precision-stores-the-tensor": 1e-08,
    "fourth-powers-of-slices-agree-over-modes": 1.0,
    "hosvd-truncation-costs-at-least-all-tails": 1.0,
    "loss-is-half-the-squared-gradient": 1.0,
    "polyak-lojasiewicz-inequality": 1.0,
    "component-is-at-most-its-block-norms": 1.0,
    "column-norms-are-products-of-block-norms": 1.0,
    "superdiagonal-entries-have-a-slightly-lower-power": 1e-05,
    "tensor-moves-straight-against-its-gradient": 1.0,
    "g-weighted-alignments-agree-over-modes": 1.0,
    "components-satisfy-pythagoras": 1.0,
    "tensor-survives-a-shrunk-column": 1e-04,
    "loss-falls-with-a-constant-of-four-digits": 1e-05,
    "radial-growth-has-a-slightly-larger-degree": 1e-02,
    "entries-below-a-thousandth-do-not-count": 1e-03,
    "growth-is-linear-over-a-small-change": 1e-07,
    "log-growth-is-relative-growth": 1e-05,
}
