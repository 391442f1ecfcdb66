"""Train a batch of seeds to one relative training error and record the way there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from numerics._architecture import Architecture
from numerics._errors import DivergenceError
from numerics._matched import gaussian_start, matched_start, paper_start
from numerics._problems import Completion, observe
from numerics._targets import tucker_target
from numerics._trainer import Trainer

# Below 2 / sharpness at a fitted component, (12): about 2 / (1 + N K) for a largest singular value 1.
STEPS = {0: 0.5, 1: 0.4, 2: 0.25, 3: 0.15, 4: 0.1}


@dataclass(frozen=True)
class Fit:
    """Records of a batch: `series[name]` is (T, B, ...); `at` (B,) is the record at which the error was first met.

    From then on a problem is no longer trained: its series and its tensor in `W` (B, *sizes) stay as they were.
    """

    steps: np.ndarray
    series: dict[str, np.ndarray]
    at: np.ndarray
    reached: np.ndarray
    step: float
    W: np.ndarray

    def matched(self, name: str) -> np.ndarray:
        """Values at the matched training error, (B, ...); the last record of a problem that did not meet it."""
        return self.series[name][self.at, np.arange(len(self.at))]

    def modes(self, name: str) -> np.ndarray:
        """Mean over modes of a scalar observable at the matched training error, (B,)."""
        names = [key for key in self.series if key.rpartition(" ")[0] == name]
        return np.mean([self.matched(key) for key in names], axis=0)


def completion(
    seeds: Sequence[int],
    sizes: Sequence[int],
    rank: Sequence[int],
    observed: float,
    *,
    target: Callable[[int], Tensor] | None = None,
) -> Completion:
    """One completion problem for each seed; the target's largest mode singular value is 1."""
    make = target or (lambda seed: tucker_target(sizes, rank, seed=seed))
    single = [observe(make(seed), observed, seed=seed + 500, mean=False) for seed in seeds]
    test = None if single[0].test is None else torch.stack([_given(p.test) for p in single])
    return Completion(
        torch.stack([p.target for p in single]), torch.stack([p.weights for p in single]), len(single[0].sizes), test
    )


def _given(value: Tensor | None) -> Tensor:
    assert value is not None
    return value


def starts(
    architecture: Architecture, seeds: Sequence[int], match: str, size: float, *, matrices: bool = False
) -> dict[str, np.ndarray]:
    """One start for each seed: "gaussian" and "paper" by std, else balanced and matched by `match`."""
    singles = []
    for seed in seeds:
        if match == "gaussian":
            singles.append(gaussian_start(architecture, size, seed=seed + 700))
        elif match == "paper":
            singles.append(paper_start(architecture, size, seed=seed + 700))
        else:
            singles.append(matched_start(architecture, size, by=match, matrices=matrices, seed=seed + 700))
    return {name: np.stack([single[name] for single in singles]) for name in architecture.shapes}


def fit(
    architecture: Architecture,
    start: Mapping[str, Any],
    problem: Completion,
    *,
    tolerance: float,
    steps: int,
    optimizer: str = "gd",
    step: float | None = None,
    look: Callable[[Trainer], Mapping[str, Tensor]] | None = None,
    keep: Sequence[str] | None = None,
    **options: Any,
) -> Fit:
    """Train every problem until it has met the relative training error `tolerance`, at most `steps` steps.

    A record is taken every hundredth of the way, and where a problem meets the error.

    Arguments:
        step: step size, by default by depth (that of gd); halved while the run diverges.
        look: observables, by default `watch`; `keep` names the ones to record (prefixes).
    """
    step = step or STEPS.get(architecture.depth, 0.4 / max(1, architecture.depth))
    for _ in range(8):
        try:
            return _fit(architecture, start, problem, tolerance, steps, optimizer, step, look, keep, options)
        except DivergenceError:
            step /= 2
    raise DivergenceError(0, float("inf"), step)


