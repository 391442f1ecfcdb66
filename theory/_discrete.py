"""Gradient descent with a finite step.  Source: (19), (20)."""

from __future__ import annotations

from sympy import Symbol, expand

from . import notation as s
from ._formula import Formula


def drift_per_step() -> Formula:
    """Change of ||B||^2 - ||B'||^2 in one step B -> B - eta dL/dB for two blocks of one group.

    The inner products <dL/dB, B> and <dL/dB', B'> are one symbol, because (5) makes them equal.

    Returns: formula in (eta, grad_norm_squared, other_grad_norm_squared).
    Source: (19).
    """
    norm, other, inner = Symbol("b"), Symbol("b'"), Symbol("euler")

    def stepped(norm_squared: Symbol, gradient_squared: Symbol) -> object:
        return norm_squared - 2 * s.eta * inner + s.eta**2 * gradient_squared

    change = expand(stepped(norm, s.grad_norm_squared) - stepped(other, s.other_grad_norm_squared) - (norm - other))  # type: ignore[operator]
    args = (s.eta, s.grad_norm_squared, s.other_grad_norm_squared)
    return Formula("drift_per_step", args, change.factor(), domain="eta > 0, two blocks of one group", source="(19)")
