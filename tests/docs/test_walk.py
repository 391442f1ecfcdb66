"""The tutorial and the how-to pages, done literally: files written, commands run, output compared but for figures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<kind>python|console|text)\n(?P<body>.*?)```", re.DOTALL)
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
}


def words(text: str) -> list[str]:
    """Lines of a run without what differs between machines: figures, rules, column widths, ellipses."""
    plain = re.sub(r"\b[0-9a-f]{8}\b", "0", text)  # hashes
    lines = [re.sub(r"\d[\d.e+-]*", "#", re.sub(r"[-=+]{3,}|\|", " ", line)) for line in plain.splitlines()]
    return [" ".join(line.split()) for line in lines if line.strip() and " ".join(line.split()) not in ("...", "")]


def walk(page: Path, where: Path) -> None:
    """Do what a page says, block by block."""
    printed = ""
    program = ""
    for block in BLOCK.finditer(page.read_text()):
        body, named = block["body"], re.findall(r"`([\w.]+\.py)`", block["before"])
        if block["kind"] == "python":
            program = body
            if named:
                (where / named[-1]).write_text(body)
        elif block["kind"] == "console":
            program, printed = "", ""
            for command in re.findall(r"^\$ (.*)$", body, re.MULTILINE):
                if "activate" not in command:
                    done = subprocess.run(
                        command, shell=True, cwd=where, env=ENVIRONMENT, capture_output=True, text=True
                    )
                    printed += done.stdout
                    assert "Traceback" not in done.stderr, f"{page.name}: {command}\n{done.stderr}"
        else:
            if program:
                run = [sys.executable, "-c", program]
                printed = subprocess.run(run, cwd=where, env=ENVIRONMENT, capture_output=True, text=True).stdout
            said = words(printed)
            missing = [line for line in words(body) if line not in said]
            assert missing == [], f"{page.name} shows lines that were not printed"


@pytest.mark.parametrize(
    "page", ["howto/conjecture.md", "howto/parametrisation.md", "howto/tensor.md", "howto/cluster_gpu.md"]
)
def test_each_command_of_a_how_to_page_prints_what_the_page_shows(tmp_path: Path, page: str) -> None:
    walk(DOCS / page, tmp_path)


def test_the_tutorial_and_then_pytest_in_a_papers_repository_print_what_the_pages_show(tmp_path: Path) -> None:
    walk(DOCS / "tutorial.md", tmp_path)
    walk(DOCS / "howto" / "pytest.md", tmp_path)
