"""Reference integrator: Taylor series of the compiled flow in many digits, for small cases."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np

from numerics._architecture import Architecture
from numerics._arithmetic import MP
from numerics._described import described
from numerics._errors import NotConverged, UsageError
from numerics._lower import compile
from theory import Contraction, squared_loss_flow

Array = np.ndarray


def solve_reference(
    architecture: Architecture,
    parameters: Mapping[str, Any],
    target: Any,
    weights: Any,
    times: Sequence[Any],
    *,
    digits: int = 50,
    terms: int | None = None,
) -> dict[str, Array]:
    """Blocks (T, *shape), object arrays of mpmath numbers, of one problem's gradient flow at `times`. Source: (3).

    The flow is polynomial, so its Taylor coefficients follow by Cauchy products through theory's program. The step is
    chosen so that the last two terms of the series are below 10^-(digits + 3) of the blocks.

    Arguments:
        digits: of the working precision; the result loses a few to accumulation.
        terms: of the series, by default digits.

    Raises:
        UsageError: if the times do not rise or the model has more than 400 parameters.
        NotConverged: the steps became so short that the time no longer moves (a blow-up, or too few digits).
    """
    if architecture.parameter_count > 400:
        raise UsageError(f"the reference integrator is for at most 400 parameters, got {architecture.parameter_count}")
    arithmetic, terms = MP(digits + 10), terms or digits
    with arithmetic.precision():
        instants = [mpmath.mpf(time) for time in times]
        if any(after <= before for before, after in pairwise(instants)):
            raise UsageError("times must be a rising list of numbers")
        series = _Series(architecture, arithmetic.array(target), arithmetic.array(weights), terms)
        blocks = {name: arithmetic.array(parameters[name]) for name in architecture.shapes}
        architecture.batch_shape(blocks)
        records = {name: [block] for name, block in blocks.items()}
        tolerance = mpmath.mpf(10) ** (-digits - 3)
        now = instants[0]
        for instant in instants[1:]:
            while now < instant:
                coefficients = series.expand(blocks)
                h = min(_step(coefficients, tolerance), instant - now)
                if not now + h > now:
                    raise NotConverged("the Taylor series of the flow", len(records), float(instant - now))
                blocks = {name: _horner(values, h) for name, values in coefficients.items()}
                now = now + h if now + h < instant else instant
            for name, block in blocks.items():
                records[name].append(block)
        return {name: np.stack(values) for name, values in records.items()}


class _Series:
    """Taylor coefficients of all values of the flow's program, one order after the other."""

    def __init__(self, architecture: Architecture, target: Array, weights: Array, terms: int) -> None:
        program = squared_loss_flow(described(architecture))
        self.program, self.terms = compile(program, "mpmath"), terms
        self.target, self.weights = target, weights

    def expand(self, blocks: Mapping[str, Array]) -> dict[str, list[Array]]:
        """Coefficients 0..terms of every block along the flow through `blocks`."""
        program = self.program.program
        constants = {"target": self.target, "weights": self.weights}
        series: dict[str, list[Array]] = {name: [block] for name, block in blocks.items()}
        series |= {line.name: [] for line in program.assignments}
        inputs = {**blocks, **constants}
        steps = dict(self.program.steps(inputs))
        for k in range(self.terms):
            for line in program.assignments:
                series[line.name].append(_coefficient(line.expression, steps[line.name], series, constants, k))
            for name in blocks:
                series[name].append(series[program.outputs[name]][k] / (k + 1))
        return {name: series[name] for name in blocks}


def _coefficient(expression: Any, step: Any, series: Any, constants: Mapping[str, Array], k: int) -> Array:
    """Coefficient k of one assignment: a Cauchy product where two operands move."""
    names = expression.names
    if not isinstance(expression, Contraction):
        return step({n: constants[n] * (k == 0) if n in constants else series[n][k] for n in names})
    moving = [name for name in names if name not in constants]
    if len(moving) < 2:
        return step({name: constants[name] if name in constants else series[name][k] for name in names})
    first, second = names
    return sum(step({first: series[first][j], second: series[second][k - j]}) for j in range(k + 1))


def _step(coefficients: Mapping[str, list[Array]], tolerance: Any) -> Any:
    largest = max(abs(values[0]).max() for values in coefficients.values()) or mpmath.mpf(1)
    steps = []
    for back in (1, 2):
        power = len(next(iter(coefficients.values()))) - back
        last = max(abs(values[-back]).max() for values in coefficients.values())
        if last:
            steps.append((tolerance * largest / last) ** (mpmath.mpf(1) / power))
    return min(steps, default=mpmath.mpf(1))


def _horner(values: list[Array], h: Any) -> Array:
    total = values[-1]
    for value in reversed(values[:-1]):
        total = total * h + value
    return total
