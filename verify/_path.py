"""Flow and Descent: what a claim may ask of a solved gradient flow and of a real PyTorch run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import torch

from numerics import SQUARED, Architecture, Loss, Model, compose, solve_flow

from ._state import State

RECORDS = 16  # records of a path: times 0, 1/16, .., 1
FINE = 1e-11  # relative tolerance of the flow that claims are judged on
COARSE = 1e-8  # and of the one that tells the integration error


class Trajectory:
    """States along time.

    Arguments:
        architecture: the model with its sizes.
        times: (T,), in units of the flow.
        losses: (T,).
        parameters: block name -> (T, ...).
        target, weights: of the problem.
        loss: what an entry costs.
    """

    def __init__(
        self,
        architecture: Model,
        times: torch.Tensor,
        losses: torch.Tensor,
        parameters: Mapping[str, Any],
        target: Any,
        weights: Any,
        loss: Loss = SQUARED,
    ) -> None:
        self.loss_function = loss
        self.architecture = architecture
        self.times = times
        self.losses = losses
        self.parameters = dict(parameters)
        self.target = target
        self.weights = weights

    _state_type: type[State] = State

    @property
    def depth(self) -> int:
        """K."""
        return self.start.depth

    @property
    def order(self) -> int:
        """N."""
        return self.architecture.order

    @cached_property
    def states(self) -> list[State]:
        """The state at every recorded time."""
        along = self.parameters
        if self._state_type is State:  # cheaper than one index for every record
            along = {name: values.unbind() for name, values in along.items()}
        rows = ({name: values[i] for name, values in along.items()} for i in range(len(self.times)))
        made = self._state_type
        states = [made(self.architecture, row, self.target, self.weights, self.loss_function) for row in rows]
        if self._state_type is State:  # W of all records in one contraction; State.tensor is a cached property
            for state, tensor in zip(states, compose(self.architecture, self.parameters), strict=True):
                state.__dict__["tensor"] = tensor
        return states

    @property
    def start(self) -> State:
        """The first state."""
        return self.states[0]

    @property
    def final(self) -> State:
        """The last state."""
        return self.states[-1]

    def series(self, function: Callable[[State], Any]) -> Any:
        """function(state) along time, (T, ...)."""
        values = [function(state) for state in self.states]
        return torch.stack(
            [
                v if isinstance(v, torch.Tensor) or hasattr(v, "array") else torch.as_tensor(v, dtype=torch.float64)
                for v in values
            ]
        )

    def group_squares(self, mode: int | str) -> Any:
        """||B||^2 of every block of every group of a mode along time, (T, blocks, R); core slice first.

        The same as a series of squared `block_norms`, in one sweep over all records.
        """
        if not isinstance(self.architecture, Architecture) or isinstance(mode, str):
            return self.series(lambda s: s.group_norms(mode) ** 2)
        count, rank = len(self.times), self.architecture.ranks[mode]
        blocks = [torch.movedim(self.parameters["G"], mode + 1, 1)]
        if self.depth:
            links = () if self.architecture.chain == "mode" else self.architecture.links(mode)
            blocks += [self.parameters[name] for name in links]
            blocks.append(torch.movedim(self.parameters[f"a{mode + 1}"], 2, 1))
        flat = [block.reshape(count, rank, math.prod(block.shape) // (count * rank)) for block in blocks]
        return torch.stack([(block * block).sum(2) for block in flat], 1)


class Flow(Trajectory):
    """A solved gradient flow, integrated from theory's compiled formulas."""

    rtol: float = FINE

    def at(self, time: float) -> State:
        """The state at any time from the first to the last recorded one, integrated anew from the record before.

        Raises:
            ValueError: the time lies outside the recorded range.
        """
        times = self.times.numpy()
        if not times[0] <= time <= times[-1]:
            raise ValueError(f"time {time} lies outside the flow's range {times[0]} to {times[-1]}")
        index = int(np.searchsorted(times, time, side="right")) - 1
        if times[index] == time:
            return self.states[index]
        before = {name: values[index].numpy() for name, values in self.parameters.items()}
        solution = solve_flow(
            self.architecture,
            before,
            self.target.numpy(),
            self.weights.numpy(),
            [times[index], time],
            rtol=self.rtol,
            atol=self.rtol * 1e-3,
            loss=self.loss_function,
        )
        return State(
            self.architecture,
            {name: torch.from_numpy(values[-1]) for name, values in solution.parameters.items()},
            self.target,
            self.weights,
            self.loss_function,
        )


class Descent(Trajectory):
    """A real PyTorch gradient descent at one step size; the engine reruns it at half and quarter of the step.

    Attributes:
        step: step size eta.
        steps: (T,) step index of every record.
        optimizer: name of the update rule.
    """

    step: float
    steps: torch.Tensor
    optimizer: str = "gd"
    _flow: Callable[[], Flow]
    _modified_flow: Callable[[], Flow]

    @property
    def flow(self) -> Flow:
        """The gradient flow that the rule follows, from the same start, at the records of this run. Source: (20), (25).

        Heavy ball with momentum mu follows the flow at times t / (1 - mu): `flow.times` are those.

        Raises:
            ClaimError: no gradient flow follows the optimizer (group-rmsprop, rmsprop, adam).
        """
        return self._flow()

    @property
    def modified_flow(self) -> Flow:
        """The flow of L + eta/4 ||grad L||^2 for this descent's step eta, from the same start. Source: (20).

        Raises:
            ClaimError: the optimizer is not plain gradient descent.
        """
        return self._modified_flow()
