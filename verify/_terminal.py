"""The terminal: a table of verdicts on stdout, progress on stderr where that is a terminal."""

from __future__ import annotations

import shlex
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from theory.streams import printable

from ._claim import is_built_in
from ._events import ClaimJudged, Event, Note, RunFinished, RunStarted, in_order, in_short
from ._verdict import MEANING, Result, Verdict

STYLE = {
    Verdict.PROVED: "bold green", Verdict.EXACT: "green", Verdict.SUPPORTED: "green", Verdict.INCONCLUSIVE: "yellow",
    Verdict.VACUOUS: "yellow", Verdict.REFUTED: "bold red", Verdict.ERROR: "bold magenta",
}  # fmt: skip
LETTER = {
    Verdict.PROVED: "P", Verdict.EXACT: "E", Verdict.SUPPORTED: "S", Verdict.INCONCLUSIVE: "?",
    Verdict.VACUOUS: "0", Verdict.REFUTED: "X", Verdict.ERROR: "!",
}  # fmt: skip
COUNTS = {"rejected": "rejected", "undecided": "undecided"}  # columns shown where a row has some
LAST_LINE = "No counterexample is not a proof: only PROVED rows hold beyond the inputs that were tried."


class _Stdout(Console):
    """A reader that is gone is told as any other lost output; rich ends the process with status 1, our REFUTED."""

    def on_broken_pipe(self) -> None:
        raise


class Terminal:
    """Listener that shows a run to a person."""

    def __init__(self) -> None:
        width = None if sys.stdout.isatty() else 150
        self.out = _Stdout(file=sys.stdout, width=width, highlight=False, emoji=False)
        self.progress: Progress | None = None
        self.task: Any = None
        self.judged: list[ClaimJudged] = []
        self.results: list[Result] = []
        self.cells = 1

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._started(event)
        elif isinstance(event, ClaimJudged):
            self.results = in_order(self.judged, event)
            if self.progress:
                self.progress.advance(self.task)
        elif isinstance(event, Note):
            self._say(event.text)
        elif isinstance(event, RunFinished):
            self._finished(event)

    def _started(self, event: RunStarted) -> None:
        self.cells = len(event.cells)
        if sys.stderr.isatty():
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
            )
            self.progress = Progress(*columns, console=Console(file=sys.stderr), transient=True)
            self.task = self.progress.add_task("judging claims", total=event.claims)
            self.progress.start()

    def _finished(self, event: RunFinished) -> None:
        if self.progress:
            self.progress.stop()
        if self.results:
            tables = _grids(self.results, self.out.width) if self.cells > 1 else [_table(self.results)]
            for table in tables:
                self.out.print(table)
        for result in self.results:
            own = not is_built_in(result.file)  # a reader who wrote the claim wants to see its witness
            if result.counterexample and (result.verdict is Verdict.REFUTED or (own and is_witness(result))):
                self._say(describe(result))
            elif result.verdict not in (Verdict.PROVED, Verdict.EXACT, Verdict.SUPPORTED):
                self._say(f"{result.verdict.value} {result.id} ({_where(result)}): {result.detail}{counts(result)}")
        by_verdict = {verdict: sum(r.verdict is verdict for r in self.results) for verdict in Verdict}
        words = ", ".join(f"{count} {verdict.value}" for verdict, count in by_verdict.items() if count)
        state = "INTERRUPTED, incomplete: " if event.interrupted else ""
        if self.results or event.interrupted:
            self._say(f"{state}{words or 'no verdicts'} in {event.seconds:.1f} s. Exit code {event.exit_code}.")
        if self.results:
            self._say(LAST_LINE)
        self.out.file.flush()  # here a full disk or a reader that is gone can still be told

    def _say(self, text: str) -> None:
        """A line of plain text; what a conjecture calls itself moves no cursor."""
        self.out.print(printable(text), markup=False, soft_wrap=True)


