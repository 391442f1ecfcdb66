"""True statements about single states, written from the literature by someone who does not know the engine."""

import math

import torch

from verify import State, assume, at_most, conjecture, equal


def unfold(tensor, mode):
    return tensor.movedim(mode, 0).reshape(tensor.shape[mode], -1)


def has_factors(depth, order, chain):
    return depth >= 1


def whole_matrix_law(depth, order, chain):
    return depth == 1 or (depth >= 1 and chain == "mode")


def private_chains(depth, order, chain):
    return depth >= 1 and chain != "mode"


def several_modes(depth, order, chain):
    return depth >= 1 and order >= 2


def all_squares(state):
    """Squared norm of all parameters; with one chain per mode the last factor is in the list already."""
    total = (state.core**2).sum()
    for mode in range(state.order):
        chain = state.chains(mode)
        if isinstance(chain, list):
            for matrix in chain:
                total = total + (matrix**2).sum()
        else:
            total = total + (state.vectors(mode) ** 2).sum() + (chain**2).sum()
    return total


def tail(values):
    return (values[1:] ** 2).sum()


# Proof: chain rule, dL/dt = <dL/dtheta, -dL/dtheta>.
@conjecture(title="The loss falls at the rate of the squared gradient", source="energy identity, plain Python sums")
def outside_energy_identity(state: State):
    total = 0.0
    for gradient in state.block_gradients().values():
        total += float((gradient**2).sum())
    return equal(state.rate(lambda s: s.loss), -total)


# Proof: definition of the loss 1/2 sum w (W - target)^2.
@conjecture(title="Twice the loss is <D, W> - <D, target>", source="expanding the residual")
def outside_loss_from_two_inner_products(state: State):
    d = state.gradient
    return equal(2 * state.loss, (d * state.tensor).sum() - (d * state.target).sum())


# Proof: Euler for a polynomial map of degree 1 + NK, d||theta||^2/dt = -2 <theta, dL/dtheta>.
@conjecture(title="All squared parameters move at -2(1+NK)<D, W>", source="Euler identity", applies=has_factors)
def outside_total_square_by_euler(state: State):
    inner = sum(a * b for a, b in zip(state.gradient.flatten(), state.tensor.flatten(), strict=True))
    return equal(state.rate(all_squares), -2 * (1 + state.order * state.depth) * inner)


# Proof: Cauchy-Schwarz on <theta, dL/dtheta> = (1+NK) <D, W>.
@conjecture(title="Euler's inner product is below parameters times speed", source="Cauchy-Schwarz", applies=has_factors)
def outside_euler_cauchy_schwarz(state: State):
    inner = (1 + state.order * state.depth) * (state.gradient * state.tensor).sum()
    return at_most(inner**2, all_squares(state) * -state.rate(lambda s: s.loss))


# Proof: chain rule.
@conjecture(title="The loss moves at <D, dW/dt>", source="chain rule")
def outside_loss_rate_through_the_tensor(state: State):
    return equal(
        state.rate(lambda s: s.loss), torch.tensordot(state.gradient, state.rate(lambda s: s.tensor), state.order)
    )


# Proof: product rule, dD/dt = w dW/dt.
@conjecture(title="d<W, D>/dt = <dW/dt, D + wW>", source="product rule")
def outside_rate_of_pairing(state: State):
    velocity = state.rate(lambda s: s.tensor)
    pairing = state.rate(lambda s: (s.tensor * s.gradient).sum())
    return equal(pairing, (velocity * state.gradient).sum() + (velocity * state.weights * state.tensor).sum())


# Proof: sum w^2 r^2 <= max w sum w r^2; equality where the weights agree.
@conjecture(title="||D||^2 <= 2 max(w) L", source="smoothness of the squared loss")
def outside_gradient_below_loss(state: State):
    return at_most((state.gradient**2).sum(), 2 * state.weights.max() * state.loss)


