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

from ._numbers import ELEMENTWISE, Jet, Unsupported, divide, entrywise, magnitude, power, scalar


def raw(x: Any) -> Any:
    """The object array (or plain value) behind x; a torch tensor's doubles are taken at their exact value."""
    if isinstance(x, Precise):
        return x.array
    if isinstance(x, torch.Tensor):
        x = x.detach().cpu().numpy()
    if isinstance(x, np.ndarray) and x.dtype != object:
        if x.dtype.kind in "bi":
            return x.astype(object)
        return entrywise(lambda v: gmpy2.mpq(int(v)) if float(v).is_integer() else gmpy2.mpfr(v), x)
    return x


def _index(key: Any) -> Any:
    if isinstance(key, Precise):
        return key.array.astype(bool)
    return key.numpy() if isinstance(key, torch.Tensor) else key


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
        return Precise(self.array[tuple(map(_index, key)) if isinstance(key, tuple) else _index(key)])

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
        other = raw(scalar(other))
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
            o, lambda a, b: entrywise(divide, *np.broadcast_arrays(np.asarray(a, object), np.asarray(b, object)))
        )

    def __rtruediv__(self, o: Any) -> Precise:
        return self._binary(
            o,
            lambda a, b: entrywise(divide, *np.broadcast_arrays(np.asarray(a, object), np.asarray(b, object))),
            swap=True,
        )

    def __pow__(self, o: Any) -> Precise:
        return self._binary(
            o, lambda a, b: entrywise(power, *np.broadcast_arrays(np.asarray(a, object), np.asarray(b, object)))
        )

    def __rpow__(self, o: Any) -> Precise:
        return self._binary(
            o,
            lambda a, b: entrywise(power, *np.broadcast_arrays(np.asarray(a, object), np.asarray(b, object))),
            swap=True,
        )

    def __matmul__(self, o: Any) -> Precise:
        return Precise(np.matmul(self.array, raw(o)))

    def __rmatmul__(self, o: Any) -> Precise:
        return Precise(np.matmul(raw(o), self.array))

    def __neg__(self) -> Precise:
        return Precise(-self.array)

    def __abs__(self) -> Precise:
        return Precise(entrywise(magnitude, self.array))

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
        return self._binary(o, lambda a, b: entrywise(lambda x, y: bool(x) and bool(y), *np.broadcast_arrays(a, b)))

    def __or__(self, o: Any) -> Precise:
        return self._binary(o, lambda a, b: entrywise(lambda x, y: bool(x) or bool(y), *np.broadcast_arrays(a, b)))

    def __invert__(self) -> Precise:
        return Precise(entrywise(operator.not_, self.array))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: call(name, self, *args, **kwargs)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return call(_name(func), *args, **(kwargs or {}))


def _name(function: Any) -> str:
    """A function's name in the table; only linalg.norm differs from its namesake, torch.norm."""
    name = getattr(function, "__name__", str(function))
    return name if name == "linalg_norm" else name.removeprefix("linalg_")


def call(name: str, *args: Any, **kwargs: Any) -> Any:
    """Run torch's function `name` on arrays of exact or high-precision numbers.

    Raises:
        Unsupported: there is no counterpart of that function.
    """
    from ._torch_functions import FUNCTIONS  # the table needs the class

    if name in ELEMENTWISE:
        return Precise(entrywise(ELEMENTWISE[name], raw(args[0])))
    if name not in FUNCTIONS:
        raise Unsupported(f"torch function '{name}'")
    given = {key: value for key, value in kwargs.items() if value is not None and key not in ("out", "dtype")}
    try:
        return FUNCTIONS[name](*args, **given)
    except TypeError as error:  # an option of torch's that is not offered here
        raise Unsupported(f"torch function '{name}': {error}") from error
