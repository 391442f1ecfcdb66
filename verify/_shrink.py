"""From a violated claim to the smallest, simplest problem that still violates it."""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import HypothesisException, NoSuchExample

from numerics import Architecture, Model, Network
from theory import Parametrisation

from ._events import Cell
from ._problem import Problem
from ._strategies import PLAIN, draw_problems, problems, quiet

LARGEST = 3  # mode and core sizes tried for a small counterexample
EXTRA = 4  # units above all ones that sizes may sum to
# A tie between two numbers is one problem in four: where problems are cheap, enough of the smallest architectures are
# drawn that a claim which needs a tie does not end at a larger one.
SMALL, MORE = 2, 4


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
                problem.pace,
                problem.kind,
                problem.loss.name,
            )
        )
    ]
    arrays = [*problem.blocks.values(), problem.target, problem.counts]
    return "".join(parts).encode() + b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)


def sides_of(model: Model, fixed: tuple[int, ...] | None, *, cores: bool) -> tuple[int, ...]:
    """The free sides of a model: mode sizes unless fixed, then core sizes; of a network those of its tied labels."""
    if isinstance(model, Network):
        return tuple(model.of_label[part[0]] for part in _free(model.description, fixed))
    assert isinstance(model, Architecture)
    return (() if fixed else model.sizes) + (model.ranks if cores and model.depth else ())


def _free(description: Parametrisation, fixed: tuple[int, ...] | None) -> list[tuple[str, ...]]:
    kept = set(description.output) if fixed else set()
    return [part for part in description.tied if not set(part) & kept]


def _with_sides(cell: Cell, sides: Sequence[int], fixed: tuple[int, ...] | None, *, cores: bool) -> Model:
    """The model whose free sides are given, in the order of `sides_of`."""
    if cell.description is not None:
        chosen = dict(zip((part[0] for part in _free(cell.description, fixed)), sides, strict=True))
        return Network(cell.description, {**dict(zip(cell.description.output, fixed or (), strict=False)), **chosen})
    sizes = fixed or tuple(sides[: cell.order])
    ranks = sizes if cell.depth == 0 else tuple(sides[-cell.order :]) if cores else (1,) * cell.order
    return Architecture(cell.depth, sizes, ranks, cell.chain)


def small_architectures(cell: Cell, fixed: tuple[int, ...] | None, *, cores: bool = True) -> Iterator[Model]:
    """Architectures of a cell from the smallest up: mode and core sizes 1 to 3, ordered by their sum.

    Without `cores` only the mode sizes vary: a claim about a tensor does not see the core.
    """
    if cell.description is not None:
        count = len(_free(cell.description, fixed))
    else:
        count = cell.order * ((fixed is None) + (cores and cell.depth > 0))
    for extra in range(EXTRA + 1 if count else 1):
        for sides in itertools.product(range(1, LARGEST + 1), repeat=count):
            if sum(sides) - count == extra:
                yield _with_sides(cell, sides, fixed, cores=cores)


def smaller_architectures(
    cell: Cell, architecture: Model, fixed: tuple[int, ...] | None, *, cores: bool = True
) -> Iterator[Model]:
    """One step down from an architecture: all sides to at most 2, one side to 1, one side by one; smallest first."""
    sides = sides_of(architecture, fixed, cores=cores)
    steps = [tuple(min(side, 2) for side in sides)]
    for place, side in enumerate(sides):
        steps += [(*sides[:place], lower, *sides[place + 1 :]) for lower in {1, side - 1} if 0 < lower < side]
    return (_with_sides(cell, step, fixed, cores=cores) for step in sorted(steps, key=sum) if step != sides)


def extent(problem: Problem) -> tuple[int, int]:
    """How large a problem is, for choosing among several: the sum of all sides, then that of all numbers."""
    sides = problem.architecture.sizes + problem.architecture.ranks
    return sum(sides), sum(int(np.abs(a).sum()) for a in (*problem.blocks.values(), problem.target))


