"""Grids of experiments into one SQLite table that a second run continues; on this machine or on a Dask cluster."""

import itertools
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from numerics._errors import DivergenceError, UsageError
from numerics._experiment import Experiment
from numerics._parallel import map_in_parallel
from numerics._train import train
from numerics._trainer import Trainer

COLUMNS = {
    "key": "TEXT PRIMARY KEY",
    "data": "TEXT",
    "content": "TEXT",
    "sizes": "TEXT",
    "status": "TEXT",
    "steps": "INTEGER",
    "loss": "REAL",
    "train_error": "REAL",
    "test_error": "REAL",
    "effective_rank": "REAL",
    "participation": "REAL",
    "unbalancedness": "REAL",
    "seconds": "REAL",
}
ADDED = ("data", "content", "sizes")  # columns that a table of an earlier version lacks
Row = dict[str, Any]


def points(base: Mapping[str, Any], grid: Mapping[str, Sequence[Any]]) -> list[Experiment]:
    """All combinations of the grid's values put into the base, in the order of the grid.

    Raises:
        UsageError: through validation, if a combination is impossible.
    """
    return [
        Experiment(**{**base, **dict(zip(grid, values, strict=True))}) for values in itertools.product(*grid.values())
    ]


def sweep(
    experiments: Iterable[Experiment],
    table: Path,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    on_row: Callable[[Row], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> int:
    """Train every experiment that the table does not hold yet; returns how many rows were added.

    Each finished experiment is committed at once, so an interrupted sweep loses only what was being trained. A real
    tensor is told by its content: rows of what its file held before stay, and what it holds now is trained.

    Arguments:
        table: SQLite file with a table "runs": one row for each experiment, what identifies it as JSON in "key".
        jobs: processes on this machine (joblib).
        scheduler: address of a Dask scheduler to use instead, e.g. tcp://host:8786.
        on_note: told in one line what a reader of the table must know, e.g. that a file has changed.

    Raises:
        UsageError: if the table is no such table, an optional package is missing, or the cluster cannot be had.
    """
    chosen: dict[str, Experiment] = {}
    contents: dict[str, str] = {}
    for experiment in experiments:
        if experiment.data is not None and experiment.data not in contents:
            contents[experiment.data] = experiment.load().content
        chosen[_key(experiment, contents.get(experiment.data or ""))] = experiment
    table.parent.mkdir(parents=True, exist_ok=True)
    note, added = on_note or (lambda _: None), 0
    with closing(sqlite3.connect(table, timeout=60)) as connection:
        done = _prepare(connection, table)
        for line in _changed(connection, table, contents):
            note(line)
        todo = [experiment for key, experiment in chosen.items() if key not in done]
        for _, row in map_in_parallel(run_point, todo, jobs=jobs, scheduler=scheduler):
            names = ", ".join(COLUMNS)
            marks = ", ".join(f":{name}" for name in COLUMNS)
            connection.execute(f"INSERT OR REPLACE INTO runs ({names}) VALUES ({marks})", row)
            connection.commit()
            added += 1
            if row["key"] not in chosen:
                note(f"data={row['data']} has changed while the sweep ran: its rows are of different tensors")
            if on_row is not None:
                on_row(row)
    return added


def read_table(table: Path) -> list[Row]:
    """All rows, the keys of each experiment as columns beside its results; sizes are those of the tensor."""
    with closing(sqlite3.connect(table)) as connection:
        _prepare(connection, table)
        rows = [
            dict(zip(COLUMNS, values, strict=True))
            for values in connection.execute(f"SELECT {', '.join(COLUMNS)} FROM runs")
        ]
    together = [(json.loads(row.pop("key")), row) for row in rows]
    for keys, row in together:
        for name in ("data", "content"):  # a row of an earlier version has them in its key, or not at all
            row[name] = row[name] or keys.get(name)
        row["sizes"] = json.loads(row["sizes"]) if row["sizes"] else None if row["data"] else keys["sizes"]
    return [{**keys, **row} for keys, row in together]


def _prepare(connection: sqlite3.Connection, table: Path) -> set[str]:
    """Make the table where there is none, and columns that an earlier version did not have; the keys it holds."""
    try:
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        connection.execute(f"CREATE TABLE IF NOT EXISTS runs ({columns})")
        held = {key for (key,) in connection.execute("SELECT key FROM runs")}
        there = {name for _, name, *_ in connection.execute("PRAGMA table_info(runs)")}
        for name in set(ADDED) - there:
            connection.execute(f"ALTER TABLE runs ADD COLUMN {name} {COLUMNS[name]}")
        connection.commit()
        return held
    except sqlite3.DatabaseError as error:
        raise UsageError(f"table={table}: not a table of runs ({error}); name another file") from None


def _changed(connection: sqlite3.Connection, table: Path, contents: Mapping[str, str]) -> Iterator[str]:
    """One line for every tensor of which the table holds rows with another content under the same name."""
    rows = connection.execute("SELECT key, data, content FROM runs").fetchall()
    for name, content in contents.items():
        others = [of for key, data, of in rows if (data or json.loads(key).get("data")) == name and of != content]
        if others:
            yield (
                f"data={name} is another tensor than in {len(others)} row(s) of {table}: its content hash is "
                f"{content[:12]}, there {', '.join(sorted({(of or 'not recorded')[:12] for of in others}))}; "
                "those rows stay, this one is trained"
            )


def _key(experiment: Experiment, content: str | None) -> str:
    return json.dumps(experiment.identity(content), sort_keys=True)


def run_point(experiment: Experiment) -> Row:
    """Train one experiment; its row of the table. A diverged run is a result like any other."""
    began = time.perf_counter()
    row: Row = dict.fromkeys(COLUMNS)
    data = experiment.load()
    trainer = experiment.trainer(prepared=experiment.prepare(data))
    architecture = trainer.architecture
    row |= {"key": _key(experiment, data.content), "data": experiment.data}
    row |= {"content": data.content, "sizes": json.dumps(architecture.sizes)}
    zero = trainer.problem.loss(trainer.W.new_zeros(architecture.sizes))
    try:
        history = train(
            trainer,
            steps=experiment.steps,
            record_every=experiment.record,
            watch=Trainer.watch,
            stop_below=experiment.tolerance**2 * float(zero),
        )
    except DivergenceError as error:
        return {**row, "status": "diverged", "steps": error.step_index, "seconds": time.perf_counter() - began}
    row |= {"status": history.status, "steps": history.steps[-1], "seconds": time.perf_counter() - began}
    for column in ("loss", "train_error", "test_error", "unbalancedness"):
        row[column] = float(history.series(column.replace("_", " "))[-1])
    for column in ("effective_rank", "participation"):
        row[column] = float(np.mean([series[-1] for series in history.family(column.replace("_", " ")).values()]))
    return row
