"""The compiled flow: right-hand side against the reference, solutions against closed forms and fine descent."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import torch
from architectures import CP, TUCKER
from sympy import Rational, Symbol, cos, log, pi, sqrt

from numerics import (
    Architecture,
    Event,
    UsageError,
    balance,
    compile,
    component_blocks,
    compose,
    problem_losses,
    reference_gradient,
    slice_norms,
    solve_component,
    solve_flow,
    solve_slice_norm,
)
from numerics._described import described
from theory import Formula, component_rate, constant_alignment, deep_tucker, slice_norm_rate, squared_loss_flow


def draw(architecture, batch=(), seed=0, size=1.0):
    rng = np.random.default_rng(seed)
    blocks = {name: size * rng.standard_normal((*batch, *shape)) for name, shape in architecture.shapes.items()}
    target = rng.standard_normal((*batch, *architecture.sizes))
    weights = rng.random((*batch, *architecture.sizes))
    return blocks, target, weights


@pytest.mark.parametrize("batch", [(), (4,)])
@pytest.mark.parametrize("architecture", TUCKER + CP[:5], ids=str)
def test_the_compiled_flow_is_minus_the_reference_gradient(architecture, batch):
    blocks, target, weights = draw(architecture, batch)
    program = squared_loss_flow(described(architecture))
    compiled = compile(program)({**blocks, "target": target, "weights": weights})
    in_torch = compile(program, "torch")(
        {name: torch.from_numpy(v) for name, v in {**blocks, "target": target, "weights": weights}.items()}
    )
    pick = (lambda values: values[2]) if batch else (lambda values: values)
    expected = reference_gradient(architecture, {n: pick(b) for n, b in blocks.items()}, pick(target), pick(weights))
    for name, gradient in expected.items():
        np.testing.assert_allclose(pick(compiled[name]), -gradient, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(pick(in_torch[name].numpy()), -gradient, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("architecture", [*TUCKER[1:4], CP[1]], ids=str)
def test_the_compiled_flow_is_exact_on_fractions_and_precise_in_50_digits(architecture):
    rng = np.random.default_rng(1)
    exact = {
        name: np.vectorize(Fraction, otypes=[object])(rng.integers(-3, 4, shape), 3)
        for name, shape in architecture.shapes.items()
    }
    target = np.vectorize(Fraction, otypes=[object])(rng.integers(-3, 4, architecture.sizes))
    weights = np.full(architecture.sizes, Fraction(1, 7), dtype=object)
    program = squared_loss_flow(described(architecture))
    rates = compile(program)({**exact, "target": target, "weights": weights})
    gradient = reference_gradient(architecture, exact, target, weights)
    assert all((rates[name] == -gradient[name]).all() for name in gradient)
    with mpmath.workdps(50):
        to_mpf = np.frompyfunc(lambda f: mpmath.mpf(f.numerator) / f.denominator, 1, 1)
        inputs = {name: to_mpf(v) for name, v in {**exact, "target": target, "weights": weights}.items()}
        precise = compile(program, "mpmath")(inputs)
        for name in gradient:
            assert abs(precise[name] - to_mpf(-gradient[name])).max() < mpmath.mpf(10) ** -45


@pytest.mark.parametrize("formula", [component_rate(2, 3), slice_norm_rate(3), constant_alignment(3)], ids=str)
def test_a_formula_means_the_same_exactly_in_50_digits_in_numpy_and_in_torch(formula):
    values = [Fraction(1, 3), Fraction(2, 5), Fraction(1, 7)][: len(formula.args)]
    with mpmath.workdps(50):
        reference = mpmath.mpf(formula.at(*[f"{v.numerator}/{v.denominator}" for v in values]).evalf(50)._mpf_)
        precise = compile(formula, "mpmath")(*[mpmath.mpf(v.numerator) / v.denominator for v in values])
        assert abs(precise / reference - 1) < mpmath.mpf(10) ** -45
    floats = [np.array([float(v)]) for v in values]
    np.testing.assert_allclose(compile(formula)(*floats), float(reference), rtol=1e-14)
    tensors = [torch.from_numpy(v) for v in floats]
    np.testing.assert_allclose(compile(formula, "torch")(*tensors).numpy(), float(reference), rtol=1e-14)


def test_irrational_constants_are_lowered_to_torch():
    x = Symbol("x")
    expression = 3 ** Rational(1, 3) * sqrt(x) + cos(1) * x ** sqrt(2) - log(7) / pi
    formula = Formula("mixed", (x,), expression, (), "x > 0", "(3)")
    value = compile(formula, "torch")(torch.tensor([0.3, 2.0], dtype=torch.float64))
    exact = [float(formula.at(at).evalf(30)) for at in (Rational("0.3"), Rational(2))]
    np.testing.assert_allclose(value.numpy(), exact, rtol=4e-15)


def test_inputs_that_do_not_fit_are_refused_by_name():
    architecture = Architecture(2, (3, 2), (2, 2))
    blocks, target, weights = draw(architecture)
    program = compile(squared_loss_flow(deep_tucker(2, 2)))
    with pytest.raises(UsageError, match="missing input 'target'"):
        program({**blocks, "weights": weights})
    with pytest.raises(UsageError, match="has shape"):
        program({**blocks, "target": target[:2], "weights": weights})
    with pytest.raises(UsageError, match="unknown backend"):
        compile(squared_loss_flow(deep_tucker(2, 2)), "jax")


def test_depth_zero_relaxes_exponentially_with_the_weights_as_rates():
    architecture = Architecture(0, (2, 3))
    blocks, target, weights = draw(architecture, batch=(2,))
    times = np.linspace(0, 2, 5)
    flow = solve_flow(architecture, blocks, target, weights, times)
    exact = target + (blocks["G"] - target) * np.exp(-weights * times[:, None, None, None])
    np.testing.assert_allclose(flow.parameters["G"], exact, rtol=1e-9, atol=1e-11)
    assert flow.status == "finished"
    assert flow.reached == 2


@pytest.mark.parametrize("architecture", TUCKER[1:5] + TUCKER[7:9] + CP[:2], ids=str)
def test_a_tighter_tolerance_changes_the_flow_by_no_more_than_the_looser_one(architecture):
    blocks, target, weights = draw(architecture, batch=(3,), size=0.6)
    times = np.linspace(0, 0.5, 4)
    loose, tight, tightest = (
        solve_flow(architecture, blocks, target, weights, times, rtol=rtol, atol=rtol * 1e-2)
        for rtol in (1e-5, 1e-8, 1e-11)
    )
    far = max(abs(loose.final[name] - tightest.final[name]).max() for name in blocks)
    near = max(abs(tight.final[name] - tightest.final[name]).max() for name in blocks)
    assert near < 1e-6
    assert near <= far
    losses = problem_losses(
        architecture,
        {name: torch.from_numpy(value) for name, value in loose.final.items()},
        torch.from_numpy(target),
        torch.from_numpy(weights),
    )
    np.testing.assert_allclose(loose.losses[-1], losses.numpy(), rtol=1e-11)
    assert (np.diff(loose.losses, axis=0) < 0).all()


@pytest.mark.parametrize("method", ["DOP853", "RK45"])
def test_every_problem_of_a_batch_keeps_the_tolerance_of_its_own(method):
    architecture = Architecture(1, (2, 2), (2, 2))
    blocks, target, weights = draw(architecture, batch=(1000,), seed=3)
    one = {name: value[17].copy() for name, value in blocks.items()}
    still = {name: np.where(np.arange(1000)[:, None, None] == 17, value, 0.0) for name, value in blocks.items()}
    times, tolerances = [0.0, 2.0], {"rtol": 1e-5, "atol": 1e-8, "method": method}
    batch = solve_flow(architecture, still, target, weights, times, **tolerances)
    alone = solve_flow(architecture, one, target[17], weights[17], times, **tolerances)
    exact = solve_flow(architecture, one, target[17], weights[17], times, rtol=1e-13, atol=1e-15)

    def error(blocks):
        return max(abs(blocks[name] - exact.final[name]).max() for name in one)

    in_batch = error({name: value[17] for name, value in batch.final.items()})
    assert in_batch < 5 * error(alone.final)  # 999 problems that stand still must not buy it larger steps
    assert in_batch < 1e-4


def test_a_blow_up_is_reported_with_the_time_reached():
    architecture = Architecture(2, (2, 2), (2, 2))
    blocks, target, weights = draw(architecture)
    flow = solve_flow(architecture, blocks, target, -weights, np.linspace(0, 50, 11))
    assert flow.status == "blow-up"
    assert 0 < flow.reached < 50
    assert len(flow.times) == len(flow.losses) < 11


def test_an_exhausted_budget_is_reported():
    architecture = Architecture(2, (2, 2), (2, 2))
    blocks, target, weights = draw(architecture)
    flow = solve_flow(architecture, blocks, target, weights, [0.0, 1e6], budget=100)
    assert flow.status == "exhausted"
    assert flow.reached < 1e6


def superdiagonal(depth, order, lam, g0, chain="column"):
    architecture = Architecture(depth, (len(lam),) * order, None, chain)
    blocks, target = component_blocks(architecture, lam, g0)
    return architecture, blocks, target, np.ones(architecture.sizes)


@pytest.mark.parametrize("chain", ["column", "mode", "gate"])
@pytest.mark.parametrize("order", [2, 3, 4])
@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_the_superdiagonal_flow_is_the_reduced_equation(depth, order, chain):
    lam, g0 = np.array([1.0, 0.6]), np.array([0.7, 0.8])
    architecture, blocks, target, weights = superdiagonal(depth, order, lam, g0, chain)
    times = np.linspace(0, 1, 4)
    flow = solve_flow(architecture, blocks, target, weights, times)
    g = solve_component(depth, order, lam, g0, times)
    measured = slice_norms(torch.from_numpy(flow.parameters["G"]), 0, order=order).numpy()
    np.testing.assert_allclose(measured, g, rtol=1e-9)


@pytest.mark.parametrize(("depth", "order"), [(1, 3), (2, 2), (2, 3), (3, 2)])
def test_the_superdiagonal_flow_of_cp_is_the_reduced_equation_of_tucker_with_one_block_less(depth, order):
    """Its groups have N K blocks and no slice: dg/dt = g^(NK-1) (lambda - g^(NK)), (12) with depth 1, order NK - 1."""
    lam, g0, times = np.array([1.0, 0.6]), np.array([0.7, 0.8]), np.linspace(0, 1, 4)
    architecture = Architecture(depth, (2,) * order, model="cp")
    blocks, target = component_blocks(architecture, lam, g0)
    flow = solve_flow(architecture, blocks, target, np.ones(architecture.sizes), times)
    g = solve_component(1, depth * order - 1, lam, g0, times)
    np.testing.assert_allclose(abs(flow.parameters["a1"]).sum(axis=1), g, rtol=1e-9)


def test_a_cp_flow_that_theory_does_not_describe_is_refused():
    architecture = CP[-1]
    blocks, target, weights = draw(architecture)
    with pytest.raises(UsageError, match="flows of model=cp are for order 2 or more"):
        solve_flow(architecture, blocks, target, weights, [0.0, 1.0])


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_the_slice_norm_law_with_constant_alignment_has_its_closed_form(depth):
    times, g0, c = np.linspace(0, 1, 7), np.array([0.3, 0.5]), 0.8
    g = solve_slice_norm(depth, g0, times, np.full((7, 2), c))
    exact = compile(constant_alignment(depth))(times[:, None], g0[None], c)
    np.testing.assert_allclose(g, exact, rtol=1e-8)


def test_the_slice_norm_law_follows_the_flow_it_is_fed_from():
    architecture = Architecture(3, (3, 2, 2), (2, 2, 2))
    raw, target, weights = draw(architecture, size=0.8)
    blocks = balance(architecture, raw)
    times = np.linspace(0, 1, 81)
    flow = solve_flow(architecture, blocks, target, weights, times)
    g = slice_norms(torch.from_numpy(flow.parameters["G"]), 0, order=3).numpy()
    D = weights * (compose(architecture, {n: torch.from_numpy(v) for n, v in flow.parameters.items()}).numpy() - target)
    gradient = np.stack(
        [
            reference_gradient(architecture, {n: v[t] for n, v in flow.parameters.items()}, target, weights)["G"]
            for t in range(81)
        ]
    )
    assert D.shape == (81, 3, 2, 2)
    inner = -(gradient * flow.parameters["G"]).reshape(81, 2, -1).sum(-1)  # Euler identity (5)
    predicted = solve_slice_norm(3, g[0], times, inner / g**4)
    np.testing.assert_allclose(predicted, g, rtol=1e-5)


def test_events_find_the_escape_of_a_slice():
    lam, g0 = np.array([1.0, 0.6]), np.array([0.1, 0.1])
    architecture, blocks, target, weights = superdiagonal(1, 2, lam, g0)
    level = 0.5
    event = Event("escape", lambda t, y: abs(y[:, 0]) - level, stop=True)
    flow = solve_flow(architecture, blocks, target, weights, [0.0, 100.0], events=[event])
    assert flow.status == "stopped"
    when = float(flow.events["escape"])
    g = solve_component(1, 2, lam, g0, [0.0, when])
    assert g[-1, 0] == pytest.approx(level, abs=1e-8)
