"""The order of a discrepancy seen at step, step/2, step/4, ..: reached, settled below, or not yet to be told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SLACK = 0.25  # an observed order this far below the claimed one is still asymptotic scatter
AGREE = 0.35  # settled orders differ at most so much from halving to halving
SETTLED = 4  # levels in a row that must tell the same: three orders, or three differences and two limits
LIMITS_AGREE = 0.2  # two extrapolated limits from neighbouring levels agree up to this part
BOUNDED = 0.1  # a limit is bounded away from zero where it is at least this part of the last discrepancy
FALLS = 0.6  # what extrapolation to the claimed order leaves must fall at least by this factor at every halving
STANDS = 8.0  # a discrepancy must exceed its resolution this many times before anything is read off it
HIDES = 1e-3  # entries resolved to this part of what their relation shows need no second look


@dataclass(frozen=True)
class Told:
    """What the levels tell of one relation.

    Arguments:
        status: "holds", "violated", "hidden" (below resolution) or "halve".
        order: the observed order of the largest discrepancy.
        where: the entries that are violated or hidden, flat.
        limit: the largest limit found for a violated entry, else 0.
        sizes: (L,), the discrepancies that the order was read off.
    """

    status: str
    order: float | None
    where: np.ndarray
    limit: float = 0.0
    sizes: tuple[float, ...] = ()


def told(
    signed: np.ndarray,
    bars: np.ndarray,
    claimed: int,
    columns: np.ndarray,
    *,
    one_sided: bool,
    regime: int = 0,
    common: np.ndarray | bool = True,
    floor: np.ndarray | float = 0.0,
) -> Told:
    """Judge the order at which a discrepancy d(h) = c0 + c h^p + .. vanishes against a claimed power of the step.

    Violated: an entry whose last SETTLED levels agree either on a limit c0 that is bounded away from zero (Aitken's,
    from neighbouring levels, and not explained by powers of h from the claimed one on) or on an order p below it.
    Holds: in every series the largest discrepancy falls with the claimed order, and what Richardson's extrapolation to
    that order leaves falls too, so that no small limit hides behind a large leading term.

    Arguments:
        signed: (L, n), discrepancies at L levels; positive is the wrong side.
        bars: (n,), resolution of every entry at the last level.
        columns: (n,), the series to which an entry belongs.
        one_sided: only positive discrepancies are wrong.
        common: (n,), entries with a large common term: what stays below their resolution is hidden; others hold.
        regime: first level at which the step is small enough for an order to be read off.
        floor: (n,), limits below it may be the error of an equation that the claim solves on its own.
    """
    wrong = np.maximum(signed, 0.0) if one_sided else signed
    sizes = np.abs(wrong)
    violated, limit = _settled_below(wrong[max(regime, 0) :], bars, claimed, floor)
    order = _order(sizes)
    if violated.any():
        worst = int(np.argmax(np.where(violated, sizes[-1], -1)))
        return Told("violated", _order(sizes[:, [worst]]), violated, float(limit[worst]), _largest(sizes[:, [worst]]))
    hidden = np.zeros(sizes.shape[1], dtype=bool)
    visible = float(sizes[min(len(sizes) - 1, 2)].max(initial=0.0))
    for column in np.unique(columns):
        at = columns == column
        if np.all(sizes[0, at] <= STANDS * bars[at]) and np.all(sizes[:, at] <= 2 * STANDS * bars[at]):
            if not np.all(bars[at] <= HIDES * visible):
                hidden |= at & common & ~(one_sided & (signed[-1] < -STANDS * bars))
            continue
        if not _reaches(wrong[:, at], bars[at], claimed):
            return Told("halve", order, hidden, sizes=_largest(sizes))
    return Told("hidden" if hidden.any() else "holds", order, hidden, sizes=_largest(sizes))


def _order(sizes: np.ndarray) -> float | None:
    before, after = sizes[-2].max(initial=0.0), sizes[-1].max(initial=0.0)
    return float(np.log2(before / after)) if before > 0 and after > 0 else None


def _largest(sizes: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in sizes.max(axis=1, initial=0.0))


def _settled_below(
    wrong: np.ndarray, bars: np.ndarray, claimed: int, floor: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Entries whose last levels agree on a limit, or on an order below the claimed one; and the limits."""
    nothing = np.zeros(wrong.shape[1], dtype=bool), np.zeros(wrong.shape[1])
    if len(wrong) < SETTLED:
        return nothing
    last = wrong[-SETTLED:]
    size = np.abs(last[-1])
    stands = np.all(np.abs(last) > STANDS * bars, axis=0) & np.all(np.sign(last) == np.sign(last[-1]), axis=0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        steps = last[:-1] - last[1:]
        falls = steps[:-1] / steps[1:]
        rates = np.log2(falls)
        limits = last[2:] - steps[1:] ** 2 / (steps[:-1] - steps[1:])
        geometric = np.all(falls > 2**0.5, axis=0) & (np.abs(rates[1] - rates[0]) <= AGREE)
        bounded = (limits[1] * np.sign(last[-1]) >= BOUNDED * size) & (
            np.abs(limits[1] - limits[0]) <= LIMITS_AGREE * np.abs(limits[1])
        )
        # Or it does not move any more: what is left of the way is far below the limit, and does not grow.
        ways = np.abs(steps)
        stands_still = (ways[2] <= 1e-3 * size) & np.all(ways <= 1e-2 * size, axis=0)
        # And an expansion in powers of the step from the claimed one on must leave it too: early on, few steps of a
        # product of many growing factors fall so much faster than geometrically that Aitken's limit overshoots.
        left = last
        for power in range(claimed, claimed + SETTLED - 1):
            left = (2.0**power * left[1:] - left[:-1]) / (2.0**power - 1)
        stays = left[0] * np.sign(last[-1]) >= BOUNDED * size
        slowing = ways[2] <= np.maximum(ways[0], 4 * bars)
        to_a_limit = stands & stays & (size > floor) & ((geometric & bounded) | (stands_still & slowing))
        orders = np.log2(np.abs(last[:-1] / last[1:]))
        spread = orders.max(axis=0) - orders.min(axis=0)
        even = (spread <= 0.6 * AGREE) & (orders.max(axis=0) <= claimed - 2 * SLACK) & (orders.min(axis=0) >= 0.4)
    limit = np.where(to_a_limit, np.where(geometric & bounded, limits[1], last[-1]), 0.0)
    return to_a_limit | (stands & even), limit


def _reaches(wrong: np.ndarray, bars: np.ndarray, claimed: int) -> bool:
    """Whether one series vanishes with the claimed order, with nothing left behind."""
    if len(wrong) < 3:
        return False
    tops = np.maximum(np.abs(wrong).max(axis=1), 0.0)
    resolution = float(bars.max(initial=0.0))
    usable = tops > STANDS * resolution
    if not usable[:3].all():
        # Too small from the start to show an order over three levels: what it shows must at least fall.
        return bool(np.all(tops[1:] <= np.maximum(FALLS * tops[:-1], STANDS * resolution)) and usable[0])
    levels = wrong[: int(np.argmin(usable)) if not usable.all() else len(wrong)]
    tops = tops[: len(levels)]
    with np.errstate(divide="ignore"):
        orders = np.log2(tops[:-1] / tops[1:])
    enough = claimed - SLACK
    agree = abs(orders[-1] - orders[-2]) <= SLACK and orders[-1] >= enough
    often = len(orders) >= 3 and orders[-3:].min() >= enough
    if not (agree or often):
        return False
    left = (2**claimed * levels[1:] - levels[:-1]) / (2**claimed - 1)
    sizes = np.abs(left)
    if sizes[-1].max() > max(FALLS * sizes[-2].max(), STANDS * resolution):
        return False
    small = np.abs(levels[-1])
    stays = (sizes[-1] > FALLS * sizes[-2]) & (sizes[-1] > STANDS * bars) & (sizes[-1] > 2 * BOUNDED * small)
    return not bool(np.any(stays & (small > STANDS * bars)))
