"""Timing shared by the benchmarks: jobs take turns and their ratio is taken in every round, in processor time."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

torch.set_num_threads(1)


@dataclass(frozen=True)
class Spread:
    """Median of the rounds with its 95 % interval."""

    low: float
    median: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3g} [{self.low:.3g}, {self.high:.3g}]"


def spread(values: np.ndarray) -> Spread:
    """Of one figure for each round; the interval is between order statistics, whatever the distribution."""
    ordered = np.sort(np.atleast_1d(values))
    last = len(ordered) - 1
    edge = max(0, int(len(ordered) / 2 - 0.98 * len(ordered) ** 0.5))
    return Spread(float(ordered[edge]), float(np.median(ordered)), float(ordered[last - edge]))


def seconds_of(
    jobs: dict[str, Callable[[], object]], *, seconds: float = 1.0, rounds: int = 15
) -> dict[str, np.ndarray]:
    """Processor time of one call of every job in every round, (rounds,); a job gets about `seconds` in all."""
    counts = {}
    for name, job in jobs.items():
        job()
        began = time.perf_counter()
        job()
        counts[name] = max(1, int(seconds / rounds / max(time.perf_counter() - began, 1e-7)))
    times = {name: np.empty(rounds) for name in jobs}
    for index in range(rounds):
        for name, job in jobs.items():
            began = time.process_time()
            for _ in range(counts[name]):
                job()
            times[name][index] = (time.process_time() - began) / counts[name]
    return times


def report(what: str, measured: Spread, target: float | None, unit: str = "x", *, at_most: bool = False) -> None:
    """One line: what was measured, the figure, the target of the issue and whether it is met by the whole interval."""
    line = f"{what:<78} {measured} {unit}"
    if target is None:
        print(line)
        return
    values = (measured.low, measured.median, measured.high)
    met = [value <= target if at_most else value >= target for value in values]
    word = "met" if all(met) else "MISSED" if not any(met) else f"UNDECIDED, median {'met' if met[1] else 'missed'}"
    print(f"{line} (target {'<=' if at_most else '>='} {target:g}) {word}")
