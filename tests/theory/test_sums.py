"""Sums of networks and blocks that stand more than once: what they become, groups with degrees, and their flow."""

from dataclasses import replace

import pytest
import torch

from theory import (
    Assignment,
    Contraction,
    LinearCombination,
    Program,
    conservation_laws,
    count_laws,
    deep_tucker,
    gradient_flow,
    model_derivations,
    parametrisation,
)
from theory import _exact_evaluation as exact
from theory import _local_proofs as local
from theory._exact_evaluation import gradient_check
from theory._laws import Law

LINES = [
    "U:ir, U:jr -> ij",
    "u:i, u:i - v:i, v:i -> i",
    "u:i, u:i, v:i -> i",
    "A:ir, B:rj + A:ir, C:rj -> ij",
    "A:ir, B:rj + C:is, D:sj -> ij".replace("D", "E"),
    "- A:ir, B:rj -> ij",
    "U:ij, U:jk -> ik",
    "A:ir, A:jr, A:kr + b:i, b:j, b:k -> ijk",
    "S:ij + u:i, v:j -> ij",
]


def degrees(line: str, label: str) -> dict[str, int]:
    return {m.block.name: m.degree for m in parametrisation("mine", line).grouping(label).members}


@pytest.mark.parametrize("line", LINES)
def test_the_flow_is_minus_the_gradient_in_exact_arithmetic(line):
    assert gradient_check(parametrisation("mine", line)).holds


@pytest.mark.parametrize("line", LINES)
def test_the_steps_compute_the_sum_of_einsums(line):
    model = parametrisation("mine", line)
    torch.manual_seed(4)
    sizes = model.sizes({part[0]: 2 + k for k, part in enumerate(model.tied)})
    blocks = {name: torch.randn(shape, dtype=torch.float64) for name, shape in model.shapes(sizes).items()}
    expected = 0
    for term in model.terms:
        rows = ",".join("".join(labels) for _, labels in term.slots)
        product = torch.einsum(f"{rows}->{''.join(model.output)}", *(blocks[name] for name, _ in term.slots))
        expected = expected + float(term.coefficient) * product
    D = torch.randn(expected.shape, dtype=torch.float64)
    values = dict(blocks) | {"D": D}
    for line_ in gradient_flow(model):
        e = line_.expression
        if hasattr(e, "operands"):
            rows = ",".join("".join(row) for _, row in e.operands)
            product = torch.einsum(f"{rows}->{''.join(e.output)}", *(values[n] for n in e.names))
            values[line_.name] = float(e.coefficient) * product
        else:
            values[line_.name] = sum(float(c) * values[n] for c, n in e.terms)
    torch.testing.assert_close(values["W"], expected)
    leaves = {name: block.clone().requires_grad_() for name, block in blocks.items()}
    total = 0
    for term in model.terms:
        rows = ",".join("".join(labels) for _, labels in term.slots)
        product = torch.einsum(f"{rows}->{''.join(model.output)}", *(leaves[name] for name, _ in term.slots))
        total = total + float(term.coefficient) * product
    (total * D).sum().backward()
    for name, leaf in leaves.items():
        torch.testing.assert_close(values[f"d{name}/dt"], -leaf.grad)


def test_groups_have_degrees():
    assert degrees("U:ir, U:jr -> ij", "r") == {"U": 2}
    assert degrees("u:i, u:i, v:i -> i", "i") == {"u": 2, "v": 1}
    assert degrees("A:ir, B:jr, C:kr -> ijk", "r") == {"A": 1, "B": 1, "C": 1}
    model = parametrisation("difference", "u:i, u:i - v:i, v:i -> i")
    assert [g.name for g in model.groupings] == ["i.1", "i.2"]
    assert [g.degree for g in model.groupings] == [2, 2]
    shared = parametrisation("shared", "A:ir, A:jr, A:kr + b:i, b:j, b:k -> ijk")
    assert [(g.name, g.degree) for g in shared.groupings] == [("r", 3)]


def test_an_index_in_which_the_part_is_not_homogeneous_names_no_group():
    assert [g.name for g in parametrisation("mine", "A:ir, B:rj + A:ir, C:rj -> ij").groupings] == []
    assert parametrisation("mine", "U:ij, U:jk -> ik").groupings == ()
    with pytest.raises(ValueError, match="it has no groups"):
        parametrisation("mine", "U:ij, U:jk -> ik").grouping("j")


