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

    @abstractmethod
    def exp(self, values: Array) -> Array:
        """Entrywise exponential function."""

    @abstractmethod
    def log(self, values: Array) -> Array:
        """Entrywise natural logarithm."""

    @abstractmethod
    def solve(self, matrix: Array, right: Array) -> Array:
        """Some X with matrix @ X = right; where the square matrix is singular, one if there is any."""

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

    def exp(self, values: Array) -> Array:
        return np.asarray(np.exp(values))

    def log(self, values: Array) -> Array:
        return np.asarray(np.log(values))

    def solve(self, matrix: Array, right: Array) -> Array:
        return np.asarray(np.linalg.lstsq(matrix, right, rcond=1e-11)[0])

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

    def exp(self, values: Array) -> Array:
        return np.asarray(np.frompyfunc(mpmath.exp, 1, 1)(values), dtype=object)

    def log(self, values: Array) -> Array:
        return np.asarray(np.frompyfunc(mpmath.log, 1, 1)(values), dtype=object)

    def solve(self, matrix: Array, right: Array) -> Array:
        columns = right.reshape(len(right), -1)
        whole = np.concatenate([matrix, columns], axis=1)
        size, result = len(matrix), columns * 0
        nothing = max((abs(x) for x in matrix.flat), default=0) * mpmath.sqrt(self.eps)
        rows: list[tuple[int, int]] = []
        for k in range(size):  # Gauss with the largest pivot of a column; a column without one keeps the unknown at 0
            place = len(rows)
            if place == size:
                break
            pivot = place + int(np.argmax([abs(x) for x in whole[place:, k]]))
            if abs(whole[pivot, k]) <= nothing:
                whole[:, k] = whole[:, k] * 0
                continue
            whole[[place, pivot]] = whole[[pivot, place]]
            whole[place] = whole[place] / whole[place, k]
            for row in range(size):
                if row != place and whole[row, k] != 0:
                    whole[row] = whole[row] - whole[row, k] * whole[place]
            rows.append((place, k))
        for place, k in rows:
            result[k] = whole[place, size:]
        return np.asarray(result.reshape(right.shape))

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
