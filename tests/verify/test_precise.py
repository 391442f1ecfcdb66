"""The second route: exact rationals, high precision, and torch's vocabulary on both."""

import gmpy2
import numpy as np
import pytest
import torch

from verify._numbers import Jet, Unsupported, entrywise, precision
from verify._precise import Precise
from verify._rates import watching
from verify._state import NotDifferentiable
from verify._strategies import draw_problems, problems

PROBLEMS = draw_problems(problems(depth=2, order=3, chain="column"), 8, 3)

SAME = {
    "sum over an axis": lambda x: x.sum(1),
    "mean": lambda x: x.mean(0),
    "norm": lambda x: torch.linalg.vector_norm(x, dim=1),
    "Frobenius": lambda x: torch.linalg.matrix_norm(x),
    "einsum": lambda x: torch.einsum("ij,kj->ik", x, x),
    "singular values": lambda x: torch.linalg.svdvals(x),
    "where": lambda x: torch.where(x > 0, x, -x),
    "sorting": lambda x: torch.sort(x, dim=1, descending=True).values,
    "cumulative": lambda x: torch.cumsum(x, 0),
    "elementary": lambda x: torch.exp(-x * x) + torch.sqrt(x * x + 1),
    "stacking": lambda x: torch.cat([x.reshape(-1), torch.stack([x[0], x[1]]).flatten()]),
    "diagonals": lambda x: torch.diagonal(x @ x.mT),
    "maximum": lambda x: torch.maximum(x, x.mT.mT * 2).amax(1),
    "scalars": lambda x: (2.5 * x - 1) / 3 + x**2,
    "norms of entries": lambda x: torch.stack([x.norm(), torch.norm(x, 1), torch.linalg.vector_norm(x, float("inf"))]),
    "norms of matrices": lambda x: torch.stack([torch.linalg.norm(x, 2), torch.linalg.matrix_norm(x, "nuc")]),
    "extremes of rows": lambda x: torch.cat([x.amax(0), x.amin(0), x.amax(1)]),
    "rolling": lambda x: torch.cat([torch.roll(x, 1).flatten(), torch.roll(x, 1, 0).flatten()]),
    "flattening in part": lambda x: x[None].flatten(0, 1),
    "squeezing": lambda x: x[None].squeeze(0).squeeze(1),
    "clamping": lambda x: torch.clamp(x, min=-0.5, max=0.5),
}


@pytest.mark.parametrize("name", SAME)
def test_every_function_agrees_with_torch(name: str) -> None:
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with precision():
        precise = SAME[name](Precise(entrywise(gmpy2.mpfr, x.numpy().astype(object))))
        np.testing.assert_allclose(precise.floats(), SAME[name](x).numpy(), rtol=1e-13, atol=1e-13)


def test_an_unknown_function_is_unsupported_not_wrong() -> None:
    with pytest.raises(Unsupported):
        torch.fft.fft(Precise([gmpy2.mpfr(1)]))


def test_norms_of_matrices_and_batches_are_torchs() -> None:
    values = np.random.default_rng(0).standard_normal((2, 3, 4))
    batch, doubles = Precise(entrywise(gmpy2.mpfr, values.astype(object))), torch.from_numpy(values)
    for norm in (
        lambda x: torch.linalg.norm(x[0], 1),
        lambda x: torch.linalg.matrix_norm(x[0], float("inf")),
        torch.linalg.matrix_norm,
        lambda x: torch.linalg.matrix_norm(x, "nuc"),
        lambda x: torch.norm(x[0], p="nuc"),
        lambda x: torch.linalg.vector_norm(x, 3, dim=(0, 2), keepdim=True),
    ):
        assert np.allclose(norm(batch).floats(), norm(doubles).numpy(), rtol=1e-14)
    with pytest.raises(Unsupported):
        torch.linalg.norm(batch, 1)


def test_a_float_constant_means_the_simple_fraction_it_stands_for() -> None:
    with precision():
        two = Precise([gmpy2.mpfr(2)])
        assert abs((two**0.4) ** 5 - 4).array[0] < gmpy2.mpfr("1e-70")
        assert (Precise([gmpy2.mpz(3)]) * 0.1).array[0] == gmpy2.mpq(3, 10)


def test_jets_differentiate_polynomials_exactly() -> None:
    x = Jet(gmpy2.mpq(2, 3), gmpy2.mpq(1))
    assert (x**3 - 2 * x).rate == 3 * gmpy2.mpq(4, 9) - 2


@pytest.mark.parametrize("assumes", ["generic", "balanced", "matrix-balanced", "unbalanced", "superdiagonal"])
def test_the_precise_state_is_the_float_state(assumes: str) -> None:
    for problem in PROBLEMS:
        state = problem.state(assumes)
        with precision():
            precise = problem.precise_state(assumes)
            for ask in (lambda s: s.tensor, lambda s: s.alignment(0), lambda s: s.slice_norms(1), lambda s: s.loss):
                expected = ask(state).numpy()
                atol = 1e-9 * np.abs(expected).max() + 1e-300
                np.testing.assert_allclose(ask(precise).floats(), expected, rtol=1e-9, atol=atol)
            for name, gradient in state.block_gradients().items():
                scale = max(1e-300, float(gradient.abs().max()))
                np.testing.assert_allclose(
                    precise.block_gradients()[name].floats(), gradient.numpy(), atol=1e-9 * scale
                )


def test_rates_agree_between_autograd_differences_and_exact_jets() -> None:
    for problem in PROBLEMS:
        ask = lambda s: (s.tensor * s.tensor).sum()  # noqa: E731
        with precision():
            values = [
                float(state.rate(ask)) for state in (problem.state(), problem.precise_state(), problem.exact_state())
            ]
        assert values[1] == pytest.approx(values[2], rel=1e-12)
        assert values[0] == pytest.approx(values[2], rel=1e-9, abs=1e-300)


def test_the_rate_at_a_kink_is_one_sided_and_a_jump_or_a_root_has_none() -> None:
    problem = next(p for p in PROBLEMS if float(p.state().loss) > 0)
    with precision():
        state = problem.precise_state()
        value = state.loss
        falls = state.rate(lambda s: s.loss)
        with watching() as seen:
            kink = state.rate(lambda s: abs(s.loss - value))
        assert seen.kinks == 1
        assert abs(kink + falls).item() < gmpy2.mpfr("1e-40") * abs(falls).item()
        with pytest.raises(NotDifferentiable):
            state.rate(lambda s: torch.sqrt(abs(s.loss - value)))
        with pytest.raises(NotDifferentiable):
            state.rate(lambda s: torch.where(s.loss < value, s.loss + 1, s.loss))


def test_singular_values_keep_their_digits() -> None:
    with precision():
        x = Precise([[gmpy2.mpfr(1) / 3, gmpy2.mpfr(2) / 7], [gmpy2.mpfr(3) / 11, gmpy2.mpfr(-1) / 13]])
        values = torch.linalg.svdvals(x)
        left, spectrum, right = torch.linalg.svd(x)
        assert abs((values * values).sum() - (x * x).sum()).item() < gmpy2.mpfr("1e-70")
        assert abs(left @ torch.diag(spectrum) @ right - x).amax().item() < gmpy2.mpfr("1e-70")
