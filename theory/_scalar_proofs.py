"""Proofs of the scalar laws of one group: (8), (9), (10), (11), (12)."""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Expr, Integer, Piecewise, Rational, Symbol, diff, sqrt, sympify

from . import _chain_proofs as chains
from . import notation as s
from ._components import component_entry, component_rate
from ._derivation import Check, Derivation, Equality, Route, Sign, Step
from ._exact_evaluation import Array, indices, run, sizes_of
from ._gradient import squared_loss_flow
from ._group_size import Depth
from ._parametrisation import Parametrisation
from ._slice_norms import constant_alignment, escape_time, sigma_rate, slice_norm_rate, slice_norm_rate_bounds


def private_groups(depth: int, order: int, chain: str) -> bool:
    """Whether the K + 1 blocks of a group are its own; with a shared chain (13) takes the place of (8)."""
    return chain != "mode" or depth <= 1


product = Symbol("Pi", positive=True)  # product of the block norms of a group
y = Symbol("y", positive=True)


def slice_norm_law(depth: Depth) -> Derivation:
    """Source: (8)."""
    blocks = sympify(depth) + 1  # the core slice and one block per layer of the chain
    steps, conclusion = chains.slice_rate_steps()
    rate = slice_norm_rate(depth).expression
    norm = s.alignment * product / s.g
    steps += [
        Equality(
            diff(s.g**2, s.g) * (s.alignment * product / s.g),
            2 * s.alignment * product,
            "2 g dg/dt = -2 <D, W_r>, and -<D, W_r> = alignment * (product of block norms) by definition",
            names=("2 g dg/dt", "-2 <D, W_r>"),
        ),
        Equality(norm, s.alignment * s.g**blocks / s.g, "balanced: K + 1 equal norms", ((product, s.g**blocks),)),
        Equality(s.alignment * s.g**blocks / s.g, rate, "the exported formula", names=("dg/dt", "slice_norm_rate")),
    ]
    return Derivation(
        "slice-norm-law",
        "(8)",
        "Slice norms obey a power law",
        f"balanced group: dg/dt = g^{depth} <-grad L(W), W_r / g^({blocks})>,  g = ||G_(n,r)||",
        tuple(steps),
        "By (6) a balanced group stays balanced, so every norm is g at all times.",
        "all K >= 0, all N, all sizes",
        (conclusion, (norm, rate)),
        hypotheses="balanced",
        topic="dynamics",
        assumes="balanced",
        applies=private_groups,
    )


def sigma_law(depth: Depth) -> Derivation:
    """Source: (9)."""
    blocks = sympify(depth) + 1
    one = Symbol("b", positive=True)
    rest = Symbol("rest", positive=True)
    own = s.alignment * rest  # d b / dt, because b db/dt = alignment * b * rest
    rate = sigma_rate(depth).expression
    share = rest * own
    balanced = ((rest, s.sigma ** (1 - 1 / blocks)),)
    whole = blocks * s.alignment * s.sigma ** (2 * (1 - 1 / blocks))
    steps: list[Step] = [
        Equality(one * own, s.alignment * (one * rest), "b db/dt = -<D, W_r> for every block norm b, by (6)"),
        Equality(diff(one * rest, one) * own, share, "product rule: the part of dsigma/dt due to one block"),
        Equality(blocks * share, whole, "balanced: K + 1 equal parts, rest = sigma^(K/(K+1))", balanced),
        Equality(whole, rate, "the exported formula", names=("dsigma/dt", "sigma_rate")),
        Equality(
            diff(s.g**blocks, s.g) * slice_norm_rate(depth).expression,
            rate.subs(s.sigma, s.g**blocks),
            "the same law as (8), in the variable sigma = g^(K+1)",
        ),
    ]
    return Derivation(
        "sigma-law",
        "(9)",
        "The product of block norms obeys a power law with exponent below 2",
        "balanced group: dsigma/dt = (K+1) sigma^(2 - 2/(K+1)) <-grad L(W), W_r / sigma>",
        tuple(steps),
        "The product rule adds K + 1 equal terms.",
        "all K >= 0, all N, all sizes",
        ((blocks * share, rate),),
        hypotheses="balanced",
        topic="dynamics",
        assumes="balanced",
        applies=private_groups,
    )


