"""Changes of one replay file: entries lost, of a wrong type or size, with code in them, or pointing elsewhere."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

from doors.case import HERE, SENTINEL
from doors.wrong_values import PAYLOAD, SIZES, WRONG


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


def another_number(rng: Random, letter: Any) -> str:
    """Another number where a number stands."""
    places = [path for path in _places(letter) if type(_at(letter, path)) in (int, float)]
    path = rng.choice(places)
    holder, old = _at(letter, path[:-1]), _at(letter, path)
    whole = (0, 1, 2, 3, -1, -7, 64, 4096, 10**6)
    holder[path[-1]] = rng.choice(
        whole if isinstance(old, int) else (0.0, -0.0, 1e200, 1e-200, 5e-324, -2.5, 1e16, 0.1)
    )
    return f"{'.'.join(map(str, path))} = {holder[path[-1]]}"


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _lose(rng: Random, letter: Any) -> str:
    holder, key, name = _pick(rng, letter, 0.2)
    if isinstance(holder, list) or key in holder:
        del holder[key]
    return f"without {name}"


def _wrong(rng: Random, letter: Any) -> str:
    holder, key, name = _pick(rng, letter)
    holder[key] = copy.deepcopy(rng.choice(WRONG))
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
             "\0", "a\nb", "x" * 5000, "http://localhost/a.py", "file:///payload.py", "../" * 3000 + "payload.py",
             "no.py")
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
            ("format", (0, 1, 3, -1, 10**9, "2", 2.5, None)), ("subject", ("State", "Flow", "Descent", "Target",
            "Seeds", "state", "")),
            ("chain", ("mode", "gate", "columns", "")), ("assumes", ("generic", "matrix-balanced", "superdiagonal",
            "small", "x", "")),
            ("depth", (0, 2, 7, 64, 10**9, -1, 1.5, True)), ("order", (0, 1, 3, 12, 400, 10**9, -1)), ("negative",
            (True, False, 1)),
            ("exponent", (10**9, -(10**9), 1100, -1100, 0.5)), ("kind", ("superdiagonal", "x")), ("pace", ("slow",
            "x")),
            ("scaling", ("x", "")), ("run", ({}, {"optimizer": "gd"}, {"steps": 10**12}, {"step": 0}, {"steps": -1},
            [])),
        )
    )  # fmt: skip
    new: Any = rng.choice(values)
    if key == "run" and isinstance(letter.get("run"), dict) and isinstance(new, dict):
        new = {**letter["run"], **new}
    letter[key] = new
    return f"{key} = {new!r}"


def _size(rng: Random, letter: Any) -> str:
    """Tensors of other sizes than they say, or very large ones."""
    note, tensor = copy.deepcopy(rng.choice(SIZES))
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
    holder[key] = copy.deepcopy(rng.choice(WRONG))
    return f"with {key[:20]!r}"


CHANGES = (_lose, _lose, _wrong, _wrong, _wrong, _wrong, _inject, _inject, _point, _swap, _size, _add)