def is_witness(result: Result) -> bool:
    """Whether the counterexample of a result supports it: its claim says that a relation fails."""
    return result.verdict is Verdict.SUPPORTED and bool((result.counterexample or {}).get("negative"))


def counts(result: Result) -> str:
    """How many inputs gave no answer, in words; empty where there are none."""
    names = {"rejected": "rejected", "undecided": "undecided", "undefined": "not a number", "kinks": "at kinks"}
    said = [f"{getattr(result, key)} {name}" for key, name in names.items() if getattr(result, key)]
    return f" [{result.examples} kept; {', '.join(said)}]" if said else ""


def _where(result: Result) -> str:
    return in_short(result.model, result.depth, result.order, result.chain, result.loss)


def _table(results: list[Result]) -> Table:
    first = results[0]
    table = Table(box=box.ASCII2, title=_where(first), title_justify="left", title_style="")
    table.add_column("verdict", no_wrap=True)
    table.add_column("claim", overflow="fold")
    shown = [name for name in COUNTS if any(getattr(r, COUNTS[name]) for r in results)]
    for name in ("kept", *shown, "worst", "allowed", "order", "s"):
        table.add_column(name, justify="right", no_wrap=True)
    topic = None
    for r in results:
        if r.topic != topic:
            topic = r.topic
            table.add_section()
        order = "" if r.observed_order is None else f"{r.observed_order:.2f}"
        allowed = "by order" if r.allowed == float("inf") else f"{r.allowed:.0e}"
        name = r.id + (f"\n  [{r.range}]" if r.range else "")
        if r.counterexample and is_witness(r):
            name += f"\n  [witness: {_shape(r.counterexample)}]"
        table.add_row(
            Text(r.verdict.value, STYLE[r.verdict]),
            Text(printable(name)),
            str(r.examples),
            *(str(getattr(r, COUNTS[name]) or "") for name in shown),
            f"{r.worst:.0e}",
            allowed,
            order,
            f"{r.seconds:.1f}",
        )
    return table


def _grids(results: list[Result], width: int) -> Iterator[Table]:
    """One row per claim, one column per chain and order, one letter per depth; as many tables as the width asks for."""
    by_cell = {(r.id, r.chain, r.order, r.depth): r for r in results}
    depths: dict[tuple[str, int], list[int]] = {}
    for chain, order, depth in dict.fromkeys((r.chain, r.order, r.depth) for r in results):
        depths.setdefault((chain, order), []).append(depth)
    heads = {key: f"{key[0]} N={key[1]}\nK={_ranges(found)}" for key, found in depths.items()}
    names = list(dict.fromkeys(r.id for r in results))
    rest, legend = (
        list(depths),
        "P proved, E exact, S supported, ? inconclusive, 0 vacuous, X refuted, ! error, . no claim",
    )
    while rest:
        table = Table(box=box.ASCII2, title=legend, title_justify="left", title_style="")
        table.add_column("claim", overflow="fold")
        columns: list[tuple[str, int]] = []
        room = width - max(map(len, names)) - 4
        while rest and (not columns or room >= 0):
            room -= 3 + max(len(depths[rest[0]]), *map(len, heads[rest[0]].split("\n")))
            if room >= 0 or not columns:
                columns.append(rest.pop(0))
                table.add_column(heads[columns[-1]], overflow="fold", no_wrap=room >= 0)
        for name in names:
            table.add_row(
                Text(printable(name)),
                *(_letters([by_cell.get((name, *key, d)) for d in depths[key]]) for key in columns),
            )
        legend = ""
        yield table


def _letters(found: list[Result | None]) -> Text:
    text = Text()
    for result in found:
        text.append(LETTER[result.verdict] if result else ".", STYLE[result.verdict] if result else "dim")
    return text


