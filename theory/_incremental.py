"""Solutions of (12), escape times, and why large components are learned first.  Source: (11), (12)."""

from __future__ import annotations

from functools import cache

from sympy import Expr, Integer, Symbol, diff, exp, hyper, log, oo, sympify

from . import notation as s
from ._components import component_rate
from ._derivation import Derivation, Equality, Limit, Sign, Step
from ._formula import Formula
from ._group_size import Depth, block_count, symbolic
from ._penalty import group_penalty
from ._slice_norms import constant_alignment, sigma_rate

y, y0 = Symbol("y", positive=True), Symbol("y_0", positive=True)
m = Symbol("m", positive=True)  # exponent NK of g in (12)
lam1, lam2 = Symbol("lambda_1", positive=True), Symbol("lambda_2", positive=True)


def component_time(depth: Depth, order: Depth) -> Formula:
    """Primitive T(g) with T(g) - T(g0) = t along (12): the implicit solution, by 2F1 for NK >= 2 and logarithms below.

    Returns: formula in (g, lambda).
    Source: (12).
    """
    power = block_count(depth, order) - 1
    args = (s.g, s.lam, *symbolic(depth, order))
    domain = "0 < g, g^(NK+1) < lambda" + (", NK >= 2" if power.free_symbols else "")
    if power == 0:
        value: Expr = -log(s.lam - s.g)
    elif power == 1:
        value = log(s.g**2 / (s.lam - s.g**2)) / (2 * s.lam)
    else:
        value = _primitive(power)
    return Formula("component_time", args, value, domain=domain, source="(12)")


def component_escape_time(depth: Depth, order: Depth) -> Formula:
    """Leading escape time g0^(1-m) / ((m-1) lambda), m = NK >= 2; log(1/g0) / lambda for m = 1.

    Returns: formula in (g0, lambda).
    Source: (12).
    """
    power = block_count(depth, order) - 1
    value = log(1 / s.g0) / s.lam if power == 1 else s.g0 ** (1 - power) / ((power - 1) * s.lam)
    args = (s.g0, s.lam, *symbolic(depth, order))
    return Formula("component_escape_time", args, value, domain="g0 -> 0, NK >= 1", source="(12)")


def _primitive(power: Expr) -> Expr:
    a = 1 - power
    b = a / (power + 1)
    return s.g**a / (a * s.lam) * hyper((1, b), (b + 1,), s.g ** (power + 1) / s.lam)


def component_solution(depth: Depth, order: Depth) -> Derivation:
    """The implicit solution of (12), checked by differentiation."""
    power = block_count(depth, order) - 1
    k, b = Symbol("k", integer=True, nonnegative=True), Symbol("b", positive=True)
    steps: list[Step] = []
    if power in (0, 1):
        rate = component_rate(depth, order).expression
        time = component_time(depth, order).expression
        steps.append(Equality(diff(time, s.g) * rate, Integer(1), "dT/dg times dg/dt is 1: T is the time"))
    else:
        F, z = Symbol("F", real=True), Symbol("z", positive=True)
        time = component_time(depth, order).expression
        series = next(
            iter(time.atoms(hyper)), None
        )  # the exported formula is a factor times 2F1(1, ratio; ratio + 1; x)
        x = series.argument if series is not None else Integer(0)
        ratio = (1 - power) / (power + 1)
        factor = time.subs(series, 1) if series is not None else time
        slope = ratio * (1 / (1 - z) - F)  # z dF/dz
        derivative = diff(factor, s.g) * F + factor * (diff(x, s.g) / x if x != 0 else 0) * slope
        at = ((z, s.g ** (power + 1) / s.lam),)
        rate = component_rate(depth, order).expression
        upper, below = (series.ap, series.bq) if series is not None else ((0, 0), (0,))
        steps += [
            Equality(
                (b / (b + k + 1)) / (b / (b + k)),
                (b + k) / (b + 1 + k),
                "coefficient k of 2F1(1, b; b+1; z) is b/(b+k): it is 1 at k = 0 and has this ratio",
            ),
            Equality((k + b) * (b / (b + k)), b, "so (z d/dz + b) 2F1 = b/(1-z), that is z F' = b (1/(1-z) - F)"),
            Equality(
                upper[0] + upper[1], 1 + ratio, "the exported formula is a factor times 2F1(1, b; b+1; z): the sum"
            ),
            Equality(upper[0] * upper[1], ratio, "and product of its upper parameters"),
            Equality(below[0], 1 + ratio, "and its lower one, with b = (1-m)/(1+m)"),
            Equality(x, s.g ** (power + 1) / s.lam, "at z = g^(NK+1)/lambda"),
            Equality(derivative, s.g ** (-power) / (s.lam * (1 - z)), "chain rule"),
            Equality(s.g ** (-power) / (s.lam * (1 - z)) * rate, Integer(1), "so dT/dt = 1: T is the time", at),
        ]
    if power == 1:
        decay = Symbol("E", positive=True)
        value = s.lam * y0 / (y0 + (s.lam - y0) * decay)
        steps += [
            Equality(diff(exp(-2 * s.lam * s.t), s.t), -2 * s.lam * exp(-2 * s.lam * s.t), "E = e^(-2 lambda t)"),
            Equality(
                diff(value, decay) * (-2 * s.lam * decay),
                2 * value * (s.lam - value),
                "explicit: the entry y = g^2 = lambda y_0 / (y_0 + (lambda - y_0) E) solves dy/dt = 2 y (lambda - y)",
            ),
            Equality(value.subs(decay, 1), y0, "with y_0 at time 0"),
        ]
    return Derivation(
        "component-solution",
        "(12)",
        "The autonomous equation solved",
        "t = T(g) - T(g0), T(g) = g^(1-m) / ((1-m) lambda) 2F1(1, (1-m)/(m+1); 2/(m+1); g^(m+1)/lambda), m = NK >= 2; "
        "logistic for m = 1",
        tuple(steps),
        "Separation of variables.",
        "all K >= 0, all N >= 2",
        topic="scalar",
        hypotheses="superdiagonal target with lambda > 0, full observation, aligned and balanced start",
        assumes="superdiagonal",
        subjects=("Flow",),
        loss="squared",
    )


