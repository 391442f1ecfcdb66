"""The induced regularizer R_K(W): least squared norm of all factorizations of W, minimised over frames too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from numerics._column_norms import ColumnNorms, column_norms
from numerics._errors import NotConverged, UsageError

Array = np.ndarray
STATIONARY = 1e-5  # of `frame_residual`; the value errs by its square, BFGS ends near 1e-9 unless W is badly scaled


@dataclass(frozen=True)
class Representation:
    """A cheapest factorization found. Source: (15).

    Attributes:
        value: R_K(W), an upper bound: exact for these frames up to `gap`.
        gap: duality gap of the convex problem over column norms.
        frame_residual: largest entry of T_(n) E_(n)^T - E_(n) T_(n)^T over the modes, relative to the value, which is
            0 where the frames are stationary (E is the derivative in T). The problem over frames is not convex:
            that a better stationary point exists is not excluded, only made unlikely by several starts.
        core, factors: G and U^(n) (I_n, rank), with W = G x_n U^(n).
    """

    value: float
    gap: float
    frame_residual: float
    core: Array
    factors: tuple[Array, ...]


def representation_cost(W: Any, depth: int, *, starts: int = 3, seed: int = 0) -> Representation:
    """R_K(W) = min 1/2 ||G||^2 + K/2 sum ||u_r^(n)||^{2/K} over W = G x_n U^(n); Source: (15).

    Columns are taken orthonormal up to their norms, in the column spaces of the unfoldings.

    Arguments:
        depth: K >= 0; at 0 it is 1/2 ||W||^2.
        starts: number of starting frames; the first is the HOSVD of W, the others are random.

    Raises:
        UsageError: if W is not finite or depth is negative.
        NotConverged: the best frames found are not stationary, or their column norms have no certificate.
    """
    W = np.asarray(W, dtype=np.float64)
    if not np.isfinite(W).all() or W.ndim < 1:
        raise UsageError("W must be a finite tensor with at least one mode")
    if depth < 0:
        raise UsageError(f"depth must be 0 or more, got {depth}")
    order, norm = W.ndim, float(np.sqrt((W * W).sum()))
    if depth == 0 or norm == 0:
        return Representation(norm**2 / 2, 0.0, 0.0, W, tuple(np.eye(size) for size in W.shape))
    spaces = [_column_space(W / norm, n) for n in range(order)]
    reduced = W / norm
    for n, basis in enumerate(spaces):
        reduced = _rotate(reduced, basis, n)
    rng = np.random.default_rng(seed)
    best: tuple[float, list[Array]] | None = None
    free = any(basis.shape[1] > 1 for basis in spaces)
    for start in range(starts if free else 1):
        frames = [np.eye(basis.shape[1]) for basis in spaces]
        if start:
            frames = [np.linalg.qr(rng.standard_normal(frame.shape))[0] for frame in frames]
        value, frames = _best_frames(reduced, depth, frames)
        if best is None or value < best[0]:
            best = (value, frames)
    assert best is not None
    T = _rotate_all(reduced, best[1])
    solved = column_norms(T, depth)
    residual = _frame_residual(T, solved) / solved.value
    if not residual <= STATIONARY:
        raise NotConverged("the best frames of (15)", starts, residual)
    degree = 1 + order * depth
    factors = tuple(
        norm ** (depth / degree) * (basis @ frame) * s
        for basis, frame, s in zip(spaces, best[1], solved.norms, strict=True)
    )
    size = norm ** (2 / degree)
    return Representation(
        solved.value * size,
        solved.gap * size,
        residual,
        solved.core * norm ** (1 / degree),
        factors,
    )


def _column_space(W: Array, mode: int) -> Array:
    """Orthonormal basis of the mode-n unfolding's columns, largest singular values first."""
    unfolding = np.moveaxis(W, mode, 0).reshape(W.shape[mode], -1)
    U, s, _ = np.linalg.svd(unfolding, full_matrices=False)
    return U[:, : max(1, int((s > max(unfolding.shape) * np.finfo(float).eps * s[0]).sum()))]


