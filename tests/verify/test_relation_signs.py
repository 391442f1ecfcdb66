"""Each relation counts what lies on its wrong side, on both routes, and shows the entry that is wrong."""

import gmpy2
import numpy as np
import pytest
import torch

from verify import at_most, constant, equal, nonincreasing
from verify._precise import Precise
from verify._relations import Relation, is_exact_zero, undefined_entries

# relation of two exact values, and which of them violate it
CASES = [
    (equal, (2, 2), False),
    (equal, (2, 3), True),
    (equal, (3, 2), True),
    (at_most, (2, 2), False),
    (at_most, (2, 3), False),
    (at_most, (3, 2), True),
    (constant, (2, 2), False),
    (constant, (2, 3), True),
    (constant, (3, 2), True),
    (nonincreasing, (2, 2), False),
    (nonincreasing, (3, 2), False),
    (nonincreasing, (2, 3), True),
]


def _relation(make, values, wrap) -> Relation:
    return make(wrap(values)) if make in (constant, nonincreasing) else make(wrap(values[:1]), wrap(values[1:]))


@pytest.mark.parametrize(("make", "values", "violated"), CASES)
def test_floats_and_exact_numbers_are_wrong_on_the_same_side(make, values, violated: bool) -> None:
    violation, scale = _relation(make, values, lambda v: torch.tensor(v, dtype=torch.float64)).gap()
    assert violation.max() == violated
    assert scale.max() == max(values)
    exact = _relation(make, values, lambda v: Precise([gmpy2.mpq(x) for x in v]))
    assert is_exact_zero((exact,)) is not violated


def test_a_constant_series_is_held_against_its_first_value() -> None:
    drift = constant(torch.tensor([4.0, 5.0, 6.0, 1.0]))
    assert drift.gap()[0].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert drift.worst() == (1.0, 4.0, 3.0)


def test_a_growing_series_is_shown_with_the_value_before_the_jump() -> None:
    assert nonincreasing(torch.tensor([3.0, 1.0, 5.0, 5.0])).worst() == (5.0, 1.0, 4.0)


def test_each_series_of_a_constant_has_a_scale_of_its_own() -> None:
    _, scale = constant(torch.tensor([[1e6, 1e-6], [2e6, 3e-6]])).gap()
    np.testing.assert_allclose(scale, [[2e6, 3e-6]] * 2)


@pytest.mark.parametrize("bad", [float("inf"), float("-inf"), float("nan")])
def test_what_is_not_a_finite_number_is_undefined_on_either_side(bad: float) -> None:
    fine, broken = torch.ones(3), torch.tensor([1.0, bad, 2.0])
    assert undefined_entries((equal(fine, broken),)) == (1, 6)
    assert undefined_entries((at_most(broken, fine), constant(fine))) == (1, 9)
    assert undefined_entries((equal(fine, fine),)) == (0, 6)


@pytest.mark.parametrize("order", [0, -1])
def test_a_power_of_the_step_is_a_positive_whole_number(order) -> None:
    with pytest.raises(ValueError, match="positive whole number"):
        constant(torch.ones(2), order=order)
