"""What is observed of a tensor: entries with weights, or linear measurements; a loss and its gradient at W."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from numerics._errors import UsageError
from numerics._tensors import at_hand, row_dots


class Problem(ABC):
    """A quadratic loss of the end-to-end tensor; leading dimensions of its arrays are problems of a batch."""

    sizes: tuple[int, ...]

    @property
    @abstractmethod
    def batch(self) -> tuple[int, ...]:
        """Batch dimensions of the data; () where all models see the same data."""

    @property
    @abstractmethod
    def dtype(self) -> torch.dtype:
        """Number type of the data."""

    @abstractmethod
    def loss(self, W: Tensor) -> Float[Tensor, "*batch"]:
        """Loss of every problem, differentiable in W (*batch, *sizes)."""

    @abstractmethod
    def gradient_(self, W: Tensor, D: Tensor, weights: Tensor | None = None) -> Float[Tensor, "*batch"]:
        """Write dL/dW into D, destroy W, return the losses; `weights` replace the problem's own (minibatches)."""

    @abstractmethod
    def with_weights(self, weights: Tensor | None) -> "Problem":
        """The same problem with other weights (itself for None)."""

    @abstractmethod
    def to(self, device: str, dtype: torch.dtype | None = None) -> "Problem":
        """The same problem on another device or in another number type."""

    @abstractmethod
    def minibatch(self, size: int, generator: torch.Generator, batch: tuple[int, ...]) -> Tensor:
        """Weights of a random sample of `size` observations for each model, scaled so that their mean is the whole."""

    def _batch_axes(self, W: Tensor) -> int:
        return W.ndim - len(self.sizes)


