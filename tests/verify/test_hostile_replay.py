"""A counterexample file holds values: whatever else stands in it is refused in one line, and nothing of it is run."""

import json
import random
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest

from verify import Descent, Flow, Seeds, State, Target, conjecture, equal
from verify.__main__ import main
from verify._counterexample import as_counterexample, save
from verify._events import Cell
from verify._problem import Problem
from verify._stored import MAX_NUMBERS, NESTING, digest
from verify._strategies import draw_problems, problems
from verify._verdict import Outcome

CONJECTURE = """
from pathlib import Path

from verify import State, at_most, conjecture

Path(__file__).with_name("was-run").touch()


@conjecture
def losses_vanish(state: State):
    return at_most(state.loss, 0)
"""


def saved(folder: Path) -> Path:
    """A real counterexample of a real conjecture, in a folder of their own."""
    (folder / "mine.py").write_text(CONJECTURE)
    main(["conjectures=" + str(folder / "mine.py"), "depth=1", "order=2", "examples=10", "jobs=1", f"out={folder}"])
    (folder / "was-run").unlink()
    (found,) = (folder / "counterexamples").glob("*.json")
    return found.rename(folder / "it.json")


@pytest.fixture(scope="module")
def letter(tmp_path_factory) -> Path:
    return saved(tmp_path_factory.mktemp("letter"))


def asked(path: Path, capsys, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["replay", str(path), *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_copied_elsewhere_with_its_conjecture_it_replays_and_without_it_says_what_is_missing(
    letter, tmp_path, capsys
) -> None:
    for name in ("it.json", "mine.py"):
        (tmp_path / name).write_text((letter.parent / name).read_text())
    code, out, _ = asked(tmp_path / "it.json", capsys)
    assert code == 1
    assert out.startswith("STILL REFUTED losses-vanish")
    (tmp_path / "mine.py").rename(tmp_path / "other.py")
    code, out, _ = asked(tmp_path / "it.json", capsys)
    assert (code, "conjectures=FILE" in out) == (3, True)
    code, out, _ = asked(tmp_path / "it.json", capsys, f"conjectures={tmp_path / 'other.py'}")
    assert (code, out.count("\n")) == (1, 1)


def test_it_is_found_where_it_was_from_another_current_folder(tmp_path, capsys, monkeypatch) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "mine.py").write_text(CONJECTURE)
    monkeypatch.chdir(tmp_path / "work")
    main(["conjectures=../mine.py", "depth=1", "order=2", "examples=10", "jobs=1", "out=there"])
    (found,) = (tmp_path / "work" / "there").glob("counterexamples/*.json")
    assert json.loads(found.read_text())["file"] == "../../../mine.py"
    monkeypatch.chdir("/")
    assert asked(found, capsys)[0] == 1


def test_a_file_that_is_not_the_text_that_was_judged_is_not_run(letter, tmp_path, capsys) -> None:
    data = json.loads(letter.read_text())
    (tmp_path / "it.json").write_text(json.dumps(data))
    (tmp_path / "mine.py").write_text(CONJECTURE + "\n# changed\n")
    code, out, _ = asked(tmp_path / "it.json", capsys)
    assert (code, "has changed since" in out) == (3, True)
    assert not (tmp_path / "was-run").exists()
    code, out, _ = asked(tmp_path / "it.json", capsys, f"conjectures={tmp_path / 'mine.py'}")
    assert (code, "note: " in out) == (1, True)  # named by the user, it is


@pytest.mark.parametrize("name", ["payload.py", "../payload.py", "payload", "/etc/passwd", "payload.py\n", ""])
def test_a_file_of_the_senders_choice_is_not_run(letter, tmp_path, capsys, name: str) -> None:
    (tmp_path / "inner").mkdir()
    for folder in (tmp_path, tmp_path / "inner"):
        (folder / "payload.py").write_text(CONJECTURE)
    data = json.loads(letter.read_text()) | {"source": "pass\n", "sha256": digest("pass\n"), "file": name}
    path = tmp_path / "inner" / "it.json"
    path.write_text(json.dumps(data))
    code, out, err = asked(path, capsys)
    assert code in (2, 3)
    assert (out + err).count("\n") == 1
    assert not list(tmp_path.rglob("was-run"))


WORDS = ("claim", "confirmed", "assumes", "chain", "kind", "pace", "subject", "scaling", "file")


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "payload", ["\nopen('was-run', 'w')\n#", "'); open('was-run', 'w'); ('", "\u2028open('was-run', 'w')"]
)
def test_no_word_of_it_becomes_code_of_its_script(letter, tmp_path, capsys, word: str, payload: str) -> None:
    data = json.loads(letter.read_text())
    path = tmp_path / "it.json"
    path.write_text(json.dumps(data | {word: (data[word] or "") + payload}))
    capsys.readouterr()
    code = main(["show", str(path)])
    out, err = capsys.readouterr()
    if code == 0:
        (tmp_path / "shown.py").write_text(out)
        subprocess.run([sys.executable, "shown.py"], cwd=tmp_path, capture_output=True, timeout=60, check=True)
    else:
        assert (code, err.count("\n")) == (2, 1)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("ended", ["'\nopen('was-run', 'w')", '"); open("was-run", "w"); ("', "{loss} {0} {step!r}"])
