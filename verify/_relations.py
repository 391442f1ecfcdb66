"""What a claim may say about two quantities. The author states the relation; the engine decides the tolerance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import gmpy2
import numpy as np
import torch

from ._numbers import EXACT_TYPES, Jet, entrywise, magnitude, scalar
from ._precise import Precise, raw

KINDS = ("equal", "at_most", "nonincreasing", "constant")


@dataclass(frozen=True)
class Relation:
    """A relation between measured and predicted values, as a claim returns it.

    Arguments:
        kind: one of KINDS.
        measured, predicted: arrays that broadcast (`predicted` is None for a relation about one series).
        order: on a Descent, the power of the step size up to which the relation is meant; None means exactly.
    """

    kind: str
    measured: Any
    predicted: Any = None
    order: int | None = None

    def discrepancy(self) -> tuple[np.ndarray, np.ndarray]:
        """What separates the two sides, with its sign (positive is the wrong side), and its natural scale; float64.

        It is formed in the arithmetic of the operands and only then rounded, so high-precision operands keep their
        digits.
        """
        a = (
            self.measured
            if isinstance(self.measured, (torch.Tensor, Precise))
            else torch.as_tensor(self.measured, dtype=torch.float64)
        )
        if self.kind in ("equal", "at_most"):
            b = (
                self.predicted
                if isinstance(self.predicted, (torch.Tensor, Precise))
                else torch.as_tensor(self.predicted, dtype=torch.float64)
            )
            difference: Any = a - b
            sides: tuple[Any, ...] = (a, b)
        elif self.kind == "constant":
            difference, sides = a - a[:1], (torch.abs(a).amax(0, keepdim=True),)  # type: ignore[arg-type]
        else:
            difference, sides = a[1:] - a[:-1], (a[1:], a[:-1])
        if isinstance(difference, Precise):
            return _in_range(difference, sides)
        signed = _floats(difference)
        scale = np.asarray(np.max(np.broadcast_arrays(*map(_magnitude, sides)), axis=0))
        return signed, scale if scale.shape == signed.shape else np.broadcast_to(scale, signed.shape)

    def gap(self) -> tuple[np.ndarray, np.ndarray]:
        """The violation of the relation and its natural scale, both float64 arrays of one shape.

        NaN counts as an infinite violation.
        """
        signed, scale = self.discrepancy()
        violation = np.abs(signed) if self.kind in ("equal", "constant") else np.maximum(signed, 0.0)
        unknown = np.isnan(violation)
        return np.where(unknown, np.inf, violation) if unknown.any() else np.asarray(violation), scale

    def worst(self) -> tuple[float, float, float]:
        """Measured, predicted and violation at the entry where the violation is largest (for display)."""
        violation, _ = self.gap()
        if violation.size == 0:
            return 0.0, 0.0, 0.0
        index = np.unravel_index(int(np.argmax(violation)), violation.shape)
        measured = _floats(self.measured)
        if self.kind == "constant":
            pair = (measured[index], measured[(0, *index[1:])])
        elif self.kind == "nonincreasing":
            pair = (measured[(index[0] + 1, *index[1:])], measured[index])
        else:
            pair = (
                np.broadcast_to(measured, violation.shape)[index],
                np.broadcast_to(_floats(self.predicted), violation.shape)[index],
            )
        return float(pair[0]), float(pair[1]), float(violation[index])


def _floats(x: Any) -> np.ndarray:
    if isinstance(x, Precise):
        return x.floats()
    if isinstance(x, torch.Tensor):
        return x.detach().to(torch.float64).cpu().numpy()
    return np.asarray(x, dtype=float)


def apart(one: Any, other: Any) -> np.ndarray | None:
    """How far two values of one quantity are apart, float64; None: they have different shapes.

    Subtracted in their own arithmetic: rounded first, two values in high precision would agree to their last digits.
    """
    if isinstance(one, Precise) or isinstance(other, Precise):
        a, b = (np.asarray(raw(scalar(x)), dtype=object) for x in (one, other))
        return None if a.shape != b.shape else entrywise(lambda x, y: abs(_number(x) - _number(y)), a, b).astype(float)
    here, there = _floats(one), _floats(other)
    return None if here.shape != there.shape else np.asarray(np.abs(here - there))


FLOAT_BITS = 900  # exponents of two within which float64 holds a number with all its digits, and room for a ratio


def _in_range(difference: Precise, sides: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Difference and scale as float64, each entry over a power of two where float64 would over- or underflow.

    What is judged is their ratio; the power is one wherever both fit.
    """
    sizes = [entrywise(magnitude, np.asarray(raw(scalar(side)), dtype=object)) for side in sides]
    sizes = [np.broadcast_to(size, difference.shape) for size in sizes]
    signed, scale = np.zeros(difference.shape), np.zeros(difference.shape)
    for index in np.ndindex(*difference.shape):
        entry, size = _number(difference.array[index]), _number(max(size[index] for size in sizes))
        if size and gmpy2.is_finite(size) and gmpy2.is_finite(entry):
            exponent = gmpy2.get_exp(size)
            if abs(exponent) > FLOAT_BITS:
                entry, size = (
                    gmpy2.mul_2exp(x, -exponent) if exponent < 0 else gmpy2.div_2exp(x, exponent) for x in (entry, size)
                )
        signed[index], scale[index] = float(entry), float(size)
    return signed, scale


