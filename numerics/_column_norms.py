"""The convex part of the induced regularizer: best column norms for fixed column directions, with a certificate."""

from dataclasses import dataclass

import numpy as np

from numerics._errors import NotConverged

Array = np.ndarray
CERTIFIED = 1e-10  # rounding may stop the descent above `tolerance`; a relative gap above this is no minimum


@dataclass(frozen=True)
class ColumnNorms:
    """Solution of the geometric program of (15).

    Attributes:
        value: primal objective, an upper bound on the minimum.
        gap: value minus a dual feasible value; the minimum is at most this far below `value`.
        norms: s^(n) of every mode, 0 for slices of T that are zero.
        core: G = T / product of the norms.
        residual: largest |squared slice norm of G - s^{2/K}|, which is 0 at the minimum.
    """

    value: float
    gap: float
    norms: tuple[Array, ...]
    core: Array
    residual: float


def column_norms(T: Array, depth: int, *, tolerance: float = 1e-13, iterations: int = 200) -> ColumnNorms:
    """min over s of 1/2 sum_i T_i^2 / prod_n (s^(n)_{i_n})^2 + K/2 sum_n sum_r (s^(n)_r)^{2/K}; Source: (15).

    Convex in x = log s: damped Newton. The terms mu_i = T_i^2/2 e^{-2 sum x} at any point, with nu_{n,r} = K times
    their slice sums, are feasible for the dual, whose value bounds the minimum from below.

    Arguments:
        depth: K >= 1.
        tolerance: of the duality gap relative to the value.

    Raises:
        NotConverged: the gap that is left exceeds CERTIFIED (or `tolerance`, if larger) times the value.
    """
    order = T.ndim
    kept = [np.flatnonzero((T != 0).any(axis=tuple(m for m in range(order) if m != n))) for n in range(order)]
    if not kept[0].size:
        return ColumnNorms(0.0, 0.0, tuple(np.zeros(size) for size in T.shape), np.zeros_like(T), 0.0)
    scale = float(abs(T).max())
    squares = (T[np.ix_(*kept)] / scale) ** 2 / 2
    sizes = squares.shape
    edges = np.cumsum([0, *sizes])
    marginals = [np.sqrt(2 * _slice_sums(squares, n)) for n in range(order)]
    x = np.concatenate([np.log(norms) for norms in marginals]) * depth / (1 + order * depth)
    value, gap, polished = np.inf, np.inf, False
    for _ in range(iterations):
        mu = squares * np.exp(-2 * _outer_sum(x, sizes, edges))
        sums = np.concatenate([_slice_sums(mu, n) for n in range(order)])
        nu = depth / 2 * np.exp(2 / depth * x)
        value = float(mu.sum() + nu.sum())
        gap = value - _dual(squares, mu, sums, depth)
        if polished:
            break
        gradient = -2 * sums + 2 / depth * nu
        direction = -np.linalg.solve(_hessian(mu, sums, nu, depth, edges), gradient)
        if gap <= tolerance * value:  # one more full step: the gap is quadratic in the distance, the norms are not
            x, polished = x + direction, True
            continue
        slope = float(gradient @ direction)
        step = 1.0
        while step > 1e-12:
            ahead = x + step * direction
            trial = float(
                (squares * np.exp(-2 * _outer_sum(ahead, sizes, edges))).sum()
                + depth / 2 * np.exp(2 / depth * ahead).sum()
            )
            if trial <= value + 1e-4 * step * slope:
                break
            step /= 2
        else:
            break  # rounding: no further decrease can be seen
        x = ahead
    if not gap <= max(tolerance, CERTIFIED) * value:  # a gap that is not a number is no certificate either
        raise NotConverged("the best column norms of (15)", iterations, gap / value)
    # back to the scale of T: s is homogeneous of degree K/(1 + NK), the value of degree 2/(1 + NK)
    degree = 1 + order * depth
    norms = [np.zeros(size) for size in T.shape]
    for n, index in enumerate(kept):
        norms[n][index] = np.exp(x[edges[n] : edges[n + 1]]) * scale ** (depth / degree)
    divisor = np.ones(())
    for n in range(order):
        divisor = np.multiply.outer(divisor, np.where(norms[n] > 0, norms[n], 1.0))
    core = T / divisor
    residual = max(
        float(abs(_slice_sums(core**2, n) - norms[n] ** (2 / depth))[norms[n] > 0].max()) for n in range(order)
    )
    factor = scale ** (2 / degree)
    return ColumnNorms(value * factor, gap * factor, tuple(norms), core, residual)


def _slice_sums(values: Array, mode: int) -> Array:
    return values.sum(axis=tuple(m for m in range(values.ndim) if m != mode))


def _outer_sum(x: Array, sizes: tuple[int, ...], edges: Array) -> Array:
    total = np.zeros(())
    for n in range(len(sizes)):
        total = np.add.outer(total, x[edges[n] : edges[n + 1]])
    return total


def _dual(squares: Array, mu: Array, sums: Array, depth: int) -> float:
    """Value of the dual of the geometric program at mu and nu = K * slice sums."""
    present = mu > 0
    entries = float((mu[present] * (np.log(squares[present] / mu[present]) + 1)).sum())
    nu = depth * sums[sums > 0]
    return entries + float((nu * (np.log(depth / 2 / nu) + 1)).sum())


def _hessian(mu: Array, sums: Array, nu: Array, depth: int, edges: Array) -> Array:
    order = mu.ndim
    H = np.diag(4 * sums + 4 / depth**2 * nu)
    for n in range(order):
        for m in range(n + 1, order):
            pair = 4 * mu.sum(axis=tuple(k for k in range(order) if k not in (n, m)))
            H[edges[n] : edges[n + 1], edges[m] : edges[m + 1]] = pair
            H[edges[m] : edges[m + 1], edges[n] : edges[n + 1]] = pair.T
    return H
