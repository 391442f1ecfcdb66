"""Two kinds of numbers a start can be built in: float64 arrays, and object arrays of mpmath numbers."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, final

import mpmath
import numpy as np

Array = np.ndarray


class Arithmetic(ABC):
    """The few operations on real NumPy arrays that need to know the kind of number."""

    @abstractmethod
    def array(self, values: Any) -> Array:
        """`values` as an array of this arithmetic (a copy)."""

    @abstractmethod
    def sqrt(self, values: Array) -> Array:
        """Entrywise square root."""

    @abstractmethod
    def svd(self, matrix: Array) -> tuple[Array, Array, Array]:
        """Thin singular value decomposition U, s, V^T."""

    @property
    @abstractmethod
    def eps(self) -> Any:
        """Relative rounding unit."""

    def precision(self) -> AbstractContextManager[Any]:
        """Within it, operators on arrays of this arithmetic round to its precision."""
        return nullcontext()

    def norm(self, values: Array, axes: tuple[int, ...] | None = None) -> Array:
        """Frobenius norm over `axes` (all by default), kept as an array."""
        return self.sqrt(np.asarray((values * values).sum(axis=axes)))


@final
@dataclass(frozen=True)
class Float64(Arithmetic):
    """NumPy float64."""

    def array(self, values: Any) -> Array:
        return np.array(values, dtype=np.float64)

    def sqrt(self, values: Array) -> Array:
        return np.asarray(np.sqrt(values))

    def svd(self, matrix: Array) -> tuple[Array, Array, Array]:
        return np.linalg.svd(matrix, full_matrices=False)

    @property
    def eps(self) -> float:
        return float(np.finfo(np.float64).eps)


@final
@dataclass(frozen=True)
class MP(Arithmetic):
    """Object arrays of mpmath numbers with `digits` decimal digits."""

    digits: int = 50

    def precision(self) -> AbstractContextManager[Any]:
        return mpmath.workdps(self.digits)

    def array(self, values: Any) -> Array:
        return np.array(np.frompyfunc(_to_mpf, 1, 1)(np.array(values)), dtype=object)

    def sqrt(self, values: Array) -> Array:
        return np.asarray(np.frompyfunc(mpmath.sqrt, 1, 1)(values), dtype=object)

    def svd(self, matrix: Array) -> tuple[Array, Array, Array]:
        if matrix.shape[0] < matrix.shape[1]:
            U, s, Vt = self.svd(matrix.T)
            return Vt.T, s, U.T
        U, s, Vt = mpmath.mp.svd_r(mpmath.matrix(matrix.tolist()), full_matrices=False)
        return _from_matrix(U), np.array(list(s), dtype=object), _from_matrix(Vt)

    @property
    def eps(self) -> Any:
        return mpmath.mpf(10) ** (-self.digits)


def _to_mpf(value: Any) -> Any:
    """Exact conversion: floats and fractions keep their value (a fraction up to the working precision)."""
    if hasattr(value, "numerator") and hasattr(value, "denominator"):
        return mpmath.mpf(int(value.numerator)) / int(value.denominator)
    return mpmath.mpf(value)


def _from_matrix(matrix: Any) -> Array:
    return np.array(matrix.tolist(), dtype=object).reshape(matrix.rows, matrix.cols)


FLOAT64 = Float64()
