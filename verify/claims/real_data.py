"""What a run on a real tensor is held against: the derived flow and the derived slice-norm law, step by step."""

from __future__ import annotations

from typing import Any

import torch

from .._claim import conjecture
from .._derived import derived
from .._path import Descent
from .._relations import Relation, equal
from .._state import State


def slice_norms(state: State) -> Any:
    """Slice norms of all modes, one after the other."""
    return torch.cat([state.slice_norms(mode) for mode in range(state.order)])


@conjecture(
    title="Slice norms of the PyTorch run follow the derived flow at first order in the step",
    source="Hariz et al. 2024; (3), (20)",
    topic="real data",
    assumes="balanced",
    mutants={
        "static": lambda descent: equal(descent.series(slice_norms), descent.flow.series(slice_norms)[:1], order=1)
    },
)
def slice_norms_of_the_run_follow_the_derived_flow(descent: Descent) -> Relation:
    """Core slice norms along real gradient descent against those along the compiled flow, from one balanced start."""
    return equal(descent.series(slice_norms), descent.flow.series(slice_norms), order=1)


@conjecture(
    title="Along the PyTorch run slice norms move by the power law, at first order in the step",
    source="Hariz et al. 2024; (8)",
    topic="real data",
    assumes="balanced",
    applies=lambda depth, order, chain: chain != "mode" or depth <= 1,
    mutants={"exponent": lambda descent: _law(descent, lambda g, c: g ** (descent.depth + 1) * c)},
)
def slice_norms_of_the_run_move_by_the_power_law(descent: Descent) -> Relation:
    """At every recorded state of the run: d/dt of the slice norms by autograd against g^K times the alignment.

    The start is balanced; the run loses balance by O(eta), so the law holds to first order in the step.
    """
    return _law(descent, derived("slice_norm_rate", descent.depth))


def _law(descent: Descent, law: Any) -> Relation:
    def predicted(state: State) -> Any:
        return torch.cat([law(state.slice_norms(mode), state.alignment(mode)) for mode in range(state.order)])

    return equal(descent.series(lambda state: state.rate(slice_norms)), descent.series(predicted), order=1)


CLAIMS = (slice_norms_of_the_run_follow_the_derived_flow, slice_norms_of_the_run_move_by_the_power_law)
