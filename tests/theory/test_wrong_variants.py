"""Wrong laws must be rejected: each differs from the truth by an exponent, sign, factor, transpose or hypothesis."""

from dataclasses import replace

import pytest
from sympy import Integer, Rational, oo, symbols

import theory
from theory import Assignment, Contraction, Equality, Formula, Limit, Program, Sign, deep_tucker
from theory import _bias as bias
from theory import _catalogue as catalogue
from theory import _chain_proofs as chains
from theory import _componentwise as componentwise
from theory import _exact_evaluation as exact
from theory import _gradient as derived
from theory import _incremental as incremental
from theory import _local_proofs as local
from theory import _mode_proofs as mode
from theory import _momentum as inertia
from theory import _proximal as prox
from theory import _regularizer_proofs as regularizer
from theory import _representation_cost as cost
from theory import _scalar_proofs as scalar
from theory import notation as s
from theory._derivation import Derivation
from theory._laws import Law
from theory._words import constant, gradient, inner, matrix, trace
from theory.notation import K


def wrong(formula, change):
    """The formula with another expression."""
    return Formula(formula.name, formula.args, change(formula.expression))


DEPTHS = [2, 4, K]
SCALAR = {
    "slice norm: exponent K + 1": (scalar, "slice_norm_rate", lambda e: e * s.g, scalar.slice_norm_law),
    "slice norm: exponent K - 1": (scalar, "slice_norm_rate", lambda e: e / s.g, scalar.slice_norm_law),
    "slice norm: sign": (scalar, "slice_norm_rate", lambda e: -e, scalar.slice_norm_law),
    "slice norm: factor 2": (scalar, "slice_norm_rate", lambda e: 2 * e, scalar.slice_norm_law),
    "sigma: exponent 2 - 2/K": (
        scalar,
        "sigma_rate",
        lambda e: e.subs(s.sigma ** Rational(4, 3), s.sigma),
        lambda k: scalar.sigma_law(2),
    ),
    "sigma: factor K": (scalar, "sigma_rate", lambda e: e * Rational(4, 5), lambda k: scalar.sigma_law(4)),
    "sigma: sign": (scalar, "sigma_rate", lambda e: -e, scalar.sigma_law),
    "sigma: exponent 2": (scalar, "sigma_rate", lambda e: 5 * s.alignment * s.sigma**2, lambda k: scalar.sigma_law(4)),
    "constant alignment: c/2": (
        scalar,
        "constant_alignment",
        lambda e: e.subs(s.c, s.c / 2),
        scalar.constant_alignment_law,
    ),
    "constant alignment: start 2 g0": (
        scalar,
        "constant_alignment",
        lambda e: e.subs(s.g0, 2 * s.g0),
        scalar.constant_alignment_law,
    ),
    "constant alignment: sign of time": (
        scalar,
        "constant_alignment",
        lambda e: e.subs(s.t, -s.t),
        scalar.constant_alignment_law,
    ),
    "escape time: K instead of K - 1": (
        scalar,
        "escape_time",
        lambda e: e * Rational(3, 4),
        lambda k: scalar.constant_alignment_law(4),
    ),
    "component: exponent NK + 1": (
        scalar,
        "component_rate",
        lambda e: e * s.g,
        lambda k: scalar.superdiagonal(k, 3, None),
    ),
    "component: sign": (scalar, "component_rate", lambda e: -e, lambda k: scalar.superdiagonal(k, 3, None)),
    "component: 2 lambda": (
        scalar,
        "component_rate",
        lambda e: e.subs(s.lam, 2 * s.lam),
        lambda k: scalar.superdiagonal(k, 3, None),
    ),
    "entry: exponent NK": (scalar, "component_entry", lambda e: e / s.g, lambda k: scalar.superdiagonal(k, 3, None)),
    "penalty: factor K/2": (
        regularizer,
        "group_penalty",
        lambda e: e * Rational(2, 3),
        lambda k: regularizer.group_regularizer(2),
    ),
    "penalty: exponent 2/K": (
        regularizer,
        "group_penalty",
        lambda e: e.subs(s.sigma, s.sigma ** Rational(3, 2)),
        regularizer.group_regularizer,
    ),
    "threshold: factor": (prox, "proximal_threshold", lambda e: 2 * e, lambda k: prox.proximal(3)),
    "jump: factor": (prox, "proximal_jump", lambda e: 2 * e, lambda k: prox.proximal(2)),
    "cost bound: factor NK/2": (cost, "representation_cost_bounds", None, lambda k: cost.cost_bounds(2, 3)),
    "solution: lambda squared": (
        incremental,
        "component_rate",
        lambda e: e.subs(s.lam, s.lam**2),
        lambda k: incremental.component_solution(2, 2),
    ),
    "escape of components: lambda squared": (
        incremental,
        "component_escape_time",
        lambda e: e / s.lam,
        lambda k: incremental.incremental_learning(2, 2),
    ),
}


