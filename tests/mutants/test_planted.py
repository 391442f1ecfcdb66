"""The planted bugs can still be planted, and the figures of a run are honest; the runs are made by `make mutants`."""

import ast
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import run
from _mutant import ROOT, Mutant, Stale
from planted import MUTANTS


def test_every_mutant_applies_to_the_sources_as_they_are_and_compiles() -> None:
    for mutant in MUTANTS:
        ast.parse(mutant.text(), mutant.file)


def test_there_are_at_least_seventy_five_in_three_rooms_with_names_of_their_own() -> None:
    rooms = Counter(mutant.room for mutant in MUTANTS)
    assert sum(rooms.values()) >= 75
    assert set(rooms) == set(run.ROOMS)
    assert min(rooms.values()) >= 20
    assert len({mutant.id for mutant in MUTANTS}) == len(MUTANTS)
    assert all(mutant.id.startswith(f"{mutant.room}-") for mutant in MUTANTS)


def test_the_tests_that_ought_to_notice_exist() -> None:
    for mutant in MUTANTS:
        assert mutant.tests, mutant.id
        assert all((ROOT / test.partition("::")[0]).is_file() for test in mutant.tests), mutant.id


@pytest.mark.parametrize("text", ["", "x = 1\nx = 1\n"])
def test_a_text_that_does_not_occur_exactly_once_is_stale(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.py").write_text(text)
    mutant = Mutant("theory-a", "a.py", "x = 1", "x = 2", "", ())
    with pytest.raises(Stale, match="stale mutant theory-a"):
        mutant.text(tmp_path)


def _run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caught: int, run_at_all: int) -> tuple[int, str]:
    """Exit code and report of a run of 20 mutants, of which the first ones are noticed."""
    chosen = [Mutant(f"theory-{k}", "theory/notation.py", "g", "h", f"bug {k}", ()) for k in range(20)]
    monkeypatch.setattr(Mutant, "text", lambda self: "")
    monkeypatch.setattr(run, "MUTANTS", chosen)
    notices = [run.Notice(m.id, m.room, m.bug, "tests" if k < caught else "", "", 1.0) for k, m in enumerate(chosen)]
    monkeypatch.setattr(run, "judged", lambda *_: iter(notices[:run_at_all]))
    code = run.main([f"keep={tmp_path / 'kept.json'}", f"write={tmp_path / 'mutants.md'}"])
    return code, (tmp_path / "mutants.md").read_text()


def test_nineteen_of_twenty_are_enough_and_eighteen_are_not(monkeypatch, tmp_path: Path) -> None:
    code, text = _run(monkeypatch, tmp_path, 19, 20)
    assert code == 0
    assert "19 of 20 bugs noticed." in text
    assert "- `theory-19`: bug 19" in text
    assert "  - g\n  + h\n" in text
    assert _run(monkeypatch, tmp_path, 18, 20)[0] == 1


def test_a_run_that_was_cut_short_is_not_green_and_says_what_is_missing(monkeypatch, tmp_path: Path) -> None:
    code, text = _run(monkeypatch, tmp_path, 20, 12)
    assert code == 4
    assert "12 of 12 bugs noticed; 8 not run yet." in text


def test_a_survivor_is_asked_again_as_soon_as_anything_changes_and_a_noticed_one_is_not(tmp_path: Path) -> None:
    files, other = run.Files(), run.Files()
    other.everything = "other"
    kept = run.Kept(tmp_path / "kept.json")
    survivor, noticed = MUTANTS[0], MUTANTS[1]
    kept.keep(survivor, run.Notice(survivor.id, survivor.room, "", "", "", 1.0), files)
    kept.keep(noticed, run.Notice(noticed.id, noticed.room, "", "tests", "", 1.0, noticed.tests[0]), files)
    again = run.Kept(tmp_path / "kept.json")
    assert again.find(survivor, files) is not None
    assert again.find(survivor, other) is None
    assert again.find(noticed, other) is not None
    other.texts[noticed.tests[0]] += "# changed"
    assert again.find(noticed, other) is None


