"""Runs that may be killed: what they write, when it is whole, and what of it two runs have in common."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TIMES = ("seconds", "examples_per_second")


@dataclass(frozen=True)
class Resumable:
    """A command; `read` gives what a folder holds by name and raises where a file is not whole.

    Arguments:
        partly: rows that a killed run has must be rows of the whole run.
    """

    name: str
    program: str
    words: tuple[str, ...]
    read: Callable[[Path], dict[str, Any]]
    partly: bool = False


def _arrays(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as file:
        return {name: (str(file[name].dtype), file[name].shape, file[name].tobytes()) for name in file.files}


def _run(folder: Path) -> dict[str, Any]:
    return {str(path.name): _arrays(path) for path in folder.rglob("*.npz")}


def _sweep(folder: Path) -> dict[str, Any]:
    path = folder / "t.sqlite"
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path)) as table:
        if (state := table.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise ValueError(f"t.sqlite: {state}")
        if not table.execute("SELECT name FROM sqlite_master WHERE name = 'runs'").fetchone():
            return {}
        names = [column[1] for column in table.execute("PRAGMA table_info(runs)")]
        rows = [dict(zip(names, row, strict=True)) for row in table.execute("SELECT * FROM runs")]
    return {row["key"]: {key: value for key, value in row.items() if key not in TIMES} for row in rows}


def _experiment(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in folder.rglob("*"):
        if path.suffix == ".npz":
            found[path.name] = _arrays(path)
        elif path.suffix == ".csv":
            with path.open(newline="", encoding="utf-8") as file:
                found[path.name] = sorted(tuple(row) for row in csv.reader(file))
        elif path.suffix == ".json":
            found[path.name] = json.loads(path.read_text(encoding="utf-8"))
        elif path.name == "finding.txt":
            found[path.name] = path.read_text(encoding="utf-8")
        elif path.suffix == ".png" and not path.read_bytes().rstrip(b"\0").endswith(b"IEND\xaeB`\x82"):
            raise ValueError(f"{path.name} is cut short")
    return found


def _grid(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (path := folder / "g.json").exists():
        claims = json.loads(path.read_text(encoding="utf-8"))["claims"]
        found["claims"] = [{key: value for key, value in claim.items() if key not in TIMES} for claim in claims]
    if (path := folder / "g.ndjson").exists():
        for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
            json.loads(line)
        if (last := path.read_text(encoding="utf-8").split("\n")[-1]) and not last.endswith("}"):
            raise ValueError(f"g.ndjson: its last line is cut short: {last[-60:]!r}")
    return found


SMALL = ("record=50", "checkpoint=50", "tolerance=1e-12")
RESUMABLE = (
    Resumable("run", "numerics", ("depth=2", "sizes=6,6,6", "steps=3000", *SMALL, "out=run"), _run),
    Resumable(
        "sweep", "numerics",
        ("sweep", "depth=1,2", "sizes=4,4,4", "steps=400", "record=50", "seed=0..4", "table=t.sqlite"), _sweep, True,
    ),
    Resumable("experiment", "numerics", ("experiment=chains", "profile=test", "out=ex"), _experiment),
    Resumable(
        "grid", "verify",
        ("depth=1,2", "order=2", "examples=3", "paths=2", "budget=60", "jobs=2", "claims=conserv*", "json=g.json",
         "events=g.ndjson"), _grid,
    ),
)  # fmt: skip
