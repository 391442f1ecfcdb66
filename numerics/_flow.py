"""Gradient flow of the full model, compiled from theory's derived formula and integrated; batched over problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from numerics._described import described
from numerics._errors import UsageError
from numerics._integrate import Event, Field, Solution, integrate
from numerics._losses import SQUARED, Loss
from numerics._lower import CompiledProgram, compile
from numerics._sized import Model
from numerics._stiff import Derivative, integrate_stiff
from numerics._tangent import PREFIX, compiled_tangent
from theory import Parametrisation, gradient_flow

Array = np.ndarray
EXPLICIT_BUDGET = 20_000  # evaluations after which method="auto" takes a problem for stiff


@lru_cache(maxsize=64)
def compiled_flow(model: Parametrisation) -> CompiledProgram:
    """theory's gradient flow of a model, lowered to NumPy."""
    return compile(gradient_flow(model))


class FlowField:
    """Right-hand side d(parameters)/dt = -gradient on a flat state (problem after problem, block after block)."""

    def __init__(
        self, architecture: Model, batch: tuple[int, ...], target: Array, weights: Array, loss: Loss = SQUARED
    ) -> None:
        self.architecture, self.batch, self.loss = architecture, batch, loss
        self.problems = int(np.prod(batch, dtype=int))
        self.lead = () if not batch else (self.problems,)
        self.sizes = architecture.sizes
        self.target = self._flat(target, "target")
        self.weights = self._flat(weights, "weights")
        self.model = described(architecture)
        self.program = compiled_flow(self.model)
        self.width = architecture.parameter_count
        self._slices: list[tuple[str, slice, tuple[int, ...]]] = []
        offset = 0
        for name, shape in architecture.shapes.items():
            size = int(np.prod(shape, dtype=int))
            self._slices.append((name, slice(offset, offset + size), (*self.lead, *shape)))
            offset += size
        self._steps: Any = None
        self._nowhere = np.zeros((*self.lead, *self.sizes))  # tells a plan the shape of D
        self._target, self._weights = torch.from_numpy(self.target), torch.from_numpy(self.weights)
        self._rates = [(cut, self.program.program.outputs[name]) for name, cut, _ in self._slices]

    def _flat(self, values: Array, name: str) -> Array:
        values = np.asarray(values, dtype=np.float64)
        if values.shape == self.sizes:
            return values
        if values.shape != (*self.batch, *self.sizes):
            raise UsageError(f"{name} has shape {values.shape}, expected {(*self.batch, *self.sizes)}")
        return values.reshape(*self.lead, *self.sizes)

    def pack(self, parameters: Mapping[str, Any]) -> Float[np.ndarray, "B P"]:
        """State of a batch of parameters."""
        return np.concatenate(
            [np.asarray(parameters[name], dtype=np.float64).reshape(self.problems, -1) for name, _, _ in self._slices],
            axis=1,
        )

    def unpack(self, states: Float[np.ndarray, "*T B P"]) -> dict[str, Array]:
        """Blocks (*T, *batch, *shape) of states."""
        lead = states.shape[:-2]
        return {
            name: states[..., cut].reshape(*lead, *self.batch, *shape[len(self.lead) :])
            for name, cut, shape in self._slices
        }

    def blocks(self, y: Array) -> dict[str, Array]:
        """Views of the blocks in a flat state, and a D that only has the right shape."""
        state = y.reshape(self.problems, self.width) if self.lead else y
        values = {name: state[..., cut].reshape(shape) for name, cut, shape in self._slices}
        values["D"] = self._nowhere
        return values

    def _gradient(self, W: Array) -> Array:
        """D at W."""
        if self.loss.polynomial:  # written with operators alone
            return np.asarray(self.loss.gradient(W, self.target, self.weights))
        found = self.loss.gradient(torch.from_numpy(np.ascontiguousarray(W)), self._target, self._weights)
        return np.asarray(found.numpy())

    def _composed(self, y: Float[np.ndarray, "BP"]) -> dict[str, Array]:
        """The values of the program at a flat state up to "W"."""
        values = self.blocks(y)
        if self._steps is None:
            self._steps = self.program.steps(values)
        for name, step in self._steps[: len(self.model.steps)]:
            values[name] = step(values)
        return values

    def evaluate(self, y: Float[np.ndarray, "BP"]) -> dict[str, Array]:
        """Every value of the program at a flat state: "W", "D", "dX/dt", ..."""
        values = self._composed(y)
        values["D"] = self._gradient(values["W"])
        for name, step in self._steps[len(self.model.steps) :]:
            values[name] = step(values)
        return values

    def __call__(self, t: float, y: Float[np.ndarray, "BP"]) -> Float[np.ndarray, "BP"]:
        values = self.evaluate(y)
        rate = np.empty_like(y)
        view = rate.reshape(self.problems, self.width) if self.lead else rate
        for cut, name in self._rates:
            piece = view[..., cut]
            piece[...] = values[name].reshape(piece.shape)
        return rate

    @cached_property
    def _tangent(self) -> CompiledProgram:
        return compiled_tangent(self.model)

    def derivative(self, y: Float[np.ndarray, "BP"], v: Float[np.ndarray, "BP"]) -> tuple[Array, Array]:
        """Right-hand side at y, and its directional derivative along v (minus Hessian times v), both flat."""
        values = self.blocks(y)
        tangents = self.blocks(v)
        values |= {PREFIX + name: tangents[name] for name, _, _ in self._slices}
        values[PREFIX + "D"] = self._nowhere
        program = self._tangent
        for name, step in program.steps(values):
            values[name] = step(values)
            if name == "W":
                values["D"] = self._gradient(values[name])
            elif name == PREFIX + "W":
                bend = self.loss.curvature(torch.from_numpy(np.ascontiguousarray(values["W"])), self._target)
                values[PREFIX + "D"] = (self._weights * bend).numpy() * values[name]
        outputs = program.program.outputs
        return tuple(  # type: ignore[return-value]
            np.concatenate(
                [values[outputs[kind + name]].reshape(self.problems, -1) for name, _, _ in self._slices], axis=1
            ).ravel()
            for kind in ("", PREFIX)
        )

    def losses(self, states: Float[np.ndarray, "*T B P"]) -> Array:
        """Loss of every problem at the program's W; (*T, *batch)."""
        lead = states.shape[:-2]
        result = np.empty((*lead, self.problems))
        for index in np.ndindex(*lead):
            W = torch.from_numpy(np.ascontiguousarray(self._composed(states[index].reshape(-1))["W"]))
            result[index] = self.loss.total(W, self._target, self._weights, order=len(self.sizes)).numpy()
        return result.reshape(*lead, *self.batch)


