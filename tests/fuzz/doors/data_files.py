"""Files for data=: arrays, archives, tables and images, most of them not what they say."""

from __future__ import annotations

from random import Random

from doors.arrays import ARRAYS, npy
from doors.case import Case
from doors.pictures import PICTURES
from doors.tables import TABLES
from doors.zips import ZIPS

MISSING = (
    "kinetik",
    "",
    ".",
    "..",
    "/",
    "http://localhost/a.npy",
    "none.npy",
    "x" * 300 + ".npy",
    "a\nb",
    "\udcff.npy",
    "*",
)


def data_file(rng: Random) -> Case:
    """A run of numerics or verify on a file."""
    source = rng.choice((_array, _array, _array, _cut, _cut, _archive, _table, _picture, _odd, _missing))
    name, content, odd, note = source(rng)
    if rng.random() < 0.7:
        program, words = "numerics", ["depth=1", "steps=20", "record=10", f"data={name}"]
    else:
        program, words = "verify", ["depth=1", "observed=0.5", "budget=5", "jobs=1", f"data={name}"]
    files = {} if content is None else {name: content}
    return Case("data", program, tuple(words), files, odd, note=note)


Drawn = tuple[str, bytes | None, tuple[tuple[str, str, str], ...], str]


def _array(rng: Random) -> Drawn:
    note = rng.choice(sorted(ARRAYS))
    name = rng.choice(("a.npy", "a.npy", "a.npy", "a.NPY", "ä b.npy", "\udcff.npy", "a.npz", "a.png", "a.csv", "a"))
    content, size = ARRAYS[note](rng)
    return name, content, (((name, "sparse", str(size)),) if size else ()), f"{note} as {name[1:]}"


def _cut(rng: Random) -> Drawn:
    """A valid file of any sort that ends too early, or has bytes of its beginning changed."""
    name, whole = rng.choice(
        (("a.npy", npy(rng)), ("a.npz", ZIPS["one array"](rng)), ("a.png", PICTURES["grey.png"](rng)))
    )
    content = bytearray(whole)
    if rng.random() < 0.5:
        del content[rng.randrange(len(content)) :]
        return name, bytes(content), (), "truncated"
    for _ in range(rng.choice((1, 3, 10))):
        content[rng.randrange(min(len(content), 140))] = rng.randrange(256)
    return name, bytes(content), (), "bytes changed"


def _archive(rng: Random) -> Drawn:
    note = rng.choice(sorted(ZIPS))
    return rng.choice(("a.npz", "a.npz", "a.npz", "a.npy")), ZIPS[note](rng), (), note


def _table(rng: Random) -> Drawn:
    note = rng.choice(sorted(TABLES))
    return "a" + note[note.rindex(".") :], TABLES[note](rng), (), note


def _picture(rng: Random) -> Drawn:
    note = rng.choice(sorted(PICTURES))
    return "a" + note[note.rindex(".") :], PICTURES[note](rng), (), note


def _odd(rng: Random) -> Drawn:
    what, target = rng.choice((("folder", ""), ("link", "a.npy"), ("link", "nowhere"), ("zero", ""), ("null", "")))
    name = rng.choice(("a.npy", "a.npz", "a.png", "a.csv", "a"))
    return name, None, ((name, what, name if target == "a.npy" else target),), f"a {what}"


def _missing(rng: Random) -> Drawn:
    return rng.choice(MISSING), None, (), "no file"
