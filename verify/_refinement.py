"""What a finer step means for every update rule, and which gradient flow, if any, the rule follows."""

from __future__ import annotations

from typing import Any

from ._claim import ClaimError

# Rules that divide by the gradient's size go a length instead of a time: further, they arrive and chatter. Momentum
# goes 1 / (1 - mu) = 10 times further than its step says, so that the same length is 5/4 of the flow's time.
LENGTH = 1 / 8
MOMENTUM = 0.9
ALPHA, BETAS = 0.8, (0.9, 0.999)  # running means at the coarsest step
SETTLING = 2  # a rule's memory must have passed so often between two records before an order is read off


def pace(optimizer: str) -> float:
    """The time, or length, that a run of the rule goes, in units of its step."""
    return 1.0 if optimizer == "gd" else LENGTH


def options_of(optimizer: str, level: int) -> dict[str, Any]:
    """Options of the rule when its step is halved `level` times.

    A running mean remembers a fixed time, not a number of steps, so that halving the step refines one equation. Only
    heavy ball keeps its mu: its memory of a number of steps is what makes it follow the flow.
    """
    if optimizer in ("group-rmsprop", "rmsprop"):
        return {"alpha": 1 - (1 - ALPHA) / 2**level}
    if optimizer == "adam":
        return {"betas": tuple(1 - (1 - beta) / 2**level for beta in BETAS)}
    return {"momentum": MOMENTUM} if optimizer == "momentum" else {}


def speed(optimizer: str) -> float:
    """By how much the flow that a rule follows runs faster than step * number of steps. Source: (25).

    Raises:
        ClaimError: no gradient flow follows this rule.
    """
    if optimizer == "gd":
        return 1.0
    if optimizer == "momentum":
        return 1 / (1 - MOMENTUM)
    raise ClaimError(
        f"Descent.flow: no gradient flow at known times follows {optimizer}; only gd and momentum have one"
    )


def only_plain(optimizer: str) -> None:
    """Refuse the modified flow of a rule other than plain gradient descent. Source: (20).

    Raises:
        ClaimError: the rule is not "gd".
    """
    if optimizer != "gd":
        raise ClaimError(f"Descent.modified_flow: (20) speaks of plain gradient descent, not of {optimizer}")


def is_asymptotic(optimizer: str, level: int, steps_between: int, step: float, sharpness: float) -> bool:
    """Whether the step is so small that a discrepancy may be read as the leading power of the step.

    Plain descent: step * sharpness at most 1/4. Heavy ball: every mode overdamped, step * sharpness <= (1 - mu)^2 / 4,
    and its transient of 1 / (1 - mu) steps over between two records. Rules with running means: two halvings.
    """
    if optimizer == "gd":
        return step * sharpness <= 1 / 4
    if optimizer == "momentum":
        damped = step * sharpness <= (1 - MOMENTUM) ** 2 / 4
        return damped and steps_between * (1 - MOMENTUM) >= SETTLING
    return level >= 2