def test_how_a_run_ended_is_printed_and_not_run(tmp_path, capsys, ended: str) -> None:
    data = a_counterexample_about(Flow)
    data["run"] = {"rule": "gradient flow", "ended": ended}
    path = save(data, tmp_path)
    capsys.readouterr()
    code = main(["show", str(path)])
    if code == 0:
        (tmp_path / "shown.py").write_text(capsys.readouterr().out)
        subprocess.run([sys.executable, "shown.py"], cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert not (tmp_path / "was-run").exists()


def a_counterexample_about(subject, depth: int = 2, order: int = 2) -> dict:
    """What the engine would write of a claim of the tool about the first problem drawn."""

    def statement(it):
        return equal(1, 0)

    statement.__annotations__ = {"it": subject}
    cell = Cell(depth, order, "column")
    (problem,) = draw_problems(problems(depth=depth, order=order, chain="column"), 1, 0)
    assert isinstance(problem, Problem)
    return as_counterexample(conjecture(statement), cell, problem, Outcome("violated", how="by hand"), 0)


@pytest.mark.parametrize("subject", [State, Flow, Descent, Target, Seeds])
def test_every_subject_is_written_and_read_back(subject, tmp_path, capsys) -> None:
    path = save(a_counterexample_about(subject), tmp_path)
    assert main(["show", str(path)]) == 0
    compile(capsys.readouterr().out, "shown.py", "exec")


HOSTILE = (
    None, True, -1, 0, 1.5, 10**9, 10**400, -(2**63), 2**63, "", "x", "1", "\0", "\ud800", "a\nb", [], [[]], [1], [[1]],
    {}, {"G": 1}, [1] * 1000, [[1] * 400] * 400, "Infinity", "nan", "x" * 10**5,
)  # fmt: skip


def damaged(text: str, generator: random.Random) -> str:
    """The file with one to three things wrong, somewhere inside."""
    data = json.loads(text)
    for _ in range(generator.randint(1, 3)):
        places = list(_places(data))
        holder, key = generator.choice(places)
        if generator.random() < 0.25:
            holder.pop(key)
        else:
            holder[key] = deepcopy(generator.choice(HOSTILE))
    written = json.dumps(data)
    cut = generator.random()
    if cut < 0.05:
        return written[: generator.randrange(len(written))]
    if cut < 0.15:
        return written.replace("0", generator.choice(("Infinity", "NaN", "-Infinity", "1e999", "00")), 1)
    return written


def _places(data):
    inside = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in inside:
        yield data, key
        if isinstance(value, (dict, list)) and value:
            yield from _places(value)


@pytest.mark.parametrize("seed", range(6))
def test_damaged_files_are_refused_or_judged_and_never_fall_over(letter, tmp_path, capsys, seed: int) -> None:
    generator = random.Random(seed)
    (tmp_path / "mine.py").write_text((letter.parent / "mine.py").read_text())
    path = tmp_path / "it.json"
    refused = 0
    for _ in range(60):
        path.write_text(damaged(letter.read_text(), generator), errors="surrogatepass")
        code, out, err = asked(path, capsys, "budget=5")
        assert code in (0, 1, 2, 3)
        assert (out + err).count("\n") == 1
        assert (code == 1) == out.startswith("STILL REFUTED")
        refused += code == 2
    assert refused > 40


@pytest.mark.parametrize(
    "words",
    [
        {"depth": 10**9}, {"depth": 65}, {"order": 9}, {"order": 10**9},
        {"sizes": [400, 400], "target": [[1] * 400] * 400, "mask": [[1] * 400] * 400},
        {"sizes": [10**9, 10**9]}, {"ranks": [10**6, 10**6]}, {"exponent": 10**9}, {"weight_exponent": -(10**9)},
    ],
    ids=str,
)  # fmt: skip
def test_what_no_run_could_have_written_is_refused_before_any_work(letter, tmp_path, capsys, words: dict) -> None:
    path = tmp_path / "it.json"
    path.write_text(json.dumps(json.loads(letter.read_text()) | words))
    assert asked(path, capsys)[0] == 2


@pytest.mark.parametrize("words", [{"exponent": 4096}, {"weight_exponent": 4096}, {"target_exponent": 4000}], ids=str)
def test_a_script_of_numbers_that_overflow_is_refused_in_one_line(letter, tmp_path, capsys, words: dict) -> None:
    (tmp_path / "it.json").write_text(json.dumps(json.loads(letter.read_text()) | words | {"target": [[1]]}))
    code = main(["show", str(tmp_path / "it.json")])  # a warning is an error here
    said = capsys.readouterr()
    assert code == 2 or (not said.err and "inf" not in said.out)
    assert code != 2 or said.err.count("\n") == 1


@pytest.mark.parametrize(
    "text", ["[" * 10**5, '{"a":' * 10**5, "[" * (NESTING + 1) + "]" * (NESTING + 1), "", "1", "null"]
)
def test_brackets_without_end_are_no_counterexample(tmp_path, capsys, text: str) -> None:
    (tmp_path / "it.json").write_text(text)
    code, _, err = asked(tmp_path / "it.json", capsys)
    assert (code, err.count("\n")) == (2, 1)


def test_the_bound_on_entries_lets_every_generated_problem_pass() -> None:
    for order in range(1, 9):
        for problem in draw_problems(problems(depth=4, order=order, chain="column"), 20, 0):
            assert sum(block.size for block in problem.blocks.values()) + problem.target.size < MAX_NUMBERS


def test_a_conjecture_that_now_speaks_of_something_else_is_not_asked(letter, tmp_path, capsys) -> None:
    changed = CONJECTURE.replace("@conjecture\n", '@conjecture(assumes="balanced")\n')
    (tmp_path / "mine.py").write_text(changed)
    code, out, _ = asked(letter, capsys, f"conjectures={tmp_path / 'mine.py'}")
    assert (code, "assumes was generic and is balanced" in out) == (3, True)


def test_a_replay_that_takes_too_long_is_told(letter, tmp_path, capsys) -> None:
    (tmp_path / "mine.py").write_text(CONJECTURE.replace("return", "while True: pass\n    return"))
    code, out, _ = asked(letter, capsys, f"conjectures={tmp_path / 'mine.py'}", "budget=1")
    assert (code, "budget" in out) == (3, True), out
