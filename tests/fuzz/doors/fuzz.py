"""The fuzzer of the doors; `make doors` runs this, and `make fuzz` before the statements.

    python tests/fuzz/doors/fuzz.py seed=17 inputs=2000 minutes=15 jobs=2
    python tests/fuzz/doors/fuzz.py seed=17 only=replay
    python tests/fuzz/doors/fuzz.py seed=17 number=40      one input again, its folder kept

Every input is run in a process group and a folder of its own, under a time limit and a watch on its memory, and what
comes of it is held against the contract. Faults are printed with the command that shows them and the folder that was
kept, and the exit code is 1; 2 for a wrong key, 130 when interrupted.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

GRACE = 10.0  # seconds beyond the minutes in which the last inputs may end
TESTS = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS), str(TESTS / "fuzz")]
sys.path[:] = [place for place in sys.path if Path(place or ".").resolve() != Path(__file__).resolve().parent]

from words import read_words  # noqa: E402

from doors.case import Case  # noqa: E402
from doors.draw import KINDS, draw  # noqa: E402
from doors.judging import faults  # noqa: E402
from doors.letters import Letters, write_letters  # noqa: E402
from doors.room import Outcome, Room  # noqa: E402
from doors.tally import Tally  # noqa: E402
from doors.typed import told  # noqa: E402


@dataclass(frozen=True)
class Keys:
    seed: int = 17
    inputs: int = 2000
    minutes: float = 15.0
    jobs: int = 2
    only: str = "all"
    number: int = -1
    folder: str = "out/doors"


def main(words: list[str]) -> int:
    """Fuzz until the inputs or the minutes are over."""
    try:
        keys = read_words(Keys(), words)
        if keys.only not in ("all", *KINDS):
            raise ValueError(f"only={keys.only}: none of {', '.join(KINDS)}")
        if min(keys.inputs, keys.jobs, keys.minutes) <= 0 or keys.seed < 0:
            raise ValueError("inputs=, minutes= and jobs= are above 0, seed= is not negative")
    except ValueError as error:
        print(f"doors: {error}", file=sys.stderr)
        return 2
    return _Fuzz(keys).run()


class _Fuzz:
    """The inputs of a seed, shared out to as many rooms as there are jobs."""

    def __init__(self, keys: Keys) -> None:
        self.keys, self.folder = keys, Path(keys.folder) / f"seed{keys.seed}"
        self.only = "" if keys.only == "all" else keys.only
        one = keys.number >= 0
        self.numbers = iter([keys.number] if one else range(keys.inputs))
        self.deadline = time.monotonic() + 60 * keys.minutes
        self.lock, self.stop, self.tally = threading.Lock(), threading.Event(), Tally()
        self.died: list[BaseException] = []

    def run(self) -> int:
        rooms: list[Room] = []
        interrupted, cut_short = False, 0
        try:
            text = f"doors: {self.keys.inputs} inputs of seed {self.keys.seed} in {self.folder}"
            print(text, file=sys.stderr, flush=True)
            shutil.rmtree(self.folder, ignore_errors=True)
            for _ in range(min(self.keys.jobs, self.keys.inputs)):
                rooms.append(Room())
            letters = write_letters(rooms[0], self.folder / "letters")
            threads = [threading.Thread(target=self._work, args=(room, letters), daemon=True) for room in rooms]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads) and time.monotonic() < self.deadline + GRACE:
                time.sleep(0.2)
            cut_short = sum(thread.is_alive() for thread in threads)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self.stop.set()
            for room in rooms:
                room.close()
        if self.died:
            raise self.died[0]
        print(self.tally.table(interrupted), flush=True)
        if cut_short:
            print(f"doors: the last {cut_short} were cut short when the minutes were over", flush=True)
        return 130 if interrupted else int(self.tally.faulty > 0)

    def _work(self, room: Room, letters: Letters) -> None:
        try:
            while not self.stop.is_set() and time.monotonic() < self.deadline:
                with self.lock:
                    number = next(self.numbers, None)
                if number is None:
                    return
                case, folder = draw(self.keys.seed, number, letters, self.only), self.folder / str(number)
                outcome = room.run(case, folder)
                if not self.stop.is_set():
                    self._count(number, case, outcome, folder)
        except BaseException as error:
            if not self.stop.is_set():  # else the room was closed under it
                self.died.append(error)

    def _count(self, number: int, case: Case, outcome: Outcome, folder: Path) -> None:
        found = faults(case, outcome)
        with self.lock:
            self.tally.add(case, outcome, found)
            if found:
                only = f" only={self.only}" if self.only else ""
                again = f"make doors seed={self.keys.seed}{only} number={number}"
                print(told(case, outcome, found, title=f"number={number}: {case.note}", again=again), flush=True)
            if self.tally.inputs % 50 == 0:
                print(f"doors: {self.tally.progress()}", file=sys.stderr, flush=True)
        if not found and self.keys.number < 0:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
