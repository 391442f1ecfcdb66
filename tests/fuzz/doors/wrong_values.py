"""Values that do not belong into a replay file, and spoilt texts of one."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from doors.case import HERE, SENTINEL

PAYLOAD = f"open('{HERE}/{SENTINEL}', 'w')\n".encode()


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


WRONG: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, 1e308, 5e-324, float("inf"), float("-inf"), float("nan"), 10**9, 10**30,
    -(10**30),
    10**4000,    "", "x", "1", "é\u202e", "\ud800", "a\nb", "\x1b[31m\x07\u009b", "\x00", "x" * 10**5, [], [[]], [1],
    [1, [2, 3]], ["a"],
    [None], [True], [[float("nan")]], [[float("inf")]], [[1e200]], [10**30], {}, {"a": 1}, {"": []}, [{}], _nested(60),
    _nested(300),     [[1, 2], [3]], [0.1, "0.1"], "1/3", [["1/3"]], [[2**64, 1]], "balanced", "__import__",
)  # fmt: skip
SIZES: tuple[tuple[str, Any], ...] = (
    ("400x400 zeros", [[0] * 400] * 400),
    ("400x400 ones", [[1] * 400] * 400),
    ("1x5000", [[1] * 5000]),
    ("5000x1", [[1]] * 5000),
    ("2x2", [[1, 2], [3, 4]]),
    ("3x1", [[1], [2], [3]]),
    ("ragged", [[1, 2], [3]]),
    ("order 3", [[[1]]]),
    ("order 12", [[[[[[[[[[[[1]]]]]]]]]]]]),
    ("number", 1),
    ("empty", []),
    ("empty rows", [[], []]),
    ("digits", [[10**400]]),
    ("texts", [["1"]]),
    ("none", [[None]]),
)


def _cut(rng: Random, text: bytes) -> bytes:
    return text[: rng.randrange(len(text))]


def _flip(rng: Random, text: bytes) -> bytes:
    content = bytearray(text)
    for _ in range(rng.choice((1, 5, 50))):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


RAW: dict[str, Callable[[Random, bytes], bytes]] = {
    "truncated": _cut,
    "bytes changed": _flip,
    "nothing": lambda *_: b"",
    "10^5 brackets": lambda *_: b"[" * 10**5,
    "10^5 closed brackets": lambda *_: b"[" * 10**5 + b"]" * 10**5,
    "10^5 braces": lambda *_: b'{"a":' * 10**5,
    "brackets in the target": lambda _, text: text.replace(b'"target": [[', b'"target": ' + b"[" * 10**5, 1),
    "a list": lambda _, text: b"[" + text + b"]",
    "a number": lambda *_: b"1",
    "null": lambda *_: b"null",
    "a text": lambda *_: b'"a"',
    "utf-16": lambda _, text: text.decode().encode("utf-16"),
    "bom": lambda _, text: b"\xef\xbb\xbf" + text,
    "latin": lambda _, text: text.replace(b'"claim": "', b'"claim": "\xe9'),
    "NUL": lambda _, text: text.replace(b",", b",\0", 1),
    "a key twice": lambda _, text: text.replace(b"{", b'{"claim": 7, "depth": [], ', 1),
    "two documents": lambda _, text: text + text,
    "an integer of 5000 digits": lambda _, text: text.replace(b'"depth": 1', b'"depth": ' + b"1" * 5000),
    "1e400": lambda _, text: text.replace(b'"depth": 1', b'"depth": 1e400'),
    "10^6 entries": lambda _, text: text.replace(b'"target": [[', b'"target": [[' + b"1," * 10**6, 1),
    "python": lambda *_: PAYLOAD,
    "pickle": lambda *_: b"cposix\nsystem\n(S'touch EXECUTED'\ntR.",
    "30 MB of blanks": lambda _, text: text + b" " * 30_000_000,
    "quotes": lambda _, text: text.replace(b'"', b"'"),
}
