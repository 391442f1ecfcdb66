"""What other seeds could have shown: a statement about Seeds on resampled, repeated and made-up runs.

Every look takes whole runs, so statistics of the same runs move together. The interval of a discrepancy does not rest
on the observed variance alone: by the rule of three, n runs leave room for an unseen share 1 - (alpha/2)^(1/n) of runs,
which are taken to lie beyond the most extreme run seen, or, of a function that never varied, unlike all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.special import stdtrit

from ._claim import Claim
from ._evaluate import relations
from ._judge_state import ROUNDING
from ._relations import Relation, signed
from ._seeds import Seeds

RESAMPLES = 200
LEVEL = 0.999  # confidence of an interval: a run of the engine looks at many
SUBSAMPLES = 100  # of a quarter of the runs each: does the statistic drift with the number of runs?
DRIFT = 0.15  # part of the bar that it may drift by, to be a statistic on which resampling can be relied
NEVER_VARIED = 1e-3  # a range below this part of the value says nothing of the runs that were not seen
DEFINED = 0.9  # part of the resamples that have to give finite numbers
BEYOND = 2.0  # unseen runs lie this many times further out than the most extreme run, where that is alone
EXTREMES = 24  # runs tried as the unseen ones


@dataclass(frozen=True)
class Spread:
    """Discrepancies (E,) of a statement, positive on the wrong side, and how far other seeds could move them.

    Arguments:
        point, scale: on the runs themselves, and the natural scale.
        natural: the same scale, but that of single runs where one side is zero.
        low, high: 99.9 % interval.
        apart: without zero even where no unseen run is allowed for: the runs seen contradict an equality, and it could
            hold only through runs unlike all of them.
        steady: the statistic does not drift with the number of runs; on others no interval can be relied on.
        every: the statement holds on each run alone and on all resamples, as an equality or with equality for a run.
        greatest, least: the discrepancy is that of the worst, or of the best, single run.
        why: why no interval could be formed, or "".
    """

    point: np.ndarray
    scale: np.ndarray
    natural: np.ndarray
    low: np.ndarray
    high: np.ndarray
    apart: np.ndarray
    steady: np.ndarray
    every: np.ndarray
    greatest: np.ndarray
    least: np.ndarray
    why: str = ""


def unseen_share(count: int) -> float:
    """The largest share of runs that `count` runs may all have missed, at LEVEL."""
    return 1 - ((1 - LEVEL) / 2) ** (1 / count)


def interval(
    point: np.ndarray, deviation: np.ndarray, down: np.ndarray, up: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the interval: Student's of the resamples' deviation, in quadrature with what an unseen share would move.

    Arguments:
        deviation: standard deviation over resamples.
        down, up: how far an unseen share of runs could move the discrepancy, both >= 0.
    """
    half = stdtrit(count - 1, (1 + LEVEL) / 2) * deviation
    return point - np.hypot(half, down), point + np.hypot(half, up)


