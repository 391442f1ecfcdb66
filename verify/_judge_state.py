"""Judging a claim about a State on one problem: rounding noise, then 75 digits, or exact rationals throughout."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ._claim import Claim
from ._evaluate import HYPOTHESIS, Mutated, Rejected, Undefined, relations
from ._numbers import DIGITS, MORE_DIGITS, Unsupported, precision, recording
from ._problem import Problem
from ._relations import Relation, are_exact, bits_left, concatenated_gap, is_exact_zero
from ._shaken import shaking
from ._state import NotDifferentiable, State
from ._verdict import Outcome

EPS = 2.0**-52
ROUNDING = 64 * EPS  # discrepancies below this, relative, are rounding without further question
NOISE_MARGIN = 16.0  # a discrepancy must exceed this many times the rounding noise before it is looked at in 75 digits
CLEAR, CLEARLY = 1e6, 1e-8  # violations this far above the error bar and this large, relative, need no second look

CEILING = 1e-6  # an error bar above this part of the scale says nothing: 75 digits decide, or nobody
GROSS = 1e-3  # without a high-precision counterpart only violations of this relative size are told by float64 alone

NOTHING = 1e-45  # relative discrepancies below this in 75 digits are rounding, of a rate by differences too
VANISHED = 1e-20  # shrinking by this factor from 75 to 300 digits means the discrepancy is rounding
STEADY = 0.5  # powers of two by which a real violation changes when its input moves in the last of 300 digits
PERSISTED = 0.1  # a real violation keeps at least this part of its size under refinement
EXACTLY = "exact rational arithmetic"


def ratio(violation: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Violation relative to its scale; 0/0 = 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(
            violation == 0, 0.0, np.divide(violation, scale, out=np.full_like(violation, math.inf), where=scale > 0)
        )


def _versions(state: State) -> tuple[int, ...]:
    tensors = [*state.parameters.values(), state.target, state.weights]
    return tuple(t._version for t in tensors)


def worst_entry(stated: tuple[Relation, ...]) -> tuple[float, float]:
    """Measured and predicted where the violation is largest."""
    return max((relation.worst() for relation in stated), key=lambda w: w[2])[:2]


def is_clear(violation: np.ndarray, allowed: np.ndarray, scale: np.ndarray) -> bool:
    """Whether a violation needs no second look: far above its error bar, and large."""
    return bool(np.any((violation > CLEAR * allowed) & (ratio(violation, scale) > CLEARLY)))


def judge_state(claim: Claim, problem: Problem, *, state: State | None = None, witnessed: bool = False) -> Outcome:
    """What one problem says of a claim about a State.

    float64 first; a discrepancy above 64 eps is compared with the effect of perturbing every input by one rounding;
    what is still larger, and what is smaller only because that effect is large, is evaluated again in 75 digits by
    hand-written formulas without autograd, where rounding vanishes by 59 orders and a real violation stays.

    `witnessed`: a negative claim already has its confirmed witness; further ones are counted in float64 only.

    Raises: whatever the claim's function raises in float64.
    """
    state = state or problem.state(claim.assumes)
    before = _versions(state)
    try:
        stated = relations(claim, state)
    except Undefined as undefined:
        return _beyond_float64(claim, problem, undefined)
    if _versions(state) != before:
        raise Mutated("the conjecture changed its State in place; work on a copy (x.clone())")
    violation, scale = concatenated_gap(stated)
    if violation.size == 0:
        return Outcome("rejected", how="the relation compares empty tensors")
    relative = ratio(violation, scale)
    at = int(np.argmax(relative))
    if np.all(relative <= ROUNDING):
        return Outcome("holds", worst=float(relative[at]), allowed=ROUNDING)
    allowed = ROUNDING * scale
    for noise in _noise(claim, state, violation):
        allowed = ROUNDING * scale + NOISE_MARGIN * noise
        if np.all(violation <= ROUNDING * scale + NOISE_MARGIN / 4 * noise):  # further tries would not change that
            break
    bar = float(ratio(allowed, scale)[at])
    if np.all(violation <= allowed) and not is_blind(violation, allowed, scale):
        return Outcome("holds", worst=float(relative[at]), allowed=bar)
    if witnessed and is_clear(violation, allowed, scale):
        measured, predicted = worst_entry(stated)
        return Outcome(
            "violated", worst=float(relative[at]), allowed=bar, measured=measured,
            predicted=predicted, how="float64, a million times the effect of rounding the input",
        )  # fmt: skip
    outcome = confirm_state(claim, problem, stated, violation, scale, allowed)
    if outcome.missing and is_gross(violation, allowed, scale):
        return by_float64_alone(outcome)
    return outcome


def is_gross(violation: np.ndarray, allowed: np.ndarray, scale: np.ndarray) -> bool:
    """Whether float64 alone can tell a violation: as large as its scale, a million times its error bar."""
    gross = ratio(violation, scale) > GROSS
    return bool(np.any(gross & (violation > CLEAR * allowed) & (allowed <= CEILING * scale)))


def by_float64_alone(outcome: Outcome) -> Outcome:
    """A gross violation where a function has no counterpart in high precision; `how` names the function."""
    how = f"float64 at four inputs a rounding apart, a million times what that changes; {outcome.how}"
    return replace(outcome, status="violated", refined=outcome.worst, how=how)


def _beyond_float64(claim: Claim, problem: Problem, undefined: Undefined) -> Outcome:
    """What 75 digits with a huge exponent range say where float64 overflowed on the way.

    Raises:
        Undefined: there it is no finite number either.
    """
    try:
        with precision(DIGITS):
            stated = relations(claim, problem.precise_state(claim.assumes))
        violation, scale = concatenated_gap(stated)
    except Exception:
        raise undefined from None
    return confirm_state(claim, problem, stated, violation, scale, ROUNDING * scale)


def is_blind(violation: np.ndarray, allowed: np.ndarray, scale: np.ndarray) -> bool:
    """Whether an entry above rounding has an error bar under which anything would hold."""
    return bool(np.any((violation > ROUNDING * scale) & (allowed > CEILING * scale)))


def _noise(claim: Claim, state: State, violation: np.ndarray) -> Iterator[np.ndarray]:
    """How much the violation moves when every input is perturbed by about one rounding: the most in 1, 2, 3 tries."""
    generator = torch.Generator().manual_seed(0)
    worst = np.zeros_like(violation)
    for _ in range(3):

        def jitter(x: torch.Tensor) -> torch.Tensor:
            return x * (1 + 2 * EPS * (torch.rand(x.shape, generator=generator, dtype=torch.float64) - 0.5))

        moved = State(
            state.architecture,
            {name: jitter(value) for name, value in state.parameters.items()},
            jitter(state.target) if state.loss_function.targets == "any" else state.target,
            state.weights,
            state.loss_function,
        )
        try:
            other, _ = concatenated_gap(relations(claim, moved))
        except Exception:  # a rounding away the claim is undefined or rejects its input: float64 cannot tell here
            other = np.full_like(violation, np.inf)
        if other.shape != violation.shape:
            other = np.full_like(violation, np.inf)
        worst = np.maximum(worst, np.abs(other - violation))
        yield worst


def confirm_state(
    claim: Claim,
    problem: Problem,
    stated: tuple[Relation, ...],
    violation: np.ndarray,
    scale: np.ndarray,
    allowed: np.ndarray,
) -> Outcome:
    """Second route, 75 digits: does the discrepancy persist?

    Arguments:
        violation, scale, allowed: what float64 gives, entry by entry.
    """
    relative = ratio(violation, scale)
    unexplained = violation > allowed
    at = int(np.argmax(np.where(unexplained, relative, -1.0) if unexplained.any() else relative))
    measured, predicted = worst_entry(stated)
    given: dict[str, Any] = {
        "worst": float(relative[at]),
        "allowed": float(ratio(allowed, scale)[at]),
        "measured": measured,
        "predicted": predicted,
    }

    def at_precision(digits: int) -> tuple[tuple[Relation, ...], np.ndarray, np.ndarray]:
        with precision(digits):
            again = relations(claim, problem.precise_state(claim.assumes))
            return again, *concatenated_gap(again)

    return second_look(at_precision, violation, scale, given, "hand-written contractions without autograd")


def second_look(
    at_precision: Callable[[int], tuple[tuple[Relation, ...], np.ndarray, np.ndarray]],
    violation: np.ndarray,
    scale: np.ndarray,
    given: dict[str, Any],
    route: str,
    rounding_bar: float = ROUNDING,
) -> Outcome:
    """Evaluate again in 75 digits, and in 300 if anything is left: rounding vanishes, a violation stays as it is.

    Every entry is looked at, those too that float64 passed: it cannot see below 64 eps of a large common term. Where
    a value left for float64, or a rounded constant came in, more digits tell no more than what moving those by some
    roundings leaves standing.
    """
    try:
        with recording() as rounding:
            precise, fine, fine_scale = at_precision(DIGITS)
        if fine.shape != violation.shape:
            return Outcome("undecided", how="the relation has another shape in high precision", **given)
        left = ratio(fine, fine_scale) > NOTHING
        persists = np.zeros_like(left)
        bar = np.zeros_like(fine)
        if left.any():
            before = bits_left(precise)  # not the floats: beyond float64's range each of those has a unit of its own
            with recording() as rounding:
                precise, fine, fine_scale = at_precision(MORE_DIGITS)
            now = bits_left(precise)
            if now.shape != before.shape:
                return Outcome("undecided", how="the relation has another shape in 300 digits than in 75", **given)
            # What is zero in 75 digits and not in 300 is rounding too.
            left = (ratio(fine, fine_scale) > NOTHING) & (now > before + math.log2(VANISHED)) & np.isfinite(before)
            if left.any():
                left &= ~is_noise(at_precision, now)
            persists = left & (now >= before + math.log2(PERSISTED))
            if rounding.inexact:
                bar = rounding.resolution * fine_scale + NOISE_MARGIN * moved_by(at_precision, fine)
    except (NotDifferentiable, Undefined) as undefined:
        return Outcome("undefined", how=str(undefined))
    except Unsupported as unsupported:
        return Outcome("undecided", how=f"no high-precision counterpart of {unsupported}", missing=True, **given)
    except Exception as error:
        return Outcome("undecided", how=f"failed in high precision: {type(error).__name__}: {error}", **given)
    relative = ratio(fine, fine_scale)
    real = persists & (fine > bar)
    if np.any(real):
        index = int(np.argmax(np.where(real, relative, -1)))
        measured, predicted = worst_entry(precise)
        given |= {"worst": float(relative[index]), "measured": measured, "predicted": predicted}
        how = f"{DIGITS} and {MORE_DIGITS} digits, {route}"
        return Outcome("violated", refined=float(relative[index]), how=how, **given)
    remains = float(relative.max())
    suspicious = violation > rounding_bar * scale
    if np.any(left & (bar > CEILING * fine_scale)):
        how = f"within the rounding of what the conjecture took out of high precision: {'; '.join(rounding.reasons)}"
        return Outcome("undecided", refined=remains, how=how, **given)
    if not np.any(left & ~persists & suspicious & (fine > bar)):
        shrinking = 0 < remains < given["worst"] < math.inf
        order = math.log(given["worst"] / remains) / math.log(1e59) if shrinking else None
        kept = _part_left(suspicious & left, violation, before, now) if left.any() else 0.0
        allowed = max(VANISHED, float(np.max(ratio(bar, fine_scale), initial=0.0)))
        worst = remains if np.any(bar) else kept
        levels = ((1.0, given["worst"]), (1e-59, remains)) if shrinking else ()
        given |= {"worst": worst, "allowed": allowed}
        return Outcome("holds", order=order, levels=levels, refined=remains, **given)
    return Outcome("undecided", refined=remains, how="shrinks under refinement, but not as rounding does", **given)


def _part_left(where: np.ndarray, violation: np.ndarray, before: np.ndarray, now: np.ndarray) -> float:
    """What 300 digits leave of a discrepancy, as a part of what float64 or 75 digits showed: the most, in whole bits,
    for beyond float64's range numbers have units of their own."""
    with np.errstate(divide="ignore", invalid="ignore"):
        showed = np.fmax(np.log2(np.abs(violation)), before)
        return float(np.max(np.where(where & np.isfinite(showed), np.exp2(now - showed), 0.0), initial=0.0))


