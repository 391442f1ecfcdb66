"""An expectation: a statistical claim over seeds, written down before the run, and the verdict on it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import t as student

Row = Mapping[str, Any]
Statistic = Callable[[Sequence[Row]], float]
Comparison = Literal["above", "below", "inside"]

HOLDS, FAILS, UNDECIDED, WITHDRAWN = "HOLDS", "FAILS", "UNDECIDED", "WITHDRAWN"
# Why expectations about slices at depth 2 and more are not judged; they will be measured in another variable.
RAW_SLICES = (
    "raw slice norms of a start whose W is small cannot show sparsity at depth 2 and more: a slice that never grew "
    "keeps the norm of the start, which is not small, though its part of W is next to nothing"
)
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """Mean over seeds with its Student interval at level `LEVEL`; `seeds` of `asked` gave a number."""

    mean: float
    low: float
    high: float
    seeds: int
    asked: int

    def __str__(self) -> str:
        count = f"{self.seeds}" if self.seeds == self.asked else f"{self.seeds} of {self.asked}"
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}], {count} seeds"


def interval(values: Sequence[float]) -> Interval:
    """Student interval of the mean of the finite values; infinite width for fewer than two."""
    finite = np.array([v for v in values if math.isfinite(v)])
    n = len(finite)
    if n == 0:
        return Interval(math.nan, -math.inf, math.inf, 0, len(values))
    mean = float(finite.mean())
    half = float(student.ppf((1 + LEVEL) / 2, n - 1) * finite.std(ddof=1) / math.sqrt(n)) if n > 1 else math.inf
    return Interval(mean, mean - half, mean + half, n, len(values))


@dataclass(frozen=True)
class Expectation:
    """What is expected of the mean of one number per seed.

    Arguments:
        claim: whose claim it is and where it stands.
        statement: what should be seen if the claim is right.
        statistic: the number, in words; `value` computes it from the rows of one seed (nan: it cannot be had).
        comparison: the mean lies "above" or "below" `bounds[0]`, or "inside" the two `bounds`.
        withdrawn: why the number does not measure what the statement says; it is reported, not judged.
    """

    name: str
    claim: str
    statement: str
    statistic: str
    value: Statistic
    comparison: Comparison
    bounds: tuple[float, ...]
    withdrawn: str = ""

    def __post_init__(self) -> None:
        if len(self.bounds) != (2 if self.comparison == "inside" else 1):
            raise ValueError(f"{self.name}: {self.comparison} does not go with bounds {self.bounds}")

    @property
    def range(self) -> tuple[float, float]:
        """The claimed range of the mean."""
        if self.comparison == "inside":
            return self.bounds[0], self.bounds[1]
        return (self.bounds[0], math.inf) if self.comparison == "above" else (-math.inf, self.bounds[0])

    def describe(self) -> dict[str, Any]:
        """What is registered: everything but the code."""
        keys = ("name", "claim", "statement", "statistic", "comparison", "bounds")
        return {key: getattr(self, key) for key in keys}

    def judge(self, rows: Sequence[Row]) -> tuple[Interval, str]:
        """HOLDS if the whole interval lies in the claimed range, FAILS if none of it does, else UNDECIDED.

        A statement that was withdrawn is not judged, whatever was measured.
        """
        seeds = sorted({int(row["seed"]) for row in rows})
        measured = interval([self.value([row for row in rows if int(row["seed"]) == seed]) for seed in seeds])
        low, high = self.range
        if self.withdrawn:
            return measured, WITHDRAWN
        if measured.seeds < 2:
            return measured, UNDECIDED
        if low <= measured.low and measured.high <= high:
            return measured, HOLDS
        return measured, FAILS if measured.high < low or measured.low > high else UNDECIDED


def pick(rows: Sequence[Row], column: str, **where: Any) -> list[float]:
    """Values of `column` in the rows of which every key in `where` has the value, or one of the values.

    A run that did not meet the training error at which runs are compared (reached = 0) counts as nan.
    """

    def fits(row: Row) -> bool:
        return all(row.get(k) in v if isinstance(v, tuple | range) else row.get(k) == v for k, v in where.items())

    return [float(row[column]) if row.get("reached", 1) else math.nan for row in rows if fits(row)]


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def mean_of(column: str, **where: Any) -> Statistic:
    """The mean of a column over the chosen rows of a seed."""
    return lambda rows: _mean(np.array(pick(rows, column, **where)))


def difference(column: str, first: Mapping[str, Any], second: Mapping[str, Any], *, log: bool = False) -> Statistic:
    """Mean over the rows of `first` minus that of `second`; with `log` of log10 of the column."""

    def value(rows: Sequence[Row]) -> float:
        sides = [np.array(pick(rows, column, **where)) for where in (first, second)]
        if log:
            sides = [np.log10(side) for side in sides]
        return _mean(sides[0]) - _mean(sides[1])

    return value
