"""Conjecture files: code of the user's own that does not parse, does not end, ends the process, or is named oddly."""

from __future__ import annotations

from random import Random

from doors.case import Case
from doors.odd_options import NAMES, OPTIONS
from doors.snippets import ANYWHERE, Snippet
from doors.whole_files import FILES

HEAD = "from verify import Descent, Flow, State, Target, at_most, conjecture, constant, equal\nimport torch\n\n\n"
GOOD = (
    '@conjecture(title="Something true")\ndef good(state: State):\n    return equal(state.tensor, state.tensor * 1)\n'
)
KEYS = ("depth=1", "order=2", "examples=3", "paths=2", "budget=3")


def conjecture_file(rng: Random) -> Case:
    """A run of verify on one file, or on one beside a good one."""
    snippet, source, place = rng.choice((_at_import, _while_judged, _while_judged, _option, _named, _whole))(rng)
    name = rng.choice(
        ("mine.py",) * 12 + ("my claims.py", "näme.py", "\udcff.py", "-.py", "x" * 250 + ".py", "mine.txt")
    )
    files = {name: source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")}
    names = name
    if rng.random() < 0.2:
        files["good.py"], names = (HEAD + GOOD).encode(), rng.choice((f"{name},good.py", f"good.py,{name}"))
    words = [*KEYS, f"jobs={rng.choice((1, 1, 2))}", f"conjectures={names}"]
    odd: list[tuple[str, str, str]] = []
    if rng.random() < 0.3:
        words += ["json=a.json", "junit=a.xml", "html=a.html", "events=a.ndjson"]
    stdout = rng.choice(("file",) * 17 + ("closed", "full", "gone"))
    if stdout == "full":
        odd.append(("full", "full", ""))
    environment = rng.choice(((),) * 19 + ((("LC_ALL", "C"), ("PYTHONUTF8", "0"), ("PYTHONCOERCECLOCALE", "0")),))
    return Case(
        "conjectures", "verify", tuple(words), files, tuple(odd), stdout != "file" or bool(environment), stdout,
        environment, snippet.prints, snippet.codes, f"{snippet.note} {place}",
    )  # fmt: skip


def _indent(text: str, by: str = "    ") -> str:
    return "".join(by + line for line in text.splitlines(keepends=True))


def _at_import(rng: Random) -> tuple[Snippet, str, str]:
    snippet = rng.choice(ANYWHERE)
    text = snippet.text + "\n\n\n"
    return snippet, HEAD + (text + GOOD if rng.random() < 0.7 else GOOD + "\n\n" + text), "at import"


def _while_judged(rng: Random) -> tuple[Snippet, str, str]:
    snippet, subject = rng.choice(ANYWHERE), rng.choice(("State",) * 5 + ("Flow", "Descent", "Target"))
    last = "equal(x.tensor, x.tensor)" if subject in ("State", "Target") else "equal(x.losses, x.losses)"
    bad = f'@conjecture(title="Something")\ndef bad(x: {subject}):\n{_indent(snippet.text)}\n    return {last}\n'
    both = bad + "\n\n" + GOOD if rng.random() < 0.5 else bad
    return snippet, HEAD + both, f"while judged on a {subject}"


def _option(rng: Random) -> tuple[Snippet, str, str]:
    note, text = rng.choice(OPTIONS)
    bad = f"@conjecture({text})\ndef bad(state: State):\n    return equal(state.tensor, state.tensor * 1)\n"
    return Snippet(note, ""), HEAD + bad + ("\n\n" + GOOD if rng.random() < 0.5 else ""), "as an option"


def _named(rng: Random) -> tuple[Snippet, str, str]:
    name = rng.choice(NAMES)
    factor = rng.choice((1, 2))  # 2: refuted, so that a counterexample is named after it
    text = f"def bad(state: State):\n    return equal(state.tensor, {factor} * state.tensor)\n\n\n"
    text += f"bad.__name__ = {name!r}\n"
    text += f'bad.__qualname__ = {name!r}\nother = conjecture(title="Something")(bad)\n'
    return Snippet(f"a name of {name[:30]!a}", ""), HEAD + text, f"times {factor}"


def _whole(rng: Random) -> tuple[Snippet, bytes, str]:
    note, content = rng.choice(FILES)
    return Snippet(note, ""), content, "as the file"
