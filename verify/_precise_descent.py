"""Every update rule in many digits, by hand: the second look at a run is the run itself, not only its start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import gmpy2
import numpy as np
import torch

from numerics import reference_compose, reference_pullback

from ._numbers import entrywise, scalar
from ._path import Descent, Flow
from ._precise import Precise, as_precise, raw
from ._refinement import options_of
from ._state import PreciseState, State
from ._torch_factories import outside

if TYPE_CHECKING:
    from ._batch import PathBatch

Blocks = dict[str, np.ndarray]
Rule = Callable[[Blocks, Blocks], Blocks]  # blocks, gradients -> blocks after one step
NO_LOSSES = torch.zeros(0)  # until a path has its states, of which they are taken; made outside of any second look


def _gd(step: Any) -> Rule:
    return lambda blocks, gradients: {name: block - gradients[name] * step for name, block in blocks.items()}


def _momentum(step: Any, momentum: Any) -> Rule:
    """B <- B - eta v, v <- mu v + g, the first v being g."""
    memory: Blocks = {}

    def rule(blocks: Blocks, gradients: Blocks) -> Blocks:
        for name, gradient in gradients.items():
            memory[name] = memory[name] * momentum + gradient if name in memory else gradient
        return {name: block - memory[name] * step for name, block in blocks.items()}

    return rule


def _group_rmsprop(step: Any, alpha: Any, eps: Any) -> Rule:
    """One running mean of ||gradient||^2, bias-corrected, for all blocks. Source: (21)."""
    mean, bias = gmpy2.mpfr(0), 1

    def rule(blocks: Blocks, gradients: Blocks) -> Blocks:
        nonlocal mean, bias
        square = sum((g * g).sum() for g in gradients.values())
        mean, bias = mean * alpha + square * (1 - alpha), bias * alpha
        rate = step / (gmpy2.sqrt(mean / (1 - bias)) + eps)
        return {name: block - gradients[name] * rate for name, block in blocks.items()}

    return rule


def _root(values: np.ndarray) -> np.ndarray:
    return entrywise(lambda v: gmpy2.sqrt(gmpy2.mpfr(v)), values)


def _rmsprop(step: Any, alpha: Any, eps: Any) -> Rule:
    """torch.optim.RMSprop: a running mean of every squared entry from 0, not bias-corrected."""
    mean: dict[str, Any] = {}

    def rule(blocks: Blocks, gradients: Blocks) -> Blocks:
        for name, g in gradients.items():
            mean[name] = mean.get(name, 0) * alpha + g * g * (1 - alpha)
        return {name: block - gradients[name] * step / (_root(mean[name]) + eps) for name, block in blocks.items()}

    return rule


def _adam(step: Any, betas: tuple[Any, Any], eps: Any) -> Rule:
    """torch.optim.Adam: both means bias-corrected, eps outside of the corrected root."""
    means: dict[str, tuple[Any, Any]] = {}
    (first, second), powers = betas, [1, 1]

    def rule(blocks: Blocks, gradients: Blocks) -> Blocks:
        powers[:] = powers[0] * first, powers[1] * second
        root = gmpy2.sqrt(gmpy2.mpfr(1 - powers[1]))
        rate = step / (1 - powers[0])
        moved = {}
        for name, g in gradients.items():
            m, v = means.get(name, (0, 0))
            m, v = m * first + g * (1 - first), v * second + g * g * (1 - second)
            means[name] = m, v
            moved[name] = blocks[name] - m * rate / (_root(v) / root + eps)
        return moved

    return rule


def precise_rule(optimizer: str, step: Any, options: Mapping[str, Any]) -> Rule:
    """One step of a rule in the precision in force, with torch's defaults for what `options` leaves open.

    Source: torch.optim of SGD, RMSprop and Adam as documented; (21).
    """
    if optimizer == "gd":
        return _gd(step)
    if optimizer == "momentum":
        return _momentum(step, scalar(options["momentum"]))
    if optimizer == "group-rmsprop":
        return _group_rmsprop(step, scalar(options["alpha"]), scalar(1e-6))
    if optimizer == "rmsprop":
        return _rmsprop(step, scalar(options["alpha"]), scalar(1e-8))
    if optimizer == "adam":
        return _adam(step, (scalar(options["betas"][0]), scalar(options["betas"][1])), scalar(1e-8))
    raise KeyError(optimizer)


class PreciseDescent(Descent):
    """The same descent in 75 digits: hand-written gradients and update rules, no autograd, no torch.optim."""

    _state_type = PreciseState


def precise_descent(
    batch: PathBatch, index: int, level: int = 0, optimizer: str = "gd", rtol: float | None = None
) -> PreciseDescent:
    """The run of one problem in the precision in force; call inside `precision()`.

    Its `flow` and `modified_flow` are the solved float64 ones at `rtol`: they cannot be looked at again, and their
    error stays part of every error bar.
    """
    state = batch.problems[index].precise_state(batch.assumes)
    architecture, target, weights = state.architecture, state.target, state.weights
    every = batch.substeps * 2**level
    step = gmpy2.mpq(*batch.pace(optimizer).as_integer_ratio()) / (batch.records * every)
    rule = precise_rule(optimizer, step, options_of(optimizer, level))
    blocks = {name: value.array for name, value in state.parameters.items()}
    history = {name: [value] for name, value in blocks.items()}
    for count in range(1, batch.records * every + 1):
        W = Precise(reference_compose(architecture, blocks))
        D = as_precise(state.loss_function.gradient(W, target, weights)).array
        blocks = rule(blocks, reference_pullback(architecture, blocks, D))
        if count % every == 0:
            for name, value in blocks.items():
                history[name].append(value)
    parameters = {name: Precise(np.stack(values)) for name, values in history.items()}
    unit = batch.unit(index, optimizer)
    with outside():
        steps = torch.arange(batch.records + 1) * every
        times: Any = steps.to(torch.float64) * (float(step) * unit)
    descent = PreciseDescent(architecture, times, NO_LOSSES, parameters, target, weights / unit, state.loss_function)
    descent.step, descent.steps, descent.optimizer = float(step) * unit, steps, optimizer
    descent.losses = torch.stack([s.loss for s in descent.states])
    descent._flow = outside()(partial(batch.reference, index, optimizer, rtol))
    descent._modified_flow = outside()(partial(batch.modified_flow, index, level, optimizer, rtol))
    return descent


class LiftedFlow(Flow):
    """A solved flow whose float64 states are taken at their exact values; what a claim does with them has 75 digits."""

    _state_type = PreciseState
    _solved: Flow

    def at(self, time: float) -> State:
        with outside():
            state = self._solved.at(time)
        return PreciseState(
            state.architecture, _lifted(state.parameters), self.target, self.weights, self.loss_function
        )


def lifted(flow: Flow, *, rounded: int = 0) -> LiftedFlow:
    """The flow for a claim whose own arithmetic is to be free of rounding; call inside `precision()`.

    Arguments:
        rounded: seed with which every number of every record is moved by one rounding; 0: none is.
    """
    parameters = dict(flow.parameters)
    if rounded:
        generator = torch.Generator().manual_seed(rounded)
        with outside():
            for name, value in parameters.items():
                moves = torch.rand(value.shape, generator=generator, dtype=torch.float64) - 0.5
                parameters[name] = value * (1 + 2.0**-51 * moves)
    exact = LiftedFlow(
        flow.architecture, flow.times, NO_LOSSES, _lifted(parameters),
        Precise(_exactly(flow.target)), Precise(_exactly(flow.weights)), flow.loss_function,
    )  # fmt: skip
    exact.rtol, exact._solved = flow.rtol, flow
    exact.losses = torch.stack([state.loss for state in exact.states])
    return exact


def _lifted(parameters: Mapping[str, torch.Tensor]) -> dict[str, Precise]:
    return {name: Precise(_exactly(value)) for name, value in parameters.items()}


def _exactly(values: torch.Tensor) -> np.ndarray:
    return entrywise(gmpy2.mpfr, raw(values))


__all__ = ["LiftedFlow", "PreciseDescent", "lifted", "precise_descent", "precise_rule"]
