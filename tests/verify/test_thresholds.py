"""What each threshold of a judge promises: a case on either side of it, without an engine around it."""

import math

import gmpy2
import numpy as np
import pytest

from verify import at_most, constant, equal
from verify._bars import along_series, operand_change, too_wide
from verify._judge_state import is_blind, is_clear, is_gross, second_look
from verify._numbers import DIGITS, MORE_DIGITS, precision, scalar
from verify._precise import Precise
from verify._relations import concatenated_gap


def looked(in_75, in_300=None, *, shown: float = 1e-3):
    """What a second look says of 1 + discrepancy = 1, where the discrepancy is as given in 75 and in 300 digits."""
    values = {DIGITS: in_75, MORE_DIGITS: in_75 if in_300 is None else in_300}

    def at(digits: int):
        with precision(digits):
            found = values[digits]() if callable(values[digits]) else values[digits]
            entries = [1 + gmpy2.mpfr(value) for value in np.atleast_1d(np.array(found, dtype=object))]
            stated = (equal(Precise(entries), Precise([gmpy2.mpfr(1)] * len(entries))),)
            return stated, *concatenated_gap(stated)

    count = np.size(in_75) if not callable(in_75) else 1
    given = {"worst": shown, "allowed": 1e-12}
    return second_look(at, np.full(count, shown), np.ones(count), given, "by hand")


@pytest.mark.parametrize(
    ("in_75", "in_300", "status"),
    [
        (1e-3, 1e-3, "violated"),
        (1e-9, 1e-9, "violated"),
        (1e-44, 1e-44, "violated"),
        (1e-46, 1e-46, "holds"),
        (1e-3, 5e-4, "violated"),  # a real violation may lose a part of itself
        (1e-3, 1e-5, "undecided"),  # this one loses too much, and not enough for rounding
        (1e-3, 1e-20, "undecided"),
        (1e-10, 1e-40, "holds"),  # rounding of 75 digits that cancellation has blown up
        ([1e-10, 0.0], [1e-40, 1e-20], "holds"),  # what is zero in 75 digits is rounding in 300
    ],
)
def test_a_violation_stays_from_75_to_300_digits_and_rounding_vanishes(in_75, in_300, status: str) -> None:
    assert looked(in_75, in_300).status == status


def _off_by_a_rounded_constant(times: float):
    return lambda: times * (gmpy2.const_pi() - scalar(math.pi))


def test_what_a_rounded_constant_explains_is_no_violation_and_no_evidence_where_it_is_large() -> None:
    assert looked(_off_by_a_rounded_constant(1.0)).status == "holds"
    large = looked(_off_by_a_rounded_constant(1e10))
    assert large.status == "undecided"
    assert "rounding of what the conjecture took out" in large.how


def test_float64_alone_refutes_only_what_is_gross_and_a_million_times_above_its_bar() -> None:
    one = np.ones(1)
    assert is_gross(1e-2 * one, 1e-9 * one, one)
    assert not is_gross(1e-2 * one, 1e-7 * one, one)
    assert not is_gross(1e-4 * one, 1e-12 * one, one)


def test_what_needs_no_second_look_is_large_and_a_million_times_above_its_bar() -> None:
    one = np.ones(1)
    assert is_clear(1e-3 * one, 1e-10 * one, one)
    assert not is_clear(1e-3 * one, 1e-8 * one, one)
    assert not is_clear(1e-9 * one, 1e-18 * one, one)


@pytest.mark.parametrize(("allowed", "blind"), [(1e-9, False), (1e-5, True), (0.9, True)])
def test_an_error_bar_above_a_millionth_of_the_scale_says_nothing(allowed: float, blind: bool) -> None:
    one = np.ones(1)
    assert is_blind(1e-10 * one, allowed * one, one) is blind
    assert bool(too_wide(allowed * one, 1e-10 * one, one, 1e-14 * one)[0]) is blind
    assert not is_blind(0 * one, allowed * one, one), "an entry at rounding needs no bar"


def test_what_cancellation_left_has_no_size_of_its_own() -> None:
    tiny = np.array([1e-11])
    assert not too_wide(0.5 * tiny, 0.1 * tiny, tiny, 1e-3 * tiny)[0]


def test_errors_of_a_series_are_the_largest_along_time_and_those_of_other_series_stay_apart() -> None:
    values = np.array([[1.0, 0.0], [5.0, 2.0], [3.0, 1.0]])
    assert along_series(constant(values), values, 2).tolist() == [[5.0, 2.0]] * 3
    assert along_series(equal(values, values), values, 7).tolist() == values.tolist()


def test_rounding_moves_the_predicted_side_as_well_as_the_measured_one() -> None:
    here = (at_most(np.array([1.0, 2.0]), np.array([3.0, 4.0])),)
    there = (at_most(np.array([1.0, 2.5]), np.array([3.25, 4.0])),)
    assert operand_change(here, there, 7).tolist() == [0.25, 0.5]
