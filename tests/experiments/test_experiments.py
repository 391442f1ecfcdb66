"""Expectations, resumable studies, the gallery and the examples in a small version."""

import csv
import math
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from numerics import UsageError
from numerics.__main__ import main
from numerics.experiments import FAILS, HOLDS, STUDIES, UNDECIDED, Expectation, Study, interval, load_study, run_study

EXAMPLES = Path(__file__).parents[2] / "examples"


def expectation(comparison="below", bounds=(0.0,)):
    return Expectation("e", "claim", "s", "x", lambda rows: float(rows[0]["x"]), comparison, bounds)


def rows(*values):
    return [{"seed": seed, "x": value} for seed, value in enumerate(values)]


def test_an_expectation_is_judged_by_the_whole_interval():
    assert expectation().judge(rows(-1.0, -1.1, -0.9))[1] == HOLDS
    assert expectation().judge(rows(1.0, 1.1, 0.9))[1] == FAILS
    assert expectation().judge(rows(-1.0, 1.1, 0.0))[1] == UNDECIDED
    assert expectation("inside", (-0.5, 0.5)).judge(rows(0.1, 0.0, -0.1))[1] == HOLDS


def test_an_expectation_without_numbers_is_undecided():
    assert expectation().judge(rows(math.nan, -1.0, math.nan))[1] == UNDECIDED


def test_a_withdrawn_expectation_is_reported_and_not_judged():
    withdrawn = replace(expectation(), withdrawn="the number does not measure it")
    for values in ((-1.0, -1.1, -0.9), (1.0, 1.1, 0.9)):
        measured, verdict = withdrawn.judge(rows(*values))
        assert verdict == "WITHDRAWN"
        assert measured.seeds == 3


def test_what_raw_slice_norms_cannot_show_is_withdrawn():
    """Raw slices at depth 2 and more keep the norm of a start that is small end to end."""
    found = {(name, e.name): e for name in ("mechanism", "paper") for e in load_study(name).expectations}
    gone = {name for (_, name), e in found.items() if e.withdrawn}
    assert gone == {
        "slices explain rank at depth 2",
        "slices explain rank at depth 3",
        "depth sparsifies slices beyond rank",
        "sparse slices are the low rank, gd",
        "sparse slices are the low rank, adam-released",
        "sparse slices are the low rank, adam-no-eps",
    }
    page = (Path(__file__).parents[2] / "docs" / "gallery" / "findings.md").read_text()
    for (study, name), e in found.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| {study}: {name} |"))
        assert row.rstrip(" |").endswith("WITHDRAWN") == bool(e.withdrawn)
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert "are withdrawn with their relatives" in readme
    assert not any(line.startswith("|") and "sparse core slices" in line for line in readme.splitlines())


def test_the_interval_is_that_of_student():
    found = interval([1.0, 2.0, 3.0])
    assert found.mean == pytest.approx(2.0)
    assert found.high - found.mean == pytest.approx(4.302652729911275 / math.sqrt(3))


def test_a_comparison_needs_its_bounds():
    with pytest.raises(ValueError, match="does not go with bounds"):
        expectation("inside", (0.0,))


def small(calls):
    def measure(cell, seeds):
        calls.append(cell["depth"])
        return [{"x": cell["depth"] + seed % 7 / 10} for seed in seeds], {"a": np.zeros(1)}

    return Study(
        "small", "Small", "?", (expectation("above", (0.0,)),), lambda profile: [{"depth": 1}, {"depth": 2}],
        {"quick": 3}, measure, lambda rows, load, folder: [],
    )  # fmt: skip


def test_a_second_run_continues_the_table_and_seed_blocks_are_disjoint(tmp_path):
    calls = []
    first = run_study(small(calls), profile="quick", seed=0, out=tmp_path / "a")
    (tmp_path / "a" / "series" / "depth-2.npz").unlink()
    again = run_study(small(calls), profile="quick", seed=0, out=tmp_path / "a")
    assert calls == [1, 2, 2]
    assert [r["x"] for r in again.rows] == [r["x"] for r in first.rows]
    other = run_study(small(calls), profile="quick", seed=1, out=tmp_path / "b")
    assert not {r["seed"] for r in other.rows} & {r["seed"] for r in first.rows}


def test_the_table_does_not_depend_on_the_number_of_processes(tmp_path):
    study = load_study("mechanism")
    for jobs in (1, 2):
        run_study(study, profile="test", seed=0, out=tmp_path / str(jobs), jobs=jobs)
    assert (tmp_path / "1" / "table.csv").read_bytes() == (tmp_path / "2" / "table.csv").read_bytes()


def test_a_folder_of_another_run_is_refused(tmp_path):
    run_study(small([]), profile="quick", seed=0, out=tmp_path)
    with pytest.raises(UsageError, match="seeds differs"):
        run_study(small([]), profile="quick", seed=1, out=tmp_path)


def test_a_table_of_another_tensor_under_the_same_name_is_not_continued(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(2))
    calls = []
    study = replace(small(calls), data=lambda profile: [str(tmp_path / "a.npy")])
    run_study(study, profile="quick", seed=0, out=tmp_path / "out")
    run_study(study, profile="quick", seed=0, out=tmp_path / "out")
    assert calls == [1, 2]
    np.save(tmp_path / "a.npy", 2 * np.eye(2))
    with pytest.raises(UsageError, match="was measured on another tensor"):
        run_study(study, profile="quick", seed=0, out=tmp_path / "out")


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_runs_in_a_small_version_and_draws(name, tmp_path):
    outcome = run_study(load_study(name), profile="test", seed=0, out=tmp_path)
    assert {path.suffix for path in outcome.pictures} == {".svg", ".png"}
    with (tmp_path / "table.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == len(outcome.rows)
    assert all(v.expectation.statement in outcome.finding for v in outcome.verdicts)


def test_the_command_line_runs_a_study_and_writes_the_gallery(tmp_path, capsys):
    keys = [f"out={tmp_path / 'out'}", f"gallery={tmp_path / 'gallery'}", "seed=0,1", "profile=test"]
    assert main(["experiment=regularizer", *keys]) == 0
    assert "Representation cost" in capsys.readouterr().out
    assert "| regularizer:" in (tmp_path / "gallery" / "findings.md").read_text()
    assert main(["experiment=regulariser", *keys]) == 2
    assert "did you mean 'regularizer'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("quickstart_flow", {"points": 3}),
        ("slice_norms", {"steps": 20, "side": 4}),
        ("inpainting", {"side": 8, "steps": 10, "seeds": 2}),
        ("power_law", {"steps": 300, "examples": 5}),
    ],
)
def test_the_examples_run(name, options, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](**options)
    assert len(result)
    assert capsys.readouterr().out
