"""Judging claims about flows and descents: tighten the tolerance or halve the step, and watch the discrepancy."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from ._bars import COMMON, gap_change, operand_change, same_shapes, too_wide
from ._batch import TIGHTER, PathBatch, PathFailure
from ._claim import Claim
from ._evaluate import relations
from ._judge_order import HALVINGS, PATH_ROUNDING, START_MARGIN, begins, judge_order
from ._judge_state import NOISE_MARGIN, NOTHING, PERSISTED, ROUNDING, is_clear, is_noise, moved_by, ratio, worst_entry
from ._numbers import DIGITS, MORE_DIGITS, Unsupported, precision
from ._path import COARSE, FINE
from ._precise_descent import lifted, precise_descent
from ._relations import Relation, bits_left, concatenated_gap
from ._rounding import recording
from ._shaken import shaking
from ._verdict import Outcome

CONSTANTS = 1e-13  # relative discrepancies below this may come from rounded constants in the conjecture itself

FLOW_MARGIN = 8.0
TOLERANCE_ORDER = 2 / 3  # a solver's global error falls at least so fast with its tolerance; more in the mean
SAME = 0.01  # a violation that a tighter flow changes by no more than this part is not the solver's
CLEAR_OF_SOLVER = 100.0  # a violation must exceed this many error bars of a solved flow
BELOW = "below the resolution of a large common term"

Stated = tuple[Relation, ...]
Ask = Callable[..., Stated]


# -- flows
def judge_flow(claim: Claim, batch: PathBatch, index: int) -> Outcome:
    """What one solved flow says of a claim: solved at two tolerances, the difference is the error bar.

    Where something is violated, or float64 could not see how the operands move (they carry a large common term), the
    claim is evaluated again in 75 digits on the same solved states: a discrepancy may be the claim's own rounding.

    Raises: whatever the claim's function raises in float64.
    """

    def plain(rtol: float, jitter: int = 0) -> Stated:
        return relations(claim, batch.flow(index, rtol, jitter=jitter))

    try:
        outcome, hidden = _refine_flow(plain, ROUNDING, batch.records)
        if not hidden and outcome.status != "violated":
            return outcome

        def precise(rtol: float, jitter: int = 0, rounded: int = 0) -> Stated:
            solved = batch.flow(index, rtol, jitter=jitter)
            with shaking(rounded) if rounded else nullcontext(), recording(jitter=rounded or None):
                return relations(claim, lifted(solved, rounded=rounded))

        try:
            with precision(DIGITS):
                again, _ = _refine_flow(precise, 1e-60, batch.records)
        except PathFailure:
            raise
        except Exception as error:
            because = BELOW if hidden else f"{outcome.how}; what float64 shows has no second look in {DIGITS} digits"
            return replace(outcome, status="undecided", how=f"{because}; {type(error).__name__}: {error}")
        if again.status == "violated":
            again = replace(again, how=f"{again.how}; the claim evaluated in {DIGITS} digits on the solved states")
        return again
    except PathFailure as failure:
        return Outcome("rejected", how=str(failure))


def _refine_flow(ask: Ask, rounding: float, records: int) -> tuple[Outcome, bool]:
    """What the tolerances say, and whether a discrepancy that holds may hide below the rounding of its operands."""
    stated, coarser = ask(FINE), ask(COARSE)
    fine, scale = concatenated_gap(stated)
    if fine.size == 0:
        return Outcome("rejected", how="the relation compares empty tensors"), False
    if not same_shapes(stated, coarser):
        return Outcome("undecided", how="the relation changes its shape with the tolerance"), False
    coarse, _ = concatenated_gap(coarser)
    expected = (FINE / COARSE) ** TOLERANCE_ORDER * gap_change(stated, coarser, records)
    # Conjectures solve equations of their own to about this tolerance; of a large common term it would hide too much.
    solved = np.where(scale <= COMMON, FINE * scale, 0.0)
    allowed = rounding * scale + FLOW_MARGIN * (solved + expected)
    relative = ratio(fine, scale)
    at = int(np.argmax(relative))
    measured, predicted = worst_entry(stated)
    given: dict[str, Any] = {
        "worst": float(relative[at]),
        "allowed": float(ratio(allowed, scale)[at]),
        "measured": measured,
        "predicted": predicted,
    }
    order = _tolerance_order(coarse, fine, scale)
    given["levels"] = _levels(coarse, fine)
    if np.all(fine <= allowed):
        return Outcome("holds", order=order, **given), _hidden(ask, stated, coarser, scale, rounding, records)
    noise = START_MARGIN * operand_change(stated, ask(FINE, jitter=1), records)
    if rounding != ROUNDING:  # the solver worked in float64: its records are rounded, however the claim is evaluated
        for seed in (1, 2):  # and the claim's own rounding in 75 digits, up and down
            noise = np.maximum(noise, START_MARGIN * operand_change(stated, ask(FINE, rounded=seed), records))
    allowed = allowed + noise
    given["allowed"] = float(ratio(allowed, scale)[at])
    bad = (fine > allowed) | too_wide(allowed, fine, scale, rounding * scale)
    if not np.any(bad):
        return Outcome("holds", order=order, **given), _hidden(ask, stated, coarser, scale, rounding, records)
    if np.all(coarse[bad] > 8 * fine[bad]):
        given["levels"] = _levels(coarse[bad], fine[bad])
        return Outcome("holds", order=_tolerance_order(coarse[bad], fine[bad], 0 * fine[bad]), **given), False
    finer = ask(FINE / TIGHTER)
    if not same_shapes(stated, finer):
        return Outcome("undecided", how="the relation changes its shape with the tolerance", **given), False
    finest, finest_scale = concatenated_gap(finer)
    given["refined"] = float(ratio(finest, finest_scale).max())
    if np.all(finest[bad] <= PERSISTED * fine[bad]):
        given["levels"] = _levels(coarse[bad], fine[bad], finest[bad])
        order = math.log(float(fine[bad].max()) / max(float(finest[bad].max()), 1e-300)) / math.log(TIGHTER)
        return Outcome("holds", order=order, **given), False
    clear = bad & (finest > PERSISTED * fine) & (fine > CLEAR_OF_SOLVER * allowed)
    # Or the tighter flow, whose own bar is narrower by as much as its error must be, shows the same.
    fixed = rounding * scale + noise
    narrower = fixed + (allowed - fixed) / TIGHTER**TOLERANCE_ORDER
    clear |= bad & (np.abs(finest - fine) <= SAME * fine) & (finest > CLEAR_OF_SOLVER * narrower)
    if np.any(clear):
        how = f"flow solved at relative tolerances {COARSE:g}, {FINE:g} and {FINE / TIGHTER:g}"
        return Outcome("violated", how=how, **given), False
    wide = not np.any(fine > allowed)
    how = (
        "the error bar is a good part of the quantity itself, and a flow has no second look in more digits"
        if wide
        else "does not vanish with the solver's tolerance, nor stand clear of it"
    )
    return Outcome("undecided", how=how, **given), not wide and rounding == ROUNDING


def _hidden(ask: Ask, stated: Stated, coarser: Stated, scale: np.ndarray, rounding: float, records: int) -> bool:
    """Whether the operands of some entry react to the tolerance less than float64 can show at their size.

    A relation between solved quantities reacts visibly; one that does not is about what does not move (true of a dead
    slice) or carries a common term that swallows what moves: told apart in 75 digits.
    """
    if rounding != ROUNDING:
        return False
    moves = operand_change(stated, coarser, records)
    return bool(np.any((moves <= rounding * scale) & (scale > COMMON)))


def _tolerance_order(coarse: np.ndarray, fine: np.ndarray, scale: np.ndarray) -> float | None:
    before, after = float(coarse.max(initial=0.0)), float(fine.max(initial=0.0))
    if before > PATH_ROUNDING * max(float(scale.max(initial=0.0)), 1e-300) and 0 < after < before:
        return math.log(before / after) / math.log(COARSE / FINE)
    return None


def _levels(*discrepancies: np.ndarray) -> tuple[tuple[float, float], ...]:
    """The largest discrepancy at every tolerance, the tolerances over the coarsest."""
    tolerances = (1.0, FINE / COARSE, FINE / TIGHTER / COARSE)
    return tuple((t, float(d.max(initial=0.0))) for t, d in zip(tolerances, discrepancies, strict=False))


# -- descents
def judge_descent(claim: Claim, batch: PathBatch, index: int, *, witnessed: bool = False) -> Outcome:
    """What one descent says of a claim: exactly at its step, or up to O(step^p) by halving the step.

    Relations with and without `order=` are judged each in its own way; the worse outcome counts.

    `witnessed`: a negative claim already has its confirmed witness; further ones are counted in float64 only.

    Raises: whatever the claim's function raises in float64.
    """
    try:
        stated, first = _first(claim, batch, index)
        outcomes = []
        if any(relation.order is None for relation in stated):
            if first:
                return Outcome("rejected", how=_failure(claim, batch, index))
            outcomes.append(_judge_exact(claim, batch, index, witnessed))
        if any(relation.order for relation in stated) and not (outcomes and outcomes[0].status == "violated"):
            outcomes.append(judge_order(claim, batch, index, witnessed, first))
    except PathFailure as failure:
        return Outcome("rejected", how=str(failure))
    return min(outcomes, key=lambda o: ("violated", "undecided", "undefined", "rejected", "holds").index(o.status))


def _first(claim: Claim, batch: PathBatch, index: int) -> tuple[Stated, int]:
    """The relations where an order is first looked for, and the coarsest level at which the run does not diverge."""
    for stable in range(HALVINGS):
        try:
            batch.descent(index, stable, claim.optimizer)
        except PathFailure:
            if stable == HALVINGS - 1 or not batch.problems:
                raise
        else:
            level = begins(batch, index, claim.optimizer, stable) if batch.problems else stable
            return relations(claim, batch.descent(index, level, claim.optimizer)), stable
    raise AssertionError


def _failure(claim: Claim, batch: PathBatch, index: int) -> str:
    try:
        batch.descent(index, 0, claim.optimizer)
    except PathFailure as failure:
        return str(failure)
    return ""


def _exact(stated: Stated) -> Stated:
    return tuple(relation for relation in stated if relation.order is None)


def _judge_exact(claim: Claim, batch: PathBatch, index: int, witnessed: bool) -> Outcome:
    """float64 beside its rounding and the error of the flow it is held against; then the run itself in 75 digits."""

    def ask(jitter: int = 0, rtol: float | None = None, level: int = 0) -> Stated:
        return _exact(relations(claim, batch.descent(index, level, claim.optimizer, jitter, rtol)))

    batch.flow_was_asked = False
    stated = ask()
    with_flow = batch.flow_was_asked
    violation, scale = concatenated_gap(stated)
    if violation.size == 0:
        return Outcome("rejected", how="the relation compares empty tensors")
    noise = operand_change(stated, ask(jitter=1), batch.records)
    of_flow = np.zeros_like(violation)
    if with_flow:
        of_flow = FLOW_MARGIN * gap_change(stated, ask(rtol=batch.rtol / TIGHTER), batch.records)
    allowed = PATH_ROUNDING * scale + NOISE_MARGIN * noise + of_flow
    relative = ratio(violation, scale)
    at = int(np.argmax(relative))
    measured, predicted = worst_entry(stated)
    given: dict[str, Any] = {
        "worst": float(relative[at]),
        "allowed": float(ratio(allowed, scale)[at]),
        "measured": measured,
        "predicted": predicted,
    }
    wide = too_wide(allowed, violation, scale, ROUNDING * scale)
    common = scale > COMMON * np.maximum(1.0, _movement(stated, lambda: ask(level=1), batch.records))
    if np.all(violation <= allowed) and not np.any(wide | common):
        return Outcome("holds", **given)
    if witnessed or not batch.problems:
        clear = is_clear(violation, allowed, scale)
        how = "float64, a million times the effect of rounding the start"
        return Outcome("violated" if clear else "undecided", how=how, **given)
    return _second_look(claim, batch, index, violation, of_flow, with_flow, given)


def _movement(stated: Stated, finer: Callable[[], Stated], records: int) -> np.ndarray:
    """By how much the operands change when the step is halved: what moves, moves by a part of the step."""
    try:
        other = finer()
    except PathFailure:
        other = stated
    if not same_shapes(stated, other):
        return np.zeros(sum(r.gap()[0].size for r in stated))
    return operand_change(stated, other, records)


def _second_look(
    claim: Claim, batch: PathBatch, index: int, violation: np.ndarray, of_flow: np.ndarray, with_flow: bool,
    given: dict[str, Any],
) -> Outcome:  # fmt: skip
    """The run repeated in 75 and in 300 digits; a solved flow cannot be, so its error bar stays."""

    def at(digits: int) -> tuple[Stated, np.ndarray, np.ndarray]:
        with precision(digits):
            again = _exact(relations(claim, precise_descent(batch, index, 0, claim.optimizer)))
            return again, *concatenated_gap(again)

    try:
        with recording() as rounding:
            _, fine, scale = at(DIGITS)
        if fine.shape != violation.shape:
            return Outcome("undecided", how="the relation has another shape in high precision", **given)
        solver = of_flow + PATH_ROUNDING * np.minimum(scale, COMMON) * with_flow
        # What is zero but for rounding has no size of its own: the discrepancy that float64 showed sets it.
        gone = (ratio(fine, scale) <= NOTHING) | (fine <= 1e-20 * violation) | (fine <= solver)
        if np.all(gone):
            return Outcome("holds", refined=float(ratio(fine, scale).max()), **given)
        with recording() as rounding:
            more, finest, _ = at(MORE_DIGITS)
        bar = rounding.resolution * scale + NOISE_MARGIN * moved_by(at, fine) if rounding.inexact else 0.0
    except Unsupported as unsupported:
        return Outcome("undecided", how=f"no high-precision counterpart of {unsupported}", **given)
    except Exception as error:
        return Outcome("undecided", how=f"failed in high precision: {type(error).__name__}: {error}", **given)
    given["refined"] = float(ratio(finest, scale).max())
    clear = CLEAR_OF_SOLVER * solver
    same = np.abs(finest - fine) <= PERSISTED * fine
    if np.any(~gone & same):
        same &= ~is_noise(at, bits_left(more))
    real = ~gone & same & (fine > clear) & (fine > bar) & (ratio(fine, scale) > CONSTANTS)
    if np.any(real):
        place = int(np.argmax(np.where(real, ratio(finest, scale), -1)))
        measured, predicted = worst_entry(more)
        given |= {"worst": float(ratio(finest, scale)[place]), "measured": measured, "predicted": predicted}
        how = f"{DIGITS} and {MORE_DIGITS} digits, the run repeated with hand-written gradients and update rule"
        return Outcome("violated", how=how + (", the flow solved at two tolerances" if with_flow else ""), **given)
    if np.any(~gone & ~(fine > clear)):
        how = "does not stand clear of the error of the solved flow"
    elif np.any(~gone & same):
        how = f"{BELOW}, or of a rounded constant: {float(ratio(fine, scale)[~gone].max()):.1e} of the operands"
    else:
        how = "shrinks under refinement, but not as rounding does"
    return Outcome("undecided", how=how, **given)


__all__ = ["judge_descent", "judge_flow"]
