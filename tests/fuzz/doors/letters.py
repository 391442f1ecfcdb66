"""Replay files: letters of one real run, and what may become of them on the way to a stranger."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from random import Random
from typing import Any

from doors.case import HERE, SENTINEL, Case
from doors.room import Room
from doors.wrong_values import PAYLOAD, RAW, SIZES, WRONG

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
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        change = rng.choice(
            (_lose, _lose, _wrong, _wrong, _wrong, _wrong, _inject, _inject, _point, _swap, _size, _add)
        )
        notes.append(change(rng, letter))
    text = json.dumps(letter).encode()
    if rng.random() < 0.2:
        note, spoil = rng.choice(sorted(RAW.items()))
        notes.append(note)
        text = spoil(rng, text)
    command = rng.choice(("replay", "replay", "show"))
    where = rng.choice(("out/counterexamples/a.json",) * 9 + ("a.json", "ä.json", "\udcff.json", "a", "-.json"))
    files = {where: text, "mine.py": CLAIMS, "payload.py": PAYLOAD, "out/counterexamples/payload.py": PAYLOAD}
    return Case("replay", "verify", (command, where), files, note=f"{command} {name}: {'; '.join(notes)}")


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all that stands in a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(*path, key) for key, _ in inner] + [p for key, item in inner for p in _places(item, (*path, key))]


def _pick(rng: Random, letter: Any, deep: float = 0.5) -> tuple[Any, Any, str]:
    """(what holds it, its key or index, its name) of something in the letter."""
    places = _places(letter)
    path = rng.choice([p for p in places if len(p) == 1 or rng.random() < deep] or places or [("claim",)])
    holder = letter
    for step in path[:-1]:
        holder = holder[step]
    return holder, path[-1], ".".join(map(str, path))


def _lose(rng: Random, letter: Any) -> str:
    holder, key, name = _pick(rng, letter, 0.2)
    if isinstance(holder, list) or key in holder:
        del holder[key]
    return f"without {name}"


def _wrong(rng: Random, letter: Any) -> str:
    holder, key, name = _pick(rng, letter)
    holder[key] = rng.choice(WRONG)
    return f"{name} = {json.dumps(holder[key])[:40]}"


def _inject(rng: Random, letter: Any) -> str:
    """Code in a text that might reach a script or an import."""
    texts = [key for key, value in letter.items() if isinstance(value, str)] or ["claim"]
    key = rng.choice(texts)
    code = f"open({HERE + '/' + SENTINEL!r}, 'w')"
    ways = (
        "{old}\n{code}\n",
        "{code}",
        "'\n{code}\n'",
        '"""\n{code}\n"""',
        "{old}\r{code}\r",
        "{old}\u2028{code}",
        "'+{code}+'",
        '"+{code}+"',
    )
    old = str(letter.get(key, ""))
    if key == "source" and rng.random() < 0.5:
        letter[key] = f"{old}\n{code}\n"
    else:
        letter[key] = rng.choice(ways).format(old=old, code=code)
    return f"code in {key}"


def _point(rng: Random, letter: Any) -> str:
    """The file, its text or its hash are another's."""
    way = rng.randrange(6)
    if way < 3:
        letter["file"] = rng.choice(
            ("payload.py", "../../payload.py", f"{HERE}/payload.py", "./payload.py", "payload", "/etc/passwd", "..", "",
             "\0", "a\nb", "x" * 5000, "http://localhost/a.py", "file:///payload.py", "../" * 3000 + "payload.py", "no.py")
        )  # fmt: skip
    if way in (0, 3):
        letter["source"] = PAYLOAD.decode()
    if way in (1, 4):
        letter["sha256"] = rng.choice(("", "0" * 64, "x" * 64, "é" * 64))
    if way == 5:
        letter["file"] = rng.choice((None, "no.py"))
    return f"another file, {way}"


def _swap(rng: Random, letter: Any) -> str:
    """One known choice for another."""
    key, values = rng.choice(
        (
            ("format", (0, 1, 3, -1, 10**9, "2", 2.5, None)), ("subject", ("State", "Flow", "Descent", "Target", "Seeds", "state", "")),
            ("chain", ("mode", "gate", "columns", "")), ("assumes", ("generic", "matrix-balanced", "superdiagonal", "small", "x", "")),
            ("depth", (0, 2, 7, 64, 10**9, -1, 1.5, True)), ("order", (0, 1, 3, 12, 400, 10**9, -1)), ("negative", (True, False, 1)),
            ("exponent", (10**9, -(10**9), 1100, -1100, 0.5)), ("kind", ("superdiagonal", "x")), ("pace", ("slow", "x")),
            ("scaling", ("x", "")), ("run", ({}, {"optimizer": "gd"}, {"steps": 10**12}, {"step": 0}, {"steps": -1}, [])),
        )
    )  # fmt: skip
    new = rng.choice(values)
    if key == "run" and isinstance(letter.get("run"), dict) and isinstance(new, dict):
        new = {**letter["run"], **new}
    letter[key] = new
    return f"{key} = {new!r}"


def _size(rng: Random, letter: Any) -> str:
    """Tensors of other sizes than they say, or very large ones."""
    note, tensor = rng.choice(SIZES)
    keys = [
        key
        for key in ("target", "mask", "weights", "sizes", "ranks", "blocks", "start", "whole", "shown")
        if key in letter
    ]
    for key in rng.sample(keys, min(len(keys), rng.choice((1, 2, 3)))):
        if isinstance(letter[key], dict) and letter[key]:
            letter[key][rng.choice(sorted(letter[key]))] = tensor
        else:
            letter[key] = tensor
    if rng.random() < 0.5:
        letter["sizes"] = rng.choice(([400, 400], [10**9, 10**9], [1] * 400, [2, 2], [0, 0], [-1, -1], [1, 10**6]))
    return note


def _add(rng: Random, letter: Any) -> str:
    """Entries that nobody knows."""
    key = rng.choice(
        ("__class__", "__proto__", "py/object", "", "a\nb", "x" * 10**5, "\u0000", "G2", "code", "note", "\ud800")
    )
    holder = rng.choice([letter, *(value for value in letter.values() if isinstance(value, dict))])
    holder[key] = rng.choice(WRONG)
    return f"with {key[:20]!r}"
