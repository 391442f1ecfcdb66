"""A rate beside the difference quotients of its function: what passes, what has lost a derivative, what is a kink."""

import math

import pytest
import torch

from verify._keywords import ClaimError
from verify._rates import compared, watching


def check(function, rate: float, time: float = 1.0) -> tuple[float, int]:
    """The rate after the look at quotients, and how many kinks were seen."""

    def along(t: float) -> torch.Tensor:
        return torch.tensor([float(function(t))], dtype=torch.float64)

    with watching(check=True) as seen:
        found = compared(torch.tensor([rate], dtype=torch.float64), along, time)
    return float(found), seen.kinks


@pytest.mark.parametrize(
    ("function", "rate"),
    [
        (math.exp, 1.0),
        (lambda t: math.sin(30 * t), 30.0),
        (lambda t: 1 + t * t, 0.0),  # bends, and has no kink
        (lambda t: 1 + 1e-3 * t, 1e-3),
        (lambda t: 1.0, 0.0),
    ],
)
def test_a_right_rate_passes_as_it_is(function, rate: float) -> None:
    assert check(function, rate) == (rate, 0)


@pytest.mark.parametrize(
    "function",
    [
        lambda t: (1 + t) * (1 + t) - (1 + 2 * t),
        lambda t: (3 + t) ** 2 * (3 - t) ** 2 - 81,
        lambda t: (7 + t) * (7 - 3 * t) - 49 + 14 * t + 3 * t * t,
    ],
)
def test_the_rounding_of_large_terms_that_cancel_is_no_rate(function) -> None:
    for time in (1.1, 1.647, 1.9, 2.3, 3.1):  # steps that are no powers of two
        assert check(function, 0.0, time) == (0.0, 0)


@pytest.mark.parametrize(
    ("function", "rate"),
    [
        (math.exp, 0.0),
        (math.exp, 0.5),
        (math.exp, 0.99),
        (lambda t: math.sin(30 * t), 15.0),
        (lambda t: 1 + 1e-3 * t, 0.0),
        (lambda t: 1 + 1e-3 * t, 5e-4),
    ],
)
def test_a_rate_that_is_off_by_more_than_a_thousandth_has_lost_a_derivative(function, rate: float) -> None:
    with pytest.raises(ClaimError, match="lost a derivative"):
        check(function, rate)


@pytest.mark.parametrize(
    ("function", "forward"),
    [
        (abs, 1.0),
        (lambda t: -abs(t), -1.0),
        (lambda t: 2 * t if t > 0 else 5 * t, 2.0),
        (lambda t: max(math.sin(t), 0.0), 1.0),
    ],
)
def test_at_a_kink_the_rate_is_the_one_forward_in_time_and_is_counted(function, forward: float) -> None:
    found, kinks = check(function, 0.25)
    assert found == pytest.approx(forward, rel=1e-6)
    assert kinks == 1


def test_rates_below_a_millionth_of_the_function_over_its_time_are_not_told_from_zero() -> None:
    assert check(lambda t: 1 + 1e-8 * t, 0.0)[0] == 0.0
