"""A command line as a shell reads it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

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


def command(program: str, outcome: Outcome) -> str:
    """What to type to see an outcome again in the folder that was kept."""
    text = typed(outcome.words)
    shown = text if len(text) < 1500 else f"{text[:700]} ... ({len(text)} letters)"
    return f"cd {shlex.quote(str(outcome.folder))} && python -m {program} {shown}"
