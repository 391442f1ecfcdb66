"""A study: cells (settings) measured for a block of seeds, one table that a second run continues, a finding."""

import csv
import io
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numerics._arrays import read_arrays
from numerics._data import load_data
from numerics._errors import UsageError
from numerics._parallel import map_in_parallel
from numerics.experiments._expectation import Expectation, Interval, Row
from theory.files import write_whole, written_whole

Cell = dict[str, Any]
Series = dict[str, np.ndarray]
Measured = tuple[list[dict[str, Any]], Series]

PROFILES = ("quick", "full", "test")


@dataclass(frozen=True)
class Study:
    """One experiment.

    Arguments:
        cells: settings of a profile; each is measured on its own.
        seeds: number of seeds of each profile.
        measure: from a cell and seeds to one row for each seed (without cell and seed) and arrays for pictures.
        draw: writes pictures from all rows and a reader of the arrays of a cell.
        data: real tensors that a profile measures, by name; a table goes on only where their content is the same.
    """

    name: str
    title: str
    question: str
    expectations: tuple[Expectation, ...]
    cells: Callable[[str], Sequence[Cell]]
    seeds: Mapping[str, int]
    measure: Callable[[Cell, Sequence[int]], Measured]
    draw: Callable[[Sequence[Row], Callable[[Cell], Series], Path], list[Path]]
    data: Callable[[str], Sequence[str]] = lambda _: ()


@dataclass(frozen=True)
class Verdict:
    """An expectation with what was measured."""

    expectation: Expectation
    measured: Interval
    verdict: str


@dataclass(frozen=True)
class Outcome:
    """A finished study."""

    study: Study
    rows: list[dict[str, Any]]
    verdicts: tuple[Verdict, ...]
    pictures: list[Path]
    seconds: float

    @property
    def finding(self) -> str:
        """One paragraph: what was asked, what was measured, which expectations failed."""
        parts = [f"{self.study.title}: {self.study.question}"]
        for v in self.verdicts:
            e = v.expectation
            parts.append(f"{v.verdict}: {e.statement} ({e.statistic}: {v.measured}; expected {in_words(e)}).")
        bad = [v.expectation.name for v in self.verdicts if v.verdict == "FAILS"]
        parts.append(f"Failed: {', '.join(bad)}." if bad else "No expectation failed.")
        return " ".join(parts)


def in_words(e: Expectation) -> str:
    if e.comparison == "inside":
        return f"between {e.bounds[0]:g} and {e.bounds[1]:g}"
    return f"{e.comparison} {e.bounds[0]:g}"


def key_of(cell: Mapping[str, Any]) -> str:
    """A cell as text, for file names."""
    return "_".join(f"{key}-{value}" for key, value in cell.items()).replace("/", "-").replace(" ", "")


def run_study(
    study: Study, *, profile: str, seed: int, out: Path, jobs: int = 1, scheduler: str | None = None
) -> Outcome:
    """Measure the cells that the table in `out` does not hold yet, then judge and draw.

    Arguments:
        seed: block of seeds; blocks are disjoint.
        jobs, scheduler: processes on this machine that measure the cells, or the address of a Dask scheduler.

    Raises:
        UsageError: if the folder holds another run.
    """
    began = time.monotonic()
    count = study.seeds.get(profile, study.seeds["quick"])
    seeds = [seed * 1000 + index for index in range(count)]
    _register(study, profile, seeds, out / "registered.json")
    cells = list(study.cells(profile))
    rows = _read(out / "table.csv", cells, seeds)
    done = {key_of({k: row[k] for k in cell}) for cell in cells for row in rows if _belongs(row, cell)}
    missing = [cell for cell in cells if key_of(cell) not in done or not (_series_path(out, cell)).exists()]
    rows = [row for row in rows if not any(_belongs(row, cell) for cell in missing)]
    measured = map_in_parallel(study.measure, missing, seeds, jobs=jobs, scheduler=scheduler)
    for index, (cell, (new, series)) in enumerate(measured, start=1):
        with written_whole(_series_path(out, cell)) as stream:
            np.savez_compressed(stream, **series)  # type: ignore[arg-type]
        rows += [{**cell, "seed": s, **values} for s, values in zip(seeds, new, strict=True)]
        _write(out / "table.csv", rows)
        spent = time.monotonic() - began
        print(f"{study.name} {index}/{len(missing)} {key_of(cell)} {spent:.0f} s", file=sys.stderr, flush=True)
    order = {key_of(cell): place for place, cell in enumerate(cells)}
    rows.sort(key=lambda row: next(order[key_of(cell)] for cell in cells if _belongs(row, cell)))
    _write(out / "table.csv", rows)  # in the order of the cells, whichever was measured first
    verdicts = tuple(Verdict(e, *e.judge(rows)) for e in study.expectations)

    def load(cell: Cell) -> Series:
        return read_arrays(_series_path(out, cell))

    pictures = study.draw(rows, load, out)
    outcome = Outcome(study, rows, verdicts, pictures, time.monotonic() - began)
    write_whole(out / "finding.txt", outcome.finding + "\n")
    return outcome


def _register(study: Study, profile: str, seeds: Sequence[int], path: Path) -> None:
    """Write the expectations down before the first cell is measured."""
    plan: dict[str, Any] = {
        "study": study.name,
        "profile": profile,
        "seeds": list(seeds),
        "expectations": [e.describe() for e in study.expectations],
    }
    if names := study.data(profile):
        plan["data"] = {name: load_data(name).content for name in names}
    text = json.dumps(plan, indent=1)
    if path.exists():
        saved = json.loads(path.read_text(encoding="utf-8"))
        now = json.loads(text)
        different = [key for key in ("study", "profile", "seeds") if saved.get(key) != now[key]]
        if different:
            raise UsageError(f"{path.parent} holds another run (its {different[0]} differs): name another out=")
        if changed := [
            name for name, content in now.get("data", {}).items() if saved.get("data", {}).get(name) != content
        ]:
            raise UsageError(f"{path.parent} was measured on another tensor {changed[0]}: name another out=")
        if saved != now:
            raise UsageError(f"{path.parent} was registered with other expectations: name another out=")
    write_whole(path, text + "\n")


def _series_path(out: Path, cell: Cell) -> Path:
    return out / "series" / f"{key_of(cell)}.npz"


def _belongs(row: Row, cell: Cell) -> bool:
    return all(row.get(key) == value for key, value in cell.items())


def _read(path: Path, cells: Sequence[Cell], seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Rows of cells that are there for all seeds."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [{k: _parsed(v) for k, v in row.items() if v != ""} for row in csv.DictReader(stream)]
    kept: list[dict[str, Any]] = []
    for cell in cells:
        own = [row for row in rows if _belongs(row, cell)]
        if [row.get("seed") for row in own] == list(seeds):
            kept += own
    return kept


def _parsed(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _write(path: Path, rows: Sequence[Row]) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue())
