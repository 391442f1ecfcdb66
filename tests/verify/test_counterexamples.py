"""What a counterexample says: it rebuilds the problem and the run, from its file and from its script."""

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from verify import Descent, Flow, Seeds, State, assume, at_most, check, conjecture, equal
from verify._counterexample import as_counterexample, load, save
from verify._events import Cell
from verify._problem import Problem
from verify._script import script
from verify._strategies import draw_problems, problems
from verify._terminal import describe
from verify._verdict import Outcome, Result, Verdict

CELL = Cell(2, 2, "column")
OUTCOME = Outcome("violated", 1.0, 0.1, measured=2.0, predicted=1.0, how="by hand")


def problem(assumes: str = "balanced", pace: str = "plain") -> Problem:
    drawn = draw_problems(problems(depth=2, order=2, chain="column", fixed=(2, 3), pace=pace), 5, 1)
    return next(p for p in drawn if p.kind == "plain").for_path(assumes)


def claim_about(subject: type, optimizer: str = "gd", assumes: str = "balanced", *, negative: bool = False):
    def statement(run):
        return at_most(1, 0)

    statement.__annotations__ = {"run": subject}
    options = {} if subject in (State, Flow) else {"optimizer": optimizer}
    return conjecture(assumes=assumes, negative=negative, **options)(statement)


def printed(data: dict, example: Problem, folder) -> dict[str, float]:
    """Final loss of the script, run on its own, and the one that the engine measured."""
    path = folder / "shown.py"
    path.write_text(script(data, example))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    _, _, numbers = done.stdout.splitlines()[-1].partition("final loss ")
    own, _, measured = numbers.partition(" measured by the engine: ")
    return {"own": float(own), "measured": float(measured)}


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "group-rmsprop", "rmsprop", "adam"])
def test_the_script_of_a_descent_repeats_its_run_in_numpy(optimizer: str, tmp_path) -> None:
    example, claim = problem(), claim_about(Descent, optimizer)
    data = as_counterexample(claim, CELL, example, OUTCOME, 0)
    losses = printed(data, example, tmp_path)
    assert losses["measured"] == data["run"]["final_loss"] != data["run"]["first_loss"]
    assert losses["own"] == pytest.approx(losses["measured"], rel=1e-9)


def test_the_script_of_a_flow_integrates_it(tmp_path) -> None:
    example = problem()
    data = as_counterexample(claim_about(Flow), CELL, example, OUTCOME, 0)
    losses = printed(data, example, tmp_path)
    assert losses["own"] == pytest.approx(losses["measured"], rel=1e-8)


def test_the_script_of_seeds_repeats_the_run_from_the_first_start(tmp_path) -> None:
    example = problem()
    data = as_counterexample(claim_about(Seeds), CELL, example, OUTCOME, 0)
    losses = printed(data, example, tmp_path)
    assert losses["own"] == pytest.approx(losses["measured"], rel=1e-8)
    assert data["run"]["steps"] == 512


def test_a_printed_descent_names_whole_numbers_the_rule_that_scales_them_and_the_run() -> None:
    data = as_counterexample(claim_about(Descent, "momentum"), CELL, problem(), OUTCOME, 0)
    told = describe(Result("it", "it", "", Verdict.REFUTED, 2, 2, "column", counterexample=data))
    run = next(line for line in told.splitlines() if line.split()[0] == "run")
    assert "momentum" in run
    assert "'momentum': 0.9" in run
    assert f"{data['run']['steps']} steps of {data['run']['step']!r}" in run
    assert repr(data["blocks"]["G"]).replace("'", "") in told
    assert "scaled to one norm" in told
    assert "2^" in told


@pytest.mark.parametrize("pace", ["plain", "large target", "slow growth"])
def test_every_field_of_a_problem_comes_back_from_its_file(pace: str, tmp_path) -> None:
    example = replace(problem("generic", pace), kind="zero-slice", normalised=False)
    path = save(as_counterexample(claim_about(Descent, assumes="generic"), CELL, example, OUTCOME, 0), tmp_path)
    _, again = load(path)
    for field in fields(Problem):
        before, after = getattr(example, field.name), getattr(again, field.name)
        if field.name == "blocks":
            assert before.keys() == after.keys()
            assert all(np.array_equal(before[name], after[name]) for name in before)
        elif isinstance(before, np.ndarray):
            assert np.array_equal(before, after)
            assert before.dtype == after.dtype
        else:
            assert before == after
            assert type(before) is type(after)


def test_a_witness_of_a_negative_claim_is_said_to_be_one() -> None:
    data = as_counterexample(claim_about(State, negative=True), CELL, problem(), OUTCOME, 0)
    told = describe(Result("it", "it", "", Verdict.SUPPORTED, 2, 2, "column", counterexample=data))
    assert told.startswith("WITNESS it")


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_claim_that_needs_a_tie_shrinks_to_two_equal_slices(depth: int, seed: int) -> None:
    @conjecture
    def no_two_slice_norms_are_equal(state: State):
        norms = state.slice_norms(0)
        assume(len(norms) > 1)
        return at_most(1e-9, (norms[1:] - norms[:-1]).abs().min())

    result = check(no_two_slice_norms_are_equal, depth=depth, examples=50, seed=seed)
    assert result.verdict is Verdict.REFUTED
    assert (result.counterexample["sizes"], result.counterexample["ranks"]) == ([1, 1, 1], [2, 1, 1])


@pytest.mark.parametrize("kind", [Flow, Descent])
@pytest.mark.parametrize("assumes", ["small", "superdiagonal"])
def test_the_counterexample_of_a_path_is_scaled_as_its_run_was(kind: type, assumes: str, tmp_path: Path) -> None:
    def losses_are_twice_themselves(path):
        return equal(path.series(lambda s: s.loss), path.series(lambda s: 2 * s.loss))

    losses_are_twice_themselves.__annotations__ = {"path": kind}
    claim = conjecture(assumes=assumes)(losses_are_twice_themselves)
    found = check(claim, depth=2, order=2, paths=6)
    assert found.verdict is Verdict.REFUTED
    _, problem = load(save(found.counterexample, tmp_path))
    again = problem.for_path(assumes)
    scales = ("exponent", "target_exponent", "weight_exponent")
    assert [getattr(problem, name) for name in scales] == [getattr(again, name) for name in scales]
    assert assumes == "small" or problem.exponent != 0
