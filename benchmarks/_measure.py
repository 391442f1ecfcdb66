"""Timing shared by the benchmarks: best of several rounds, alternated so that noise falls on all alike."""

import time
from collections.abc import Callable

import torch

torch.set_num_threads(1)


def best_seconds(jobs: dict[str, Callable[[], object]], *, seconds: float = 1.0, rounds: int = 7) -> dict[str, float]:
    """Least time of one call of every job; each round runs every job for about seconds / rounds."""
    counts = {}
    for name, job in jobs.items():
        job()
        began = time.perf_counter()
        job()
        counts[name] = max(1, int(seconds / rounds / max(time.perf_counter() - began, 1e-7)))
    best = dict.fromkeys(jobs, float("inf"))
    for _ in range(rounds):
        for name, job in jobs.items():
            began = time.perf_counter()
            for _ in range(counts[name]):
                job()
            best[name] = min(best[name], (time.perf_counter() - began) / counts[name])
    return best


def report(what: str, measured: float, target: float | None, unit: str = "x", *, at_most: bool = False) -> None:
    """One line: what was measured, the figure, the target of the issue and whether it is met."""
    if target is None:
        print(f"{what:<78} {measured:9.2f} {unit}")
        return
    met = measured <= target if at_most else measured >= target
    sign = "<=" if at_most else ">="
    print(f"{what:<78} {measured:9.2f} {unit:<3} (target {sign} {target:g}) {'met' if met else 'MISSED'}")
