""".npz files: archives of arrays, of masks, of nothing, of pickles, and one that unpacks to 4 GB."""

from __future__ import annotations

import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from random import Random

import numpy as np

from doors.arrays import PICKLE, npy, raw

CHUNK, CHUNKS = 1 << 26, 62


def _zip(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _masked(mask: Callable[[np.ndarray], np.ndarray]) -> Callable[[Random], bytes]:
    def make(rng: Random) -> bytes:
        values = np.arange(1.0, 13.0).reshape(3, 4)
        return _zip(**{"tensor.npy": npy(rng, values), "mask.npy": npy(rng, mask(values))})

    return make


@functools.cache
def _bomb() -> bytes:
    """One member of 4.16e9 zeros in some 4 MB; its checksum is wrong, which is seen when all is unpacked."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = raw("'<f8'", f"({CHUNK * CHUNKS // 8 // 4096}, 4096)", b"")
    body = squeeze.compress(head) + squeeze.flush(zlib.Z_FULL_FLUSH)
    part = squeeze.compress(b"\0" * CHUNK) + squeeze.flush(zlib.Z_FULL_FLUSH)
    body += part * CHUNKS + squeeze.flush()
    name, size = b"tensor.npy", len(head) + CHUNK * CHUNKS
    common = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, 0, len(body), size, len(name), 0)
    local = b"PK\x03\x04" + common + name
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(body), 0)
    return local + body + central + end


ZIPS: dict[str, Callable[[Random], bytes]] = {
    "one array": lambda rng: _zip(**{"tensor.npy": npy(rng)}),
    "two arrays": lambda rng: _zip(**{"a.npy": npy(rng), "b.npy": npy(rng)}),
    "mask of bool": _masked(lambda v: v > 4),
    "mask of nothing": _masked(lambda v: v < 0),
    "mask of numbers": _masked(lambda v: v / 7),
    "mask of nan": _masked(lambda v: v * np.nan),
    "mask of another shape": _masked(lambda v: v.T > 4),
    "mask of text": _masked(lambda v: v.astype("U3")),
    "empty": lambda _: _zip(),
    "no arrays": lambda _: _zip(**{"readme.txt": b"hello"}),
    "pickle": lambda _: _zip(**{"tensor.npy": raw("'|O'", "(2, 3)", PICKLE)}),
    "bare pickle": lambda _: _zip(**{"tensor.npy": PICKLE}),
    "torch": lambda _: _zip(**{"a/data.pkl": PICKLE, "a/version": b"3\n"}),
    "name goes up": lambda rng: _zip(**{"../../x.npy": npy(rng)}),
    "name of control characters": lambda rng: _zip(**{"a\x1b[31m\n.npy": npy(rng)}),
    "10^4 arrays": lambda rng: _zip(**{f"{i}.npy": b"" for i in range(10**4)}),
    "bomb": lambda _: _bomb(),
    "nested": lambda rng: _zip(**{"tensor.npy": _zip(**{"tensor.npy": npy(rng)})}),
}
