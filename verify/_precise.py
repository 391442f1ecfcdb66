"""Arrays of exact rationals or of 75-digit numbers that answer to torch's functions.

A conjecture is written once, with torch operations. On a `Precise` array the same operations run in high precision
(gmpy2 `mpfr`) or exactly (gmpy2 `mpq`), which is the second route by which a violation is confirmed. A function
without an entry in `_torch_functions` raises `Unsupported`; the verdict is then INCONCLUSIVE, never REFUTED.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import gmpy2
import numpy as np
import torch

from ._elementary import floor, is_infinite, is_nan, rounded_to_even, truncated
from ._numbers import Jet, Unsupported, divide, entrywise, power, scalar
from ._rounding import leave, refuse_in_differences, rounded

FLOAT, INT, BOOL = torch.float64, torch.int64, torch.bool
WHOLE = frozenset((torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8))


def raw(x: Any) -> Any:
    """The object array (or plain number) behind x; torch's, NumPy's and Python's floats as `scalar` reads them."""
    if isinstance(x, Precise):
        return x.array
    if isinstance(x, torch.Tensor):
        kind_of(x)  # refuses what is neither float64 nor whole
        with torch._C.DisableTorchFunction():
            x = x.detach().cpu().numpy()
    if isinstance(x, np.ndarray) and x.dtype != object:
        if x.dtype.kind in "biu":
            return x.astype(object)
        return entrywise(lambda v: scalar(float(v)), x)
    return scalar(x)


def kind_of(x: Any) -> torch.dtype:
    """What torch would make of x: FLOAT, INT or BOOL.

    Raises:
        Unsupported: a float32 or complex operand, or something that is no number.
    """
    if isinstance(x, Precise):
        return x.dtype
    if isinstance(x, (bool, np.bool_)):
        return BOOL
    if isinstance(x, torch.Tensor):
        if x.dtype in (FLOAT, BOOL):
            return x.dtype
        if x.dtype in WHOLE:
            return INT
        raise Unsupported(f"a {str(x.dtype).removeprefix('torch.')} operand")
    if isinstance(x, np.ndarray) and x.dtype != object:
        if x.dtype.kind in "biu" or x.dtype == np.float64:
            return {"b": BOOL, "i": INT, "u": INT, "f": FLOAT}[x.dtype.kind]
        raise Unsupported(f"a {x.dtype} operand")
    return INT if isinstance(x, (int, np.integer)) else FLOAT


def promoted(*kinds: torch.dtype) -> torch.dtype:
    """The kind of a result of operands of these kinds."""
    return FLOAT if FLOAT in kinds else INT if INT in kinds else BOOL


def as_precise(x: Any) -> Precise:
    """x as an array of exact numbers."""
    return x if isinstance(x, Precise) else Precise(raw(x), kind_of(x))


def cast(array: Any, source: torch.dtype, target: torch.dtype) -> np.ndarray:
    """The entries of an array of one kind as another kind takes them: towards zero for INT, != 0 for BOOL."""
    if target == source or (source == INT and target == FLOAT):
        return np.asarray(array, dtype=object)
    if target == BOOL:
        return entrywise(lambda v: bool(v != 0), array)
    return entrywise(int if source == BOOL else _towards_zero, array)


def _towards_zero(x: Any) -> int:
    x = x.value if isinstance(x, Jet) else x
    if is_nan(x) or is_infinite(x) or abs(x) >= 2**63:
        raise Unsupported("a whole number out of what is none, or beyond 64 bits")
    return int(truncated(x))


