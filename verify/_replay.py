"""Judging a saved counterexample again, by the conjecture that it was found for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from numerics import LOSSES, Loss, UsageError

from ._apart import GRACE, Ended, apart
from ._blame import blame
from ._claim import Claim
from ._config import ReplayConfig
from ._conjectures import IMPORT_SECONDS, load_conjectures, text_of
from ._counterexample import load
from ._limits import OutOfTime, time_limit
from ._problem import Problem
from ._stored import digest
from ._verdict import Exit


class CannotReplay(Exception):
    """The conjecture of a counterexample cannot be found, or does not answer; the message is one line."""


def replay_file(path: Path, config: ReplayConfig) -> int:
    """Print what a counterexample says of its claim now; returns the exit code.

    Raises:
        UsageError: the file holds no counterexample, or conjectures= names no conjecture file.
    """
    data, _ = load(path)
    try:
        code, lines = apart(partial(_replayed, path, config), IMPORT_SECONDS + config.budget + GRACE)
    except Ended as how:
        code, lines = Exit.ERROR, [f"CANNOT REPLAY {data['claim']}: the process that judged it {how}"]
    print("\n".join(lines))
    return int(code)


def _replayed(path: Path, config: ReplayConfig) -> tuple[int, list[str]]:
    """Exit code and lines, in a process of its own, as it runs the conjecture."""
    data, problem = load(path)
    notes: list[str] = []
    try:
        claim = _claim_of(data, path, config, notes)
        code, line = _judged(claim, data, problem, config.budget)
    except CannotReplay as reason:
        code, line = Exit.ERROR, f"CANNOT REPLAY {data['claim']}: {reason}"
    return code, [*notes, line]


def _judged(claim: Claim, data: dict[str, Any], problem: Problem, budget: float) -> tuple[int, str]:
    from ._engine import ask_one

    name = data.get("loss", "squared")
    if name not in LOSSES:  # of the conjecture's own file
        if not isinstance(claim.loss, Loss) or claim.loss.name != name:
            raise CannotReplay(f"its claim has changed since: the loss was {name!r}")
        problem = replace(problem, loss=claim.loss)
    try:
        with time_limit(budget):
            outcome = ask_one(claim, problem, scaled=True)
    except OutOfTime:
        raise CannotReplay(f"it did not finish within its budget of {budget:g} s; raise budget=") from None
    except BaseException as error:
        raise CannotReplay(blame(claim, error)) from error
    if outcome.status == "violated":
        still = "STILL A WITNESS OF" if claim.negative else "STILL REFUTED"
        sides = f"measured {outcome.measured:.17g}, predicted {outcome.predicted:.17g}"
        return (Exit.OK if claim.negative else Exit.REFUTED), f"{still} {data['claim']}: {sides}; {outcome.how}"
    line = f"NO LONGER {data['claim']}: {outcome.status}" + (f" ({outcome.how})" if outcome.how else "")
    return (Exit.UNDECIDED if claim.negative else Exit.OK), line


def _claim_of(data: dict[str, Any], path: Path, config: ReplayConfig, notes: list[str]) -> Claim:
    """The claim, of the tool or of a file; of a mutant, the wrong variant.

    Raises:
        CannotReplay: there is none, or it now speaks of something else than the counterexample.
    """
    identity, _, mutant = data["claim"].partition("!")
    found = [claim for claim in _claims_of(data, path, config, notes) if claim.id == identity]
    if not found or (mutant and mutant not in found[0].mutants):
        raise CannotReplay("there is no such claim any more")
    claim = found[0].mutant(mutant) if mutant else found[0]
    for name, now in (("subject", claim.subject), ("assumes", claim.assumes), ("negative", claim.negative)):
        if data[name] != now:
            raise CannotReplay(f"its claim has changed since: {name} was {data[name]} and is {now}")
    return claim


def _claims_of(data: dict[str, Any], path: Path, config: ReplayConfig, notes: list[str]) -> list[Claim]:
    """Code is taken from the tool, from a file that the user names, or from one that is the very text that was judged:
    a counterexample that somebody sends must not choose what runs here.

    Raises:
        CannotReplay: no such file.
    """
    if config.conjectures is not None:
        claims = load_conjectures(config.conjectures)
        if data["sha256"] not in (None, digest(text_of(config.conjectures))):
            notes.append(f"note: {config.conjectures} is not the text that the counterexample was found for")
        return claims
    if data["file"] is None:
        from .claims import EVERY

        return list(EVERY)
    name = Path(data["file"]).name
    changed = None
    for file in dict.fromkeys((path.parent / data["file"], path.parent / name)):
        try:
            if file.suffix != ".py" or not file.is_file():
                continue
            if digest(text_of(file)) == data["sha256"]:
                return load_conjectures(file)
            changed = file
        except (OSError, UsageError):
            continue
    if changed is not None:
        raise CannotReplay(f"{changed} has changed since; to judge by it as it is now add conjectures={changed}")
    where = name or "the file that defines it"
    raise CannotReplay(
        f"{where!r} is neither where it was nor beside the counterexample; name it with conjectures=FILE "
        "(the text that was judged stands in the counterexample under source)"
    )
