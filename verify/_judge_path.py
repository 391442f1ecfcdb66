"""Judging claims about flows and descents: tighten the tolerance or halve the step, and watch the discrepancy."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np

from ._batch import PathBatch, PathFailure, precise_descent
from ._claim import Claim
from ._evaluate import relations
from ._judge_state import EPS, NOISE_MARGIN, PERSISTED, is_clear, ratio, second_look, worst_entry
from ._numbers import precision
from ._path import COARSE, FINE
from ._relations import Relation, _floats, concatenated_gap
from ._verdict import Outcome

PATH_ROUNDING = 1024 * EPS  # rounding that a path of some dozens of steps may collect, relative
ORDER_SLACK = 0.25  # an observed order this far below the claimed one is still asymptotic scatter
LEVELS = 6  # halvings before giving up on reaching the asymptotic regime
NEGLIGIBLE = 1e-11  # discrepancies below this, relative, no longer show an order in float64
FLOW_MARGIN = 8.0
TOLERANCE_ORDER = 2 / 3  # a solver's global error falls at least so fast with its tolerance; more in the mean
START_MARGIN = 64.0  # how much more rounding a solver collects than one rounding of the start does


def judge_flow(claim: Claim, batch: PathBatch, index: int) -> Outcome:
    """What one solved flow says of a claim: solved at two tolerances, the difference is the error bar.

    Raises: whatever the claim's function raises.
    """
    try:
        fine_flow, coarse_flow = batch.flow(index, FINE), batch.flow(index, COARSE)
    except PathFailure as failure:
        return Outcome("rejected", how=str(failure))
    stated = relations(claim, fine_flow)
    fine, scale = concatenated_gap(stated)
    if fine.size == 0:
        return Outcome("rejected", how="the relation compares empty tensors")
    coarse, _ = concatenated_gap(relations(claim, coarse_flow))
    if coarse.shape != fine.shape:
        return Outcome("undecided", how="the relation changes its shape with the tolerance")
    relative = ratio(fine, scale)
    at = int(np.argmax(relative))
    if not np.all(np.isfinite(fine) & np.isfinite(coarse)):
        return Outcome("undecided", how="the relation is not a finite number on this flow")
    integration = float(np.max(np.abs(coarse - fine), initial=0.0))
    # The solver holds its tolerance for a problem as a whole, so a small entry may carry the error of a large one.
    expected = (FINE / COARSE) ** TOLERANCE_ORDER * integration
    allowed = PATH_ROUNDING * scale + FLOW_MARGIN * (FINE * scale.max() + expected)
    measured, predicted = worst_entry(stated)
    given: dict[str, Any] = {
        "worst": float(relative[at]),
        "allowed": float(ratio(allowed, scale)[at]),
        "measured": measured,
        "predicted": predicted,
    }
    if np.all(fine <= allowed):
        return Outcome(
            "holds", order=_tolerance_order(float(coarse.max()), float(fine.max()), float(scale.max())), **given
        )
    allowed = allowed + START_MARGIN * start_noise(stated, relations(claim, batch.flow(index, FINE, jitter=1)))
    given["allowed"] = float(ratio(allowed, scale)[at])
    bad = fine > allowed
    if not np.any(bad):
        return Outcome("holds", **given)
    if np.all(coarse[bad] > 8 * fine[bad]):
        return Outcome("holds", order=_tolerance_order(float(coarse[bad].max()), float(fine[bad].max()), 0.0), **given)
    finest, finest_scale = concatenated_gap(relations(claim, batch.flow(index, FINE / 50)))
    if np.all(finest[bad] <= PERSISTED * fine[bad]):
        order = math.log(float(fine[bad].max()) / max(float(finest[bad].max()), 1e-300)) / math.log(50)
        return Outcome("holds", order=order, refined=float(ratio(finest, finest_scale).max()), **given)
    if np.any(bad & (finest > PERSISTED * fine) & (fine > 100 * allowed)):
        refined = float(ratio(finest, finest_scale).max())
        return Outcome(
            "violated",
            refined=refined,
            how=f"flow solved at relative tolerances {COARSE:g}, {FINE:g} and {FINE / 50:g}",
            **given,
        )
    return Outcome(
        "undecided",
        refined=float(ratio(finest, finest_scale).max()),
        how="does not vanish with the solver's tolerance, nor stand clear of it",
        **given,
    )


def start_noise(stated: tuple[Relation, ...], moved: tuple[Relation, ...]) -> np.ndarray:
    """How much the operands of every violation move when the start is rounded once; the largest along a series counts.

    Without it a series that is exactly zero, such as a conserved difference, is compared with its own rounding errors.
    """
    noise = []
    for relation, other in zip(stated, moved, strict=True):
        shape = relation.gap()[0].shape
        change = np.zeros(shape)
        for here, there in ((relation.measured, other.measured), (relation.predicted, other.predicted)):
            if here is None:
                continue
            here, there = _floats(here), _floats(there)
            if here.shape != there.shape:
                continue
            moves = np.nan_to_num(np.abs(here - there), posinf=0.0)
            if relation.kind in ("constant", "nonincreasing") or moves.ndim > 1:
                moves = moves.max(axis=0, keepdims=True, initial=0.0)
            change = np.maximum(change, np.broadcast_to(moves, shape))
        noise.append(change.reshape(-1))
    return np.concatenate(noise)


def _tolerance_order(coarse: float, fine: float, scale: float) -> float | None:
    if coarse > PATH_ROUNDING * max(scale, 1e-300) and 0 < fine < coarse:
        return math.log(coarse / fine) / math.log(COARSE / FINE)
    return None


def judge_descent(claim: Claim, batch: PathBatch, index: int, *, witnessed: bool = False) -> Outcome:
    """What one gradient descent says of a claim: exactly at its step, or up to O(step^p) by halving the step.

    `witnessed`: a negative claim already has its confirmed witness; further ones are counted in float64 only.

    Raises: whatever the claim's function raises.
    """
    try:
        stated = relations(claim, batch.descent(index, 0, claim.optimizer))
        if any(relation.order for relation in stated):
            return _judge_order(claim, batch, index, witnessed)
        return _judge_exact(claim, batch, index, stated, witnessed)
    except PathFailure as failure:
        return Outcome("rejected", how=str(failure))


def _judge_exact(claim: Claim, batch: PathBatch, index: int, stated: tuple[Relation, ...], witnessed: bool) -> Outcome:
    violation, scale = concatenated_gap(stated)
    if violation.size == 0:
        return Outcome("rejected", how="the relation compares empty tensors")
    relative = ratio(violation, scale)
    at = int(np.argmax(relative))
    noise = start_noise(stated, relations(claim, batch.descent(index, 0, claim.optimizer, jitter=1)))
    allowed = PATH_ROUNDING * scale + NOISE_MARGIN * noise
    measured, predicted = worst_entry(stated)
    given: dict[str, Any] = {
        "worst": float(relative[at]),
        "allowed": float(ratio(allowed, scale)[at]),
        "measured": measured,
        "predicted": predicted,
    }
    if np.all(violation <= allowed):
        return Outcome("holds", **given)
    if claim.optimizer != "gd" or witnessed:
        # No second implementation of this rule: the violation must exceed what rounding can do by a wide margin.
        return Outcome(
            "violated" if is_clear(violation, allowed, scale) else "undecided",
            how="float64, a million times the effect of rounding the start",
            **given,
        )

    def at_precision(digits: int) -> Any:
        with precision(digits):
            again = relations(claim, precise_descent(batch, index))
            return again, *concatenated_gap(again)

    return second_look(at_precision, violation, scale, given, "plain steps with hand-written gradients", PATH_ROUNDING)


def _judge_order(claim: Claim, batch: PathBatch, index: int, witnessed: bool) -> Outcome:
    """Halve the step, and look at a violation again: alone, with flows solved more tightly, and beside its rounding.

    Discrepancies also stop falling where they meet the error of the solved flow, or what rounding leaves of a tensor
    whose terms nearly cancel.
    """
    outcome, _, _ = _halved(claim, batch, index, witnessed)
    if outcome.status != "violated" or witnessed or not batch.problems:
        return outcome
    alone = batch.alone(index)
    outcome, level, broken = _halved(claim, alone, 0, witnessed)
    if outcome.status != "violated":
        return outcome
    stated, moved = (relations(claim, alone.descent(0, level, claim.optimizer, jitter)) for jitter in (0, 1))
    for at in broken:
        violation, _ = stated[at].gap()
        noise = start_noise((stated[at],), (moved[at],))
        if np.any(violation.reshape(-1) > START_MARGIN * noise):
            return outcome
    return replace(outcome, status="undecided", how=f"{outcome.how}, which rounding the start explains")


def _halved(claim: Claim, batch: PathBatch, index: int, witnessed: bool) -> tuple[Outcome, int, list[int]]:
    """What is seen while the step is halved until observed orders agree; the last level; which relations are violated.

    Two that agree on the claimed order are enough to hold, and so are three that reach it without agreeing: where
    leading terms nearly cancel, a discrepancy falls faster for a while. A violation needs three that stay below it (two
    where the halvings are rationed): before the asymptotic regime a discrepancy may rest for a halving or two.
    """
    sizes: list[list[tuple[float, float]]] = []
    stated: tuple[Relation, ...] = ()
    levels = 3 if witnessed or not batch.problems else 4 if claim.negative else LEVELS  # real runs are long
    outcomes: list[tuple[str, float | None]] = []
    for level in range(levels):
        stated = relations(claim, batch.descent(index, level, claim.optimizer))
        sizes.append([_size(relation) for relation in stated])
        if level < 2:
            continue
        needed = min(3, levels - 1)
        outcomes = [
            _order_of([row[i][0] for row in sizes], sizes[-1][i][1], relation.order, needed)
            for i, relation in enumerate(stated)
        ]
        if all(status != "halve" for status, _ in outcomes):
            break
    measured, predicted = worst_entry(stated)
    worst = max(v / s if s > 0 else (math.inf if v else 0.0) for v, s in sizes[-1])
    observed = [order for _, order in outcomes if order is not None]
    how = "; ".join("step halved: " + ", ".join(f"{row[i][0]:.3g}" for row in sizes) for i in range(len(stated)))
    broken = [i for i, (status, _) in enumerate(outcomes) if status == "violated"]
    holds = all(status == "holds" for status, _ in outcomes)
    outcome = Outcome(
        "violated" if broken else "holds" if holds else "undecided",
        worst=worst,
        allowed=math.inf,
        measured=measured,
        predicted=predicted,
        order=min(observed, default=None),
        refined=worst if broken else None,
        how=how,
    )
    return outcome, len(sizes) - 1, broken


def _size(relation: Relation) -> tuple[float, float]:
    violation, scale = relation.gap()
    return float(np.max(violation, initial=0.0)), float(np.max(scale, initial=0.0))


def _order_of(sizes: list[float], scale: float, claimed: int | None, needed: int) -> tuple[str, float | None]:
    """("holds" | "violated" | "halve", observed order) of discrepancies at step, step/2, step/4, ..

    `needed`: observed orders in a row that decide: all below the claimed one, or all at least it.
    """
    if claimed is None:
        return ("holds" if sizes[-1] <= PATH_ROUNDING * scale else "halve"), None
    if sizes[-1] <= NEGLIGIBLE * scale:
        return "holds", None
    observed = [math.log2(a / b) if a > 0 and b > 0 else math.inf for a, b in itertools.pairwise(sizes)]
    first, second = observed[-2:]
    if not (math.isfinite(first) and math.isfinite(second)):
        return "halve", None
    below = observed[-needed:]
    grows = sum(below) < -ORDER_SLACK * len(below)  # as rounding does with the number of steps; a violation stays
    if len(below) == needed and max(below) <= claimed - 2 * ORDER_SLACK and second <= first + ORDER_SLACK and not grows:
        return "violated", second
    if abs(first - second) <= ORDER_SLACK and second >= claimed - ORDER_SLACK:
        return "holds", second
    if len(below) == needed and min(below) >= claimed - ORDER_SLACK:
        return "holds", min(below)
    return "halve", second
