"""What was drawn, for the report beside a verdict: ranges of sizes, ranks, scales, weights, steps and times."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from numerics import Architecture, sharpness

from ._batch import PathBatch, PathFailure
from ._problem import Problem
from ._state import State
from ._target import as_target, no_cost


def described_problems(problems: Sequence[Problem], states: Sequence[State] = ()) -> dict[str, Any]:
    """Ranges over problems as plain data: [least, largest], or name -> count; tensors alone have no core or weights.

    Arguments:
        states: their starts, with the targets in force; none for tensors alone.
    """
    tensor_only = not len(states)
    targets = (
        [as_target(p, no_cost).tensor.numpy() for p in problems]
        if tensor_only
        else [state.target.numpy() for state in states]
    )
    kinds = Counter(part for problem in problems for part in problem.kind.split("+"))
    shapes = {p.architecture.sizes if tensor_only else (p.architecture.sizes, p.architecture.ranks) for p in problems}
    told: dict[str, Any] = {
        "problems": len(problems),
        "architectures": len(shapes),
        "kinds": dict(sorted(kinds.items())),
        "sizes": _range(size for p in problems for size in p.architecture.sizes),
        "largest entry of the target": _range(_largest([target]) for target in targets),
        "target orders of magnitude": _range(_magnitudes([target]) for target in targets),
    }
    if tensor_only:
        return told
    return told | {
        "ranks": _range(rank for p in problems for rank in p.architecture.ranks),
        "rank / size": _range(
            r / i
            for p in problems
            if isinstance(p.architecture, Architecture)
            for r, i in zip(p.architecture.ranks, p.architecture.sizes, strict=True)
        ),
        "largest entry of the start": _range(_largest([b.numpy() for b in s.parameters.values()]) for s in states),
        "block orders of magnitude": _range(_magnitudes(list(p.blocks.values())) for p in problems),
        "observed share": _range(float((p.counts > 0).mean()) for p in problems),
        "weight ratio": _range(float(p.counts.max() / p.counts[p.counts > 0].min()) for p in problems),
    }


def described_paths(batches: Sequence[PathBatch], *, solved: bool = True) -> dict[str, Any]:
    """The same for paths, with step x sharpness at the start, time x sharpness, and how far the loss fell.

    Arguments:
        solved: whether flows may be solved for the last.
    """
    told = described_problems(
        [problem for batch in batches for problem in batch.problems],
        [start for batch in batches for start in batch.starts],
    )
    steps, times, losses = [], [], []
    for batch in batches:
        parameters, target, weights = batch._stacked()
        sharp = sharpness(batch.frame, parameters, target, weights, iterations=8, loss=batch.loss)
        times += [float(s) for s in sharp]
        steps += [float(s) / (batch.records * batch.substeps) for s in sharp]
        for index in range(len(batch.problems)) if solved else ():
            try:
                values = batch.losses(index)
            except PathFailure:
                continue
            if values[0] > 0:
                losses.append(float(values[-1] / values[0]))
    return (
        told
        | {
            "paces": dict(sorted(Counter(problem.pace for batch in batches for problem in batch.problems).items())),
            "step x sharpness at the start": _range(steps),
            "time x sharpness at the start": _range(times),
        }
        | ({"loss at the end / at the start": _range(losses)} if solved else {})
    )


def _largest(arrays: Sequence[np.ndarray]) -> float:
    return max(float(np.abs(array).max(initial=0.0)) for array in arrays)


def _magnitudes(arrays: Sequence[np.ndarray]) -> float:
    """Orders of magnitude between the smallest and the largest non-zero entry of one array, the most of all."""
    spans = [0.0]
    for array in arrays:
        sizes = np.abs(array.astype(np.float64))
        sizes = sizes[sizes > 1e-14 * sizes.max(initial=0.0)]  # less is what cancellation leaves of a W
        if sizes.size:
            spans.append(math.log10(float(sizes.max())) - math.log10(float(sizes.min())))
    return max(spans)


def _range(values: Iterable[float]) -> list[float]:
    found = [float(f"{float(value):.4g}") for value in values if math.isfinite(value)]
    return [min(found), max(found)] if found else []
