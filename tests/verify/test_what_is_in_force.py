"""A report prints the start, the target and the weights that the claim was judged on, whatever the problem began as."""

import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from numerics import Architecture, compose
from verify import Descent, Flow, Seeds, State, Target, at_most, check, conjecture, equal
from verify._counterexample import as_counterexample, start_of
from verify._drawn import described_problems
from verify._events import Cell
from verify._inputs import Inputs, Settings
from verify._keywords import ASSUMPTIONS
from verify._problem import Problem
from verify._script import script
from verify._strategies import draw_problems, problems
from verify._terminal import describe
from verify._verdict import Outcome, Result, Verdict

CELL = Cell(2, 2, "column")
KINDS = ("fitted", "unseen-misfit+diagonal-view", "plain", "graded-target+unequal-weights")


def claim_about(subject: type, assumes: str):
    def statement(it):
        return at_most(1, 0)

    statement.__annotations__ = {"it": subject}
    return conjecture(assumes=assumes)(statement)


def written(subject: type, assumes: str, kind: str, pace: str = "plain"):
    """The problem that a counterexample shows, the first state of the claim's subject, and what is stored of it."""
    drawn = draw_problems(problems(depth=2, order=2, chain="column", fixed=(3, 2), kinds=(kind,), pace=pace), 3, 5)
    name = subject.__name__
    problem = drawn[1].for_path(assumes) if name in ("Flow", "Descent") else drawn[1]
    state = start_of(problem, name, assumes).state(assumes)
    outcome = Outcome("violated", 1.0, 0.1, measured=float(state.loss), predicted=0.0, how="by hand")
    return problem, state, as_counterexample(claim_about(subject, assumes), CELL, problem, outcome, 0)


def told(data: dict) -> str:
    return describe(Result("it", "it", "", Verdict.REFUTED, 2, 2, "column", counterexample=data))


