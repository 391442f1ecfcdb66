"""What the engine tells its listeners. Every output (terminal, JSON, NDJSON, HTML, JUnit) is a listener."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ._verdict import Result


@dataclass(frozen=True)
class Cell:
    """One depth, order and chain."""

    depth: int
    order: int
    chain: str

    def __str__(self) -> str:
        return f"depth={self.depth} order={self.order} chain={self.chain}"


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
