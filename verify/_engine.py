"""The engine: draws problems, lets every claim speak about each, and turns what they say into verdicts."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np

from numerics import NotConverged

from ._batch import PathBatch, PathFailure
from ._blame import NotRepeatable, blame
from ._claim import Claim, is_built_in
from ._counterexample import as_counterexample
from ._evaluate import HYPOTHESIS, Float64Only, Rejected, Undefined, relations
from ._events import Cell
from ._inputs import Inputs, Settings
from ._judge_path import judge_descent, judge_flow
from ._judge_seeds import COUNTS, judge_seeds
from ._judge_state import EXACTLY, audit_state, exactly, judge_exact, judge_state
from ._judge_target import EFFORTS, judge_target
from ._keywords import TRAINED
from ._limits import OutOfTime, time_limit
from ._problem import Problem
from ._proof import Proof, proof_of
from ._rates import watching
from ._seeds import run_seeds
from ._shrink import extent, shrink
from ._target import Costs, as_precise_target, as_target
from ._verdict import Outcome, Result, Verdict

KEPT = 10  # inputs that must meet the hypotheses before anything is said of a claim
TURNS = 4  # paths are drawn again up to so often, where some meet the hypotheses but fewer than KEPT do
KEPT_SEEDS = 3  # problems of a claim about Seeds, each with dozens of runs
# Part of the kept inputs that may stay undecided, none of them with a violation, in a SUPPORTED claim; more along a
# path: steps are drawn up to the stability limit, far outside the asymptotic regime.
UNDECIDED, UNDECIDED_PATHS = 0.02, 0.25
CHECKED = 8  # inputs on which rates are compared with difference quotients
AUDITED = 4  # inputs that a claim about a State is asked of in 75 digits although float64 found nothing
PATHS = ("Flow", "Descent")
# Problems tried for a smaller witness of a built-in negative claim, which supports it whatever its size, and again for
# simpler numbers. That of a path is the smallest one drawn: one more run costs as much as that of a whole batch.
WITNESS = {"State": 60}
STATED = ("holds", "violated", "undecided")  # statuses whose worst and allowed say something
CLOSING = 6.0  # seconds a claim may take on top of its budget, or once more its budget, to be looked at again or shrunk
_TURN = threading.RLock()
SAMPLES = 60  # points kept for the picture of measured against predicted

Example = Problem | tuple[PathBatch, int]  # a problem, or one of a batch


class CellRun:
    """One cell: its problems are drawn, trained and solved once and serve every claim."""

    def __init__(self, claims: Sequence[Claim], inputs: Inputs) -> None:
        self.inputs, self.cell, self.settings = inputs, inputs.cell, inputs.settings
        self.claims = [claim for claim in claims if isinstance(claim.cell_in(self.cell), Cell)]
        self._run_seeds = cache(run_seeds)

    # -- judging
    def judge(self, claim: Claim) -> Result:
        """The verdict on one claim in this cell; threads take turns, and the budget begins with the turn.

        Raises: what the handler of an alarm raises that the caller had set.
        """
        # One at a time: torch's defaults, warnings, mpmath's precision and what is seen of rates are the process's.
        with _TURN, time_limit(math.inf):
            return self._judged(claim)

    def _judged(self, claim: Claim) -> Result:
        started = time.perf_counter()
        result = blank(claim, self.cell)
        try:
            self._judge(claim, result)
        except OutOfTime:
            result.detail = f"did not finish within its budget of {self.settings.budget:g} s; raise budget="
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            result.detail = blame(claim, error)
        if result.examples:
            result.drawn = self.inputs.drawn(claim.subject, claim.assumes, self._turns)
        result.seconds = time.perf_counter() - started
        return result

    def _judge(self, claim: Claim, result: Result) -> None:
        with time_limit(self.settings.budget):
            claim.applies.check(self.cell)
        outcomes: list[Outcome] = []
        self._witnessed, self._is_identity = False, False
        self._turns, self._kept = 1, 0
        witness: tuple[Example, Outcome] | None = None
        deadline = time.monotonic() + self.settings.budget
        for number, (place, (example, ask)) in enumerate(self._in_order(claim)):
            left = deadline - time.monotonic()
            if left <= 0 and number:
                result.detail = self._cut_short(number)
                break
            try:
                with time_limit(max(left, 0.001)):
                    if number == 0:
                        self._check_repeatable(claim, example)
                    outcomes.append(_asked(ask, first=place < CHECKED))
            except OutOfTime:
                if not number:
                    raise
                result.detail = self._cut_short(number)
                break
            self._kept += outcomes[-1].status != "rejected"
            if outcomes[-1].status == "violated" and (witness is None or not claim.negative):
                witness = (example, outcomes[-1])
                self._witnessed = claim.negative
                if not claim.negative:
                    break
        if witness is not None:
            _fill(result, outcomes)
            self._refuted(claim, *witness, result)
            if claim.negative:
                witnesses = sum(o.status == "violated" for o in outcomes)
                result.detail = f"{witnesses} of {len(outcomes)} inputs are witnesses; {result.detail}"
            return
        proof = proof_of(claim, self.cell)
        exact = False
        if (
            claim.subject in ("State", "Target")
            and claim.assumes == "generic"
            and not claim.negative
            and not result.detail
            and not (proof and proof.holds)  # a proof says more than exact arithmetic on examples
            and (claim.subject == "State" or all(o.how == EXACTLY for o in outcomes if o.status != "rejected"))
        ):
            exact = self._exactly(claim, result, deadline)
            if result.verdict is Verdict.REFUTED:
                return
        if (
            not exact
            and not claim.negative
            and not (proof and proof.holds)
            and not self._audit(claim, outcomes, result, deadline)
        ):
            return
        _fill(result, outcomes)
        self._conclude(claim, result, outcomes, exact, proof)

    def _in_order(self, claim: Claim) -> Iterable[tuple[int, tuple[Example, Callable[[], Outcome]]]]:
        """The examples with their places; those of a negative claim from the smallest up: its witness is the first."""
        examples = enumerate(self._examples(claim))
        return sorted(examples, key=lambda it: extent(_problem_of(it[1][0]))) if claim.negative else examples

    def _examples(self, claim: Claim) -> Iterator[tuple[Example, Callable[[], Outcome]]]:
        if claim.subject == "State":
            for index, problem in enumerate(self.inputs.problems):
                yield problem, partial(self._ask, claim, index, problem)
        elif claim.subject in PATHS:
            for turn in range(TURNS):
                self._turns = turn + 1
                for batch in self.inputs.batches(claim.assumes, turn):
                    for index in range(len(batch.problems)):
                        ask = partial(self._ask_path, claim, batch, index)
                        yield (batch, index), ask
                if not 0 < self._kept < min(KEPT, self.settings.paths):
                    break
        elif claim.subject == "Target":
            for problem in self.inputs.targets:
                yield problem, partial(judge_target, claim, problem)
        elif claim.subject == "Seeds":
            for problem in self.inputs.seed_problems:
                yield problem, partial(judge_seeds, claim, problem, self._run_seeds)

    def _ask_path(self, claim: Claim, batch: PathBatch, index: int) -> Outcome:
        return _judge_path(claim, batch, index, witnessed=self._witnessed)

    def _ask(self, claim: Claim, index: int, problem: Problem) -> Outcome:
        if (
            claim.negative and claim.assumes == "generic"
        ):  # a witness counts only where it is exact; so ask exactly at once
            exact = judge_exact(claim, problem)
            if exact is not None:
                return exact
        return judge_state(claim, problem, state=self.inputs.state(index, claim.assumes), witnessed=self._witnessed)

    @property
    def _closing(self) -> float:
        return min(self.settings.budget, CLOSING)

    def _cut_short(self, number: int) -> str:
        return f"budget of {self.settings.budget:g} s used up after {number} examples; raise budget="

    def _check_repeatable(self, claim: Claim, example: Example) -> None:
        """Two evaluations on one input agree, and no operand has fewer digits than float64.

        Raises:
            NotRepeatable, ClaimError
        """
        try:
            subjects = self._subject(claim, example), self._subject(claim, example)
            with Float64Only():
                stated = [relations(claim, each) for each in subjects]
        except (Rejected, Undefined, PathFailure, NotConverged):
            return
        # An inequality that held on examples, exactly or not, is no identity that random numbers would catch failing.
        self._is_identity = all(relation.kind in ("equal", "constant") for relation in stated[0])
        first, second = ([relation.gap()[0] for relation in each] for each in stated)
        if len(first) != len(second) or any(
            a.shape != b.shape or not np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True)
        ):
            raise NotRepeatable

    def _subject(self, claim: Claim, example: Example) -> Any:
        if not isinstance(example, Problem):
            batch, index = example
            return batch.flow(index) if claim.subject == "Flow" else batch.descent(index, 0, claim.optimizer)
        if claim.subject == "Target":
            return as_target(example, Costs(*EFFORTS[0]))
        if claim.subject == "Seeds":
            return self._run_seeds(example, claim.assumes, claim.optimizer, COUNTS[0])
        return example.state(claim.assumes)

    def _audit(self, claim: Claim, outcomes: list[Outcome], result: Result, deadline: float) -> bool:
        """Ask some inputs on which float64 found nothing in 75 digits as well; False where one of them refutes."""
        if claim.subject not in ("State", "Target"):
            return True
        problems = self.inputs.problems if claim.subject == "State" else self.inputs.targets
        ask = audit_state if claim.subject == "State" else partial(judge_target, audit=True)
        held = [index for index, outcome in enumerate(outcomes) if outcome.status == "holds"]
        held.sort(key=lambda index: sum(block.size for block in problems[index].blocks.values()))
        chosen = held[len(held) // 10 :: max(1, len(held) // (2 * AUDITED))][:AUDITED]  # small ones, not the smallest
        until = max(deadline, time.monotonic() + self._closing)
        for number, index in enumerate(chosen):
            problem = problems[index]
            try:
                with time_limit(max(until - time.monotonic(), 0.001)):
                    outcome = _asked(partial(ask, claim, problem))
            except OutOfTime:
                result.detail = result.detail or (
                    f"budget of {self.settings.budget:g} s used up after {number} of {len(chosen)} second looks in "
                    "high precision; raise budget="
                )
                return True
            if outcome.status == "violated":
                outcomes[index] = outcome
                _fill(result, outcomes)
                self._refuted(claim, problem, outcome, result)
                return False
            if outcome.status == "undecided" and not outcome.missing:
                outcomes[index] = outcome
        return True

    def _exactly(self, claim: Claim, result: Result, deadline: float) -> bool:
        """Whether the claim holds in exact rational arithmetic at every generated problem, on large random numbers
        where it is plain: small ones, seven values an entry, say little of an identity of high degree."""
        about_states = claim.subject == "State"
        for index in range(len(self.inputs.problems if about_states else self.inputs.targets)):
            problem = self.inputs.exact_problem(index) if about_states else self.inputs.exact_target(index)
            if time.monotonic() > deadline:
                return False
            with time_limit(max(deadline - time.monotonic(), 0.001)):
                if about_states:
                    outcome = judge_exact(claim, problem, state=self.inputs.exact_state(index))
                else:
                    outcome = exactly(claim, partial(as_precise_target, problem, exact=True))
            if outcome is None:
                return False
            if outcome.status == "violated":
                _fill(result, [outcome])
                result.examples = len(self.inputs.problems)
                self._refuted(claim, problem, outcome, result)
                return False
        return True

    def _conclude(
        self,
        claim: Claim,
        result: Result,
        outcomes: list[Outcome],
        exact: bool,
        proof: Proof | None,
    ) -> None:
        exact = exact and self._is_identity and all(loss.polynomial for loss in self.cell.losses)
        result.verdict, reason = conclusion(outcomes, claim, exact=exact, asked=self._asked_for(claim))
        if reason:
            cut_short = bool(result.detail) and result.verdict is Verdict.VACUOUS
            result.verdict = Verdict.INCONCLUSIVE if cut_short else result.verdict
            result.detail = f"{result.detail}; {reason}" if result.detail else reason
        if result.verdict is Verdict.EXACT:
            result.range = self._certainty(claim)
        if proof is not None and result.verdict in (Verdict.EXACT, Verdict.SUPPORTED):
            if proof.holds:
                result.verdict, result.range = Verdict.PROVED, proof.range
            else:
                result.verdict, result.range = Verdict.ERROR, None
                result.detail = f"theory's derivation {proof.derivation} does not check: residual {proof.residual}"

    def _certainty(self, claim: Claim) -> str | None:
        """How sure an identity is that held exactly. Source: Schwartz (1980), Zippel (1979)."""
        pairs = (
            ((p, self.inputs.exact_problem(i)) for i, p in enumerate(self.inputs.problems))
            if claim.subject == "State"
            else ((p, self.inputs.exact_target(i)) for i, p in enumerate(self.inputs.targets))
        )
        large, bits = sum(other is not problem for problem, other in pairs), self.inputs.exact_bits
        return f"{large} of random {bits}-bit entries: each misses degree d with p <= d/2^{bits}" if large else None

    def _asked_for(self, claim: Claim) -> int:
        """How many inputs a claim is to be judged on, as far as the user's settings go."""
        return self.settings.paths if claim.subject in PATHS else self.settings.examples

    def _refuted(self, claim: Claim, example: Example, outcome: Outcome, result: Result) -> None:
        """Shrink, confirm on the shrunk problem, and write the counterexample down."""
        problem = _problem_of(example)
        evaluations = WITNESS.get(claim.subject, 0) if claim.negative and is_built_in(claim.file) else None

        until = time.monotonic() + self.settings.budget  # for all candidates: between them `shrink` looks at the clock

        def violates(candidate: Problem) -> bool:
            with time_limit(max(until - time.monotonic(), 0.001)):
                try:
                    return ask_one(claim, candidate, witnessed=evaluations is not None).status == "violated"
                except (Exception, OutOfTime):
                    return False

        smaller = shrink(
            violates, self.cell, problem, fixed=self.settings.sizes, seed=self.settings.seed,
            seconds=self._closing, cores=claim.subject != "Target",
            tries={"State": 8, "Target": 8, "Seeds": 1}.get(claim.subject, 2), evaluations=evaluations,
        )  # fmt: skip
        if smaller is not None:
            with suppress(OutOfTime), time_limit(self.settings.budget):
                again = ask_one(claim, smaller)
                if again.status == "violated":
                    problem = smaller.for_path(claim.assumes) if claim.subject in PATHS else smaller
                    outcome = again
        result.verdict = Verdict.SUPPORTED if claim.negative else Verdict.REFUTED
        result.detail = ("witness: " if claim.negative else "") + outcome.how
        proof = None if claim.negative else proof_of(claim, self.cell)
        if proof is not None and proof.holds:
            result.verdict = Verdict.ERROR
            result.detail = (
                f"theory proves this claim ({proof.derivation}) and an input contradicts it: "
                f"the proof, the measurement or the tool is wrong; {outcome.how}"
            )
        result.counterexample = as_counterexample(claim, self.cell, problem, outcome, self.settings.seed)


