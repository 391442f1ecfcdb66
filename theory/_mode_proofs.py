"""chain="mode", matrix-balanced: singular values are shared along a chain and obey (8).  Source: (13)."""

from __future__ import annotations

from sympy import sympify

from . import notation as n
from ._chain_proofs import D
from ._derivation import Derivation, Equality, Step
from ._group_size import Depth
from ._slice_norms import slice_norm_rate
from ._words import constant, inner, matrix, trace


def mode_singular_values(depth: Depth) -> Derivation:
    """ds/dt = s^K <-grad L, W_r / s^(K+1)> for a simple singular value s of the core unfolding.  Source: (13)."""
    s = n.g
    A, B, x = matrix("A", "p", "q"), matrix("B", "q", "w"), matrix("x", "w", "1")
    F, G, X = matrix("F", "q", "R"), matrix("G", "R", "Q"), matrix("X", "Q", "J")
    U, v, w = matrix("U", "I", "R"), matrix("v", "R", "1"), matrix("w", "Q", "1")
    one = constant(1)
    core = (((G @ G.T) @ v, v.scaled(s**2)),)
    unit = (trace(v.T @ v), one), (trace(w.T @ w), one)
    pair = ((G.T @ v, w.scaled(s)), (G @ w, v.scaled(s)))
    still = (
        (trace(v.T @ matrix("dot_v", "R", "1")), constant(0)),
        (trace(w.T @ matrix("dot_w", "Q", "1")), constant(0)),
    )
    dot = {"v": matrix("dot_v", "R", "1"), "w": matrix("dot_w", "Q", "1"), "G": matrix("dot_G", "R", "Q")}
    value = v.T @ G @ w
    pull = U @ v @ w.T @ X
    velocity = -(U.T @ D @ X.T)
    tail = matrix("C", "q", "w")  # a factor that follows F in its chain, or a column of the core
    flow = {"G": velocity}
    inside = inner(D, U @ G @ X)
    whole = inner(D, U @ G @ G.T @ G @ X)
    blocks = sympify(depth) + 1
    share = n.alignment * s**blocks / s
    steps: list[Step] = [
        Equality(G @ G.T @ v, v.scaled(s**2), "v and w are a pair of singular vectors of G_(n)", pair),
        Equality(
            F.T @ F @ v,
            v.scaled(s**2),
            "matrix balance F^T F = G G^T: the last factor F shares s, with v",
            ((F.T @ F, G @ G.T), *core),
        ),
        Equality(
            A.T @ A @ (B @ x),
            (B @ x).scaled(s**2),
            "induction up the chain: A^T A = B B^T carries s from B (with x) to A (with B x)",
            ((A.T @ A, B @ B.T), (B.T @ B @ x, x.scaled(s**2))),
        ),
        Equality(
            trace((B @ x).T @ (B @ x)),
            constant(s**2),
            "each factor stretches the carried vector by s, so the product of the K + 1 norms is s^(K+1)",
            ((B.T @ B @ x, x.scaled(s**2)), (trace(x.T @ x), one)),
        ),
        Equality(
            value.rate(dot),
            v.T @ dot["G"] @ w,
            "s = v^T G w; unit vectors move at right angles to themselves",
            (*pair, *still),
            names=("ds/dt", "v^T (dG/dt) w"),
        ),
        Equality(
            v.T @ velocity @ w,
            -inner(D, pull),
            "gradient flow of the core, W_(n) = U G X",
            names=("v^T (dG/dt) w", "-<D, U v w^T X>"),
        ),
        Equality(
            inner(D, U @ v @ v.T @ G @ X),
            inner(D, pull).scaled(s),
            "the component of the HOSVD direction v",
            pair,
            names=("<D, W_r>", "s <D, U v w^T X>"),
        ),
        Equality(trace(v.T @ v @ w.T @ w), constant(1), "unit vectors", unit),
        Equality(
            trace(G @ G.T).rate(flow),
            inside.scaled(-2),
            "where singular values meet or vanish: the moments of P = G G^T are smooth, W = U G X",
            names=("d/dt tr P", "-2 <D, W>"),
        ),
        Equality(
            inner(D, U @ v @ v.T @ G @ X).scaled(1 / s).scaled(2 * s),
            inner(D, U @ v @ v.T @ G @ X).scaled(2),
            "and 2 s ds/dt = -2 <D, W_r>; over all r the v v^T sum to the identity, the W_r to W",
        ),
        Equality(
            trace(G @ G.T @ G @ G.T).rate(flow),
            whole.scaled(-4),
            "likewise the second moment",
            names=("d/dt tr P^2", "-4 <D, U P G X>"),
        ),
        Equality(
            inner(D, U @ G @ G.T @ v @ v.T @ G @ X).scaled(4),
            inner(D, U @ v @ v.T @ G @ X).scaled(4 * s**2),
            "and 4 s^3 ds/dt = -4 s^2 <D, W_r>, which sum to it, for P v = s^2 v",
            core,
        ),
        Equality(
            trace(F.T @ F @ F.T @ F),
            trace(G @ G.T @ G @ G.T),
            "matrix balance: the factor next to the core has the same moments",
            ((F.T @ F, G @ G.T),),
        ),
        Equality(
            trace(A.T @ A @ A.T @ A),
            trace(tail.T @ tail @ tail.T @ tail),
            "and so on up the chain: tr (A^T A)^2 = tr (C C^T)^2 = tr (C^T C)^2",
            ((A.T @ A, tail @ tail.T),),
        ),
        Equality(
            share,
            slice_norm_rate(depth).expression,
            "s ds/dt = -<D, W_r> = alignment * s^(K+1): the law (8) with g = s",
        ),
    ]
    return Derivation(
        "mode-singular-values",
        "(13)",
        "Singular values of the core unfolding obey the power law",
        "ds/dt = s^K <-grad L(W), W_r / s^(K+1)>, W_r the component in the core's HOSVD basis",
        tuple(steps),
        "By (7) matrix balance persists; it makes all factors of the mode and the core share s.",
        "all K >= 1, all N, all sizes",
        topic="dynamics",
        hypotheses="chain=mode, matrix-balanced, simple singular value s > 0 (for sum s^2 and sum s^4: any values)",
        assumes="matrix-balanced",
    )
