"""Conjecture files as a whole: no Python, no conjectures, and functions that are none."""

from __future__ import annotations

HEAD = "from verify import *\nimport itertools, torch\n"
SAME = "@conjecture(title='A')\ndef f(a: State): return equal(a.tensor, a.tensor)\n"
BODIES = (  # each below @conjecture
    ("decorated class", "class X: pass"),
    ("no parameter", "def f(): pass"),
    ("two parameters", "def f(a: State, b: State): pass"),
    ("no annotation", "def f(a): pass"),
    ("annotation of nothing", "def f(a: 'Nosuch'): pass"),
    ("returns nothing", "def f(a: State): pass"),
    ("returns True", "def f(a: State): return True"),
    ("a generator", "def f(a: State): yield equal(a.tensor, a.tensor)"),
    ("a coroutine", "async def f(a: State): return equal(a.tensor, a.tensor)"),
    ("an endless list", "def f(a: State): return (equal(a.tensor, a.tensor) for _ in itertools.count())"),
    ("an empty list", "def f(a: State): return []"),
    ("wrong shapes", "def f(a: State): return equal(a.tensor, torch.ones(7, 9))"),
    ("NaN", "def f(a: State): return equal(a.tensor * float('nan'), a.tensor)"),
    ("infinity", "def f(a: State): return equal(a.tensor + float('inf'), a.tensor)"),
    ("text", "def f(a: State): return equal('a', 'b')"),
    ("none", "def f(a: State): return equal(None, None)"),
    ("complex", "def f(a: State): return equal(a.tensor * 1j, a.tensor)"),
    ("int tensors", "def f(a: State): return equal(torch.tensor(1), torch.tensor(2))"),
    ("writes into the state", "def f(a: State):\n    a.tensor.zero_()\n    return equal(a.tensor, a.tensor)"),
    ("random answers", "def f(a: State): return equal(torch.rand(1).double(), 1)"),
)
FILES: tuple[tuple[str, bytes], ...] = (
    ("nothing", b""),
    ("a comment", b"# nothing\n"),
    ("no conjectures", b"x = 1\n"),
    ("syntax error", b"def f(:\n"),
    ("wrong indent", b"def f():\n\tx = 1\n        y = 2\n"),
    ("NUL bytes", b"x = 1\x00\n"),
    ("latin bytes", b"x = '\xe9'\n"),
    ("unknown coding", b"# -*- coding: nosuch -*-\nx = 1\n"),
    ("utf-16", "x = 1\n".encode("utf-16")),
    ("random bytes", bytes(range(256)) * 4),
    ("10^5 brackets", b"x = " + b"(" * 10**5 + b")" * 10**5),
    ("10^4 terms", b"x = " + b"+".join([b"1"] * 10**5) + b"\n"),
    ("an integer of 5000 digits", b"x = " + b"1" * 5000 + b"\n"),
    ("import of nothing", b"import nosuch\n"),
    ("relative import", b"from . import x\n"),
    ("import of itself", b"import mine\n"),
    ("star", b"from verify import *\n"),
    ("a lambda", b"from verify import *\nconjecture(title='A')(lambda state: None)\n"),
    ("decorated number", b"from verify import conjecture\nx = conjecture(title='A')(7)\n"),
    ("one name twice", f"{HEAD}{SAME}{SAME}".encode()),
    *((note, f"{HEAD}@conjecture(title='A')\n{body}\n".encode()) for note, body in BODIES),
)
