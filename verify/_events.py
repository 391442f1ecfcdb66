"""What the engine tells its listeners. Every output (terminal, JSON, NDJSON, HTML, JUnit) is a listener."""

from __future__ import annotations

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
class StageStarted:
    """A stage of a cell with a number of steps, for progress."""

    cell: Cell
    name: str
    total: int


@dataclass(frozen=True)
class StageAdvanced:
    """One step of the current stage."""

    cell: Cell


@dataclass(frozen=True)
class ClaimJudged:
    """A verdict."""

    result: Result


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


Event = RunStarted | StageStarted | StageAdvanced | ClaimJudged | Note | RunFinished
Listener = Callable[[Event], None]
