"""Every built-in claim holds in every cell it speaks of, and every one of its mutants is refuted."""

import itertools

import pytest

from verify import Verdict, check
from verify._engine import CellRun
from verify._events import Cell
from verify._inputs import Inputs, Settings
from verify.claims import BUILT_IN

GOOD = (Verdict.PROVED, Verdict.EXACT, Verdict.SUPPORTED)
CHAINS = ("column", "mode", "gate")
FEW = Settings(examples=30, paths=7)


@pytest.mark.parametrize(
    ("depth", "order", "chain"),
    [
        (0, 3, "column"),
        (1, 2, "mode"),
        (2, 2, "gate"),
        (2, 3, "column"),
        (3, 3, "mode"),
        (6, 4, "column"),
        (5, 3, "gate"),
    ],
)
def test_no_built_in_claim_is_refuted(depth: int, order: int, chain: str) -> None:
    run = CellRun(BUILT_IN, Inputs(Cell(depth, order, chain), FEW))
    for claim in run.claims:
        result = run.judge(claim)
        assert result.verdict in GOOD, f"{claim.id}: {result.verdict} {result.detail}"


@pytest.mark.parametrize("depth", [50, 64])
@pytest.mark.parametrize("chain", ["gate", "column"])
def test_a_closed_form_is_judged_at_great_depth(depth: int, chain: str) -> None:
    """At 3c4d5d1, chain gate: INCONCLUSIVE, "failed in high precision: TypeError: mpfr() requires ... argument"."""
    name = "slice-norms-at-constant-alignment-follow-the-closed-form-when-balanced"
    (claim,) = [claim for claim in BUILT_IN if claim.id == name]
    for seed in (0, 1):
        result = CellRun([claim], Inputs(Cell(depth, 2, chain), Settings(examples=30, paths=2, seed=seed))).judge(claim)
        assert result.verdict is Verdict.PROVED, result.detail
        assert result.undecided == 0


MUTANTS = [(claim, name) for claim in BUILT_IN for name in claim.mutants]


@pytest.mark.parametrize(("claim", "name"), MUTANTS, ids=[f"{claim.id}!{name}" for claim, name in MUTANTS])
def test_every_mutant_is_refuted_and_shrunk(claim, name: str) -> None:
    cells = [(d, n, c) for d, n, c in itertools.product((2, 1), (3, 2), CHAINS) if claim.applies(d, n, c)]
    depth, order, chain = cells[0]
    result = check(claim.mutant(name), depth=depth, order=order, chain=chain, examples=60, paths=14)
    assert result.verdict is Verdict.REFUTED, result.detail
    assert result.counterexample is not None
    assert sum(result.counterexample["sizes"]) <= order + 3


def test_every_positive_claim_ships_a_mutant_and_every_claim_a_source() -> None:
    assert len({claim.id for claim in BUILT_IN}) == len(BUILT_IN)
    for claim in BUILT_IN:
        assert claim.source
        assert claim.mutants or claim.negative, claim.id


def test_proved_claims_name_derivations_that_exist() -> None:
    import theory

    known = {d.id for chain in CHAINS for d in theory.derivations(2, 3, chain)}
    assert {claim.derivation for claim in BUILT_IN if claim.derivation} <= known
