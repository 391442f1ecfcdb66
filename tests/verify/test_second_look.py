"""What a second look computes has the digits that it is asked for."""

from dataclasses import replace

import gmpy2
import numpy as np
import pytest
import torch

from numerics import Architecture
from verify import State, Verdict, assume, check, conjecture, equal
from verify._derived import derived
from verify._judge_state import second_look
from verify._numbers import precision
from verify._precise import Precise
from verify._relations import concatenated_gap
from verify._state import squared_norms
from verify._strategies import draw_problems, problems


@pytest.mark.parametrize("digits", [75, 300])
def test_formulas_of_theory_keep_the_digits_of_the_numbers_put_in(digits: int) -> None:
    with precision(digits):
        sigma, alignment = gmpy2.sqrt(gmpy2.mpfr(2)), gmpy2.mpfr(1) / 3
        found = derived("sigma_rate", 4)(Precise([sigma]), Precise([alignment])).array[0]
        wanted = 5 * sigma ** (gmpy2.mpfr(8) / 5) * alignment
        assert abs(found / wanted - 1) < gmpy2.mpfr(10) ** (3 - digits)


@pytest.mark.parametrize("assumes", ["balanced", "matrix-balanced"])
@pytest.mark.parametrize("digits", [75, 300])
def test_a_balanced_start_is_balanced_to_the_digits_in_force(digits: int, assumes: str) -> None:
    problem = draw_problems(problems(Architecture(2, (2, 3), (2, 2), "column"), kinds=("plain",)), 1, 3)[0]
    with precision(digits):
        state = problem.precise_state(assumes)
        for mode in range(2):
            squares = torch.stack([squared_norms(block) for block in state.group_blocks(mode)])
            spread = (squares - squares[:1]).array
            assert max(abs(x) for x in spread.flat) < gmpy2.mpfr(10) ** (6 - digits)


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_running_sums_and_products_run_along_the_axis_that_is_asked_for(name: str, dim: int) -> None:
    values = torch.tensor([[1.0, 2.0, 3.0], [5.0, 7.0, 11.0]], dtype=torch.float64)
    found = getattr(torch, name)(Precise(values.numpy().astype(object)), dim)
    assert found.floats().tolist() == getattr(torch, name)(values, dim).tolist()


def test_unbalancedness_is_that_of_the_worst_mode_and_group() -> None:
    architecture = Architecture(1, (2, 2), (2, 2), "column")
    for name, column in (("a1", 0), ("a1", 1), ("a2", 0), ("a2", 1)):
        parameters = {"G": torch.eye(2), "a1": torch.eye(2), "a2": torch.eye(2)}
        parameters[name][column, column] = 3.0
        doubles = {block: value.double() for block, value in parameters.items()}
        target = torch.zeros(2, 2, dtype=torch.float64)
        state = State(architecture, doubles, target, torch.ones(2, 2, dtype=torch.float64))
        assert float(state.unbalancedness()) == 8.0


def test_a_rate_does_not_difference_what_was_computed_with_fewer_digits() -> None:
    problem = draw_problems(problems(Architecture(2, (2, 3), (2, 2), "column"), kinds=("plain",)), 1, 3)[0]
    still = replace(problem, kind="fitted")
    with precision(75):
        state = still.precise_state("balanced")
        assert state.tensor.shape == (2, 3)  # in 75 digits, remembered
        rates = state.rate(lambda s: s.tensor * s.tensor).array  # asks for twice as many: no kink, and no rate of 1e-25
        assert max(abs(x) for x in rates.flat) < gmpy2.mpfr(10) ** -60


def test_what_is_left_in_more_digits_is_told_without_units() -> None:
    def at_precision(digits: int):
        with precision(digits):
            big = gmpy2.mpfr(10) ** -320  # below float64's range
            stated = (equal(Precise([big * (1 + gmpy2.mpfr(10) ** (3 - digits))]), Precise([big])),)
            return stated, *concatenated_gap(stated)

    given = {"worst": 1e-10, "allowed": 1e-14, "measured": 1.0, "predicted": 1.0}
    outcome = second_look(at_precision, np.array([1e-322]), np.array([1e-320]), given, "by hand")
    assert outcome.status == "holds"
    assert outcome.worst < 1e-50


@pytest.mark.parametrize("normalised", [True, False])
def test_weights_of_observed_entries_are_the_same_in_every_arithmetic(normalised: bool) -> None:
    drawn = draw_problems(problems(Architecture(1, (2, 3), (2, 2), "column"), kinds=("plain",)), 1, 3)[0]
    mask = np.array([[True, False, True], [True, True, False]])
    problem = replace(drawn, mask=mask, weights=None, normalised=normalised, weight_exponent=3)
    wanted = np.where(mask, 8 / 4 if normalised else 8.0, 0.0)
    np.testing.assert_array_equal(problem.state().weights.numpy(), wanted)
    np.testing.assert_array_equal(problem.exact_state().weights.floats(), wanted)
    with precision(75):
        np.testing.assert_array_equal(problem.precise_state().weights.floats(), wanted)


@pytest.mark.parametrize("seed", [2, 4])
def test_rounding_that_is_small_by_chance_in_fewer_digits_is_no_violation(seed: int) -> None:
    """An iteration for eigenvalues leaves anything between 1e-70 and 1e-400 where the eigenvalue is zero."""

    @conjecture
    def gram(state: State):
        matrix = state.tensor.reshape(state.sizes[0], -1)
        assume(matrix.shape[0] <= matrix.shape[1])
        return equal(torch.linalg.eigvalsh(matrix @ matrix.mT), torch.flip(torch.linalg.svdvals(matrix) ** 2, [0]))

    @conjecture
    def determinant(state: State):
        matrix = torch.outer(state.tensor.reshape(-1)[:3], state.target.reshape(-1)[:3])
        assume(matrix.shape == (3, 3))
        return equal(torch.linalg.eigvalsh(matrix + matrix.mT).prod(), torch.linalg.det(matrix + matrix.mT))

    for claim in (gram, determinant):
        result = check(claim, depth=2, order=3, seed=seed, examples=100)
        assert result.verdict is not Verdict.REFUTED, result.detail


def test_a_violation_is_not_taken_for_such_rounding() -> None:
    @conjecture
    def shifted(state: State):
        matrix = state.tensor.reshape(state.sizes[0], -1)
        values = torch.linalg.eigvalsh(matrix @ matrix.mT)
        return equal(values, values + 1e-12 * values.max())

    assert check(shifted, depth=1, order=3, examples=20).verdict is Verdict.REFUTED
