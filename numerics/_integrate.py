"""Adaptive integration of a batch of problems in one SciPy solver, with error control per problem."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.integrate import DOP853, RK45, OdeSolver
from scipy.optimize import brentq

from numerics._errors import UsageError

Array = np.ndarray
Field = Callable[[float, Float[np.ndarray, "BP"]], Float[np.ndarray, "BP"]]


@dataclass(frozen=True)
class Event:
    """A level crossing to look for: `value(t, y)` gives one number for each problem, an event is its rise above 0.

    Arguments:
        value: from time and state (B, P) to (B,).
        stop: end the integration once every problem has had the event.
    """

    name: str
    value: Callable[[float, Array], Array]
    stop: bool = False


@dataclass(frozen=True)
class Solution:
    """States of a batch at the requested times that were reached.

    Attributes:
        status: "finished", "blow-up" (the step fell below the spacing of numbers), "exhausted" (the budget of
            evaluations ran out), or "stopped" (by an event).
        reached: last time integrated to.
        events: for each event name the first time of every problem, nan where it did not happen.
    """

    times: Float[np.ndarray, "T"]
    states: Float[np.ndarray, "T B P"]
    status: str
    reached: float
    evaluations: int
    events: dict[str, Array] = field(default_factory=dict)


class _PerProblem:
    """Mixin: the error norm of a step is the largest over problems of the root mean square within a problem."""

    batch: int

    def _problem_norms(self, values: Array) -> Array:
        return np.einsum("bp,bp->b", values.reshape(self.batch, -1), values.reshape(self.batch, -1))


class _BatchDOP853(_PerProblem, DOP853):
    def __init__(self, *arguments: Any, batch: int, **options: Any) -> None:
        self.batch = batch
        super().__init__(*arguments, **options)

    def _estimate_error_norm(self, K: Array, h: float, scale: Array) -> float:
        five = self._problem_norms(np.dot(self.E5, K) / scale)
        three = self._problem_norms(np.dot(self.E3, K) / scale)
        below = np.sqrt((five + 0.01 * three) * (len(scale) / self.batch))
        return float(np.max(abs(h) * np.divide(five, below, out=np.zeros_like(five), where=below != 0)))


class _BatchRK45(_PerProblem, RK45):
    def __init__(self, *arguments: Any, batch: int, **options: Any) -> None:
        self.batch = batch
        super().__init__(*arguments, **options)

    def _estimate_error_norm(self, K: Array, h: float, scale: Array) -> float:
        squares = self._problem_norms(np.dot(self.E, K) * h / scale)
        return float(np.sqrt(np.max(squares) / (len(scale) / self.batch)))


SOLVERS: dict[str, Callable[..., OdeSolver]] = {"DOP853": _BatchDOP853, "RK45": _BatchRK45}


def integrate(
    rhs: Field,
    start: Float[np.ndarray, "B P"],
    times: Sequence[float] | Array,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-13,
    method: str = "DOP853",
    budget: int = 1_000_000,
    events: Sequence[Event] = (),
) -> Solution:
    """Solve y' = rhs(t, y) from `start` at times[0]; the state is flat, problem after problem.

    Arguments:
        times: rising; the first is the initial time.
        budget: most evaluations of rhs.

    Raises:
        UsageError: if the times do not rise, a value is not finite or the method is unknown.
    """
    times = np.asarray(times, dtype=np.float64)
    if times.ndim != 1 or not len(times) or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise UsageError("times must be a rising list of finite numbers")
    if method not in SOLVERS:
        raise UsageError(f"unknown method {method!r}; one of {', '.join(SOLVERS)}")
    if not np.isfinite(start).all():
        raise UsageError("the start has entries that are not finite")
    batch = len(start)
    states = np.empty((len(times), *start.shape))
    states[0] = start
    found = {event.name: np.full(batch, np.nan) for event in events}
    if len(times) == 1 or not start.size:
        states[:] = start
        return Solution(times, states, "finished", float(times[-1]), 0, found)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflow on the way to a blow-up is reported by the status
        solver = SOLVERS[method](
            rhs, float(times[0]), start.ravel().copy(), float(times[-1]), rtol=rtol, atol=atol, batch=batch
        )
        before = {event.name: event.value(solver.t, start) for event in events}
        row, status = 1, "finished"
        while solver.status == "running":
            if solver.nfev >= budget:
                status = "exhausted"
                break
            solver.step()
            if solver.status == "failed" or not np.isfinite(solver.y).all():
                status = "blow-up"
                break
            dense = None
            last = int(np.searchsorted(times, solver.t, side="right"))
            if last > row:
                if last - row > 1 or times[row] != solver.t:
                    dense = solver.dense_output()
                for index in range(row, last):
                    exact = times[index] == solver.t or dense is None
                    states[index] = (solver.y if exact else dense(times[index])).reshape(start.shape)  # type: ignore[misc]
                row = last
            if events and _note_events(events, solver, before, found, start.shape):
                status = "stopped"
                break
    reached = float(solver.t if status != "blow-up" or solver.status == "failed" else solver.t_old)
    return Solution(times[:row], states[:row], status, reached, solver.nfev, found)


def _note_events(
    events: Sequence[Event],
    solver: OdeSolver,
    before: dict[str, Array],
    found: dict[str, Array],
    shape: tuple[int, ...],
) -> bool:
    """Record first crossings in the last step; true if an event with `stop` has now happened in every problem."""
    stop = False
    dense: Any = None
    for event in events:
        now = event.value(solver.t, solver.y.reshape(shape))
        crossed = np.flatnonzero((before[event.name] <= 0) & (now > 0) & np.isnan(found[event.name]))
        if crossed.size and dense is None:
            dense = solver.dense_output()
        for problem in crossed:
            found[event.name][problem] = _crossing(event, int(problem), dense, shape, (solver.t_old, solver.t))
        before[event.name] = now
        stop = stop or (event.stop and not np.isnan(found[event.name]).any())
    return stop


def _crossing(event: Event, problem: int, dense: Any, shape: tuple[int, ...], span: tuple[float, float]) -> float:
    """Time in `span` at which the interpolant's value rises through 0."""

    def value(t: float) -> float:
        return float(event.value(t, dense(t).reshape(shape))[problem])

    if value(span[0]) > 0:  # the interpolant may differ from the stored value by rounding
        return span[0]
    if value(span[1]) <= 0:
        return span[1]
    return float(brentq(value, *span, xtol=1e-14, rtol=1e-14))
