"""Real gradient descent by PyTorch's autograd and torch.optim: the reference trainer, which knows nothing of theory."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from numerics._errors import DivergenceError, UsageError
from numerics._losses import SQUARED, Loss
from numerics._model import DeepTucker, compose
from numerics._optimizers import make_optimizer
from numerics._sharpness import enough_iterations, sharpness
from numerics._sized import Model


@dataclass(frozen=True)
class Run:
    """A recorded descent: T records of a batch of problems.

    Attributes:
        times: step * step index of every record.
        losses: loss of every problem at every record.
        parameters: for each block its values at every record, (T, *batch, *shape).
        steps: step index of every record.
    """

    architecture: Model
    times: Float[Tensor, "T"]
    steps: Int[Tensor, "T"]
    losses: Float[Tensor, "T *batch"]
    parameters: dict[str, Tensor]
    step: float
    optimizer: str

    @property
    def final(self) -> dict[str, Tensor]:
        """Blocks at the last record, (*batch, *shape)."""
        return {name: values[-1] for name, values in self.parameters.items()}


def problem_losses(
    architecture: Model, parameters: Mapping[str, Tensor], target: Tensor, weights: Tensor, loss: Loss = SQUARED
) -> Float[Tensor, "*batch"]:
    """Loss of every problem of a batch. Source: (3), (24)."""
    return loss.total(compose(architecture, parameters), target, weights, order=architecture.order)


def check_problem(
    architecture: Model, parameters: Mapping[str, Tensor], target: Tensor, weights: Tensor, loss: Loss = SQUARED
) -> None:
    """Refuse what cannot be trained: shapes, dtypes, non-finite numbers, no observation at all.

    Raises:
        UsageError: naming what to change.
    """
    batch = architecture.batch_shape(parameters)
    dtypes = {str(value.dtype) for value in (*parameters.values(), target, weights)}
    if len(dtypes) > 1:
        raise UsageError(f"mixed dtypes {', '.join(sorted(dtypes))}: convert blocks, target and weights to one")
    for name, value in (("target", target), ("weights", weights)):
        if value.shape != architecture.sizes and value.shape != (*batch, *architecture.sizes):
            raise UsageError(f"{name} has shape {tuple(value.shape)}, expected {(*batch, *architecture.sizes)}")
        if not torch.isfinite(value).all():
            raise UsageError(f"{name} has entries that are not finite")
    if not (weights.flatten(weights.ndim - architecture.order) != 0).any(-1).all():
        raise UsageError("the mask observes nothing: at least one weight of every problem must not be zero")
    loss.check_targets(target, weights)


def descend(
    architecture: Model,
    parameters: Mapping[str, Any],
    target: Any,
    weights: Any,
    *,
    step: float,
    steps: int,
    record_every: int = 1,
    optimizer: str = "gd",
    weight_decay: float = 0.0,
    limit: float = 1e6,
    loss: Loss = SQUARED,
    options: Mapping[str, Any] | None = None,
    on_record: Callable[[int, Tensor], None] | None = None,
) -> Run:
    """Train one DeepTucker (a whole batch of problems at once) by `steps` full-batch steps.

    Arguments:
        parameters: start, each block (*batch, *shape); arrays or tensors of one dtype.
        target, weights: (*sizes) shared or (*batch, *sizes).
        record_every: a record at steps 0, record_every, ..., and at the last step.
        optimizer: a name of `OPTIMIZERS`; `options` are passed on to it.
        weight_decay: adds weight_decay * block to every gradient.
        loss: what an entry costs.
        limit: a loss above limit * (first loss + 1) counts as divergence.

    Raises:
        UsageError: if shapes, dtypes or values cannot be trained.
        DivergenceError: if a loss stops being finite or passes the limit.
    """
    start = {name: torch.as_tensor(value) for name, value in parameters.items()}
    target, weights = torch.as_tensor(target), torch.as_tensor(weights)
    check_problem(architecture, start, target, weights, loss)
    if not step > 0 or not math.isfinite(step) or steps < 0 or record_every < 1:
        raise UsageError(f"step must be positive, steps >= 0, record_every >= 1; got {step}, {steps}, {record_every}")
    model = DeepTucker(architecture, start)
    blocks = model.blocks
    batch = architecture.batch_shape(start)
    per_batch = {"batch_dims": len(batch)} if optimizer == "group-rmsprop" else {}
    options = {**per_batch, **(options or {})}
    rule = make_optimizer(optimizer, list(blocks.values()), step=step, weight_decay=weight_decay, **options)
    indices = sorted({*range(0, steps, record_every), steps})
    losses = torch.empty((len(indices), *batch), dtype=target.dtype, device=target.device)
    history = {
        name: torch.empty((len(indices), *block.shape), dtype=block.dtype, device=block.device)
        for name, block in blocks.items()
    }
    ceiling = math.inf
    last: dict[str, Tensor] = start
    row = 0
    for index in range(steps + 1):
        rule.zero_grad(set_to_none=True)
        per_problem = loss.total(model(), target, weights, order=architecture.order)
        total = per_problem.sum()
        value = total.item()
        if index == 0:
            ceiling = limit * (abs(value) + 1)
        if not -math.inf < value <= ceiling:
            worst = int(torch.nan_to_num(per_problem.detach(), nan=math.inf).flatten().argmax())
            stable = _stable_step(architecture, last, target, weights, loss)
            raise DivergenceError(index, value, step, stable, worst)
        if index == indices[row]:
            losses[row] = per_problem.detach()
            for name, block in blocks.items():
                history[name][row] = block.detach()
            last = {name: history[name][row] for name in blocks}
            if on_record is not None:
                on_record(index, per_problem.detach())
            row += 1
        if index < steps:
            total.backward()
            rule.step()
    counts = torch.tensor(indices)
    return Run(architecture, counts.to(torch.float64) * step, counts, losses, history, float(step), optimizer)


def _stable_step(
    architecture: Model, parameters: Mapping[str, Tensor], target: Tensor, weights: Tensor, loss: Loss
) -> float | None:
    iterations = enough_iterations(architecture)
    top = float(sharpness(architecture, parameters, target, weights, iterations=iterations, loss=loss).max())
    return 2 / top if math.isfinite(top) and top > 0 else None
