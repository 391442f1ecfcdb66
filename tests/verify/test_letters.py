"""A counterexample says what was measured and predicted, of which numbers, on which scale: data, print and script."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from numerics import Architecture
from verify import Descent, Seeds, State, at_most, check, conjecture
from verify._batch import PathBatch
from verify._counterexample import as_counterexample, start_of
from verify._engine import ask_one
from verify._events import Cell
from verify._problem import SMALL_EXPONENT, Problem
from verify._script import script
from verify._seeds import random_starts
from verify._strategies import draw_problems, problems
from verify._terminal import describe
from verify._verdict import Outcome, Result, Verdict

OUTCOME = Outcome("violated", worst=0.25, allowed=1e-12, measured=4.0, predicted=3.0, how="by hand")


def drawn(depth: int = 2, chain: str = "column", **changes) -> Problem:
    architecture = Architecture(depth, (2, 3), (2, 2), chain)
    return replace(draw_problems(problems(architecture, kinds=("plain",)), 1, 1)[0], **changes)


def letter(problem: Problem, subject: type = State, assumes: str = "generic") -> dict:
    def statement(it):
        return at_most(1, 0)

    statement.__annotations__ = {"it": subject}
    a = problem.architecture
    claim = conjecture(assumes=assumes)(statement)
    return as_counterexample(claim, Cell(a.depth, a.order, a.chain), problem, OUTCOME, 0)


def printed(data: dict) -> str:
    return describe(Result("it", "it", "", Verdict.REFUTED, 2, 2, "column", counterexample=data))


def test_measured_predicted_violation_and_bar_stand_in_their_places() -> None:
    data = letter(drawn())
    assert [data[name] for name in ("measured", "predicted", "violation", "allowed")] == [4.0, 3.0, 0.25, 1e-12]
    text = printed(data)
    assert "measured    4    predicted 3    violation 2.50e-01, allowed 1.0e-12 (relative)" in text


@pytest.mark.parametrize("exponent", [-3, 2])
def test_powers_of_two_are_printed_with_their_signs(exponent: int) -> None:
    text = printed(letter(drawn(target_exponent=exponent, weight_exponent=exponent)))
    target = next(line for line in text.splitlines() if "target = " in line)
    assert target.endswith(f"* 2^{exponent}")
    head = next(line for line in text.splitlines() if line.startswith("  input"))
    assert head.endswith(f"* 2^{exponent}")


def test_the_power_of_a_small_start_is_that_of_its_blocks() -> None:
    assert f"2^{SMALL_EXPONENT}" in letter(drawn(exponent=0), assumes="small")["scaling"]
    assert "2^5" in letter(drawn(exponent=5), assumes="balanced")["scaling"]


def test_entries_that_are_not_observed_are_printed_as_a_mask() -> None:
    mask = np.array([[True, False, True], [True, True, True]])
    assert "w = mask [[1, 0, 1], [1, 1, 1]]" in printed(letter(drawn(mask=mask, weights=None)))
    assert "w = 1" in printed(letter(drawn(mask=np.ones((2, 3), dtype=bool), weights=None)))


def test_losses_of_a_run_are_those_of_its_start_and_its_end() -> None:
    problem = drawn().for_path("balanced")
    data = letter(problem, Descent, "balanced")
    losses = PathBatch([problem], "balanced").descent(0, 0).losses
    assert data["run"]["first_loss"] == float(losses[0])
    assert data["run"]["final_loss"] == float(losses[-1])


def test_the_start_shown_of_seeds_is_the_first_of_the_random_ones() -> None:
    problem = drawn()
    first = random_starts(problem, "generic", 1)[0]
    shown = start_of(problem, "Seeds", "generic")
    assert all(np.array_equal(shown.blocks[name], first.blocks[name]) for name in first.blocks)
    assert letter(problem, Seeds)["whole"]["G"] == first.blocks["G"].tolist()


@pytest.mark.parametrize(("depth", "chain"), [(3, "mode"), (3, "column"), (4, "mode"), (2, "gate")])
def test_the_script_prints_the_tensor_and_the_velocity_of_the_state(depth: int, chain: str, tmp_path) -> None:
    problem = drawn(depth, chain)
    path = tmp_path / "shown.py"
    path.write_text(script(letter(problem), problem))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=True)
    first, *rates = done.stdout.splitlines()
    state = problem.state()
    tensor = np.array(eval(first.partition("W =")[2].partition(" loss =")[0]))
    np.testing.assert_allclose(tensor, state.tensor.numpy(), rtol=1e-12)
    told = {line.partition("/dt =")[0][1:]: np.array(eval(line.partition("/dt =")[2])) for line in rates}
    assert told.keys() == state.parameters.keys()
    for name, gradient in state.block_gradients().items():
        np.testing.assert_allclose(told[name], -gradient.numpy(), rtol=1e-9, atol=1e-9)


def test_the_letter_of_a_path_rebuilds_the_run_that_was_measured() -> None:
    @conjecture
    def losses_halve(descent: Descent):
        return at_most(2 * descent.losses[-1], descent.losses[0])

    result = check(losses_halve, depth=1, order=2, paths=7)
    assert result.verdict is Verdict.REFUTED
    again = ask_one(losses_halve, Problem.from_json(result.counterexample), scaled=True)
    assert again.status == "violated"
    assert again.measured == result.counterexample["measured"]
