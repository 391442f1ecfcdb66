"""Images: small valid ones, wide ones, and ones that promise a billion pixels."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from random import Random


def _png(width: int, height: int, colour: int = 0, bits: int = 8, rows: int | None = None) -> bytes:
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = b"\0" + bytes((7 * i + width) % 256 for i in range((width * samples * bits + 7) // 8 if rows != 0 else 0))
    data = b"".join(row for _ in range(height if rows is None else rows))
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))]
    if colour == 3:
        parts.append((b"PLTE", bytes(range(48))))
    parts += [(b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    chunks = (struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _of(*shape: int, **more: int) -> Callable[[Random], bytes]:
    return lambda _: _png(*shape, **more)


PICTURES: dict[str, Callable[[Random], bytes]] = {
    "grey.png": _of(4, 3),
    "colour.png": _of(4, 3, colour=2),
    "alpha.png": _of(4, 3, colour=6),
    "grey alpha.png": _of(4, 3, colour=4),
    "palette.png": _of(4, 3, colour=3, bits=4),
    "one bit.png": _of(4, 3, bits=1),
    "16 bits.png": _of(4, 3, bits=16),
    "one pixel.png": _of(1, 1),
    "wide.png": _of(5000, 1),
    "tall.png": _of(1, 5000),
    "wide colour.png": _of(5000, 1, colour=2),
    "no pixels.png": _of(0, 0),
    "billions of pixels.png": _of(60000, 60000, rows=0),
    "billions of pixels in colour.png": _of(2**31 - 1, 2**31 - 1, colour=2, rows=0),
    "fewer rows.png": _of(400, 400, rows=3),
    "no data.png": lambda _: b"\x89PNG\r\n\x1a\n",
    "text.png": lambda _: b"hello\n",
    "png.jpg": _of(4, 3),
    "empty.png": lambda _: b"",
    "empty.jpg": lambda _: b"",
    "garbage.jpg": lambda rng: b"\xff\xd8\xff\xe0" + rng.randbytes(200),
    "garbage.tif": lambda rng: b"II*\0" + rng.randbytes(200),
    "offsets.tif": lambda _: b"II*\0\xff\xff\xff\x7f",
    "garbage.gif": lambda rng: b"GIF89a\xff\xff\xff\xff" + rng.randbytes(100),
    "large.bmp": lambda _: (
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0)
    ),
    "script.svg": lambda _: b"<svg onload='alert(1)'/>",
    "garbage.webp": lambda rng: b"RIFF\xff\xff\xff\x7fWEBPVP8 " + rng.randbytes(60),
    "huge.ppm": lambda _: b"P6 60000 60000 255\n",
    "huge.pgm": lambda _: b"P5 99999999999 99999999999 255\n",
}
