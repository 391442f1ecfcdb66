"""How slice norms move: the power law and its variants, singular values of the core, the reduced equation."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import torch

from numerics import solve_component

from .._claim import conjecture
from .._derived import derived
from .._numbers import current_digits
from .._path import Descent, Flow
from .._relations import Relation, at_most, equal
from .._state import State, squared_norms, times_other_factors, unfold


def _private_groups(depth: int, order: int, chain: str) -> bool:
    """Whether all K+1 blocks of a group belong to one index, as (8) needs: not for a shared chain at K >= 2."""
    return chain != "mode" or depth <= 1


@conjecture(
    title="Slice norms obey the power law dg/dt = g^K <-grad L, W_{n,r} / g^{K+1}>",
    source="Hariz et al. 2024; (8)",
    topic="slice norms",
    assumes="balanced",
    derivation="slice-norm-law",
    applies=_private_groups,
    mutants={
        "exponent": lambda state: _power_law(state, lambda g, alignment: g ** (state.depth + 1) * alignment),
        "factor": lambda state: _power_law(state, lambda g, alignment: (state.depth + 2) * g**state.depth * alignment),
        "sign": lambda state: _power_law(state, lambda g, alignment: -(g**state.depth) * alignment),
    },
)
def slice_norms_obey_the_power_law_when_balanced(state: State) -> list[Relation]:
    """In a balanced group the norm g of the core slice moves with g^K times the alignment of its component (g > 0 where
    K = 0).

    Measured by autograd through the PyTorch model; predicted by theory's formula.
    """
    return _power_law(state, derived("slice_norm_rate", state.depth))


def _power_law(state: State, law: Any) -> list[Relation]:
    rates = state.rate(lambda s: [s.slice_norms(mode) for mode in range(s.order)])
    norms = [state.slice_norms(mode) for mode in range(state.order)]
    return [
        equal(_of_live_slices(rate, g, state.depth), law(g, state.alignment(mode)))
        for mode, (rate, g) in enumerate(zip(rates, norms, strict=True))
    ]


def _of_live_slices(rate: Any, g: Any, depth: int) -> Any:
    """At K = 0 the law speaks of g > 0 alone: the norm of a zero slice has a kink, and its component no direction."""
    return rate if depth else torch.where(g > 0, rate, rate * 0)


def _closed_form(state: State, form: Any, time_to_escape: Any) -> list[Relation]:
    """d/dt of form(time, g, c), time and c held, against c form^K; and the time to the escape falls by one per time.

    The time held is half of that to the escape (1/c where there is none), with its sign.
    """
    modes = range(state.order)
    alignments = [state.alignment(mode) for mode in modes]
    alive = [(state.slice_norms(mode) > 0) & (alignments[mode] != 0) for mode in modes]
    c = [torch.where(alive[mode], alignments[mode], torch.ones_like(alignments[mode])) for mode in modes]

    def norms(s: State, mode: int) -> Any:
        return torch.where(alive[mode], s.slice_norms(mode), torch.ones_like(c[mode]))

    def left(s: State) -> list[Any]:
        return [time_to_escape(norms(s, mode), c[mode]) for mode in modes]

    def carried(s: State) -> list[Any]:
        return [form(held[mode], norms(s, mode), c[mode]) for mode in modes]

    held = [time / 2 for time in left(state)] if time_to_escape else [1 / c[mode] for mode in modes]
    relations = [
        equal(rate, torch.where(alive[mode], c[mode] * value**state.depth, value * 0))
        for mode, (rate, value) in enumerate(zip(state.rate(carried), carried(state), strict=True))
    ]
    if time_to_escape:
        relations += [equal(rate, -1 * alive[mode]) for mode, rate in enumerate(state.rate(left))]
    return relations


def _escape_time(depth: int) -> Any:
    return derived("escape_time", depth) if depth >= 2 else None


@conjecture(
    title="At constant alignment c: g^{1-K} = g_0^{1-K} - (K-1) c t, escape at t = g_0^{1-K} / ((K-1) c)",
    source="design (11)",
    topic="slice norms",
    assumes="balanced",
    derivation="constant-alignment",
    applies=lambda depth, order, chain: depth >= 1 and _private_groups(depth, order, chain),
    mutants={
        "exponent": lambda state: _closed_form(
            state, derived("constant_alignment", state.depth + 1), _escape_time(state.depth + 1)
        ),
        "escape-over-depth": lambda state: _closed_form(
            state,
            derived("constant_alignment", state.depth),
            lambda g, c: g ** (1 - state.depth) / (state.depth * c),
        ),
    },
)
def slice_norms_at_constant_alignment_follow_the_closed_form_when_balanced(state: State) -> list[Relation]:
    """With the alignment c held, theory's g(t; g_0, c) (g_0 e^{ct} for K = 1) is carried along by the flow of g_0 as it
    must be, d/dt g(t; g_0, c) = c g(t; g_0, c)^K, and for K >= 2 the time to the escape falls by one per unit of time.

    Measured by autograd through the PyTorch model and the closed form; half of the time to the escape is held.
    """
    return _closed_form(state, derived("constant_alignment", state.depth), _escape_time(state.depth))


@conjecture(
    title="Slices of equal norm stay equal: the order of slices by norm never changes",
    source="design 2.2, negative statement",
    topic="slice norms",
    loss="squared",
    negative=True,
    applies=lambda depth, order, chain: chain != "gate" or depth <= 8,
)
def order_of_slices_may_change(state: State) -> list[Relation]:
    """Two slices of one norm with different rates pass each other: the order by norm is another one before and after.

    A witness is two slices of a mode with exactly equal norms and different exact rates. Not asked of more than 8
    gates: among so many drawn whole numbers there is a zero, and then nothing moves.
    """
    relations = []
    for mode, rates in enumerate(state.rate(lambda s: [squared_norms(unfold(s.core, n)) for n in range(s.order)])):
        squares = squared_norms(unfold(state.core, mode))
        apart = rates[:, None] - rates[None, :]
        relations.append(equal(torch.where(squares[:, None] == squares[None, :], apart, apart * 0), 0))
    return relations


@conjecture(
    title="The product of block norms obeys dsigma/dt = (K+1) sigma^{2-2/(K+1)} <-grad L, W_{n,r} / sigma>",
    source="Hariz et al. 2024; (9)",
    topic="slice norms",
    assumes="balanced",
    derivation="sigma-law",
    applies=_private_groups,
    mutants={
        "exponent": lambda state: _sigma_law(
            state, lambda s, c: (state.depth + 1) * s ** (2 - 2 / (state.depth + 2)) * c
        ),
        "factor": lambda state: _sigma_law(
            state, lambda s, c: (state.depth + 2) * derived("sigma_rate", state.depth)(s, c)
        ),
    },
)
def products_of_block_norms_obey_the_saturating_power_law_when_balanced(state: State) -> list[Relation]:
    """sigma = product of the K+1 block norms = g^{K+1} moves with an exponent that saturates at 2 with depth."""
    return _sigma_law(state, derived("sigma_rate", state.depth))


def _sigma_law(state: State, law: Any) -> list[Relation]:
    rates = state.rate(lambda s: [s.block_norms(mode).prod(0) for mode in range(s.order)])
    products = [state.block_norms(mode).prod(0) for mode in range(state.order)]
    return [
        equal(_of_live_slices(rate, sigma, state.depth), law(sigma, state.alignment(mode)))
        for mode, (rate, sigma) in enumerate(zip(rates, products, strict=True))
    ]


@conjecture(
    title="Off balance by eps, |dg/dt| lies between the two bounds",
    source="design (10)",
    topic="slice norms",
    assumes="unbalanced",
    derivation="slice-norm-bounds",
    applies=lambda depth, order, chain: depth >= 1 and _private_groups(depth, order, chain),
    mutants={
        "eps-forgotten": lambda state: [at_most(rate, g**state.depth * c) for rate, g, c, _ in _unbalanced(state)],
        "lower-without-eps": lambda state: [
            at_most((g**2 + eps) ** (state.depth / 2) * c, rate) for rate, g, c, eps in _unbalanced(state)
        ],
    },
)
def slice_norm_rates_stay_within_their_bounds_when_unbalanced(state: State) -> list[Relation]:
    """max(g^2 - eps, 0)^{K/2} |c| <= |dg/dt| <= (g^2 + eps)^{K/2} |c| for unbalancedness eps, alignment c and g > 0."""
    lower, upper = (_bound(index, state.depth) for index in (0, 1))
    relations = []
    for rate, g, alignment, eps in _unbalanced(state):
        relations += [at_most(lower(g, eps, alignment), rate), at_most(rate, upper(g, eps, alignment))]
    return relations


def _bound(index: int, depth: int) -> Any:
    return derived("slice_norm_rate_bounds", depth, part=index)


def _unbalanced(state: State) -> list[tuple[Any, Any, Any, Any]]:
    rates = state.rate(lambda s: [s.slice_norms(mode) for mode in range(s.order)])
    rows = []
    for mode, rate in enumerate(rates):
        squares, g = state.block_norms(mode) ** 2, state.slice_norms(mode)
        live = torch.where(g > 0, abs(rate), rate * 0)  # a zero slice has no direction: its alignment is not defined
        rows.append((live, g, abs(state.alignment(mode)), squares.amax(0) - squares.amin(0)))
    return rows


@conjecture(
    title="Singular values of the core unfolding are shared by the mode's factors and obey the power law",
    source="design (13)",
    topic="slice norms",
    assumes="matrix-balanced",
    derivation="mode-singular-values",
    applies=lambda depth, order, chain: depth >= 1 and (chain == "mode" or depth == 1),
    mutants={
        "exponent": lambda state: _spectral_law(state, lambda s, c: s ** (state.depth + 1) * c),
        "factor": lambda state: _spectral_law(state, lambda s, c: (state.depth + 2) * s**state.depth * c),
    },
)
def core_singular_values_obey_the_power_law_when_matrix_balanced(state: State) -> list[Relation]:
    """Each mode-n singular value s of the core unfolding moves with s^K <-grad L, W_{n,r} / s^{K+1}>, W_{n,r} taken in
    the core's HOSVD basis, and every factor of the chain has the same singular values.

    Stated for the moments sum s^2 and sum s^4 of the core and of every factor, smooth also where values meet or vanish;
    R_n may exceed I_n, the core's rank in the mode cannot.
    """
    return _spectral_law(state, derived("slice_norm_rate", state.depth))


def _spectral_law(state: State, law: Any) -> list[Relation]:
    measured = state.rate(_moments)
    relations = []
    for mode, per_factor in enumerate(measured):
        squares, basis = torch.linalg.eigh(_gram(unfold(state.core, mode).mT))
        values = torch.sqrt(torch.relu(squares))
        inner = -(state.factor(mode).mT @ unfold(state.gradient, mode) @ times_other_factors(state, mode).mT)
        aligned = torch.diagonal(basis.mT @ inner @ basis)
        # What is left out is below the precision at work: a part of s^{K+1} / s_1^{K+1} of the moments' rates.
        alive = values > 10.0 ** -(current_digits() / 2) * values.amax()
        norms = torch.where(alive, values, values * 0 + 1) ** (state.depth + 1)
        alive = alive & (norms > 0)  # powers of small values may underflow
        norms = torch.where(alive, norms, norms * 0 + 1)
        rates = law(values, torch.where(alive, aligned / norms, values * 0))
        first, second = (2 * values * rates).sum(), (4 * values**3 * rates).sum()
        relations += [equal(moments, torch.stack([first, second])) for moments in per_factor]
    return relations


def _gram(matrix: Any) -> Any:
    return matrix.mT @ matrix


def _moments(state: State) -> list[list[Any]]:
    """For every mode: (trace P, trace P^2) for the Gram matrix P of the core unfolding and of every factor."""
    result = []
    for mode in range(state.order):
        factors = state.chains(mode) if state.chain == "mode" else [state.vectors(mode)]
        grams = [_gram(matrix) for matrix in (unfold(state.core, mode).mT, *factors)]
        result.append([torch.stack([torch.trace(gram), (gram * gram).sum()]) for gram in grams])
    return result


def _unfolding_law(state: State) -> list[Relation]:
    """Singular values of W's first unfolding as if a deep matrix with NK+1 layers: rates of sum s^2 and sum s^4."""
    layers = state.order * state.depth + 1
    if not bool(abs(state.tensor).amax() < math.inf):  # LAPACK would raise; high precision has the range
        return [equal(state.tensor, state.tensor)]
    rates = state.rate(lambda s: torch.stack([(s.tensor * s.tensor).sum(), (_gram(unfold(s.tensor, 0).mT) ** 2).sum()]))
    left, values, right = torch.linalg.svd(unfold(state.tensor, 0), full_matrices=False)
    inner = -((left.mT @ unfold(state.gradient, 0)) * right).sum(1)
    speed = layers * values ** (2 - 2 / layers) * inner
    return [equal(rates, torch.stack([(2 * values * speed).sum(), (4 * values**3 * speed).sum()]))]


