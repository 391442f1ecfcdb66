"""Gradient flow of any parametrisation by the product rule, applied backwards along its steps.  Source: (3), (22)."""

from __future__ import annotations

from functools import lru_cache

from ._parametrisation import Parametrisation
from ._program import Assignment, Contraction, LinearCombination, Program


@lru_cache(maxsize=256)
def gradient_flow(parametrisation: Parametrisation) -> Program:
    """d(block)/dt = -dL/d(block) for every loss L: its gradient D at W is an input.

    Every step C = contract(A, B) is linear in A, so dL/dA is the contraction of dL/dC with B that leaves A's labels:
    the derivative of the map is the map with A taken out. One such line per place of a block and per intermediate:
    linear in depth. A block that stands in several places receives the sum of its contributions.

    Arguments:
        parametrisation: any model.
    Returns: a program with inputs (blocks, "D"); it computes "W", which does not depend on D, "dL/dX" for
        intermediates X, "dX/dt" for blocks X, with the contributions "dX/dt.1", .. where X stands several times;
        outputs map each block to its "dX/dt".
    Source: (3), (22).
    """
    output = parametrisation.output
    blocks = set(parametrisation.block_order)
    places = {name: sum(term.count(name) for term in parametrisation.terms) for name in blocks}
    lines = list(parametrisation.steps)
    adjoint = {"W": "D"}
    found: dict[str, list[str]] = {}
    for step in reversed(parametrisation.steps):
        expression = step.expression
        if not isinstance(expression, Contraction):
            for coefficient, name in expression.terms:
                adjoint[name] = f"dL/d{name}"
                lines.append(Assignment(adjoint[name], Contraction((("D", output),), output, coefficient)))
            continue
        seed = (adjoint[step.name], expression.output)
        for place, (name, labels) in enumerate(expression.operands):
            others = expression.operands[:place] + expression.operands[place + 1 :]
            sign, target = 1, f"dL/d{name}"
            if name in blocks:  # descent: the only place where the sign of the flow is chosen
                parts = found.setdefault(name, [])
                sign, target = -1, f"d{name}/dt" if places[name] == 1 else f"d{name}/dt.{len(parts) + 1}"
                parts.append(target)
            else:
                adjoint[name] = target
            lines.append(Assignment(target, Contraction((seed, *others), labels, sign * expression.coefficient)))
    for name, parts in found.items():
        if len(parts) > 1:
            lines.append(Assignment(f"d{name}/dt", LinearCombination(tuple((1, part) for part in parts))))
    outputs = {name: f"d{name}/dt" for name in parametrisation.block_order}
    return Program((*parametrisation.block_order, "D"), tuple(lines), outputs)


@lru_cache(maxsize=256)
def squared_loss_flow(parametrisation: Parametrisation) -> Program:
    """The flow of L = 1/2 sum weights (W - target)^2 as one program: D = weights (W - target) is computed in it.

    Returns: a program with inputs (blocks, "target", "weights") that also computes "residual" and "D".
    Source: (3).
    """
    flow, output = gradient_flow(parametrisation), parametrisation.output
    forward = len(parametrisation.steps)
    loss = (
        Assignment("residual", LinearCombination(((1, "W"), (-1, "target")))),
        Assignment("D", Contraction((("weights", output), ("residual", output)), output)),
    )
    lines = (*flow.assignments[:forward], *loss, *flow.assignments[forward:])
    return Program((*parametrisation.block_order, "target", "weights"), lines, flow.outputs)
