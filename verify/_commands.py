"""What the words of the command line do: verify, list, show, replay, new."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from numerics import UsageError, closest, parse_keys
from theory.files import is_stream, why_no_folder, why_unwritable
from theory.streams import on_one_line

from ._config import Config, ReplayConfig
from ._conjectures import TEMPLATE
from ._counterexample import load
from ._events import Listener
from ._outputs import JsonFile, JunitFile, NdjsonFile
from ._run import matches, run
from ._script import script
from ._terminal import Terminal
from ._verdict import Exit


def verify(words: list[str]) -> int:
    """The main job."""
    config = parse_keys(words, Config)
    check_outputs(config)
    config.check_memory()
    listeners: list[Listener] = []
    if config.json_:
        listeners.append(JsonFile(config.json_))
    if config.events:
        listeners.append(NdjsonFile(config.events))
    if config.junit:
        listeners.append(JunitFile(config.junit))
    if config.html:
        from ._html import HtmlFile

        listeners.append(HtmlFile(config.html))
    listeners.append(Terminal())  # last: its exit code knows of a report that could not be written
    if config.data is not None:
        from ._real import verify_data

        return verify_data(config, listeners)
    return run(config, listeners)


def check_words(words: Sequence[str], commands: Iterable[str]) -> None:
    """Raises: UsageError for a bare word, with what it may have meant."""
    for place, word in enumerate(words):
        if "=" in word or word.startswith("-") or (place and words[place - 1].startswith("--")):
            continue
        if word.endswith(".py"):
            raise UsageError(f"{word}: to judge the conjectures of a file write conjectures={word}")
        if word.endswith(".json"):
            raise UsageError(f"{word}: what shall be done with it? python -m verify replay {word}, or show {word}")
        if place == 0 and (near := closest(word, commands)):
            raise UsageError(f"there is no command {word!r}{near}")


def check_outputs(config: Config) -> None:
    """Before any work: can every output be written, and does none of them replace an input or another output?

    Raises:
        UsageError: one cannot, with the reason.
    """
    if why := why_no_folder(config.out):
        raise UsageError(f"out={config.out} {why}")
    taken = {os.path.realpath(path): f"{key}={path}" for key, path in _inputs(config)}
    for key, path in (
        ("json", config.json_), ("events", config.events), ("junit", config.junit), ("html", config.html),
    ):  # fmt: skip
        if path is None:
            continue
        name = f"{key}={path}"
        if why := why_unwritable(path):
            raise UsageError(f"{name} {why}")
        if is_stream(path) and not path.is_fifo():  # /dev/null and a terminal take anything
            continue
        there = taken.setdefault(os.path.realpath(path), name)
        if there != name:
            raise UsageError(f"{name} is the file of {there}; name another")


def _inputs(config: Config) -> Iterator[tuple[str, str]]:
    """The files that a run reads, each with its key."""
    for path in config.conjectures or ():
        yield "conjectures", path
    if config.data is not None:
        yield "data", config.data


def version(words: list[str]) -> int:
    """The version of the tool, of Python and of the libraries whose numbers it takes."""
    if words:
        raise UsageError("version takes no arguments")
    from importlib.metadata import version as of

    print(f"deep-tucker-verify {of('deep-tucker-verify')} (Python {platform.python_version()})")
    for name in ("torch", "numpy", "scipy", "sympy", "mpmath", "gmpy2", "hypothesis"):
        print(f"  {name:10} {of(name)}")
    return Exit.OK


def list_claims(words: list[str]) -> int:
    """The built-in claims, by topic; patterns select."""
    from .claims import EVERY

    for word in words:
        if not any(matches(claim, word) for claim in EVERY):
            names = {name for claim in EVERY for name in (claim.id, claim.topic.replace(" ", "-"))}
            line = f"list {word}: no claim or topic matches{closest(word.strip('*'), names)}"
            print(f"verify: {on_one_line(line)}", file=sys.stderr)
            return Exit.NOTHING
    topic = ""
    for claim in EVERY:
        if words and not any(matches(claim, word) for word in words):
            continue
        if claim.topic != topic:
            topic = claim.topic
            print(f"\n{topic}" if topic else topic)
        about = f"{claim.subject}, {claim.assumes}"
        print(
            f"  {claim.id}\n      {claim.headline}\n      about: {about}; source: {claim.source}; "
            f"mutants: {', '.join(claim.mutants) or 'none (negative statement)'}"
        )
    return Exit.OK


def show(words: list[str]) -> int:
    """One claim in full, or a counterexample file as a standalone script."""
    from .claims import EVERY

    if len(words) != 1:
        raise UsageError("show takes one claim id (see python -m verify list) or one counterexample file")
    if words[0].endswith(".json"):
        print(script(*load(Path(words[0]))))
        return Exit.OK
    found = [claim for claim in EVERY if claim.id == words[0]]
    if not found and Path(words[0]).is_file():
        raise UsageError(
            f"show {words[0]}: show takes a counterexample file, out/counterexamples/NAME.json, or a claim id"
        )
    if not found:
        raise UsageError(
            f"show {words[0]}: no such claim{closest(words[0], [claim.id for claim in EVERY])} "
            "(python -m verify list shows them)"
        )
    claim = found[0]
    kind = "a relation that does NOT hold in general" if claim.negative else "a relation that holds"
    print(f"{claim.id}\n{claim.headline}\n\n{claim.statement}\n")
    print(f"about       a {claim.subject}, start: {claim.assumes}; {kind}")
    print(
        f"source      {claim.source}\n"
        f"proof       {f'theory derivation {claim.derivation}' if claim.derivation else 'none here'}"
    )
    print(f"mutants     {', '.join(claim.mutants) or 'none'}\ndefined     {claim.file}:{claim.line}")
    return Exit.OK


def replay(words: list[str]) -> int:
    """Judge a saved counterexample again: STILL REFUTED (exit 1), NO LONGER (0) or CANNOT REPLAY (3).

    The witness of a negative claim is STILL A WITNESS (0) or NO LONGER one (4: the claim is undecided).
    """
    from ._replay import replay_file

    keys = parse_keys([word for word in words if "=" in word], ReplayConfig)
    files = [word for word in words if "=" not in word]
    if len(files) != 1:
        raise UsageError("replay takes one counterexample file, e.g. out/counterexamples/NAME.json")
    return replay_file(Path(files[0]), keys)


def new(words: list[str]) -> int:
    """Write a commented template of a conjecture file; an existing file is not touched."""
    if len(words) != 1 or not re.fullmatch(r"[A-Za-z_][\w-]*(\.py)?", words[0]):
        raise UsageError(
            "new takes one name made of letters, digits and underscores, e.g. python -m verify new my_conjecture"
        )
    name = words[0].removesuffix(".py").replace("-", "_")
    path = Path(f"{name}.py")
    if path.exists():
        raise UsageError(f"{path} exists; choose another name")
    path.write_text(
        TEMPLATE.replace("{file}", str(path)).replace("{name}", name).replace("{title}", name.replace("_", " ")),
        encoding="utf-8",
    )
    print(f"wrote {path}; run it with: python -m verify conjectures={path} depth=2,3")
    return Exit.OK