# Proof: Cauchy-Schwarz with weights; equality for residuals of one size, such as one observed entry.
@conjecture(title="(sum w |W - target|)^2 <= 2 L sum w", source="Cauchy-Schwarz")
def outside_absolute_residuals(state: State):
    total = float(state.gradient.abs().sum())
    return at_most(total * total, 2 * float(state.loss) * float(state.weights.sum()))


# Proof: dL/dG = D x_n U^(n)T, and ||A x_n B|| >= sigma_min(B) ||A|| where B has full column rank; else 0 stands there.
@conjecture(title="A Polyak-Lojasiewicz bound from the factors", source="Kronecker structure", applies=has_factors)
def outside_polyak_lojasiewicz(state: State):
    constant = 1.0
    for mode in range(state.order):
        values = torch.linalg.svdvals(state.factor(mode))
        constant = constant * (values[-1] ** 2 if state.ranks[mode] >= state.sizes[mode] else 0.0)
    return at_most(constant * (state.gradient**2).sum(), -state.rate(lambda s: s.loss))


# Proof: dL/dG = D x_n U^(n)T and submultiplicativity.
@conjecture(title="||dL/dG|| <= ||D|| prod ||U||_2", source="submultiplicativity", applies=has_factors)
def outside_core_gradient_bound(state: State):
    bound = torch.linalg.vector_norm(state.gradient)
    for mode in reversed(range(state.order)):
        bound = bound * torch.linalg.matrix_norm(state.factor(mode), 2)
    return at_most(torch.linalg.vector_norm(state.block_gradients()["G"]), bound)


# Proof: <dL/dG_r, G_r> = <D, W_r>, so d||G_r||^2/dt = 2 <-D, W_r> for every r; weighted sum.
@conjecture(title="Weighted slice energies move with weighted components", source="(5)")
def outside_weighted_slice_energy(state: State):
    last = state.order - 1
    number = state.ranks[last]
    weights = torch.tensor([1.0 / (r + 3) for r in range(number)])
    predicted = 0.0
    for r in reversed(range(number)):
        predicted -= 2 / (r + 3) * (state.gradient * state.component(last, r)).sum().item()
    return equal(state.rate(lambda s: (weights * s.slice_norms(last) ** 2).sum()), predicted)


# Proof: function of a conserved quantity; the rate is 3 d^2 * 0.
@conjecture(title="The cube of a norm difference is conserved", source="(6)", applies=has_factors)
def outside_cubed_difference_is_conserved(state: State):
    def cube(s):
        return ((s.core**2).movedim(0, -1).reshape(-1, s.ranks[0]).sum(0) - (s.vectors(0) ** 2).sum(0)) ** 3

    return equal(state.rate(cube), torch.zeros(state.ranks[0]))


# Proof: (6) summed over the groups of the last mode.
@conjecture(title="Core and last blocks gain the same energy", source="(6), Arora 2018", applies=has_factors)
def outside_core_and_vectors_gain_alike(state: State):
    last = state.order - 1
    return equal(state.rate(lambda s: (s.core**2).sum()), state.rate(lambda s: s.vectors(last).square().sum()))


# Proof: (7) contracted with a constant symmetric matrix, here Hilbert's (ill-conditioned, but only multiplied).
@conjecture(title="A Hilbert-weighted Gram balance is conserved", source="(7)", applies=whole_matrix_law)
def outside_hilbert_weighted_balance(state: State):
    number = state.ranks[0]
    hilbert = torch.tensor([[1 / (i + j + 1) for j in range(number)] for i in range(number)])
    left = state.rate(lambda s: (hilbert * (s.vectors(0).T @ s.vectors(0))).sum())
    return equal(left, state.rate(lambda s: (hilbert * (unfold(s.core, 0) @ unfold(s.core, 0).T)).sum()))


# Proof: the maximum of absolute values of conserved quantities is conserved, whichever of them is largest.
@conjecture(title="Unbalancedness does not move", source="(6)", applies=has_factors)
def outside_unbalancedness_rate_is_zero(state: State):
    return equal(state.rate(lambda s: s.unbalancedness()), 0.0)


