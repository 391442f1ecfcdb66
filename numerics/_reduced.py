"""Reduced equations of one group or component, compiled from theory's formulas and integrated."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicHermiteSpline, make_interp_spline

from numerics._errors import UsageError
from numerics._integrate import Solution, integrate
from numerics._lower import compile
from theory import component_rate, slice_norm_rate

Array = np.ndarray


@lru_cache(maxsize=64)
def _component(depth: int, order: int) -> Any:
    return compile(component_rate(depth, order))


@lru_cache(maxsize=64)
def _slice(depth: int) -> Any:
    return compile(slice_norm_rate(depth))


def solve_component(
    depth: int,
    order: int,
    lam: Any,
    g0: Any,
    times: Sequence[float] | Array,
    *,
    rtol: float = 1e-12,
    atol: float = 1e-15,
) -> Float[np.ndarray, "T *batch"]:
    """Slice norm g(t) of components of a superdiagonal target; `lam` and `g0` broadcast. Source: (12).

    Raises:
        UsageError: if a start is negative, or the equation could not be integrated to the last time.
    """
    rate = _component(depth, order)
    lam, g0 = np.broadcast_arrays(np.asarray(lam, dtype=np.float64), np.asarray(g0, dtype=np.float64))
    if (g0 < 0).any():
        raise UsageError("a slice norm g0 must be 0 or more")
    flat = lam.ravel()
    solution = integrate(
        lambda t, g: np.asarray(rate(g, flat), dtype=np.float64), g0.reshape(-1, 1), times, rtol=rtol, atol=atol
    )
    return _complete(solution, times, "(12)").reshape(len(times), *g0.shape)


def solve_slice_norm(
    depth: int,
    g0: Any,
    times: Sequence[float] | Array,
    alignment: Any,
    *,
    derivative: Any = None,
    rtol: float = 1e-10,
    atol: float = 1e-13,
) -> Float[np.ndarray, "T *batch"]:
    """Slice norm g(t) of balanced groups along a given alignment series. Source: (8).

    Arguments:
        g0: (*batch) start.
        alignment: (T, *batch) values of <-grad L, W_{n,r}> / g^{K+1} at `times`, or a function of the time. Between
            the times it is interpolated by a spline of degree 5, or by cubic Hermite when `derivative` (same shape)
            is given, so the times must resolve it.

    Raises:
        UsageError: if shapes disagree, or the norm blows up before the last time.
    """
    rate = _slice(depth)
    g0 = np.asarray(g0, dtype=np.float64)
    times = np.asarray(times, dtype=np.float64)
    if callable(alignment):
        curve = alignment
    else:
        series = np.asarray(alignment, dtype=np.float64)
        if series.shape != (len(times), *g0.shape):
            raise UsageError(f"alignment has shape {series.shape}, expected {(len(times), *g0.shape)}")
        if derivative is not None:
            curve = CubicHermiteSpline(times, series, np.asarray(derivative, dtype=np.float64))
        else:
            degree = min(5, (len(times) - 1) // 2 * 2 - 1 if len(times) > 2 else len(times) - 1)
            curve = make_interp_spline(times, series, k=degree)
    solution = integrate(
        lambda t, g: np.asarray(rate(g, np.asarray(curve(t)).reshape(-1)), dtype=np.float64),
        g0.reshape(-1, 1),
        times,
        rtol=rtol,
        atol=atol,
    )
    return _complete(solution, times, "(8)").reshape(len(times), *g0.shape)


def _complete(solution: Solution, times: Sequence[float] | Array, equation: str) -> Array:
    if solution.status != "finished":
        raise UsageError(f"equation {equation}: {solution.status} at t = {solution.reached:g} of {times[-1]:g}")
    return solution.states