@pytest.mark.parametrize("name", SCALAR)
@pytest.mark.parametrize("depth", DEPTHS, ids=str)
def test_a_wrong_formula_is_rejected(monkeypatch, name, depth):
    module, function, change, derive = SCALAR[name]
    assert derive(depth).check().holds
    true = getattr(module, function)
    if change is None:
        monkeypatch.setattr(
            module, function, lambda k, n: tuple(wrong(f, lambda e: e * Rational(6, 7)) for f in true(k, n))
        )
    else:
        monkeypatch.setattr(module, function, lambda *arguments: wrong(true(*arguments), change))
    outcome = derive(depth).check()
    assert not outcome.holds
    assert outcome.residual != "0"


Q = matrix("Q", "n", "n")
P, A, B, S, D = (matrix(name, "n", "n") for name in "PABSD")
W = P @ A @ B @ S
FLOW = {"A": -gradient(D, W, "A"), "B": -gradient(D, W, "B")}
ZERO = A - A
WORDS = {
    "gradient without the prefix's transpose": (inner(P @ D @ (B @ S).T, Q), inner(D, W.rate({"A": Q}))),
    "gradient with the suffix not transposed": (inner(P.T @ D @ B @ S, Q), inner(D, W.rate({"A": Q}))),
    "Gram matrix A A^T instead of A^T A": ((A @ A.T - B @ B.T).rate(FLOW), ZERO),
    "Gram matrix B^T B instead of B B^T": ((A.T @ A - B.T @ B).rate(FLOW), ZERO),
    "sum of Gram matrices": ((A.T @ A + B @ B.T).rate(FLOW), ZERO),
    "twice one Gram matrix": ((A.T @ A - (B @ B.T).scaled(2)).rate(FLOW), ZERO),
    "flow with the wrong sign in one block": ((A.T @ A - B @ B.T).rate({**FLOW, "B": -FLOW["B"]}), ZERO),
    "neighbours that are none": ((P.T @ P - B @ B.T).rate({"P": -gradient(D, W, "P"), **FLOW}), ZERO),
    "sum of squared norms": ((inner(A, A) + inner(B, B)).rate(FLOW), constant(0)),
    "Euler identity with a factor": (inner(gradient(D, W, "A"), A), inner(D, W).scaled(2)),
    "weight decay with rate lambda instead of 2 lambda": (
        (A.T @ A - B @ B.T).rate({k: v - x.scaled(s.lam) for (k, v), x in zip(FLOW.items(), (A, B), strict=True)}),
        (A.T @ A - B @ B.T).scaled(-s.lam),
    ),
    "drift of first order in eta": (
        trace((A + FLOW["A"].scaled(s.eta)).T @ (A + FLOW["A"].scaled(s.eta))) - inner(A, A),
        (inner(FLOW["A"], FLOW["A"])).scaled(s.eta**2),
    ),
    "trace split into two": (trace(A @ B), trace(A).times(trace(B))),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_wrong_matrix_identity_is_rejected(name):
    left, right = WORDS[name]
    assert Equality(left, right, "wrong").residual() != "0"
    assert Equality(left, left, "true").residual() == "0"


def _mutants(model):
    """The derived program with one line changed."""
    flow = theory.gradient_flow(model)

    def with_line(name, change):
        lines = tuple(Assignment(x.name, change(x.expression)) if x.name == name else x for x in flow.assignments)
        return Program(flow.inputs, lines, flow.outputs)

    def scaled(factor):
        return lambda e: Contraction(e.operands, e.output, e.coefficient * factor)

    def swapped(e):
        first, second = e.operands
        names = {"i1": "x1.1", "x1.1": "i1"}
        return Contraction((first, (second[0], tuple(names.get(x, x) for x in second[1]))), e.output, e.coefficient)

    return {
        "sign of one block": with_line("dA1.1/dt", scaled(-1)),
        "factor of one block": with_line("da2/dt", scaled(2)),
        "sign of the core": with_line("dG/dt", scaled(-1)),
        "factor of an intermediate": with_line("dL/dT1", scaled(3)),
        "transposed chain matrix": with_line("da1/dt", swapped),
    }


@pytest.mark.parametrize("name", list(_mutants(deep_tucker(2, 2))))
def test_a_wrong_program_is_rejected_by_every_route(monkeypatch, name):
    model = deep_tucker(2, 2)
    program = _mutants(model)[name]
    caches = (local._tape, exact._random_flow, componentwise.polynomial_flow, theory.squared_loss_flow)
    for module in (local, derived, componentwise):
        monkeypatch.setattr(module, "gradient_flow", lambda p: program)
    for cache in caches:
        cache.cache_clear()
    try:
        proofs = [local.euler_steps(model, x) for x in model.groups]
        laws = [local.gram_steps(model, law) for law in theory.conservation_laws(model) if law.edge]
        assert not local.verdict(proofs + laws).holds
        assert not exact.gradient_check(model).holds
        assert not componentwise.gradient_identity(model, 2).holds
        if "intermediate" not in name and "core" not in name:
            assert not exact.law_check(model, True).holds
    finally:
        for cache in caches:
            cache.cache_clear()


@pytest.mark.parametrize("chain", ["column", "gate"])
def test_the_whole_gram_difference_of_factor_and_core_is_no_law_beyond_depth_one(chain):
    def rates(depth):
        model = deep_tucker(depth, 2, chain)
        last = next(b for b in model.blocks if b.name == "a1")
        values, sizes = exact.run_at_random(model)
        return exact.law_rates(Law.between(last, model.blocks[0], ("r1",), ()), values, sizes)

    assert all(rate == 0 for rate in rates(1))
    assert any(rate != 0 for rate in rates(2))
    assert not catalogue.off_diagonal_moves(deep_tucker(1, 2, chain)).holds


def _without(derivation, number):
    steps = list(derivation.steps)
    steps[number] = replace(steps[number], assuming=())
    return replace(derivation, steps=tuple(steps))


@pytest.mark.parametrize(
    ("derive", "number"),
    [
        (lambda: mode.mode_singular_values(3), 1),
        (lambda: mode.mode_singular_values(3), 2),
        (lambda: mode.mode_singular_values(3), 4),
        (lambda: scalar.slice_norm_law(3), 2),
        (lambda: scalar.sigma_law(3), 2),
        (lambda: scalar.superdiagonal(2, 3, None), 1),
        (lambda: cost.representation_cost(2, 3), 0),
    ],
    ids=[
        "no matrix balance",
        "no balance in the chain",
        "no unit vectors",
        "not balanced",
        "not balanced (9)",
        "not aligned",
        "no unit vectors (15)",
    ],
)
def test_a_missing_hypothesis_is_rejected(derive, number):
    assert derive().check().holds
    assert derive().steps[number].assuming
    assert not _without(derive(), number).check().holds


def test_a_conclusion_that_does_not_follow_from_its_steps_is_rejected():
    true = chains.euler_identity("column")
    left, right = true.conclusions[0]
    assert not replace(true, conclusions=((left, right.scaled(2)),)).check().holds
    law = scalar.slice_norm_law(3)
    for place in (2,):
        assert not replace(law, steps=(*law.steps[:place], *law.steps[place + 1 :])).check().holds


@pytest.mark.parametrize("place", range(8))
def test_one_wrong_step_in_the_middle_is_rejected(place):
    true = chains.norm_conservation("column")
    step = true.steps[place]
    broken = replace(step, right=step.right.scaled(Rational(1, 2)))
    outcome = replace(true, steps=(*true.steps[:place], broken, *true.steps[place + 1 :])).check()
    assert not outcome.holds
    assert f"step {place + 1} fails" in outcome.detail


x, k = symbols("x k", positive=True)
FALSE_STEPS = {
    "power rule": Equality(x**k * x, x ** (k + 2), ""),
    "square root of a square without a sign": Equality(
        symbols("u", real=True), (symbols("u", real=True) ** 2) ** Rational(1, 2), ""
    ),
    "negative called positive": Sign(-x, ""),
    "unknown sign called positive": Sign(symbols("u", real=True), ""),
    "nonnegative called positive": Sign(symbols("u", nonnegative=True), ""),
    "wrong limit": Limit(2 - 2 / (k + 1), k, oo, Integer(1), ""),
    "wrong side": Limit(1 / x, x, Integer(0), Integer(0), ""),
    "penalty counts nothing": Limit(s.sigma ** (2 / (k + 1)), k, oo, Integer(0), ""),
}


@pytest.mark.parametrize("name", FALSE_STEPS)
def test_a_false_scalar_step_is_rejected(name):
    assert FALSE_STEPS[name].residual() != "0"


def test_the_modified_loss_rejects_other_coefficients():
    half = {inertia.POINT: Integer(1), inertia.LINE: -Rational(1, 4)}
    assert inertia.one_step(half, 2)[inertia.LINE] != 0
    swapped = {
        inertia.POINT: Integer(1),
        inertia.LINE: -Rational(1, 2),
        inertia.FORK: Rational(1, 3),
        inertia.TALL: Rational(1, 12),
    }
    series = inertia.one_step(swapped, 3)
    assert series[inertia.FORK] != 0
    assert series[inertia.TALL] != 0


def test_the_mirror_test_finds_a_hessian_exactly_where_there_is_one():
    assert all(v == 0 for v in bias.hessian_defect(1, (3, 4)))
    assert bias.hessian_defect(3, (5,)) == []
    assert any(v != 0 for v in bias.hessian_defect(2, (3, 4)))


def test_momentum_does_not_conserve_squared_norms():
    tensor = chains.P @ chains.A @ chains.b @ chains.gamma.T @ chains.X
    va, vb = matrix("V", "p", "q"), matrix("v", "q", "1")
    flow = {"A": va, "a": vb, "V": -gradient(chains.D, tensor, "A"), "v": -gradient(chains.D, tensor, "a")}
    gap = inner(chains.A, va) - inner(chains.b, vb)
    assert not gap.rate(flow).is_zero
    plus = chains.A.T @ va + va.T @ chains.A + chains.b @ vb.T - vb @ chains.b.T
    assert not plus.rate(flow).is_zero


def test_there_are_more_than_thirty_wrong_variants():
    assert len(SCALAR) + len(WORDS) + len(FALSE_STEPS) + 5 + 7 + 8 > 30
    assert all(isinstance(derive(2), Derivation) for *_, derive in SCALAR.values())
