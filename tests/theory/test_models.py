"""Other factorizations as data: published exponents, laws and second routes."""

import inspect

import pytest
from sympy import Rational

from theory import (
    MODELS,
    conservation_laws,
    cp,
    deep_cp,
    deep_matrix,
    deep_tucker,
    diagonal,
    model_derivations,
    sharings,
    tensor_ring,
    tensor_train,
)
from theory import _models as models
from theory._componentwise import gradient_identity, law_identities

SMALL = [deep_matrix(1), deep_matrix(2), deep_matrix(4), cp(2), cp(4), deep_cp(2, 3), tensor_train(2), tensor_train(4)]


@pytest.mark.parametrize("layers", [2, 3, 5])
def test_deep_matrices_have_the_exponent_of_arora(layers):
    (only,) = sharings(deep_matrix(layers))
    assert only.kind == "singular value"
    assert only.exponent == 2 - Rational(2, layers)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_cp_has_the_exponent_of_razin(order):
    norm = next(x for x in sharings(cp(order)) if x.kind == "norm")
    assert norm.exponent == 2 - Rational(2, order)


@pytest.mark.parametrize(("depth", "order"), [(1, 3), (2, 3), (3, 2)])
def test_deep_cp_has_the_exponent_of_hariz(depth, order):
    norm = next(x for x in sharings(deep_cp(depth, order)) if x.kind == "norm")
    assert norm.exponent == 2 - Rational(2, depth * order)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_deep_tucker_has_its_own_exponents(depth):
    for x in sharings(deep_tucker(depth, 3)):
        if x.kind == "norm":
            assert x.exponent == 2 - Rational(2, depth + 1)
    chained = [x for x in sharings(deep_tucker(depth, 3, "mode")) if x.kind == "singular value"]
    assert [len(x.blocks) for x in chained] == [depth + 1] * 3


def test_each_bond_of_a_tensor_train_is_shared_by_its_two_cores():
    assert [x.blocks for x in sharings(tensor_train(4))] == [("G1", "G2"), ("G2", "G3"), ("G3", "G4")]
    assert len(conservation_laws(tensor_train(4))) == 3


@pytest.mark.parametrize("model", SMALL, ids=lambda m: m.name)
def test_every_derivation_of_a_model_holds(model):
    for derivation in model_derivations(model):
        assert derivation.check().holds, derivation.id
    if len(model.blocks) <= 4:
        assert gradient_identity(model, 2).holds
        assert law_identities(model, 2).holds


@pytest.mark.parametrize("describe", [deep_matrix, cp, deep_cp, tensor_train])
def test_a_description_is_at_most_forty_lines(describe):
    helpers = inspect.getsource(models.pair) + inspect.getsource(models.product_of)
    assert len((inspect.getsource(describe) + helpers).splitlines()) <= 40


def test_a_size_of_a_model_out_of_range_is_named():
    for make in (lambda: deep_matrix(0), lambda: cp(1), lambda: deep_cp(0, 3), lambda: tensor_train(1)):
        with pytest.raises(ValueError, match="must be an integer >="):
            make()
    with pytest.raises(ValueError, match="order of a tensor ring must be an integer >= 3"):
        tensor_ring(2)
    with pytest.raises(ValueError, match="layers must be an integer >= 1"):
        diagonal(0)
    assert set(MODELS) == {"tucker", "matrix", "cp", "deep-cp", "tensor-train", "tensor-ring", "diagonal"}
