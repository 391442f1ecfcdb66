"""Ordinary code in claims about paths: what it fills, stacks or takes out is read by the second look too."""

import math

import pytest
import torch

from verify import Descent, Flow, Verdict, check, conjecture, equal


def filled(states):
    losses = torch.zeros(len(states), dtype=torch.float64)
    for place, state in enumerate(states):
        losses[place] = state.loss
    return losses


@conjecture
def filled_along_a_flow(flow: Flow):
    return equal(filled(flow.states), flow.losses * 1.001)


@conjecture
def filled_along_a_descent(run: Descent):
    return equal(filled(run.states), run.losses * 1.001)


@conjecture
def stacked_along_a_descent(run: Descent):
    return equal(torch.as_tensor([state.loss for state in run.states]), run.losses * 1.001)


@conjecture
def beside_its_flow(run: Descent):
    """The flow is solved while the second look is open."""
    return equal(filled(run.flow.states), run.losses * 1.001)


@conjecture
def taken_out_along_a_flow(flow: Flow):
    roots = [math.sqrt(state.loss) for state in flow.states]
    return equal(torch.tensor(roots) ** 2, flow.losses * 1.001)


@conjecture
def modified_flow_at_third_order(run: Descent):
    return equal(filled(run.modified_flow.states), run.losses, order=3)


@conjecture
def modified_flow_at_second_order(run: Descent):
    return equal(torch.as_tensor([state.loss for state in run.modified_flow.states]), run.losses, order=2)


@conjecture
def roots_along_a_descent(run: Descent):
    roots = [math.sqrt(state.loss) for state in run.states]
    return equal(torch.as_tensor(roots, dtype=torch.float64) ** 2 * 0.3, 0.3 * run.losses)


@conjecture
def difference_of_what_was_taken_out(run: Descent):
    """Cancels to a millionth where the path is slow, and keeps the rounding of float64."""
    losses = [math.exp(math.log(state.loss)) if state.loss > 0 else 0.0 for state in run.states]
    return equal(losses[0] - losses[1], run.losses[0] - run.losses[1])


@pytest.mark.parametrize(
    ("claim", "refuted"),
    [
        (filled_along_a_flow, True),
        (filled_along_a_descent, True),
        (stacked_along_a_descent, True),
        (beside_its_flow, True),
        (taken_out_along_a_flow, True),
        (modified_flow_at_third_order, True),
        (modified_flow_at_second_order, False),
        (roots_along_a_descent, False),
        (difference_of_what_was_taken_out, False),
    ],
    ids=lambda value: getattr(value, "id", None),
)
def test_ordinary_code_is_read_in_a_second_look(claim, refuted: bool) -> None:
    result = check(claim, depth=2, order=2, paths=12)
    assert (result.verdict is Verdict.REFUTED) == refuted, result.detail
