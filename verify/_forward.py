"""Forward-mode derivatives by autograd, with constants that do not slow it down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.autograd.forward_ad as forward_ad
from torch.overrides import TorchFunctionMode

from ._numbers import Unsupported

BINARY = frozenset(
    f"{left}{name}{right}"
    for name in ("add", "sub", "mul", "div", "truediv")
    for left, right in (("", ""), ("__", "__"), ("__r", "__"))
) | {"rsub", "subtract", "multiply", "divide", "true_divide"}


class _ConstantsWithTangents(TorchFunctionMode):
    """Gives a constant that meets a dual tensor an explicit tangent of zeros.

    Without it PyTorch works the shape of the product out in Python, forty times slower than the product itself, and
    imports its compiler (two seconds) for the first one.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if len(args) == 2 and not kwargs and getattr(func, "__name__", "") in BINARY:
            dual = [_is_dual(argument) for argument in args]
            if dual[0] != dual[1]:
                args = tuple(a if is_dual else _constant(a) for a, is_dual in zip(args, dual, strict=True))
        return func(*args, **(kwargs or {}))


def _is_dual(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and forward_ad.unpack_dual(value).tangent is not None


def _constant(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        if not isinstance(value, (int, float)):
            return value
        value = torch.tensor(float(value), dtype=torch.float64)
    if not value.is_floating_point():
        value = value.to(torch.float64)
    return forward_ad.make_dual(value, torch.zeros_like(value))


def derivative_along(
    function: Callable[[dict[str, torch.Tensor]], Any],
    point: Mapping[str, torch.Tensor],
    velocity: Mapping[str, torch.Tensor],
) -> Any:
    """d/dt function(point + t velocity) at t = 0, in the shape of what the function returns (nested lists too).

    Raises:
        Unsupported: called inside itself.
    """
    if forward_ad._current_level >= 0:
        raise Unsupported("rate inside rate")
    with forward_ad.dual_level():
        duals = {name: forward_ad.make_dual(value, velocity[name]) for name, value in point.items()}
        with _ConstantsWithTangents():
            result = function(duals)
        return _tangent(result)


def _tangent(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_tangent(v) for v in value)
    if not isinstance(value, torch.Tensor):
        return torch.zeros((), dtype=torch.float64)
    primal, tangent = forward_ad.unpack_dual(value)
    return torch.zeros_like(primal) if tangent is None else tangent.detach().clone()
