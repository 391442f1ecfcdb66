"""A scalar formula with its arguments, domain and source."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr, Float, Symbol, latex, sympify


@dataclass(frozen=True)
class Formula:
    """A closed expression that numerics may lower.

    Arguments:
        name: identifier.
        args: its arguments in the order in which it is called, written by hand.
        expression: the value; its free symbols are arguments.
        shape: shape of the value, () for a scalar.
        domain: where it holds, in words.
        source: equation number.
    Raises: ValueError on a free symbol that is no argument (lambdify would silently return a symbolic result) or on a
        float, because theory is exact.
    """

    name: str
    args: tuple[Symbol, ...]
    expression: Expr
    shape: tuple[str, ...] = ()
    domain: str = "all real arguments"
    source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "expression", sympify(self.expression))
        if len(set(self.args)) != len(self.args):
            raise ValueError(f"formula {self.name!r} has a repeated argument")
        if extra := self.expression.free_symbols - set(self.args):
            names = ", ".join(sorted(map(str, extra)))
            raise ValueError(f"formula {self.name!r} has free symbols that are no arguments: {names}")
        if self.expression.has(Float):
            raise ValueError(f"formula {self.name!r} contains a float; its coefficients must be exact")

    def at(self, *values: object) -> Expr:
        """The exact value at exact arguments, in order."""
        return self.expression.subs(dict(zip(self.args, map(sympify, values), strict=True)), simultaneous=True)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))}) = {self.expression}"

    def _repr_latex_(self) -> str:
        return f"${latex(self.expression)}$"
