"""What the site shows of past runs is about the claims there are; the citation carries the package's version."""

import json
import re
import tomllib
from pathlib import Path

from verify.claims import BUILT_IN

ROOT = Path(__file__).parents[2]


def test_the_recorded_verdicts_are_those_of_every_claim_in_every_cell_where_it_applies() -> None:
    recorded = json.loads((ROOT / "docs" / "verdicts.json").read_text())["claims"]
    there = sorted((c["id"], c["depth"], c["order"], c["chain"]) for c in recorded)
    cells = {cell[1:] for cell in there}
    assert there == sorted((claim.id, *cell) for claim in BUILT_IN for cell in cells if claim.applies(*cell))
    assert {claim.id for claim in BUILT_IN} == {c["id"] for c in recorded}


def test_a_recorded_proof_names_its_range() -> None:
    recorded = json.loads((ROOT / "docs" / "verdicts.json").read_text())["claims"]
    proved = [c for c in recorded if c["verdict"] == "PROVED"]
    assert proved
    assert [c["id"] for c in proved if not (c["range"] or "").strip()] == []


def test_the_citation_carries_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert cited[1].strip("\"'") == version
