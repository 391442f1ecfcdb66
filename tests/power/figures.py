"""Planted conjectures, judged over many seeds: what the verdicts are worth, in figures. `make power` runs this.

    python tests/power/figures.py seeds=100 minutes=10 jobs=2 shrink=yes write=docs/power.md keep=out/power.json

A run that was cut short, by its minutes or otherwise, is continued by the next one.

A conjecture in false_*.py must be REFUTED, one in true_*.py never; both are written as a user would write them. Each
is judged in the first of CELLS to which it applies, with the engine's default settings and budget.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import torch

from verify import Claim, Result, Verdict
from verify._conjectures import load_conjectures
from verify._counterexample import write_whole
from verify._engine import CellRun
from verify._events import Cell
from verify._inputs import Inputs, Settings

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
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


class _Unshrunk(CellRun):
    """A run that stops at the confirmed violation; shrinking never takes a refutation back, it only takes time."""

    def _refuted(self, claim, example, outcome, result):  # type: ignore[no-untyped-def]
        result.verdict = Verdict.SUPPORTED if claim.negative else Verdict.REFUTED
        result.detail = outcome.how


def planted(kind: str) -> list[tuple[str, Claim]]:
    """(topic, claim) of every conjecture planted as "false" or "true"."""
    files = sorted(HERE.glob(f"{kind}_*.py"))
    return [(path.stem.removeprefix(f"{kind}_"), claim) for path in files for claim in load_conjectures(path)]


def by_cell(claims: Sequence[Claim]) -> dict[Cell, list[Claim]]:
    """Every claim under the first cell to which it applies."""
    groups: dict[Cell, list[Claim]] = defaultdict(list)
    for claim in claims:
        groups[next(cell for cell in CELLS if claim.applies(cell.depth, cell.order, cell.chain))].append(claim)
    return groups


def judge(kind: str, seed: int, *, shrink: bool = False, topics: Sequence[str] = ()) -> list[Result]:
    """The verdicts on all planted conjectures of a kind with one seed."""
    torch.set_num_threads(1)
    results: list[Result] = []
    claims = [claim for topic, claim in planted(kind) if not topics or topic in topics]
    for cell, group in by_cell(claims).items():
        run = (CellRun if shrink else _Unshrunk)(group, Inputs(cell, Settings(seed=seed)))
        results += [run.judge(claim) for claim in group]
    return results


def is_false_verdict(kind: str, result: Result) -> bool:
    """Whether the engine said the opposite of the truth."""
    return result.verdict in DECIDED if kind == "false" else result.verdict is Verdict.REFUTED


Verdicts = dict[str, dict[str, str]]  # kind -> claim -> verdict
Tally = dict[str, dict[str, Counter[str]]]  # kind -> claim -> verdict -> count


def fingerprint() -> str:
    """A digest of everything that a verdict depends on; verdicts of other sources are not continued."""
    digest = sha256()
    for room in ("theory", "numerics", "verify", "tests/power"):
        for path in sorted((ROOT / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def kept(path: Path) -> dict[int, Verdicts]:
    """The verdicts that an earlier, interrupted run of the same sources left, by seed."""
    if not path.exists():
        return {}
    document = json.loads(path.read_text())
    if document["sources"] != fingerprint():
        return {}
    return {int(seed): verdicts for seed, verdicts in document["seeds"].items()}


def keep(path: Path, seeds: dict[int, Verdicts]) -> None:
    """Write the verdicts so far, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"sources": fingerprint(), "seeds": seeds}))


def verdicts_of(kind: str, seed: int) -> dict[str, str]:
    """claim -> verdict for one seed."""
    return {result.id: result.verdict.value for result in judge(kind, seed)}


def over_seeds(
    seeds: int, minutes: float, jobs: int, path: Path, *, shrink: bool = False
) -> tuple[dict[int, Verdicts], list[Result]]:
    """The verdicts of every seed judged in the time (kept in `path`), and the shrunk counterexamples of seed 0."""
    deadline = time.monotonic() + 60 * minutes
    done = {seed: verdicts for seed, verdicts in kept(path).items() if seed < seeds}
    if done:
        print(f"continuing: {len(done)} seeds are in {path}", file=sys.stderr, flush=True)
    left = [seed for seed in range(seeds) if seed not in done]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        shrunk = pool.submit(judge, "false", 0, shrink=True) if shrink else None
        for start in range(0, len(left), jobs):
            if time.monotonic() > deadline and done:
                break
            batch = left[start : start + jobs]
            futures = {(kind, seed): pool.submit(verdicts_of, kind, seed) for seed in batch for kind in KINDS}
            done |= {seed: {kind: futures[kind, seed].result() for kind in KINDS} for seed in batch}
            keep(path, done)
            wrong = {kind: _wrong(kind, counts) for kind, counts in tally_of(done).items()}
            print(f"{len(done)} of {seeds} seeds; false verdicts so far: {wrong}", file=sys.stderr, flush=True)
        return done, shrunk.result() if shrunk else []


def tally_of(done: dict[int, Verdicts]) -> Tally:
    """kind -> claim -> verdict -> in how many seeds."""
    tally: Tally = {kind: defaultdict(Counter) for kind in KINDS}
    for verdicts in done.values():
        for kind in KINDS:
            for identity, verdict in verdicts[kind].items():
                tally[kind][identity][verdict] += 1
    return tally