def _index(key: Any) -> Any:
    """One part of an index as NumPy takes it."""
    if isinstance(key, Precise):
        if key.dtype == FLOAT:
            raise IndexError("tensors used as indices must hold whole numbers or booleans")
        key = key.array.astype(bool if key.dtype == BOOL else np.int64)
    elif isinstance(key, torch.Tensor):
        if kind_of(key) == FLOAT:
            raise IndexError("tensors used as indices must hold whole numbers or booleans")
        with torch._C.DisableTorchFunction():
            key = key.numpy()
    elif isinstance(key, (list, range)):
        parts = [_index(k) for k in key]
        key = np.asarray(parts) if parts else np.zeros(0, dtype=np.int64)
    if isinstance(key, np.ndarray) and key.ndim == 0 and key.dtype != bool:
        return int(key)
    return key


def _key(key: Any) -> tuple[Any, ...]:
    """An index as NumPy takes it; one entry is a view too, as in torch."""
    parts = tuple(_index(part) for part in key) if isinstance(key, tuple) else (_index(key),)
    basic = not any(part is Ellipsis or isinstance(part, (np.ndarray, bool, np.bool_)) for part in parts)
    return (*parts, Ellipsis) if basic else parts


def _divided(a: Any, b: Any) -> np.ndarray:
    return entrywise(divide, *np.broadcast_arrays(np.asarray(a, object), np.asarray(b, object)))


def _powered(a: Any, b: Any) -> np.ndarray:
    return entrywise(power, *np.broadcast_arrays(np.asarray(a, object), np.asarray(b, object)))


