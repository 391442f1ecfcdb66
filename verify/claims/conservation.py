"""What the flow conserves inside a group and along a chain, and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch

from .._claim import conjecture
from .._path import Flow, Trajectory
from .._relations import Relation, constant, equal
from .._state import State, squared_norms, unfold


def _squares(state: State) -> list[Any]:
    return [torch.stack([squared_norms(block) for block in state.group_blocks(mode)]) for mode in range(state.order)]


@conjecture(
    title="||B||^2 - ||B'||^2 is conserved inside every group",
    source="Hariz et al. 2024; (6)",
    topic="conservation",
    derivation="norm-conservation",
    applies=lambda depth, order, chain: depth >= 1,
    mutants={
        "norms-not-squared": lambda state: [
            equal(r[1:], r[:-1]) for r in (state.rate(lambda s, m=m: s.block_norms(m)) for m in range(state.order))
        ],
        "core-weighs-depth": lambda state: [
            equal(r[1:], (state.depth + 1) * r[:1].expand(r[1:].shape)) for r in state.rate(_squares)
        ],
    },
)
def squared_norm_differences_are_conserved(state: State) -> list[Relation]:
    """d/dt ||B||^2 is the same for all blocks B of a group, so the differences are constants of the flow.

    Follows from the Euler identity; holds for every parameter and loss.
    """
    return [equal(rates[1:], rates[:-1]) for rates in state.rate(_squares)]


def _gram_pairs(state: State) -> list[tuple[Any, Any]]:
    """Pairs of Gram matrices whose difference (7) says is conserved, with the core's where it is whole."""
    pairs = []
    for mode in range(state.order):
        if state.chain == "mode" or state.depth == 1:
            factors = state.chains(mode) if state.chain == "mode" else [state.vectors(mode)]
            pairs += [(left.mT @ left, right @ right.mT) for left, right in pairwise(factors)]
            unfolding = unfold(state.core, mode)
            pairs.append((factors[-1].mT @ factors[-1], unfolding @ unfolding.mT))
        elif state.chain == "column":
            links, last = state.chains(mode), state.vectors(mode).mT
            if state.depth > 2:
                pairs.append((links[:, :-1].mT @ links[:, :-1], links[:, 1:] @ links[:, 1:].mT))
            pairs.append((links[:, -1].mT @ links[:, -1], last[:, :, None] * last[:, None, :]))
        else:
            gates, last = state.chains(mode), (state.vectors(mode) * state.vectors(mode)).sum(0)
            if state.depth > 2:
                pairs.append((gates[:, :-1] ** 2, gates[:, 1:] ** 2))
            pairs.append((gates[:, -1] ** 2, last))
    return pairs


def _gram_rates(state: State, twist: Callable[[Any], Any] = lambda x: x, sign: int = 1) -> list[Relation]:
    return [equal(twist(left), sign * right) for left, right in state.rate(_gram_pairs)]


@conjecture(
    title="Neighbouring Gram matrices differ by a constant: A_k^T A_k - A_{k+1} A_{k+1}^T",
    source="Arora et al. 2018; Hariz et al. 2024; (7)",
    topic="conservation",
    derivation="matrix-laws",
    applies=lambda depth, order, chain: depth >= 1,
    mutants={
        "sum-instead": lambda state: _gram_rates(state, sign=-1),
        "transposed": lambda state: [equal(r[0], r[1]) for r in state.rate(_transposed_pairs)],
    },
)
def gram_matrices_of_neighbours_differ_by_a_constant(state: State) -> list[Relation]:
    """Inside a chain A_k^T A_k - A_{k+1} A_{k+1}^T is conserved (the last one against a a^T).

    For K = 1, and for chain="mode" at any K, also (last factor)^T (last factor) - G_(n) G_(n)^T as whole matrices.
    """
    return _gram_rates(state)


def _transposed_pairs(state: State) -> list[tuple[Any, Any]]:
    """The Gram matrices on the wrong side; a wrong law as soon as a block is a matrix."""
    last = state.vectors(0)
    unfolding = unfold(state.core, 0)
    if state.depth == 1 or state.chain == "gate":
        return [((last @ last.mT).sum(), (unfolding.mT @ unfolding).sum())]
    links = state.chains(0)
    if state.chain == "mode":
        return [
            (
                links[0] @ links[0].mT,
                links[1].mT @ links[1] if links[1].shape[0] == links[1].shape[1] else links[1] @ links[1].mT,
            )
        ]
    return [(links[:, -1] @ links[:, -1].mT, last.mT[:, :, None] * last.mT[:, None, :])]


