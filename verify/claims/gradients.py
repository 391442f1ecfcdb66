"""The derived gradient flow against autograd, and the Euler identity."""

from __future__ import annotations

from typing import Any

import torch

from .._claim import conjecture
from .._derived import derived_flow
from .._relations import Relation, equal
from .._state import State


@conjecture(
    title="The derived tensor is the model's tensor",
    source="Hariz et al. 2024; (1), (2)",
    topic="gradients",
    mutants={"one-component": lambda state: equal(derived_flow(state)["W"], state.component(0, 0))},
)
def derived_tensor_is_the_model_tensor(state: State) -> Relation:
    """W computed from theory's contraction program equals W of the PyTorch model, for every parameter.

    Polynomial identity in the parameters; holds exactly.
    """
    return equal(derived_flow(state)["W"], state.tensor)


@conjecture(
    title="The derived flow is minus the gradient",
    source="Hariz et al. 2024; (3)",
    topic="gradients",
    mutants={
        "ascent": lambda state: flow_equations(state, 1),
        "normalised": lambda state: flow_equations(state, -2),
    },
)
def derived_flow_is_minus_the_gradient(state: State) -> Relation:
    """d(block)/dt of theory's program equals -dL/d(block) by autograd through the PyTorch model, block by block."""
    return flow_equations(state, -1)


def flow_equations(state: State, sign: int) -> Relation:
    flow, gradients = derived_flow(state), state.block_gradients()
    return equal([flow[name] for name in gradients], [sign * gradient for gradient in gradients.values()])


@conjecture(
    title="Euler identity: <dL/dB, B> = <grad L, W_{n,r}> for every block of a group",
    source="Hariz et al. 2024; (5)",
    topic="gradients",
    derivation="euler-identity",
    mutants={
        "degree": lambda state: _euler(state, state.depth + 1),
        "whole-tensor": lambda state: [
            equal(_inner(state, mode)[0].sum(), (state.gradient * state.tensor).sum() * 2)
            for mode in range(state.order)
        ],
    },
)
def euler_identity_for_every_block(state: State) -> list[Relation]:
    """For every block B of group (n, r): <dL/dB, B> = <grad L(W), W_{n,r}>.

    W is linear in each block of the group through W_{n,r} alone. Holds for every parameter, loss, depth and size.
    """
    return _euler(state, 1)


def _euler(state: State, degree: int) -> list[Relation]:
    return [
        equal(torch.stack(_inner(state, mode)), -degree * state.component_inner(mode)) for mode in range(state.order)
    ]


def _inner(state: State, mode: int) -> list[Any]:
    pairs = zip(state.group_blocks(mode), state.group_gradients(mode), strict=True)
    return [(block * gradient).sum(1) for block, gradient in pairs]


CLAIMS = (derived_tensor_is_the_model_tensor, derived_flow_is_minus_the_gradient, euler_identity_for_every_block)
