"""A budget ends code in every thread, and leaves alarms, output and settings of a caller as they were."""

import signal
import sys
import threading
import time
from contextlib import suppress

import pytest
import torch

from verify import State, Verdict, check, conjecture, equal
from verify._limits import OutOfTime, time_limit

FEW = {"depth": 1, "order": 2, "examples": 12}


class Alarmed(BaseException):
    """What a caller's alarm raises, as pytest-timeout does."""


class Late(Exception):
    """What another caller's alarm raises."""


@pytest.fixture
def alarm():
    """Set an alarm of the caller's that raises; afterwards there is none."""
    before = signal.getsignal(signal.SIGALRM)

    def set_alarm(seconds, kind=Alarmed):
        def ring(number, frame):
            raise kind

        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        return ring

    yield set_alarm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@conjecture
def holds(state: State):
    return equal(state.loss, state.loss)


@conjecture
def never_ends(state: State):
    while True:
        with suppress(Exception):
            time.sleep(0.01)


@conjecture
def catches_everything(state: State):
    with suppress(BaseException):
        time.sleep(30)
    return equal(state.loss, state.loss)


def in_a_thread(function):
    """What a function returns in a thread that is not the main one."""
    said = []
    thread = threading.Thread(target=lambda: said.append(function()), daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    return said[0]


def test_a_callers_alarm_is_left_with_what_remains_of_its_time(alarm) -> None:
    ring = alarm(1000.0)
    assert check(holds, **FEW).verdict is Verdict.EXACT
    assert signal.getsignal(signal.SIGALRM) is ring
    assert 500 < signal.getitimer(signal.ITIMER_REAL)[0] < 1000


def test_a_callers_alarm_that_repeats_goes_on_repeating(alarm) -> None:
    alarm(1000.0)
    signal.setitimer(signal.ITIMER_REAL, 1000.0, 7.0)
    with time_limit(100.0):
        pass
    assert signal.getitimer(signal.ITIMER_REAL)[1] == 7.0


@pytest.mark.parametrize("kind", [Alarmed, Late])
@pytest.mark.parametrize("claim", [never_ends, catches_everything], ids=lambda claim: claim.id)
def test_a_callers_alarm_rings_inside_a_conjecture_and_reaches_the_caller(alarm, claim, kind) -> None:
    ring = alarm(0.5, kind)
    with pytest.raises(kind):
        check(claim, **FEW, budget=20.0)
    assert signal.getsignal(signal.SIGALRM) is ring


def test_an_alarm_that_is_only_counted_does_not_end_the_conjecture(alarm) -> None:
    alarm(1000.0)
    rings = []
    signal.signal(signal.SIGALRM, lambda number, frame: rings.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    assert check(holds, **FEW).verdict is Verdict.EXACT
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert rings


def test_the_inner_of_two_limits_leaves_the_outer_one() -> None:
    with pytest.raises(OutOfTime), time_limit(0.3):  # noqa: PT012
        with suppress(OutOfTime), time_limit(0.05):
            time.sleep(30)
        with time_limit(30.0):
            time.sleep(30)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_limits_that_end_with_their_blocks_leave_nothing_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)

    def often():
        ended = 0
        for number in range(400):
            try:
                with time_limit(1e-5 * (number % 40 + 1)):
                    for _ in range(30 * (number % 40)):
                        pass
            except OutOfTime:
                ended += 1
        for _ in range(100_000):  # a limit left behind would end this
            pass
        return ended

    with suppress(OutOfTime), time_limit(1000.0):
        often()
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_budget_ends_a_conjecture_in_a_thread() -> None:
    result = in_a_thread(lambda: check(never_ends, **FEW, budget=0.3))
    assert result.verdict is Verdict.ERROR
    assert "did not finish within its budget of 0.3 s" in result.detail
    assert in_a_thread(lambda: check(holds, **FEW)).verdict is Verdict.EXACT


def test_threads_keep_the_callers_output_and_settings() -> None:
    @conjecture
    def waits_a_little(state: State):
        time.sleep(0.001)
        return equal(state.loss, state.loss)

    torch.set_default_dtype(torch.float32)
    before = sys.stdout, sys.stderr
    seen, verdicts = set(), []

    def judge() -> None:
        verdicts.append(check(waits_a_little, **FEW).verdict)

    threads = [threading.Thread(target=judge) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen.add((sys.stdout, sys.stderr))
        time.sleep(0.0005)
    assert seen == {before}
    assert (sys.stdout, sys.stderr) == before
    assert torch.get_default_dtype() == torch.float32
    assert verdicts == [Verdict.EXACT] * 3


def test_what_a_conjecture_raises_itself_is_its_own_error() -> None:
    @conjecture
    def gives_up(state: State):
        raise Alarmed("no more")

    result = check(gives_up, **FEW)
    assert result.verdict is Verdict.ERROR
    assert "Alarmed: no more" in result.detail
