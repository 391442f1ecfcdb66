"""The engine: draws problems, lets every claim speak about each, and turns what they say into verdicts."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial

import numpy as np

from numerics import NotConverged

from ._batch import PathBatch
from ._claim import Claim, ClaimError, check_range
from ._counterexample import as_counterexample
from ._evaluate import Mutated, Rejected, Undefined, relations
from ._events import Cell
from ._inputs import Inputs, Settings
from ._judge_path import judge_descent, judge_flow
from ._judge_seeds import judge_seeds
from ._judge_state import EXACTLY, judge_exact, judge_state
from ._judge_target import judge_target
from ._limits import OutOfTime, time_limit
from ._problem import Problem
from ._proof import Proof, proof_of
from ._seeds import run_seeds
from ._shrink import shrink
from ._verdict import Outcome, Result, Verdict

UNDECIDED_ALLOWED = 0.02  # part of the examples that may stay undecided in a SUPPORTED claim
PATHS = ("Flow", "Descent")
SAMPLES = 60  # points kept for the picture of measured against predicted


class CellRun:
    """One cell: its problems are drawn, trained and solved once and serve every claim."""

    def __init__(self, claims: Sequence[Claim], inputs: Inputs) -> None:
        self.inputs, self.cell, self.settings = inputs, inputs.cell, inputs.settings
        self.claims = [c for c in claims if c.applies(self.cell.depth, self.cell.order, self.cell.chain)]
        self._run_seeds = cache(run_seeds)

    # -- judging
    def judge(self, claim: Claim) -> Result:
        """The verdict on one claim in this cell."""
        started = time.perf_counter()
        result = blank(claim, self.cell)
        try:
            self._judge(claim, result)
        except OutOfTime:
            result.detail = f"did not finish within its budget of {self.settings.budget:g} s; raise budget="
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            result.detail = _blame(claim, error)
        result.seconds = time.perf_counter() - started
        return result

    def _judge(self, claim: Claim, result: Result) -> None:
        check_range(claim, self.cell.depth, self.cell.order, self.cell.chain)
        outcomes: list[Outcome] = []
        self._witnessed = False
        witness: tuple[Problem | tuple[PathBatch, int], Outcome] | None = None
        deadline = time.monotonic() + self.settings.budget
        for number, (example, ask) in enumerate(self._examples(claim)):
            left = deadline - time.monotonic()
            if left <= 0 and number:
                result.detail = f"budget of {self.settings.budget:g} s used up after {number} examples"
                break
            try:
                with time_limit(max(left, 0.001)):
                    if number == 0:
                        self._check_repeatable(claim, example)
                    outcomes.append(_asked(ask))
            except OutOfTime:
                if not number:
                    raise
                result.detail = f"budget of {self.settings.budget:g} s used up after {number} examples"
                break
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
        exact = False
        proof = proof_of(claim, self.cell)
        if (
            claim.subject == "State"
            and claim.assumes == "generic"
            and not claim.negative
            and not result.detail
            and not (proof and proof.holds)  # a proof says more than exact arithmetic on examples
        ):
            exact = self._exactly(claim, result, deadline)
            if result.verdict is Verdict.REFUTED:
                return
        if claim.subject == "Target":
            exact = all(outcome.how == EXACTLY for outcome in outcomes if outcome.status != "rejected")
        _fill(result, outcomes)
        self._conclude(claim, result, outcomes, exact, proof)

    def _examples(self, claim: Claim) -> Iterator[tuple[Problem | tuple[PathBatch, int], Callable[[], Outcome]]]:
        if claim.subject == "State":
            for index, problem in enumerate(self.inputs.problems):
                yield problem, partial(self._ask, claim, index, problem)
        elif claim.subject in PATHS:
            for batch in self.inputs.batches(claim.assumes):
                for index in range(len(batch.problems)):
                    ask = partial(self._ask_path, claim, batch, index)
                    yield (batch, index), ask
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
            exact = judge_exact(claim, problem, state=self.inputs.exact_state(index))
            if exact is not None:
                return exact
        return judge_state(claim, problem, state=self.inputs.state(index, claim.assumes), witnessed=self._witnessed)

    def _check_repeatable(self, claim: Claim, example: Problem | tuple[PathBatch, int]) -> None:
        if claim.subject != "State":
            return
        assert isinstance(example, Problem)
        try:
            first, second = (
                [relation.gap()[0] for relation in relations(claim, example.state(claim.assumes))] for _ in range(2)
            )
        except (Rejected, NotConverged):
            return
        if len(first) != len(second) or any(
            a.shape != b.shape or not np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True)
        ):
            raise NotRepeatable

    def _exactly(self, claim: Claim, result: Result, deadline: float) -> bool:
        """Whether the claim holds in exact rational arithmetic on every generated problem."""
        for index, problem in enumerate(self.inputs.problems):
            if time.monotonic() > deadline:
                return False
            with time_limit(max(deadline - time.monotonic(), 0.001)):
                outcome = judge_exact(claim, problem, state=self.inputs.exact_state(index))
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
        held = sum(o.status == "holds" for o in outcomes)
        undecided = [o for o in outcomes if o.status == "undecided"]
        if claim.negative:
            result.verdict = Verdict.INCONCLUSIVE
            result.detail = "no input was found that violates the relation"
        elif not held and not undecided:
            result.verdict = Verdict.VACUOUS
            result.detail = next((o.how for o in outcomes if o.how), "no generated input met the hypotheses")
        elif len(undecided) > UNDECIDED_ALLOWED * len(outcomes):
            result.verdict = Verdict.INCONCLUSIVE
            result.detail = undecided[0].how
        elif exact:
            result.verdict = Verdict.EXACT
        else:
            result.verdict = Verdict.SUPPORTED
        if proof is not None and result.verdict in (Verdict.EXACT, Verdict.SUPPORTED):
            if proof.holds:
                result.verdict, result.range = Verdict.PROVED, proof.range
            else:
                result.verdict = Verdict.ERROR
                result.detail = f"theory's derivation {proof.derivation} does not check: residual {proof.residual}"

    def _refuted(
        self, claim: Claim, example: Problem | tuple[PathBatch, int], outcome: Outcome, result: Result
    ) -> None:
        """Shrink, confirm on the shrunk problem, and write the counterexample down."""
        problem = example if isinstance(example, Problem) else example[0].problems[example[1]]
        if not claim.negative:

            def violates(candidate: Problem) -> bool:
                try:
                    return ask_one(claim, candidate).status == "violated"
                except Exception:
                    return False

            seconds = min(self.settings.budget, 6.0)
            smaller = shrink(
                violates, self.cell, problem, fixed=self.settings.sizes, seed=self.settings.seed,
                seconds=seconds, cores=claim.subject != "Target",
                tries={"State": 8, "Target": 8, "Seeds": 1}.get(claim.subject, 2),
            )  # fmt: skip
            if smaller is not None:
                again = ask_one(claim, smaller)
                if again.status == "violated":
                    problem = smaller.for_path(claim.assumes) if claim.subject in PATHS else smaller
                    outcome = again
        result.verdict = Verdict.SUPPORTED if claim.negative else Verdict.REFUTED
        result.detail = ("witness: " if claim.negative else "") + outcome.how
        result.counterexample = as_counterexample(claim, self.cell, problem, outcome, self.settings.seed)


def ask_one(claim: Claim, problem: Problem, *, scaled: bool = False) -> Outcome:
    """What a single problem says of a claim; a path problem is scaled (unless it is already) and run on its own.

    Raises: whatever the claim's function raises.
    """
    if claim.subject == "State":
        if claim.assumes == "generic":
            exact = judge_exact(claim, problem)
            if exact is not None:
                return exact
        return judge_state(claim, problem)
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
        topic=claim.topic,
        subject=claim.subject,
        assumes=claim.assumes,
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
        verdicts = {"violated": Verdict.REFUTED, "undecided": Verdict.INCONCLUSIVE, "holds": Verdict.SUPPORTED}
        result.verdict = next((v for status, v in verdicts.items() if status in statuses), Verdict.VACUOUS)
        result.detail = outcomes[0].how
    except OutOfTime:
        result.detail = f"did not finish within its budget of {budget:g} s; raise budget="
    result.seconds = time.perf_counter() - started
    return result


class NotRepeatable(Exception):
    """Two evaluations of the conjecture on the same input differ."""


def _asked(ask: Callable[[], Outcome]) -> Outcome:
    try:
        return ask()
    except Rejected:
        return Outcome("rejected", how="the conjecture's own hypothesis was not met")
    except Undefined as undefined:
        return Outcome("undefined", how=str(undefined))
    except NotConverged as unfinished:
        return Outcome("undecided", how=str(unfinished))


def _blame(claim: Claim, error: BaseException) -> str:
    """One line: what went wrong, with file and line of the conjecture."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == claim.file]
    line = frames[-1].lineno if frames else claim.line
    where = f"{claim.file}:{line}" if line else str(claim.file)
    if isinstance(error, NotRepeatable):
        return f"{where}: two evaluations on the same input differ; seed the randomness or drop the state it keeps"
    if isinstance(error, (Mutated, ClaimError)):
        return f"{where}: {error}"
    text = str(error).strip().splitlines()
    return f"{where}: {type(error).__name__}: {text[0] if text else 'no message'}"


def _fill(result: Result, outcomes: list[Outcome]) -> None:
    judged = [o for o in outcomes if o.status != "rejected"]
    result.examples = len(judged)
    result.rejected = len(outcomes) - len(judged)
    result.undecided = sum(o.status == "undecided" for o in outcomes)
    if judged:
        worst = max(judged, key=lambda o: o.worst / o.allowed if o.allowed else o.worst)
        result.worst, result.allowed = worst.worst, worst.allowed
    orders = [o.order for o in judged if o.order is not None]
    result.observed_order = float(np.median(orders)) if orders else None
    kept = judged[:: max(1, len(judged) // SAMPLES)]
    result.samples = [
        {"measured": o.measured, "predicted": o.predicted, "worst": o.worst, "allowed": o.allowed} for o in kept
    ]


__all__ = ["CellRun", "Rejected", "Settings", "ask_one", "blank"]
