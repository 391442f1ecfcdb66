"""What is never drawn cannot be refuted: false statements about sizes, scales, weights, minima, saddles and steps."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from numerics import Architecture
from verify import Descent, Flow, Seeds, State, Target, Verdict, assume, at_most, conjecture, equal
from verify._engine import CellRun
from verify._events import Cell
from verify._inputs import Inputs, Settings
from verify._strategies import draw_problems, problems, with_large_numbers


class _Unshrunk(CellRun):
    """Stops at the confirmed violation: that one is drawn is what is asked here, and shrinking takes time."""

    def _refuted(self, claim, example, outcome, result):
        result.verdict, result.detail = Verdict.REFUTED, outcome.how


@cache
def inputs(depth: int, order: int) -> Inputs:
    return Inputs(Cell(depth, order, "column"), Settings(budget=30.0))


def verdict(claim, depth: int = 2, order: int = 3) -> Verdict:
    return _Unshrunk([claim], inputs(depth, order)).judge(claim).verdict


def live(values):
    return values[values > 0]


def spread(values):
    """Largest over smallest of the positive values; 1 where there is none."""
    alive = live(values)
    return alive.max() / alive.min() if len(alive) else torch.tensor(1.0, dtype=torch.float64)


FALSE = []


def false(*, at=((2, 3),), assumes="generic", optimizer="gd"):
    """A false conjecture, and the cells (depth, order) in which its violation must be drawn."""

    def register(function):
        rule = {} if optimizer == "gd" else {"optimizer": optimizer}  # only what is trained may name one
        claim = conjecture(assumes=assumes, **rule)(function)
        FALSE.extend((claim, cell) for cell in at)
        return claim

    return register


BOTH = ((2, 3), (1, 2))


# -- sizes and ranks
@false(at=BOTH)
def core_sizes_exceed_mode_sizes_by_one_at_most(state: State):
    return [at_most(r, i + 1) for r, i in zip(state.ranks, state.sizes, strict=True)]


@false(at=BOTH)
def core_sizes_are_at_most_twice_the_mode_sizes(state: State):
    return [at_most(r, 2 * i) for r, i in zip(state.ranks, state.sizes, strict=True)]


@false(at=BOTH)
def sides_are_at_most_five(state: State):
    return at_most(max(state.sizes), 5)


@false(at=BOTH)
def sides_are_at_most_ten(state: State):
    return at_most(max(state.sizes), 10)


@false(at=((1, 2), (1, 3)), assumes="matrix-balanced")
def matrix_balanced_cores_are_no_larger_than_the_modes(state: State):
    return [at_most(r, i) for r, i in zip(state.ranks, state.sizes, strict=True)]


@false(at=((2, 3),))
def all_energy_is_near_the_leading_singular_value(state: State):
    energy = (state.tensor**2).sum()
    return [at_most(energy, 5 * state.singular_values(mode)[0] ** 2) for mode in range(state.order)]


# -- weights and views
@false(at=BOTH)
def observed_weights_are_all_equal(state: State):
    return equal((state.gradient**2).sum(), 2 * state.weights.max() * state.loss)


@false(at=BOTH)
def weights_differ_by_a_factor_of_ten_at_most(state: State):
    return at_most(spread(state.weights), 10)


@false(at=BOTH)
def a_tenth_of_the_entries_is_observed(state: State):
    return at_most(state.weights.numel() / 10, (state.weights > 0).sum())


@false(at=BOTH)
def at_least_two_entries_are_observed(state: State):
    assume(state.weights.numel() > 1)
    return at_most(2, (state.weights > 0).sum())


@false(at=BOTH)
def some_weight_vanishes_or_all_are_the_same(state: State):
    assume((state.weights > 0).all())
    return equal(state.weights, state.weights.max())


@false(at=((2, 3),))
def every_slice_is_seen(state: State):
    return [at_most(1, (torch.movedim(state.weights, m, 0) > 0).flatten(1).sum(1)) for m in range(state.order)]


# -- minima and saddles
@false(at=BOTH)
def the_loss_is_positive(state: State):
    return at_most(1e-300, state.loss)


@false(at=BOTH)
def the_gradient_vanishes_nowhere_but_at_the_target(state: State):
    misfit = ((state.tensor - state.target) ** 2).sum()
    assume(misfit > 0)
    return at_most(1e-300, sum((g * g).sum() for g in state.block_gradients().values()))


@false(at=((2, 3),), assumes="balanced")
def balanced_starts_are_not_minima(state: State):
    return at_most(1e-300, state.loss)


@false(at=((2, 3),))
def no_tensor_of_a_live_core_vanishes(state: State):
    assume((state.core != 0).any())
    return at_most(1e-300, (state.tensor**2).sum())


@false(at=BOTH)
def targets_are_not_zero(state: State):
    return at_most(1e-300, (state.target**2).sum())


# -- scales inside a block
@false(at=BOTH)
def entries_of_the_core_lie_within_a_factor_of_a_thousand(state: State):
    return at_most(spread(state.core.abs()), 1e3)


@false(at=BOTH)
def slice_norms_lie_within_a_factor_of_a_hundred(state: State):
    return at_most(spread((state.core.flatten(1) ** 2).sum(1)), 1e4)


@false(at=((2, 3),), assumes="balanced")
def balanced_slice_norms_lie_within_a_factor_of_a_hundred(state: State):
    return at_most(spread(state.slice_norms(0)), 100)


@false(at=BOTH)
def columns_are_not_nearly_parallel(state: State):
    a = state.vectors(0)
    assume(a.shape[0] > 1 and a.shape[1] > 1)
    first, second = a[:, 0], a[:, 1]
    lengths = (first**2).sum() * (second**2).sum()
    gap = lengths - (first * second).sum() ** 2
    assume(gap > 0)
    return at_most(1e-5 * lengths, gap)


@false(at=((2, 3),), assumes="unbalanced")
def inner_blocks_of_unbalanced_groups_have_the_norm_of_the_slice(state: State):
    norms = state.block_norms(0)
    return equal(norms[:-1], norms[:1].expand(norms[:-1].shape))


@false(at=((2, 3),), assumes="unbalanced")
def all_groups_are_off_balance_by_one_number(state: State):
    squares = [state.block_norms(m) ** 2 for m in range(state.order)]
    gaps = torch.cat([s.amax(0) / s.amin(0).clamp_min(1e-30) for s in squares if (s > 0).all()] or [torch.ones(1)])
    return at_most(gaps.max(), 16.1)


# -- targets
@false(at=BOTH)
def target_entries_lie_within_a_factor_of_ten(target: Target):
    return at_most(spread(target.tensor.abs()), 10)


@false(at=BOTH)
def target_ranks_are_at_most_three(target: Target):
    return at_most(max(target.multilinear_rank()), 3)


@false(at=BOTH)
def target_sides_are_at_most_six(target: Target):
    return at_most(max(target.sizes), 6)


@false(at=BOTH)
def targets_are_never_all_zero(target: Target):
    return at_most(1e-300, (target.tensor**2).sum())


@false(at=((2, 3),))
def targets_have_few_directions(target: Target):
    energy = (target.tensor**2).sum()
    return [at_most(energy, 5 * target.singular_values(mode)[0] ** 2) for mode in range(target.order)]


@false(at=((1, 2),))
def live_singular_values_of_targets_lie_within_a_hundred(target: Target):
    values = target.singular_values(0)
    rank = target.multilinear_rank()[0]
    assume(rank > 1)
    return at_most(values[0], 100 * values[rank - 1])


@false(at=((2, 3),), assumes="superdiagonal")
def superdiagonal_targets_are_positive(flow: Flow):
    entries = [flow.start.target[(r,) * flow.order] for r in range(min(flow.start.sizes))]
    return at_most(-torch.stack(entries), -1e-3)


@false(at=((2, 3),), assumes="superdiagonal")
def superdiagonal_targets_are_distinct(flow: Flow):
    entries = torch.stack([flow.start.target[(r,) * flow.order] for r in range(min(flow.start.sizes))])
    assume(len(entries) > 1)
    gaps = (entries[:, None] - entries[None, :]).abs() + 10 * torch.eye(len(entries))
    return at_most(1e-6, gaps.min())


# -- paths
@false(at=BOTH, assumes="balanced")
def descents_never_raise_the_loss(descent: Descent):
    return at_most(descent.losses[1:], descent.losses[:-1] * (1 + 1e-6) + 1e-20)


@false(at=BOTH, assumes="small")
def descents_never_exceed_their_start(descent: Descent):
    return at_most(descent.losses.max(), 1.001 * descent.losses[0] + 1e-20)


@false(at=((1, 2),), assumes="balanced")
def descents_never_exceed_twice_their_start(descent: Descent):
    return at_most(descent.losses.max(), 2 * descent.losses[0] + 1e-20)


@false(at=BOTH, assumes="small")
def small_starts_keep_98_percent_of_their_loss(flow: Flow):
    return at_most(0.98 * flow.losses[0], flow.losses[-1])


@false(at=BOTH, assumes="small")
def small_starts_keep_a_tenth_of_their_loss(flow: Flow):
    return at_most(0.1 * flow.losses[0], flow.losses[-1])


@false(at=BOTH)
def losses_keep_a_thousandth(flow: Flow):
    return at_most(1e-3 * flow.losses[0], flow.losses[-1])


@false(at=BOTH, assumes="balanced")
def losses_end_at_a_tenth_at_least(flow: Flow):
    return at_most(0.1 * flow.losses[0], flow.losses[-1])


@false(at=((2, 3),))
def flows_halve_their_loss(flow: Flow):
    return at_most(flow.losses[-1], 0.5 * flow.losses[0])


@false(at=((2, 3),))
def flows_move(flow: Flow):
    return at_most(1e-12, ((flow.final.tensor - flow.start.tensor) ** 2).sum())


@false(at=((2, 3),), optimizer="adam", assumes="balanced")
def adam_moves_no_entry_by_more_than_an_eighth(descent: Descent):
    return at_most((descent.final.core - descent.start.core).abs().max(), 0.13)


@false(at=((2, 3),))
def paths_weigh_all_they_see_alike(flow: Flow):
    return at_most(spread(flow.weights), 1.5)


@false(at=((2, 3),))
def paths_have_small_cores(flow: Flow):
    return [at_most(r, i + 1) for r, i in zip(flow.start.ranks, flow.start.sizes, strict=True)]


# -- seeds
@false(at=((1, 2),))
def seeds_share_one_weight(seeds: Seeds):
    return at_most(seeds.mean(lambda run: spread(run.weights)), 1.5)


@false(at=((1, 2),))
def seeds_have_cores_of_the_size_of_the_tensor(seeds: Seeds):
    return at_most(seeds.mean(lambda run: run.start.ranks[0] * run.start.ranks[1]), seeds.sizes[0] * seeds.sizes[1])


@pytest.mark.parametrize(("claim", "cell"), FALSE, ids=[f"{claim.id}-{k}-{n}" for claim, (k, n) in FALSE])
def test_what_is_false_only_on_thin_sets_is_refuted(claim, cell) -> None:
    assert verdict(claim, *cell) is Verdict.REFUTED


# -- how often a natural hypothesis is met
def is_even(state: State) -> bool:
    norms = state.block_norms(0)
    return bool((norms == norms[:1]).all() and (norms > 0).any())


def is_stuck(state: State) -> bool:
    still = not any(g.any() for g in state.block_gradients().values())
    return still and bool((state.tensor != state.target).any())


def has_mild_spectrum(state: State) -> bool:
    values = state.singular_values(0)
    return bool(((values > 1e-3 * values[0]) & (values < 1e-1 * values[0])).any())


@pytest.mark.parametrize("cell", BOTH)
@pytest.mark.parametrize(
    ("met", "least"),
    [
        (lambda state: not state.target.any(), 10),
        (is_stuck, 10),
        (is_even, 5),
        (has_mild_spectrum, 10),
        (lambda state: bool((state.weights == 0).any()), 25),
        (lambda state: float(spread(state.weights)) > 1.5, 10),
        (lambda state: bool(state.gradient.any() and state.core.any()), 50),
    ],
)
def test_a_natural_hypothesis_is_met_by_many_inputs(met, least: int, cell) -> None:
    chosen = inputs(*cell)
    assert sum(met(chosen.state(i, "generic")) for i in range(len(chosen.problems))) >= least


@pytest.mark.parametrize("assumes", ["generic", "balanced", "small", "superdiagonal", "matrix-balanced", "unbalanced"])
def test_paths_have_many_architectures_and_all_starts_are_finite(assumes: str) -> None:
    batches = inputs(2, 3).batches(assumes)
    starts = [start for batch in batches for start in batch.starts]
    assert len({start.architecture for start in starts}) >= 12
    assert all(bool(torch.isfinite(torch.cat([p.flatten() for p in s.parameters.values()])).all()) for s in starts)
    assert all(bool((start.weights > 0).any()) for start in starts)


def test_a_path_in_a_batch_of_many_sizes_is_the_path_alone() -> None:
    batch = inputs(2, 3).batches("unbalanced")[0]
    for index in range(0, len(batch.problems), 5):
        alone = batch.alone(index)
        for here, there in ((batch.descent(index, 0), alone.descent(0, 0)), (batch.flow(index), alone.flow(0))):
            for name, values in here.parameters.items():
                torch.testing.assert_close(values, there.parameters[name], rtol=1e-8, atol=1e-9)


def test_exact_arithmetic_sees_large_random_numbers_and_the_same_thin_sets() -> None:
    chosen = inputs(2, 3)
    large = [chosen.exact_problem(i) for i in range(100)]
    plain = [p for p in large if np.abs(p.blocks["G"]).max() > 2**40]
    assert len(plain) >= 25
    assert chosen.exact_bits == 60
    for before, after in zip(chosen.problems, large, strict=True):
        assert (before.counts > 0).tolist() == (after.counts > 0).tolist()
        assert before.target.any() == after.target.any()
        if "fitted" in before.kind:
            assert not chosen.exact_state(large.index(after)).gradient.array.any()


def test_a_problem_is_read_back_from_its_json_whatever_its_kind() -> None:
    for problem in draw_problems(problems(depth=2, order=2, chain="gate"), 60, 1):
        again = type(problem).from_json(json.loads(json.dumps(problem.as_json())))
        for assumes in ("generic", "unbalanced"):
            one, other = problem.state(assumes), again.state(assumes)
            assert all((one.parameters[n] == other.parameters[n]).all() for n in one.parameters)
            assert (one.target == other.target).all()
            assert (one.weights == other.weights).all()
    assert with_large_numbers(problem, 0).kind == problem.kind


@pytest.mark.parametrize(
    ("subject", "assumes"), [("State", "generic"), ("Flow", "balanced"), ("Target", "generic"), ("Seeds", "small")]
)
def test_what_was_drawn_is_plain_data_and_ranges(subject: str, assumes: str) -> None:
    told = inputs(1, 2).drawn(subject, assumes)
    assert json.loads(json.dumps(told)) == told
    assert told["problems"] == sum(told.get("paces", {"": told["problems"]}).values())
    low, high = told["sizes"]
    assert 1 <= low <= high <= 12


@pytest.mark.parametrize("assumes", ["generic", "balanced", "small", "unbalanced"])
@pytest.mark.parametrize("factor", [2**10, 2**40])
def test_paths_of_models_whose_tensor_leaves_float64_begin_with_usual_numbers(factor: int, assumes: str) -> None:
    """At depth 40 the product of 121 blocks of larger whole numbers is far beyond 2^1024."""
    for problem in draw_problems(problems(Architecture(40, (2, 3, 2), (2, 2, 2), "gate")), 2, 12):
        larger = replace(problem, blocks={name: block * factor for name, block in problem.blocks.items()}, kind="plain")
        norm = float(torch.linalg.vector_norm(larger.for_path(assumes).state(assumes).tensor))
        assert norm < 2.0**64  # one exponent for all blocks
