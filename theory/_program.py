"""Straight-line programs of tensor contractions: the form in which theory hands its formulas on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sympy import Rational, sympify
from sympy.core.expr import Expr

Labels = tuple[str, ...]


def exact(value: object) -> Expr:
    """The number as an exact SymPy number; a float is refused, because theory is exact.

    Raises: ValueError for a float or anything that is not a finite number.
    """
    if isinstance(value, float):
        raise ValueError(f"coefficient {value!r} is a float; write an exact number such as Rational(1, 2)")
    number = sympify(value)
    if not (isinstance(number, Expr) and number.is_number and number.is_finite):
        raise ValueError(f"coefficient {value!r} is not a finite number")
    return number


@dataclass(frozen=True)
class Contraction:
    """A product of named tensors summed over every label that the output does not carry; hyperedges are allowed.

    Arguments:
        operands: pairs (name of a tensor, its labels); a label may occur in more than two operands.
        output: labels of the result, each carried by some operand, none twice.
        coefficient: an exact number in front.
    Raises: ValueError when the output has a repeated label or one that no operand carries.
    """

    operands: tuple[tuple[str, Labels], ...]
    output: Labels
    coefficient: Any = field(default=Rational(1))  # an exact number, made a SymPy number at once

    def __post_init__(self) -> None:
        object.__setattr__(self, "operands", tuple((name, tuple(labels)) for name, labels in self.operands))
        object.__setattr__(self, "output", tuple(self.output))
        object.__setattr__(self, "coefficient", exact(self.coefficient))
        if not self.operands:
            raise ValueError("a contraction needs at least one operand")
        for name, labels in self.operands:
            if len(set(labels)) != len(labels):
                raise ValueError(f"operand {name!r} carries a label twice: {labels}")
        carried = {label for _, labels in self.operands for label in labels}
        if len(set(self.output)) != len(self.output):
            raise ValueError(f"output carries a label twice: {self.output}")
        if missing := [label for label in self.output if label not in carried]:
            raise ValueError(f"output label {missing[0]!r} is carried by no operand")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the operands."""
        return tuple(name for name, _ in self.operands)

    def __str__(self) -> str:
        summed = sorted({x for _, labels in self.operands for x in labels} - set(self.output))
        product = " ".join(f"{name}[{','.join(labels)}]" for name, labels in self.operands)
        scale = "" if self.coefficient == 1 else f"({self.coefficient}) "
        return f"{scale}sum_{{{','.join(summed)}}} {product}" if summed else f"{scale}{product}"


@dataclass(frozen=True)
class LinearCombination:
    """A sum of named tensors of one shape with exact coefficients: ((coefficient, name), ...)."""

    terms: tuple[tuple[Any, str], ...]  # exact numbers, made SymPy numbers at once

    def __post_init__(self) -> None:
        if not self.terms:
            raise ValueError("a linear combination needs at least one term")
        object.__setattr__(self, "terms", tuple((exact(c), name) for c, name in self.terms))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms."""
        return tuple(name for _, name in self.terms)

    def __str__(self) -> str:
        return " + ".join(name if c == 1 else f"({c}) {name}" for c, name in self.terms)


@dataclass(frozen=True)
class Assignment:
    """One line of a program: name = expression."""

    name: str
    expression: Contraction | LinearCombination

    def __str__(self) -> str:
        return f"{self.name} = {self.expression}"


@dataclass(frozen=True)
class Program:
    """Assignments in single-assignment form from named inputs to named outputs.

    Arguments:
        inputs: names that the caller supplies.
        assignments: each uses inputs and earlier assignments only; no name is assigned twice.
        outputs: what the caller asks for -> the name that holds it.
    Raises: ValueError that names the offending assignment.
    """

    inputs: tuple[str, ...]
    assignments: tuple[Assignment, ...]
    outputs: dict[str, str]

    def __post_init__(self) -> None:
        known = set(self.inputs)
        for line in self.assignments:
            if line.name in known:
                raise ValueError(f"{line.name!r} is assigned twice")
            if unknown := [name for name in line.expression.names if name not in known]:
                raise ValueError(f"assignment {line.name!r} uses {unknown[0]!r} before it is known")
            known.add(line.name)
        if lost := [name for name in self.outputs.values() if name not in known]:
            raise ValueError(f"output {lost[0]!r} is never assigned")

    def __iter__(self) -> Iterator[Assignment]:
        return iter(self.assignments)

    def __str__(self) -> str:
        return "\n".join(map(str, self.assignments))
