"""Gradient descent follows the flow at order 1 and the modified flow at order 2, on the superdiagonal problem."""

import numpy as np
import pytest
import torch

from numerics import (
    Architecture,
    Trainer,
    UsageError,
    component_blocks,
    descend,
    full_observation,
    reference_gradient,
    slice_norms,
    solve_component,
    solve_flow,
)
from numerics._flow import FlowField, modified

LAMBDA, ENTRIES = np.array([1.0, 0.6]), np.array([0.5, 0.3])  # target and first entries of W


@pytest.mark.parametrize("order", [2, 3, 4])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 6])
def test_descent_on_the_superdiagonal_problem_has_slope_one_to_the_flow_and_two_to_the_modified_flow(depth, order):
    architecture = Architecture(depth, (2,) * order)
    layers = 1 + depth * order
    start, time = ENTRIES ** (1 / layers), 2 / layers  # an entry of W moves by O(1) in this time
    blocks, target = component_blocks(architecture, LAMBDA, start)
    weights = np.ones(architecture.sizes)
    exact = solve_component(depth, order, LAMBDA, start, [0.0, time])[-1]
    to_flow, to_modified, counts = [], [], [32, 64, 128]
    for count in counts:
        step = time / count
        run = descend(architecture, blocks, target, weights, step=step, steps=count, record_every=count)
        measured = slice_norms(run.final["G"], 0).numpy()
        modified = solve_flow(architecture, blocks, target, weights, [0.0, time], modified_step=step)
        corrected = slice_norms(torch.from_numpy(modified.final["G"]), 0).numpy()
        to_flow.append(abs(measured - exact))
        to_modified.append(abs(measured - corrected))
    for errors, expected in ((to_flow, 1), (to_modified, 2)):
        slopes = -np.diff(np.log2(np.array(errors)), axis=0)
        assert abs(np.diff(slopes, axis=0)).max() < 0.1  # the window is asymptotic: the slopes agree with each other
        assert abs(slopes - expected).max() < 0.1


def test_each_problem_of_a_batch_follows_the_modified_flow_of_its_own_step():
    architecture = Architecture(2, (2, 3))
    generator = np.random.default_rng(0)
    blocks = {name: generator.normal(size=shape) / 2 for name, shape in architecture.shapes.items()}
    target, weights, steps = generator.normal(size=(2, 3)), np.ones((2, 3)), np.array([0.0, 0.02, 0.05])
    batch = {name: np.stack([block] * 3) for name, block in blocks.items()}
    together = solve_flow(architecture, batch, target, weights, [0.0, 0.5], modified_step=steps)
    for i, step in enumerate(steps):
        alone = solve_flow(architecture, blocks, target, weights, [0.0, 0.5], modified_step=float(step))
        for name, block in alone.final.items():
            np.testing.assert_allclose(together.final[name][i], block, rtol=1e-8, atol=1e-10)
    assert abs(together.final["G"][0] - together.final["G"][2]).max() > 1e-4
    with pytest.raises(UsageError, match="expected one number or"):
        solve_flow(architecture, batch, target, weights, [0.0, 0.5], modified_step=steps[:2])


@pytest.mark.parametrize(("depth", "order"), [(1, 3), (2, 2), (3, 3)])
def test_descent_of_cp_on_the_superdiagonal_problem_has_slope_one_to_the_reduced_equation(depth, order):
    """dg/dt = g^(NK-1) (lambda - g^(NK)): (12) of a Tucker model of depth 1 and order N K - 1."""
    architecture = Architecture(depth, (2,) * order, model="cp")
    layers = depth * order
    start, time = ENTRIES ** (1 / layers), 2 / layers
    blocks, target = component_blocks(architecture, LAMBDA, start)
    exact = solve_component(1, layers - 1, LAMBDA, start, [0.0, time])[-1]
    errors = []
    for count in (32, 64, 128):
        trainer = Trainer(
            architecture, blocks, full_observation(torch.from_numpy(target), mean=False), step=time / count
        )
        trainer.advance(count)
        errors.append(abs(trainer.parameters["a1"].diagonal().numpy() - exact))
    slopes = -np.diff(np.log2(np.array(errors)), axis=0)
    assert abs(slopes - 1).max() < 0.1


@pytest.mark.parametrize("chain", ["column", "mode", "gate"])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_the_analytic_jacobian_vector_product_is_the_derivative_of_the_flow(depth, chain):
    architecture = Architecture(depth, (3, 2, 2), (2, 2, 2) if depth else None, chain)
    rng = np.random.default_rng(0)
    target, weights = rng.standard_normal((2, 3, 2, 2)), rng.random((3, 2, 2))
    field = FlowField(architecture, (2,), target, weights)
    y, v, u = (0.7 * rng.standard_normal(2 * field.width) for _ in range(3))
    rate, along_v = field.derivative(y, v)
    np.testing.assert_allclose(rate, field(0.0, y), rtol=1e-12, atol=1e-13)
    h = 1e-5
    central = (field(0.0, y + h * v) - field(0.0, y - h * v)) / (2 * h)
    np.testing.assert_allclose(along_v, central, rtol=1e-6, atol=1e-7 * abs(central).max())
    np.testing.assert_allclose(u @ along_v, v @ field.derivative(y, u)[1], rtol=1e-11)  # the Hessian is symmetric


@pytest.mark.parametrize("decay", [0.0, 0.4])
def test_the_modified_flow_is_minus_the_gradient_of_the_modified_loss_with_its_decay(decay):
    """F - eta/2 F' F for F = -grad(L + decay/2 ||y||^2), the derivative by a central difference."""
    architecture = Architecture(2, (3, 2), (2, 2))
    rng = np.random.default_rng(4)
    field = FlowField(architecture, (2,), rng.standard_normal((2, 3, 2)), rng.random((3, 2)))
    y = 0.7 * rng.standard_normal(2 * field.width)

    def slope(at):
        return field(0.0, at) - decay * at

    h, F = 1e-5, slope(y)
    bend = (slope(y + h * F) - slope(y - h * F)) / (2 * h)
    np.testing.assert_allclose(modified(field, 0.6, decay)(0.0, y), F - 0.3 * bend, rtol=1e-6, atol=1e-8)
    steps = np.array([0.6, 0.2])
    halves = np.repeat(steps / 2, field.width)
    np.testing.assert_allclose(modified(field, steps, decay)(0.0, y), F - halves * bend, rtol=1e-6, atol=1e-8)


def test_the_weight_decay_flow_is_the_flow_of_the_penalised_loss():
    architecture = Architecture(2, (3, 2), (2, 2))
    rng = np.random.default_rng(2)
    blocks = {name: 0.6 * rng.standard_normal(shape) for name, shape in architecture.shapes.items()}
    target, weights = rng.standard_normal((3, 2)), np.ones((3, 2))
    decay, h = 0.3, 1e-3
    flow = solve_flow(architecture, blocks, target, weights, [0.0, 1.0 - h, 1.0, 1.0 + h], weight_decay=decay)
    before, now, after = ({name: value[t] for name, value in flow.parameters.items()} for t in (1, 2, 3))
    gradient = reference_gradient(architecture, now, target, weights)
    for name, block in now.items():
        rate = (after[name] - before[name]) / (2 * h)
        np.testing.assert_allclose(rate, -gradient[name] - decay * block, atol=1e-5)
