"""Ctrl-C at random moments of start-up, imports and judging: always 130, one voice, nobody left.

    python tests/fuzz/doors/interrupts.py seed=17 times=100

Moments are uniform over an uninterrupted run of `python -m verify` with jobs=1 or 2; half of the signals go to the
command alone, half to its process group as a terminal sends them. What Python does before it reaches the tool's first
line (it dies of the signal, or shows a traceback of its own start) is counted apart. Exit code 1 on faults, 130 when
interrupted.
"""

from __future__ import annotations

import shutil
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

TESTS = Path(__file__).resolve().parents[2]
sys.path[0] = str(TESTS / "fuzz")
sys.path.insert(1, str(TESTS))

from words import read_words  # noqa: E402

from doors.aim import aim  # noqa: E402
from doors.case import Case  # noqa: E402
from doors.judging import faults  # noqa: E402
from doors.room import Outcome, Room  # noqa: E402
from doors.typed import told  # noqa: E402

WORDS = (
    "depth=1",
    "order=2",
    "examples=20",
    "paths=2",
    "budget=60",
    "claims=conservation*",
    "json=a.json",
    "junit=a.xml",
)
OURS = ("/verify/", "/numerics/", "/theory/")


@dataclass(frozen=True)
class Keys:
    seed: int = 17
    times: int = 100
    number: int = -1
    folder: str = "out/doors"


def main(words: list[str]) -> int:
    """Interrupt so many runs."""
    try:
        keys = read_words(Keys(), words)
    except ValueError as error:
        print(f"interrupts: {error}", file=sys.stderr)
        return 2
    folder, room = Path(keys.folder) / f"interrupts{keys.seed}", Room()
    shutil.rmtree(folder, ignore_errors=True)
    counted: Counter[str] = Counter()
    try:
        whole = {jobs: room.run(_case(jobs), folder / f"whole{jobs}").seconds for jobs in (1, 2)}
        for number in [keys.number] if keys.number >= 0 else range(keys.times):
            rng = Random(f"interrupts/{keys.seed}/{number}")
            case, everyone, part = _case(rng.choice((1, 2))), rng.random() < 0.5, rng.random()
            moment = part * whole[int(case.words[-1][-1])]
            outcome = room.run(case, folder / str(number), aim(signal.SIGINT, moment, everyone))
            if outcome.code == -signal.SIGINT:
                outcome.code = 130  # a shell says 130 of what died of SIGINT
            what = _early(outcome) or "interrupted"
            found = [] if what != "interrupted" else faults(case, outcome)
            counted["faulty" if found else what] += 1
            if found:
                title = f"number={number}: SIGINT after {moment:.2f} s to {'the group' if everyone else 'it alone'}"
                again = f"make interrupts seed={keys.seed} number={number}"
                print(told(case, outcome, found, title=title, again=again), flush=True)
            else:
                shutil.rmtree(folder / str(number), ignore_errors=True)
    except KeyboardInterrupt:
        counted["INTERRUPTED"] += 1
    finally:
        room.close()
    print("interrupts: " + ", ".join(f"{n} {what}" for what, n in sorted(counted.items())), flush=True)
    return 130 if counted["INTERRUPTED"] else int(counted["faulty"] > 0)


def _case(jobs: int) -> Case:
    return Case("interrupts", "verify", (*WORDS, f"jobs={jobs}"), real=True, codes=(130,))


def _early(outcome: Outcome) -> str:
    """What there was to interrupt: "" for the tool, else why it was not yet, or no longer, there."""
    if outcome.code == 0 and not outcome.left and "Traceback" not in outcome.err:
        return "finished before"
    if not any(part in outcome.err for part in OURS) and not outcome.out and not outcome.left:
        if outcome.code == 130 and not outcome.err:
            return "before Python listens"
        if "Traceback" in outcome.err and "KeyboardInterrupt" in outcome.err:
            return "before the tool's first line"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
