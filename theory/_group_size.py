"""Numbers of blocks, read off the parametrisation; for a symbolic depth as the affine function they are."""

from __future__ import annotations

from collections.abc import Callable

from sympy import Expr, Integer, Symbol, expand, interpolate

from ._deep_tucker import deep_tucker

Depth = int | Symbol
_WITNESSES = range(1, 8)


def group_size(depth: Depth) -> Expr:
    """Number of blocks in a group (n, r) of deep Tucker with column chains.

    Arguments:
        depth: an integer >= 0 or a SymPy symbol.
    Returns: an integer, or for a symbol the polynomial through the sizes at depths 1 .. 7.
    Source: (4).
    """

    def count(k: int, n: int) -> int:
        parametrisation = deep_tucker(k, n)
        return len(parametrisation.group(parametrisation.groups[0])) if parametrisation.groups else 1

    return _read_off(depth, lambda k: count(k, 1))


def block_count(depth: Depth, order: Depth) -> Expr:
    """Number of blocks of the whole model, the degree of W in all parameters.  Source: (2)."""
    if isinstance(order, Symbol):
        per_order = interpolate(
            [(n, _read_off(depth, lambda k, n=n: len(deep_tucker(k, n).blocks))) for n in range(1, 4)],  # type: ignore[misc]
            order,
        )
        return expand(per_order)
    return _read_off(depth, lambda k: len(deep_tucker(k, order).blocks))


def symbolic(*values: Depth) -> tuple[Symbol, ...]:
    """The depths and orders that are symbols: they join the arguments of a formula, at the end."""
    return tuple(value for value in values if isinstance(value, Symbol))


def _read_off(depth: Depth, count: Callable[[int], int]) -> Expr:
    if isinstance(depth, Symbol):
        return expand(interpolate([(k, count(k)) for k in _WITNESSES], depth))
    return Integer(count(depth))