def slice_norm_bounds(depth: Depth) -> Derivation:
    """Both bounds as what the product of the K other norms can be, and the cases in which it is that.  Source: (10)."""
    low, high = (formula.expression for formula in slice_norm_rate_bounds(depth))
    others = sympify(depth)
    rest = Symbol("rest", nonnegative=True)  # product of the K other block norms
    square = Symbol("b_squared", positive=True)  # one of their squares
    above = Symbol("d", nonnegative=True)
    size = abs(s.alignment)
    steps, conclusion = chains.slice_rate_steps()
    steps += [
        Equality(
            diff(s.g**2, s.g) * (s.alignment * rest),
            2 * s.alignment * (s.g * rest),
            "2 g dg/dt = -2 <D, W_r>, and -<D, W_r> = alignment * g * (product of the other norms) by definition",
            names=("2 g dg/dt", "-2 <D, W_r>"),
        ),
        Equality(
            (s.alignment * rest) ** 2,
            (size * rest) ** 2,
            "so |dg/dt| = |alignment| * rest",
        ),
        Sign(
            diff(square ** (others / 2), square),
            "unbalancedness eps: max(g^2 - eps, 0) <= b^2 <= g^2 + eps for all K others; rest rises with each",
            ">=",
        ),
        Equality(
            high,
            (size * square ** (others / 2)).subs(square, s.g**2 + s.eps),
            "above: all K squares at g^2 + eps",
            names=("slice_norm_rate_upper", "upper bound of |dg/dt|"),
        ),
        Equality(
            low.subs(s.g, sqrt(s.eps + above)),
            size * above ** (others / 2),
            "below, where g^2 = eps + d: all K squares at g^2 - eps = d",
            names=("slice_norm_rate_lower", "lower bound of |dg/dt|"),
        ),
        Equality(
            low.subs(s.eps, s.g**2 + square),
            size * Integer(0) ** (others / 2),
            "below, where eps exceeds g^2: all K squares at 0",
            names=("slice_norm_rate_lower", "lower bound of |dg/dt|"),
        ),
        Equality(
            (s.g**2 + s.eps) - s.g**2,
            s.g**2 - (s.g**2 - s.eps),
            "a group with g^2 and K squares at either end has unbalancedness eps, no more: both bounds are attained",
        ),
    ]
    return Derivation(
        "slice-norm-bounds",
        "(10)",
        "Off balance the power law becomes two bounds",
        "max(g^2 - eps, 0)^(K/2) |alignment| <= |dg/dt| <= (g^2 + eps)^(K/2) |alignment|",
        tuple(steps),
        "|dg/dt| = |alignment| times the product of the other K norms; by (6) eps is constant in time.",
        "all K >= 0, all N, all sizes",
        (conclusion,),
        topic="dynamics",
        hypotheses="unbalancedness eps",
        applies=private_groups,
    )


def constant_alignment_law(depth: Depth) -> Derivation:
    """Source: (11)."""
    formula = constant_alignment(depth)
    law = slice_norm_rate(depth).expression
    steps: list[Step] = []
    conclusions = []
    branches = {}
    if isinstance(formula.expression, Piecewise):
        branches = {
            "K = 1": (formula.expression.args[0].expr, Integer(1)),
            "K != 1": (formula.expression.args[1].expr, depth),
        }
    else:
        branches = {f"K = {depth}": (formula.expression, sympify(depth))}
    for name, (value, k) in branches.items():
        rate = law.subs(depth, k) if isinstance(depth, Symbol) else law
        if k == 1:
            left, right = diff(value, s.t), rate.subs({s.g: value, s.alignment: s.c})
            steps.append(Equality(left, right, f"{name}: the exponential solves dg/dt = c g"))
        else:
            bracket = s.g0 ** (1 - k) + (1 - k) * s.c * s.t
            root = y ** (1 / (1 - k))
            left = diff(root, y) * diff(bracket, s.t)
            right = rate.subs({s.g: root, s.alignment: s.c})
            steps.append(Equality(value, root, f"{name}: write y for g0^(1-K) - (K-1) c t > 0", ((y, bracket),)))
            steps.append(Equality(left, right, f"{name}: chain rule, dg/dt = (dg/dy)(dy/dt) = c g^K"))
        conclusions.append((left, right))
        steps.append(Equality(value.subs(s.t, 0), s.g0, f"{name}: the value at time 0"))
        if isinstance(k, Symbol) or k >= 2:
            when = escape_time(depth).expression
            steps.append(
                Equality(bracket.subs(s.t, when), Integer(0), f"{name}: y vanishes, and g with it blows up, at t*")
            )
            if k.is_Integer:
                steps.append(Sign(k - 1, "the exponent of y is negative, so g grows beyond every bound"))
    if isinstance(depth, int) and depth <= 1:
        steps.append(Equality(1 / escape_time(depth).expression, Integer(0), "K <= 1: no escape, t* is infinite"))
    if isinstance(depth, int) and depth >= 1:
        steps.append(
            Equality(law.subs(s.g, 0), Integer(0), "a slice that is zero stays zero (the law is Lipschitz at 0)")
        )
    return Derivation(
        "constant-alignment",
        "(11)",
        "Growth at constant alignment, escape in finite time for K >= 2",
        "K = 1: g = g0 e^(ct);  K >= 2: g^(1-K) = g0^(1-K) - (K-1) c t, escape at t* = g0^(1-K) / ((K-1) c)",
        tuple(steps),
        "Separation of variables in (8); the solution is checked by differentiation.",
        "all K >= 0, all N, all sizes",
        tuple(conclusions),
        hypotheses="balanced, constant alignment c (c > 0 for an escape)",
        topic="scalar",
        assumes="balanced",
        applies=private_groups,
    )