def modified(field: FlowField, step: float | Array, decay: float) -> Field:
    """The right-hand side of L + decay/2 ||y||^2, then of its modified loss (20); `field` itself where both are 0.

    With F = -grad L and J = F' the modified flow is F - step/2 J F; `step` is one number or one for each problem.
    """
    plain = not np.any(step)
    if plain and not decay:
        return field
    half = np.repeat(step, field.width) / 2 if np.ndim(step) else step / 2
    if plain:
        return lambda t, y: field(t, y) - decay * y

    def rate(t: float, y: Array) -> Array:
        F = field(t, y) - decay * y
        return F - half * (field.derivative(y, F)[1] - decay * F)

    return rate


def _continued(
    done: Solution | None, rate: Field, derivative: Derivative, start: Array, times: Any, **options: Any
) -> Solution:
    """The stiff method from the last recorded state of `done`, or from the start."""
    if done is None:
        return integrate_stiff(rate, derivative, start, times, **options)
    rest = integrate_stiff(rate, derivative, done.states[-1], np.asarray(times)[len(done.times) - 1 :], **options)
    return Solution(
        np.concatenate([done.times, rest.times[1:]]),
        np.concatenate([done.states, rest.states[1:]]),
        rest.status,
        rest.reached,
        done.evaluations + rest.evaluations,
    )


