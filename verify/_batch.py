"""Running a batch of generated problems at once: one training run or one solver call serves every claim and problem."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import gmpy2
import numpy as np
import torch

from numerics import Architecture, DivergenceError, descend, reference_gradient, solve_flow

from ._frame import frame_of, padded, within
from ._path import FINE, RECORDS, Descent, Flow
from ._precise import Precise
from ._problem import Problem
from ._state import PreciseState, State

# Rules that divide by the gradient's size go a length instead of a time: further, they arrive and chatter.
LENGTH = 1 / 8
TIGHTER = 50.0  # by this factor are flows solved more tightly for a second look
TOGETHER = 3  # levels of a descent whose modified flows are solved as one batch
SUBSTEPS = 1  # steps of the coarsest descent between two records; level L has 2**L times as many


class PathFailure(Exception):
    """A flow or a descent did not reach the end of its time; the message says where it stopped."""


class PathBatch:
    """Problems of one depth, order, chain and assumption with their flows and descents, computed when first asked for.

    Arguments:
        problems: as `Problem.for_path` returns them.
        assumes: the kind of start.
        starts: the first states, where they do not come from problems (real data).
        records, substeps: records of a path, and steps of the coarsest descent between two of them.
        rtol: relative tolerance of the flows that descents are held against.
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        assumes: str,
        *,
        starts: Sequence[State] | None = None,
        records: int = RECORDS,
        substeps: int = SUBSTEPS,
        rtol: float = FINE,
    ) -> None:
        self.problems = list(problems)
        self.assumes = assumes
        self.records, self.substeps, self.rtol = records, substeps, rtol
        if starts is not None:
            self.__dict__["starts"] = list(starts)
        self._descents: dict[tuple[str, int, int], Any] = {}
        self._flows: dict[tuple[float, int], Any] = {}
        self._modified_flows: dict[range, Any] = {}

    def alone(self, index: int) -> PathBatch:
        """One problem in a batch of its own, its flows solved more tightly than here."""
        return PathBatch(
            [self.problems[index]],
            self.assumes,
            records=self.records,
            substeps=self.substeps,
            rtol=min(self.rtol, FINE) / TIGHTER,
        )

    @cached_property
    def starts(self) -> list[State]:
        """The first state of every problem."""
        return [problem.state(self.assumes) for problem in self.problems]

    @cached_property
    def frame(self) -> Architecture:
        """The architecture that holds all problems."""
        return frame_of([state.architecture for state in self.starts])

    def _stacked(self, jitter: int = 0) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        parameters = {
            name: torch.stack([padded(s.parameters[name], shape) for s in self.starts])
            for name, shape in self.frame.shapes.items()
        }
        if jitter:
            generator = torch.Generator().manual_seed(jitter)
            parameters = {
                name: value * (1 + 2.0**-51 * (torch.rand(value.shape, generator=generator, dtype=torch.float64) - 0.5))
                for name, value in parameters.items()
            }
        targets, weights = ([padded(getattr(s, of), self.frame.sizes) for s in self.starts] for of in ("target", "weights"))
        return parameters, torch.stack(targets), torch.stack(weights)

    def descent(self, index: int, level: int, optimizer: str = "gd", jitter: int = 0) -> Descent:
        """The PyTorch run of one problem with step 1 / (records * substeps * 2**level).

        Rules that go a length instead of a time take LENGTH times that.

        Raises:
            PathFailure: the run diverged.
        """
        key = (optimizer, level, jitter)
        if key not in self._descents:
            self._descents[key] = self._descend(optimizer, level, jitter)
        run = self._descents[key]
        if isinstance(run, Exception):
            raise PathFailure(str(run))
        state = self.starts[index]
        shapes = state.architecture.shapes
        parameters = {name: within(values[:, index], shapes[name]) for name, values in run.parameters.items()}
        descent = Descent(state.architecture, run.times, run.losses[:, index], parameters, state.target, state.weights)
        descent.step, descent.steps, descent.optimizer = run.step, run.steps, optimizer
        descent._flow = lambda: self.flow(index)
        descent._modified_flow = lambda: self.modified_flow(index, level)
        return descent

    def _descend(self, optimizer: str, level: int, jitter: int) -> Any:
        every = self.substeps * 2**level
        parameters, target, weights = self._stacked(jitter)
        # A running mean remembers a fixed time, not a number of steps, so that halving the step refines one equation.
        options = {"alpha": 1 - 0.2 / 2**level} if optimizer in ("group-rmsprop", "rmsprop") else {}
        pace = LENGTH if optimizer in ("group-rmsprop", "rmsprop", "adam") else 1.0
        if optimizer == "adam" and self.problems:
            pace *= self.problems[0].length
        try:
            return descend(
                self.frame, parameters, target, weights,
                step=pace / (self.records * every), steps=self.records * every, record_every=every,
                optimizer=optimizer, options=options,
            )  # fmt: skip
        except DivergenceError as error:
            return error

    def flow(self, index: int, rtol: float | None = None, jitter: int = 0) -> Flow:
        """The solved flow of one problem at times 0, 1/records, .., 1; `rtol`: the batch's own unless given.

        Raises:
            PathFailure: the flow did not reach time 1.
        """
        rtol = self.rtol if rtol is None else rtol
        if (rtol, jitter) not in self._flows:
            parameters, target, weights = self._stacked(jitter)
            arrays = {name: value.numpy() for name, value in parameters.items()}
            self._flows[rtol, jitter] = self._solve(arrays, target.numpy(), weights.numpy(), rtol)
        return self._as_flow(self._flows[rtol, jitter], index, (index,), rtol)

    def modified_flow(self, index: int, level: int) -> Flow:
        """The flow of L + eta/4 ||grad L||^2 for the step eta of `descent(index, level)`. Source: (20).

        The first TOGETHER levels are solved as one batch: a claim about the order of convergence asks for all of them.

        Raises:
            PathFailure: the flow did not reach time 1.
        """
        levels = range(TOGETHER) if level < TOGETHER else range(level, level + 1)
        if levels not in self._modified_flows:
            parameters, target, weights = self._stacked()
            steps = [1 / (self.records * self.substeps * 2**each) for each in levels]
            arrays = {name: np.stack([value.numpy()] * len(levels)) for name, value in parameters.items()}
            self._modified_flows[levels] = self._solve(
                arrays, np.stack([target.numpy()] * len(levels)), np.stack([weights.numpy()] * len(levels)), self.rtol,
                modified_step=np.repeat(np.array(steps)[:, None], len(self.starts), axis=1),
            )  # fmt: skip
        return self._as_flow(self._modified_flows[levels], index, (level - levels[0], index), self.rtol)

    def _solve(self, arrays: dict[str, Any], target: Any, weights: Any, rtol: float, **options: Any) -> Any:
        times = np.arange(self.records + 1) / self.records
        return solve_flow(
            self.frame, arrays, target, weights, times, rtol=rtol, atol=rtol * 1e-3, **options
        )

    def _as_flow(self, solution: Any, index: int, place: tuple[int, ...], rtol: float) -> Flow:
        if solution.status != "finished":
            raise PathFailure(f"the flow stopped at time {solution.reached:g} of 1 ({solution.status})")
        state = self.starts[index]
        at = (slice(None), *place)
        shapes = state.architecture.shapes
        parameters = {
            name: torch.from_numpy(within(values[at], shapes[name])) for name, values in solution.parameters.items()
        }
        flow = Flow(
            state.architecture,
            torch.as_tensor(solution.times),
            torch.as_tensor(solution.losses[at]),
            parameters,
            state.target,
            state.weights,
        )
        flow.rtol = rtol
        return flow


