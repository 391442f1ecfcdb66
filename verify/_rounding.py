"""What leaves exact arithmetic and what enters it rounded: the record by which an exact verdict is earned or lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import gmpy2

DOUBLE = 53  # bits; a context of more digits is a second look
RESOLUTION = 1e-12  # a float64 rounding is 1e-16: leaves room for a thousand operations and one decimal of cancelling
JITTER = 4  # ulp by which a rounded value is moved when its effect is measured


class Unsupported(Exception):
    """The conjecture uses an operation that has no exact or high-precision counterpart here."""


@dataclass
class Rounding:
    """What a conjecture did to numbers of higher precision while `recording()` was open.

    Arguments:
        left: how values left for float64, such as "float(x)"; they carry its rounding ever after.
        constants: float64 numbers that are no simple fraction or short decimal and met exact arithmetic.
        irrational: functions such as "sqrt" that made an irrational number out of exact ones, in a second look's
            digits; comparisons with it are no longer exact.
    """

    left: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    irrational: set[str] = field(default_factory=set)
    noise: random.Random | None = None

    @property
    def inexact(self) -> bool:
        """Whether anything has only float64's resolution, so that neither look can tell more than float64 does."""
        return bool(self.left or self.constants)

    @property
    def exact(self) -> bool:
        """Whether nothing was rounded at all: what exact rationals say is then exact."""
        return not (self.left or self.constants or self.irrational)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What was rounded, for the reader of a verdict."""
        constants = sorted(self.constants)
        shown = [f"the rounded constant {value}" for value in constants[:3]]
        more = [f"{len(constants) - 3} more rounded constants"] if len(constants) > 3 else []
        return (*(f"{how} rounds to float64" for how in sorted(self.left)), *shown, *more)

    @property
    def resolution(self) -> float:
        """Relative size below which a discrepancy may be rounding; 0 if nothing was rounded.

        It covers no cancelling between a rounded value and its use. That is measured: evaluate again under
        `recording(jitter=seed)` and see how far the discrepancy moves.
        """
        return RESOLUTION if self.inexact else 0.0


_open: list[Rounding] = []
_differences = 0


@contextmanager
def recording(*, jitter: int | None = None) -> Iterator[Rounding]:
    """Context of a second look: records what is rounded; torch's factories (`torch.zeros`) make arrays of its numbers.

    Arguments:
        jitter: seed with which every value that leaves, and every rounded constant, is moved by up to 4 ulp. The
            change of a discrepancy under a few seeds is its error bar, cancelling included.
    """
    from ._torch_factories import Factories  # needs the arrays

    rounding = Rounding(noise=None if jitter is None else random.Random(jitter))
    _open.append(rounding)
    try:
        with Factories():
            yield rounding
    finally:
        _open.remove(rounding)


def leave(how: str) -> None:
    """Record that a value left for float64."""
    for rounding in _open:
        rounding.left.add(how)


def meet_constant(value: float) -> None:
    """Record that a rounded constant entered."""
    for rounding in _open:
        rounding.constants.add(repr(value))


def rounded(value: float) -> float:
    """The float64 value of a number that leaves or of a rounded constant, moved if its effect is being measured."""
    noise = _open[-1].noise if _open else None
    return value if noise is None else value * (1 + noise.uniform(-JITTER, JITTER) * 2.0**-52)


def is_measured() -> bool:
    """Whether rounded values are moved at random at present."""
    return bool(_open) and _open[-1].noise is not None


def irrational(what: str) -> None:
    """Record an irrational number made out of exact ones.

    Raises:
        Unsupported: outside a second look, where only exact numbers are wanted.
    """
    if gmpy2.get_context().precision <= DOUBLE:
        raise Unsupported(f"{what} of an exact number")
    for rounding in _open:
        rounding.irrational.add(what)


@contextmanager
def differencing() -> Iterator[None]:
    """Context in which a rate is taken by differences: a value that is taken out of it would be seen to move.

    Raises:
        Unsupported: inside itself.
    """
    global _differences
    if _differences:
        raise Unsupported("rate inside rate")
    _differences += 1
    try:
        yield
    finally:
        _differences -= 1


def refuse_in_differences(what: str) -> None:
    """Refuse what autograd takes for a constant.

    Raises:
        Unsupported: while a rate is taken by differences.
    """
    if _differences:
        raise Unsupported(f"'{what}' inside rate: a difference quotient cannot hold it constant")
