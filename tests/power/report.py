"""The figures of the suite as Markdown and as a picture of power over the size of the violation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from statistics import median

from matplotlib.figure import Figure
from measures import SMALLEST, Conjecture, Done, curve, upper_bound
from suite import HALVES, KINDS, Unit

SLOWEST = 10
LARGEST = 20  # shrunk counterexamples that are listed
REASON = 100  # characters of a reason

BEFORE = """## What was wrong before

The first version of this page claimed that 0 of 11,700 true conjectures had been refuted. A review from outside then
found true statements REFUTED: orders read off before the asymptotic regime, Newton iterations that had not converged
at depth 40 and more, constants in float32, solved flows compared with exact ones, and an interval of zero width for a
statement about Seeds. It also found false statements SUPPORTED, EXACT or PROVED: labels borrowed from theorems, NaN
counted as holding, lost derivatives taken as zero, thin evidence, error bars without a ceiling, and inputs that were
never drawn. The figure had shown none of this, for two reasons. The conjectures had been planted by those who wrote the
engine, and against it: what they had not thought of was missing from both. And 11,700 counted the verdicts on the same
117 conjectures over 100 seeds as if each were new evidence: what no conjecture of the suite asks, no further seed
finds. Therefore this page counts conjectures, and a second half of the suite was written by outsiders.
"""

POWER = """False conjectures by the nearest decade of the relative size of their violation. Shares are over seeds,
averaged over the conjectures of the decade. Accepted: those PROVED, EXACT or SUPPORTED in some seed; undecided:
INCONCLUSIVE, VACUOUS or ERROR. Outsiders declare the usual size. Planted conjectures declare none: theirs is the median
over the seeds of the relative violation at the input that refuted them, so one that was never refuted has no size,
which flatters the planted bins. The two sizes are not the same:"""

CAUTION = """A bound over conjectures is exact (Clopper and Pearson, one-sided, 95 %; 3/n when none of n is wrong) for
conjectures drawn at random from those that such authors write. Neither half was drawn at random, and the engine was
repaired while both lay in the repository: read the bounds as what the numbers could show at best.
"""


def report(
    only: str,
    image: str,
    units: Sequence[Unit],
    done: Done,
    conjectures: Sequence[Conjecture],
) -> Iterator[str]:
    """The page."""
    yield "# What the verdicts are worth\n"
    yield "Written by `make power`; do not edit. Conjectures of known truth from `tests/power`, default settings:"
    yield "planted by those who wrote the engine, and written by outsiders against the literature.\n"
    yield BEFORE
    seeded = [unit for unit in units if not unit.shrunk]
    judged = [done[unit.key] for unit in seeded if "rows" in done.get(unit.key, {})]
    minutes = sum(record["seconds"] for record in judged) / 60
    part = "" if only == "*" else f" Only `{only}`."
    yield f"{len(judged)} of {len(seeded)} units (file and seed) were judged: {minutes:.1f} minutes of a core.{part}\n"
    yield from _by_conjecture(conjectures)
    yield from _power(conjectures, image)
    yield from _exceptions(conjectures, units, done)
    yield from _slowest(conjectures)
    yield from _shrunk(units, done)


def _by_conjecture(conjectures: Sequence[Conjecture]) -> Iterator[str]:
    yield "## False verdicts\n"
    yield "A false conjecture is judged wrongly when it is PROVED, EXACT or SUPPORTED, a true one when it is REFUTED.\n"
    yield "| half | conjectures | number | seeds | judged wrongly, ever | at most (95 %) | as it should be, always |"
    yield "|---|---|---|---|---|---|---|"
    for half in HALVES:
        for kind in KINDS:
            group = [c for c in conjectures if (c.half, c.kind) == (half, kind)]
            if group:
                seeds = sorted({len(c.rows) for c in group})
                wrong = sum(c.wrong > 0 for c in group)
                yield (
                    f"| {half} | {kind} | {len(group)} | {'-'.join(map(str, dict.fromkeys((seeds[0], seeds[-1]))))} "
                    f"| {wrong} of {len(group)} | {upper_bound(wrong, len(group)):.1%} "
                    f"| {sum(c.right == len(c.rows) for c in group)} of {len(group)} |"
                )
    yield "\n" + CAUTION
    yield "The rate of false verdicts of each conjecture, over seeds; conjectures of the same figures share a row.\n"
    yield "| half | kind | false verdicts | rate | at most (95 %) | conjectures |\n|---|---|---|---|---|---|"
    rates: dict[tuple[str, str, int, int], list[str]] = defaultdict(list)
    for c in conjectures:
        rates[c.half, c.kind, c.wrong, len(c.rows)].append(c.id)
    for (half, kind, wrong, n), names in sorted(rates.items(), key=lambda item: (-item[0][2] / item[0][3], item[0])):
        who = ", ".join(names) if wrong else f"{len(names)}, each"
        yield f"| {half} | {kind} | {wrong} of {n} | {wrong / n:.1%} | {upper_bound(wrong, n):.1%} | {who} |"
    yield ""


def _power(conjectures: Sequence[Conjecture], image: str) -> Iterator[str]:
    curves = {half: curve(conjectures, half) for half in HALVES}
    if not any(curves.values()):
        return
    yield "## Power over the size of the violation\n"
    if image:
        yield f"![share of seeds refuted over the size of the violation]({image})\n"
    yield POWER
    yield _sizes_compared(conjectures)
    columns = "".join(f" {half} | refuted | accepted | undecided |" for half in HALVES)
    yield f"| size |{columns}\n|---|{'---|' * 4 * len(HALVES)}"
    for at in [*range(0, SMALLEST - 1, -1), None]:
        bins = [curves[half].get(at) for half in HALVES]
        if any(bins):
            size = "unknown" if at is None else f"1e{at}" if at else "1"
            yield f"| {size} |" + "".join(
                f" {b.conjectures} | {b.refuted:.1%} | {b.accepted} | {b.undecided:.1%} |" if b else " 0 | | | |"
                for b in bins
            )
    yield ""


def _sizes_compared(conjectures: Sequence[Conjecture]) -> str:
    ratios = [c.recorded / c.declared for c in conjectures if c.declared and c.recorded]
    if not ratios:
        return "no conjecture has both.\n"
    low, high = sum(ratio < 0.1 for ratio in ratios), sum(ratio > 10 for ratio in ratios)
    return (
        f"of {len(ratios)} conjectures with both, the recorded one is below a tenth of the declared one in {low} and\n"
        f"above ten times in {high}, for a run stops at the first violation, which need not be of the usual size.\n"
    )


def picture(conjectures: Sequence[Conjecture], path: Path) -> None:
    """Share of seeds refuted over the size of the violation, with the number of conjectures at each point."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.add_subplot()
    looks = {"planted": ("o", "tab:blue", 0.14), "outside": ("s", "tab:orange", -0.14)}
    for half, (marker, colour, shift) in looks.items():
        bins = sorted((at, b) for at, b in curve(conjectures, half).items() if at is not None)
        if not bins:
            continue
        x = [10.0 ** (at + shift) for at, _ in bins]  # beside each other where the halves agree
        y = [b.refuted for _, b in bins]
        axes.plot(x, y, color=colour, marker=marker, markersize=5, linewidth=1, alpha=0.7, label=half)
        axes.scatter(x, y, [20 + 4 * b.conjectures for _, b in bins], c=colour, marker=marker, alpha=0.75, zorder=3)
        for at_x, at_y, (_, b) in zip(x, y, bins, strict=True):
            above = half == "planted"
            axes.annotate(
                str(b.conjectures), (at_x, at_y), (0, 12 if above else -12), textcoords="offset points",
                ha="center", va="bottom" if above else "top", color=colour, fontsize=9,
            )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(10.0 ** (SMALLEST - 0.6), 10.0**0.6)
    axes.set_xticks([10.0**at for at in range(SMALLEST, 1)])
    axes.set_ylim(0, 1.12)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"])
    axes.set_xlabel("relative size of the violation (planted: recorded; outside: declared)")
    axes.set_ylabel("seeds refuted")
    axes.grid(alpha=0.3)
    axes.legend(title="false conjectures (number at each point)", loc="lower right")
    figure.savefig(path, dpi=120)