@conjecture(
    title="Singular values of W obey sigma' = L sigma^{2-2/L} <-grad L, u v^T> with L = 2K+1 layers",
    source="Arora et al. 2019; design (13), N = 2",
    topic="slice norms",
    assumes="matrix-balanced",
    applies=lambda depth, order, chain: order == 2 and depth >= 1 and (chain == "mode" or depth == 1),
    mutants={
        "one-layer-less": lambda state: [
            equal(r.measured, r.predicted * (2 * state.depth) / (2 * state.depth + 1)) for r in _unfolding_law(state)
        ]
    },
)
def singular_values_of_order_two_tensors_obey_the_deep_matrix_law(state: State) -> list[Relation]:
    """For N = 2 the model is a deep matrix factorization with 2K+1 layers and W's singular values follow its law."""
    return _unfolding_law(state)


@conjecture(
    title="Singular values of W's unfoldings obey the deep matrix law with L = NK+1 layers",
    source="design (13), negative statement for N >= 3",
    topic="slice norms",
    assumes="matrix-balanced",
    negative=True,
    applies=lambda depth, order, chain: order >= 3 and depth >= 1 and (chain == "mode" or depth == 1),
)
def singular_values_of_unfoldings_do_not_obey_the_power_law_at_order_three_and_more(state: State) -> list[Relation]:
    """For N >= 3 the singular values of the unfoldings of W do not obey the law that those of the core obey."""
    return _unfolding_law(state)


