"""Stiff fallback: exponential Rosenbrock steps with the analytic Jacobian-vector product, matrix-free.

The Jacobian of a gradient flow is symmetric (minus the Hessian), so the functions of it that a step needs are taken
in Lanczos spaces; fast directions are solved exactly and do not limit the step.
Source: Hochbruck, Ostermann, Schweitzer, Exponential Rosenbrock-type methods, SIAM J. Numer. Anal. 47 (2009), the
scheme exprb43 of order 4 with an embedded solution of order 3.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.linalg import eigh_tridiagonal

from numerics._errors import UsageError
from numerics._integrate import Solution

Array = np.ndarray
Derivative = Callable[[Array, Array], tuple[Array, Array]]


def integrate_stiff(
    rhs: Callable[[float, Array], Array],
    derivative: Derivative,
    start: Array,
    times: Sequence[float] | Array,
    *,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    budget: int = 1_000_000,
) -> Solution:
    """Solve the autonomous y' = rhs(y) with symmetric Jacobian at `times`; every time is hit by a step.

    Arguments:
        derivative: (y, v) -> (rhs(y), J(y) v).
        start: (B, P); tolerances hold for every row's root mean square.
        budget: most evaluations of rhs and J v together.

    Raises:
        UsageError: if the times do not rise.
    """
    times = np.asarray(times, dtype=np.float64)
    if (np.diff(times) <= 0).any():
        raise UsageError("times must be a rising list of finite numbers")
    states = np.empty((len(times), *start.shape))
    states[0] = start
    y, t, spent = start.ravel().copy(), float(times[0]), 0
    h = 0.0
    with np.errstate(all="ignore"):
        for row in range(1, len(times)):
            while t < times[row]:
                F = rhs(t, y)
                spent += 1
                scale = atol + rtol * abs(y)
                if not h:
                    size = _error(F / scale, start.shape)
                    h = 0.1 / size if size > 0 else float(times[-1] - t)
                h = min(h, float(times[row]) - t)
                ahead, error, used = _step(rhs, derivative, t, y, F, h, scale, start.shape)
                spent += used
                if not np.isfinite(error):
                    error = 1e9
                if error <= 1:
                    y, t = ahead, (float(times[row]) if times[row] - t <= h * (1 + 1e-12) else t + h)
                h *= min(5.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.25))
                if h < 1e-14 * max(abs(t), 1e-300) or not np.isfinite(y).all():
                    return Solution(times[:row], states[:row], "blow-up", t, spent)
                if spent > budget and t < times[-1]:
                    return Solution(times[:row], states[:row], "exhausted", t, spent)
            states[row] = y.reshape(start.shape)
    return Solution(times, states, "finished", t, spent)


def _error(weighted: Array, shape: tuple[int, ...]) -> float:
    return float(np.sqrt((weighted.reshape(shape) ** 2).mean(axis=1)).max())


def _step(
    rhs: Callable[[float, Array], Array],
    derivative: Derivative,
    t: float,
    y: Array,
    F: Array,
    h: float,
    scale: Array,
    shape: tuple[int, ...],
) -> tuple[Array, float, int]:
    """One step of exprb43: new state, error in units of the tolerance, evaluations used."""
    space = _Lanczos(lambda v: derivative(y, v)[1], F, h, scale)
    half = y + h / 2 * space.phi(h / 2, 1)
    J_half = derivative(y, half - y)[1]
    D2 = rhs(t, half) - F - J_half
    full = h * space.phi(h, 1)
    second = _Lanczos(lambda v: derivative(y, v)[1], D2, h, scale)
    third_stage = y + full + h * second.phi(h, 1)
    D3 = rhs(t, third_stage) - F - derivative(y, third_stage - y)[1]
    third = _Lanczos(lambda v: derivative(y, v)[1], D3, h, scale)
    correction = h * (-48 * second.phi(h, 4) + 12 * third.phi(h, 4))
    ahead = y + full + h * (16 * second.phi(h, 3) - 2 * third.phi(h, 3)) + correction
    spent = 4 + space.size + second.size + third.size
    if not (space.converged and second.converged and third.converged):  # smaller steps need smaller spaces
        return ahead, np.inf, spent
    weight = np.maximum(scale, scale / np.maximum(abs(y), 1e-300) * abs(ahead))
    return ahead, _error(correction / weight, shape), spent


class _Lanczos:
    """phi_k(h J) v in the Krylov space of v, grown until phi_1(h J) v is accurate to a fraction of the tolerance.

    converged: whether it is; where the space reaches its limit first, the step is too long for it.
    """

    def __init__(self, apply: Callable[[Array], Array], v: Array, h: float, scale: Array, limit: int = 200) -> None:
        self.norm = float(np.linalg.norm(v))
        self.size = 0
        self.converged = True
        if self.norm == 0 or not np.isfinite(self.norm):
            self.basis = np.zeros((1, len(v)))
            self.values, self.vectors = np.zeros(1), np.ones((1, 1))
            return
        wanted = 0.01 * float(scale.min()) * np.sqrt(len(v)) / (h * self.norm)
        basis: list[Array] = [v / self.norm]
        diagonal: list[float] = []
        off: list[float] = []
        while True:
            w = apply(basis[-1])
            self.size += 1
            diagonal.append(float(w @ basis[-1]))
            stack = np.array(basis)
            for _ in range(2):  # twice is enough against loss of orthogonality
                w = w - stack.T @ (stack @ w)
            beta = float(np.linalg.norm(w))
            invariant = beta <= 1e-14 * max(abs(np.array(diagonal)).max(), 1e-300) or len(basis) >= len(v)
            if invariant or len(basis) >= limit or len(basis) % 4 == 0:
                values, vectors = eigh_tridiagonal(np.array(diagonal), np.array(off))
                tail = abs(float((vectors[-1] * _phi(h * values, 1)) @ vectors[0]))
                self.converged = invariant or h * beta * tail <= wanted
                if self.converged or len(basis) >= limit:
                    break
            off.append(beta)
            basis.append(w / beta)
        self.basis, self.values, self.vectors = np.array(basis), values, vectors

    def phi(self, h: float, k: int) -> Array:
        """phi_k(h J) v."""
        return self.norm * (self.basis.T @ (self.vectors @ (_phi(h * self.values, k) * self.vectors[0])))


def _phi(z: Array, k: int) -> Array:
    """phi_0 = exp, phi_{k+1}(z) = (phi_k(z) - 1/k!) / z; by its Taylor series near 0."""
    small = abs(z) < 1
    near = np.where(small, z, 0.0)
    series, term = np.zeros_like(z), np.full_like(z, 1.0 / float(np.prod(np.arange(1, k + 1))))
    for j in range(1, 24):
        series = series + term
        term = term * near / (k + j)
    value = np.exp(z)
    far = np.where(small, 1.0, z)
    factorial = 1.0
    for j in range(k):
        value = (value - 1 / factorial) / far
        factorial *= j + 1
    return np.where(small, series, value)
