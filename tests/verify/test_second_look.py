"""What a second look computes has the digits that it is asked for."""

from dataclasses import replace

import gmpy2
import numpy as np
import pytest
import torch

from numerics import Architecture
from verify import State
from verify._derived import derived
from verify._numbers import precision
from verify._precise import Precise
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
