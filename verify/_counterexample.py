"""Counterexamples as plain data: exact values, versions and seed, written to a file and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gmpy2
import hypothesis
import numpy as np
import scipy
import sympy
import torch

from numerics import UsageError

from ._batch import SUBSTEPS as PATH_SUBSTEPS
from ._batch import PathBatch, PathFailure
from ._claim import Claim
from ._events import Cell
from ._problem import SMALL_EXPONENT, Problem
from ._refinement import options_of
from ._seeds import LONGER, SUBSTEPS, random_starts
from ._target import whole_numbers
from ._verdict import Outcome

FORMAT = 1


def as_counterexample(claim: Claim, cell: Cell, problem: Problem, outcome: Outcome, seed: int) -> dict[str, Any]:
    """Everything needed to state, read and replay a violation."""
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
        **problem.as_json(),
        "start": {name: values.tolist() for name, values in start.items()},
        "target": target.tolist(),
        "whole": _plain(shown.blocks),
        "scaling": scaling(shown, claim.subject, claim.assumes),
        "run": _run(shown, claim),
        "negative": claim.negative,
        "measured": outcome.measured,
        "predicted": outcome.predicted,
        "violation": outcome.worst,
        "allowed": outcome.allowed,
        "confirmed": outcome.how,
        "seed": seed,
        "versions": {m.__name__: m.__version__ for m in (torch, np, scipy, sympy, hypothesis)}
        | {"gmpy2": gmpy2.version()},
    }


def _plain(value: Any) -> Any:
    """Arrays as nested lists of whole numbers."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return (value.astype(int) if value.dtype == bool else value).tolist()
    if isinstance(value, np.generic):
        return value.item()
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def scaling(problem: Problem, subject: str, assumes: str) -> str:
    """The rule that makes the start of the whole numbers, in words."""
    if subject == "Target":
        return ""
    rule = {
        "balanced": "in every group all blocks are scaled to one norm that keeps W",
        "small": "in every group all blocks are scaled to one norm that keeps W",
        "matrix-balanced": "factors are replaced by ones with equal Gram matrices that keep W",
        "unbalanced": "scaled to a fixed difference of the squared norms in every group",
        "superdiagonal": "the core superdiagonal, every block its slice's norm times a coordinate direction",
    }.get(assumes, "taken as they are")
    power = problem.exponent + (SMALL_EXPONENT if assumes == "small" else 0)
    return rule + (f", then every block times 2^{power}" if power else "")


def _run(shown: Problem, claim: Claim) -> dict[str, Any] | None:
    """What rebuilds the run of a claim about a Descent, Seeds or a Flow."""
    if claim.subject not in ("Flow", "Descent", "Seeds"):
        return None
    batch = PathBatch(
        [shown], claim.assumes, substeps=SUBSTEPS << LONGER if claim.subject == "Seeds" else PATH_SUBSTEPS
    )
    try:
        unit = batch.unit(0, claim.optimizer)
        if claim.subject == "Flow":
            losses = batch.flow(0).losses * unit
            how: dict[str, Any] = {"rule": "gradient flow", "time": 1.0}
        else:
            run = batch.descent(0, 0, claim.optimizer)
            losses = run.losses * unit
            how = {"rule": claim.optimizer, "options": options_of(claim.optimizer, 0)}
            how |= {"step": float(run.step) / unit, "steps": int(run.steps[-1])}
    except PathFailure as failure:
        return {"rule": claim.optimizer if claim.subject != "Flow" else "gradient flow", "ended": str(failure)}
    return how | {"first_loss": float(losses[0]), "final_loss": float(losses[-1])}


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
