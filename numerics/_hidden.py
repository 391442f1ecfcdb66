"""A user's own theory.py or numerics.py in the current folder would be imported in place of the room of that name.

Imported, this module has looked; `verify._hidden` runs its file before it is known whose numerics that would be.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = Path(__file__).resolve().parents[1]  # where theory, numerics and verify lie beside each other


def check_not_hidden(*rooms: str) -> None:
    """See that the rooms that are not imported yet are ours; the file that hides one would be run by its import.

    Raises:
        SystemExit: with one line and code 2, where a package is run as `python -m`.
        ImportError: with the same line, elsewhere.
    """
    for room in rooms:
        spec = None if room in sys.modules else find_spec(room)
        if spec is None or spec.origin is None or Path(spec.origin).resolve().parent == PACKAGES / room:
            continue
        line = (
            f"{spec.origin} hides this tool's package {room}; rename it, or run deep-tucker-verify, which takes no "
            "module from the current folder"
        )
        if sys.argv[:1] == ["-m"]:  # so it is while `python -m` looks for what to run
            print(line, file=sys.stderr)
            raise SystemExit(2)
        raise ImportError(line)


check_not_hidden("theory", "numerics")
