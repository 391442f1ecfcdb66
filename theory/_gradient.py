"""Gradient flow of any parametrisation by the product rule, applied backwards along its steps.  Source: (3)."""

from __future__ import annotations

from functools import lru_cache

from ._parametrisation import Parametrisation
from ._program import Assignment, Contraction, LinearCombination, Program


@lru_cache(maxsize=256)
def gradient_flow(parametrisation: Parametrisation) -> Program:
    """d(block)/dt = -dL/d(block) for L = 1/2 sum weights (W - target)^2.

    Every step C = contract(A, B) is linear in A, so dL/dA is the contraction of dL/dC with B that leaves A's labels:
    the derivative of the map is the map with A taken out. One such line per block and intermediate: linear in depth.

    Arguments:
        parametrisation: any multilinear model.
    Returns: a program with inputs (blocks, "target", "weights"); it computes "W", "residual", "D" (the gradient of
        L at W), "dL/dX" for intermediates X, "dX/dt" for blocks X; outputs map each block to its "dX/dt".
    Source: (3).
    """
    output = parametrisation.output
    blocks = set(parametrisation.block_order)
    lines = list(parametrisation.steps)
    lines.append(Assignment("residual", LinearCombination(((1, "W"), (-1, "target")))))
    lines.append(Assignment("D", Contraction((("weights", output), ("residual", output)), output)))
    adjoint = {"W": "D"}
    for step in reversed(parametrisation.steps):
        contraction = step.expression
        assert isinstance(contraction, Contraction)
        seed = (adjoint[step.name], contraction.output)
        for place, (name, labels) in enumerate(contraction.operands):
            others = contraction.operands[:place] + contraction.operands[place + 1 :]
            leaf = name in blocks
            adjoint[name] = f"d{name}/dt" if leaf else f"dL/d{name}"
            sign = -1 if leaf else 1  # descent: the only place where the sign of the flow is chosen
            derivative = Contraction((seed, *others), labels, sign * contraction.coefficient)
            lines.append(Assignment(adjoint[name], derivative))
    inputs = (*parametrisation.block_order, "target", "weights")
    return Program(inputs, tuple(lines), {name: adjoint[name] for name in parametrisation.block_order})
