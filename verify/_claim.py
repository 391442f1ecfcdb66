"""A claim: one function, what it is about, under which hypotheses, and from where."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ._events import Cell
from ._keywords import (
    SUBJECTS,
    ClaimError,
    Range,
    check_function,
    check_keywords,
    check_setting,
    check_words,
    check_wrong_variants,
    range_of,
)
from ._relations import Relation

CLAIMS_FOLDER = Path(__file__).resolve().parent / "claims"
_THEOREMS: dict[
    int, str
] = {}  # id(built-in claim) -> theory derivation; it is not part of a claim, which can be copied


def _everywhere(depth: int, order: int, chain: str) -> bool:
    return True


EVERYWHERE = Range(_everywhere, "the claim")  # a statement that is meant in every cell


@dataclass(frozen=True)
class Cannot:
    """The function of a conjecture that could not be read."""

    message: str

    def __call__(self, _: Any) -> Any:
        raise ClaimError(self.message)


@dataclass(frozen=True)
class Claim:
    """A statement about a State, a Flow, a Descent, a Target or Seeds.

    Arguments:
        id: the function's name with dashes; a claim's name is its conclusion, then its hypotheses.
        function: takes the subject, returns a relation (or several).
        subject: one of SUBJECTS.
        assumes: one of ASSUMPTIONS; built into the generator.
        model: what it is about: a name, a Parametrisation, a function of depth and order that returns one, or "any";
            None: whatever model the run is about.
        loss: a name, "any", "smooth" or a Loss; None: whatever the run is about.
        applies: the range in which the statement is meant.
        cells: for each cell of a run the one it is judged in, or why it is not, where that was asked before.
        negative: the title's relation is said *not* to hold in general; a confirmed counterexample supports the claim.
        mutants: name -> a wrong variant of `function` that the engine must refute.
        file, line, text: where the claim is defined; the whole text if that is a conjecture file that was read.
    """

    id: str
    function: Callable[[Any], Any]
    title: str
    source: str
    subject: str
    assumes: str = "generic"
    topic: str = "conjectures"
    optimizer: str = "gd"
    negative: bool = False
    model: Any = None
    loss: Any = None
    applies: Range = EVERYWHERE
    cells: Mapping[Cell, Cell | str] | None = field(default=None, repr=False, compare=False)
    mutants: dict[str, Callable[[Any], Any]] = field(default_factory=dict, compare=False)
    file: str | None = None
    line: int | None = None
    text: str | None = field(default=None, repr=False, compare=False)

    @property
    def derivation(self) -> str | None:
        """Id of the theory derivation that proves a built-in claim; a copy, a mutant or a claim of a user has none."""
        return _THEOREMS.get(id(self))

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
        return cls(id=id, function=Cannot(message), title=message, source="", subject="State", file=file, line=line)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """In another process a built-in claim is the one there: a proof belongs to that very object."""
        from .claims import EVERY

        if any(self is claim for claim in EVERY):
            return _built_in_claim, (self.id,)
        return super().__reduce_ex__(protocol)

    def cell_in(self, cell: Cell) -> Cell | str:
        """The cell in which the claim is judged where the run asks for this one, or one line that says why it is not.

        Raises:
            UsageError: its model has no such depth or order.
        """
        from ._models import TUCKER, cell_of_model, losses_of

        if self.cells is not None:
            return self.cells.get(cell, cell)
        if self.model == TUCKER and cell.description is not None:
            return f"it is about deep Tucker, not about {cell.model}"
        at = cell if self.model in (None, "any", TUCKER) else cell_of_model(self.model, cell)
        if self.loss is not None:
            own, name = losses_of(self.loss), self.loss if isinstance(self.loss, str) else self.loss.name
            if not at.asked and not is_built_in(self.file):
                at = replace(at, losses=own, loss=name, asked=True)
            elif not (both := tuple(loss for loss in at.losses if loss in own)):
                return f"it is about the {name} loss, not about {at.loss}"
            elif both != at.losses:
                at = replace(at, losses=both, loss=both[0].name if len(both) == 1 else name)
        if at.description is not None and self.subject == "Target":
            return "a Target is a tensor with the cost that deep Tucker charges for it; drop model="
        if at.description is not None and self.assumes == "superdiagonal":
            return f"{at.description.name} has no superdiagonal starts; deep Tucker has"
        return at if self.applies(at) else f"its applies= is False in {at}"

    def mutant(self, name: str) -> Claim:
        """The wrong variant `name` of this claim as a claim of its own, without a proof."""
        return replace(self, id=f"{self.id}!{name}", function=self.mutants[name], mutants={})


def _built_in_claim(id: str) -> Claim:
    from .claims import EVERY

    return next(claim for claim in EVERY if claim.id == id)


def check_orders(claim: Claim, stated: tuple[Relation, ...]) -> None:
    """`order=` speaks of the step of a Descent; a relation about anything else has no step, and it would be ignored.

    Raises: ClaimError.
    """
    if claim.subject != "Descent" and any(relation.order is not None for relation in stated):
        raise ClaimError(
            f"order= means 'up to O(step size ** order)', and a {claim.subject} has no step size; drop order=, "
            "or state the conjecture about a Descent"
        )


_REGISTRY: collecting | None = None


class collecting:
    """Context in which `@conjecture` also appends to a list (used while a file of conjectures is imported).

    Arguments:
        text: of the file that is imported.
    """

    def __init__(self, text: str) -> None:
        self.claims: list[Claim] = []
        self.text = text

    def __enter__(self) -> list[Claim]:
        global _REGISTRY
        self._outer, _REGISTRY = _REGISTRY, self
        return self.claims

    def __exit__(self, *_: object) -> None:
        global _REGISTRY
        _REGISTRY = self._outer


def _subject_of(function: Callable[..., Any]) -> str:
    parameters = list(inspect.signature(function).parameters.values())
    where = f"{function.__name__} (line {inspect.unwrap(function).__code__.co_firstlineno})"
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


def _built_in(function: Callable[..., Any]) -> bool:
    return is_built_in(getattr(sys.modules.get(function.__module__), "__file__", None))


def is_built_in(file: str | None) -> bool:
    """Whether a claim defined in this file is ours, whatever its topic: only those run without `conjectures=`."""
    return Path(file or "").resolve().parent == CLAIMS_FOLDER


def conjecture(
    title: Any = None,
    *,
    source: Any = "",
    assumes: Any = "generic",
    topic: Any = "conjectures",
    derivation: Any = None,
    optimizer: Any = None,
    negative: Any = False,
    model: Any = None,
    loss: Any = None,
    applies: Any = None,
    mutants: Any = None,
    **unknown: Any,
) -> Any:
    """Turn a function of one State, Flow, Descent, Target or Seeds into a claim that the engine can test.

    Arguments:
        title: one line; the function's name when absent.
        source: paper and equation.
        assumes: how the start is built: "generic", "balanced", "matrix-balanced", "unbalanced", "small" or
            "superdiagonal"; a Target is a tensor without a start and assumes nothing.
        model: what the statement is about: a name ("cp"), a description "A:ir, B:jr -> ij", a theory.parametrisation, a
            function of depth and order that returns one, or "any"; whatever the run is about when absent.
        loss: "squared", another name, "any", "smooth" (twice differentiable), or a numerics.Loss of your own.
        applies: a function of (depth, order, chain), or of the model alone, that says where the statement is meant.
        optimizer: of a Descent or Seeds: "gd" (default), "momentum", "group-rmsprop", "rmsprop" or "adam".
        derivation: id of the theory derivation that proves a built-in claim; a conjecture has none.
        negative: the relation is said not to hold in general; a confirmed counterexample then supports the claim.
        mutants: wrong variants that the engine must refute; a negative claim has none.

    Raises:
        ClaimError: an unknown keyword, assumption or optimizer, a keyword that means nothing for this subject, or an
            argument without one of the five types; while `python -m verify` reads a file it is kept for that claim's
            verdict, so that the others finish.
    """

    def decorate(function: Any) -> Claim:
        check_function(function)
        code, name = inspect.unwrap(function).__code__, function.__name__.replace("_", "-")
        theorem = derivation
        try:
            claim = described(function)
        except ClaimError as error:
            if _REGISTRY is None:
                raise
            claim, theorem = (
                Claim.broken(name.strip() or "nameless", str(error), code.co_filename, code.co_firstlineno),
                None,
            )
        if _REGISTRY is not None:
            claim = replace(claim, text=_REGISTRY.text)
            _REGISTRY.claims.append(claim)
        if theorem is not None:
            _THEOREMS[id(claim)] = theorem
        return claim

    def described(function: Callable[[Any], Any]) -> Claim:
        if not function.__name__.strip():
            raise ClaimError("a conjecture is called after its function, whose __name__ is empty; give it one")
        subject, where = _subject_of(function), function.__name__
        if derivation is not None and not _built_in(function):
            raise ClaimError(
                f"derivation={derivation!r} in {where}: a proof belongs to the statement it proves, so only built-in "
                "claims name one; drop derivation=, the conjecture is then judged on tensors"
            )
        check_words(where, title=title, source=source, topic=topic)
        check_keywords(where, subject, assumes, optimizer, negative, unknown)
        check_wrong_variants(where, mutants, negative)
        check_setting(where, model, loss)
        return Claim(
            id=function.__name__.replace("_", "-"),
            function=function,
            title=title if isinstance(title, str) else function.__name__.replace("_", " "),
            source=source,
            subject=subject,
            assumes=assumes,
            topic=topic,
            optimizer=optimizer or "gd",
            negative=negative,
            model="tucker" if model is None and _built_in(function) else model,
            loss="any" if loss is None and _built_in(function) else loss,
            applies=range_of(where, applies),
            mutants=dict(mutants or {}),
            file=inspect.unwrap(function).__code__.co_filename,
            line=inspect.unwrap(function).__code__.co_firstlineno,
        )

    if callable(title):  # used as @conjecture without parentheses
        function, title = title, None
        return decorate(function)
    return decorate
