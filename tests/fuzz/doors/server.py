"""A process that has imported the tool once and forks a child for every input; `room.py` talks to it.

A request is a line of JSON on stdin; answers are lines of JSON on stdout: {"pid"}, then {"code", "peak"}. In the child
the module runs as `python -m` would run it, in a session, a folder and with a stdout of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import sys
from typing import Any, NoReturn

from leaving import leave_after

SUBREAPER = 36  # prctl: orphans of the runs become children of this process


def serve() -> None:
    """Answer requests until stdin ends."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    requests, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    import numpy  # noqa: F401
    import torch

    torch.set_num_threads(1)
    _import_all()
    gc.freeze()
    for line in requests:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os.close(requests.fileno())
            os.close(answers.fileno())
            _become(request)
        _say(answers, {"pid": child})
        _, status, used = os.wait4(child, 0)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        _say(answers, {"code": os.waitstatus_to_exitcode(status), "peak": used.ru_maxrss * 1024})


def _import_all() -> None:
    """Everything of the tool, and what it would import only when it draws or reads; runs through `python -m` do not."""
    for room in ("theory", "numerics", "verify"):
        with contextlib.suppress(ImportError):
            for module in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
                if not module.name.endswith("__main__"):
                    importlib.import_module(module.name)
    for name in ("matplotlib.pyplot", "imageio.v3", "scipy.io", "sqlite3", "rich.console"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _say(answers: Any, what: dict[str, int]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _become(request: dict[str, Any]) -> NoReturn:
    """Be the run of a request, and end with it."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(os.fsencode(request["folder"]))
    os.dup2(os.open(request["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 2)
    _stdout(request)
    words = [os.fsencode(word) for word in request["words"]]
    if request["real"]:
        environment = {**os.environ, **request["environment"]}
        os.execve(sys.executable, [sys.executable, "-m", request["program"], *words], environment)
    sys.path[0] = request["folder"]
    sys.argv = [request["program"], *request["words"]]
    leave_after(lambda: runpy.run_module(request["program"], run_name="__main__", alter_sys=True))


def _stdout(request: dict[str, Any]) -> None:
    if request["stdout"] == "closed":
        os.close(1)
    elif request["stdout"] == "gone":
        there, here = os.pipe()
        os.dup2(here, 1)
        os.close(here)
        os.close(there)
    elif request["stdout"] == "full":
        os.dup2(os.open("full", os.O_WRONLY), 1)
    else:
        os.dup2(os.open(request["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 1)


if __name__ == "__main__":
    serve()
