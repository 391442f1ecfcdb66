"""A "superdiagonal" start comes with a superdiagonal target and L = 1/2 ||W - target||^2, as (12) has it."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from numerics import Architecture
from verify import Descent, Flow, State, Verdict, at_most, check, conjecture, equal
from verify._strategies import draw_problems, problems

quick = partial(check, order=3, examples=30, paths=7)


def off_diagonal(tensor):
    index = torch.meshgrid(*(torch.arange(size) for size in tensor.shape), indexing="ij")
    return tensor[torch.stack([i != index[0] for i in index]).any(0)].abs().sum()


@pytest.mark.parametrize("subject", [State, Flow, Descent])
def test_the_loss_is_the_one_of_the_reduced_equation(subject) -> None:
    def claim(x):
        s = x if isinstance(x, State) else x.start
        return [
            equal(s.weights, 1),
            equal(off_diagonal(s.target), 0),
            equal(s.loss, ((s.tensor - s.target) ** 2).sum() / 2),
        ]

    claim.__annotations__["x"] = subject
    result = quick(conjecture(claim, assumes="superdiagonal"), depth=2)
    assert result.verdict is Verdict.SUPPORTED, result.detail


def test_the_loss_falls_as_the_components_apart_say() -> None:
    @conjecture(assumes="superdiagonal")
    def energy(state: State):
        power = state.order * state.depth
        total = torch.zeros(())
        for r in range(min(*state.sizes, *state.ranks)):
            total = total - (power + 1) * state.slice_norms(0)[r] ** (2 * power) * state.gradient[(r,) * 3] ** 2
        return equal(state.rate(lambda s: s.loss), total)

    for depth in (1, 2):
        assert quick(energy, depth=depth).verdict is Verdict.SUPPORTED


def test_time_is_that_of_the_loss_with_weight_one() -> None:
    def early(weaker):
        @conjecture(assumes="superdiagonal")
        def escape(flow: Flow):
            power = flow.order * flow.depth
            g = flow.series(lambda s: s.slice_norms(0)[0])
            pull = weaker * flow.start.target[0, 0, 0].abs()
            return at_most(g[0] ** (1 - power), g ** (1 - power) + (power - 1) * pull * flow.times)

        return quick(escape, depth=2).verdict

    assert early(1.0) is Verdict.SUPPORTED
    assert early(0.5) is Verdict.REFUTED


@pytest.mark.parametrize("optimizer", ["gd", "momentum"])
def test_a_step_is_the_step_of_the_loss_with_weight_one(optimizer) -> None:
    @conjecture(assumes="superdiagonal", optimizer=optimizer)
    def first_step(descent: Descent):
        if int(descent.steps[1]) > 1:
            return equal(0.0, 0.0)
        before, after = descent.states[:2]
        moved = before.parameters["G"] - descent.step * before.block_gradients()["G"]
        return equal(after.parameters["G"], moved)

    assert quick(first_step, depth=1).verdict is Verdict.SUPPORTED


def test_what_is_made_smaller_keeps_a_superdiagonal_target_and_full_observation() -> None:
    """A shrunk candidate takes over the kind of what it came from, and entries and a mask that were drawn anew."""
    for problem in draw_problems(problems(Architecture(2, (2, 3, 2), (2, 2, 2), "gate")), 6, 1):
        renamed = replace(problem, kind=problem.aligned().kind)
        for of in (renamed, renamed.for_path("superdiagonal")):
            state = of.state("superdiagonal")
            assert off_diagonal(state.target) == 0
            assert len(state.weights.unique()) == 1
        again = problem.aligned().aligned()
        assert (again.target == problem.aligned().target).all()


def test_a_shrunk_counterexample_about_superdiagonal_paths_is_superdiagonal() -> None:
    @conjecture(assumes="superdiagonal")
    def loss_halves(run: Descent):
        return equal(run.losses, run.losses[:1] / 2, order=1)

    result = quick(loss_halves, depth=2)
    assert result.verdict is Verdict.REFUTED, result.detail
    target = torch.tensor(result.counterexample["target"])
    assert off_diagonal(target) == 0