def _wrong(kind: str, tally: dict[str, Counter[str]]) -> list[str]:
    if kind == "false":
        return [i for i, c in tally.items() if any(c[v.value] for v in DECIDED)]
    return [i for i, c in tally.items() if c[Verdict.REFUTED.value]]


def report(done: int, tally: Tally, shrunk: list[Result], seconds: float) -> Iterator[str]:
    """The figures as Markdown."""
    yield "# What the verdicts are worth\n"
    yield "Written by `make power`; do not edit. Planted conjectures from `tests/power`, default settings.\n"
    refuted = {i: c[Verdict.REFUTED.value] / c.total() for i, c in tally["false"].items()}
    accepted = sum(c[v.value] for c in tally["false"].values() for v in DECIDED)
    judged_false = sum(c.total() for c in tally["false"].values())
    judged_true = sum(c.total() for c in tally["true"].values())
    wrong = sum(c[Verdict.REFUTED.value] for c in tally["true"].values())
    undecided = sum(c[Verdict.INCONCLUSIVE.value] for c in tally["true"].values())
    other = sum(c[v] for c in tally["true"].values() for v in ("ERROR", "VACUOUS"))
    yield f"{done} seeds; the last run took {seconds / 60:.1f} minutes on this machine.\n"
    yield "| | conjectures | verdicts | figure |\n|---|---|---|---|"
    yield f"| false, REFUTED | {len(refuted)} | {judged_false} | {sum(refuted.values()) / len(refuted):.2%} |"
    yield f"| false, wrongly PROVED, EXACT or SUPPORTED | | | {accepted} of {judged_false} |"
    often = sum(rate >= 0.95 for rate in refuted.values())
    yield f"| false, refuted in at least 95 % of the seeds | | | {often} of {len(refuted)} |"
    yield f"| true, wrongly REFUTED | {len(tally['true'])} | {judged_true} | {wrong} of {judged_true} |"
    yield f"| true, INCONCLUSIVE | | | {undecided / judged_true:.2%} |"
    yield f"| true, ERROR or VACUOUS | | | {other} of {judged_true} |\n"
    yield from _exceptions(tally, refuted)
    if shrunk:
        yield from _shrink_sizes(shrunk)


def _exceptions(tally: Tally, refuted: dict[str, float]) -> Iterator[str]:
    yield "## Every conjecture that was not judged as it should be in every seed\n"
    rows = [("false", i) for i, rate in refuted.items() if rate < 1]
    rows += [("true", i) for i, c in tally["true"].items() if sum(c[v.value] for v in DECIDED) < c.total()]
    if not rows:
        yield "None.\n"
        return
    yield "| planted | conjecture | verdicts |\n|---|---|---|"
    for kind, identity in rows:
        yield f"| {kind} | {identity} | {', '.join(f'{n} {v}' for v, n in tally[kind][identity].most_common())} |"
    yield ""


def _shrink_sizes(shrunk: list[Result]) -> Iterator[str]:
    found = [r for r in shrunk if r.counterexample]
    entries = [_product(r.counterexample["sizes"]) for r in found if r.counterexample]
    cores = [_product(r.counterexample["ranks"]) for r in found if r.counterexample]
    yield "## Shrunk counterexamples (seed 0)\n"
    yield f"{len(found)} counterexamples. Entries of the tensor: median {median(entries):g}, largest {max(entries)}."
    yield f"Entries of the core: median {median(cores):g}, largest {max(cores)}.\n"
    yield "| conjecture | sizes | core | seconds |\n|---|---|---|---|"
    for r in sorted(found, key=lambda r: -_product(r.counterexample["sizes"] + r.counterexample["ranks"])):  # type: ignore[index]
        c = r.counterexample or {}
        yield f"| {r.id} | {'x'.join(map(str, c['sizes']))} | {'x'.join(map(str, c['ranks']))} | {r.seconds:.1f} |"


def _product(sizes: Sequence[int]) -> int:
    return int(torch.tensor(sizes).prod())


def main(words: Sequence[str]) -> int:
    """Judge, print, write; 1 when there was a false verdict."""
    keys = {"seeds": "100", "minutes": "10", "jobs": "2", "shrink": "yes", "write": "", "keep": "out/power.json"}
    for word in words:
        name, _, value = word.partition("=")
        if name not in keys or not value:
            print(f"unknown {word!r}; keys: {', '.join(f'{k}={v}' for k, v in keys.items())}", file=sys.stderr)
            return 2
        keys[name] = value
    started = time.perf_counter()
    numbers = int(keys["seeds"]), float(keys["minutes"]), int(keys["jobs"])
    done, shrunk = over_seeds(*numbers, Path(keys["keep"]), shrink=keys["shrink"] == "yes")
    seconds = time.perf_counter() - started
    tally = tally_of(done)
    text = "\n".join(report(len(done), tally, shrunk, seconds)) + "\n"
    print(text)
    if keys["write"]:
        Path(keys["write"]).write_text(text)
    return int(any(_wrong(kind, tally[kind]) for kind in tally))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
