"""From a violated claim to the smallest, simplest problem that still violates it."""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator

import numpy as np
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import HypothesisException, NoSuchExample

from numerics import Architecture

from ._events import Cell
from ._problem import Problem
from ._strategies import draw_problems, problems, quiet

LARGEST = 3  # mode and core sizes tried for a small counterexample
EXTRA = 4  # units above all ones that sizes may sum to


def key_of(problem: Problem) -> bytes:
    """A digest of everything that makes the problem."""
    parts = [
        repr(
            (
                problem.architecture,
                problem.normalised,
                problem.exponent,
                problem.target_exponent,
                problem.weight_exponent,
            )
        )
    ]
    arrays = [*problem.blocks.values(), problem.target, problem.mask]
    return "".join(parts).encode() + b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)


def small_architectures(cell: Cell, fixed: tuple[int, ...] | None, *, cores: bool = True) -> Iterator[Architecture]:
    """Architectures of a cell from the smallest up: mode and core sizes 1 to 3, ordered by their sum.

    Without `cores` only the mode sizes vary: a claim about a tensor does not see the core.
    """
    names = cell.order if cell.depth == 0 or not cores else 2 * cell.order
    if fixed is not None:
        names -= cell.order
    for extra in range(EXTRA + 1):
        for sizes in itertools.product(range(1, LARGEST + 1), repeat=names):
            if sum(sizes) - names != extra:
                continue
            modes = fixed or sizes[: cell.order]
            ranks = modes if cell.depth == 0 else sizes[-cell.order :] if cores else (1,) * cell.order
            yield Architecture(cell.depth, modes, ranks, cell.chain)
        if names == 0:
            return


def smaller_architectures(architecture: Architecture, fixed: bool, *, cores: bool = True) -> Iterator[Architecture]:
    """One step down from an architecture: all sides to at most 2, one side to 1, one side by one; smallest first."""
    sides = [*([] if fixed else architecture.sizes), *(architecture.ranks if cores and architecture.depth else [])]
    steps = [[min(side, 2) for side in sides]]
    for place, side in enumerate(sides):
        steps += [[*sides[:place], lower, *sides[place + 1 :]] for lower in {1, side - 1} if 0 < lower < side]
    for step in sorted(steps, key=sum):
        modes = architecture.sizes if fixed else tuple(step[: architecture.order])
        if not architecture.depth:
            ranks = modes
        else:
            ranks = tuple(step[-architecture.order :]) if cores else (1,) * architecture.order
        if (modes, ranks) != (architecture.sizes, architecture.ranks):
            yield Architecture(architecture.depth, modes, ranks, architecture.chain)


def shrink(
    violates: Callable[[Problem], bool],
    cell: Cell,
    known: Problem,
    *,
    fixed: tuple[int, ...] | None,
    seed: int,
    seconds: float,
    tries: int,
    cores: bool = True,
) -> Problem | None:
    """The simplest problem of the cell that violates: first the smallest architecture, then the simplest numbers.

    After the smallest architecture of all comes the known one with sides of at most 2, which keeps its structure; then
    small ones are tried from below for half of the time; then what violates is made smaller step by step.

    Arguments:
        violates: the engine's own judgement of one problem.
        known: the problem on which the violation was seen.
        fixed: mode sizes the user asked for, which are then kept.
        seconds: time for the sizes, and again for the numbers.
        tries: problems drawn per architecture.
        cores: whether core sizes matter to the claim.
    """
    kinds = ("plain",) if known.kind == "plain" else ("plain", known.kind)

    deadline = math.inf

    def violating(architecture: Architecture) -> Problem | None:
        for problem in draw_problems(problems(architecture, kinds=kinds), tries, seed):
            if time.monotonic() > deadline:
                return None
            if violates(problem):
                return problem
        return None

    below = small_architectures(cell, fixed, cores=cores)
    found = violating(next(below))
    if found is None:
        twos = next(smaller_architectures(known.architecture, fixed is not None, cores=cores), None)
        smaller = None if twos is None else violating(twos)
        deadline = time.monotonic() + seconds / 2
        found = next((problem for problem in map(violating, below) if problem is not None), None)
        if found is None:
            deadline = time.monotonic() + seconds / 2
            start = known.architecture if smaller is None else smaller.architecture
            found = _step_by_step(violating, start, fixed is not None, cores) or smaller
    return None if found is None else _simplest(violates, found, kinds, seed, seconds) or found


def _step_by_step(
    violating: Callable[[Architecture], Problem | None], architecture: Architecture, fixed: bool, cores: bool
) -> Problem | None:
    """A violating problem from which no single step down is left, or the last one that was found."""
    best: Problem | None = None
    while True:
        steps = (violating(step) for step in smaller_architectures(architecture, fixed, cores=cores))
        found = next((problem for problem in steps if problem is not None), None)
        if found is None:
            return best
        best, architecture = found, found.architecture


def _simplest(
    violates: Callable[[Problem], bool], known: Problem, kinds: tuple[str, ...], seed: int, seconds: float
) -> Problem | None:
    """Hypothesis's simplest numbers for the architecture of a known violation."""
    deadline = time.monotonic() + seconds
    seen: set[bytes] = set()
    best: list[Problem] = []

    def condition(problem: Problem) -> bool:
        # After the deadline only problems already known to violate count, so Hypothesis's own replay stays consistent.
        key = key_of(problem)
        if key in seen:
            return True
        if time.monotonic() > deadline or not violates(problem):
            return False
        seen.add(key)
        best.append(problem)
        return True

    options = settings(
        max_examples=200,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    try:
        strategy = problems(known.architecture, literal=True, kinds=kinds)
        with quiet():
            return find(strategy, condition, settings=options, random=random.Random(seed))
    except NoSuchExample:
        return None
    except HypothesisException:  # a complaint about timing; the best problem seen is still a counterexample
        return best[-1] if best else None
