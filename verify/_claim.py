"""A claim: one function, what it is about, under which hypotheses, and from where."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

ASSUMPTIONS = ("generic", "balanced", "matrix-balanced", "unbalanced", "small", "superdiagonal")
SUBJECTS = ("State", "Flow", "Descent", "Target", "Seeds")


class ClaimError(Exception):
    """A conjecture that cannot be used; the message is one line and says what to change."""


@dataclass(frozen=True)
class Claim:
    """A statement about a State, a Flow, a Descent, a Target or Seeds.

    Arguments:
        id: the function's name with dashes; a claim's name is its conclusion, then its hypotheses.
        function: takes the subject, returns a relation (or several).
        subject: one of SUBJECTS.
        assumes: one of ASSUMPTIONS; built into the generator.
        applies: (depth, order, chain) -> bool, the range in which the statement is meant.
        derivation: id of the theory derivation that proves it, if any.
        negative: the title's relation is said *not* to hold in general; a confirmed counterexample supports the claim.
        mutants: name -> a wrong variant of `function` that the engine must refute.
    """

    id: str
    function: Callable[[Any], Any]
    title: str
    source: str
    subject: str
    assumes: str = "generic"
    topic: str = "conjectures"
    derivation: str | None = None
    optimizer: str = "gd"
    negative: bool = False
    applies: Callable[[int, int, str], bool] = lambda depth, order, chain: True
    mutants: dict[str, Callable[[Any], Any]] = field(default_factory=dict, compare=False)
    file: str | None = None
    line: int | None = None

    @property
    def statement(self) -> str:
        """The docstring: the theorem in words."""
        return inspect.getdoc(self.function) or self.title

    @property
    def headline(self) -> str:
        """The title as a reader must see it beside a verdict: a negative claim says that its relation does not hold."""
        return f"Not in general: {self.title}" if self.negative else self.title

    @classmethod
    def broken(cls, id: str, message: str, file: str, line: int | None) -> Claim:
        """What stands in for a conjecture that could not be read: judged, it is an ERROR with its file and line."""

        def cannot(_: Any) -> None:
            raise ClaimError(message)

        return cls(id=id, function=cannot, title=message, source="", subject="State", file=file, line=line)

    def mutant(self, name: str) -> Claim:
        """The wrong variant `name` of this claim as a claim of its own, without a proof."""
        return replace(self, id=f"{self.id}!{name}", function=self.mutants[name], derivation=None, mutants={})


_REGISTRY: list[Claim] | None = None


class collecting:
    """Context in which `@conjecture` also appends to a list (used while a file of conjectures is imported)."""

    def __init__(self) -> None:
        self.claims: list[Claim] = []

    def __enter__(self) -> list[Claim]:
        global _REGISTRY
        self._outer, _REGISTRY = _REGISTRY, self.claims
        return self.claims

    def __exit__(self, *_: object) -> None:
        global _REGISTRY
        _REGISTRY = self._outer


def _subject_of(function: Callable[..., Any]) -> str:
    parameters = list(inspect.signature(function).parameters.values())
    where = f"{function.__name__} (line {function.__code__.co_firstlineno})"
    if len(parameters) != 1:
        raise ClaimError(
            f"conjecture {where} must take exactly one argument, a {', '.join(SUBJECTS)}; it takes {len(parameters)}"
        )
    annotation = parameters[0].annotation
    if isinstance(annotation, str):
        try:
            annotation = typing.get_type_hints(function).get(parameters[0].name, annotation)
        except Exception:
            annotation = annotation.rpartition(".")[2]
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    if annotation is inspect.Parameter.empty:
        raise ClaimError(
            f"conjecture {where} must type its argument, `{parameters[0].name}: State`; one of {', '.join(SUBJECTS)}"
        )
    if name not in SUBJECTS:
        raise ClaimError(
            f"conjecture {where} is about '{name}'; the argument's type must be one of {', '.join(SUBJECTS)}"
        )
    return name


def conjecture(
    title: str | Callable[[Any], Any] | None = None,
    *,
    source: str = "",
    assumes: str = "generic",
    topic: str = "conjectures",
    derivation: str | None = None,
    optimizer: str = "gd",
    negative: bool = False,
    applies: Callable[[int, int, str], bool] | None = None,
    mutants: dict[str, Callable[[Any], Any]] | None = None,
) -> Any:
    """Turn a function of one State, Flow, Descent, Target or Seeds into a claim that the engine can test.

    Arguments:
        title: one line; the function's name when absent.
        source: paper and equation.
        assumes: "generic", "balanced", "matrix-balanced", "unbalanced" or "small"; the generator builds it in.
        applies: (depth, order, chain) -> bool, the range in which the statement is meant.
        optimizer: for a Descent: "gd", "momentum", "group-rmsprop", "rmsprop" or "adam".
        derivation: id of the theory derivation that proves it (built-in claims).
        negative: the relation is said not to hold in general; a confirmed counterexample then supports the claim.
        mutants: wrong variants that the engine must refute.

    Raises:
        ClaimError: unknown assumption, or an argument without one of the five types; while `python -m verify` reads a
            file it is kept for that claim's verdict, so that the others finish.
    """

    def decorate(function: Callable[[Any], Any]) -> Claim:
        code, name = function.__code__, function.__name__.replace("_", "-")
        try:
            claim = described(function)
        except ClaimError as error:
            if _REGISTRY is None:
                raise
            claim = Claim.broken(name, str(error), code.co_filename, code.co_firstlineno)
        if _REGISTRY is not None:
            _REGISTRY.append(claim)
        return claim

    def described(function: Callable[[Any], Any]) -> Claim:
        if assumes not in ASSUMPTIONS:
            raise ClaimError(f"assumes={assumes!r} in {function.__name__}: choose one of {', '.join(ASSUMPTIONS)}")
        return Claim(
            id=function.__name__.replace("_", "-"),
            function=function,
            title=title if isinstance(title, str) else function.__name__.replace("_", " "),
            source=source,
            subject=_subject_of(function),
            assumes=assumes,
            topic=topic,
            derivation=derivation,
            optimizer=optimizer,
            negative=negative,
            applies=applies or (lambda depth, order, chain: True),
            mutants=mutants or {},
            file=function.__code__.co_filename,
            line=function.__code__.co_firstlineno,
        )

    if callable(title):  # used as @conjecture without parentheses
        function, title = title, None
        return decorate(function)
    return decorate