def numbers(text: str) -> np.ndarray:
    """The array that a line of a report stands for: nested lists, and a power of two."""
    listed, power = re.match(r"([\[\]0-9., e+-]+?)(?: \* 2\^(-?\d+))?(?:  \(W .*)?$", text).groups()
    return np.ldexp(np.array(eval(listed), dtype=float), int(power or 0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("assumes", ASSUMPTIONS)
@pytest.mark.parametrize("subject", [State, Flow, Seeds])
def test_the_printed_target_and_weights_are_those_in_force(subject, assumes, kind) -> None:
    _, state, data = written(subject, assumes, kind, pace="slow growth" if subject is Seeds else "plain")
    text = told(data)
    target = re.search(r"^    target = (.*)$", text, re.MULTILINE).group(1)
    assert np.array_equal(numbers(target), state.target.numpy())
    weights = re.search(r"w = (mask )?(.*?)(, the first of the random starts:)?$", text, re.MULTILINE).group(2)
    bare, _, scale = weights.partition(" / number observed")
    seen = (state.weights > 0).sum().item() if " / number observed" in weights else 1
    assert np.array_equal(np.broadcast_to(numbers(bare + scale) / seen, state.weights.shape), state.weights.numpy())
    assert ("(W of the start" in text) == (start_of(*_shown(data)).fits is not None)


def _shown(data: dict):
    return Problem.from_json(data), data["subject"], data["assumes"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("assumes", ASSUMPTIONS)
def test_the_printed_script_gives_the_loss_and_the_velocity_that_the_engine_saw(assumes, kind, tmp_path) -> None:
    problem, state, data = written(State, assumes, kind)
    path = tmp_path / "shown.py"
    path.write_text(script(data, problem))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60, check=True)
    size = float((state.weights * (state.tensor**2 + state.target**2)).sum())
    assert float(done.stdout.split("loss = ")[1].split("\n")[0]) == pytest.approx(data["measured"], abs=1e-14 * size)
    velocity = np.array(eval(re.search(r"^dG/dt = (.*)$", done.stdout, re.MULTILINE).group(1)))
    exact = -state.block_gradients()["G"].numpy()
    assert np.allclose(velocity, exact, rtol=1e-9, atol=1e-11 * (1 + size))


def test_a_superdiagonal_start_is_printed_as_the_numbers_it_consists_of() -> None:
    _, state, data = written(Flow, "superdiagonal", "plain")
    power = int(re.search(r"times 2\^(-?\d+)", told(data)).group(1))
    for name, block in state.parameters.items():
        assert np.array_equal(np.ldexp(np.array(data["whole"][name], dtype=float), power), block.numpy())


def rebuilt(data: dict) -> dict[str, np.ndarray]:
    """The start, from nothing but the lines of the report: whole numbers and the rule in words."""
    text = told(data)
    blocks = {
        name: np.array(eval(values), dtype=float)
        for name, values in re.findall(r"^    (G|[Aa][\d.]+) += (.*)$", text, re.MULTILINE)
    }
    rule = re.search(r"^    blocks   (.*)$", text, re.MULTILINE).group(1)
    if "scaled to one norm, that of its core slice" in rule:
        for n in range(2):
            norms = np.linalg.norm(np.moveaxis(blocks["G"], n, 0), axis=1)
            for name in (f"A{n + 1}.1", f"a{n + 1}"):
                rows = blocks[name].T if name.startswith("a") else blocks[name]
                rows = rows.reshape(len(norms), -1)
                rows[~rows.any(1), 0] = 1
                rows = rows / np.linalg.norm(rows, axis=1)[:, None]
                long = np.sqrt(norms**2 + 1) if name.startswith("a") and "longer by 1" in rule else norms
                rows = rows * long[:, None]
                rows = (
                    rows / 4 if name.startswith("a") and "last block of every group is divided by 4" in rule else rows
                )
                rows = rows * 2 if name.startswith("A") and "first block of every group is doubled" in rule else rows
                blocks[name] = rows.T if name.startswith("a") else rows.reshape(blocks[name].shape)
    power = re.search(r"every block times 2\^(-?\d+)", rule)
    return {name: np.ldexp(block, int(power.group(1)) if power else 0) for name, block in blocks.items()}


@pytest.mark.parametrize("assumes", ASSUMPTIONS)
@pytest.mark.parametrize("subject", [State, Flow, Seeds])
def test_the_start_can_be_rebuilt_from_the_printed_lines(subject, assumes) -> None:
    drawn = draw_problems(problems(depth=2, order=2, chain="column", fixed=(3, 2)), 24, 5)
    rules, ways = set(), set()
    for problem in drawn[:: 12 if subject is Seeds else 1]:
        problem = problem.for_path(assumes) if subject is Flow else problem
        data = as_counterexample(claim_about(subject, assumes), CELL, problem, Outcome("violated"), 0)
        start = start_of(problem, data["subject"], assumes)
        found, state = rebuilt(data), start.state(assumes)
        assert found.keys() == state.parameters.keys()
        for name, block in state.parameters.items():
            assert np.allclose(found[name], block.numpy(), rtol=1e-12, atol=0), (name, told(data))
        rules.add("scaled to one norm" in told(data))
        ways.add(start.way_off_balance)
    assert True in rules or assumes in ("generic", "superdiagonal", "matrix-balanced")
    assert len(ways) == 4 or subject is Seeds


def test_a_balanced_start_of_short_numbers_is_printed_itself() -> None:
    drawn = draw_problems(problems(Architecture(2, (1, 1), (1, 1), "column"), kinds=("plain",)), 9, 5)
    problem = next(p for p in drawn if p.blocks["G"].any())
    data = as_counterexample(claim_about(State, "balanced"), CELL, problem, Outcome("violated"), 0)
    assert data["whole"]["a1"] in ([[abs(int(problem.blocks["G"][0, 0]))]], [[-abs(int(problem.blocks["G"][0, 0]))]])
    assert "taken as they are" in told(data)


def test_the_range_of_targets_drawn_is_that_of_the_targets_in_force() -> None:
    problem = Problem(
        written(State, "generic", "fitted")[0].architecture,
        {name: np.ones_like(block) for name, block in written(State, "generic", "fitted")[0].blocks.items()},
        np.arange(1, 7).reshape(3, 2) ** 8,
        np.ones((3, 2), dtype=bool),
        kind="fitted",
    )
    W = compose(problem.architecture, {k: torch.from_numpy(v).double() for k, v in problem.blocks.items()})
    spread = float(torch.log10(W.max() / W.min()))
    found = described_problems([problem], [problem.state("generic")])
    assert found["target orders of magnitude"] == pytest.approx([spread, spread], abs=1e-3)
    inputs = Inputs(CELL, Settings(examples=1))
    inputs.__dict__["problems"] = [problem]
    assert inputs.drawn("State", "generic")["target orders of magnitude"] == found["target orders of magnitude"]


def test_a_counterexample_on_a_fitted_target_prints_the_target_that_refutes() -> None:
    @conjecture(assumes="balanced")
    def the_loss_is_positive(state: State):
        return at_most((state.tensor**2).sum() * 1e-6, state.loss * 1e6)

    inputs = Inputs(CELL, Settings())
    fitted = next(p for p in inputs.problems if "fitted" in p.kind and p.state("balanced").tensor.abs().max() > 0)
    data = as_counterexample(the_loss_is_positive, CELL, fitted, Outcome("violated"), 0)
    target = numbers(re.search(r"^    target = (.*)$", told(data), re.MULTILINE).group(1))
    assert np.allclose(target, fitted.state("balanced").tensor.numpy(), rtol=1e-12)
    assert not np.allclose(target, fitted.target)


def test_a_tensor_is_printed_as_it_was_judged() -> None:
    @conjecture
    def tensors_vanish(target: Target):
        return equal((target.tensor**2).sum(), 0)

    result = check(tensors_vanish, depth=1, order=2, examples=20)
    assert result.counterexample["shown"]["target"] == result.counterexample["target"]
    drawn = draw_problems(problems(depth=1, order=2, chain="column", fixed=(3, 2), kinds=("collinear",)), 1, 0)[0]
    data = as_counterexample(tensors_vanish, CELL, replace(drawn, target_exponent=-3), Outcome("violated"), 0)
    shown = numbers(re.search(r"^    target = (.*)$", told(data), re.MULTILINE).group(1))
    assert np.array_equal(shown, np.ldexp(np.array(data["target"], dtype=float), -3))
    assert np.array_equal(shown[1], 2 * shown[0] + np.array([2.0**-3, 0.0]))


def test_what_a_descent_shows_is_the_problem_it_ran() -> None:
    problem, state, data = written(Descent, "small", "unseen-misfit")
    assert np.array_equal(numbers(re.search(r"target = (.*)", told(data)).group(1)), state.target.numpy())
    assert data["target"] == problem.target.tolist()
