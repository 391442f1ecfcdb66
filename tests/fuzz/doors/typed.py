"""A command line as a shell reads it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from doors.case import Case
from doors.judging import Fault
from doors.room import Outcome


def typed(words: Sequence[str]) -> str:
    """The words quoted; bytes that are no text and control characters as $'...'."""
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    escaped = "".join(
        f"\\x{byte:02x}" if byte < 32 or byte > 126 or byte in b"'\\" else chr(byte) for byte in os.fsencode(word)
    )
    return f"$'{escaped}'"


STDOUT = {"file": "", "closed": " >&-", "full": " > full", "gone": " | true"}


def command(case: Case, outcome: Outcome) -> str:
    """What to type to see an outcome again in the folder that was kept."""
    text = typed(outcome.words)
    shown = text if len(text) < 1500 else f"{text[:700]} ... ({len(text)} letters)"
    setting = "".join(f"{name}={content} " for name, content in case.environment)
    return f"cd {shlex.quote(str(outcome.folder))} && {setting}python -m {case.program} {shown}{STDOUT[case.stdout]}"


def told(case: Case, outcome: Outcome, found: Sequence[Fault], *, title: str, again: str) -> str:
    """The text of an input with faults; ASCII only."""
    lines = [f"FAULT {case.kind} {title}"]
    lines += [f"  {fault.sort}: {fault.detail}" for fault in found]
    lines += [f"  {command(case, outcome)}", f"  again: {again}"]
    return "\n".join(lines).encode("ascii", "backslashreplace").decode() + "\n"
