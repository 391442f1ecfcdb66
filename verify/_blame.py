"""Who is to blame for an exception: the conjecture, with file and line, or the tool."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

from ._claim import Claim, ClaimError, is_built_in
from ._evaluate import Mutated

LONGEST = 1000  # letters of an exception's message
REPORT = "please report it, with the command that led here"
ROOMS = [Path(__file__).resolve().parents[1] / room for room in ("theory", "numerics", "verify")]
LIBRARIES = [Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib", "purelib", "platlib")]


class NotRepeatable(Exception):
    """Two evaluations of the conjecture on the same input differ."""


def blame(claim: Claim, error: BaseException) -> str:
    """One line: what went wrong, with file and line of the conjecture, or that the tool itself failed."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == claim.file or _is_the_users(frame.filename)]
    said = isinstance(error, (NotRepeatable, Mutated, ClaimError))
    if (not own and not said) or is_built_in(claim.file):
        return internal(error)
    file, line = (own[-1].filename, own[-1].lineno) if own else (claim.file, claim.line)
    where = f"{file}:{line}" if line else str(file)
    if isinstance(error, NotRepeatable):
        return f"{where}: two evaluations on the same input differ; seed the randomness or drop the state it keeps"
    if isinstance(error, (Mutated, ClaimError)):
        return f"{where}: {error}"
    inside = _inside_of_the_tool(frames[-1].filename) if frames else ""
    at = f" (raised in {inside}:{frames[-1].lineno})" if inside else ""
    return f"{where}: {type(error).__name__}: {first_line(error)}{at}"


def internal(error: BaseException) -> str:
    """One line about a failure of the tool itself."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [(place, f.lineno) for f in frames if (place := _inside_of_the_tool(f.filename))]
    at = f" in {inside[-1][0]}:{inside[-1][1]}" if inside else ""
    return f"internal error{at}: {type(error).__name__}: {first_line(error)}; {REPORT}"


def first_line(error: BaseException) -> str:
    """The first line of an exception's message, not more than a reader reads."""
    text = str(error).strip().splitlines()
    line = text[0] if text else "no message"
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."


def _is_the_users(filename: str) -> bool:
    if filename.startswith("<") and not filename.startswith("<ipython"):
        return False
    path = Path(filename)
    return not _inside_of_the_tool(filename) and not any(path.is_relative_to(folder) for folder in LIBRARIES)


def _inside_of_the_tool(filename: str) -> str:
    """The file as its room names it, or "" for another one."""
    path = Path(filename)
    return next((path.relative_to(room.parent).as_posix() for room in ROOMS if path.is_relative_to(room)), "")
