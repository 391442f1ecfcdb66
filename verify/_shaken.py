"""Inputs in high precision moved in their last digits, and every operation rounded the other way.

A discrepancy that this changes by its own size is noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import gmpy2
import numpy as np

from ._numbers import current_digits, entrywise

SPARED = 40  # of the digits in force the last so many are moved: by far more than any rounding, by far less than counts
_seed: ContextVar[int | None] = ContextVar("shaken", default=None)


@contextmanager
def shaking(seed: int) -> Iterator[None]:
    """A context in which `shaken` moves numbers, and mpfr rounds down (even seeds) or up (odd ones).

    The same seed moves the same numbers alike. Directed rounding shows what moved inputs cannot: 1 - x is 1 for every
    x below the digits in force.
    """
    token = _seed.set(seed)
    try:
        with gmpy2.context(gmpy2.get_context(), round=gmpy2.RoundUp if seed % 2 else gmpy2.RoundDown):
            yield
    finally:
        _seed.reset(token)


def shaken(array: np.ndarray, salt: int) -> np.ndarray:
    """The entries (mpfr), inside `shaking` each times 1 + u 10^(SPARED - digits) with u uniform in -1..1.

    Arguments:
        salt: tells the arrays of one input apart.
    """
    seed = _seed.get()
    if seed is None:
        return array
    step = gmpy2.mpfr(10) ** (SPARED - current_digits())
    moves = np.random.default_rng((seed, salt)).uniform(-1, 1, array.shape)
    return entrywise(lambda x, u: x * (1 + step * gmpy2.mpfr(u)), array, moves.astype(object))


__all__ = ["shaken", "shaking"]
