"""The smallest squared norm of a group with a given product of block norms.  Source: (14)."""

from __future__ import annotations

from sympy import Rational, powsimp

from . import notation as s
from ._formula import Formula
from ._group_size import Depth, group_size, symbolic


def group_penalty(depth: Depth) -> Formula:
    """min 1/2 sum of squared block norms subject to their product being sigma, attained when all are equal.

    Arguments:
        depth: K, an integer or a symbol.
    Returns: formula in (sigma,).
    Source: (14).
    """
    blocks = group_size(depth)
    balanced = s.sigma ** (1 / blocks)
    value = Rational(1, 2) * blocks * powsimp(balanced**2)
    return Formula("group_penalty", (s.sigma, *symbolic(depth)), value, domain="sigma >= 0", source="(14)")
