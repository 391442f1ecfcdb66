"""Programs and parametrisations: what is refused, and what the derived gradient computes."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest
from sympy import Rational

from theory import (
    CHAINS,
    Assignment,
    Block,
    Contraction,
    Formula,
    LinearCombination,
    Parametrisation,
    Program,
    deep_tucker,
    gradient_flow,
    squared_loss_flow,
)
from theory._exact_evaluation import gradient_check, indices, run, sizes_of
from theory.notation import K, g


def test_a_contraction_refuses_an_output_label_nobody_carries():
    with pytest.raises(ValueError, match="'k' is carried by no operand"):
        Contraction((("A", ("i", "j")),), ("i", "k"))


def test_a_contraction_refuses_repeated_labels_and_floats():
    with pytest.raises(ValueError, match="carries a label twice"):
        Contraction((("A", ("i", "i")),), ("i",))
    with pytest.raises(ValueError, match="float"):
        Contraction((("A", ("i",)),), ("i",), 0.5)
    with pytest.raises(ValueError, match="float"):
        LinearCombination(((0.5, "A"),))


def test_a_program_refuses_unknown_names_and_double_assignment():
    line = Assignment("B", Contraction((("A", ("i",)),), ("i",)))
    with pytest.raises(ValueError, match="uses 'A' before it is known"):
        Program((), (line,), {})
    with pytest.raises(ValueError, match="'B' is assigned twice"):
        Program(("A",), (line, line), {})
    with pytest.raises(ValueError, match="'C' is never assigned"):
        Program(("A",), (line,), {"out": "C"})


def _product(first: str, second: str) -> Assignment:
    return Assignment("W", Contraction(((first, ("i", "x")), (second, ("x", "j"))), ("i", "j")))


def test_blocks_that_are_not_used_and_intermediates_used_twice_are_named():
    blocks = (Block("A", ("i", "x")), Block("B", ("x", "j")), Block("C", ("x", "j")))
    with pytest.raises(ValueError, match="block 'C' is used nowhere"):
        Parametrisation("unused", blocks, (_product("A", "B"),), ("i", "j"))
    square = Assignment("S", Contraction((("A", ("i", "x")), ("A", ("i", "x"))), ("i", "x")))
    again = Assignment("T", Contraction((("S", ("i", "x")), ("S", ("i", "x"))), ("i", "x")))
    with pytest.raises(ValueError, match="intermediate 'S' is used 3 times instead of once"):
        Parametrisation("square", blocks[:2], (square, again, _product("S", "B")), ("i", "j"))


def test_a_group_without_two_blocks_names_what_it_contains():
    blocks = (Block("A", ("i", "x")), Block("B", ("x", "j")))
    with pytest.raises(ValueError, match="group 'r' contains \\[\\]"):
        Parametrisation("no group", blocks, (_product("A", "B"),), ("i", "j"), ("r",))
    with pytest.raises(ValueError, match="group 'i' contains \\['A'\\]; it must contain two"):
        Parametrisation("open group", blocks, (_product("A", "B"),), ("i", "j"), ("i",))


def test_wrong_labels_name_the_block():
    blocks = (Block("A", ("i", "y")), Block("B", ("x", "j")))
    with pytest.raises(ValueError, match="gives 'A' the labels"):
        Parametrisation("labels", blocks, (_product("A", "B"),), ("i", "j"))


@pytest.mark.parametrize(
    ("depth", "order", "chain"), [(-1, 3, "column"), (2, 0, "column"), (2, 3, "rows"), (True, 3, "gate")]
)
def test_deep_tucker_refuses_what_is_out_of_range(depth, order, chain):
    with pytest.raises(ValueError, match="must be"):
        deep_tucker(depth, order, chain)


def test_blocks_have_the_agreed_names_and_labels():
    model = deep_tucker(3, 2)
    assert model.block_order == ("G", "A1.1", "A1.2", "a1", "A2.1", "A2.2", "a2")
    assert {b.name: len(b.labels) for b in model.blocks} == {
        "G": 2,
        "A1.1": 3,
        "A1.2": 3,
        "a1": 2,
        "A2.1": 3,
        "A2.2": 3,
        "a2": 2,
    }
    assert [len(b.labels) for b in deep_tucker(2, 2, "gate").blocks] == [2, 1, 2, 1, 2]
    assert [len(b.labels) for b in deep_tucker(2, 2, "mode").blocks] == [2, 2, 2, 2, 2]
    assert deep_tucker(0, 3).block_order == ("G",)


def _direct_tensor(arrays, depth, order, chain):
    """(1), (2) written out with loops, not from the steps of the parametrisation."""
    size = range(2)
    factors = []
    for n in range(1, order + 1):
        columns = {r: [arrays[f"a{n}"][i, r] for i in size] for r in size}
        for k in range(depth - 1, 0, -1):
            link = arrays[f"A{n}.{k}"]
            for r in size:
                old = columns[r]
                if chain == "gate":
                    columns[r] = [link[r,] * v for v in old]
                else:
                    key = (lambda i, j, r=r: (r, i, j)) if chain == "column" else (lambda i, j: (i, j))
                    columns[r] = [sum(link[key(i, j)] * old[j] for j in size) for i in size]
        factors.append(columns)
    tensor = {}
    for place in product(size, repeat=order):
        total = 0
        for core in product(size, repeat=order):
            term = arrays["G"][core]
            for columns, r, i in zip(factors, core, place, strict=True):
                term *= columns[r][i]
            total += term
        tensor[place] = total
    return tensor


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize(("depth", "order"), [(1, 1), (1, 3), (2, 2), (3, 2), (2, 3)])
def test_the_program_computes_the_model_and_its_negative_gradient(depth, order, chain):
    model = deep_tucker(depth, order, chain)
    sizes = sizes_of(model)
    arrays = {
        b.name: {k: Fraction(2 + (7 * i + 3 * j) % 5, 3) for i, k in enumerate(indices(b.labels, sizes))}
        for j, b in enumerate(model.blocks)
    }
    target = {k: Fraction(i, 2) for i, k in enumerate(indices(model.output, sizes))}
    weights = {k: Fraction(1 + i % 3, 4) for i, k in enumerate(target)}
    values = run(squared_loss_flow(model), {**arrays, "target": target, "weights": weights}, sizes)
    assert values["W"] == _direct_tensor(arrays, depth, order, chain)

    def loss(changed):
        tensor = _direct_tensor(changed, depth, order, chain)
        return sum(weights[k] * (tensor[k] - target[k]) ** 2 for k in target) / 2

    for block in model.blocks:  # L is quadratic in one entry, so a central difference is its exact derivative
        entry = next(iter(arrays[block.name]))
        plus, minus = (
            {**arrays, block.name: {**arrays[block.name], entry: arrays[block.name][entry] + h}} for h in (1, -1)
        )
        assert values[gradient_flow(model).outputs[block.name]][entry] == -(loss(plus) - loss(minus)) / 2


@pytest.mark.parametrize("where", [0, 1])
def test_a_number_in_front_of_a_contraction_stays_in_the_gradient(where):
    """W = 3 A (B C) with the 3 in the last step or in the first one: L = 1/2 ||W||^2 is 9 times that of A (B C)."""
    blocks = (Block("A", ("i", "r")), Block("B", ("r", "s")), Block("C", ("s", "j")))
    numbers = [3 if place == where else 1 for place in range(2)]
    steps = (
        Assignment("P", Contraction((("B", ("r", "s")), ("C", ("s", "j"))), ("r", "j"), numbers[0])),
        Assignment("W", Contraction((("A", ("i", "r")), ("P", ("r", "j"))), ("i", "j"), numbers[1])),
    )
    model = Parametrisation("three times a product", blocks, steps, ("i", "j"))
    assert gradient_check(model).holds
    plain = Parametrisation(
        "a product", blocks, tuple(Assignment(s.name, replace(s.expression, coefficient=1)) for s in steps), ("i", "j")
    )
    sizes = sizes_of(model)
    values = {b.name: {k: 1 + 2 * sum(k) for k in indices(b.labels, sizes)} for b in blocks}
    entries = indices(("i", "j"), sizes)
    given = {**values, "weights": dict.fromkeys(entries, 1), "target": dict.fromkeys(entries, 0)}
    here, there = (run(squared_loss_flow(m), given, sizes) for m in (model, plain))
    for block in blocks:
        rate = f"d{block.name}/dt"
        assert here[rate] == {k: 9 * x for k, x in there[rate].items()}


def test_the_program_is_linear_in_depth():
    lengths = [len(gradient_flow(deep_tucker(k, 3)).assignments) for k in (8, 16, 32)]
    assert lengths[2] - lengths[1] == 2 * (lengths[1] - lengths[0])


def test_a_formula_refuses_free_symbols_and_floats():
    with pytest.raises(ValueError, match="no arguments: K"):
        Formula("f", (g,), g**K)
    with pytest.raises(ValueError, match="float"):
        Formula("f", (g,), 0.5 * g)
    with pytest.raises(ValueError, match="repeated"):
        Formula("f", (g, g), g)
    assert Formula("f", (g,), g / 3).at(2) == Rational(2, 3)
