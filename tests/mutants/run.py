"""Plant one bug at a time and see whether the tests or the main job notice. `make mutants` runs this.

    python tests/mutants/run.py jobs=2 minutes=60 only='theory-*' write=docs/mutants.md keep=out/mutants.json

Every worker has a copy of the repository's files of its own. With a bug in the copy it runs, until something fails,

1. the quick ones of the tests that the bug names;
2. a small main job, whose exit code and verdicts are compared with those of the sources as they are;
3. the other tests that the bug names;
4. for a bug that is still alive, the other tests of its room and of the rooms that build on it, quick ones first, for
   at most `each` minutes.

What takes many times as long as without a bug, not counting time in which it waited for a processor, counts as a hang,
and as noticed. In the end every test that noticed is run without any bug: if it fails then too it has noticed nothing,
is left out from then on, and the run is an error.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from _mutant import ROOT, Mutant, Stale
from planted import MUTANTS
from words import read_words

ROOMS = ("theory", "numerics", "verify")
NOTICED_BY = ("import", "tests", "main job", "suite")
MAIN_JOB = ("depth=2", "jobs=1", "examples=30", "paths=10", "budget=600")
LEAST = 0.95  # part of the bugs that must be noticed: 57 of 60
HANGS = 8.0  # a step that takes this many times what it takes without a bug, and at least PATIENCE seconds, hangs
PATIENCE = 120.0
LONGEST = 900.0  # seconds after which a step that was never timed hangs
HANG = " hangs"
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
    """The sources without any bug do not pass what is to notice bugs; the message says what fails.

    Arguments:
        tests: the tests that fail.
    """

    def __init__(self, message: str, tests: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.tests = tuple(tests)


@dataclass(frozen=True)
class Keys:
    """What can be set on the command line, and its defaults."""

    jobs: int = 2
    minutes: float = 240.0
    each: float = 20.0
    only: str = "*"
    write: str = ""
    keep: str = "out/mutants.json"


@dataclass(frozen=True)
class Notice:
    """What became of one bug.

    Arguments:
        id, room, bug: of the mutant.
        by: one of NOTICED_BY, or "" for a survivor.
        how: what was seen; of a survivor, what it was not asked.
        seconds: until then.
        test: the file of the test that noticed, if one did.
        key: hash of what the result depends on.
    """

    id: str
    room: str
    bug: str
    by: str
    how: str
    seconds: float
    test: str = ""
    key: str = ""


@dataclass(frozen=True)
class Ran:
    """One finished command: its exit code (None: it hung), its output, its seconds."""

    code: int | None
    out: str
    seconds: float


class Files:
    """The repository's files as they are when a run starts, so that later edits do not mix into its results."""

    def __init__(self) -> None:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout.splitlines()  # fmt: skip
        self.names = [name for name in listed if (ROOT / name).is_file()]
        code = sorted(n for n in self.names if n.endswith(".py") and n.split("/")[0] in (*ROOMS, "tests"))
        self.texts = {name: (ROOT / name).read_text() for name in code}
        self.sources = _digest(*(n + text for n, text in self.texts.items() if not n.startswith("tests/")))
        self.everything = _digest(self.sources, *(n + t for n, t in self.texts.items() if n.startswith("tests/")))

    def of(self, test: str) -> str:
        """The text of the file of a test."""
        return self.texts.get(test.partition("::")[0], "")

    def tests_of(self, room: str, seconds: Mapping[str, float]) -> list[str]:
        """Files with tests of a room and of those that build on it, quick ones first as far as that is known."""
        rooms = (*ROOMS[ROOMS.index(room) :], "power")
        found = [n for n in self.texts if n.split("/")[1] in rooms and n.split("/")[-1].startswith("test_")]
        return sorted(found, key=lambda n: (n.split("/")[1] == "power", seconds.get(n, 60.0), len(self.texts[n])))


