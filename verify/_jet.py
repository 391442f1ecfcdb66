"""Jets: exact forward differentiation of polynomials and roots in exact rationals."""

from __future__ import annotations

from typing import Any

from ._rounding import Unsupported


class Jet:
    """value + rate * epsilon with epsilon^2 = 0.

    Two jets of equal value and different rates stand at a kink: which is larger depends on the side, so comparing
    them raises `Unsupported`.
    """

    __slots__ = ("rate", "value")
    __hash__ = None  # type: ignore[assignment]

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
        from ._numbers import divide

        value, rate = Jet._split(other)
        return Jet(divide(self.value, value), divide(self.rate * value - self.value * rate, value * value))

    def __rtruediv__(self, other: Any) -> Jet:
        return Jet(other, 0) / self

    def __pow__(self, exponent: Any) -> Jet:
        from ._numbers import is_whole, power

        if exponent == 0:
            return Jet(self.value**0, 0)
        if self.value == 0 and not (is_whole(exponent) and exponent > 0):
            raise Unsupported(f"the rate of a power {exponent} at zero")
        return Jet(power(self.value, exponent), exponent * power(self.value, exponent - 1) * self.rate)

    def __abs__(self) -> Jet:
        return self if self >= 0 else -self

    def _side(self, other: Any) -> Any:
        value, rate = Jet._split(other)
        if self.value == value and self.rate != rate:
            raise Unsupported("a comparison at a tie, where the rate has a kink")
        return value

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < self._side(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= self._side(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > self._side(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= self._side(other))

    def __eq__(self, other: object) -> bool:
        return bool(self.value == self._side(other))

    def __ne__(self, other: object) -> bool:
        return bool(self.value != self._side(other))

    def __bool__(self) -> bool:
        return self != 0
