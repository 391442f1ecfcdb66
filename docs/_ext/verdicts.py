"""Judge the built-in claims at depth 4 and keep, for the site, what each cell says: python docs/_ext/verdicts.py."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "verdicts.json"
KEYS = ("depth=4", "order=2,3", "chain=column,mode,gate")
KEPT = ("id", "verdict", "range", "depth", "order", "chain", "examples")


def command() -> str:
    """What a reader types to judge the same cells."""
    return " ".join(["python -m verify", *KEYS])


def recorded() -> list[dict[str, Any]]:
    """The verdicts of the last recorded run, one entry a claim and cell."""
    found: list[dict[str, Any]] = json.loads(FILE.read_text())["claims"]
    return found


def main() -> int:
    """Run the engine in a process of its own; write the file only if the run was complete."""
    with tempfile.TemporaryDirectory() as out:
        result = Path(out) / "result.json"
        run = [sys.executable, "-m", "verify", *KEYS, f"json={result}", f"out={out}"]
        subprocess.run(run, check=False)  # a refuted claim is a result, too
        document = json.loads(result.read_text())
    if not document["complete"]:
        print("the run was not complete; nothing written", file=sys.stderr)
        return 1
    claims = [{key: claim[key] for key in KEPT} for claim in document["claims"]]
    lines = ",\n".join(f"  {json.dumps(claim)}" for claim in claims)
    FILE.write_text(f'{{\n "command": {json.dumps(command())},\n "claims": [\n{lines}\n ]\n}}\n')
    return 0


if __name__ == "__main__":
    sys.exit(main())
