"""Conjectures of known truth, judged over many seeds: what the verdicts are worth. `make power` runs this.

    python tests/power/figures.py seeds=20 minutes=60 jobs=2 shrink=yes write=docs/power.md keep=out/power.json
    python tests/power/figures.py only='outside-false-*' seeds=1

A run that was cut short, by its minutes or by Ctrl-C, is continued by the next one: every unit (half, kind, topic,
seed) is kept as soon as it is judged. All units of one seed come before those of the next; counterexamples are shrunk
last.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from hashlib import sha256
from math import inf
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import measures
import report
import suite
from suite import Unit
from words import read_words

from theory.files import write_whole
from verify import Result
from verify._verdict import Exit

ROOT = Path(__file__).parents[2]
UNREAD = tuple(f"tests/power/{name}.py" for name in ("measures", "report", "test_power"))  # no verdict depends on these
DETAIL = 160  # characters that are kept of a verdict's reason

Record = dict[str, Any]  # {"seconds": s, "rows": {claim: row}} or {"error": text}


@dataclass(frozen=True)
class Keys:
    """What can be set on the command line, and its defaults."""

    seeds: int = 100
    minutes: float = 10.0
    jobs: int = 2
    shrink: str = "yes"
    write: str = ""
    keep: str = "out/power.json"
    only: str = "*"

    @classmethod
    def read(cls, words: Sequence[str]) -> Keys:
        """The keys in key=value words.

        Raises:
            ValueError: an unknown key, or a value that is none.
        """
        keys = read_words(cls(), words)
        if keys.seeds < 1 or keys.jobs < 1 or not 0 <= keys.minutes < inf or keys.shrink not in ("yes", "no"):
            raise ValueError("seeds and jobs are at least 1, minutes at least 0, shrink is yes or no")
        return keys


def fingerprint() -> str:
    """A digest of everything that a verdict depends on; verdicts of other sources are not continued."""
    digest = sha256()
    for room in ("theory", "numerics", "verify", "tests/power"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if path.relative_to(ROOT).as_posix() not in UNREAD:
                digest.update(path.read_bytes())
    return digest.hexdigest()


def kept(path: Path, sources: str) -> dict[str, Record]:
    """What an earlier, interrupted run of the same sources left, by unit; units that raised are judged again."""
    if not path.exists():
        return {}
    document = json.loads(path.read_text())
    if document.get("sources") != sources or "units" not in document:
        print(f"{path} holds verdicts of other sources: starting anew", file=sys.stderr)
        return {}
    return {key: record for key, record in document["units"].items() if "rows" in record}


def keep(path: Path, sources: str, done: dict[str, Record]) -> None:
    """Write the verdicts so far, whole."""
    write_whole(path, json.dumps({"sources": sources, "units": done}))


def units(keys: Keys) -> list[Unit]:
    """What is to be judged, in order."""
    chosen = [file for file in suite.files() if fnmatchcase(file.name, keys.only)]
    seeded = [replace(file, seed=seed) for seed in range(keys.seeds) for file in chosen]
    shrunk = [replace(file, shrunk=True) for file in chosen if file.kind == "false" and keys.shrink == "yes"]
    return seeded + shrunk


def record_of(unit: Unit) -> Record:
    """The verdicts of one unit as plain data; what it raises becomes its text."""
    started = time.perf_counter()
    try:
        rows = {result.id: _row(result) for result in suite.judge(unit)}
    except Exception as error:
        return _failed(error)
    return {"seconds": time.perf_counter() - started, "rows": rows}


def _row(result: Result) -> Record:
    row: Record = {"verdict": result.verdict.value, "worst": result.worst, "seconds": round(result.seconds, 2)}
    row["detail"] = result.detail.replace(f"{ROOT}/", "")[:DETAIL]
    if result.counterexample:
        row |= {name: result.counterexample[name] for name in ("sizes", "ranks")}
    return row


def _failed(error: Exception) -> Record:
    return {"error": " ".join(f"{type(error).__name__}: {error}".split())[:DETAIL]}


def records(left: Sequence[Unit], minutes: float, jobs: int) -> Generator[tuple[Unit, Record]]:
    """Every unit with its verdicts, as they come; none begins after the minutes, those in flight are finished.

    Processes are spawned, for torch does not like to be forked; with jobs=1 there are none. They are gone when the
    iterator ends, is closed or raises.
    """
    deadline = time.monotonic() + 60 * minutes
    waiting, running = deque(left), dict[Future[Record], Unit]()
    if jobs == 1:
        while waiting and time.monotonic() < deadline:
            unit = waiting.popleft()
            yield unit, record_of(unit)
        return
    pool, broken = _pool(jobs), False
    try:
        while True:
            if broken and not running:
                pool.shutdown()
                pool, broken = _pool(jobs), False
            while waiting and not broken and len(running) < jobs and time.monotonic() < deadline:
                unit = waiting.popleft()
                running[pool.submit(record_of, unit)] = unit
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                unit = running.pop(future)
                try:
                    record = future.result()
                except BrokenProcessPool as error:  # a process died, of memory say, and takes those beside it along
                    record, broken = _failed(error), True
                yield unit, record
    finally:
        if running:
            for process in active_children():
                process.terminate()
        pool.shutdown(cancel_futures=True)


def _pool(jobs: int) -> ProcessPoolExecutor:
    # Ctrl-C reaches the whole group: the parent alone answers it, and ends its processes.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=signal.signal, initargs=ignore)


def judge_what_is_left(keys: Keys, chosen: Sequence[Unit]) -> dict[str, Record]:
    """The kept and the new verdicts of the units, each kept as soon as it is there.

    Raises:
        RuntimeError: the sources changed meanwhile.
    """
    path, sources = Path(keys.keep), fingerprint()
    done = kept(path, sources)
    left = [unit for unit in chosen if unit.key not in done]
    total = len(chosen)
    print(f"{total - len(left)} of {total} units are in {path}", file=sys.stderr, flush=True)
    with closing(records(left, keys.minutes, keys.jobs)) as judged:
        for number, (unit, record) in enumerate(judged, total - len(left) + 1):
            if fingerprint() != sources:
                raise RuntimeError("the sources changed during the run: its verdicts do not go together")
            done[unit.key] = record
            keep(path, sources, done)
            print(f"{number} of {total}: {unit.key}: {_summary(unit, record)}", file=sys.stderr, flush=True)
    keys_of_chosen = {unit.key for unit in chosen}
    return {key: record for key, record in done.items() if key in keys_of_chosen}


def _summary(unit: Unit, record: Record) -> str:
    if "error" in record:
        return record["error"]
    verdicts = Counter(row["verdict"] for row in record["rows"].values())
    wrong = [name for name, row in record["rows"].items() if suite.is_false_verdict(unit.kind, row["verdict"])]
    text = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    return f"{text} in {record['seconds']:.0f} s" + f"; FALSE VERDICT on {', '.join(wrong)}" * bool(wrong)


def main(words: Sequence[str]) -> int:
    """Judge, print, write; 1 when there was a false verdict."""
    try:
        keys = Keys.read(words)
        chosen = units(keys)
        if not chosen:
            raise ValueError(f"only={keys.only} matches none of {' '.join(file.name for file in suite.files())}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return Exit.USAGE
    try:
        done = judge_what_is_left(keys, chosen)
    except KeyboardInterrupt:
        print(f"interrupted; the same command goes on from {keys.keep}", file=sys.stderr)
        return Exit.INTERRUPTED
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return Exit.ERROR
    conjectures = measures.gathered(chosen, done)
    if not conjectures:
        print("nothing was judged: raise minutes=", file=sys.stderr)
        return Exit.NOTHING
    page, image = Path(keys.write), Path(keys.write or "power").with_suffix(".png")
    text = "\n".join(report.report(keys.only, image.name if keys.write else "", chosen, done, conjectures))
    print(text)
    if keys.write:
        write_whole(page, text.rstrip() + "\n")
        report.picture(conjectures, image)
    return Exit.REFUTED if any(conjecture.wrong for conjecture in conjectures) else Exit.OK


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `timeout` leaves no processes behind
    sys.exit(main(sys.argv[1:]))