def _entries(trajectory: Any, order: int) -> Any:
    """Diagonal core entries and superdiagonal entries of W along a path, (T, 2, R)."""

    def both(state: State) -> Any:
        live = range(min(*state.ranks, *state.sizes))
        core = torch.stack([state.core[(r,) * order] for r in live])
        return torch.stack([core, torch.stack([state.tensor[(r,) * order] for r in live])])

    return trajectory.series(both)


def _reduced(trajectory: Any) -> Any:
    """(12) solved by SciPy for every component: g and the entry of W, (T, 2, R); full observation, one weight."""
    start, depth, order = trajectory.start, trajectory.depth, trajectory.order
    corners = [(r,) * order for r in range(min(*start.ranks, *start.sizes))]
    entries, norms = (tuple(float(values[corner]) for corner in corners) for values in (start.target, start.core))
    clock = tuple((float(start.weights[corners[0]]) * trajectory.times).tolist())
    core = _solved(depth, order, entries, norms, clock)
    return torch.stack([core, derived("component_entry", depth, order)(core)], 1)


@lru_cache(maxsize=256)  # every step size and tolerance is held against the same solution
def _solved(
    depth: int, order: int, entries: tuple[float, ...], norms: tuple[float, ...], times: tuple[float, ...]
) -> Any:
    # Near a rest point steps are limited by stability and errors are far above the tolerance: 4e-11 at 1e-12.
    solved = solve_component(depth, order, entries, norms, times, rtol=5e-14, atol=1e-17)
    return torch.as_tensor(solved, dtype=torch.float64)


