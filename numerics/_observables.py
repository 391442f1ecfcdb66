"""What is watched along a path: norms, balance, alignment, spectra, ranks and errors, cheap beside the training.

Sums over blocks and products with factors are taken where the blocks are, on a CPU by NumPy on views of them; the few
numbers that are left are worked on in main memory, by NumPy. Its calls cost a fraction of PyTorch's, and between the
steps of a training, out of cache, a record is little else than calls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from numerics._architecture import Architecture
from numerics._model import factor
from numerics._problems import Completion, Problem
from numerics._spectra import (
    Array,
    at_least_tiny,
    host_effective_rank,
    host_participation_ratio,
    host_spectra,
    like,
    on_host,
    side_by_side,
)
from numerics._tensors import at_hand, mode_sums, row_dots

Parameters = Mapping[str, Tensor]


@dataclass(frozen=True)
class Point:
    """A point of a path and what a step computes there.

    Attributes:
        W: end-to-end tensor.
        losses, D: of the problem, and its gradient at W.
        residual: what `Problem.gradient_` has made of a copy of W.
        factors: U^(n) of every mode, (*batch, I, R); none at depth 0, where they are the identity.
    """

    parameters: Parameters
    W: Float[Tensor, "*batch_and_sizes"]
    losses: Float[Tensor, "*batch"]
    D: Float[Tensor, "*batch_and_sizes"]
    residual: Float[Tensor, "*batch_and_sizes"]
    factors: Sequence[Tensor]


def block_norms(architecture: Architecture, parameters: Parameters, mode: int) -> Float[Tensor, "*batch blocks R"]:
    """Norms of the blocks of every group of `mode`: core slice, chain from first to last. Source: (4).

    With chain="mode" only the core slice and the column of the last factor belong to a group. CP has no core slice.
    """
    norms = np.sqrt(_square_norms(architecture, parameters)[..., mode, :, : architecture.ranks[mode]])
    return like(norms, next(iter(parameters.values())))


def unbalancedness(architecture: Architecture, parameters: Parameters) -> Float[Tensor, "*batch"]:
    """Largest difference of squared block norms inside a group, over all groups of all modes. Source: (6)."""
    spread = _spread(_groups(architecture, _square_norms(architecture, parameters)))
    return like(spread, next(iter(parameters.values())))


@np.errstate(divide="ignore", invalid="ignore")  # a group with a block that is zero has none: nan
def alignments(architecture: Architecture, parameters: Parameters, D: Tensor) -> list[Float[Tensor, "*batch R"]]:
    """For each mode <-grad L, W_{n,r}> / product of the group's block norms, by the Euler identity (5).

    In CP the component and its group are the same in every mode, and the list has this one entry.

    Arguments:
        D: grad L at W, (*batch, *sizes).
    """
    norms = _groups(architecture, np.sqrt(_square_norms(architecture, parameters)))
    aligned = _alignments(architecture, parameters.get("G"), D, _factors(architecture, parameters), norms)
    ranks = architecture.ranks if architecture.model == "tucker" else architecture.ranks[:1]
    return [like(aligned[..., n, :rank], D) for n, rank in enumerate(ranks)]


def _factors(architecture: Architecture, parameters: Parameters) -> list[Tensor]:
    return [factor(architecture, parameters, mode) for mode in range(architecture.order) if architecture.depth]


def _square_norms(architecture: Architecture, parameters: Parameters) -> Float[Array, "*batch N blocks R"]:
    """Squared norms of the blocks of every group of every mode, filled up with zeros; the core is read once."""
    modes: list[list[Any]] = [[] for _ in range(architecture.order)]
    if architecture.model == "tucker":
        G = at_hand(parameters["G"])
        modes = [[sums] for sums in mode_sums(G * G, order=architecture.order)]
    for mode in range(architecture.order) if architecture.depth else ():
        for name in architecture.links(mode):
            block = at_hand(parameters[name])
            if architecture.chain == "column":
                rows = block.reshape(*block.shape[:-2], -1)
                modes[mode].append(row_dots(rows, rows))
            elif architecture.chain == "gate":
                modes[mode].append(block * block)
        columns = at_hand(parameters[f"a{mode + 1}"]).mT
        modes[mode].append(row_dots(columns, columns))
    some = modes[0][0]
    shape = (*some.shape[:-1], len(modes), len(modes[0]), max(architecture.ranks))
    squares = np.zeros(shape, _hosted(some).dtype)
    for n, rows in enumerate(modes):
        for place, sums in enumerate(rows):
            squares[..., n, place, : architecture.ranks[n]] = _hosted(sums)
    return squares


def _hosted(values: Any) -> Array:
    return on_host(values) if isinstance(values, Tensor) else np.asarray(values)


def _groups(architecture: Architecture, blocks: Float[Array, "*batch N blocks R"]) -> Float[Array, "*batch M all R"]:
    """Values of whole groups, mode by mode; in CP a group runs through all modes and there is one list of them."""
    return blocks if architecture.model == "tucker" else blocks.reshape(*blocks.shape[:-3], 1, -1, blocks.shape[-1])


def _spread(squares: Float[Array, "*batch M all R"]) -> Array:
    return np.asarray(np.ptp(squares, -2).max((-2, -1)))


def _alignments(
    architecture: Architecture, core: Any, D: Tensor, factors: Sequence[Tensor], norms: Float[Array, "*batch M all R"]
) -> Float[Array, "*batch M R"]:
    back, order = at_hand(D), architecture.order
    lead = back.shape[: back.ndim - order]
    chain = [at_hand(U) for U in factors]
    if architecture.model == "cp":
        # <D, W_r>: the last mode is multiplied first and the others summed away one by one
        back = back.reshape(*lead, -1, back.shape[-1]) @ chain[-1]
        for U in reversed(chain[:-1]):  # rows are the modes that are left, the last one fastest
            back = (back.reshape(*lead, -1, *U.shape[-2:]) * U[..., None, :, :]).sum(-2)
        inner = [back.reshape(*lead, -1)]
    else:
        for U in chain:  # the first axis is multiplied and put last: after all modes they are in order again
            back = back.reshape(*lead, U.shape[-2], -1).mT @ U
        G = at_hand(core)
        inner = mode_sums(back.reshape(G.shape) * G, order=order)
    return -side_by_side([_hosted(values) for values in inner]) / norms.prod(-2)


def watch(architecture: Architecture, parameters: Parameters, problem: Problem, W: Tensor) -> dict[str, Tensor]:
    """All observables at one point, in main memory, under names such as "slice norms 1" (modes numbered from 1).

    "spectrum n" are the singular values of W's unfolding (for a HOSVD core they are its slice norms); "rank n" counts
    those above the noise floor eps * largest side * ||W||, "relative n" divides them by the largest. CP has no slices:
    it has "component norms", "alignment" and "participation" once for all modes.
    """
    D, residual = torch.empty_like(W), W.clone()
    losses = problem.gradient_(residual, D)
    factors = _factors(architecture, parameters)
    return watch_point(architecture, problem, Point(parameters, W, losses, D, residual, factors))


@np.errstate(divide="ignore", invalid="ignore")
def watch_point(architecture: Architecture, problem: Problem, point: Point) -> dict[str, Tensor]:
    """`watch` where everything that a step computes is at hand."""
    squares = _square_norms(architecture, point.parameters)
    norms = np.sqrt(squares)
    seen: dict[str, Any] = {"loss": point.losses, "unbalancedness": _spread(_groups(architecture, squares))}
    if isinstance(problem, Completion):
        seen["train error"], seen["test error"] = problem.errors_of(point.losses, point.residual)
    spectra = host_spectra(on_host(point.W), order=architecture.order)
    together = side_by_side(spectra)
    side = max(max(size, prod(architecture.sizes) // size) for size in architecture.sizes)
    relative = together / at_least_tiny(together[..., :1])
    floor = np.finfo(together.dtype).eps * side * together[..., 0] * np.sqrt(np.vecdot(relative, relative))
    ranks, effective = (together > floor[..., None]).sum(-1), host_effective_rank(together)
    groups = _groups(architecture, norms)
    aligned = _alignments(architecture, point.parameters.get("G"), point.D, point.factors, groups)
    if architecture.model == "cp":
        slices = np.sqrt(np.stack([_hosted((U * U).sum(-2)) for U in point.factors], -2)).prod(-2)
        seen["component norms"], seen["alignment"] = slices, aligned[..., 0, :]
        seen["participation"] = counts = host_participation_ratio(slices)
    else:
        slices = norms[..., 0, :]
        counts = host_participation_ratio(slices)
    for n, (R, S) in enumerate(zip(architecture.ranks, (values.shape[-1] for values in spectra), strict=True)):
        name = str(n + 1)
        seen[f"block norms {name}"] = norms[..., n, :, :R]
        seen[f"spectrum {name}"], seen[f"relative {name}"] = spectra[n], relative[..., n, :S]
        seen[f"rank {name}"], seen[f"effective rank {name}"] = ranks[..., n], effective[..., n]
        if architecture.model == "tucker":
            seen[f"slice norms {name}"], seen[f"alignment {name}"] = slices[..., n, :R], aligned[..., n, :R]
            seen[f"participation {name}"] = counts[..., n]
    return {name: torch.from_numpy(_hosted(value)) for name, value in seen.items()}
