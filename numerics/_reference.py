"""Compose and gradient by hand on NumPy arrays of any dtype, fractions and mpmath numbers too: the third route."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from numerics._architecture import Architecture

Array = np.ndarray


def _suffixes(architecture: Architecture, parameters: Mapping[str, Array], mode: int) -> list[Array]:
    """S_k = A_k .. A_{K-1} a for k = 1..K, each (I, R); the first is the factor U^(n)."""
    suffixes = [np.asarray(parameters[f"a{mode + 1}"])]
    for name in reversed(architecture.links(mode)):
        A, S = np.asarray(parameters[name]), suffixes[0]
        if architecture.chain == "column":
            product = np.stack([np.dot(A[r], S[:, r]) for r in range(S.shape[1])], axis=1)
        else:
            product = np.dot(A, S) if architecture.chain == "mode" else S * A
        suffixes.insert(0, product)
    return suffixes


def _core(architecture: Architecture, parameters: Mapping[str, Any]) -> Array:
    """G, or what stands for it in CP: ones on the superdiagonal, in whole numbers."""
    if architecture.model == "tucker":
        return np.asarray(parameters["G"])
    core = np.zeros(architecture.ranks, dtype=int)
    core[(np.arange(architecture.ranks[0]),) * architecture.order] = 1
    return core


def _mode_product(T: Array, U: Array, mode: int) -> Array:
    return np.moveaxis(np.tensordot(U, T, axes=(1, mode)), 0, mode)


def reference_compose(architecture: Architecture, parameters: Mapping[str, Any]) -> Array:
    """W of one problem, (I_1, .., I_N), in the arithmetic of its blocks. Source: (1), (2)."""
    W = _core(architecture, parameters)
    for n in range(architecture.order) if architecture.depth else ():
        W = _mode_product(W, _suffixes(architecture, parameters, n)[0], n)
    return W


def reference_gradient(
    architecture: Architecture, parameters: Mapping[str, Any], target: Any, weights: Any
) -> dict[str, Array]:
    """dL/d(block) for L = 1/2 sum weights (W - target)^2, of one problem, in the arithmetic of its blocks.

    With D = weights (W - target): dL/dG = D x_n U^(n)T over all n, and dL/dU^(n) = D_(n) Z_(n)^T where Z is the
    core times the factors of the other modes; the chain rule along each chain does the rest.
    """
    D = np.asarray(weights) * (reference_compose(architecture, parameters) - np.asarray(target))
    if not architecture.depth:
        return {"G": D}
    order = architecture.order
    suffixes = [_suffixes(architecture, parameters, n) for n in range(order)]
    gradient = {}
    if architecture.model == "tucker":
        dG = D
        for n in range(order):
            dG = _mode_product(dG, suffixes[n][0].T, n)
        gradient["G"] = dG
    for n in range(order):
        Z = _core(architecture, parameters)
        for m in range(order):
            Z = Z if m == n else _mode_product(Z, suffixes[m][0], m)
        others = [m for m in range(order) if m != n]
        back = np.asarray(np.tensordot(D, Z, axes=(others, others)))  # dL/dU^(n), (I, R)
        for k, name in enumerate(architecture.links(n), start=1):
            A, S = np.asarray(parameters[name]), suffixes[n][k]
            if architecture.chain == "column":
                gradient[name] = np.stack([np.outer(back[:, r], S[:, r]) for r in range(S.shape[1])])
                back = np.stack([np.dot(A[r].T, back[:, r]) for r in range(S.shape[1])], axis=1)
            elif architecture.chain == "mode":
                gradient[name] = np.dot(back, S.T)
                back = np.dot(A.T, back)
            else:
                gradient[name] = (back * S).sum(axis=0)
                back = back * A
        gradient[f"a{n + 1}"] = back
    return gradient
