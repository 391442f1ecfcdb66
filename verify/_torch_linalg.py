"""Linear algebra on arrays of exact or high-precision numbers: elimination stays exact, spectra come from mpmath."""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import gmpy2
import mpmath
import numpy as np

from ._elementary import root, sign
from ._numbers import Jet, Unsupported, divide, entrywise, is_exact, magnitude, mpf_to_mpfr, mpfr_to_mpf, power, scalar
from ._precise import INT, Precise, promoted, raw
from ._precise import kind_of as kind
from ._rounding import irrational

EPS = 2.0**-52  # torch's default tolerances are float64's, whatever the digits here

SVD = namedtuple("SVD", "U S Vh")
EIGH = namedtuple("EIGH", "eigenvalues eigenvectors")
QR = namedtuple("QR", "Q R")
SLOGDET = namedtuple("SLOGDET", "sign logabsdet")
LSTSQ = namedtuple("LSTSQ", "solution residuals rank singular_values")


def _matrix(x: Any, what: str) -> mpmath.matrix:
    a = np.asarray(raw(x), dtype=object)
    if a.ndim != 2:
        raise Unsupported(f"{what} of an array with {a.ndim} axes")
    if any(isinstance(v, Jet) for v in a.flat):
        raise Unsupported(f"{what} of an exact rate")
    if all(is_exact(v) for v in a.flat):
        irrational(what)
    return mpmath.matrix([[mpfr_to_mpf(v) for v in row] for row in a]) if a.size else mpmath.matrix(*a.shape)


def _numbers(values: Any) -> np.ndarray:
    return np.array([mpf_to_mpfr(mpmath.mpf(v)) for v in values], dtype=object)


def _rows(matrix: Any) -> np.ndarray:
    return np.array([_numbers(row) for row in matrix.tolist()], dtype=object).reshape(matrix.rows, matrix.cols)


def _in_digits(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **options: Any) -> Any:
        with mpmath.workprec(gmpy2.get_context().precision):
            return function(*args, **options)

    return run


def batched(function: Callable[..., Any], axes: int = 2) -> Callable[..., Any]:
    """The function over all leading axes of its first argument; its results (one or a named tuple) are stacked."""

    def run(x: Any, *args: Any, **options: Any) -> Any:
        a = np.asarray(raw(x), dtype=object)
        if a.ndim < axes:
            raise Unsupported(f"an array with {a.ndim} axes where a matrix is wanted")
        if a.ndim == axes:
            return function(x, *args, **options)
        lead = a.shape[:-axes]
        parts = [function(Precise(a[index]), *args, **options) for index in np.ndindex(*lead)]
        if not parts:
            raise Unsupported("linear algebra on an empty batch")

        def joined(rows: list[Any]) -> Precise:
            arrays = [np.asarray(raw(row), dtype=object) for row in rows]
            return Precise(np.stack(arrays).reshape(*lead, *arrays[0].shape), kind(rows[0]))

        if isinstance(parts[0], tuple):
            return type(parts[0])(*(joined([part[i] for part in parts]) for i in range(len(parts[0]))))
        return joined(parts)

    return run


@batched
@_in_digits
def svdvals(x: Any) -> Precise:
    matrix = _matrix(x, "singular values")
    if 0 in (matrix.rows, matrix.cols):
        return Precise([])
    tall = matrix if matrix.rows >= matrix.cols else matrix.T
    return Precise(_numbers(mpmath.svd_r(tall, compute_uv=False)))


@batched
@_in_digits
def svd(x: Any, full_matrices: bool = True) -> SVD:
    matrix = _matrix(x, "a singular value decomposition")
    if full_matrices and matrix.rows != matrix.cols:
        raise Unsupported("a full singular value decomposition; use full_matrices=False")
    if matrix.rows >= matrix.cols:
        left, values, right = mpmath.svd_r(matrix)
    else:
        right, values, left = mpmath.svd_r(matrix.T)
        left, right = left.T, right.T
    return SVD(Precise(_rows(left)), Precise(_numbers(values)), Precise(_rows(right)))


