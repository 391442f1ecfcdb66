"""The optimizers of the questions: plain GD, momentum, RMSprop, Adam from torch.optim, and GroupRMSprop."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD, Adam, Optimizer, RMSprop

from numerics._errors import UsageError


class GroupRMSprop(Optimizer):
    """RMSprop with one global scalar: the whole gradient is divided by the root of one running mean. Source: (21).

    Arguments:
        lr: step size.
        alpha: decay of the running mean of ||gradient||^2, with bias correction.
        eps: added to the root.
        batch_dims: leading dimensions of all parameters that number problems; each has its own scalar.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-2,
        *,
        alpha: float = 0.99,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        batch_dims: int = 0,
    ) -> None:
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay})
        self.batch_dims = batch_dims

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = None if closure is None else closure()
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if not parameters:
                continue
            gradients = [p.grad.add(p, alpha=group["weight_decay"]) for p in parameters]
            squared = torch.stack([(g * g).flatten(self.batch_dims).sum(-1) for g in gradients]).sum(0)
            state = self.state[group["params"][0]]
            state.setdefault("step", torch.zeros((), dtype=torch.float64))
            state.setdefault("mean", torch.zeros_like(squared))
            state["step"] += 1
            state["mean"].mul_(group["alpha"]).add_(squared, alpha=1 - group["alpha"])
            unbiased = state["mean"] / (1 - group["alpha"] ** state["step"].item())
            rate = group["lr"] / (unbiased.sqrt() + group["eps"])
            for p, g in zip(parameters, gradients, strict=True):
                p.sub_(g * rate.reshape(*rate.shape, *(1,) * (p.ndim - self.batch_dims)))
        return loss


def _without_compiler(rule: type[Optimizer]) -> Callable[..., Optimizer]:
    """The rule without the guards for torch.compile, which nobody uses here: they import half a second of compiler.

    They are decorators; what they wrap is PyTorch's own method, unchanged.
    """
    own = {name: getattr(rule, name) for name in ("add_param_group", "zero_grad", "step")}
    bare = {name: getattr(method, "__wrapped__", method) for name, method in own.items()}
    return type(rule.__name__, (rule,), {"__doc__": rule.__doc__, **bare, "step": torch.no_grad()(bare["step"])})


_SGD, _Adam, _RMSprop = (_without_compiler(rule) for rule in (SGD, Adam, RMSprop))
_GroupRMSprop = _without_compiler(GroupRMSprop)
# fused: one kernel for all blocks; a step over a dozen small ones costs a third.
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "gd": partial(_SGD, fused=True),
    "momentum": lambda params, momentum=0.9, **options: _SGD(params, momentum=momentum, fused=True, **options),
    "group-rmsprop": _GroupRMSprop,
    "rmsprop": _RMSprop,
    "adam": partial(_Adam, fused=True),
}


def make_optimizer(
    name: str, params: list[Any], *, step: float, weight_decay: float = 0.0, **options: Any
) -> Optimizer:
    """The optimizer called `name` (a key of `OPTIMIZERS`) with step size `step`.

    Raises:
        UsageError: if the name is unknown.
    """
    if name not in OPTIMIZERS:
        raise UsageError(f"unknown optimizer {name!r}; one of {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[name](params, lr=step, weight_decay=weight_decay, **options)
