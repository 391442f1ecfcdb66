"""Theory's formulas and flows, compiled once, callable on the values of a State (float64, 75 digits or exact)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import gmpy2
import mpmath
import numpy as np
import torch

import theory
from numerics import compile as lower
from numerics import described

from ._numbers import EXACT_TYPES, Jet, mpf_to_mpfr, mpfr_to_mpf
from ._precise import Precise, as_precise
from ._state import State


def derived(name: str, *parameters: Any, part: int | None = None) -> Callable[..., Any]:
    """The theory formula `name` as a function of tensors.

    Arguments:
        name: a formula of theory, e.g. "slice_norm_rate".
        parameters: what it is derived for, e.g. the depth.
        part: which one, where theory returns several (lower and upper bound).
    """
    formula = _formula(getattr(theory, name), parameters)
    formula = formula if part is None else formula[part]
    return lambda *arguments: _evaluate(formula, arguments)


@cache  # deriving takes SymPy milliseconds, and every example asks
def _formula(derive: Callable[..., Any], parameters: tuple[Any, ...]) -> Any:
    return derive(*parameters)


def _evaluate(formula: theory.Formula, arguments: tuple[Any, ...]) -> Any:
    if any(isinstance(argument, Precise) for argument in arguments):
        arrays = np.broadcast_arrays(*[np.asarray(getattr(a, "array", a), dtype=object) for a in arguments])
        with mpmath.workprec(gmpy2.get_context().precision):
            return Precise(np.frompyfunc(lambda *entries: _entry(formula, entries), len(arrays), 1)(*arrays))
    tensors = [
        argument if isinstance(argument, torch.Tensor) else torch.tensor(float(argument), dtype=torch.float64)
        for argument in arguments
    ]
    return _lowered(formula, "torch")(*tensors)


def _entry(formula: theory.Formula, entries: tuple[Any, ...]) -> Any:
    """The formula at numbers of one entry; at jets by the chain rule."""
    if any(isinstance(entry, Jet) for entry in entries):
        values = tuple(entry.value if isinstance(entry, Jet) else entry for entry in entries)
        rate: Any = 0
        for number, entry in enumerate(entries):
            if isinstance(entry, Jet) and entry.rate != 0:
                rate = rate + _entry(_slope(formula, number), values) * entry.rate
        return Jet(_entry(formula, values), rate)
    exact = all(isinstance(entry, EXACT_TYPES) for entry in entries)
    value = _lowered(formula, "mpmath")(*(entries if exact else map(mpfr_to_mpf, entries)))
    return mpf_to_mpfr(value) if isinstance(value, mpmath.mpf) else value


@cache
def _slope(formula: theory.Formula, number: int) -> theory.Formula:
    """The derivative of a formula in one of its arguments."""
    return replace(
        formula, name=f"{formula.name}_slope_{number}", expression=formula.expression.diff(formula.args[number])
    )


@cache
def _lowered(formula: theory.Formula, backend: str) -> Callable[..., Any]:
    return lower(formula, backend)


@lru_cache(maxsize=64)
def _flow(model: theory.Parametrisation) -> Any:
    return lower(theory.gradient_flow(model), "numpy")


_evaluated: WeakKeyDictionary[State, dict[str, Any]] = WeakKeyDictionary()


def derived_flow(state: State) -> dict[str, Any]:
    """Every value of the derived program at a state: "W", "D" and d(block)/dt under the block's name.

    Evaluated once for a state that several claims share.
    """
    if state not in _evaluated:
        _evaluated[state] = _evaluated_at(state)
    return _evaluated[state]


def _evaluated_at(state: State) -> dict[str, Any]:
    program = _flow(described(state.architecture))
    exact = isinstance(state.target, Precise)
    wrap = Precise if exact else (lambda x: torch.from_numpy(np.array(x)))
    inputs = {**state.parameters, "D": state.target}  # a D of the right shape and kind, until W is known
    values = {name: value.array if exact else value.detach().numpy() for name, value in inputs.items()}
    for name, step in program.steps(values):
        values[name] = step(values)
        if name == "W":
            D = state.loss_function.gradient(wrap(values["W"]), state.target, state.weights)
            values["D"] = as_precise(D).array if exact else D.numpy()
    outputs = {name: wrap(values[held]) for name, held in program.program.outputs.items()}
    return {"W": wrap(values["W"]), "D": wrap(values["D"]), **outputs}
