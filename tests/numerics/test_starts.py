"""Starts have the balance they promise, in float64 and in 50 digits, zero slices and depth 0 included."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest

from numerics import FLOAT64, MP, Architecture, UsageError, balance, matrix_balance, scale, unbalance

MODELS = [
    Architecture(depth, (3, 2, 3), (2, 2, 3), chain) for depth in (1, 2, 4) for chain in ("column", "mode", "gate")
]


def draw(architecture, seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(shape) for name, shape in architecture.shapes.items()}


def square(block):
    return (block**2).sum() if block.ndim else block[()] ** 2


def group_squares(architecture, blocks, n, r):
    """Squared norms of the blocks that belong to index r of mode n."""
    squares = [square(np.take(blocks["G"], r, axis=n)), square(blocks[f"a{n + 1}"][:, r])]
    if architecture.chain != "mode":
        squares += [square(np.asarray(blocks[name][r])) for name in architecture.links(n)]
    return squares


@pytest.fixture(params=[FLOAT64, MP(50)], ids=["float64", "50 digits"])
def arithmetic(request):
    with mpmath.workdps(60):
        yield request.param


@pytest.mark.parametrize("architecture", MODELS, ids=str)
def test_a_balanced_start_has_equal_norms_in_every_group(architecture, arithmetic):
    raw = draw(architecture)
    raw["G"][:, 1] = 0
    blocks = balance(architecture, raw, arithmetic)
    tolerance = 1e-14 if arithmetic is FLOAT64 else mpmath.mpf(10) ** -48
    for n in range(3):
        for r in range(architecture.ranks[n]):
            squares = group_squares(architecture, blocks, n, r)
            assert max(squares) - min(squares) <= tolerance * max(1, max(squares))
        if architecture.chain == "mode":
            assert all(abs(square(blocks[a]) - square(blocks["G"])) < tolerance * 100 for a in architecture.links(n))
    assert not blocks["a2"][:, 1].any()
    assert (blocks["G"] == raw["G"]).all()


@pytest.mark.parametrize("architecture", MODELS, ids=str)
@pytest.mark.parametrize("zero", [False, True])
def test_a_matrix_balanced_start_satisfies_the_matrix_laws(architecture, arithmetic, zero):
    raw = draw(architecture, seed=3)
    if zero:
        raw["G"][1] = 0
        raw["a1"][:] = 0
    blocks = matrix_balance(architecture, raw, arithmetic)
    tolerance = 1e-13 if arithmetic is FLOAT64 else mpmath.mpf(10) ** -45
    for n in range(3):
        chain = [blocks[name] for name in architecture.links(n)]
        last = blocks[f"a{n + 1}"]
        if architecture.depth == 1 or architecture.chain == "mode":
            G = np.moveaxis(blocks["G"], n, 0).reshape(architecture.ranks[n], -1)
            laws = [last.T @ last - G @ G.T]
            laws += [A.T @ A - B @ B.T for A, B in pairwise([*chain, last])]
        elif architecture.chain == "column":
            laws = []
            for r in range(architecture.ranks[n]):
                links = [*(A[r] for A in chain), last[:, r : r + 1]]
                laws += [A.T @ A - B @ B.T for A, B in pairwise(links)]
        else:
            laws = []
        assert all(abs(law).max() < tolerance for law in laws)
        if architecture.chain != "mode":
            for r in range(architecture.ranks[n]):
                squares = group_squares(architecture, blocks, n, r)
                assert max(squares) - min(squares) < 10 * tolerance


def test_matrix_balance_refuses_a_core_of_too_large_rank():
    architecture = Architecture(1, (2, 2, 2), (3, 2, 2))
    with pytest.raises(UsageError, match="matrix balance needs rank"):
        matrix_balance(architecture, draw(architecture))


@pytest.mark.parametrize("eps", [0.0, 1e-3, 2.0])
@pytest.mark.parametrize("architecture", MODELS, ids=str)
def test_an_unbalanced_start_has_exactly_the_given_unbalancedness(architecture, eps):
    raw = draw(architecture)
    raw["G"][:, 1] = 0
    blocks = unbalance(architecture, raw, eps)
    for n in range(3):
        for r in range(architecture.ranks[n]):
            squares = group_squares(architecture, blocks, n, r)
            assert max(squares) - min(squares) == pytest.approx(eps, abs=1e-13)
    with pytest.raises(UsageError, match="eps must be 0 or more"):
        unbalance(architecture, raw, -1.0)


@pytest.mark.parametrize("build", [balance, matrix_balance, lambda a, raw, k: unbalance(a, raw, 0.25, k)])
@pytest.mark.parametrize("architecture", MODELS, ids=str)
def test_a_start_is_the_same_in_float64_and_in_50_digits(architecture, build):
    raw = draw(architecture, seed=7)
    low, high = build(architecture, raw, FLOAT64), build(architecture, raw, MP(50))
    for name in low:
        np.testing.assert_allclose(low[name], high[name].astype(float), rtol=1e-11, atol=1e-12)


def test_depth_zero_has_nothing_to_balance():
    architecture = Architecture(0, (2, 3))
    raw = draw(architecture)
    for blocks in (balance(architecture, raw), matrix_balance(architecture, raw), unbalance(architecture, raw, 1.0)):
        assert list(blocks) == ["G"]
        assert (blocks["G"] == raw["G"]).all()


CP = [Architecture(depth, (3, 2, 3), (2,), chain, model="cp") for depth in (1, 3) for chain in ("column", "gate")]


@pytest.mark.parametrize("architecture", CP, ids=str)
def test_a_balanced_start_of_cp_has_equal_norms_through_all_modes(architecture, arithmetic):
    raw = draw(architecture)
    raw["a2"][:, 1] = 0
    tolerance = 1e-14 if arithmetic is FLOAT64 else mpmath.mpf(10) ** -48
    for eps, blocks in (
        (0, balance(architecture, raw, arithmetic)),
        (0, matrix_balance(architecture, raw, arithmetic)),
        (0.25, unbalance(architecture, raw, 0.25, arithmetic)),
    ):
        for r in range(2):
            squares = [
                square(block[:, r] if name[0] == "a" else np.asarray(block[r])) for name, block in blocks.items()
            ]
            assert len(squares) == 3 * architecture.depth
            assert abs(max(squares) - min(squares) - eps) <= tolerance * max(squares)
            assert min(squares) > 0


def test_a_matrix_balanced_start_of_cp_with_shared_matrices_satisfies_their_laws(arithmetic):
    architecture = Architecture(3, (3, 2, 3), (2,), "mode", model="cp")
    blocks = matrix_balance(architecture, draw(architecture), arithmetic)
    tolerance = 1e-13 if arithmetic is FLOAT64 else mpmath.mpf(10) ** -45
    for n in range(3):
        chain = [blocks[name] for name in (*architecture.links(n), f"a{n + 1}")]
        assert all(abs(A.T @ A - B @ B.T).max() < tolerance for A, B in pairwise(chain))
        assert abs((chain[-1] ** 2).sum(axis=0) - (blocks["a1"] ** 2).sum(axis=0)).max() < tolerance


def test_scaling_multiplies_every_block():
    architecture = Architecture(2, (2, 2))
    raw = draw(architecture)
    assert all((block == raw[name] * 0.5).all() for name, block in scale(architecture, raw, 0.5).items())


def test_a_tiny_start_keeps_its_directions():
    architecture = Architecture(2, (2, 2))
    raw = {name: block * 1e-200 for name, block in draw(architecture).items()}
    raw["G"] = raw["G"] * 1e200
    tiny, plain = balance(architecture, raw), balance(architecture, draw(architecture))
    for name in tiny:
        np.testing.assert_allclose(tiny[name], plain[name], rtol=1e-12)
