"""The witness of a negative claim is as small as a counterexample would be, printed, and replayed as a witness."""

from pathlib import Path

import numpy as np
import pytest
import torch

from verify import Descent, State, check, conjecture, constant, equal
from verify._engine import WITNESS, CellRun
from verify._events import Cell
from verify._inputs import Inputs, Settings
from verify._shrink import shrink
from verify._strategies import draw_problems, problems
from verify._verdict import Verdict
from verify.claims import BUILT_IN

NEGATIVE = """
import torch
from verify import State, conjecture, equal

@conjecture(title="The core keeps its norm", negative=True)
def the_core_norm_moves(state: State):
    return equal(state.rate(lambda s: (s.core**2).sum()), 0)
"""


def built_in(name: str):
    return next(claim for claim in BUILT_IN if claim.id == name)


@pytest.mark.parametrize(
    ("depth", "order", "chain"), [(1, 3, "column"), (4, 3, "column"), (6, 4, "column"), (2, 2, "mode"), (8, 3, "gate")]
)
def test_the_order_of_slices_has_two_equal_slices_of_the_smallest_shape_as_witness(depth, order, chain) -> None:
    result = check(built_in("order-of-slices-may-change"), depth=depth, order=order, chain=chain)
    assert result.verdict is Verdict.SUPPORTED
    assert result.counterexample["sizes"] == [1] * order
    assert sum(result.counterexample["ranks"]) == order + 1
    first, second = np.array(result.counterexample["blocks"]["G"]).reshape(-1)
    assert abs(first) == abs(second) > 0


def test_a_negative_conjecture_that_needs_a_tie_is_shrunk_to_one() -> None:
    @conjecture(negative=True)
    def ties_break(state: State):
        squares = state.slice_norms(0) ** 2
        rates = state.rate(lambda s: s.slice_norms(0) ** 2)
        apart = rates[:, None] - rates[None, :]
        return equal(torch.where(squares[:, None] == squares[None, :], apart, apart * 0), 0)

    result = check(ties_break, depth=2, examples=60)
    assert result.verdict is Verdict.SUPPORTED
    assert (result.counterexample["sizes"], result.counterexample["ranks"]) == ([1, 1, 1], [2, 1, 1])
    assert np.abs(result.counterexample["blocks"]["G"]).max() == 1
    assert "witness" in result.detail


def test_the_witness_of_a_built_in_claim_about_a_run_is_the_smallest_one_drawn() -> None:
    claim = built_in("descent-does-not-conserve-unbalancedness")
    inputs = Inputs(Cell(1, 2, "column"), Settings(paths=10))
    result = CellRun([claim], inputs).judge(claim)
    sides = [sum(p.architecture.sizes + p.architecture.ranks) for b in inputs.batches("unbalanced") for p in b.problems]
    assert result.verdict is Verdict.SUPPORTED
    found = sum(result.counterexample["sizes"] + result.counterexample["ranks"])
    assert found <= sorted(sides)[len(sides) - int(result.detail.split()[0])]
    assert sides[0] > min(sides)


def test_a_witness_that_was_shrunk_still_violates() -> None:
    @conjecture(negative=True, assumes="unbalanced")
    def balance_is_kept(descent: Descent):
        return constant(descent.series(lambda s: (s.core**2).sum() - (s.vectors(0) ** 2).sum()))

    result = check(balance_is_kept, depth=1, order=2, paths=6)
    assert result.verdict is Verdict.SUPPORTED
    assert result.counterexample["violation"] > 100 * result.counterexample["allowed"]


def test_the_search_for_a_smaller_witness_keeps_to_its_number_of_evaluations() -> None:
    asked = []

    def violates(problem) -> bool:
        asked.append(problem)
        return problem.architecture.sizes == (3, 3)

    known = draw_problems(problems(depth=1, order=2, chain="column", fixed=(3, 3)), 1, 0)[0]
    found = shrink(violates, Cell(1, 2, "column"), known, fixed=None, seed=0, seconds=60.0, tries=8, evaluations=20)
    assert len(asked) <= 40
    assert found is not None
    assert found.architecture.sizes == (3, 3)
    assert (found.target == 0).all()
    assert all((block == 1).all() for block in list(found.blocks.values())[:5])


def test_without_evaluations_a_witness_stays_as_it_is() -> None:
    known = draw_problems(problems(depth=1, order=2, chain="column"), 1, 0)[0]
    cell = Cell(1, 2, "column")
    assert shrink(lambda _: True, cell, known, fixed=None, seed=0, seconds=9.0, tries=8, evaluations=0) is None
    assert WITNESS.keys() == {"State"}


def test_the_witness_of_an_own_conjecture_is_printed_and_replayed_as_one(command) -> None:
    Path("mine.py").write_text(NEGATIVE)
    ran = command("depth=1", "order=2", "conjectures=mine.py", "examples=20", "jobs=1")
    assert ran.code == 0
    assert "[witness: sizes 1x1, core 1x1]" in ran.out
    assert "WITNESS the-core-norm-moves" in ran.out
    (path,) = Path("out/counterexamples").glob("*.json")
    again = command("replay", str(path))
    assert (again.code, again.out.split(":")[0]) == (0, "STILL A WITNESS OF the-core-norm-moves")
    Path("mine.py").write_text(NEGATIVE.replace(", 0)", ", state.rate(lambda s: (s.core**2).sum()))"))
    assert command("replay", str(path)).code == 3  # another text is not run unless it is named
    again = command("replay", str(path), "conjectures=mine.py")
    assert (again.code, again.out.splitlines()[-1].split(":")[0]) == (4, "NO LONGER the-core-norm-moves")


def test_the_main_job_names_the_size_of_a_witness_and_prints_no_more_of_it(command) -> None:
    ran = command("depth=1", "order=2", "claims=core-norm*", "examples=20", "jobs=1")
    assert "[witness: sizes 1x1, core 1x1]" in ran.out
    assert "WITNESS" not in ran.out