def spread(claim: Claim, seeds: Seeds, sample: Seeds, stated: tuple[Relation, ...]) -> Spread:
    """How far the statement's discrepancies could move with other seeds.

    Arguments:
        sample: the runs on which `stated` was evaluated.
    """
    point, scale = signed(stated)
    two_sided = np.concatenate([np.full(r.gap()[0].size, r.kind in ("equal", "constant")) for r in stated])
    n = sample.count
    generator = np.random.default_rng(0)

    def ask(rows: np.ndarray, altered: Any = None) -> np.ndarray:
        """Discrepancy and scale (2, E), NaN where the statement has no value."""
        try:
            values = signed(relations(claim, seeds.of_rows(rows, altered)))
        except Exception:  # a statistic that exists on the runs need not exist on fewer different ones
            return np.full((2, point.size), np.nan)
        return np.stack(values) if values[0].shape == point.shape else np.full((2, point.size), np.nan)

    def wrong(asked: np.ndarray) -> np.ndarray:
        """Whether the statement fails by more than rounding."""
        values = np.where(two_sided, np.abs(asked[:, 0]), asked[:, 0])
        return values > ROUNDING * np.maximum(asked[:, 1], scale)

    drawn = [generator.integers(0, n, n) for _ in range(RESAMPLES)]
    resampled = np.stack([ask(rows) for rows in drawn])
    defined = np.isfinite(resampled).all((1, 2))
    if defined.mean() < DEFINED:
        nothing = np.zeros(point.size, dtype=bool)
        infinite = np.full(point.size, np.inf)
        why = "on resampled runs a statistic is not a number, or the relation changes its shape"
        return Spread(point, scale, scale, -infinite, infinite, nothing, nothing, nothing, nothing, nothing, why)
    alone = np.stack([ask(np.full(n, j)) for j in range(n)])
    rounding = ROUNDING * scale
    known = np.isfinite(alone).all((1, 2))
    fails = wrong(resampled[defined]).any(0) | wrong(alone[known]).any(0)
    tight = (np.abs(alone[known, 0]) <= ROUNDING * np.maximum(alone[known, 1], scale)).any(0)
    every = known.any() & ~fails & (two_sided | tight)
    extremes = []
    for least in (np.fmax.reduce, np.fmin.reduce):
        of_runs = np.stack([least(alone[rows, 0]) for rows in drawn])
        same = np.abs(of_runs - resampled[:, 0]) <= 1e-9 * np.abs(resampled[:, 0]) + rounding
        extremes.append(known.all() & same[defined].all(0) & (np.ptp(alone[:, 0], axis=0) > rounding))
    deviation = np.std(resampled[defined, 0], axis=0, ddof=1)
    up, down = _unseen(ask, sample, point, n)
    low, high = interval(point, deviation, down, up, n)
    seen_low, seen_high = interval(point, deviation, 0 * down, 0 * up, n)
    apart = (seen_low > rounding) | (seen_high < -rounding)
    quarters = [generator.permutation(n)[: max(2, n // 4)] for _ in range(SUBSAMPLES)]
    smaller = np.stack([ask(rows)[0] for rows in quarters])
    finite = np.isfinite(smaller).all(1)
    drift = np.abs(smaller[finite].mean(0) - point) if finite.mean() >= DEFINED else np.full(point.size, np.inf)
    steady = drift <= DRIFT * np.maximum(point - low, high - point) + rounding
    natural = np.where(scale > np.abs(point), scale, np.maximum(scale, alone[known, 1].mean(0) if known.any() else 0.0))
    return Spread(point, scale, natural, low - rounding, high + rounding, apart, steady, every, *extremes)


def _unseen(ask: Any, sample: Seeds, point: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """How far up and down an unseen share of runs could move the discrepancies."""
    share = unseen_share(n)
    everyone = np.arange(n)
    without = np.stack([ask(np.delete(everyone, j))[0] for j in range(n)])
    influence = np.where(np.isfinite(without), point - without, 0.0)
    candidates = np.unique(np.concatenate([influence.argmax(0), influence.argmin(0)]))
    extra = int(np.ceil(share * n / (1 - share)))
    moves = [ask(np.concatenate([everyone, np.full(extra, j)]))[0] - point for j in candidates[:EXTREMES]]
    seen = np.where(np.isfinite(moves), moves, 0.0)
    up = np.maximum(seen.max(0), 0.0) * _beyond(influence)
    down = np.maximum(-seen.min(0), 0.0) * _beyond(-influence)
    copies = max(2, int(1 / share))
    rows, first = np.tile(everyone, copies), np.arange(n)
    for name, values in sample.asked().items():
        made = [ask(rows, (name, first, value))[0] - point for value in _unlike(values[torch.from_numpy(everyone)])]
        if made:
            moved = np.where(np.isfinite(made), made, 0.0)
            up, down = up + np.maximum(moved.max(0), 0.0), down + np.maximum(-moved.min(0), 0.0)
    return up, down


def _beyond(influence: np.ndarray) -> np.ndarray:
    """How far past the largest influence (n, E) an unseen run may lie: an end that several runs share is an end of the
    range; one that a single run reached will be passed, in a heavy tail by about as much again."""
    largest, least = influence.max(0), influence.min(0)
    shared = (influence >= largest - 1e-6 * (largest - least)).sum(0) > 1
    return np.where(shared, 1.0, BEYOND)


def _unlike(values: torch.Tensor) -> Iterator[torch.Tensor]:
    """Values (n, ...) that an unseen run of a function that never varied may have; none where it did vary.

    The other one of 0 and 1; the next whole numbers; nothing and the double.
    """
    middle = values.median(0).values
    fixed = values.max(0).values - values.min(0).values <= NEVER_VARIED * middle.abs()
    if not bool(fixed.any()):
        return
    binary = (middle == 0) | (middle == 1)
    choices = [torch.zeros_like(middle), 2 * middle]
    if bool((middle == middle.round()).all()):
        choices += [middle - 1, middle + 1]
    for choice in choices:
        other = torch.where(binary, 1 - middle, choice)
        yield torch.where(fixed, other, values)
        if bool(binary.all()):
            return