def bits_left(relations: tuple[Relation, ...]) -> np.ndarray:
    """log2 of every entry's discrepancy in high precision, to a bit and beyond float64's range; -inf for none."""
    rows = []
    for relation in relations:
        a = np.asarray(raw(scalar(relation.measured)), dtype=object)
        if relation.kind in ("equal", "at_most"):
            difference = a - np.asarray(raw(scalar(relation.predicted)), dtype=object)
        else:
            difference = a - a[:1] if relation.kind == "constant" else a[1:] - a[:-1]
        numbers = [_number(x) for x in np.asarray(difference, dtype=object).reshape(-1)]
        rows.append(np.array([float(gmpy2.get_exp(x)) if x else -math.inf for x in numbers]))
    return np.concatenate(rows)


def _number(x: Any) -> Any:
    return gmpy2.mpfr(x.value if isinstance(x, Jet) else x)


def _magnitude(x: Any) -> np.ndarray:
    return np.asarray(np.abs(_floats(x)))


def _valid(value: Any, what: str) -> Any:
    if isinstance(value, (torch.Tensor, Precise)):
        if isinstance(value, torch.Tensor) and value.is_complex():
            raise TypeError(f"{what} is complex; a relation compares real numbers")
        if isinstance(value, torch.Tensor) and value.is_floating_point() and value.dtype != torch.float64:
            kind = str(value.dtype).removeprefix("torch.")
            raise TypeError(f"{what} is {kind}; everything here is float64: write dtype=torch.float64, and no .float()")
        return value
    if isinstance(value, (bool, int, float, np.ndarray, np.generic)):
        return value
    if isinstance(value, (list, tuple)) and value:
        parts = [
            v if isinstance(v, (torch.Tensor, Precise)) else torch.as_tensor(v, dtype=torch.float64) for v in value
        ]
        if all(p.ndim == 0 for p in parts):
            return torch.stack(parts)  # type: ignore[arg-type]
        return torch.cat([p.reshape(-1) for p in parts])
    raise TypeError(f"{what} is a {type(value).__name__}; a relation compares tensors or numbers")


def equal(measured: Any, predicted: Any, *, order: int | None = None) -> Relation:
    """Claim measured = predicted.

    Arguments:
        measured, predicted: tensors or numbers that broadcast.
        order: on a Descent, the relation holds up to O(step size ** order); None means exactly.
    """
    return Relation("equal", _valid(measured, "measured"), _valid(predicted, "predicted"), _valid_order(order))


def at_most(measured: Any, bound: Any, *, order: int | None = None) -> Relation:
    """Claim measured <= bound, entry by entry."""
    return Relation("at_most", _valid(measured, "measured"), _valid(bound, "bound"), _valid_order(order))


