"""Rounding that a claim itself makes is no violation, at any size; a part far below it that is real is seen."""

from functools import partial

import gmpy2
import numpy as np
import pytest

from verify import Descent, Flow, State, Verdict, check, conjecture, constant, equal
from verify._bars import operand_change
from verify._numbers import precision
from verify._precise import Precise
from verify.claims.conservation import squared_norm_differences_stay_constant_along_the_flow

ACCEPTED = (Verdict.PROVED, Verdict.EXACT, Verdict.SUPPORTED)


quick = partial(check, examples=30, paths=12)


@conjecture
def gradient_less_one_times_three(flow: Flow):
    """The gradient is about 1e-8 late on the way: float64 loses it beside 1."""
    g = flow.series(lambda s: s.gradient)
    return equal((g - 1) * 3 + 3, 3 * g)


@conjecture
def square_of_a_sum(flow: Flow):
    """(1 + g)^2 less 1 + 2 g."""
    g = flow.series(lambda s: s.gradient)
    return equal((1 + g) ** 2 - 1 - 2 * g, g * g)


@conjecture
def far_below_300_digits(state: State):
    """3e-700 is lost beside 1 in 75 and in 300 digits alike."""
    x = state.tensor * 1e-200 * 1e-300 * 1e-200
    return equal((x - 1) * 3 + 3, 3 * x)


@conjecture
def descent_far_below_300_digits(run: Descent):
    x = run.series(lambda s: s.tensor) * 1e-200 * 1e-300
    return equal((x - 1) * 3 + 3, 3 * x)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "claim",
    [gradient_less_one_times_three, square_of_a_sum, far_below_300_digits, descent_far_below_300_digits],
    ids=lambda claim: claim.id,
)
def test_an_identity_is_not_refuted_by_its_own_rounding(claim, seed: int) -> None:
    assert quick(claim, depth=0, seed=seed).verdict is not Verdict.REFUTED


def test_norm_differences_beside_a_million_times_larger_blocks_are_conserved() -> None:
    """Records of a block of norm 35 do not move in float64, those of its small neighbours do: their squares differ."""
    law = squared_norm_differences_stay_constant_along_the_flow
    result = check(law, depth=4, order=2, chain="mode", seed=1187442897, examples=28, paths=13)
    assert result.verdict in ACCEPTED


@pytest.mark.parametrize("part", [1e-20, 1e-40])
@pytest.mark.parametrize("subject", [State, Flow])
def test_what_is_false_far_below_a_common_term_is_refuted(subject, part: float) -> None:
    """X + part Y against X + 1.01 part Y: the common term has 20 or 40 digits more."""

    def of(s):
        return (s.loss + 1).sqrt(), s.loss.sqrt() * part

    if subject is State:

        @conjecture
        def claim(state: State):
            common, small = of(state)
            return equal(common + small, common + 1.01 * small)
    else:

        @conjecture
        def claim(flow: Flow):
            common, small = flow.series(lambda s: of(s)[0]), flow.series(lambda s: of(s)[1])
            return equal(1e6 + common * 0 + small, 1e6 + common * 0 + 1.01 * small)

    assert quick(claim).verdict is Verdict.REFUTED


def test_operands_in_high_precision_are_subtracted_in_it() -> None:
    with precision(75):
        one = Precise(np.array([gmpy2.mpfr(1)], dtype=object))
        other = Precise(np.array([gmpy2.mpfr(1) + gmpy2.mpfr(10) ** -30], dtype=object))
        change = operand_change((equal(one, one),), (equal(other, one),), 10)
    assert change == pytest.approx(1e-30)


def test_a_series_keeps_its_noise_in_high_precision() -> None:
    with precision(75):
        rows = [gmpy2.mpfr(5), gmpy2.mpfr(5)]
        one = Precise(np.array(rows, dtype=object))
        other = Precise(np.array([rows[0], rows[1] + gmpy2.mpfr(10) ** -40], dtype=object))
        change = operand_change((constant(one),), (constant(other),), 1)
    assert change.max() == pytest.approx(1e-40)