def _exceptions(conjectures: Sequence[Conjecture], units: Sequence[Unit], done: Done) -> Iterator[str]:
    yield "## Every conjecture that was not judged as it should be in every seed\n"
    rows = sorted(
        (c for c in conjectures if c.right < len(c.rows)), key=lambda c: (-c.wrong / len(c.rows), c.half, c.kind)
    )
    broken = [unit for unit in units if "error" in done.get(unit.key, {})]
    if not rows and not broken:
        yield "None.\n"
        return
    yield "False ones are to be REFUTED, true ones PROVED, EXACT or SUPPORTED. First those with false verdicts.\n"
    yield "| half | kind | conjecture | size | verdicts | most common reason |\n|---|---|---|---|---|---|"
    for c in rows:
        size = "" if c.kind == "true" or c.size is None else f"{c.size:.0e}" + " (recorded)" * (c.declared is None)
        verdicts = ", ".join(f"{n} {verdict}" for verdict, n in c.verdicts.most_common())
        yield f"| {c.half} | {c.kind} | {c.id} | {size} | {verdicts} | {_cell(c.reason)} |"
    for unit in broken:
        yield f"| {unit.half} | {unit.kind} | all of {unit.key} | | ERROR | {_cell(done[unit.key]['error'])} |"
    yield ""


def _cell(reason: str) -> str:
    return reason[:REASON].replace("|", "/")


def _slowest(conjectures: Sequence[Conjecture]) -> Iterator[str]:
    yield f"## The slowest {SLOWEST}\n"
    yield "| half | kind | conjecture | median seconds | most |\n|---|---|---|---|---|"
    seconds = [(c, [row["seconds"] for row in c.rows]) for c in conjectures]
    for c, times in sorted(seconds, key=lambda pair: -median(pair[1]))[:SLOWEST]:
        yield f"| {c.half} | {c.kind} | {c.id} | {median(times):.1f} | {max(times):.1f} |"
    yield ""


def _shrunk(units: Sequence[Unit], done: Done) -> Iterator[str]:
    found = [
        (unit.half, name, row)
        for unit in units
        if unit.shrunk
        for name, row in done.get(unit.key, {}).get("rows", {}).items()
        if "sizes" in row
    ]
    if not found:
        return
    found.sort(key=lambda item: -prod(item[2]["sizes"] + item[2]["ranks"]))
    entries, cores = ([prod(row[what]) for _, _, row in found] for what in ("sizes", "ranks"))
    yield "## Shrunk counterexamples (seed 0)\n"
    yield f"{len(found)} counterexamples. Entries of the tensor: median {median(entries):g}, largest {max(entries)}."
    yield f"Entries of the core: median {median(cores):g}, largest {max(cores)}. The largest {LARGEST}:\n"
    yield "| half | conjecture | sizes | core | seconds |\n|---|---|---|---|---|"
    for half, name, row in found[:LARGEST]:
        sizes, ranks = ("x".join(map(str, row[what])) for what in ("sizes", "ranks"))
        yield f"| {half} | {name} | {sizes} | {ranks} | {row['seconds']:.1f} |"
