"""The induced regularizer against direct minimisation, closed forms and its own certificate; proximal operators."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from numerics import (
    UsageError,
    column_norms,
    prox_schatten,
    prox_slices,
    representation_cost,
    schatten,
    shrink,
    slice_penalty,
    superdiagonal_target,
)


def direct(W, depth, seed):
    """Least 1/2 ||G||^2 + K/2 sum ||u_r||^{2/K} over square invertible factors, with G = W x_n U^{-1}: no frames."""
    generator = torch.Generator().manual_seed(seed)
    start = torch.cat([torch.randn(size * size, generator=generator, dtype=torch.float64) for size in W.shape])

    def objective(z):
        z = torch.tensor(z, requires_grad=True)
        G, cost, offset = torch.from_numpy(W), torch.zeros((), dtype=torch.float64), 0
        for n, size in enumerate(W.shape):
            U = z[offset : offset + size * size].reshape(size, size)
            offset += size * size
            G = torch.tensordot(torch.linalg.inv(U), G, dims=([1], [n])).movedim(0, n)
            cost = cost + depth / 2 * (U.norm(dim=0) ** (2 / depth)).sum()
        cost = cost + (G * G).sum() / 2
        cost.backward()
        return cost.item(), z.grad.numpy()

    return minimize(objective, start.numpy(), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 3000}).fun


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 2, 2), (3, 3, 3)])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_regularizer_is_the_least_cost_of_any_factorization(depth, sizes):
    W = np.random.default_rng(3).standard_normal(sizes)
    found = representation_cost(W, depth)
    best = min(direct(W, depth, seed) for seed in range(6))
    assert found.value == pytest.approx(best, rel=1e-8)
    rebuilt = found.core
    for n, U in enumerate(found.factors):
        rebuilt = np.moveaxis(np.tensordot(U, rebuilt, axes=(1, n)), 0, n)
    np.testing.assert_allclose(rebuilt, W, atol=1e-10)
    cost = (found.core**2).sum() / 2
    cost += depth / 2 * sum((np.linalg.norm(U, axis=0) ** (2 / depth)).sum() for U in found.factors)
    assert cost == pytest.approx(found.value, rel=1e-10)
    # at the optimum all 1 + NK norms carry the same energy, (15)
    assert found.value == pytest.approx((1 + 3 * depth) / 2 * (found.core**2).sum(), rel=1e-7)
    assert 0 <= found.gap + 1e-13 * found.value < 1e-10 * found.value
    assert found.frame_residual < 1e-6


@pytest.mark.parametrize("sizes", [(1, 3), (2, 2), (3, 3), (4, 3)])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_for_matrices_the_regularizer_is_a_schatten_quasi_norm(depth, sizes):
    W = np.random.default_rng(4).standard_normal(sizes)
    exact = (2 * depth + 1) / 2 * float(schatten(torch.from_numpy(W), 2 / (2 * depth + 1)))
    assert representation_cost(W, depth).value == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_the_regularizer_of_a_superdiagonal_tensor_is_that_of_its_components(depth):
    values = [2.0, 0.5, 0.5]
    degree = 1 + 3 * depth
    exact = degree / 2 * sum(value ** (2 / degree) for value in values)
    target = superdiagonal_target((3, 4, 3), values).numpy()
    assert column_norms(target, depth).value == pytest.approx(exact, rel=1e-10)
    assert representation_cost(target, depth).value == pytest.approx(exact, rel=1e-8)


def test_the_regularizer_is_homogeneous_and_blind_to_orthogonal_changes_of_basis():
    rng = np.random.default_rng(5)
    W = rng.standard_normal((2, 3, 2))
    value = representation_cost(W, 2).value
    assert representation_cost(1e-6 * W, 2).value == pytest.approx(1e-6 ** (2 / 7) * value, rel=1e-9)
    Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    turned = np.moveaxis(np.tensordot(Q, W, axes=(1, 1)), 0, 1)
    assert representation_cost(turned, 2).value == pytest.approx(value, rel=1e-8)
    assert representation_cost(W.transpose(1, 2, 0), 2).value == pytest.approx(value, rel=1e-8)


def test_limits_of_the_regularizer():
    W = np.random.default_rng(6).standard_normal((2, 2))
    assert representation_cost(W, 0).value == pytest.approx((W**2).sum() / 2)
    assert representation_cost(np.zeros((2, 3, 2)), 3).value == 0
    rank_one = np.multiply.outer(np.multiply.outer([3.0, 4.0], [1.0, 0.0]), [0.0, 2.0])
    assert representation_cost(rank_one, 2).value == pytest.approx(7 / 2 * 10 ** (2 / 7), rel=1e-9)
    with pytest.raises(UsageError, match="depth must be 0 or more"):
        representation_cost(W, -1)
    with pytest.raises(UsageError, match="finite"):
        representation_cost(W * np.nan, 1)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_the_certificate_of_the_convex_problem_bounds_every_other_choice_of_norms(depth):
    rng = np.random.default_rng(7)
    T = rng.standard_normal((3, 2, 4))
    T[:, 1] *= 1e-3
    T[2] = 0
    solved = column_norms(T, depth)
    assert solved.gap <= 1e-12 * solved.value
    assert solved.residual < 1e-6
    assert solved.norms[0][2] == 0
    lower = solved.value - solved.gap
    for _ in range(200):
        norms = [s * np.exp(0.1 * rng.standard_normal(s.shape)) for s in solved.norms]
        G = T[:2] / np.multiply.outer(np.multiply.outer(norms[0][:2], norms[1]), norms[2])
        cost = (G**2).sum() / 2 + depth / 2 * sum((s ** (2 / depth)).sum() for s in norms)
        assert cost >= lower - 1e-12


@pytest.mark.parametrize("q", [1.0, 2 / 3, 0.5, 2 / 7])
def test_shrinkage_is_the_minimiser_found_on_a_fine_grid(q):
    values, weight = torch.linspace(0, 3, 61, dtype=torch.float64), 0.713
    grid = torch.linspace(0, 3, 300_001, dtype=torch.float64)
    costs = 0.5 * (grid[None] - values[:, None]) ** 2 + weight * grid[None] ** q
    found = shrink(values, weight, q)
    assert (0.5 * (found - values) ** 2 + weight * found**q <= costs.min(1).values + 1e-12).all()
    assert ((found == 0) == (costs.argmin(1) == 0)).all()
    assert (found > 0).any()
    assert (found == 0).any()


def test_proximal_operators_shrink_slices_and_singular_values():
    T = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    moved = prox_slices(T, 1, 0.5, 2 / 3)
    norms, before = moved.movedim(1, 0).flatten(1).norm(dim=1), T.movedim(1, 0).flatten(1).norm(dim=1)
    torch.testing.assert_close(norms, shrink(before, 0.5, 2 / 3))
    M = T.flatten(1)
    torch.testing.assert_close(
        torch.linalg.svdvals(prox_schatten(M, 0.4, 0.4)), shrink(torch.linalg.svdvals(M), 0.4, 0.4), atol=1e-12, rtol=0
    )
    torch.testing.assert_close(slice_penalty(T, 1, 2), 1.5 * (before ** (2 / 3)).sum())
    with pytest.raises(UsageError, match="0 < q <= 1"):
        shrink(before, 0.1, 1.5)
