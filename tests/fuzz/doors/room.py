"""A run of one case, watched: how long, how much memory, what it said and what it left."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doors.case import Case
from doors.processes import kill, of_run

SERVER = Path(__file__).parent / "server.py"
ENVIRONMENT = {  # of every run: one thread, this checkout's tool, whatever is installed
    "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8", "MPLBACKEND": "Agg",
    "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
}  # fmt: skip
LIMIT = 90.0  # seconds, after which a run hangs
CAP = 4 * 10**9  # bytes that a run and its workers may hold
TICK = 0.1  # seconds between two looks
GRACE = 5.0  # seconds in which the workers of a run that has ended may end
MOST = 20_000_000  # bytes of output that are read


@dataclass
class Outcome:
    """What came of a run; a code below 0 is a signal's."""

    code: int
    seconds: float
    peak: int
    words: tuple[str, ...]
    folder: Path
    hung: bool = False
    left: list[str] = field(default_factory=list)
    out: str = ""
    err: str = ""
    piped: dict[str, bytes] = field(default_factory=dict)


class Room:
    """A server and the runs it is asked for, one at a time.

    Raises:
        RuntimeError: the server has died.
    """

    def __init__(self, limit: float = LIMIT, cap: int = CAP) -> None:
        self.limit, self.cap, self.leader = limit, cap, 0
        environment = {**os.environ, **ENVIRONMENT}
        self.server = subprocess.Popen(
            [sys.executable, str(SERVER)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True, env=environment,
        )  # fmt: skip

    def run(self, case: Case, folder: Path, begun: Callable[[int], None] = lambda _: None) -> Outcome:
        """Lay a case out in folder/in/it, run it there and wait for its end; `begun` is told the pid."""
        inside = folder / "in" / "it"
        words = case.lay_out(inside)
        request = {
            "program": case.program, "words": words, "folder": str(inside.resolve()), "real": case.real,
            "stdout": case.stdout, "environment": dict(case.environment),
            "out": str((folder / "stdout").resolve()), "err": str((folder / "stderr").resolve()),
        }  # fmt: skip
        pipes = {
            name: os.open(inside / name, os.O_RDWR | os.O_NONBLOCK) for name, what, _ in case.odd if what == "fifo"
        }
        piped = dict.fromkeys(pipes, b"")
        self._send(request)
        leader, started = self._answer(None)["pid"], time.monotonic()
        self.leader = leader
        begun(leader)
        end, hung, peak = None, False, 0
        while end is None:
            end = self._answer(TICK)
            peak = max(peak, sum(process.memory for process in of_run(leader, self.server.pid)))
            _drain(pipes, piped)
            if end is None and (peak > self.cap or time.monotonic() > started + self.limit):
                hung = peak <= self.cap
                kill(leader, self.server.pid)
                end = self._answer(None)
        seconds = time.monotonic() - started
        left = self._left(leader)
        _drain(pipes, piped)
        for pipe in pipes.values():
            os.close(pipe)
        said = {name: _read(folder / name) for name in ("stdout", "stderr")}
        return Outcome(
            end["code"],
            seconds,
            max(peak, end["peak"]),
            words,
            inside,
            hung,
            left,
            said["stdout"],
            said["stderr"],
            piped,
        )

    def close(self) -> None:
        """End the server, and with it whatever it still has."""
        for leader in (self.leader, self.server.pid):
            kill(leader or self.server.pid, self.server.pid)
        self.server.wait()
        for pipe in (self.server.stdin, self.server.stdout):
            if pipe:
                pipe.close()

    def _send(self, request: dict[str, Any]) -> None:
        assert self.server.stdin
        try:
            self.server.stdin.write(json.dumps(request).encode() + b"\n")
            self.server.stdin.flush()
        except BrokenPipeError:
            raise RuntimeError("the server has died") from None

    def _answer(self, seconds: float | None) -> Any:
        assert self.server.stdout
        if not select.select([self.server.stdout], [], [], seconds)[0]:
            return None
        line = self.server.stdout.readline()
        if not line:
            raise RuntimeError("the server has died")
        return json.loads(line)

    def _left(self, leader: int) -> list[str]:
        until = time.monotonic() + GRACE
        while (living := of_run(leader, self.server.pid)) and time.monotonic() < until:
            time.sleep(TICK)
        kill(leader, self.server.pid)
        return [f"{process.name} ({process.pid})" for process in living]


def _drain(pipes: dict[str, int], piped: dict[str, bytes]) -> None:
    for name, pipe in pipes.items():
        try:
            while part := os.read(pipe, 1 << 16):
                piped[name] += part
        except BlockingIOError:
            pass


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MOST).decode(errors="replace")
    except FileNotFoundError:
        return ""
