"""Plant one bug at a time and see whether the main job or the tests notice. `make mutants` runs this.

    python tests/mutants/run.py jobs=2 minutes=60 only='theory-*' write=docs/mutants.md keep=out/mutants.json

Every worker has a copy of the repository's files of its own. With a bug in the copy it imports the three rooms, runs a
small main job and compares exit code and verdicts with those of the sources as they are, then runs the tests that the
bug names, until something fails. What takes many times as long as without the bug counts as a hang, and as noticed. A
test that fails without any bug is an error, not a notice.

A run that was cut short, by its minutes or otherwise, is continued by the next one: a result stands as long as the
files that it came from are the same, that of a survivor as long as nothing at all has changed.
"""

from __future__ import annotations

import fnmatch
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from _mutant import ROOT, Mutant, Stale
from planted import MUTANTS

ROOMS = ("theory", "numerics", "verify")
MAIN_JOB = ("depth=2,3", "jobs=1", "examples=30", "paths=6", "budget=600")
LEAST = 0.95  # part of the bugs that must be noticed: 57 of 60
HANGS = 8.0  # a step that takes this many times what it takes without a bug, and at least PATIENCE seconds, hangs
PATIENCE = 120.0
IMPORTED = "all three rooms are imported from the copy"
# The environment has an editable install of the sources as they are: what is judged must come from the copy.
MAIN = f"""
import pathlib, sys
import theory, numerics, verify
for room in (theory, numerics, verify):
    assert pathlib.Path(room.__file__).parents[1] == pathlib.Path.cwd(), room.__file__
print({IMPORTED!r}, flush=True)
from verify.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


class Unfit(Exception):
    """The sources without any bug do not pass what is to notice bugs; the message says what fails."""


@dataclass(frozen=True)
class Notice:
    """What became of one bug.

    Arguments:
        id, room, bug: of the mutant.
        by: "import", "main job", "tests", or "" for a survivor.
        how: what was seen.
        seconds: until then.
        key: hash of what the result depends on.
    """

    id: str
    room: str
    bug: str
    by: str
    how: str
    seconds: float
    key: str = ""


@dataclass(frozen=True)
class Ran:
    """One finished command: its exit code (None: it hung), its output, its seconds."""

    code: int | None
    out: str
    seconds: float


class Baseline:
    """What the main job and the tests say, and how long they take, without a bug; each asked for once."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self._kept = kept
        self._lock = threading.Lock()

    def of(self, name: str, key: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The answer kept for this name if it was given for the same sources, else a new one."""
        with self._lock:
            if self._kept.get(name, {}).get("key") != key:
                self._kept[name] = {**ask(), "key": key}
            return dict(self._kept[name])


class Copy:
    """A copy of the repository's files in which bugs are planted, one at a time."""

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        self.folder = folder
        for name in files:
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        self._planted = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False

    def end(self) -> None:
        """End what runs in the copy, if anything does; nothing more is run there."""
        self._ended = True
        if self._process is not None:
            _end(self._process)

    def plant(self, mutant: Mutant) -> None:
        """Write the bug; the time of the file is one that no compiled file of before can have."""
        self._planted += 1
        path = self.folder / mutant.file
        path.write_text(mutant.text())
        stamp = (ROOT / mutant.file).stat().st_mtime - 10 * self._planted
        os.utime(path, (stamp, stamp))

    def restore(self, mutant: Mutant) -> None:
        """Take the bug out again."""
        shutil.copy2(ROOT / mutant.file, self.folder / mutant.file)

    def run(self, words: Sequence[str], limit: float) -> Ran:
        """python WORDS in the copy; it and what it started end after `limit` seconds."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
        environment |= {"PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        environment |= {"PYTHONHASHSEED": "0", "NO_COLOR": "1"}
        started = time.monotonic()
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen(
                [sys.executable, *words], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            code: int | None = None
            self._process = process
            try:
                with suppress(subprocess.TimeoutExpired):
                    code = process.wait(limit)
            finally:
                _end(process)
            if self._ended:  # what was ended from outside says nothing of the bug
                raise KeyboardInterrupt
            out.seek(0)
            return Ran(code, out.read(), time.monotonic() - started)

    def main_job(self, limit: float) -> tuple[Ran, list[str]]:
        """The main job and its verdicts, one line each."""
        path = self.folder / "out" / "main-job.json"
        path.unlink(missing_ok=True)
        ran = self.run(["-c", MAIN, *MAIN_JOB, f"json={path}", f"out={self.folder / 'out'}"], limit)
        claims = json.loads(path.read_text())["claims"] if path.exists() else []
        return ran, [f"{c['id']} K={c['depth']} N={c['order']} {c['chain']}: {c['verdict']}" for c in claims]

    def tests(self, test: str, limit: float) -> Ran:
        """One file or node id, until its first failure."""
        return self.run(["-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", test], limit)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that this run has started, with all that it started itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def judge(mutant: Mutant, copy: Copy, baseline: Baseline, sources: str) -> Notice:
    """What notices one bug.

    Raises:
        Unfit: a test fails, or the main job does not exit with 0, without any bug.
    """
    usual = baseline.of("main job", sources, lambda: _unmutated_main_job(copy))
    spent = 0.0

    def noticed(by: str, how: str) -> Notice:
        return Notice(mutant.id, mutant.room, mutant.bug, by, how, round(spent, 1))

    copy.plant(mutant)
    try:
        ran, verdicts = copy.main_job(max(PATIENCE, HANGS * usual["seconds"]))
        spent += ran.seconds
        if ran.code is None:
            return noticed("main job", "hangs")
        if IMPORTED not in ran.out:
            return noticed("import", _last_line(ran.out))
        if ran.code != 0 or verdicts != usual["verdicts"]:
            changed = [line for line in verdicts if line not in usual["verdicts"]] or [f"exit code {ran.code}"]
            return noticed("main job", changed[0] + (f" and {len(changed) - 1} more" if len(changed) > 1 else ""))
        for test in mutant.tests:
            copy.restore(mutant)
            key = _digest(sources, (ROOT / test.partition("::")[0]).read_text())
            passes = baseline.of(test, key, lambda test=test: _unmutated_test(copy, test))  # type: ignore[misc]
            copy.plant(mutant)
            ran = copy.tests(test, max(PATIENCE, HANGS * passes["seconds"]))
            spent += ran.seconds
            if ran.code is None:
                return noticed("tests", f"{test} hangs")
            if ran.code != 0:
                return noticed("tests", _failed(ran.out) or test)
        return noticed("", "")
    finally:
        copy.restore(mutant)


def _unmutated_main_job(copy: Copy) -> dict[str, Any]:
    ran, verdicts = copy.main_job(600)
    if ran.code != 0 or IMPORTED not in ran.out:
        raise Unfit(f"without any bug the main job ends with {ran.code}:\n{ran.out[-2000:]}")
    return {"seconds": ran.seconds, "verdicts": verdicts}


def _unmutated_test(copy: Copy, test: str) -> dict[str, Any]:
    ran = copy.tests(test, 900)
    if ran.code != 0:
        raise Unfit(f"without any bug {test} ends with {ran.code}:\n{ran.out[-2000:]}")
    return {"seconds": ran.seconds}


def _last_line(text: str) -> str:
    return ([line for line in text.splitlines() if line.strip()] or ["no output"])[-1][:120]


def _failed(text: str) -> str:
    """The first line of pytest's summary of failures."""
    found = [line for line in text.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return found[0].split(" - ")[0].partition(" ")[2] if found else ""


def _digest(*texts: str) -> str:
    return sha256("\0".join(texts).encode()).hexdigest()[:16]


class Kept:
    """Results of earlier runs in one JSON file, written whole after each new one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        held = json.loads(path.read_text()) if path.exists() else {}
        self.results: dict[str, Any] = held.get("results", {})
        self.baseline: dict[str, Any] = held.get("baseline", {})
        self._lock = threading.Lock()

    def find(self, mutant: Mutant, sources: str) -> Notice | None:
        """The result of a mutant if it stands."""
        if mutant.id not in self.results:
            return None
        notice = Notice(**self.results[mutant.id])
        return replace(notice, bug=mutant.bug) if notice.key == self.key(mutant, notice.by, sources) else None

    @staticmethod
    def key(mutant: Mutant, by: str, sources: str) -> str:
        """Hash of what a result depends on: the mutated file and, unless the main job noticed, the tests or all."""
        rest = [sources] if not by else [(ROOT / t.partition("::")[0]).read_text() for t in mutant.tests]
        rest = [] if by in ("import", "main job") else rest
        return _digest(mutant.text(), by, " ".join(MAIN_JOB), *rest)

    def keep(self, mutant: Mutant, notice: Notice, sources: str) -> None:
        """Remember a result."""
        with self._lock:
            self.results[mutant.id] = asdict(replace(notice, key=self.key(mutant, notice.by, sources)))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial = self.path.with_name(self.path.name + ".partial")
            partial.write_text(json.dumps({"results": self.results, "baseline": self.baseline}, indent=1) + "\n")
            partial.replace(self.path)


def judged(mutants: Sequence[Mutant], jobs: int, minutes: float, kept: Kept) -> Iterator[Notice]:
    """The results of all mutants that can be had in the time, those kept from before first."""
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    code = sorted(n for n in files if n.endswith(".py") and n.split("/")[0] in ROOMS and (ROOT / n).is_file())
    sources = _digest(*(n + (ROOT / n).read_text() for n in code))
    tests = sorted(n for n in files if n.startswith("tests/") and n.endswith(".py") and (ROOT / n).is_file())
    everything = _digest(sources, *(n + (ROOT / n).read_text() for n in tests))
    waiting = []
    for mutant in mutants:
        found = kept.find(mutant, everything)
        if found is None:
            waiting.append(mutant)
        else:
            yield found
    deadline = time.monotonic() + 60 * minutes
    baseline = Baseline(kept.baseline)
    copies: queue.Queue[Copy] = queue.Queue()
    made: list[Copy] = []

    def work(mutant: Mutant) -> Notice | None:
        if time.monotonic() > deadline:
            return None
        copy = copies.get()
        try:
            notice = judge(mutant, copy, baseline, sources)
        finally:
            copies.put(copy)
        kept.keep(mutant, notice, everything)
        return notice

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(jobs) as pool:
        for number in range(min(jobs, len(waiting))):
            made.append(Copy(Path(folder).resolve() / str(number), files))
            copies.put(made[-1])
        running = [pool.submit(work, mutant) for mutant in waiting]
        try:
            yield from (notice for done in as_completed(running) if (notice := done.result()) is not None)
        except BaseException:  # Ctrl-C or unfit sources: what still runs would be waited for
            pool.shutdown(wait=False, cancel_futures=True)
            for copy in made:
                copy.end()
            raise


def report(notices: Sequence[Notice], planted: int) -> Iterator[str]:
    """Lines of Markdown: the figures by room, the survivors, and every bug."""
    yield "# What the checks notice\n"
    yield "Written by `make mutants`; do not edit. Single bugs planted in the sources, one at a time.\n"
    seen = [n for n in notices if n.by]
    yield f"{len(seen)} of {len(notices)} bugs noticed" + (
        f"; {planted - len(notices)} not run yet.\n" if planted > len(notices) else ".\n"
    )
    yield "| room | bugs | import | main job | tests | survived |\n|---|---|---|---|---|---|"
    for room in ROOMS:
        here = [n for n in notices if n.room == room]
        counts = [sum(n.by == by for n in here) for by in ("import", "main job", "tests", "")]
        yield f"| {room} | {len(here)} | " + " | ".join(map(str, counts)) + " |"
    survivors = [n for n in notices if not n.by]
    if survivors:
        yield "\n## Survivors\n"
        yield from (f"- `{n.id}`: {n.bug}" for n in survivors)
    yield "\n## Every bug\n"
    yield f"The main job is `python -m verify {' '.join(MAIN_JOB)}`.\n"
    yield "| bug | | noticed by | how | seconds |\n|---|---|---|---|---|"
    for n in sorted(notices, key=lambda n: (ROOMS.index(n.room), n.id)):
        how = f"`{n.how}`" if n.how else ""
        yield f"| {n.id} | {n.bug} | {n.by or 'nothing'} | {how} | {n.seconds:g} |"


def main(words: Sequence[str]) -> int:
    """Exit code: 0 when enough is noticed, 1 when not, 2 for bad keys, 3 when a mutant is stale or the sources are
    unfit, 4 when the time was up before all were run."""
    keys = {"jobs": "2", "minutes": "120", "only": "*", "write": "", "keep": "out/mutants.json"}
    for word in words:
        name, _, value = word.partition("=")
        if name not in keys or not value:
            print(f"unknown {word!r}; keys: {', '.join(f'{k}={v}' for k, v in keys.items())}", file=sys.stderr)
            return 2
        keys[name] = value
    chosen = [m for m in MUTANTS if any(fnmatch.fnmatchcase(m.id, part) for part in keys["only"].split(","))]
    if not chosen:
        print(f"only={keys['only']} matches no mutant", file=sys.stderr)
        return 2
    stale = 0
    for mutant in chosen:
        try:
            mutant.text()
        except Stale as error:
            stale += 1
            print(error, file=sys.stderr)
    if stale:
        return 3
    notices = []
    try:
        for notice in judged(chosen, int(keys["jobs"]), float(keys["minutes"]), Kept(Path(keys["keep"]))):
            notices.append(notice)
            print(f"{notice.seconds:6.1f} s  {notice.by or 'SURVIVED':9} {notice.id}  {notice.how}", flush=True)
    except Unfit as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:  # what was found is kept
        return 130
    text = "\n".join(report(notices, len(chosen))) + "\n"
    print("\n" + text.partition("\n## Every bug")[0].rstrip())
    if keys["write"]:
        Path(keys["write"]).write_text(text)
    if len(notices) < len(chosen):
        return 4
    return int(sum(bool(n.by) for n in notices) < LEAST * len(notices))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
