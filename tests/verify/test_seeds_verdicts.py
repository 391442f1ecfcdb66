"""Verdicts about Seeds on populations whose truth is known: runs are made up, so every expectation is exact."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from verify import Seeds, at_most, conjecture, constant, equal
from verify._evaluate import relations
from verify._judge_seeds import judge_seeds
from verify._path import Descent
from verify._problem import Problem
from verify._resampling import BEYOND, interval, spread, unseen_share
from verify._seeds import PathFailure
from verify._strategies import draw_problems, problems

PROBLEM = draw_problems(problems(depth=1, order=2, chain="column", fixed=(2, 2)), 1, 0)[0]


class Run(Descent):
    """A run of which only two numbers are known."""

    def __init__(self, x: float, y: float = 0.0) -> None:
        self.x, self.y = x, y


def judged(function: Any, draw: Any, seed: int = 0):
    """The outcome of a statement on runs drawn from a population; `draw(generator, count)` gives x, or x and y."""

    def run(problem: Any, assumes: str, optimizer: str, count: int, repeat: int = 0) -> Seeds:
        drawn = np.atleast_2d(draw(np.random.default_rng([seed, count, repeat]), count))
        return Seeds([Run(*map(float, values)) for values in drawn.T])

    def statement(seeds: Seeds):
        return function(seeds)

    return judge_seeds(conjecture(statement), PROBLEM, run)


def event(probability: float):
    return lambda generator, count: (generator.random(count) < probability).astype(float)


def lognormal(generator, count):
    return generator.lognormal(0, 1.5, count)


def pair(generator, count):
    """x and y, both positive and of very different size from run to run."""
    return np.stack([generator.lognormal(0, 0.8, count), generator.lognormal(0, 0.8, count)])


HIT = {
    "mean": lambda seeds: seeds.mean(lambda run: run.x),
    "fraction": lambda seeds: seeds.fraction(lambda run: run.x > 0.5),
    "values": lambda seeds: seeds.values(lambda run: run.x > 0.5).double().mean(),
    "sum": lambda seeds: seeds.values(lambda run: run.x).sum(0) / seeds.count,
}


# -- kind 6: no variance is no certainty
@pytest.mark.parametrize("how", HIT)
@pytest.mark.parametrize("probability", [1 / 49, 1 / 1000, 48 / 49])
def test_the_true_probability_of_a_rare_event_is_never_refuted(how: str, probability: float) -> None:
    for seed in range(4):
        outcome = judged(lambda seeds: equal(HIT[how](seeds), probability), event(probability), seed)
        assert outcome.status != "violated", outcome.how


@pytest.mark.parametrize("how", HIT)
def test_a_probability_that_is_far_off_is_refuted_although_no_run_differs(how: str) -> None:
    outcome = judged(lambda seeds: equal(HIT[how](seeds), 0.5), event(0.0))
    assert outcome.status == "violated"
    assert "independent second set" in outcome.how


@pytest.mark.parametrize("stated", [0.5, 0.75])
def test_neither_of_two_values_of_one_probability_holds(stated: float) -> None:
    for seed in range(4):
        outcome = judged(lambda seeds: equal(seeds.fraction(lambda run: run.x), stated), event(4 / 7), seed)
        assert outcome.status in ("violated", "undecided")
    assert judged(lambda seeds: equal(seeds.fraction(lambda run: run.x), 4 / 7), event(4 / 7)).status == "holds"


def test_a_value_that_never_varied_may_vary_in_other_runs() -> None:
    twos = lambda g, n: np.full(n, 2.0)  # noqa: E731
    nearly = lambda g, n: 1 + 1e-9 * g.standard_normal(n)  # noqa: E731
    for near, far, runs in ((2.01, 3.5, twos), (0.995, 0.5, nearly)):
        assert judged(lambda seeds, near=near: equal(seeds.mean(lambda r: r.x), near), runs).status != "violated"
        assert judged(lambda seeds, far=far: equal(seeds.mean(lambda r: r.x), far), runs).status == "violated"
        bound = near - 0.04
        outcome = judged(lambda seeds, bound=bound: at_most(seeds.mean(lambda r: r.x), bound), runs)
        assert outcome.status == "violated", outcome.how


def test_an_equality_that_the_runs_seen_contradict_does_not_hold_on_the_strength_of_unseen_ones() -> None:
    twos = lambda g, n: np.full(n, 2.0)  # noqa: E731
    ones = lambda g, n: 1 + 1e-4 * g.random(n)  # noqa: E731
    assert judged(lambda seeds: equal(seeds.mean(lambda r: r.x), 2.01), twos).status != "holds"
    outcome = judged(lambda seeds: equal(seeds.mean(lambda r: math.exp(r.x)), 1 + seeds.mean(lambda r: r.x)), ones)
    assert outcome.status != "holds"
    for factor in (1 / 100, 1 / 1000, 1 / 10000):  # cumulants to first order: the second is left out

        def first(seeds, factor=factor):
            return equal(seeds.mean(lambda r: math.exp(factor * r.x)), 1 + factor * seeds.mean(lambda r: r.x))

        assert judged(first, ones).status != "holds"
    assert judged(lambda seeds: equal(seeds.mean(lambda r: r.x), 2.0), twos).status == "holds"
    assert (
        judged(lambda seeds: equal(seeds.mean(lambda r: 2 * r.x), 2 * seeds.mean(lambda r: r.x)), ones).status
        == "holds"
    )


def test_a_bound_on_a_small_probability_is_left_open_with_the_number_of_runs_it_would_take() -> None:
    outcome = judged(lambda seeds: at_most(seeds.fraction(lambda run: run.x), 0.001), event(0.0))
    assert outcome.status == "undecided"
    assert "runs would settle it" in outcome.how
    assert judged(lambda seeds: at_most(seeds.fraction(lambda run: run.x), 0.02), event(0.0)).status == "holds"
    assert judged(lambda seeds: at_most(seeds.fraction(lambda run: run.x), 0.02), event(0.2)).status == "violated"


# -- extremes
def uniform(generator, count):
    return generator.random(count)


def test_a_bound_on_the_largest_value_is_refuted_by_single_runs_and_holds_when_none_exceeds_it() -> None:
    assert judged(lambda seeds: at_most(seeds.values(lambda run: run.x).max(), 0.98), uniform).status == "violated"
    outcome = judged(lambda seeds: at_most(seeds.values(lambda run: run.x).max(), 1.0), uniform)
    assert outcome.status == "holds"
    assert outcome.how.startswith("384 seeds")
    assert judged(lambda seeds: at_most(0.01, seeds.values(lambda run: run.x).min()), uniform).status == "violated"


@pytest.mark.parametrize(
    "statement",
    [
        lambda seeds: equal(seeds.values(lambda run: run.x).max(), 1.0),
        lambda seeds: equal(seeds.values(lambda run: run.x).min(), 0.0),
        lambda seeds: at_most(seeds.values(lambda run: run.x).min(), 0.0),
        lambda seeds: equal(torch.quantile(seeds.values(lambda run: run.x), 0.99), 0.99),
        lambda seeds: equal(seeds.values(lambda run: run.x).max() - seeds.values(lambda run: run.x).min(), 1.0),
    ],
    ids=["largest", "least", "least at most", "high quantile", "range"],
)
def test_a_true_statement_about_an_extreme_is_not_refuted(statement) -> None:
    for seed in range(5):
        assert judged(statement, uniform, seed).status != "violated"


# -- kind 18: statements over the same runs are paired
def never(run):
    return run.x < 0


PAIRED = {
    "a part of an event is no likelier": lambda s: at_most(
        s.fraction(lambda r: r.x > 2), s.fraction(lambda r: r.x > 1)
    ),
    "a part of a rare event": lambda s: at_most(s.fraction(lambda r: r.x > 40), s.fraction(lambda r: r.x > 30)),
    "Jensen": lambda s: at_most(s.mean(lambda r: r.x) ** 2, s.mean(lambda r: r.x**2)),
    "Cauchy-Schwarz": lambda s: at_most(
        s.mean(lambda r: r.x * r.y) ** 2, s.mean(lambda r: r.x**2) * s.mean(lambda r: r.y**2)
    ),
    "an impossible event at most": lambda s: at_most(s.fraction(never), 0),
    "an impossible event": lambda s: equal(s.fraction(never), 0),
    "an event and its complement": lambda s: equal(s.fraction(lambda r: r.x > 1) + s.fraction(lambda r: r.x <= 1), 1),
    "a mean and a fraction": lambda s: equal(s.mean(lambda r: float(r.x > 1)), s.fraction(lambda r: r.x > 1)),
    "linearity": lambda s: equal(s.mean(lambda r: r.x + r.y), s.mean(lambda r: r.x) + s.mean(lambda r: r.y)),
    "a median below a maximum": lambda s: at_most(s.values(lambda r: r.x).median(), s.values(lambda r: r.x).max()),
    "variance": lambda s: at_most(0, s.values(lambda r: r.x).var()),
}


@pytest.mark.parametrize("name", PAIRED)
def test_what_holds_run_by_run_holds(name: str) -> None:
    outcome = judged(PAIRED[name], pair)
    assert outcome.status == "holds", outcome.how


WRONG = {
    "the mean of a ratio": lambda s: equal(s.mean(lambda r: r.x / r.y), s.mean(lambda r: r.x) / s.mean(lambda r: r.y)),
    "Jensen turned round": lambda s: at_most(s.mean(lambda r: r.x**2), s.mean(lambda r: r.x) ** 2),
    "a larger event": lambda s: at_most(s.fraction(lambda r: r.x > 1), s.fraction(lambda r: r.x > 2)),
    "product of means": lambda s: equal(s.mean(lambda r: r.x * r.x), s.mean(lambda r: r.x) ** 2),
    "an event that happens": lambda s: equal(s.fraction(lambda r: r.x > 3), 0),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_hold_is_refuted(name: str) -> None:
    assert judged(WRONG[name], pair).status == "violated"


def test_an_equality_whose_bar_is_as_wide_as_the_effect_does_not_hold() -> None:
    outcome = judged(lambda s: equal(s.mean(lambda r: r.x), 3.3), lognormal)  # the truth is 3.08
    assert outcome.status == "undecided"
    assert "runs would settle it" in outcome.how


def test_a_mean_of_zero_is_told_on_the_scale_of_single_runs() -> None:
    normal = lambda generator, count: generator.standard_normal(count)  # noqa: E731
    outcome = judged(lambda s: equal(s.mean(lambda r: r.x), 0), normal)
    assert outcome.status == "undecided"
    assert "runs would settle it" in outcome.how


def test_a_statement_about_no_seed_at_all_is_still_judged() -> None:
    assert judged(lambda s: equal(0.5, 0.75), uniform).status == "violated"
    assert judged(lambda s: constant([0.5, 0.5]), uniform).status == "holds"


def of_mean(seeds: Seeds):
    return equal(seeds.mean(lambda r: r.x), 0)


def of_sum(seeds: Seeds):
    return equal(seeds.count * seeds.mean(lambda r: r.x), 0)


@pytest.mark.parametrize(("statement", "steady"), [(of_mean, True), (of_sum, False)])
def test_a_statistic_that_grows_with_the_number_of_runs_is_not_steady(statement, steady: bool) -> None:
    """Its resamples, all of one size, do not show it."""
    seeds = Seeds([Run(x) for x in np.random.default_rng(3).normal(1, 1, 48)])
    claim = conjecture(statement)
    assert spread(claim, seeds, seeds, relations(claim, seeds)).steady == [steady]


# -- functions are told apart
def test_functions_that_differ_only_in_what_is_bound_to_them_have_values_of_their_own() -> None:
    seeds = Seeds([Run(1, 2), Run(3, 4)])

    class Picker:
        def __init__(self, name: str) -> None:
            self.name = name

        def pick(self, run: Run) -> float:
            return getattr(run, self.name)

    assert seeds.mean(Picker("x").pick) == 2
    assert seeds.mean(Picker("y").pick) == 3
    means = [seeds.mean(lambda run, *, name=name: getattr(run, name)) for name in ("x", "y")]
    assert means == [2, 3]
    lists = [seeds.mean(lambda run, n=names: getattr(run, n[0])) for names in (["x"], ["y"])]
    assert lists == [2, 3]


# -- runs that diverge
def test_a_run_that_diverges_is_counted_and_the_others_are_judged(monkeypatch) -> None:
    from verify import _seeds

    class Batch:
        def __init__(self, starts: Any, assumes: str, **_: Any) -> None:
            self.starts = [start.exponent for start in starts]

        def descent(self, index: int, level: int, optimizer: str) -> Run:
            if any(start % 10 == 7 for start in self.starts):
                raise PathFailure("diverged")
            return Run(float(self.starts[index]))

    monkeypatch.setattr(_seeds, "PathBatch", Batch)

    def starts(problem: Any, assumes: str, count: int, repeat: int) -> list[Problem]:
        return [replace(problem, exponent=k) for k in range(count)]

    monkeypatch.setattr(_seeds, "random_starts", starts)
    seeds = _seeds.run_seeds(PROBLEM, "generic", "gd", 24)
    assert seeds.diverged == 2
    assert [run.x for run in seeds.runs] == [k for k in range(24) if k % 10 != 7]
    monkeypatch.setattr(_seeds, "random_starts", lambda problem, *_, **__: [replace(problem, exponent=7)] * 24)
    with pytest.raises(PathFailure, match="each of 24 runs diverged"):
        _seeds.run_seeds(PROBLEM, "generic", "gd", 24)


def test_what_diverged_is_said_beside_the_number_of_seeds() -> None:
    def run(problem: Any, assumes: str, optimizer: str, count: int, repeat: int = 0) -> Seeds:
        return Seeds([Run(1.0 + k % 2) for k in range(count)], diverged=3)

    @conjecture
    def bounded(seeds: Seeds):
        return at_most(seeds.mean(lambda run: run.x), 5)

    assert "3 more diverged" in judge_seeds(bounded, PROBLEM, run).how


# -- coverage over many synthetic sets
def _looks(values: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of the mean of every row (S, n), as the judge forms them, all at once."""
    count = values.shape[1]
    weights = generator.multinomial(count, np.full(count, 1 / count), 200) / count
    point = values.mean(1)
    deviation = (values @ weights.T).std(1, ddof=1)
    share = unseen_share(count)
    up, down = share * (values.max(1) - point), share * (point - values.min(1))
    up = up * np.where((values.max(1) == values.T).sum(0) > 1, 1, BEYOND)
    down = down * np.where((values.min(1) == values.T).sum(0) > 1, 1, BEYOND)
    still = values.max(1) == values.min(1)
    binary = still & np.isin(point, (0, 1))
    up, down = (np.where(binary, np.where(point == side, share, 0), move) for side, move in ((0, up), (1, down)))
    up, down = (np.where(still & ~binary, share * np.abs(point), move) for move in (up, down))
    return interval(point, deviation, down, up, count)