class Scripted(run.Copy):
    """A copy in which every file of tests ends as told, with the bug and without."""

    def __init__(self, codes: dict[str, int | None], verdict: str = "PROVED", *, red: bool = False) -> None:
        self.codes, self.verdict, self.red, self.bug = codes, verdict, red, False
        self.asked: list[str] = []

    def plant(self, mutant: Mutant) -> None:
        self.bug = True

    def restore(self, mutant: Mutant) -> None:
        self.bug = False

    def main_job(self, limit: float):
        self.asked.append("main job")
        return run.Ran(0, run.IMPORTED, 10.0), [f"it: {self.verdict if self.bug else 'PROVED'}"]

    def tests(self, tests, limit: float, without=(), *, stop: bool = True):
        self.asked += tests
        test = tests[0].partition("::")[0]
        code = self.codes.get(test, 0) if self.bug or self.red else 0
        code = 0 if f"{test}::it" in without else code
        return run.Ran(code, f"FAILED {test}::it - because" if code == 1 else "", 1.0)


MUTANT = Mutant("verify-a", "verify/_bars.py", "a", "b", "", ("tests/verify/test_a.py", "tests/verify/test_b.py"))
FIRST, SECOND = MUTANT.tests


def _judged(copy: Scripted, each: float = 0.0, kept=None) -> run.Notice:
    files = run.Files()
    baseline = run.Baseline({} if kept is None else kept, files)
    notice = run.judge(MUTANT, copy, baseline, files, each)
    run.confirm([notice], copy, baseline)
    return notice


def test_the_first_named_test_comes_before_the_main_job_and_the_others_after_it() -> None:
    copy = Scripted({SECOND: 1})
    notice = _judged(copy)
    assert (notice.by, notice.how, notice.test) == ("tests", f"{SECOND}::it", SECOND)
    assert copy.asked == ["main job", FIRST, "main job", SECOND, f"{SECOND}::it"]
    assert _judged(Scripted({}, verdict="REFUTED")).by == "main job"
    assert _judged(Scripted({FIRST: 2})).by == "import"
    assert _judged(Scripted({FIRST: None})).how == f"{FIRST} hangs"
    assert _judged(Scripted({})).by == ""


@pytest.mark.parametrize("code", [1, 2, None])
def test_a_test_that_fails_without_the_bug_too_has_noticed_nothing_and_is_left_out(code: int | None) -> None:
    kept: dict = {}
    copy = Scripted({FIRST: code}, red=True)
    with pytest.raises(run.Unfit, match="fail without any bug") as raised:
        _judged(copy, kept=kept)
    assert raised.value.tests == (f"{FIRST}::it" if code == 1 else FIRST,)
    if code == 1:
        files = run.Files()
        assert run.judge(MUTANT, copy, run.Baseline(kept, files), files, 0.0).by == ""


def test_a_bug_that_is_still_alive_is_asked_of_the_other_tests_for_a_while() -> None:
    copy = Scripted({"tests/power/test_power.py": 1})
    notice = _judged(copy, each=1e9)
    assert (notice.by, notice.test) == ("suite", "tests/power/test_power.py")
    assert not any(test.startswith(("tests/theory", "tests/numerics", "tests/mutants")) for test in copy.asked)
    notice = _judged(Scripted({}), each=2.0)
    assert notice.by == ""
    assert notice.how.startswith("not asked: ")


def test_what_is_started_in_a_copy_runs_the_copy_and_ends_after_its_time(tmp_path: Path) -> None:
    (tmp_path / "theory").mkdir()
    (tmp_path / "theory" / "__init__.py").write_text("WHERE = 'copy'\n")
    copy = run.Copy(tmp_path, [])
    assert "copy" in copy.run(["-c", "import theory; print(theory.WHERE)"], 60).out
    assert copy.run(["-c", "import time; time.sleep(60)"], 0.5).code is None


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="Linux alone says how long a process waited")
def test_time_in_which_a_process_waits_for_a_processor_is_known(tmp_path: Path) -> None:
    busy = (
        "import os, time\nos.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
        "os.fork()\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
    )
    process = subprocess.Popen([sys.executable, "-c", busy], start_new_session=True)
    try:
        began = time.monotonic()
        while run._queued(process.pid) < 0.3:
            assert time.monotonic() - began < 30
            time.sleep(0.1)
    finally:
        run._end(process)
    assert run._queued(os.getpid()) < 3600
    assert run.Copy(tmp_path, []).run(["-c", busy], 0.2).code is None


def test_unknown_keys_and_patterns_that_match_nothing_are_one_line(capsys) -> None:
    assert run.main(["seeds=3"]) == 2
    assert run.main(["only=nothing-*"]) == 2
    assert "only=nothing-* matches no mutant" in capsys.readouterr().err
