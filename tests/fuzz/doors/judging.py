"""What is wrong with the outcome of a run: the contract of exit codes, and what no door may do."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from doors.case import SENTINEL, Case, sort_of
from doors.reports import bad_reports
from doors.room import CAP, Outcome
from doors.scripts import bad_script

SORTS = (
    "traceback", "hang", "memory", "exit code", "executed payload", "left process", "half-written", "replaced output",
    "escaped", "bad report", "control characters",
)  # fmt: skip
CODES = {"verify": {0, 1, 2, 3, 4, 5, 130}, "numerics": {0, 2, 3, 4, 130}, "theory": {0, 2, 3, 130}}
ASKING = ("list", "show", "new", "version", "help", "--help", "-h", "--version")  # words that judge nothing
WORDS = "PROVED|EXACT|SUPPORTED|INCONCLUSIVE|VACUOUS|REFUTED|ERROR"
TABLE = re.compile(rf"^\| ({WORDS}) +\|", re.MULTILINE)
SUMMARY = re.compile(rf"^((?:\d+ (?:{WORDS})(?:, )?)+) in .*Exit code (\d+)\.$", re.MULTILINE)  # below a grid too
LINE = re.compile(r"^(verify|numerics|theory|error|usage): \S")
FALLEN = re.compile(r"Traceback|Exception ignored in|Fatal Python error|terminate called|Segmentation fault")
OURS = re.compile(r'File "[^"]*/(verify|numerics|theory)/')  # a traceback that is not only of the user's own thread
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")  # tab, newline and carriage return are left


@dataclass(frozen=True)
class Fault:
    """One thing that must not be; `sort` is one of SORTS."""

    sort: str
    detail: str


def faults(case: Case, outcome: Outcome, *, cap: int = CAP) -> list[Fault]:
    """Every fault of a run, at most one of a sort for what it says and several for what it left."""
    found = []
    said = outcome.out + "\n" + outcome.err
    fallen = FALLEN.search(said)
    if fallen and not (case.prints and not OURS.search(said[fallen.start() :])):
        lines = [line for line in said[fallen.start() :].splitlines() if line.strip()]
        error = next((line for line in lines[1:] if not line.startswith(" ")), lines[-1])
        found.append(Fault("traceback", f"{lines[0][:60]} ... {error[:200]}"))
    if outcome.peak > cap:
        found.append(Fault("memory", f"{outcome.peak / 1e9:.1f} GB"))
    elif outcome.hung:
        found.append(Fault("hang", f"killed after {outcome.seconds:.0f} s"))
    elif wrong := _wrong_code(case, outcome):
        found.append(Fault("exit code", wrong))
    if outcome.left:
        found.append(Fault("left process", ", ".join(outcome.left[:4])))
    found += [Fault(*what) for what in _left_files(case, outcome)]
    if not case.prints and (odd := CONTROL.search(said)):
        found.append(Fault("control characters", f"{odd.group()!r} in {said[max(0, odd.start() - 40) :][:80]!r}"))
    if outcome.code in (0, 1, 3, 4, 130) and not outcome.hung:
        found += [Fault("bad report", text) for text in bad_reports(case, outcome)]
    if (
        _command(case) == "show"
        and outcome.code == 0
        and "import numpy" in outcome.out
        and (text := bad_script(outcome.out))
    ):
        found.append(Fault("executed payload" if "calls" in text else "bad report", f"the script of show {text}"))
    return found


def _command(case: Case) -> str:
    return case.words[0] if case.words else ""


def _wrong_code(case: Case, outcome: Outcome) -> str:
    """Why the exit code is wrong; empty where it is right."""
    code, rows = outcome.code, TABLE.findall(outcome.out)
    summary = SUMMARY.search(outcome.out)
    rows += re.findall(WORDS, summary.group(1)) if summary else []
    allowed = set(case.codes) or CODES.get(case.program, CODES["verify"]) - {130}
    if code not in allowed:
        return f"{code}, where {', '.join(map(str, sorted(allowed)))} are right; {_last(outcome)}"
    lines = [line for line in outcome.err.splitlines() if line.strip()]
    if code == 2 and (len(lines) != 1 or not LINE.match(lines[0])):
        return f"2 with {len(lines)} lines on stderr instead of one line 'verify: ...'; {_last(outcome)}"
    if case.stdout != "file":
        return ""  # what was said cannot be seen
    if code == 1 and not re.search(r"^(STILL )?REFUTED \S", outcome.out, re.MULTILINE):
        return f"1 without anything refuted; {_last(outcome)}"
    if code == 3 and not re.search("ERROR|CANNOT REPLAY", outcome.out) and not lines:
        return f"3 without a word; {_last(outcome)}"
    if code == 5 and not (lines or outcome.out.strip()):
        return "5 without a word"
    if code == 0 and not outcome.out.strip() and not case.odd and "out=" not in " ".join(case.words):
        return "0 without a word"
    if case.program == "verify" and code != 130:
        expected = next((n for n, word in ((1, "REFUTED"), (3, "ERROR")) if word in rows), None)
        expected = expected or (4 if {"INCONCLUSIVE", "VACUOUS"} & set(rows) else 0)
        if summary and int(summary.group(2)) != code:
            return f"{code}, and what it says is 'Exit code {summary.group(2)}'"
        judging = _command(case).strip("-") not in ASKING and _command(case) not in ASKING
        lost = code == 3 and any(line.endswith("; the run goes on without") for line in lines)  # an output, say html=
        if rows and code not in (expected, 2) and not lost:
            return f"{code} beside the verdicts {', '.join(sorted(set(rows)))}"
        if code == 0 and judging and not rows and not re.search(r"^(STILL|NO LONGER|NOT) ", outcome.out, re.MULTILINE):
            return f"0 with nothing judged; {_last(outcome)}"
    return ""


def _last(outcome: Outcome) -> str:
    lines = [line for line in (outcome.err.strip() or outcome.out.strip()).splitlines() if line.strip()]
    return f"last line {lines[-1][:200]!r}" if lines else "nothing was said"


def _left_files(case: Case, outcome: Outcome) -> list[tuple[str, str]]:
    """(sort, detail) of every file that must not be there, and of what no longer stands where it stood."""
    found, inside, outside = [], outcome.folder, outcome.folder.parents[1]
    typed_as = (inside / word[4:] for word in outcome.words if word.startswith("out=") and "\0" not in word)
    named = {Path(os.path.realpath(path)) for path in typed_as}  # Path.resolve raises at a loop of links
    reports = {inside / value for word in outcome.words if (value := word.partition("=")[2]) and value[0] != "/"}
    for path in sorted(outside.rglob("*")):
        name = str(path.relative_to(outside))
        if path.name.startswith(SENTINEL) and path not in reports:  # html=;touch FOLDER/SENTINEL is a file's name
            found.append(("executed payload", name))
        elif re.search(r"\.(part|partial|tmp)($|[.-])", path.name) and name.removeprefix("in/it/") not in case.files:
            found.append(("half-written", name))
        elif (
            inside not in (path, *path.parents)
            and name not in ("in", "stdout", "stderr")
            and not named & {*path.parents}
        ):
            found.append(("escaped", name))
    typed, known = " ".join(outcome.words), {"out", "__pycache__", *(name for name, _, _ in case.odd)}
    known |= {name.split("/")[0] for name in case.files} | {target for _, what, target in case.odd if what == "link"}
    for path in (
        inside.iterdir() if Path(os.path.realpath(inside)) not in named else ()
    ):  # out=. asks for what is written here
        if path.name not in known and path.stem not in typed and not path.name.startswith(SENTINEL):
            found.append(("escaped", f"{path.name!r}, which nobody named"))
    for name, what, _ in case.odd:
        before = {"null": "device", "zero": "device", "full": "device", "sparse": "file"}.get(what, what)
        after = sort_of(inside / name)
        if after != before and not (before == "device" and after == "fifo"):
            found.append(("replaced output", f"{name!r} was a {before} and is a {after}"))
    return found