def _ranges(depths: list[int]) -> str:
    """As the command line writes them: 0..6, or 1,2,4."""
    consecutive = len(depths) > 2 and depths == list(range(depths[0], depths[-1] + 1))
    return f"{depths[0]}..{depths[-1]}" if consecutive else ",".join(map(str, depths))


def describe(result: Result) -> str:
    """A refutation, or the witness of a negative claim, as a reader wants it: statement, numbers, smallest input,
    confirmation, how to reproduce."""
    c = result.counterexample or {}
    shown = c["shown"]
    lines = [
        f"{'WITNESS' if c.get('negative') else 'REFUTED'} {result.id} ({_where(result)})",
        f"  statement   {result.title}" + (f"  [{result.source}]" if result.source else ""),
    ]
    lines.append(
        f"  measured    {c['measured']:.17g}    predicted {c['predicted']:.17g}    "
        f"violation {c['violation']:.2e}, allowed {c['allowed']:.1e} (relative)"
    )
    if c["subject"] == "Target":
        lines.append(f"  input       a tensor of {_shape(c)}")
    else:
        several = ", the first of the random starts:" if c["subject"] == "Seeds" else ""
        lines.append(
            f"  input       {_shape(c)}, start {c['assumes']}, "
            f"loss 1/2 sum w (W - target)^2, w = {_weights(shown)}{several}"
        )
    lines += [f"    {name:6} = {values}" for name, values in c.get("whole", {}).items() if c["start"]]
    if c.get("scaling"):
        lines.append(f"    blocks   {c['scaling']}")
    power = f" * 2^{shown['target_exponent']}" if shown["target_exponent"] else ""
    lines.append(f"    target = {shown['target']}{power}{_fit(shown)}")
    if c.get("run"):
        lines.append(f"  run         {_run(c['run'])}")
    lines.append(f"  confirmed   {c['confirmed']}")
    if "path" in c:
        lines.append(f"  reproduce   python -m verify replay {shlex.quote(c['path'])}")
        lines.append(f"  script      python -m verify show {shlex.quote(c['path'])}")
    return "\n".join(lines)


FITTED = {"fitted": "  (W of the start)", "unseen-misfit": "  (W of the start where it is observed)"}


def _fit(shown: dict[str, Any]) -> str:
    """Words for a target that is W of the start it is shown with."""
    return next((FITTED[part] for part in shown.get("kind", "").split("+") if part in FITTED), "")


def _run(run: dict[str, Any]) -> str:
    """What rebuilds the run of a path, and its losses."""
    if "ended" in run:
        return f"{run['rule']}: {run['ended']}"
    how = f"to time {run['time']:g}" if "time" in run else f"{run['options']}, {run['steps']} steps of {run['step']!r}"
    return f"{run['rule']} {how}; loss {run['first_loss']:.9g} at the start, {run['final_loss']:.9g} at the end"


def _shape(c: dict[str, Any]) -> str:
    """The sizes of a counterexample, and those of its core where it has one."""
    return f"sizes {_times(c['sizes'])}" + ("" if c["subject"] == "Target" else f", core {_times(c['ranks'])}")


def _times(sizes: list[int]) -> str:
    return "x".join(map(str, sizes)) or "()"


def _weights(c: dict[str, Any]) -> str:
    scale = f" * 2^{c['weight_exponent']}" if c["weight_exponent"] else ""
    mask = c["mask"]
    if c.get("weights") is not None:
        return f"{c['weights']}" + (" / number observed" if c["normalised"] else "") + scale
    full = all(_flat(mask))
    return ("1" if full else f"mask {mask}") + (" / number observed" if c["normalised"] else "") + scale


def _flat(values: Any) -> list[Any]:
    return [v for part in values for v in _flat(part)] if isinstance(values, list) else [values]


def explain() -> str:
    """The verdicts and what they mean, one a line."""
    return "\n".join(
        f"  {verdict.value:13}{textwrap.fill(text, 100, subsequent_indent=' ' * 15)}"
        for verdict, text in MEANING.items()
    )
