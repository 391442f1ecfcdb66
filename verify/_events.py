"""What the engine tells its listeners. Every output (terminal, JSON, NDJSON, HTML, JUnit) is a listener."""

from __future__ import annotations

import sys
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from numerics import SQUARED, Loss
from theory import Parametrisation
from theory.files import in_words

from ._verdict import Exit, Result


@dataclass(frozen=True)
class Cell:
    """One model of one depth, order and chain, under one loss or several.

    Arguments:
        model: its name; description: what it is, None for deep Tucker.
        loss: its name, or that of a class of losses; losses: the objects.
        asked: whether the loss was asked for, or is but the default.
    """

    depth: int
    order: int
    chain: str
    model: str = "tucker"
    loss: str = "squared"
    description: Parametrisation | None = field(default=None, repr=False)
    losses: tuple[Loss, ...] = field(default=(SQUARED,), repr=False)
    asked: bool = field(default=False, repr=False, compare=False)

    def __str__(self) -> str:
        return in_short(self.model, self.depth, self.order, self.chain, self.loss)


def in_short(model: str, depth: int, order: int, chain: str, loss: str) -> str:
    """A cell in words: what is as it is by default is left out."""
    words = f"depth={depth} order={order}"
    words = f"{words} chain={chain}" if model == "tucker" else f"model={model} {words}"
    return words if loss == "squared" else f"{words} loss={loss}"


@dataclass(frozen=True)
class RunStarted:
    """The configuration as plain data, the cells and the number of (claim, cell) pairs to judge."""

    config: dict[str, Any]
    cells: tuple[Cell, ...]
    claims: int


@dataclass(frozen=True)
class ClaimJudged:
    """A verdict, and its place among all of the run: verdicts come in any order, reports keep that of the claims."""

    result: Result
    place: int = 0


@dataclass(frozen=True)
class Note:
    """A line for the reader that belongs to no claim."""

    text: str


@dataclass(frozen=True)
class RunFinished:
    """The end; `interrupted` when the run was cut short."""

    exit_code: int
    seconds: float
    interrupted: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


def in_order(judged: list[ClaimJudged], event: ClaimJudged) -> list[Result]:
    """File a verdict where it belongs, and return all results so far."""
    insort(judged, event, key=lambda other: other.place)
    return [other.result for other in judged]


Event = RunStarted | ClaimJudged | Note | RunFinished
Listener = Callable[[Event], None]


class Audience:
    """Tells every listener what happens. One whose output is gone (a full disk, a reader that left) is told no more,
    the others are, and the run ends as an error of the tool; whatever is judged by then is kept."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = list(listeners)
        self._lost = False

    def tell(self, event: Event) -> None:
        """The event, to all that can still be told."""
        for listener in tuple(self._listeners):
            said = replace(event, exit_code=self._code(event.exit_code)) if isinstance(event, RunFinished) else event
            try:
                listener(said)
            except OSError as error:
                self._listeners.remove(listener)
                self.lose(error)

    def lose(self, error: OSError) -> None:
        """One line on stderr about an output that could not be written."""
        self._lost = True
        if not (isinstance(error, BrokenPipeError) and error.filename is None):  # who reads stdout no more knows it
            print(f"verify: {error.filename or 'stdout'}: {in_words(error)}; the run goes on without", file=sys.stderr)

    def finish(self, end: RunFinished) -> int:
        """Tell the end; returns the exit code, which is never green where an output was lost."""
        self.tell(end)
        return self._code(end.exit_code)

    def _code(self, code: int) -> int:
        return Exit.ERROR if self._lost and code != Exit.INTERRUPTED else code
