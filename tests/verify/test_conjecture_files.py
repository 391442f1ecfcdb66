"""What `@conjecture(...)` says is checked when its file is read: one line, with the closest match."""

from pathlib import Path

import pytest

from verify import Claim, ClaimError, Descent, Flow, Seeds, State, Target, Verdict, check, conjecture, equal

HEAD = "from verify import Descent, Flow, Seeds, State, Target, at_most, conjecture, constant, equal\n\n"


def about(kind, **keywords):
    """A conjecture about a `kind` with these keywords."""

    def something(subject):
        return equal(1.0, 1.0)

    something.__annotations__["subject"] = kind
    return conjecture(**keywords)(something)


REFUSED = {
    "optimizer of a State": (State, {"optimizer": "adam"}, "a State is not trained"),
    "even the default optimizer of a State": (State, {"optimizer": "gd"}, "a State is not trained"),
    "optimizer of a Flow": (Flow, {"optimizer": "adam"}, "a Flow is not trained"),
    "optimizer of a Target": (Target, {"optimizer": "adam"}, "a Target is not trained"),
    "an optimizer's typo": (Descent, {"optimizer": "adamm"}, "did you mean 'adam'"),
    "an optimizer's typo on Seeds": (Seeds, {"optimizer": "momentun"}, "did you mean 'momentum'"),
    "no optimizer at all": (Descent, {"optimizer": 3}, "choose one of gd"),
    "a Target has no balance": (Target, {"assumes": "balanced"}, "a Target is a tensor without a start"),
    "a Target is not assumed superdiagonal": (Target, {"assumes": "superdiagonal"}, "a tensor without a start"),
    "an assumption's typo": (State, {"assumes": "balancd"}, "did you mean 'balanced'"),
    "negative is no number": (State, {"negative": "yes"}, "say True"),
    "an unknown keyword": (State, {"assume": "balanced"}, "did you mean 'assumes'"),
    "another unknown keyword": (Descent, {"optimiser": "adam"}, "did you mean 'optimizer'"),
    "applies is no function": (State, {"applies": True}, "must be a function of (depth, order, chain)"),
    "applies with two arguments": (State, {"applies": lambda depth, order: True}, "(depth, order, chain)"),
    "applies without an answer": (State, {"applies": lambda depth, order, chain: None}, "returns None at depth=0"),
    "applies with a number": (State, {"applies": lambda depth, order, chain: depth}, "returns 0 at depth=0"),
    "applies that raises": (State, {"applies": lambda depth, order, chain: 1 / depth > 0.3}, "ZeroDivisionError"),
    "a mutant that is no function": (State, {"mutants": {"wrong": 3}}, "'wrong' must be a function of one argument"),
    "a mutant of two arguments": (State, {"mutants": {"wrong": lambda a, b: 0}}, "of one argument"),
    "mutants in a list": (State, {"mutants": [lambda state: 0]}, "must be a dictionary"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_keyword_that_means_nothing_is_refused_in_one_line(name) -> None:
    kind, keywords, said = REFUSED[name]
    with pytest.raises(ClaimError) as caught:
        about(kind, **keywords)
    assert said in str(caught.value)
    assert "something" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_has_a_meaning_is_accepted() -> None:
    for kind in (Descent, Seeds):
        for optimizer in ("gd", "momentum", "group-rmsprop", "rmsprop", "adam"):
            assert about(kind, optimizer=optimizer).optimizer == optimizer
    for kind in (State, Flow, Descent, Seeds):
        assert about(kind, assumes="superdiagonal", negative=True).negative
    assert about(State, applies=lambda depth, order, chain: depth >= 2 and chain == "gate").applies(2, 3, "gate")
    assert isinstance(about(Target, mutants={"wrong": lambda target: equal(1.0, 2.0)}), Claim)


def test_in_a_file_the_other_conjectures_are_judged(command) -> None:
    Path("mine.py").write_text(
        HEAD + "@conjecture(optimizer='adamm')\ndef typo(descent: Descent):\n    return constant(descent.losses)\n\n"
        "@conjecture\ndef right(state: State):\n    return equal(state.loss, state.loss)\n"
    )
    ran = command("conjectures=mine.py", "depth=1", "examples=12", "jobs=1")
    assert ran.code == 3
    assert (
        "mine.py:3: optimizer='adamm' in typo" in ran.out.replace("\n", " ") or "optimizer='adamm' in typo" in ran.out
    )
    assert "did you mean 'adam'" in ran.out
    assert "EXACT" in ran.out


@pytest.mark.parametrize("kind", [State, Flow, Target, Seeds], ids=lambda kind: kind.__name__)
def test_an_order_in_the_step_size_is_refused_where_there_is_no_step(kind) -> None:
    def has_an_order(subject):
        return equal(1.0, 1.0, order=2)

    has_an_order.__annotations__["subject"] = kind
    result = check(conjecture(has_an_order), depth=1, order=2, examples=12, paths=2)
    assert result.verdict is Verdict.ERROR
    assert f"a {kind.__name__} has no step size" in result.detail
    assert Path(__file__).name in result.detail


def test_applies_that_fails_in_a_cell_it_was_not_tried_in_is_an_error_of_that_cell(command) -> None:
    Path("mine.py").write_text(
        HEAD + "@conjecture(applies=lambda depth, order, chain: 1 / (depth - 7) < 2)\n"
        "def seven(state: State):\n    return equal(state.loss, state.loss)\n"
    )
    assert command("conjectures=mine.py", "depth=5", "examples=12", "jobs=1").code == 0
    ran = command("conjectures=mine.py", "depth=7", "examples=12", "jobs=1")
    assert ran.code == 3
    assert "ZeroDivisionError at depth=7" in ran.out


def test_a_conjecture_meant_in_none_of_the_cells_is_said_and_exits_with_5(command) -> None:
    Path("mine.py").write_text(
        HEAD + "@conjecture(applies=lambda depth, order, chain: depth >= 9)\n"
        "def deep(state: State):\n    return equal(state.loss, state.loss)\n"
    )
    ran = command("conjectures=mine.py", "depth=1,2", "examples=12", "jobs=1")
    assert ran.code == 5
    assert "deep" in ran.out + ran.err
    assert "applies=" in ran.out + ran.err


def test_a_conjecture_meant_in_no_cell_beside_others_is_said_too(command) -> None:
    Path("mine.py").write_text(
        HEAD + "@conjecture(applies=lambda depth, order, chain: depth >= 9)\n"
        "def deep(state: State):\n    return equal(state.loss, state.loss)\n\n"
        "@conjecture\ndef flat(state: State):\n    return equal(state.loss, state.loss)\n"
    )
    ran = command("conjectures=mine.py", "depth=1,2", "examples=12", "jobs=1")
    assert ran.code == 0
    assert "deep: not judged" in ran.out + ran.err


def test_a_negative_statement_about_seeds_is_supported_by_a_confirmed_counterexample() -> None:
    @conjecture(assumes="small", negative=True)
    def every_run_ends_where_it_started(seeds: Seeds):
        return equal(seeds.mean(lambda run: run.losses[-1]), seeds.mean(lambda run: run.losses[0]))

    result = check(every_run_ends_where_it_started, depth=1, order=2, budget=60.0)
    assert result.verdict is Verdict.SUPPORTED, result.detail
    assert "witness" in result.detail