@pytest.mark.parametrize(
    ("truth", "draw"),
    [
        (1 / 49, lambda g, s: g.random(s) < 1 / 49),
        (4 / 7, lambda g, s: g.random(s) < 4 / 7),
        (0.001, lambda g, s: g.random(s) < 0.001),
        (np.exp(0.5), lambda g, s: g.lognormal(0, 1, s)),
        (np.exp(1.125), lambda g, s: g.lognormal(0, 1.5, s)),
        (1.0, lambda g, s: g.standard_gamma(1, s)),
        (1.5, lambda g, s: 1 + g.pareto(3, s)),
        (3.0, lambda g, s: np.full(s, 3.0)),
    ],
    ids=["1/49", "4/7", "0.001", "lognormal", "heavy lognormal", "exponential", "Pareto 3", "constant"],
)
def test_a_true_mean_is_refuted_in_at_most_one_of_a_thousand_sets(truth: float, draw: Any) -> None:
    generator = np.random.default_rng(1)
    sets, refuted, far = 4000, 0, 0
    for count in (24, 96, 384):
        misses = []
        for _ in range(2):
            low, high = _looks(draw(generator, (sets, count)).astype(float), generator)
            misses.append((truth < low) | (truth > high))
        refuted += int((misses[0] & misses[1]).sum())
        far = int(((low > 2 * truth) | (high < 2 * truth)).sum()) if count == 384 else 0
    assert refuted <= sets / 1000
    assert far > 0.4 * sets or truth < 0.1, "an interval that excludes nothing is no interval"
