"""A file of the user's that is called like a room of the tool: one line that says so, and it is not run."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = {"theory": [["-m", "verify", "list"], ["-m", "numerics", "depth=1"]], "numerics": [["-m", "verify", "list"]]}
CASES = [(room, words) for room, commands in COMMANDS.items() for words in commands]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("package", [False, True], ids=["file", "folder"])
@pytest.mark.parametrize(("room", "words"), CASES, ids=str)
def test_what_hides_a_room_is_named_and_not_run(tmp_path, room: str, words: list[str], package: bool) -> None:
    file = tmp_path / room / "__init__.py" if package else tmp_path / f"{room}.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text("open('was-run', 'w')\n")
    done = run(tmp_path, sys.executable, *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(str(file))
    assert "deep-tucker-verify" in done.stderr
    assert not (tmp_path / "was-run").exists()


def test_the_command_looks_at_no_file_of_the_current_folder(tmp_path) -> None:
    for name in ("theory", "numerics", "verify", "torch", "json"):
        (tmp_path / f"{name}.py").write_text("open('was-run', 'w')\n")
    done = run(tmp_path, str(Path(sys.executable).with_name("deep-tucker-verify")), "list", "conservation")
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "was-run").exists()


def test_elsewhere_it_is_an_import_error_with_the_same_line(tmp_path) -> None:
    (tmp_path / "theory.py").write_text("open('was-run', 'w')\n")
    done = run(tmp_path, sys.executable, "-c", "import verify")
    assert done.stderr.splitlines()[-1].startswith(f"ImportError: {tmp_path / 'theory.py'} hides")