def nonincreasing(series: Any, *, order: int | None = None) -> Relation:
    """Claim that a series (T, ...) never grows along its first axis."""
    return Relation("nonincreasing", _series(series), None, _valid_order(order))


def constant(series: Any, *, order: int | None = None) -> Relation:
    """Claim that a series (T, ...) keeps its first value."""
    return Relation("constant", _series(series), None, _valid_order(order))


def _series(value: Any) -> Any:
    value = _valid(value, "series")
    if getattr(value, "ndim", 0) == 0:
        raise TypeError("a series needs at least one axis, time first")
    return value if isinstance(value, (torch.Tensor, Precise)) else torch.as_tensor(value, dtype=torch.float64)


def _valid_order(order: Any) -> int | None:
    if order is None or (isinstance(order, int) and order > 0):
        return order
    raise ValueError(f"order={order!r} must be a positive whole number (the power of the step size)")


def relations_of(returned: Any) -> tuple[Relation, ...]:
    """The relations a claim returned, one or several.

    Raises:
        TypeError: the claim returned something that is not a relation.
    """
    if isinstance(returned, Relation):
        return (returned,)
    if isinstance(returned, Iterable) and not isinstance(returned, (torch.Tensor, Precise, str)):
        parts = tuple(returned)
        if parts and all(isinstance(part, Relation) for part in parts):
            return parts
    name = type(returned).__name__
    raise TypeError(
        f"returned {name}; return equal(...), at_most(...), nonincreasing(...) or constant(...), or a list of them"
    )


def undefined_entries(relations: tuple[Relation, ...]) -> tuple[int, int]:
    """How many entries of the operands are infinite or not a number, and how many there are."""
    sides = [side for relation in relations for side in (relation.measured, relation.predicted) if side is not None]
    finite = [_finite(side) for side in sides]
    return sum(int(np.sum(~f)) for f in finite), sum(int(np.size(f)) for f in finite)


def _finite(side: Any) -> np.ndarray:
    if isinstance(side, Precise):  # may be too large for a float
        return np.array([gmpy2.is_finite(_number(entry)) for entry in side.array.flat], dtype=bool)
    return np.asarray(np.isfinite(_floats(side)))


def concatenated_gap(relations: tuple[Relation, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Violation and scale of several relations as flat vectors."""
    gaps = [relation.gap() for relation in relations]
    return np.concatenate([g.reshape(-1) for g, _ in gaps]), np.concatenate([s.reshape(-1) for _, s in gaps])


def signed(relations: tuple[Relation, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Signed discrepancy and scale of several relations as flat vectors."""
    gaps = [relation.discrepancy() for relation in relations]
    return np.concatenate([g.reshape(-1) for g, _ in gaps]), np.concatenate([s.reshape(-1) for _, s in gaps])


def are_exact(relations: tuple[Relation, ...]) -> bool:
    """Whether every operand is made of exact rationals alone."""
    sides = [side for relation in relations for side in (relation.measured, relation.predicted) if side is not None]
    return all(isinstance(entry, EXACT_TYPES) for side in sides for entry in np.asarray(_exact_array(side)).flat)


def _exact_array(side: Any) -> Any:
    """The object array of an operand; plain numbers as they enter exact arithmetic."""
    return np.asarray(raw(scalar(side)), dtype=object)


def is_exact_zero(relations: tuple[Relation, ...]) -> bool:
    """Whether every relation holds with no discrepancy at all, decided on the exact operands."""
    for relation in relations:
        a = np.asarray(raw(relation.measured), dtype=object)
        if relation.kind in ("equal", "at_most"):
            b = np.asarray(raw(relation.predicted), dtype=object)
            difference = a - b
        else:
            difference = a - a[:1] if relation.kind == "constant" else a[1:] - a[:-1]
        bad = (lambda d: d != 0) if relation.kind in ("equal", "constant") else (lambda d: d > 0)
        if any((isinstance(d, float) and math.isnan(d)) or bad(d) for d in np.asarray(difference, dtype=object).flat):
            return False
    return True
