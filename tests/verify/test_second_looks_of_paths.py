"""What tolerances, digits and efforts say of a path or a cost, with solver and runs replaced by numbers."""

import gmpy2
import numpy as np
import pytest
import torch

from verify import Descent, Target, conjecture, equal
from verify import _judge_order as order
from verify import _judge_path as path
from verify import _target as targets
from verify._batch import TIGHTER, PathBatch
from verify._judge_path import _refine_flow
from verify._judge_state import ROUNDING
from verify._judge_target import EFFORTS, judge_target
from verify._numbers import DIGITS, MORE_DIGITS, current_digits
from verify._orders import Told
from verify._path import COARSE, FINE
from verify._precise import Precise
from verify._strategies import draw_problems, problems
from verify._verdict import Outcome


# -- a flow at three tolerances
def flow(*entries, jitter: float = 0.0) -> str:
    """Of 1 + discrepancy = 1, each entry's discrepancy as given at the coarse, the fine and the finest tolerance."""

    def ask(rtol: float, jitter_seed: int = 0, **given):
        place = {COARSE: 0, FINE: 1, FINE / TIGHTER: 2}[rtol]
        moved = 1 + jitter * bool(jitter_seed or given.get("jitter"))
        values = torch.tensor([moved + entry[place] for entry in entries], dtype=torch.float64)
        return (equal(values, torch.ones_like(values)),)

    return _refine_flow(ask, ROUNDING, records=1000)[0].status


BAR = 8 * FINE  # of an entry of size one that hardly reacts to the tolerance


@pytest.mark.parametrize(
    ("entries", "status"),
    [
        ([(1e-3, 1e-3, 1e-3)], "violated"),
        ([(5 * BAR, 5 * BAR, 5 * BAR)], "undecided"),  # stands, and not clear of the solver's error
        ([(20 * BAR, 20 * BAR, 20 * BAR)], "violated"),  # clear of that of the tighter flow, which shows the same
        ([(20 * BAR, 20 * BAR, 19 * BAR)], "undecided"),
        ([(500 * BAR, 500 * BAR, 500 * BAR)], "violated"),
        ([(0.5 * BAR, 0.5 * BAR, 0.5 * BAR)], "holds"),
        ([(4e-3, 1e-3, 1e-6)], "holds"),  # vanishes with the tolerance, late
        ([(1e-1, 1e-3, 1e-3)], "holds"),  # has vanished as far as the coarse tolerance tells
        ([(1e-1, 1e-3, 1e-3), (1e-3, 1e-3, 1e-3)], "violated"),
        ([(1.01e-3, 1e-3, 1e-6), (1e-3, 1e-3, 1e-3)], "violated"),
        ([(1.001e-3, 1e-3, 1e-6), (5 * BAR, 5 * BAR, 5 * BAR)], "undecided"),
    ],
)
def test_along_a_flow_a_violation_stays_and_stands_clear_of_the_solver_in_one_entry(entries, status: str) -> None:
    assert flow(*entries) == status


def test_what_the_coarse_tolerance_moves_is_the_error_of_the_fine_one() -> None:
    moves = (1e-6 * (COARSE / FINE) ** (2 / 3), 0.0)
    assert flow((1e-6 + moves[0], 1e-6, 1e-6)) == "holds"
    assert flow((1e-6, 1e-6, 1e-6)) == "violated"


def test_what_rounding_the_start_moves_is_no_violation() -> None:
    assert flow((1e-6, 1e-6, 1e-6), jitter=1e-7) == "undecided", "the bar is a good part of the entry"
    assert flow((1e-8, 1e-8, 1e-8), jitter=1e-9) == "holds"


# -- a descent in 75 and in 300 digits
@conjecture
def about_a_descent(descent: Descent):
    return equal(descent.losses, descent.losses)


def _stated(values):
    numbers = [1 + gmpy2.mpfr(value) for value in values]
    return (equal(Precise(numbers), Precise([gmpy2.mpfr(1)] * len(numbers))),)


@pytest.mark.parametrize(
    ("in_75", "in_300", "of_flow", "status"),
    [
        (1e-3, 1e-3, 0.0, "violated"),
        (1e-12, 1e-12, 0.0, "violated"),
        (1e-14, 1e-14, 0.0, "undecided"),  # may come from a rounded constant
        (1e-26, 1e-26, 0.0, "holds"),
        (1e-3, 1e-30, 0.0, "undecided"),
        (1e-3, 1e-3, 1e-6, "violated"),
        (1e-3, 1e-3, 1e-4, "undecided"),  # not clear of the flow it is held against
        (1e-3, 1e-3, 1e-2, "holds"),
    ],
)
def test_a_descent_violates_where_more_digits_show_the_same(monkeypatch, in_75, in_300, of_flow, status) -> None:
    digits = {DIGITS: in_75, MORE_DIGITS: in_300}
    monkeypatch.setattr(path, "relations", lambda claim, subject: subject)
    monkeypatch.setattr(path, "precise_descent", lambda *_: _stated([digits[current_digits()]]))
    batch = PathBatch([], "generic")
    given = {"worst": 1e-3, "allowed": 1e-12}
    told = path._second_look(
        about_a_descent, batch, 0, np.array([1e-3]), np.array([of_flow]), with_flow=of_flow > 0, given=given
    )
    assert told.status == status, told.how


