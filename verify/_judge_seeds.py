"""Judging a claim about Seeds: intervals over runs that stay honest without variance, more runs until they decide."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ._claim import Claim
from ._evaluate import relations
from ._judge_state import ROUNDING, ratio, worst_entry
from ._problem import Problem
from ._relations import signed
from ._resampling import Spread, spread
from ._seeds import PathFailure, Seeds, run_seeds
from ._verdict import Outcome

COUNTS = (24, 96, 384, 1536)  # runs of a first look, and of later ones where it leaves something open
USUAL = 384  # more runs than that only where they are expected to decide
FINE = 0.1  # an equality is told from its neighbours where the bar is this part of its scale


@dataclass(frozen=True)
class _Look:
    """An outcome, how many runs would settle it, and whether it rests on no run having contradicted it."""

    outcome: Outcome
    needed: float
    universal: bool = False


def judge_seeds(claim: Claim, problem: Problem, run: Callable[..., Seeds] = run_seeds) -> Outcome:
    """What the runs of one problem say of a claim about Seeds.

    The relation is refuted where the whole 99.9 % interval of its discrepancy lies on the wrong side, and that of an
    independent second set of seeds too. An inequality holds where the interval lies on the right side, an equality
    where the interval contains zero and is no wider than FINE of the scale to either side, unless it contains zero only
    through what unseen runs may be. A statement that holds with
    equality run by run has no bar: it holds when none of USUAL runs contradicts it. So does a bound on the largest
    value over the runs, which a single run refutes.

    Arguments:
        run: trains the starts; the engine passes one that remembers them for the next claim.

    Raises: whatever the claim's function raises.
    """
    outcome = Outcome("undecided")
    needed: float = 0
    for count in COUNTS:
        if count > USUAL and needed > count:
            break
        if count < USUAL and needed > 2 * count:  # a look that is not expected to decide is left out
            continue
        try:
            look = _look(claim, run(problem, claim.assumes, claim.optimizer, count))
            outcome, needed = look.outcome, look.needed
            if outcome.status == "violated":
                again = _look(claim, run(problem, claim.assumes, claim.optimizer, count, 1)).outcome
                if again.status == "violated":
                    return outcome
                needed = 2 * count
                outcome = Outcome("undecided", how="two independent sets of seeds disagree", worst=outcome.worst)
        except PathFailure as failure:
            return Outcome("rejected", how=str(failure))
        if outcome.status == "rejected" or (outcome.status == "holds" and not (look.universal and count < USUAL)):
            return outcome
        if outcome.status == "holds":
            needed = USUAL
    return outcome


def _look(claim: Claim, seeds: Seeds) -> _Look:
    sample = seeds.of_rows(np.arange(len(seeds.runs)))
    stated = relations(claim, sample)
    if signed(stated)[0].size == 0:
        return _Look(Outcome("rejected", how="the relation compares empty tensors"), 0)
    two_sided = np.concatenate([np.full(r.gap()[0].size, r.kind in ("equal", "constant")) for r in stated])
    if sample.count < 2:
        return _Look(Outcome("undecided", how=f"only {sample.count} run did not diverge"), math.inf)
    seen = spread(claim, seeds, sample, stated)
    wrong = np.where(two_sided, np.abs(seen.point), np.maximum(seen.point, 0.0))
    bar = np.where(seen.point > 0, seen.point - seen.low, seen.high - seen.point)
    relative, allowed = ratio(wrong, seen.scale), ratio(bar, seen.scale)
    violated, holds, by_runs = _decide(seen, two_sided)
    needed = _needed(seen, two_sided, violated | holds, bar, sample.count)
    place = np.where(violated, 2.0, np.where(holds, 0.0, 1.0))
    at = (
        int(np.argmax(place * 1e300 + np.where(np.isfinite(bar), wrong - bar, 0.0)))
        if place.any()
        else int(np.argmax(wrong))
    )
    measured, predicted = worst_entry(stated)
    status = "violated" if violated.any() else "holds" if holds.all() else "undecided"
    outcome = Outcome(
        status,
        worst=float(relative[at]),
        allowed=float(allowed[at]),
        measured=measured,
        predicted=predicted,
        how=_told(seen, at, status, sample, needed, by_runs=bool(by_runs[at])),
    )
    return _Look(outcome, needed, universal=bool((holds & by_runs).any()))


def _decide(seen: Spread, two_sided: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which entries are violated, which hold, and of which the runs themselves decide instead of an interval."""
    rounding = ROUNDING * seen.scale
    outside = np.where(two_sided, (seen.low > 0) | (seen.high < 0), seen.low > 0) & seen.steady & ~seen.every
    inside = np.where(
        two_sided,
        (np.maximum(seen.point - seen.low, seen.high - seen.point) <= FINE * seen.natural)
        & ~(outside | seen.apart)
        & seen.steady,
        seen.high <= 2 * rounding,
    )
    # The largest over the runs seen says of the others only that they may be larger, the least that they may be less.
    violated = np.where(seen.greatest, seen.point > rounding, np.where(seen.least, False, outside))
    kept = seen.every | (~two_sided & (seen.greatest | seen.least) & (seen.point <= rounding))
    holds = ~violated & (kept | (inside & ~seen.greatest & ~seen.least))
    return violated, holds, kept | seen.greatest


def _needed(seen: Spread, two_sided: np.ndarray, settled: np.ndarray, bar: np.ndarray, count: int) -> float:
    """Runs after which the open entries would be settled, were their bars to shrink as 1/sqrt(runs)."""
    if settled.all():
        return float(count)
    equality = np.where(seen.apart, np.abs(seen.point), np.maximum(FINE * seen.natural, np.abs(seen.point) / 2))
    wanted = np.where(two_sided, equality, np.abs(seen.point))
    with np.errstate(divide="ignore", invalid="ignore"):
        runs = count * (bar / wanted) ** 2
    runs = np.where(seen.greatest | seen.least | ~np.isfinite(runs) | ~seen.steady, np.inf, runs)
    return float(np.max(np.where(settled, 0, np.maximum(runs, count))))


def _told(seen: Spread, at: int, status: str, sample: Seeds, needed: float, *, by_runs: bool) -> str:
    """The outcome in words."""
    how = f"{sample.count} seeds"
    if sample.diverged:
        how += f" ({sample.diverged} more diverged and are in no statistic)"
    if seen.why:
        return f"{how}: {seen.why}"
    how += f", discrepancy {seen.point[at]:.3g}"
    if status == "violated":
        if seen.greatest[at]:
            return how + " in a single run, and likewise in an independent second set"
        how += f" with 99.9 % interval {seen.low[at]:.3g} to {seen.high[at]:.3g}"
        return how + ", and likewise from an independent second set"
    if by_runs and status == "holds":
        return how + ", and none of the runs contradicts it by itself"
    how += f" with 99.9 % interval {seen.low[at]:.3g} to {seen.high[at]:.3g}"
    if status == "holds":
        return how
    if seen.greatest[at] or seen.least[at]:
        return how + "; an extreme over the runs bounds the runs not seen from one side only"
    if not seen.steady[at]:
        return how + "; the statistic still drifts with the number of runs, so no interval can be relied on"
    if seen.apart[at]:
        how += "; zero lies within only because of what runs not seen may be"
    if math.isfinite(needed) and needed < 1e9:
        return how + f"; about {float(f'{needed:.1e}'):,.0f} runs would settle it"
    return how + "; no number of runs is in sight that would settle it"
