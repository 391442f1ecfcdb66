"""A wall-clock limit on code the engine did not write, which leaves an alarm of the caller's as it was."""

from __future__ import annotations

import ctypes
import inspect
import math
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any

AGAIN = 1.0  # seconds after which it rings again: the code may have swallowed OutOfTime
SOON = 0.001  # seconds until it is tried again where it must not be raised
AT_ONCE = 1e-6  # a timer set to 0 would be off


class OutOfTime(BaseException):
    """The conjecture did not finish within its budget; no Exception, so that code which goes on after one ends too."""


class Watched:
    """When the code that is running now must be over, where the process that watches this one can read it."""

    shared: Any = None  # a double in memory that both processes see

    @classmethod
    def until(cls, end: float) -> float:
        """Say it (infinity: nothing is running); returns what was said before."""
        if cls.shared is None:
            return math.inf
        before = float(cls.shared.value)
        cls.shared.value = end
        return before


class time_limit:
    """Context in which OutOfTime is raised after `seconds` (infinity: never), in any thread.

    In the main thread it is raised by SIGALRM, which ends a sleep or a read too; in another thread, or where there is
    no such signal, before Python's next instruction. Code that blocks outside Python's reach can only be ended together
    with its process, which the command line does (`_processes`) and `check` cannot do.

    An alarm that the caller had set (pytest-timeout's) rings when it is due, inside the block or after it. What its
    handler raises reaches the caller, even where the code in the block catches everything.

    Raises:
        OutOfTime: at once where no time is left.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        if self._seconds <= 0:
            raise OutOfTime
        end = time.monotonic() + self._seconds
        self._before = Watched.until(end)
        self._clock = _Alarm(end) if _may_alarm() else _Thread(end)
        self._depth = len(_clocks())
        _clocks().append(self._clock)

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        Watched.until(self._before)
        while len(_clocks()) > self._depth:  # one further in is left where OutOfTime came between its block and its end
            _clocks().pop().stop()
        theirs = self._clock.theirs
        if theirs is not None and theirs is not error:
            raise theirs


class _Open(threading.local):
    """The clocks of the blocks that a thread is in."""

    def __init__(self) -> None:
        self.clocks: list[_Alarm | _Thread] = []


_OPEN = _Open()


def _clocks() -> list[_Alarm | _Thread]:
    return _OPEN.clocks


def _may_alarm() -> bool:
    """Whether SIGALRM can be had, and given back: not from a handler that was set outside Python."""
    here = threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGALRM")
    return here and signal.getsignal(signal.SIGALRM) is not None


class _Alarm:
    """OutOfTime by SIGALRM, beside an alarm of the caller's that is due at `_due`."""

    def __init__(self, end: float) -> None:
        self.theirs: BaseException | None = None  # what the caller's handler raised
        self._end, self._stopped = end, False
        self._handler: Any = signal.getsignal(signal.SIGALRM)
        left, self._every = signal.setitimer(signal.ITIMER_REAL, 0)
        self._due = time.monotonic() + left if left else math.inf
        signal.signal(signal.SIGALRM, self._ring)
        self._set(min(self._end, self._due))

    def stop(self) -> None:
        self._stopped = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._handler)
        self._set(self._due, self._every)

    def _set(self, due: float, every: float = 0.0) -> None:
        if due < math.inf:
            signal.setitimer(signal.ITIMER_REAL, max(due - time.monotonic(), AT_ONCE), every)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if self._stopped:  # what is due to the caller is set by `stop`
            return
        now = time.monotonic()
        if _is_ours(frame):
            self._set(now + SOON)
        elif now >= self._due:
            self._ring_theirs(number, frame)
        elif now >= self._end:
            self._end = now + AGAIN
            self._set(min(self._end, self._due))
            raise OutOfTime
        else:
            self._set(min(self._end, self._due))

    def _ring_theirs(self, number: int, frame: FrameType | None) -> None:
        if self._handler is signal.SIG_DFL:  # which ends the process
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.raise_signal(signal.SIGALRM)
        signal.setitimer(signal.ITIMER_REAL, self._every, self._every)
        try:
            if callable(self._handler):
                self._handler(number, frame)
        except BaseException as error:
            self.theirs, self._end = error, time.monotonic() + AGAIN  # where the block catches it, OutOfTime comes next
            raise
        finally:  # what is set now, maybe by the handler, is the caller's
            left, self._every = signal.setitimer(signal.ITIMER_REAL, 0)
            self._due = time.monotonic() + left if left else math.inf
            self._set(min(self._end, self._due))


class _Thread:
    """OutOfTime from a second thread, which puts it before the next instruction of the first one."""

    theirs = None

    def __init__(self, end: float) -> None:
        self._thread = threading.get_ident()
        self._inside, self._raising = threading.Lock(), threading.Lock()
        self._stopped = self._raised = False
        self._inside.acquire()
        if end < math.inf:
            threading.Thread(target=self._watch, args=(end - time.monotonic(),), daemon=True).start()

    def _watch(self, seconds: float) -> None:
        while not self._inside.acquire(timeout=max(seconds, 0.0)):
            with self._raising:
                if self._stopped:
                    return
                seconds = SOON
                if not _is_ours(sys._current_frames().get(self._thread)):
                    self._raised, seconds = True, AGAIN
                    _raise_in(self._thread, OutOfTime)

    def stop(self) -> None:
        with self._raising:
            self._stopped = True
        if self._raised:  # it may not have come yet
            _raise_in(self._thread, None)
        if self._inside.locked():
            self._inside.release()


OURS = frozenset(inspect.unwrap(f).__code__ for f in (
    time_limit.__enter__, time_limit.__exit__, _Alarm.__init__, _Alarm.stop, _Thread.__init__, _Thread.stop,
))  # fmt: skip
NEAR = 8  # calls between one of ours and what it calls of the standard library


def _is_ours(frame: FrameType | None) -> bool:
    """Whether a block is being entered or left: an exception raised now would leave a clock running."""
    for _ in range(NEAR):
        if frame is None:
            return False
        if frame.f_code in OURS:
            return True
        frame = frame.f_back
    return False


def _raise_in(thread: int, kind: type[BaseException] | None) -> None:
    """Source: PyThreadState_SetAsyncExc in Python's C interface."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind) if kind else None)