def _problem_of(example: Example) -> Problem:
    return example if isinstance(example, Problem) else example[0].problems[example[1]]


def ask_one(claim: Claim, problem: Problem, *, scaled: bool = False, witnessed: bool = False) -> Outcome:
    """What a single problem says of a claim; a path problem is scaled (unless it is already) and run on its own.

    `witnessed`: of a State float64 alone is asked where it is clear; see `judge_state`.

    Raises: whatever the claim's function raises.
    """
    if claim.subject == "State":
        if claim.assumes == "generic":
            exact = judge_exact(claim, problem)
            if exact is not None:
                return exact
        return judge_state(claim, problem, witnessed=witnessed)
    if claim.subject == "Target":
        return judge_target(claim, problem)
    if claim.subject == "Seeds":
        return judge_seeds(claim, problem)
    return _judge_path(claim, PathBatch([problem if scaled else problem.for_path(claim.assumes)], claim.assumes), 0)


def _judge_path(claim: Claim, batch: PathBatch, index: int, *, witnessed: bool = False) -> Outcome:
    if claim.subject == "Flow":
        return judge_flow(claim, batch, index)
    return judge_descent(claim, batch, index, witnessed=witnessed)


def blank(claim: Claim, cell: Cell) -> Result:
    """The result of a claim that has not been judged."""
    return Result(
        id=claim.id,
        title=claim.headline,
        source=claim.source,
        verdict=Verdict.ERROR,
        depth=cell.depth,
        order=cell.order,
        chain=cell.chain,
        model=cell.model,
        loss=cell.loss,
        topic=claim.topic,
        subject=claim.subject,
        assumes=claim.assumes,
        optimizer=claim.optimizer if claim.subject in TRAINED else None,
        statement=claim.statement,
        file=claim.file,
        line=claim.line,
    )


