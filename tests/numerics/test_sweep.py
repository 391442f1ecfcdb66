"""Sweeps: one table, continued by a second run, the same rows from one process or several."""

import pytest

from numerics import Experiment, UsageError, points, read_table, sweep
from numerics.__main__ import main

BASE = {"sizes": "4,4,4", "rank": "2,2,2", "depth": 1, "observed": 0.8, "steps": 60, "record": 20}


def results(table):
    return sorted(
        (row["seed"], row["depth"], row["status"], row["loss"], row["test_error"]) for row in read_table(table)
    )


def test_a_second_run_continues_the_table(tmp_path):
    table = tmp_path / "runs.sqlite"
    seen = []
    assert sweep(points(BASE, {"seed": [0, 1]}), table, on_row=seen.append) == 2
    first = results(table)
    assert sweep(points(BASE, {"seed": [0, 1, 2], "depth": [1, 2]}), table, on_row=seen.append) == 4
    assert len(seen) == 6
    assert sweep(points(BASE, {"seed": [0, 1, 2], "depth": [1, 2]}), table) == 0
    assert set(first) <= set(results(table))
    assert len(results(table)) == 6


def test_an_interrupted_sweep_keeps_what_was_finished(tmp_path):
    table = tmp_path / "runs.sqlite"

    def interrupt(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(points(BASE, {"seed": [0, 1, 2]}), table, on_row=interrupt)
    assert len(read_table(table)) == 1
    assert sweep(points(BASE, {"seed": [0, 1, 2]}), table) == 2


def test_several_processes_fill_the_same_table(tmp_path):
    pytest.importorskip("joblib", reason="joblib is an optional extra")
    grid = points(BASE, {"seed": [0, 1, 2]})
    sweep(grid, tmp_path / "one.sqlite")
    sweep(grid, tmp_path / "two.sqlite", jobs=2)
    assert results(tmp_path / "one.sqlite") == results(tmp_path / "two.sqlite")


def test_a_diverged_run_is_a_row(tmp_path):
    table = tmp_path / "runs.sqlite"
    sweep([Experiment(**BASE, step=1e3)], table)
    (row,) = read_table(table)
    assert row["status"] == "diverged"
    assert row["loss"] is None


def test_a_file_that_is_no_table_is_refused(tmp_path):
    table = tmp_path / "runs.sqlite"
    table.write_text("not a database, but long enough to look at" * 20)
    with pytest.raises(UsageError, match="not a table of runs"):
        sweep([Experiment(**BASE)], table)


def test_the_command_line_expands_lists_and_ranges(tmp_path, capsys):
    keys = [f"{key}={value}" for key, value in BASE.items() if key not in ("depth", "observed")]
    table = tmp_path / "runs.sqlite"
    grid = ["depth=1..2", "observed=0.7,0.9", "start=balanced,paper"]
    assert main(["sweep", *keys, *grid, f"table={table}"]) == 0
    assert "8 of 8 experiments trained" in capsys.readouterr().out
    rows = read_table(table)
    assert {(row["depth"], row["observed"], row["start"]) for row in rows} == {
        (depth, observed, start) for depth in (1, 2) for observed in (0.7, 0.9) for start in ("balanced", "paper")
    }
    assert main(["sweep", *keys, *grid, f"table={table}"]) == 0
    assert "0 of 8 experiments trained" in capsys.readouterr().out
    assert main(["sweep", "dpeth=1..2"]) == 2
    assert "did you mean 'depth'?" in capsys.readouterr().err
