"""Contract of every exported formula: exact rationals -> 50 digits -> float64 in NumPy, torch and mpmath."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import torch
from sympy import Add, Mul, Pow, Rational, oo

import theory
from numerics import compile
from theory.notation import K, N

DEPTHS = (0, 1, 2, 3, 4, 7)


def _formulas():
    found = [theory.drift_per_step()]
    for depth in DEPTHS:
        low, high = theory.slice_norm_rate_bounds(depth)
        found += [theory.slice_norm_rate(depth), theory.sigma_rate(depth), low, high, theory.constant_alignment(depth)]
        found += [theory.group_penalty(depth), theory.proximal_equation(depth), theory.proximal_threshold(depth)]
        found += [theory.component_rate(depth, 3), theory.component_entry(depth, 3), theory.proximal_jump(depth)]
        if depth >= 1:
            found += [*theory.representation_cost_bounds(depth, 3), theory.component_escape_time(depth, 3)]
        if depth >= 2:
            found.append(theory.escape_time(depth))
        if (closed := theory.proximal_closed_form(depth)) is not None:
            found.append(closed)
    return found


FORMULAS = _formulas()
VALUES = {  # small enough that every formula is inside its domain
    "g": Rational(3, 4),
    "sigma": Rational(5, 7),
    "alignment": Rational(-2, 3),
    "eps": Rational(1, 5),
    "t": Rational(1, 9),
    "g0": Rational(4, 5),
    "c": Rational(1, 3),
    "lambda": Rational(7, 4),
    "eta": Rational(1, 50),
    "x": Rational(4, 3),
    "y": Rational(9, 2),
    "tau": Rational(2, 5),
    "P": Rational(8, 3),
    "R": Rational(4),
    "grad_norm_squared": Rational(11, 3),
    "other_grad_norm_squared": Rational(5, 3),
}


def natural_scale(expression, values):
    """Sum of absolute terms at a point, carried through products and powers by their condition numbers."""
    value = abs(complex(expression.subs(values).evalf(20)))
    parts = [natural_scale(part, values) for part in expression.args]
    if isinstance(expression, Add):
        return sum(parts)
    if isinstance(expression, Mul):
        return math.prod(parts)
    if isinstance(expression, Pow):
        base, exponent = (abs(complex(part.subs(values).evalf(20))) for part in expression.args)
        return value * (1 + exponent * parts[0] / base)
    return value + sum(parts)


def exact_value(formula):
    arguments = [VALUES[a.name] for a in formula.args]
    return arguments, formula.at(*arguments).evalf(50)


@pytest.mark.parametrize("backend", ["numpy", "torch", "mpmath"])
@pytest.mark.parametrize("index", range(len(FORMULAS)), ids=lambda i: f"{FORMULAS[i].name}-{i}")
def test_floating_point_agrees_with_fifty_digits(index, backend):
    formula = FORMULAS[index]
    arguments, exact = exact_value(formula)
    assert exact.is_real
    function = compile(formula, backend)
    floats = [float(v) for v in arguments]
    if backend == "mpmath":
        with mpmath.workdps(50):
            value = function(*[mpmath.mpf(v.p) / v.q for v in arguments])
            error, bound = abs(value - mpmath.mpf(str(exact))), mpmath.mpf(10) ** -45 * (1 + abs(value))
        assert error <= bound
        return
    if backend == "torch":
        value = float(function(*[torch.tensor(v, dtype=torch.float64) for v in floats]))
    else:
        value = float(function(*[np.float64(v) for v in floats]))
    scale = natural_scale(formula.expression, dict(zip(formula.args, floats, strict=True)))
    assert abs(value - float(exact)) <= 64 * np.finfo(float).eps * scale


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda f: f.name)
def test_every_formula_names_its_domain_and_source(formula):
    assert formula.domain
    assert formula.source.startswith("(")
    assert formula._repr_latex_().startswith("$")
    assert formula.name in str(formula)


@pytest.mark.parametrize("depth", [0, 1, 2, 5])
def test_the_symbolic_depth_specialises_to_every_depth(depth):
    pairs = [
        (theory.slice_norm_rate(K), theory.slice_norm_rate(depth)),
        (theory.sigma_rate(K), theory.sigma_rate(depth)),
        (theory.group_penalty(K), theory.group_penalty(depth)),
        (theory.component_rate(K, 3), theory.component_rate(depth, 3)),
        (theory.component_rate(K, N), theory.component_rate(depth, 4)),
    ]
    for general, special in pairs:
        at = general.expression.subs({K: depth, N: 4})
        assert (at - special.expression).expand() == 0


def test_named_limits():
    assert theory.slice_norm_rate(3).at(0, 5) == 0  # a slice that is zero stays zero
    assert theory.slice_norm_rate(0).at(2, 5) == 5  # the core alone
    assert theory.escape_time(1).expression == oo  # K = 1 never escapes
    assert theory.constant_alignment(3).at(0, 2, 7) == 2
    assert theory.group_penalty(1).at(3) == 3  # the group lasso
    assert theory.proximal_threshold(1).at(Rational(1, 2)) == Rational(1, 2)
    assert theory.proximal_threshold(0).at(1) == 0


def test_the_exact_values_of_design():
    """(8), (9), (12), (14) written out for K = 4, N = 3 by hand."""
    assert theory.slice_norm_rate(4).at(2, Rational(3, 5)) == Rational(48, 5)
    assert theory.sigma_rate(4).at(32, 1) == 5 * 2**8
    assert theory.component_rate(4, 3).at(Rational(1, 2), 1) == Rational(1, 2) ** 12 * (1 - Rational(1, 2) ** 13)
    assert theory.group_penalty(4).at(32) == Rational(5, 2) * 4


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 6])
def test_both_bounds_off_balance_are_attained_where_all_other_norms_are_at_their_end(depth):
    """(10): the K other norms are 4 when g = 5 and eps = 9, and 5 when g = 4; dg/dt is their product times c."""
    low, high = theory.slice_norm_rate_bounds(depth)
    assert low.at(5, 9, -2) == 2 * 4**depth
    assert high.at(4, 9, -2) == 2 * 5**depth
    assert low.at(2, 9, 1) == (1 if depth == 0 else 0)


def test_the_proximal_operator_is_the_least_cost_on_a_grid():
    """Closed form, threshold and jump against brute force."""
    for depth in (1, 2, 3):
        tau = 0.7
        threshold = float(theory.proximal_threshold(depth).at(Rational(7, 10)))
        closed, penalty = compile(theory.proximal_closed_form(depth)), compile(theory.group_penalty(depth))
        grid = np.linspace(1e-9, 6, 600_001)
        for y in (threshold * 0.97, threshold * 1.03, threshold + 1.5):
            costs = (grid - y) ** 2 / 2 + tau * penalty(grid)
            best = float(grid[np.argmin(costs)]) if costs.min() < y**2 / 2 else 0.0
            predicted = float(closed(np.float64(y), np.float64(tau))) if y > threshold else 0.0
            assert abs(best - predicted) < 2e-5


def test_the_implicit_solution_is_the_time_of_the_flow():
    """(12) integrated by mpmath's own quadrature, against the hypergeometric primitive."""
    for depth, order in ((1, 2), (2, 3), (4, 3)):
        time, rate = theory.component_time(depth, order), theory.component_rate(depth, order)
        primitive, speed = compile(time, "mpmath"), compile(rate, "mpmath")
        with mpmath.workdps(30):
            start, end, lam = mpmath.mpf(1) / 2, mpmath.mpf(9) / 10, mpmath.mpf(3) / 2
            direct = mpmath.quad(lambda g, lam=lam, speed=speed: 1 / speed(g, lam), [start, end])
            assert abs(primitive(end, lam) - primitive(start, lam) - direct) < mpmath.mpf(10) ** -20


def test_fractions_go_through_formulas_exactly():
    assert theory.drift_per_step().at(Fraction(1, 3), 2, 5) == Rational(-1, 3)
