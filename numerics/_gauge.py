"""Balanced starts of any model: the point of least norm on the orbit of its rescalings. Source: (23).

Slice r of every block of a group may be multiplied by a number of its own, so that W_r stays; a bond that two blocks
share alone by a matrix on one side and by its inverse on the other. The squared norm is convex along the orbit, and
least where ||B_r||^2 / d_B, or the Gram matrices over the bond, agree: Newton's method on exactly these equations, in
any arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from numerics._arithmetic import FLOAT64, Arithmetic
from numerics._errors import NotConverged
from numerics._network import Network
from theory import Grouping, conservation_laws

Array = np.ndarray
Blocks = dict[str, Array]
STEPS = 50  # of Newton's method; a dozen are usual, and none suffice where a Gram matrix is singular
LARGEST = 0.5  # entry of one step: beyond it the equations are far from linear
GUARD = 1e3  # roundings, relative to the squared norm, that are left of the equations


@dataclass(frozen=True)
class _Side:
    """A block with the axes that carry the index, and the degree of W_r in it."""

    block: str
    axes: tuple[int, ...]
    degree: int

    def rows(self, blocks: Mapping[str, Array]) -> Array:
        """The block as a matrix whose rows are its slices."""
        block = blocks[self.block]
        moved = np.moveaxis(block, self.axes, range(len(self.axes)))
        count = math.prod(moved.shape[: len(self.axes)])
        return moved.reshape(count, block.size // max(count, 1))

    def put(self, blocks: Blocks, rows: Array) -> None:
        """The other way round, in place."""
        shape = blocks[self.block].shape
        front = [shape[axis] for axis in self.axes] + [n for axis, n in enumerate(shape) if axis not in self.axes]
        blocks[self.block] = np.moveaxis(rows.reshape(front), range(len(self.axes)), self.axes)


@dataclass(frozen=True)
class _Gauge:
    """The rescalings of one label: a number for each living index and side, or for a bond a matrix.

    Arguments:
        alive: indices whose slices are not zero.
    """

    sides: tuple[_Side, ...]
    bond: bool
    alive: tuple[int, ...]

    def forms(self, first: Mapping[str, Array], second: Mapping[str, Array]) -> Array:
        """The equations, polarised: at (B, B) what is to vanish, at (B, dB) half its derivative."""
        at = list(self.alive)
        if self.bond:
            grams = [side.rows(first)[at] @ side.rows(second)[at].T for side in self.sides]
            gap = grams[0] - grams[1]
            return np.array([gap[a, b] + gap[b, a] for a, b in self._pairs()], dtype=gap.dtype) / 2
        squares = [(side.rows(first)[at] * side.rows(second)[at]).sum(axis=1) / side.degree for side in self.sides]
        return np.concatenate([row - squares[0] for row in squares[1:]])

    def _pairs(self) -> list[tuple[int, int]]:
        return list(combinations_with_replacement(range(len(self.alive)), 2))

    def directions(self, blocks: Blocks) -> list[Blocks]:
        """By what the blocks move with each of the free numbers."""
        found = []
        if self.bond:
            for a, b in self._pairs():
                moved: Blocks = {}
                for sign, side in zip((1, -1), self.sides, strict=True):
                    rows, change = side.rows(blocks), side.rows(blocks) * 0
                    change[self.alive[a]] = sign * rows[self.alive[b]]
                    change[self.alive[b]] = sign * rows[self.alive[a]]
                    _add(moved, blocks, side, change)
                found.append(moved)
            return found
        base, *others = self.sides
        for side in others:
            for r in self.alive:
                moved = {}
                for each, factor in ((side, 1), (base, -side.degree)):
                    change = each.rows(blocks) * 0
                    change[r] = each.rows(blocks)[r] * factor / (base.degree if each is base else 1)
                    _add(moved, blocks, each, change)
                found.append(moved)
        return found

    def count(self) -> int:
        """How many free numbers there are."""
        return len(self._pairs()) if self.bond else (len(self.sides) - 1) * len(self.alive)

    def move(self, blocks: Blocks, by: Array, arithmetic: Arithmetic) -> None:
        """Rescale in place, along the orbit."""
        at = list(self.alive)
        if self.bond:
            half = arithmetic.array(np.zeros((len(at), len(at))))
            for value, (a, b) in zip(by, self._pairs(), strict=True):
                half[a, b] = half[b, a] = value / 2
            one = arithmetic.array(np.eye(len(at)))
            for sign, side in zip((1, -1), self.sides, strict=True):
                rows = side.rows(blocks).copy()
                rows[at] = arithmetic.solve(one - sign * half, (one + sign * half) @ rows[at])  # Cayley's transform
                side.put(blocks, rows)
            return
        base, *others = self.sides
        numbers = by.reshape(len(others), len(at))
        shares = [side.degree for side in others]
        first = -np.asarray(sum(share * row for share, row in zip(shares, numbers, strict=True))) / base.degree
        for side, exponents in ((base, first), *zip(others, numbers, strict=True)):
            _scale(blocks, side, at, arithmetic.exp(exponents))

    def sweep(self, blocks: Blocks, arithmetic: Arithmetic) -> None:
        """Make the slices of this label agree, whatever becomes of the others."""
        at = list(self.alive)
        if self.bond or not at:
            return
        logs = [arithmetic.log((side.rows(blocks)[at] ** 2).sum(axis=1) / side.degree) for side in self.sides]
        total = sum(side.degree for side in self.sides)
        mean = sum(side.degree * row for side, row in zip(self.sides, logs, strict=True)) / total
        for side, row in zip(self.sides, logs, strict=True):
            _scale(blocks, side, at, arithmetic.exp((mean - row) / 2))


def _add(moved: Blocks, blocks: Blocks, side: _Side, change: Array) -> None:
    holder = {side.block: blocks[side.block]}
    side.put(holder, change)
    moved[side.block] = moved[side.block] + holder[side.block] if side.block in moved else holder[side.block]


def _scale(blocks: Blocks, side: _Side, at: Sequence[int], factors: Array) -> None:
    rows = side.rows(blocks).copy()
    rows[list(at)] = rows[list(at)] * factors[:, None]
    side.put(blocks, rows)


def least_norm(network: Network, raw: Mapping[str, Any], arithmetic: Arithmetic = FLOAT64, *, bonds: bool) -> Blocks:
    """The point of least norm on the orbit of a start.

    Arguments:
        bonds: whether bonds may be multiplied by matrices, which makes Gram matrices agree; else by numbers alone.

    Raises:
        NotConverged: the orbit has no such point that is found: a Gram matrix of a bond is singular.
    """
    blocks = {name: arithmetic.array(raw[name]) for name in network.shapes}
    gauges = _gauges(network, blocks, bonds)
    gauges = [gauge for gauge in gauges if gauge.count()]
    if not gauges:
        return blocks
    norm = float(sum((block * block).sum() for block in blocks.values()))
    if not norm > 0:
        return blocks
    for _ in range(1 if _disjoint(gauges) else 3):
        for gauge in gauges:
            gauge.sweep(blocks, arithmetic)
    if _disjoint(gauges) and not any(gauge.bond for gauge in gauges):
        return blocks
    best = math.inf
    for _ in range(STEPS):
        left = np.concatenate([gauge.forms(blocks, blocks) for gauge in gauges])
        size = sum((block * block).sum() for block in blocks.values())
        worst = max((abs(x) for x in left), default=0)
        if worst <= GUARD * arithmetic.eps * size:
            return blocks
        columns = [
            np.concatenate([2 * gauge.forms(_filled(moved, blocks), blocks) for gauge in gauges])
            for of in gauges
            for moved in of.directions(blocks)
        ]
        by = arithmetic.solve(np.stack(columns, axis=1), -left)
        top = max(abs(x) for x in by)
        if top > LARGEST:
            by = by * (LARGEST / top)
        elif float(worst / size) >= best and float(worst / size) < 1e-12:  # rounding is all that is left
            return blocks
        best = min(best, float(worst / size))
        start = 0
        for gauge in gauges:
            gauge.move(blocks, by[start : start + gauge.count()], arithmetic)
            start += gauge.count()
    raise NotConverged("the balance of a start", STEPS, best)


def _filled(moved: Blocks, blocks: Blocks) -> Blocks:
    return {name: moved[name] if name in moved else block * 0 for name, block in blocks.items()}


def _disjoint(gauges: Sequence[_Gauge]) -> bool:
    names = [side.block for gauge in gauges for side in gauge.sides]
    return len(set(names)) == len(names)


def _gauges(network: Network, blocks: Blocks, bonds: bool) -> list[_Gauge]:
    """One for every label that names groups; slices that are zero in one block become zero in all of their group."""
    joined = _bonds(network) if bonds else []
    taken = {(block, axis) for sides in joined for side in sides for block, axis in [(side.block, side.axes[0])]}
    found: list[tuple[tuple[_Side, ...], bool]] = [(sides, True) for sides in joined]
    for grouping in network.description.groupings:
        if not any((member.block.name, member.axis) in taken for member in grouping.members):
            found.append((_sides(grouping), False))
    dead: list[set[int]] = [set() for _ in found]
    changed = True
    while changed:
        changed = False
        for place, (sides, _) in enumerate(found):
            zero = {r for side in sides for r, row in enumerate(side.rows(blocks)) if not any(x != 0 for x in row)}
            if zero - dead[place]:
                dead[place] |= zero
                changed = True
                for side in sides:
                    rows = side.rows(blocks).copy()
                    rows[sorted(zero)] = 0
                    side.put(blocks, rows)
    gauges = []
    for (sides, bond), gone in zip(found, dead, strict=True):
        count = len(sides[0].rows(blocks))
        gauges.append(_Gauge(sides, bond, tuple(r for r in range(count) if r not in gone)))
    return gauges


def _sides(grouping: Grouping) -> tuple[_Side, ...]:
    return tuple(_Side(m.block.name, (m.axis,), m.degree) for m in grouping.members)


def _bonds(network: Network) -> list[tuple[_Side, ...]]:
    """The two blocks of every bond whose Gram matrices theory says differ by a constant."""
    found = []
    for law in conservation_laws(network.description):
        if law.edge and not law.kept:
            found.append(
                tuple(_Side(b.name, tuple(b.labels.index(x) for x in law.edge), 1) for b in (law.left, law.right))
            )
    return found
