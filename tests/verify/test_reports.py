"""The HTML page, bad conjecture files, and runs that are cut short."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from verify import Verdict
from verify._events import Cell, ClaimJudged, RunFinished, RunStarted
from verify._formula import formula
from verify._html import HtmlFile
from verify._outputs import JsonFile
from verify._terminal import LAST_LINE, Terminal
from verify._verdict import Result

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VOID = {"meta", "br", "mspace", "line", "circle", "rect"}

BAD = """
import random, sys, time
from verify import State, conjecture, equal

@conjecture
def good(state: State):
    return equal(state.core, state.core)

@conjecture
def returns_nothing(state: State):
    state.core

@conjecture
def returns_a_number(state: State):
    return 3.0

@conjecture
def raises(state: State):
    return equal(1 / 0, state.core)

@conjecture
def random_each_time(state: State):
    return equal(state.core * random.random(), 2 * state.core)

@conjecture
def never_ends(state: State):
    while True:
        pass

@conjecture
def prints(state: State):
    print("NOISE")
    return equal(state.core, state.core)

@conjecture
def mutates(state: State):
    state.core.mul_(2)
    return equal(state.core, state.core)

@conjecture
def exits(state: State):
    sys.exit(0)
"""


def verify(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "verify", *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_every_bad_conjecture_is_an_error_with_its_line_and_the_others_finish(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text(BAD)
    done = verify("conjectures=bad.py", "depth=1", "order=2", "examples=10", "budget=2", "json=r.json", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "NOISE" not in done.stdout
    claims = {claim["id"]: claim for claim in json.loads((tmp_path / "r.json").read_text())["claims"]}
    fine = {"good", "prints"}
    assert {name for name, claim in claims.items() if claim["verdict"] == "EXACT"} == fine
    assert {name for name, claim in claims.items() if claim["verdict"] == "ERROR"} == set(claims) - fine
    assert len(claims) == 9
    for name, claim in claims.items():
        if name not in fine | {"never-ends"}:
            assert "bad.py:" in claim["detail"], (name, claim["detail"])
    assert "budget" in claims["never-ends"]["detail"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\ndef f(:\n", "bad.py:2: syntax error"),
        ("x = 1\n\nx / 0\n", "bad.py:3: importing it failed: ZeroDivisionError"),
        (
            "from verify import *\n@conjecture\ndef untyped(state): ...\n",
            "bad.py:2: conjecture untyped (line 2) must type",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_and_the_other_file_is_judged(
    text: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.py").write_text(text)
    (tmp_path / "fine.py").write_text(
        "from verify import *\n@conjecture\ndef fine(state: State): return at_most(0, state.loss)\n"
    )
    words = ["conjectures=bad.py,fine.py", "depth=1", "order=2", "examples=5", "json=r.json"]
    done = verify(*words, cwd=tmp_path)
    assert done.returncode == 3
    claims = {claim["id"]: claim for claim in json.loads((tmp_path / "r.json").read_text())["claims"]}
    assert claims.pop("fine")["verdict"] == "SUPPORTED"
    (broken,) = claims.values()
    assert broken["verdict"] == "ERROR"
    assert says in broken["detail"]


def test_a_reader_that_leaves_early_gets_no_traceback_and_no_green_exit(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "verify", "--help"], cwd=tmp_path, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_cut_short_leaves_valid_files_and_never_exits_zero(
    number: signal.Signals, tmp_path: Path
) -> None:
    (tmp_path / "slow.py").write_text(BAD)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    words = ["conjectures=slow.py", "depth=1", "order=2", "examples=10", "budget=60", "json=r.json", "html=r.html"]
    process = subprocess.Popen(
        [sys.executable, "-m", "verify", *words], cwd=tmp_path, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 90
    report = tmp_path / "r.json"
    while time.monotonic() < deadline:  # until it hangs in the conjecture that never ends
        if report.exists() and len(json.loads(report.read_text())["claims"]) >= 5:
            break
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(60) == (130 if number == signal.SIGINT else -signal.SIGKILL)
    document = json.loads(report.read_text())
    assert document["complete"] is False
    assert document["exit_code"] == (130 if number == signal.SIGINT else None)
    assert len(document["claims"]) >= 5
    page = (tmp_path / "r.html").read_text()
    assert "incomplete" in page.lower()
    assert 'class="banner good"' not in page


class Balance(HTMLParser):
    """Checks that every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not any(name in ("src", "href") for name, _ in attrs), "an external resource"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def result(verdict: Verdict = Verdict.SUPPORTED) -> Result:
    samples = [{"measured": 2.0 * k, "predicted": 2.0 * k, "worst": 1e-15, "allowed": 1e-14} for k in range(1, 9)]
    return Result(
        "power-law", "The rate obeys dg/dt = g^K <-grad L, W_{n,r}> & more", "paper", verdict, 2, 3, "column",
        examples=8, rejected=3, worst=1e-15, allowed=1e-14, observed_order=1.0, samples=samples, statement="Words <b>.",
    )  # fmt: skip