def test_sizes_of_tied_labels_agree():
    model = parametrisation("symmetric", "U:ir, U:jr -> ij")
    assert model.sizes({"i": 3, "r": 2}) == {"i": 3, "j": 3, "r": 2}
    with pytest.raises(ValueError, match=r"i and j .* sizes 3 and 4 disagree"):
        model.sizes({"i": 3, "j": 4, "r": 2})
    with pytest.raises(ValueError, match="size of label 'r'"):
        model.sizes({"i": 3})
    with pytest.raises(ValueError, match="no label 'x'"):
        model.sizes({"i": 3, "r": 2, "x": 1})


def test_what_multilinear_models_say_of_themselves():
    model = deep_tucker(2, 3)
    assert model.is_multilinear
    assert model.homogeneity == 7
    assert [g.name for g in model.groupings if g.name in model.groups] == list(model.groups)
    assert all(g.degree == 3 for g in model.own_groups)
    assert not parametrisation("symmetric", "U:ir, U:jr -> ij").is_multilinear
    assert parametrisation("mixed", "S:ij + u:i, v:j -> ij").homogeneity is None


@pytest.mark.parametrize("line", LINES)
def test_every_law_announced_is_conserved_and_proved(line):
    model = parametrisation("mine", line)
    for derivation in model_derivations(model):
        assert derivation.check().holds, (str(derivation.statement), derivation.check())


LAWS = {
    "U:ir, U:jr -> ij": [],
    "u:i, u:i, v:i -> i": ["1/2 ||u||^2 - ||v||^2 at each i"],
    "u:i, u:i - v:i, v:i -> i": [],
    "A:ir, B:rj + A:ir, C:rj -> ij": ["Gram(A; r) - Gram(B; r) - Gram(C; r)"],
    "u:i, v:i - x:i, y:i -> i": ["||u||^2 - ||v||^2 at each i", "||x||^2 - ||y||^2 at each i"],
}


@pytest.mark.parametrize("line", LAWS)
def test_the_laws_of_sums_and_repeated_blocks(line):
    assert [str(law) for law in conservation_laws(parametrisation("mine", line))] == LAWS[line]


def test_laws_that_are_no_scalings_are_counted_and_not_supplied():
    """u u - v v conserves u v entry by entry, too, which no scaling explains."""
    model = parametrisation("difference", "u:i, u:i - v:i, v:i -> i")
    count = count_laws(model, {"i": 2})
    assert (count.supplied, count.counted, count.complete) == (0, 2, False)


def test_a_law_with_a_wrong_weight_is_not_conserved(monkeypatch):
    model = parametrisation("cubic", "u:i, u:i, v:i -> i")
    (law,) = conservation_laws(model)
    wrong = Law(((1, law.left), (-1, law.right)), law.edge, law.kept)
    monkeypatch.setattr(exact, "conservation_laws", lambda m: (wrong,))
    assert not exact.law_check(model, True).holds


def _broken(model, name, change):
    flow = gradient_flow(model)
    lines = tuple(Assignment(x.name, change(x.expression)) if x.name == name else x for x in flow.assignments)
    return Program(flow.inputs, lines, flow.outputs)


def _negated(e):
    return Contraction(e.operands, e.output, -e.coefficient)


def _without_the_last(e):
    return LinearCombination(e.terms[:-1])


@pytest.mark.parametrize(
    ("line", "name", "change"),
    [
        ("U:ir, U:jr -> ij", "dU/dt.2", _negated),
        ("U:ir, U:jr -> ij", "dU/dt", _without_the_last),
        ("u:i, u:i, v:i -> i", "dv/dt", _negated),
        ("A:ir, B:rj + A:ir, C:rj -> ij", "dL/dW2", _negated),
        ("A:ir, B:rj + A:ir, C:rj -> ij", "dA/dt", _without_the_last),
    ],
)
def test_a_wrong_program_of_a_sum_is_rejected_before_any_number_is_put_in(monkeypatch, line, name, change):
    model = parametrisation("mine", line)
    program = _broken(model, name, change)
    monkeypatch.setattr(local, "gradient_flow", lambda m: program)
    local._tape.cache_clear()
    try:
        (laws,) = model_derivations(model)
        routes = [route.run().holds for route in laws.routes if route.name == "derived program"]
        assert not (replace(laws, routes=()).check().holds and all(routes))
    finally:
        local._tape.cache_clear()