def torch_svd(x: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """torch.svd, whose third part is V, not its transpose."""
    if not compute_uv:
        raise Unsupported("torch.svd without vectors; use torch.linalg.svdvals")
    left, values, right = svd(x, full_matrices=not some)
    return left, values, right.mT


def _symmetric(x: Any, uplo: str, what: str) -> mpmath.matrix:
    """LAPACK reads one triangle only."""
    a = np.asarray(raw(x), dtype=object)
    if uplo not in ("L", "U"):
        raise Unsupported(f"UPLO={uplo!r}")
    one = np.tril(np.ones(a.shape, dtype=bool)) if uplo == "L" else np.triu(np.ones(a.shape, dtype=bool))
    return _matrix(Precise(np.where(one, a, a.T)), what)


@batched
@_in_digits
def eigvalsh(x: Any, UPLO: str = "L") -> Precise:
    values = mpmath.eigsy(_symmetric(x, UPLO, "eigenvalues"), eigvals_only=True)
    return Precise(np.sort(_numbers(values)))


@batched
@_in_digits
def eigh(x: Any, UPLO: str = "L") -> EIGH:
    values, vectors = mpmath.eigsy(_symmetric(x, UPLO, "eigenvectors"))
    order = np.argsort(_numbers(values), kind="stable")
    return EIGH(Precise(_numbers(values)[order]), Precise(_rows(vectors)[:, order]))


def _square(x: Any) -> np.ndarray:
    a = np.array(raw(x), dtype=object)
    if a.shape[0] != a.shape[1]:
        raise Unsupported("a matrix that is not square")
    return a


def _value(x: Any) -> Any:
    return abs(x.value) if isinstance(x, Jet) else abs(x)


def _eliminated(a: np.ndarray, b: np.ndarray | None) -> tuple[Any, np.ndarray | None, bool]:
    """Gauss with row pivots: (determinant, solution of a x = b, whether a is singular); exact where the entries are."""
    n, determinant = len(a), 1
    a, b = a.copy(), None if b is None else b.copy()
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: _value(a[i, k]))
        if a[pivot, k] == 0:
            return 0, None, True
        if pivot != k:
            a[[k, pivot]] = a[[pivot, k]]
            if b is not None:
                b[[k, pivot]] = b[[pivot, k]]
            determinant = -determinant
        determinant = determinant * a[k, k]
        for i in range(n):
            if i != k and (i > k or b is not None) and not (is_exact(a[i, k]) and a[i, k] == 0):
                factor = divide(a[i, k], a[k, k])
                a[i] = a[i] - factor * a[k]
                if b is not None:
                    b[i] = b[i] - factor * b[k]
    if b is not None:
        for k in range(n):
            b[k] = entrywise(lambda v, p=a[k, k]: divide(v, p), b[k])
    return determinant, b, False


@batched
def det(x: Any) -> Precise:
    return Precise(_eliminated(_square(x), None)[0])


@batched
def slogdet(x: Any) -> SLOGDET:
    value = raw(det(x)).item()
    size = _elementary_log(abs(value)) if value != 0 else -gmpy2.inf()
    return SLOGDET(Precise(sign(value)), Precise(size))


def logdet(x: Any) -> Precise:
    return Precise(entrywise(_elementary_log, raw(det(x))))


def _elementary_log(v: Any) -> Any:
    if isinstance(v, Jet):
        raise Unsupported("a logarithm of an exact rate")
    if is_exact(v):
        if v == 1:
            return 0
        irrational("log")
    return gmpy2.log(gmpy2.mpfr(v))


@batched
def inv(x: Any) -> Precise:
    a = _square(x)
    _, result, singular = _eliminated(a, np.eye(len(a), dtype=int).astype(object))
    if singular:
        raise np.linalg.LinAlgError("the matrix is singular")
    return Precise(result)


def solve(x: Any, b: Any, *, left: bool = True) -> Precise:
    a, right = np.asarray(raw(x), dtype=object), np.asarray(raw(b), dtype=object)
    if not left:
        return solve(Precise(np.swapaxes(a, -1, -2)), Precise(np.swapaxes(right, -1, -2))).mT
    vector = right.ndim == 1 or (right.ndim == a.ndim - 1 and right.shape == a.shape[:-1])
    if vector:
        right = right[..., None]
    lead = np.broadcast_shapes(a.shape[:-2], right.shape[:-2])
    a, right = np.broadcast_to(a, (*lead, *a.shape[-2:])), np.broadcast_to(right, (*lead, *right.shape[-2:]))
    result = np.empty(right.shape, dtype=object)
    for index in np.ndindex(*lead):
        _, solved, singular = _eliminated(_square(Precise(a[index])), np.array(right[index], dtype=object))
        if singular:
            raise np.linalg.LinAlgError("the matrix is singular")
        result[index] = solved
    return Precise(result[..., 0] if vector else result)


@batched
def matrix_rank(x: Any, *, atol: float | None = None, rtol: float | None = None, hermitian: bool = False) -> Precise:
    if hermitian:
        raise Unsupported("matrix_rank(hermitian=True)")
    values, shape = raw(svdvals(x)), np.shape(raw(x))
    relative = rtol if rtol is not None else (0 if atol else EPS * max(shape))
    floor = max(scalar(atol or 0), gmpy2.mpfr(relative) * values[0]) if len(values) else 0
    return Precise(sum(int(v > floor) for v in values), INT)


