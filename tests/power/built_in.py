"""The built-in claims over many cells and seeds: theorems and measurements of the paper must never be REFUTED.

    python tests/power/built_in.py runs=200 minutes=90 jobs=2 write=docs/built_in.md keep=out/built_in.json

Depths 0 to 8, 40 and 64, orders 1 to 5, every chain and 20 seeds, in an order fixed beforehand. A run that was cut
short is continued by the next one of the same sources.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import islice, product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))
from figures import Record, fingerprint, keep, kept
from words import read_words

from theory._deep_tucker import CHAINS
from theory.files import write_whole
from verify import Verdict
from verify._engine import CellRun
from verify._events import Cell
from verify._inputs import Inputs, Settings
from verify.claims import BUILT_IN

DEPTHS = (*range(9), 40, 64)
ORDERS = range(1, 6)
SEEDS = 20
WRONG = (Verdict.REFUTED.value, Verdict.ERROR.value)
OPEN = (Verdict.INCONCLUSIVE.value, Verdict.VACUOUS.value)


@dataclass(frozen=True)
class Keys:
    """What can be set on the command line, and its defaults."""

    runs: int = 200
    minutes: float = 90.0
    jobs: int = 2
    write: str = ""
    keep: str = "out/built_in.json"


Row = dict[str, Any]  # claim, verdict, detail, seconds


def plan(runs: int) -> list[tuple[Cell, int]]:
    """(cell, seed) of every run: all cells in a shuffled order, again and again, the seeds in turn."""
    cells = [Cell(*key) for key in product(DEPTHS, ORDERS, CHAINS)]
    shuffled = random.Random(16)
    order: list[Cell] = []
    while len(order) < runs:
        order += shuffled.sample(cells, len(cells))
    return [(cell, number % SEEDS) for number, cell in enumerate(islice(order, runs))]


def judge(cell: Cell, seed: int) -> list[Row]:
    """The verdicts on all built-in claims in one cell with one seed, by the engine's default settings."""
    torch.set_num_threads(1)
    claims = [claim for claim in BUILT_IN if claim.applies(cell.depth, cell.order, cell.chain)]
    run = CellRun(claims, Inputs(cell, Settings(seed=seed)))
    rows = []
    for claim in claims:
        result = run.judge(claim)
        rows.append(
            {"claim": result.id, "verdict": result.verdict.value, "detail": result.detail[:300]}
            | {"seconds": round(result.seconds, 1)}
        )
    return rows


def name_of(cell: Cell, seed: int) -> str:
    """How a run is called in the file and in the report."""
    return f"depth={cell.depth} order={cell.order} chain={cell.chain} seed={seed}"


def over_cells(runs: int, minutes: float, jobs: int, path: Path) -> dict[str, Record]:
    """The verdicts of every run judged in the time."""
    deadline, sources = time.monotonic() + 60 * minutes, fingerprint()
    done = kept(path, sources)
    left = [(cell, seed) for cell, seed in plan(runs) if name_of(cell, seed) not in done]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=8) as pool:
        waiting = iter(left)
        futures = {pool.submit(judge, *each): name_of(*each) for each in islice(waiting, jobs)}
        while futures:
            future = next(as_completed(futures))
            done[futures.pop(future)] = {"rows": future.result()}
            keep(path, sources, done)
            counts = Counter(row["verdict"] for record in done.values() for row in record["rows"])
            print(f"{len(done)} of {runs} runs; {dict(counts)}", file=sys.stderr, flush=True)
            following = next(waiting, None) if time.monotonic() < deadline else None
            if following:
                futures[pool.submit(judge, *following)] = name_of(*following)
    return done


def report(done: dict[str, Record], asked: int) -> Iterator[str]:
    """The figures as Markdown."""
    rows = [(run, row) for run, record in done.items() for row in record["rows"]]
    counts = Counter(row["verdict"] for _, row in rows)
    yield "# The built-in claims over cells and seeds\n"
    yield "Written by `make sweep`; do not edit.\n"
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common())
    yield f"{len(done)} of {asked} runs, {len(rows)} verdicts: {verdicts}.\n"
    for title, words in (("REFUTED or ERROR", WRONG), ("INCONCLUSIVE or VACUOUS", OPEN)):
        yield f"## {title}\n"
        found = [(run, row) for run, row in rows if row["verdict"] in words]
        if not found:
            yield "None.\n"
            continue
        yield "| run | claim | verdict | reason |\n|---|---|---|---|"
        for run, row in found:
            reason = " ".join(row["detail"].split()).replace("|", "\\|")
            yield f"| {run} | {row['claim']} | {row['verdict']} | {reason} |"
        yield ""
    slowest = sorted(rows, key=lambda pair: -pair[1]["seconds"])[:10]
    yield "## The slowest\n\n| run | claim | seconds |\n|---|---|---|"
    for run, row in slowest:
        yield f"| {run} | {row['claim']} | {row['seconds']} |"


def main(words: Sequence[str]) -> int:
    """Judge, print, write; 1 when a built-in claim was REFUTED or an ERROR."""
    try:
        keys = read_words(Keys(), words)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    done = over_cells(keys.runs, keys.minutes, keys.jobs, Path(keys.keep))
    text = "\n".join(report(done, keys.runs)) + "\n"
    print(text)
    if keys.write:
        write_whole(Path(keys.write), text)
    return int(any(row["verdict"] in WRONG for record in done.values() for row in record["rows"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