def superdiagonal(depth: Depth, order: Depth, parametrisation: Parametrisation | None) -> Derivation:
    """Source: (12)."""
    rest = Symbol("rest", positive=True)
    one = Symbol("b", positive=True)
    degree = sympify(order) * sympify(depth)
    lam = Symbol("lambda", real=True)  # of either sign, or zero
    loss = Rational(1, 2) * (lam - one * rest) ** 2
    slope = -diff(loss, one)
    formula = component_rate(depth, order).expression.subs(s.lam, lam)
    at = ((rest, s.g**degree), (one, s.g))
    direct = s.g**degree * (lam - s.g ** (degree + 1))
    steps: list[Step] = [
        Equality(
            slope, rest * (lam - one * rest), "one block norm b, the others in rest: b enters 1/2 (lambda - b rest)^2"
        ),
        Equality(rest * (lam - one * rest), direct, "balanced: b = g and rest = g^(NK)", at),
        Equality(direct, formula, "the exported formula", names=("dg/dt", "component_rate")),
        Equality(s.g ** (degree + 1), component_entry(depth, order).expression, "the entry of W: 1 + NK equal norms"),
    ]
    routes: tuple[Route, ...] = ()
    if parametrisation is not None:
        route = Route("exact flow from an aligned start", lambda: aligned_start(parametrisation, formula))
        routes = (route,)
    return Derivation(
        "superdiagonal",
        "(12)",
        "Superdiagonal target: every component obeys an autonomous equation",
        "dg/dt = g^(NK) (lambda - g^(NK+1)), and the entry of W is g^(NK+1)",
        tuple(steps),
        "The residual is superdiagonal, so every block moves along itself and the groups decouple.",
        "all K >= 0, all N >= 2, all sizes",
        ((slope, formula),),
        routes,
        topic="scalar",
        hypotheses="superdiagonal target of either sign, full observation, aligned and balanced start",
        assumes="superdiagonal",
        subjects=("Flow",),
        loss="squared",
        applies=lambda depth, order, chain: order >= 2,
    )


def aligned_start(parametrisation: Parametrisation, formula: Expr) -> Check:
    """The whole flow at an aligned, balanced start: velocities are zero off the diagonal and (12) on it, exactly."""
    sizes = sizes_of(parametrisation)
    norms = (Integer(2), Integer(3))
    targets = (Integer(7), Integer(-5))

    def diagonal(labels: tuple[str, ...], values: tuple[Expr, ...]) -> Array:
        return {k: int(values[k[0]]) if len(set(k)) == 1 else 0 for k in indices(labels, sizes)}

    arrays: Mapping[str, Array] = {
        **{block.name: diagonal(block.labels, norms) for block in parametrisation.blocks},
        "target": diagonal(parametrisation.output, targets),
        "weights": dict.fromkeys(indices(parametrisation.output, sizes), 1),
    }
    values = run(squared_loss_flow(parametrisation), arrays, sizes)
    expected = tuple(
        formula.subs({s.g: g, s.lam: lam, Symbol("lambda", real=True): lam})
        for g, lam in zip(norms, targets, strict=True)
    )
    for block in parametrisation.blocks:
        wanted = diagonal(block.labels, expected)
        for k, value in values[f"d{block.name}/dt"].items():
            if value != wanted[k]:
                return Check(
                    False, f"{value - wanted[k]}", f"block {block.name}, entry {k}: {value} instead of {wanted[k]}"
                )
    return Check(
        True, "0", f"all {len(parametrisation.blocks)} blocks move along themselves at the rate (12), exact integers"
    )