# Proof: Jacobi's formula; I + U^T U is positive definite.
@conjecture(title="Jacobi's formula for log det(I + U^T U)", source="Jacobi", applies=has_factors)
def outside_jacobi(state: State):
    def shifted(s):
        u = s.factor(0)
        return torch.eye(u.shape[1]) + u.T @ u

    solved = torch.linalg.solve(shifted(state), state.rate(shifted))
    return equal(state.rate(lambda s: torch.linalg.slogdet(shifted(s))[1]), torch.trace(solved))


# Proof: d(M^-1) = -M^-1 dM M^-1; M = I + U U^T is positive definite.
@conjecture(title="Derivative of an inverse", source="matrix calculus", applies=has_factors)
def outside_rate_of_inverse(state: State):
    def shifted(s):
        return torch.eye(s.sizes[0]) + s.factor(0) @ s.factor(0).T

    inverse = torch.linalg.inv(shifted(state))
    return equal(state.rate(lambda s: torch.linalg.inv(shifted(s))), -inverse @ state.rate(shifted) @ inverse)


# Proof: quotient rule; the denominator is at least 1.
@conjecture(title="Quotient rule for W / (1 + ||W||^2)", source="calculus")
def outside_quotient_rule(state: State):
    w, v = state.tensor, state.rate(lambda s: s.tensor)
    q = 1 + (w**2).sum()
    rate = state.rate(lambda s: s.tensor / (1 + (s.tensor**2).sum()))
    return equal(rate, v / q - 2 * w * (w * v).sum() / q**2)


# Proof: balanced: product of norms = g^(K+1) and d g^2/dt = 2 <-D, W_r> = 2 g^(K+1) alignment; power rule.
@conjecture(title="g^(2K+2) obeys its power law", source="(8)-(9)", assumes="balanced", applies=private_chains)
def outside_high_power_law(state: State):
    k = state.depth
    g2 = state.slice_norms(0) ** 2
    rate = state.rate(lambda s: (s.slice_norms(0) ** 2) ** (k + 1))
    return equal(rate, 2 * (k + 1) * g2**k * g2.sqrt() ** (k + 1) * state.alignment(0))


# Proof: each other squared block norm is at most g^2 + eps; equality for balanced groups.
@conjecture(title="Components are bounded by slice norms and unbalancedness", source="(10)")
def outside_component_bound_by_unbalancedness(state: State):
    g2 = state.slice_norms(0) ** 2
    others = state.block_norms(0).shape[0] - 1
    bound = g2 * (g2 + state.unbalancedness()) ** others * state.alignment(0) ** 2
    return at_most(state.component_inner(0) ** 2, bound)


# Proof: AM-GM; equality at every balanced group, where both sides are computed along different ways.
@conjecture(title="Product of squared block norms below the power of their mean", source="AM-GM", assumes="balanced")
def outside_am_gm_when_balanced(state: State):
    norms = state.block_norms(state.order - 1)
    number = norms.shape[0]
    mean = sum(norms[k] ** 2 for k in range(number)) / number
    return at_most(math.prod(norms[k] for k in range(number)) ** 2, mean**number)


# Proof: AM-GM for any groups, in logarithms' stead with roots of tiny numbers.
@conjecture(title="Root of the product of squared block norms below their mean", source="AM-GM")
def outside_am_gm_root(state: State):
    squares = state.block_norms(0) ** 2
    return at_most(squares.prod(0) ** (1 / squares.shape[0]), squares.mean(0))


# Proof: W_r = G_r x_m U^(m) times u_r, each product bounded by norms; alignment of a zero group is 0.
@conjecture(
    title="Alignment below ||D|| and the other factors", source="(8), submultiplicativity", applies=private_chains
)
def outside_alignment_bound(state: State):
    bound = float(torch.linalg.vector_norm(state.gradient))
    for mode in range(1, state.order):
        bound *= torch.linalg.svdvals(state.factor(mode)).max().item()
    return at_most(state.alignment(0).abs(), bound)


