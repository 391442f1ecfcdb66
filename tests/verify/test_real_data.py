"""data=: one record of what is known, scaled so that any size of its values is trained alike."""

import math
from pathlib import Path

import numpy as np
import pytest

from numerics import effective_rank
from verify._events import Cell
from verify._real import _report, batch_of, prepare, start_of


def tensor() -> np.ndarray:
    generator = np.random.default_rng(0)
    return np.einsum("i,j,k->ijk", *(generator.standard_normal(n) for n in (5, 4, 3)))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_nan_is_a_missing_entry_neither_observed_nor_held_out() -> None:
    values = tensor()
    values[0, :, 0] = np.nan
    np.save("gaps.npy", values)
    problem = prepare("gaps.npy", 0.5, 0)
    assert not problem.mask[0, :, 0].any()
    assert not problem.held_out[0, :, 0].any()
    assert (problem.mask | problem.held_out).sum() == 56
    assert "4 missing in the data" in problem.data.words
    assert np.sqrt(np.mean(problem.data.tensor[problem.data.known] ** 2)) == pytest.approx(1)


def test_a_block_is_the_mean_of_what_is_known_of_it() -> None:
    values = np.arange(1.0, 27.0)
    values[[0, 24, 25]] = np.nan
    np.save("long.npy", values)
    problem = prepare("long.npy", 1.0, 0)
    assert problem.data.sizes == (9,)
    assert problem.data.missing == 1
    blocks = problem.data.tensor / problem.data.tensor[1]
    np.testing.assert_allclose(blocks[:8], np.array([2.5, 5, 8, 11, 14, 17, 20, 23]) / 5)


def test_numerics_verify_and_the_experiments_know_the_same_entries_of_kinetic() -> None:
    pytest.importorskip("tensorly.datasets", reason="TensorLy is an optional extra")
    from numerics import Experiment, load_data
    from numerics.experiments.real_data import _load

    data = load_data("kinetic")
    assert data.missing == 1754
    assert Experiment(data="kinetic").load().content == data.content == prepare("kinetic", 0.5, 0).content
    assert (_load("kinetic", 16).known == data.thinned(10).known).all()


def test_the_effective_ranks_of_a_report_are_those_of_numerics() -> None:
    np.save("mine.npy", tensor())
    problem, cell = prepare("mine.npy", 0.5, 0), Cell(1, 3, "column")
    run = batch_of(start_of(problem, cell, 0)).descent(0, 0)
    expected = [float(effective_rank(run.final.singular_values(mode))) for mode in range(3)]
    assert _report(problem, cell, run)["effective_ranks"] == pytest.approx(expected)


@pytest.mark.parametrize("scale", [1e200, 1e307, 1e-200, 1e-305])
def test_any_size_of_values_is_the_same_problem_and_its_scale_is_told(scale: float) -> None:
    np.save("plain.npy", tensor())
    np.save("scaled.npy", tensor() * scale)
    plain, scaled = prepare("plain.npy", 0.5, 0), prepare("scaled.npy", 0.5, 0)
    np.testing.assert_allclose(scaled.data.tensor, plain.data.tensor, rtol=1e-12)
    size = math.sqrt(np.mean(tensor() ** 2))
    assert f"its root mean square {size * scale:.4g};" in scaled.data.words


@pytest.mark.parametrize("scale", [1e307, 1e-310])
def test_means_over_blocks_stay_in_range(scale: float) -> None:
    np.save("long.npy", np.full(30, 10 * scale))
    np.testing.assert_allclose(prepare("long.npy", 1.0, 0).data.tensor, 1.0)
