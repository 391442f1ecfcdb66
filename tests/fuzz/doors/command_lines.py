"""Command lines: small valid ones, and what typing, scripts and ill will make of them."""

from __future__ import annotations

from random import Random

from doors.case import Case
from doors.nasty import typo, value

TRUE = b"""from verify import State, conjecture, equal


@conjecture(title="Something true")
def holds(state: State):
    return equal(state.tensor, state.tensor * 1)
"""
SMALL = ("depth=1", "order=2", "examples=3", "paths=2", "budget=5", "jobs=1")
VALID = (
    ("verify", (*SMALL, "claims=euler*")),
    ("verify", (*SMALL, "claims=euler*")),
    ("verify", (*SMALL, "conjectures=mine.py")),
    ("verify", (*SMALL, "conjectures=mine.py", "json=a.json", "html=a.html", "junit=a.xml", "events=a.ndjson")),
    ("verify", ("list",)),
    ("verify", ("show", "euler-identity-for-every-block")),
    ("verify", ("new", "my_claim")),
    ("verify", ("replay", "nothing.json")),
    ("verify", ("version",)),
    ("numerics", ("depth=1", "sizes=3,3", "steps=20", "record=10")),
    ("numerics", ("depth=1", "sizes=3,3", "steps=20", "record=10", "optimizer=adam", "start=gaussian")),
    ("numerics", ("sweep", "depth=1", "sizes=3,3", "steps=20", "record=10", "seed=0,1")),
    ("theory", ("depth=1", "order=2", "topic=conservation")),
    ("theory", ("depth=1", "order=2", "topic=scalar", "format=json")),
)  # fmt: skip
KEYS = {
    "verify": "depth order chain sizes data observed claims conjectures examples paths seed budget jobs device "
    "precision model json events junit html out",
    "numerics": "depth sizes rank model core chain data observed start size match eps optimizer step tolerance "
    "weight_decay minibatch route precision device seed record checkpoint out jobs table scheduler experiment profile",
    "theory": "depth order chain model topic sizes format out",
}
OUTPUTS = {
    "verify": ("json", "html", "junit", "events", "out"),
    "numerics": ("out", "table", "gallery"),
    "theory": ("out",),
}
PLACES = (
    ("pipe", "fifo", ""), ("device", "null", ""), ("disk", "full", ""), ("room", "folder", ""), ("link", "link",
    "there"),
    ("dangling", "link", "nowhere"), ("loop", "link", "loop"), ("deep", "link", "no/such/folder"),
)  # fmt: skip
NAMES = (
    "mine.py/x",
    "no/such/x",
    "x" * 300,
    "\udcff.json",
    "é\u202e.json",
    "/proc/nosuch/x",
    "mine.py",
    ".",
    "a/../b",
    " ",
)
STEPS = ("steps", "record", "checkpoint", "epochs")  # long runs are no faults


def command_line(rng: Random) -> Case:
    """A valid command line with one to three things wrong or odd."""
    program, valid = rng.choice(VALID)
    words, odd, notes = list(valid), [], []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        change = rng.choice((_replace, _replace, _replace, _mistype, _repeat, _add, _bare, _dashes, _place, _place))
        notes.append(change.__name__.strip("_"))
        odd += change(rng, program, words)
    return Case(
        "words", program, tuple(words), {"mine.py": TRUE, "there": b"before\n"}, tuple(dict.fromkeys(odd)),
        note=" ".join(notes),
    )  # fmt: skip


def _replace(rng: Random, program: str, words: list[str]) -> list[tuple[str, str, str]]:
    i = rng.randrange(len(words))
    key, found, _ = words[i].partition("=")
    words[i] = f"{key}={_fit(rng, key)}" if found else value(rng)
    return []


def _fit(rng: Random, key: str) -> str:
    new = value(rng)
    while key in STEPS and sum(letter.isdigit() for letter in new) > 4:
        new = value(rng)
    return new


def _mistype(rng: Random, program: str, words: list[str]) -> list[tuple[str, str, str]]:
    i = rng.randrange(len(words))
    words[i] = typo(rng, words[i])
    return []


def _repeat(rng: Random, program: str, words: list[str]) -> list[tuple[str, str, str]]:
    word = rng.choice(words)
    key, found, old = word.partition("=")
    words.insert(rng.randrange(len(words) + 1), f"{key}={rng.choice((old, _fit(rng, key)))}" if found else word)
    return []


def _add(rng: Random, program: str, words: list[str]) -> list[tuple[str, str, str]]:
    key = rng.choice(KEYS[program].split())
    usual = ("1", "2", "2,2,2", "3,3", "none", "all", "mine.py", "tucker", "cp", "column,mode,gate", "cuda", "float32")
    words.append(f"{key}={rng.choice((rng.choice(usual), _fit(rng, key)))}")
    return []


def _bare(rng: Random, program: str, words: list[str]) -> list[tuple[str, str, str]]:
    words.insert(rng.randrange(len(words) + 1), rng.choice(("", value(rng), "help", "list", "show", "sweep", "replay")))
    return []


def _dashes(rng: Random, program: str, words: list[str]) -> list[tuple[str, str, str]]:
    i = rng.randrange(len(words))
    key, _, old = words[i].partition("=")
    words[i : i + 1] = rng.choice(
        ([f"--{words[i]}"], [f"--{key}", old], [f"-{words[i]}"], [f"--{key}"], [f"{key} = {old}"])
    )
    return []


def _place(rng: Random, program: str, words: list[str]) -> list[tuple[str, str, str]]:
    key = rng.choice(OUTPUTS[program])
    name, what, target = rng.choice((*PLACES, *((name, "", "") for name in NAMES)))
    words.append(f"{key}={name}")
    if rng.random() < 0.2:
        words.append(f"{rng.choice(OUTPUTS[program])}={name}")
    return [(name, what, target)] if what else []
