"""What a finite step does: drift, distance to the flow, and which update rules keep the conservation laws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from .._claim import conjecture
from .._derived import derived
from .._path import Descent
from .._relations import Relation, constant, equal
from .._state import State, squared_norms
from .conservation import excess


@conjecture(
    title="Gradient descent follows the flow at first order in the step",
    source="design (20)",
    topic="discretisation",
    assumes="unbalanced",
    mutants={
        "second-order": lambda descent: equal(tensors(descent), tensors(descent.flow), order=2),
        "exactly": lambda descent: equal(tensors(descent), tensors(descent.flow)),
        "half-time": lambda descent: equal(
            tensors(descent)[1::2], tensors(descent.flow)[1 : 1 + len(descent.times) // 2], order=1
        ),
    },
)
def descent_follows_the_flow_at_first_order(descent: Descent) -> Relation:
    """PyTorch's gradient descent with step eta and theory's compiled flow, from the same start, differ by O(eta).

    Seen by halving the step; holds inside the asymptotic regime (step well below 2 / sharpness).
    """
    return equal(tensors(descent), tensors(descent.flow), order=1)


def tensors(trajectory: Any) -> Any:
    """W along a path, (T, *sizes)."""
    return trajectory.series(lambda state: state.tensor)


@conjecture(
    title="Gradient descent follows the flow of L + eta/4 ||grad L||^2 at second order in the step",
    source="Barrett and Dherin 2021; design (20)",
    topic="discretisation",
    assumes="unbalanced",
    derivation="modified-loss",
    loss="smooth",
    applies=lambda depth, order, chain: depth >= 1,
    mutants={
        "third-order": lambda descent: equal(tensors(descent), tensors(descent.modified_flow), order=3),
        "exactly": lambda descent: equal(tensors(descent), tensors(descent.modified_flow)),
        "plain-loss": lambda descent: equal(tensors(descent), tensors(descent.flow), order=2),
    },
)
def descent_follows_the_modified_flow_at_second_order(descent: Descent) -> Relation:
    """PyTorch's gradient descent with step eta against theory's flow of the modified loss for the same eta: O(eta^2).

    Seen by halving the step, with a flow of its own for every step.
    """
    return equal(tensors(descent), tensors(descent.modified_flow), order=2)


@conjecture(
    title="One step changes ||B||^2 - ||B'||^2 by exactly eta^2 (||dL/dB||^2 - ||dL/dB'||^2)",
    source="design (19)",
    topic="discretisation",
    derivation="drift-per-step",
    applies=lambda depth, order, chain: depth >= 1,
    mutants={
        "first-order": lambda state: _drift(state, lambda eta, a, b: eta * (a - b)),
        "half": lambda state: _drift(state, lambda eta, a, b: eta**2 * (a - b) / 2),
        "sign": lambda state: _drift(state, lambda eta, a, b: eta**2 * (b - a)),
    },
)
def unbalancedness_drifts_by_the_squared_step(state: State) -> list[Relation]:
    """The first-order terms cancel by the Euler identity; what is left is exact at every step size."""
    return _drift(state, derived("drift_per_step"))


def _drift(state: State, law: Any) -> list[Relation]:
    """||B||^2 - ||B'||^2 after a step against before, plus the drift; terms stand on the side where they are positive,
    so that nothing cancels."""
    relations = []
    for mode in range(state.order):
        blocks, gradients = state.group_blocks(mode), state.group_gradients(mode)
        eta = _step_sizes(blocks, gradients)
        stepped = [block - eta[:, None] * gradient for block, gradient in zip(blocks, gradients, strict=True)]
        before, after, slopes = (
            torch.stack([squared_norms(block) for block in rows]) for rows in (blocks, stepped, gradients)
        )
        drift = law(eta, slopes[:1], slopes[1:])
        relations.append(equal(after[:1] + before[1:] + torch.relu(-drift), after[1:] + before[:1] + torch.relu(drift)))
    return relations


def _step_sizes(blocks: Sequence[Any], gradients: Sequence[Any]) -> Any:
    """For every group a power of two that moves its fastest entry by 2 to 8 times its largest one, shape (R,).

    The law is exact at every step size; there the drift is the largest term of its equation, so that float64 sees it.
    """
    sizes, speeds = (torch.stack([abs(rows).amax(1) for rows in of]).amax(0) for of in (blocks, gradients))
    one = torch.ones_like(sizes[0])
    steps = []
    for size, speed in zip(map(float, sizes), map(float, speeds), strict=True):
        exponent = math.frexp(size)[1] - math.frexp(speed)[1] + 2 if size and speed else -3
        steps.append(one * 2.0**exponent if exponent >= 0 else one / 2.0**-exponent)  # exact rationals stay exact
    return torch.stack(steps)


@conjecture(
    title="Gradient descent conserves unbalancedness",
    source="design (19), negative statement",
    topic="discretisation",
    assumes="unbalanced",
    negative=True,
    applies=lambda depth, order, chain: depth >= 1,
)
def descent_does_not_conserve_unbalancedness(descent: Descent) -> Relation:
    """What the flow conserves drifts under gradient descent at any finite step."""
    return constant(excess(descent))


@conjecture(
    title="Gradient descent conserves ||B||^2 - ||B'||^2 to first order in the step",
    source="design (19)",
    topic="discretisation",
    assumes="unbalanced",
    applies=lambda depth, order, chain: depth >= 1,
    mutants={"second-order": lambda descent: constant(excess(descent), order=2)},
)
def descent_conserves_unbalancedness_to_first_order(descent: Descent) -> Relation:
    """eta^2 per step, 1/eta steps: the drift at a fixed time is O(eta)."""
    return constant(excess(descent), order=1)


@conjecture(
    title="GroupRMSprop conserves ||B||^2 - ||B'||^2 to first order in the step",
    source="design (21)",
    topic="discretisation",
    assumes="unbalanced",
    optimizer="group-rmsprop",
    applies=lambda depth, order, chain: depth >= 1,
    mutants={"exactly": lambda descent: constant(excess(descent))},
)
def group_rmsprop_conserves_unbalancedness_to_first_order(descent: Descent) -> Relation:
    """One running scalar for the whole gradient is a change of time, so (6) survives up to O(eta)."""
    return constant(excess(descent), order=1)


@conjecture(
    title="Adam conserves ||B||^2 - ||B'||^2 to first order in the step",
    source="design (21), negative statement",
    topic="discretisation",
    assumes="unbalanced",
    optimizer="adam",
    negative=True,
    applies=lambda depth, order, chain: depth >= 1,
)
def adam_does_not_conserve_unbalancedness(descent: Descent) -> Relation:
    """Adam rescales every coordinate by its own number: the conservation law (6) is broken however small the step."""
    return constant(excess(descent), order=1)


CLAIMS = (
    descent_follows_the_flow_at_first_order,
    descent_follows_the_modified_flow_at_second_order,
    unbalancedness_drifts_by_the_squared_step,
    descent_does_not_conserve_unbalancedness,
    descent_conserves_unbalancedness_to_first_order,
    group_rmsprop_conserves_unbalancedness_to_first_order,
    adam_does_not_conserve_unbalancedness,
)