def _superdiagonal(depth: int, order: int, chain: str) -> bool:
    """Where (12) holds: at order 1 every entry of a vector is superdiagonal and the groups do not decouple."""
    return depth >= 1 and order >= 2


@conjecture(
    title="A superdiagonal target decouples the flow into dg/dt = g^{NK} (lambda - g^{NK+1})",
    source="design (12)",
    topic="slice norms",
    assumes="superdiagonal",
    loss="squared",
    derivation="superdiagonal",
    applies=_superdiagonal,
    mutants={"exponent": lambda flow: equal(_entries(flow, flow.order), _reduced(flow) ** 1.01)},
)
def superdiagonal_flow_follows_the_reduced_equation(flow: Flow) -> Relation:
    """Aligned balanced start, L = 1/2 ||W - Lambda||^2: each component solves its own equation, W's entry is g^{NK+1}.

    Entries of the target of either sign, zero, or equal; all entries observed with one weight, that of time.

    The full compiled flow on one side, SciPy on the scalar equation on the other.
    """
    return equal(_entries(flow, flow.order), _reduced(flow))


def _ahead(flow: Flow, ordered: Any) -> Relation:
    """g_i <= g_j along time for every pair (i, j) of components that `ordered(g0, lambda)` singles out; (T, R, R)."""
    live = range(min(*flow.start.ranks, *flow.start.sizes))
    entries = torch.stack([flow.start.target[(r,) * flow.order] for r in live])
    norms = flow.series(lambda state: torch.stack([state.core[(r,) * flow.order] for r in live]))
    chosen = ordered(norms[0], entries)
    behind, front = (norms[:, :, None] * chosen, norms[:, None, :] * chosen)
    return at_most(behind, front)


