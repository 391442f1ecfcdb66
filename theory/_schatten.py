"""Order 2: R_K is a Schatten quasi-norm, with a proof of the lower bound by the balance of a minimum."""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import pairwise

from sympy import Integer, Rational, Symbol, sympify

from . import notation as n
from ._derivation import Check, Derivation, Equality, Route, Step
from ._group_size import Depth, symbolic
from ._penalty import group_penalty
from ._words import Words, inner, matrix, rewrite, trace

A, B, C = matrix("A", "p", "q"), matrix("B", "q", "w"), matrix("C", "q", "J")


def gauge_rate(direction: Words) -> Words:
    """d/dt of 1/2 (||A||^2 + ||B||^2) while A moves by A X and B by -X B, X the direction."""
    half = (inner(A, A) + inner(B, B)).scaled(Rational(1, 2))
    return half.rate({"A": A @ direction, "B": -(direction @ B)})


def schatten(depth: Depth) -> Derivation:
    """R_K(W) = (2K+1)/2 ||W||_{S_q}^q, q = 2/(2K+1), from both sides."""
    k = sympify(depth)
    layers = 2 * k + 1
    lam = Symbol("lambda_j", positive=True)
    X, gap = matrix("X", "q", "q"), A.T @ A - B @ B.T
    inside, outside = matrix("sym_N", "q", "q"), matrix("sym_M", "p", "p")
    Q, power = matrix("Q", "I", "R"), matrix("sym_T", "R", "R")
    carried = ((A @ inside, outside @ A),)
    share = n.sigma ** (2 / layers)  # eigenvalue of A_1 A_1^T
    norm = n.sigma ** (k / layers)  # both column norms
    value = (n.sigma / norm**2) ** 2 / 2 + k * norm ** (2 / k)
    formula = group_penalty(depth)
    twice = formula.expression.subs(k, 2 * k) if symbolic(depth) else group_penalty(2 * depth).expression
    still = (A @ B).rate({"A": A @ X, "B": -(X @ B)})
    steps: list[Step] = [
        Equality(
            (Q @ power).T @ (Q @ power),
            power @ power,
            "polar form U = Q S^K, T = S^K: U^T U = S^(2K)",
            ((Q.T @ Q @ power, power),),
        ),
        Equality(
            (lam ** (1 / (2 * k))) ** 2,
            lam ** (1 / k),
            "so ||S||^2 = sum_j lambda_j^(1/K) <= sum_r ||u_r||^(2/K), by orthonormal-frames; so for mode 2",
        ),
        Equality(
            k + 1 + k, layers, "W = Q S^K G S'^K Q'^T: 2K + 1 matrices A_1 .. A_L whose squared norms cost no more"
        ),
        Equality(still, still - still, "A -> A e^(tX), B -> e^(-tX) B leaves the product of neighbours alone"),
        Equality(gauge_rate(X), inner(X, gap), "and changes half the squared norms at this rate"),
        Equality(
            gauge_rate(gap), inner(gap, gap), "so at a minimum A^T A = B B^T: otherwise X = -(A^T A - B B^T) lowers it"
        ),
        Equality(trace(A.T @ A), trace(B @ B.T), "balanced neighbours have equal norms", ((B @ B.T, A.T @ A),)),
        Equality(
            A @ inside @ A.T @ A,
            outside @ A @ A.T @ A,
            "induction on m: A (A^T A)^m = (A A^T)^m A, N and M the two powers",
            carried,
        ),
        Equality(
            A @ C @ C.T @ A.T,
            outside @ A @ A.T,
            "induction on the layers: what follows A has C C^T = (B B^T)^m = (A^T A)^m, so A C gives (A A^T)^(m+1)",
            ((C @ C.T, inside), *carried),
        ),
        Equality(share**layers, n.sigma**2, "hence W W^T = (A_1 A_1^T)^L: its eigenvalue sigma^2 is a^L"),
        Equality(layers * share / 2, twice, "and the L equal norms cost L/2 sum_j sigma_j^(2/L): the lower bound"),
        Equality((n.sigma / norm**2) ** 2, norm ** (2 / k), "attained in singular frames by (15): G^2 = s^(2/K)"),
        Equality(value, layers / 2 * share, "with the value of the lower bound"),
        Equality(value, twice, "it is (14) for the 2K + 1 blocks of a deep matrix"),
    ]
    longest = min(2 * depth + 1, 9) if isinstance(depth, int) else 7
    return Derivation(
        "schatten",
        "(15)",
        "Order 2: a Schatten quasi-norm",
        "N = 2: R_K(W) = (2K+1)/2 sum_j sigma_j^q, q = 2/(2K+1)",
        tuple(steps),
        "A least product exists: the factorizations of W are a closed set and the squared norm grows without bound. "
        "Being least it is balanced, and a balanced product has exactly this cost.",
        "all K >= 1, N = 2, all sizes",
        ((value, twice), (layers * share / 2, twice)),
        routes=(Route("balanced products", partial(balanced_product, longest)),),
        topic="regularizer",
        subjects=("Target",),
    )


@lru_cache(maxsize=16)
def balanced_product(layers: int) -> Check:
    """W W^T = (A_1 A_1^T)^L with every letter written out, by the rules A_(i+1) A_(i+1)^T = A_i^T A_i."""
    factors = [matrix(f"A{i}", f"x{i - 1}", f"x{i}") for i in range(1, layers + 1)]
    product = factors[0]
    for factor in factors[1:]:
        product = product @ factor
    square = factors[0] @ factors[0].T
    wanted = square
    for _ in range(layers - 1):
        wanted = wanted @ square
    rest = rewrite(product @ product.T, tuple((b @ b.T, a.T @ a) for a, b in pairwise(factors))) - wanted
    if not rest.is_zero:
        return Check(False, str(rest), f"{layers} balanced layers")
    return Check(True, "0", f"{Integer(layers)} layers written out letter by letter")
