"""The HTML report: one self-contained page without a script, whole and valid at every moment."""

from __future__ import annotations

import math
import shlex
from html import escape
from typing import Any

from theory.streams import printable

from ._claim import is_built_in
from ._config import command_line
from ._events import RunFinished, in_short
from ._formula import formula, has_formula
from ._outputs import WholeFile
from ._pictures import agreement, convergence, discrepancies
from ._terminal import LAST_LINE, describe
from ._verdict import MEANING, Result, Verdict, exit_code

STYLE = """
:root { color-scheme: light; --line: #d8dde3; --ink: #1c2430; --soft: #5b6675; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink); background: #fff;
  margin: 0 auto;  max-width: 62rem; padding: 1.2rem 1rem 3rem; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); }
.banner { border-left: .4rem solid; padding: .5rem .8rem; margin: 1rem 0; font-weight: 600; }
.good { border-color: #23803c; background: #eef8f0; } .bad { border-color: #b3261e; background: #fdf0ef; }
.warn { border-color: #a66a00; background: #fff7e6; }
details { border-bottom: 1px solid var(--line); } details:first-of-type { border-top: 1px solid var(--line); }
summary { display: grid; grid-template-columns: 8.6rem 1fr auto; gap: .2rem .8rem; align-items: baseline;
  padding: .55rem .2rem;  cursor: pointer; list-style: none; } summary:hover { background: #f6f8fa; }
summary::-webkit-details-marker { display: none; }
.verdict { font-weight: 700; font-size: .85rem; } .verdict::before { content: "\\25B8\\00a0"; color: var(--soft); }
details[open] .verdict::before { content: "\\25BE\\00a0"; }
.PROVED, .EXACT, .SUPPORTED { color: #1b6b32; } .INCONCLUSIVE, .VACUOUS { color: #8a5800; }
.REFUTED, .ERROR { color: #a3201a; }
.cell { color: var(--soft); font-size: .85rem; white-space: nowrap; } .name { overflow-wrap: anywhere; }
.why { grid-column: 2 / -1; color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
.body { padding: 0 .2rem 1.2rem; }
.body h3 { font-size: .85rem; color: var(--soft); margin: 1rem 0 .2rem; font-weight: 600; }
math { font-size: 1.1em; } .scroll { overflow: auto hidden; padding: .5rem 0; }
math[display=block] { width: max-content; margin: 0; }
pre, code { font: .82rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { background: #f6f8fa; padding: .6rem .8rem; overflow-x: auto; margin: .3rem 0; white-space: pre-wrap;
  overflow-wrap: anywhere; }
table { border-collapse: collapse; font-size: .9rem; } td, th { padding: .2rem .9rem .2rem 0; text-align: left; }
td { vertical-align: top; } td:first-child { white-space: nowrap; }
td:last-child { font-variant-numeric: tabular-nums; } .pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: .4rem 0; flex: 1 1 17rem; max-width: 22rem; } figcaption { font-size: .8rem; color: var(--soft); }
svg { width: 100%; height: auto; font-size: 11px; fill: var(--soft); } .frame { fill: none; stroke: var(--line); }
.ideal { stroke: #9aa5b1; stroke-dasharray: 4 3; } .bar { stroke: #b9c8da; stroke-width: 3; }
.way { stroke: #1f5fa8; stroke-width: 1; opacity: .4; }
circle.dot { fill: #1f5fa8; } circle.bad { fill: #b3261e; background: none; }
@media (max-width: 34rem) { summary { grid-template-columns: 1fr auto; } .name { grid-column: 1 / -1; grid-row: 2; }
  .why { grid-column: 1 / -1; }
  body { padding: .8rem .7rem 2rem; } }
"""


OPEN = (Verdict.INCONCLUSIVE, Verdict.VACUOUS, Verdict.ERROR)  # what a reader asks first of these is why


class HtmlFile(WholeFile):
    """The page; until the run has ended it says that it is incomplete."""

    def text(self, end: RunFinished | None) -> str:
        return page(self.config, self.results, self.planned, end)


