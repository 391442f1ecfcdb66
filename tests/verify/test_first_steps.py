"""What a new user types wrong is answered in one line that says what to type, before any work."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
from verify import State, conjecture, equal

@conjecture
def it(state: State):
    return equal(state.loss, state.loss)
"""
SLOW = """
@conjecture
def slow(state: State):
    import time; time.sleep(60)
    return equal(state.loss, state.loss)
"""


@pytest.fixture
def files(tmp_path: Path) -> None:
    """Files that a user may have; `command` runs in the same folder."""
    (tmp_path / "mine.py").write_text(GOOD)
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "folder").mkdir()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["mine.py"], "to judge the conjectures of a file write conjectures=mine.py"),
        (["depth=2", "mine.py"], "write conjectures=mine.py"),
        (["run.json"], "python -m verify replay run.json, or show run.json"),
        (["lst"], "there is no command 'lst'; did you mean 'list'?"),
        (["verson"], "did you mean 'version'?"),
        (["conjectures=mine"], "no such file; did you mean 'mine.py'?"),
        (["conjectures=mien.py"], "did you mean 'mine.py'?"),
        (["conjectures=vwxz"], "python -m verify new NAME writes a template"),
        (["conjectures=folder"], "is a folder; name the files in it, e.g. conjectures=folder/mine.py"),
        (["show", "mine.py"], "show takes a counterexample file, out/counterexamples/NAME.json, or a claim id"),
        (["--depth"], "--depth needs a value: --depth VALUE, or depth=VALUE"),
        (["--dept", "2"], "unknown key 'dept'; did you mean 'depth'?"),
        (["version", "2"], "version takes no arguments"),
        (["out=mine.py"], "out=mine.py is a file; name a folder"),
        (["out=mine.py/out"], "out=mine.py/out cannot be written: not a directory"),
        *(([f"{key}=folder"], f"{key}=folder is a folder; name a file") for key in ("json", "html", "junit", "events")),
        *(
            ([f"{key}=mine.py/x"], f"{key}=mine.py/x cannot be written: ")
            for key in ("json", "html", "junit", "events")
        ),
    ],
)
def test_a_slip_is_answered_with_what_to_type(files, command, words, says) -> None:
    ran = command(*words, *(["claims=euler*"] if "=" in words[0] and "conj" not in words[0] else []))
    assert says in ran.err
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert {path.name for path in Path().iterdir()} == {"mine.py", "run.json", "folder"}


@pytest.mark.parametrize("words", [["--depth", "1"], ["--depth=1"], ["depth=1"]])
def test_keys_may_be_written_with_two_dashes(command, words) -> None:
    ran = command(*words, "--order", "2", "--claims=euler*", "examples=12", "jobs=1")
    assert ran.code == 0
    assert "depth=1 order=2" in ran.out


def test_a_run_without_a_counterexample_leaves_no_folder(command) -> None:
    assert command("depth=1", "order=2", "claims=euler*", "examples=12", "jobs=1", "out=a/b").code == 0
    assert not Path("a").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_report_is_said_before_any_work(command) -> None:
    Path("old.json").write_text("{}")
    Path("old.json").chmod(0o444)
    assert "read-only" in command("claims=euler*", "json=old.json").err


def test_a_counterexample_that_cannot_be_saved_is_no_refutation_and_no_traceback(command, monkeypatch) -> None:
    def full(*_):
        raise OSError(28, "No space left on device", "out/counterexamples/x.json")

    Path("mine.py").write_text(GOOD.replace("state.loss, state.loss", "state.loss, 1"))
    monkeypatch.setattr("verify._run.save", full)
    ran = command("depth=1", "order=2", "conjectures=mine.py", "examples=12", "jobs=1")
    assert ran.code == 3
    assert ran.err == "verify: out/counterexamples/x.json: no space left on device; the run goes on without\n"
    assert "1 REFUTED" in ran.out


def test_a_misspelt_import_names_what_there_is(command) -> None:
    Path("mine.py").write_text("from verify import State, conjecture, equl\n")
    ran = command("conjectures=mine.py", "depth=1", "jobs=1")
    assert ran.code == 3
    assert "did you mean 'equal'?" in ran.out


def test_the_version_names_the_libraries_too(command) -> None:
    ran = command("version")
    assert ran.code == 0
    assert ran.out.startswith("deep-tucker-verify ")
    assert {line.split()[0] for line in ran.out.splitlines()[1:]} >= {"torch", "numpy", "sympy", "hypothesis"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_the_verdicts_so_far_and_leaves_no_process(jobs, tmp_path) -> None:
    (tmp_path / "mine.py").write_text(GOOD + SLOW)
    events = tmp_path / "events"
    process = subprocess.Popen(
        [sys.executable, "-m", "verify", "depth=1", "order=2", "conjectures=mine.py", f"jobs={jobs}", "events=events",
         "json=r.json", "examples=12"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    while process.poll() is None and not (events.exists() and "ClaimJudged" in events.read_text()):
        pass
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "INTERRUPTED, incomplete: 1 EXACT" in out
    assert "Traceback" not in out + err
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
