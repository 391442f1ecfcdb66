"""Counterexamples as plain data: exact values, versions and seed, written to a file and read back."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gmpy2
import hypothesis
import numpy as np
import scipy
import sympy
import torch

from numerics import Architecture
from theory.files import file_name, write_whole

from ._batch import SUBSTEPS as PATH_SUBSTEPS
from ._batch import PathBatch, PathFailure
from ._claim import Claim, is_built_in
from ._events import Cell
from ._problem import SMALL_EXPONENT, Problem
from ._refinement import options_of
from ._seeds import LONGER, SUBSTEPS, random_starts
from ._stored import FORMAT, digest, plain, read
from ._target import whole_numbers
from ._verdict import Outcome


def as_counterexample(claim: Claim, cell: Cell, problem: Problem, outcome: Outcome, seed: int) -> dict[str, Any]:
    """Everything needed to state, read and replay a violation."""
    if claim.assumes == "superdiagonal" and claim.subject not in ("Target", "Seeds"):
        problem = problem.aligned()  # the random starts of Seeds are drawn of the problem as it is
    shown = start_of(problem, claim.subject, claim.assumes)
    start = {} if claim.subject == "Target" else shown.blocks_for(claim.assumes)[1]
    target = whole_numbers(problem) if claim.subject == "Target" else problem.target
    return {
        "format": FORMAT,
        "claim": claim.id,
        **_defined(claim),
        "assumes": claim.assumes,
        "subject": claim.subject,
        "depth": cell.depth,
        "order": cell.order,
        "chain": cell.chain,
        "model": cell.model,
        **{key: value for key, value in problem.as_json().items() if key not in ("depth", "chain")},
        "start": {name: values.tolist() for name, values in start.items()},
        "target": target.tolist(),
        "whole": _plain(start if _as_built(shown, claim.assumes) else shown.chosen_blocks(claim.assumes)),
        "shown": _in_force(shown, claim),
        "scaling": scaling(shown, claim.subject, claim.assumes),
        "run": _run(shown, claim),
        "negative": claim.negative,
        "measured": outcome.measured,
        "predicted": outcome.predicted,
        "violation": outcome.worst,
        "allowed": outcome.allowed,
        "confirmed": "".join(letter if letter.isprintable() else " " for letter in outcome.how)[:2000],
        "seed": seed,
        "versions": {m.__name__: m.__version__ for m in (torch, np, scipy, sympy, hypothesis)}
        | {"gmpy2": gmpy2.version()},
    }


def _defined(claim: Claim) -> dict[str, str | None]:
    """Where a conjecture stands, and the text of its file with its hash, so that a replay can tell what has changed."""
    if is_built_in(claim.file):
        return {"file": None, "source": None, "sha256": None}
    text = claim.text
    if text is None:  # not read by `load_conjectures`: of somebody's test, or typed in a notebook
        try:
            text = Path(str(claim.file)).read_text("utf-8")
        except (OSError, ValueError):
            try:
                text = inspect.getsource(claim.function)
            except (OSError, TypeError):
                text = ""
    return {"file": claim.file or "", "source": text, "sha256": digest(text)}


def _in_force(shown: Problem, claim: Claim) -> dict[str, Any]:
    """Target and weights of the loss as `Problem.as_json` names them; a target that is W of the start as it is."""
    if claim.subject == "Target":
        return {"target": whole_numbers(shown).tolist(), "target_exponent": shown.target_exponent}
    words = shown.as_json()
    keys = ("target", "target_exponent", "mask", "weights", "normalised", "weight_exponent", "kind")
    told = {key: words[key] for key in keys}
    if shown.fits is not None:
        told |= {"target": shown.state(claim.assumes).target.tolist(), "target_exponent": 0}
    return told


def _plain(value: Any) -> Any:
    """Arrays as nested lists, of whole numbers where they are."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        whole = value.dtype != float or bool(np.all((value % 1 == 0) & (np.abs(value) < 1e15)))
        return (value.astype(int) if whole else value).tolist()
    if isinstance(value, np.generic):
        return value.item()
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


BALANCED = "G stays, every block of a group is scaled to one norm, that of its core slice (a zero block: along entry 1)"
SHARED = "; matrices that all groups of a mode share are scaled to the norm of the whole core"
OFF_BALANCE = (  # the ways of `Problem.way_off_balance`, but the last, whose powers of two nobody would guess
    "; then the last block of every group until its square is longer by 1",
    "; then the last block of every group is divided by 4",
    "; then the first block of every group is doubled",
)


def scaling(problem: Problem, subject: str, assumes: str) -> str:
    """The rule that makes the start of the numbers in `whole`, in words."""
    if subject == "Target":
        return ""
    architecture = problem.architecture
    rule, power = "taken as they are", problem.exponent + (SMALL_EXPONENT if assumes == "small" else 0)
    if _as_built(problem, assumes):
        power = 0
    elif not isinstance(architecture, Architecture):
        pass
    elif architecture.depth and assumes in ("balanced", "matrix-balanced", "small", "unbalanced"):
        rule = BALANCED + SHARED * (architecture.chain == "mode" and architecture.depth > 1)
        rule += OFF_BALANCE[problem.way_off_balance] if assumes == "unbalanced" else ""
    return rule + (f"; then every block times 2^{power}" if power else "")


def _as_built(problem: Problem, assumes: str) -> bool:
    """Whether a reader is shown the start itself, in float64: its numbers are short, or no few words lead there from
    whole ones."""
    architecture, start = problem.blocks_for(assumes)
    if not isinstance(architecture, Architecture):
        return assumes != "generic"
    if not architecture.depth or assumes in ("generic", "superdiagonal"):
        return False
    gates = architecture.chain == "gate" and architecture.depth > 1
    hard = (assumes == "matrix-balanced" and not gates) or (assumes == "unbalanced" and problem.way_off_balance == 3)
    return hard or all(bool(np.all((block * 64 % 1 == 0) & (np.abs(block) < 1e6))) for block in start.values())


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
    """Write it to folder/counterexamples, whole or not at all, with the way to its conjecture from there.

    Returns: the path.
    """
    parts = ["{claim}", "depth{depth}", "order{order}", "{chain}" if counterexample["network"] is None else "{model}"]
    parts += ["{loss}"] if counterexample["loss"] != "squared" else []
    name = "-".join(part.format(**counterexample) for part in parts).replace("!", "-") + ".json"
    path, file = folder / "counterexamples" / file_name(name), counterexample["file"]
    stored = counterexample | {"file": file and _relative(file, path.parent)}
    write_whole(path, json.dumps(plain(stored), indent=1) + "\n")
    return path


def _relative(file: str, folder: Path) -> str:
    """The way from a folder to a file, with forward slashes."""
    try:
        return Path(os.path.relpath(Path(file).resolve(), folder.resolve())).as_posix()
    except ValueError:  # on another drive of Windows
        return Path(file).name


def load(path: Path) -> tuple[dict[str, Any], Problem]:
    """Read a counterexample back.

    Raises:
        UsageError: missing, not JSON, another format, or values that do not make a problem.
    """
    data = read(path)
    return data, Problem.from_json(data)
