"""The fuzz: what it calls true holds, what it calls false does not, and what it finds is said and ends with 1."""

import ast
import json
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import fuzz
import judge
import numpy as np
import pytest
import torch
from draw import TOGETHER, draw
from identities import OF_A_STATE, OF_A_TARGET, SCALARS

from verify import _engine
from verify._conjectures import load_conjectures
from verify._numbers import precision
from verify._strategies import draw_problems, problems
from verify._target import Costs, as_target
from verify._verdict import Outcome

FUZZ = Path(fuzz.__file__)


def sides(identity, mode: int, letter: str, subject) -> list[torch.Tensor]:
    texts = [t.replace("{m}", str(mode)).replace("{n}", str(mode + 1)) for t in (identity.left, identity.right)]
    return [eval(text, {"torch": torch, letter: subject}) for text in texts]


@pytest.mark.parametrize("chain", ["column", "mode", "gate"])
@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("identity", OF_A_STATE, ids=lambda i: i.left[:40])
def test_an_identity_of_a_state_holds_and_is_not_zero_on_both_sides(identity, depth, chain) -> None:
    if depth < identity.needs_depth or chain not in identity.chains:
        pytest.skip("not meant there")
    sizes = 0.0
    for problem in draw_problems(problems(depth=depth, order=2, chain=chain, kinds=("plain",)), 6, 3):
        state = problem.state((identity.assumes or ("generic",))[0])
        left, right = sides(identity, 1, "s", state)
        scale = max(float(torch.as_tensor(right).abs().max()), float((state.tensor**2).sum()) * 1e-3)
        assert torch.allclose(torch.as_tensor(left), torch.as_tensor(right), rtol=1e-9, atol=1e-10 * scale)
        sizes = max(sizes, float(torch.as_tensor(right).abs().max()))
        assert not identity.positive or float(right) >= 0
    assert sizes > 0


@pytest.mark.parametrize("identity", OF_A_TARGET, ids=lambda i: i.left[:40])
def test_an_identity_of_a_target_holds_and_is_not_zero_on_both_sides(identity) -> None:
    for problem in draw_problems(problems(depth=2, order=2, chain="column", kinds=("plain",), largest=3), 4, 3):
        left, right = sides(identity, 1, "t", as_target(problem, Costs(2, 0)))
        assert float(left) == pytest.approx(float(right), rel=1e-8)
    assert float(right) > 0


def test_a_number_of_a_seed_is_one_trial_and_the_trials_are_various() -> None:
    assert draw(7, 11) == draw(7, 11) != draw(8, 11)
    trials = [draw(7, number) for number in range(90)]
    told = Counter(holds for trial in trials for holds in trial.true.values())
    assert min(told[True], told[False]) > 80
    assert sum(told.values()) == TOGETHER * sum(bool(trial.source) for trial in trials)
    keys = [key for trial in trials for key in trial.keys]
    assert {f"depth={k}" for k in range(7)} <= set(keys)
    assert {f"order={n}" for n in (1, 2, 3, 4)} | {f"chain={c}" for c in ("column", "mode", "gate")} <= set(keys)
    text = "".join(trial.source for trial in trials)
    assert all(f": {subject})" in text for subject in ("State", "Flow", "Descent", "Target"))
    sizes = [float(x) for x in re.findall(r"\(1 \+ ([\d.e-]+)\)", text)]
    assert min(sizes) < 1e-7
    assert max(sizes) > 0.1
    for trial in trials:
        ast.parse(trial.source)
    assert all(scalar in text for scalars in SCALARS.values() for scalar in scalars)


@pytest.mark.parametrize("number", [n for n in range(1, 40) if n % 3])
def test_what_is_called_false_is_false_in_many_digits_and_what_is_called_true_is_not(number, tmp_path) -> None:
    """Without the engine: both sides at one plain problem in 75 digits."""
    trial = draw(3, number)
    keys = dict(key.split("=") for key in trial.keys)
    path = tmp_path / "mine.py"
    path.write_text(trial.source)
    cell = {"depth": int(keys["depth"]), "order": int(keys["order"]), "chain": keys["chain"]}
    drawn = draw_problems(problems(**cell, kinds=("plain",)), 8, number)
    for claim in load_conjectures(path):
        if claim.subject != "State":
            continue
        worst = 0.0
        for problem in drawn:
            with precision(75):
                stated = claim.function(problem.precise_state(claim.assumes))
                for relation in stated if isinstance(stated, list) else [stated]:
                    violation, scale = relation.gap()
                    worst = max(worst, float(np.max(violation / np.where(scale > 0, scale, 1), initial=0.0)))
        assert (worst < 1e-20) == trial.true[claim.id], (claim.id, worst)


