"""(15) against a direct constrained minimisation over all factorization parameters, and against Schatten at order 2."""

import numpy as np
import pytest
import torch
from scipy.linalg import expm
from scipy.optimize import minimize

from numerics import Architecture, compile, compose
from theory import CostProblem, Formula, representation_cost_bounds

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")  # torch.func's own import


class Convex:
    """The convex problem of theory, solved by Newton's method in x = log s."""

    def __init__(self, depth, shape):
        problem = CostProblem(depth, shape)
        entries, logs = list(problem.entries.values()), [x for row in problem.logs for x in row]
        slopes = [problem.stationarity(m, r) for m, row in enumerate(problem.logs) for r in range(len(row))]

        def lowered(expression):
            return compile(Formula("cost", (*entries, *logs), expression))

        self.depth, self.shape, self.last = depth, shape, np.zeros(len(logs))
        self.cost, self.slopes = lowered(problem.objective()), [lowered(e) for e in slopes]
        places = np.array(list(np.ndindex(shape)))
        offsets = np.cumsum([0, *shape[:-1]])
        self.incidence = np.zeros((len(places), len(logs)))
        np.put_along_axis(self.incidence, places + offsets, 1.0, axis=1)

    def solve(self, tensor):
        """Least cost and log-norms for W = tensor in fixed frames, by Newton steps on the optimality conditions."""
        squares, x = tensor.ravel() ** 2, self.last
        for _ in range(100):
            core, factors = squares * np.exp(-2 * self.incidence @ x), np.exp(2 * x / self.depth)
            slope = factors - self.incidence.T @ core
            if np.abs(slope).max() < 1e-12:
                break
            hessian = 2 * self.incidence.T @ (core[:, None] * self.incidence)
            hessian += np.diag(2 / self.depth * factors)
            step = -np.linalg.solve(hessian, slope)
            x = x + step / max(1.0, np.abs(step).max())
        self.last = x
        return core.sum() / 2 + self.depth / 2 * factors.sum(), x

    def confirmed(self, tensor):
        """The same, with cost and optimality conditions evaluated by the formulas of theory."""
        value, x = self.solve(tensor)
        at = (*tensor.ravel(), *x)
        assert abs(self.cost(*at) - value) < 1e-12 * value
        assert max(abs(slope(*at)) for slope in self.slopes) < 1e-9
        return value, x

    def best_frames(self, tensor, rng):
        """Minimum over orthonormal frames too: rotations as exponentials of skew matrices."""
        counts = [n * (n - 1) // 2 for n in self.shape]

        def value(angles):
            rotated = tensor
            for mode, (n, part) in enumerate(zip(self.shape, np.split(angles, np.cumsum(counts)[:-1]), strict=True)):
                skew = np.zeros((n, n))
                skew[np.triu_indices(n, 1)] = part
                rotated = np.moveaxis(np.tensordot(expm(skew - skew.T), rotated, (1, mode)), 0, mode)
            return self.solve(rotated)[0]

        return minimize(value, rng.uniform(-1, 1, sum(counts)), method="BFGS", options={"gtol": 1e-8}).fun


def feasible(tensor, shapes, rng):
    """A random factorization of the tensor, blocks in their order: random chains, and the core that they require."""
    blocks = {name: 0.4 * rng.normal(size=shape) for name, shape in shapes.items()}
    core = tensor
    for mode in range(tensor.ndim):
        blocks[f"a{mode + 1}"] += np.eye(tensor.shape[mode])
        factor = blocks[f"a{mode + 1}"]
        for name in sorted((name for name in shapes if name.startswith(f"A{mode + 1}.")), reverse=True):
            blocks[name] += np.eye(tensor.shape[mode])
            factor = np.einsum("rij,jr->ir", blocks[name], factor)
        core = np.moveaxis(np.tensordot(np.linalg.inv(factor), core, (1, mode)), 0, mode)
    return {**blocks, "G": core}


def direct_cost(tensor, depth, rng):
    """min 1/2 ||all parameters||^2 on the set W(parameters) = tensor, by Newton steps along it; None if it fails.

    A step along the tangent space uses the absolute eigenvalues of the Lagrangian's Hessian, so it cannot settle on a
    saddle; Gauss-Newton steps bring it back to the set. Nothing of (15) is used.
    """
    architecture = Architecture(depth, tensor.shape)
    shapes = architecture.shapes
    counts = [int(np.prod(shape)) for shape in shapes.values()]
    goal = torch.tensor(tensor).reshape(-1)

    def gap(z):
        parts = torch.split(z, counts)
        blocks = {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
        return compose(architecture, blocks).reshape(-1) - goal

    def back(z):
        for _ in range(12):
            rest = gap(z)
            if rest.abs().max() < 1e-13:
                return z
            z = z - torch.linalg.pinv(torch.func.jacrev(gap)(z)) @ rest
        return None

    z = back(torch.tensor(np.concatenate([v.ravel() for v in feasible(tensor, shapes, rng).values()])))
    for _ in range(150):
        jacobian = torch.func.jacrev(gap)(z)
        multiplier = -torch.linalg.pinv(jacobian.T) @ z
        _, _, right = torch.linalg.svd(jacobian)
        tangent = right[len(goal) :]
        slope = tangent @ z
        if slope.abs().max() < 1e-6:  # the error of the value is the square of this
            return (z @ z / 2).item()
        hessian = torch.func.hessian(lambda y, m=multiplier: y @ y / 2 + m @ gap(y))(z)
        curvature, basis = torch.linalg.eigh(tangent @ hessian @ tangent.T)
        step = -tangent.T @ (basis @ ((basis.T @ slope) / curvature.abs().clamp(min=0.05)))
        scale = min(1.0, float(z.norm() / step.norm()))
        while scale > 1e-6 and ((moved := back(z + scale * step)) is None or moved @ moved >= z @ z):
            scale /= 2
        if scale <= 1e-6:
            return None
        z = moved
    return None


def least(tensor, depth, rng, starts):
    found = [value for _ in range(starts) if (value := direct_cost(tensor, depth, rng)) is not None]
    assert found, "no start of the direct minimisation converged"
    return min(found)


@pytest.mark.parametrize(
    ("shape", "depth"),
    [
        ((2, 2, 2), 1),
        ((2, 2, 2), 2),
        ((2, 2, 2), 3),
        ((3, 2, 2), 2),
        ((3, 2, 2), 3),
        ((3, 3, 3), 1),
        ((3, 3, 3), 2),
        ((3, 3, 3), 3),
    ],
)
def test_the_convex_problem_with_frames_is_the_direct_minimum(shape, depth):
    rng = np.random.default_rng(7)
    tensor = rng.normal(size=shape)
    predicted = Convex(depth, shape).best_frames(tensor, rng)
    measured = least(tensor, depth, rng, starts=3 if max(shape) < 3 else 1)
    assert abs(predicted - measured) < 1e-8 * predicted


# Deeper than K = 1 only square matrices: one of size 3 x 2 ends with a column at zero, in valleys too flat for Newton.
@pytest.mark.parametrize(("shape", "depth"), [((3, 2), 1), ((3, 3), 1), ((3, 3), 2), ((3, 3), 3)])
def test_at_order_two_it_is_the_schatten_formula(shape, depth):
    rng = np.random.default_rng(11)
    matrix = rng.normal(size=shape)
    power = 2 / (2 * depth + 1)
    schatten = (2 * depth + 1) / 2 * np.sum(np.linalg.svd(matrix, compute_uv=False) ** power)
    assert abs(least(matrix, depth, rng, starts=4) - schatten) < 1e-8 * schatten


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_value_is_half_of_one_plus_nk_core_norms_and_is_homogeneous(depth):
    rng = np.random.default_rng(5)
    shape = (3, 2, 2)
    tensor, problem = rng.normal(size=shape), Convex(depth, shape)
    value, x = problem.confirmed(tensor)
    core = np.sum(tensor.ravel() ** 2 * np.exp(-2 * problem.incidence @ x))
    assert abs(value - (1 + 3 * depth) / 2 * core) < 1e-10 * value
    scaled, _ = problem.solve(5.0 * tensor)
    assert abs(scaled - 5.0 ** (2 / (1 + 3 * depth)) * value) < 1e-10 * scaled


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_the_group_quasi_norms_bound_the_value_from_both_sides(depth, seed):
    rng = np.random.default_rng(seed)
    shape = (2, 2, 2)
    tensor = rng.normal(size=shape)
    value = Convex(depth, shape).best_frames(tensor, rng)
    low, high = map(compile, representation_cost_bounds(depth, 3))
    for mode in range(3):
        unfolded = np.moveaxis(tensor, mode, 0).reshape(2, -1)
        group = np.sum(np.linalg.svd(unfolded, compute_uv=False) ** (2 / (depth + 1)))
        assert low(group) <= value * (1 + 1e-12)
        assert value <= high(group, 4.0) * (1 + 1e-12)


def test_a_rank_one_tensor_meets_both_bounds():
    tensor = np.einsum("i,j,k->ijk", [1.0, 2.0], [3.0, -1.0], [1.0, 1.0])
    norm = np.linalg.norm(tensor)
    for depth in (1, 2, 3):
        low, high = map(compile, representation_cost_bounds(depth, 3))
        exact = (1 + 3 * depth) / 2 * norm ** (2 / (1 + 3 * depth))
        group = norm ** (2 / (depth + 1))
        assert abs(low(group) - exact) < 1e-12 * exact
        assert abs(high(group, 1.0) - exact) < 1e-12 * exact
        if depth == 1:  # deeper, the valleys to a rank-one minimum are too flat for the direct route
            assert abs(least(tensor, depth, np.random.default_rng(1), starts=2) - exact) < 1e-8 * exact


@pytest.mark.parametrize(("depth", "shape"), [(0, (2, 2)), (1, ()), (2, (2, 0))])
def test_a_problem_out_of_range_is_refused(depth, shape):
    with pytest.raises(ValueError, match="must be at least 1"):
        CostProblem(depth, shape)


@pytest.mark.parametrize(("depth", "shape"), [(1, (2, 2)), (2, (3,)), (3, (2, 1, 2))])
def test_the_optimality_conditions_hold_entry_by_entry(depth, shape):
    assert CostProblem(depth, shape).check().holds
