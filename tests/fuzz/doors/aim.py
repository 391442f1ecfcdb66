"""A signal to a run at a moment."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path


def aim(signal: int, seconds: float, everyone: bool) -> Callable[[int], None]:
    """For `Room.run`: the signal, so many seconds after the command has started, to it alone or to its session."""

    def begun(leader: int) -> None:
        threading.Thread(target=_send, args=(leader, signal, seconds, everyone), daemon=True).start()

    return begun


def _send(leader: int, signal: int, seconds: float, everyone: bool) -> None:
    while b"server.py" in _typed(leader):  # the fork is still the server's
        time.sleep(0.002)
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if everyone else os.kill)(leader, signal)


def _typed(pid: int) -> bytes:
    try:
        return Path("/proc", str(pid), "cmdline").read_bytes()
    except OSError:
        return b""
