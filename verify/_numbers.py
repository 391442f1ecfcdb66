"""Exact rationals and 75-digit numbers: how they are made, how Python's and torch's numbers become such.

What a judge needs besides, defined in `_rounding`:

    with recording() as rounding:             # around claim.function(subject) in an exact run or a second look
        stated = relations(claim, subject)
    rounding.exact        nothing was rounded: what exact rationals say may be called EXACT, or REFUTED exactly
    rounding.inexact      a value left for float64 (float(x), math.sqrt(x), x.numpy()) or a constant that is no simple
                          fraction (math.pi, 2**0.5) came in: more digits cannot tell more than float64
    rounding.reasons      what it was, in words, for the row
    rounding.resolution   relative size below which a discrepancy may be that rounding (0 or 1e-12)
    recording(jitter=s)   moves every rounded value by up to 4 ulp: the change of a discrepancy is its error bar
    differencing()        around a central difference: `detach`, `float`, `item` raise Unsupported, for they cannot be
                          held constant there

`recording()` also lets `torch.zeros(3)` and its like make arrays of exact numbers, into which others can be written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from fractions import Fraction
from functools import lru_cache
from typing import Any

import gmpy2
import mpmath
import numpy as np

from ._jet import Jet
from ._rounding import Rounding, Unsupported, differencing, irrational, is_measured, meet_constant, recording, rounded

DIGITS = 75  # working digits of a second look; 50 of them survive a central difference of a rate
MORE_DIGITS = 300  # a violation must look the same here: scales like 1e-12 cancel beyond 75 digits
EXACT_TYPES = (int, type(gmpy2.mpz(0)), type(gmpy2.mpq(0)))
SHORT_DECIMAL = 9  # digits; a computed double has a shorter decimal once in ten million
LARGEST_POWER = 10_000  # of an exact number; larger ones are asked for in digits


def precision(digits: int = DIGITS) -> AbstractContextManager[Any]:
    """A context in which `mpfr` numbers carry `digits` decimal digits and a huge exponent range."""
    bits = math.ceil(digits * math.log2(10))
    return gmpy2.context(gmpy2.get_context(), precision=bits, emax=10**9, emin=-(10**9))


def current_digits() -> int:
    """Decimal digits of the precision in force."""
    return int(gmpy2.get_context().precision / math.log2(10))


def mpf_to_mpfr(number: mpmath.mpf) -> Any:
    """Convert an mpmath number exactly (up to the current gmpy2 precision)."""
    sign, mantissa, exponent, _ = number._mpf_
    value = (
        gmpy2.mul_2exp(gmpy2.mpfr(int(mantissa)), exponent)
        if exponent >= 0
        else gmpy2.div_2exp(gmpy2.mpfr(int(mantissa)), -exponent)
    )
    return -value if sign else value


def mpfr_to_mpf(number: Any) -> mpmath.mpf:
    """Convert a gmpy2 number exactly."""
    number = gmpy2.mpfr(number)
    if not gmpy2.is_finite(number):
        raise Unsupported("linear algebra with an infinite number or one that is not a number")
    mantissa, exponent = number.as_mantissa_exp()
    return mpmath.mp.make_mpf(mpmath.libmp.from_man_exp(int(mantissa), int(exponent)))  # mpf() would round


def is_exact(number: Any) -> bool:
    """Whether a number is an integer or a rational."""
    return isinstance(number, EXACT_TYPES)


def is_whole(number: Any) -> bool:
    """Whether a number is an integer by value."""
    if isinstance(number, (int, float, Fraction)):
        return math.isfinite(number) and number == int(number)
    return bool(gmpy2.is_integer(number))


def divide(a: Any, b: Any) -> Any:
    """a / b that stays exact for whole numbers; a division by zero is infinite or not a number, as in torch."""
    if isinstance(a, Jet) or isinstance(b, Jet):
        return a / b
    if is_exact(b):
        if b == 0:
            return gmpy2.mpfr(a) / gmpy2.mpfr(0)
        if is_exact(a):
            return gmpy2.mpq(a) / b
    return a / b


def power(base: Any, exponent: Any) -> Any:
    """base ** exponent; exact where both are and the root is rational."""
    if isinstance(exponent, Jet):
        raise Unsupported("a power whose exponent has an exact rate")
    if isinstance(base, Jet):
        return base**exponent
    if not is_exact(base):
        return base ** int(exponent) if is_whole(exponent) else base ** gmpy2.mpfr(exponent)
    if is_whole(exponent):
        whole = int(exponent)
        if abs(whole) > LARGEST_POWER and abs(base) not in (0, 1):
            irrational(f"power {whole}")
            return gmpy2.mpfr(base) ** whole
        return base**whole if whole >= 0 else divide(1, base**-whole)
    root = _exact_root(base, exponent) if is_exact(exponent) and base > 0 else None
    if root is not None:
        return root
    if base == 0 and exponent > 0:
        return 0
    irrational(f"power {exponent}")
    return gmpy2.mpfr(base) ** gmpy2.mpfr(exponent)


def _exact_root(base: Any, exponent: Any) -> Any:
    """base ** (p / q) where it is rational, else None."""
    base, exponent = gmpy2.mpq(base), gmpy2.mpq(exponent)
    if max(exponent.denominator, abs(exponent.numerator)) > LARGEST_POWER:
        return None
    top, whole = gmpy2.iroot(base.numerator, int(exponent.denominator))
    bottom, also = gmpy2.iroot(base.denominator, int(exponent.denominator))
    return power(gmpy2.mpq(top, bottom), exponent.numerator) if whole and also else None


def magnitude(x: Any) -> Any:
    """|x|; a jet at zero has no rate."""
    return abs(x)


def entrywise(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """function applied to every entry, as an object array."""
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)


def scalar(x: Any) -> Any:
    """A Python number as it enters arithmetic.

    A float within a few roundings of a simple fraction is that fraction, and one with few decimals is that decimal:
    an author who writes 0.4, 2 - 2 / 7 or 1e-9 means two fifths, twelve sevenths or a billionth, and the rounding of
    the constant must not look like a violation in 75 digits. Other floats are taken as they are and recorded.
    """
    if isinstance(x, bool):
        return int(x)
    if isinstance(x, float):  # NumPy's float64 too
        meant = _meant(float(x))
        if meant is not None:
            return meant
        meet_constant(float(x))
        return gmpy2.mpfr(rounded(float(x))) if is_measured() else gmpy2.mpfr(float(x))
    if isinstance(x, np.bool_):
        return int(x)
    if isinstance(x, np.integer):
        return int(x)
    if isinstance(x, Fraction):
        return gmpy2.mpq(x)
    if isinstance(x, np.floating):
        raise Unsupported(f"a {x.dtype} number")
    return x


@lru_cache(maxsize=4096)
def _meant(x: float) -> Any:
    """The exact number a float stands for, or an infinite one; None if it is nothing but itself."""
    if not math.isfinite(x):
        return gmpy2.mpfr(x)
    if x.is_integer():
        return int(x)
    simple = Fraction(x).limit_denominator(10_000)
    window = 4 * math.ulp(x)
    # Where the doubles lie so thinly that any of them is near a fraction, being near one means nothing.
    if abs(float(simple) - x) <= window and (simple == Fraction(x) or window * simple.denominator**2 < 1e-3):
        return gmpy2.mpq(simple.numerator, simple.denominator)
    decimal = repr(x)
    if sum(digit.isdigit() for digit in decimal.split("e")[0].replace(".", "").strip("-0")) <= SHORT_DECIMAL:
        return gmpy2.mpq(Fraction(decimal))
    return None


__all__ = [
    "DIGITS",
    "EXACT_TYPES",
    "MORE_DIGITS",
    "Jet",
    "Rounding",
    "Unsupported",
    "current_digits",
    "differencing",
    "divide",
    "entrywise",
    "is_exact",
    "is_whole",
    "magnitude",
    "mpf_to_mpfr",
    "mpfr_to_mpf",
    "power",
    "precision",
    "recording",
    "scalar",
]
