"""Targets: prescribed multilinear rank, prescribed mode spectra, superdiagonal, block structure."""

from collections.abc import Sequence
from math import prod

import torch
from jaxtyping import Float
from torch import Tensor

from numerics._errors import UsageError
from numerics._tensors import fold, mode_product, singular_values, unfold


def tucker_target(
    sizes: Sequence[int],
    rank: Sequence[int],
    *,
    spectra: Sequence[Sequence[float]] | None = None,
    seed: int = 0,
    top: float = 1.0,
) -> Float[Tensor, "*sizes"]:
    """A random tensor of the given multilinear rank.

    Arguments:
        rank: ranks of the unfoldings; each at most its size and at most the product of the others.
        spectra: singular values of every unfolding (lengths = rank); all must have one Frobenius norm.
        top: without spectra, the largest singular value of all unfoldings.

    Raises:
        UsageError: if no tensor has that rank, or none with those spectra was found.
    """
    sizes, rank = tuple(sizes), tuple(rank)
    if len(sizes) != len(rank):
        raise UsageError(f"{len(sizes)} sizes but {len(rank)} ranks: give one rank for each mode")
    for n, (size, r) in enumerate(zip(sizes, rank, strict=True)):
        others = prod(rank) // max(r, 1)
        if not 1 <= r <= size or r > others:
            raise UsageError(f"rank {r} of mode {n + 1} must be between 1 and min(size {size}, other ranks {others})")
    generator = torch.Generator().manual_seed(seed)
    core = torch.randn(rank, generator=generator, dtype=torch.float64)
    if spectra is not None:
        core = _with_spectra(core, spectra)
    for n, (size, r) in enumerate(zip(sizes, rank, strict=True)):
        frame = torch.linalg.qr(torch.randn(size, r, generator=generator, dtype=torch.float64)).Q
        core = mode_product(core, frame, n)
    if spectra is None:
        core = core * (top / max(float(singular_values(core, n)[0]) for n in range(len(sizes))))
    return core


def _with_spectra(core: Tensor, spectra: Sequence[Sequence[float]], sweeps: int = 5000) -> Tensor:
    wanted = [torch.tensor(sorted(values, reverse=True), dtype=core.dtype) for values in spectra]
    if [len(values) for values in wanted] != list(core.shape):
        raise UsageError(f"spectra have lengths {[len(v) for v in wanted]}, the rank is {list(core.shape)}")
    norms = torch.stack([values.norm() for values in wanted])
    if (norms - norms[0]).abs().max() > 1e-12 * norms[0] or any((values <= 0).any() for values in wanted):
        raise UsageError("spectra must be positive and have one Frobenius norm in all modes")
    for _ in range(sweeps):
        for n, values in enumerate(wanted):
            U, _, Vt = torch.linalg.svd(unfold(core, n), full_matrices=False)
            core = fold((U * values) @ Vt, n, tuple(core.shape))
        gap = max(float((singular_values(core, n)[: len(v)] - v).abs().max()) for n, v in enumerate(wanted))
        if gap < 1e-12 * float(norms[0]):
            return core
    raise UsageError(f"no tensor with these spectra was found (still {gap:.1e} away); choose spectra that are closer")


def superdiagonal_target(sizes: Sequence[int], values: Sequence[float]) -> Float[Tensor, "*sizes"]:
    """values on the superdiagonal, 0 elsewhere; its unfoldings have them as singular values. Source: (12)."""
    if len(values) > min(sizes):
        raise UsageError(f"{len(values)} values do not fit on a superdiagonal of length {min(sizes)}")
    T = torch.zeros(tuple(sizes), dtype=torch.float64)
    index = torch.arange(len(values))
    T[(index,) * len(sizes)] = torch.tensor(values, dtype=torch.float64)
    return T


def block_target(blocks: Sequence[Tensor]) -> Tensor:
    """Blocks of one order along the superdiagonal, 0 elsewhere; the unfoldings' spectra are unions."""
    orders = {block.ndim for block in blocks}
    if len(orders) != 1:
        raise UsageError("blocks must be at least one and have one number of modes")
    order = orders.pop()
    T = torch.zeros([sum(block.shape[n] for block in blocks) for n in range(order)], dtype=blocks[0].dtype)
    corner = [0] * order
    for block in blocks:
        T[tuple(slice(c, c + s) for c, s in zip(corner, block.shape, strict=True))] = block
        corner = [c + s for c, s in zip(corner, block.shape, strict=True)]
    return T
