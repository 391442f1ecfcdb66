"""How an interpreter ends, without the second that it takes to clear away what the server has imported."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn


def leave_after(work: Callable[[], object]) -> NoReturn:
    """Do it and end this process as `python -m` ends: threads awaited, exit functions run, output flushed."""
    code = 0
    try:
        work()
    except SystemExit as end:
        code = _code(end.code)
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        code = -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except (OSError, ValueError) as error:
            os.write(2, f"Exception ignored in: {stream!r}\n{type(error).__name__}: {error}\n".encode())
            code = 120
    if code == -signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(code & 0xFF)


def _code(said: object) -> int:
    if said is None or isinstance(said, int):
        return said or 0
    print(said, file=sys.stderr)
    return 1
