"""Every formula that a claim uses, planted wrong: factor, sign, exponent, argument, and true but weaker bounds.

A derivation that still holds when its formula is exchanged proves something else. The variants are made by rule, and
each derivation must reject every variant that is another function.
"""

import pytest
from sympy import Abs, Integer, Max, Piecewise, Rational, oo, simplify, sqrt

import theory
from theory import Formula
from theory import _incremental as incremental
from theory import _proximal as prox
from theory import _regularizer_proofs as regularizer
from theory import _representation_cost as cost
from theory import _scalar_proofs as scalar
from theory import notation as s
from theory._catalogue import derivations
from theory.notation import K


def by_id(name, depth, order=3, chain="column"):
    return next(d for d in derivations(depth, order, chain) if d.id == name)


# formula -> (module in which the derivation looks it up, derivation, part of a pair, depths)
PLACES = {
    "slice_norm_rate": (scalar, "slice_norm_rate", lambda k: scalar.slice_norm_law(k), None),
    "sigma_rate": (scalar, "sigma_rate", lambda k: scalar.sigma_law(k), None),
    "bound below": (scalar, "slice_norm_rate_bounds", lambda k: scalar.slice_norm_bounds(k), 0),
    "bound above": (scalar, "slice_norm_rate_bounds", lambda k: scalar.slice_norm_bounds(k), 1),
    "constant_alignment": (scalar, "constant_alignment", lambda k: scalar.constant_alignment_law(k), None),
    "escape_time": (scalar, "escape_time", lambda k: scalar.constant_alignment_law(k), None),
    "component_rate": (scalar, "component_rate", lambda k: scalar.superdiagonal(k, 3, None), None),
    "component_entry": (scalar, "component_entry", lambda k: scalar.superdiagonal(k, 3, None), None),
    "component_time": (incremental, "component_time", lambda k: incremental.component_solution(k, 3), None),
    "component_escape_time": (
        incremental, "component_escape_time", lambda k: incremental.incremental_learning(k, 3), None,
    ),
    "group_penalty": (regularizer, "group_penalty", lambda k: regularizer.group_regularizer(k), None),
    "cost below": (cost, "representation_cost_bounds", lambda k: cost.cost_bounds(k, 3), 0),
    "cost above": (cost, "representation_cost_bounds", lambda k: cost.cost_bounds(k, 3), 1),
    "proximal_equation": (prox, "proximal_equation", lambda k: prox.proximal(k), None),
    "proximal_threshold": (prox, "proximal_threshold", lambda k: prox.proximal(k), None),
    "proximal_jump": (prox, "proximal_jump", lambda k: prox.proximal(k), None),
    "proximal_closed_form": (prox, "proximal_closed_form", lambda k: prox.proximal(k), None),
}  # fmt: skip

GENERAL = {
    "twice": lambda e, x: 2 * e,
    "negative": lambda e, x: -e,
    "a little more": lambda e, x: e * Rational(101, 100),
    "a little less": lambda e, x: e * Rational(99, 100),
    "first argument to the next power": lambda e, x: e * x,
    "first argument to the power before": lambda e, x: e / x,
    "first argument doubled": lambda e, x: e.subs(x, 2 * x),
}


def planted(true, part, change):
    def wrong(formula):
        return Formula(formula.name, formula.args, change(formula.expression, formula.args[0]))

    def other(*arguments):
        found = true(*arguments)
        if found is None:
            return None
        if part is None:
            return wrong(found)
        return tuple(wrong(f) if i == part else f for i, f in enumerate(found))

    return other


def arguments_of(attribute, depth):
    return (depth, 3) if attribute.startswith(("component", "representation")) else (depth,)


