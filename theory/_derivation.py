"""Derivations as objects: steps that are each checked, a conclusion that follows from them, a range in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from sympy import Expr, Symbol, expand, latex, limit, logcombine, powdenest, powsimp, simplify, sympify, together

from ._network import Network
from ._words import Words, rewrite

Side = Any  # Words | Network | Expr: SymPy has no types for mypy to tell them apart


@dataclass(frozen=True)
class Check:
    """Outcome of a check: does it hold, what remains where zero should, and a sentence."""

    holds: bool
    residual: str
    detail: str


@dataclass(frozen=True)
class Equality:
    """left = right, checked by reducing the difference to the normal form 0.

    Arguments:
        left, right: two SymPy expressions, two matrix-symbol expressions or two tensor networks.
        because: the reason, for a reader.
        assuming: hypotheses left = right that may be used: as rewriting rules for words, as substitutions for SymPy.
        names: what a reader calls the two sides; printed before the normal forms.
    """

    left: Side
    right: Side
    because: str
    assuming: tuple[tuple[Any, Any], ...] = ()
    names: tuple[str, str] = ("", "")

    def residual(self) -> str:
        """What remains of the difference: the text 0 when the step holds."""
        return difference(self.left, self.right, self.assuming)

    def __str__(self) -> str:
        left, right = str(self.left), str(self.right)
        if not any(self.names):
            return f"{left} = {right}"
        middle = f" = {left}" if left == right else f" = {left} = {right}"
        return f"{self.names[0]}{middle} = {self.names[1]}"

    def _latex(self) -> str:
        left, right = side_latex(self.left), side_latex(self.right)
        if not any(self.names):
            return f"{left} = {right}"
        middle = f" = {left}" if left == right else f" = {left} = {right}"
        return f"{text_latex(self.names[0])}{middle} = {text_latex(self.names[1])}"


@dataclass(frozen=True)
class Sign:
    """An expression is positive (or nonnegative) for all admitted values of its symbols."""

    expression: Expr
    because: str
    relation: Literal[">", ">="] = ">"
    assuming: tuple[tuple[Any, Any], ...] = ()

    def residual(self) -> str:
        """What remains of the difference: the text 0 when the step holds."""
        value = sympify(self.expression)
        for form in (lambda e: e, expand, simplify, lambda e: simplify(e).factor()):
            reduced = form(value)
            holds = reduced.is_positive if self.relation == ">" else reduced.is_nonnegative
            if holds:
                return "0"
            if holds is False:
                break
        return f"{value} {self.relation} 0 is not established"

    def __str__(self) -> str:
        return f"{self.expression} {self.relation} 0"

    def _latex(self) -> str:
        return f"{latex(self.expression)} {'>' if self.relation == '>' else chr(92) + 'ge'} 0"


@dataclass(frozen=True)
class Limit:
    """The limit of an expression, computed by SymPy and compared with the value that is claimed."""

    expression: Expr
    symbol: Symbol
    point: Expr
    value: Expr
    because: str
    side: Literal["+", "-"] = "+"
    assuming: tuple[tuple[Any, Any], ...] = ()

    def residual(self) -> str:
        """What remains of the difference: the text 0 when the step holds."""
        found = limit(self.expression, self.symbol, self.point, self.side)
        return "0" if found == self.value else difference(found, sympify(self.value), ())

    def __str__(self) -> str:
        return f"limit of {self.expression} as {self.symbol} -> {self.point} is {self.value}"

    def _latex(self) -> str:
        arrow = rf"{latex(self.symbol)} \to {latex(self.point)}"
        return rf"\lim_{{{arrow}}} {latex(self.expression)} = {latex(self.value)}"


Step = Equality | Sign | Limit


@dataclass(frozen=True)
class Route:
    """A second, independent way to the same result; run() says whether it holds and in how far that is a proof."""

    name: str
    run: Callable[[], Check] = field(compare=False)


@dataclass(frozen=True)
class Derivation:
    """One result with its proof.

    Arguments:
        id: name on the command line.
        equation: number in the design, "(5)".
        title: one line.
        statement: the result in words and symbols.
        steps: equalities, signs and limits, each checked.
        justification: why the steps prove the statement.
        range: for which depths, orders and sizes, in words.
        conclusions: pairs (left, right) that must follow from the equalities by transitivity.
        routes: second routes, run by check() as well.
        topic: the chapter it belongs to.
        hypotheses: what is assumed, in words.
        assumes: the same as one word of `verify`'s generator: "generic", "balanced", "matrix-balanced" or
            "superdiagonal"; a claim that assumes less is not proved by it.
        subjects: what the statement is about: a "State" (one point of parameter space), a "Flow", a "Descent", a
            "Target" (a tensor alone).
        loss: of which losses it speaks: "any" differentiable one, the "smooth" ones (twice continuously
            differentiable), or one by its name.
        applies: (depth, order, chain) -> bool, the part of the range in which groups are what the statement says.
    """

    id: str
    equation: str
    title: str
    statement: str
    steps: tuple[Step, ...]
    justification: str
    range: str
    conclusions: tuple[tuple[Side, Side], ...] = ()
    routes: tuple[Route, ...] = ()
    topic: str = "dynamics"
    hypotheses: str = "none"
    assumes: str = "generic"
    subjects: tuple[str, ...] = ("State",)
    loss: str = "any"
    applies: Callable[[int, int, str], bool] = field(default=lambda depth, order, chain: True, compare=False)

    def check(self) -> Check:
        """Reduce every step to zero, see that the conclusions follow, run the second routes."""
        for number, step in enumerate(self.steps, start=1):
            if (left_over := step.residual()) != "0":
                return Check(False, left_over, f"step {number} fails: {step}")
        for left, right in self.conclusions:
            if right not in reachable(left, self.steps):
                return Check(False, f"({left}) - ({right})", f"no chain of steps leads from {left} to {right}")
        details = [f"{len(self.steps)} steps reduce to zero"]
        for route in self.routes:
            outcome = route.run()
            if not outcome.holds:
                return Check(False, outcome.residual, f"{route.name}: {outcome.detail}")
            details.append(f"{route.name}: {outcome.detail}")
        return Check(True, "0", "; ".join(details))

    def _repr_latex_(self) -> str:
        lines = r" \\ ".join(f"& {step._latex()}" for step in self.steps)
        return rf"$$\begin{{aligned}} {lines} \end{{aligned}}$$"


def chain(
    start: Side, *links: tuple[Side, str] | tuple[Side, str, tuple[tuple[Any, Any], ...]]
) -> tuple[Equality, ...]:
    """start = first = second = ... as equalities; a link is (expression, reason[, hypotheses])."""
    steps = []
    left = start
    for link in links:
        right, because, assuming = link if len(link) == 3 else (*link, ())
        steps.append(Equality(left, right, because, assuming))
        left = right
    return tuple(steps)


def difference(left: Side, right: Side, assuming: tuple[tuple[Any, Any], ...] = ()) -> str:
    """Normal form of left - right under the hypotheses, as text; "0" exactly when it vanishes."""
    if isinstance(left, Words) and isinstance(right, Words):
        return str(rewrite(left - right, assuming))
    if isinstance(left, Network) and isinstance(right, Network):
        return str(left.expanded(dict(assuming)) - right.expanded(dict(assuming)))
    if isinstance(left, (Words, Network)) or isinstance(right, (Words, Network)):
        raise ValueError("a step compares two expressions of one kind")
    return str(reduced(sympify(left) - sympify(right), assuming))


def reduced(expression: Expr, assuming: tuple[tuple[Expr, Expr], ...] = ()) -> Expr:
    """The SymPy expression in the simplest form found by sound rewriting; 0 when it is recognised as zero."""
    value = expression.subs(list(assuming)) if assuming else expression
    for form in (expand, _powers, lambda e: _powers(together(e)), simplify, lambda e: simplify(logcombine(e))):
        value = form(value)
        if value == 0:
            return value
    return value


def _powers(expression: Expr) -> Expr:
    combined = powsimp(powdenest(expand(expression)))
    combined = combined.replace(
        lambda e: e.is_Pow and not e.exp.is_Atom, lambda e: e.base ** expand(together(e.exp).cancel())
    )
    return powsimp(expand(combined))


def reachable(start: Side, steps: tuple[Step, ...]) -> set[Side]:
    """All sides that the equalities make equal to the start, by symmetry and transitivity."""
    neighbours: dict[Side, list[Side]] = {}
    for step in steps:
        if isinstance(step, Equality):
            neighbours.setdefault(step.left, []).append(step.right)
            neighbours.setdefault(step.right, []).append(step.left)
    reached, waiting = {start}, [start]
    while waiting:
        new = set(neighbours.get(waiting.pop(), [])) - reached
        reached |= new
        waiting += new
    return reached


def text_latex(text: str) -> str:
    """LaTeX of the short formulas in which readers' names are written: <a, B>, ||B||^2, dL/dA, d/dt, A^T, W_r."""
    text = re.sub(r"\|\|([^|]*)\|\|", r"{\\lVert \1 \\rVert }", text)
    text = re.sub(r"\b([A-Za-z])(\d)\b", r"\1_{\2}", text)
    text = re.sub(r"dL/d(\w+)", r"\\partial L/\\partial \1", text)
    text = re.sub(r"(?<![\\A-Za-z/])d(gamma|[A-Za-z])(?![A-Za-z/])", r"\\mathrm{d}\1", text)
    text = text.replace("<", r"\langle ").replace(">", r" \rangle").replace("^T", r"^{\top}").replace(" * ", r" \cdot ")
    text = re.sub(r"(?<![\\A-Za-z])(gamma|sigma|alpha|eta|lambda)(?![A-Za-z])", r"\\\1", text)
    words = r"(?<![\\A-Za-z])([A-Za-z]{2,}(?: [A-Za-z]{2,})*)(?![A-Za-z])"
    return re.sub(
        words, lambda found: rf"\text{{{found[1]}}}", re.sub(r"(\w+)_rate|slice_norm_rate_\w+", _spaced, text)
    )


def _spaced(found: re.Match[str]) -> str:
    return found[0].replace("_", " ")


def side_latex(side: Side) -> str:
    return side._latex() if isinstance(side, (Words, Network)) else latex(side)