def _behind(values: Any) -> Any:
    return values[:, None] <= values[None, :]


@conjecture(
    title="Of two components, the one with the larger entry stays ahead: g_0 <= h_0, lambda <= mu give g <= h",
    source="design (12)",
    topic="slice norms",
    assumes="superdiagonal",
    loss="squared",
    applies=_superdiagonal,
    mutants={
        "by-entry-alone": lambda flow: _ahead(flow, lambda norms, entries: _behind(entries)),
        "reversed": lambda flow: _ahead(flow, lambda norms, entries: (_behind(norms) & _behind(entries)).mT),
    },
)
def larger_components_stay_ahead_along_the_superdiagonal_flow(flow: Flow) -> Relation:
    """Incremental learning at every time, not only as g_0 -> 0: a component that starts no larger and aims no higher
    never overtakes. Two solutions of (12) cannot cross that way, because its right-hand side g^{NK} (lambda - g^{NK+1})
    never falls as lambda grows, for lambda of either sign: g stays at 0 or above."""
    return _ahead(flow, lambda norms, entries: _behind(norms) & _behind(entries))


@conjecture(
    title="Real gradient descent follows the reduced equation at first order in the step",
    source="design (12), (20)",
    topic="slice norms",
    assumes="superdiagonal",
    loss="squared",
    applies=_superdiagonal,
    mutants={
        "second-order": lambda descent: equal(_entries(descent, descent.order), _reduced(descent), order=2),
        "factor": lambda descent: equal(_entries(descent, descent.order), 1.01 * _reduced(descent), order=1),
    },
)
def superdiagonal_descent_follows_the_reduced_equation_at_first_order(descent: Descent) -> Relation:
    """PyTorch's gradient descent of the full model against the scalar equation (12): the distance is O(eta)."""
    return equal(_entries(descent, descent.order), _reduced(descent), order=1)


CLAIMS = (
    slice_norms_obey_the_power_law_when_balanced,
    slice_norms_at_constant_alignment_follow_the_closed_form_when_balanced,
    order_of_slices_may_change,
    products_of_block_norms_obey_the_saturating_power_law_when_balanced,
    slice_norm_rates_stay_within_their_bounds_when_unbalanced,
    core_singular_values_obey_the_power_law_when_matrix_balanced,
    singular_values_of_order_two_tensors_obey_the_deep_matrix_law,
    singular_values_of_unfoldings_do_not_obey_the_power_law_at_order_three_and_more,
    superdiagonal_flow_follows_the_reduced_equation,
    larger_components_stay_ahead_along_the_superdiagonal_flow,
    superdiagonal_descent_follows_the_reduced_equation_at_first_order,
)
