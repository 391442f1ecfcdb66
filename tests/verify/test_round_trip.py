"""A counterexample that is saved and loaded is the same problem, field by field."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from numerics import Architecture
from verify import State, conjecture, equal
from verify._counterexample import as_counterexample, load, save
from verify._events import Cell
from verify._strategies import draw_problems, problems
from verify._verdict import Outcome


@conjecture
def anything(state: State):
    return equal(state.loss, state.loss)


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("chain", ["column", "mode", "gate"])
def test_a_saved_problem_is_loaded_with_every_number_in_its_place(tmp_path: Path, chain: str, normalised: bool) -> None:
    architecture = Architecture(2, (2, 3), (3, 2), chain)
    drawn = draw_problems(problems(architecture, kinds=("plain",)), 1, 7)[0]
    mask = np.array([[True, False, True], [False, True, True]])
    problem = replace(
        drawn, mask=mask, normalised=normalised, exponent=-2, target_exponent=3, weight_exponent=5, kind="tiny"
    )
    written = as_counterexample(anything, Cell(2, 2, chain), problem, Outcome("violated"), 0)
    _, again = load(save(written, tmp_path))
    for name in ("architecture", "normalised", "exponent", "target_exponent", "weight_exponent", "kind"):
        assert getattr(again, name) == getattr(problem, name), name
    np.testing.assert_array_equal(again.mask, mask)
    here, there = problem.state(), again.state()
    for name, block in here.parameters.items():
        assert torch.equal(block, there.parameters[name])
    assert torch.equal(here.target, there.target)
    assert torch.equal(here.weights, there.weights)
    assert here.weights.unique().tolist() == [0.0, 8.0 if normalised else 32.0]