@final
@dataclass(frozen=True)
class Completion(Problem):
    """L(W) = 1/2 sum weights (W - target)^2; Source: (3).

    Arguments:
        target, weights: (*batch, *sizes) or (*sizes); weights = mask / number observed gives half the mean square.
        test: weights of the held-out entries, for the test error alone.
    """

    target: Tensor
    weights: Tensor
    order: int = 0
    test: Tensor | None = None

    def __post_init__(self) -> None:
        if not self.order:
            object.__setattr__(self, "order", min(self.target.ndim, self.weights.ndim))
        if self.target.dtype != self.weights.dtype:
            raise UsageError(
                f"mixed dtypes {self.target.dtype}, {self.weights.dtype}: convert target and weights to one"
            )
        if self.target.shape[self.target.ndim - self.order :] != self.weights.shape[self.weights.ndim - self.order :]:
            raise UsageError(f"target has shape {tuple(self.target.shape)}, weights {tuple(self.weights.shape)}")
        for name, value in (("target", self.target), ("weights", self.weights)):
            if not torch.isfinite(value).all():
                raise UsageError(f"{name} has entries that are not finite")
        if not (self.weights.flatten(self.weights.ndim - self.order) != 0).any(-1).all():
            raise UsageError("the mask observes nothing: at least one weight of every problem must not be zero")

    @property
    def sizes(self) -> tuple[int, ...]:  # type: ignore[override]
        return tuple(self.target.shape[self.target.ndim - self.order :])

    @property
    def batch(self) -> tuple[int, ...]:
        return tuple(
            torch.broadcast_shapes(
                self.target.shape[: self.target.ndim - self.order], self.weights.shape[: self.weights.ndim - self.order]
            )
        )

    @property
    def dtype(self) -> torch.dtype:
        return self.target.dtype

    def loss(self, W: Tensor) -> Float[Tensor, "*batch"]:
        residual = W - self.target
        return (self.weights * residual * residual).flatten(self._batch_axes(W)).sum(-1) / 2

    @np.errstate(divide="ignore", invalid="ignore")  # a target that is zero there has no relative error: nan or inf
    def errors(self, W: Tensor, *, held_out: bool = False) -> Float[Tensor, "*batch"]:
        """Root of the weighted squared error over that of predicting 0, on observed or held-out entries."""
        return self._error(W - self.target, held_out)

    @np.errstate(divide="ignore", invalid="ignore")
    def errors_of(self, losses: Tensor, residual: Tensor) -> tuple[Tensor, Tensor]:
        """`errors` on observed and on held-out entries where the losses and W - target are at hand."""
        return self._relative(2 * at_hand(losses), held_out=False), self._error(residual, held_out=True)

    def _error(self, residual: Tensor, held_out: bool) -> Float[Tensor, "*batch"]:
        weights = self.test if held_out else self.weights
        lead = self._batch_axes(residual)
        if weights is None:
            return torch.full(residual.shape[:lead], torch.nan, dtype=residual.dtype, device=residual.device)
        rows = at_hand(residual.flatten(lead))
        wrong = row_dots(rows * rows, at_hand(weights.flatten(weights.ndim - self.order)))
        return self._relative(wrong, held_out)

    def _relative(self, wrong: Any, held_out: bool) -> Tensor:
        relative = (wrong / at_hand(self._of_zero[int(held_out)])) ** 0.5
        return relative if isinstance(relative, Tensor) else torch.from_numpy(np.asarray(relative))

    @cached_property
    def _of_zero(self) -> tuple[Tensor, ...]:
        """Weighted squares of the target on the observed and on the held-out entries."""
        kinds = [self.weights] if self.test is None else [self.weights, self.test]
        return tuple((w * self.target * self.target).flatten(-self.order).sum(-1) for w in kinds)

    def gradient_(self, W: Tensor, D: Tensor, weights: Tensor | None = None) -> Float[Tensor, "*batch"]:
        weights = self.weights if weights is None else weights
        lead = W.ndim - self.order
        if W.is_cpu:  # the same sums by NumPy, whose calls cost a fraction of PyTorch's where tensors are small
            residual, weighted = W.detach().numpy(), D.detach().numpy()
            np.subtract(residual, self.target.numpy(), out=residual)
            np.multiply(residual, weights.numpy(), out=weighted)
            rows = (*W.shape[:lead], -1)
            return torch.from_numpy(np.asarray(np.vecdot(residual.reshape(rows), weighted.reshape(rows)) / 2))
        torch.mul(W.sub_(self.target), weights, out=D)
        return torch.linalg.vecdot(W.flatten(lead), D.flatten(lead)).div_(2)

    def with_weights(self, weights: Tensor | None) -> "Completion":
        return self if weights is None else replace(self, weights=weights)

    def to(self, device: str, dtype: torch.dtype | None = None) -> "Completion":
        test = None if self.test is None else self.test.to(device, dtype)
        return Completion(self.target.to(device, dtype), self.weights.to(device, dtype), self.order, test)

    def minibatch(self, size: int, generator: torch.Generator, batch: tuple[int, ...]) -> Tensor:
        weights = self.weights.expand(*batch, *self.sizes).reshape(*batch, -1)
        observed = (weights != 0).to(torch.float32)
        count = observed.sum(-1, keepdim=True)
        if size > int(count.min()):
            raise UsageError(f"minibatch of {size} is larger than the {int(count.min())} observations")
        keys = torch.rand(weights.shape, generator=generator).to(weights.device) * observed
        chosen = keys.topk(size, dim=-1).indices
        sample = torch.zeros_like(weights).scatter_(-1, chosen, 1.0)
        return (sample * weights * (count / size).to(weights.dtype)).reshape(*batch, *self.sizes)


@final
@dataclass(frozen=True)
class Sensing(Problem):
    """L(W) = 1/2 sum_j weights_j (<X_j, W> - y_j)^2.

    Arguments:
        operators: X (M, *sizes), shared by all problems of a batch.
        values: y (*batch, M).
        weights: (M,), 1 / M by default.
    """

    operators: Tensor
    values: Tensor
    weights: Tensor | None = None

    def __post_init__(self) -> None:
        if self.operators.shape[0] < 1 or self.values.shape[-1] != self.operators.shape[0]:
            raise UsageError(f"{self.operators.shape[0]} operators but values of shape {tuple(self.values.shape)}")
        if self.operators.dtype != self.values.dtype:
            raise UsageError(f"mixed dtypes {self.operators.dtype}, {self.values.dtype}: convert them to one")
        if not (torch.isfinite(self.operators).all() and torch.isfinite(self.values).all()):
            raise UsageError("operators or values have entries that are not finite")
        if self.weights is None:
            count = self.operators.shape[0]
            object.__setattr__(self, "weights", torch.full_like(self.operators.flatten(1)[:, 0], 1 / count))

    @property
    def sizes(self) -> tuple[int, ...]:  # type: ignore[override]
        return tuple(self.operators.shape[1:])

    @property
    def batch(self) -> tuple[int, ...]:
        return tuple(self.values.shape[:-1])

    @property
    def dtype(self) -> torch.dtype:
        return self.operators.dtype

    def _residual(self, W: Tensor) -> Tensor:
        return W.flatten(self._batch_axes(W)) @ self.operators.flatten(1).mT - self.values

    def loss(self, W: Tensor) -> Float[Tensor, "*batch"]:
        residual = self._residual(W)
        assert self.weights is not None
        return (self.weights * residual * residual).sum(-1) / 2

    def gradient_(self, W: Tensor, D: Tensor, weights: Tensor | None = None) -> Float[Tensor, "*batch"]:
        residual = self._residual(W)
        used = self.weights if weights is None else weights
        assert used is not None
        weighted = residual * used
        D.copy_((weighted @ self.operators.flatten(1)).reshape(D.shape))
        return (residual * weighted).sum(-1) / 2

    def with_weights(self, weights: Tensor | None) -> "Sensing":
        return self if weights is None else replace(self, weights=weights)

    def to(self, device: str, dtype: torch.dtype | None = None) -> "Sensing":
        assert self.weights is not None
        return Sensing(self.operators.to(device, dtype), self.values.to(device, dtype), self.weights.to(device, dtype))

    def minibatch(self, size: int, generator: torch.Generator, batch: tuple[int, ...]) -> Tensor:
        assert self.weights is not None
        count = self.operators.shape[0]
        if size > count:
            raise UsageError(f"minibatch of {size} is larger than the {count} observations")
        keys = torch.rand((*batch, count), generator=generator).to(self.weights.device)
        sample = torch.zeros_like(keys, dtype=self.dtype).scatter_(-1, keys.topk(size, dim=-1).indices, 1.0)
        return sample * self.weights * (count / size)


