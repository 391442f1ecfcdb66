"""The autonomous equation of one component of a superdiagonal target.  Source: (12)."""

from __future__ import annotations

from sympy import powsimp

from . import notation as s
from ._formula import Formula
from ._group_size import Depth, block_count, symbolic


def component_entry(depth: Depth, order: Depth) -> Formula:
    """The entry of W when all of its 1 + NK blocks have norm g.  Source: (12)."""
    entry = s.g ** block_count(depth, order)
    return Formula(
        "component_entry", (s.g, *symbolic(depth, order)), entry, domain="g >= 0, aligned and balanced", source="(12)"
    )


def component_rate(depth: Depth, order: Depth) -> Formula:
    """dg/dt for L = 1/2 ||W - Lambda||^2 and superdiagonal Lambda with entry lambda.

    One block norm b enters the loss 1/2 (lambda - b * rest)^2 with rest = g^NK; its negative derivative at b = g.

    Arguments:
        depth: K, an integer or a symbol.
        order: N, an integer or a symbol.
    Returns: formula in (g, lambda).
    Source: (12).
    """
    entry = component_entry(depth, order).expression
    rest = powsimp(entry / s.g)
    rate = rest * (s.lam - entry)
    return Formula(
        "component_rate",
        (s.g, s.lam, *symbolic(depth, order)),
        rate,
        domain="g >= 0, aligned and balanced",
        source="(12)",
    )
