"""The stiff method and the 50-digit reference against each other and against closed forms."""

import mpmath
import numpy as np
import pytest

from numerics import MP, Architecture, UsageError, matrix_balance, solve_flow, solve_reference
from numerics._stiff import _step


def draw(architecture, size=0.7, seed=0):
    rng = np.random.default_rng(seed)
    blocks = {name: size * rng.standard_normal(shape) for name, shape in architecture.shapes.items()}
    return blocks, rng.standard_normal(architecture.sizes), rng.random(architecture.sizes)


def test_the_reference_has_50_digits_where_the_flow_has_a_closed_form():
    architecture = Architecture(0, (2, 2))
    blocks, target, weights = draw(architecture)
    end = solve_reference(architecture, blocks, target, weights, [0, "1.5"])["G"][-1]
    with mpmath.workdps(60):
        exact = np.frompyfunc(lambda g, t, w: t + (mpmath.mpf(g) - t) * mpmath.exp(-mpmath.mpf(w) * 1.5), 3, 1)
        assert abs(end - exact(blocks["G"], np.frompyfunc(mpmath.mpf, 1, 1)(target), weights)).max() < 1e-50


@pytest.mark.parametrize("chain", ["column", "mode"])
def test_the_reference_agrees_with_itself_at_other_precision_and_conserves_the_matrix_laws(chain):
    architecture = Architecture(2, (2, 2), (2, 1), chain)
    raw, target, weights = draw(architecture)
    blocks = matrix_balance(architecture, raw, MP(60))
    low = solve_reference(architecture, blocks, target, weights, [0, 1], digits=25)
    high = solve_reference(architecture, blocks, target, weights, [0, 1], digits=45)
    assert max(abs(low[name][-1] - high[name][-1]).max() for name in blocks) < 1e-24
    with mpmath.workdps(60):
        for r in range(2):
            A = high["A1.1"][-1][r] if chain == "column" else high["A1.1"][-1]
            a = high["a1"][-1][:, r : r + 1] if chain == "column" else high["a1"][-1]
            assert abs(A.T @ A - a @ a.T).max() < 1e-44
    floats = {name: block.astype(float) for name, block in blocks.items()}
    flow = solve_flow(architecture, floats, target, weights, [0.0, 1.0], rtol=1e-12, atol=1e-14)
    for name in blocks:
        np.testing.assert_allclose(flow.final[name], high[name][-1].astype(float), atol=1e-11)


def test_the_reference_takes_steps_short_enough_for_its_digits():
    """Over a time of 40 decay times one Taylor series of 50 terms would be far from enough."""
    architecture = Architecture(0, (2,))
    start, target, weights = np.array([3.0, -1.0]), np.array([0.5, 2.0]), np.array([1.0, 0.25])
    end = solve_reference(architecture, {"G": start}, target, weights, [0, 40])["G"][-1]
    with mpmath.workdps(60):
        rows = zip(start, target, weights, strict=True)
        exact = [t + (mpmath.mpf(g) - t) * mpmath.exp(-mpmath.mpf(w) * 40) for g, t, w in rows]
        assert max(abs(e - x) for e, x in zip(end, exact, strict=True)) < 1e-49


def test_a_step_of_the_stiff_method_has_order_four_and_an_error_estimate_of_order_three():
    """y' = -y^3 + y in two directions that are coupled by a rotation; one step against the solution in 30 digits."""
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])

    def rhs(t, y):
        z = turn.T @ y
        return turn @ (z - z**3)

    def derivative(y, v):
        z = turn.T @ y
        return rhs(0.0, y), turn @ ((1 - 3 * z**2) * (turn.T @ v))

    start = turn @ np.array([1.7, 0.4])
    errors, estimates = [], []
    for h in (0.01, 0.005, 0.0025):
        ahead, estimate, _ = _step(rhs, derivative, 0.0, start, rhs(0.0, start), h, np.full(2, 1e-12), (1, 2))
        z = (turn.T @ start) ** -2.0  # w = z^-2 obeys w' = 2 - 2 w
        exact = turn @ (1 + (z - 1) * np.exp(-2 * h)) ** -0.5
        errors.append(abs(ahead - exact).max())
        estimates.append(estimate)
    assert abs(np.diff(np.log2(errors)) + 5).max() < 0.1
    assert abs(np.diff(np.log2(estimates)) + 4).max() < 0.1


def test_the_reference_is_for_small_models():
    architecture = Architecture(1, (9, 9, 9))
    with pytest.raises(UsageError, match="at most 400 parameters"):
        solve_reference(architecture, *draw(architecture), [0, 1])


@pytest.mark.parametrize("architecture", [Architecture(2, (2, 2, 2), (2, 1, 2)), Architecture(1, (3, 2))], ids=str)
def test_the_stiff_method_keeps_its_tolerance_and_improves_with_it(architecture):
    blocks, target, weights = draw(architecture)
    times = [0.0, 0.3, 1.0]
    exact = solve_flow(architecture, blocks, target, weights, times, rtol=1e-12, atol=1e-14)
    errors = []
    for rtol in (1e-3, 1e-5):
        stiff = solve_flow(
            architecture, blocks, target, weights, times, rtol=rtol, atol=1e-2 * rtol, method="exponential"
        )
        assert stiff.status == "finished"
        errors.append(max(abs(stiff.parameters[name] - exact.parameters[name]).max() for name in blocks))
    assert errors[0] < 1e-2
    assert errors[1] < min(1e-4, 0.1 * errors[0])


def test_the_stiff_method_steps_over_fast_directions(monkeypatch):
    architecture = Architecture(0, (2, 3))
    blocks, target, weights = draw(architecture)
    weights[0, 0], weights[1, 1] = 1e6, 1e-3
    times = [0.0, 500.0]
    stiff = solve_flow(architecture, blocks, target, weights, times, rtol=1e-8, atol=1e-10, method="exponential")
    exact = target + (blocks["G"] - target) * np.exp(-weights * 500)
    np.testing.assert_allclose(stiff.final["G"], exact, rtol=1e-7, atol=1e-8)
    explicit = solve_flow(architecture, blocks, target, weights, times, rtol=1e-8, atol=1e-10, budget=2000)
    assert explicit.status == "exhausted"
    monkeypatch.setattr("numerics._flow.EXPLICIT_BUDGET", 1000)
    both = solve_flow(architecture, blocks, target, weights, [0.0, 1e-6, 500.0], rtol=1e-8, atol=1e-10, method="auto")
    np.testing.assert_allclose(both.final["G"], exact, rtol=1e-7, atol=1e-8)
    assert len(both.times) == 3
    assert both.evaluations > 1000
    assert stiff.evaluations < 2000
