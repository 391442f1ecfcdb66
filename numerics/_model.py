"""The deep Tucker and CP models by hand in PyTorch: functional, differentiable, batched; knows nothing of theory."""

from collections.abc import Mapping, Sequence
from functools import singledispatch
from string import ascii_lowercase
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from numerics._architecture import Architecture
from numerics._losses import SQUARED
from numerics._network import Network, compose_network, network_component
from numerics._sized import Model
from numerics._tensors import mode_product

Parameters = Mapping[str, Tensor]


def factor(architecture: Architecture, parameters: Parameters, mode: int) -> Float[Tensor, "*batch I R"]:
    """U^(n) of `mode` (0-based), the product of its chain; the identity at depth 0. Source: (2)."""
    if architecture.depth == 0:
        G = parameters["G"]
        return torch.eye(architecture.sizes[mode], dtype=G.dtype, device=G.device)
    U = parameters[f"a{mode + 1}"]
    if architecture.chain == "column":
        columns = U.mT
        for name in reversed(architecture.links(mode)):  # products with vectors: summed, not handed to a matrix kernel
            columns = (parameters[name] * columns.unsqueeze(-2)).sum(-1)
        return columns.mT
    for name in reversed(architecture.links(mode)):
        A = parameters[name]
        U = A @ U if architecture.chain == "mode" else U * A.unsqueeze(-2)
    return U


@singledispatch
def compose(model: Model, parameters: Parameters) -> Float[Tensor, "*batch_and_sizes"]:
    """End-to-end tensor W of a model, (*batch, I_1, .., I_N); deep Tucker G x_1 U^(1) .. x_N U^(N). Source: (1).

    Raises:
        TypeError: for something that is no model.
    """
    raise TypeError(f"{model!r} is no model")


compose.register(Network, compose_network)


@compose.register
def _compose_tucker(architecture: Architecture, parameters: Any) -> Tensor:
    if architecture.model == "cp":
        return _sum_of_products([factor(architecture, parameters, mode) for mode in range(architecture.order)])
    W = parameters["G"]
    if architecture.depth:
        for mode in range(architecture.order):
            W = mode_product(W, factor(architecture, parameters, mode), mode, order=architecture.order)
    return W


def _sum_of_products(factors: Sequence[Tensor]) -> Tensor:
    """sum_r u_r^(1) x .. x u_r^(N) of the columns of factors (*batch, I, R)."""
    modes = [letter for letter in ascii_lowercase if letter != "r"][: len(factors)]
    return torch.einsum(f"{','.join(f'...{mode}r' for mode in modes)}->...{''.join(modes)}", *factors)


@singledispatch
def component(model: Model, parameters: Parameters, mode: Any, r: int) -> Float[Tensor, "*batch_and_sizes"]:
    """W_{n,r}: the part of W through index r of `mode` (0-based) or of a label, (*batch, *sizes). Source: (4), (22).

    CP: the r-th product of columns, the same for every mode.
    """
    raise TypeError(f"{model!r} is no model")


component.register(Network, network_component)


@component.register
def _component_of_tucker(architecture: Architecture, parameters: Any, mode: int, r: int) -> Tensor:
    order = architecture.order
    if architecture.model == "cp":
        return _sum_of_products([factor(architecture, parameters, n)[..., r : r + 1] for n in range(order)])
    axis = parameters["G"].ndim - order + mode
    part = parameters["G"].narrow(axis, r, 1)
    for n in range(order):
        U = factor(architecture, parameters, n)
        part = mode_product(part, U[..., r : r + 1] if n == mode else U, n, order=order)
    return part


def weighted_loss(W: Tensor, target: Tensor, weights: Tensor, *, order: int | None = None) -> Tensor:
    """1/2 sum of weights * (W - target)^2 over the entries of each problem, shape (*batch); Source: (3).

    Arguments:
        order: number of tensor modes; the dimensions before them are batch. Default: those of the smallest of the
            three arrays, so it must be given when all three carry batch dimensions.
    """
    return SQUARED.total(W, target, weights, order=order)


class DeepTucker(nn.Module):
    """A model, deep Tucker or any other (or a batch of them), whose blocks are `nn.Parameter`s; forward() gives W."""

    def __init__(self, architecture: Model, parameters: Parameters) -> None:
        super().__init__()
        architecture.batch_shape(parameters)
        self.architecture = architecture
        # nn.Module forbids dots in parameter names: "A1.2" is held as "A1_2".
        for name in architecture.shapes:
            value = torch.as_tensor(parameters[name]).detach().clone()
            self.register_parameter(name.replace(".", "_"), nn.Parameter(value))

    @property
    def blocks(self) -> dict[str, nn.Parameter]:
        """The parameters under their block names, in canonical order."""
        return {name: self.get_parameter(name.replace(".", "_")) for name in self.architecture.shapes}

    def forward(self) -> Float[Tensor, "*batch_and_sizes"]:
        return compose(self.architecture, self.blocks)
