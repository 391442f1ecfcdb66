"""Seeds: runs of one problem from many random starts, and the statistics that a claim may speak of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FunctionType, MethodType
from typing import Any

import numpy as np
import torch

from ._batch import PathBatch, PathFailure
from ._kinds import aim_start
from ._path import Descent
from ._problem import Problem

SUBSTEPS = 2  # steps per sixteenth of the unit of time
LONGER = 4  # runs last 2^4 times the unit of time of a path
FIRST_SEED = 1000  # of the starts; a second, independent set begins SPREAD later
SPREAD = 10_000
REFERENCE = 32


class Seeds:
    """Runs of one problem from many random starts; statistics over them are float64 torch tensors.

    The engine evaluates the conjecture on resampled runs too, always on whole runs, so that statistics of the same runs
    move together. So a conjecture states relations between statistics (`mean`, `fraction`, any function of `values`)
    as if they were exact.

    Arguments:
        runs: one finished Descent per seed.
        rows: which runs count, with repetitions; all of them by default.
        diverged: starts whose run diverged; no statistic counts them.
    """

    def __init__(self, runs: Sequence[Descent], rows: np.ndarray | None = None, *, diverged: int = 0) -> None:
        self.runs = list(runs)
        self.diverged = diverged
        self._rows = np.arange(len(self.runs)) if rows is None else rows
        self._known: dict[Any, torch.Tensor] = {}
        self._asked: dict[Any, torch.Tensor] = {}
        self._altered: tuple[Any, np.ndarray, torch.Tensor] | None = None

    @property
    def count(self) -> int:
        """Number of runs, repetitions included."""
        return len(self._rows)

    @property
    def depth(self) -> int:
        """K."""
        return self.runs[0].depth

    @property
    def order(self) -> int:
        """N."""
        return self.runs[0].order

    @property
    def sizes(self) -> tuple[int, ...]:
        """Mode sizes I_1..I_N."""
        return self.runs[0].architecture.sizes

    def values(self, function: Callable[[Descent], Any]) -> torch.Tensor:
        """function(run) for every run, shape (count, ...)."""
        name, stacked = self._all(function)
        values = stacked[torch.from_numpy(self._rows)]
        if self._altered is not None and self._altered[0] == name:
            values[torch.from_numpy(self._altered[1])] = self._altered[2]
        return values

    def mean(self, function: Callable[[Descent], Any]) -> torch.Tensor:
        """Mean of function(run) over the runs, shape (...)."""
        return self.values(function).mean(0)

    def fraction(self, condition: Callable[[Descent], Any]) -> torch.Tensor:
        """Part of the runs in which the condition holds."""
        return (self.values(condition) != 0).double().mean(0)

    def of_rows(self, rows: np.ndarray, altered: tuple[Any, np.ndarray, torch.Tensor] | None = None) -> Seeds:
        """The same runs, chosen anew; what was computed of them is shared.

        Arguments:
            rows: the runs that count, with repetitions.
            altered: a function (by the name `asked` gives it), places among the rows, and a value that the function
                is to have there: made-up runs.
        """
        again = Seeds(self.runs, rows, diverged=self.diverged)
        again._known, again._altered = self._known, altered
        return again

    def asked(self) -> dict[Any, torch.Tensor]:
        """Every function of a run that was asked for so far, by a name, with its values over all runs."""
        return dict(self._asked)

    def _all(self, function: Callable[[Descent], Any]) -> tuple[Any, torch.Tensor]:
        try:
            key = _identity(function)
            hash(key)
        except TypeError:
            key = None
        stacked = self._known.get(key) if key is not None else None
        if stacked is None:
            stacked = torch.stack([torch.as_tensor(function(run), dtype=torch.float64) for run in self.runs])
        if key is not None:
            self._known[key] = stacked
        name = ("call", len(self._asked)) if key is None else key
        self._asked[name] = stacked
        return name, stacked

    def __repr__(self) -> str:
        return f"Seeds(count={self.count}, depth={self.depth}, sizes={self.sizes})"


def _identity(value: Any) -> Any:
    """A key under which a function's values over the runs are remembered: its code and everything bound to it.

    Raises:
        TypeError: something bound to it cannot be a key.
    """
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        bound = (value.__defaults__, value.__kwdefaults__, cells)
        return "function", value.__code__, _identity(bound)
    if isinstance(value, MethodType):
        return "method", _identity(value.__func__), _identity(value.__self__)
    if isinstance(value, (tuple, list)):
        return type(value), tuple(_identity(v) for v in value)
    if isinstance(value, dict):
        return dict, tuple((_identity(k), _identity(v)) for k, v in value.items())
    if isinstance(value, torch.Tensor):
        return torch.Tensor, tuple(value.shape), str(value.dtype), value.detach().numpy().tobytes()
    if isinstance(value, np.ndarray):
        return np.ndarray, value.shape, value.dtype.str, value.tobytes()
    return type(value), value


def random_starts(problem: Problem, assumes: str, count: int, *, repeat: int = 0) -> list[Problem]:
    """`count` starts of one problem: whole numbers from -3 to 3, then scaled and balanced as `assumes` says.

    All are moved onto the thin set of the problem's kind. They share target, weights, size of the blocks and unit of
    time: those of the slowest of REFERENCE starts, so that more seeds of a problem are more of the same.

    Arguments:
        repeat: 0, 1, ..: independent sets of starts.
    """

    def start(number: int) -> Problem:
        generator = np.random.default_rng(number)
        shapes = problem.architecture.shapes
        blocks = {name: generator.integers(-3, 4, shape) for name, shape in shapes.items()}
        aim_start(
            problem.kind, problem.architecture, blocks, lambda s, a, b: np.asarray(generator.integers(a, b + 1, s))
        )
        return replace(problem, blocks=blocks)

    reference = [start(FIRST_SEED - 1 - k).for_path(assumes) for k in range(REFERENCE)]
    exponent = min(start.exponent for start in reference)
    unit = min(start.weight_exponent for start in reference) + LONGER
    shared = replace(reference[0], exponent=exponent, weight_exponent=unit)
    return [replace(shared, blocks=start(FIRST_SEED + repeat * SPREAD + k).blocks) for k in range(count)]


def run_seeds(problem: Problem, assumes: str, optimizer: str, count: int, repeat: int = 0) -> Seeds:
    """Train `count` random starts of one problem as one batch.

    A start whose run diverges is an outcome: it is counted in `Seeds.diverged`, and the others are kept.

    Raises:
        PathFailure: every run diverged.
    """
    runs = _finished(random_starts(problem, assumes, count, repeat=repeat), assumes, optimizer)
    if not runs:
        raise PathFailure(f"each of {count} runs diverged")
    return Seeds(runs, diverged=count - len(runs))


def _finished(starts: list[Problem], assumes: str, optimizer: str) -> list[Descent]:
    """The runs that do not diverge; a batch stops at the first that does, so it is halved until that one is alone."""
    batch = PathBatch(starts, assumes, substeps=SUBSTEPS << LONGER)
    try:
        return [batch.descent(k, 0, optimizer) for k in range(len(starts))]
    except PathFailure:
        half = len(starts) // 2
        return (
            [run for part in (starts[:half], starts[half:]) for run in _finished(part, assumes, optimizer)]
            if half
            else []
        )


__all__ = ["PathFailure", "Seeds", "random_starts", "run_seeds"]
