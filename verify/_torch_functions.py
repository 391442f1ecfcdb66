"""torch's functions on arrays of exact or high-precision numbers: the table behind `Precise`.

An entry does what torch does, all options included, or raises `Unsupported`; an option it does not name is refused.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import gmpy2
import numpy as np
import torch

from ._carried import carried, places, ranks, whole_number_call
from ._elementary import PRESERVING, TO_BOOL, TO_FLOAT, floor, is_nan, rounded_to_even, truncated
from ._elementary import gelu as _gelu
from ._numbers import Jet, Unsupported, divide, entrywise, is_exact, magnitude, scalar
from ._precise import BOOL, FLOAT, INT, Precise, as_precise, cast, kind_of, promoted, raw
from ._rounding import refuse_in_differences
from ._torch_factories import kind_named
from ._torch_linalg import LINALG, matmul, svd, torch_svd

Function = Callable[..., Any]


# -- entry by entry
def _preserving(function: Function) -> Function:
    return lambda x: Precise(entrywise(function, raw(x)), INT if kind_of(x) == BOOL else kind_of(x))


def _to_float(function: Function) -> Function:
    return lambda x: Precise(entrywise(function, raw(x)))


def _to_bool(function: Function) -> Function:
    return lambda x: Precise(entrywise(lambda v: bool(function(v)), raw(x)), BOOL)


def _pairwise(function: Function, *, to: torch.dtype | None = None) -> Function:
    def run(a: Any, b: Any) -> Precise:
        kind = to or promoted(kind_of(a), kind_of(b))
        if kind == BOOL and to is None:
            raise Unsupported("arithmetic of booleans")
        left, right = np.broadcast_arrays(np.asarray(raw(a), object), np.asarray(raw(b), object))
        return Precise(entrywise(function, left, right), kind)

    return run


def _compared(op: Function) -> Function:
    return _pairwise(lambda a, b: bool(op(a, b)), to=BOOL)


def _add(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    return as_precise(a) + (b if alpha == 1 else as_precise(b) * alpha)


def _sub(a: Any, b: Any, *, alpha: Any = 1) -> Any:
    return as_precise(a) - (b if alpha == 1 else as_precise(b) * alpha)


def _div(a: Any, b: Any, *, rounding_mode: str | None = None) -> Any:
    if rounding_mode == "floor":
        return _floor_divide(a, b)
    if rounding_mode == "trunc":
        result = entrywise(truncated, raw(as_precise(a) / b))
        return Precise(result, promoted(kind_of(a), kind_of(b)))
    return as_precise(a) / b


def _floor_divide(a: Any, b: Any) -> Precise:
    return Precise(entrywise(_flat(floor), raw(as_precise(a) / b)), promoted(kind_of(a), kind_of(b)))


def _flat(step: Function) -> Function:
    """A step function of a number; it has no exact rate here."""

    def run(x: Any) -> Any:
        if isinstance(x, Jet):
            raise Unsupported("a step function of an exact rate")
        return step(x)

    return run


def _remainder(a: Any, b: Any) -> Any:
    return as_precise(a) - _floor_divide(a, b) * b


def _fmod(a: Any, b: Any) -> Any:
    return as_precise(a) - Precise(entrywise(_flat(truncated), raw(as_precise(a) / b))) * b


def _round(x: Any, *, decimals: int = 0) -> Precise:
    ten = scalar(10) ** decimals if decimals >= 0 else divide(1, 10**-decimals)
    return Precise(entrywise(_flat(lambda v: divide(rounded_to_even(v * ten), ten)), raw(x)), kind_of(x))


def _power(a: Any, b: Any) -> Any:
    return as_precise(a) ** b


def _where(condition: Any, *sides: Any) -> Any:
    mask = np.asarray(raw(condition)).astype(bool)
    if kind_of(condition) != BOOL:
        raise Unsupported("where on a condition that is not boolean")
    if not sides:
        return tuple(Precise(index.astype(object), INT) for index in np.nonzero(mask))
    a, b = sides
    return Precise(np.where(mask, raw(a), raw(b)), promoted(kind_of(a), kind_of(b)))


def _masked_fill(x: Any, mask: Any, value: Any) -> Precise:
    return Precise(raw(_where(mask, value, x)), kind_of(x))


def _clamp(x: Any, min: Any = None, max: Any = None) -> Any:
    for bound, choose in ((min, _larger), (max, _smaller)):
        if bound is not None:
            x = _pairwise(choose)(x, bound)
    if min is None and max is None:
        raise Unsupported("clamp without a bound")
    return x


def _larger(a: Any, b: Any) -> Any:
    return a if is_nan(a) or a > b or (a == b) else b


def _smaller(a: Any, b: Any) -> Any:
    return a if is_nan(a) or a < b or (a == b) else b


def _atan2(a: Any, b: Any) -> Any:
    return gmpy2.atan2(gmpy2.mpfr(_no_rate(a)), gmpy2.mpfr(_no_rate(b)))


def _no_rate(x: Any) -> Any:
    if isinstance(x, Jet):
        raise Unsupported("this function of an exact rate")
    return x


def _nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Precise:
    if any(not is_exact(v) and not isinstance(v, Jet) and gmpy2.is_infinite(v) for v in raw(x).flat):
        raise Unsupported("nan_to_num of infinite numbers")
    return Precise(entrywise(lambda v: scalar(nan) if is_nan(v) else v, raw(x)), kind_of(x))


# -- reductions
def _axes(dim: Any) -> Any:
    if isinstance(dim, (list, tuple)):
        return tuple(dim) or None
    return dim


def _reduced(x: Any, ufunc: Any, dim: Any, keepdim: bool, kind: torch.dtype) -> Precise:
    a = np.asarray(raw(x), dtype=object)
    if a.ndim == 0:
        return Precise(a, kind)
    axis = _axes(dim)
    if isinstance(axis, tuple):
        axis = tuple(d % a.ndim for d in axis)
    return Precise(np.asarray(ufunc.reduce(a, axis=axis, keepdims=keepdim and axis is not None), dtype=object), kind)


def _as_kind(result: Precise, dtype: Any) -> Precise:
    return result if dtype is None else Precise(cast(result.array, result.dtype, kind_named(dtype)), kind_named(dtype))


def _number_kind(x: Any) -> torch.dtype:
    return FLOAT if kind_of(x) == FLOAT else INT


def _counted(x: Any) -> Precise:
    """Booleans as whole numbers."""
    return Precise(cast(raw(x), BOOL, INT), INT) if kind_of(x) == BOOL else as_precise(x)


def _sum(x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, dtype: Any = None) -> Precise:
    dim = axis if dim is None else dim
    return _as_kind(_reduced(_counted(x), np.add, dim, keepdim, _number_kind(x)), dtype)


def _prod(x: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Precise:
    return _as_kind(_reduced(_counted(x), np.multiply, dim, keepdim, _number_kind(x)), dtype)


def _mean(x: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, dtype: Any = None) -> Precise:
    if kind_of(x) != FLOAT and dtype is None:
        raise Unsupported("a mean of whole numbers")
    total = _sum(x, dim, keepdim, axis=axis)
    count = np.size(raw(x)) // max(1, total.array.size)
    return _as_kind(Precise(entrywise(lambda v: divide(v, count), total.array)), dtype)


def _variance(
    x: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None
) -> Precise:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    a = as_precise(x)
    middle = _mean(a, dim, True) if dim is not None else _mean(a)
    total = _sum((a - middle) * (a - middle), dim, keepdim)
    count = a.array.size // max(1, total.array.size)
    less = (1 if unbiased else 0) if correction is None else correction
    return Precise(entrywise(lambda v: divide(v, count - less), total.array))


def _std(*args: Any, **options: Any) -> Precise:
    return FUNCTIONS["sqrt"](_variance(*args, **options))


def _cumulated(ufunc: Any) -> Function:
    def run(x: Any, dim: int, *, dtype: Any = None) -> Precise:
        a = np.asarray(raw(_counted(x)), dtype=object)
        result = a if a.ndim == 0 else ufunc.accumulate(a, axis=dim)
        return _as_kind(Precise(result, _number_kind(x)), dtype)

    return run


def _truths(x: Any) -> Precise:
    return Precise(cast(raw(x), kind_of(x), BOOL), BOOL)


def _all(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return whole_number_call(torch.all, (_truths(x),), {} if dim is None else {"dim": dim, "keepdim": keepdim})


def _any(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return whole_number_call(torch.any, (_truths(x),), {} if dim is None else {"dim": dim, "keepdim": keepdim})


def _count_nonzero(x: Any, dim: Any = None) -> Precise:
    return _sum(_truths(x), dim)


def _logsumexp(x: Any, dim: Any, keepdim: bool = False) -> Any:
    exp, log = FUNCTIONS["exp"], FUNCTIONS["log"]
    return log(_sum(exp(x), dim, keepdim))


def _softmax(x: Any, dim: int, dtype: Any = None) -> Any:
    powers = FUNCTIONS["exp"](x)
    return _as_kind(powers / _sum(powers, dim, True), dtype)


def _log_softmax(x: Any, dim: int, dtype: Any = None) -> Any:
    return _as_kind(as_precise(x) - _logsumexp(x, dim, True), dtype)


def _quantile(x: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Any:
    share = raw(q)
    if interpolation != "linear" or np.ndim(share) or keepdim:
        raise Unsupported("quantile beyond one linear share")
    values = FUNCTIONS["sort"](as_precise(x).reshape(-1) if dim is None else x, 0 if dim is None else dim)[0]
    values = np.moveaxis(raw(values), 0 if dim is None else dim, 0)
    place = np.asarray(share).item() * (len(values) - 1)
    low = int(floor(place))
    high = min(low + 1, len(values) - 1)
    return Precise(np.asarray(values[low] + (values[high] - values[low]) * (place - low), dtype=object))


def _diff(x: Any, n: int = 1, dim: int = -1) -> Precise:
    if kind_of(x) == BOOL:
        raise Unsupported("diff of booleans")
    return Precise(np.diff(raw(x), n=n, axis=dim), kind_of(x))


def _trace(x: Any) -> Precise:
    return Precise(np.trace(raw(_counted(x))), _number_kind(x))


def _dist(a: Any, b: Any, p: Any = 2) -> Any:
    return LINALG["vector_norm"](as_precise(a) - b, p)


# -- products
def _einsum(equation: str, *operands: Any) -> Precise:
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    return Precise(np.einsum(equation, *[raw(o) for o in operands]), promoted(*map(kind_of, operands)))


def _tensordot(a: Any, b: Any, dims: Any = 2) -> Precise:
    if isinstance(dims, (list, tuple)) and len(dims) == 2:
        dims = tuple([d] if isinstance(d, int) else list(d) for d in dims)
    return Precise(np.tensordot(raw(a), raw(b), axes=dims), promoted(kind_of(a), kind_of(b)))


def _dot(a: Any, b: Any) -> Precise:
    if np.ndim(raw(a)) != 1 or np.ndim(raw(b)) != 1:
        raise RuntimeError("1D tensors expected")
    return _sum(as_precise(a) * b)


def _inner(a: Any, b: Any) -> Precise:
    return Precise(np.inner(raw(a), raw(b)), promoted(kind_of(a), kind_of(b)))


def _outer(a: Any, b: Any) -> Precise:
    return Precise(np.multiply.outer(raw(a), raw(b)), promoted(kind_of(a), kind_of(b)))


def _addmm(x: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return as_precise(x) * beta + matmul(a, b) * alpha


def _addr(x: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return as_precise(x) * beta + _outer(a, b) * alpha


def _addcmul(x: Any, a: Any, b: Any, *, value: Any = 1) -> Any:
    return as_precise(x) + as_precise(a) * b * value


def _addcdiv(x: Any, a: Any, b: Any, *, value: Any = 1) -> Any:
    return as_precise(x) + as_precise(a) / b * value


def _lerp(a: Any, b: Any, weight: Any) -> Any:
    return as_precise(a) + (as_precise(b) - a) * weight


# -- kinds, copies, what leaves
def _to(x: Any, *targets: Any, dtype: Any = None, device: Any = None, copy: bool = False, **ignored: Any) -> Precise:
    for name in ignored:
        if name not in ("non_blocking", "memory_format"):
            raise Unsupported(f"to({name}=)")
    for target in targets:
        if isinstance(target, torch.dtype):
            dtype = target
        elif isinstance(target, (Precise, torch.Tensor)):
            dtype = target.dtype
        elif not isinstance(target, (str, torch.device)):
            raise Unsupported(f"to({target!r})")
    return _cast(x, dtype) if dtype is not None else as_precise(x)


def _cast(x: Any, dtype: Any) -> Precise:
    kind = kind_named(dtype)
    return Precise(cast(raw(x), kind_of(x), kind), kind) if kind != kind_of(x) else as_precise(x)


def _type(x: Any, dtype: Any = None) -> Any:
    if dtype is None or isinstance(dtype, str):
        raise Unsupported("type by name")
    return _cast(x, dtype)


def _clone(x: Any, *, memory_format: Any = None) -> Precise:
    return Precise(np.array(raw(x), dtype=object), kind_of(x))


def _detach(x: Any) -> Precise:
    refuse_in_differences("detach")
    return Precise(entrywise(lambda v: v.value if isinstance(v, Jet) else v, raw(x)), kind_of(x))


def _same(x: Any) -> Precise:
    return as_precise(x)


def _requires_grad(x: Any, requires_grad: bool = True) -> Precise:
    if requires_grad:
        raise Unsupported("requires_grad_")
    return as_precise(x)


def _refused(what: str) -> Function:
    def run(*_: Any, **__: Any) -> Any:
        raise Unsupported(what)

    return run


def _filled(value: int) -> Function:
    def run(x: Any, *, dtype: Any = None, device: Any = None) -> Precise:
        kind = kind_of(x) if dtype is None else kind_named(dtype)
        return Precise(cast(np.full(np.shape(raw(x)), value, dtype=object), INT, kind), kind)

    return run


def _full_like(x: Any, value: Any, *, dtype: Any = None, device: Any = None) -> Precise:
    kind = kind_of(x) if dtype is None else kind_named(dtype)
    result = np.empty(np.shape(raw(x)), dtype=object)
    result[...] = np.asarray(raw(value), dtype=object)
    return Precise(cast(result, kind_of(value), kind), kind)


def _shape(args: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (list, tuple, torch.Size)) else tuple(args)


def _new(value: int) -> Function:
    def run(x: Any, *size: Any, dtype: Any = None, device: Any = None) -> Precise:
        kind = kind_of(x) if dtype is None else kind_named(dtype)
        return Precise(cast(np.full(_shape(size), value, dtype=object), INT, kind), kind)

    return run


def _new_full(x: Any, size: Any, value: Any, *, dtype: Any = None, device: Any = None) -> Precise:
    return _full_like(Precise(np.full(tuple(size), 0, dtype=object), kind_of(x)), value, dtype=dtype)


def _new_tensor(x: Any, data: Any, *, dtype: Any = None, device: Any = None) -> Precise:
    from ._torch_factories import of_data

    return of_data(data, dtype=dtype)


def _fill(x: Any, value: Any) -> Precise:
    return _full_like(x, value)


def _fill_diagonal(x: Any, value: Any, wrap: bool = False) -> Precise:
    a = np.array(raw(x), dtype=object)
    if wrap or a.ndim < 2:
        raise Unsupported("fill_diagonal with wrap")
    diagonal = np.arange(min(a.shape))
    a[(diagonal,) * a.ndim] = np.asarray(raw(value), dtype=object).item()
    return Precise(a, kind_of(x))


def _allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    return bool(_isclose(a, b, rtol, atol, equal_nan).array.all())


def _isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Precise:
    if equal_nan:
        raise Unsupported("isclose(equal_nan=True)")
    bound = scalar(atol) + FUNCTIONS["abs"](b) * rtol
    return FUNCTIONS["abs"](as_precise(a) - b) <= bound


def _equal(a: Any, b: Any) -> bool:
    x, y = np.asarray(raw(a), dtype=object), np.asarray(raw(b), dtype=object)
    return x.shape == y.shape and all(bool(u == v) for u, v in zip(x.flat, y.flat, strict=True))


def _getitem(x: Any, key: Any) -> Any:
    return as_precise(x)[key]


def _setitem(x: Any, key: Any, value: Any) -> None:
    if not isinstance(x, Precise):
        raise Unsupported("writing exact numbers into a torch tensor made elsewhere; make it inside the conjecture")
    x[key] = value


def _view(function: Function) -> Function:
    """A change of shape that NumPy does as torch does, on the same memory: the hot ones."""
    return lambda x, *args: Precise(function(np.asarray(raw(x), dtype=object), *args), kind_of(x))


def _squeezed_range(a: np.ndarray, start_dim: int = 0, end_dim: int = -1) -> np.ndarray:
    start, end = (dim % max(a.ndim, 1) for dim in (start_dim, end_dim))
    if a.ndim == 0:
        return a.reshape(1)
    return a.reshape(*a.shape[:start], int(np.prod(a.shape[start : end + 1])), *a.shape[end + 1 :])


# Only move entries; with `data_only` whole numbers among several arrays are entries as well.
_MOVED = {
    **{
        name: getattr(torch.Tensor, name, None) or getattr(torch, name)
        for name in (
            "squeeze", "roll", "flip", "fliplr", "flipud", "rot90", "diag", "diagonal", "diag_embed",
            "diagflat", "tril", "triu", "tile", "repeat_interleave", "unbind", "split", "chunk", "tensor_split",
            "select", "narrow", "take", "gather", "index_select", "masked_select", "take_along_dim", "broadcast_to",
            "unflatten", "atleast_1d", "atleast_2d", "hsplit", "vsplit", "argwhere", "nonzero", "adjoint",
        )
    },
    **{
        name: getattr(torch.Tensor, name)
        for name in ("expand", "expand_as", "view_as", "reshape_as", "repeat", "unfold")
    },
}  # fmt: skip
_JOINED = {
    name: getattr(torch, name)
    for name in (
        "stack", "cat", "concat", "concatenate", "hstack", "vstack", "dstack", "column_stack", "block_diag", "meshgrid",
        "broadcast_tensors", "cartesian_prod",
    )
}  # fmt: skip
# Only compare entries.
_ORDERED = {
    name: getattr(torch, name)
    for name in (
        "amax", "amin", "aminmax", "argmax", "argmin", "sort", "argsort", "msort", "topk", "kthvalue", "median", "mode",
        "cummax", "cummin", "maximum", "minimum", "fmax", "fmin", "unique",
    )
}  # fmt: skip

FUNCTIONS: dict[str, Function] = {
    **{name: _preserving(function) for name, function in PRESERVING.items()},
    **{name: _to_float(function) for name, function in TO_FLOAT.items()},
    **{name: _to_bool(function) for name, function in TO_BOOL.items()},
    **LINALG,
    **{name: carried(function, places) for name, function in _MOVED.items()},
    **{name: carried(function, places, data_only=True) for name, function in _JOINED.items()},
    **{name: carried(function, ranks, data_only=True) for name, function in _ORDERED.items()},
    "max": carried(torch.max, ranks, data_only=True),
    "min": carried(torch.min, ranks, data_only=True),
    "reshape": _view(lambda a, *s: a.reshape(_shape(s))),
    "view": _view(lambda a, *s: a.reshape(_shape(s))),
    "flatten": lambda x, start_dim=0, end_dim=-1: _view(_squeezed_range)(x, start_dim, end_dim),
    "ravel": _view(lambda a: a.reshape(-1)),
    "permute": _view(lambda a, *d: np.transpose(a, _shape(d))),
    "transpose": _view(np.swapaxes),
    "swapaxes": _view(np.swapaxes),
    "swapdims": _view(np.swapaxes),
    "t": _view(lambda a: a.T if a.ndim <= 2 else _refused("t of three axes")()),
    "movedim": _view(np.moveaxis),
    "moveaxis": _view(np.moveaxis),
    "unsqueeze": lambda x, dim: _view(np.expand_dims)(x, dim),
    "svd": torch_svd,
    "linalg_svd": svd,
    "sum": _sum,
    "prod": _prod,
    "mean": _mean,
    "var": _variance,
    "std": _std,
    "nansum": _refused("nansum"),
    "cumsum": _cumulated(np.add),
    "cumprod": _cumulated(np.multiply),
    "all": _all,
    "any": _any,
    "count_nonzero": _count_nonzero,
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "quantile": _quantile,
    "diff": _diff,
    "trace": _trace,
    "dist": _dist,
    "einsum": _einsum,
    "tensordot": _tensordot,
    "dot": _dot,
    "vdot": _dot,
    "inner": _inner,
    "outer": _outer,
    "ger": _outer,
    "addmm": _addmm,
    "addmv": _addmm,
    "baddbmm": _addmm,
    "addr": _addr,
    "addcmul": _addcmul,
    "addcdiv": _addcdiv,
    "lerp": _lerp,
    "add": _add,
    "radd": lambda a, b: _add(b, a),
    "sub": _sub,
    "subtract": _sub,
    "rsub": lambda a, b, *, alpha=1: _sub(b, a, alpha=alpha),
    "mul": lambda a, b: as_precise(a) * b,
    "multiply": lambda a, b: as_precise(a) * b,
    "rmul": lambda a, b: as_precise(a) * b,
    "div": _div,
    "divide": _div,
    "true_divide": _div,
    "truediv": _div,
    "rdiv": lambda a, b: _div(b, a),
    "rtruediv": lambda a, b: _div(b, a),
    "floor_divide": _floor_divide,
    "floordiv": _floor_divide,
    "rfloordiv": lambda a, b: _floor_divide(b, a),
    "remainder": _remainder,
    "mod": _remainder,
    "rmod": lambda a, b: _remainder(b, a),
    "fmod": _fmod,
    "round": _round,
    "pow": _power,
    "power": _power,
    "float_power": lambda a, b: _cast(a, FLOAT) ** b,
    "rpow": lambda a, b: _power(b, a),
    "where": _where,
    "masked_fill": _masked_fill,
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": lambda x, min: _clamp(x, min=min),
    "clamp_max": lambda x, max: _clamp(x, max=max),
    "atan2": _pairwise(_atan2, to=FLOAT),
    "arctan2": _pairwise(_atan2, to=FLOAT),
    "hypot": _pairwise(lambda a, b: gmpy2.hypot(gmpy2.mpfr(_no_rate(a)), gmpy2.mpfr(_no_rate(b))), to=FLOAT),
    "heaviside": _pairwise(lambda a, b: 0 if a < 0 else b if a == 0 else 1),
    "copysign": _pairwise(lambda a, b: magnitude(a) if b >= 0 else -magnitude(a), to=FLOAT),
    "nan_to_num": _nan_to_num,
    "lt": _compared(operator.lt),
    "le": _compared(operator.le),
    "gt": _compared(operator.gt),
    "ge": _compared(operator.ge),
    "eq": _compared(operator.eq),
    "ne": _compared(operator.ne),
    "less": _compared(operator.lt),
    "less_equal": _compared(operator.le),
    "greater": _compared(operator.gt),
    "greater_equal": _compared(operator.ge),
    "not_equal": _compared(operator.ne),
    "equal": _equal,
    "isclose": _isclose,
    "allclose": _allclose,
    "logical_and": _compared(lambda a, b: bool(a != 0) and bool(b != 0)),
    "logical_or": _compared(lambda a, b: bool(a != 0) or bool(b != 0)),
    "logical_xor": _compared(lambda a, b: bool(a != 0) != bool(b != 0)),
    "getitem": _getitem,
    "setitem": _setitem,
    "to": _to,
    "type": _type,
    "type_as": lambda x, other: _cast(x, other.dtype),
    "double": lambda x: _cast(x, FLOAT),
    "long": lambda x: _cast(x, INT),
    "int": lambda x: _cast(x, INT),
    "bool": lambda x: _cast(x, BOOL),
    "float": _refused("float32"),
    "half": _refused("float16"),
    "bfloat16": _refused("bfloat16"),
    "clone": _clone,
    "detach": _detach,
    "requires_grad_": _requires_grad,
    "contiguous": _same,
    "cpu": _same,
    "conj": _same,
    "resolve_conj": _same,
    "zeros_like": _filled(0),
    "ones_like": _filled(1),
    "empty_like": _filled(0),
    "full_like": _full_like,
    "new_zeros": _new(0),
    "new_ones": _new(1),
    "new_empty": _new(0),
    "new_full": _new_full,
    "new_tensor": _new_tensor,
    "zero": _filled(0),
    "fill": _fill,
    "copy": lambda x, source: as_precise(source),
    "fill_diagonal": _fill_diagonal,
    "softplus": lambda x: FUNCTIONS["log1p"](FUNCTIONS["exp"](x)),
    "gelu": _to_float(_gelu),
    "silu": lambda x, inplace=False: _refused("silu in place")() if inplace else _to_float(TO_FLOAT["silu"])(x),
    "numel": lambda x: int(np.size(raw(x))),
    "is_floating_point": lambda x: kind_of(x) == FLOAT,
    "is_complex": lambda x: False,
    "is_contiguous": lambda x: True,
}  # fmt: skip


def _bitwise(function: Function) -> Function:
    return lambda *args: whole_number_call(function, tuple(_boxed(a) for a in args), {})


def _boxed(x: Any) -> Any:
    return as_precise(x) if isinstance(x, (bool, int, np.bool_, np.integer)) else x


for _name in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"):
    FUNCTIONS[_name] = _bitwise(getattr(torch, _name))
FUNCTIONS |= {"and": FUNCTIONS["bitwise_and"], "or": FUNCTIONS["bitwise_or"], "xor": FUNCTIONS["bitwise_xor"]}
FUNCTIONS |= {"rand": FUNCTIONS["and"], "ror": FUNCTIONS["or"], "rxor": FUNCTIONS["xor"]}
FUNCTIONS["invert"] = FUNCTIONS["bitwise_not"]


def whole_number_fallback(name: str, args: Any, kwargs: Any) -> Any:
    """torch's own function where nothing but whole numbers and booleans takes part.

    Raises:
        Unsupported: there is no entry for it, and numbers of many digits take part.
    """
    for room in (torch, torch.Tensor, torch.linalg, torch.special):
        function = getattr(room, name, None)
        if function is not None:
            try:
                return whole_number_call(function, args, kwargs)
            except Unsupported:
                break
    raise Unsupported(f"torch function '{name}'")