class Precise:
    """An object array with torch's vocabulary.

    Arguments:
        array: NumPy array of dtype object holding `mpfr`, `mpq`/`int` or `Jet` elements, any shape.
        dtype: FLOAT, or INT or BOOL where torch would have such a tensor.
    """

    __slots__ = ("array", "dtype")
    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]
    requires_grad = False
    is_sparse = is_quantized = is_cuda = False
    grad_fn = grad = None
    is_leaf = True
    device = torch.device("cpu")

    def __init__(self, array: Any, dtype: torch.dtype = FLOAT) -> None:
        self.array = np.asarray(array, dtype=object)
        self.dtype = dtype

    # -- what a tensor tells of itself
    @property
    def shape(self) -> torch.Size:
        return torch.Size(self.array.shape)

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def T(self) -> Precise:
        return Precise(self.array.T, self.dtype)

    @property
    def mT(self) -> Precise:
        return Precise(np.swapaxes(self.array, -1, -2), self.dtype)

    H = mH = mT

    @property
    def real(self) -> Precise:
        return self

    @property
    def data(self) -> Precise:
        return call("detach", self)

    def dim(self) -> int:
        return self.array.ndim

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.array.shape[dim]

    def numel(self) -> int:
        return self.array.size

    nelement, ndimension = numel, dim

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Precise]:
        return (self[i] for i in range(len(self.array)))

    def __getitem__(self, key: Any) -> Precise:
        return Precise(self.array[_key(key)], self.dtype)

    # -- changing in place
    def protected(self) -> Precise:
        """This array, made unchangeable: an engine's own, and every view of it."""
        self.array.flags.writeable = False
        return self

    def _writable(self) -> np.ndarray:
        if not self.array.flags.writeable:
            raise Unsupported("changing in place what the conjecture was given or what shares its memory; use clone()")
        return self.array

    def __setitem__(self, key: Any, value: Any) -> None:
        self._writable()[_key(key)] = cast(raw(value), kind_of(value), self.dtype)

    def overwrite(self, result: Any, *, casting: bool = False) -> Precise:
        """Take the values of a result of the same shape; only `copy_` and `fill_` may change their kind."""
        result = as_precise(result)
        if promoted(result.dtype, self.dtype) != self.dtype and not casting:
            raise Unsupported(f"a {result.dtype} result written into a {self.dtype} array")
        if np.broadcast_shapes(result.array.shape, self.array.shape) != self.array.shape:
            raise Unsupported("a result of another shape written in place")
        self._writable()[...] = cast(result.array, result.dtype, self.dtype)
        return self

    # -- what leaves exact arithmetic
    def _leaving(self, how: str) -> None:
        if self.dtype == FLOAT:
            refuse_in_differences(how)
            leave(how)

    def item(self) -> Any:
        """The number itself, a boolean or whole number of Python's, or an array of one entry that keeps its digits."""
        if self.array.size != 1:
            raise RuntimeError(f"a tensor with {self.array.size} elements cannot be converted to a number")
        entry = self.array.item()
        if self.dtype != FLOAT:
            return bool(entry) if self.dtype == BOOL else int(entry)
        refuse_in_differences("item")
        return Precise(entry.value if isinstance(entry, Jet) else entry)

    def tolist(self) -> Any:
        return self.item() if self.array.ndim == 0 else [row.tolist() for row in self]

    def _number(self) -> Any:
        entry = self.array.item()
        return entry.value if isinstance(entry, Jet) else entry

    def __float__(self) -> float:
        self._leaving("float(x)")
        return rounded(float(self._number())) if self.dtype == FLOAT else float(self._number())

    def __int__(self) -> int:
        refuse_in_differences("int") if self.dtype == FLOAT else None
        return int(truncated(self._number()))

    __trunc__ = __int__

    def __floor__(self) -> int:
        return int(floor(self._number()))

    def __ceil__(self) -> int:
        return -int(floor(-self._number()))

    def __round__(self, digits: int | None = None) -> Any:
        return int(rounded_to_even(self._number())) if digits is None else call("round", self, decimals=digits)

    def __index__(self) -> int:
        if self.dtype == FLOAT:
            raise TypeError("only whole numbers can be an index")
        return int(self.array.item())

    def __bool__(self) -> bool:
        return bool(self.array.item())

    def numpy(self, **options: Any) -> np.ndarray:
        if options:
            raise Unsupported(f"numpy({', '.join(options)})")
        if self.dtype != FLOAT:
            return self.array.astype(bool if self.dtype == BOOL else np.int64)
        self._leaving("x.numpy()")
        return np.asarray(np.vectorize(rounded, otypes=[float])(self.floats()) if self.array.size else self.floats())

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self.numpy(), dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            raise Unsupported(f"NumPy's {ufunc.__name__}.{method}")
        return call(ufunc.__name__, *inputs)

    def __format__(self, form: str) -> str:
        return format(float(self.floats()), form) if self.array.ndim == 0 and form else repr(self)

    def __repr__(self) -> str:
        return f"Precise({self.array!r})"

    def floats(self) -> np.ndarray:
        """The values rounded to float64; infinite where they are too large for it."""
        return (
            np.vectorize(lambda x: float(gmpy2.mpfr(x.value if isinstance(x, Jet) else x)), otypes=[float])(self.array)
            if self.array.size
            else np.zeros(self.array.shape)
        )

    # -- arithmetic
    def _binary(self, other: Any, op: Callable[[Any, Any], Any], swap: bool = False) -> Any:
        if other.__class__ is Precise:
            b, kind = other.array, other.dtype
        elif other is None or isinstance(other, (list, tuple, str)):
            return NotImplemented
        else:
            b, kind = raw(other), kind_of(other)
        result = op(b, self.array) if swap else op(self.array, b)
        kind = FLOAT if FLOAT in (kind, self.dtype) else promoted(kind, self.dtype)
        if kind == BOOL:
            if op is operator.sub:
                raise Unsupported("subtracting booleans")
            result = entrywise(bool, result)
        return Precise(result, kind)

    def _compare(self, other: Any, op: Callable[[Any, Any], Any]) -> Any:
        if other is None or isinstance(other, (list, tuple, str)):
            return NotImplemented
        return Precise(op(self.array, raw(other)), BOOL)

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
        return Precise(_divided(self.array, raw(o)))

    def __rtruediv__(self, o: Any) -> Precise:
        return Precise(_divided(raw(o), self.array))

    def __pow__(self, o: Any, modulus: None = None) -> Precise:
        kind = promoted(self.dtype, kind_of(o))
        exponent = raw(o)
        if kind != FLOAT and any(e < 0 for e in np.asarray(exponent, dtype=object).flat):
            raise Unsupported("a negative power of whole numbers")
        return Precise(_powered(self.array, exponent), kind)

    def __rpow__(self, o: Any) -> Precise:
        return as_precise(o) ** self

    def __matmul__(self, o: Any) -> Precise:
        return Precise(np.matmul(self.array, raw(o)), promoted(self.dtype, kind_of(o)))

    def __rmatmul__(self, o: Any) -> Precise:
        return as_precise(o) @ self

    def __neg__(self) -> Precise:
        return call("neg", self)

    def __pos__(self) -> Precise:
        return self

    def __abs__(self) -> Precise:
        return call("abs", self)

    def __lt__(self, o: Any) -> Precise:
        return self._compare(o, operator.lt)

    def __le__(self, o: Any) -> Precise:
        return self._compare(o, operator.le)

    def __gt__(self, o: Any) -> Precise:
        return self._compare(o, operator.gt)

    def __ge__(self, o: Any) -> Precise:
        return self._compare(o, operator.ge)

    def __eq__(self, o: object) -> Precise:  # type: ignore[override]
        return self._compare(o, operator.eq)

    def __ne__(self, o: object) -> Precise:  # type: ignore[override]
        return self._compare(o, operator.ne)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: call(name, self, *args, **kwargs)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return call(_name(func), *args, **(kwargs or {}))


