"""Power series in t over a prime field, cut off at a fixed length: exact and fast enough in plain Python."""

from __future__ import annotations

from collections.abc import Sequence

PRIME = 2**31 - 1


class Series:
    """c_0 + c_1 t + ... + c_{m-1} t^{m-1} modulo a prime and modulo t^m."""

    __slots__ = ("c",)

    def __init__(self, coefficients: Sequence[int]) -> None:
        self.c = coefficients

    def __add__(self, other: Series | int) -> Series:
        if isinstance(other, Series):
            return Series([x + y for x, y in zip(self.c, other.c, strict=False)])
        return Series([self.c[0] + other, *self.c[1:]]) if other else self

    __radd__ = __add__

    def __mul__(self, other: Series | int) -> Series:
        if not isinstance(other, Series):
            return Series([x * other % PRIME for x in self.c])
        a, b = self.c, other.c
        return Series([sum(map(int.__mul__, a[: k + 1], b[k::-1])) % PRIME for k in range(min(len(a), len(b)))])

    __rmul__ = __mul__


def rank_mod_prime(rows: Sequence[Sequence[int]]) -> int:
    """Rank of an integer matrix modulo PRIME: never more than its rank over the rationals."""
    matrix = [[x % PRIME for x in row] for row in rows]
    rank = 0
    while matrix and matrix[0]:
        pivot = next((i for i, row in enumerate(matrix) if row[-1]), None)
        if pivot is None:
            matrix = [row[:-1] for row in matrix]
            continue
        top = matrix.pop(pivot)
        inverse = pow(top[-1], -1, PRIME)
        scaled = [x * inverse % PRIME for x in top[:-1]]
        matrix = [[(x - row[-1] * y) % PRIME for x, y in zip(row, scaled, strict=False)] for row in matrix]
        rank += 1
    return rank
