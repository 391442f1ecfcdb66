"""Planted false conjectures are refuted and planted true ones are not, with two seeds; `make power` runs many."""

import figures
import pytest

from verify import Verdict

TOPICS = ("rates", "slices", "tensors", "groups")  # all but those of paths alone


def test_there_are_sixty_planted_conjectures_of_each_kind():
    for kind in ("false", "true"):
        names = [claim.id for _, claim in figures.planted(kind)]
        assert len(names) == len(set(names)) >= 60


@pytest.mark.parametrize("seed", [1, 2])
def test_every_false_conjecture_is_refuted(seed):
    results = figures.judge("false", seed, topics=TOPICS)
    assert len(results) >= 60
    assert {r.id: (r.verdict.value, r.detail) for r in results if r.verdict is not Verdict.REFUTED} == {}


@pytest.mark.parametrize("seed", [1, 2])
def test_every_true_conjecture_is_decided_and_not_refuted(seed):
    results = figures.judge("true", seed, topics=TOPICS)
    assert len(results) >= 60
    assert {r.id: (r.verdict.value, r.detail) for r in results if r.verdict not in figures.DECIDED} == {}


def test_false_conjectures_about_paths_are_refuted():
    results = figures.judge("false", 1, topics=["paths"])
    assert {r.id: (r.verdict.value, r.detail) for r in results if r.verdict is not Verdict.REFUTED} == {}


def test_true_conjectures_about_paths_are_not_refuted():
    results = figures.judge("true", 1, topics=["paths"])
    assert {r.id: (r.verdict.value, r.detail) for r in results if r.verdict not in figures.DECIDED} == {}
