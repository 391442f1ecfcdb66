"""Shrinking keeps to problems that violate and goes down as far as they do, without an engine around it."""

from dataclasses import replace

import numpy as np
import pytest

from numerics import Architecture
from verify._events import Cell
from verify._problem import Problem
from verify._shrink import key_of, shrink, small_architectures, smaller_architectures
from verify._strategies import draw_problems, problems

CELL = Cell(1, 2, "column")


def _known(sizes: tuple[int, ...], ranks: tuple[int, ...] = (1, 1)) -> Problem:
    return draw_problems(problems(Architecture(1, sizes, ranks, "column"), kinds=("plain",)), 1, 0)[0]


@pytest.mark.parametrize("size", [2, 6])
def test_the_smallest_problem_that_violates_is_found_and_violates(size: int) -> None:
    """Only a large entry in a mode of some size violates; for size 6 the way leads down from the known one."""

    def violates(problem: Problem) -> bool:
        return problem.architecture.sizes[0] >= size and bool(np.abs(problem.target).max() >= 2)

    known = replace(_known((8, 3), (2, 2)), target=np.full((8, 3), 5))
    found = shrink(violates, CELL, known, fixed=None, seed=0, seconds=20.0, tries=4)
    assert found is not None
    assert violates(found)
    assert found.architecture.sizes == (size, 1)
    assert found.architecture.ranks == (1, 1)
    assert np.abs(found.target).sum() == 2


def test_nothing_is_returned_where_nothing_smaller_violates() -> None:
    assert shrink(lambda _: False, CELL, _known((3, 3)), fixed=None, seed=0, seconds=0.2, tries=1) is None


def test_smaller_architectures_come_in_order_of_their_size_and_are_smaller() -> None:
    start = Architecture(1, (5, 4), (3, 2), "column")
    sums = [sum((*a.sizes, *a.ranks)) for a in smaller_architectures(CELL, start, None)]
    assert sums == sorted(sums)
    assert max(sums) == 13
    assert min(sums) == 8


def test_small_architectures_come_from_the_smallest_up_and_keep_the_sizes_asked_for() -> None:
    found = [(*a.sizes, *a.ranks) for a in small_architectures(CELL, None)]
    sums = [sum(sides) for sides in found]
    assert sums == sorted(sums)
    assert len(set(found)) == len(found)
    assert (found[0], max(sums), max(max(sides) for sides in found)) == ((1, 1, 1, 1), 8, 3)
    kept = [(a.sizes, a.ranks) for a in small_architectures(CELL, (4, 2))]
    assert {sizes for sizes, _ in kept} == {(4, 2)}
    assert len({ranks for _, ranks in kept}) == len(kept) > 3


def test_a_side_is_made_smaller_by_one_and_made_one() -> None:
    start = Architecture(1, (5, 1), (1, 1), "column")
    assert [a.sizes for a in smaller_architectures(CELL, start, None)] == [(1, 1), (2, 1), (4, 1)]


def test_shrinking_keeps_to_the_sizes_that_were_asked_for() -> None:
    def violates(problem: Problem) -> bool:
        return bool(np.abs(problem.target).max() >= 2)

    known = replace(_known((4, 2), (2, 2)), target=np.full((4, 2), 5))
    found = shrink(violates, CELL, known, fixed=(4, 2), seed=0, seconds=20.0, tries=2)
    assert found is not None
    assert (found.architecture.sizes, found.architecture.ranks) == ((4, 2), (1, 1))
    assert np.abs(found.target).sum() == 2


def test_what_fails_on_a_thin_set_alone_is_shrunk_on_it() -> None:
    drawn = draw_problems(problems(Architecture(1, (3, 3), (2, 2), "column"), kinds=("fitted",)), 1, 0)[0]
    assert drawn.kind == "fitted"
    found = shrink(lambda p: p.kind == "fitted", CELL, drawn, fixed=None, seed=0, seconds=20.0, tries=4)
    assert found is not None
    assert (found.kind, found.architecture.sizes) == ("fitted", (1, 1))


def test_the_first_problem_drawn_is_not_taken_for_one_that_violates() -> None:
    """Every second problem violates; Hypothesis's own search finds none, so what was drawn is handed back."""
    asked: list[Problem] = []

    def violates(problem: Problem) -> bool:
        asked.append(problem)
        return len(asked) == 2

    found = shrink(violates, CELL, _known((1, 1)), fixed=None, seed=0, seconds=20.0, tries=4)
    assert found is asked[1]


def test_every_part_of_a_problem_is_part_of_its_key() -> None:
    problem = _known((2, 2))
    others = [
        replace(problem, target=problem.target + 1),
        replace(problem, mask=~problem.mask),
        replace(problem, blocks={name: block + 1 for name, block in problem.blocks.items()}),
        replace(problem, normalised=not problem.normalised),
        replace(problem, exponent=3),
        replace(problem, target_exponent=3),
        replace(problem, weight_exponent=3),
        replace(problem, pace="slow growth"),
    ]
    assert len({key_of(p) for p in (problem, *others)}) == 1 + len(others)
    assert key_of(replace(problem)) == key_of(problem)
