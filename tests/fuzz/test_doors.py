"""The fuzzer of the doors: it sees what is planted, repeats itself, and finds nothing in sixty inputs."""

import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from doors import fuzz, interrupts, judging, kills, room
from doors.case import SENTINEL, Case
from doors.draw import KINDS, draw
from doors.processes import of_run
from doors.room import Room
from doors.scripts import bad_script
from doors.typed import typed

ROW = "| PROVED    | some-claim |"
FAKE = f"""
import os, signal, subprocess, sys, time
what = sys.argv[1]
row = {ROW!r}
if what == "fine": print(row)
if what == "raise": raise ValueError("oh")
if what == "hang": time.sleep(1000)
if what == "one": sys.exit(1)
if what == "seven": sys.exit(7)
if what == "error beside zero": print("| ERROR     | some-claim |")
if what == "refuted beside four": print("| REFUTED   | some-claim |\\nREFUTED some-claim"); sys.exit(4)
if what == "two without a line": sys.exit(2)
if what == "two with two lines": print("verify: a\\nverify: b", file=sys.stderr); sys.exit(2)
if what == "two with one line": print("verify: a", file=sys.stderr); sys.exit(2)
if what == "three without a word": sys.exit(3)
if what == "dies": os.kill(os.getpid(), signal.SIGSEGV)
if what == "payload": print(row); open({SENTINEL!r}, "w")
if what == "child": print(row); subprocess.Popen(["sleep", "1000"])
if what == "orphan": print(row); subprocess.Popen(["sleep", "1000"], start_new_session=True)
if what == "part": print(row); open("a.json.part", "w")
if what == "device": print(row); os.remove("device"); open("device", "w")
if what == "up": print(row); open("../x.json", "w")
if what == "unasked": print(row); open("x.json", "w")
if what == "json": print(row); open("a.json", "w").write('{{"a": NaN}}')
if what == "terminal": print(row, "\\x1b[31m")
if what == "memory": held = b"x" * 300_000_000; time.sleep(1000)
"""
PLANTED = {
    "fine": "", "two with one line": "", "raise": "traceback, exit code", "hang": "hang", "one": "exit code",
    "seven": "exit code", "nothing judged": "exit code", "error beside zero": "exit code",
    "refuted beside four": "exit code", "two without a line": "exit code", "two with two lines": "exit code",
    "three without a word": "exit code", "dies": "exit code", "payload": "executed payload", "child": "left process",
    "orphan": "left process", "part": "half-written", "device": "replaced output", "up": "escaped",
    "unasked": "escaped", "json": "bad report", "terminal": "control characters", "memory": "memory",
}  # fmt: skip


@pytest.fixture(scope="module")
def bare():
    one = Room(limit=20, cap=200_000_000)
    yield one
    one.close()


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_fault_is_seen_and_nothing_else(what, bare, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(room, "GRACE", 0.3)
    monkeypatch.setattr(bare, "limit", 1.0 if what == "hang" else 20.0)
    files, odd = {"verify.py": FAKE.encode()}, (("device", "null", ""),)
    case = Case("words", "verify", (what, "json=a.json"), files, odd, real=True)
    outcome = bare.run(case, tmp_path / "0")
    if what == "memory":
        assert outcome.peak > 200_000_000
        assert outcome.seconds < 20
    found = judging.faults(case, outcome, cap=200_000_000 if what == "memory" else room.CAP)
    assert {fault.sort for fault in found} == set(filter(None, PLANTED[what].split(", "))), found
    assert of_run(bare.leader, bare.server.pid) == []


@pytest.mark.parametrize(("out", "what", "found"), [
    ("out=.", "unasked", set()), ("out=./", "unasked", set()), ("out=../..", "up", set()),
    ("out=.", "up", {"escaped"}), ("out=other", "unasked", {"escaped"}), ("out=.", "part", {"half-written"}),
])  # fmt: skip
def test_a_folder_that_out_names_is_asked_for_and_no_other(out, what, found, bare, tmp_path) -> None:
    case = Case("words", "verify", (what, out), {"verify.py": FAKE.encode()}, (), real=True)
    assert {fault.sort for fault in judging.faults(case, bare.run(case, tmp_path / "0"))} == found


def test_a_folder_that_is_a_loop_of_links_is_told_like_any_other(bare, tmp_path) -> None:
    case = Case(
        "words", "verify", ("fine", "out=loop"), {"verify.py": FAKE.encode()}, (("loop", "link", "loop"),), real=True
    )
    assert judging.faults(case, bare.run(case, tmp_path / "0")) == []


def test_a_number_of_a_seed_is_one_input_and_the_inputs_are_various() -> None:
    letters = {"a.json": {"claim": "a", "blocks": {"G": [[1]]}, "target": [[1]], "depth": 1}}
    cases = [draw(5, number, letters) for number in range(400)]
    assert cases[:40] == [draw(5, number, letters) for number in range(40)]
    assert cases[0] != draw(6, 0, letters)
    kinds = Counter(case.kind for case in cases)
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) > 20
    assert 5 < sum(case.real for case in cases) < 80
    assert {case.program for case in cases} == {"verify", "numerics", "theory"}
    assert len({case.note for case in cases}) > 200
    assert not any("\0" in word for case in cases for word in case.words)
    assert not any("/dev" in word for case in cases for word in case.words)


def test_words_are_typed_as_a_shell_reads_them() -> None:
    words = ["a b", "\udcff\x1b'", "é", "", "$(x)"]
    heard = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {typed(words)}"], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    assert heard.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1] == words


def test_code_in_a_script_of_show_is_seen() -> None:
    assert bad_script("import numpy as np\nnp.array([1.0])\n") == ""
    assert "calls open" in bad_script("x = 1\nopen('EXECUTED', 'w')\n")
    assert "calls for 'import os'" in bad_script("import os\n")
    assert "is no Python" in bad_script("'a\n'")


@pytest.mark.parametrize("program", [fuzz, interrupts, kills], ids=lambda p: p.__name__.rpartition(".")[2])
@pytest.mark.parametrize("word", ["seeds=1", "seed=x", "only=nothing", "seed="])
def test_a_wrong_key_is_one_line_and_exits_with_2(program, word, capsys) -> None:
    assert program.main([word]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"(doors|interrupts|kills): .*\n", said.err)


def test_sixty_inputs_have_no_fault(tmp_path, capsys) -> None:
    code = fuzz.main(["seed=17", "inputs=60", "minutes=1.2", "jobs=2", f"folder={tmp_path}"])
    said = capsys.readouterr()
    assert code == 0, said.out
    assert re.search(r"^doors: \d+ inputs, 0 with faults", said.out, re.MULTILINE)


def test_ctrl_c_ends_it_with_a_table_and_130(tmp_path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(Path(fuzz.__file__)), "seed=4", f"folder={tmp_path}", "jobs=1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    first = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "of seed 4" in first
    assert process.returncode == 130
    assert "doors: INTERRUPTED after 0 inputs" in out
    assert "Traceback" not in out + err
