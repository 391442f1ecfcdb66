"""kill -9 at random moments of a run, a sweep, an experiment and a grid: nothing lost, and the end is the same.

    python tests/fuzz/doors/kills.py seed=17 times=200 only=sweep

Each is killed one to three times, alone or with its workers, and then left to finish. What a killed run leaves must be
whole; what the finished one leaves must be, times apart, what an unkilled one leaves. Exit code 1 on faults, 130 when
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
from doors.judging import Fault, faults  # noqa: E402
from doors.resumable import RESUMABLE, Resumable  # noqa: E402
from doors.room import Outcome, Room  # noqa: E402
from doors.typed import told  # noqa: E402


@dataclass(frozen=True)
class Keys:
    seed: int = 17
    times: int = 200
    only: str = "all"
    folder: str = "out/doors"


def main(words: list[str]) -> int:
    """Kill so many times."""
    try:
        keys = read_words(Keys(), words)
        jobs = [job for job in RESUMABLE if keys.only in ("all", job.name)]
        if not jobs:
            raise ValueError(f"only={keys.only}: none of {', '.join(job.name for job in RESUMABLE)}")
    except ValueError as error:
        print(f"kills: {error}", file=sys.stderr)
        return 2
    folder, counted, room = Path(keys.folder) / f"kills{keys.seed}", Counter[str](), Room()
    shutil.rmtree(folder, ignore_errors=True)
    try:
        wholes = {job.name: room.run(_case(job), folder / job.name) for job in jobs}
        number = 0
        while counted["kills"] < keys.times:
            job, rng = jobs[number % len(jobs)], Random(f"kills/{keys.seed}/{number}")
            _one(job, wholes[job.name], room, folder / str(number), rng, counted)
            number += 1
    except KeyboardInterrupt:
        counted["INTERRUPTED"] += 1
    finally:
        room.close()
    print("kills: " + ", ".join(f"{n} {what}" for what, n in sorted(counted.items())), flush=True)
    return 130 if counted["INTERRUPTED"] else int(counted["faults"] > 0)


def _case(job: Resumable) -> Case:
    return Case("kills", job.program, job.words, real=True)


def _one(job: Resumable, whole: Outcome, room: Room, folder: Path, rng: Random, counted: Counter[str]) -> None:
    """Kill one job a few times and let it finish."""
    wanted, moments = job.read(whole.folder), []
    for _ in range(rng.choice((1, 1, 2, 3))):
        seconds, everyone = rng.random() * whole.seconds, rng.random() < 0.5
        moments.append(f"{seconds:.2f} s{'' if everyone else ' alone'}")
        outcome = room.run(_case(job), folder, aim(signal.SIGKILL, seconds, everyone))
        counted["kills"] += outcome.code == -signal.SIGKILL
        counted["finished before"] += outcome.code != -signal.SIGKILL
        found = [Fault("left process", ", ".join(outcome.left))] if outcome.left else []
        found += _differences(job, outcome, wanted, job.partly)
        _tell(job, outcome, found, moments, counted)
    last = room.run(_case(job), folder)
    found = [] if last.code == whole.code else [Fault("exit code", f"{last.code}, unkilled {whole.code}")]
    found += faults(_case(job), last) + _differences(job, last, wanted, True)
    if not found and (missing := [name for name in wanted if name not in job.read(last.folder)]):
        found.append(Fault("lost", ", ".join(missing)[:200]))
    _tell(job, last, found, [*moments, "finished"], counted)
    if not found:
        shutil.rmtree(folder, ignore_errors=True)


def _differences(job: Resumable, outcome: Outcome, wanted: dict[str, object], equal: bool) -> list[Fault]:
    """Files that are not whole, and where asked for, what is not as in an unkilled run."""
    try:
        got = job.read(outcome.folder)
    except Exception as error:  # whatever a library says of a file that is cut short
        return [Fault("half-written", f"{type(error).__name__}: {error}")]
    return [Fault("other end", f"{name} differs") for name in got if equal and got[name] != wanted.get(name)][:5]


def _tell(job: Resumable, outcome: Outcome, found: list[Fault], moments: list[str], counted: Counter[str]) -> None:
    counted["faults"] += len(found)
    if found:
        title = f"{job.name} killed after {', '.join(moments)}"
        print(told(_case(job), outcome, found, title=title, again="make kills with the same seed"), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
