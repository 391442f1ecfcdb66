"""What belongs to a run, read off /proc: its session, and what was left to the server when a parent ended."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """A process that has not ended."""

    pid: int
    memory: int  # resident, bytes
    name: str


def of_run(leader: int, server: int) -> list[Process]:
    """Every living process of the leader's session, and every other child that the server has (orphans go to it)."""
    found = []
    for folder in os.listdir("/proc"):
        if not folder.isdigit():
            continue
        try:
            text = Path("/proc", folder, "stat").read_text(errors="replace")
        except OSError:
            continue
        name = text[text.index("(") + 1 : text.rindex(")")]
        fields = text[text.rindex(")") + 2 :].split()
        state, parent, session, pages = fields[0], int(fields[1]), int(fields[3]), int(fields[21])
        if state not in "ZX" and (session == leader or parent == server):
            found.append(Process(int(folder), pages * PAGE, name))
    return found


def kill(leader: int, server: int) -> None:
    """Kill -9 all of a run, and what it started meanwhile."""
    for _ in range(5):
        living = of_run(leader, server)
        if not living:
            return
        for process in living:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
