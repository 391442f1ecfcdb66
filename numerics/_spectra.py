"""Singular values of unfoldings and the ranks counted from them; by NumPy, whose calls on small arrays cost least."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import entr
from torch import Tensor

Array = np.ndarray


def on_host(T: Tensor) -> Array:
    """Its values in main memory, shared where they are there already."""
    return T.numpy(force=True)


def like(values: Array, T: Tensor) -> Tensor:
    """The values as a tensor on the device of `T`."""
    return torch.from_numpy(np.asarray(values)).to(T.device)


def mode_spectra(T: Tensor, *, order: int) -> list[Float[Tensor, "*batch S"]]:
    """Singular values of all unfoldings; long unfoldings are first reduced by an orthogonal transformation."""
    return [like(values, T) for values in host_spectra(on_host(T), order=order)]


def host_spectra(T: Array, *, order: int) -> list[Array]:
    """`mode_spectra` of an array; small decompositions are slow on a GPU."""
    lead, sizes = T.shape[: T.ndim - order], T.shape[T.ndim - order :]
    unfoldings = [
        T.reshape(*lead, prod(sizes[:n]), size, -1).swapaxes(-3, -2).reshape(*lead, size, -1)
        for n, size in enumerate(sizes)
    ]
    if len(set(sizes)) == 1:  # one call for all modes costs less than one for each
        return list(_singular_values(np.stack(unfoldings)))
    return [_singular_values(M) for M in unfoldings]


def _singular_values(M: Array) -> Array:
    tall = M.swapaxes(-1, -2)
    if tall.shape[-2] > 2 * tall.shape[-1]:
        tall = np.asarray(np.linalg.qr(tall, mode="r"))
    return np.linalg.svd(tall, compute_uv=False)


def side_by_side(rows: Sequence[Array]) -> Float[Array, "*batch N S"]:
    """One row for each mode, filled up with zeros, so that few calls serve all modes."""
    together = np.zeros((*rows[0].shape[:-1], len(rows), max(row.shape[-1] for row in rows)), rows[0].dtype)
    for mode, row in enumerate(rows):
        together[..., mode, : row.shape[-1]] = row
    return together


def at_least_tiny(values: Any) -> Array:
    """A denominator that is not zero, and the value itself wherever that is not."""
    return np.asarray(np.maximum(values, np.finfo(values.dtype).smallest_subnormal))


def effective_rank(spectrum: Float[Tensor, "*batch S"]) -> Float[Tensor, "*batch"]:
    """Exponential of the entropy of the singular values over their sum.

    Source: Roy and Vetterli 2007, "The effective rank"; of the values themselves, not of their squares.
    """
    return like(host_effective_rank(on_host(spectrum)), spectrum)


def host_effective_rank(spectrum: Array) -> Array:
    """`effective_rank` of an array."""
    p = _over_the_largest(spectrum)
    p = p / at_least_tiny(p.sum(-1, keepdims=True))
    return np.asarray(np.exp(entr(p).sum(-1)))


def participation_ratio(values: Float[Tensor, "*batch S"]) -> Float[Tensor, "*batch"]:
    """(sum v^2)^2 / sum v^4: how many of the values carry the energy."""
    return like(host_participation_ratio(on_host(values)), values)


def host_participation_ratio(values: Array) -> Array:
    """`participation_ratio` of an array."""
    squares = _over_the_largest(values) ** 2
    return np.asarray(squares.sum(-1) ** 2 / at_least_tiny((squares * squares).sum(-1)))


def _over_the_largest(values: Array) -> Array:
    """Both counts do not depend on the scale; sums and fourth powers of what is large or small leave the range."""
    return values / at_least_tiny(values.max(-1, keepdims=True, initial=0.0))
