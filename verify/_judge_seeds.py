"""Judging a claim about Seeds: confidence intervals by resampling runs, more runs while they do not decide."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import t as student

from ._claim import Claim
from ._evaluate import relations
from ._judge_state import ROUNDING, ratio, worst_entry
from ._problem import Problem
from ._relations import signed
from ._seeds import PathFailure, Seeds, run_seeds
from ._verdict import Outcome

COUNTS = (24, 96)  # runs of a first look, and of a second where the interval leaves it open
RESAMPLES = 200
LEVEL = 0.999  # confidence of an interval: a run of the engine looks at many


def judge_seeds(claim: Claim, problem: Problem, run: Callable[..., Seeds] = run_seeds) -> Outcome:
    """What the runs of one problem say of a claim about Seeds.

    The relation is refuted where the whole 99.9 % interval of its discrepancy lies on the wrong side, and that of an
    independent second set of seeds too. It holds where the interval lies on the right side (inequalities) or contains
    zero (equalities, which runs can only fail to contradict).

    Arguments:
        run: trains the starts; the engine passes one that remembers them for the next claim.

    Raises: whatever the claim's function raises.
    """
    outcome = Outcome("undecided")
    for count in COUNTS:
        try:
            outcome = _look(claim, run(problem, claim.assumes, claim.optimizer, count))
            if outcome.status == "violated":
                again = _look(claim, run(problem, claim.assumes, claim.optimizer, count, 1))
                if again.status == "violated":
                    return outcome
                outcome = Outcome("undecided", how="two independent sets of seeds disagree", worst=outcome.worst)
        except PathFailure as failure:
            return Outcome("rejected", how=str(failure))
        if outcome.status != "undecided":
            return outcome
    return outcome


def _look(claim: Claim, seeds: Seeds) -> Outcome:
    stated = relations(claim, seeds)
    point, scale = signed(stated)
    if point.size == 0:
        return Outcome("rejected", how="the relation compares empty tensors")
    generator = np.random.default_rng(0)
    spread = []
    for _ in range(RESAMPLES):
        again, _scale = signed(relations(claim, seeds.resampled(generator)))
        if again.shape != point.shape:
            return Outcome("undecided", how="the relation changes its shape from resample to resample")
        spread.append(again)
    if not np.all(np.isfinite(point)):
        return Outcome("undecided", how="a statistic is not a finite number")
    half = student.ppf((1 + LEVEL) / 2, seeds.count - 1) * np.std(spread, axis=0, ddof=1)
    two_sided = np.concatenate(
        [np.full(r.gap()[0].size, r.kind in ("equal", "constant")) for r in stated]
    )  # fmt: skip
    rounding = ROUNDING * scale
    low, high = point - half - rounding, point + half + rounding
    violated = np.where(two_sided, (low > 0) | (high < 0), low > 0)
    holds = np.where(two_sided, ~violated, point + half <= rounding)
    wrong = np.where(two_sided, np.abs(point), np.maximum(point, 0.0))
    relative, allowed = ratio(wrong, scale), ratio(half + rounding, scale)
    at = int(np.argmax(np.where(violated, np.inf, 0) + wrong - half))
    measured, predicted = worst_entry(stated)
    how = f"{seeds.count} seeds, discrepancy {point[at]:.3g} with 99.9 % interval {low[at]:.3g} to {high[at]:.3g}"
    status = "violated" if violated.any() else "holds" if holds.all() else "undecided"
    if status == "violated":
        how += ", and likewise from an independent second set"
    return Outcome(
        status,
        worst=float(relative[at]),
        allowed=float(allowed[at]),
        measured=measured,
        predicted=predicted,
        how=how,
    )
