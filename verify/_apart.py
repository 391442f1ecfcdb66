"""Work in a process of its own: it may end, hang or take memory without harm to the one that watches it."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import current_process, get_all_start_methods, get_context
from multiprocessing.connection import Connection, wait
from typing import Any

import torch

from numerics import UsageError

# Forked, a process holds torch, SymPy and the claims at once; macOS warns that system libraries do not survive it.
METHOD = "fork" if "fork" in get_all_start_methods() and sys.platform != "darwin" else "spawn"
MEMORY = 15 << 28  # bytes, 3.75 GiB, that a process with code of the user's may take
GRACE = 5.0  # seconds past its limit after which code that does not let itself be interrupted ends with its process


class Ended(Exception):
    """The process ended, or was ended, before it had answered; the message says how."""


class Process:
    """A started process and the pipe to it.

    Arguments:
        target: module-level function of `args` and its end of the pipe.

    Raises:
        UsageError: the process that asks is a daemonic one of multiprocessing, which may start none.
    """

    def __init__(self, target: Callable[..., None], *args: Any) -> None:
        if current_process().daemon:
            raise UsageError(
                "conjectures run in processes of their own, and a daemonic process (multiprocessing.Pool) may start"
                " none; use concurrent.futures.ProcessPoolExecutor"
            )
        context: Any = get_context(METHOD)
        self.pipe, there = context.Pipe()
        self._process: Any = context.Process(target=_run, args=(target, args, self.pipe, there), daemon=True)
        self._process.start()
        there.close()

    @property
    def waited_for(self) -> tuple[Any, Any]:
        """What becomes ready when there is something to hear or the process has ended."""
        return self.pipe, self._process.sentinel

    def hear(self) -> Any:
        """The next thing it says, None where it has said nothing yet.

        Raises:
            Ended: it has ended, and said all.
        """
        alive = self._process.is_alive()
        try:
            if self.pipe.poll():
                return self.pipe.recv()
        except Exception as error:  # half a message, or one that user code has written
            how = self._how() if isinstance(error, (EOFError, OSError)) else "left no answer"
            self.end()
            raise Ended(how) from None
        if not alive:
            raise Ended(self._how())
        return None

    def end(self) -> None:
        """End it, with the processes that it has started."""
        with suppress(OSError, AttributeError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join()

    def close(self) -> None:
        """End it and give back its pipe."""
        self.end()
        self.pipe.close()

    def _how(self) -> str:
        self._process.join(1.0)
        code = self._process.exitcode
        if code is None:
            return "closed its pipe"
        return f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"


def apart(work: Callable[[], Any], seconds: float) -> Any:
    """The result of `work` from a process of its own; it must pickle, and under spawn `work` too.

    Raises:
        Ended: the process ended without a result, or was ended after `seconds`.
        UsageError: as `work` does.
    """
    process = Process(_answer, work)
    try:
        end, said = time.monotonic() + seconds, None
        while said is None:
            if not wait(process.waited_for, max(end - time.monotonic(), 0.0)):
                raise Ended(f"did not let itself be interrupted after {seconds:g} s")
            said = process.hear()
        kind, value = said
        if kind == "usage":
            raise UsageError(value)
        if kind == "failed":
            raise Ended(value)
        return value
    finally:
        process.close()


def _answer(work: Callable[[], Any], pipe: Connection) -> None:
    try:
        said = ("done", work())
    except UsageError as error:
        said = ("usage", str(error))
    except BaseException as error:
        said = ("failed", f"failed: {type(error).__name__}: {' '.join(str(error).split())}")
    pipe.send(said)


def _run(target: Callable[..., None], args: tuple[Any, ...], parent: Connection, pipe: Connection) -> None:
    """In the new process: nothing it prints is seen, Ctrl-C is its parent's, and it does not outlive that."""
    parent.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError, AttributeError):
        os.setsid()  # a group of its own, to be ended with all that user code has started
    _die_with_the_parent()
    silent = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silent, descriptor)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8", errors="replace")  # noqa: SIM115
    faulthandler.disable()  # a crash of the user's is told in one line, by the process that watches
    _limit_memory()
    torch.set_num_threads(1)
    with suppress(EOFError, BrokenPipeError):  # a parent that was killed
        target(*args, pipe)


def _die_with_the_parent() -> None:
    with suppress(Exception):  # Linux alone has it
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() == 1:
        os._exit(1)


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # not on Windows
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
