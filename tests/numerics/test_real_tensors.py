"""A real tensor: told by its content and not by its path; what is missing is neither trained on nor tested."""

import sqlite3

import numpy as np
import pytest
import torch

from numerics import Experiment, UsageError, load_checkpoint, observe, read_table
from numerics.__main__ import main

KEYS = ("depth=1", "observed=0.8", "steps=60", "record=20", "core=2,2,2")


def tensor(seed, sizes=(5, 4, 3)):
    return np.random.default_rng(seed).standard_normal(sizes)


def run(source, out):
    return main([*KEYS, f"data={source}", f"out={out}"])


def test_a_run_on_an_overwritten_file_is_not_the_old_run(tmp_path, capsys):
    path, out = tmp_path / "a.npy", tmp_path / "run"
    np.save(path, tensor(0))
    assert run(path, out) == 4
    np.save(path, tensor(1))
    capsys.readouterr()
    assert run(path, out) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "of another tensor: the content hash of its tensor is " in printed.err


def test_a_run_on_other_missing_entries_or_another_shape_is_not_the_old_run(tmp_path, capsys):
    path, out = tmp_path / "a.npz", tmp_path / "run"
    values, mask = tensor(0), np.ones((5, 4, 3), dtype=bool)
    values[0, 0, 0] = 0.0
    np.savez(path, tensor=values, mask=mask)
    assert run(path, out) == 4
    mask[0, 0, 0] = False
    np.savez(path, tensor=values, mask=mask)
    assert run(path, out) == 2
    np.savez(path, tensor=values.reshape(3, 4, 5), mask=np.ones((3, 4, 5), dtype=bool))
    assert run(path, out) == 2
    assert capsys.readouterr().err.count("of another tensor") == 2


def test_a_run_goes_on_where_the_same_tensor_lies_in_another_file(tmp_path, capsys):
    np.save(tmp_path / "a.npy", tensor(0))
    np.savez(tmp_path / "b.npz", tensor=tensor(0), mask=np.ones((5, 4, 3)))
    assert run(tmp_path / "a.npy", tmp_path / "run") == 4
    assert run(tmp_path / "b.npz", tmp_path / "run") == 4
    content = load_checkpoint(tmp_path / "run" / "checkpoint.npz")[1]["content"]
    assert len(content) == 64
    assert capsys.readouterr().out.count(f"content {content[:12]}") == 2


def test_a_sweep_over_an_overwritten_file_trains_the_new_tensor_and_says_so(tmp_path, capsys):
    path, table = tmp_path / "a.npy", tmp_path / "runs.sqlite"
    words = ["sweep", *KEYS, f"data={path}", "seed=0..1", f"table={table}"]
    np.save(path, tensor(0))
    assert main(words) == 0
    assert capsys.readouterr().err == ""
    np.save(path, tensor(1, sizes=(4, 4, 4)))
    assert main(words) == 0
    printed = capsys.readouterr()
    assert "2 of 2 experiments trained" in printed.out
    assert printed.err.count("\n") == 1
    assert "is another tensor than in 2 row(s)" in printed.err
    rows = read_table(table)
    assert sorted(tuple(row["sizes"]) for row in rows) == [(4, 4, 4)] * 2 + [(5, 4, 3)] * 2
    assert len({row["content"] for row in rows}) == 2
    assert {row["data"] for row in rows} == {str(path)}
    assert main(words) == 0
    assert "0 of 2 experiments trained" in capsys.readouterr().out


def test_a_table_of_an_earlier_version_goes_on_and_its_generated_rows_are_not_trained_again(tmp_path, capsys):
    table, words = tmp_path / "runs.sqlite", ["sweep", *KEYS[:-1], "sizes=4,4,4", "rank=2,2,2"]
    assert main([*words, "seed=0", f"table={table}"]) == 0
    with sqlite3.connect(table) as connection:
        for name in ("data", "content", "sizes"):
            connection.execute(f"ALTER TABLE runs DROP COLUMN {name}")
    assert main([*words, "seed=0,1", f"table={table}"]) == 0
    assert "1 of 2 experiments trained" in capsys.readouterr().out
    rows = read_table(table)
    assert [tuple(row["sizes"]) for row in rows] == [(4, 4, 4)] * 2
    assert [row["content"] is None for row in sorted(rows, key=lambda row: row["seed"])] == [True, False]