def _rotate(T: Array, Q: Array, mode: int) -> Array:
    """T x_mode Q^T."""
    return np.moveaxis(np.tensordot(Q, T, axes=(0, mode)), 0, mode)


def _rotate_all(T: Array, frames: Sequence[Array]) -> Array:
    """T x_1 Q_1^T ... x_N Q_N^T for square frames; each step moves its mode to the end: N restore them."""
    shape = T.shape
    for Q in frames:
        T = T.reshape(len(Q), -1).T @ Q
    return T.reshape(shape)


def _best_frames(T: Array, depth: int, frames: list[Array]) -> tuple[float, list[Array]]:
    """Stationary frames Q_n cayley(skew) from given ones, together with the column norms; objective of (15).

    With R = T x_n Q_n^T and E the derivative in R, the derivative in cayley(S_n) is cayley(S_n) R_(n) E_(n)^T: square
    frames undo themselves, so no product of T with all frames but one is needed. The derivatives in the column norms
    are on the diagonal of R_(n) E_(n)^T.
    """
    order, sizes = T.ndim, T.shape
    upper = [np.triu_indices(size, 1) for size in sizes]
    edges = np.cumsum([0, *sizes, *(len(index[0]) for index in upper)]).tolist()
    along = [tuple(size if m == n else 1 for m in range(order)) for n, size in enumerate(sizes)]

    def turns_of(z: Array) -> list[tuple[Array, Array]]:
        return [_cayley(z[edges[order + n] : edges[order + n + 1]], upper[n], size) for n, size in enumerate(sizes)]

    def objective(z: Array) -> tuple[float, Array]:
        turns = turns_of(z)
        rotated = _rotate_all(T, [frame @ turn for frame, (turn, _) in zip(frames, turns, strict=True)])
        x = z[: edges[order]]
        slope, scales = rotated, np.exp(-2 * x)
        for n in range(order):
            slope = slope * scales[edges[n] : edges[n + 1]].reshape(along[n])
        nu = depth / 2 * np.exp(2 / depth * x)
        gradient = np.empty_like(z)
        for n, (turn, inverse) in enumerate(turns):
            product = (
                np.swapaxes(rotated, 0, n).reshape(sizes[n], -1) @ np.swapaxes(slope, 0, n).reshape(sizes[n], -1).T
            )
            norms = slice(edges[n], edges[n + 1])
            gradient[norms] = 2 / depth * nu[norms] - np.diagonal(product)
            if sizes[n] > 1:
                in_skew = inverse.T @ turn @ product @ inverse.T
                gradient[edges[order + n] : edges[order + n + 1]] = (in_skew - in_skew.T)[upper[n]]
        return float((rotated * slope).sum() / 2 + nu.sum()), gradient

    z = np.zeros(edges[-1])
    for n, s in enumerate(column_norms(_rotate_all(T, frames), depth, tolerance=1e-6).norms):
        z[edges[n] : edges[n + 1]] = np.log(np.maximum(s, 1e-12))
    with np.errstate(over="ignore", invalid="ignore"):
        found = minimize(objective, z, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 2000})
    return float(found.fun), [frame @ turn for frame, (turn, _) in zip(frames, turns_of(found.x), strict=True)]


def _cayley(entries: Array, upper: tuple[Array, ...], size: int) -> tuple[Array, Array]:
    """The rotation (1 - S/2)^{-1} (1 + S/2) of a skew matrix S, and that inverse; far cheaper than exp(S)."""
    identity = np.eye(size)
    if size == 1:
        return identity, identity
    half = np.zeros((size, size))
    half[upper] = entries / 2
    inverse = np.linalg.inv(identity - half + half.T)
    return 2 * inverse - identity, inverse


def _frame_residual(T: Array, solved: ColumnNorms) -> float:
    worst = 0.0
    divisor = np.ones(())
    for s in solved.norms:
        divisor = np.multiply.outer(divisor, np.where(s > 0, s, 1.0))
    slope = T / divisor**2
    for n in range(T.ndim):
        others = tuple(m for m in range(T.ndim) if m != n)
        M = np.tensordot(T, slope, axes=(others, others)) if others else np.outer(T, slope)
        worst = max(worst, float(abs(M - M.T).max()))
    return worst
