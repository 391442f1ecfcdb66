"""Running a batch of generated problems at once: one training run or one solver call serves every claim and problem."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from numerics import DivergenceError, Loss, Model, descend, sharpness, solve_flow

from ._frame import frame_of, padded, within
from ._path import FINE, RECORDS, Descent, Flow
from ._problem import FAR, Problem
from ._refinement import is_asymptotic, only_plain, options_of, pace, speed
from ._state import State

TIGHTER = 50.0  # by this factor are flows solved more tightly for a second look
TOGETHER = 4  # levels of every problem's descent whose modified flows are solved as one batch
LEAD = 2  # levels with larger steps that are looked at before those whose step is small
EVALUATIONS = 6000  # of a modified flow; one that takes more is too stiff at its step, and no input
SEEN = 2  # level of the run whose sharpness tells which steps are small
FINEST = 16  # no run is followed to a finer level
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
        self._modified_flows: dict[tuple[int, int, float], tuple[Any, int]] = {}
        self._sharpest: dict[tuple[str, int], list[float]] = {}
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

    @property
    def loss(self) -> Loss:
        """What an entry costs, the same in all problems of a batch."""
        return self.starts[0].loss_function

    def unit(self, index: int, optimizer: str = "gd") -> float:
        """What one unit of time of a run is to its claim: 1, but of aligned problems the common weight.

        (12) has weight 1: with weight c the same path is run in time 1 that it takes time c for. Rules that divide by
        the gradient's size know no time, and keep their weights.
        """
        if self.assumes != "superdiagonal" or optimizer not in ("gd", "momentum"):
            return 1.0
        return float(self.starts[index].weights.max())

    @cached_property
    def frame(self) -> Model:
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
        run = self._run(optimizer, level, jitter)
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
            state.weights / unit, state.loss_function,
        )  # fmt: skip
        descent.step, descent.steps, descent.optimizer = run.step * unit, run.steps, optimizer
        descent._flow = lambda: self.reference(index, optimizer, rtol)
        descent._modified_flow = lambda: self.modified_flow(index, level, optimizer, rtol)
        return descent

    def small_steps(self, index: int, optimizer: str, stable: int = 0) -> int:
        """The coarsest level whose step is so small that an order may be read off it, FINEST at most.

        Arguments:
            stable: a level at which the run of the problem does not diverge.
        """
        level = max(stable, SEEN)
        sharpest = self._sharpness(index, optimizer, level)
        for level in range(FINEST):
            between = self.substeps * 2**level
            step = self.pace(optimizer) / (self.records * between)
            if is_asymptotic(optimizer, level, between, step, sharpest):
                return level
        return FINEST

    def looked_at_from(self, index: int, optimizer: str, stable: int = 0) -> int:
        """The level from which the order of a discrepancy is looked for: coarser ones tell of none."""
        return max(stable, self.small_steps(index, optimizer, stable) - LEAD)

    def _sharpness(self, index: int, optimizer: str, level: int) -> float:
        """The largest sharpness at the start, in the middle and at the end of a problem's run at a level."""
        if (optimizer, level) not in self._sharpest:
            runs: Any = self._run(optimizer, level)
            _, target, weights = self._stacked()
            places = [0, self.records // 2, -1]

            def of(run: Any, rows: slice) -> torch.Tensor:
                if isinstance(run, Exception):
                    return torch.full((len(target[rows]),), torch.inf)
                points = {name: values[places] for name, values in run.parameters.items()}  # all in one batch
                data = (values[rows].expand(len(places), *values[rows].shape) for values in (target, weights))
                return sharpness(self.frame, points, *data, iterations=8, loss=self.loss).max(0).values

            parts = (
                [of(run, slice(i, i + 1)) for i, run in enumerate(runs)]
                if isinstance(runs, list)
                else [of(runs, slice(None))]
            )
            self._sharpest[optimizer, level] = torch.cat(parts).tolist()
        return self._sharpest[optimizer, level][index]

    def pace(self, optimizer: str) -> float:
        """The time, or length, that a run of the rule goes; Adam, which moves all entries alike, goes further."""
        return pace(optimizer) * (self.problems[0].length if optimizer == "adam" and self.problems else 1.0)

    def _run(self, optimizer: str, level: int, jitter: int = 0) -> Any:
        """`_descend`, remembered."""
        key = (optimizer, level, jitter)
        if key not in self._descents:
            self._descents[key] = self._descend(optimizer, level, jitter)
        return self._descents[key]

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
                    options=options_of(optimizer, level), loss=self.loss,
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

    def losses(self, index: int) -> torch.Tensor:
        """Along the flow of one problem, where it was solved, else along its plain descent.

        Raises:
            PathFailure: the run diverged, or the flow did not reach its end.
        """
        return (self.flow(index, FINE) if (FINE, 0, 1.0) in self._flows else self.descent(index, SEEN)).losses

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

        The levels at which claims about an order begin to look at the problems are solved as one batch.

        Raises:
            ClaimError: the rule is not plain gradient descent.
            PathFailure: the flow did not reach time 1.
        """
        only_plain(optimizer)
        self.flow_was_asked = True
        rtol = self.rtol if rtol is None else rtol
        if (index, level, rtol) not in self._modified_flows:
            rows = [(i, at) for i in range(len(self.starts)) for at in self._followed(i)]
            if (index, level) not in rows:
                rows = []
            rows = [row for row in rows if (*row, rtol) not in self._modified_flows and row != (index, level)]
            rows.append((index, level))
            at = [i for i, _ in rows]
            parameters, target, weights = self._stacked()
            solved = self._solve(
                {name: value.numpy()[at] for name, value in parameters.items()}, target.numpy()[at],
                weights.numpy()[at], rtol, 1.0,
                np.array([1 / (self.records * self.substeps * 2**each) for _, each in rows]),
            )  # fmt: skip
            self._modified_flows |= {(*row, rtol): found for row, found in zip(rows, solved, strict=True)}
        return self._as_flow(*self._modified_flows[index, level, rtol], index, rtol)

    def _followed(self, index: int) -> range:
        """The first levels at which a plain descent is likely to be held against its modified flow."""
        run = self._run("gd", SEEN)
        if isinstance(run, list) and isinstance(run[index], Exception):
            return range(0)
        first = self.looked_at_from(index, "gd")
        return range(first, first + (TOGETHER if first or self.problems[index].pace in FAR else TOGETHER - 1))

    def _solve(
        self, arrays: dict[str, Any], target: Any, weights: Any, rtol: float, until: float, modified: Any = None
    ) -> list[tuple[Any, int]]:
        """(solution, place in it) of every problem: solved as one batch, and one by one where that does not finish."""
        times = until * np.arange(self.records + 1) / self.records

        def solve(rows: slice) -> Any:
            options: dict[str, Any] = {}
            if modified is not None:
                options = {"modified_step": modified[rows], "budget": EVALUATIONS}
            return solve_flow(
                self.frame, {name: value[rows] for name, value in arrays.items()}, target[rows],
                weights[rows], times, rtol=rtol, atol=rtol * 1e-3, loss=self.loss, **options,
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
            state.loss_function,
        )
        flow.rtol = rtol
        return flow


__all__ = ["PathBatch", "PathFailure"]
