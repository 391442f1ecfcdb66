"""Arrays of exact rationals or of 75-digit numbers that answer to torch's functions.

A conjecture is written once, with torch operations. On a `Precise` array the same operations run in high precision
(gmpy2 `mpfr`) or exactly (gmpy2 `mpq`), which is the second route by which a violation is confirmed. A function that has no entry here
raises `Unsupported`; the verdict is then INCONCLUSIVE, never REFUTED.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any

import gmpy2
import mpmath
import numpy as np
import torch

DIGITS = 75  # working digits of a second look; 50 of them survive a central difference of a rate
MORE_DIGITS = 300  # a violation must look the same here: scales like 1e-12 cancel beyond 75 digits
EXACT_TYPES = (int, type(gmpy2.mpz(0)), type(gmpy2.mpq(0)))


class Unsupported(Exception):
    """The conjecture uses an operation that has no exact or high-precision counterpart here."""


def precision(digits: int = DIGITS) -> AbstractContextManager[Any]:
    """A context in which `mpfr` numbers carry `digits` decimal digits and a huge exponent range."""
    bits = math.ceil(digits * math.log2(10))
    return gmpy2.context(gmpy2.get_context(), precision=bits, emax=10**9, emin=-(10**9))


def current_digits() -> int:
    """Decimal digits of the precision in force."""
    return int(gmpy2.get_context().precision / math.log2(10))


def mpf_to_mpfr(number: mpmath.mpf) -> Any:
    """Convert an mpmath number exactly (up to the current gmpy2 precision)."""
    sign, mantissa, exponent, _ = number._mpf_
    value = (
        gmpy2.mul_2exp(gmpy2.mpfr(int(mantissa)), exponent)
        if exponent >= 0
        else gmpy2.div_2exp(gmpy2.mpfr(int(mantissa)), -exponent)
    )
    return -value if sign else value


def mpfr_to_mpf(number: Any) -> mpmath.mpf:
    mantissa, exponent = gmpy2.mpfr(number).as_mantissa_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


class Jet:
    """value + rate * epsilon with epsilon^2 = 0: exact forward differentiation of polynomials in exact rationals."""

    __slots__ = ("rate", "value")

    def __init__(self, value: Any, rate: Any) -> None:
        self.value, self.rate = value, rate

    @staticmethod
    def _split(other: Any) -> tuple[Any, Any]:
        return (other.value, other.rate) if isinstance(other, Jet) else (other, 0)

    def __add__(self, other: Any) -> Jet:
        value, rate = Jet._split(other)
        return Jet(self.value + value, self.rate + rate)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Jet:
        value, rate = Jet._split(other)
        return Jet(self.value - value, self.rate - rate)

    def __rsub__(self, other: Any) -> Jet:
        return -self + other

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.rate)

    def __mul__(self, other: Any) -> Jet:
        value, rate = Jet._split(other)
        return Jet(self.value * value, self.rate * value + self.value * rate)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Jet:
        value, rate = Jet._split(other)
        return Jet(divide(self.value, value), divide(self.rate * value - self.value * rate, value * value))

    def __rtruediv__(self, other: Any) -> Jet:
        return Jet(other, 0) / self

    def __pow__(self, power: Any) -> Jet:
        power = _whole(power)
        if power == 0:
            return Jet(self.value**0, 0)
        return Jet(_power(self.value, power), power * _power(self.value, power - 1) * self.rate)


def divide(a: Any, b: Any) -> Any:
    """a / b that stays exact for whole numbers."""
    if b == 0:
        raise ZeroDivisionError("division by zero in exact arithmetic")
    return gmpy2.mpq(a) / b if isinstance(a, EXACT_TYPES) and isinstance(b, EXACT_TYPES) else a / b


def _whole(power: Any) -> int:
    if int(power) != power:
        raise Unsupported(f"power {power} of an exact number")
    return int(power)


def _exact(number: Any) -> bool:
    return isinstance(number, EXACT_TYPES)


def _power(base: Any, power: Any) -> Any:
    if isinstance(base, Jet):
        return base**power
    if _exact(base):
        whole = _whole(power)
        return base**whole if whole >= 0 else divide(1, base**-whole)
    if power == int(power):
        return base ** int(power)
    return base ** gmpy2.mpfr(power)


def _elementary(name: str) -> Callable[[Any], Any]:
    function = getattr(gmpy2, name)

    def apply(x: Any) -> Any:
        if isinstance(x, Jet):
            raise Unsupported(f"{name} of an exact rate")
        if not _exact(x):
            return function(x)
        if name == "sqrt" and x >= 0:
            q = gmpy2.mpq(x)
            if gmpy2.is_square(q.numerator) and gmpy2.is_square(q.denominator):
                return gmpy2.mpq(gmpy2.isqrt(q.numerator), gmpy2.isqrt(q.denominator))
        if name in ("exp", "sin", "tanh", "sinh") and x == 0:
            return 1 if name == "exp" else 0
        raise Unsupported(f"{name} of an exact number")

    return apply


def _sign_aware_abs(x: Any) -> Any:
    if isinstance(x, Jet):
        if x.value == 0 and x.rate != 0:
            raise Unsupported("absolute value at zero has no rate")
        return x if x.value >= 0 else -x
    return abs(x)


ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    **{
        name: _elementary(name)
        for name in (
            "sqrt",
            "exp",
            "log",
            "log2",
            "log10",
            "log1p",
            "expm1",
            "sin",
            "cos",
            "tan",
            "tanh",
            "sinh",
            "cosh",
            "atan",
        )
    },
    "abs": _sign_aware_abs,
    "absolute": _sign_aware_abs,
    "square": lambda x: x * x,
    "reciprocal": lambda x: divide(1, x),
    "neg": operator.neg,
    "negative": operator.neg,
    "sign": lambda x: (x > 0) - (x < 0),
    "rsqrt": lambda x: divide(1, _elementary("sqrt")(x)),
    "relu": lambda x: x if x > 0 else x * 0,
}


def _map(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)


def _raw(x: Any) -> Any:
    """The object array (or plain value) behind x; a torch tensor's doubles are taken at their exact value."""
    if isinstance(x, Precise):
        return x.array
    if isinstance(x, torch.Tensor):
        x = x.detach().cpu().numpy()
    if isinstance(x, np.ndarray) and x.dtype != object:
        if x.dtype.kind in "bi":
            return x.astype(object)
        return _map(lambda v: gmpy2.mpq(int(v)) if float(v).is_integer() else gmpy2.mpfr(v), x)
    return x


