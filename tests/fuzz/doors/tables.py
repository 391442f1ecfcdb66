"""Tables and other files of text: .csv of index and value, .mat, .json, .txt."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

GOOD = "".join(f"{i},{j},{i + 2 * j + 1}\n" for i in range(3) for j in range(4))


def _always(text: str | bytes, encoding: str = "utf-8") -> Callable[[Random], bytes]:
    return lambda _: text if isinstance(text, bytes) else text.encode(encoding, "surrogateescape")


TABLES: dict[str, Callable[[Random], bytes]] = {
    "index and value.csv": _always(GOOD),
    "header.csv": _always("i,j,value\n" + GOOD),
    "missing entries.csv": _always("\n".join(GOOD.split("\n")[::2])),
    "nan.csv": _always(GOOD.replace("1\n", "nan\n")),
    "repeated.csv": _always(GOOD + GOOD),
    "far away.csv": _always(GOOD + "1000000000,1000000000,1\n"),
    "far away in one.csv": _always(GOOD + "1,99999999999,1\n"),
    "negative.csv": _always(GOOD + "-1,-1,1\n"),
    "not whole.csv": _always(GOOD + "1.5,1,1\n"),
    "infinite index.csv": _always(GOOD + "inf,nan,1\n"),
    "ragged.csv": _always(GOOD + "1,2,3,4,5\n1\n"),
    "empty.csv": _always(""),
    "only lines.csv": _always("\n" * 100),
    "only a header.csv": _always("i,j,value\n"),
    "one column.csv": _always("1\n2\n3\n"),
    "12 columns.csv": _always(",".join(["1"] * 12) + "\n"),
    "10^5 columns.csv": _always(",".join(["1"] * 10**5) + "\n"),
    "words.csv": _always("a,b,c\nd,e,f\n"),
    "huge numbers.csv": _always(GOOD + "1,1," + "9" * 5000 + "\n" + "1" * 5000 + ",1,1\n"),
    "utf-16.csv": _always(GOOD, "utf-16"),
    "bom.csv": _always("\ufeff" + GOOD),
    "latin.csv": _always(b"\xe9,\xe8,1\n"),
    "nul.csv": _always(GOOD + "1,\0,1\n"),
    "old mac.csv": _always(GOOD.replace("\n", "\r")),
    "quoted.csv": _always('"0","0","1"\n"' + "x" * 200000 + "\n"),
    "formula.csv": _always("=cmd|' /C calc'!A0,1,1\n"),
    "garbage.mat": lambda rng: rng.randbytes(300),
    "header only.mat": _always(b"MATLAB 5.0 MAT-file" + b" " * 105 + b"\0\1IM"),
    "long element.mat": _always(b"MATLAB 5.0 MAT-file" + b" " * 105 + b"\0\1IM" + b"\x0e\0\0\0\xff\xff\xff\x7f"),
    "empty.mat": _always(b""),
    "hdf.mat": _always(b"\x89HDF\r\n\x1a\n" + b"\0" * 500),
    "a.json": _always("[[1, 2], [3, 4]]"),
    "a.txt": _always("1 2\n3 4\n"),
    "a.py": _always("open('EXECUTED', 'w')\n"),
    "a.pkl": _always(b"cposix\nsystem\n(S'touch EXECUTED'\ntR."),
    "a.pt": _always(b"cposix\nsystem\n(S'touch EXECUTED'\ntR."),
}
