"""Replay files: letters of one real run, and what may become of them on the way to a stranger."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from random import Random
from typing import Any

from doors.case import Case
from doors.changes import CHANGES, another_number
from doors.room import Room
from doors.wrong_values import PAYLOAD, RAW

CLAIMS = b"""from verify import Descent, Flow, State, Target, conjecture, constant, equal


@conjecture(title="Slice norms are their double", source="nobody", assumes="balanced")
def norms(state: State):
    return equal(state.slice_norms(mode=0), 2 * state.slice_norms(mode=0))


@conjecture(title="Costs are their double")
def costs(target: Target):
    return equal(target.representation_cost(), 2 * target.representation_cost())


@conjecture(title="The loss stays", assumes="balanced")
def flows(flow: Flow):
    return constant(flow.series(lambda s: s.loss))


@conjecture(title="The loss stays", assumes="balanced")
def descends(run: Descent):
    return constant(run.series(lambda s: s.loss))
"""
RUNS = ("conjectures=mine.py", "claims=core-norm-is-not-monotone")
Letters = dict[str, Any]


def write_letters(room: Room, folder: Path) -> Letters:
    """Counterexamples and a witness as the tool writes them now, by name."""
    found: Letters = {}
    for number, last in enumerate(RUNS):
        words = ("depth=1", "order=2", "examples=3", "paths=2", "budget=60", "jobs=1", last)
        outcome = room.run(Case("replay", "verify", words, {"mine.py": CLAIMS}), folder / f"letters{number}")
        for path in sorted(outcome.folder.rglob("counterexamples/*.json")):
            found[path.name] = json.loads(path.read_text())
    if not found:
        raise RuntimeError(f"no letters were written: {outcome.out} {outcome.err}")
    return found


def replay_file(rng: Random, letters: Letters) -> Case:
    """A replay or a show of a letter that was changed one to four times."""
    name = rng.choice(sorted(letters))
    letter, notes = copy.deepcopy(letters[name]), []
    soft = rng.random() < 0.25  # only what may pass for a letter
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        change = another_number if soft else rng.choice(CHANGES)
        notes.append(change(rng, letter))
    text = json.dumps(letter).encode()
    if not soft and rng.random() < 0.2:
        note, spoil = rng.choice(sorted(RAW.items()))
        notes.append(note)
        text = spoil(rng, text)
    command = rng.choice(("replay", "replay", "show"))
    where = rng.choice(("out/counterexamples/a.json",) * 9 + ("a.json", "ä.json", "\udcff.json", "a", "-.json"))
    files = {where: text, "mine.py": CLAIMS, "payload.py": PAYLOAD, "out/counterexamples/payload.py": PAYLOAD}
    return Case("replay", "verify", (command, where), files, note=f"{command} {name}: {'; '.join(notes)}")
