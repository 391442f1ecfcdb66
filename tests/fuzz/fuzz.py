"""A short fuzz of the verdicts; `make statements` runs this, and `make fuzz` beside the doors.

    python tests/fuzz/fuzz.py minutes=2 seed=17 folder=out/fuzz
    python tests/fuzz/fuzz.py seed=17 number=40      one trial again

Random claims of the tool in random cells must not be refuted, random conjectures that hold by construction neither,
and those that are off by a part between 1 and 1e-9 must never be supported; nothing may end in an ERROR or fall over.
What goes wrong is printed with the source that shows it, and the exit code is 1. Not fuzzed: claims about Seeds, each
of which takes as long as a hundred of the others.
"""

from __future__ import annotations

import secrets
import signal
import sys
import time
from collections import Counter
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

BUDGET = 15.0  # seconds a claim may take, shrinking apart
HANG = 240.0  # seconds for a trial, after which it counts as hung
GRACE = 15.0  # seconds beyond the minutes in which the last trial may end


def main(words: list[str]) -> int:
    """Fuzz until the minutes are over; 1 if anything was wrong, 2 for a wrong key, 130 when interrupted."""
    keys = {"minutes": "2", "seed": "", "number": "", "folder": "out/fuzz"}
    for word in words:
        name, found, value = word.partition("=")
        if not found or name not in keys:
            print(f"fuzz: {word!r} is none of {', '.join(f'{key}=' for key in keys)}", file=sys.stderr)
            return 2
        keys[name] = value
    try:
        seconds, seed = 60 * float(keys["minutes"]), int(keys["seed"] or secrets.randbelow(10**6))
        numbers = [int(keys["number"])] if keys["number"] else None
        if seconds <= 0 or seed < 0 or (numbers and numbers[0] < 0):
            raise ValueError("minutes= is above 0, seed= and number= are not negative")
    except ValueError as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 2
    return _Fuzz(seed, Path(keys["folder"]), seconds).run(numbers)


class _Fuzz:
    """The trials of a seed, one after the other, in a process of their own that can be ended at any time."""

    def __init__(self, seed: int, folder: Path, seconds: float) -> None:
        self.seed, self.folder, self.minutes = seed, folder, seconds / 60
        self.started = time.monotonic()
        self.deadline = self.started + seconds
        self.verdicts: Counter[str] = Counter()
        self.trials, self.wrong, self.note = 0, 0, ""

    def run(self, numbers: list[int] | None) -> int:
        worker, interrupted = None, False
        try:
            text = f"fuzz: seed={self.seed}, for {self.minutes:g} minutes; again: make statements seed={self.seed}"
            print(text, flush=True)
            number = numbers[0] if numbers else 0
            while time.monotonic() < self.deadline:
                worker = worker or _Worker(self.seed, self.folder)
                last = numbers is None and time.monotonic() + HANG > self.deadline + GRACE
                answer = worker.ask(number, self.deadline + GRACE if last else time.monotonic() + HANG)
                if answer is None and last and worker.alive:
                    self.note = f"; the last trial, number {number}, was cut short"
                    break
                self._count(number, answer or _died(number, self.seed, worker))
                if answer is None:
                    worker = worker.end()
                if numbers:
                    break
                number += 1
        except KeyboardInterrupt:
            interrupted = True
        finally:
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not take the summary away
            if worker:
                worker.end()
        self._summary(interrupted)
        signal.signal(signal.SIGINT, before)
        return 130 if interrupted and not self.wrong else int(self.wrong > 0)

    def _count(self, number: int, answer: tuple[dict[str, int], list[str]]) -> None:
        verdicts, wrong = answer
        self.trials += 1
        self.verdicts.update(verdicts)
        for text in wrong:
            self.wrong += 1
            print(f"{text}\n  again: make statements seed={self.seed} number={number}\n", flush=True)

    def _summary(self, interrupted: bool) -> None:
        state = "INTERRUPTED after " if interrupted else ""
        took = time.monotonic() - self.started
        print(f"fuzz: {state}{self.trials} trials of seed {self.seed} in {took:.0f} s; {self.wrong} wrong{self.note}")
        for kind in ("built-in", "true", "false"):
            found = {key.split()[1]: count for key, count in sorted(self.verdicts.items()) if key.startswith(kind)}
            print(
                f"  {kind}: {', '.join(f'{count} {verdict}' for verdict, count in found.items()) or 'none'}", flush=True
            )


def _died(number: int, seed: int, worker: _Worker) -> tuple[dict[str, int], list[str]]:
    how = f"hung for {HANG:g} s" if worker.alive else f"died with status {worker.process.exitcode}"
    return {}, [f"WRONG: the process of trial {number} of seed {seed} {how}"]


class _Worker:
    """A forked process that judges the trials it is sent the numbers of."""

    def __init__(self, seed: int, folder: Path) -> None:
        import judge  # noqa: F401  (imported once, before the fork)

        context = get_context("fork")
        self.pipe, there = context.Pipe()
        self.process = context.Process(target=_work, args=(seed, folder, there))  # no daemon: verify starts processes
        self.process.start()
        there.close()

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def ask(self, number: int, until: float) -> tuple[dict[str, int], list[str]] | None:
        """The answer, or None where the process died or the time is over."""
        self.pipe.send(number)
        try:
            return self.pipe.recv() if self.pipe.poll(max(0.0, until - time.monotonic())) else None
        except EOFError:
            self.process.join()
            return None

    def end(self) -> None:
        self.process.kill()
        self.process.join()


def _work(seed: int, folder: Path, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import torch
    from judge import judge

    torch.set_num_threads(1)
    while True:
        finding = judge(seed, pipe.recv(), folder, BUDGET)
        pipe.send((dict(finding.verdicts), finding.wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
