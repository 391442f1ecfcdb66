"""Every derivation's check, for grids of depth, order and chain."""

import pytest

from theory import CHAINS, derivations
from theory._incremental import component_solution, incremental_learning
from theory._representation_cost import cost_bounds, representation_cost
from theory.notation import K, N

REQUIRED = [
    "euler-identity",
    "norm-conservation",
    "matrix-laws",
    "slice-norm-law",
    "sigma-law",
    "constant-alignment",
    "superdiagonal",
    "group-regularizer",
    "drift-per-step",
]


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize(
    ("depth", "order"), [(0, 1), (0, 3), (1, 2), (1, 3), (2, 1), (2, 4), (3, 2), (4, 3), (6, 4), (64, 3), (4, 8)]
)
def test_every_derivation_holds(depth, order, chain):
    for derivation in derivations(depth, order, chain):
        outcome = derivation.check()
        assert outcome.holds, (derivation.id, outcome)
        assert outcome.residual == "0"


@pytest.mark.parametrize("chain", CHAINS)
def test_every_derivation_holds_for_the_symbolic_depth(chain):
    for derivation in derivations(K, 3, chain):
        assert derivation.check().holds, derivation.id


def test_every_derivation_of_order_holds_for_the_symbolic_order():
    for derivation in (
        representation_cost(K, N),
        cost_bounds(K, N),
        component_solution(K, N),
        incremental_learning(K, N),
    ):
        assert derivation.check().holds, derivation.id


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("depth", [1, 2, 4, K])
def test_the_required_laws_are_there_with_their_range(depth, chain):
    found = {d.id: d for d in derivations(depth, 3, chain)}
    assert set(REQUIRED) <= set(found)
    assert ("mode-singular-values" in found) == (chain == "mode")
    for name in ("euler-identity", "norm-conservation", "slice-norm-law", "drift-per-step"):
        assert "all N, all sizes" in found[name].range


def test_every_derivation_says_what_it_proves():
    found = derivations(4, 3)
    assert len({d.id for d in found}) == len(found)
    for d in found:
        assert d.steps
        assert d.statement
        assert d.justification
        assert d.range
        assert d.equation.startswith("(")
        assert d._repr_latex_().startswith("$$")
        assert all(step.because and step._latex() for step in d.steps)


def test_order_one_has_no_superdiagonal_law():
    """Every entry of a vector is on the diagonal, so (12) decouples nothing there: the exact flow says so."""
    from theory import component_rate, deep_tucker
    from theory._scalar_proofs import aligned_start

    assert "superdiagonal" not in {d.id for d in derivations(2, 1)}
    assert not aligned_start(deep_tucker(2, 1), component_rate(2, 1).expression).holds
    assert aligned_start(deep_tucker(2, 2), component_rate(2, 2).expression).holds


def test_a_depth_order_or_chain_out_of_range_is_refused():
    for arguments in ((-1, 3, "column"), (2, 0, "column"), (2, 3, "none")):
        with pytest.raises(ValueError, match="must be"):
            derivations(*arguments)
