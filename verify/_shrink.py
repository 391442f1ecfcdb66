"""From a violated claim to the smallest, simplest problem that still violates it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from ._events import Cell
from ._problem import Problem
from ._strategies import problems


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


def shrink(
    violates: Callable[[Problem], bool],
    cell: Cell,
    *,
    fixed: tuple[int, ...] | None,
    kind: str,
    seed: int,
    seconds: float,
    tries: int = 400,
) -> Problem | None:
    """The simplest problem of the cell that Hypothesis finds within the time, or None if it finds none.

    Arguments:
        violates: the engine's own judgement of one problem.
        fixed: mode sizes the user asked for, which are then kept.
        kind: the thin set on which the violation was seen; searched first, then all.
    """
    deadline = time.monotonic() + seconds
    seen: dict[bytes, Problem] = {}
    best: list[Problem] = []

    def condition(problem: Problem) -> bool:
        # After the deadline only problems already known to violate count, so that Hypothesis's own replay stays consistent.
        key = key_of(problem)
        if key in seen:
            return True
        if time.monotonic() > deadline or not violates(problem):
            return False
        seen[key] = problem
        best.append(problem)
        return True

    options = settings(
        max_examples=tries,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    for kinds in (("plain",), ("plain", kind)):
        strategy = problems(
            literal=True,
            kinds=tuple(dict.fromkeys(kinds)),
            depth=cell.depth,
            order=cell.order,
            chain=cell.chain,
            fixed=fixed,
            largest=3,
        )
        try:
            return find(strategy, condition, settings=options, random=random.Random(seed))
        except NoSuchExample:
            continue
        except Exception:  # Hypothesis's own complaints (flaky timing); the best problem seen is still a counterexample
            break
    return best[-1] if best else None