@batched
def pinv(x: Any, *, atol: float | None = None, rtol: float | None = None, hermitian: bool = False) -> Precise:
    if hermitian:
        raise Unsupported("pinv(hermitian=True)")
    left, values, right = svd(x, full_matrices=False)
    s, shape = raw(values), np.shape(raw(x))
    relative = rtol if rtol is not None else (0 if atol else EPS * max(shape))
    floor = max(scalar(atol or 0), gmpy2.mpfr(relative) * s[0]) if len(s) else 0
    inverse = entrywise(lambda v: 1 / v if v > floor else gmpy2.mpfr(0), s)
    return Precise((raw(right).T * inverse) @ raw(left).T)


def lstsq(x: Any, b: Any, rcond: float | None = None) -> LSTSQ:
    if rcond is not None or np.ndim(raw(x)) != 2:
        raise Unsupported("lstsq with rcond or of a batch")
    a, right = raw(x), raw(b)
    gram = a.T @ a
    _, solved, singular = _eliminated(gram, a.T @ (right if right.ndim == 2 else right[:, None]))
    if singular or solved is None or len(a) < a.shape[1]:
        raise Unsupported("least squares without full column rank")
    return LSTSQ(Precise(solved if right.ndim == 2 else solved[:, 0]), None, None, None)


@batched
def qr(x: Any, mode: str = "reduced") -> QR:
    """Householder's, with LAPACK's signs."""
    if mode not in ("reduced", "complete"):
        raise Unsupported(f"qr(mode={mode!r})")
    r = np.array(raw(x), dtype=object)
    m, n = r.shape
    q = np.eye(m, dtype=int).astype(object)
    for k in range(min(m - 1, n)):
        tail = r[k:, k].copy()
        if all(v == 0 for v in tail[1:]):
            continue
        length = root(sum(v * v for v in tail))
        tail[0] = tail[0] + (length if tail[0] >= 0 else -length)
        square = sum(v * v for v in tail)
        for matrix in (r, q):
            matrix[k:] = matrix[k:] - np.multiply.outer(
                entrywise(lambda v, s=square: divide(2 * v, s), tail), tail @ matrix[k:]
            )
    k = m if mode == "complete" else min(m, n)
    upper = np.triu(np.ones(r.shape, dtype=int)).astype(object) * r
    return QR(Precise(q.T[:, :k]), Precise(upper[:k]))


@batched
def cholesky(x: Any, upper: bool = False) -> Precise:
    a = _square(x)
    n = len(a)
    factor = np.zeros((n, n), dtype=int).astype(object)
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j] - sum(factor[i, k] * factor[j, k] for k in range(j))
            if i == j and not rest > 0:
                raise np.linalg.LinAlgError("the matrix is not positive definite")
            factor[i, j] = root(rest) if i == j else divide(rest, factor[j, j])
    return Precise(factor.T if upper else factor)


@batched
def matrix_power(x: Any, n: int) -> Precise:
    base = raw(inv(x)) if n < 0 else _square(x)
    result = np.eye(len(base), dtype=int).astype(object)
    for _ in range(abs(n)):
        result = result @ base
    return Precise(result)


@batched
@_in_digits
def matrix_exp(x: Any) -> Precise:
    return Precise(_rows(mpmath.expm(_matrix(x, "a matrix exponential"))))


def _axes(dim: Any, ndim: int) -> tuple[int, ...]:
    given = range(ndim) if dim is None else (dim if isinstance(dim, (list, tuple)) else (dim,))
    axes = tuple(int(d) % max(ndim, 1) for d in given)
    if any(not -max(ndim, 1) <= int(d) < max(ndim, 1) for d in given):
        raise IndexError(f"dimension out of range: {dim}")
    return axes


def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False) -> Precise:
    a = np.asarray(raw(x), dtype=object)
    axes = _axes(dim if not (isinstance(dim, (list, tuple)) and not dim) else None, a.ndim)
    if ord in ("inf", "-inf"):
        ord = float(ord)
    if isinstance(ord, str):
        raise Unsupported(f"a vector norm of order {ord!r}")

    def total(values: np.ndarray) -> np.ndarray:
        add: Any = np.add
        return np.asarray(add.reduce(values, axis=axes, keepdims=keepdim), dtype=object)

    if a.ndim == 0:
        axes = ()
    if ord == 2:
        return Precise(entrywise(root, total(a * a)))
    sizes = entrywise(magnitude, a)
    if ord in (math.inf, -math.inf):
        best: Any = np.maximum if ord > 0 else np.minimum
        return Precise(np.asarray(best.reduce(sizes, axis=axes, keepdims=keepdim), dtype=object))
    if ord == 1:
        return Precise(total(sizes))
    if ord == 0:
        return Precise(total(entrywise(lambda v: int(v != 0), a)))
    order = scalar(ord)
    return Precise(entrywise(lambda v: power(v, divide(1, order)), total(entrywise(lambda v: power(v, order), sizes))))