def _fit(
    architecture: Architecture,
    start: Mapping[str, Any],
    problem: Completion,
    tolerance: float,
    steps: int,
    optimizer: str,
    step: float,
    look: Any,
    keep: Sequence[str] | None,
    options: dict[str, Any],
) -> Fit:
    def make(blocks: Mapping[str, Any], part: Completion) -> Trainer:
        return Trainer(architecture, blocks, part, step=step, optimizer=optimizer, **options)

    trainer = make(start, problem)
    indices: list[int] = []
    values: dict[str, list[np.ndarray]] = {}
    active = np.arange(trainer.batch[0])
    Ws = np.zeros((len(active), *problem.sizes))
    while True:
        Ws[active] = trainer.W.numpy()
        seen: dict[str, Tensor] = dict(trainer.watch())
        if look is not None:
            seen |= look(trainer)
        indices.append(trainer.index)
        for name, value in seen.items():
            if keep is None or name in ("train error", "test error") or name.startswith(tuple(keep)):
                rows = values.setdefault(name, [])
                rows.append(rows[-1].copy() if rows else np.zeros(value.shape))
                rows[-1][active] = value.numpy()
        left = (seen["train error"] > tolerance).numpy()
        if not left.any() or trainer.index >= steps:
            break
        if not left.all():
            active, trainer = active[left], _part(trainer, left, make)
        _approach(trainer, tolerance, min(trainer.index + max(10, trainer.index // 100), steps))
    series = {name: np.stack(value) for name, value in values.items()}
    below = series["train error"] <= tolerance
    reached = np.asarray(below.any(0))
    at = np.where(reached, below.argmax(0), len(indices) - 1)
    return Fit(np.array(indices), series, at, reached, step, Ws)


def _approach(trainer: Trainer, tolerance: float, end: int) -> None:
    """Train to step `end`, or until a problem has met the error: at most ten steps late and at most 1 % of the way."""
    problem = trainer.problem
    assert isinstance(problem, Completion)
    stride = min(10, max(1, trainer.index // 100))
    while trainer.index < end:
        trainer.advance(min(stride, end - trainer.index))
        if bool((problem.errors(trainer.W) <= tolerance).any()):
            break


def _part(trainer: Trainer, left: np.ndarray, make: Callable[[Mapping[str, Any], Completion], Trainer]) -> Trainer:
    """The same run without the problems that are done."""
    whole = trainer.problem
    assert isinstance(whole, Completion)
    chosen = torch.from_numpy(left)
    test = None if whole.test is None else whole.test[chosen]
    problem = Completion(whole.target[chosen], whole.weights[chosen], whole.order, test)
    part = make({name: block[chosen] for name, block in trainer.parameters.items()}, problem)
    state = trainer.state()
    batched = [key for key, value in state.items() if key.startswith(("block/", "optimizer/")) and value.ndim]
    part.load({**state, **{key: state[key][left] for key in batched}})
    return part


def summary(result: Fit, *, live: float = 0.01) -> list[dict[str, Any]]:
    """One row for each problem at the matched training error.

    live slices: core slices above `live` of the largest of their mode; live singular values: the same for the mode
    singular values of W, which are the slice norms of its HOSVD core. Both are means over modes.
    """
    modes = [key.rpartition(" ")[2] for key in result.series if key.startswith("slice norms ")]

    def count(name: str) -> np.ndarray:
        norms = [result.matched(f"{name} {n}") for n in modes]
        return np.mean([(v > live * v.max(-1, keepdims=True)).sum(-1) for v in norms], axis=0)

    columns = {
        "train_error": result.matched("train error"),
        "test_error": result.matched("test error"),
        "effective_rank": result.modes("effective rank"),
        "slice_participation": result.modes("participation"),
        "live_slices": count("slice norms"),
        "live_singular_values": count("spectrum"),
        "unbalancedness": result.matched("unbalancedness"),
        "steps": result.steps[result.at],
        "reached": result.reached.astype(int),
    }
    return [{name: values[b].item() for name, values in columns.items()} for b in range(len(result.at))]
