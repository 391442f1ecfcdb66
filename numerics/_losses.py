"""What an entry of W costs against its target: one object for value, slope and curvature. Source: (24)."""

from abc import ABC, abstractmethod
from typing import Any, final

import torch
from torch import Tensor

from numerics._errors import UsageError


class Loss(ABC):
    """L(W) = sum of weights * value(W, target) over the entries. A loss of one's own is a subclass of ten lines.

    `value` and `slope` are written with operators and torch functions, so that they serve tensors of any precision;
    those of a polynomial loss use operators alone, and serve any kind of number.

    Attributes:
        name: what a person types.
        polynomial: value is a polynomial in W and the target, so that exact arithmetic decides.
        smooth: twice continuously differentiable in W.
        bounded_below: whether it is; the flow of one that is not may blow up.
        targets: "any", or "signs" where they must be +1 or -1.
        script: value and slope as NumPy expressions of w and y, for scripts that stand alone.
    """

    name: str
    polynomial: bool = False
    smooth: bool = True
    bounded_below: bool = True
    targets: str = "any"
    script: tuple[str, str] | None = None

    @abstractmethod
    def value(self, W: Any, target: Any) -> Any:
        """What every entry costs, the shape of W."""

    @abstractmethod
    def slope(self, W: Any, target: Any) -> Any:
        """Its derivative in W, entry by entry."""

    def curvature(self, W: Tensor, target: Tensor) -> Tensor:
        """Its second derivative in W, entry by entry; float64 tensors. By autograd unless a loss knows better."""
        with torch.enable_grad():
            leaf = W.detach().clone().requires_grad_()
            slopes = self.slope(leaf, target)
            if not slopes.requires_grad:  # constant in W
                return torch.zeros_like(W)
            (found,) = torch.autograd.grad(slopes.sum(), leaf)
        return found

    def total(self, W: Tensor, target: Tensor, weights: Tensor, *, order: int | None = None) -> Tensor:
        """L of every problem, shape (*batch).

        Arguments:
            order: number of tensor modes; the dimensions before them are batch. Default: those of the smallest of the
                three arrays, so it must be given when all three carry batch dimensions.
        """
        entries = weights * self.value(W, target)
        order = min(W.ndim, target.ndim, weights.ndim) if order is None else order
        return entries.flatten(entries.ndim - order).sum(-1)

    def gradient(self, W: Any, target: Any, weights: Any) -> Any:
        """D = dL/dW."""
        return weights * self.slope(W, target)

    def check_targets(self, target: Tensor, weights: Tensor) -> None:
        """Raises: UsageError where a target that counts is none for this loss."""
        if self.targets == "signs" and bool(((target.abs() != 1) & (weights != 0)).any()):
            raise UsageError(f"targets of the {self.name} loss are +1 or -1 on every observed entry")

    def __reduce__(self) -> Any:
        if LOSSES.get(self.name) is self:
            return loss_of, (self.name,)
        return super().__reduce__()

    def __repr__(self) -> str:
        return f"{self.name} loss"


@final
class Squared(Loss):
    """(w - y)^2 / 2. Source: (3)."""

    name = "squared"
    polynomial = True
    script = ("(w - y) ** 2 / 2", "w - y")

    def value(self, W: Any, target: Any) -> Any:
        residual = W - target
        return residual * residual / 2

    def slope(self, W: Any, target: Any) -> Any:
        return W - target

    def curvature(self, W: Tensor, target: Tensor) -> Tensor:
        return torch.ones_like(W)

    def total(self, W: Tensor, target: Tensor, weights: Tensor, *, order: int | None = None) -> Tensor:
        residual = W - target
        entries = weights * residual * residual
        order = min(W.ndim, target.ndim, weights.ndim) if order is None else order
        return entries.flatten(entries.ndim - order).sum(-1) / 2


@final
class Quartic(Loss):
    """r^2 / 2 + r^4 / 4 with r = w - y."""

    name = "quartic"
    polynomial = True
    script = ("(w - y) ** 2 / 2 + (w - y) ** 4 / 4", "(w - y) + (w - y) ** 3")

    def value(self, W: Any, target: Any) -> Any:
        square = (W - target) * (W - target)
        return square / 2 + square * square / 4

    def slope(self, W: Any, target: Any) -> Any:
        residual = W - target
        return residual + residual * residual * residual


@final
class Huber(Loss):
    """r^2 / 2 where |r| <= 1, else |r| - 1/2."""

    name = "huber"
    smooth = False
    script = ("np.where(abs(w - y) <= 1, (w - y) ** 2 / 2, abs(w - y) - 0.5)", "np.clip(w - y, -1, 1)")

    def value(self, W: Any, target: Any) -> Any:
        residual = W - target
        clipped = torch.clamp(residual, -1, 1)
        return clipped * (residual - clipped / 2)

    def slope(self, W: Any, target: Any) -> Any:
        return torch.clamp(W - target, -1, 1)


@final
class Logistic(Loss):
    """log(1 + exp(-y w)) for y = +1 or -1."""

    name = "logistic"
    targets = "signs"
    script = ("np.logaddexp(0, -y * w)", "-y / (1 + np.exp(y * w))")

    def value(self, W: Any, target: Any) -> Any:
        return torch.log1p(torch.exp(-target * W))

    def slope(self, W: Any, target: Any) -> Any:
        return -target / (1 + torch.exp(target * W))


@final
class Exponential(Loss):
    """exp(-y w) for y = +1 or -1."""

    name = "exponential"
    targets = "signs"
    script = ("np.exp(-y * w)", "-y * np.exp(-y * w)")

    def value(self, W: Any, target: Any) -> Any:
        return torch.exp(-target * W)

    def slope(self, W: Any, target: Any) -> Any:
        return -target * torch.exp(-target * W)


@final
class Linear(Loss):
    """y w: its gradient is the drawn tensor itself, which at one point stands for that of every loss."""

    name = "linear"
    polynomial = True
    bounded_below = False
    script = ("y * w", "y + 0 * w")

    def value(self, W: Any, target: Any) -> Any:
        return target * W

    def slope(self, W: Any, target: Any) -> Any:
        return target + 0 * W


LOSSES: dict[str, Loss] = {
    loss.name: loss for loss in (Squared(), Quartic(), Huber(), Logistic(), Exponential(), Linear())
}
SQUARED = LOSSES["squared"]


def loss_of(loss: Loss | str) -> Loss:
    """The loss, by its name or as it is.

    Raises:
        UsageError: no such name, or an object that is no loss.
    """
    if isinstance(loss, Loss):
        return loss
    if not isinstance(loss, str) or loss not in LOSSES:
        from numerics._keys import closest

        near = closest(str(loss), tuple(LOSSES))
        raise UsageError(f"loss={loss!r} is unknown{near}; one of {', '.join(LOSSES)}, or a numerics.Loss of your own")
    return LOSSES[loss]
