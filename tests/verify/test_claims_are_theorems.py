"""PROVED belongs to a built-in claim as it was written, where the hypotheses of its derivation are the claim's."""

import dataclasses
import inspect
import itertools
from pathlib import Path

import pytest
from sympy import Integer, Rational

import theory
import verify
from verify import Claim, ClaimError, State, Verdict, at_most, check, conjecture, equal
from verify import _claim as claims_module
from verify import _proof as proofs
from verify._events import Cell
from verify._proof import proof_of
from verify.claims import BUILT_IN

CHAINS = ("column", "mode", "gate")
CLAIMS = {claim.id: claim for claim in BUILT_IN}
EULER = CLAIMS["euler-identity-for-every-block"]
POWER_LAW = CLAIMS["slice-norms-obey-the-power-law-when-balanced"]
CELL = Cell(2, 3, "column")
FILE = """
from verify import State, at_most, conjecture, equal
import dataclasses, verify
from verify.claims import BUILT_IN

{body}
"""


def small(state: State):
    return at_most(float(state.tensor.numel()), 1e6)


@pytest.fixture
def judged(command):
    """The verdict and the line of a conjecture in a file of a user."""

    def run(body: str, *words: str):
        Path("mine.py").write_text(FILE.format(body=body))
        return command("conjectures=mine.py", "depth=2", "examples=12", "paths=3", "jobs=1", *words)

    return run


def test_a_conjecture_with_a_derivation_is_an_error_in_one_line(judged) -> None:
    ran = judged(
        '@conjecture(derivation="euler-identity")\n'
        "def no_tensor_has_more_than_125_entries(state: State):\n"
        "    return at_most(float(state.tensor.numel()), 125.0)\n"
    )
    assert ran.code == 3
    assert "PROVED" not in ran.out.replace("only PROVED rows", "")
    assert "derivation='euler-identity'" in ran.out
    assert "drop derivation=" in ran.out


def test_an_unknown_derivation_is_an_error_too(judged) -> None:
    ran = judged(
        '@conjecture(derivation="fermat")\ndef anything(state: State):\n    return equal(state.loss, state.loss)\n'
    )
    assert ran.code == 3
    assert "derivation='fermat'" in ran.out


STOLEN = {
    "a copy of a claim with another function": (
        "@conjecture(title='stolen')\n"
        "def stolen(state: State):\n    return equal(state.loss, state.loss)\n"
        "law = BUILT_IN[2]\n"
        "copy = dataclasses.replace(stolen, id=law.id, topic=law.topic, title=law.title, file=law.file)\n"
        "from verify import _claim\n_claim._REGISTRY.claims[:] = [copy]\n"
    ),
    "a copy of a built-in claim": (
        "from verify import _claim\n_claim._REGISTRY.claims.append(dataclasses.replace(BUILT_IN[2], id='stolen'))\n"
    ),
    "the registry of theorems written to": (
        "from verify import _claim\n"
        "@conjecture\n"
        "def stolen(state: State):\n    return equal(state.loss, state.loss)\n"
        "_claim._THEOREMS[id(stolen)] = 'euler-identity'\n"
    ),
    "the tuple of built-in claims exchanged": (
        "from verify import _claim\nimport verify.claims\n"
        "@conjecture\n"
        "def stolen(state: State):\n    return equal(state.loss, state.loss)\n"
        "verify.claims.BUILT_IN = (stolen,)\n_claim._THEOREMS[id(stolen)] = 'euler-identity'\n"
    ),
}


@pytest.mark.parametrize("name", STOLEN)
def test_a_proof_cannot_be_stolen(judged, monkeypatch, name) -> None:
    monkeypatch.setattr(verify.claims, "BUILT_IN", verify.claims.BUILT_IN)
    monkeypatch.setattr(claims_module, "_THEOREMS", dict(claims_module._THEOREMS))
    ran = judged(STOLEN[name])
    assert "1 PROVED" not in ran.out, ran.out
    assert ran.code in (0, 4), ran.out


def test_a_claim_has_no_field_that_names_a_proof() -> None:
    with pytest.raises(TypeError, match="derivation"):
        Claim("x", small, "x", "", "State", derivation="euler-identity")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="derivation"):
        dataclasses.replace(EULER, derivation="euler-identity")  # type: ignore[call-arg]
    assert EULER.derivation == "euler-identity"
    assert dataclasses.replace(EULER).derivation is None
    assert all(claim.mutant(name).derivation is None for claim in BUILT_IN for name in claim.mutants)


def test_a_built_in_claim_whose_function_was_exchanged_is_not_proved() -> None:
    assert proof_of(EULER, CELL).holds
    right = EULER.function
    try:
        object.__setattr__(EULER, "function", small)
        assert proof_of(EULER, CELL) is None
        assert check(EULER, examples=12).verdict in (Verdict.EXACT, Verdict.SUPPORTED)
    finally:
        object.__setattr__(EULER, "function", right)
    assert proof_of(EULER, CELL).holds


