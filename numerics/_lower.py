"""The only place where theory's formulas and programs become functions of numbers: NumPy, torch or mpmath."""

import builtins
import functools
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, overload

import numpy as np
import torch
from sympy import lambdify

from numerics._contract import Labels, plan_pair, plan_single
from numerics._errors import UsageError
from theory import Contraction, Formula, LinearCombination, Program

BACKENDS = ("numpy", "torch", "mpmath")
# SymPy prints Max of a number and an array as calls that neither library accepts.
_EXTREMA: dict[str, dict[str, Any]] = {
    "numpy": {
        "amax": lambda parts, axis: functools.reduce(np.maximum, parts),
        "amin": lambda parts, axis: functools.reduce(np.minimum, parts),
    },
    "torch": {
        "max": lambda *parts: functools.reduce(torch.maximum, map(_tensor, parts)),
        "min": lambda *parts: functools.reduce(torch.minimum, map(_tensor, parts)),
    },
}
Step = Callable[[dict[str, Any]], Any]


@dataclass
class CompiledProgram:
    """A theory program as straight-line array code; leading axes of the inputs are batch and broadcast.

    Calling it with a mapping of inputs returns the outputs under their public names. Plans are made once for each
    combination of input shapes. Object arrays (fractions, mpmath numbers) stay in their own arithmetic.
    """

    program: Program
    backend: str = "numpy"
    _plans: dict[Any, list[tuple[str, Step]]] = field(default_factory=dict, repr=False)

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Outputs of the program, under the program's output names."""
        values = self.evaluate(inputs)
        return {name: values[held] for name, held in self.program.outputs.items()}

    def evaluate(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Every named value of the program: inputs, intermediates, outputs under their assignment names.

        Raises:
            UsageError: if an input is missing or does not fit the others.
        """
        if missing := [name for name in self.program.inputs if name not in inputs]:
            raise UsageError(f"missing input {missing[0]!r}; the program needs {', '.join(self.program.inputs)}")
        values = {name: inputs[name] for name in self.program.inputs}
        for name, step in self.steps(values):
            values[name] = step(values)
        return values

    @functools.cached_property
    def _whole(self) -> bool:
        """Whether all coefficients are whole numbers, so that one plan serves every kind of number."""
        expressions = [line.expression for line in self.program.assignments]
        terms = [e.terms if isinstance(e, LinearCombination) else ((e.coefficient, ""),) for e in expressions]
        return all(coefficient.is_Integer for coefficient, _ in itertools.chain(*terms))

    def steps(self, values: Mapping[str, Any]) -> list[tuple[str, Step]]:
        """The planned assignments for inputs of these shapes and kind."""
        kinds = None if self._whole else tuple(values[name].dtype for name in self.program.inputs)
        key = (kinds, *(values[name].shape for name in self.program.inputs))
        if key not in self._plans:
            self._plans[key] = _plan(self.program, values, self.backend)
        return self._plans[key]


def _tensor(value: Any) -> Any:
    return value if hasattr(value, "shape") else torch.tensor(value, dtype=torch.float64)


def _with_rounded_constants(expression: Any) -> Any:
    """The expression with 6**(4/7), sqrt(3), .. as floats of 20 digits: torch's functions take no Python numbers."""
    if expression.is_number and expression.is_finite and not expression.is_rational:
        return expression.evalf(20)
    if not expression.args:
        return expression
    return expression.func(*map(_with_rounded_constants, expression.args))


@overload
def compile(source: Program, backend: str = "numpy") -> CompiledProgram: ...
@overload
def compile(source: Formula, backend: str = "numpy") -> Callable[..., Any]: ...
def compile(source: Program | Formula, backend: str = "numpy") -> Any:
    """Lower a theory object to a function of numbers.

    Arguments:
        source: a Program (see `CompiledProgram`) or a Formula (the function takes its args in their order).
        backend: "numpy", "torch", or "mpmath" (object arrays; a formula there takes numbers or object arrays).

    Raises:
        UsageError: if the backend is unknown or the source is neither.
    """
    if backend not in BACKENDS:
        raise UsageError(f"unknown backend {backend!r}; one of {', '.join(BACKENDS)}")
    if isinstance(source, Program):
        return CompiledProgram(source, backend)
    if not isinstance(source, Formula):
        raise UsageError(f"cannot compile a {type(source).__name__}; give a theory Program or Formula")
    modules = [_EXTREMA[backend], backend] if backend in _EXTREMA else backend
    expression = _with_rounded_constants(source.expression) if backend == "torch" else source.expression
    function = lambdify(list(source.args), expression, modules=modules, cse=True)
    if backend != "mpmath":
        return function

    def entrywise(*arguments: Any) -> Any:
        if any(isinstance(argument, np.ndarray) for argument in arguments):
            return np.frompyfunc(function, len(source.args), 1)(*arguments)
        return function(*arguments)

    return entrywise


def _plan(program: Program, inputs: Mapping[str, Any], backend: str) -> list[tuple[str, Step]]:
    """Steps for inputs of these shapes. Input ranks come from the first contraction that names the labels."""
    labels = _input_labels(program)
    known = {name: labels.get(name, ()) for name in program.inputs}
    leads = {name: len(inputs[name].shape) - len(known[name]) for name in program.inputs}
    sizes: dict[str, int] = {}
    for name in program.inputs:
        shape = tuple(inputs[name].shape)[max(leads[name], 0) :]
        for label, size in zip(known[name], shape, strict=False):
            if leads[name] < 0 or sizes.setdefault(label, size) != size:
                expected = ", ".join(f"{x}={sizes[x]}" if x in sizes else x for x in known[name])
                raise UsageError(f"input {name!r} has shape {tuple(inputs[name].shape)}, expected (..., {expected})")
    exact = backend != "torch" and any(inputs[name].dtype == object for name in program.inputs)
    steps: list[tuple[str, Step]] = []
    for line in program.assignments:
        if isinstance(line.expression, Contraction):
            step = _contraction(line.expression, sizes, leads, backend, exact)
            known[line.name] = line.expression.output
        else:
            step = _combination(line.expression, backend, exact)
            known[line.name] = known[line.expression.names[0]]
        leads[line.name] = max(leads[name] for name in line.expression.names)
        steps.append((line.name, step))
    return steps


def _input_labels(program: Program) -> dict[str, Labels]:
    """Labels of every name, from the contractions that use it and from sums with names that are known."""
    labels: dict[str, Labels] = {}
    for line in program.assignments:
        if isinstance(line.expression, Contraction):
            labels.update(dict(line.expression.operands))
            labels[line.name] = line.expression.output
    for _ in program.assignments:
        before = len(labels)
        for line in program.assignments:
            if isinstance(line.expression, LinearCombination):
                names = (line.name, *line.expression.names)
                found = [labels[name] for name in names if name in labels]
                labels.update({name: found[0] for name in names if found})
        if len(labels) == before:
            break
    return labels


def _number(coefficient: Any, backend: str, exact: bool) -> Any:
    """The coefficient as an int where it is one, else as a fraction (exact arithmetic) or a float."""
    if coefficient.is_Integer:
        return int(coefficient)
    if exact and coefficient.is_Rational and backend == "numpy":
        return Fraction(int(coefficient.p), int(coefficient.q))
    return lambdify([], coefficient, modules="mpmath")() if exact else float(coefficient)


def _scaled(values: Any, coefficient: Any) -> Any:
    if isinstance(coefficient, int) and coefficient == -1:
        return -values
    return values * coefficient


def _contraction(
    contraction: Contraction, sizes: dict[str, int], leads: Mapping[str, int], backend: str, exact: bool
) -> Step:
    operands = contraction.operands
    coefficient = _number(contraction.coefficient, backend, exact)
    unit = isinstance(coefficient, builtins.int) and coefficient == 1
    if len(operands) == 1:
        ((name, labels),) = operands
        single = plan_single(labels, contraction.output, leads[name], backend)
        return lambda values: single(values[name]) if unit else _scaled(single(values[name]), coefficient)
    (name, labels), *rest = operands
    lead = leads[name]
    chain: list[tuple[str, Callable[[Any, Any], Any]]] = []
    for place, (other, other_labels) in enumerate(rest, start=1):
        later = {x for _, names in rest[place:] for x in names} | set(contraction.output)
        last = place == len(rest)
        kept = dict.fromkeys((*labels, *other_labels))
        output = contraction.output if last else tuple(x for x in kept if x in later)
        chain.append((other, plan_pair(labels, other_labels, output, sizes, (lead, leads[other]), backend)))
        labels, lead = output, max(lead, leads[other])
    if len(chain) == 1:
        ((other, pair),) = chain
        if unit:
            return lambda values: pair(values[name], values[other])
        return lambda values: _scaled(pair(values[name], values[other]), coefficient)

    def step(values: dict[str, Any]) -> Any:
        result = values[name]
        for other, pair in chain:
            result = pair(result, values[other])
        return result if unit else _scaled(result, coefficient)

    return step


def _combination(combination: LinearCombination, backend: str, exact: bool) -> Step:
    terms = [(_number(coefficient, backend, exact), name) for coefficient, name in combination.terms]
    if [coefficient for coefficient, _ in terms] == [1, -1]:
        (_, plus), (_, minus) = terms
        return lambda values: values[plus] - values[minus]

    def step(values: dict[str, Any]) -> Any:
        result = values[terms[0][1]] * terms[0][0]
        for coefficient, name in terms[1:]:
            result = result + values[name] * coefficient
        return result

    return step
