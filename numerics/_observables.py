"""What is watched along a path: norms, balance, alignment, spectra, ranks and errors, cheap beside the training."""

from collections.abc import Mapping
from math import prod

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from numerics._architecture import Architecture
from numerics._model import factor
from numerics._problems import Completion, Problem
from numerics._tensors import mode_sums, unfold

Parameters = Mapping[str, Tensor]


def block_norms(architecture: Architecture, parameters: Parameters, mode: int) -> Float[Tensor, "*batch blocks R"]:
    """Norms of the blocks of every group of `mode`: core slice, chain from first to last. Source: (4).

    With chain="mode" only the core slice and the column of the last factor belong to a group. CP has no core slice.
    """
    return _all_block_norms(architecture, parameters)[mode]


def _factor_norms(architecture: Architecture, parameters: Parameters, mode: int) -> list[Float[Tensor, "*batch R"]]:
    """Norms of the blocks that make the factor of `mode`, chain from first to last."""
    norms = []
    if architecture.depth:
        if architecture.chain == "column":
            norms += [torch.linalg.matrix_norm(parameters[name]) for name in architecture.links(mode)]
        elif architecture.chain == "gate":
            norms += [parameters[name].abs() for name in architecture.links(mode)]
        norms.append(torch.linalg.vector_norm(parameters[f"a{mode + 1}"], dim=-2))
    return norms


def _all_block_norms(architecture: Architecture, parameters: Parameters) -> list[Tensor]:
    """Norms of the blocks of every group of every mode, (*batch, blocks, R); the core is read once for all modes."""
    modes = range(architecture.order)
    rows = [_factor_norms(architecture, parameters, mode) for mode in modes]
    if architecture.model == "tucker":
        core = parameters["G"]
        slices = mode_sums(core * core, order=architecture.order)
        rows = [[squares.sqrt(), *norms] for squares, norms in zip(slices, rows, strict=True)]
    return [torch.stack(norms, dim=-2) for norms in rows]


def unbalancedness(architecture: Architecture, parameters: Parameters) -> Float[Tensor, "*batch"]:
    """Largest difference of squared block norms inside a group, over all groups of all modes. Source: (6)."""
    return _spread(_groups(architecture, _all_block_norms(architecture, parameters)))


def _groups(architecture: Architecture, norms: list[Tensor]) -> list[Float[Tensor, "*batch blocks R"]]:
    """Block norms of whole groups, mode by mode; in CP a group runs through all modes and there is one list of them."""
    return norms if architecture.model == "tucker" else [torch.cat(norms, dim=-2)]


def component_norms(architecture: Architecture, parameters: Parameters) -> Float[Tensor, "*batch R"]:
    """CP: norm of every component W_r, the product of the norms of its vectors."""
    factors = [factor(architecture, parameters, mode) for mode in range(architecture.order)]
    return torch.stack([torch.linalg.vector_norm(U, dim=-2) for U in factors]).prod(0)


def _spread(norms: list[Tensor]) -> Tensor:
    worst = []
    for blocks in norms:
        low, high = torch.aminmax(blocks, dim=-2)
        worst.append((high * high - low * low).amax(-1))
    return torch.stack(worst).amax(0)


def alignments(
    architecture: Architecture, parameters: Parameters, D: Tensor, *, norms: list[Tensor] | None = None
) -> list[Float[Tensor, "*batch R"]]:
    """For each mode <-grad L, W_{n,r}> / product of the group's block norms, by the Euler identity (5).

    In CP the component and its group are the same in every mode, and the list has this one entry.

    Arguments:
        D: grad L at W, (*batch, *sizes).
        norms: block norms of every mode, if they are at hand.
    """
    order = architecture.order
    if norms is None:
        norms = _all_block_norms(architecture, parameters)
    if architecture.model == "cp":
        return [-_along_components(architecture, parameters, D) / _groups(architecture, norms)[0].prod(-2)]
    lead, back = D.shape[: D.ndim - order], D
    for mode in range(order) if architecture.depth else ():
        # the first axis is multiplied and put last: after all modes they are in order again
        flat = back.reshape(*lead, architecture.sizes[mode], -1)
        back = flat.mT @ factor(architecture, parameters, mode)
    flow = -back.reshape(parameters["G"].shape) * parameters["G"]
    inner = mode_sums(flow, order=order)
    return [values / blocks.prod(-2) for values, blocks in zip(inner, norms, strict=True)]


def _along_components(architecture: Architecture, parameters: Parameters, D: Tensor) -> Float[Tensor, "*batch R"]:
    """CP: <D, W_r>, the last mode multiplied first and the others summed away one by one."""
    order = architecture.order
    lead = D.shape[: D.ndim - order]
    factors = [factor(architecture, parameters, mode) for mode in range(order)]
    back = D.reshape(*lead, -1, D.shape[-1]) @ factors[-1]
    for U in reversed(factors[:-1]):  # rows are the modes that are left, the last one fastest
        back = (back.unflatten(-2, (-1, U.shape[-2])) * U.unsqueeze(-3)).sum(-2)
    return back.squeeze(-2)


