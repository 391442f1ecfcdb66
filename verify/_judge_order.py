"""Judging what a descent keeps up to O(step^p): halve the step until the order has settled, then look again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ._bars import COMMON, gap_change, operand_change
from ._batch import PathBatch, PathFailure
from ._claim import Claim
from ._evaluate import relations
from ._judge_state import EPS, ratio, worst_entry
from ._numbers import DIGITS, Unsupported, precision
from ._orders import SETTLED, Told, told
from ._precise_descent import precise_descent
from ._relations import Relation
from ._rounding import recording
from ._verdict import Outcome

PATH_ROUNDING = 1024 * EPS  # rounding that a path of some dozens of steps may collect, relative
START_MARGIN = 64.0  # how much more rounding a run collects than one rounding of its start
HALVINGS = 9  # levels that a whole batch is followed down: 16 * 2^8 steps
DEEPEST = 11  # levels that a violation is followed down: 16 * 2^10 steps
LASTS = 1  # levels further at which a violation must still stand: a transient may look settled for a while
FIRST_LOOK = 3  # levels before anything is said
PRECISE_LEVELS = 3  # levels of the second look: the run itself in 75 digits
CONFIRMED_LEVELS = 2  # of them, where float64 has told the order already and only its runs are checked
PRECISE_WORK = 60_000  # parameters times steps of the finest such run; more is not affordable
SOLVED = 1e-10  # of its quantity: so far off may be what a claim solves on its own, such as (12), wherever it is held
SOLVER = 100.0  # resolution of what is held against a solved flow, in its tolerances

Stated = tuple[Relation, ...]


def judge_order(claim: Claim, batch: PathBatch, index: int, witnessed: bool, first: int) -> Outcome:
    """What the discrepancies of one problem say while the step is halved.

    A violation is looked at again: LASTS levels further down, alone and with flows solved more tightly if flows are
    asked, beside what rounding the start does, and with the runs at the coarse steps repeated in 75 digits. What stands
    below the resolution of float64 is asked of those digits as well.

    Arguments:
        first: the coarsest level that does not diverge.
    """
    trace = _Trace(claim, batch, index, first)
    if not batch.problems:
        return trace.follow(min(trace.first + SETTLED, HALVINGS), witnessed, LASTS)
    outcome = trace.follow(min(trace.first + SETTLED, HALVINGS) if witnessed else HALVINGS, witnessed)
    if witnessed:
        return outcome
    if outcome.status == "violated":
        if batch.flow_was_asked:
            trace = _Trace(claim, batch.alone(index), 0, first)
        outcome = trace.again(DEEPEST)
        if outcome.status == "violated":
            return _confirmed(trace, outcome)
    return _resolved(trace, outcome) if outcome.status == "hidden" else outcome


def begins(batch: PathBatch, index: int, optimizer: str, stable: int) -> int:
    """The level from which an order is looked for, so that FIRST_LOOK levels fit in."""
    return max(stable, min(batch.looked_at_from(index, optimizer, stable), HALVINGS - FIRST_LOOK))


class _Trace:
    """The ordered relations of a claim at level after level of one problem, from shortly before its steps are small."""

    def __init__(self, claim: Claim, batch: PathBatch, index: int, stable: int) -> None:
        self.claim, self.batch, self.index, self.stable = claim, batch, index, stable
        self.small = batch.small_steps(index, claim.optimizer, stable)
        self.first = begins(batch, index, claim.optimizer, stable)
        self.stated: list[Stated] = []
        self.told: list[Told] = []
        self._moved: Stated | None = None

    def at(self, level: int, jitter: int = 0, rtol: float | None = None) -> Stated:
        """The ordered relations at a level."""
        descent = self.batch.descent(self.index, level, self.claim.optimizer, jitter, rtol)
        return ordered(relations(self.claim, descent))

    def follow(self, levels: int, witnessed: bool, lasts: int = 0) -> Outcome:
        """Halve until every relation has told what it has to tell, or has had SETTLED levels of small steps.

        Arguments:
            levels: no level from this one on is looked at, but for those that `lasts` asks for.
            lasts: levels further at which the same entries must still be violated.
        """
        self.batch.flow_was_asked = False
        last = min(levels, max(self.small, self.first) + SETTLED)
        standing: list[np.ndarray] = []  # for every relation, the entries violated at every one of the last levels
        seen = 0  # levels in a row at which some of them were
        for level in range(self.first, last + lasts):
            if level >= last and not seen:
                break
            self.stated.append(self.at(level))
            if len(self.stated) < FIRST_LOOK:
                continue
            if [r.gap()[0].shape for r in self.stated[-1]] != [r.gap()[0].shape for r in self.stated[0]]:
                return Outcome("undecided", how="the relation changes its shape with the step")
            self.told = [self._tell(i, witnessed) for i in range(len(self.stated[-1]))]
            broken = [t.where & (t.status == "violated") for t in self.told]
            still = [a & b for a, b in zip(standing, broken, strict=True)] if seen else broken
            seen = seen + 1 if any(map(np.any, still)) else int(any(map(np.any, broken)))
            standing = broken if seen == 1 else still
            if seen > lasts or all(t.status in ("holds", "hidden") for t in self.told):
                break
        self.told = [self._lasting(t, entries, seen > lasts) for t, entries in zip(self.told, standing, strict=True)]
        return self._outcome()

    def again(self, levels: int) -> Outcome:
        """Follow once more, from the first level on; a violation must last."""
        self.stated, self.told = [], []
        return self.follow(levels, False, LASTS)

    @staticmethod
    def _lasting(seen: Told, entries: np.ndarray, lasted: bool) -> Told:
        """What is left of a violation at the entries where it lasted."""
        if seen.status != "violated":
            return seen
        return replace(seen, where=entries) if lasted and entries.any() else replace(seen, status="halve")

    def _tell(self, i: int, witnessed: bool) -> Told:
        rows = [stated[i] for stated in self.stated]
        signed = np.stack([r.discrepancy()[0].reshape(-1) for r in rows])
        shape = rows[-1].discrepancy()[0].shape
        _, scale = rows[-1].gap()
        return told(
            signed, self.bars(i), rows[-1].order or 1, columns_of(rows[-1], shape, self.batch.records),
            one_sided=rows[-1].kind in ("at_most", "nonincreasing"), regime=0 if witnessed else self._regime(),
            common=scale.reshape(-1) > COMMON, floor=SOLVED * np.minimum(scale.reshape(-1), COMMON),
        )  # fmt: skip

    def bars(self, i: int) -> np.ndarray:
        """What float64, and the solved flow if one was asked for, can tell of every entry."""
        _, scale = self.stated[-1][i].gap()
        solver = SOLVER * self.batch.rtol if self.batch.flow_was_asked else 0.0
        return (PATH_ROUNDING + solver) * scale.reshape(-1) + START_MARGIN * self._noise(i)

    def _noise(self, i: int) -> np.ndarray:
        """What rounding the start once more does, asked at the second level seen."""
        if self._moved is None:
            self._moved = self.at(self.first + 1, jitter=1)
        return operand_change((self.stated[1][i],), (self._moved[i],), self.batch.records)

    def _regime(self) -> int:
        """How many of the levels seen are too coarse for an order to be read off them."""
        return min(max(self.small - self.first, 0), len(self.stated))

    def _outcome(self) -> Outcome:
        statuses = {t.status for t in self.told}
        status = next((s for s in ("violated", "halve", "hidden", "holds") if s in statuses), "halve")
        last = self.stated[-1]
        measured, predicted = worst_entry(last)
        worst = max(float(ratio(*gap).max(initial=0.0)) for gap in (r.gap() for r in last))
        observed = [(t.order, t.sizes) for t in self.told if t.order is not None]
        order, sizes = min(observed, default=(None, ()))
        how = "; ".join(
            "step halved: " + ", ".join(f"{float(s[i].gap()[0].max(initial=0.0)):.3g}" for s in self.stated)
            for i in range(len(last))
        )
        limits = [t.limit for t in self.told if t.limit]
        if status == "violated":
            how += f"; tends to {max(limits, key=abs):.3g}" if limits else "; the order has settled"
        if status == "halve":
            steps = self.batch.records * self.batch.substeps * 2 ** (self.first + len(self.stated) - 1)
            status, how = "undecided", f"no order has settled after {steps} steps; {how}"
        return Outcome(
            status,
            worst=worst,
            allowed=math.inf,
            measured=measured,
            predicted=predicted,
            order=order,
            levels=tuple((0.5**n, size) for n, size in enumerate(sizes)),
            refined=worst if status == "violated" else None,
            how=how,
        )


def ordered(stated: Stated) -> Stated:
    """The relations that are meant up to a power of the step."""
    return tuple(relation for relation in stated if relation.order)


def columns_of(relation: Relation, shape: tuple[int, ...], records: int) -> np.ndarray:
    """For every entry, flat, the number of its series: what shares it differs in time alone."""
    if not shape:
        return np.zeros(1, dtype=int)
    along = relation.kind in ("constant", "nonincreasing") or shape[0] == records + 1
    count = math.prod(shape[1:]) if along else math.prod(shape)
    return np.tile(np.arange(count), shape[0]) if along else np.arange(count)


# -- second look
def _confirmed(trace: _Trace, outcome: Outcome) -> Outcome:
    """A violation beside its rounding and the error of its flow, then the coarse runs in 75 digits."""
    seen = max(len(trace.stated) - 1 - LASTS, 0)  # where it was first seen: rounding need not be asked at finer levels
    level = trace.first + seen
    last, broken = trace.stated[seen], [i for i, t in enumerate(trace.told) if t.status == "violated"]
    moved = trace.at(level, jitter=1)
    noise = [START_MARGIN * operand_change((last[i],), (moved[i],), trace.batch.records) for i in range(len(last))]
    if trace.batch.flow_was_asked:
        looser = trace.at(level, rtol=trace.batch.rtol * 50)
        noise = [noise[i] + gap_change((last[i],), (looser[i],), trace.batch.records) for i in range(len(last))]
    clear = {i: trace.told[i].where & (np.abs(last[i].gap()[0].reshape(-1)) > noise[i]) for i in broken}
    if not any(entries.any() for entries in clear.values()):
        return _resolved(trace, outcome, noise, explained="rounding the start, or the error of the solved flow")
    try:
        rows = _in_digits(trace, CONFIRMED_LEVELS)
    except _Unrepeatable as reason:
        return replace(outcome, status="undecided", how=f"{outcome.how}; {reason}")
    coarse = [trace.at(trace.stable + n) for n in range(len(rows))]
    for i, entries in clear.items():
        float64 = [coarse[n][i].discrepancy()[0].reshape(-1) for n in range(len(rows))]
        digits = [row[i].discrepancy()[0].reshape(-1) for row in rows]
        if any(a.shape != b.shape for a, b in zip(float64, digits, strict=True)):
            continue
        same = np.all(
            [np.abs(a - b) <= 0.1 * np.abs(b) + noise[i] for a, b in zip(float64, digits, strict=True)], axis=0
        )
        real = np.abs(digits[-1]) > noise[i]
        if np.any(entries & same & real):
            return replace(outcome, how=f"{outcome.how}; the coarse runs are the same in {DIGITS} digits")
    return replace(outcome, status="undecided", how=f"{outcome.how}; in {DIGITS} digits the coarse runs differ")


def _resolved(
    trace: _Trace, outcome: Outcome, noise: Sequence[np.ndarray] | None = None, explained: str = ""
) -> Outcome:
    """What float64 cannot resolve, asked of runs in 75 digits: it must vanish there, or show its order."""
    because = (
        f"explained by {explained}" if explained else f"below the resolution of float64 at this size: {outcome.how}"
    )
    if trace.batch.flow_was_asked:
        return replace(outcome, status="undecided", how=f"{because}; the solved flow has no more digits to look at")
    try:
        rows = _in_digits(trace, PRECISE_LEVELS)
    except _Unrepeatable as reason:
        return replace(outcome, status="undecided", how=f"{because}; {reason}")
    for i, relation in enumerate(rows[0]):
        signed = np.stack([row[i].discrepancy()[0].reshape(-1) for row in rows])
        if signed.shape[1:] != trace.told[i].where.shape:
            return replace(outcome, status="undecided", how=f"{because}; another shape in {DIGITS} digits")
        seen = trace.stated[-1][i].gap()[1].reshape(-1)
        at = trace.told[i].where
        if not at.any():
            continue
        again = told(
            signed[:, at], 1e-40 * np.maximum(seen[at], 1e-300), relation.order or 1,
            columns_of(relation, relation.gap()[0].shape, trace.batch.records)[at],
            one_sided=relation.kind in ("at_most", "nonincreasing"),
        )  # fmt: skip
        if again.status == "halve" or again.status == "violated":
            sizes = ", ".join(f"{value:.3g}" for value in np.abs(signed[:, at]).max(axis=1))
            return replace(outcome, status="undecided", how=f"{because}; in {DIGITS} digits: {sizes}")
    return replace(outcome, status="holds", how=f"{DIGITS} digits: {outcome.how}")


class _Unrepeatable(Exception):
    """The run cannot be repeated in more digits; the message says why."""


def _in_digits(trace: _Trace, levels: int) -> list[Stated]:
    """The ordered relations at the coarsest stable levels, the runs repeated in 75 digits.

    Raises:
        _Unrepeatable: too large, or the claim uses what has no high-precision counterpart.
    """
    batch, claim = trace.batch, trace.claim
    finest = trace.stable + levels - 1
    work = batch.starts[trace.index].architecture.parameter_count * batch.records * batch.substeps * 2**finest
    if work > PRECISE_WORK:
        raise _Unrepeatable(f"the run is too large to be repeated in {DIGITS} digits")
    try:
        with precision(DIGITS), recording():
            return [
                ordered(relations(claim, precise_descent(batch, trace.index, trace.stable + n, claim.optimizer)))
                for n in range(levels)
            ]
    except Unsupported as unsupported:
        raise _Unrepeatable(f"no high-precision counterpart of {unsupported}") from unsupported
    except PathFailure:
        raise
    except Exception as error:
        raise _Unrepeatable(f"failed in high precision: {type(error).__name__}: {error}") from error


__all__ = ["HALVINGS", "PATH_ROUNDING", "START_MARGIN", "begins", "judge_order"]