def test_a_row_of_an_earlier_version_does_not_stand_for_a_tensor_whose_content_it_did_not_record(tmp_path, capsys):
    path, table = tmp_path / "a.npy", tmp_path / "runs.sqlite"
    words = ["sweep", *KEYS, f"data={path}", f"table={table}"]
    np.save(path, tensor(0))
    assert main(words) == 0
    with sqlite3.connect(table) as connection:
        for name in ("data", "content", "sizes"):
            connection.execute(f"ALTER TABLE runs DROP COLUMN {name}")
        connection.execute("UPDATE runs SET key = ?", (f'{{"data": "{path}", "sizes": [25, 25, 25]}}',))
    capsys.readouterr()
    assert main(words) == 0
    printed = capsys.readouterr()
    assert "1 of 1 experiments trained" in printed.out
    assert "not recorded" in printed.err
    assert [row["sizes"] for row in read_table(table)] == [None, [5, 4, 3]]


def test_missing_entries_of_kinetic_are_neither_trained_on_nor_tested():
    datasets = pytest.importorskip("tensorly.datasets", reason="TensorLy is an optional extra")
    missing = torch.from_numpy(np.asarray(datasets.load_kinetic().missing_values_position, dtype=bool))
    assert int(missing.sum()) == 1754
    problem = Experiment(data="kinetic", core="2,2,2,2", observed=0.5).trainer().problem
    assert not problem.weights[missing].any()
    assert not problem.test[missing].any()
    known = int((~missing).sum())
    assert int((problem.weights != 0).sum()) == round(0.5 * known)
    assert int((problem.test != 0).sum()) == known - round(0.5 * known)


def test_what_stands_at_a_missing_entry_changes_nothing(tmp_path):
    values, gaps = tensor(0), np.random.default_rng(9).random((5, 4, 3)) < 0.3
    np.save(tmp_path / "nan.npy", np.where(gaps, np.nan, values))
    for name, filled in (("zero.npz", 0.0), ("large.npz", 1e6), ("infinite.npz", np.inf)):
        np.savez(tmp_path / name, tensor=np.where(gaps, filled, values), mask=(~gaps).astype(int))
    seen = []
    for name in ("nan.npy", "zero.npz", "large.npz", "infinite.npz"):
        assert run(tmp_path / name, tmp_path / name[:3]) == 4
        arrays, meta = load_checkpoint(tmp_path / name[:3] / "checkpoint.npz")
        seen.append((meta["content"], *arrays["history/train error"], *arrays["history/test error"]))
    assert len(set(seen)) == 1
    assert np.isfinite(seen[0][-1])


def test_a_fraction_is_one_of_the_known_entries_in_every_problem_of_a_batch():
    target, known = torch.from_numpy(tensor(0, sizes=(3, 5, 4))), np.random.default_rng(1).random((5, 4)) < 0.7
    problem = observe(target, 0.5, known=known, order=2)
    assert not problem.weights[:, ~torch.from_numpy(known)].any()
    assert not problem.test[:, ~torch.from_numpy(known)].any()
    assert (problem.weights != 0).flatten(1).sum(1).tolist() == [round(0.5 * known.sum())] * 3
    assert torch.allclose(problem.test.flatten(1).sum(1), torch.ones(3, dtype=torch.float64))
    assert observe(target, 1.0, known=known, order=2).test is None
    with pytest.raises(UsageError, match="what is known of it"):
        observe(target, 0.5, known=known.T, order=2)


def test_without_missing_entries_the_same_entries_are_observed_as_ever():
    target = torch.from_numpy(tensor(0))
    plain, told = observe(target, 0.5, seed=3), observe(target, 0.5, known=np.ones(target.shape), seed=3)
    assert torch.equal(plain.weights, told.weights)
    assert torch.equal(plain.test, told.test)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"tensor": np.ones((2, 2)), "mask": np.ones((2, 3))}, "its mask"),
        ({"tensor": np.ones((2, 2)), "mask": np.full((2, 2), 0.5)}, "other values than true and false"),
        ({"tensor": np.ones((2, 2)), "mask": np.zeros((2, 2))}, "all entries are missing"),
        ({"a": np.ones(2), "b": np.ones(2)}, "called tensor and mask"),
        ({"tensor": np.full((2, 2), np.inf)}, "holds infinity"),
    ],
)
def test_an_archive_that_does_not_say_what_is_known_is_refused(tmp_path, arrays, words, capsys):
    np.savez(tmp_path / "a.npz", **arrays)
    assert main([f"data={tmp_path / 'a.npz'}", f"out={tmp_path / 'run'}"]) == 2
    printed = capsys.readouterr().err
    assert words in printed
    assert printed.count("\n") == 1