def test_the_page_is_well_formed_self_contained_and_never_green_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    listener = HtmlFile(path)
    told = (
        RunStarted({"depth": [2]}, (Cell(2, 3, "column"),), 1),
        ClaimJudged(result()),
        RunFinished(130, 1.0, interrupted=True),
        RunFinished(0, 1.0),
    )
    for event in told:
        listener(event)
        text = path.read_text()
        parser = Balance()
        parser.feed(text)
        assert not parser.open
        assert not {"script", "link", "img", "iframe"} & set(parser.seen)
        assert ('class="banner good"' in text) == (event is told[-1])
        assert LAST_LINE in text
    assert {"math", "mfrac", "msup", "svg", "details"} <= set(parser.seen)
    assert "Words &lt;b&gt;." in text
    assert "<td>rejected by a hypothesis</td><td>3</td>" in text


@pytest.mark.parametrize("kind", [JsonFile, HtmlFile])
def test_a_grid_of_many_verdicts_is_not_written_whole_after_each(kind, tmp_path: Path, monkeypatch) -> None:
    clock = [0.0]
    writings = []

    def slow(path: Path, text: str) -> None:
        clock[0] += 0.5
        writings.append(text)

    monkeypatch.setattr("verify._outputs.write_whole", slow)
    monkeypatch.setattr("verify._outputs.time.monotonic", lambda: clock[0])
    listener = kind(tmp_path / "r")
    listener(RunStarted({"depth": [2]}, (Cell(2, 3, "column"),), 200))
    for place in range(200):
        clock[0] += 0.1  # a tenth of a second a verdict, half a second a report
        listener(ClaimJudged(result(), place))
    listener(RunFinished(0, 1.0))
    assert 0.5 * len(writings) < 1 + 0.5 + 0.5 + 0.07 * clock[0]
    assert len(writings) > 3
    assert writings[-1].count("power-law" if kind is JsonFile else "<summary>") == 200


def test_formulas_become_mathml() -> None:
    assert "<msup><mi>g</mi><mi>K</mi></msup>" in formula("g^K")
    assert "<msub><mi>W</mi><mrow><mi>n</mi><mo>,</mo><mi>r</mi></mrow></msub>" in formula("W_{n,r}")
    assert "⟨" in formula("<-grad L, W>")
    assert "≤" in formula("a <= b")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium found; apt-get install chromium")
@pytest.mark.parametrize("width", [1200, 500])
def test_the_page_fits_a_real_browser(width: int, tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    listener = HtmlFile(path)
    for event in (RunStarted({"depth": [2]}, (Cell(2, 3, "column"),), 1), ClaimJudged(result()), RunFinished(0, 1.0)):
        listener(event)
    probe = "<script>document.title = document.documentElement.scrollWidth + ' of ' + window.innerWidth</script></body>"
    text = path.read_text().replace("<details>", "<details open>").replace("</body>", probe)
    path.write_text(text)
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --dump-dom "
        f"--user-data-dir={tmp_path}/profile --window-size={width},900"
    )
    done = subprocess.run(
        [str(CHROMIUM), *flags.split(), path.as_uri()], capture_output=True, text=True, timeout=120, check=False
    )
    needed, _, given = done.stdout.split("<title>")[1].split("</title>")[0].partition(" of ")
    assert int(needed) <= int(given), "the page scrolls sideways"


