"""Unfoldings, mode products, HOSVD, multilinear rank and slice norms, with leading batch dimensions."""

from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

Values = TypeVar("Values", Tensor, np.ndarray)


class Hosvd(NamedTuple):
    """T = core x_1 U^(1) .. x_N U^(N) with orthogonal factors and all-orthogonal core."""

    core: Tensor
    factors: tuple[Tensor, ...]


def unfold(T: Tensor, mode: int, *, order: int | None = None) -> Tensor:
    """Mode-n unfolding (*batch, I_n, product of the other sizes, in their order).

    Arguments:
        mode: 0-based.
        order: number of tensor modes; the dimensions before them are batch. Default: all of them.
    """
    order = T.ndim if order is None else order
    batch = T.ndim - order
    return T.movedim(batch + mode, batch).flatten(batch + 1) if order > 1 else T.unsqueeze(-1)


def at_hand(T: Tensor) -> Any:
    """The tensor itself, or on a CPU NumPy's view of it: operators and reductions mean the same for either.

    NumPy's calls cost a fraction of PyTorch's, which is what matters where arrays are small.
    """
    return T.detach().numpy() if T.is_cpu else T.detach()


def row_dots(left: Values, right: Values) -> Values:
    """Inner products along the last axis."""
    if isinstance(left, Tensor):
        return torch.linalg.vecdot(left, right)
    return np.asarray(np.vecdot(left, right))


def mode_sums(T: Values, *, order: int) -> list[Values]:
    """For every mode the sums of T over all others, (*batch, I); each pass sums one mode away for those after it."""
    batch = T.shape[: T.ndim - order]
    sums = []
    for size in T.shape[T.ndim - order : -1]:
        rows = T.reshape(*batch, size, -1)
        sums.append(rows.sum(-1))
        T = rows.sum(-2)
    sums.append(T)
    return sums


def fold(M: Float[Tensor, "*batch I J"], mode: int, sizes: tuple[int, ...]) -> Tensor:
    """Inverse of `unfold`: a (*batch, *sizes) tensor."""
    batch = M.shape[:-2]
    others = sizes[:mode] + sizes[mode + 1 :]
    return M.reshape(*batch, sizes[mode], *others).movedim(len(batch), len(batch) + mode)


def mode_product(T: Tensor, U: Float[Tensor, "*batch I R"], mode: int, *, order: int | None = None) -> Tensor:
    """T x_mode U: multiply every mode fibre of T by the matrix U."""
    order = T.ndim if order is None else order
    batch = T.ndim - order
    fibres = T.movedim(batch + mode, -1)
    lead = fibres.shape[:-1]
    flat = fibres.reshape(*lead[:batch], -1, fibres.shape[-1])
    return (flat @ U.mT).reshape(*lead, U.shape[-2]).movedim(-1, batch + mode)


def hosvd(T: Tensor, *, order: int | None = None) -> Hosvd:
    """Higher-order SVD; slice norms of the core are the mode singular values in falling order."""
    order = T.ndim if order is None else order
    factors = tuple(torch.linalg.svd(unfold(T, n, order=order), full_matrices=False).U for n in range(order))
    core = T
    for n, U in enumerate(factors):
        core = mode_product(core, U.mT, n, order=order)
    return Hosvd(core, factors)


def singular_values(T: Tensor, mode: int, *, order: int | None = None) -> Float[Tensor, "*batch S"]:
    """Singular values of the mode-n unfolding, falling; absolute error about eps times the largest."""
    return torch.linalg.svdvals(unfold(T, mode, order=order))


def noise_floor(T: Tensor, *, order: int | None = None) -> Float[Tensor, "*batch"]:
    """Below this a singular value of T's unfoldings is rounding noise: eps * largest unfolding side * ||T||.

    Entries below the normal range are rounded to multiples of the smallest number there is, which then counts.
    """
    order = T.ndim if order is None else order
    batch = T.ndim - order
    sizes = T.shape[batch:]
    side = max(max(size, T[(0,) * batch].numel() // max(size, 1)) for size in sizes)
    least = torch.finfo(T.dtype).smallest_normal * torch.finfo(T.dtype).eps
    return side * (torch.finfo(T.dtype).eps * _norms(T.flatten(batch))).clamp_min(least)


def multilinear_rank(T: Tensor, tol: float | None = None, *, order: int | None = None) -> Int[Tensor, "*batch N"]:
    """Ranks of all unfoldings: singular values above `tol` (absolute), by default above `noise_floor(T)`."""
    order = T.ndim if order is None else order
    floor = noise_floor(T, order=order).unsqueeze(-1) if tol is None else tol
    return torch.stack([(singular_values(T, n, order=order) > floor).sum(-1) for n in range(order)], dim=-1)


def slice_norms(core: Tensor, mode: int, *, order: int | None = None) -> Float[Tensor, "*batch R"]:
    """Frobenius norm of every mode-n slice of the core."""
    return _norms(unfold(core, mode, order=order))


def _norms(rows: Tensor) -> Tensor:
    """Norms along the last axis, divided by the largest entry first: squares of 1e200 and 1e-200 leave float64."""
    if not rows.shape[-1]:
        return torch.linalg.vector_norm(rows, dim=-1)
    top = rows.detach().abs().amax(-1, keepdim=True)
    top = torch.where(top > 0, top, torch.ones_like(top))
    return torch.linalg.vector_norm(rows / top, dim=-1) * top.squeeze(-1)
