"""Who is told to change what: the conjecture with file and line, or the tool itself."""

from pathlib import Path

import pytest
import torch

from numerics import UsageError
from verify import ClaimError, State, Verdict, _inputs, _judge_state, check, conjecture, equal
from verify.__main__ import main
from verify.claims import BUILT_IN


@conjecture
def losses_equal_themselves(state: State):
    return equal(state.loss, state.loss)


# Of no file, as a frame of the conjecture's own file would be the conjecture's.
failing = eval(compile("lambda *_, **__: {}['pace']", "<planted>", "eval"))


@pytest.mark.parametrize(("module", "name"), [(_inputs, "draw_problems"), (_judge_state, "ratio")])
def test_a_failure_in_the_generator_or_a_judge_is_an_internal_error(monkeypatch, module, name: str) -> None:
    monkeypatch.setattr(module, name, failing)
    result = check(losses_equal_themselves, examples=10)
    assert result.verdict is Verdict.ERROR
    assert result.detail.startswith("internal error in verify/")
    assert "KeyError: 'pace'" in result.detail
    assert "report" in result.detail
    assert Path(__file__).name not in result.detail


def test_a_built_in_claim_that_fails_is_the_tools_failure(monkeypatch) -> None:
    claim = next(claim for claim in BUILT_IN if claim.subject == "State")
    monkeypatch.setattr(State, "gradient", property(failing), raising=False)
    monkeypatch.setattr(State, "slice_norms", failing)
    monkeypatch.setattr(State, "tensor", property(failing), raising=False)
    assert check(claim, examples=10).detail.startswith("internal error in verify/")


def test_a_conjecture_that_fails_is_named_with_its_line() -> None:
    @conjecture
    def no_such_mode(state: State):
        return equal(state.slice_norms(mode=7), 1)

    line = no_such_mode.function.__code__.co_firstlineno + 2
    assert check(no_such_mode, examples=10).detail.startswith(f"{__file__}:{line}: ")


def test_a_module_beside_it_is_named_where_that_fails(tmp_path, capsys) -> None:
    (tmp_path / "beside.py").write_text("def half(x):\n    return x.no_such_thing / 2\n")
    (tmp_path / "mine.py").write_text(
        "from beside import half\nfrom verify import ClaimError, State, conjecture, equal\n\n\n@conjecture\n"
        "def halves(state: State):\n    return equal(half(state.loss), 0)\n"
    )
    words = [f"conjectures={tmp_path / 'mine.py'}", "examples=10", "jobs=1", "depth=1", f"out={tmp_path}"]
    assert main(words) == 3
    assert "beside.py:2: AttributeError" in "".join(capsys.readouterr().out.split("|")).replace("\n", "")


def test_modules_of_one_name_beside_two_files_are_not_mixed_up(tmp_path, capsys) -> None:
    for folder, value in (("one", 1), ("two", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "beside.py").write_text(f"VALUE = {value}\n")
        (tmp_path / folder / "mine.py").write_text(
            "from beside import VALUE\nfrom verify import ClaimError, State, conjecture, equal\n\n\n@conjecture\n"
            f"def value_{folder}(state: State):\n    return equal(0 * state.loss + VALUE, {value})\n"
        )
    files = ",".join(str(tmp_path / folder / "mine.py") for folder in ("one", "two"))
    assert main([f"conjectures={files}", "examples=10", "jobs=1", "depth=1", f"out={tmp_path}"]) == 0
    capsys.readouterr()


def test_what_a_rate_is_asked_of_is_the_conjectures_own_code() -> None:
    @conjecture
    def rates_of_nothing(state: State):
        return equal(state.rate(lambda s: torch.zeros(2) / s.nothing), 0)

    assert "test_blame.py:" in check(rates_of_nothing, examples=10).detail


@pytest.mark.parametrize(
    "words",
    [
        {"order": 4, "sizes": (2, 2)}, {"sizes": ()}, {"sizes": (1,) * 12}, {"depth": -1}, {"depth": 65},
        {"chain": "rows"}, {"examples": 0}, {"budget": 0.0}, {"seed": -1}, {"order": 9},
    ],
    ids=str,
)  # fmt: skip
def test_check_refuses_what_the_command_line_refuses(words: dict) -> None:
    with pytest.raises(UsageError, match=r"\w") as refused:
        check(losses_equal_themselves, **words)
    assert "\n" not in str(refused.value)


def test_a_list_of_nothing_exits_with_5_and_the_nearest_name(capsys) -> None:
    assert main(["list", "conservatoin"]) == 5
    assert "did you mean 'conservation'?" in capsys.readouterr().err
    assert main(["list", "conservation*"]) == 0


@pytest.mark.parametrize("name", ["", " "])
def test_a_conjecture_without_a_name_is_refused(name: str, tmp_path: Path, monkeypatch, capsys) -> None:
    def true(state: State):
        return equal(state.loss, state.loss)

    true.__name__ = name
    with pytest.raises(ClaimError, match="is called after its function"):
        conjecture(true)
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(
        f"from verify import *\n\ndef f(state: State):\n    return equal(state.loss, 2 * state.loss)\n\n"
        f"f.__name__ = {name!r}\nconjecture(f)\n"
    )
    assert main(["conjectures=mine.py", "depth=1", "order=2", "examples=5"]) == 3
    assert "__name__ is empty" in capsys.readouterr().out


def test_a_message_without_end_is_cut() -> None:
    @conjecture
    def talks(state: State):
        raise ValueError("y" * 10**6)

    assert len(check(talks, depth=1, order=2, examples=5).detail) < 2000
