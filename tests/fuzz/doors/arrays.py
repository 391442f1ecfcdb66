""".npy files: the values, shapes and types an array may have, and the headers it may not."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

import numpy as np

from doors.case import SENTINEL

PICKLE = f"cposix\nsystem\n(S'touch {SENTINEL}'\ntR.".encode()  # runs when unpickled
SHAPES = ((3, 4), (4, 3), (2, 3, 2), (3, 3, 3))
Made = tuple[bytes, int]  # content, and the size to which the file is grown with a hole; 0: as it is


def raw(descr: str, shape: str, body: bytes, version: int = 1) -> bytes:
    """An .npy file with a header written by hand."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes((version, 0)) + length + header + body


def npy(rng: Random, values: np.ndarray | None = None) -> bytes:
    """A valid file."""
    values = _values(rng) if values is None else values
    return raw(repr(values.dtype.str), repr(values.shape), values.tobytes())


def _values(rng: Random) -> np.ndarray:
    shape = rng.choice(SHAPES)
    return np.array([rng.gauss(0, 1) for _ in range(int(np.prod(shape)))]).reshape(shape)


def _with(value: float, part: float) -> Callable[[Random], Made]:
    def make(rng: Random) -> Made:
        values = _values(rng)
        for i in range(values.size):
            if rng.random() < part:
                values.flat[i] = value * rng.choice((1, -1))
        return npy(rng, values), 0

    return make


def _times(scale: float) -> Callable[[Random], Made]:
    return lambda rng: (npy(rng, _values(rng) * scale), 0)


def _shaped(*shape: int) -> Callable[[Random], Made]:
    return lambda rng: (npy(rng, np.random.default_rng(rng.randrange(99)).normal(size=shape)), 0)


def _typed(kind: str) -> Callable[[Random], Made]:
    return lambda rng: (npy(rng, np.array(_values(rng) * 3).astype(kind)), 0)


def _as(descr: str, shape: str = "(2, 3)", body: bytes = b"\1" * 48) -> Callable[[Random], Made]:
    return lambda rng: (raw(descr, shape, body, rng.choice((1, 1, 2, 3))), 0)


def _huge(*shape: int) -> Callable[[Random], Made]:
    return lambda _: (head := raw("'<f8'", repr(shape), b""), len(head) + 8 * int(np.prod(shape, dtype=object)))


ARRAYS: dict[str, Callable[[Random], Made]] = {
    **{f"some {v}": _with(v, 0.3) for v in (float("nan"), float("inf"), 1e200, 1e-200, 1e308, 5e-324)},
    **{f"all {v}": _with(v, 1.1) for v in (float("nan"), float("inf"), 0.0, 1.0, 1e308)},
    **{f"times {v}": _times(v) for v in (1e200, 1e-200, 1e300, 1e-310)},
    **{
        f"shape {s}": _shaped(*s)
        for s in (
            (),
            (0,),
            (5,),
            (1,),
            (1, 1),
            (0, 3),
            (3, 0, 2),
            (1, 5000),
            (5000, 1),
            (1,) * 5,
            (2,) * 12,
            (1,) * 32,
            (2, 2),
        )
    },
    **{
        f"type {t}": _typed(t)
        for t in ("f2", ">f8", "f4", "i8", "u1", "?", "c16", "i2", "U9", "S9", "M8[s]", "m8[s]", "g")
    },
    "pickle in an object array": lambda _: (raw("'|O'", "(2, 3)", PICKLE), 0),
    "bare pickle": lambda _: (PICKLE, 0),
    "pickle of protocol 4": lambda _: (b"\x80\x04" + PICKLE, 0),
    "structured": _as("[('a', '<f8')]"),
    "evil descr": _as(f"__import__('os').system('touch {SENTINEL}')"),
    "evil shape": _as("'<f8'", f"(__import__('os').system('touch {SENTINEL}'),)"),
    "negative size": _as("'<f8'", "(-2, -3)"),
    "size of 10^30": _as("'<f8'", f"({10**30}, 1)"),
    "shape of text": _as("'<f8'", "('2', 3)"),
    "shape of floats": _as("'<f8'", "(2.0, 3)"),
    "shape of order 65": _as("'<f8'", repr((1,) * 65), b"\0" * 8),
    "void": _as("'|V8'"),
    "nothing": lambda _: (b"", 0),
    "only the magic": lambda _: (b"\x93NUMPY", 0),
    "version 9": lambda rng: (npy(rng)[:6] + b"\x09" + npy(rng)[7:], 0),
    "deep header": _as("[" * 5000, "(2, 3)"),
    "6 GiB of holes": _huge(805306368),
    "a matrix of 6 GiB of holes": _huge(28378, 28378),
    "an order 3 of 6 GiB of holes": _huge(930, 930, 931),
    "2 GiB of holes": _huge(16384, 16384),
    "2 GiB, not there": lambda _: (raw("'<f8'", "(16384, 16384)", b"\0" * 64), 0),
    "0.5 GiB of holes in one mode": _huge(2, 33554432),
}
