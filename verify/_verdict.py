"""Verdicts, what an example says, and exit codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What the engine says of a claim. Source: design 4.2."""

    PROVED = "PROVED"
    EXACT = "EXACT"
    SUPPORTED = "SUPPORTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    VACUOUS = "VACUOUS"
    REFUTED = "REFUTED"
    ERROR = "ERROR"


MEANING = {
    Verdict.PROVED: "symbolic identity, proved for the range stated, and no generated tensor disagrees",
    Verdict.EXACT: "an identity in exact rational arithmetic at every shape drawn, on large random whole numbers too",
    Verdict.SUPPORTED: "no counterexample, and the discrepancy vanishes as expected under refinement",
    Verdict.INCONCLUSIVE: "cannot be told from numerical error, or is not a finite number",
    Verdict.VACUOUS: "too few generated inputs met the hypotheses",
    Verdict.REFUTED: "counterexample found, shrunk, and confirmed by a second route at higher precision",
    Verdict.ERROR: "the claim or the tool failed",
}


class Exit:
    """Exit codes. Source: design 4.1."""

    OK, REFUTED, USAGE, ERROR, UNDECIDED, NOTHING, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130


def exit_code(verdicts: list[Verdict]) -> int:
    """Exit code of a finished run; precedence 1 > 3 > 4 > 0, and 5 when nothing was selected."""
    if not verdicts:
        return Exit.NOTHING
    if Verdict.REFUTED in verdicts:
        return Exit.REFUTED
    if Verdict.ERROR in verdicts:
        return Exit.ERROR
    if Verdict.INCONCLUSIVE in verdicts or Verdict.VACUOUS in verdicts:
        return Exit.UNDECIDED
    return Exit.OK


@dataclass(frozen=True)
class Outcome:
    """What one example says of a claim.

    Arguments:
        status: "holds", "violated", "undecided", "undefined" (not a finite number) or "rejected".
        worst: largest violation relative to its natural scale.
        allowed: relative error bar at that entry.
        order: order at which the discrepancy vanished under refinement, if it was measured.
        levels: the discrepancies it was read off, each behind the step, tolerance or rounding over the coarsest one.
        measured, predicted: the two sides at the worst entry.
        refined: the violation after refinement, relative.
        how: how a violation was confirmed, or why it is undecided.
        kinks: rates that were asked for where they are one-sided.
        missing: undecided because a function has no counterpart in high precision; `how` names it.
    """

    status: str
    worst: float = 0.0
    allowed: float = 0.0
    order: float | None = None
    measured: float = 0.0
    predicted: float = 0.0
    refined: float | None = None
    how: str = ""
    kinks: int = 0
    missing: bool = False
    levels: tuple[tuple[float, float], ...] = ()

    @property
    def unexplained(self) -> bool:
        """Whether float64 shows a violation that no second look confirmed or explained."""
        return self.status == "undecided" and self.worst > self.allowed


@dataclass
class Result:
    """Verdict on one claim in one cell. Field names are the JSON contract, design 4.4.

    examples: inputs that were kept and judged; rejected: those that did not meet a hypothesis. Of the kept ones
    undecided could not be told from numerical error, undefined gave no finite number, kinks lay where a rate is
    one-sided.
    optimizer: of a Descent or Seeds.
    drawn: what the inputs were, as ranges: name -> [least, largest] or a count.
    """

    id: str
    title: str
    source: str
    verdict: Verdict
    depth: int
    order: int
    chain: str
    model: str = "tucker"
    loss: str = "squared"
    topic: str = "conjectures"
    subject: str = "State"
    assumes: str = "generic"
    optimizer: str | None = None
    examples: int = 0
    rejected: int = 0
    undecided: int = 0
    undefined: int = 0
    kinks: int = 0
    drawn: dict[str, Any] = field(default_factory=dict)
    worst: float = 0.0
    allowed: float = 0.0
    observed_order: float | None = None
    seconds: float = 0.0
    counterexample: dict[str, Any] | None = None
    range: str | None = None
    detail: str = ""
    statement: str = ""
    samples: list[dict[str, Any]] = field(default_factory=list)
    file: str | None = None
    line: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The result as plain data."""
        return {**self.__dict__, "verdict": self.verdict.value}
