"""Running a batch of generated problems at once: one training run or one solver call serves every claim and problem."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from numerics import Architecture, DivergenceError, descend, solve_flow

from ._frame import frame_of, padded, within
from ._path import FINE, RECORDS, Descent, Flow
from ._problem import Problem
from ._refinement import only_plain, options_of, pace, speed
from ._state import State

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
        self._flows: dict[tuple[float, int, float], list[tuple[Any, int]]] = {}
        self._modified_flows: dict[tuple[range, float], list[tuple[Any, int]]] = {}
        self.flow_was_asked = False  # by a claim about a Descent; the judge takes the mark away and looks again

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

    def unit(self, index: int, optimizer: str = "gd") -> float:
        """What one unit of time of a run is to its claim: 1, but of aligned problems the common weight.

        (12) has weight 1: with weight c the same path is run in time 1 that it takes time c for. Rules that divide by
        the gradient's size know no time, and keep their weights.
        """
        if self.assumes != "superdiagonal" or optimizer not in ("gd", "momentum"):
            return 1.0
        return float(self.starts[index].weights.max())

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
        targets, weights = (
            [padded(getattr(s, of), self.frame.sizes) for s in self.starts] for of in ("target", "weights")
        )
        return parameters, torch.stack(targets), torch.stack(weights)

    def descent(
        self, index: int, level: int, optimizer: str = "gd", jitter: int = 0, rtol: float | None = None
    ) -> Descent:
        """The PyTorch run of one problem with step pace / (records * substeps * 2**level); see `_refinement`.

        `rtol`: of its `flow` and `modified_flow`, the batch's own unless given.

        Raises:
            PathFailure: the run diverged.
        """
        key = (optimizer, level, jitter)
        if key not in self._descents:
            self._descents[key] = self._descend(optimizer, level, jitter)
        run = self._descents[key]
        place = index
        if isinstance(run, list):  # some problem of the batch diverged: each has a run of its own
            run, place = run[index], 0
        if isinstance(run, Exception):
            raise PathFailure(str(run))
        state = self.starts[index]
        shapes = state.architecture.shapes
        parameters = {name: within(values[:, place], shapes[name]) for name, values in run.parameters.items()}
        unit = self.unit(index, optimizer)
        descent = Descent(
            state.architecture, run.times * unit, run.losses[:, place] / unit, parameters, state.target,
            state.weights / unit,
        )  # fmt: skip
        descent.step, descent.steps, descent.optimizer = run.step * unit, run.steps, optimizer
        descent._flow = lambda: self.reference(index, optimizer, rtol)
        descent._modified_flow = lambda: self.modified_flow(index, level, optimizer, rtol)
        return descent

    def pace(self, optimizer: str) -> float:
        """The time, or length, that a run of the rule goes; Adam, which moves all entries alike, goes further."""
        return pace(optimizer) * (self.problems[0].length if optimizer == "adam" and self.problems else 1.0)

    def _descend(self, optimizer: str, level: int, jitter: int) -> Any:
        """The run of the whole batch; where one problem diverges, a list of runs (or of what stopped them)."""
        every = self.substeps * 2**level
        parameters, target, weights = self._stacked(jitter)

        def run(rows: slice) -> Any:
            try:
                return descend(
                    self.frame, {name: value[rows] for name, value in parameters.items()},
                    target[rows], weights[rows], step=self.pace(optimizer) / (self.records * every),
                    steps=self.records * every, record_every=every, optimizer=optimizer,
                    options=options_of(optimizer, level),
                )  # fmt: skip
            except DivergenceError as error:
                return error

        together = run(slice(None))
        if not isinstance(together, DivergenceError):
            return together
        return [run(slice(i, i + 1)) for i in range(len(self.starts))]

    def reference(self, index: int, optimizer: str, rtol: float | None = None) -> Flow:
        """The flow that a rule follows, at the rule's records: momentum's runs 1 / (1 - mu) times faster. Source: (25).

        Raises:
            ClaimError: no gradient flow follows the rule.
            PathFailure: the flow did not reach its end.
        """
        until = speed(optimizer) * pace(optimizer)
        self.flow_was_asked = True
        return self.flow(index, rtol, until=until)

    def flow(self, index: int, rtol: float | None = None, jitter: int = 0, until: float = 1.0) -> Flow:
        """The solved flow of one problem at times 0, until/records, .., until; `rtol`: the batch's own unless given.

        Raises:
            PathFailure: the flow did not reach its end.
        """
        rtol = self.rtol if rtol is None else rtol
        key = (rtol, jitter, until)
        if key not in self._flows:
            parameters, target, weights = self._stacked(jitter)
            arrays = {name: value.numpy() for name, value in parameters.items()}
            self._flows[key] = self._solve(arrays, target.numpy(), weights.numpy(), rtol, until)
        return self._as_flow(*self._flows[key][index], index, rtol)

    def modified_flow(self, index: int, level: int, optimizer: str = "gd", rtol: float | None = None) -> Flow:
        """The flow of L + eta/4 ||grad L||^2 for the step eta of `descent(index, level)`. Source: (20).

        The first TOGETHER levels are solved as one batch: a claim about the order of convergence asks for all of them.

        Raises:
            ClaimError: the rule is not plain gradient descent.
            PathFailure: the flow did not reach time 1.
        """
        only_plain(optimizer)
        self.flow_was_asked = True
        rtol = self.rtol if rtol is None else rtol
        levels = range(TOGETHER) if level < TOGETHER else range(level, level + 1)
        if (levels, rtol) not in self._modified_flows:
            parameters, target, weights = self._stacked()
            steps = [1 / (self.records * self.substeps * 2**each) for each in levels]
            repeated = {name: np.concatenate([value.numpy()] * len(levels)) for name, value in parameters.items()}
            self._modified_flows[levels, rtol] = self._solve(
                repeated, np.concatenate([target.numpy()] * len(levels)),
                np.concatenate([weights.numpy()] * len(levels)), rtol, 1.0, np.repeat(steps, len(self.starts)),
            )  # fmt: skip
        row = (level - levels[0]) * len(self.starts) + index
        return self._as_flow(*self._modified_flows[levels, rtol][row], index, rtol)

    def _solve(
        self, arrays: dict[str, Any], target: Any, weights: Any, rtol: float, until: float, modified: Any = None
    ) -> list[tuple[Any, int]]:
        """(solution, place in it) of every problem: solved as one batch, and one by one where that does not finish."""
        times = until * np.arange(self.records + 1) / self.records

        def solve(rows: slice) -> Any:
            options = {} if modified is None else {"modified_step": modified[rows]}
            return solve_flow(
                self.frame, {name: value[rows] for name, value in arrays.items()}, target[rows],
                weights[rows], times, rtol=rtol, atol=rtol * 1e-3, **options,
            )  # fmt: skip

        together = solve(slice(None))
        if together.status == "finished" or len(target) == 1:
            return [(together, place) for place in range(len(target))]
        return [(solve(slice(i, i + 1)), 0) for i in range(len(target))]

    def _as_flow(self, solution: Any, place: int, index: int, rtol: float) -> Flow:
        if solution.status != "finished":
            raise PathFailure(f"the flow stopped at time {solution.reached:g} ({solution.status})")
        state = self.starts[index]
        at, shapes = (slice(None), place), state.architecture.shapes
        parameters = {
            name: torch.from_numpy(within(values[at], shapes[name])) for name, values in solution.parameters.items()
        }
        unit = self.unit(index)
        flow = Flow(
            state.architecture,
            torch.as_tensor(solution.times) * unit,
            torch.as_tensor(solution.losses[at]) / unit,
            parameters,
            state.target,
            state.weights / unit,
        )
        flow.rtol = rtol
        return flow


__all__ = ["PathBatch", "PathFailure"]
