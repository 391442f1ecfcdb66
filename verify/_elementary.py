"""Elementary functions of one number: exact where the value is rational, in the digits in force elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gmpy2

from ._jet import Jet
from ._numbers import divide, is_exact, is_whole, magnitude, power
from ._rounding import Unsupported, irrational

Function = Callable[[Any], Any]
RATIONAL = {  # where an elementary function of a rational is rational: argument -> value
    name: {at: value}
    for names, at, value in (
        ("exp cos cosh exp2 erfc", 0, 1),
        ("log log2 log10 acosh", 1, 0),
        ("log1p expm1 sin tan tanh sinh atan asin asinh atanh erf", 0, 0),
    )
    for name in names.split()
}


def root(x: Any) -> Any:
    """Square root; of a jet too, away from zero."""
    if isinstance(x, Jet):
        return power(x, gmpy2.mpq(1, 2))
    return power(x, gmpy2.mpq(1, 2)) if is_exact(x) and x >= 0 else gmpy2.sqrt(x)


def elementary(name: str, function: Function | None = None) -> Function:
    """gmpy2's function of that name, told apart from its exact values."""
    compute = function or getattr(gmpy2, name)
    values = RATIONAL.get(name, {})

    def apply(x: Any) -> Any:
        if isinstance(x, Jet):
            raise Unsupported(f"{name} of an exact rate")
        if is_exact(x):
            if x in values:
                return values[x]
            irrational(name)
            x = gmpy2.mpfr(x)
        return compute(x)

    return apply


def stepwise(name: str, function: Function) -> Function:
    """A function that is constant between whole numbers; the rate of a jet is zero there, and undefined at a step."""

    def apply(x: Any) -> Any:
        if not isinstance(x, Jet):
            return function(x) if is_exact(x) or gmpy2.is_finite(x) else x
        if x.rate != 0 and is_whole(x.value * 2):
            raise Unsupported(f"{name} at a step has no rate")
        return function(x.value)

    return apply


def rounded_to_even(x: Any) -> Any:
    """The nearest whole number; ties go to the even one, as in torch."""
    if not is_exact(x):
        return gmpy2.rint(x)
    below = gmpy2.f_div(gmpy2.mpq(x).numerator, gmpy2.mpq(x).denominator)
    beyond = x - below - gmpy2.mpq(1, 2)
    return below + (1 if beyond > 0 or (beyond == 0 and below % 2) else 0)


def floor(x: Any) -> Any:
    """The largest whole number not above x."""
    return gmpy2.f_div(gmpy2.mpq(x).numerator, gmpy2.mpq(x).denominator) if is_exact(x) else gmpy2.floor(x)


def truncated(x: Any) -> Any:
    """The whole number next to x on the side of zero."""
    return floor(x) if x >= 0 else -floor(-x)


def sign(x: Any) -> int:
    """-1, 0 or 1."""
    return int(x > 0) - int(x < 0)


def is_nan(x: Any) -> bool:
    """Whether x is not a number."""
    x = x.value if isinstance(x, Jet) else x
    return not is_exact(x) and bool(gmpy2.is_nan(x))


def is_infinite(x: Any) -> bool:
    """Whether x is infinite."""
    x = x.value if isinstance(x, Jet) else x
    return not is_exact(x) and bool(gmpy2.is_infinite(x))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + gmpy2.exp(-x))


def _gelu(x: Any) -> Any:
    return x * (1 + gmpy2.erf(x / gmpy2.sqrt(gmpy2.mpfr(2)))) / 2


PRESERVING: dict[str, Function] = {  # whole numbers stay whole numbers
    "abs": magnitude,
    "absolute": magnitude,
    "square": lambda x: x * x,
    "neg": lambda x: -x,
    "negative": lambda x: -x,
    "positive": lambda x: x,
    "sign": lambda x: x if is_nan(x) else sign(x),
    "sgn": lambda x: x if is_nan(x) else sign(x),
    "relu": lambda x: x if is_nan(x) or x > 0 else x * 0,
    "floor": stepwise("floor", floor),
    "ceil": stepwise("ceil", lambda x: -floor(-x)),
    "trunc": stepwise("trunc", truncated),
    "fix": stepwise("trunc", truncated),
}

TO_FLOAT: dict[str, Function] = {
    **{
        name: elementary(name)
        for name in (
            "exp", "exp2", "log", "log2", "log10", "log1p", "expm1", "sin", "cos", "tan", "asin", "acos", "atan",
            "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "digamma",
        )
    },
    **{
        f"arc{name}": elementary(f"a{name}")
        for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")
    },
    "sqrt": root,
    "rsqrt": lambda x: divide(1, root(x)),
    "reciprocal": lambda x: divide(1, x),
    "frac": lambda x: x - PRESERVING["trunc"](x),
    "lgamma": elementary("lgamma", lambda x: gmpy2.lgamma(x)[0]),
    "gammaln": elementary("lgamma", lambda x: gmpy2.lgamma(x)[0]),
    "sigmoid": elementary("sigmoid", _sigmoid),
    "expit": elementary("sigmoid", _sigmoid),
    "log_sigmoid": elementary("logsigmoid", lambda x: -gmpy2.log1p(gmpy2.exp(-x))),
    "silu": elementary("silu", lambda x: x * _sigmoid(x)),
    "deg2rad": elementary("deg2rad", lambda x: x * gmpy2.const_pi() / 180),
    "rad2deg": elementary("rad2deg", lambda x: x * 180 / gmpy2.const_pi()),
}  # fmt: skip

TO_BOOL: dict[str, Function] = {
    "isnan": is_nan,
    "isinf": is_infinite,
    "isfinite": lambda x: not (is_nan(x) or is_infinite(x)),
    "isposinf": lambda x: is_infinite(x) and x > 0,
    "isneginf": lambda x: is_infinite(x) and x < 0,
    "logical_not": lambda x: not x,
    "signbit": lambda x: (x.value if isinstance(x, Jet) else x) < 0,
}

gelu = elementary("gelu", _gelu)