@dataclass(frozen=True)
class FlowSolution:
    """A solved flow at the requested times that were reached.

    Attributes:
        losses: (T, *batch).
        parameters: for each block (T, *batch, *shape).
        status: "finished", "blow-up", "exhausted" or "stopped"; `reached` is the last time integrated to.
        events: for each event name the time of every problem, nan where it did not happen.
    """

    architecture: Model
    times: Float[np.ndarray, "T"]
    losses: Float[np.ndarray, "T *batch"]
    parameters: dict[str, Array]
    status: str
    reached: float
    evaluations: int
    events: dict[str, Array]

    @property
    def final(self) -> dict[str, Array]:
        """Blocks at the last time reached among the requested ones."""
        return {name: values[-1] for name, values in self.parameters.items()}


def solve_flow(
    architecture: Model,
    parameters: Mapping[str, Any],
    target: Any,
    weights: Any,
    times: Sequence[float] | Array,
    *,
    rtol: float = 1e-10,
    atol: float = 1e-13,
    method: str = "DOP853",
    budget: int = 1_000_000,
    events: Sequence[Event] = (),
    modified_step: float | Array = 0.0,
    weight_decay: float = 0.0,
    loss: Loss = SQUARED,
) -> FlowSolution:
    """Integrate the gradient flow of a batch of problems in one solver; Source: (3), theory.gradient_flow.

    With `weight_decay` it is the flow of L + weight_decay/2 sum of squares, with `modified_step` = eta that of
    L + eta/4 ||grad L||^2, which gradient descent of step eta follows to second order; Source: (17), (20).

    Arguments:
        parameters: start, each block (*batch, *shape).
        target, weights: (*sizes) shared or (*batch, *sizes).
        times: rising; the first is the initial time.
        rtol, atol: held by every problem of the batch on its own (root mean square over its parameters).
        method: "DOP853", "RK45", "exponential" for stiff problems (order 4, analytic Jacobian-vector products), or
            "auto": DOP853 for the first EXPLICIT_BUDGET evaluations, then "exponential" from the last time recorded.
        budget: most evaluations of the right-hand side.
        modified_step: one number, or one for each problem (*batch).
        loss: what an entry costs; with a modified step it has a second derivative.

    Raises:
        UsageError: if shapes disagree, values are not finite, or the times do not rise.
    """
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in parameters.items()}
    batch = architecture.batch_shape(arrays)
    field = FlowField(architecture, batch, np.asarray(target), np.asarray(weights), loss)
    if np.ndim(modified_step) and np.shape(modified_step) != batch:
        raise UsageError(f"modified_step has shape {np.shape(modified_step)}, expected one number or {batch}")
    rate, start = modified(field, modified_step, weight_decay), field.pack(arrays)

    def derivative(y: Array, v: Array) -> tuple[Array, Array]:
        F, Jv = field.derivative(y, v)
        return F - weight_decay * y, Jv - weight_decay * v

    if method in ("exponential", "auto"):
        if events or np.any(modified_step):
            raise UsageError(f"method={method} takes neither events nor a modified step; use DOP853")
        solution = None
        if method == "auto":
            solution = integrate(rate, start, times, rtol=rtol, atol=atol, budget=min(budget, EXPLICIT_BUDGET))
        if solution is None or solution.status == "exhausted":
            solution = _continued(solution, rate, derivative, start, times, rtol=rtol, atol=atol, budget=budget)
    else:
        solution = integrate(rate, start, times, rtol=rtol, atol=atol, method=method, budget=budget, events=events)
    return FlowSolution(
        architecture,
        solution.times,
        field.losses(solution.states),
        field.unpack(solution.states),
        solution.status,
        solution.reached,
        solution.evaluations,
        {name: values.reshape(batch) for name, values in solution.events.items()},
    )