@pytest.mark.parametrize("field", ["title", "assumes", "subject", "negative"])
def test_a_built_in_claim_that_says_something_else_is_not_proved(field) -> None:
    right = getattr(POWER_LAW, field)
    try:
        object.__setattr__(POWER_LAW, field, {"negative": True}.get(field, "generic"))
        assert proof_of(POWER_LAW, CELL) is None
    finally:
        object.__setattr__(POWER_LAW, field, right)
    assert proof_of(POWER_LAW, CELL).holds


def test_a_claim_whose_code_or_helper_was_exchanged_is_not_proved(monkeypatch) -> None:
    from verify.claims import slice_norms

    with monkeypatch.context() as patch:
        patch.setattr(slice_norms, "_power_law", lambda state, law: [equal(state.loss, state.loss)])
        assert proof_of(POWER_LAW, CELL) is None
    with monkeypatch.context() as patch:
        patch.setattr(inspect.unwrap(EULER.function), "__code__", small.__code__)
        assert proof_of(EULER, CELL) is None
    assert proof_of(POWER_LAW, CELL).holds
    assert proof_of(EULER, CELL).holds


def test_a_claim_about_any_start_does_not_borrow_a_law_of_balanced_starts(monkeypatch) -> None:
    monkeypatch.setattr(claims_module, "_THEOREMS", {**claims_module._THEOREMS, id(EULER): "slice-norm-law"})
    with pytest.raises(ClaimError, match="assumes 'balanced'"):
        proof_of(EULER, CELL)
    result = check(EULER, examples=12)
    assert result.verdict is Verdict.ERROR
    assert "assumes 'balanced'" in result.detail


def test_a_claim_about_a_point_does_not_borrow_a_law_of_paths(monkeypatch) -> None:
    monkeypatch.setattr(claims_module, "_THEOREMS", {**claims_module._THEOREMS, id(EULER): "modified-loss"})
    with pytest.raises(ClaimError, match="about a Descent"):
        proof_of(EULER, CELL)


def test_a_balanced_claim_does_not_borrow_a_law_of_matrix_balance_or_of_superdiagonal_targets(monkeypatch) -> None:
    for name, cell in (("mode-singular-values", Cell(2, 3, "mode")), ("superdiagonal", CELL)):
        monkeypatch.setattr(claims_module, "_THEOREMS", {**claims_module._THEOREMS, id(POWER_LAW): name})
        with pytest.raises(ClaimError, match="assumes"):
            proof_of(POWER_LAW, cell)


def test_a_built_in_claim_with_an_unknown_derivation_is_an_error(monkeypatch) -> None:
    monkeypatch.setattr(claims_module, "_THEOREMS", {**claims_module._THEOREMS, id(EULER): "no-such"})
    result = check(EULER, examples=12)
    assert result.verdict is Verdict.ERROR
    assert "no derivation 'no-such'" in result.detail


def test_a_law_of_private_groups_proves_nothing_where_a_chain_is_shared() -> None:
    assert proof_of(POWER_LAW, Cell(1, 3, "mode")).holds
    assert proof_of(POWER_LAW, Cell(3, 3, "mode")) is None


@pytest.mark.parametrize(("depth", "order", "chain"), [*itertools.product((0, 1, 3), (1, 2, 3), CHAINS)])
def test_every_proof_of_a_built_in_claim_checks_and_its_hypotheses_fit(depth, order, chain) -> None:
    for claim in BUILT_IN:
        if claim.applies(depth, order, chain):
            proof = proof_of(claim, Cell(depth, order, chain))
            assert proof is None or proof.holds, (claim.id, proof)


def test_every_derivation_named_exists_and_every_built_in_theorem_is_proved_somewhere() -> None:
    known = {d.id for chain in CHAINS for n in (1, 2, 3) for d in theory.derivations(2, n, chain)}
    cells = [Cell(*cell) for cell in itertools.product((1, 2), (1, 2, 3), CHAINS)]
    for claim in BUILT_IN:
        assert claim.derivation is None or claim.derivation in known
        if claim.derivation:
            at = [c for c in cells if claim.applies(c.depth, c.order, c.chain)]
            assert any(proof_of(claim, cell) for cell in at), claim.id


def test_a_wrong_bound_is_not_proved(monkeypatch) -> None:
    """max(g^2 - eps/2, 0) is false, max(g^2 - 2 eps, 0) true but not the bound: neither is a theorem of (10)."""
    from theory import _scalar_proofs as scalar
    from theory import notation as s

    claim = CLAIMS["slice-norm-rates-stay-within-their-bounds-when-unbalanced"]
    true = scalar.slice_norm_rate_bounds
    for factor in (Rational(1, 2), Integer(2)):

        def planted(depth, factor=factor):
            low, high = true(depth)
            return dataclasses.replace(low, expression=low.expression.subs(s.eps, factor * s.eps)), high

        with monkeypatch.context() as patch:
            patch.setattr(scalar, "slice_norm_rate_bounds", planted)
            proofs._derivations.cache_clear()
            assert not proof_of(claim, CELL).holds
        proofs._derivations.cache_clear()
    assert proof_of(claim, CELL).holds


def test_a_conjecture_of_a_notebook_cannot_name_a_proof() -> None:
    with pytest.raises(ClaimError, match="drop derivation="):
        conjecture(derivation="sigma-law")(small)
