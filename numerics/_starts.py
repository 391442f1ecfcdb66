"""Starts with prescribed balance: norms, matrices, unbalanced by eps, scaled; in float64 or in 50 digits."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from numerics._architecture import Architecture
from numerics._arithmetic import FLOAT64, Arithmetic
from numerics._errors import UsageError
from numerics._gauge import least_norm
from numerics._network import Network
from numerics._sized import Model

Array = np.ndarray
Blocks = dict[str, Array]


def _in_its_precision(build: Callable[..., Blocks]) -> Callable[..., Blocks]:
    """Run `build` with operators that round to the precision of the arithmetic it is given."""
    signature = inspect.signature(build)

    @functools.wraps(build)
    def wrapped(*arguments: Any, **options: Any) -> Blocks:
        bound = signature.bind(*arguments, **options)
        with bound.arguments.get("arithmetic", FLOAT64).precision():
            return build(*arguments, **options)

    return wrapped


def balance(model: Model, raw: Mapping[str, Any], arithmetic: Arithmetic = FLOAT64) -> Blocks:
    """A balanced start: in every group ||B_r||^2 / d_B agrees. Source: (4), (6), (22), (23).

    Deep Tucker: every block of a group gets the norm of its core slice; the core stays. Any other model: the point of
    least norm that rescaling the slices of `raw` leads to, which leaves W; a slice that is zero in one block of a group
    is zero in all.
    """
    if isinstance(model, Network):
        with arithmetic.precision():
            return least_norm(model, raw, arithmetic, bonds=False)
    return _balance_tucker(model, raw, arithmetic)


def matrix_balance(model: Model, raw: Mapping[str, Any], arithmetic: Arithmetic = FLOAT64) -> Blocks:
    """A start at which all matrix laws (7) hold with value zero. Source: (7), (23).

    Raises:
        UsageError: deep Tucker with rank(G_(n)) (CP: R) > I_n where a whole-matrix law needs it to be at most I_n.
        NotConverged: a Gram matrix over a bond of another model is singular.
    """
    if isinstance(model, Network):
        with arithmetic.precision():
            return least_norm(model, raw, arithmetic, bonds=True)
    return _matrix_balance_tucker(model, raw, arithmetic)


@_in_its_precision
def _balance_tucker(architecture: Any, raw: Mapping[str, Any], arithmetic: Arithmetic = FLOAT64) -> Blocks:
    """Rescale every chain block to the norm of its core slice; the core stays. Source: (4), (6).

    With chain="mode" the shared matrices take the norm of the whole core, which is what the flow conserves there.
    CP has no core: there the norms of the last blocks of a component, their root mean square over the modes, are it.
    A block that is zero where its slice is not becomes a multiple of a unit vector.
    """
    blocks = _prepared(architecture, raw, arithmetic)
    norms = group_norms(architecture, blocks, arithmetic)
    for n in range(architecture.order) if architecture.depth else ():
        g = norms[n]
        blocks[f"a{n + 1}"] = _directions(blocks[f"a{n + 1}"].T, arithmetic).T * g
        for name in architecture.links(n):
            if architecture.chain == "mode":
                whole = _directions(blocks[name][None], arithmetic)[0]
                blocks[name] = whole * arithmetic.norm(blocks.get("G", g))[()]
            else:
                directions = _directions(blocks[name], arithmetic)
                blocks[name] = directions * g.reshape(-1, *(1,) * (directions.ndim - 1))
    return blocks


@_in_its_precision
def _matrix_balance_tucker(architecture: Any, raw: Mapping[str, Any], arithmetic: Arithmetic = FLOAT64) -> Blocks:
    """Make all matrix laws (7) hold with value zero; directions come from `raw`, the core stays.

    column: A_k = g u_k u_{k+1}^T, a = g u_K. gate: same as `balance`. mode, and every chain at K = 1:
    the last factor is Q (G_(n) G_(n)^T)^{1/2} with Q an isometry on the range, and so on down the chain. CP conserves
    no whole matrix between modes: chain="mode" with K >= 2 has orthogonal columns of the norms of `balance`.

    Raises:
        UsageError: if rank(G_(n)) (CP: R) > I_n where a whole-matrix law needs it to be at most I_n.
    """
    if architecture.depth >= 2 and architecture.chain == "gate":
        return _balance_tucker(architecture, raw, arithmetic)
    if architecture.depth == 1 and architecture.model == "cp":
        return _balance_tucker(architecture, raw, arithmetic)
    blocks = _prepared(architecture, raw, arithmetic)
    norms = group_norms(architecture, blocks, arithmetic)
    for n in range(architecture.order) if architecture.depth else ():
        if architecture.depth >= 2 and architecture.chain == "column":
            _balance_columns(architecture, blocks, n, norms[n], arithmetic)
        else:
            core = np.moveaxis(blocks["G"], n, 0) if "G" in blocks else np.diag(norms[n])
            _balance_matrices(architecture, blocks, n, core.reshape(architecture.ranks[n], -1), arithmetic)
    return blocks


@_in_its_precision
def unbalance(architecture: Architecture, raw: Mapping[str, Any], eps: Any, arithmetic: Arithmetic = FLOAT64) -> Blocks:
    """Balanced, then the last block of every group is lengthened so that its unbalancedness is exactly eps >= 0.

    In CP, whose groups run through all modes, that is the last block of the last mode.

    Raises:
        UsageError: if eps is negative.
    """
    eps = arithmetic.array(eps)[()]
    if not eps >= 0:
        raise UsageError(f"eps must be 0 or more, got {eps}")
    blocks = balance(architecture, raw, arithmetic)
    norms = group_norms(architecture, blocks, arithmetic)
    last = range(architecture.order) if architecture.model == "tucker" else (architecture.order - 1,)
    for n in last if architecture.depth else ():
        g = norms[n]
        columns = _directions(arithmetic.array(raw[f"a{n + 1}"]).T, arithmetic).T
        blocks[f"a{n + 1}"] = columns * arithmetic.sqrt(g * g + eps)
    return blocks


@_in_its_precision
def scale(architecture: Architecture, raw: Mapping[str, Any], factor: Any, arithmetic: Arithmetic = FLOAT64) -> Blocks:
    """Multiply every block by `factor`: W by factor^degree; balance of every kind survives. Source: (2)."""
    multiplier = arithmetic.array(factor)[()]
    return {name: block * multiplier for name, block in _prepared(architecture, raw, arithmetic).items()}


def _prepared(architecture: Architecture, raw: Mapping[str, Any], arithmetic: Arithmetic) -> Blocks:
    blocks = {name: arithmetic.array(value) for name, value in raw.items()}
    if architecture.batch_shape(blocks):
        raise UsageError("a start is built for one problem; stack the results for a batch")
    return {name: blocks[name] for name in architecture.shapes}


def group_norms(architecture: Architecture, blocks: Blocks, arithmetic: Arithmetic = FLOAT64) -> list[Array]:
    """For every mode the norm (R,) that `balance` gives to the blocks of each group."""
    order = architecture.order
    if architecture.model == "cp":
        squares = sum((blocks[f"a{n + 1}"] ** 2).sum(axis=0) for n in range(order))
        return [arithmetic.sqrt(np.asarray(squares) / order)] * order
    others = [tuple(m for m in range(order) if m != n) for n in range(order)]
    return [arithmetic.norm(blocks["G"], axes) if axes else abs(blocks["G"]) for axes in others]


def _directions(rows: Array, arithmetic: Arithmetic) -> Array:
    """Every rows[r] divided by its norm; a zero one becomes the first unit vector. rows (R, *shape)."""
    flat = rows.reshape(len(rows), -1).copy()
    peak = abs(flat).max(axis=1)
    flat[peak == 0, 0] = peak[peak == 0] + 1
    peak = np.where(peak == 0, peak + 1, peak)[:, None]  # dividing by it first avoids underflow of the squares
    flat = flat / peak
    return (flat / arithmetic.norm(flat, (1,))[:, None]).reshape(rows.shape)


def _balance_columns(architecture: Architecture, blocks: Blocks, n: int, g: Array, arithmetic: Arithmetic) -> None:
    later = _directions(blocks[f"a{n + 1}"].T, arithmetic)  # u_K, one row for each column r
    blocks[f"a{n + 1}"] = later.T * g
    for name in reversed(architecture.links(n)):
        image = (blocks[name] * later[:, None, :]).sum(axis=2)
        earlier = _directions(image, arithmetic)
        blocks[name] = earlier[:, :, None] * later[:, None, :] * g[:, None, None]
        later = earlier


def _balance_matrices(
    architecture: Architecture, blocks: Blocks, n: int, unfolding: Array, arithmetic: Arithmetic
) -> None:
    V, s, _ = arithmetic.svd(unfolding)
    rank = int((s > max(unfolding.shape) * arithmetic.eps * s.max()).sum())
    size = architecture.sizes[n]
    if rank > size and not s[size] > 1e4 * arithmetic.eps * s[0]:  # rounding of a core whose rank is I_n
        rank = size
    if rank > size:
        raise UsageError(f"matrix balance needs rank(G_({n + 1})) = {rank} <= I_{n + 1} = {architecture.sizes[n]}")
    frame, s = V[:, :rank], s[:rank]
    for name in (f"a{n + 1}", *reversed(architecture.links(n))):
        image = _isometry(blocks[name], frame, arithmetic)
        blocks[name] = (image * s) @ frame.T if rank else blocks[name] * 0
        frame = image


def _isometry(raw: Array, frame: Array, arithmetic: Arithmetic) -> Array:
    """Orthonormal columns nearest to raw @ frame: a function of raw and the frame's span, not of its basis."""
    if not frame.shape[1]:
        return raw @ frame
    X, _, Yt = arithmetic.svd(raw @ frame)
    return X @ Yt
