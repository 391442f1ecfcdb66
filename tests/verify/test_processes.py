"""Parallel runs: the same verdicts in the same order, and no green light for what was not judged."""

import json
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("end", "how"), [("os._exit(0)", "ended with status 0"), ("os.kill(os.getpid(), signal.SIGKILL)", "by signal 9")]
)
def test_a_process_that_dies_costs_its_own_claims_and_is_never_green(command, end: str, how: str) -> None:
    Path("mine.py").write_text(THREE.format(end=end))
    ran = command("depth=1", "order=2", "conjectures=mine.py", "examples=5", "paths=7", "json=out.json", "jobs=2")
    verdicts = {c["id"]: c for c in json.loads(Path("out.json").read_text())["claims"]}
    assert ran.code == 3
    assert [c["verdict"] for c in verdicts.values()] == ["SUPPORTED", "ERROR", "ERROR", "SUPPORTED"], ran.out
    assert how in verdicts["ends-the-process"]["detail"]
    assert "before its turn" in verdicts["comes-after"]["detail"]
