"""Parallel runs: the same verdicts in the same order, and no green light for what was not judged."""

import json
from multiprocessing import get_context
from pathlib import Path

import pytest

from numerics import UsageError
from verify import _apart as apart

THREE = """\
import os, signal
from verify import Flow, State, conjecture, equal

@conjecture
def norms_are_not_negative(state: State):
    return equal(state.tensor.norm(), state.tensor.norm())

@conjecture
def ends_the_process(state: State):
    {end}
    return equal(state.tensor.norm(), state.tensor.norm())

@conjecture
def comes_after(state: State):
    return equal(state.tensor.norm(), state.tensor.norm())

@conjecture(assumes="balanced")
def runs_beside(flow: Flow):
    return equal(flow.series(lambda s: s.tensor.norm()), flow.series(lambda s: s.tensor.norm()))
"""


def test_verdicts_and_their_order_do_not_depend_on_the_number_of_processes(command) -> None:
    documents = []
    for jobs in (1, 3):
        words = ["depth=1,2", "order=2", "claims=con*,euler*", "examples=5", "paths=7", "json=o.json", f"jobs={jobs}"]
        ran = command(*words)
        assert ran.code == 0, ran.out
        documents.append(json.loads(Path("o.json").read_text())["claims"])
        asked = [(c["depth"], c["id"]) for c in documents[-1]]
        assert [depth for depth, _ in asked] == sorted(depth for depth, _ in asked)  # cell after cell
        assert len(set(asked)) == len(asked)
    assert len(documents[0]) > 8
    for one, three in zip(*documents, strict=True):
        assert {**one, "seconds": 0} == {**three, "seconds": 0}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("end", "how"), [("os._exit(0)", "ended with status 0"), ("os.kill(os.getpid(), signal.SIGKILL)", "by signal 9")]
)
def test_a_process_that_dies_costs_the_claim_it_was_judging_and_is_never_green(command, end, how, jobs: int) -> None:
    Path("mine.py").write_text(THREE.format(end=end))
    ran = command("depth=1", "order=2", "conjectures=mine.py", "examples=5", "paths=7", "json=out.json", f"jobs={jobs}")
    verdicts = {c["id"]: c for c in json.loads(Path("out.json").read_text())["claims"]}
    assert ran.code == 3
    assert [c["verdict"] for c in verdicts.values()] == ["SUPPORTED", "ERROR", "SUPPORTED", "SUPPORTED"], ran.out
    assert how in verdicts["ends-the-process"]["detail"]


SWALLOWS = """while True:
        try:
            time.sleep(100)
        except BaseException:
            pass"""
BLOCKS = "all(itertools.repeat(True))  # in C for ever: no signal handler of Python's runs"


