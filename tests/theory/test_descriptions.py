"""Models in one line: what they become, which laws they have, and what is refused."""

import itertools

import numpy as np
import pytest
import torch
from sympy import Rational

from theory import count_laws, cp, diagonal, gradient_flow, model_derivations, parametrisation, sharings, tensor_ring
from theory._laws import Law, conservation_laws

LINES = [
    ("A:ir, B:jr, C:kr -> ijk", "r"),
    ("A:ir, B:jr, C:kr -> ijk", ""),
    ("u:i, v:i -> i", "i"),
    ("u:i, v:i, w:i -> i", ""),
    ("A:bix, B:bxj -> bij", "b"),
    ("A:xiy, B:yjz, C:zkx -> ijk", ""),
    ("A:ir, B:ir, C:jr -> ij", "ir"),
    ("A:ix, c:k, B:xj -> kij", ""),
    ("a:x, b:x, A:iy, B:yj -> ij", ""),
    ("A:ij -> ji", ""),
]


def sizes_of(model):
    return {x: 2 for block in model.blocks for x in block.labels}


@pytest.mark.parametrize(("line", "groups"), LINES)
def test_every_derivation_of_a_described_model_holds(line, groups):
    model = parametrisation("mine", line, groups)
    for derivation in model_derivations(model):
        assert derivation.check().holds, derivation.check()


@pytest.mark.parametrize(("line", "groups"), [row for row in LINES if row[1] != "ir"])
def test_the_laws_of_a_described_model_are_all_there_are(line, groups):
    model = parametrisation("mine", line, groups)
    assert count_laws(model, sizes_of(model)).complete


def test_laws_at_two_labels_at_once_are_counted_and_not_supplied():
    """A_ir^2 - B_ir^2 is conserved entry by entry; (6) speaks of one label at a time."""
    model = parametrisation("mine", "A:ir, B:ir, C:jr -> ij", "ir")
    count = count_laws(model, sizes_of(model))
    assert (count.supplied, count.counted, count.complete) == (5, 6, False)


@pytest.mark.parametrize(("line", "groups"), LINES)
def test_the_contractions_are_those_of_einsum(line, groups):
    model = parametrisation("mine", line, groups)
    torch.manual_seed(5)
    size = {x: 2 + k for k, x in enumerate(sorted({x for b in model.blocks for x in b.labels}))}
    values = {b.name: torch.randn([size[x] for x in b.labels], dtype=torch.float64) for b in model.blocks}
    text = ",".join("".join(b.labels) for b in model.blocks) + "->" + "".join(model.output)
    expected = torch.einsum(text, *values.values())
    for step in model.steps:
        rows = ",".join("".join(labels) for _, labels in step.expression.operands)
        operands = [values[name] for name in step.expression.names]
        values[step.name] = torch.einsum(f"{rows}->{''.join(step.expression.output)}", *operands)
    np.testing.assert_allclose(values["W"].numpy(), expected.numpy(), rtol=1e-12)


def test_the_line_of_cp_is_cp():
    mine, theirs = parametrisation("CP", "A:ir, B:jr, C:kr -> ijk", groups="r"), cp(3)
    assert [x.exponent for x in sharings(mine)] == [x.exponent for x in sharings(theirs)] == [Rational(4, 3)]
    assert len(gradient_flow(mine).assignments) == len(gradient_flow(theirs).assignments)


def test_an_undeclared_group_is_proved_all_the_same():
    (laws,) = model_derivations(parametrisation("CP", "A:ir, B:jr, C:kr -> ijk"))
    assert laws.conclusions  # not the Euler identity of whole blocks alone
    declared = model_derivations(parametrisation("CP", "A:ir, B:jr, C:kr -> ijk", "r"))[0]
    assert laws.conclusions == declared.conclusions
    assert laws.steps == declared.steps


@pytest.mark.parametrize("layers", [2, 3, 5])
def test_diagonal_networks_share_one_norm_per_entry(layers):
    (only,) = sharings(diagonal(layers))
    assert (only.kind, len(only.blocks)) == ("norm", layers)
    assert only.exponent == 2 - Rational(2, layers)


def test_no_gram_difference_over_an_axis_of_the_tensor_is_called_conserved():
    laws = conservation_laws(parametrisation("batch", "A:bix, B:bxj -> bij", "b"))
    assert {(law.edge, law.kept) for law in laws} == {((), ("b",)), (("x",), ("b",))}


def test_parts_that_share_no_label_scale_against_each_other_as_wholes():
    laws = conservation_laws(parametrisation("outer", "a:i, b:j, c:k -> ijk"))
    assert all(isinstance(law, Law) and not law.edge and not law.kept for law in laws)
    assert [str(law) for law in laws] == ["||a||^2 - ||b||^2", "||b||^2 - ||c||^2"]


@pytest.mark.parametrize("order", [3, 4])
def test_a_tensor_ring_has_one_bond_between_any_two_neighbours(order):
    model = tensor_ring(order)
    bonds = {frozenset((law.left.name, law.right.name)) for law in conservation_laws(model)}
    around = [f"G{n}" for n in range(1, order + 1)]
    assert bonds == {frozenset(pair) for pair in itertools.pairwise([*around, "G1"])}
    assert all(derivation.check().holds for derivation in model_derivations(model))


@pytest.mark.parametrize(
    ("line", "groups", "says"),
    [
        ("A:ir, B:jr", "", "one arrow"),
        ("A:ir -> B:jr -> ij", "", "one arrow"),
        ("u:i, u:i - v:j, v:j -> i", "", "no block of network 2 carries the label i"),
        ("u:i, u:i - -> i", "", "'' in .* is no block"),
        ("A:ir, B:rj + A:i -> ij", "", "no block of network 2 carries the label j"),
        ("A:ir, B:rj + A:ijr, B:rj -> ij", "", "block A has 2 axes in one place and 3 in another"),
        ("A:ir, B:jr + A:ir, C:jr -> ij", "r", "not homogeneous"),
        ("U:ij, U:jk -> ik", "j", "names no group"),
        (" -> ij", "", "names no block"),
        ("A ir, B:jr -> ij", "", "'A ir'"),
        ("A:i1, B:1j -> ij", "", "'A:i1'"),
        ("A:ir, -> ij", "", "is no block"),
        ("A:ir,, B:rj -> ij", "", "''"),
        ("W:ir, B:rj -> ij", "", "W is not free"),
        ("A:ir, B:rj -> ", "", "for W at least one"),
        ("A:ir, B:rj -> ii", "", "carries the label i twice"),
        ("A:ir, B:rj -> ijk", "", "no block carries the label k"),
        ("A:ir, B:rj -> ij", "s", "no block carries the label s"),
        ("A:ir, B:jx -> ij", "", "the label r of A is summed alone"),
        ("A:ir, B:rj -> ij", "i", "group 'i'"),
        ("A:iir, B:rj -> ij", "", "carries a label twice"),
        ("A:ir, B:rj -> ij", "rr", "carries the label r twice"),
    ],
)
def test_what_is_no_description_is_refused_in_one_line(line, groups, says):
    with pytest.raises(ValueError, match=says) as caught:
        parametrisation("mine", line, groups)
    assert "\n" not in str(caught.value)
