"""A real tensor with what is known of it: values, missing entries, where it is from, and its identity by content."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from numerics._errors import UsageError

CONTENT = "content"  # what `Data.content` is called in checkpoints and tables


@dataclass(frozen=True, eq=False)
class Data:
    """A tensor some of whose entries are known; a NaN is one that is not.

    Arguments:
        tensor: (*sizes) of real numbers; kept as read-only float64, 0 where nothing is known.
        known: (*sizes), where there is a value at all.
        source: the name or path it goes by, for the reader: what it is says `content`.
        words: what it is and what was done to it, one sentence.

    Raises:
        UsageError: not real numbers, infinite, empty, without a known entry, or zero wherever it is known.
    """

    tensor: np.ndarray
    known: np.ndarray
    source: str
    words: str = ""

    def __post_init__(self) -> None:
        given, known = np.asarray(self.tensor), np.asarray(self.known, dtype=bool)
        if given.dtype.kind not in "biuf":
            raise UsageError(f"data={self.source}: holds {given.dtype} values; give real numbers")
        if given.ndim < 1 or not given.size:
            raise UsageError(
                f"data={self.source}: the tensor has shape {given.shape}; give at least one mode and one entry"
            )
        if known.shape != given.shape:
            raise UsageError(f"data={self.source}: the tensor has shape {given.shape}, its mask {known.shape}")
        with np.errstate(over="ignore"):  # a longer float may be beyond float64's range: refused below
            values = np.array(given, dtype=np.float64)
        known = known & ~np.isnan(values)
        values[~known] = 0.0
        values += 0.0  # a zero has one sign
        if not known.any():
            raise UsageError(f"data={self.source}: all entries are missing; there is nothing to learn")
        if np.isinf(values).any():
            raise UsageError(f"data={self.source}: holds infinity; replace such entries, by NaN where they are missing")
        if not values.any():
            raise UsageError(f"data={self.source}: all known entries are zero; there is nothing to learn")
        for name, array in (("tensor", values), ("known", known)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Mode sizes."""
        return self.tensor.shape

    @property
    def missing(self) -> int:
        """Number of entries that are not known."""
        return int(self.known.size - np.count_nonzero(self.known))

    @cached_property
    def content(self) -> str:
        """SHA-256 of shape, values and mask, as hexadecimal digits: equal for equal data wherever it lies."""
        digest = hashlib.sha256(repr(self.sizes).encode())
        digest.update(np.ascontiguousarray(self.tensor, dtype="<f8").tobytes())
        digest.update(np.packbits(self.known).tobytes())
        return digest.hexdigest()

    def scaled(self) -> tuple["Data", int]:
        """The same data divided by 2^exponent, its largest entry in [1/2, 1), and the exponent.

        Squares and sums of what is near the ends of float64's range leave it. Powers of two change no digit of others.
        """
        exponent = math.frexp(float(np.abs(self.tensor).max()))[1]
        return replace(self, tensor=np.ldexp(self.tensor, -exponent)), exponent

    def at(self, part: Any) -> "Data":
        """The entries that a NumPy index picks."""
        return replace(self, tensor=self.tensor[part], known=self.known[part])

    def thinned(self, most: int) -> "Data":
        """Every mode longer than `most` kept at that many evenly spaced indices."""
        kept = [np.arange(size) for size in self.sizes]
        kept = [k if k.size <= most else np.linspace(0, k.size - 1, most).round().astype(int) for k in kept]
        return self.at(np.ix_(*kept))

    def block_means(self, blocks: Sequence[int]) -> "Data":
        """Means of the known entries over blocks of the given sizes (the last block of a mode may be shorter).

        A block none of whose entries is known is missing.
        """
        shrunk, exponent = self.scaled()
        total, count = shrunk.tensor, self.known.astype(float)
        for axis, size in enumerate(blocks):
            edges = np.arange(0, self.sizes[axis], size)
            total, count = (np.add.reduceat(values, edges, axis=axis) for values in (total, count))
        means = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
        return replace(self, tensor=np.ldexp(means, exponent), known=count > 0)

    def mapped(self, change: Callable[[np.ndarray], np.ndarray]) -> "Data":
        """All its known values changed at once; for data without missing entries `change` may change the shape."""
        values = change(self.tensor)
        return replace(
            self, tensor=values, known=np.broadcast_to(True, values.shape) if not self.missing else self.known
        )
