"""What users type, what they see, and the exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

FIELDS = {
    "id",
    "title",
    "source",
    "verdict",
    "depth",
    "order",
    "chain",
    "examples",
    "rejected",
    "worst",
    "allowed",
    "observed_order",
}
FIELDS |= {"seconds", "counterexample"}

FALSE_CONJECTURE = """
from verify import State, conjecture, equal

@conjecture(title="Slice norms move with one power too many", assumes="balanced")
def slice_norms_move_with_one_power_too_many(state: State):
    g = state.slice_norms(mode=0)
    return equal(state.rate(lambda s: s.slice_norms(mode=0)), g ** (state.depth + 1) * state.alignment(mode=0))
"""


def test_the_main_job_exits_0_and_writes_the_contracted_json(command) -> None:
    ran = command("depth=1", "order=2", "examples=20", "paths=7", "json=out.json")
    assert ran.code == 0, ran.out + ran.err
    document = json.loads(Path("out.json").read_text())
    assert document["complete"] is True
    assert document["config"]["depth"] == [1]
    assert sum(document["summary"].values()) == len(document["claims"])
    assert all(set(claim) >= FIELDS for claim in document["claims"])
    assert "No counterexample is not a proof" in ran.out.splitlines()[-1]
    assert ran.err == ""


def test_a_grid_has_one_verdict_per_cell(command) -> None:
    ran = command("depth=1..2", "order=2,3", "claims=euler*", "examples=5", "json=out.json", "jobs=2")
    cells = {(c["depth"], c["order"]) for c in json.loads(Path("out.json").read_text())["claims"]}
    assert ran.code == 0
    assert cells == {(1, 2), (1, 3), (2, 2), (2, 3)}


def test_a_false_conjecture_is_refuted_saved_shown_and_replayed(command) -> None:
    Path("mine.py").write_text(FALSE_CONJECTURE)
    ran = command("depth=2", "conjectures=mine.py")
    assert ran.code == 1
    assert "REFUTED slice-norms-move-with-one-power-too-many" in ran.out
    (path,) = Path("out/counterexamples").glob("*.json")
    assert f"replay {path}" in ran.out
    again = command("replay", str(path))
    assert (again.code, again.out.split()[:2]) == (1, ["STILL", "REFUTED"])
    script = command("show", str(path)).out
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.startswith("W = ")
    Path("mine.py").write_text(FALSE_CONJECTURE.replace("(state.depth + 1)", "state.depth"))
    assert command("replay", str(path)).out.startswith("CANNOT REPLAY")  # another text is not run unasked
    assert "\nNO LONGER" in command("replay", str(path), "conjectures=mine.py").out
    Path("mine.py").unlink()
    assert command("replay", str(path)).out.startswith("CANNOT REPLAY")


def test_the_template_of_a_new_conjecture_runs(command) -> None:
    assert command("new", "my_conjecture").code == 0
    ran = command("depth=2", "order=2", "conjectures=my_conjecture.py", "examples=10", "paths=7")
    assert ran.code == 0, ran.out
    assert command("new", "my_conjecture").code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["dept=4"], "did you mean 'depth'"),
        (["depth=four"], "not an integer"),
        (["depth=-1"], "negative"),
        (["order=0"], "between 1 and"),
        (["chain=colum"], "not one of column"),
        (["depth=6..1"], "range"),
        (["depth"], "key=value"),
        (["depth=1", "depth=2"], "twice"),
        (["claims=conservatoin*"], "did you mean 'conservation'"),
        (["conjectures=absent.py"], "no such file"),
        (["data=absent.npy"], "no such file"),
        (["data=kinetc"], "did you mean 'kinetic'"),
        (["sizes=3,3", "order=3"], "names 2 modes"),
        (["replay", "absent.json"], "no such file"),
        (["show", "euler-identity-for-every-blok"], "did you mean 'euler-identity-for-every-block'"),
        (["budget=0"], "greater than 0"),
        (["device=cuda"], "unknown key"),
        (["observed=0.3"], "about the training of a real tensor: name one with data=, or leave observed= out"),
        (["data=kinetic", "conjectures=mine.py"], "conjectures= is about generated tensors"),
        (["data=kinetic", "claims=euler*"], "leave claims= or data= out"),
        (["data=kinetic", "order=3"], "order= is about generated tensors"),
        (["data=kinetic", "sizes=3,3"], "sizes= is about generated tensors"),
        (["data=kinetic", "examples=100"], "examples= is about generated tensors"),
        (["paths=20", "data=kinetic"], "paths= is about generated tensors"),
        (["model=cpp"], "did you mean 'cp'"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_2(command, words: list[str], says: str) -> None:
    ran = command(*words)
    assert ran.code == 2
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err
    assert not any(Path().iterdir())


def test_bad_data_is_one_clear_line_and_exit_2(command) -> None:
    np.save("nan.npy", np.full((2, 2), np.nan))
    np.save("inf.npy", np.array([[1.0, np.inf]]))
    np.save("zero.npy", np.zeros((2, 2)))
    np.save("pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save("fine.npy", np.ones((2, 2)))
    Path("corrupt.npy").write_bytes(b"not an array")
    for name, says in [
        ("nan", "all entries are missing"),
        ("inf", "holds infinity"),
        ("zero", "all known entries are zero"),
        ("pickled", "pickle"),
        ("corrupt", "cannot be read"),
    ]:
        ran = command("depth=1", f"data={name}.npy")
        assert ran.code == 2, name
        assert says in ran.err, name
        assert ran.err.count("\n") == 1
    assert "leaves no observed entry" in command("depth=1", "data=fine.npy", "observed=0.0000001").err
    assert not Path("out").exists()


def test_a_real_tensor_is_completed_compared_and_drawn(command) -> None:
    generator = np.random.default_rng(0)
    np.save("mine.npy", np.einsum("i,j,k->ijk", *(generator.standard_normal(n) for n in (5, 4, 3))))
    ran = command("depth=2", "data=mine.npy", "observed=0.7", "json=out.json")
    assert ran.code == 0, ran.out + ran.err
    data = json.loads(Path("out.json").read_text())["data"]
    report = data["runs"][0]
    assert report["train_error"] < 0.6
    assert all(f"data-mine-{data['content'][:8]}-depth2" in picture for picture in report["pictures"])
    assert all(Path(picture).stat().st_size > 10_000 for picture in report["pictures"])


def test_nothing_selected_exits_5(command) -> None:
    assert command("depth=0", "claims=off-diagonal*").code == 5


def test_list_and_show_tell_what_is_claimed(command) -> None:
    listed = command("list").out
    assert "slice-norms-obey-the-power-law-when-balanced" in listed
    assert "<-grad L" in command("show", "slice-norms-obey-the-power-law-when-balanced").out


def test_an_interrupted_run_exits_130_and_its_json_says_incomplete(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "verify", "depth=1..9", "json=out.json"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(arguments, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    for _ in range(600):
        if (tmp_path / "out.json").exists() and json.loads((tmp_path / "out.json").read_text())["claims"]:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    document = json.loads((tmp_path / "out.json").read_text())
    assert process.returncode == 130
    assert document["complete"] is False
    assert "INTERRUPTED" in out
