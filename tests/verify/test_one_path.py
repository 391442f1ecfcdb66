"""Large terms, rounding, solved flows and coarse steps on a few paths: what they hide, and what they must not."""

import pytest
import torch

from numerics import Architecture
from verify import Descent, Flow, conjecture, constant, equal
from verify._batch import PathBatch
from verify._judge_path import judge_descent, judge_flow
from verify._strategies import draw_problems, problems

DRAWN = draw_problems(problems(Architecture(1, (2, 3), (2, 2), "column"), kinds=("plain",)), 3, 3)
BATCH = PathBatch([problem.for_path("unbalanced") for problem in DRAWN], "unbalanced")


def statuses(subject: type, body, optimizer: str = "gd", count: int = 3) -> set[str]:
    """What the first paths of the batch say of the relation body(path)."""

    def statement(it):
        return body(it)

    statement.__annotations__ = {"it": subject}
    options = {"optimizer": optimizer} if subject is Descent else {}
    claim = conjecture(assumes="unbalanced", **options)(statement)
    ask = judge_flow if subject is Flow else judge_descent
    return {ask(claim, BATCH, index).status for index in range(count)}


def excess(state):
    squares = state.block_norms(mode=0) ** 2
    return squares[1:] - squares[:1]


def loss(state):
    return state.loss


@pytest.mark.parametrize("term", [1e5, 1e9, 1e13, 1e17])
def test_along_a_flow_a_large_common_term_hides_nothing_and_spoils_nothing(term: float) -> None:
    assert statuses(Flow, lambda f: constant(term + f.losses)) == {"violated"}
    assert statuses(Flow, lambda f: equal(term + f.losses, f.series(loss) + term)) == {"holds"}


@pytest.mark.parametrize("term", [1e5, 1e12, 1e15])
def test_in_a_descent_a_large_common_term_hides_nothing_and_spoils_nothing(term: float) -> None:
    assert "holds" not in statuses(Descent, lambda d: constant(term + d.losses))
    assert statuses(Descent, lambda d: equal(term + d.losses, d.series(loss) + term)) == {"holds"}


def test_an_order_below_the_resolution_of_float64_is_not_granted() -> None:
    assert "holds" not in statuses(Descent, lambda d: constant(1e12 + d.series(excess), order=3))
    assert statuses(Descent, lambda d: constant(1e12 + d.series(excess), order=1)) == {"holds"}


def test_a_flow_beside_a_descent_has_its_own_error() -> None:
    assert statuses(Descent, lambda d: constant(d.flow.series(excess))) == {"holds"}
    assert statuses(Descent, lambda d: equal(d.flow.losses, d.flow.series(loss))) == {"holds"}
    assert statuses(Descent, lambda d: constant(d.flow.losses)) == {"violated"}


def test_heavy_ball_keeps_to_first_order_what_the_flow_conserves() -> None:
    assert statuses(Descent, lambda d: constant(d.series(excess), order=1), "momentum", 1) == {"holds"}
    drift = lambda d: equal(d.series(excess), d.series(excess)[:1] + 1e-3 * d.times[:, None, None], order=1)  # noqa: E731
    assert statuses(Descent, drift, "momentum", 1) == {"violated"}


def test_descent_follows_the_modified_flow_to_second_order_and_not_to_third() -> None:
    def follows(order: int):
        return lambda d: equal(d.series(lambda s: s.tensor), d.modified_flow.series(lambda s: s.tensor), order=order)

    assert statuses(Descent, follows(2)) == {"holds"}
    assert "holds" not in statuses(Descent, follows(3))
    assert "violated" in statuses(Descent, follows(3))


def test_a_recurrence_in_which_float64_cancels_is_asked_in_more_digits() -> None:
    def summed(descent: Descent):
        core = descent.series(lambda s: s.core)
        return equal(core - core[:1], torch.cumsum(torch.cat([core[:1] * 0, core[1:] - core[:-1]]), 0))

    assert statuses(Descent, summed, "momentum") == {"holds"}