def _scalar(x: Any) -> Any:
    """A Python number as it enters arithmetic.

    A float that is the double nearest to a simple fraction is that fraction: an author who writes 2 / 5 or 0.4 means
    two fifths, and the rounding of the constant must not look like a violation in 75 digits.
    """
    if isinstance(x, bool):
        return int(x)
    if isinstance(x, float):
        if not math.isfinite(x):
            return gmpy2.mpfr(x)
        simple = Fraction(x).limit_denominator(100_000)
        return gmpy2.mpq(simple.numerator, simple.denominator) if float(simple) == x else gmpy2.mpfr(x)
    if isinstance(x, (np.integer,)):
        return int(x)
    if isinstance(x, np.floating):
        return _scalar(float(x))
    return x


def _axes(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, (list, tuple)) else dim


class Precise:
    """An object array with torch's vocabulary.

    Arguments:
        array: NumPy array of dtype object holding `mpfr`, `mpq`/`int` or `Jet` elements, any shape.
    """

    __slots__ = ("array",)
    __array_priority__ = 1000
    requires_grad = False

    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array, dtype=object)

    # -- what a tensor tells of itself
    @property
    def shape(self) -> torch.Size:
        return torch.Size(self.array.shape)

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def dtype(self) -> torch.dtype:
        return torch.float64

    @property
    def T(self) -> Precise:
        return Precise(self.array.T)

    @property
    def mT(self) -> Precise:
        return Precise(np.swapaxes(self.array, -1, -2))

    def dim(self) -> int:
        return self.array.ndim

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.array.shape[dim]

    def numel(self) -> int:
        return self.array.size

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Precise]:
        return (Precise(row) for row in self.array)

    def __getitem__(self, key: Any) -> Precise:
        convert = lambda k: (
            k.array.astype(bool) if isinstance(k, Precise) else (k.numpy() if isinstance(k, torch.Tensor) else k)
        )  # noqa: E731
        return Precise(self.array[tuple(convert(k) for k in key) if isinstance(key, tuple) else convert(key)])

    def item(self) -> Any:
        return self.array.item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __repr__(self) -> str:
        return f"Precise({self.array!r})"

    def floats(self) -> np.ndarray:
        """The values rounded to float64."""
        return (
            np.vectorize(lambda x: float(x.value if isinstance(x, Jet) else x), otypes=[float])(self.array)
            if self.array.size
            else np.zeros(self.array.shape)
        )

    # -- arithmetic
    def _binary(self, other: Any, op: Callable[[Any, Any], Any], swap: bool = False) -> Precise:
        other = _raw(_scalar(other))
        if isinstance(other, (list, tuple)):
            return NotImplemented
        a, b = (other, self.array) if swap else (self.array, other)
        return Precise(np.asarray(op(a, b), dtype=object))

    def __add__(self, o: Any) -> Precise:
        return self._binary(o, operator.add)

    __radd__ = __add__

    def __sub__(self, o: Any) -> Precise:
        return self._binary(o, operator.sub)

    def __rsub__(self, o: Any) -> Precise:
        return self._binary(o, operator.sub, swap=True)

    def __mul__(self, o: Any) -> Precise:
        return self._binary(o, operator.mul)

    __rmul__ = __mul__

    def __truediv__(self, o: Any) -> Precise:
        return self._binary(
            o, lambda a, b: _map(divide, *np.broadcast_arrays(np.asarray(a, object), np.asarray(b, object)))
        )

    def __rtruediv__(self, o: Any) -> Precise:
        return self._binary(
            o, lambda a, b: _map(divide, *np.broadcast_arrays(np.asarray(a, object), np.asarray(b, object))), swap=True
        )

    def __pow__(self, o: Any) -> Precise:
        return self._binary(
            o, lambda a, b: _map(_power, *np.broadcast_arrays(np.asarray(a, object), np.asarray(b, object)))
        )

    def __rpow__(self, o: Any) -> Precise:
        return self._binary(
            o, lambda a, b: _map(_power, *np.broadcast_arrays(np.asarray(a, object), np.asarray(b, object))), swap=True
        )

    def __matmul__(self, o: Any) -> Precise:
        return Precise(np.matmul(self.array, _raw(o)))

    def __rmatmul__(self, o: Any) -> Precise:
        return Precise(np.matmul(_raw(o), self.array))

    def __neg__(self) -> Precise:
        return Precise(-self.array)

    def __abs__(self) -> Precise:
        return Precise(_map(_sign_aware_abs, self.array))

    def __lt__(self, o: Any) -> Precise:
        return self._binary(o, operator.lt)

    def __le__(self, o: Any) -> Precise:
        return self._binary(o, operator.le)

    def __gt__(self, o: Any) -> Precise:
        return self._binary(o, operator.gt)

    def __ge__(self, o: Any) -> Precise:
        return self._binary(o, operator.ge)

    def __eq__(self, o: object) -> Precise:  # type: ignore[override]
        return self._binary(o, operator.eq)

    def __ne__(self, o: object) -> Precise:  # type: ignore[override]
        return self._binary(o, operator.ne)

    __hash__ = None  # type: ignore[assignment]

    def __and__(self, o: Any) -> Precise:
        return self._binary(o, lambda a, b: _map(lambda x, y: bool(x) and bool(y), *np.broadcast_arrays(a, b)))

    def __or__(self, o: Any) -> Precise:
        return self._binary(o, lambda a, b: _map(lambda x, y: bool(x) or bool(y), *np.broadcast_arrays(a, b)))

    def __invert__(self) -> Precise:
        return Precise(_map(operator.not_, self.array))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in FUNCTIONS or name in ELEMENTWISE:
            return lambda *args, **kwargs: call(name, self, *args, **kwargs)
        raise Unsupported(f"tensor method '{name}'")

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return call(getattr(func, "__name__", str(func)).removeprefix("linalg_"), *args, **(kwargs or {}))


