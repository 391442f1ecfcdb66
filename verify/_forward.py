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


# Functions with kinks: where an entry is zero, and where two entries tie.
AT_ZERO = frozenset(
    ("norm", "vector_norm", "linalg_vector_norm", "linalg_norm", "abs", "absolute", "__abs__", "relu", "sqrt", "sign")
)
AT_TIES = frozenset((
    "max", "min", "amax", "amin", "maximum", "minimum", "fmax", "fmin", "sort", "topk", "median", "kthvalue",
    "quantile", "clamp", "clip", "clamp_min", "clamp_max", "where", "linalg_svdvals", "linalg_svd", "linalg_eigvalsh",
    "linalg_eigh", "linalg_matrix_norm", "nuclear_norm", "svd",
))  # fmt: skip


class _ConstantsWithTangents(TorchFunctionMode):
    """Gives a constant that meets a dual tensor an explicit tangent of zeros, and notes where a kink may have been met.

    Without it PyTorch works the shape of the product out in Python, forty times slower than the product itself, and
    imports its compiler (two seconds) for the first one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.suspicious = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if len(args) == 2 and not kwargs and name in BINARY:
            dual = [_is_dual(argument) for argument in args]
            if dual[0] != dual[1]:
                args = tuple(a if is_dual else _constant(a) for a, is_dual in zip(args, dual, strict=True))
        result = func(*args, **(kwargs or {}))
        if name in AT_TIES or (name in AT_ZERO and isinstance(result, torch.Tensor) and not bool((result != 0).all())):
            self.suspicious = True
        return result


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
) -> tuple[Any, bool]:
    """d/dt function(point + t velocity) at t = 0, in the shape of what the function returns (nested lists too), and
    whether a function with kinks was met on the way at an argument where it may have one.

    Raises:
        Unsupported: called inside itself.
    """
    if forward_ad._current_level >= 0:
        raise Unsupported("rate inside rate")
    with forward_ad.dual_level():
        duals = {name: forward_ad.make_dual(value, velocity[name]) for name, value in point.items()}
        with _ConstantsWithTangents() as mode:
            result = function(duals)
        return _tangent(result), mode.suspicious


def differentiable(value: torch.Tensor) -> torch.Tensor:
    """A leaf that autograd differentiates by, of the same value; its forward derivative, if it has one, is kept."""
    primal, tangent = forward_ad.unpack_dual(value) if forward_ad._current_level >= 0 else (value, None)
    leaf = primal.detach().requires_grad_()
    return leaf if tangent is None else forward_ad.make_dual(leaf, tangent)


def _tangent(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_tangent(v) for v in value)
    if not isinstance(value, torch.Tensor):
        return torch.zeros((), dtype=torch.float64)
    primal, tangent = forward_ad.unpack_dual(value)
    return torch.zeros_like(primal) if tangent is None else tangent.detach().clone()
