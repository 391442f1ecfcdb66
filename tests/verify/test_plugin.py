"""The fixture with which a paper keeps its conjectures under test, in a pytest run of its own."""

import os
import subprocess
import sys
from pathlib import Path

SUITE = """
import pytest
from verify import State, conjecture, equal

@conjecture(assumes="balanced")
def power_law(state: State):
    g = state.slice_norms(mode=0)
    return equal(state.rate(lambda s: s.slice_norms(mode=0)), g ** state.depth * state.alignment(mode=0))

@conjecture
def power_law_without_balance(state: State):
    g = state.slice_norms(mode=0)
    return equal(state.rate(lambda s: s.slice_norms(mode=0)), g ** state.depth * state.alignment(mode=0))

@conjecture
def broken(state: State):
    return None

def test_true(check_conjecture):
    assert check_conjecture(power_law, depth=1, order=2, examples=20).examples == 20

def test_false(check_conjecture):
    check_conjecture(power_law_without_balance, depth=2, order=2, examples=20)

def test_broken(check_conjecture):
    check_conjecture(broken, depth=1, order=2, examples=5)

def test_undecorated(check_conjecture):
    check_conjecture(lambda state: None)
"""


def test_a_paper_keeps_its_conjectures_under_test(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["verify.plugin"]\n')
    (tmp_path / "test_paper.py").write_text(SUITE)
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-W", "error", "."],
        cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": root}, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "3 failed, 1 passed" in done.stdout
    assert "REFUTED power-law-without-balance (depth=2 order=2 chain=column)" in done.stdout
    assert "confirmed" in done.stdout
    assert "ERROR broken" in done.stdout
    assert "decorated with @conjecture" in done.stdout
