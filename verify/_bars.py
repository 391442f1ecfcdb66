"""Error bars of claims about paths: one for every relation, and for every series of a relation on its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ._relations import Relation, apart

CEILING = 1e-6  # an error bar above this part of an entry's size decides nothing
COMMON = 1e3  # paths are scaled to norms near one: larger quantities carry a common term that may hide what moves
AT_ROUNDING = 1e-10  # and a smaller quantity is what cancellation left of larger ones


def along_series(relation: Relation, values: np.ndarray, records: int) -> np.ndarray:
    """The largest value of every series of a relation, at each of its entries: errors travel along time.

    An entry is a series of its own unless the first axis is time; different series never share a bar.
    """
    series = relation.kind in ("constant", "nonincreasing") or (values.ndim > 0 and values.shape[0] == records + 1)
    if not series or values.ndim == 0:
        return values
    return np.broadcast_to(values.max(axis=0, keepdims=True, initial=0.0), values.shape)


def same_shapes(one: tuple[Relation, ...], other: tuple[Relation, ...]) -> bool:
    """Whether two evaluations of a claim may be compared entry by entry."""
    return [r.gap()[0].shape for r in one] == [r.gap()[0].shape for r in other]


def _concatenated(stated: tuple[Relation, ...], of: Callable[[int], np.ndarray]) -> np.ndarray:
    return np.concatenate([np.asarray(of(i)).reshape(-1) for i in range(len(stated))])


def gap_change(stated: tuple[Relation, ...], other: tuple[Relation, ...], records: int) -> np.ndarray:
    """By how much every discrepancy differs between two evaluations, the most along each series; flat."""
    pairs = list(zip(stated, other, strict=True))
    return _concatenated(
        stated,
        lambda i: along_series(
            pairs[i][0], np.asarray(np.abs(pairs[i][0].discrepancy()[0] - pairs[i][1].discrepancy()[0])), records
        ),
    )


def operand_change(stated: tuple[Relation, ...], moved: tuple[Relation, ...], records: int) -> np.ndarray:
    """By how much the operands of every discrepancy differ between two evaluations, the most along each series; flat.

    With a start that was rounded once more it says what rounding does: a series that is exactly zero, such as a
    conserved difference, must not be compared with its own rounding errors.
    """

    def of(i: int) -> np.ndarray:
        relation, other = stated[i], moved[i]
        shape = relation.gap()[0].shape
        change = np.zeros(shape)
        for here, there in ((relation.measured, other.measured), (relation.predicted, other.predicted)):
            if here is None or there is None:
                continue
            moved_by = apart(here, there)
            if moved_by is None:
                continue
            moves = along_series(relation, moved_by, records)
            if relation.kind == "nonincreasing":
                moves = moves[1:]
            change = np.asarray(np.maximum(change, np.broadcast_to(moves, shape)))
        return np.asarray(change)

    return _concatenated(stated, of)


def too_wide(allowed: np.ndarray, violation: np.ndarray, scale: np.ndarray, rounding: np.ndarray) -> np.ndarray:
    """Where a discrepancy is within its bar only since the bar is a good part of the entry itself.

    Quantities at the level of rounding are excepted: what is zero but for rounding has no size of its own.
    """
    return (violation > rounding) & (allowed > CEILING * scale) & (scale > AT_ROUNDING)