# Proof: Cauchy-Schwarz on (5) for each block.
@conjecture(title="Each block's gradient is large enough for its component", source="(5), Cauchy-Schwarz")
def outside_block_gradients_cauchy_schwarz(state: State):
    pairs = zip(state.group_blocks(0), state.group_gradients(0), strict=True)
    bounds = torch.stack([(b**2).sum(1) * (g**2).sum(1) for b, g in pairs])
    return at_most(state.component_inner(0) ** 2, bounds)


# Proof: W is the sum of its components; for one index both sides are zero.
@conjecture(title="W less its first component is the sum of the others", source="(4)")
def outside_all_but_one_component(state: State):
    rest = torch.zeros_like(state.tensor)
    for r in reversed(range(1, state.ranks[0])):
        rest += state.component(0, r)
    return equal(state.tensor - state.component(0, 0), rest)


# Proof: the unfolding of a component is an outer product u_r (x) v, hence of rank one.
@conjecture(title="A component has one singular value in its mode", source="(4)", applies=has_factors)
def outside_component_has_rank_one(state: State):
    last = state.order - 1
    worst = max(
        float(torch.linalg.svdvals(unfold(state.component(last, r), last))[1:].sum()) for r in range(state.ranks[last])
    )
    return at_most(worst, 0)


# Proof: Eckart-Young against the truncation in all other modes, whose squared error is at most the sum of their tails.
@conjecture(title="Tail of one unfolding below the tails of the others", source="De Lathauwer 2000, HOSVD")
def outside_tails_of_unfoldings(state: State):
    tails = [tail(state.singular_values(mode)) for mode in range(state.order)]
    assume(state.order >= 2)
    return at_most(tails[0], sum(tails[1:]))


# Proof: two unfoldings of a matrix are transposes of each other.
@conjecture(
    title="Both unfoldings of a matrix have the same spectrum and rank",
    source="linear algebra",
    applies=lambda depth, order, chain: order == 2,
)
def outside_matrix_spectra_agree(state: State):
    number = min(state.sizes)
    return equal(state.singular_values(0)[:number], state.singular_values(1)[:number])


# Proof: rank of the unfolding is at most R_n, so ||W||^2 <= min(I_n, R_n) sigma_1^2.
@conjecture(title="Stable rank is at most the core size", source="numerical rank", applies=has_factors)
def outside_stable_rank(state: State):
    last = state.order - 1
    top = state.singular_values(last)[0]
    return at_most((state.tensor**2).sum(), min(state.sizes[last], state.ranks[last]) * top**2)


# Proof: entropy of at most min(I, R) masses; equality for equal singular values.
@conjecture(title="Effective rank is at most the core size", source="Roy, Vetterli 2007", applies=has_factors)
def outside_effective_rank(state: State):
    values = state.singular_values(0)
    assume(values[0] > 0)
    p = values / values.sum()
    entropy = -torch.where(p > 0, p * torch.log(torch.where(p > 0, p, 1.0)), 0.0).sum()
    return at_most(torch.exp(entropy), float(min(state.sizes[0], state.ranks[0])))


# Proof: Mirsky's inequality for unitarily invariant norms; equality for a zero target.
@conjecture(title="Singular values move less than the tensor", source="Mirsky 1960")
def outside_mirsky(state: State):
    mine, other = state.singular_values(0), torch.linalg.svdvals(unfold(state.target, 0))
    number = min(len(mine), len(other))
    return at_most(((mine[:number] - other[:number]) ** 2).sum(), ((state.tensor - state.target) ** 2).sum())


# Proof: von Neumann's trace inequality.
@conjecture(title="|<W, target>| <= sum of products of singular values", source="von Neumann 1937")
def outside_von_neumann(state: State):
    last = state.order - 1
    a = torch.linalg.svdvals(unfold(state.tensor, last))
    b = torch.linalg.svdvals(unfold(state.target, last))
    return at_most(abs(float((state.tensor * state.target).sum())), (a * b).sum())


# Proof: Rotfel'd 1969: sum sigma^p is subadditive for 0 < p <= 1. Rounding of a zero singular value has the root 1e-4.
@conjecture(title="The Schatten-1/4 sum is subadditive", source="Rotfel'd 1969")
def outside_rotfeld(state: State):
    def quasi(tensor):
        return (torch.linalg.svdvals(unfold(tensor, 0)) ** 0.25).sum()

    return at_most(quasi(state.tensor + state.target), quasi(state.tensor) + quasi(state.target))


