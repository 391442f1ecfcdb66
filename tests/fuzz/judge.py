"""One trial through the command line, in a folder of its own: what is wrong with what it says."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from draw import draw

from verify.__main__ import main
from verify._verdict import Verdict, exit_code

UNFINISHED = "did not finish within its budget"  # an ERROR that says nothing of the claim or the tool
WRONG = {True: ("REFUTED", "ERROR"), False: ("PROVED", "EXACT", "SUPPORTED", "ERROR")}


@dataclass
class Finding:
    """What came of a trial: verdicts counted, as "true SUPPORTED", and one text for everything that must not be."""

    verdicts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def judge(seed: int, number: int, folder: Path, budget: float) -> Finding:
    """Run the trial of a number and compare its verdicts with what is known."""
    trial, finding = draw(seed, number), Finding()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"trial_{seed}_{number}.py"
    words = [*trial.keys, f"budget={budget:g}", "jobs=1", "json=run.json", "html=run.html", "junit=run.xml"]
    if trial.source:
        file.write_text(trial.source)
        words.append(f"conjectures={file.name}")
    code, said = _run(folder, words)
    if said is not None:
        finding.wrong.append(_told("the tool fell over", words, trial.source, said))
        return finding
    claims = json.loads((folder / "run.json").read_text())["claims"]
    verdicts = [Verdict(claim["verdict"]) for claim in claims]
    for claim in claims:
        kind = {True: "true", False: "false", None: "built-in"}[trial.true.get(claim["id"])]
        finding.verdicts[f"{kind} {claim['verdict']}"] += 1
    if code != exit_code(verdicts):
        finding.wrong.append(_told(f"exit code {code} beside {verdicts}", words, trial.source, ""))
    for claim in claims:
        true = trial.true.get(claim["id"], True)
        source = _function(trial.source, claim["id"])
        if claim["verdict"] in WRONG[true] and not claim["detail"].startswith(UNFINISHED):
            what = f"{claim['verdict']} {claim['id']}, which is {'true' if true else 'false'}"
            finding.wrong.append(_told(what, words, source, claim["detail"]))
        elif claim["verdict"] == "REFUTED":
            again, said = _run(folder, ["replay", claim["counterexample"]["path"]])
            if said is not None or again != 1:
                finding.wrong.append(_told(f"{claim['id']} does not replay", words, source, said or f"exit {again}"))
    if trial.source and set(trial.true) != {claim["id"] for claim in claims}:
        finding.wrong.append(_told("a conjecture has no verdict", words, trial.source, ""))
    if not finding.wrong:
        file.unlink(missing_ok=True)
    return finding


def _run(folder: Path, words: list[str]) -> tuple[int, str | None]:
    """Exit code of the tool, and what it said where it fell over."""
    before, heard = Path.cwd(), io.StringIO()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            code = main(words)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return -1, traceback.format_exc()
    finally:
        os.chdir(before)
    text = heard.getvalue()
    fell = "Traceback" in text or "internal error" in text or code == 2  # 3, 4 and 5 are for the verdicts to explain
    return code, text if fell else None


def _function(source: str, claim: str) -> str:
    """Of the source of a trial what one conjecture needs."""
    found = re.search(
        rf"@conjecture\([^\n]*\)\ndef {claim.replace('-', '_')}\(.*?(?=\n@conjecture|\Z)", source, re.DOTALL
    )
    head = source.partition("@conjecture")[0].strip()
    return f"{head}\n\n\n{found.group().strip()}\n" if found else ""


def _told(what: str, words: list[str], source: str, detail: str) -> str:
    parts = [
        f"WRONG: {what}",
        f"  python -m verify {' '.join(words)}",
        *(f"  | {line}" for line in detail.splitlines()),
    ]
    return "\n".join([*parts, source]) if source else "\n".join(parts)
