"""The input of a seed and a number."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from doors.case import Case
from doors.command_lines import command_line
from doors.conjecture_files import conjecture_file
from doors.data_files import data_file
from doors.letters import Letters, replay_file

KINDS = ("words", "data", "conjectures", "replay")
WEIGHTS = (30, 20, 12, 38)
REAL = 0.05  # of all inputs go through a `python -m` of their own


def draw(seed: int, number: int, letters: Letters, only: str = "") -> Case:
    """The same case for the same arguments; the letters are those that the tool writes."""
    rng = Random(f"doors/{seed}/{number}/{only}")
    kind = only or rng.choices(KINDS, WEIGHTS)[0]
    real = rng.random() < REAL
    if kind == "replay":
        case = replay_file(rng, letters)
    else:
        case = {"words": command_line, "data": data_file, "conjectures": conjecture_file}[kind](rng)
    return replace(case, real=case.real or real)