def without_zeros(problem: Problem) -> Problem:
    """The problem with ones for zeros in the factors: of many factors of one number each, some drawn one is 0, and then
    nothing moves."""
    blocks = {name: np.where(block, block, name != "G") for name, block in problem.blocks.items()}
    return replace(problem, blocks=blocks)


class Limited:
    """`violates`, which says no without looking once it was asked so many times; None: it is always asked."""

    def __init__(self, violates: Callable[[Problem], bool], evaluations: int | None) -> None:
        self._violates = violates
        self.left = math.inf if evaluations is None else evaluations

    def __call__(self, problem: Problem) -> bool:
        self.left -= 1
        return self.left >= 0 and self._violates(problem)


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
    evaluations: int | None = None,
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
        evaluations: how often `violates` may be asked for the sizes, and again for the numbers; None: as time allows.
    """
    if evaluations == 0:
        return None
    of_sizes, of_numbers = (Limited(violates, evaluations) for _ in range(2))
    kinds = ("plain",) if known.kind == "plain" else ("plain", known.kind)
    if evaluations is not None:  # few: most of them for what is simplest
        kinds = ("plain", *kinds)

    alike: dict[str, Any] = {"kinds": kinds, "pace": known.pace, "losses": (known.loss,)}

    def first(architectures: Iterable[Model], deadline: float = math.inf) -> Problem | None:
        """The first violating problem of the first architecture that has one."""
        for architecture in architectures:
            if of_sizes.left <= 0:
                return None
            sides = sides_of(architecture, None, cores=cores)
            many = tries >= 2 * MORE and 0 < sum(sides) - len(sides) <= SMALL
            count = MORE * tries if many else tries
            drawn = draw_problems(problems(architecture, **alike), count, seed)
            for number, problem in enumerate(drawn):
                candidate = without_zeros(problem) if number % 2 else problem
                if time.monotonic() > deadline:
                    return None
                if of_sizes(candidate):
                    return candidate
        return None

    def down(architecture: Model) -> Iterator[Model]:
        return smaller_architectures(cell, architecture, fixed, cores=cores)

    below = small_architectures(cell, fixed, cores=cores)
    found = first(itertools.islice(below, 1))
    if found is None:
        smaller = first(itertools.islice(down(known.architecture), 1))
        found = first(below, time.monotonic() + seconds / 2)
        if found is None:
            found, deadline = smaller, time.monotonic() + seconds / 2
            while step := first(down((found or known).architecture), deadline):
                found = step
    if evaluations is not None:
        return _plainer(of_numbers, known if found is None else found)
    return None if found is None else _simplest(violates, found, kinds, seed, seconds) or found


def _plainer(violates: Callable[[Problem], bool], known: Problem) -> Problem:
    """The target all 0 and every block in turn all 1, or else the target 1, a block 0, or without signs, where that
    still violates: quicker than Hypothesis, whose drawing number by number takes longer than most claims."""
    problem = known
    for name in ("", *known.blocks):
        values = problem.blocks[name] if name else problem.target
        zeros, ones = np.zeros_like(values), np.ones_like(values)
        for plain in (*((ones, zeros) if name else (zeros, ones)), np.abs(values)):
            if np.array_equal(plain, values):
                break
            changed: dict[str, Any] = {"blocks": {**problem.blocks, name: plain}} if name else {"target": plain}
            if violates(simpler := replace(problem, **changed)):
                problem = simpler
                break
    return problem


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
        backend=PLAIN,  # Hypothesis's own leaves a folder of constants where the user stands
    )
    try:
        strategy = problems(known.architecture, literal=True, kinds=kinds, pace=known.pace, losses=(known.loss,))
        with quiet():
            return find(strategy, condition, settings=options, random=random.Random(seed))
    except NoSuchExample:
        return None
    except HypothesisException:  # a complaint about timing; the best problem seen is still a counterexample
        return best[-1] if best else None