class Baseline:
    """What the main job and the tests do without a bug; each asked for once for the same sources."""

    def __init__(self, kept: dict[str, Any], files: Files) -> None:
        self._kept, self._files = kept, files
        self._lock = threading.Lock()
        self.seconds: dict[str, float] = kept.setdefault("seconds", {})  # of test files that passed

    def of(self, name: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The answer kept for this name if it was given for the same sources and tests, else a new one."""
        with self._lock:
            key = self._key(name)
            if self._kept.get(name, {}).get("key") != key:
                self._kept[name] = {**ask(), "key": key}
            return dict(self._kept[name])

    def knows(self, name: str) -> bool:
        """Whether the answer for this name is kept."""
        with self._lock:
            return bool(self._kept.get(name, {}).get("key") == self._key(name))

    def red(self, test: str = "") -> list[str]:
        """Tests, of one file or of all, that fail without any bug."""
        with self._lock:
            names = [n for n, held in self._kept.items() if n.startswith(test) and held.get("fails") is True]
            return [n for n in names if self._kept[n]["key"] == self._key(n)]

    def _key(self, name: str) -> str:
        return _digest(self._files.sources, self._files.of(name), " ".join(MAIN_JOB))

    def passed(self, test: str, seconds: float) -> None:
        """Remember how long a file of tests takes."""
        with self._lock:
            self.seconds[test] = round(seconds, 1)


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
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen(
                [sys.executable, *words], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            code: int | None = None
            self._process = process
            try:
                spent, queued = 0.0, 0.0
                while code is None and spent < limit:  # in ticks: time in which everything was paused does not count
                    tick, before = time.monotonic(), queued
                    with suppress(subprocess.TimeoutExpired):
                        code = process.wait(min(1.0, limit))
                    queued = _queued(process.pid)
                    passed = min(time.monotonic() - tick, 2.0)
                    spent += max(
                        passed - max(queued - before, 0.0), passed / 10
                    )  # two that wait for each other end too
            finally:
                _end(process)
            if self._ended:  # what was ended from outside says nothing of the bug
                raise KeyboardInterrupt
            out.seek(0)
            return Ran(code, out.read(), spent)

    def main_job(self, limit: float) -> tuple[Ran, list[str]]:
        """The main job and its verdicts, one line each."""
        path = self.folder / "out" / "main-job.json"
        path.unlink(missing_ok=True)
        ran = self.run(["-c", MAIN, *MAIN_JOB, f"json={path}", f"out={self.folder / 'out'}"], limit)
        claims = json.loads(path.read_text())["claims"] if path.exists() else []
        return ran, [f"{c['id']} K={c['depth']} N={c['order']} {c['chain']}: {c['verdict']}" for c in claims]

    def tests(self, tests: Sequence[str], limit: float, without: Sequence[str] = (), *, stop: bool = True) -> Ran:
        """Files or node ids, until the first failure or to their end."""
        words = ["-m", "pytest", *["-x"] * stop, "-q", "-n0", "-p", "no:cacheprovider", "--tb=no", *tests]
        return self.run([*words, *(f"--deselect={name}" for name in without)], limit)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that this run has started, with all that it started itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _queued(process: int) -> float:
    """Seconds for which a process and its descendants could have run but waited for a processor; 0 where no one knows.

    On a machine that is overfull a hang would else be seen where there is none.
    """
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents.setdefault(int(path.read_text().rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
    found, seconds = [process], 0.0
    for number in found:
        found += parents.get(number, [])
        with suppress(OSError, IndexError):
            seconds += int(Path(f"/proc/{number}/schedstat").read_text().split()[1]) / 1e9
    return seconds


def judge(mutant: Mutant, copy: Copy, baseline: Baseline, files: Files, each: float) -> Notice:
    """What notices one bug.

    Arguments:
        each: seconds after which no further test is asked that the bug does not name.

    Raises:
        Unfit: the main job does not exit with 0 without any bug.
    """
    usual = baseline.of("main job", lambda: _unmutated_main_job(copy))
    spent = 0.0

    def noticed(by: str, how: str, test: str = "") -> Notice:
        return Notice(mutant.id, mutant.room, mutant.bug, by, how, round(spent, 1), test)

    def ask_main_job() -> Notice | None:
        nonlocal spent
        ran, verdicts = copy.main_job(max(PATIENCE, HANGS * usual["seconds"]))
        spent += ran.seconds
        if ran.code is None:
            return noticed("main job", "hangs")
        if IMPORTED not in ran.out:
            return noticed("import", _last_line(ran.out))
        if ran.code == 0 and verdicts == usual["verdicts"]:
            return None
        changed = [line for line in verdicts if line not in usual["verdicts"]] or [f"exit code {ran.code}"]
        return noticed("main job", changed[0] + (f" and {len(changed) - 1} more" if len(changed) > 1 else ""))

    def ask(by: str, test: str) -> Notice | None:
        nonlocal spent
        known = baseline.seconds.get(test)
        limit = max(PATIENCE, HANGS * known) if known else LONGEST
        ran = copy.tests([test], limit, baseline.red(test))
        spent += ran.seconds
        if ran.code is None:
            return noticed(by, f"{test}{HANG}", test)
        if ran.code == 0:
            baseline.passed(test, ran.seconds)
        if ran.code in (0, 5):  # 5: all of them are left out
            return None
        broken = ran.code in (2, 3, 4)  # of pytest: it could not even collect them
        return noticed("import" if broken else by, "" if broken else _failed(ran.out), test)

    quick = [t for k, t in enumerate(mutant.tests) if baseline.seconds.get(t, k * LONGEST) <= 2 * usual["seconds"]]
    copy.plant(mutant)
    try:
        for test in quick:
            if found := ask("tests", test):
                return found
        if found := ask_main_job():
            return found
        for test in (t for t in mutant.tests if t not in quick):
            if found := ask("tests", test):
                return found
        named, rest = spent, [t for t in files.tests_of(mutant.room, baseline.seconds) if t not in mutant.tests]
        for place, test in enumerate(rest):
            if spent - named >= each:
                return noticed("", f"not asked: {len(rest) - place} of {len(rest)} further files of tests")
            if found := ask("suite", test):
                return found
        return noticed("", "")
    finally:
        copy.restore(mutant)


def _unmutated_main_job(copy: Copy) -> dict[str, Any]:
    ran, verdicts = copy.main_job(600)
    if ran.code != 0 or IMPORTED not in ran.out:
        raise Unfit(f"without any bug the main job ends with {ran.code}:\n{ran.out[-2000:]}")
    return {"seconds": ran.seconds, "verdicts": verdicts}


def confirm(notices: Sequence[Notice], copy: Copy, baseline: Baseline) -> None:
    """Run the tests that noticed without any bug, each once for the same sources.

    Raises:
        Unfit: some fail.
    """
    asked: dict[str, list[str]] = {}
    for name in dict.fromkeys(n.how.removesuffix(HANG) or n.test for n in notices if n.test):
        if not baseline.knows(name):
            asked.setdefault(name.partition("::")[0], []).append(name)
    for test, names in asked.items():
        ran = copy.tests(names, LONGEST, stop=False)
        failed = set(_all_failed(ran.out)) if ran.code in (0, 1) else {test}
        for name in names:
            baseline.of(name, partial(dict, fails=name in failed or test in failed))
    if red := baseline.red():
        raise Unfit("these tests fail without any bug, and so noticed nothing:\n" + "\n".join(red), red)


def _last_line(text: str) -> str:
    return ([line for line in text.splitlines() if line.strip()] or ["no output"])[-1][:120]


def _failed(text: str) -> str:
    """The first line of pytest's summary of failures."""
    return (_all_failed(text) or [""])[0]


def _all_failed(text: str) -> list[str]:
    found = [line for line in text.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return [line.split(" - ")[0].partition(" ")[2] for line in found]


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

    def find(self, mutant: Mutant, files: Files) -> Notice | None:
        """The result of a mutant if it stands."""
        if mutant.id not in self.results:
            return None
        notice = Notice(**self.results[mutant.id])
        return replace(notice, bug=mutant.bug) if notice.key == self.key(mutant, notice, files) else None

    @staticmethod
    def key(mutant: Mutant, notice: Notice, files: Files) -> str:
        """Hash of what a result depends on: the mutated file and, unless the main job noticed, the test or all."""
        rest = [files.of(notice.test)] if notice.by else [files.everything, *mutant.tests]
        return _digest(mutant.text(), notice.by, " ".join(MAIN_JOB), *rest)

    def keep(self, mutant: Mutant, notice: Notice, files: Files) -> None:
        """Remember a result."""
        with self._lock:
            self.results[mutant.id] = asdict(replace(notice, key=self.key(mutant, notice, files)))
        self.write()

    def write(self) -> None:
        """Write everything down, whole or not at all."""
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            written = self.path.with_name(self.path.name + ".partial")
            written.write_text(json.dumps({"results": self.results, "baseline": self.baseline}, indent=1) + "\n")
            written.replace(self.path)


def judged(mutants: Sequence[Mutant], jobs: int, minutes: float, each: float, kept: Kept) -> Iterator[Notice]:
    """The results of all mutants that can be had in the time, those kept from before first.

    Arguments:
        each: minutes that one bug may be asked of tests that it does not name.
    """
    files = Files()
    waiting, done = [], []
    for mutant in mutants:
        found = kept.find(mutant, files)
        if found is None or (found.how.startswith("not asked") and each > 0):
            waiting.append(mutant)
        else:
            done.append(found)
            yield found
    deadline = time.monotonic() + 60 * minutes
    baseline = Baseline(kept.baseline, files)
    copies: queue.Queue[Copy] = queue.Queue()
    made: list[Copy] = []

    def work(mutant: Mutant) -> Notice | None:
        if time.monotonic() > deadline:
            return None
        copy = copies.get()
        try:
            notice = judge(mutant, copy, baseline, files, 60 * each)
        finally:
            copies.put(copy)
        kept.keep(mutant, notice, files)
        return notice

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(jobs) as pool:
        for number in range(max(1, min(jobs, len(waiting)))):
            made.append(Copy(Path(folder).resolve() / str(number), files.names))
            copies.put(made[-1])
        running = [pool.submit(work, mutant) for mutant in waiting]
        try:
            for ended in as_completed(running):
                if (notice := ended.result()) is not None:
                    done.append(notice)
                    yield notice
            confirm(done, made[0], baseline)
            kept.write()
        except BaseException:  # Ctrl-C or unfit sources: what still runs would be waited for
            pool.shutdown(wait=False, cancel_futures=True)
            for copy in made:
                copy.end()
            raise


def report(notices: Sequence[Notice], planted: Sequence[Mutant]) -> Iterator[str]:
    """Lines of Markdown: the figures by room, the survivors with their diffs, and every bug."""
    yield "# What the checks notice\n"
    yield "Written by `make mutants`; do not edit. Single bugs planted in the sources, one at a time.\n"
    seen = [n for n in notices if n.by]
    yield f"{len(seen)} of {len(notices)} bugs noticed" + (
        f"; {len(planted) - len(notices)} not run yet.\n" if len(planted) > len(notices) else ".\n"
    )
    yield f"| room | bugs | {' | '.join(NOTICED_BY)} | survived |\n|---{'|---' * (2 + len(NOTICED_BY))}|"
    for room in ROOMS:
        here = [n for n in notices if n.room == room]
        counts = [sum(n.by == by for n in here) for by in (*NOTICED_BY, "")]
        yield f"| {room} | {len(here)} | " + " | ".join(map(str, counts)) + " |"
    survivors = {n.id: n for n in notices if not n.by}
    if survivors:
        yield "\n## Survivors\n"
        for mutant in planted:
            if mutant.id in survivors:
                yield f"- `{mutant.id}`: {mutant.bug}" + "".join(f" ({n})" for n in [survivors[mutant.id].how] if n)
                yield f"  ```diff\n  {mutant.file}"
                yield from (f"  - {line}" for line in mutant.old.splitlines())
                yield from (f"  + {line}" for line in mutant.new.splitlines())
                yield "  ```"
    yield "\n## Every bug\n"
    yield f"The main job is `python -m verify {' '.join(MAIN_JOB)}`.\n"
    yield "| bug | | noticed by | how | seconds |\n|---|---|---|---|---|"
    for n in sorted(notices, key=lambda n: (ROOMS.index(n.room), n.id)):
        how = f"`{n.how}`" if n.how else ""
        yield f"| {n.id} | {n.bug} | {n.by or 'nothing'} | {how} | {n.seconds:g} |"


def main(words: Sequence[str]) -> int:
    """Exit code: 0 when enough is noticed, 1 when not, 2 for bad keys, 3 when a mutant is stale or the sources are
    unfit, 4 when the time was up before all were run."""
    try:
        keys = read_words(Keys(), words)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    chosen = [m for m in MUTANTS if any(fnmatch.fnmatchcase(m.id, part) for part in keys.only.split(","))]
    if not chosen:
        print(f"only={keys.only} matches no mutant", file=sys.stderr)
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
    notices: list[Notice] = []
    unfit = False
    try:
        for notice in judged(chosen, keys.jobs, keys.minutes, keys.each, Kept(Path(keys.keep))):
            notices.append(notice)
            print(f"{notice.seconds:6.1f} s  {notice.by or 'SURVIVED':9} {notice.id}  {notice.how}", flush=True)
    except Unfit as error:
        unfit = True
        notices = [n for n in notices if (n.how.removesuffix(HANG) or n.test) not in error.tests]
        print(error, file=sys.stderr)
    except KeyboardInterrupt:  # what was found is kept
        return 130
    text = "\n".join(report(notices, chosen)) + "\n"
    print("\n" + text.partition("\n## Every bug")[0].rstrip())
    if keys.write:
        Path(keys.write).write_text(text)
    if unfit:
        return 3
    if len(notices) < len(chosen):
        return 4
    return int(sum(bool(n.by) for n in notices) < LEAST * len(notices))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