# Proof: the core of the HOSVD has slices of norm sigma, also for repeated singular values.
@conjecture(title="Slices of the HOSVD core have the singular values as norms", source="De Lathauwer 2000")
def outside_hosvd_core(state: State):
    core = state.tensor.clone()
    for mode in range(state.order):
        u = torch.linalg.svd(unfold(state.tensor, mode), full_matrices=False)[0]
        core = torch.tensordot(core, u, dims=([mode], [0])).movedim(-1, mode)
    norms = torch.linalg.vector_norm(unfold(core, 0), dim=1)
    return equal(norms, state.singular_values(0)[: len(norms)])


# Proof: det(M M^T) is the product of the squared singular values; the smaller Gram matrix.
@conjecture(title="Determinant of the Gram matrix is the product of squared singular values", source="linear algebra")
def outside_gram_determinant(state: State):
    m = unfold(state.tensor, 0)
    gram = m @ m.T if m.shape[0] <= m.shape[1] else m.T @ m
    return equal(torch.linalg.det(gram), (torch.linalg.svdvals(m) ** 2).prod())


# Proof: Hadamard's inequality for the positive semidefinite U^T U (zero determinant where R > I).
@conjecture(title="Hadamard's inequality for a factor", source="Hadamard 1893", applies=has_factors)
def outside_hadamard(state: State):
    u = state.factor(state.order - 1)
    return at_most(torch.linalg.det(u.T @ u), (u**2).sum(0).prod())


# Proof: eigenvalues are nonnegative, so tr M^2 <= (tr M)^2; equality for rank one.
@conjecture(title="tr M^2 <= (tr M)^2 for a Gram matrix", source="Newton's inequalities")
def outside_second_elementary_symmetric(state: State):
    gram = unfold(state.tensor, 0) @ unfold(state.tensor, 0).T
    return at_most(torch.trace(gram @ gram), torch.trace(gram) ** 2)


# Proof: tr (M M^T)^3 = sum sigma^6.
@conjecture(title="Third trace is the sum of sixth powers", source="linear algebra")
def outside_third_trace(state: State):
    gram = unfold(state.tensor, 0) @ unfold(state.tensor, 0).T
    total = math.fsum(float(x) ** 6 for x in state.singular_values(0))
    return equal(torch.trace(gram @ gram @ gram), total)


# Proof: polarisation; cancels badly where W and the target differ in size.
@conjecture(title="Polarisation identity", source="linear algebra")
def outside_polarisation(state: State):
    plus = ((state.tensor + state.target) ** 2).sum()
    minus = ((state.tensor - state.target) ** 2).sum()
    return equal((plus - minus) / 4, (state.tensor * state.target).sum())


# Proof: expanding the square; the left side loses every digit of a small W.
@conjecture(title="||W - target||^2 - ||target||^2 = ||W||^2 - 2<W, target>", source="expanding a square")
def outside_difference_of_squares(state: State):
    w, t = state.tensor.flatten().tolist(), state.target.flatten().tolist()
    left = sum((a - b) ** 2 for a, b in zip(w, t, strict=True)) - sum(b * b for b in t)
    return equal(left, sum(a * a for a in w) - 2 * sum(a * b for a, b in zip(w, t, strict=True)))


# Proof: Lagrange's identity; the right side cancels where all entries agree.
@conjecture(title="Pairwise differences and the variance", source="Lagrange's identity")
def outside_lagrange_identity(state: State):
    w = state.tensor.flatten()
    pairs = 0.5 * ((w[:, None] - w[None, :]) ** 2).sum()
    return equal(pairs, len(w) * (w**2).sum() - w.sum() ** 2)


# Proof: prod (1 + x_i) >= 1 + sum x_i for x_i >= 0 (Weierstrass); for tiny W the right side rounds to 0.
@conjecture(title="sum w^2 <= prod(1 + w^2) - 1", source="Weierstrass' product inequality")
def outside_weierstrass_product(state: State):
    w = state.tensor.flatten()
    return at_most((w**2).sum(), torch.prod(1 + w**2) - 1)


