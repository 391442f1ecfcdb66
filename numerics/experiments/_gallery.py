"""The gallery: pictures of the first seed block and one table of claims, measurements and verdicts of all blocks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from numerics.experiments._study import Outcome, Verdict, in_words
from theory.files import write_whole, written_whole


def write_gallery(outcomes: Mapping[int, Sequence[Outcome]], folder: Path) -> list[Path]:
    """Copy SVG pictures and write findings.md; a verdict that differs between seed blocks is marked."""
    blocks = sorted(outcomes)
    paths = []
    lines = [
        "# Findings",
        "",
        "Written by `make gallery`; do not edit. Every expectation was written down in code before the run "
        "(`numerics/experiments/`). Measured: mean over seeds and its 95 % Student interval. HOLDS: the interval lies "
        "in the expected range; FAILS: it lies outside; UNDECIDED: it straddles the border, or too few seeds gave a "
        "number. The seed sets are disjoint. About one in twenty intervals misses its mean by chance.",
        *_withdrawn(outcomes[blocks[0]]),
        "",
        "| Experiment | Claim | Expected | " + " | ".join(f"Measured, seed set {b}" for b in blocks) + " | Verdict |",
        "|---|---|---|" + "---|" * len(blocks) + "---|",
    ]
    differing = 0
    for place, outcome in enumerate(outcomes[blocks[0]]):
        for index, first in enumerate(outcome.verdicts):
            same = [outcomes[b][place].verdicts[index] for b in blocks]
            differing += len({v.verdict for v in same}) > 1
            lines.append(_line(outcome.study.name, first, same))
    total = sum(len(outcome.verdicts) for outcome in outcomes[blocks[0]])
    if len(blocks) > 1:
        lines += ["", f"{total - differing} of {total} verdicts are the same in all {len(blocks)} seed sets."]
    for place, outcome in enumerate(outcomes[blocks[0]]):
        lines += ["", f"## {outcome.study.title}", "", outcome.study.question, ""]
        for picture in outcome.pictures:
            if picture.suffix == ".svg":
                target = folder / f"{outcome.study.name}-{picture.name}"
                with written_whole(target) as stream:
                    stream.write(picture.read_bytes())
                paths.append(target)
                lines += [f"![{outcome.study.title}]({target.name})", ""]
        for b in blocks:
            lines += [f"Seed set {b}. {outcomes[b][place].finding}", ""]
    page = folder / "findings.md"
    write_whole(page, "\n".join(lines).rstrip() + "\n")
    return [page, *paths]


def _withdrawn(outcomes: Sequence[Outcome]) -> list[str]:
    """A paragraph that says why some numbers stand in the table without a verdict."""
    reasons = dict.fromkeys(v.expectation.withdrawn for outcome in outcomes for v in outcome.verdicts)
    return [
        line
        for reason in reasons
        if reason
        for line in ("", f"WITHDRAWN: measured, but not judged. {reason[0].upper()}{reason[1:]}.")
    ]


def _line(study: str, first: Verdict, same: Sequence[Verdict]) -> str:
    e = first.expectation
    verdicts = [v.verdict for v in same]
    verdict = verdicts[0] if len(set(verdicts)) == 1 else " / ".join(verdicts) + " (differs)"
    measured = " | ".join(str(v.measured) for v in same)
    return f"| {study}: {e.name} | {e.claim} | {e.statement}: {e.statistic} {in_words(e)} | {measured} | {verdict} |"
