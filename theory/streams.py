"""What stands between a command line and its terminal: streams that are closed, full or gone, and hostile letters."""

from __future__ import annotations

import gc
import io
import math
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import ClassVar

from .files import in_words

USAGE, FAILED, INTERRUPTED = 2, 3, 130
CLEANING = 1.0  # seconds in which a second Ctrl-C is one with the first: processes are being ended
STANDING = (USAGE, INTERRUPTED)  # exit codes that say more than a lost output
# C0 and C1 but tab and line feed, lone surrogates, marks that turn the direction of writing, and what XML refuses.
_HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def printable(text: str) -> str:
    """The text with control characters as escapes: nothing that moves a cursor, hides letters or breaks XML."""
    return _HOSTILE.sub(lambda found: ascii(found[0])[1:-1], text)


def on_one_line(said: object) -> str:
    """The text as one line: a line break that came with a file name or a value is an escape."""
    return printable(str(said)).replace("\n", "\\n").replace("\r", "\\r")


def with_streams(name: str, work: Callable[[], int]) -> int:
    """The exit code of `work`, whose prints go to stdout: 2 where that is closed, 3 where it is full before the end or
    an error comes through, 141 where its reader is gone; each but the last with one line on stderr."""
    if not gc.isenabled():  # see `_first`: what was loaded stays until the end, here and in every forked process
        gc.freeze()
        gc.enable()
    closed = sys.stdout is None
    _fill_descriptors()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if closed:
        print(f"{name}: stdout is closed; send it to a file, or to /dev/null", file=sys.stderr)
        return USAGE
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with _Interrupts() as interrupts:
        code = _worked(name, work)
        if interrupts.seen and code not in STANDING:  # a library had swallowed it
            print(f"{name}: interrupted", file=sys.stderr)
            code = INTERRUPTED
    return code


class _Interrupts:
    """Context in which Ctrl-C raises KeyboardInterrupt, is remembered where something swallows that, and does not
    disturb what the first one has set going."""

    now: ClassVar[_Interrupts | None] = None

    def __enter__(self) -> _Interrupts:
        self.seen, self._last = False, -math.inf
        self._before = signal.getsignal(signal.SIGINT)
        self._ours = self._before is not signal.SIG_IGN and threading.current_thread() is threading.main_thread()
        if self._ours:
            signal.signal(signal.SIGINT, self._interrupt)
        self._outer, _Interrupts.now = _Interrupts.now, self
        return self

    def __exit__(self, *_: object) -> None:
        _Interrupts.now = self._outer
        if self._ours:  # at the end of a command libraries close down, and its exit code is said
            loading = getattr(self._before, "__name__", "") == "while_loading"
            signal.signal(signal.SIGINT, signal.SIG_IGN if loading else self._before)

    def _interrupt(self, number: int, frame: object) -> None:
        now = time.monotonic()
        again, self.seen, self._last = now - self._last < CLEANING, True, now
        if not again:
            raise KeyboardInterrupt


def check_interrupted() -> None:
    """Raises: KeyboardInterrupt where one was swallowed."""
    if _Interrupts.now is not None and _Interrupts.now.seen:
        raise KeyboardInterrupt


def _worked(name: str, work: Callable[[], int]) -> int:
    try:
        code = work()
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        code, lost = FAILED, _lost()
        if lost is None and isinstance(error, OSError) and error.filename is None:
            lost = error  # every file is named by `files`: this was a print, of which nothing is left to flush
        if lost is None:
            print(f"{name}: {_internal(error)}", file=sys.stderr)
    else:
        lost = _lost()
    if isinstance(lost, BrokenPipeError):
        return 128 + signal.SIGPIPE
    if lost is not None:
        print(f"{name}: stdout: {in_words(lost)}; what it did not take is lost", file=sys.stderr)
        return code if code in STANDING else FAILED
    return code


def _internal(error: Exception) -> str:
    """One line about an error that no command foresaw."""
    if isinstance(error, OSError):
        return f"{error.filename}: {in_words(error)}"
    if isinstance(error, MemoryError):
        return "out of memory; ask for smaller sizes, or for fewer things at once"
    last = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split())
    return f"internal error, please report it: {type(error).__name__}: {said} ({last.filename}:{last.lineno})"


def _lost() -> OSError | None:
    """Why stdout does not take what was printed; the rest is thrown away then."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error
    return None


def _fill_descriptors() -> None:
    """Open what is closed of 0, 1 and 2, so that no output file becomes the stdout of a library or a child."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
