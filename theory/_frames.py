"""Why orthogonal columns suffice in (15): the diagonal of a matrix averages its eigenvalues, and roots are concave."""

from __future__ import annotations

from functools import lru_cache, partial
from random import Random

from sympy import Expr, Integer, Matrix, Rational, Symbol, diff, eye, sympify

from ._derivation import Check, Derivation, Equality, Route, Sign, Step
from ._group_size import Depth
from ._words import constant, inner, matrix, trace

t = Symbol("t", positive=True)  # an eigenvalue of U^T U over the squared norm of a column


def tangent_gap(depth: Depth) -> Expr:
    """1 + (t - 1)/K - t^(1/K), the tangent of the root at 1 minus the root: never negative for K >= 1."""
    k = sympify(depth)
    return 1 + (t - 1) / k - t ** (1 / k)


def orthonormal_frames(depth: Depth) -> Derivation:
    """sum_r (||u_r||^2)^(1/K) >= sum_j lambda_j^(1/K) over the eigenvalues of U^T U, any number of columns."""
    k = sympify(depth)
    deeper = 1 + Symbol("k", nonnegative=True)  # K >= 1
    Q, V, U, G = matrix("Q", "R", "R"), matrix("V", "R", "R"), matrix("U", "I", "R"), matrix("G", "R", "Q")
    values, roots = matrix("sym_Lambda", "R", "R"), matrix("sym_root", "R", "R")
    e = matrix("e", "R", "1")
    d, value, slope = Symbol("d", positive=True), Symbol("f", real=True), Symbol("f1", real=True)
    spectral = ((U.T @ U @ e, V @ values @ V.T @ e),)
    rotation = ((Q @ Q.T @ G, G),)
    unit = ((trace(e.T @ e), constant(1)),)
    gap = tangent_gap(depth)
    line = inner(e, e).scaled(value - slope * d) + inner(U @ e, U @ e).scaled(slope)
    steps: list[Step] = [
        Equality(U @ Q @ Q.T @ G, U @ G, "U -> U Q, G -> Q^T G leaves W alone for a rotation Q", rotation),
        Equality(trace(Q.T @ G @ G.T @ Q), trace(G @ G.T), "and leaves ||G|| alone", rotation),
        Equality(
            inner(e, U.T @ U @ e),
            inner(V.T @ e, values @ V.T @ e),
            "U^T U = V Lambda V^T: ||u_r||^2 = sum_j w_rj lambda_j, w_rj the squared entries of V, e the unit vector r",
            spectral,
            names=("||U e||^2", "sum_j w_rj lambda_j"),
        ),
        Equality(
            inner(V.T @ e, V.T @ e),
            constant(1),
            "the weights w_rj of a column sum to one, for V V^T = 1",
            ((V @ V.T @ e, e), *unit),
            names=("sum_j w_rj", "1"),
        ),
        Equality(gap.subs(t, 1), Integer(0), "the tangent of t^(1/K) touches it at t = 1"),
        Equality(diff(gap, t).subs(t, 1), Integer(0), "with the same slope"),
        Equality(
            diff(gap, t, 2), (k - 1) / k**2 * t ** (1 / k - 2), "and the second derivative of their difference is this"
        ),
        Sign((k - 1).subs(k, deeper) if k.is_Symbol else k - 1, "which is not negative: the root lies below", ">="),
        Equality(
            line,
            constant(value),
            "average with the weights w_rj the tangent at d = ||u_r||^2: its value there is left, so "
            "sum_j w_rj lambda_j^(1/K) <= (||u_r||^2)^(1/K)",
            (*unit, (inner(U @ e, U @ e), constant(d))),
        ),
        Equality(
            trace(V @ roots @ V.T),
            trace(roots),
            "sum over r, for V^T V = 1: sum_r sum_j w_rj lambda_j^(1/K) = sum_j lambda_j^(1/K)",
            ((V.T @ V @ roots, roots),),
            names=("sum over r and j", "sum_j lambda_j^(1/K)"),
        ),
        Equality(
            V.T @ V @ values @ V.T @ V @ e,
            values @ e,
            "attained by Q = V: the columns of U V are orthogonal, with squared norms lambda_j",
            ((V.T @ V @ e, e), (V.T @ V @ values, values)),
        ),
    ]
    power = depth if isinstance(depth, int) else 3
    return Derivation(
        "orthonormal-frames",
        "(15)",
        "Orthogonal columns are optimal",
        "sum_r ||u_r||^(2/K) >= sum_j lambda_j^(1/K), lambda_j the eigenvalues of U^T U, so in (15) the columns of "
        "each factor may be taken orthogonal",
        tuple(steps),
        "A rotation that diagonalises U^T U changes neither W nor ||G||; it makes the squared norms the eigenvalues, "
        "where the concave sum is least.",
        "all K >= 1, all N, all sizes",
        routes=(Route("exact rotations", partial(root_averages, min(power, 6))),),
        topic="regularizer",
        subjects=("Target",),
    )


@lru_cache(maxsize=16)
def root_averages(power: int, size: int = 4, seed: int = 0) -> Check:
    """(sum_j w_j y_j)^K <= sum_j w_j y_j^K for the weights of an exact rational rotation, eigenvalues y_j^K."""
    random = Random(seed)
    skew = Matrix(size, size, lambda i, j: random.randint(-3, 3) if i < j else 0)
    skew -= skew.T
    rotation = (eye(size) - skew) * (eye(size) + skew).inv()
    weights = rotation.applyfunc(lambda x: x**2)
    ones = Matrix([1] * size)
    if weights * ones != ones or weights.T * ones != ones:
        return Check(False, str(weights), "the squared entries of a rotation do not sum to one")
    roots = Matrix([Rational(random.randint(0, 9)) for _ in range(size)])
    diagonal = weights * roots.applyfunc(lambda y: y**power)
    if any((weights * roots)[r] ** power > diagonal[r] for r in range(size)):
        return Check(False, str(diagonal), "a column's root is less than the average of the roots")
    return Check(True, "0", f"one rational rotation of size {size} at power {power}, exactly")