# Proof: sqrt(1 + x) <= 1 + x/2; the left side rounds to 0 or to eps for tiny W.
@conjecture(title="sqrt(1 + ||W||^2) - 1 <= ||W||^2 / 2", source="concavity of the root")
def outside_root_below_tangent(state: State):
    square = (state.tensor**2).sum()
    return at_most(torch.sqrt(1 + square) - 1, square / 2)


# Proof: one entry removed takes away its own square, however small it is beside the others.
@conjecture(title="Removing the smallest entry takes its square", source="Pythagoras")
def outside_remove_the_smallest_entry(state: State):
    copy = state.tensor.clone().flatten()
    index = int(copy.abs().argmin())
    square = copy[index] ** 2
    before = (copy**2).sum()
    copy[index] = 0
    return equal(before - (copy**2).sum(), square)


# Proof: rearrangement inequality.
@conjecture(title="<W, target> <= <sorted W, sorted target>", source="Hardy, Littlewood, Polya")
def outside_rearrangement(state: State):
    w, t = sorted(state.tensor.flatten().tolist()), sorted(state.target.flatten().tolist())
    return at_most((state.tensor * state.target).sum(), sum(a * b for a, b in zip(w, t, strict=True)))


# Proof: max <= logsumexp <= max + log n; equality for n = 1 and for equal entries.
@conjecture(title="logsumexp is at most the maximum plus log n", source="convex analysis")
def outside_logsumexp(state: State):
    w = state.tensor.flatten()
    return at_most(torch.logsumexp(w, 0), w.max() + math.log(len(w)))


# Proof: 0 <= sum (|w| - mean)^2 for cubes: power means grow with the exponent.
@conjecture(title="Power means of the entries grow", source="power mean inequality")
def outside_power_means(state: State):
    w = state.tensor.abs().flatten()
    return at_most((w**2).mean() ** (1 / 2), (w**3).mean() ** (1 / 3))


# Proof: (12): x = g^(NK+1), dx/dt = (NK+1) g^(2NK) (lambda - x), dead slices contribute nothing.
@conjecture(title="Energy of aligned components", source="(12)", assumes="superdiagonal", applies=several_modes)
def outside_superdiagonal_energy(state: State):
    m = state.order * state.depth
    g = state.slice_norms(0)
    total = 0.0
    for r in range(min(min(state.sizes), min(state.ranks))):
        total -= (m + 1) * float(g[r]) ** (2 * m) * float(state.gradient[(r,) * state.order]) ** 2
    return equal(state.rate(lambda s: s.loss), total)


# Proof: (12): the entries of W are g^(NK+1), everything else is zero.
@conjecture(title="Norm of an aligned tensor", source="(12)", assumes="superdiagonal", applies=several_modes)
def outside_superdiagonal_norm(state: State):
    g2 = state.slice_norms(state.order - 1) ** 2
    return equal((state.tensor**2).sum(), (g2 ** (state.order * state.depth + 1)).sum())


# Proof: Hoelder: sum w^2 <= max |w| sum |w|; equality for entries of one size.
@conjecture(title="||W||^2 <= ||W||_1 max|W|", source="Hoelder")
def outside_hoelder(state: State):
    w = [abs(x) for x in state.tensor.flatten().tolist()]
    return at_most(torch.linalg.vector_norm(state.tensor) ** 2, sum(w) * max(w))


# Proof: matrix-balanced: U_n^T U_n = G_(n) G_(n)^T at depth 1 (and for the last factor of one chain per mode).
@conjecture(
    title="Last factor and core share singular values",
    source="(13)",
    assumes="matrix-balanced",
    applies=whole_matrix_law,
)
def outside_shared_singular_values(state: State):
    a = torch.linalg.svdvals(state.vectors(0))
    b = torch.linalg.svdvals(unfold(state.core, 0))
    return equal((a**4).sum(), (b**4).sum())
