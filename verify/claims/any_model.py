"""What holds for every model that is a sum of tensor networks, under every loss: judged where model= is not Tucker."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from .._claim import conjecture
from .._derived import derived_flow
from .._path import Descent, Flow
from .._relations import Relation, equal, nonincreasing
from .._state import State, squared_norms
from .discretisation import tensors
from .gradients import flow_equations


@conjecture(
    title="The derived tensor is the model's tensor",
    source="design (22)",
    topic="any model",
    model="any",
    mutants={"doubled": lambda state: equal(2 * derived_flow(state)["W"], state.tensor)},
)
def derived_tensor_of_any_model_is_its_tensor(state: State) -> Relation:
    """W of theory's contraction program equals W of the PyTorch model, a sum of einsums, for every parameter."""
    return equal(derived_flow(state)["W"], state.tensor)


@conjecture(
    title="The derived flow is minus the gradient",
    source="design (3), (22)",
    topic="any model",
    model="any",
    mutants={"ascent": lambda state: flow_equations(state, 1)},
)
def derived_flow_of_any_model_is_minus_the_gradient(state: State) -> Relation:
    """d(block)/dt of theory's program equals -dL/d(block) by autograd, also where a block stands in several places."""
    return flow_equations(state, -1)


def _rows(state: State, label: str, blocks: Any) -> list[tuple[Any, int]]:
    """(slices (R, entries), degree) of every block of the groups of a label, of the blocks given."""
    return State(state.architecture, blocks, state.target, state.weights, state.loss_function)._rows(label)


def _has_groups(model: Any) -> bool:
    return bool(model.groupings)


@conjecture(
    title="Euler identity with degrees: <dL/dB, B_r> = d_B <grad L, W_r> for every block of a group",
    source="design (5), (22)",
    topic="any model",
    model="any",
    applies=_has_groups,
    mutants={"degree": lambda state: _euler(state, 1)},
)
def euler_identity_with_degrees(state: State) -> list[Relation]:
    """W_r is homogeneous of degree d_B in the slice of block B; holds for every parameter and differentiable loss."""
    return _euler(state, 0)


def _euler(state: State, more: int) -> list[Relation]:
    relations = []
    for label in state.group_labels:
        pairs = zip(_rows(state, label, state.parameters), _rows(state, label, state.block_gradients()), strict=True)
        inner = state.component_inner(label)
        relations += [equal((rows * slopes).sum(1), -(degree + more) * inner) for (rows, degree), (slopes, _) in pairs]
    return relations


def _two_members(model: Any) -> bool:
    return any(len(grouping.members) > 1 for grouping in model.groupings)


def _shares(state: State) -> list[Any]:
    """||B_r||^2 / d_B of every block of every group, (blocks, R) for each label of two blocks and more."""
    found = []
    for label in state.group_labels:
        rows = [squared_norms(rows) / degree for rows, degree in state._rows(label)]
        if len(rows) > 1:
            found.append(torch.stack(rows))
    return found


@conjecture(
    title="||B_r||^2 / d_B - ||B'_r||^2 / d_B' is conserved inside every group",
    source="design (6), (22)",
    topic="any model",
    model="any",
    applies=_two_members,
    mutants={"sum": lambda state: [equal(r[1:], -r[:-1]) for r in state.rate(_shares)]},
)
def squared_norms_over_degrees_differ_by_constants(state: State) -> list[Relation]:
    """By the Euler identity with degrees d/dt ||B_r||^2 / d_B is the same for all blocks of a group."""
    return [equal(rates[1:], rates[:-1]) for rates in state.rate(_shares)]


@conjecture(
    title="Balanced groups obey dsigma/dt = D c^{2/D} sigma^{2 - 2/D} alignment",
    source="Razin et al. 2021 (CP); design (22)",
    topic="any model",
    model="any",
    assumes="balanced",
    applies=_has_groups,
    mutants={
        "exponent": lambda state: _power_law(state, 3),
        "factor": lambda state: _power_law(state, 2, 2.0),
    },
)
def balanced_groups_of_any_model_obey_the_power_law(state: State) -> list[Relation]:
    """sigma = product of ||B_r||^{d_B} over a group, D = sum of d_B, c = product of d_B^{d_B / 2}: CP of order N has
    exponent 2 - 2/N, U U^T has 4 sigma alignment."""
    return _power_law(state, 2)


def _power_law(state: State, exponent: int, factor: float = 1.0) -> list[Relation]:
    relations = []
    for label in state.group_labels:
        degrees = state.degrees(label)
        D, c = sum(degrees), 1.0
        for degree in degrees:
            c *= degree ** (degree / 2)
        sigma = state.group_size(label)
        alive = sigma > 0
        base = torch.where(alive, sigma, torch.ones_like(sigma))
        predicted = factor * D * c ** (2 / D) * base ** (exponent - 2 / D) * state.alignment(label)
        relations.append(equal(state.rate(partial(State.group_size, label=label)) * alive, predicted * alive))
    return relations


@conjecture(
    title="Gradient descent follows the flow at first order in the step",
    source="design (20)",
    topic="any model",
    model="any",
    assumes="unbalanced",
    mutants={"second-order": lambda descent: equal(tensors(descent), tensors(descent.flow), order=2)},
)
def descent_of_any_model_follows_its_flow_at_first_order(descent: Descent) -> Relation:
    """PyTorch's gradient descent with step eta and theory's compiled flow, from the same start, differ by O(eta)."""
    return equal(tensors(descent), tensors(descent.flow), order=1)


@conjecture(
    title="The loss never rises along the flow",
    source="design (3)",
    topic="any model",
    model="any",
    mutants={"gain": lambda flow: nonincreasing(-flow.losses)},
)
def loss_of_any_model_never_rises(flow: Flow) -> Relation:
    """dL/dt = -||grad L||^2, for every model and differentiable loss."""
    return nonincreasing(flow.losses)


CLAIMS = (
    derived_tensor_of_any_model_is_its_tensor,
    derived_flow_of_any_model_is_minus_the_gradient,
    euler_identity_with_degrees,
    squared_norms_over_degrees_differ_by_constants,
    balanced_groups_of_any_model_obey_the_power_law,
    descent_of_any_model_follows_its_flow_at_first_order,
    loss_of_any_model_never_rises,
)
