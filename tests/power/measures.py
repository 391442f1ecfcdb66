"""What is measured on the suite: verdicts by conjecture, bounds of their rates, power over violation size."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, inf, log10
from pathlib import Path
from statistics import fmean, median
from typing import Any

from scipy.stats import beta
from suite import Unit, declared_sizes, is_as_it_should_be, is_false_verdict

from verify import Verdict

SMALLEST = -10  # decade of the last bin


Done = Mapping[str, Mapping[str, Any]]  # unit -> what figures.py keeps of it


@dataclass(frozen=True)
class Conjecture:
    """One conjecture and its verdicts over the seeds. `rows` are those that figures.py keeps."""

    half: str
    kind: str
    id: str
    declared: float | None
    rows: tuple[Mapping[str, Any], ...]

    @property
    def verdicts(self) -> Counter[str]:
        """verdict -> in how many seeds."""
        return Counter(row["verdict"] for row in self.rows)

    @property
    def wrong(self) -> int:
        """In how many seeds the engine said the opposite of the truth."""
        return sum(is_false_verdict(self.kind, row["verdict"]) for row in self.rows)

    @property
    def right(self) -> int:
        """In how many seeds the engine said the truth."""
        return sum(is_as_it_should_be(self.kind, row["verdict"]) for row in self.rows)

    @property
    def undecided(self) -> int:
        """In how many seeds it said neither."""
        return len(self.rows) - self.wrong - self.right

    @property
    def recorded(self) -> float | None:
        """Median relative violation at the inputs that refuted it."""
        sizes = [row["worst"] for row in self.rows if row["verdict"] == Verdict.REFUTED and 0 < row["worst"] < inf]
        return median(sizes) if sizes else None

    @property
    def size(self) -> float | None:
        """Relative size of its violation: as declared, or else as recorded."""
        return self.declared if self.declared is not None else self.recorded

    @property
    def reason(self) -> str:
        """The most common reason of a verdict that was not as it should be."""
        details = Counter(row["detail"] for row in self.rows if not is_as_it_should_be(self.kind, row["verdict"]))
        return details.most_common(1)[0][0] or "no counterexample found"


@dataclass(frozen=True)
class Bin:
    """Power on the false conjectures of one decade; shares are over seeds, averaged over conjectures."""

    conjectures: int
    refuted: float
    accepted: int
    undecided: float


def gathered(units: Sequence[Unit], done: Done) -> list[Conjecture]:
    """Every conjecture that was judged, by half and kind: the halves may use the same names."""
    rows: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    declared: dict[tuple[str, str, str], float] = {}
    read: set[Path] = set()
    for unit in units:
        if unit.shrunk or "rows" not in done.get(unit.key, {}):
            continue
        if unit.path not in read:
            read.add(unit.path)
            declared |= {(unit.half, unit.kind, name): size for name, size in declared_sizes(unit).items()}
        for name, row in done[unit.key]["rows"].items():
            rows[unit.half, unit.kind, name].append(row)
    return [Conjecture(*key, declared.get(key), tuple(found)) for key, found in rows.items()]


def upper_bound(wrong: int, n: int) -> float:
    """Upper end of the one-sided 95 % interval for a rate. Source: Clopper and Pearson (1934); 3/n for 0 of n."""
    return 1.0 if wrong >= n else float(beta.ppf(0.95, wrong + 1, n - wrong))


def decade(size: float) -> int:
    """The nearest decade from 1 down to 1e-10; what is larger or smaller goes into the bin at the end."""
    return min(0, max(SMALLEST, floor(log10(size) + 0.5)))


def curve(conjectures: Sequence[Conjecture], half: str) -> dict[int | None, Bin]:
    """decade -> power on the false conjectures of a half; None: those of unknown size."""
    groups: dict[int | None, list[Conjecture]] = defaultdict(list)
    for c in conjectures:
        if (c.half, c.kind) == (half, "false"):
            groups[None if c.size is None else decade(c.size)].append(c)
    return {
        at: Bin(
            len(group),
            fmean(c.right / len(c.rows) for c in group),
            sum(c.wrong > 0 for c in group),
            fmean(c.undecided / len(c.rows) for c in group),
        )
        for at, group in groups.items()
    }
