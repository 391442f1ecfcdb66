"""Baselines of completion: TensorLy's masked Tucker and CP with known rank, and the sum of nuclear norms."""

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from numerics._errors import UsageError
from numerics._tensors import fold, unfold


def tucker(
    target: np.ndarray, mask: np.ndarray, rank: Sequence[int], *, sweeps: int = 100, seed: int = 0
) -> np.ndarray:
    """TensorLy's masked Tucker (missing entries refilled in every sweep)."""
    import_tensorly()
    from tensorly import tucker_to_tensor
    from tensorly.decomposition import tucker as decompose

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = decompose(
            target * mask, list(rank), n_iter_max=sweeps, init="svd", random_state=seed, mask=mask, tol=1e-9
        )
    return np.asarray(tucker_to_tensor(found))


def cp(target: np.ndarray, mask: np.ndarray, rank: int, *, sweeps: int = 100, seed: int = 0) -> np.ndarray:
    """TensorLy's masked CP by alternating least squares (missing entries refilled in every sweep)."""
    import_tensorly()
    from tensorly import cp_to_tensor
    from tensorly.decomposition import parafac

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = parafac(target * mask, rank, n_iter_max=sweeps, init="random", random_state=seed, mask=mask, tol=1e-9)
    return np.asarray(cp_to_tensor(found))


def nuclear_norms(target: Tensor, mask: Tensor, *, sweeps: int = 150, growth: float = 1.04) -> Tensor:
    """Minimise the sum of nuclear norms of the unfoldings subject to the observed entries; batched over dimension 0.

    A solver of our own, for want of an installed one: ADMM with one copy for each mode (HaLRTC, Liu et al. 2013), whose
    penalty grows by `growth` a sweep from 1 / largest singular value.
    """
    order = target.ndim - 1
    X = target * mask
    multipliers = [torch.zeros_like(X) for _ in range(order)]
    rho = 1.0 / float(torch.linalg.matrix_norm(unfold(X, 0, order=order), 2).max())
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