class PreciseDescent(Descent):
    """The same descent in 75 digits by hand-written gradients: plain steps B <- B - eta dL/dB."""

    _state_type = PreciseState


def precise_descent(batch: PathBatch, index: int, level: int = 0) -> PreciseDescent:
    """Gradient descent of one problem in 75 digits; call inside `precision()`. Its `flow` is the float64 one."""
    state = batch.problems[index].precise_state(batch.assumes)
    architecture, target, weights = state.architecture, state.target, state.weights
    every = SUBSTEPS * 2**level
    step = gmpy2.mpq(1, RECORDS * every)
    blocks = {name: value.array for name, value in state.parameters.items()}
    history = {name: [value] for name, value in blocks.items()}
    for count in range(1, RECORDS * every + 1):
        gradient = reference_gradient(architecture, blocks, target.array, weights.array)
        blocks = {name: value - gradient[name] * step for name, value in blocks.items()}
        if count % every == 0:
            for name, value in blocks.items():
                history[name].append(value)
    parameters = {name: Precise(np.stack(values)) for name, values in history.items()}
    times = torch.arange(RECORDS + 1, dtype=torch.float64) / RECORDS
    descent = PreciseDescent(architecture, times, torch.zeros(0), parameters, target, weights)
    descent.step, descent.steps = float(step), torch.arange(RECORDS + 1) * every
    descent.losses = torch.stack([s.loss for s in descent.states])
    descent._flow = lambda: batch.flow(index)
    descent._modified_flow = lambda: batch.modified_flow(index, level)
    return descent


__all__ = ["PathBatch", "PathFailure", "precise_descent"]