def test_a_grid_of_any_size_shows_every_claim_by_name_and_every_letter_once(capsys):
    # more columns than one table of 150 characters can hold
    cells = [Cell(k, n, chain) for chain in ("column", "mode", "gate") for n in (2, 3, 4, 5) for k in (0, 1, 2, 5)]
    names = ["a-claim", "singular-values-of-unfoldings-do-not-obey-the-power-law-at-order-three-and-more"]
    terminal = Terminal()
    terminal(RunStarted(cells=tuple(cells), claims=2 * len(cells), config={}))
    place = 0
    for cell in cells:
        for name, verdict in zip(names, (Verdict.PROVED, Verdict.REFUTED), strict=True):
            if verdict is Verdict.PROVED or cell.depth:
                result = Result(name, "", "", verdict, cell.depth, cell.order, cell.chain)
                terminal(ClaimJudged(result=result, place=place))
                place += 1
    terminal(RunFinished(seconds=1.0, exit_code=1))
    rows = [[part.strip() for part in line.split("|")] for line in capsys.readouterr().out.splitlines()]
    letters = {name: [r for row in rows if len(row) > 1 and row[1] == name for r in row[2:-1]] for name in names}
    assert letters == {names[0]: ["PPPP"] * 12, names[1]: [".XXX"] * 12}
    heads = [part for row in rows for part in row if " N=" in part]
    assert heads == [f"{chain} N={n}" for chain in ("column", "mode", "gate") for n in (2, 3, 4, 5)]


def told_by_terminal(capsys, *results: Result) -> str:
    terminal = Terminal()
    terminal(RunStarted({"depth": [2]}, (Cell(2, 3, "column"),), len(results)))
    for place, each in enumerate(results):
        terminal(ClaimJudged(each, place))
    terminal(RunFinished(0, 1.0))
    return capsys.readouterr().out


def test_a_row_shows_kept_inputs_and_the_rejected_and_undecided_ones_where_there_are_some(capsys):
    some, none = result(), result()
    some.undecided, none.rejected, none.id = 2, 0, "another"
    text = told_by_terminal(capsys, some, none)
    rows = [[part.strip() for part in line.split("|")] for line in text.splitlines() if "|" in line]
    head = next(row for row in rows if "claim" in row)
    by_name = {row[head.index("claim")]: dict(zip(head, row, strict=True)) for row in rows if len(row) == len(head)}
    names = ("kept", "rejected", "undecided")
    assert [by_name["power-law"][name] for name in names] == ["8", "3", "2"]
    assert [by_name["another"][name] for name in names] == ["8", "", ""]
    assert max(map(len, text.splitlines())) <= 150
    alone = told_by_terminal(capsys, none)
    assert "kept" in alone
    assert "rejected" not in alone


def test_the_line_of_an_open_verdict_counts_inputs_without_a_number_and_at_kinks(capsys):
    left = result(Verdict.INCONCLUSIVE)
    left.undefined, left.kinks, left.detail = 4, 1, "not a number in 3 entries"
    assert "not a number in 3 entries [8 kept; 3 rejected, 4 not a number, 1 at kinks]" in told_by_terminal(
        capsys, left
    )


def test_json_and_page_say_what_was_drawn_and_how_many_inputs_were_kept(tmp_path: Path) -> None:
    one = result()
    one.undecided, one.undefined, one.kinks = 1, 2, 4
    one.drawn = {
        "mode sizes": [1, 12],
        "time": [0.0625, 16.0],
        "optimizer": "gd",
        "kinds": {"plain": 5},
        "<odd>": [3, 3],
    }
    for kind in (JsonFile, HtmlFile):
        listener = kind(tmp_path / kind.__name__)
        for event in (RunStarted({"depth": [2]}, (Cell(2, 3, "column"),), 1), ClaimJudged(one), RunFinished(0, 1.0)):
            listener(event)
    (claim,) = json.loads((tmp_path / "JsonFile").read_text())["claims"]
    wanted = {"examples": 8, "rejected": 3, "undecided": 1, "undefined": 2, "kinks": 4}
    assert {name: claim[name] for name in wanted} == wanted
    assert claim["drawn"] == one.drawn
    page = (tmp_path / "HtmlFile").read_text()
    assert "8 kept, 3 rejected, 1 undecided" in page
    rows = {
        "mode sizes": "1 to 12",
        "time": "0.0625 to 16",
        "optimizer": "gd",
        "kinds": "5\u00a0plain",
        "&lt;odd&gt;": "3",
    }
    for name, words in rows.items():
        assert f"<td>{name}</td><td>{words}</td>" in page