@pytest.mark.parametrize(
    ("body", "how"),
    [
        (SWALLOWS, "budget"),
        (BLOCKS, "did not let itself be interrupted"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("sys.exit(0)", "SystemExit"),
        ("os.closerange(3, 200); time.sleep(100)", "the process that judged it"),
        ("os.fork() or time.sleep(1000); os._exit(7)", "ended with status 7"),
        ("hoard = [bytes(1 << 28) for _ in range(10**6)]", "MemoryError"),  # pages that nothing writes cost no time
    ],
)
def test_whatever_a_conjecture_does_to_its_process_is_an_error_of_its_own(command, body: str, how: str) -> None:
    Path("mine.py").write_text(
        "import itertools, os, sys, time\nfrom verify import State, conjecture, equal\n\n@conjecture\n"
        f"def does_harm(state: State):\n    {body}\n\n@conjecture\ndef does_none(state: State):\n"
        "    return equal(state.loss, state.loss)\n"
    )
    ran = command("depth=1", "order=2", "conjectures=mine.py", "examples=10", "jobs=1", "budget=8", "json=out.json")
    harm, none = json.loads(Path("out.json").read_text())["claims"]
    assert (ran.code, harm["verdict"], none["verdict"]) == (3, "ERROR", "EXACT"), ran.out
    assert how in harm["detail"]


@pytest.mark.parametrize(
    ("line", "how"),
    [
        ("os._exit(0)", "ended with status 0"),
        ("os.kill(os.getpid(), 11)", "ended by signal 11"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise SystemExit(0)", "SystemExit"),
        ("class Own(BaseException): pass\nraise Own('mine')", "Own: mine"),
    ],
)
def test_a_file_that_ends_the_process_while_it_is_imported_is_an_error(command, line: str, how: str) -> None:
    Path("mine.py").write_text(f"import os\n{line}\n")
    ran = command("depth=1", "order=2", "conjectures=mine.py", "examples=10", "jobs=1")
    assert ran.code == 3
    assert how in ran.out
    assert "1 ERROR" in ran.out


def test_a_file_that_uses_all_threads_at_import_does_not_hang_its_workers(command) -> None:
    Path("mine.py").write_text(
        "import torch\nfrom verify import State, conjecture, equal\ntorch.set_num_threads(4)\n"
        "x = torch.rand(400, 400) @ torch.rand(400, 400)\n\n@conjecture\ndef norms(state: State):\n"
        "    y = torch.rand(20, 20) @ torch.rand(20, 20)\n    return equal(state.loss + 0 * y[0, 0], state.loss)\n"
    )
    ran = command("depth=1,2", "order=2", "conjectures=mine.py", "examples=10", "jobs=2")
    assert ran.code in (0, 4), ran.out  # random numbers: EXACT, or two evaluations differ in nothing that counts


def test_what_a_conjecture_prints_is_not_seen(command) -> None:
    Path("mine.py").write_text(
        "import os\nfrom verify import State, conjecture, equal\nprint('IMPORTED')\n\n@conjecture\n"
        "def noisy(state: State):\n    print('JUDGED')\n    os.write(1, b'WRITTEN')\n"
        "    return equal(state.loss, state.loss)\n"
    )
    ran = command("depth=1", "order=2", "conjectures=mine.py", "examples=10", "jobs=1")
    assert ran.code == 0
    assert not any(word in ran.out for word in ("IMPORTED", "JUDGED", "WRITTEN"))


def test_a_file_that_changes_while_it_is_judged_is_an_error(command) -> None:
    Path("mine.py").write_text(
        "from pathlib import Path\nfrom verify import State, conjecture, equal\n"
        "Path(__file__).write_text(Path(__file__).read_text() + '#')\n\n@conjecture\n"
        "def moves(state: State):\n    return equal(state.loss, state.loss)\n"
    )
    ran = command("depth=1", "order=2", "conjectures=mine.py", "examples=10", "jobs=1")
    assert (ran.code, "has changed since the run began" in ran.out) == (3, True)


def test_processes_that_are_started_afresh_judge_the_same(command, monkeypatch) -> None:
    """As on systems without fork: built-in claims keep their proofs, conjectures are imported again."""
    Path("mine.py").write_text(
        "from verify import State, conjecture, equal\n\n@conjecture(assumes='balanced')\n"
        "def wrong(state: State):\n    return equal(state.slice_norms(0), 2 * state.slice_norms(0))\n"
    )
    documents = []
    for method in ("fork", "spawn"):
        monkeypatch.setattr("verify._apart.METHOD", method)
        monkeypatch.setattr("verify._processes.METHOD", method)
        ran = command(
            "depth=1", "order=2", "conjectures=mine.py", "claims=euler*", "examples=10", "jobs=2", "json=out.json"
        )
        assert ran.code == 1, ran.out
        documents.append(json.loads(Path("out.json").read_text())["claims"])
    assert [claim["verdict"] for claim in documents[0]] == ["REFUTED", "PROVED"]
    for one, other in zip(*documents, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def _refused(_: int) -> str:
    try:
        apart.Process(print)
    except UsageError as error:
        return str(error)
    return "started"


def test_a_daemonic_process_is_told_what_to_use_instead():
    with get_context("fork").Pool(1) as pool:
        assert "use concurrent.futures.ProcessPoolExecutor" in pool.apply(_refused, (0,))
