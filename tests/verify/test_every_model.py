"""Any model and any loss: what holds for all of them, wrong laws refuted and replayed, and what a model lacks."""

from pathlib import Path

import pytest

import numerics
from numerics import UsageError
from theory import parametrisation
from verify import ClaimError, State, check, conjecture, equal
from verify._verdict import Verdict
from verify.claims import ANY_MODEL, BUILT_IN

CP = parametrisation("CP of order 3", "A:ir, B:jr, C:kr -> ijk", groups="r")
GOOD = (Verdict.PROVED, Verdict.EXACT, Verdict.SUPPORTED)
MODELS = [
    "cp",
    "matrix",
    "diagonal",
    "deep-cp",
    "tensor-train",
    "tensor-ring",
    "U:ir, U:jr -> ij",
    "u:i, u:i, v:i -> i",
    "A:ir, A:jr, A:kr -> ijk",
]
WITH_GROUPS = {claim.id for claim in ANY_MODEL if not claim.applies(0, 3, "column")}
IDENTITIES = {claim.id for claim in ANY_MODEL if claim.subject == "State" and claim.assumes == "generic"}


@pytest.mark.parametrize("model", MODELS)
def test_what_holds_for_every_model_holds_for_this_one(model) -> None:
    for claim in ANY_MODEL:
        try:
            result = check(claim, model=model, depth=2, examples=20, paths=10)
        except UsageError:
            assert claim.id in WITH_GROUPS  # this model has none
            continue
        assert result.verdict in GOOD, (claim.id, result.verdict, result.detail)
        assert result.verdict is Verdict.EXACT or claim.id not in IDENTITIES, (claim.id, result.verdict)


@pytest.mark.parametrize("loss", [*numerics.LOSSES, "any"])
def test_what_holds_for_every_loss_holds_for_this_one(loss) -> None:
    for claim in ANY_MODEL:
        result = check(claim, model="cp", loss=loss, examples=20, paths=10)
        assert result.verdict in GOOD, (claim.id, result.verdict, result.detail)


@pytest.mark.parametrize(
    ("claim", "name"), [(c, name) for c in ANY_MODEL for name in c.mutants], ids=lambda x: getattr(x, "id", x)
)
def test_wrong_variants_are_refuted(claim, name) -> None:
    result = check(claim.mutant(name), model="cp", examples=30, paths=10)
    assert result.verdict is Verdict.REFUTED, (result.verdict, result.detail)


def test_no_claim_of_deep_tucker_is_judged_or_proved_for_another_model() -> None:
    for claim in BUILT_IN:
        with pytest.raises(UsageError, match="about deep Tucker, not about cp"):
            check(claim, model="cp")


class Cubed(numerics.Loss):
    name = "cubed"

    def value(self, W, target):
        residual = W - target
        return residual * residual * residual / 3

    def slope(self, W, target):
        residual = W - target
        return residual * residual


def law(power: float):
    def components_grow(state: State):
        def sigma(s):
            return s.group_norms("r").prod(0)

        return equal(state.rate(sigma), 3 * sigma(state) ** power * state.alignment("r"))

    return components_grow


@pytest.mark.parametrize("loss", ["any", "logistic", Cubed()], ids=str)
def test_the_power_law_of_cp_under_any_loss_and_one_of_ones_own(loss) -> None:
    true = conjecture(model=CP, loss=loss, assumes="balanced")(law(2 - 2 / 3))
    assert check(true, examples=20).verdict is Verdict.SUPPORTED
    false = conjecture(model=CP, loss=loss, assumes="balanced")(law(2.0))
    result = check(false, examples=20)
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample["sizes"] == [1, 1, 1]


FILE = """
from theory import parametrisation
from verify import State, conjecture, equal

MODEL = parametrisation("{line}", "{line}")

@conjecture(model=MODEL)
def the_tensor_is_its_loss(state: State):
    return equal(state.tensor.sum(), state.loss)
"""


@pytest.mark.parametrize(
    "line", ["A:ir, B:jr, C:kr -> ijk", "U:ir, U:jr -> ij", "u:i, v:i -> i", "A:xi, B:ij, C:jx -> ij"]
)
def test_a_model_of_one_line_is_refuted_replayed_and_shown(command, line) -> None:
    Path("mine.py").write_text(FILE.format(line=line))
    ran = command("conjectures=mine.py", "examples=12", "jobs=1")
    assert ran.code == 1, ran.out
    (found,) = Path("out/counterexamples").glob("*.json")
    replayed = command("replay", str(found))
    assert replayed.code == 1
    assert "STILL REFUTED" in replayed.out
    shown = command("show", str(found))
    assert shown.code == 0
    compile(shown.out, "shown", "exec")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["model=cpp"], "did you mean 'cp'"),
        (["loss=logistik"], "did you mean 'logistic'"),
        (["model=A:ir -> ij"], "no block carries the label j"),
        (["model=tensor-ring", "order=2"], "order of a tensor ring must be an integer >= 3"),
    ],
)
def test_what_is_no_model_or_loss_is_one_line(command, words, says) -> None:
    ran = command(*words, "examples=2")
    assert ran.code == 2
    assert says in ran.err
    assert ran.err.count("\n") == 1


TWINS = """
import numerics
from verify import State, conjecture, equal

class First(numerics.Loss):
    name = "mine"
    def value(self, W, y):
        return (W - y) * (W - y)
    def slope(self, W, y):
        return 2 * (W - y)

class Second(First):
    def value(self, W, y):
        return 3 * (W - y)
    def slope(self, W, y):
        return 3 + 0 * W

@conjecture(model="cp", loss=First())
def gradient_is_twice_the_residual(state: State):
    return equal(state.gradient, 2 * state.weights * (state.tensor - state.target))

@conjecture(model="cp", loss=Second())
def gradient_is_three_times_the_weight(state: State):
    return equal(state.gradient, 3 * state.weights)
"""


def test_two_losses_of_one_name_are_not_taken_for_one_another(command) -> None:
    Path("mine.py").write_text(TWINS)
    ran = command("conjectures=mine.py", "examples=12", "jobs=1")
    assert ran.code == 0, ran.out


def test_a_loss_of_ones_own_may_not_have_the_name_of_the_tools() -> None:
    mine = Cubed()
    mine.name = "squared"
    with pytest.raises(ClaimError, match="'squared' is the name of one of the tool's"):
        conjecture(loss=mine)(law(2.0))


def test_counterexamples_of_two_depths_do_not_replace_each_other(command) -> None:
    line = "from verify import State, conjecture, equal\n\n@conjecture\ndef wrong(state: State):\n"
    Path("mine.py").write_text(line + "    return equal(state.tensor.sum(), state.loss)\n")
    ran = command("conjectures=mine.py", "model=matrix", "depth=2,3", "examples=12", "jobs=1")
    assert ran.code == 1
    assert len(list(Path("out/counterexamples").glob("*.json"))) == 2


def test_claims_of_every_model_are_listed_and_shown(command) -> None:
    assert "euler-identity-with-degrees" in command("list", "any-model").out
    assert command("show", "euler-identity-with-degrees").code == 0


def test_a_claim_that_asks_a_model_for_what_it_lacks_is_told_what_there_is() -> None:
    @conjecture(model="tensor-train")
    def slices(state: State):
        return equal(state.slice_norms(0), 0)

    result = check(slices, examples=3)
    assert result.verdict is Verdict.ERROR
    assert "it has the blocks G1, G2, G3 and groups of the labels x1, x2" in result.detail
