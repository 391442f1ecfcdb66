"""Counting conservation laws: known matrix results, Tucker at 2x2x2, and the two bounds on their own."""

from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from theory import (
    CHAINS,
    Block,
    Parametrisation,
    _law_table,
    count_laws,
    cp,
    deep_matrix,
    deep_tucker,
    squared_loss_flow,
    tensor_train,
)
from theory import _law_count as counting
from theory._exact_evaluation import indices, run, sizes_of
from theory._series import PRIME, Series, rank_mod_prime


@pytest.mark.parametrize(
    ("rows", "inner", "columns"), [(2, 2, 2), (2, 1, 2), (3, 2, 2), (1, 2, 1), (1, 3, 1), (2, 3, 2), (1, 2, 3)]
)
def test_two_layers_have_the_known_number_of_laws(rows, inner, columns):
    """Marcotte et al. 2023: the Lie algebra has dimension (n+m) r - r(r+1)/2 for r <= n+m, else (n+m)(n+m-1)/2."""
    outer = rows + columns
    expected = outer * inner - inner * (inner + 1) // 2 if inner <= outer else outer * (outer - 1) // 2
    count = count_laws(deep_matrix(2), {"i1": rows, "x1": inner, "i2": columns})
    assert count.lie_rank == expected
    assert count.complete


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_square_deep_matrices_have_three_laws_per_joint(layers):
    model = deep_matrix(layers)
    count = count_laws(model, sizes_of(model))
    assert count.complete
    assert count.supplied == 3 * (layers - 1)


@pytest.mark.parametrize(
    ("chain", "depth", "unknowns", "laws"),
    [
        ("column", 1, 20, 9),
        ("column", 2, 44, 24),
        ("mode", 1, 20, 9),
        ("mode", 2, 32, 18),
        ("gate", 1, 20, 9),
        ("gate", 2, 26, 12),
    ],
)
def test_tucker_at_two_by_two_by_two_is_complete(chain, depth, unknowns, laws):
    model = deep_tucker(depth, 3, chain)
    count = count_laws(model, sizes_of(model))
    assert (count.unknowns, count.supplied, count.counted) == (unknowns, laws, laws)
    assert count.complete


@pytest.mark.parametrize("model", [cp(3), tensor_train(3)], ids=lambda m: m.name)
def test_other_models_are_complete_at_size_two(model):
    assert count_laws(model, sizes_of(model)).complete


@pytest.mark.parametrize("chain", CHAINS)
def test_fewer_laws_supplied_are_reported_as_missing(monkeypatch, chain):
    """Without one law the count from above does not move, and the gap is reported."""
    model = deep_tucker(1, 2, chain)
    true = counting.conservation_laws
    whole = count_laws(model, sizes_of(model))
    monkeypatch.setattr(counting, "conservation_laws", lambda p: true(p)[1:])
    fewer = count_laws(model, sizes_of(model))
    assert whole.complete
    assert not fewer.complete
    assert fewer.counted == whole.counted
    assert fewer.missing == whole.supplied - fewer.supplied > 0
    assert f"at most {fewer.missing} more" in str(fewer)


def test_a_law_too_many_would_break_the_bounds(monkeypatch):
    """The norm of a block alone is no law: supplying it makes more laws than can exist."""
    model = deep_matrix(2)
    true = counting.law_gradients
    sizes = sizes_of(model)

    def with_a_false_law(parametrisation, sizes, point):
        rows = true(parametrisation, sizes, point)
        return [*rows, [v if name == "A1" else 0 for (name, _), v in point.items()]]

    monkeypatch.setattr(counting, "law_gradients", with_a_false_law)
    count = count_laws(model, sizes)
    assert (count.supplied, count.counted, count.missing) == (4, 3, -1)
    assert not count.complete


def test_the_laws_are_orthogonal_to_every_gradient_field():
    """Their gradients annihilate the velocities for any D, in exact arithmetic modulo the prime."""
    model = deep_tucker(2, 2)
    sizes, rng = sizes_of(model), Random(3)
    arrays = {b.name: {k: rng.randrange(PRIME) for k in _places(b, sizes)} for b in model.blocks}
    point = {(name, k): v for name, row in arrays.items() for k, v in row.items()}
    extra = {
        "target": {k: rng.randrange(PRIME) for k in _out(model)},
        "weights": {k: rng.randrange(PRIME) for k in _out(model)},
    }
    values = run(squared_loss_flow(model), {**arrays, **extra}, sizes)
    velocity = [values[f"d{name}/dt"][k] for name, k in point]
    for row in counting.law_gradients(model, sizes, point):
        assert sum(a * b for a, b in zip(row, velocity, strict=True)) % PRIME == 0


def _places(block, sizes):
    return indices(block.labels, sizes)


def _out(model):
    return indices(model.output, sizes_of(model))


def test_series_multiply_like_polynomials():
    a, b = Series([1, 2, 3]), Series([4, 5, 6])
    assert (a * b).c == [4, 13, 28]
    assert (a * 2).c == [2, 4, 6]
    assert (a + b + 1).c == [6, 7, 9]


def test_the_rank_is_that_of_fractions():
    rng = Random(1)
    for _ in range(20):
        base = [[rng.randint(-3, 3) for _ in range(5)] for _ in range(2)]
        rows = [[sum(rng.randint(-2, 2) * v for v in column) for column in zip(*base, strict=True)] for _ in range(4)]
        assert rank_mod_prime(rows) == _rank_by_fractions(rows)


def _rank_by_fractions(rows):
    rows, rank = [[Fraction(v) for v in row] for row in rows], 0
    for column in range(len(rows[0])):
        pivot = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for i in range(rank + 1, len(rows)):
            factor = rows[i][column] / rows[rank][column]
            rows[i] = [x - factor * y for x, y in zip(rows[i], rows[rank], strict=True)]
        rank += 1
    return rank


def test_a_missing_size_names_the_label_and_the_block():
    with pytest.raises(ValueError, match="size of label 'x1' of block 'A1' must be at least 1"):
        count_laws(deep_matrix(2), {"i1": 2, "i2": 2})


def test_one_block_has_no_laws():
    single = Parametrisation("one", (Block("A", ("i", "j")),), _copy(), ("i", "j"))
    assert count_laws(single, {"i": 2, "j": 2}).counted == 0


def _copy():
    from theory import Assignment, Contraction

    return (Assignment("W", Contraction((("A", ("i", "j")),), ("i", "j"))),)


def test_the_table_in_the_documentation_is_the_one_the_command_writes():
    page = (Path(__file__).parents[2] / "docs" / "conservation_laws.md").read_text(encoding="utf-8")
    assert page.startswith(_law_table.INTRODUCTION)
    first = [count for count, _ in zip(_law_table.rows(), range(7), strict=False)]
    for count in first:
        assert _law_table.as_row(count) in page
    assert (
        sum(line.endswith("| complete |") for line in page.splitlines())
        == len(page.splitlines()) - page.splitlines().index("|---|---|---:|---:|---:|---|") - 1
    )
