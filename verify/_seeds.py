"""Seeds: runs of one problem from many random starts, and the statistics that a claim may speak of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
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
PSEUDO = 12  # Agresti and Coull (1998): the squared quantile of the interval, here at 99.9 %


class Seeds:
    """Runs of one problem from `count` random starts; statistics over them are float64 torch tensors.

    The engine evaluates the conjecture on resampled runs too: it learns from that how far each statistic would move
    with other seeds, and decides with confidence intervals. So a conjecture states relations between statistics
    (`mean`, `fraction`, any function of `values`) as if they were exact.

    Arguments:
        runs: one finished Descent per seed.
        rows: which runs count, with repetitions; all of them by default.
        pseudo: of a resample, made-up observations of `fraction`, 0 or 1 (NaN: none) in the place of runs; without them
            no success in n runs would pass for certain.
    """

    def __init__(
        self,
        runs: Sequence[Descent],
        rows: np.ndarray | None = None,
        *,
        pseudo: np.ndarray | None = None,
        known: dict[Any, torch.Tensor] | None = None,
    ) -> None:
        self.runs = list(runs)
        self._rows = np.arange(len(self.runs)) if rows is None else rows
        self._pseudo = pseudo
        self._known = {} if known is None else known

    @property
    def count(self) -> int:
        """Number of runs."""
        return len(self.runs)

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
        return self._all(function)[torch.from_numpy(self._rows)]

    def mean(self, function: Callable[[Descent], Any]) -> torch.Tensor:
        """Mean of function(run) over the runs, shape (...)."""
        return self.values(function).mean(0)

    def fraction(self, condition: Callable[[Descent], Any]) -> torch.Tensor:
        """Part of the runs in which the condition holds."""
        values = (self.values(condition) != 0).double()
        if self._pseudo is not None:
            made_up = torch.from_numpy(self._pseudo).reshape(-1, *(1,) * (values.ndim - 1))
            values = torch.where(torch.isnan(made_up), values, made_up)
        return values.mean(0)

    def _all(self, function: Callable[[Descent], Any]) -> torch.Tensor:
        cells = function.__closure__ if hasattr(function, "__closure__") else None
        key: Any = (getattr(function, "__code__", function), getattr(function, "__defaults__", None))
        try:
            key = (*key, tuple(cell.cell_contents for cell in cells or ()))
            hash(key)
        except (TypeError, ValueError):
            key = None
        if key is not None and key in self._known:
            return self._known[key]
        rows = [torch.as_tensor(function(run), dtype=torch.float64) for run in self.runs]
        stacked = torch.stack(rows)
        if key is not None:
            self._known[key] = stacked
        return stacked

    def resampled(self, generator: np.random.Generator) -> Seeds:
        """As many runs drawn with replacement; fractions as from PSEUDO further runs, half of them successes."""
        rows = generator.integers(0, self.count, self.count)
        real = generator.random(self.count) >= PSEUDO / (self.count + PSEUDO)
        pseudo = np.where(real, np.nan, generator.integers(0, 2, self.count))
        return Seeds(self.runs, rows, pseudo=pseudo, known=self._known)

    def __repr__(self) -> str:
        return f"Seeds(count={self.count}, depth={self.depth}, sizes={self.sizes})"


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

    Raises:
        PathFailure: a run diverged.
    """
    batch = PathBatch(random_starts(problem, assumes, count, repeat=repeat), assumes, substeps=SUBSTEPS << LONGER)
    return Seeds([batch.descent(k, 0, optimizer) for k in range(count)])


__all__ = ["PathFailure", "Seeds", "random_starts", "run_seeds"]
