"""What is seen to before any room is imported: a file that hides one, Ctrl-C while the libraries are loading, and time.

Imported, this module has seen to it. `numerics._first` and `verify._first` run its file: theory must not be imported by
name before it is known whose theory that would be. Nothing is imported here that takes time, such as pathlib: until
the last lines have run, Ctrl-C is a traceback.
"""

import gc
import os
import signal
import sys
from importlib.util import find_spec

PACKAGES = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # where the rooms lie beside each other
ROOMS = ("theory", "numerics", "verify")
SCRIPT = "deep-tucker-verify"


def command() -> str:
    """The room that is being loaded to be run as a command; "" where a program imports it."""
    called, words = sys.argv[0] if sys.argv else "", sys.orig_argv
    if called == "-m" and "-m" in words[:-1]:  # so it is while `python -m` looks for what to run
        room = words[words.index("-m") + 1]
        return room if room in ROOMS else ""
    return "verify" if os.path.splitext(os.path.basename(called))[0] == SCRIPT else ""


def check_not_hidden() -> None:
    """See that the rooms that are not imported yet are ours; the file that hides one would be run by its import.

    Raises:
        SystemExit: with one line and code 2, where a room is run as a command.
        ImportError: with the same line, elsewhere.
    """
    for room in ROOMS[:-1]:
        spec = None if room in sys.modules else find_spec(room)
        if spec is None or spec.origin is None:
            continue
        if os.path.dirname(os.path.realpath(spec.origin)) == os.path.join(PACKAGES, room):
            continue
        line = (
            f"{spec.origin} hides this tool's package {room}; rename it, or run {SCRIPT}, which takes no module from "
            "the current folder"
        )
        if command():
            print(line, file=sys.stderr)
            raise SystemExit(2)
        raise ImportError(line)


def end_quietly_on_interrupts() -> None:
    """While libraries are loading, Ctrl-C ends a command with one line and 130; a program's own handler stays."""
    name = command()
    if not name or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return

    def while_loading(number: int, frame: object) -> None:
        os.write(2, f"{name}: interrupted\n".encode())
        os._exit(128 + number)

    signal.signal(signal.SIGINT, while_loading)


end_quietly_on_interrupts()
check_not_hidden()
if command():
    gc.disable()  # a third of the time that libraries take to load; `with_streams` turns it on again
