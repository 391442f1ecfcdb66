"""One run: cells, listeners, parallel processes, interruption and the exit code."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from numerics import UsageError, closest

from ._claim import Claim
from ._config import Config
from ._conjectures import load_conjectures
from ._counterexample import save
from ._engine import CellRun, Settings
from ._events import Cell, ClaimJudged, Event, Listener, RunFinished, RunStarted, StageAdvanced
from ._verdict import Exit, Result, exit_code


def select(config: Config) -> list[Claim]:
    """The claims a configuration asks for.

    Raises:
        UsageError: a pattern that matches nothing, or a conjecture file that cannot be used.
    """
    from .claims import BUILT_IN

    chosen: list[Claim] = []
    for path in config.conjectures or ():
        chosen += load_conjectures(Path(path))
    if config.claims is None:
        return chosen if config.conjectures else list(BUILT_IN)
    for pattern in config.claims:
        found = [claim for claim in BUILT_IN if matches(claim, pattern)]
        if not found:
            names = {claim.id for claim in BUILT_IN} | {claim.topic.replace(" ", "-") for claim in BUILT_IN}
            raise UsageError(
                f"claims={pattern}: no built-in claim or topic matches{closest(pattern.strip('*'), names)} "
                "(python -m verify list shows them)"
            )
        chosen += [claim for claim in found if claim not in chosen]
    return chosen


def matches(claim: Claim, pattern: str) -> bool:
    """Whether a wildcard pattern names a claim by its id or topic."""
    from fnmatch import fnmatchcase

    return any(fnmatchcase(name, pattern.lower()) for name in (claim.id, claim.topic, claim.topic.replace(" ", "-")))


def cells_of(config: Config) -> list[Cell]:
    """The grid."""
    return [Cell(d, n, c) for c, n, d in itertools.product(config.chain, config.order, config.depth)]


def run(config: Config, listeners: Sequence[Listener], claims: Sequence[Claim] | None = None) -> int:
    """Judge the claims of a configuration in all its cells; returns the exit code.

    Raises:
        UsageError: see `select`.
    """
    started = time.perf_counter()
    claims = select(config) if claims is None else claims
    cells = cells_of(config)
    settings = Settings(config.examples, config.paths, config.seed, config.budget, config.sizes)
    pairs = sum(claim.applies(cell.depth, cell.order, cell.chain) for cell in cells for claim in claims)
    results: list[Result] = []

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    tell(RunStarted(config.as_json(), tuple(cells), pairs))
    interrupted = False
    try:
        for event in _events(claims, cells, settings, config.jobs):
            if isinstance(event, ClaimJudged):
                if event.result.counterexample is not None:
                    event.result.counterexample["path"] = str(save(event.result.counterexample, config.out))
                results.append(event.result)
            tell(event)
    except KeyboardInterrupt:
        interrupted = True
    code = Exit.INTERRUPTED if interrupted else exit_code([r.verdict for r in results])
    tell(RunFinished(code, time.perf_counter() - started, interrupted))
    return code


def _events(claims: Sequence[Claim], cells: Sequence[Cell], settings: Settings, jobs: int) -> Iterator[Event]:
    if jobs == 1 or len(cells) == 1:
        for cell in cells:
            yield from CellRun(claims, cell, settings).events()
        return
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    # Claims hold plain functions of user files, which do not pickle: the worker selects them again by id and file.
    # A forked worker already has torch and SymPy loaded and every claim at hand.
    global _SHARED
    _SHARED = (list(claims), settings)
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        futures = [pool.submit(_judge_cell, cell) for cell in cells]
        try:
            for future in as_completed(futures):
                for result in future.result():
                    yield ClaimJudged(result)
                    yield StageAdvanced(Cell(result.depth, result.order, result.chain))
        except KeyboardInterrupt:
            for future in futures:
                future.cancel()
            for process in list((pool._processes or {}).values()):
                process.terminate()
            raise


_SHARED: tuple[list[Claim], Settings] | None = None


def _judge_cell(cell: Cell) -> list[Result]:
    assert _SHARED is not None
    claims, settings = _SHARED
    return [event.result for event in CellRun(claims, cell, settings).events() if isinstance(event, ClaimJudged)]
