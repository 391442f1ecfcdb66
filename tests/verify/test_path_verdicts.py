"""Verdicts on flows and descents: what is true is never refuted, what is false never accepted, by kind of mistake."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from verify import Descent, Flow, Verdict, at_most, check, conjecture, constant, equal, nonincreasing
from verify._batch import PathBatch
from verify._events import Cell
from verify._inputs import Inputs, Settings
from verify._judge_path import judge_descent
from verify._numbers import precision
from verify._orders import told
from verify._precise_descent import precise_descent

RULES = ("gd", "momentum", "group-rmsprop", "rmsprop", "adam")


def result(claim, **cell):
    return check(claim, **{"depth": 1, "order": 2, "paths": 7, "budget": 60.0, **cell})


def excess(state):
    squares = state.block_norms(mode=0) ** 2
    return squares[1:] - squares[:1]


def tensor(state):
    return state.tensor


def batch_of(assumes="unbalanced", cell=None, seed=0):
    return Inputs(cell or Cell(1, 2, "column"), Settings(paths=7, seed=seed)).batches(assumes)[0]


# -- an order in the step, before and inside of the asymptotic regime
@pytest.mark.parametrize(("assumes", "seed"), [("balanced", 0), ("unbalanced", 0), ("small", 0), ("small", 1)])
def test_momentum_conserves_to_first_order_and_is_not_refuted(assumes: str, seed: int) -> None:
    @conjecture(assumes=assumes, optimizer="momentum")
    def conserved(descent: Descent):
        return constant(descent.series(excess), order=1)

    assert result(conserved, seed=seed).verdict is Verdict.SUPPORTED


@conjecture(assumes="unbalanced", optimizer="momentum")
def heavy_ball_follows_the_flow_at_its_own_time(descent: Descent):
    assert torch.allclose(descent.flow.times, descent.times / (1 - 0.9))
    return equal(descent.series(tensor), descent.flow.series(tensor), order=1)


@conjecture(optimizer="momentum")
def losses_of_heavy_ball_follow_those_of_the_flow(descent: Descent):
    return equal(descent.losses, descent.flow.losses, order=1)


@conjecture(optimizer="momentum")
def heavy_ball_has_the_loss_of_the_flow_at_half_of_its_time(descent: Descent):
    return equal(descent.losses[::2], descent.flow.losses[: len(descent.losses[::2])], order=1)


@conjecture(assumes="unbalanced", optimizer="momentum")
def heavy_ball_follows_the_flow_to_second_order(descent: Descent):
    return equal(descent.series(tensor), descent.flow.series(tensor), order=2)


@conjecture
def losses_follow_the_flow_but_for_a_thousandth(descent: Descent):
    return equal(descent.losses, 1.001 * descent.flow.losses, order=1)


@conjecture(assumes="unbalanced")
def norms_drift_below_a_ten_thousandth_of_the_core(descent: Descent):
    return equal(descent.series(excess), descent.series(excess)[:1] + 1e-4 * descent.times[:, None, None] ** 2, order=1)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (heavy_ball_follows_the_flow_at_its_own_time, Verdict.SUPPORTED),
        (losses_of_heavy_ball_follow_those_of_the_flow, Verdict.SUPPORTED),
        (losses_follow_the_flow_but_for_a_thousandth, Verdict.REFUTED),
        (norms_drift_below_a_ten_thousandth_of_the_core, Verdict.REFUTED),
    ],
    ids=lambda value: getattr(value, "id", None),
)
def test_claims_up_to_an_order_get_the_right_verdict(claim, expected) -> None:
    assert result(claim).verdict is expected


@pytest.mark.parametrize(
    "claim", [heavy_ball_has_the_loss_of_the_flow_at_half_of_its_time, heavy_ball_follows_the_flow_to_second_order]
)
def test_what_heavy_ball_does_not_do_is_violated_by_some_problem(claim) -> None:
    batch = batch_of(claim.assumes)
    assert "violated" in (judge_descent(claim, batch, i).status for i in range(7))


@pytest.mark.parametrize(
    ("sizes", "claimed", "status"),
    [
        ([0.0725, 0.07, 0.0652, 0.0632, 0.0443, 0.0258], 1, "halve"),  # momentum's own transient
        ([0.0725, 0.07, 0.0652, 0.0632, 0.0443, 0.0258, 0.0138, 0.0071, 0.0036, 0.0018, 0.0009], 1, "holds"),
        ([2.0**-k + 1e-3 for k in range(3)], 1, "halve"),  # a small limit behind a large leading term
        ([2.0**-k + 1e-3 for k in range(8)], 1, "violated"),
        ([1 / (1 + 2.0 ** (k - 9)) for k in range(9)], 1, "halve"),  # rests for long, then falls to zero
        ([2.0**-k + 4.0**-k for k in range(6)], 1, "holds"),
        ([2.0**-k + 4.0**-k for k in range(9)], 2, "violated"),
        ([4.0**-k + 2.0 ** -(k + 8) for k in range(10)], 2, "halve"),
        ([4.0**-k + 2.0 ** -(k + 8) for k in range(16)], 2, "violated"),
        ([0.01, 0.01, 0.01, 0.01], 1, "violated"),
    ],
)
def test_an_order_is_violated_only_where_a_limit_or_a_lower_order_has_settled(sizes, claimed, status) -> None:
    signed = np.array(sizes)[:, None]
    assert told(signed, np.array([1e-12]), claimed, np.zeros(1), one_sided=False).status == status


def test_no_order_is_read_off_before_the_asymptotic_regime() -> None:
    signed = np.array([0.01, 0.01, 0.01, 0.01, 0.01])[:, None]
    outcome = told(signed, np.array([1e-12]), 1, np.zeros(1), one_sided=False, regime=3)
    assert outcome.status == "halve"


def test_what_points_the_allowed_way_is_no_violation_of_a_bound() -> None:
    signed = -np.array([0.01, 0.01, 0.01, 0.01])[:, None]
    assert told(signed, np.array([1e-12]), 1, np.zeros(1), one_sided=True).status == "holds"


# -- which flow a rule follows
@pytest.mark.parametrize("optimizer", ["group-rmsprop", "rmsprop", "adam"])
def test_a_rule_that_follows_no_gradient_flow_is_told_so(optimizer: str) -> None:
    @conjecture(optimizer=optimizer)
    def follows(descent: Descent):
        return equal(descent.losses, descent.flow.losses, order=1)

    told_so = result(follows)
    assert told_so.verdict is Verdict.ERROR
    assert f"follows {optimizer}" in told_so.detail


def test_the_modified_flow_is_that_of_plain_descent_alone() -> None:
    @conjecture(optimizer="momentum")
    def follows(descent: Descent):
        return equal(descent.losses, descent.modified_flow.losses, order=2)

    assert result(follows).verdict is Verdict.ERROR


# -- a solved flow inside of a claim about a descent
@conjecture
def the_flow_beside_a_descent_conserves(descent: Descent):
    return constant(descent.flow.series(excess))


@conjecture
def the_flow_beside_a_descent_has_the_losses_of_its_states(descent: Descent):
    return equal(descent.flow.losses, descent.flow.series(lambda s: s.loss))


@conjecture
def the_flow_beside_a_descent_never_climbs(descent: Descent):
    return nonincreasing(descent.flow.losses)


@conjecture
def the_flow_beside_a_descent_stands_still(descent: Descent):
    return constant(descent.flow.losses)


@conjecture
def the_descent_is_the_flow(descent: Descent):
    return equal(descent.series(tensor), descent.flow.series(tensor))


@conjecture
def the_flow_conserves_plain_norm_differences(descent: Descent):
    return constant(descent.flow.series(lambda s: s.block_norms(0)[0] - 2 * s.block_norms(0)[-1]))


# -- terms of different size
@conjecture
def losses_are_twice_themselves_beside_a_large_bound(flow: Flow):
    return [equal(flow.losses, 2 * flow.losses), at_most(flow.times, 1e12)]


@conjecture
def large_numbers_agree_and_losses_stand_still(descent: Descent):
    return [equal(1e13, 1e13), constant(descent.losses)]


@conjecture
def losses_above_a_large_term_follow_the_flow_to_order_seven(descent: Descent):
    return equal(1e9 + descent.losses, 1e9 + descent.flow.losses, order=7)


@conjecture
def losses_above_a_large_term_stand_still_along_the_flow(flow: Flow):
    return constant(1e13 + flow.losses)


@conjecture
def losses_above_a_huge_term_stand_still_along_the_flow(flow: Flow):
    return constant(1e17 + flow.losses)


@conjecture
def losses_above_a_large_term_stand_still(descent: Descent):
    return constant(1e15 + descent.losses)


@conjecture
def losses_stand_still_beside_an_order(descent: Descent):
    return [constant(1e15 + descent.losses), equal(descent.losses, descent.flow.losses, order=1)]


@conjecture
def norms_above_a_large_term_keep_to_third_order(descent: Descent):
    return constant(1e12 + descent.series(excess), order=3)


@conjecture
def a_large_term_changes_nothing(flow: Flow):
    return equal(1e9 + flow.losses, flow.series(lambda s: s.loss) + 1e9)


@conjecture
def a_large_bound_beside_the_truth(flow: Flow):
    return [nonincreasing(flow.losses), at_most(flow.times, 1e12)]


@conjecture
def a_large_term_changes_nothing_in_a_descent(descent: Descent):
    return [equal(1e12 + descent.losses, descent.series(lambda s: s.loss) + 1e12), at_most(descent.times, 1e15)]


# -- rounding times the step
@conjecture(assumes="balanced", optimizer="momentum")
def heavy_ball_is_a_summed_recurrence(descent: Descent):
    """B - B0 is the sum of the differences: an identity in which float64 cancels."""
    core = descent.series(lambda s: s.core)
    return equal(core - core[:1], torch.cumsum(torch.cat([core[:1] * 0, core[1:] - core[:-1]]), 0))


@conjecture(assumes="balanced")
def balanced_norms_drift_by_the_squared_step(descent: Descent):
    """At depth 1 the drift is eta^2 times a sum of gradient differences; where it is zero float64 leaves 1e-23."""

    def slope(state):
        squares = torch.stack([(g * g).sum(1) for g in state.group_gradients(0)])
        return squares[1:] - squares[:1]

    drift = descent.series(excess)
    slopes = descent.series(slope)
    trapezium = torch.cumsum((slopes[1:] + slopes[:-1]) / 2, 0) / (len(slopes) - 1)
    return equal(drift[1:] - drift[:1], -descent.step * trapezium, order=1)


@conjecture(optimizer="adam")
def adam_changes_the_loss_by_what_it_changes_the_loss(descent: Descent):
    losses = descent.losses
    return equal(losses[-1] - losses[0], (losses[1:] - losses[:-1]).sum())


@conjecture(optimizer="rmsprop")
def rmsprop_conserves_exactly(descent: Descent):
    return constant(descent.series(excess))


# -- error bars that are a good part of what they belong to
@conjecture
def noise_is_bounded_by_more_noise(flow: Flow):
    noise = flow.series(lambda s: 1e16 * ((s.core * 3 + 1) - s.core * 3 - 1).abs().sum())
    return at_most(noise, 0.9 * noise)


ACCEPTED, REFUTED = (Verdict.SUPPORTED,), (Verdict.REFUTED,)
NOT_ACCEPTED = (Verdict.REFUTED, Verdict.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (the_flow_beside_a_descent_conserves, ACCEPTED),
        (the_flow_beside_a_descent_has_the_losses_of_its_states, ACCEPTED),
        (the_flow_beside_a_descent_never_climbs, ACCEPTED),
        (the_flow_beside_a_descent_stands_still, REFUTED),
        (the_descent_is_the_flow, REFUTED),
        (the_flow_conserves_plain_norm_differences, REFUTED),
        (losses_are_twice_themselves_beside_a_large_bound, REFUTED),
        (large_numbers_agree_and_losses_stand_still, REFUTED),
        (losses_above_a_large_term_follow_the_flow_to_order_seven, NOT_ACCEPTED),
        (losses_above_a_large_term_stand_still_along_the_flow, REFUTED),
        (losses_above_a_huge_term_stand_still_along_the_flow, REFUTED),
        (losses_above_a_large_term_stand_still, NOT_ACCEPTED),
        (losses_stand_still_beside_an_order, NOT_ACCEPTED),
        (norms_above_a_large_term_keep_to_third_order, NOT_ACCEPTED),
        (a_large_term_changes_nothing, ACCEPTED),
        (a_large_bound_beside_the_truth, ACCEPTED),
        (a_large_term_changes_nothing_in_a_descent, ACCEPTED),
        (heavy_ball_is_a_summed_recurrence, ACCEPTED),
        (balanced_norms_drift_by_the_squared_step, ACCEPTED),
        (adam_changes_the_loss_by_what_it_changes_the_loss, ACCEPTED),
        (rmsprop_conserves_exactly, REFUTED),
        (noise_is_bounded_by_more_noise, NOT_ACCEPTED),
    ],
    ids=lambda value: getattr(value, "id", None),
)
def test_claims_about_paths_get_the_right_verdict(claim, expected) -> None:
    told_so = result(claim)
    assert told_so.verdict in expected, told_so.detail
    assert told_so.verdict is not Verdict.INCONCLUSIVE or told_so.detail


# -- every rule in many digits
@pytest.mark.parametrize("optimizer", RULES)
@pytest.mark.parametrize("level", [0, 1])
def test_a_run_in_75_digits_is_torchs_run(optimizer: str, level: int) -> None:
    batch = batch_of(cell=Cell(2, 3, "column"))
    run = batch.descent(1, level, optimizer)
    with precision():
        again = precise_descent(batch, 1, level, optimizer)
    assert (again.step, again.optimizer) == (run.step, optimizer)
    np.testing.assert_allclose(again.losses.floats(), run.losses.numpy(), rtol=1e-11)
    for name, values in run.parameters.items():
        np.testing.assert_allclose(again.parameters[name].floats(), values.numpy(), rtol=1e-10, atol=1e-12)


# -- runs that diverge
def test_one_problem_that_diverges_rejects_itself_alone() -> None:
    batch = batch_of()
    wild = replace(batch.problems[2], weight_exponent=batch.problems[2].weight_exponent + 12)
    mixed = PathBatch([*batch.problems[:2], wild, *batch.problems[3:]], "unbalanced")

    @conjecture
    def loss_is_that_of_the_state(descent: Descent):
        return equal(descent.losses, descent.series(lambda s: s.loss))

    count = len(mixed.problems)
    assert count >= 6
    outcomes = [judge_descent(loss_is_that_of_the_state, mixed, i) for i in range(count)]
    assert [o.status for o in outcomes] == ["holds"] * 2 + ["rejected"] + ["holds"] * (count - 3)
    assert "diverged" in outcomes[2].how


def test_an_order_is_asked_of_finer_steps_where_the_coarsest_diverges() -> None:
    [problem] = batch_of().problems[:1]
    fast = PathBatch([replace(problem, weight_exponent=problem.weight_exponent + 5)], "unbalanced")

    @conjecture(assumes="unbalanced")
    def conserved(descent: Descent):
        return constant(descent.series(excess), order=1)

    assert judge_descent(conserved, fast, 0).status in ("holds", "undecided")