def page(config: dict[str, Any], results: list[Result], planned: int, end: RunFinished | None) -> str:
    """The whole document."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(_state(results, planned, end))} - verify</title><style>{STYLE}</style></head><body>",
        "<h1>Implicit regularization in deep Tucker factorization: verdicts</h1>",
        f'<p class="soft"><code>{escape(command_line(config))}</code></p>',
        _banner(results, planned, end),
    ]
    topic = None
    for result in results:
        if result.topic != topic:
            topic = result.topic
            parts.append(f"<h2>{escape(topic)}</h2>")
        parts.append(_row(result, config))
    meanings = "".join(
        f'<tr><td class="{verdict.value}">{verdict.value}</td><td>{escape(text)}</td></tr>'
        for verdict, text in MEANING.items()
    )
    parts += [
        f"<h2>What the verdicts mean</h2><table>{meanings}</table>",
        f"<p><strong>{escape(LAST_LINE)}</strong></p>",
    ]
    return printable("\n".join([*parts, "</body></html>"]) + "\n")


def _state(results: list[Result], planned: int, end: RunFinished | None) -> str:
    if end is None:
        return f"INCOMPLETE: {len(results)} of {planned} verdicts"
    if end.interrupted:
        return f"INTERRUPTED, incomplete: {len(results)} of {planned} verdicts"
    return "nothing was selected" if not results else f"{len(results)} verdicts"


def _banner(results: list[Result], planned: int, end: RunFinished | None) -> str:
    counts = {verdict: sum(r.verdict is verdict for r in results) for verdict in Verdict}
    words = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count) or "no verdicts"
    code = exit_code([r.verdict for r in results])
    finished = end is not None and not end.interrupted
    tone = (
        "good"
        if finished and code == 0 and end is not None and end.exit_code == 0
        else "bad"
        if code in (1, 3)
        else "warn"
    )
    seconds = f" in {end.seconds:.1f} s; exit code {end.exit_code}" if end else "; the run has not ended"
    return f'<p class="banner {tone}">{escape(_state(results, planned, end))}: {escape(words)}{escape(seconds)}</p>'


def _row(result: Result, config: dict[str, Any]) -> str:
    cell = f"K={result.depth} N={result.order} {result.chain}"
    if result.model != "tucker" or result.loss != "squared":
        cell = in_short(result.model, result.depth, result.order, result.chain, result.loss)
    summary = (
        f'<span class="verdict {result.verdict.value}">{result.verdict.value}</span>'
        f'<span class="name">{escape(result.title)}</span><span class="cell">{escape(cell)}, {_kept(result)}</span>'
    )
    if result.detail and result.verdict in OPEN:
        summary += f'<span class="why">{escape(result.detail)}</span>'
    shown = " open" if result.verdict is Verdict.REFUTED else ""
    return f"<details{shown}><summary>{summary}</summary><div class='body'>{_body(result, config)}</div></details>"


def _kept(result: Result) -> str:
    """Beside the verdict: what stands behind it."""
    names = {"rejected": result.rejected, "undecided": result.undecided, "not a number": result.undefined}
    return ", ".join([f"{result.examples} kept", *(f"{count} {name}" for name, count in names.items() if count)])


def _body(result: Result, config: dict[str, Any]) -> str:
    parts = ["<h3>Statement</h3>"]
    if has_formula(result.title):
        parts.append(f'<div class="scroll">{formula(result.title)}</div>')
    if result.statement != result.title or not has_formula(result.title):
        parts.append(f"<p>{escape(result.statement)}</p>")
    if result.source:
        parts.append(f'<p class="soft">Source: {escape(result.source)}</p>')
    if result.range:
        parts.append(f"<p>Proved for {escape(result.range)}.</p>")
    if result.detail and result.verdict not in OPEN:
        confirmed = "Confirmed by " if result.verdict is Verdict.REFUTED else ""
        parts.append(f"<p>{confirmed}{escape(result.detail)}.</p>")
    parts.append(f"<h3>Hypotheses and error budget</h3><table>{_budget(result)}</table>")
    if result.drawn:
        parts.append(f"<h3>Inputs drawn</h3><table>{_drawn(result.drawn)}</table>")
    pictures = agreement(result) + discrepancies(result) + convergence(result)
    if pictures:
        parts.append(f'<div class="pictures">{pictures}</div>')
    if result.counterexample:
        told = describe(result)
        kind = "Counterexample" if result.verdict is Verdict.REFUTED else "Witness"
        parts.append(f"<h3>{kind}</h3><pre>{escape(told)}</pre>")
    parts.append(f"<h3>Reproduce</h3><pre>{escape(_reproduce(result, config))}</pre>")
    return "".join(parts)


def _budget(result: Result) -> str:
    order = "not measured" if result.observed_order is None else f"{result.observed_order:.2f}"
    by = f" by {result.optimizer}" if result.optimizer else ""
    start = "" if result.subject == "Target" else f", start: {result.assumes}"
    stopped = " (judged until one violates)" if result.verdict is Verdict.REFUTED else ""
    rows = {
        "about": f"{result.subject}{by}{start}",
        "kept inputs": f"{result.examples}{stopped}",
        "rejected by a hypothesis": str(result.rejected),
        "undecided": str(result.undecided),
        "not a number": str(result.undefined),
        "at kinks": str(result.kinks),
        "worst discrepancy (relative)": f"{result.worst:.1e}",
        "allowed": "by order" if math.isinf(result.allowed) else f"{result.allowed:.1e}",
        "observed order of convergence": order,
        "seconds": f"{result.seconds:.1f}",
    }
    if not result.examples:  # nothing was measured
        rows = {name: rows[name] for name in ("about", "kept inputs", "rejected by a hypothesis", "seconds")}
    return "".join(f"<tr><td>{escape(k)}</td><td>{escape(v)}</td></tr>" for k, v in rows.items())


def _drawn(drawn: dict[str, Any]) -> str:
    """What the inputs were: a range, a count or words for every name."""

    def words(value: Any) -> str:
        if isinstance(value, (list, tuple)):
            ends = [words(v) for v in value]
            return ends[0] if len(set(ends)) == 1 else " to ".join(ends) if len(ends) == 2 else ", ".join(ends)
        if isinstance(value, dict):
            return ", ".join(f"{words(v)}\u00a0{k}" for k, v in value.items())
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    return "".join(f"<tr><td>{escape(str(k))}</td><td>{escape(words(v))}</td></tr>" for k, v in drawn.items())


def _reproduce(result: Result, config: dict[str, Any]) -> str:
    one: dict[str, Any] = {"depth": result.depth, "order": result.order, "chain": result.chain}
    if config.get("data") is not None:  # a real tensor has an order of its own, and claims of its own
        del one["order"]
    elif is_built_in(result.file):
        one |= {"claims": result.id, "conjectures": None}
    else:
        one["claims"] = None
    lines = [command_line({**config, **one})]
    path = (result.counterexample or {}).get("path")
    if path:
        lines += [f"python -m verify replay {shlex.quote(path)}", f"python -m verify show {shlex.quote(path)}"]
    if result.file:
        lines.append(f"# defined in {result.file}:{result.line}")
    return "\n".join(lines)
