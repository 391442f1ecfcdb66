"""Compose and gradient by hand on NumPy arrays of any dtype, fractions and mpmath numbers too: the third route."""

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any

import numpy as np

from numerics._architecture import Architecture
from numerics._network import Network
from numerics._sized import Model

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


def _pairs(operands: Sequence[tuple[Array, tuple[str, ...]]], output: tuple[str, ...]) -> Array:
    """The product of labelled arrays, one after the other, summed over every label that the output does not carry."""
    numbers = {x: k for k, x in enumerate(dict.fromkeys(x for _, labels in operands for x in labels))}
    (value, carried), *rest = operands
    for place, (other, labels) in enumerate(rest, start=1):
        later = {x for _, row in operands[place + 1 :] for x in row} | set(output)
        kept = tuple(x for x in dict.fromkeys((*carried, *labels)) if x in later)
        rows = [[numbers[x] for x in row] for row in (carried, labels, kept)]
        value, carried = np.einsum(value, rows[0], other, rows[1], rows[2]), kept
    return np.asarray(np.einsum(value, [numbers[x] for x in carried], [numbers[x] for x in output]))


def _slots(network: Network, parameters: Mapping[str, Any], term: int) -> list[tuple[Array, tuple[str, ...]]]:
    return [(np.asarray(parameters[name]), labels) for name, labels in network.description.terms[term].slots]


def _in_front(coefficient: Any) -> Any:
    """A whole number as an int, another one as SymPy's; in front of arrays of any number type."""
    return int(coefficient) if coefficient.is_Integer else coefficient


@singledispatch
def reference_compose(model: Model, parameters: Mapping[str, Any]) -> Array:
    """W of one problem, (I_1, .., I_N), in the arithmetic of its blocks. Source: (1), (2), (22)."""
    raise TypeError(f"{model!r} is no model")


@reference_compose.register
def _compose_network(network: Network, parameters: Any) -> Array:
    description = network.description
    parts = (
        _in_front(term.coefficient) * _pairs(_slots(network, parameters, t), description.output)
        for t, term in enumerate(description.terms)
    )
    return np.asarray(sum(parts))


@reference_compose.register
def _compose_tucker(architecture: Architecture, parameters: Any) -> Array:
    W = _core(architecture, parameters)
    for n in range(architecture.order) if architecture.depth else ():
        W = _mode_product(W, _suffixes(architecture, parameters, n)[0], n)
    return W


def reference_gradient(model: Model, parameters: Mapping[str, Any], target: Any, weights: Any) -> dict[str, Array]:
    """dL/d(block) for L = 1/2 sum weights (W - target)^2, of one problem, in the arithmetic of its blocks."""
    D = np.asarray(weights) * (reference_compose(model, parameters) - np.asarray(target))
    return reference_pullback(model, parameters, D)


@singledispatch
def reference_pullback(model: Model, parameters: Mapping[str, Any], D: Array) -> dict[str, Array]:
    """dL/d(block) for a loss with gradient D at W, of one problem, in the arithmetic of its blocks. Source: (22)."""
    raise TypeError(f"{model!r} is no model")


@reference_pullback.register
def _pull_network(network: Network, parameters: Any, D: Array) -> dict[str, Array]:
    """Every place of a block gives D times all other places of its network; a block has the sum over its places."""
    description = network.description
    gradient: dict[str, Any] = {}
    for t, term in enumerate(description.terms):
        slots = _slots(network, parameters, t)
        for place, (name, labels) in enumerate(term.slots):
            others = slots[:place] + slots[place + 1 :]
            part = _in_front(term.coefficient) * _pairs([(D, description.output), *others], labels)
            gradient[name] = gradient[name] + part if name in gradient else part
    return {name: np.asarray(gradient[name]) for name in network.shapes}


@reference_pullback.register
def _pull_tucker(architecture: Architecture, parameters: Any, D: Array) -> dict[str, Array]:
    """dL/dG = D x_n U^(n)T over all n, and dL/dU^(n) = D_(n) Z_(n)^T where Z is the core times the factors of the other
    modes; the chain rule along each chain does the rest.
    """
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