def _operator(name: str, swap: bool = False) -> Callable[[Any, Any], Any]:
    def run(self: Precise, other: Any) -> Any:
        return call(name, other, self) if swap else call(name, self, other)

    return run


def _in_place(name: str) -> Callable[[Any, Any], Any]:
    def run(self: Precise, other: Any) -> Precise:
        return self.overwrite(call(name, self, other))

    return run


for _word, _function in {
    "floordiv": "floor_divide", "mod": "remainder", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
}.items():  # fmt: skip
    setattr(Precise, f"__{_word}__", _operator(_function))
    setattr(Precise, f"__r{_word}__", _operator(_function, swap=True))
    setattr(Precise, f"__i{_word}__", _in_place(_function))
for _word, _function in {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "pow"}.items():
    setattr(Precise, f"__i{_word}__", _in_place(_function))
setattr(Precise, "__invert__", lambda self: call("bitwise_not", self))  # noqa: B010


def _name(function: Any) -> str:
    """A function's name in the table; only linalg.norm and linalg.svd differ from their namesakes."""
    name = getattr(function, "__name__", str(function))
    return name if name in ("linalg_norm", "linalg_svd") else name.strip("_") if name.startswith("__") else _plain(name)


def _plain(name: str) -> str:
    return name.removeprefix("linalg_").removeprefix("special_")


def call(name: str, *args: Any, **kwargs: Any) -> Any:
    """Run torch's function `name` on arrays of exact or high-precision numbers.

    An option that is None is not given: None is what torch's functions have where they may be left alone.

    Raises:
        Unsupported: there is no counterpart of that function, or of an option.
    """
    from ._torch_functions import FUNCTIONS, whole_number_fallback  # the table needs the class

    given = {key: value for key, value in kwargs.items() if value is not None}
    try:
        if name in FUNCTIONS:
            return FUNCTIONS[name](*args, **given)
        if name.endswith("_") and name[:-1] in FUNCTIONS:
            if not isinstance(args[0], Precise):
                raise Unsupported(f"'{name}' of exact numbers into a torch tensor made elsewhere")
            return args[0].overwrite(FUNCTIONS[name[:-1]](*args, **given))
        return whole_number_fallback(name, args, given)
    except TypeError as error:  # an option of torch's that is not offered here
        raise Unsupported(f"torch function '{name}': {error}") from error


__all__ = ["BOOL", "FLOAT", "INT", "Precise", "as_precise", "call", "cast", "gmpy2", "kind_of", "promoted", "raw"]
