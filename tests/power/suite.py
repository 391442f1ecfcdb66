"""The suite of conjectures whose truth is known, and the verdicts of one unit of it.

Two halves: "planted" by those who wrote the engine, false_*.py and true_*.py, and written by outsiders against the
literature, outside_false_*.py and outside_true_*.py. All are written as a user would write them. A false one must be
REFUTED, a true one never; each is judged in the first of CELLS to which it applies, with the engine's default settings
and budget.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from verify import Claim, Result, Verdict
from verify._conjectures import load_conjectures
from verify._engine import CellRun
from verify._events import Cell
from verify._inputs import Inputs, Settings
from verify._verdict import Outcome

HERE = Path(__file__).parent
HALVES = {"planted": "", "outside": "outside_"}  # half -> how the names of its files begin
KINDS = ("false", "true")
CELLS = (
    Cell(2, 3, "column"),
    Cell(1, 3, "column"),
    Cell(2, 3, "mode"),
    Cell(2, 3, "gate"),
    Cell(3, 3, "column"),
    Cell(2, 2, "column"),
    Cell(0, 3, "column"),
)
DECIDED = (Verdict.PROVED, Verdict.EXACT, Verdict.SUPPORTED)


@dataclass(frozen=True)
class Unit:
    """The conjectures of one file with one seed: what is judged, and kept, at a time."""

    half: str
    kind: str
    topic: str
    seed: int = 0
    shrunk: bool = False

    @property
    def name(self) -> str:
        """half-kind-topic."""
        return f"{self.half}-{self.kind}-{self.topic}"

    @property
    def key(self) -> str:
        """What a kept file calls it."""
        return f"{self.name}/{'shrunk' if self.shrunk else self.seed}"

    @property
    def path(self) -> Path:
        """The file of its conjectures."""
        return HERE / f"{HALVES[self.half]}{self.kind}_{self.topic}.py"


class _Unshrunk(CellRun):
    """A run that stops at the confirmed violation; shrinking never takes a refutation back, it only takes time."""

    def _refuted(self, claim: Claim, example: object, outcome: Outcome, result: Result) -> None:
        result.verdict = Verdict.SUPPORTED if claim.negative else Verdict.REFUTED
        result.detail = outcome.how


def files() -> list[Unit]:
    """Every file of the suite, as the unit of seed 0."""
    return [
        Unit(half, kind, path.stem.removeprefix(f"{prefix}{kind}_"))
        for half, prefix in HALVES.items()
        for kind in KINDS
        for path in sorted(HERE.glob(f"{prefix}{kind}_*.py"))
    ]


def declared_sizes(unit: Unit) -> dict[str, float]:
    """claim -> usual relative size of its violation, as the author of the file declares it; none in planted files."""
    for node in ast.parse(unit.path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VIOLATIONS":
            return ast.literal_eval(node.value)
    return {}


def by_cell(claims: Sequence[Claim]) -> dict[Cell, list[Claim]]:
    """Every claim under the first cell to which it applies."""
    groups: dict[Cell, list[Claim]] = defaultdict(list)
    for claim in claims:
        groups[next(cell for cell in CELLS if claim.applies(cell.depth, cell.order, cell.chain))].append(claim)
    return groups


def judge(unit: Unit) -> list[Result]:
    """The verdicts on the conjectures of a unit."""
    torch.set_num_threads(1)
    results: list[Result] = []
    for cell, group in by_cell(load_conjectures(unit.path)).items():
        run = (CellRun if unit.shrunk else _Unshrunk)(group, Inputs(cell, Settings(seed=unit.seed)))
        results += [run.judge(claim) for claim in group]
    return results


def is_false_verdict(kind: str, verdict: str) -> bool:
    """Whether the engine said the opposite of the truth."""
    return verdict in DECIDED if kind == "false" else verdict == Verdict.REFUTED


def is_as_it_should_be(kind: str, verdict: str) -> bool:
    """Whether the engine said the truth; neither this nor false are INCONCLUSIVE, VACUOUS and ERROR."""
    return verdict == Verdict.REFUTED if kind == "false" else verdict in DECIDED
