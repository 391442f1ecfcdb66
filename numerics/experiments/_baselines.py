"""Baselines of completion: TensorLy's masked Tucker and CP with known rank, and the sum of nuclear norms."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from numerics._errors import NotConverged, UsageError
from numerics._tensors import fold, unfold

STARTS = 3
AGREED = 1e-4  # of the tensor; the error of a baseline is compared to three digits
STALL, GAIN = 20, 1e-3  # a start whose training error falls by less than GAIN of itself in STALL sweeps is given up


def tucker(
    target: np.ndarray, mask: np.ndarray, rank: Sequence[int], tolerance: float, *, sweeps: int = 500, seed: int = 0
) -> np.ndarray:
    """TensorLy's masked Tucker (missing entries refilled in every sweep) from its SVD start, then from random ones."""
    import_tensorly()
    from tensorly import tucker_to_tensor
    from tensorly.decomposition import tucker as decompose

    def run(model: Any, start: int, filled: np.ndarray) -> tuple[Any, Any]:
        init = ("random" if start else "svd") if model is None else model
        state = seed + 100_000 * start
        model = decompose(filled, list(rank), n_iter_max=1, init=init, random_state=state, mask=mask, tol=0)
        return model, tucker_to_tensor(model)

    return _matched(run, target, mask, tolerance, sweeps)


def cp(
    target: np.ndarray, mask: np.ndarray, rank: int, tolerance: float, *, sweeps: int = 500, seed: int = 0
) -> np.ndarray:
    """TensorLy's masked CP by alternating least squares (missing entries refilled in every sweep), random starts."""
    import_tensorly()
    from tensorly import cp_to_tensor
    from tensorly.decomposition import parafac

    def run(model: Any, start: int, filled: np.ndarray) -> tuple[Any, Any]:
        init = "random" if model is None else model
        state = seed + 100_000 * start
        model = parafac(filled, rank, n_iter_max=1, init=init, random_state=state, mask=mask, tol=0)
        return model, cp_to_tensor(model)

    return _matched(run, target, mask, tolerance, sweeps)


def _matched(
    run: Callable[[Any, int, np.ndarray], tuple[Any, Any]],
    target: np.ndarray,
    mask: np.ndarray,
    tolerance: float,
    sweeps: int,
) -> np.ndarray:
    """The first tensor that meets the training error at which the deep models are compared, else the best fit.

    `run` takes one sweep from a model and a tensor whose missing entries are the model's, or from a numbered start
    and zeros: one start alone often ends in a local minimum.
    """
    size, best, least = np.linalg.norm(target * mask), np.zeros_like(target), np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for start in range(STARTS):
            model, filled, before = None, target * mask, np.inf
            for sweep in range(sweeps):
                model, W = run(model, start, filled)
                filled = target * mask + W * (1 - mask)
                error = float(np.linalg.norm((W - target) * mask) / size)
                if error < least:
                    best, least = np.asarray(W), error
                if error <= tolerance:
                    return best
                if sweep % STALL == STALL - 1:
                    if error > (1 - GAIN) * before:
                        break
                    before = error
    return best


def nuclear_norms(target: Tensor, mask: Tensor, *, sweeps: int = 150, growth: float = 1.04) -> Tensor:
    """Minimise the sum of nuclear norms of the unfoldings subject to the observed entries; batched over dimension 0.

    A solver of our own, for want of an installed one: ADMM with one copy for each mode (HaLRTC, Liu et al. 2013), whose
    penalty grows by `growth` a sweep from 1 / largest singular value.

    Raises:
        NotConverged: after the last sweep the copies differ from each other by more than AGREED of the tensor.
    """
    order = target.ndim - 1
    X = target * mask
    multipliers = [torch.zeros_like(X) for _ in range(order)]
    rho = 1.0 / float(torch.linalg.matrix_norm(unfold(X, 0, order=order), 2).max())
    copies = multipliers
    for _ in range(sweeps):
        copies = []
        for n in range(order):
            U, s, Vt = torch.linalg.svd(unfold(X + multipliers[n] / rho, n, order=order), full_matrices=False)
            shrunk = (U * (s - 1 / rho).clamp_min(0).unsqueeze(-2)) @ Vt
            copies.append(fold(shrunk, n, tuple(X.shape[1:])))
        free = sum((c - m / rho for c, m in zip(copies, multipliers, strict=True)), torch.zeros_like(X)) / order
        X = target * mask + free * (1 - mask)
        multipliers = [m + rho * (X - c) for m, c in zip(multipliers, copies, strict=True)]
        rho *= growth
    left = max(float(torch.linalg.vector_norm(X - c) / torch.linalg.vector_norm(X)) for c in copies)
    if not left <= AGREED:
        raise NotConverged("the least sum of nuclear norms", sweeps, left)
    return X


def held_out_error(W: np.ndarray, target: np.ndarray, mask: np.ndarray) -> float:
    """Norm of the error over that of the target, on unobserved entries."""
    hidden = 1 - mask
    return float(np.linalg.norm((W - target) * hidden) / np.linalg.norm(target * hidden))


def import_tensorly() -> None:
    """Refuse early and in one line where TensorLy is missing."""
    try:
        import tensorly  # noqa: F401
    except ImportError:
        raise UsageError("this experiment needs TensorLy: pip install 'deep-tucker-verify[data]'") from None
