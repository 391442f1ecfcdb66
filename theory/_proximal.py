"""The proximal operator of the group penalty: argmin over x >= 0 of 1/2 (x - y)^2 + tau * penalty(x).  Source: (14)."""

from __future__ import annotations

from sympy import Expr, Max, Rational, Symbol, acos, acosh, cos, cosh, diff, expand_trig, sqrt, sympify

from . import notation as n
from ._derivation import Derivation, Equality, Sign, Step
from ._formula import Formula
from ._group_size import Depth, group_size, symbolic
from ._penalty import group_penalty

x = Symbol("x", positive=True)
y = Symbol("y", positive=True)
tau = Symbol("tau", positive=True)


def proximal_equation(depth: Depth) -> Formula:
    """The residual whose larger root x is the operator's value above the threshold, for any depth.

    Returns: formula in (x, y, tau).
    Source: (14).
    """
    slope = diff(group_penalty(depth).expression, n.sigma).subs(n.sigma, x)
    args = (x, y, tau, *symbolic(depth))
    return Formula("proximal_equation", args, x - y + tau * slope, domain="x > 0, y >= threshold", source="(14)")


def proximal_threshold(depth: Depth) -> Formula:
    """Below this y the operator returns 0: there 0 and the stationary point cost the same.

    Returns: formula in (tau,).
    Source: (14).
    """
    power = 2 / group_size(depth)
    if power == 2:
        return Formula("proximal_threshold", (tau,), sympify(0), domain="tau > 0", source="(14)")
    jump = proximal_jump(depth).expression
    value = tau if power == 1 else jump + tau * jump ** (power - 1)
    return Formula("proximal_threshold", (tau, *symbolic(depth)), value, domain="tau > 0, K >= 1", source="(14)")


def proximal_jump(depth: Depth) -> Formula:
    """The smallest non-zero value of the operator: x^(2-p) = 2 tau (1-p)/p with p = 2/(K+1)."""
    power = 2 / group_size(depth)
    value = sympify(0) if power in (1, 2) else (2 * tau * (1 - power) / power) ** (1 / (2 - power))
    return Formula("proximal_jump", (tau, *symbolic(depth)), value, domain="tau > 0, K >= 1", source="(14)")


def proximal_closed_form(depth: int) -> Formula | None:
    """The value above the threshold where radicals or cosines give it (K = 0, 1, 2, 3), else None.

    Returns: formula in (y, tau) or None.
    Source: K = 1 soft thresholding; K = 2 Cao, Sun, Xu 2013; K = 3 half thresholding, Xu et al. 2012.
    """
    value: Expr
    if depth == 0:
        value = y / (1 + tau)
    elif depth == 1:
        value = Max(y - tau, 0)
    elif depth == 2:  # u = x^(1/3): u^4 - y u + tau = 0, Ferrari with the resolvent z^3 - 4 tau z - y^2 = 0
        z = 4 / sqrt(3) * sqrt(tau) * cosh(acosh(3 * sqrt(3) * y**2 / (16 * tau ** Rational(3, 2))) / 3)
        value = ((sqrt(z) + sqrt(2 * y / sqrt(z) - z)) / 2) ** 3
    elif depth == 3:  # u = sqrt(x): u^3 - y u + tau = 0
        value = (2 * sqrt(y / 3) * cos(acos(-tau / 2 * (3 / y) ** Rational(3, 2)) / 3)) ** 2
    else:
        return None
    return Formula("proximal_closed_form", (y, tau), value, domain="y >= threshold", source="(14)")


def closed_form(depth: int) -> Expr:
    """The expression of `proximal_closed_form` where there is one."""
    formula = proximal_closed_form(depth)
    assert formula is not None
    return formula.expression


def _angle_of(expression: Expr, inverse: type[Expr], named: Expr) -> tuple[Expr, Expr]:
    """The expression with its one inverse function (acos or acosh) named, and what that is the inverse of."""
    found = expression.atoms(inverse)
    if len(found) != 1:
        return expression, sympify(0)
    return expression.subs(next(iter(found)), named), next(iter(found)).args[0]


