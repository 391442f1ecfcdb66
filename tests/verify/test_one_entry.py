"""A single wrong entry, or a small error, is seen on one input, whatever else the relation compares."""

import pytest
import torch

from numerics import Architecture
from verify import Descent, Flow, State, Target, Verdict, at_most, conjecture, equal
from verify._batch import PathBatch
from verify._engine import judge_examples
from verify._events import Cell
from verify._judge_path import judge_descent, judge_flow
from verify._judge_state import audit_state, judge_state
from verify._judge_target import judge_target
from verify._strategies import draw_problems, problems

ARCHITECTURE = Architecture(1, (2, 3), (2, 2), "column")
PROBLEM = draw_problems(problems(ARCHITECTURE, kinds=("plain",)), 3, 3)[2]


def ask(subject: type, body):
    """The outcome of a relation body(subject) on one problem; State is asked without exact arithmetic."""

    def statement(it):
        return body(it)

    statement.__annotations__ = {"it": subject}
    claim = conjecture(statement)
    if subject is State:
        return judge_state(claim, PROBLEM)
    if subject is Target:
        return judge_target(claim, PROBLEM)
    batch = PathBatch([PROBLEM.for_path("generic")], "generic")
    return (judge_flow if subject is Flow else judge_descent)(claim, batch, 0)


NORM = {
    State: lambda s: torch.linalg.vector_norm(s.core),
    Target: lambda t: torch.linalg.vector_norm(t.tensor),
    Flow: lambda f: torch.sqrt(f.losses[3]),
    Descent: lambda d: torch.sqrt(d.losses[3]),
}


@pytest.mark.parametrize("subject", NORM, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("wrong", [0, 2, 4])
def test_one_wrong_entry_among_right_ones_is_a_violation(subject, wrong: int) -> None:
    factors = torch.ones(5)
    factors[wrong] += 1e-3
    assert ask(subject, lambda it: equal(NORM[subject](it) * factors, NORM[subject](it).expand(5))).status == "violated"
    assert ask(subject, lambda it: equal(NORM[subject](it) * torch.ones(5), NORM[subject](it))).status == "holds"


@pytest.mark.parametrize("subject", NORM, ids=lambda kind: kind.__name__)
def test_one_wrong_relation_beside_right_ones_is_a_violation(subject) -> None:
    def body(it):
        norm = NORM[subject](it)
        return [equal(norm, norm), at_most(norm, 0.999 * norm), at_most(0 * norm, norm)]

    assert ask(subject, body).status == "violated"


@pytest.mark.parametrize("subject", [State, Target, Descent], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("error", [1e-6, 1e-9, 1e-11])
def test_a_relative_error_far_above_rounding_is_a_violation(subject, error: float) -> None:
    assert ask(subject, lambda it: equal(NORM[subject](it), (1 + error) * NORM[subject](it))).status == "violated"


def test_an_audit_sees_what_stands_below_the_rounding_of_a_large_term() -> None:
    @conjecture
    def beside_a_large_term(state: State):
        norm = NORM[State](state)
        return equal(1e9 + norm / (1 + norm), 1e9 + (1 + 1e-7) * norm / (1 + norm))

    assert judge_state(beside_a_large_term, PROBLEM).status == "holds"
    assert audit_state(beside_a_large_term, PROBLEM).status == "violated"


# -- up to a power of the step
ORDERED = {
    "follows the flow": (lambda d: equal(d.losses, d.flow.losses, order=1), "holds"),
    "stays above it": (lambda d: equal(d.losses + 0.01, d.flow.losses, order=1), "violated"),
    "stays below it": (lambda d: equal(d.losses - 0.01, d.flow.losses, order=1), "violated"),
    "a bound with room": (lambda d: at_most(d.losses, d.flow.losses + 0.01, order=1), "holds"),
    "a bound that is exceeded": (lambda d: at_most(d.losses, d.flow.losses - 0.01, order=1), "violated"),
    "one of many stays": (lambda d: equal(d.losses + 0.01 * (d.times == 0.5), d.flow.losses, order=1), "violated"),
    "exactly and up to an order": (
        lambda d: [equal(d.losses, d.series(lambda s: s.loss)), equal(d.losses, d.flow.losses, order=1)],
        "holds",
    ),
    "exactly, and not up to an order": (
        lambda d: [equal(d.losses, d.series(lambda s: s.loss)), equal(d.losses + 0.01, d.flow.losses, order=1)],
        "violated",
    ),
    "up to an order, and not exactly": (
        lambda d: [equal(d.losses, 1.001 * d.losses), equal(d.losses, d.flow.losses, order=1)],
        "violated",
    ),
}


@pytest.mark.parametrize("name", ORDERED)
def test_relations_up_to_an_order_are_judged_on_both_sides_and_beside_exact_ones(name: str) -> None:
    body, status = ORDERED[name]
    assert ask(Descent, body).status == status


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, Verdict.SUPPORTED), (1.001, Verdict.REFUTED)])
def test_the_runs_of_one_batch_that_nobody_generated_support_or_refute(factor: float, verdict: Verdict) -> None:
    @conjecture
    def loss_is_that_of_the_state(descent: Descent):
        return equal(descent.losses, factor * descent.series(lambda s: s.loss))

    batch = PathBatch([PROBLEM.for_path("generic")], "generic")
    assert judge_examples(loss_is_that_of_the_state, Cell(1, 2, "column"), batch, 60.0).verdict is verdict
