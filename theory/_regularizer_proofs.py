"""The regularizer of one group: minimum, stationarity, second order.  Source: (14)."""

from __future__ import annotations

from sympy import Rational, Symbol, diff, exp, log, sympify

from . import notation as n
from ._derivation import Derivation, Equality, Sign, Step
from ._group_size import Depth
from ._penalty import group_penalty
from ._scalar_proofs import private_groups


def group_regularizer(depth: Depth) -> Derivation:
    """min 1/2 sum b^2 subject to prod b = sigma, by convexity in the logarithms of the norms.  Source: (14)."""
    blocks = sympify(depth) + 1
    x, z = Symbol("x", real=True), Symbol("z", real=True)  # log-norms of two blocks
    multiplier = Symbol("mu", positive=True)
    one = exp(2 * x) / 2
    balanced = log(n.sigma) / blocks
    formula = group_penalty(depth).expression
    value = blocks * one.subs(x, balanced)
    steps: list[Step] = [
        Equality(
            diff(one - multiplier * x, x), exp(2 * x) - multiplier, "Lagrangian in x = log b: the constraint is linear"
        ),
        Equality(
            exp(2 * x) - exp(2 * z),
            exp(2 * z) * (exp(2 * (x - z)) - 1),
            "stationarity of two blocks: their difference vanishes only for x = z, so all norms are equal",
        ),
        Equality(blocks * balanced, log(n.sigma), "the constraint at equal norms: b = sigma^(1/(K+1))"),
        Sign(diff(one, x, 2), "second order: the Hessian is diagonal and positive, so this is the one minimum"),
        Equality(value, formula, "its value is the exported formula", names=("minimum", "group_penalty")),
        Equality(
            formula.subs(n.sigma, n.g**blocks),
            Rational(1, 2) * blocks * n.g**2,
            "on a balanced group the penalty is half its squared norm",
        ),
    ]
    return Derivation(
        "group-regularizer",
        "(14)",
        "Smallest squared norm of a group with a given product",
        "min 1/2 sum_B ||B||^2 subject to prod ||B|| = sigma  is  (K+1)/2 sigma^(2/(K+1)), attained when balanced",
        tuple(steps),
        "In logarithms of the norms a strictly convex function is minimised on a hyperplane.",
        "all K >= 0",
        ((value, formula),),
        topic="regularizer",
        hypotheses="sigma > 0; for sigma = 0 both sides are 0",
        applies=private_groups,
    )
