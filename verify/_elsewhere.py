"""Claims of conjecture files as a run carries them: read in a process of their own, imported where they are judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from numerics import LOSSES, Loss, UsageError, loss_of

from ._apart import GRACE, Ended, apart
from ._claim import Cannot, Claim
from ._conjectures import IMPORT_SECONDS, broken, load_conjectures, text_of
from ._events import Cell
from ._keywords import ClaimError, Range
from ._stored import digest


def read_conjectures(path: Path, cells: tuple[Cell, ...]) -> list[Claim]:
    """The claims defined in a Python file, as `load_conjectures`, but nothing of the file is run in this process.

    Arguments:
        cells: in which `applies=` is asked.

    Raises:
        UsageError: no such file, no conjecture inside, or two of one name.
    """
    try:
        found: list[Claim] = apart(partial(_carried, path, cells), IMPORT_SECONDS + GRACE)
    except Ended as how:
        return [broken(path, f"importing it: the process {how}", None)]
    return found


def _carried(path: Path, cells: tuple[Cell, ...]) -> list[Claim]:
    claims = load_conjectures(path)
    read = next((claim.text for claim in claims if claim.text is not None), None)
    text = digest(text_of(path) if read is None else read)
    return [_portable(claim, _Home(path.resolve(), text, place), cells) for place, claim in enumerate(claims)]


def _portable(claim: Claim, home: _Home, cells: tuple[Cell, ...]) -> Claim:
    if isinstance(claim.function, Cannot):
        return claim
    places = {cell: _without_code(_place(claim, cell), home) for cell in cells}
    return replace(
        claim,
        function=Elsewhere(home, "", claim.statement),
        mutants={name: Elsewhere(home, name, claim.statement) for name in claim.mutants},
        model=None,
        loss=None,
        applies=_Answers({cell: _asked(claim, cell) for cell in (*cells, *places.values()) if isinstance(cell, Cell)}),
        cells=places,
    )


def _without_code(place: Cell | str, home: _Home) -> Cell | str:
    """The cell with a stand-in for a loss of the file's own, whose class exists in no other process."""
    if isinstance(place, str):
        return place
    losses = tuple(x if LOSSES.get(x.name) is x else LossElsewhere(home, x) for x in place.losses)
    return replace(place, losses=losses)


def _place(claim: Claim, cell: Cell) -> Cell | str:
    try:
        return claim.cell_in(cell)
    except UsageError as error:
        return str(error)


def _asked(claim: Claim, cell: Cell) -> bool | str:
    try:
        return claim.applies.check(cell)
    except ClaimError as error:
        return str(error)


@dataclass(frozen=True)
class _Home:
    """Where a conjecture is: file, hash of its text when it was read, place among the file's conjectures."""

    path: Path
    sha256: str
    place: int


class Elsewhere:
    """The function of a conjecture, or a wrong variant of it: called, it imports the file in the calling process."""

    def __init__(self, home: _Home, variant: str, doc: str) -> None:
        self._home, self._variant, self.__doc__ = home, variant, doc

    def __call__(self, *given: Any) -> Any:
        claim = _claims(self._home.path, self._home.sha256)[self._home.place]
        return (claim.mutants[self._variant] if self._variant else claim.function)(*given)


class LossElsewhere(Loss):
    """A loss of a conjecture file: called, it imports the file in the calling process."""

    def __init__(self, home: _Home, loss: Loss) -> None:
        self._home, self.name = home, loss.name
        self.polynomial, self.smooth, self.bounded_below = loss.polynomial, loss.smooth, loss.bounded_below
        self.targets, self.script = loss.targets, loss.script

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LossElsewhere) and (self._home, self.name) == (other._home, other.name)

    def __hash__(self) -> int:
        return hash((self._home, self.name))

    @property
    def _own(self) -> Loss:
        return loss_of(_claims(self._home.path, self._home.sha256)[self._home.place].loss)

    def value(self, W: Any, target: Any) -> Any:
        return self._own.value(W, target)

    def slope(self, W: Any, target: Any) -> Any:
        return self._own.slope(W, target)


@cache
def _claims(path: Path, sha256: str) -> list[Claim]:
    try:
        if digest(text_of(path)) != sha256:
            raise ClaimError("the file has changed since the run began; run it again")
        return load_conjectures(path)
    except UsageError as error:
        raise ClaimError(str(error)) from None


class _Answers(Range):
    """`applies=` as it answered when the file was read: a yes, a no, or why neither."""

    def __init__(self, answers: dict[Cell, bool | str]) -> None:
        self._answers = answers

    def check(self, cell: Cell) -> bool:
        answer = self._answers[cell]
        if isinstance(answer, str):
            raise ClaimError(answer)
        return answer
