"""data=: one record of what is known, scaled so that any size of its values is trained alike."""

from pathlib import Path

import numpy as np
import pytest

from verify._real import prepare


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
