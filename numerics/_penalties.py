"""Group and Schatten quasi-norms that depth induces, and their proximal operators."""

import torch
from jaxtyping import Float
from torch import Tensor

from numerics._errors import NotConverged, UsageError
from numerics._tensors import fold, unfold

NEWTON_STEPS = 100
SETTLED = (
    64  # relative changes of so many rounding units are rounding: at the threshold the slope is 1 - q/2, not small
)


def slice_penalty(T: Tensor, mode: int, depth: int, *, order: int | None = None) -> Float[Tensor, "*batch"]:
    """(K+1)/2 sum_r ||T_{n,r}||^{2/(K+1)} over the mode-n slices; Source: (14)."""
    norms = torch.linalg.vector_norm(unfold(T, mode, order=order), dim=-1)
    return (depth + 1) / 2 * (norms ** (2 / (depth + 1))).sum(-1)


def schatten(M: Float[Tensor, "*batch I J"], q: float) -> Float[Tensor, "*batch"]:
    """||M||_{S_q}^q = sum of the singular values to the power q > 0; Source: (15)."""
    if not q > 0:
        raise UsageError(f"q must be positive, got {q:g}")
    return (torch.linalg.svdvals(M) ** q).sum(-1)


def shrink(values: Tensor, weight: float, q: float) -> Tensor:
    """Entrywise argmin over t >= 0 of 1/2 (t - a)^2 + weight t^q for a >= 0 and 0 < q <= 1 (0 where both tie).

    For q < 1 the minimum is 0 up to a threshold and above it the larger root of t - a + weight q t^{q-1} = 0, which
    Newton's method reaches from t = a without overshooting, because the function is convex and rises there.

    Raises:
        UsageError: for q outside (0, 1] or a negative weight.
        NotConverged: Newton's method still moved after NEWTON_STEPS steps.
    """
    if not 0 < q <= 1 or weight < 0:
        raise UsageError(f"shrinkage needs 0 < q <= 1 and weight >= 0, got q={q:g}, weight={weight:g}")
    if weight == 0:
        return values.clone()
    if q == 1:
        return (values - weight).clamp_min(0)
    turn = (2 * weight * (1 - q)) ** (1 / (2 - q))  # where the positive minimum ties with 0
    threshold = turn + weight * q * turn ** (q - 1)
    above = values > threshold
    t = torch.where(above, values, torch.ones_like(values))
    a = t.clone()
    left = 0.0
    for _ in range(NEWTON_STEPS):
        slope = 1 + weight * q * (q - 1) * t ** (q - 2)
        moved = torch.where(above, t - (t - a + weight * q * t ** (q - 1)) / slope, t)
        left = float(((moved - t).abs() / a).max()) if t.numel() else 0.0
        t = moved
        if left <= SETTLED * torch.finfo(t.dtype).eps:
            break
    else:
        raise NotConverged("the shrinkage of a value", NEWTON_STEPS, left)
    return torch.where(above, t, torch.zeros_like(values))


def prox_slices(T: Tensor, mode: int, weight: float, q: float, *, order: int | None = None) -> Tensor:
    """Proximal operator of weight * sum_r ||T_{n,r}||^q: every mode-n slice keeps its direction."""
    order = T.ndim if order is None else order
    M = unfold(T, mode, order=order)
    norms = torch.linalg.vector_norm(M, dim=-1)
    factor = shrink(norms, weight, q) / norms.clamp_min(torch.finfo(T.dtype).tiny)
    return fold(M * factor.unsqueeze(-1), mode, tuple(T.shape[T.ndim - order :]))


def prox_schatten(M: Float[Tensor, "*batch I J"], weight: float, q: float) -> Float[Tensor, "*batch I J"]:
    """Proximal operator of weight * ||M||_{S_q}^q: the singular values are shrunk."""
    U, s, Vt = torch.linalg.svd(M, full_matrices=False)
    return (U * shrink(s, weight, q).unsqueeze(-2)) @ Vt
