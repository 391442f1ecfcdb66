"""How many runs a claim about Seeds is asked of, and that its second set of seeds is another one that is heard."""

from typing import Any

import numpy as np
import torch

from verify import Seeds, at_most, conjecture, equal
from verify._judge_seeds import judge_seeds
from verify._path import Descent
from verify._seeds import random_starts
from verify._strategies import draw_problems, problems

PROBLEM = draw_problems(problems(depth=1, order=2, chain="column", fixed=(2, 2)), 1, 0)[0]


class Run(Descent):
    """A run of which only one number is known."""

    def __init__(self, x: float) -> None:
        self.x = x


def judged(body: Any, draw: Any):
    """The outcome on runs whose numbers are draw(generator, count, repeat)."""

    def run(problem: Any, assumes: str, optimizer: str, count: int, repeat: int = 0) -> Seeds:
        return Seeds([Run(float(x)) for x in draw(np.random.default_rng([count, repeat]), count, repeat)])

    @conjecture
    def statement(seeds: Seeds):
        return body(seeds)

    return judge_seeds(statement, PROBLEM, run)


def normal(generator, count: int, repeat: int):
    return generator.standard_normal(count)


def mean(seeds: Seeds):
    return seeds.mean(lambda run: run.x)


def test_as_many_runs_are_made_as_decide() -> None:
    for bound, runs in ((2.0, "24 seeds"), (0.7, "96 seeds"), (0.4, "384 seeds"), (0.2, "1536 seeds")):
        outcome = judged(lambda seeds, bound=bound: at_most(mean(seeds), bound), normal)
        assert (outcome.status, outcome.how.split(",")[0]) == ("holds", runs)


def test_what_1536_runs_would_not_decide_is_left_open_after_the_usual_number() -> None:
    outcome = judged(lambda seeds: at_most(mean(seeds), 0.15), normal)
    assert outcome.status == "undecided"
    assert outcome.how.startswith("384 seeds")


def test_what_a_second_set_of_seeds_does_not_show_is_not_refuted() -> None:
    outcome = judged(lambda seeds: at_most(mean(seeds), 0.5), lambda g, n, repeat: 1 - repeat + 0.1 * g.random(n))
    assert outcome.status == "undecided"
    assert "disagree" in outcome.how


def test_the_second_set_of_starts_has_none_of_the_first() -> None:
    first, second = (
        {b"".join(block.tobytes() for block in start.blocks.values()) for start in random_starts(
            PROBLEM, "generic", 24, repeat=repeat
        )}
        for repeat in (0, 1)
    )  # fmt: skip
    assert len(first) > 20
    assert len(second) > 20
    assert not first & second


def test_a_statistic_that_resampled_runs_do_not_have_gets_no_interval() -> None:
    """log(1) where all runs differ, and no finite number where one is drawn twice."""

    def all_differ(seeds: Seeds):
        distinct = seeds.values(lambda run: run.x).unique().numel()
        return torch.log(torch.tensor(float(distinct - seeds.count + 1)))

    for make in (lambda seeds: at_most(all_differ(seeds), 1.0), lambda seeds: equal(all_differ(seeds), 0.0)):
        outcome = judged(make, lambda generator, count, repeat: np.arange(count))
        assert outcome.status == "undecided"
        assert "not a number" in outcome.how