@pytest.mark.parametrize("depth", [1, 2, 3, K], ids=str)
@pytest.mark.parametrize("name", PLACES)
def test_a_formula_planted_wrong_turns_its_derivation_red(monkeypatch, name, depth):
    module, attribute, derive, part = PLACES[name]
    true = getattr(module, attribute)
    if attribute == "proximal_closed_form" and depth in (1, K):  # Max has variants of its own below, K no closed form
        return
    assert derive(depth).check().holds
    formula = true(*arguments_of(attribute, depth))
    right = formula if part is None else formula[part]
    wrong = {what: change(right.expression, right.args[0]) for what, change in GENERAL.items()}
    wrong = {
        what: e for what, e in wrong.items() if right.expression not in (0, oo) and simplify(e - right.expression) != 0
    }
    for what in wrong:
        monkeypatch.setattr(module, attribute, planted(true, part, GENERAL[what]))
        outcome = derive(depth).check()
        monkeypatch.setattr(module, attribute, true)
        assert not outcome.holds, f"{what}: {wrong[what]} passes for {right.expression}"
    assert len(wrong) >= 4 or right.expression in (0, oo)


def _with_eps(factor, extra=0):
    return lambda e, x: e.subs(s.eps, factor * s.eps + extra)


def _lower(inside, power=None):
    return lambda e, x: Max(inside, 0) ** (K / 2 if power is None else power) * Abs(s.alignment)


