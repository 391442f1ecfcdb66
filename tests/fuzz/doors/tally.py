"""How many inputs of a kind there were, and how many had a fault of a sort."""

from __future__ import annotations

import time
from collections import Counter

from doors.case import Case
from doors.judging import SORTS, Fault
from doors.room import Outcome


class Tally:
    """Counts that grow by one input at a time."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.kinds: Counter[str] = Counter()
        self.sorts: Counter[tuple[str, str]] = Counter()
        self.codes: Counter[int] = Counter()
        self.faulty, self.slowest, self.largest = 0, 0.0, 0

    @property
    def inputs(self) -> int:
        return sum(self.kinds.values())

    def add(self, case: Case, outcome: Outcome, found: list[Fault]) -> None:
        self.kinds[case.kind] += 1
        self.codes[outcome.code] += 1
        self.faulty += bool(found)
        self.slowest, self.largest = max(self.slowest, outcome.seconds), max(self.largest, outcome.peak)
        self.sorts.update({(case.kind, fault.sort) for fault in found})

    def progress(self) -> str:
        return f"{self.inputs} inputs, {self.faulty} with faults, {time.monotonic() - self.started:.0f} s"

    def table(self, interrupted: bool) -> str:
        """Kinds in rows, sorts of faults in columns."""
        sorts = [sort for sort in SORTS if any(self.sorts[kind, sort] for kind in self.kinds)] or list(SORTS[:5])
        rows = [["kind", "inputs", *sorts]]
        rows += [[kind, str(n), *(str(self.sorts[kind, s]) for s in sorts)] for kind, n in sorted(self.kinds.items())]
        rows.append(["all", str(self.inputs), *(str(sum(self.sorts[k, s] for k in self.kinds)) for s in sorts)])
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        codes = ", ".join(f"{code}: {n}" for code, n in sorted(self.codes.items()))
        state = "INTERRUPTED after " if interrupted else ""
        lines += [
            f"exit codes {codes or 'none'}; slowest {self.slowest:.0f} s, largest {self.largest / 1e9:.1f} GB",
            f"doors: {state}{self.progress()}",
        ]
        return "\n".join(lines)
