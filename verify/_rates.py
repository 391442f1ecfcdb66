"""What a rate is held against: difference quotients of the same function, which see lost derivatives and kinks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ._claim import ClaimError

# Relative step of a difference quotient: the cube root of eps balances truncation of a central one against rounding.
STEP = 2.0**-17
AGREES = (
    1e-3  # a lost derivative is off by its own size, half a derivative by half; smaller differences are the quotient's
)
CLOSE = 2.0**-20  # part of the step in which a function hardly moves: what moves there is rounding
ROUNDING_MARGIN = 8.0
NOTHING = 1e-6  # of the size of the function over its time: rates below are not told from zero by a quotient
QUOTIENT_MARGIN = 100.0  # times what halving the step changes
BEND = 0.4  # one-sided quotients of a smooth function come together with the step: by half when it is halved


@dataclass
class Watch:
    """What was seen of the rates that a conjecture asked for.

    Attributes:
        check: whether rates are compared with a difference quotient of the same function.
        kinks: rates that were asked for where they are one-sided.
    """

    check: bool = False
    kinks: int = 0


_WATCHES: list[Watch] = []


@contextmanager
def watching(*, check: bool = False) -> Iterator[Watch]:
    """Context that counts the kinks at which rates are asked for, and checks the rates if told to."""
    watch = Watch(check)
    _WATCHES.append(watch)
    try:
        yield watch
    finally:
        _WATCHES.remove(watch)


def is_checked() -> bool:
    """Whether the rates asked for now are to be compared with a difference quotient."""
    return any(watch.check for watch in _WATCHES)


def saw_kink() -> None:
    """Note that a rate was one-sided."""
    for watch in _WATCHES:
        watch.kinks += 1


def leaves(value: Any, where: str = "") -> list[Any]:
    """The tensors and numbers of what a function returned, nested lists flattened.

    Raises:
        ClaimError: something else stands in it, such as the None of a forgotten return.
    """
    if isinstance(value, (list, tuple)):
        return [leaf for part in value for leaf in leaves(part)]
    if value is None or isinstance(value, (str, dict, set)):
        raise ClaimError(f"the function given to rate returned {type(value).__name__}; return a tensor")
    return [value]


def rebuilt(value: Any, parts: Iterator[Any]) -> Any:
    """`parts` in the nesting of `value`."""
    if isinstance(value, (list, tuple)):
        return type(value)(rebuilt(part, parts) for part in value)
    return next(parts)


def compared(rate: Any, along: Callable[[float], Any], time: float) -> Any:
    """The rate of a function, after a look at difference quotients of the same function.

    Where the two one-sided quotients stay apart as the step is halved, the forward one is the rate (along the flow,
    time runs forward), extrapolated; autograd's subgradient there means nothing. Elsewhere a rate that the central
    quotient contradicts has lost a derivative on its way.

    Arguments:
        rate: as autograd gives it, nested lists of tensors.
        along: time -> the function's value at the state moved that far.
        time: in which the state moves by about its own size; the unit of the step.

    Returns: the rate, corrected at kinks.

    Raises:
        ClaimError: the rate misses a derivative.
    """
    step = STEP * time
    values = [[_array(leaf) for leaf in leaves(along(k * step))] for k in (-2, -1, 0, 1, 2)]
    given = leaves(rate)
    if any(len(row) != len(given) for row in values):
        return rate
    result, kinked = [], False
    for i, leaf in enumerate(given):
        far_back, back, here, ahead, far_ahead = (row[i] for row in values)
        if not here.shape == back.shape == ahead.shape == far_back.shape == far_ahead.shape == tuple(leaf.shape):
            return rate
        exact = leaf.detach().numpy()
        size = max((float(np.max(np.abs(v), initial=0.0)) for v in (back, here, ahead)), default=0.0)
        least = NOTHING * size / time
        forward, backward = (ahead - here) / step, (here - back) / step
        apart, wider = np.abs(forward - backward), np.abs((far_ahead - here) - (here - far_back)) / (2 * step)
        kink = (apart > least) & (apart > (1 - BEND) * wider)
        central, coarse = (ahead - back) / (2 * step), (far_ahead - far_back) / (4 * step)
        doubt = QUOTIENT_MARGIN * np.abs(central - coarse) + least + AGREES * np.abs(central)
        with np.errstate(invalid="ignore"):
            lost = np.abs(exact - central) > doubt
        lost &= np.isfinite(exact) & np.isfinite(central)
        if bool((kink | lost).any()):  # unless what the quotients show is rounding of large terms that cancel
            rounding = np.zeros_like(here)
            for shift in (-2, -1, 1, 2):
                for k, value in ((-1, back), (0, here), (1, ahead)):
                    near = _array(leaves(along((k + shift * CLOSE) * step))[i])
                    rounding = np.maximum(rounding, np.abs(near - value))
            noise = ROUNDING_MARGIN * rounding / step
            kink &= apart > 2 * noise
            lost &= ~kink & ~(np.abs(exact - central) <= doubt + noise)
        kinked = kinked or bool(kink.any())
        if bool(lost.any()) and not kinked:
            at = np.unravel_index(int(np.argmax(lost)), lost.shape)
            raise ClaimError(
                f"rate lost a derivative: it says {float(exact[at]):.6g}, a difference quotient of the same function "
                f"{float(central[at]):.6g}; float(), .item(), .numpy(), .detach(), math and the outer state carry none"
            )
        one_sided = 2 * forward - (far_ahead - here) / (2 * step)
        result.append(torch.from_numpy(np.where(kink, one_sided, exact)) if kink.any() else leaf)
    if kinked:
        saw_kink()
    return rebuilt(rate, iter(result)) if kinked else rate


def _array(leaf: Any) -> np.ndarray:
    return np.asarray(leaf.detach() if isinstance(leaf, torch.Tensor) else leaf, dtype=float)


def unit_of_time(parameters: Any, velocity: Any) -> float:
    """In this time the largest entry of a state moves by about its own size; 1 where nothing moves."""
    size, speed = (
        max((float(v.abs().max()) for v in blocks.values() if v.numel()), default=0.0)
        for blocks in (parameters, velocity)
    )
    time = size / speed if size > 0 and speed > 0 else 1.0
    return time if 0 < time < math.inf else 1.0
