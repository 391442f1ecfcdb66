"""Judging a claim about a Target: exactly or in 75 digits where it speaks of W, by other minimisations for R_K(W)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ._claim import Claim
from ._evaluate import Mutated, relations
from ._judge_state import (
    CEILING,
    EPS,
    NOISE_MARGIN,
    PERSISTED,
    ROUNDING,
    by_float64_alone,
    exactly,
    is_blind,
    is_gross,
    ratio,
    second_look,
    worst_entry,
)
from ._numbers import DIGITS, Unsupported, precision
from ._problem import Problem
from ._relations import Relation, concatenated_gap
from ._target import Costs, Target, as_precise_target, as_target, jittered
from ._verdict import Outcome

MINIMISED = 1e-9  # relative error to which the minimisation of (15) is trusted where independent starts agree
EFFORTS = ((1, 0), (2, 1), (6, 2))  # starting frames and their seed: quick, ordinary, last word


def judge_target(claim: Claim, problem: Problem, *, audit: bool = False) -> Outcome:
    """What one tensor says of a claim about a Target.

    `audit`: ask in 75 digits also where float64 found nothing, for what stands below 64 eps of a large common term.

    Where R_K is asked for, the error bar is what another minimisation from other frames changes, and a violation must
    survive a third one; R_K is an upper bound unless the frames are optimal, so what exceeds the bar but moves with
    the effort stays undecided. Otherwise rounding is told from violation as for a State.

    Raises: whatever the claim's function raises in float64.
    """
    quick = Costs(*EFFORTS[0])
    target = as_target(problem, quick)
    before = target.tensor._version
    stated = relations(claim, target)
    if target.tensor._version != before:
        raise Mutated("the conjecture changed its Target in place; work on a copy (x.clone())")
    violation, scale = concatenated_gap(stated)
    if violation.size == 0:
        return Outcome("rejected", how="the relation compares empty tensors")
    if quick.asked:
        return _by_effort(claim, problem, violation)
    exact = exactly(claim, lambda: as_precise_target(problem, exact=True))
    if exact is not None:
        return exact
    relative = ratio(violation, scale)
    allowed = ROUNDING * scale + NOISE_MARGIN * _noise(claim, target, violation)
    given = _given(stated, relative, ratio(allowed, scale))
    if np.all(violation <= allowed) and not is_blind(violation, allowed, scale):
        if not audit:
            return Outcome("holds", **given)
        given["allowed"] = max(given["worst"], ROUNDING)

    def at_precision(digits: int) -> tuple[tuple[Relation, ...], np.ndarray, np.ndarray]:
        with precision(digits):
            again = relations(claim, as_precise_target(problem, exact=False))
            return again, *concatenated_gap(again)

    outcome = second_look(at_precision, violation, scale, given, "the same tensor in high precision")
    if outcome.missing and is_gross(violation, allowed, scale):
        return by_float64_alone(outcome)
    return outcome


def _given(stated: tuple[Relation, ...], relative: np.ndarray, allowed: np.ndarray) -> dict[str, Any]:
    unexplained = relative > allowed
    at = int(np.argmax(np.where(unexplained, relative, -1.0) if unexplained.any() else relative))
    measured, predicted = worst_entry(stated)
    return {
        "worst": float(relative[at]),
        "allowed": float(allowed[at]),
        "measured": measured,
        "predicted": predicted,
    }


def _noise(claim: Claim, target: Target, violation: np.ndarray) -> np.ndarray:
    generator = torch.Generator().manual_seed(0)
    worst = np.zeros_like(violation)
    for _ in range(3):
        try:
            other, _scale = concatenated_gap(relations(claim, jittered(target, generator, EPS)))
        except Exception:  # a rounding away the claim is undefined or rejects its input: float64 cannot tell here
            return np.full_like(violation, np.inf)
        worst = np.maximum(worst, np.abs(other - violation) if other.shape == violation.shape else np.inf)
    return worst


def _by_effort(claim: Claim, problem: Problem, quick: np.ndarray) -> Outcome:
    costs = Costs(*EFFORTS[1])
    stated = relations(claim, as_target(problem, costs))
    violation, scale = concatenated_gap(stated)
    if violation.shape != quick.shape:
        return Outcome("undecided", how="the relation changes its shape with the effort of the minimisation")
    allowed = (ROUNDING + MINIMISED + NOISE_MARGIN * costs.doubt) * scale + NOISE_MARGIN * np.abs(violation - quick)
    given = _given(stated, ratio(violation, scale), ratio(allowed, scale))
    if np.all(violation <= allowed) and not is_blind(violation, allowed, scale):
        return Outcome("holds", **given)
    # What else the claim computes, such as small powers of vanishing singular values, must not be judged in float64.
    look = _costs_in_digits
    try:
        quick, _, _ = look(claim, problem, Costs(*EFFORTS[0]))
    except Unsupported:
        look = _costs_in_float64
        quick, _, _ = look(claim, problem, Costs(*EFFORTS[0]))
    violation, scale, stated = look(claim, problem, costs)
    allowed = (ROUNDING + MINIMISED + NOISE_MARGIN * costs.doubt) * scale + NOISE_MARGIN * np.abs(violation - quick)
    if look is _costs_in_float64:
        allowed = allowed + NOISE_MARGIN * _noise(claim, as_target(problem, Costs(*EFFORTS[0])), violation)
    given = _given(stated, ratio(violation, scale), ratio(allowed, scale))
    if np.all(violation <= allowed):
        blind = is_blind(violation, allowed, scale)
        how = f"an error bar above {CEILING:g} of the scale" if blind else ""
        return Outcome("undecided" if blind else "holds", how=how, **given)
    last, last_scale, _ = look(claim, problem, Costs(*EFFORTS[2]))
    bad = violation > allowed
    refined = float(ratio(last, last_scale).max())
    if last.shape == violation.shape and np.any(bad & (last > PERSISTED * violation) & (violation > 10 * allowed)):
        how = f"(15) minimised from {', '.join(str(starts) for starts, _ in EFFORTS)} starting frames, "
        return Outcome("violated", refined=refined, how=how + f"duality gap at most {costs.doubt:.0e}", **given)
    if last.shape == violation.shape and np.all(last[bad] <= PERSISTED * violation[bad]):
        return Outcome("holds", refined=refined, **given)
    return Outcome("undecided", refined=refined, how="moves with the effort put into the minimisation", **given)


def _costs_in_float64(claim: Claim, problem: Problem, costs: Costs) -> tuple[np.ndarray, np.ndarray, Any]:
    stated = relations(claim, as_target(problem, costs))
    return *concatenated_gap(stated), stated


def _costs_in_digits(claim: Claim, problem: Problem, costs: Costs) -> tuple[np.ndarray, np.ndarray, Any]:
    """Violation, scale and relations in 75 digits, but for R_K, whose float64 value is taken as it is."""
    with precision(DIGITS):
        stated = relations(claim, as_precise_target(problem, exact=False, cost=costs))
        return *concatenated_gap(stated), stated
