"""Every subject with every keyword of `@conjecture`: accepted, or refused in one line that says what to change."""

import itertools
from pathlib import Path

import pytest

from numerics import OPTIMIZERS
from verify import ClaimError, Descent, Flow, Seeds, State, Target, conjecture, equal
from verify._keywords import ASSUMPTIONS, KEYWORDS

SUBJECTS = (State, Flow, Descent, Target, Seeds)
WRONG = {"wrong": lambda it: equal(1.0, 2.0)}
VALUES = {
    "title": ("A title",),
    "source": ("A source",),
    "topic": ("a topic",),
    "assumes": ASSUMPTIONS,
    "optimizer": tuple(OPTIMIZERS),
    "negative": (True, False),
    "applies": (lambda depth, order, chain: depth > 1,),
    "model": ("tucker", "any"),
    "loss": ("any", "huber"),
    "mutants": (WRONG,),
}


def about(kind, **keywords):
    def something(it):
        return equal(1.0, 1.0)

    something.__annotations__["it"] = kind
    return conjecture(**keywords)(something)


def refusal(kind, keywords) -> list[tuple[str, str]]:
    """(what the line begins with, what it says to change) of every mistake in a combination, in words of its own."""
    mistakes = []
    if kind is Target and keywords.get("assumes", "generic") != "generic":
        mistakes.append((f"assumes={keywords['assumes']!r} in something", "drop assumes="))
    if kind in (State, Flow, Target) and "optimizer" in keywords:
        mistakes.append((f"optimizer={keywords['optimizer']!r} in something", "drop optimizer="))
    if keywords.get("negative") and "mutants" in keywords:
        mistakes.append(("mutants= in something", "drop mutants= or negative="))
    return mistakes


def pairs():
    """Every keyword alone and every two together, with every value."""
    for first, second in itertools.combinations_with_replacement(VALUES, 2):
        for values in itertools.product(VALUES[first], VALUES[second]):
            yield dict(zip((first, second), values, strict=True))


def test_the_table_names_every_keyword_there_is() -> None:
    assert set(VALUES) == set(KEYWORDS)


@pytest.mark.parametrize("kind", SUBJECTS, ids=lambda kind: kind.__name__)
def test_every_two_keywords_are_accepted_or_refused_in_one_clear_line(kind) -> None:
    seen = set()
    for keywords in pairs():
        expected = refusal(kind, keywords)
        try:
            claim = about(kind, **keywords)
        except ClaimError as error:
            text = str(error)
            assert any(text.startswith(head) and change in text for head, change in expected), (keywords, text)
            assert "\n" not in text
            seen.add(expected[0][1])
        else:
            assert not expected, keywords
            assert claim.subject == kind.__name__
    wanted = {"drop mutants= or negative="}
    wanted |= {"drop optimizer="} if kind not in (Descent, Seeds) else set()
    assert seen == wanted | ({"drop assumes="} if kind is Target else set())


@pytest.mark.parametrize("kind", SUBJECTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("word", ["title", "source", "topic"])
def test_what_a_reader_reads_is_text(kind, word) -> None:
    with pytest.raises(ClaimError, match=rf"^{word}=3 in something: give it as text, in quotes$"):
        about(kind, **{word: 3})


@pytest.mark.parametrize("thing", [State, 3, len, staticmethod(lambda state: 1)])
def test_what_is_no_function_is_no_conjecture(thing) -> None:
    with pytest.raises(ClaimError, match="stands above a function of one argument"):
        conjecture(title="It")(thing)


def test_in_a_file_every_wrong_combination_is_a_row_of_its_own_and_the_rest_is_judged(command) -> None:
    lines = ["from verify import *", ""]
    wrong = {}
    for kind in SUBJECTS:
        for number, keywords in enumerate(k for k in pairs() if len(refusal(kind, k)) == 1 and "applies" not in k):
            if "mutants" in keywords and number % 5:
                continue
            name = f"{kind.__name__.lower()}_{number}"
            given = ", ".join(f"{k}={'{}' if k == 'mutants' else repr(v)}" for k, v in keywords.items())
            given = given.replace("{}", "{'wrong': lambda it: equal(1.0, 2.0)}")
            lines += [f"@conjecture({given})", f"def {name}(it: {kind.__name__}): return equal(1.0, 1.0)", ""]
            wrong[name.replace("_", "-")] = refusal(kind, keywords)[0][0].replace("something", name)
    lines += ["@conjecture", "def right(state: State): return equal(state.loss, state.loss)", ""]
    Path("mine.py").write_text("\n".join(lines))
    ran = command("depth=1", "order=2", "conjectures=mine.py", "examples=12", "jobs=1")
    told = [line for line in ran.out.splitlines() if line.startswith("ERROR ")]
    assert ran.code == 3
    assert len(told) == len(wrong) > 30
    for line, (name, text) in zip(told, wrong.items(), strict=True):
        assert line.startswith(f"ERROR {name} (depth=1 order=2 chain=column): ")
        assert f"{text}: " in line
        assert "mine.py:" in line
    assert "Traceback" not in ran.out + ran.err
    assert "1 EXACT" in ran.out


def test_a_topic_of_ones_own_does_not_make_a_conjecture_built_in(command) -> None:
    Path("mine.py").write_text(
        "from verify import *\n\n@conjecture(topic='conservation')\n"
        "def it_stays(state: State):\n    return equal(state.rate(lambda s: s.loss), 0)\n"
    )
    ran = command("depth=1", "order=2", "conjectures=mine.py", "examples=12", "jobs=1", "html=page.html")
    assert ran.code == 1
    (path,) = Path("out/counterexamples").glob("*.json")
    assert command("replay", str(path)).out.startswith("STILL REFUTED")
    assert "python -m verify depth=1 order=2 conjectures=mine.py" in Path("page.html").read_text()