def is_noise(at_precision: Callable[[int], tuple[Any, np.ndarray, np.ndarray]], now: np.ndarray) -> np.ndarray:
    """Entries whose discrepancy in 300 digits is another with inputs moved in their last digits and directed rounding.

    Rounding in an iteration for eigenvalues can be smaller in fewer digits than in more, by chance; and what is below
    the last of 300 digits is lost in 75 too.
    """
    noise = np.zeros(now.shape, dtype=bool)
    for seed in range(2):
        try:
            with shaking(seed):
                moved = bits_left(at_precision(MORE_DIGITS)[0])
        except Exception:  # hypotheses that the moved input does not meet: nothing is known
            continue
        if moved.shape == now.shape:
            with np.errstate(invalid="ignore"):  # zero is -inf
                noise |= ~(np.abs(moved - now) <= STEADY)
    return noise


def moved_by(at_precision: Callable[[int], tuple[Any, np.ndarray, np.ndarray]], fine: np.ndarray) -> np.ndarray:
    """How much a discrepancy moves when every value that left for float64 is moved by some roundings: the most of 3."""
    worst = np.zeros_like(fine)
    for seed in range(3):
        with recording(jitter=seed):
            _, other, _ = at_precision(DIGITS)
        worst = np.maximum(worst, np.abs(other - fine) if other.shape == fine.shape else np.inf)
    return worst


