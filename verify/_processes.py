"""Parts of cells judged in parallel processes, one result at a time; a process that dies costs only its own claims."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from ._claim import Claim
from ._engine import PATHS, CellRun, blank
from ._events import Cell
from ._inputs import Inputs, Settings
from ._verdict import Result

KINDS = (("Seeds",), PATHS, ("Target",), ("State",))  # subjects that share runs or states, by what a part of them costs


@dataclass(frozen=True)
class Part:
    """Claims of one cell that share what they are judged on; `places` are theirs in the whole run."""

    cell: Cell
    claims: tuple[Claim, ...]
    places: tuple[int, ...]


def parts_of(claims: Sequence[Claim], cells: Sequence[Cell]) -> list[Part]:
    """What can be judged apart without training, solving or evaluating anything twice: the claims of a cell about one
    kind of subject under one assumption, of one update rule. What takes longer goes first."""
    parts: dict[tuple[int, int, str, str], Part] = {}
    for number, cell in enumerate(cells):
        for place, claim in enumerate(claims):
            if claim.applies(cell.depth, cell.order, cell.chain):
                kind = next(at for at, subjects in enumerate(KINDS) if claim.subject in subjects)
                key = (number, kind, claim.assumes, claim.optimizer)
                part = parts.get(key, Part(cell, (), ()))
                parts[key] = Part(cell, (*part.claims, claim), (*part.places, number * len(claims) + place))
    return [parts[key] for key in sorted(parts, key=lambda key: key[:2])]


def judge_parts(parts: Sequence[Part], settings: Settings, jobs: int) -> Iterator[tuple[int, Result]]:
    """(place, result) of every claim, as they come; at most `jobs` processes at a time, none where one is asked for.

    The processes are forked: they hold torch, SymPy and the claims (plain functions of user files, which do not pickle)
    already. They are gone when the iterator ends, is closed or raises.
    """
    if jobs == 1 or sys.platform == "win32":
        judge = _Judge(settings)
        for part in parts:
            yield from judge(part)
        return
    waiting = list(range(len(parts)))[::-1]
    workers: dict[Any, _Worker] = {}
    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                worker = _Worker.start(parts, settings)
                worker.take(waiting.pop())
                workers[worker.pipe] = worker
            for pipe in wait(list(workers)):
                worker = workers[pipe]
                try:
                    said = worker.pipe.recv()
                except EOFError:
                    del workers[pipe]
                    worker.process.join()
                    yield from _lost(parts[worker.part], worker.told, worker.process.exitcode)
                    continue
                if said is not None:
                    worker.told.add(said[0])
                    yield said
                elif waiting:
                    worker.take(waiting.pop())
                else:
                    workers.pop(pipe).end()
    finally:
        for worker in workers.values():
            worker.end()


@dataclass
class _Worker:
    """A forked process that judges the parts it is sent the numbers of; it keeps what it has imported and derived."""

    process: Any
    pipe: Connection
    part: int = -1
    told: set[int] = field(default_factory=set)

    @classmethod
    def start(cls, parts: Sequence[Part], settings: Settings) -> _Worker:
        context = get_context("fork")
        here, there = context.Pipe()
        process = context.Process(target=_work, args=(parts, settings, here, there), daemon=True)
        process.start()
        there.close()
        return cls(process, here)

    def take(self, part: int) -> None:
        self.part, self.told = part, set()
        self.pipe.send(part)

    def end(self) -> None:
        self.process.terminate()
        self.process.join()
        self.pipe.close()


def _work(parts: Sequence[Part], settings: Settings, parent: Connection, pipe: Connection) -> None:
    parent.close()
    judge = _Judge(settings)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its processes
    with suppress(EOFError, BrokenPipeError):  # a parent that was killed
        while True:
            for pair in judge(parts[pipe.recv()]):
                pipe.send(pair)
            pipe.send(None)


class _Judge:
    """Judges parts one after the other; those of one cell share the problems that were drawn for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._inputs: Inputs | None = None

    def __call__(self, part: Part) -> Iterator[tuple[int, Result]]:
        if self._inputs is None or self._inputs.cell != part.cell:
            self._inputs = Inputs(part.cell, self._settings)
        run = CellRun(part.claims, self._inputs)
        for place, claim in zip(part.places, part.claims, strict=True):
            yield place, run.judge(claim)


def _lost(part: Part, told: set[int], exitcode: int) -> Iterator[tuple[int, Result]]:
    """An ERROR for every claim that a dead process left without a verdict."""
    how = f"was ended by signal {-exitcode}" if exitcode < 0 else f"ended with status {exitcode}"
    left = [(place, claim) for place, claim in zip(part.places, part.claims, strict=True) if place not in told]
    for number, (place, claim) in enumerate(left):
        result = blank(claim, part.cell)
        result.detail = f"the process that judged it {how}" + (" before its turn came" if number else "")
        yield place, result
