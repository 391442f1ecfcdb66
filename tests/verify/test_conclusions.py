"""How outcomes become a verdict, and intervals over seeds an outcome: both sides of every bar, by hand."""

import numpy as np
import pytest

from verify import Descent, Flow, Seeds, State, Target, Verdict, at_most, conjecture
from verify._engine import conclusion
from verify._judge_seeds import _decide
from verify._resampling import Spread, interval, unseen_share
from verify._verdict import Outcome

HOLDS = Outcome("holds")
OPEN = Outcome("undecided", worst=1e-9, allowed=1e-3, how="cannot be told")
UNEXPLAINED = Outcome("undecided", worst=1e-3, allowed=1e-9, how="shows something")
UNDEFINED = Outcome("undefined", how="not a number")
REJECTED = Outcome("rejected")


def verdict(outcomes, subject=State, *, asked: int = 100, negative: bool = False) -> Verdict:
    def statement(it):
        return at_most(0, 1)

    statement.__annotations__ = {"it": subject}
    return conclusion(outcomes, conjecture(negative=negative)(statement), exact=False, asked=asked)[0]


@pytest.mark.parametrize(("subject", "enough"), [(State, 10), (Target, 10), (Flow, 10), (Descent, 10), (Seeds, 3)])
def test_so_many_inputs_must_meet_the_hypotheses_and_no_more(subject, enough: int) -> None:
    assert verdict([HOLDS] * enough, subject) is Verdict.SUPPORTED
    assert verdict([HOLDS] * (enough - 1) + [REJECTED] * 90, subject) is Verdict.VACUOUS


def test_fewer_are_enough_where_the_user_asked_for_fewer() -> None:
    assert verdict([HOLDS] * 4, asked=4) is Verdict.SUPPORTED
    assert verdict([HOLDS] * 3 + [REJECTED], asked=4) is Verdict.VACUOUS


@pytest.mark.parametrize(("subject", "most"), [(State, 2), (Target, 2), (Flow, 25), (Descent, 25), (Seeds, 2)])
def test_so_many_of_a_hundred_inputs_may_stay_open(subject, most: int) -> None:
    assert verdict([OPEN] * most + [HOLDS] * (100 - most), subject) is Verdict.SUPPORTED
    assert verdict([OPEN] * (most + 1) + [HOLDS] * (99 - most), subject) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("subject", [State, Flow])
@pytest.mark.parametrize("bad", [UNEXPLAINED, UNDEFINED])
def test_a_single_unexplained_violation_or_undefined_value_keeps_a_claim_from_support(subject, bad) -> None:
    assert verdict([HOLDS] * 99 + [bad], subject) is Verdict.INCONCLUSIVE


def test_a_negative_claim_without_a_witness_is_inconclusive() -> None:
    assert verdict([HOLDS] * 100, negative=True) is Verdict.INCONCLUSIVE


def decided(two_sided: bool = False, **given) -> str:
    """What is said of one entry: its discrepancy lies at `point`, its interval from `low` to `high`, scale 1."""
    values = {"point": 0.0, "scale": 1.0, "natural": 1.0, "low": -0.5, "high": 0.5, "steady": True, "every": False}
    values |= {"apart": False, "greatest": False, "least": False, **given}
    spread = Spread(**{name: np.array([value]) for name, value in values.items()})
    violated, holds, _ = _decide(spread, np.array([two_sided]))
    assert not (violated & holds).any()
    return "violated" if violated[0] else "holds" if holds[0] else "open"


@pytest.mark.parametrize(
    ("given", "bound", "equality"),
    [
        ({"point": 0.2, "low": 0.1, "high": 0.3}, "violated", "violated"),
        ({"point": -0.2, "low": -0.3, "high": -0.1}, "holds", "violated"),
        ({"point": 0.1, "low": -0.1, "high": 0.3}, "open", "open"),
        ({"point": -0.1, "low": -0.3, "high": 0.1}, "open", "open"),
        ({"point": 0.0, "low": -0.05, "high": 0.05}, "open", "holds"),
        ({"point": 0.01, "low": -0.05, "high": 0.05, "apart": True}, "open", "open"),
        ({"point": 0.0, "low": -0.05, "high": 0.2}, "open", "open"),
        ({"point": 0.2, "low": 0.1, "high": 0.3, "steady": False}, "open", "open"),
        ({"point": 0.0, "low": -0.05, "high": 0.05, "steady": False}, "open", "open"),
        ({"point": 0.0, "every": True}, "holds", "holds"),
        ({"point": 0.2, "low": -0.1, "high": 0.3, "greatest": True}, "violated", "violated"),
        ({"point": -0.2, "low": -0.3, "high": 0.1, "greatest": True}, "holds", "open"),
        ({"point": 0.2, "low": 0.1, "high": 0.3, "least": True}, "open", "open"),
        ({"point": -0.2, "low": -0.3, "high": 0.1, "least": True}, "holds", "open"),
    ],
)
def test_an_interval_over_seeds_decides_on_its_own_side(given, bound: str, equality: str) -> None:
    assert decided(**given) == bound
    assert decided(two_sided=True, **given) == equality


def test_the_interval_is_that_of_999_in_a_thousand() -> None:
    low, high = interval(np.zeros(1), np.ones(1), np.zeros(1), np.zeros(1), 24)
    assert -low[0] == pytest.approx(3.7676, abs=1e-3)  # Student's quantile of 0.9995 with 23 degrees of freedom
    assert high[0] == -low[0]
    low, high = interval(np.ones(1), np.zeros(1), np.array([2.0]), np.array([3.0]), 24)
    assert (low[0], high[0]) == (-1.0, 4.0)


@pytest.mark.parametrize("count", [24, 96, 384])
def test_as_many_runs_as_were_seen_miss_an_unseen_share_once_in_two_thousand(count: int) -> None:
    assert (1 - unseen_share(count)) ** count == pytest.approx(0.0005)