def audit_state(claim: Claim, problem: Problem) -> Outcome:
    """A problem on which float64 found nothing, asked in 75 digits: what stands below 64 eps of a large common term."""
    stated = relations(claim, problem.state(claim.assumes))
    violation, scale = concatenated_gap(stated)
    return confirm_state(claim, problem, stated, violation, scale, np.maximum(violation, ROUNDING * scale))


def judge_exact(claim: Claim, problem: Problem, *, state: State | None = None) -> Outcome | None:
    """What one problem says in exact rational arithmetic; None where the claim needs an irrational number."""
    return exactly(claim, lambda: state or problem.exact_state())


def exactly(claim: Claim, subject: Callable[[], Any]) -> Outcome | None:
    """What a subject made of exact rationals says; None where the claim needs an irrational number."""
    try:
        with recording() as rounding:
            stated = relations(claim, subject())
        if rounding.inexact or not are_exact(stated):  # a rounded constant such as 2**0.5 took part
            return None
        if is_exact_zero(stated):
            return Outcome("holds", how=EXACTLY)
        violation, scale = concatenated_gap(stated)
    except Rejected:
        return Outcome("rejected", how=HYPOTHESIS)
    except Exception:
        return None
    measured, predicted = worst_entry(stated)
    worst = float(ratio(violation, scale).max())
    return Outcome("violated", worst=worst, measured=measured, predicted=predicted, refined=worst, how=EXACTLY)