# -- an order in 75 digits
class Trace(order._Trace):
    """Discrepancies at levels 0, 1, .., and how much rounding the start moves them."""

    def __init__(self, values, moved: float = 0.0) -> None:
        self.claim, self.batch, self.index = about_a_descent, PathBatch([], "generic"), 0
        self.stable = self.first = self.small = 0
        self._moved = None
        self.values, self.moved = values, moved
        self.stated = [self.at(level) for level in range(len(values) if isinstance(values[0], float) else 1)]
        self.told = [Told("violated", 0.0, np.array([True]))]

    def at(self, level: int, jitter: int = 0, rtol: float | None = None):
        value = 1 + self.values[level] + self.moved * bool(jitter)
        return (equal(torch.tensor([value], dtype=torch.float64), 1.0, order=1),)


def _in_digits(values):
    one = Precise([gmpy2.mpfr(1)])
    return lambda trace, levels: [(equal(Precise([1 + gmpy2.mpfr(v)]), one, order=1),) for v in values[:levels]]


STAYS, FALLS = [0.01] * 4, [0.01, 0.005, 0.0025]
VIOLATED = Outcome("violated", worst=0.01)


@pytest.mark.parametrize(
    ("digits", "moved", "status"),
    [
        (STAYS[:3], 0.0, "violated"),
        ([0.005] * 3, 0.0, "undecided"),  # 75 digits show something else
        (FALLS, 0.0, "undecided"),
        (FALLS, 0.01, "holds"),  # rounding the start explains it, and in 75 digits it vanishes with the step
        (STAYS[:3], 0.01, "undecided"),
    ],
)
def test_an_order_is_violated_where_75_digits_show_the_same_above_rounding(monkeypatch, digits, moved, status) -> None:
    monkeypatch.setattr(order, "_in_digits", _in_digits(digits))
    told = order._confirmed(Trace(STAYS, moved), VIOLATED)
    assert told.status == status, told.how


@pytest.mark.parametrize(
    ("digits", "status"), [(FALLS, "holds"), (STAYS[:3], "undecided"), ([0.9] * 3, "undecided"), ([1e-60] * 3, "holds")]
)
def test_what_float64_does_not_resolve_must_vanish_with_the_step_in_75_digits(monkeypatch, digits, status) -> None:
    monkeypatch.setattr(order, "_in_digits", _in_digits(digits))
    told = order._resolved(Trace(STAYS), Outcome("hidden"))
    assert told.status == status, told.how


@pytest.mark.parametrize(
    ("small", "witnessed", "status"), [(0, False, "violated"), (3, False, "halve"), (3, True, "violated")]
)
def test_an_order_is_read_off_small_steps_alone_but_for_a_witness(small: int, witnessed: bool, status: str) -> None:
    """The last SETTLED levels of four stand; where the first three are too coarse, one is left."""
    trace = Trace(STAYS)
    trace.small = small
    assert trace._tell(0, witnessed).status == status


SETTLES = [0.08, 0.04, 0.025, 0.0175, 0.01375, 0.011875, 0.0109375, 0.01046875]  # to 0.01
TURNS = [*SETTLES[:6], 0.006, 0.003]  # looks the same for six levels


@pytest.mark.parametrize(
    ("entries", "lasts", "status"),
    [
        ([SETTLES], 0, "violated"),
        ([SETTLES], 2, "violated"),
        ([TURNS], 0, "violated"),
        ([TURNS], 2, "undecided"),
        ([TURNS, SETTLES], 2, "violated"),
        ([TURNS, [0.3, *SETTLES[:7]]], 2, "undecided"),  # never the same entry for long
        ([SETTLES[:6]], 2, "undecided"),  # ends before it has lasted
    ],
)
def test_a_violated_order_must_last_in_the_same_entry(entries, lasts: int, status: str) -> None:
    class Entries(Trace):
        def at(self, level: int, jitter: int = 0, rtol: float | None = None):
            return (equal(torch.tensor([values[level] for values in self.values], dtype=torch.float64), 0.0, order=1),)

        def follow(self, levels: int) -> Outcome:
            self.stated, self.told = [], []
            return super().follow(levels, False, lasts)

    trace = Entries(entries)
    trace.small = len(entries[0])
    trace._regime = lambda: 0
    assert trace.follow(len(entries[0]) - lasts).status == status


# -- a representation cost by three efforts
@conjecture
def costs_one(target: Target):
    return equal(target.representation_cost(), 1.0)


@pytest.mark.parametrize(
    ("costs", "doubt", "status"),
    [
        ((1.001, 1.001, 1.001), 0.0, "violated"),
        ((1 + 1e-6, 1 + 1e-6, 1 + 1e-6), 0.0, "violated"),
        ((1.0, 1.0, 1.0), 0.0, "holds"),
        ((1 + 1e-10, 1 + 1e-10, 1 + 1e-10), 0.0, "holds"),
        ((1.5, 1.001, 1.001), 0.0, "undecided"),  # what another effort moves is the error bar, and here it is wide
        ((1.001, 1.001, 1.001), 1e-4, "undecided"),  # a duality gap is left
        ((1.001, 1.001, 1.00001), 0.0, "holds"),  # the last effort takes it away
    ],
)
def test_a_cost_violates_where_every_effort_shows_the_same(monkeypatch, costs, doubt, status) -> None:
    by_starts = dict(zip((starts for starts, _ in EFFORTS), costs, strict=True))
    monkeypatch.setattr(targets, "_solved", lambda data, shape, depth, starts, seed: (by_starts[starts], doubt))
    problem = draw_problems(problems(depth=1, order=2, chain="column", fixed=(2, 2)), 1, 0)[0]
    told = judge_target(costs_one, problem)
    assert told.status == status, told.how
