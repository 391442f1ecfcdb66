"""torch's functions on arrays of exact or high-precision numbers: the table behind `Precise`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gmpy2
import mpmath
import numpy as np
import torch

from ._numbers import (
    ELEMENTWISE,
    Jet,
    Unsupported,
    entrywise,
    is_exact,
    magnitude,
    mpf_to_mpfr,
    mpfr_to_mpf,
    power,
    scalar,
)
from ._precise import Precise, raw


def _reduce(ufunc: Any, *args: Any, **kwargs: Any) -> Any:
    """ufunc.reduce, whose type stubs know nothing of object arrays."""
    return ufunc.reduce(*args, **kwargs)


def _axes(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, (list, tuple)) else dim


def _total(a: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
    return np.asarray(
        _reduce(np.add, a, axis=axis if axis is None or isinstance(axis, int) else tuple(axis), keepdims=keepdims),
        dtype=object,
    )


def _sum(x: Any, dim: Any = None, keepdim: bool = False, axis: Any = None, dtype: Any = None) -> Precise:
    return Precise(_total(raw(x), _axes(dim if dim is not None else axis), keepdim))


def _mean(x: Any, dim: Any = None, keepdim: bool = False) -> Precise:
    total = _sum(x, dim, keepdim)
    return total / (np.size(raw(x)) // max(1, total.array.size))


def _prod(x: Any, dim: Any = None, keepdim: bool = False) -> Precise:
    return Precise(np.asarray(_reduce(np.multiply, raw(x), axis=dim, keepdims=keepdim), dtype=object))


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def run(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        if isinstance(dim, (Precise, torch.Tensor)):
            return Precise(entrywise(lambda a, b: choose((a, b)), *np.broadcast_arrays(raw(x), raw(dim))))
        a = raw(x)
        if dim is None:
            return Precise(choose(a.reshape(-1)))
        index = np.argmax(a, axis=dim) if choose is max else np.argmin(a, axis=dim)
        values = np.take_along_axis(a, np.expand_dims(index, dim), dim)
        values = values if keepdim else np.squeeze(values, dim)
        return _Extreme(Precise(values), torch.as_tensor(index))

    return run


class _Extreme(tuple):
    """(values, indices), as torch.max(x, dim) returns them."""

    def __new__(cls, values: Any, indices: Any) -> _Extreme:
        return super().__new__(cls, (values, indices))

    @property
    def values(self) -> Any:
        return self[0]

    @property
    def indices(self) -> Any:
        return self[1]


def _amax(x: Any, dim: Any = (), keepdim: bool = False) -> Precise:
    return Precise(_reduce(np.maximum, raw(x), axis=None if dim in ((), []) else _axes(dim), keepdims=keepdim))


def _amin(x: Any, dim: Any = (), keepdim: bool = False) -> Precise:
    return Precise(_reduce(np.minimum, raw(x), axis=None if dim in ((), []) else _axes(dim), keepdims=keepdim))


def _norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, p: Any = None, **_: Any) -> Precise:
    order = p if p is not None else ord
    if order in ("fro", None):
        order = 2
    a = raw(x)
    if isinstance(order, str) and order != "inf":
        raise Unsupported(f"norm of order {order!r}")
    if order == 2:
        return Precise(entrywise(ELEMENTWISE["sqrt"], _total(entrywise(lambda v: v * v, a), _axes(dim), keepdim)))
    sizes = entrywise(magnitude, a)
    if order in (math.inf, "inf"):
        return Precise(_reduce(np.maximum, sizes, axis=_axes(dim), keepdims=keepdim))
    if order == 1:
        return Precise(_total(sizes, _axes(dim), keepdim))
    if order == 0:
        return Precise(_total(entrywise(lambda v: int(v != 0), a), _axes(dim), keepdim))
    return Precise(_total(entrywise(lambda v: power(v, order), sizes), _axes(dim), keepdim)) ** scalar(1 / order)


def _matrix(x: Any) -> mpmath.matrix:
    a = raw(x)
    if a.ndim != 2:
        raise Unsupported("a batch of matrices in high precision")
    if any(isinstance(v, Jet) for v in a.flat):
        raise Unsupported("singular values of an exact rate")
    if all(is_exact(v) for v in a.flat):
        raise Unsupported("singular values of an exact matrix")
    return mpmath.matrix([[mpfr_to_mpf(v) for v in row] for row in a])


def _from_mpmath(values: Any) -> np.ndarray:
    return np.array([mpf_to_mpfr(mpmath.mpf(v)) for v in values], dtype=object)


def _svdvals(x: Any) -> Precise:
    with mpmath.workprec(gmpy2.get_context().precision):
        matrix = _matrix(x)
        if 0 in (matrix.rows, matrix.cols):
            return Precise([])
        tall = matrix if matrix.rows >= matrix.cols else matrix.T
        return Precise(_from_mpmath(mpmath.svd_r(tall, compute_uv=False)))


def _matrix_norm(x: Any, ord: Any = "fro", dim: Any = (-2, -1), **_: Any) -> Precise:
    if raw(x).ndim != 2 or tuple(dim) not in ((-2, -1), (0, 1)) or ord not in ("fro", "nuc", 2):
        raise Unsupported(f"matrix norm of order {ord!r}, or of a batch")
    if ord == "fro":
        return _norm(x)
    values = _svdvals(x)
    return values[0] if ord == 2 else values.sum()


def _linalg_norm(x: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, **_: Any) -> Precise:
    """torch.linalg.norm: with an order and a matrix it is a matrix norm, not the norm of the entries."""
    if ord is None or raw(x).ndim == 1 or isinstance(dim, int):
        return _norm(x, 2 if ord is None else ord, dim, keepdim)
    if dim is None and not keepdim and ord in ("fro", "nuc", 2):
        return _matrix_norm(x, ord)
    raise Unsupported(f"torch.linalg.norm with ord={ord!r} of a matrix")


def _eigvalsh(x: Any) -> Precise:
    with mpmath.workprec(gmpy2.get_context().precision):
        return Precise(np.sort(_from_mpmath(mpmath.eigsy(_matrix(x), eigvals_only=True))))


def _eigh(x: Any, **_: Any) -> tuple[Precise, Precise]:
    with mpmath.workprec(gmpy2.get_context().precision):
        values, vectors = mpmath.eigsy(_matrix(x))
        return Precise(_from_mpmath(values)), Precise(_from_rows(vectors))


def _svd(x: Any, full_matrices: bool = True, **_: Any) -> tuple[Precise, Precise, Precise]:
    with mpmath.workprec(gmpy2.get_context().precision):
        matrix = _matrix(x)  # mpmath.matrix rounds to the precision in force
        if full_matrices and matrix.rows != matrix.cols:
            raise Unsupported("a full singular value decomposition; use full_matrices=False")
        if matrix.rows >= matrix.cols:
            left, values, right = mpmath.svd_r(matrix)
        else:
            right, values, left = mpmath.svd_r(matrix.T)
            left, right = left.T, right.T
        return Precise(_from_rows(left)), Precise(_from_mpmath(values)), Precise(_from_rows(right))


def _from_rows(matrix: Any) -> np.ndarray:
    return np.array([_from_mpmath(row) for row in matrix.tolist()], dtype=object).reshape(matrix.rows, matrix.cols)


def _determinant(x: Any) -> Precise:
    with mpmath.workprec(gmpy2.get_context().precision):
        return Precise(np.asarray(mpf_to_mpfr(mpmath.det(_matrix(x))), dtype=object))


def _einsum(equation: str, *operands: Any) -> Precise:
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    return Precise(np.einsum(equation, *[raw(o) for o in operands]))


def _shape(args: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (list, tuple, torch.Size)) else tuple(args)


def _where(condition: Any, a: Any, b: Any) -> Precise:
    mask = np.asarray(raw(condition)).astype(bool)
    return Precise(np.where(mask, raw(scalar(a)), raw(scalar(b))))


def _diagonal(x: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Precise:
    return Precise(np.diagonal(raw(x), offset, dim1, dim2))


def _diff(x: Any, n: int = 1, dim: int = -1) -> Precise:
    return Precise(np.diff(raw(x), n=n, axis=dim))


def _clamp(x: Any, min: Any = None, max: Any = None) -> Precise:
    a = raw(x)
    if min is not None:
        a = entrywise(lambda v: v if v > min else v * 0 + scalar(min), a)
    if max is not None:
        a = entrywise(lambda v: v if v < max else v * 0 + scalar(max), a)
    return Precise(a)


def _sort(x: Any, dim: int = -1, descending: bool = False) -> _Extreme:
    a = raw(x)
    index = np.argsort(a, axis=dim, kind="stable")
    index = np.flip(index, axis=dim) if descending else index
    return _Extreme(Precise(np.take_along_axis(a, index, dim)), torch.as_tensor(index.copy()))


def _like(value: int) -> Callable[..., Precise]:
    return lambda x, **_: Precise(np.full(np.shape(raw(x)), value, dtype=object))


def _stack(arrays: Any, dim: int = 0) -> Precise:
    return Precise(np.stack([np.asarray(raw(a), dtype=object) for a in arrays], axis=dim))


def _cat(arrays: Any, dim: int = 0) -> Precise:
    return Precise(np.concatenate([np.asarray(raw(a), dtype=object) for a in arrays], axis=dim))


def _flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Precise:
    a = raw(x)
    start, end = (dim % max(a.ndim, 1) for dim in (start_dim, end_dim))
    return Precise(a.reshape(*a.shape[:start], math.prod(a.shape[start : end + 1]), *a.shape[end + 1 :]))


def _squeeze(x: Any, dim: int | None = None) -> Precise:
    return Precise(raw(x) if dim is not None and raw(x).shape[dim] != 1 else np.squeeze(raw(x), axis=dim))


def _roll(x: Any, shifts: Any, dims: Any = None) -> Precise:
    return Precise(np.roll(raw(x), shifts, axis=None if dims is None or dims == () else dims))


def _same(x: Any, *_: Any, **__: Any) -> Any:
    return x


def _tensordot(a: Any, b: Any, dims: Any = 2) -> Precise:
    return Precise(np.tensordot(raw(a), raw(b), axes=dims))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _sum,
    "mean": _mean,
    "prod": _prod,
    "max": _extreme(max),
    "min": _extreme(min),
    "amax": _amax,
    "amin": _amin,
    "maximum": _extreme(max),
    "minimum": _extreme(min),
    "norm": _norm,
    "linalg_norm": _linalg_norm,
    "vector_norm": _norm,
    "matrix_norm": _matrix_norm,
    "svdvals": _svdvals,
    "eigvalsh": _eigvalsh,
    "eigh": _eigh,
    "svd": _svd,
    "det": _determinant,
    "einsum": _einsum,
    "tensordot": _tensordot,
    "where": _where,
    "diagonal": _diagonal,
    "matmul": lambda a, b: Precise(np.matmul(raw(a), raw(b))),
    "mm": lambda a, b: Precise(np.matmul(raw(a), raw(b))),
    "bmm": lambda a, b: Precise(np.matmul(raw(a), raw(b))),
    "mv": lambda a, b: Precise(np.matmul(raw(a), raw(b))),
    "dot": lambda a, b: _sum(Precise(raw(a)) * b),
    "inner": lambda a, b: Precise(np.inner(raw(a), raw(b))),
    "vdot": lambda a, b: _sum(Precise(raw(a)) * b),
    "outer": lambda a, b: Precise(np.multiply.outer(raw(a), raw(b))),
    "add": lambda a, b: Precise(raw(a)) + b,
    "sub": lambda a, b: Precise(raw(a)) - b,
    "subtract": lambda a, b: Precise(raw(a)) - b,
    "rsub": lambda a, b: Precise(raw(b)) - a,
    "mul": lambda a, b: Precise(raw(a)) * b,
    "multiply": lambda a, b: Precise(raw(a)) * b,
    "div": lambda a, b: Precise(raw(a)) / b,
    "divide": lambda a, b: Precise(raw(a)) / b,
    "true_divide": lambda a, b: Precise(raw(a)) / b,
    "pow": lambda a, b: Precise(raw(a)) ** b if isinstance(a, (Precise, torch.Tensor)) else b.__rpow__(a),
    "reshape": lambda x, *s: Precise(raw(x).reshape(_shape(s))),
    "view": lambda x, *s: Precise(raw(x).reshape(_shape(s))),
    "flatten": _flatten,
    "ravel": lambda x: Precise(raw(x).reshape(-1)),
    "permute": lambda x, *d: Precise(np.transpose(raw(x), _shape(d))),
    "transpose": lambda x, a, b: Precise(np.swapaxes(raw(x), a, b)),
    "swapaxes": lambda x, a, b: Precise(np.swapaxes(raw(x), a, b)),
    "t": lambda x: Precise(raw(x).T),
    "movedim": lambda x, s, d: Precise(np.moveaxis(raw(x), s, d)),
    "moveaxis": lambda x, s, d: Precise(np.moveaxis(raw(x), s, d)),
    "unsqueeze": lambda x, dim: Precise(np.expand_dims(raw(x), dim)),
    "squeeze": _squeeze,
    "roll": _roll,
    "flip": lambda x, *d: Precise(np.flip(raw(x), axis=_shape(d))),
    "stack": _stack,
    "cat": _cat,
    "concat": _cat,
    "concatenate": _cat,
    "diag": lambda x, diagonal=0: Precise(np.diag(raw(x), diagonal)),
    "trace": lambda x: Precise(np.trace(raw(x))),
    "cumsum": lambda x, dim: Precise(np.add.accumulate(raw(x), axis=dim)),
    "cumprod": lambda x, dim: Precise(np.multiply.accumulate(raw(x), axis=dim)),
    "diff": _diff,
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": lambda x, min: _clamp(x, min=min),
    "sort": _sort,
    "argmax": lambda x, dim=None: torch.as_tensor(np.argmax(raw(x), axis=dim)),
    "argmin": lambda x, dim=None: torch.as_tensor(np.argmin(raw(x), axis=dim)),
    "argsort": lambda x, dim=-1, descending=False: _sort(x, dim, descending)[1],
    "zeros_like": _like(0),
    "ones_like": _like(1),
    "expand": lambda x, *s: Precise(np.broadcast_to(raw(x), _shape(s))),
    "broadcast_to": lambda x, s: Precise(np.broadcast_to(raw(x), tuple(s))),
    "all": lambda x: Precise(all(bool(v) for v in raw(x).flat)),
    "any": lambda x: Precise(any(bool(v) for v in raw(x).flat)),
    "isnan": lambda x: Precise(entrywise(lambda v: v != v, raw(x))),
    "triu": lambda x, diagonal=0: Precise(np.triu(np.ones(raw(x).shape, dtype=int), diagonal).astype(object) * raw(x)),
    "tril": lambda x, diagonal=0: Precise(np.tril(np.ones(raw(x).shape, dtype=int), diagonal).astype(object) * raw(x)),
    "clone": _same,
    "detach": _same,
    "contiguous": _same,
    "to": _same,
    "double": _same,
    "cpu": _same,
    "lt": lambda a, b: Precise(raw(a)) < b,
    "le": lambda a, b: Precise(raw(a)) <= b,
    "gt": lambda a, b: Precise(raw(a)) > b,
    "ge": lambda a, b: Precise(raw(a)) >= b,
    "eq": lambda a, b: Precise(raw(a)) == b,
    "ne": lambda a, b: Precise(raw(a)) != b,
    "tolist": lambda x: x.floats().tolist(),
    "numel": lambda x: raw(x).size,
    "count_nonzero": lambda x, dim=None: _sum(Precise(entrywise(lambda v: int(v != 0), raw(x))), dim),
}