def excess(path: Trajectory) -> Any:
    """10 + ||G_{n,r}||^2 - ||B||^2 of every group along a path, (T, ...).

    The 10 keeps it away from 0, where it would be judged against its own rounding.
    """
    rows = [path.group_squares(mode) for mode in range(path.order)]
    return torch.cat([(10 + squares[:, :1] - squares[:, 1:]).flatten(1) for squares in rows], 1)


@conjecture(
    title="Conserved quantities stay constant along the solved flow",
    source="Hariz et al. 2024; (6)",
    topic="conservation",
    assumes="unbalanced",
    applies=lambda depth, order, chain: depth >= 1,
    mutants={"slice-norms": lambda flow: [constant(flow.series(lambda s: s.slice_norms(0)))]},
)
def squared_norm_differences_stay_constant_along_the_flow(flow: Flow) -> list[Relation]:
    """||G_{n,r}||^2 - ||B||^2 keeps its value along the compiled flow, from an unbalanced start."""
    return [constant(excess(flow))]


@conjecture(
    title="A slice that is zero in a balanced group stays zero",
    source="Hariz et al. 2024; (8), (11)",
    topic="conservation",
    assumes="balanced",
    applies=lambda depth, order, chain: depth >= 1 and (chain != "mode" or depth == 1),
    mutants={"all-slices": lambda state: [equal(_rate_of_squares(state, mode), 0) for mode in range(state.order)]},
)
def zero_slices_of_balanced_groups_stay_zero(state: State) -> list[Relation]:
    """Where ||G_{n,r}|| = 0 in a balanced group, every block of the group has zero gradient."""
    relations = []
    for mode in range(state.order):
        dead = (state.slice_norms(mode) == 0) * 1.0
        relations.append(equal(torch.stack([squared_norms(block) for block in state.group_gradients(mode)]) * dead, 0))
    return relations


def _rate_of_squares(state: State, mode: int) -> Any:
    return state.rate(lambda s: s.slice_norms(mode) ** 2)


@conjecture(
    title="Off-diagonal Gram entries between last block and core are conserved",
    source="design (7), negative statement",
    topic="conservation",
    assumes="unbalanced",
    negative=True,
    applies=lambda depth, order, chain: depth >= 2 and chain in ("column", "gate"),
)
def off_diagonal_gram_entries_are_not_conserved_at_depth_two_and_more(state: State) -> list[Relation]:
    """The entries off the diagonal of (last block)^T (last block) - G_(n) G_(n)^T change along the flow for K >= 2.

    Only the diagonal is conserved when every column has its private chain. Asked of unbalanced starts, whose blocks are
    not zero: a chain of many drawn whole numbers has a zero in it, and then nothing moves.
    """

    def off_diagonal(s: State) -> tuple[Any, Any]:
        unfolding = unfold(s.core, 0)
        return _off_diagonal(s.vectors(0).mT @ s.vectors(0)), _off_diagonal(unfolding @ unfolding.mT)

    left, right = state.rate(off_diagonal)
    return [equal(left, right)]


def _off_diagonal(matrix: Any) -> Any:
    return matrix - torch.diag(torch.diagonal(matrix))


@conjecture(
    title="The norm of the core never decreases",
    source="design 2.2, negative statement",
    topic="conservation",
    negative=True,
)
def core_norm_is_not_monotone(state: State) -> Relation:
    """The norm of the core may shrink along the flow: d/dt ||G||^2 takes both signs."""
    return equal(torch.relu(-state.rate(lambda s: (s.core * s.core).sum())), 0)


CLAIMS = (
    squared_norm_differences_are_conserved,
    gram_matrices_of_neighbours_differ_by_a_constant,
    squared_norm_differences_stay_constant_along_the_flow,
    zero_slices_of_balanced_groups_stay_zero,
    off_diagonal_gram_entries_are_not_conserved_at_depth_two_and_more,
    core_norm_is_not_monotone,
)
