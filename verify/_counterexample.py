"""Counterexamples as plain data: exact values, versions and seed, written to a file and read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gmpy2
import hypothesis
import numpy as np
import scipy
import sympy
import torch

from numerics import UsageError

from ._claim import Claim
from ._events import Cell
from ._problem import Problem
from ._seeds import random_starts
from ._target import whole_numbers
from ._verdict import Outcome

FORMAT = 1


def as_counterexample(claim: Claim, cell: Cell, problem: Problem, outcome: Outcome, seed: int) -> dict[str, Any]:
    """Everything needed to state, read and replay a violation."""
    a = problem.architecture
    shown = start_of(problem, claim.subject, claim.assumes)
    start = {} if claim.subject == "Target" else shown.blocks_for(claim.assumes)[1]
    target = whole_numbers(problem) if claim.subject == "Target" else problem.target
    return {
        "format": FORMAT,
        "claim": claim.id,
        "file": claim.file if claim.topic == "conjectures" else None,
        "assumes": claim.assumes,
        "subject": claim.subject,
        "depth": cell.depth,
        "order": cell.order,
        "chain": cell.chain,
        "sizes": list(a.sizes),
        "ranks": list(a.ranks),
        "blocks": {name: np.asarray(values).tolist() for name, values in problem.blocks.items()},
        "start": {name: values.tolist() for name, values in start.items()},
        "target": target.tolist(),
        "mask": problem.mask.astype(int).tolist(),
        "weights": None if problem.weights is None else problem.weights.tolist(),
        "normalised": problem.normalised,
        "exponent": problem.exponent,
        "target_exponent": problem.target_exponent,
        "weight_exponent": problem.weight_exponent,
        "kind": problem.kind,
        "pace": problem.pace,
        "measured": outcome.measured,
        "predicted": outcome.predicted,
        "violation": outcome.worst,
        "allowed": outcome.allowed,
        "confirmed": outcome.how,
        "seed": seed,
        "versions": {m.__name__: m.__version__ for m in (torch, np, scipy, sympy, hypothesis)}
        | {"gmpy2": gmpy2.version()},
    }


def start_of(problem: Problem, subject: str, assumes: str) -> Problem:
    """The start to show: that of the problem, or the first of the many random ones of a claim about Seeds."""
    return random_starts(problem, assumes, 24)[0] if subject == "Seeds" else problem


def save(counterexample: dict[str, Any], folder: Path) -> Path:
    """Write it to folder/counterexamples, whole or not at all; returns the path."""
    folder = folder / "counterexamples"
    folder.mkdir(parents=True, exist_ok=True)
    name = "{claim}-depth{depth}-order{order}-{chain}.json".format(**counterexample).replace("!", "-")
    path = folder / name
    write_whole(path, json.dumps(counterexample, indent=1) + "\n")
    return path


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)


def load(path: Path) -> tuple[dict[str, Any], Problem]:
    """Read a counterexample back.

    Raises:
        UsageError: missing, not JSON, another format, or values that do not make a problem.
    """
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        raise UsageError(f"replay: no such file {str(path)!r}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"replay: {str(path)!r} is not a counterexample file ({error})") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UsageError(f"replay: {str(path)!r} is not a counterexample of format {FORMAT}")
    try:
        problem = Problem.from_json(data)
    except (KeyError, ValueError, TypeError) as error:
        raise UsageError(f"replay: {str(path)!r} is damaged ({type(error).__name__}: {error})") from None
    return data, problem
