"""Every iteration shows that it has arrived, or says that it has not."""

import pickle

import gmpy2
import mpmath
import numpy as np
import pytest
import torch

from numerics import Architecture, NotConverged, column_norms, representation_cost, shrink, solve_reference
from numerics import _penalties as penalties
from numerics import _regularizer as regularizer
from numerics import _stiff as stiff
from numerics import _taylor as taylor
from numerics.experiments import _baselines as baselines
from verify import Verdict, check
from verify._numbers import precision
from verify._precise import Precise
from verify.claims import BUILT_IN
from verify.claims import regularizer as claims

GROUP_PENALTY = next(claim for claim in BUILT_IN if claim.id == "group-penalty-is-the-minimum-over-block-norms")


@pytest.mark.parametrize(("depth", "order"), [(0, 3), (1, 2), (24, 3), (40, 3), (50, 3), (64, 1), (64, 3)])
def test_the_least_cost_of_a_group_is_found_at_every_depth(depth: int, order: int) -> None:
    result = check(GROUP_PENALTY, depth=depth, order=order, examples=24)
    assert result.verdict is Verdict.PROVED, result.detail
    assert result.worst < 1e-13


@pytest.mark.parametrize("digits", [75, 300])
@pytest.mark.parametrize("depth", [1, 2, 50, 64])
def test_more_digits_give_more_digits_of_the_least_cost(depth: int, digits: int) -> None:
    with precision(digits), mpmath.workdps(digits + 5):
        found = claims._minimised(Precise(np.array([gmpy2.mpfr(7) / 3, gmpy2.mpfr(10) ** 40], dtype=object)), depth + 1)
        for value, sigma in zip(found.array, (mpmath.mpf(7) / 3, mpmath.mpf(10) ** 40), strict=True):
            wanted = mpmath.mpf(depth + 1) / 2 * sigma ** (mpmath.mpf(2) / (depth + 1))
            assert abs(mpmath.mpf(str(value)) / wanted - 1) < mpmath.mpf(10) ** (5 - digits)


def test_a_minimisation_that_is_cut_short_raises_and_is_never_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "NEWTON_STEPS", 4)
    with pytest.raises(NotConverged, match="not converged after 4 steps"):
        claims._minimised(torch.tensor([2.0], dtype=torch.float64), 51)
    result = check(GROUP_PENALTY, depth=50, examples=24)
    assert result.verdict in (Verdict.INCONCLUSIVE, Verdict.ERROR)
    assert "not converged after 4 steps" in result.detail


def test_column_norms_without_a_certificate_are_not_a_result() -> None:
    T = np.random.default_rng(0).standard_normal((3, 4, 2))
    assert column_norms(T, 5).gap <= 1e-12 * column_norms(T, 5).value
    with pytest.raises(NotConverged, match="best column norms"):
        column_norms(T, 5, iterations=2)


@pytest.mark.parametrize("depth", [1, 3, 40, 64])
def test_column_norms_converge_for_entries_over_twelve_orders_of_magnitude(depth: int) -> None:
    generator = np.random.default_rng(depth)
    T = generator.standard_normal((3, 4, 2)) * 10.0 ** generator.integers(-6, 7, (3, 4, 2))
    found = column_norms(T, depth)
    assert abs(found.gap) <= 1e-10 * found.value


def test_frames_that_are_not_stationary_are_not_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    W = np.random.default_rng(1).standard_normal((3, 3, 2))
    assert representation_cost(W, 2).frame_residual < 1e-7
    minimize = regularizer.minimize
    monkeypatch.setattr(
        regularizer, "minimize", lambda *a, **k: minimize(*a, **{**k, "options": {"gtol": 1e-9, "maxiter": 2}})
    )
    with pytest.raises(NotConverged, match="best frames"):
        representation_cost(W, 2)


def test_shrinkage_says_when_it_has_not_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.logspace(-8, 8, 200, dtype=torch.float64)
    for q in (1e-3, 0.1, 2 / 3, 0.999):
        for weight in (1e-6, 1.0, 1e6):
            t = shrink(values, weight, q)
            live = t > 0
            slope = t[live] - values[live] + weight * q * t[live] ** (q - 1)
            assert float((slope.abs() / values[live]).sum()) < 1e-10
    monkeypatch.setattr(penalties, "NEWTON_STEPS", 1)
    with pytest.raises(NotConverged, match="shrinkage"):
        shrink(torch.tensor([1.5], dtype=torch.float64), 0.5, 0.5)


def test_a_krylov_space_that_is_too_small_shortens_the_step() -> None:
    generator = np.random.default_rng(3)
    A = generator.standard_normal((60, 60))
    A = -(A @ A.T)
    v, scale = generator.standard_normal(60), np.full(60, 1e-10)
    small = stiff._Lanczos(lambda x: A @ x, v, 1.0, scale, limit=8)
    assert not small.converged
    assert stiff._Lanczos(lambda x: A @ x, v, 1.0, scale).converged
    assert stiff._Lanczos(lambda x: A @ x, v, 1e-12, scale, limit=8).converged


def test_a_taylor_step_that_does_not_move_the_time_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    architecture = Architecture(1, (1, 1), (1, 1), "column")
    blocks = {name: np.ones(shape) for name, shape in architecture.shapes.items()}
    monkeypatch.setattr(taylor, "_step", lambda coefficients, tolerance: mpmath.mpf(0))
    with pytest.raises(NotConverged, match="Taylor"):
        solve_reference(architecture, blocks, np.ones((1, 1)), np.ones((1, 1)), [0, 1], digits=20)


def test_nuclear_norms_are_given_back_only_when_the_copies_agree() -> None:
    generator = torch.Generator().manual_seed(0)
    T = torch.randn(2, 4, 4, 4, generator=generator, dtype=torch.float64)
    mask = (torch.rand(T.shape, generator=generator, dtype=torch.float64) < 0.5).double()
    baselines.nuclear_norms(T, mask)
    with pytest.raises(NotConverged, match="nuclear norms"):
        baselines.nuclear_norms(T, mask, sweeps=5)


def test_the_error_says_what_and_survives_a_process() -> None:
    error = pickle.loads(pickle.dumps(NotConverged("the thing", 3, 0.25)))
    assert str(error) == "the thing: not converged after 3 steps, 2.5e-01 left where 0 is the proof"
    assert (error.what, error.steps, error.left) == ("the thing", 3, 0.25)