def judge_examples(claim: Claim, cell: Cell, batch: PathBatch, budget: float) -> Result:
    """The verdict on one path claim from the runs of one batch (real data); nothing is generated or shrunk."""
    started = time.perf_counter()
    result = blank(claim, cell)
    try:
        with time_limit(budget):
            outcomes = [_asked(partial(_judge_path, claim, batch, i)) for i in range(len(batch.starts))]
        _fill(result, outcomes)
        statuses = {outcome.status for outcome in outcomes}
        verdicts = {
            "violated": Verdict.REFUTED, "undefined": Verdict.INCONCLUSIVE, "undecided": Verdict.INCONCLUSIVE,
            "holds": Verdict.SUPPORTED,
        }  # fmt: skip
        result.verdict = next((v for status, v in verdicts.items() if status in statuses), Verdict.VACUOUS)
        result.detail = outcomes[0].how
    except OutOfTime:
        result.detail = f"did not finish within its budget of {budget:g} s; raise budget="
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        result.detail = blame(claim, error)
    result.seconds = time.perf_counter() - started
    return result


def conclusion(outcomes: Sequence[Outcome], claim: Claim, *, exact: bool, asked: int) -> tuple[Verdict, str]:
    """What the outcomes of all inputs, none of which refutes, say together, and why if it is not enough.

    Only kept inputs count, those that met the hypotheses. Enough of them must have been kept, nearly all must hold, and
    not one may show a violation in float64 that no second look explains, or a value that is not a finite number.

    Arguments:
        exact: whether the claim held in exact arithmetic throughout.
        asked: how many inputs the user asked for: so many are enough where that is fewer than KEPT.
    """
    kept = [o for o in outcomes if o.status != "rejected"]
    undecided = [o for o in kept if o.status == "undecided"]
    undefined = [o for o in kept if o.status == "undefined"]
    unexplained = [o for o in undecided if o.unexplained]
    enough = KEPT_SEEDS if claim.subject == "Seeds" else min(KEPT, asked)
    if kept and len(undefined) == len(kept):
        return Verdict.VACUOUS, f"{undefined[0].how}, and so on all {len(kept)} inputs"
    if len(kept) < enough:
        why = next((o.how for o in outcomes if o.status == "rejected" and o.how != HYPOTHESIS), "")
        return Verdict.VACUOUS, (
            f"{len(kept)} of {len(outcomes)} inputs met the hypotheses, {enough} are needed{': ' * bool(why)}{why}"
        )
    if claim.negative:
        return Verdict.INCONCLUSIVE, f"none of {len(kept)} inputs violates the relation"
    if undefined:
        return Verdict.INCONCLUSIVE, f"{undefined[0].how}, on {len(undefined)} of {len(kept)} inputs"
    if unexplained:
        worst = max(unexplained, key=lambda o: o.worst)
        return Verdict.INCONCLUSIVE, (
            f"{worst.how}; on {len(unexplained)} of {len(kept)} inputs, by {worst.worst:.1e} where {worst.allowed:.1e} "
            "is allowed (relative)"
        )
    if len(undecided) > (UNDECIDED_PATHS if claim.subject in PATHS else UNDECIDED) * len(kept):
        return Verdict.INCONCLUSIVE, f"{undecided[0].how}; on {len(undecided)} of {len(kept)} inputs"
    return (Verdict.EXACT if exact else Verdict.SUPPORTED), ""


