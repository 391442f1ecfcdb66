"""Balanced starts of any model: groups of one norm, bonds of one Gram matrix, the same W, in float64 and 50 digits."""

import numpy as np
import pytest

from numerics import FLOAT64, MP, Network, NotConverged, balance, matrix_balance, reference_compose
from theory import conservation_laws, cp, deep_cp, deep_matrix, diagonal, parametrisation, tensor_ring, tensor_train

MODELS = [
    cp(3), deep_cp(2, 3), deep_matrix(4), tensor_train(4), tensor_ring(3), diagonal(3),
    parametrisation("cubic", "u:i, u:i, v:i -> i"),
    parametrisation("difference", "u:i, v:i - x:i, y:i -> i"),
    parametrisation("symmetric", "U:ir, U:jr, c:r -> ij"),
    parametrisation("joined", "U:ir, U:jr, A:rs, B:ks -> ijk"),
]  # fmt: skip


def start(model, seed=0, size=3):
    network = Network(model, dict.fromkeys(model.labels, size))
    generator = np.random.default_rng(seed)
    return network, {name: generator.integers(-3, 4, shape) * 1.0 for name, shape in network.shapes.items()}


def spread(network, blocks):
    worst = 0
    for grouping in network.description.groupings:
        rows = []
        for m in grouping.members:
            moved = np.moveaxis(blocks[m.block.name], m.axis, 0)
            rows.append((moved * moved).reshape(len(moved), -1).sum(axis=1) / m.degree)
        for row in rows[1:]:
            worst = max(worst, max(abs(row - rows[0])))
    return worst


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
@pytest.mark.parametrize("seed", range(4))
def test_balance_makes_the_groups_agree_and_leaves_the_tensor(model, seed):
    network, raw = start(model, seed)
    for arithmetic, least in ((FLOAT64, 1e-11), (MP(50), 1e-40)):
        blocks = balance(network, raw, arithmetic)
        with arithmetic.precision():
            assert spread(network, blocks) < least * 100
            W = reference_compose(network, {n: arithmetic.array(b) for n, b in raw.items()})
            again = reference_compose(network, blocks)
            assert abs(again - W).max() <= least * (1 + abs(W).max())


@pytest.mark.parametrize("model", [deep_matrix(3), tensor_train(3), tensor_ring(3)], ids=lambda m: m.name)
def test_matrix_balance_makes_gram_matrices_agree(model):
    network, raw = start(model, 2, 2)
    for arithmetic, least in ((FLOAT64, 1e-11), (MP(50), 1e-40)):
        blocks = matrix_balance(network, raw, arithmetic)
        with arithmetic.precision():
            for law in conservation_laws(model):
                grams = []
                for block in (law.left, law.right):
                    axes = [block.labels.index(x) for x in law.edge]
                    rows = np.moveaxis(blocks[block.name], axes, range(len(axes))).reshape(2 ** len(axes), -1)
                    grams.append(rows @ rows.T)
                assert abs(grams[0] - grams[1]).max() < 100 * least
            W = reference_compose(network, {n: arithmetic.array(b) for n, b in raw.items()})
            assert abs(reference_compose(network, blocks) - W).max() <= least * (1 + abs(W).max())


def test_a_bond_with_a_singular_gram_matrix_has_no_such_point():
    network, raw = start(deep_matrix(3), 2, 2)
    raw["A2"] = np.ones((2, 2))
    with pytest.raises(NotConverged, match="the balance of a start"):
        matrix_balance(network, raw)


def test_a_slice_that_is_zero_in_one_block_is_zero_in_its_group():
    network, raw = start(cp(3))
    raw["a2"][:, 1] = 0
    blocks = balance(network, raw)
    assert all((blocks[name][:, 1] == 0).all() for name in network.shapes)
    assert spread(network, blocks) < 1e-12
    nothing = balance(network, {name: 0 * block for name, block in raw.items()})
    assert all((block == 0).all() for block in nothing.values())
