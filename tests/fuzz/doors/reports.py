"""Whether the reports that a run wrote can be read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree

from doors.case import Case
from doors.room import Outcome


def bad_reports(case: Case, outcome: Outcome) -> list[str]:
    """One text for every report that is none; what went into a pipe is looked at too."""
    found = []
    for word in outcome.words:
        key, _, name = word.lstrip("-").partition("=")
        if case.program != "verify" or key not in READERS or not name:
            continue
        path = outcome.folder / name
        content = outcome.piped.get(name)
        if content is None:
            if not os.path.isfile(path):
                continue
            content = Path(path).read_bytes()
        try:
            READERS[key](content)
        except (ValueError, ElementTree.ParseError) as error:
            found.append(f"{key}={name[:60]}: {type(error).__name__} {str(error)[:120]}")
    return found


def _json(content: bytes) -> None:
    json.loads(content.decode("utf-8"), parse_constant=_no_number)


def _lines(content: bytes) -> None:
    for line in content.decode("utf-8").splitlines():
        json.loads(line, parse_constant=_no_number)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _xml(content: bytes) -> None:
    ElementTree.fromstring(content)


def _html(content: bytes) -> None:
    text = content.decode("utf-8").rstrip()
    if not text.endswith("</html>"):
        raise ValueError(f"ends with {text[-40:]!r}")


READERS: dict[str, Callable[[bytes], None]] = {"json": _json, "events": _lines, "junit": _xml, "html": _html}
