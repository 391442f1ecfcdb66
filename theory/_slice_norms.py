"""Laws of one group: slice norm, product of the norms, bounds off balance, constant alignment.  Source: (8)-(11)."""

from __future__ import annotations

from sympy import Abs, Eq, Expr, Max, Piecewise, Symbol, exp, oo, powsimp, simplify

from . import notation as s
from ._formula import Formula
from ._group_size import Depth, group_size, symbolic


def slice_norm_rate(depth: Depth) -> Formula:
    """dg/dt of a balanced group.

    Each block norm b obeys b db/dt = <-grad L, W_{n,r}> = alignment * (product of all norms), by (5);
    balanced, all norms are g.

    Arguments:
        depth: K, an integer or a symbol.
    Returns: formula in (g, alignment).
    Source: (8).
    """
    blocks = group_size(depth)
    product = s.g**blocks
    rate = powsimp(product / s.g) * s.alignment
    return Formula(
        "slice_norm_rate", (s.g, s.alignment, *symbolic(depth)), rate, domain="g >= 0, balanced group", source="(8)"
    )


def sigma_rate(depth: Depth) -> Formula:
    """dsigma/dt of a balanced group, sigma the product of its block norms.

    The product rule over the blocks, each norm moving by (8), written in sigma.

    Arguments:
        depth: K, an integer or a symbol.
    Returns: formula in (sigma, alignment).
    Source: (9).
    """
    blocks = group_size(depth)
    law = slice_norm_rate(depth)
    in_g = blocks * s.g ** (blocks - 1) * law.expression
    rate = powsimp(powsimp(in_g).subs(s.g, s.sigma ** (1 / blocks)), force=True)
    rate = rate.replace(lambda e: e.is_Pow and e.base == s.sigma, lambda e: s.sigma ** simplify(e.exp))
    return Formula(
        "sigma_rate", (s.sigma, s.alignment, *symbolic(depth)), rate, domain="sigma >= 0, balanced group", source="(9)"
    )


def slice_norm_rate_bounds(depth: Depth) -> tuple[Formula, Formula]:
    """Lower and upper bound of |dg/dt| when squared block norms differ by at most eps.

    Each of the other norms lies between sqrt(max(g^2 - eps, 0)) and sqrt(g^2 + eps).

    Arguments:
        depth: K, an integer or a symbol.
    Returns: (lower, upper), formulas in (g, eps, alignment).
    Source: (10).
    """
    others = group_size(depth) - 1
    args = (s.g, s.eps, s.alignment, *symbolic(depth))
    low = Max(s.g**2 - s.eps, 0) ** (others / 2) * Abs(s.alignment)
    high = (s.g**2 + s.eps) ** (others / 2) * Abs(s.alignment)
    domain = "g > 0, eps >= 0"
    return (
        Formula("slice_norm_rate_lower", args, low, domain=domain, source="(10)"),
        Formula("slice_norm_rate_upper", args, high, domain=domain, source="(10)"),
    )


def constant_alignment(depth: Depth) -> Formula:
    """g(t) when the alignment is the constant c, by separation of variables in (8).

    Arguments:
        depth: K, an integer or a symbol (then K = 1 is a branch of its own).
    Returns: formula in (t, g0, c).
    Source: (11).
    """
    exponent = group_size(depth) - 1
    power = 1 - exponent
    generic = (s.g0**power + power * s.c * s.t) ** (1 / power) if power != 0 else None
    critical = s.g0 * exp(s.c * s.t)
    if isinstance(depth, Symbol):
        value: Expr = Piecewise((critical, Eq(power, 0)), (generic, True))
    else:
        value = critical if generic is None else generic
    domain = "g0 > 0, t before the escape time"
    return Formula("constant_alignment", (s.t, s.g0, s.c, *symbolic(depth)), value, domain=domain, source="(11)")


def escape_time(depth: Depth) -> Formula:
    """Time at which g of (11) becomes infinite; infinite itself for K <= 1.

    Arguments:
        depth: K, an integer or a symbol >= 2.
    Returns: formula in (g0, c).
    Source: (11).
    """
    exponent = group_size(depth) - 1
    domain = "g0 > 0, c > 0"
    if exponent.is_Integer and exponent <= 1:
        return Formula("escape_time", (s.g0, s.c), oo, domain=domain, source="(11)")
    when = s.g0 ** (1 - exponent) / ((exponent - 1) * s.c)  # where g0^(1-K) - (K-1) c t vanishes
    return Formula("escape_time", (s.g0, s.c, *symbolic(depth)), when, domain=domain + ", K >= 2", source="(11)")
