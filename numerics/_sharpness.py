"""Largest Hessian eigenvalue of the loss, by power iteration on Hessian-vector products."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from numerics._losses import SQUARED, Loss
from numerics._model import compose
from numerics._problems import Problem
from numerics._sized import Model


def enough_iterations(architecture: Model) -> int:
    """Iterations for the bound of a message about divergence: fewer for a model that takes seconds for each."""
    return max(4, min(50, 10**8 // architecture.parameter_count))


def sharpness(
    architecture: Model,
    parameters: Mapping[str, Tensor],
    target: Tensor,
    weights: Tensor,
    *,
    iterations: int = 50,
    seed: int = 0,
    loss: Loss = SQUARED,
) -> Float[Tensor, "*batch"]:
    """Largest absolute eigenvalue of the Hessian of every problem's loss, bounded from below.

    The norm of H v for a unit vector v is at most that eigenvalue whether the iteration has settled or not: it is used
    as a bound (a step above 2 / sharpness is unstable), never as the eigenvalue itself.

    Arguments:
        iterations: power iterations; the problems of a batch share one Hessian-vector product.
    """

    def loss_at(W: Tensor) -> Tensor:
        return loss.total(W, target, weights, order=architecture.order)

    return loss_sharpness(architecture, parameters, loss_at, iterations=iterations, seed=seed)


def problem_sharpness(
    architecture: Model, parameters: Mapping[str, Tensor], problem: Problem, *, iterations: int = 50
) -> Float[Tensor, "*batch"]:
    """The same for any problem."""
    return loss_sharpness(architecture, parameters, problem.loss, iterations=iterations)


def loss_sharpness(
    architecture: Model,
    parameters: Mapping[str, Tensor],
    loss_at: Callable[[Tensor], Tensor],
    *,
    iterations: int = 50,
    seed: int = 0,
) -> Float[Tensor, "*batch"]:
    """The same for any loss of W, a function from (*batch, *sizes) to (*batch)."""
    names = list(architecture.shapes)
    batch = architecture.batch_shape(parameters)
    generator = torch.Generator().manual_seed(seed)
    blocks = tuple(parameters[name].detach().clone().requires_grad_() for name in names)
    loss = loss_at(compose(architecture, dict(zip(names, blocks, strict=True)))).sum()
    first = torch.autograd.grad(loss, blocks, create_graph=True, materialize_grads=True)

    def dot(left: tuple[Tensor, ...], right: tuple[Tensor, ...]) -> Tensor:
        return torch.stack([(a * b).flatten(len(batch)).sum(-1) for a, b in zip(left, right, strict=True)], dim=-1).sum(
            -1
        )

    def scaled(vector: tuple[Tensor, ...], by: Tensor) -> tuple[Tensor, ...]:
        return tuple(v * by.reshape(*batch, *(1,) * (v.ndim - len(batch))) for v in vector)

    vector = tuple(
        torch.randn(block.shape, generator=generator, dtype=block.dtype).to(block.device) for block in blocks
    )
    value = torch.zeros(batch, dtype=blocks[0].dtype, device=blocks[0].device)
    for _ in range(iterations):
        norm = dot(vector, vector).sqrt()
        vector = scaled(vector, 1 / norm.clamp_min(torch.finfo(norm.dtype).tiny))
        inner = torch.stack([(g * v).sum() for g, v in zip(first, vector, strict=True)]).sum()
        if not inner.requires_grad:  # the gradient is constant: there is no curvature
            return torch.zeros_like(value)
        vector = torch.autograd.grad(inner, blocks, retain_graph=True, materialize_grads=True)
        value = dot(vector, vector).sqrt()
    return value
