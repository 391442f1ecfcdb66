"""Statements that may stand anywhere in a conjecture file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Snippet:
    """Statements; see `Case` for prints and codes."""

    note: str
    text: str
    prints: bool = False
    codes: tuple[int, ...] = ()


FAILED = (2, 3)  # the file cannot be used, or its claims are ERROR; never 0, 1 or 4
ANYWHERE = (
    Snippet("endless loop", "while True:\n    pass", codes=FAILED),
    Snippet("endless sleep", "import time\ntime.sleep(10**6)", codes=FAILED),
    Snippet("endless C call", "sum(range(10**14))", codes=FAILED),
    Snippet("endless loop that catches all", "while True:\n    try:\n        while True:\n            pass\n"
            "    except BaseException:\n        pass", codes=FAILED),
    Snippet("lock that nobody opens", "import threading\nl = threading.Lock()\nl.acquire()\nl.acquire()", codes=FAILED),
    Snippet("os._exit(0)", "import os\nos._exit(0)", codes=FAILED),
    Snippet("os._exit(1)", "import os\nos._exit(1)", codes=FAILED),
    Snippet("os.abort", "import os\nos.abort()", codes=FAILED),
    Snippet("kill -9 of itself", "import os\nos.kill(os.getpid(), 9)", codes=FAILED),
    Snippet("kill -15 of itself", "import os\nos.kill(os.getpid(), 15)", codes=FAILED),
    Snippet("SystemExit 0", "raise SystemExit(0)", codes=FAILED),
    Snippet("SystemExit text", "raise SystemExit('done')", codes=FAILED),
    Snippet("sys.exit(1)", "import sys\nsys.exit(1)", codes=FAILED),
    Snippet("KeyboardInterrupt", "raise KeyboardInterrupt", codes=(*FAILED, 130)),
    Snippet("BaseException", "raise BaseException('oh')", codes=FAILED),
    Snippet("GeneratorExit", "raise GeneratorExit", codes=FAILED),
    Snippet("own BaseException", "class E(BaseException):\n    def __str__(self):\n        raise E\n\n\nraise E",
        codes=FAILED),
    Snippet("exception without text", "class E(Exception):\n    __str__ = None\n\n\nraise E", codes=FAILED),
    Snippet("message of 10^6 letters", "raise ValueError('x' * 10**6)", codes=FAILED),
    Snippet("message of control characters", "raise ValueError('a\\x1b[31m\\nb\\r\\x07\\x9b')", codes=FAILED),
    Snippet("message of surrogates", "raise ValueError('\\ud800\\udcff')", codes=FAILED),
    Snippet("exception of 1000 causes",
        "e = None\nfor i in range(1000):\n    n = ValueError(i)\n    n.__cause__ = e\n    e = n\nraise e",
            codes=FAILED),
    Snippet("group of exceptions", "raise ExceptionGroup('all', [ValueError(1), KeyError(2)])", codes=FAILED),
    Snippet("deep recursion", "f = lambda n: f(n + 1)\nf(0)", codes=FAILED),
    Snippet("recursion of 200,000 frames",
        "import sys\nsys.setrecursionlimit(200_000)\nf = lambda n: f(n + 1)\nf(0)", codes=FAILED),
    Snippet("segmentation fault", "import ctypes\nctypes.string_at(0)", codes=FAILED),
    Snippet("MemoryError", "raise MemoryError", codes=FAILED),
    Snippet("1 GB in a loop", "held = []\nwhile len(held) < 100:\n    held.append(bytearray(10**7))"),
    Snippet("prints megabytes", "for _ in range(300):\n    print('x' * 9999)", prints=True),
    Snippet("prints control characters", "print('\\x1b[2J\\x07\\0', flush=True)", prints=True),
    Snippet("prints surrogates", "print('\\ud800')", prints=True),
    Snippet("closes stdout", "import sys\nsys.stdout.close()"),
    Snippet("closes descriptor 1", "import os\nos.close(1)"),
    Snippet("closes descriptors", "import os\nos.closerange(3, 200)"),
    Snippet("stdout is None", "import sys\nsys.stdout = sys.stderr = None"),
    Snippet("stdout is replaced", "import io, sys\nsys.stdout = io.StringIO()"),
    Snippet("float32", "torch.set_default_dtype(torch.float32)"),
    Snippet("device meta", "torch.set_default_device('meta')"),
    Snippet("no gradients", "torch.set_grad_enabled(False)"),
    Snippet("many torch threads", "torch.set_num_threads(8)\ntorch.ones(300, 300) @ torch.ones(300, 300)"),
    Snippet("deterministic", "torch.use_deterministic_algorithms(True)"),
    Snippet("numpy raises", "import numpy\nnumpy.seterr(all='raise')"),
    Snippet("warnings are errors", "import warnings\nwarnings.simplefilter('error')\nwarnings.warn('oh')",
        codes=FAILED),
    Snippet("a warning", "import warnings\nwarnings.warn('oh')", prints=True),
    Snippet("a thread that goes on",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()"),
    Snippet("a thread that is no daemon",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()"),
    Snippet("a thread that raises", "import threading\nthreading.Thread(target=lambda: 1 / 0).start()", prints=True),
    Snippet("signals ignored", "import signal\nfor s in (2, 14, 15):\n    signal.signal(s, signal.SIG_IGN)"),
    Snippet("alarm", "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.01)"),
    Snippet("another folder", "import os\nos.chdir('/')"),
    Snippet("no folder", "import os, tempfile\nd = tempfile.mkdtemp()\nos.chdir(d)\nos.rmdir(d)"),
    Snippet("fork", "import os\nif os.fork() == 0:\n    os._exit(0)"),
    Snippet("umask", "import os\nos.umask(0o777)"),
    Snippet("atexit that raises", "import atexit\natexit.register(lambda: 1 / 0)", prints=True),
    Snippet("atexit that exits", "import atexit, os\natexit.register(os._exit, 0)"),
    Snippet("modules emptied",
        "import sys\nfor name in [n for n in sys.modules if n.startswith('verify')]:\n    del sys.modules[name]"),
    Snippet("tool overwritten",
        "import verify\nfor n in dir(verify):\n    if n[0] != '_':\n        setattr(verify, n, None)"),
    Snippet("builtins replaced", "import builtins\nbuiltins.len = lambda x: 0"),
    Snippet("few descriptors", "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))"),
    Snippet("little disk", "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"),
)  # fmt: skip
