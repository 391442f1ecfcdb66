"""A mistake in theory alone is found with a smallest input; where a proof says the contrary it is an ERROR."""

from dataclasses import replace

import pytest
import sympy

import theory
from theory import notation as s
from verify import Verdict, _engine, _proof
from verify import _derived as compiled
from verify._engine import CellRun
from verify._events import Cell
from verify._inputs import Inputs, Settings
from verify.claims import BUILT_IN

CLAIMS = {claim.id: claim for claim in BUILT_IN}


def judged(identity: str, depth: int = 4):
    return CellRun([CLAIMS[identity]], Inputs(Cell(depth, 3, "column"), Settings(examples=30, paths=7))).judge(
        CLAIMS[identity]
    )


def formula(name: str, args: tuple, expression: sympy.Expr) -> theory.Formula:
    return theory.Formula(name, args, expression, domain="test", source="test")


def assert_refuted_and_smallest(result) -> None:
    proved = CLAIMS[result.id].derivation is not None  # its proof does not know of the mistake: one of them is wrong
    assert result.verdict is (Verdict.ERROR if proved else Verdict.REFUTED), result.detail
    assert not proved or "theory proves this claim" in result.detail
    assert result.counterexample["sizes"] == [1, 1, 1]
    assert result.counterexample["ranks"] == [1, 1, 1]


def test_the_exponent_of_the_slice_norm_law_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = lambda K: formula("slice_norm_rate", (s.g, s.alignment), s.g ** (K + 1) * s.alignment)  # noqa: E731
    monkeypatch.setattr(theory, "slice_norm_rate", wrong)
    assert_refuted_and_smallest(judged("slice-norms-obey-the-power-law-when-balanced"))


def test_the_exponent_of_the_sigma_law_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(K: int) -> theory.Formula:
        return formula(
            "sigma_rate", (s.sigma, s.alignment), (K + 1) * s.sigma ** (2 - sympy.Rational(2, K)) * s.alignment
        )

    monkeypatch.setattr(theory, "sigma_rate", wrong)
    assert_refuted_and_smallest(judged("products-of-block-norms-obey-the-saturating-power-law-when-balanced"))


def test_the_sign_of_the_gradient_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    right = theory.gradient_flow

    def ascent(parametrisation: theory.Parametrisation) -> theory.Program:
        program = right(parametrisation)
        flipped = tuple(
            theory.Assignment(
                line.name,
                theory.Contraction(line.expression.operands, line.expression.output, -line.expression.coefficient),
            )
            if line.name in program.outputs.values()
            else line
            for line in program.assignments
        )
        return theory.Program(program.inputs, flipped, program.outputs)

    compiled._flow.cache_clear()
    monkeypatch.setattr(theory, "gradient_flow", ascent)
    try:
        assert_refuted_and_smallest(judged("derived-flow-is-minus-the-gradient"))
    finally:
        compiled._flow.cache_clear()


def test_the_unbroken_derivations_pass_the_same_checks() -> None:
    for identity in ("slice-norms-obey-the-power-law-when-balanced", "derived-flow-is-minus-the-gradient"):
        assert judged(identity).verdict in (Verdict.PROVED, Verdict.EXACT)


@pytest.mark.parametrize(
    "identity", ["euler-identity-for-every-block", "descent-follows-the-modified-flow-at-second-order"]
)
def test_a_derivation_that_does_not_check_proves_nothing(monkeypatch: pytest.MonkeyPatch, identity: str) -> None:
    known = _proof.proof_of(CLAIMS[identity], Cell(2, 3, "column"))
    assert known.holds
    assert judged(identity, depth=2).verdict is Verdict.PROVED
    monkeypatch.setattr(_engine, "proof_of", lambda claim, cell: replace(known, holds=False, residual="g + 1"))
    result = judged(identity, depth=2)
    assert result.verdict is Verdict.ERROR
    assert result.range is None
    assert result.detail == f"theory's derivation {known.derivation} does not check: residual g + 1"