def test_a_blind_judge_is_found(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(_engine, "judge_state", lambda *_, **__: Outcome("holds", allowed=1.0))
    monkeypatch.setattr(_engine, "judge_exact", lambda *_, **__: None)
    monkeypatch.setattr(_engine, "audit_state", lambda *_: Outcome("holds", allowed=1.0))
    finding = next(f for f in (judge.judge(5, n, tmp_path, 20.0) for n in (1, 2, 4, 5, 7)) if f.wrong)
    assert finding.wrong[0].startswith("WRONG: SUPPORTED false-")
    assert ", which is false\n  python -m verify depth=" in finding.wrong[0]
    assert "@conjecture(title=" in finding.wrong[0]
    assert finding.wrong[0].count("def false_") == 1


def test_a_judge_that_refutes_everything_is_found_on_true_conjectures_and_on_built_in_claims(tmp_path, monkeypatch):
    bad = Outcome("violated", 1.0, 0.0, how="because")
    monkeypatch.setattr(_engine, "judge_state", lambda *_, **__: bad)
    monkeypatch.setattr(_engine, "judge_exact", lambda *_, **__: bad)
    monkeypatch.setattr(_engine, "shrink", lambda *_, **__: None)
    monkeypatch.setattr(_engine, "proof_of", lambda *_: None)
    wrong = [text for n in (0, 1, 2, 3) for text in judge.judge(5, n, tmp_path, 20.0).wrong]
    assert any(text.startswith("WRONG: REFUTED true-") for text in wrong)
    assert any("claims=" in text and "which is true" in text for text in wrong)


def test_a_tool_that_falls_over_and_a_missing_verdict_are_found(tmp_path, monkeypatch) -> None:
    def fall(words):
        raise RuntimeError("oh")

    monkeypatch.setattr(judge, "main", fall)
    (text,) = judge.judge(5, 1, tmp_path, 20.0).wrong
    assert text.startswith("WRONG: the tool fell over")
    assert "RuntimeError: oh" in text
    assert "def " in text

    def silent(words):
        (tmp_path / "run.json").write_text(json.dumps({"claims": []}))
        return 0

    monkeypatch.setattr(judge, "main", silent)
    told = "\n".join(judge.judge(5, 1, tmp_path, 20.0).wrong)
    assert "exit code 0 beside []" in told
    assert "a conjecture has no verdict" in told


@pytest.mark.parametrize("word", ["minute=1", "minutes=soon", "minutes=0", "seed=-1", "number=x", "help"])
def test_a_wrong_key_is_one_line_and_exits_with_2(word, capsys) -> None:
    assert fuzz.main([word]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("fuzz: ")
    assert said.err.count("\n") == 1


def test_a_finding_is_printed_with_its_seed_and_number_and_a_dead_process_is_one(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(judge, "judge", lambda *_: sys.exit(9))
    assert fuzz.main(["seed=4", "number=6", f"folder={tmp_path}", "minutes=1"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("fuzz: seed=4, for 1 minutes; again: make statements seed=4\n")
    assert "WRONG: the process of trial 6 of seed 4 died with status 9" in out
    assert "again: make statements seed=4 number=6" in out
    assert "1 trials of seed 4" in out


def test_the_minutes_end_a_trial_that_does_not(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(judge, "judge", lambda *_: signal.pause())
    monkeypatch.setattr(fuzz, "GRACE", 0.1)
    assert fuzz.main(["seed=4", f"folder={tmp_path}", "minutes=0.005"]) == 0
    assert "0 trials of seed 4 in 0 s; 0 wrong; the last trial, number 0, was cut short" in capsys.readouterr().out


def test_ctrl_c_ends_it_with_a_summary_and_130(tmp_path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(FUZZ), "seed=4", f"folder={tmp_path}", "minutes=5"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "seed=4" in first
    assert process.returncode == 130
    assert "fuzz: INTERRUPTED after " in out
    assert "Traceback" not in out + err


def test_whole_trials_pass_by_the_processes_that_a_user_has(tmp_path) -> None:
    words = [sys.executable, str(FUZZ), "seed=1", f"folder={tmp_path}", "minutes=5"]
    for number in (3, 4):  # a built-in trial and one with a conjecture file
        ended = subprocess.run([*words, f"number={number}"], capture_output=True, text=True, timeout=200, check=False)
        assert ended.returncode == 0, ended.stdout
        assert "1 trials of seed 1" in ended.stdout
        assert "0 wrong" in ended.stdout


@pytest.mark.parametrize(
    ("code", "says", "fell"),
    [(0, "", False), (1, "", False), (3, "ERROR did not finish", False), (4, "INCONCLUSIVE", False), (5, "", False),
     (2, "error: seed", True), (3, "verify: internal error, please report it", True), (1, "Traceback (most", True)],
)  # fmt: skip
def test_codes_that_verdicts_explain_are_no_fall(code, says, fell, tmp_path, monkeypatch) -> None:
    def main(_words: list[str]) -> int:
        print(says)
        return code

    monkeypatch.setattr(judge, "main", main)
    assert judge._run(tmp_path, []) == (code, f"{says}\n" if fell else None)


def test_an_error_of_the_fuzzer_itself_ends_its_worker(tmp_path, monkeypatch) -> None:
    workers = []

    def ask(worker, _number: int, _until: float):
        workers.append(worker)
        raise BrokenPipeError

    monkeypatch.setattr(fuzz._Worker, "ask", ask)
    with pytest.raises(BrokenPipeError):
        fuzz.main(["seed=1", f"folder={tmp_path}"])
    assert [worker.alive for worker in workers] == [False]
