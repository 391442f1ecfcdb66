"""Outputs: what stands there is not destroyed, what is lost is said, and hostile names stay where they belong."""

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
FALSE = """
from verify import State, conjecture, equal

def core_is_zero(state: State):
    return equal(state.core, 0 * state.core)

core_is_zero.__name__ = {name!r}
claim = conjecture(title={title!r})(core_is_zero)
"""
TRUE = """
from verify import State, at_most, conjecture

@conjecture(title={title!r})
def loss_is_not_negative(state: State):
    return at_most(0, state.loss)
"""
QUICK = ["conjectures=mine.py", "depth=1", "order=2", "examples=10", "jobs=1"]
STRANGE = "Gr\u00f6\u00dfe \u03a3 \x1b[2J\x00\ud800\u202e"


def python(room: str, *words: str, cwd: Path, shell: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """A command line in a process of its own; `shell` is appended to it, e.g. a redirection."""
    settings = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment
    script = f'exec "$@" {shell}'
    return subprocess.run(
        ["bash", "-c", script, "bash", sys.executable, "-m", room, *words],
        cwd=cwd, env=settings, capture_output=True, encoding="utf-8", errors="backslashreplace", check=False,
        timeout=240,
    )  # fmt: skip


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(TRUE.format(title="The loss is not negative"))
    return tmp_path


def device(path: Path, minor: int) -> Path:
    """A device of our own: a tool that replaced what it writes to would take that of the machine from everybody."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        path.open("wb").close()
    except OSError as error:
        pytest.skip(f"no device can be made here: {error}")
    return path


NULL, FULL = 3, 7


@pytest.mark.parametrize("key", ["json", "html", "junit", "events"])
def test_a_device_stays_a_device(key: str, folder: Path) -> None:
    null = device(folder / "null", NULL)
    assert python("verify", *QUICK, f"{key}=null", cwd=folder).returncode == 0
    assert stat.S_ISCHR(null.stat().st_mode)


@pytest.mark.parametrize("key", ["json", "html", "junit", "events"])
def test_a_pipe_gets_the_whole_report_once(key: str, folder: Path) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    assert python("verify", *QUICK, f"{key}=pipe", cwd=folder).returncode == 0
    reader.join(30)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    heads = {"json": '"complete": true', "html": "<!DOCTYPE html>", "junit": "<testsuite ", "events": '"RunFinished"'}
    assert got[0].count(heads[key]) == 1


@pytest.mark.parametrize("key", ["json", "html", "junit", "events"])
def test_a_link_stays_a_link_and_its_target_gets_the_report(key: str, folder: Path) -> None:
    (folder / "real").write_text("")
    (folder / "link").symlink_to("real")
    (folder / "dangling").symlink_to("later")
    for name in ("link", "dangling"):
        assert python("verify", *QUICK, f"{key}={name}", cwd=folder).returncode == 0
        assert (folder / name).is_symlink()
    assert (folder / "real").stat().st_size
    assert (folder / "later").stat().st_size


def test_a_report_to_stdout_stands_beside_the_table(folder: Path) -> None:
    (folder / "stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is
    done = python("verify", *QUICK, "json=stdout", cwd=folder, shell="> log")
    assert done.returncode == 0, done.stderr
    log = (folder / "log").read_text(encoding="utf-8")
    assert log.count('"complete": true') == 1
    assert "1 SUPPORTED" in log


def test_events_are_added_to_those_that_stand_there(folder: Path) -> None:
    events = folder / "events.ndjson"
    events.write_text('{"event": "Other"}\n{"event": "cut off by a ki')
    assert python("verify", *QUICK, "events=events.ndjson", cwd=folder).returncode == 0
    lines = events.read_text().splitlines()
    assert lines[:2] == ['{"event": "Other"}', '{"event": "cut off by a ki']
    assert [json.loads(line)["event"] for line in lines[2:]] == ["RunStarted", "ClaimJudged", "RunFinished"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["json=mine.py"], "json=mine.py is the file of conjectures=mine.py"),
        (["json=r", "html=r"], "html=r is the file of json=r"),
        (["json=far"], "json=far is a link into "),
        (["json=pipe", "events=pipe"], "events=pipe is the file of json=pipe"),
        (["json=mine.py/r"], "json=mine.py/r cannot be written: not a directory"),
        (["json=" + "x" * 300], "name"),
        (["out=mine.py"], "out=mine.py is a file; name a folder"),
    ],
)
def test_an_output_that_cannot_be_had_is_refused_before_any_work(words: list[str], says: str, folder: Path) -> None:
    (folder / "far").symlink_to("no/such/folder")
    os.mkfifo(folder / "pipe")
    before = sorted(folder.iterdir())
    done = python("verify", *QUICK, *words, cwd=folder)
    assert done.returncode == 2
    assert one_line(done.stderr)
    assert says in done.stderr
    assert sorted(folder.iterdir()) == before
    assert (folder / "mine.py").read_text().startswith("\nfrom verify")


@pytest.mark.parametrize("key", ["json", "html", "junit", "events"])
def test_a_full_disk_is_one_line_and_the_other_reports_are_kept(key: str, folder: Path) -> None:
    device(folder / "full", FULL)
    other = "html" if key == "json" else "json"
    done = python("verify", *QUICK, f"{key}=full", f"{other}=kept", cwd=folder)
    assert done.returncode == 3
    assert "Exit code 3." in done.stdout
    assert done.stderr == "verify: full: no space left on device; the run goes on without\n"
    assert "1 SUPPORTED" in done.stdout
    assert (folder / "kept").stat().st_size


def test_a_full_disk_under_counterexamples_keeps_the_verdict(folder: Path) -> None:
    (folder / "mine.py").write_text(FALSE.format(name="core_is_zero", title="The core is zero"))
    (folder / "out").mkdir()
    (folder / "out" / "counterexamples").write_text("no folder")
    done = python("verify", *QUICK, "json=r.json", cwd=folder)
    assert done.returncode == 3
    assert one_line(done.stderr)
    assert json.loads((folder / "r.json").read_text())["summary"]["REFUTED"] == 1


@pytest.mark.parametrize(
    ("room", "words"),
    [
        ("verify", [*QUICK, "json=r.json"]),
        ("verify", ["list"]),
        ("theory", ["depth=2", "topic=regularizer"]),
        ("numerics", ["sizes=3,3", "steps=3"]),
    ],
)
def test_a_full_or_closed_stdout_is_one_line_and_no_verdict(room: str, words: list[str], folder: Path) -> None:
    device(folder / "full", FULL)
    full = python(room, *words, cwd=folder, shell="> full")
    assert full.returncode == 3
    assert one_line(full.stderr)
    assert "no space left on device" in full.stderr
    if "json=r.json" in words:
        assert json.loads((folder / "r.json").read_text())["summary"]["SUPPORTED"] == 1
    closed = python(room, *words, cwd=folder, shell=">&-")
    assert closed.returncode == 2
    assert one_line(closed.stderr)
    assert "stdout is closed" in closed.stderr


@pytest.mark.parametrize("title", ["short", "x" * 200_000])
@pytest.mark.parametrize("body", [TRUE, TRUE.replace("return", "raise ValueError('y' * 10**6)\n    return"), "1 / 0"])
def test_a_reader_that_is_gone_is_neither_green_nor_a_refutation(body: str, title: str, folder: Path) -> None:
    (folder / "mine.py").write_text(body.format(title=title))
    process = subprocess.Popen(
        [sys.executable, "-m", "verify", *QUICK, "html=page"], cwd=folder, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    said = process.communicate()[1].decode()
    assert process.returncode in ((2, 3) if body == "1 / 0" else (3, 141)), said
    assert "Traceback" not in said
    assert body == "1 / 0" or (folder / "page").stat().st_size < 2e6


def test_a_closed_stderr_harms_no_report(folder: Path) -> None:
    done = python("verify", *QUICK, "json=r.json", cwd=folder, shell="2>&- <&-")
    assert done.returncode == 0
    assert json.loads((folder / "r.json").read_text())["complete"]


@pytest.mark.parametrize("name", ["../../escaped", "{folder}/escaped", "nul\0", "x" * 400, "-" * 300, ".hidden"])
def test_a_counterexample_never_leaves_its_folder(name: str, folder: Path) -> None:
    (folder / "mine.py").write_text(FALSE.format(name=name.format(folder=folder), title="The core is zero"))
    done = python("verify", *QUICK, "json=r.json", "out=deep/out", cwd=folder)
    assert done.returncode == 1, done.stderr
    (saved,) = (folder / "deep" / "out" / "counterexamples").iterdir()
    assert saved.suffix == ".json"
    assert not saved.name.startswith(".")
    names = sorted(path.name for path in folder.iterdir() if path.name != "__pycache__")
    assert names == ["deep", "mine.py", "r.json"]


def test_two_names_that_look_alike_as_files_are_two_files(folder: Path) -> None:
    text = FALSE.format(name="a/b", title="One") + FALSE.format(name="a-b", title="Other").replace("claim =", "two =")
    (folder / "mine.py").write_text(text)
    python("verify", *QUICK, cwd=folder)
    assert len(list((folder / "out" / "counterexamples").iterdir())) == 2


@pytest.mark.parametrize("encoding", [{}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_strange_letters_break_no_report(encoding: dict[str, str], folder: Path) -> None:
    source = TRUE.format(title=STRANGE).replace("at_most(0", "at_most(1e99")
    (folder / "mine.py").write_text(source, encoding="utf-8", errors="backslashreplace")
    reports = {key: folder / key for key in ("json", "html", "junit", "events")}
    done = python("verify", *QUICK, *(f"{key}={key}" for key in reports), cwd=folder, **encoding)
    assert done.returncode == 1, done.stderr
    assert "\x1b" not in done.stdout
    for path in reports.values():
        text = path.read_bytes().decode("utf-8")
        assert not {"\x1b", "\x00", "\u202e"} & set(text), path
    assert "Gr\u00f6\u00dfe" in reports["html"].read_text(encoding="utf-8")
    json.loads(reports["json"].read_text())


def test_junit_is_xml_whatever_a_conjecture_says(folder: Path) -> None:
    (folder / "mine.py").write_text(
        "from verify import State, conjecture\n@conjecture\ndef bad(state: State):\n"
        "    raise ValueError('\\x1b[2J\\x00\\ud800\\ufffe')\n"
    )
    done = python("verify", *QUICK, "junit=r.xml", cwd=folder)
    assert done.returncode == 3
    assert "\x1b" not in done.stdout
    (case,) = ElementTree.parse(folder / "r.xml").getroot().iter("error")
    assert "\\x1b[2J\\x00\\ud800\\ufffe" in case.attrib["message"]


def test_drafts_of_killed_processes_are_removed(folder: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    stale = folder / f".r.json.{int(dead.stdout)}-0.part"
    living = folder / f".r.json.{os.getpid()}-0.part"
    other = folder / f".other.json.{int(dead.stdout)}-0.part"
    for path in (stale, living, other):
        path.write_text("half")
    assert python("verify", *QUICK, "json=r.json", cwd=folder).returncode == 0
    assert not stale.exists()
    assert living.exists()
    assert other.exists()


@pytest.mark.parametrize(
    ("room", "words"),
    [
        ("numerics", ["sizes=3,3", "steps=3", "out=mine.py"]),
        ("numerics", ["sizes=3,3", "steps=3", "out=mine.py/x"]),
        ("numerics", ["sweep", "sizes=3,3", "steps=3", "table=mine.py/x"]),
        ("numerics", ["experiment=chains", "profile=test", "out=mine.py"]),
        ("numerics", ["experiment=chains", "profile=test", "gallery=mine.py"]),
        ("theory", ["depth=2", "out=mine.py/x"]),
        ("theory", ["depth=2", "out=."]),
    ],
)
def test_the_other_commands_look_at_their_outputs_before_any_work(room: str, words: list[str], folder: Path) -> None:
    before = sorted(folder.iterdir())
    done = python(room, *words, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert one_line(done.stderr)
    assert sorted(folder.iterdir()) == before
