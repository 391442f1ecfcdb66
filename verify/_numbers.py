"""Exact rationals, 75-digit numbers and jets: the elements of `Precise` arrays, and their elementary functions."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any

import gmpy2
import mpmath
import numpy as np

DIGITS = 75  # working digits of a second look; 50 of them survive a central difference of a rate
MORE_DIGITS = 300  # a violation must look the same here: scales like 1e-12 cancel beyond 75 digits
EXACT_TYPES = (int, type(gmpy2.mpz(0)), type(gmpy2.mpq(0)))


class Unsupported(Exception):
    """The conjecture uses an operation that has no exact or high-precision counterpart here."""


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
    mantissa, exponent = gmpy2.mpfr(number).as_mantissa_exp()
    return mpmath.mp.make_mpf(mpmath.libmp.from_man_exp(int(mantissa), int(exponent)))  # mpf() would round


class Jet:
    """value + rate * epsilon with epsilon^2 = 0: exact forward differentiation of polynomials in exact rationals."""

    __slots__ = ("rate", "value")

    def __init__(self, value: Any, rate: Any) -> None:
        self.value, self.rate = value, rate

    @staticmethod
    def _split(other: Any) -> tuple[Any, Any]:
        return (other.value, other.rate) if isinstance(other, Jet) else (other, 0)

    def __add__(self, other: Any) -> Jet:
        value, rate = Jet._split(other)
        return Jet(self.value + value, self.rate + rate)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Jet:
        value, rate = Jet._split(other)
        return Jet(self.value - value, self.rate - rate)

    def __rsub__(self, other: Any) -> Jet:
        return -self + other

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.rate)

    def __mul__(self, other: Any) -> Jet:
        value, rate = Jet._split(other)
        return Jet(self.value * value, self.rate * value + self.value * rate)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Jet:
        value, rate = Jet._split(other)
        return Jet(divide(self.value, value), divide(self.rate * value - self.value * rate, value * value))

    def __rtruediv__(self, other: Any) -> Jet:
        return Jet(other, 0) / self

    def __pow__(self, exponent: Any) -> Jet:
        whole = _whole(exponent)
        if whole == 0:
            return Jet(self.value**0, 0)
        return Jet(power(self.value, whole), whole * power(self.value, whole - 1) * self.rate)


def divide(a: Any, b: Any) -> Any:
    """a / b that stays exact for whole numbers."""
    if b == 0:
        raise ZeroDivisionError("division by zero in exact arithmetic")
    return gmpy2.mpq(a) / b if isinstance(a, EXACT_TYPES) and isinstance(b, EXACT_TYPES) else a / b


def _whole(exponent: Any) -> int:
    if int(exponent) != exponent:
        raise Unsupported(f"power {exponent} of an exact number")
    return int(exponent)


def is_exact(number: Any) -> bool:
    """Whether a number is an integer or a rational."""
    return isinstance(number, EXACT_TYPES)


def power(base: Any, exponent: Any) -> Any:
    """base ** exponent; exact where both are."""
    if isinstance(base, Jet):
        return base**exponent
    if is_exact(base):
        whole = _whole(exponent)
        return base**whole if whole >= 0 else divide(1, base**-whole)
    if exponent == int(exponent):
        return base ** int(exponent)
    return base ** gmpy2.mpfr(exponent)


def _elementary(name: str) -> Callable[[Any], Any]:
    function = getattr(gmpy2, name)

    def apply(x: Any) -> Any:
        if isinstance(x, Jet):
            raise Unsupported(f"{name} of an exact rate")
        if not is_exact(x):
            return function(x)
        if name == "sqrt" and x >= 0:
            q = gmpy2.mpq(x)
            if gmpy2.is_square(q.numerator) and gmpy2.is_square(q.denominator):
                return gmpy2.mpq(gmpy2.isqrt(q.numerator), gmpy2.isqrt(q.denominator))
        if name in ("exp", "sin", "tanh", "sinh") and x == 0:
            return 1 if name == "exp" else 0
        raise Unsupported(f"{name} of an exact number")

    return apply


def magnitude(x: Any) -> Any:
    """|x|; a jet at zero has no rate."""
    if isinstance(x, Jet):
        if x.value == 0 and x.rate != 0:
            raise Unsupported("absolute value at zero has no rate")
        return x if x.value >= 0 else -x
    return abs(x)


ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    **{
        name: _elementary(name)
        for name in (
            "sqrt",
            "exp",
            "log",
            "log2",
            "log10",
            "log1p",
            "expm1",
            "sin",
            "cos",
            "tan",
            "tanh",
            "sinh",
            "cosh",
            "atan",
        )
    },
    "abs": magnitude,
    "absolute": magnitude,
    "square": lambda x: x * x,
    "reciprocal": lambda x: divide(1, x),
    "neg": operator.neg,
    "negative": operator.neg,
    "sign": lambda x: (x > 0) - (x < 0),
    "rsqrt": lambda x: divide(1, _elementary("sqrt")(x)),
    "relu": lambda x: x if x > 0 else x * 0,
}


def entrywise(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """function applied to every entry, as an object array."""
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)


def scalar(x: Any) -> Any:
    """A Python number as it enters arithmetic.

    A float within a few roundings of a simple fraction is that fraction: an author who writes 0.4 or 2 - 2 / 7 means
    two fifths or twelve sevenths, and the rounding of the constant must not look like a violation in 75 digits.
    """
    if isinstance(x, bool):
        return int(x)
    if isinstance(x, float):
        if not math.isfinite(x):
            return gmpy2.mpfr(x)
        simple = Fraction(x).limit_denominator(10_000)
        return (
            gmpy2.mpq(simple.numerator, simple.denominator)
            if abs(float(simple) - x) <= 4 * math.ulp(x)
            else gmpy2.mpfr(x)
        )
    if isinstance(x, (np.integer,)):
        return int(x)
    if isinstance(x, np.floating):
        return scalar(float(x))
    return x
