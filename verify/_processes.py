"""Parts of cells judged in processes, one result at a time; one that dies or hangs costs the claim it was judging."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from theory.streams import check_interrupted

from ._apart import GRACE, METHOD, Ended, Process
from ._blame import blame
from ._claim import Claim
from ._engine import PATHS, CellRun, blank
from ._events import Cell
from ._inputs import Inputs, Settings
from ._limits import Watched
from ._verdict import Result

TICK = 0.5  # seconds between two looks at the clocks of all processes
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
    parts: dict[tuple[int, int, str, str, Cell], Part] = {}
    seen: set[tuple[int, Cell]] = set()
    for number, cell in enumerate(cells):
        for place, claim in enumerate(claims):
            at = claim.cell_in(cell)
            if isinstance(at, Cell) and (place, at) not in seen:
                seen.add((place, at))  # a model of one order, say, is the same in many cells
                kind = next(k for k, subjects in enumerate(KINDS) if claim.subject in subjects)
                key = (number, kind, claim.assumes, claim.optimizer, at)
                part = parts.get(key, Part(at, (), ()))
                parts[key] = Part(at, (*part.claims, claim), (*part.places, number * len(claims) + place))
    return [parts[key] for key in sorted(parts, key=lambda key: key[:2])]


def judge_parts(parts: Sequence[Part], settings: Settings, jobs: int) -> Iterator[tuple[int, Result]]:
    """(place, result) of every claim, as they come; at most `jobs` processes at a time.

    Code of the user's runs in no other process. One that ends, or does not let itself be interrupted when the time of
    its claim is over, is an ERROR for that claim; the others of its part are judged by a new one. All are gone when
    the iterator ends, is closed or raises.
    """
    waiting = deque(parts)
    workers: list[_Worker] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                workers.append(_Worker(settings))
                workers[-1].take(waiting.popleft())
            check_interrupted()
            wait([handle for worker in workers for handle in worker.process.waited_for], TICK)
            for worker in tuple(workers):
                try:
                    yield from worker.heard()
                    worker.check_time()
                except Ended as how:
                    workers.remove(worker)
                    worker.process.close()
                    yield worker.lost(str(how), settings)
                    if worker.part is not None and worker.part.claims:
                        waiting.append(worker.part)
                    continue
                if worker.part is None and waiting:
                    worker.take(waiting.popleft())
                elif worker.part is None:
                    workers.remove(worker)
                    worker.process.close()
    finally:
        for worker in workers:
            worker.process.close()


class _Worker:
    """A process that judges the parts it is sent; it keeps what it has imported and derived.

    Attributes:
        part: what is left of the part it is at; None: it has nothing to do.
    """

    def __init__(self, settings: Settings) -> None:
        self._end = get_context(METHOD).RawValue("d", math.inf)  # when what it is running must be over
        self.process = Process(_work, settings, self._end)
        self.part: Part | None = None

    def take(self, part: Part) -> None:
        """Let it judge a part."""
        self.part = part
        with suppress(OSError):  # one that has ended is found so by `heard`
            self.process.pipe.send(part)

    def heard(self) -> Iterator[tuple[int, Result]]:
        """What it has judged since it was asked last.

        Raises:
            Ended: it has ended before the end of its part.
        """
        while self.part is not None and (said := self.process.hear()) is not None:
            if said == DONE:
                self.part = None
                return
            self.part = replace(self.part, claims=self.part.claims[1:], places=self.part.places[1:])
            yield said

    def check_time(self) -> None:
        """Raises: Ended where the code it runs has not let itself be interrupted."""
        if time.monotonic() > self._end.value + GRACE:
            raise Ended("")

    def lost(self, how: str, settings: Settings) -> tuple[int, Result]:
        """The ERROR of the claim that it was judging, which is taken off its part."""
        assert self.part is not None
        (claim, *claims), (place, *places) = self.part.claims, self.part.places
        result = blank(claim, self.part.cell)
        late = f"did not let itself be interrupted after its budget of {settings.budget:g} s; its process was ended"
        result.detail = f"the process that judged it {how}" if how else late
        self.part = replace(self.part, claims=tuple(claims), places=tuple(places))
        return place, result


DONE = "done"


def _work(settings: Settings, end: Any, pipe: Connection) -> None:
    """Judge every part that is sent; those of one cell share the problems that were drawn for it."""
    Watched.shared = end
    inputs: Inputs | None = None
    while True:
        part = pipe.recv()
        if inputs is None or inputs.cell != part.cell:
            inputs = Inputs(part.cell, settings)
        run = CellRun(part.claims, inputs)
        for place, claim in zip(part.places, part.claims, strict=True):
            try:
                result = run.judge(claim)
            except BaseException as error:  # of the user's: Ctrl-C does not come here
                result = blank(claim, part.cell)
                result.detail = blame(claim, error)
            pipe.send((place, result))
        pipe.send(DONE)