def mode_spectra(T: Tensor, *, order: int) -> list[Float[Tensor, "*batch S"]]:
    """Singular values of all unfoldings; long unfoldings are first reduced by an orthogonal transformation.

    By NumPy on the CPU: its calls cost less than PyTorch's, and small decompositions are slow on a GPU.
    """
    host = T.detach().cpu()
    reduced: list[np.ndarray] = []
    for mode in range(order):
        M = unfold(host, mode, order=order).numpy().swapaxes(-1, -2)
        long = M.shape[-2] > 2 * M.shape[-1]
        reduced.append(np.asarray(np.linalg.qr(M, mode="r")) if long else M)
    if len({M.shape for M in reduced}) == 1:  # one call for all modes costs less than one for each
        reduced = list(np.linalg.svd(np.stack(reduced), compute_uv=False))
    else:
        reduced = [np.linalg.svd(M, compute_uv=False) for M in reduced]
    return [torch.from_numpy(values).to(T.device) for values in reduced]


def _side_by_side(rows: list[Tensor]) -> Float[Tensor, "*batch N S"]:
    """One row for each mode, filled up with zeros, so that few calls serve all modes."""
    longest = max(row.shape[-1] for row in rows)
    return torch.stack([pad(row, (0, longest - row.shape[-1])) if row.shape[-1] < longest else row for row in rows], -2)


def effective_rank(spectrum: Float[Tensor, "*batch S"]) -> Float[Tensor, "*batch"]:
    """Exponential of the entropy of the normalised singular values (Roy and Vetterli 2007)."""
    p = spectrum / spectrum.sum(-1, keepdim=True).clamp_min(torch.finfo(spectrum.dtype).tiny)
    return torch.special.entr(p).sum(-1).exp()


def participation_ratio(values: Float[Tensor, "*batch S"]) -> Float[Tensor, "*batch"]:
    """(sum v^2)^2 / sum v^4: how many of the values carry the energy."""
    squares = values * values
    return squares.sum(-1) ** 2 / (squares * squares).sum(-1).clamp_min(torch.finfo(values.dtype).tiny)


def watch(architecture: Architecture, parameters: Parameters, problem: Problem, W: Tensor) -> dict[str, Tensor]:
    """All observables at one point, under names such as "slice norms 1" (modes numbered from 1).

    "spectrum n" are the singular values of W's unfolding (for a HOSVD core they are its slice norms); "rank n" counts
    those above the noise floor eps * largest side * ||W||, "relative n" divides them by the largest. CP has no slices:
    it has "component norms", "alignment" and "participation" once for all modes.
    """
    order = architecture.order
    D = torch.empty_like(W)
    residual = W.clone()  # until gradient_ subtracts the target from it
    losses = problem.gradient_(residual, D)
    norms_of = _all_block_norms(architecture, parameters)
    seen: dict[str, Tensor] = {"loss": losses, "unbalancedness": _spread(_groups(architecture, norms_of))}
    if isinstance(problem, Completion):
        seen["train error"], seen["test error"] = problem.errors_of(losses, residual)
    spectra = mode_spectra(W, order=order)
    together = _side_by_side(spectra)
    side = max(max(size, prod(architecture.sizes) // size) for size in architecture.sizes)
    floor = torch.finfo(W.dtype).eps * side * torch.linalg.vector_norm(together, dim=-1, keepdim=True)
    relative = together / together[..., :1].clamp_min(torch.finfo(W.dtype).tiny)
    ranks, effective = (together > floor).sum(-1), effective_rank(together)
    aligned = alignments(architecture, parameters, D, norms=norms_of)
    for mode in range(order):
        name = str(mode + 1)
        seen[f"block norms {name}"] = norms_of[mode]
        seen[f"spectrum {name}"] = spectra[mode]
        seen[f"relative {name}"] = relative[..., mode, : spectra[mode].shape[-1]]
        seen[f"rank {name}"], seen[f"effective rank {name}"] = ranks[..., mode], effective[..., mode]
    if architecture.model == "tucker":
        slices = [norms[..., 0, :] for norms in norms_of]
        counts = participation_ratio(_side_by_side(slices))
        for mode in range(order):
            name = str(mode + 1)
            seen[f"slice norms {name}"], seen[f"alignment {name}"] = slices[mode], aligned[mode]
            seen[f"participation {name}"] = counts[..., mode]
    if architecture.model == "cp":
        seen["component norms"], seen["alignment"] = component_norms(architecture, parameters), aligned[0]
        seen["participation"] = participation_ratio(seen["component norms"])
    return seen