def full_observation(target: Tensor, *, order: int | None = None, mean: bool = True) -> Completion:
    """All entries seen; weights 1 / number of entries (`mean`) or 1."""
    order = target.ndim if order is None else order
    sizes = target.shape[target.ndim - order :]
    weights = torch.ones(sizes, dtype=target.dtype, device=target.device)
    return Completion(target, weights / prod(sizes) if mean else weights, order)


def observe(
    target: Tensor,
    fraction: float,
    *,
    known: Tensor | np.ndarray | None = None,
    seed: int = 0,
    order: int | None = None,
    mean: bool = True,
) -> Completion:
    """Completion of `target` from a random fraction of its entries, the same number in every problem of a batch.

    Arguments:
        known: (*sizes), where the target has a value at all (default: everywhere). What is not known is neither
            observed nor held out; `fraction` is of the known entries.
        mean: weights mask / number observed (half the mean square); else mask * entries / number observed, weights of
            mean 1, with which a target of norm O(1) has a flow time of O(1); where all entries are known this is an
            unbiased estimate of 1/2 ||W - target||^2.

    Raises:
        UsageError: if the fraction is not in (0, 1] or leaves no entry, or `known` has other sizes.
    """
    order = target.ndim if order is None else order
    lead, sizes = target.shape[: target.ndim - order], target.shape[target.ndim - order :]
    cells = prod(sizes)
    there = torch.ones(cells, dtype=torch.bool) if known is None else torch.tensor(np.array(known, dtype=bool))
    if there.numel() != cells or (known is not None and there.shape != sizes):
        raise UsageError(f"the target has sizes {tuple(sizes)}, what is known of it {tuple(there.shape)}")
    there = there.flatten()
    all_known = int(there.sum())
    count = round(fraction * all_known)
    if not 0 < fraction <= 1 or count < 1:
        raise UsageError(f"observed={fraction:g} leaves {max(count, 0)} of {all_known} entries; choose it in (0, 1]")
    generator = torch.Generator().manual_seed(seed)
    keys = torch.rand((*lead, cells), generator=generator, dtype=torch.float64)
    order_of_cells = torch.where(there, keys, torch.inf).argsort(-1)
    mask = torch.zeros((*lead, cells), dtype=target.dtype)
    mask.scatter_(-1, order_of_cells[..., :count], 1.0)
    held_out = (there.to(target.dtype) - mask).reshape(*lead, *sizes).to(target.device)
    mask = mask.reshape(*lead, *sizes).to(target.device)
    test = None if count == all_known else held_out / (all_known - count)
    return Completion(target, mask / count if mean else mask * (cells / count), order, test)


def check_sizes(problem: Problem, sizes: Sequence[int]) -> None:
    """Refuse a problem whose tensor has other sizes than the model.

    Raises:
        UsageError: naming both.
    """
    if tuple(problem.sizes) != tuple(sizes):
        raise UsageError(f"the problem's tensor has sizes {tuple(problem.sizes)}, the model's {tuple(sizes)}")