def matrix_norm(x: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False) -> Precise:
    a = np.asarray(raw(x), dtype=object)
    rows, columns = _axes(dim, a.ndim)
    if ord == "fro":
        return vector_norm(x, 2, (rows, columns), keepdim)
    b = np.moveaxis(a, (rows, columns), (-2, -1))
    if ord in (1, -1, math.inf, -math.inf):
        sums = np.add.reduce(entrywise(magnitude, b), axis=-2 if abs(ord) == 1 else -1)
        result = np.asarray((np.maximum if ord > 0 else np.minimum).reduce(sums, axis=-1), dtype=object)
    elif ord in ("nuc", 2, -2):
        values = raw(svdvals(Precise(b)))
        result = np.add.reduce(values, axis=-1) if ord == "nuc" else values[..., 0 if ord == 2 else -1]
        result = np.asarray(result, dtype=object)
    else:
        raise Unsupported(f"a matrix norm of order {ord!r}")
    for axis in sorted((rows, columns)) if keepdim else ():
        result = np.expand_dims(result, axis)
    return Precise(result)


def linalg_norm(x: Any, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Precise:
    """torch.linalg.norm: with an order and a matrix it is a matrix norm, not the norm of the entries."""
    ndim = np.ndim(raw(x))
    if ord is None:
        return vector_norm(x, 2, dim, keepdim)
    if isinstance(dim, (list, tuple)) and len(dim) == 2:
        return matrix_norm(x, ord, tuple(dim), keepdim)
    if dim is None and ndim == 2:
        return matrix_norm(x, ord, (0, 1), keepdim)
    if dim is None and ndim != 1:
        raise Unsupported(f"torch.linalg.norm with ord={ord!r} of {ndim} axes")
    return vector_norm(x, ord, dim, keepdim)


def norm(x: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False) -> Precise:
    """torch.norm: of the entries, whatever the shape; "nuc" alone is a matrix norm."""
    if p == "nuc":
        return matrix_norm(x, "nuc", (-2, -1) if dim is None else dim, keepdim)
    return vector_norm(x, 2 if p in ("fro", None) else p, dim, keepdim)


@batched
def cond(x: Any, p: Any = None) -> Precise:
    if p in (None, 2, -2):
        values = raw(svdvals(x))
        big, small = values[0], values[-1]
        return Precise(divide(big, small) if p != -2 else divide(small, big))
    return matrix_norm(x, p) * matrix_norm(inv(x), p)


def matmul(a: Any, b: Any) -> Precise:
    return Precise(np.matmul(raw(a), raw(b)), promoted(kind(a), kind(b)))


def multi_dot(matrices: Any) -> Precise:
    result = matrices[0]
    for matrix in matrices[1:]:
        result = matmul(result, matrix)
    return result


def cross(a: Any, b: Any, dim: int = -1) -> Precise:
    x, y = (np.moveaxis(part, dim, 0) for part in np.broadcast_arrays(raw(a), raw(b)))
    result = [x[(i + 1) % 3] * y[(i + 2) % 3] - x[(i + 2) % 3] * y[(i + 1) % 3] for i in range(3)]
    return Precise(np.moveaxis(np.array(result, dtype=object).reshape(x.shape), 0, dim))


def kron(a: Any, b: Any) -> Precise:
    x, y = np.asarray(raw(a), dtype=object), np.asarray(raw(b), dtype=object)
    ndim = max(x.ndim, y.ndim)
    x, y = (v.reshape((1,) * (ndim - v.ndim) + v.shape) for v in (x, y))
    product = np.multiply.outer(x, y).transpose([axis for n in range(ndim) for axis in (n, ndim + n)])
    return Precise(product.reshape([i * j for i, j in zip(x.shape, y.shape, strict=True)]), promoted(kind(a), kind(b)))


LINALG: dict[str, Callable[..., Any]] = {
    "svdvals": svdvals, "svd": svd, "eigvalsh": eigvalsh, "eigh": eigh, "det": det, "slogdet": slogdet,
    "logdet": logdet, "inv": inv, "inverse": inv, "solve": solve, "matrix_rank": matrix_rank, "pinv": pinv,
    "pinverse": pinv, "lstsq": lstsq, "qr": qr, "cholesky": cholesky, "matrix_power": matrix_power,
    "matrix_exp": matrix_exp,
    "vector_norm": vector_norm, "matrix_norm": matrix_norm, "linalg_norm": linalg_norm, "norm": norm, "cond": cond,
    "multi_dot": multi_dot, "cross": cross, "kron": kron, "matmul": matmul, "mm": matmul, "bmm": matmul, "mv": matmul,
    "rmatmul": lambda a, b: matmul(b, a),
}  # fmt: skip
