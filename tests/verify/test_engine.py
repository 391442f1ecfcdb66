"""Verdicts: what the engine says of true, false, vacuous, badly written and undecidable conjectures."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from verify import Descent, Flow, State, Verdict, assume, at_most, check, conjecture, constant, equal, nonincreasing
from verify._batch import PathBatch
from verify._events import Cell
from verify._inputs import Inputs, Settings
from verify._judge_path import judge_descent
from verify._orders import told
from verify.claims import BUILT_IN


def verdict(claim, **cell) -> Verdict:
    return check(claim, **{"depth": 2, "order": 2, "examples": 25, "paths": 7, "budget": 20.0, **cell}).verdict


def test_a_polynomial_identity_is_exact() -> None:
    @conjecture
    def the_loss_falls_by_the_squared_gradient(state: State):
        squares = sum((g * g).sum() for g in state.block_gradients().values())
        return equal(state.rate(lambda s: s.loss), -squares)

    assert verdict(the_loss_falls_by_the_squared_gradient) is Verdict.EXACT


def test_a_relative_error_of_one_in_a_million_is_refuted() -> None:
    @conjecture
    def slightly_wrong(state: State):
        return equal(
            state.rate(lambda s: s.loss), -(1 + 1e-6) * sum((g * g).sum() for g in state.block_gradients().values())
        )

    assert verdict(slightly_wrong) is Verdict.REFUTED


def test_hypotheses_that_are_never_met_are_vacuous_and_counted() -> None:
    @conjecture
    def never(state: State):
        assume(state.loss < 0)
        return equal(state.loss, 0)

    result = check(never, depth=1, order=2, examples=25)
    assert (result.verdict, result.examples, result.rejected) == (Verdict.VACUOUS, 0, 25)


def test_a_flow_claim_is_supported_and_its_opposite_refuted() -> None:
    @conjecture
    def loss_falls(flow: Flow):
        return nonincreasing(flow.losses)

    @conjecture
    def loss_stays(flow: Flow):
        return constant(flow.losses)

    assert verdict(loss_falls) is Verdict.SUPPORTED
    assert verdict(loss_stays) is Verdict.REFUTED


def test_what_the_flow_conserves_drifts_under_descent() -> None:
    def difference(state: State) -> torch.Tensor:
        norms = state.block_norms(0)
        return 10 + norms[0] ** 2 - norms[1] ** 2

    @conjecture(assumes="unbalanced")
    def exactly(descent: Descent):
        return constant(descent.series(difference))

    @conjecture(assumes="unbalanced")
    def to_first_order(descent: Descent):
        return constant(descent.series(difference), order=1)

    assert verdict(exactly) is Verdict.REFUTED
    assert verdict(to_first_order) is Verdict.SUPPORTED


def test_a_bound_that_is_attained_is_not_refuted() -> None:
    @conjecture
    def norms_are_subadditive(state: State):
        return at_most(torch.linalg.vector_norm(state.core), state.slice_norms(0).sum())

    assert verdict(norms_are_subadditive) is Verdict.SUPPORTED


def test_without_a_second_route_only_a_gross_violation_is_refuted_and_the_function_is_named() -> None:
    @conjecture
    def spectrum_of_the_loss(state: State):
        return equal(torch.fft.fft(state.vectors(0).reshape(-1)).real.sum(), 0.3 * state.loss)

    @conjecture
    def the_mean_mode_is_the_sum(state: State):
        x = state.vectors(0).reshape(-1)
        return equal(torch.fft.fft(x).real[0], (1 + 1e-9) * x.sum())

    gross, fine = check(spectrum_of_the_loss, examples=20), check(the_mean_mode_is_the_sum, examples=20)
    assert (gross.verdict, fine.verdict) == (Verdict.REFUTED, Verdict.INCONCLUSIVE)
    assert all("fft" in result.detail for result in (gross, fine))


def boom(state: State):
    raise RuntimeError("boom")


def nothing(state: State):
    return None


def drifting(state: State):
    return equal(state.loss + random.random(), state.loss)


def mutating(state: State):
    state.core.mul_(2)
    return equal(state.loss, state.loss)


def forever(state: State):
    while True:
        pass


def leaving(state: State):
    raise SystemExit(0)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (boom, "RuntimeError: boom"),
        (nothing, "returned NoneType"),
        (drifting, "differ"),
        (mutating, "in place"),
        (forever, "budget"),
        (leaving, "SystemExit"),
    ],
)
def test_a_badly_written_conjecture_is_an_error_with_its_reason(function, says: str) -> None:
    result = check(conjecture(function), depth=1, order=2, examples=5, budget=2.0)
    assert result.verdict is Verdict.ERROR
    assert says in result.detail
    if function is not forever:
        assert f"{__file__}:" in result.detail


def test_an_argument_without_a_type_is_refused_when_decorated() -> None:
    from verify import ClaimError

    with pytest.raises(ClaimError, match="State"):
        conjecture(lambda state: equal(state.loss, 0))
    with pytest.raises(ClaimError, match="assumes"):
        conjecture(assumes="balance")(boom)


def test_the_same_seed_gives_the_same_counterexample() -> None:
    @conjecture
    def norm_equals_loss(state: State):
        return equal(state.loss, torch.linalg.vector_norm(state.core))

    first, second = (check(norm_equals_loss, depth=1, order=2, seed=5).counterexample for _ in range(2))
    assert first == second


def test_squares_of_groups_along_a_path_are_those_of_its_states() -> None:
    @conjecture(assumes="unbalanced")
    def squares(flow: Flow):
        return [
            equal(flow.group_squares(m), flow.series(lambda s, m=m: s.block_norms(m) ** 2)) for m in range(flow.order)
        ]

    for chain in ("column", "mode", "gate"):
        assert verdict(squares, depth=3, chain=chain) is Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("sizes", "status"),
    [
        ([0.00132, 0.00144, 0.00134], "halve"),  # before the asymptotic regime: two flat halvings prove nothing
        ([0.00132, 0.00144, 0.00134, 0.00072], "halve"),
        ([0.00132, 0.00144, 0.00134, 0.00072, 0.00037], "holds"),
        ([0.004, 0.0021, 0.00104], "holds"),
        ([0.0101, 0.0100, 0.01, 0.01], "violated"),
        ([0.01, 0.0099, 0.0075, 0.0053], "halve"),
        ([0.00074, 0.000363, 0.000145, 4.68e-05, 7.94e-06, 4e-06], "holds"),  # falls faster where terms nearly cancel
        ([0.01, 0.005, 0.0012, 0.0010], "halve"),
        ([1.86e-8, 2.56e-8, 3.82e-8, 6.01e-8], "halve"),  # grows with the number of steps, as rounding does
    ],
)
def test_the_order_of_a_discrepancy_is_judged_only_in_the_asymptotic_regime(sizes, status) -> None:
    signed = np.array(sizes)[:, None]
    assert told(signed, np.array([1e-11]), 1, np.zeros(1), one_sided=False).status == status


MODIFIED_FLOW = next(claim for claim in BUILT_IN if claim.id.startswith("descent-follows-the-modified-flow"))


def test_a_discrepancy_that_rests_on_rounding_is_not_a_violation() -> None:
    """At depth 3, order 4 some W are what is left of terms a million times larger; a slow path hardly moves them."""
    inputs = Inputs(Cell(3, 4, "column"), Settings())
    told = []
    for batch in inputs.batches("unbalanced"):
        slower = [replace(p, weight_exponent=p.weight_exponent - 6) for p in batch.problems]
        told += [judge_descent(MODIFIED_FLOW, PathBatch(slower, "unbalanced"), i).status for i in range(len(slower))]
    assert "violated" not in told
    assert told.count("holds") > len(told) / 2


def test_a_discrepancy_that_rests_on_a_loosely_solved_flow_is_not_a_violation() -> None:
    [batch, *_] = Inputs(Cell(2, 3, "column"), Settings()).batches("unbalanced")
    loose = PathBatch(batch.problems, "unbalanced", rtol=0.1)
    assert {judge_descent(MODIFIED_FLOW, loose, i).status for i in range(len(batch.problems))} == {"holds"}


def test_a_violation_on_a_thin_set_of_cubes_is_shrunk_to_the_smallest_cube() -> None:
    @conjecture
    def singular_values_are_never_all_equal(state: State):
        values = state.singular_values(0)
        assume(len(values) > 1)
        return at_most(values.sum(), (1 - 1e-6) * len(values) ** 0.5 * torch.linalg.vector_norm(values))

    result = check(singular_values_are_never_all_equal, depth=1, order=3, examples=100)
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    assert sorted(result.counterexample["sizes"]) in ([1, 2, 2], [2, 2, 2])
    assert max(result.counterexample["ranks"]) <= 2


def test_a_rate_with_constants_is_the_derivative_and_does_not_import_a_compiler() -> None:
    import subprocess
    import sys

    program = """
import sys
import torch
from verify._forward import derivative_along
x = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
v = torch.tensor([0.5, 1.0, -3.0], dtype=torch.float64)
c = torch.tensor([3.0, 0.25, -1.0], dtype=torch.float64)
def function(p):
    y = p["x"]
    return [2 * y * c - y / c + (c - 1 / y) + (1 - y) * 3, (y * y).sum(), c]
first, second, third = derivative_along(function, {"x": x}, {"x": v})[0]
torch.testing.assert_close(first, (2 * c - 1 / c + 1 / x**2 - 3) * v)
torch.testing.assert_close(second, 2 * (x * v).sum())
assert not third.any()
assert "torch._dynamo" not in sys.modules
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
