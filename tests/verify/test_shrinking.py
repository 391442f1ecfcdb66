"""Shrinking keeps to problems that violate and goes down as far as they do, without an engine around it."""

from dataclasses import replace

import numpy as np
import pytest

from numerics import Architecture
from verify._events import Cell
from verify._problem import Problem
from verify._shrink import key_of, shrink, smaller_architectures
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