def incremental_learning(depth: Depth, order: Depth) -> Derivation:
    """Escape times order components by size, the more sharply the deeper.  Source: (12)."""
    power = block_count(depth, order) - 1
    early = component_escape_time(depth, order).expression
    first, second = early.subs(s.lam, lam1), early.subs(s.lam, lam2)
    gap = Symbol("gap", positive=True)
    law = component_rate(depth, order).expression
    steps: list[Step] = [
        Equality(law / s.g**power, s.lam - s.g ** (power + 1), "early on (12) is (11) with exponent m and c = lambda"),
        Equality(second / first, lam1 / lam2, "escape times are inversely proportional to the entries of the target"),
        Sign((1 / lam2 - 1 / lam1).subs(lam1, lam2 + gap), "so the larger entry escapes first"),
    ]
    if power == 1:
        behind = (s.g0 * exp(lam2 * s.t)).subs(s.t, first)
        steps.append(
            Equality(behind, s.g0 ** (1 - lam2 / lam1), "NK = 1: the second has grown to a power of its start")
        )
    else:
        exponent = sympify(power)
        bracket = s.g0 ** (1 - exponent) - (exponent - 1) * lam2 * s.t
        left = bracket.subs(s.t, first)
        steps += [
            Equality(
                left, s.g0 ** (1 - exponent) * (1 - lam2 / lam1), "(11) with c = lambda_2 at the first escape time"
            ),
            Equality(
                (s.g0 ** (1 - exponent) * y) ** (1 / (1 - exponent)),
                s.g0 * y ** (-1 / (exponent - 1)),
                "so the second is at g0 y^(-1/(m-1)), y = 1 - lambda_2/lambda_1: still of the order of its start",
            ),
            Limit(y ** (-1 / (m - 1)), m, oo, Integer(1), "and closer to it the deeper: the factor tends to 1"),
        ]
    return Derivation(
        "incremental-learning",
        "(12)",
        "Larger components escape first; the others wait near their start",
        "escape time ~ g0^(1-m) / ((m-1) lambda), m = NK; at the first escape the second is at "
        "g0 (1 - lambda2/lambda1)^(-1/(m-1)) for m >= 2, at g0^(1 - lambda2/lambda1) for m = 1",
        tuple(steps),
        "While g^(m+1) is small against lambda, (12) is (11) with c = lambda and exponent m.",
        "all N K >= 1, N >= 2",
        topic="scalar",
        hypotheses="equal small starts, lambda_1 > lambda_2 > 0",
        assumes="superdiagonal",
        subjects=("Flow",),
        loss="squared",
    )


@cache
def limits() -> Derivation:
    """The limits K -> 1, K -> infinity, sigma -> 0.  Source: (9), (11), (14), (16)."""
    k = Symbol("K", positive=True)
    small = Symbol("k", positive=True)  # K - 1
    root = log(1 - small * s.c * s.t * s.g0**small)
    penalty = group_penalty(k).expression
    growth = sigma_rate(k).expression
    bracket = s.g0 ** (-small) - small * s.c * s.t
    norm = constant_alignment(k).expression.args[1].expr.subs(k, 1 + small)  # the branch K != 1
    steps: list[Step] = [
        Equality(norm, y ** (-1 / small), "(11) for K != 1, y = g0^(1-K) - (K-1) c t", ((y, bracket),)),
        Limit(-root / small, small, Integer(0), s.c * s.t, "K -> 1 in (11): log(g/g0) tends to ct"),
        Equality(
            bracket * s.g0**small,
            1 - small * s.c * s.t * s.g0**small,
            "where (g/g0)^(1-K) = 1 - (K-1) c t g0^(K-1)",
        ),
        Equality(s.sigma * diff(growth, s.sigma) / growth, 2 - 2 / (k + 1), "the exponent of sigma in (9)"),
        Limit(2 - 2 / (k + 1), k, oo, Integer(2), "K -> infinity in (9): the exponent of sigma saturates at 2"),
        Limit(2 / (k + 1) * penalty, k, oo, Integer(1), "(16): the scaled penalty of a non-zero slice tends to 1"),
        Limit(penalty.subs(k, 2), s.sigma, Integer(0), Integer(0), "that of a zero slice is 0: the sum counts slices"),
        Limit(diff(penalty.subs(k, 2), s.sigma), s.sigma, Integer(0), oo, "K = 2, sigma -> 0: the slope is infinite"),
        Equality(diff(penalty.subs(k, 1), s.sigma), Integer(1), "K = 1: the slope is 1, the group lasso"),
        Sign(
            (1 - 2 / (k + 1)).subs(k, 1 + small), "K > 1: the slope sigma^(2/(K+1)-1) is infinite at 0 for every such K"
        ),
    ]
    return Derivation(
        "limits",
        "(16)",
        "Limits of the laws and of the penalty",
        "K -> 1: exponential growth; K -> infinity: exponent 2 in (9), and 2/(K+1) times (14) counts "
        "the non-zero slices; "
        "sigma -> 0: infinite slope for K > 1, slope 1 for K = 1",
        tuple(steps),
        "Each limit is computed; the rank of an unfolding is at most the number of non-zero slices of its mode.",
        "the limits named",
        topic="scalar",
    )