def proximal(depth: Depth) -> Derivation:
    """Stationarity, the threshold, and the closed forms."""
    power = 2 / group_size(depth)
    equation, jump = proximal_equation(depth).expression, proximal_jump(depth).expression
    penalty = tau * group_penalty(depth).expression.subs(n.sigma, x)
    cost = (x - y) ** 2 / 2 + penalty
    steps: list[Step] = [Equality(diff(cost, x), equation, "stationarity for x > 0")]
    if power not in (1, 2):
        at = x + tau * x ** (power - 1)  # the y for which x is stationary
        gain = (cost - y**2 / 2).subs(y, at)
        steps += [
            Equality(gain, x**power * (tau * (1 / power - 1) - x ** (2 - power) / 2), "cost against that of x = 0"),
            Equality(tau * (1 / power - 1), jump ** (2 - power) / 2, "they are equal at the jump"),
            Equality(at.subs(x, jump), proximal_threshold(depth).expression, "which belongs to this threshold of y"),
        ]
    if depth == 0:
        closed = proximal_closed_form(0)
        assert closed is not None
        steps.append(Equality(equation.subs(x, closed.expression), sympify(0), "closed form: shrinkage"))
    if depth == 1:
        closed, above = proximal_closed_form(1), Symbol("d", positive=True)
        assert closed is not None
        value = closed.expression.subs(y, tau + above)
        steps.append(Equality(equation.subs({x: value, y: tau + above}), sympify(0), "closed form: soft thresholding"))
        steps.append(Equality(closed.expression.subs(tau, y + above), sympify(0), "and zero below the threshold"))
        edge = proximal_threshold(1).expression
        steps.append(Equality(closed.expression.subs(y, edge + above), above, "from this threshold on it rises from 0"))
    if depth == 2:
        z, angle = Symbol("z", positive=True), Symbol("phi", positive=True)
        a = sqrt(z)
        root = (a + sqrt(2 * y / a - z)) / 2
        scale = 4 * sqrt(tau) / sqrt(3)
        triple = expand_trig(cosh(3 * angle))
        value, argument = _angle_of(closed_form(2), acosh, 3 * angle)
        high = Symbol("C", positive=True)  # cosh of the angle
        value = value.subs(cosh(angle), high).subs(tau, (sqrt(3) * z / (4 * high)) ** 2)
        steps += [
            Equality(value, root**3, "the exported formula is x = u^3 with z = 4 sqrt(tau/3) cosh(phi)"),
            Equality(
                16 * tau ** Rational(3, 2) / (3 * sqrt(3)) * argument,
                y**2,
                "phi a third of the argument whose cosh it names",
            ),
            Equality(
                root**2 - a * root + (z - y / a) / 2,
                sympify(0),
                "u = x^(1/3): one factor of the quartic u^4 - y u + tau",
            ),
            Equality(
                (z + y / a) / 2 * (z - y / a) / 2, (z**2 - y**2 / z) / 4, "the factors' constants multiply to tau"
            ),
            Equality((z**2 - y**2 / z) / 4, tau, "when z^3 - 4 tau z = y^2", ((y, sqrt(z**3 - 4 * tau * z)),)),
            Equality(
                (scale * cosh(angle)) ** 3 - 4 * tau * scale * cosh(angle),
                16 * tau ** Rational(3, 2) / (3 * sqrt(3)) * triple,
                "which the cosh of a third of the argument solves",
            ),
        ]
    if depth == 3:
        angle = Symbol("phi", real=True)
        u = 2 * sqrt(y / 3) * cos(angle)
        triple = expand_trig(cos(3 * angle))
        value, argument = _angle_of(closed_form(3), acos, 3 * angle)
        steps += [
            Equality(value, u**2, "the exported formula is x = u^2, phi a third of the angle whose cosine it names"),
            Equality(2 * (y / 3) ** Rational(3, 2) * argument, -tau, "that cosine"),
        ]
        steps.append(
            Equality(
                u**3 - y * u,
                2 * (y / 3) ** Rational(3, 2) * triple,
                "u = sqrt(x): u^3 - y u = -tau by the triple angle",
            )
        )
    if isinstance(depth, int) and depth >= 2:
        steps.append(
            Sign(proximal_threshold(depth).expression, "the threshold is positive: small slices are set to zero")
        )
    return Derivation(
        "proximal-operator",
        "(14)",
        "Proximal operator of the group penalty",
        "prox(y) = 0 below the threshold; above it the larger root of x - y + tau x^(2/(K+1) - 1) = "
        "0 (closed for K <= 3)",
        tuple(steps),
        "The penalty is concave for K >= 2, so the stationary point competes with 0.",
        "all K >= 0",
        topic="regularizer",
    )