def _asked(ask: Callable[[], Outcome], *, first: bool = False) -> Outcome:
    """What one input says. `first`: rates are held against difference quotients."""
    with watching(check=first) as seen:
        try:
            outcome = ask()
        except Rejected:
            return Outcome("rejected", how=HYPOTHESIS)
        except Undefined as undefined:
            outcome = Outcome("undefined", how=str(undefined))
        except NotConverged as unfinished:
            outcome = Outcome("undecided", how=str(unfinished))
    return replace(outcome, kinks=seen.kinks) if seen.kinks else outcome


def _fill(result: Result, outcomes: list[Outcome]) -> None:
    judged = [o for o in outcomes if o.status != "rejected"]
    result.examples = len(judged)
    result.rejected = len(outcomes) - len(judged)
    result.undecided = sum(o.status == "undecided" for o in outcomes)
    result.undefined = sum(o.status == "undefined" for o in outcomes)
    result.kinks = sum(o.kinks > 0 for o in outcomes)
    if judged:
        worst = max(judged, key=lambda o: (o.status in STATED, o.worst / o.allowed if o.allowed else o.worst))
        result.worst, result.allowed = worst.worst, worst.allowed
    orders = [o.order for o in judged if o.order is not None]
    result.observed_order = float(np.median(orders)) if orders else None
    told = [o for o in judged if o.status in STATED]
    kept = told[:: max(1, len(told) // SAMPLES)]
    result.samples = [
        {"measured": o.measured, "predicted": o.predicted, "worst": o.worst, "allowed": o.allowed, "levels": o.levels}
        for o in kept
    ]


__all__ = ["CellRun", "Rejected", "Settings", "ask_one", "blank"]