def call(name: str, *args: Any, **kwargs: Any) -> Any:
    """Run torch's function `name` on arrays of exact or high-precision numbers.

    Raises:
        Unsupported: there is no counterpart of that function.
    """
    if name in ELEMENTWISE:
        return Precise(_map(ELEMENTWISE[name], _raw(args[0])))
    if name not in FUNCTIONS:
        raise Unsupported(f"torch function '{name}'")
    given = {key: value for key, value in kwargs.items() if value is not None and key not in ("out", "dtype")}
    try:
        return FUNCTIONS[name](*args, **given)
    except TypeError as error:  # an option of torch's that is not offered here
        raise Unsupported(f"torch function '{name}': {error}") from error


def _total(a: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
    return np.asarray(
        np.add.reduce(a, axis=axis if axis is None or isinstance(axis, int) else tuple(axis), keepdims=keepdims),
        dtype=object,
    )


def _sum(x: Any, dim: Any = None, keepdim: bool = False, axis: Any = None, dtype: Any = None) -> Precise:
    return Precise(_total(_raw(x), _axes(dim if dim is not None else axis), keepdim))


def _mean(x: Any, dim: Any = None, keepdim: bool = False) -> Precise:
    total = _sum(x, dim, keepdim)
    return total / (np.size(_raw(x)) // max(1, total.array.size))


def _prod(x: Any, dim: Any = None, keepdim: bool = False) -> Precise:
    return Precise(np.asarray(np.multiply.reduce(_raw(x), axis=dim, keepdims=keepdim), dtype=object))


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def run(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        if isinstance(dim, (Precise, torch.Tensor)):
            return Precise(_map(lambda a, b: choose((a, b)), *np.broadcast_arrays(_raw(x), _raw(dim))))
        a = _raw(x)
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
    return Precise(np.maximum.reduce(_raw(x), axis=None if dim in ((), []) else _axes(dim), keepdims=keepdim))


def _amin(x: Any, dim: Any = (), keepdim: bool = False) -> Precise:
    return Precise(np.minimum.reduce(_raw(x), axis=None if dim in ((), []) else _axes(dim), keepdims=keepdim))


def _norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, p: Any = None, **_: Any) -> Precise:  # noqa: A002
    order = p if p is not None else ord
    if order in ("fro", None):
        order = 2
    a = _raw(x)
    if order == 2:
        return Precise(_map(ELEMENTWISE["sqrt"], _total(_map(lambda v: v * v, a), _axes(dim), keepdim)))
    magnitude = _map(_sign_aware_abs, a)
    if order in (math.inf, "inf"):
        return Precise(np.maximum.reduce(magnitude, axis=_axes(dim), keepdims=keepdim))
    if order == 1:
        return Precise(_total(magnitude, _axes(dim), keepdim))
    if order == 0:
        return Precise(_total(_map(lambda v: int(v != 0), a), _axes(dim), keepdim))
    return Precise(_total(_map(lambda v: _power(v, order), magnitude), _axes(dim), keepdim)) ** _scalar(1 / order)


def _matrix(x: Any) -> mpmath.matrix:
    a = _raw(x)
    if a.ndim != 2:
        raise Unsupported("a batch of matrices in high precision")
    if any(isinstance(v, Jet) for v in a.flat):
        raise Unsupported("singular values of an exact rate")
    if all(_exact(v) for v in a.flat):
        raise Unsupported("singular values of an exact matrix")
    return mpmath.matrix([[mpfr_to_mpf(v) for v in row] for row in a])


def _from_mpmath(values: Any) -> np.ndarray:
    return np.array([mpf_to_mpfr(mpmath.mpf(v)) for v in values], dtype=object)


def _svdvals(x: Any) -> Precise:
    matrix = _matrix(x)
    if 0 in (matrix.rows, matrix.cols):
        return Precise([])
    with mpmath.workprec(gmpy2.get_context().precision):
        tall = matrix if matrix.rows >= matrix.cols else matrix.T
        return Precise(_from_mpmath(mpmath.svd_r(tall, compute_uv=False)))


def _matrix_norm(x: Any, ord: Any = "fro", **_: Any) -> Precise:  # noqa: A002
    if ord == "fro":
        return _norm(x)
    values = _svdvals(x)
    return values[0] if ord == 2 else values.sum()


def _eigvalsh(x: Any) -> Precise:
    with mpmath.workprec(gmpy2.get_context().precision):
        return Precise(np.sort(_from_mpmath(mpmath.eigsy(_matrix(x), eigvals_only=True))))


def _eigh(x: Any, **_: Any) -> tuple[Precise, Precise]:
    with mpmath.workprec(gmpy2.get_context().precision):
        values, vectors = mpmath.eigsy(_matrix(x))
        return Precise(_from_mpmath(values)), Precise(_from_rows(vectors))


def _svd(x: Any, full_matrices: bool = True, **_: Any) -> tuple[Precise, Precise, Precise]:
    matrix = _matrix(x)
    if full_matrices and matrix.rows != matrix.cols:
        raise Unsupported("a full singular value decomposition; use full_matrices=False")
    with mpmath.workprec(gmpy2.get_context().precision):
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
    return Precise(np.einsum(equation, *[_raw(o) for o in operands]))


def _shape(args: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], (list, tuple, torch.Size)) else tuple(args)


def _where(condition: Any, a: Any, b: Any) -> Precise:
    mask = np.asarray(_raw(condition)).astype(bool)
    return Precise(np.where(mask, _raw(_scalar(a)), _raw(_scalar(b))))


def _diagonal(x: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Precise:
    return Precise(np.diagonal(_raw(x), offset, dim1, dim2))


def _diff(x: Any, n: int = 1, dim: int = -1) -> Precise:
    return Precise(np.diff(_raw(x), n=n, axis=dim))


def _clamp(x: Any, min: Any = None, max: Any = None) -> Precise:  # noqa: A002
    a = _raw(x)
    if min is not None:
        a = _map(lambda v: v if v > min else v * 0 + _scalar(min), a)
    if max is not None:
        a = _map(lambda v: v if v < max else v * 0 + _scalar(max), a)
    return Precise(a)


def _sort(x: Any, dim: int = -1, descending: bool = False) -> _Extreme:
    a = _raw(x)
    index = np.argsort(a, axis=dim, kind="stable")
    index = np.flip(index, axis=dim) if descending else index
    return _Extreme(Precise(np.take_along_axis(a, index, dim)), torch.as_tensor(index.copy()))


def _like(value: int) -> Callable[..., Precise]:
    return lambda x, **_: Precise(np.full(np.shape(_raw(x)), value, dtype=object))


def _stack(arrays: Any, dim: int = 0) -> Precise:
    return Precise(np.stack([np.asarray(_raw(a), dtype=object) for a in arrays], axis=dim))


def _cat(arrays: Any, dim: int = 0) -> Precise:
    return Precise(np.concatenate([np.asarray(_raw(a), dtype=object) for a in arrays], axis=dim))


def _same(x: Any, *_: Any, **__: Any) -> Any:
    return x


def _tensordot(a: Any, b: Any, dims: Any = 2) -> Precise:
    return Precise(np.tensordot(_raw(a), _raw(b), axes=dims))


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
    "matmul": lambda a, b: Precise(np.matmul(_raw(a), _raw(b))),
    "mm": lambda a, b: Precise(np.matmul(_raw(a), _raw(b))),
    "bmm": lambda a, b: Precise(np.matmul(_raw(a), _raw(b))),
    "mv": lambda a, b: Precise(np.matmul(_raw(a), _raw(b))),
    "dot": lambda a, b: _sum(Precise(_raw(a)) * b),
    "inner": lambda a, b: Precise(np.inner(_raw(a), _raw(b))),
    "vdot": lambda a, b: _sum(Precise(_raw(a)) * b),
    "outer": lambda a, b: Precise(np.multiply.outer(_raw(a), _raw(b))),
    "add": lambda a, b: Precise(_raw(a)) + b,
    "sub": lambda a, b: Precise(_raw(a)) - b,
    "subtract": lambda a, b: Precise(_raw(a)) - b,
    "rsub": lambda a, b: Precise(_raw(b)) - a,
    "mul": lambda a, b: Precise(_raw(a)) * b,
    "multiply": lambda a, b: Precise(_raw(a)) * b,
    "div": lambda a, b: Precise(_raw(a)) / b,
    "divide": lambda a, b: Precise(_raw(a)) / b,
    "true_divide": lambda a, b: Precise(_raw(a)) / b,
    "pow": lambda a, b: Precise(_raw(a)) ** b if isinstance(a, (Precise, torch.Tensor)) else b.__rpow__(a),
    "reshape": lambda x, *s: Precise(_raw(x).reshape(_shape(s))),
    "view": lambda x, *s: Precise(_raw(x).reshape(_shape(s))),
    "flatten": lambda x, start_dim=0, end_dim=-1: Precise(_raw(x).reshape(_raw(x).shape[:start_dim] + (-1,))),
    "ravel": lambda x: Precise(_raw(x).reshape(-1)),
    "permute": lambda x, *d: Precise(np.transpose(_raw(x), _shape(d))),
    "transpose": lambda x, a, b: Precise(np.swapaxes(_raw(x), a, b)),
    "swapaxes": lambda x, a, b: Precise(np.swapaxes(_raw(x), a, b)),
    "t": lambda x: Precise(_raw(x).T),
    "movedim": lambda x, s, d: Precise(np.moveaxis(_raw(x), s, d)),
    "moveaxis": lambda x, s, d: Precise(np.moveaxis(_raw(x), s, d)),
    "unsqueeze": lambda x, dim: Precise(np.expand_dims(_raw(x), dim)),
    "squeeze": lambda x, dim=None: Precise(np.squeeze(_raw(x), axis=dim)),
    "flip": lambda x, *d: Precise(np.flip(_raw(x), axis=_shape(d))),
    "stack": _stack,
    "cat": _cat,
    "concat": _cat,
    "concatenate": _cat,
    "diag": lambda x, diagonal=0: Precise(np.diag(_raw(x), diagonal)),
    "trace": lambda x: Precise(np.trace(_raw(x))),
    "cumsum": lambda x, dim: Precise(np.add.accumulate(_raw(x), axis=dim)),
    "cumprod": lambda x, dim: Precise(np.multiply.accumulate(_raw(x), axis=dim)),
    "diff": _diff,
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": lambda x, min: _clamp(x, min=min),
    "sort": _sort,
    "argmax": lambda x, dim=None: torch.as_tensor(np.argmax(_raw(x), axis=dim)),
    "argmin": lambda x, dim=None: torch.as_tensor(np.argmin(_raw(x), axis=dim)),
    "argsort": lambda x, dim=-1, descending=False: _sort(x, dim, descending)[1],
    "zeros_like": _like(0),
    "ones_like": _like(1),
    "expand": lambda x, *s: Precise(np.broadcast_to(_raw(x), _shape(s))),
    "broadcast_to": lambda x, s: Precise(np.broadcast_to(_raw(x), tuple(s))),
    "all": lambda x: Precise(all(bool(v) for v in _raw(x).flat)),
    "any": lambda x: Precise(any(bool(v) for v in _raw(x).flat)),
    "isnan": lambda x: Precise(_map(lambda v: v != v, _raw(x))),
    "triu": lambda x, diagonal=0: Precise(
        np.triu(np.ones(_raw(x).shape, dtype=int), diagonal).astype(object) * _raw(x)
    ),
    "tril": lambda x, diagonal=0: Precise(
        np.tril(np.ones(_raw(x).shape, dtype=int), diagonal).astype(object) * _raw(x)
    ),
    "clone": _same,
    "detach": _same,
    "contiguous": _same,
    "to": _same,
    "double": _same,
    "cpu": _same,
    "lt": lambda a, b: Precise(_raw(a)) < b,
    "le": lambda a, b: Precise(_raw(a)) <= b,
    "gt": lambda a, b: Precise(_raw(a)) > b,
    "ge": lambda a, b: Precise(_raw(a)) >= b,
    "eq": lambda a, b: Precise(_raw(a)) == b,
    "ne": lambda a, b: Precise(_raw(a)) != b,
    "tolist": lambda x: x.floats().tolist(),
    "numel": lambda x: _raw(x).size,
    "count_nonzero": lambda x, dim=None: _sum(Precise(_map(lambda v: int(v != 0), _raw(x))), dim),
}
