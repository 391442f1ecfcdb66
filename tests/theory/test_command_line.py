"""python -m theory: what it prints, its exit codes, and one clear line for bad input."""

import json
import subprocess
import sys

import pytest

from theory import CHAINS
from theory.__main__ import main


def run(capsys, *words):
    code = main(list(words))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_depth_four_prints_the_proofs(capsys):
    code, out, err = run(capsys, "depth=4")
    assert code == 0
    assert err == ""
    for text in ("(5) Euler identity", "<dL/dA, A> = ", "PROVED", "all K >= 1, all N, all sizes", "alignment*g**4"):
        assert text in out
    last = out.strip().splitlines()[-1]
    proved, total = last.split()[0], last.split()[2]
    assert proved == total
    assert int(total) >= 20


@pytest.mark.parametrize("chain", CHAINS)
def test_the_symbolic_depth_is_printed(capsys, chain):
    code, out, _ = run(capsys, "depth=K", f"chain={chain}")
    assert code == 0
    assert "g**K" in out
    assert "FAILED" not in out


@pytest.mark.parametrize("topic", ["conservation", "dynamics", "scalar", "regularizer", "bias", "discretisation"])
def test_a_topic_selects_its_derivations(capsys, topic):
    code, out, _ = run(capsys, "depth=3", f"topic={topic}", "format=json")
    found = json.loads(out)["derivations"]
    assert code == 0
    assert found
    assert {d["topic"] for d in found} == {topic}
    assert all(d["verdict"] == "PROVED" for d in found)
    assert all(step["latex"] and step["because"] for d in found for step in d["steps"])


@pytest.mark.parametrize("model", ["matrix", "cp", "deep-cp", "tensor-train"])
def test_other_models_are_derived(capsys, model):
    code, out, _ = run(capsys, f"model={model}", "depth=3")
    assert code == 0
    assert "Power law" in out


def test_conservation_counts_the_laws(capsys):
    keys = ("topic=conservation", "depth=1", "order=3", "sizes=2,2,2", "chain=column")
    code, out, _ = run(capsys, *keys, "format=json")
    result = json.loads(out)["conservation"]
    assert code == 0
    assert (result["unknowns"], result["laws_supplied"], result["laws_counted"]) == (20, 9, 9)
    assert result["complete"] is True
    assert "complete" in run(capsys, *keys)[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["dept=4"], "unknown key 'dept', did you mean 'depth'?"),
        (["depth"], "not of the form key=value"),
        (["depth=-1"], "depth must be an integer >= 0 or K"),
        (["depth=four"], "depth must be an integer >= 0 or K"),
        (["depth=9999"], "depth must lie in 0 .. 512"),
        (["order=0"], "order must lie in 1 .. 12"),
        (["order=2.5"], "order='2.5'"),
        (["chain=colum"], "did you mean 'column'?"),
        (["model=tuker"], "did you mean 'tucker'?"),
        (["topic=regulariser"], "did you mean 'regularizer'?"),
        (["format=pdf"], "one of text, latex, json"),
        (["depth=3", "depth=4"], "given twice"),
        (["sizes=2,2"], "sizes has 2 entries, the order is 3"),
        (["sizes=2,2,2"], "sizes goes with topic=conservation"),
        (["sizes=2,0,2", "topic=conservation"], "sizes must be integers"),
        (["sizes=6,6,6", "topic=conservation"], "unknowns are too many"),
        (["sizes=2,2,2", "topic=conservation", "depth=K"], "needs a number for depth"),
        (["model=cp", "depth=K"], "depth=K is for model=tucker"),
        (["model=cp", "order=1"], "order must be an integer >= 2"),
        (["depth=0", "topic=bias"], "no derivation of topic 'bias'"),
    ],
)
def test_bad_input_is_one_clear_line(capsys, words, message):
    code, out, err = run(capsys, *words)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.startswith("error: ")
    assert len(err.strip().splitlines()) == 1


def test_the_module_runs_as_a_program():
    command = [sys.executable, "-m", "theory"]
    done = subprocess.run([*command, "depth=1", "topic=dynamics"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Slice norms obey a power law" in done.stdout
    bad = subprocess.run([*command, "cahin=gate"], capture_output=True, text=True, check=False)
    assert bad.returncode == 2
    assert "did you mean 'chain'?" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_a_failed_check_exits_with_three(capsys, monkeypatch):
    from theory import _scalar_proofs, slice_norm_rate
    from theory._formula import Formula

    def mutant(depth):
        true = slice_norm_rate(depth)
        return Formula(true.name, true.args, -true.expression)

    monkeypatch.setattr(_scalar_proofs, "slice_norm_rate", mutant)
    code, out, _ = run(capsys, "depth=2", "topic=dynamics")
    assert code == 3
    assert "FAILED" in out


def test_help_prints_the_usage(capsys):
    code, out, _ = run(capsys, "help")
    assert code == 0
    assert "usage: python -m theory" in out