# true statements that are weaker than "the" bound, and false ones that look stronger
BOUNDS = {
    "below, half of eps (false)": (0, _with_eps(Rational(1, 2))),
    "below, twice eps (true, weaker)": (0, _with_eps(2)),
    "below, eps + eps^2 (true, weaker)": (0, _with_eps(1, s.eps**2)),
    "below, without eps (false)": (0, _with_eps(0)),
    "below, plus eps (false)": (0, _with_eps(-1)),
    "below, another positive part (false)": (0, _lower(s.g**2 - s.eps + Rational(1, 7))),
    "below, eps squared (wrong units)": (0, _lower(s.g**2 - s.eps**2)),
    "below, g instead of its square": (0, _lower(s.g - s.eps)),
    "below, the difference of roots (true, weaker)": (
        0,
        lambda e, x: Max(s.g - sqrt(s.eps), 0) ** K * Abs(s.alignment),
    ),
    "below, zero (true, weakest)": (0, lambda e, x: Integer(0)),
    "below, exponent K": (0, _lower(s.g**2 - s.eps, K)),
    "below, the sign of the alignment": (0, lambda e, x: e.subs(Abs(s.alignment), s.alignment)),
    "above, twice eps (true, weaker)": (1, _with_eps(2)),
    "above, half of eps (false)": (1, _with_eps(Rational(1, 2))),
    "above, without eps (false)": (1, _with_eps(0)),
    "above, the sum of roots (true, weaker)": (1, lambda e, x: (s.g + sqrt(s.eps)) ** K * Abs(s.alignment)),
    "above, the sign of the alignment": (1, lambda e, x: e.subs(Abs(s.alignment), s.alignment)),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_weaker_or_stronger_bound_is_not_the_bound(monkeypatch, name):
    part, change = BOUNDS[name]
    true = scalar.slice_norm_rate_bounds
    monkeypatch.setattr(scalar, "slice_norm_rate_bounds", planted(true, part, change))
    assert not scalar.slice_norm_bounds(K).check().holds


SPECIAL = {
    "drift: first order in eta": ("drift_per_step", lambda e, x: e / x),
    "drift: sign": ("drift_per_step", lambda e, x: -e),
    "drift: half": ("drift_per_step", lambda e, x: e / 2),
    "drift: sum of the squares": (
        "drift_per_step",
        lambda e, x: s.eta**2 * (s.grad_norm_squared + s.other_grad_norm_squared),
    ),
    "drift: one gradient only": ("drift_per_step", lambda e, x: s.eta**2 * s.grad_norm_squared),
}


@pytest.mark.parametrize("chain", theory.CHAINS)
@pytest.mark.parametrize("name", SPECIAL)
def test_a_wrong_drift_is_rejected_for_every_chain(monkeypatch, name, chain):
    from theory import _catalogue as catalogue

    attribute, change = SPECIAL[name]
    assert by_id("drift-per-step", 3, chain=chain).check().holds
    monkeypatch.setattr(catalogue, attribute, planted(getattr(catalogue, attribute), None, change))
    assert not by_id("drift-per-step", 3, chain=chain).check().holds


CLOSED = {
    "soft: plus": (1, lambda e, x: Max(prox.y + prox.tau, 0)),
    "soft: half": (1, lambda e, x: Max(prox.y - prox.tau / 2, 0)),
    "soft: twice": (1, lambda e, x: Max(prox.y - 2 * prox.tau, 0)),
    "soft: below zero": (1, lambda e, x: prox.y - prox.tau),
    "two thirds: tau squared": (2, lambda e, x: e.subs(prox.tau, prox.tau**2)),
    "half: tau doubled": (3, lambda e, x: e.subs(prox.tau, 2 * prox.tau)),
    "half: without the square": (3, lambda e, x: sqrt(e)),
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_wrong_closed_form_is_rejected(monkeypatch, name):
    depth, change = CLOSED[name]
    monkeypatch.setattr(prox, "proximal_closed_form", planted(prox.proximal_closed_form, None, change))
    assert not prox.proximal(depth).check().holds


def test_the_solution_of_the_component_equation_is_checked_where_it_is_made(monkeypatch):
    true = incremental._primitive
    for change in GENERAL.values():
        monkeypatch.setattr(incremental, "_primitive", lambda power, change=change: change(true(power), s.g))
        assert not incremental.component_solution(2, 3).check().holds
    monkeypatch.setattr(incremental, "_primitive", true)
    assert incremental.component_solution(2, 3).check().holds


def test_a_finite_escape_time_at_depth_one_is_rejected(monkeypatch):
    assert scalar.constant_alignment_law(1).check().holds
    finite = Formula("escape_time", (s.g0, s.c), 1 / s.c)
    monkeypatch.setattr(scalar, "escape_time", lambda k: finite)
    assert not scalar.constant_alignment_law(1).check().holds


def test_the_branch_of_depth_one_is_checked_for_the_symbolic_depth(monkeypatch):
    def change(expression, x):
        first, second = expression.args
        return Piecewise((2 * first.expr, first.cond), (second.expr, True))

    monkeypatch.setattr(scalar, "constant_alignment", planted(scalar.constant_alignment, None, change))
    assert not scalar.constant_alignment_law(K).check().holds


def test_the_limits_are_those_of_the_exported_formulas(monkeypatch):
    assert incremental.limits.__wrapped__().check().holds
    for name, change in {
        "sigma_rate": lambda e, x: e * x,
        "group_penalty": lambda e, x: 2 * e,
        "constant_alignment": lambda e, x: e.replace(lambda part: part == s.t, lambda part: 2 * part),
    }.items():
        true = getattr(incremental, name)
        monkeypatch.setattr(incremental, name, planted(true, None, change))
        assert not incremental.limits.__wrapped__().check().holds, name
        monkeypatch.setattr(incremental, name, true)


def test_singular_values_move_by_the_exported_law(monkeypatch):
    from theory import _mode_proofs as mode

    assert mode.mode_singular_values(3).check().holds
    for change in GENERAL.values():
        true = mode.slice_norm_rate
        monkeypatch.setattr(mode, "slice_norm_rate", planted(true, None, change))
        assert not mode.mode_singular_values(3).check().holds
        monkeypatch.setattr(mode, "slice_norm_rate", true)


@pytest.mark.parametrize("chain", theory.CHAINS)
def test_a_law_of_private_groups_is_not_said_of_shared_chains(chain):
    for name in ("slice-norm-law", "sigma-law", "slice-norm-bounds", "constant-alignment", "group-regularizer"):
        assert by_id(name, 3, chain=chain).applies(3, 3, chain) == (chain != "mode")
        assert by_id(name, 1, chain=chain).applies(1, 3, chain)


def test_scalar_gates_have_conservation_laws_of_their_own_among_the_matrix_laws():
    steps = by_id("matrix-laws", 3, chain="gate").steps
    assert any("c^2" in step.names[0] for step in steps if hasattr(step, "names"))
