"""The HTML page of a run with every sort of verdict: what a row says, and how it looks in a real browser."""

import json
import math
import re
import shlex
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path

import pytest
import torch

from numerics import parse_keys
from verify import Descent, Seeds, State, Verdict, at_most, check, conjecture, equal
from verify._config import Config
from verify._formula import formula
from verify._html import page
from verify._pictures import convergence, discrepancies
from verify._verdict import Result

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MINE = """
import torch
from verify import *

@conjecture(title="Slice norms obey dg/dt = g^K <-grad L, W_{n,r} / g^{K+1}>", assumes="balanced")
def the_law(state: State):
    g = state.slice_norms(mode=0)
    return equal(state.rate(lambda s: s.slice_norms(mode=0)), g**state.depth * state.alignment(mode=0))

@conjecture(title="The loss is at most one")
def small_loss(state: State):
    return at_most(state.loss, 1)

@conjecture(title="Cannot be told")
def told(state: State):
    return at_most(torch.special.bessel_j0(state.core.sum()), 1 - 1e-13)

@conjecture(title="The logarithm of nothing")
def nothing(state: State):
    return at_most(torch.log(state.loss - state.loss), state.loss)

@conjecture(title="A mistake")
def mistake(target: Target):
    return equal(target.tensr, 1)

@conjecture(title="Adam learns", optimizer="adam")
def adam(descent: Descent):
    assume(descent.losses[0] > 0)
    return at_most(descent.losses[-1], 1e9)
"""


@pytest.fixture
def written(command) -> tuple[str, list[dict]]:
    """The page of a run, and its verdicts."""
    Path("mine.py").write_text(MINE)
    keys = ("depth=2", "order=2", "examples=30", "paths=12", "jobs=1", "html=r.html", "json=r.json")
    assert command("conjectures=mine.py", *keys).code == 1
    return Path("r.html").read_text(), json.loads(Path("r.json").read_text())["claims"]


def test_every_row_says_what_was_drawn_what_was_kept_and_why_it_is_open(written) -> None:
    text, claims = written
    rows = dict(zip((c["id"] for c in claims), re.findall(r"<details.*?</details>", text, re.DOTALL), strict=True))
    assert [c["verdict"] for c in claims] == [
        "SUPPORTED", "REFUTED", "INCONCLUSIVE", "VACUOUS", "ERROR", "SUPPORTED",
    ]  # fmt: skip
    for claim in claims:
        row = rows[claim["id"]]
        summary = row.partition("</summary>")[0]
        assert f"{claim['examples']} kept" in summary
        reason = f'<span class="why">{escape(claim["detail"])}</span>'
        assert (reason in summary) == (claim["verdict"] in ("INCONCLUSIVE", "VACUOUS", "ERROR"))
        named = dict(re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td></tr>", row))
        wanted = {"about", "kept inputs", "rejected by a hypothesis", "seconds"}
        if claim["examples"]:
            wanted |= {"undecided", "sizes", "ranks", "largest entry of the start", "largest entry of the target"}
        if claim["subject"] == "Descent":
            wanted |= {"step x sharpness at the start", "time x sharpness at the start", "paces"}
            assert named["about"] == "Descent by adam, start: generic"
        assert wanted <= named.keys()
    assert "worst discrepancy" not in rows["mistake"]
    assert "<td>about</td><td>Target</td>" in rows["mistake"]
    assert "100 not a number" in rows["nothing"] or "30 not a number" in rows["nothing"]
    assert "(judged until one violates)" in rows["small-loss"]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium found; apt-get install chromium")
@pytest.mark.parametrize("width", [1400, 500])
def test_in_a_browser_nothing_is_cut_off_and_formulas_begin_at_the_left(written, width, tmp_path) -> None:
    probe = """<script>
    const seen = [], edge = document.body.getBoundingClientRect().right + 1;
    for (const e of document.querySelectorAll('td, span, p, h2, h3, figure, pre, text, summary')) {
      const box = e.getBoundingClientRect();
      if (box.right > edge || box.left < 0) seen.push(e.textContent.slice(0, 30));
    }
    for (const m of document.querySelectorAll('math'))
      if (m.getBoundingClientRect().left > m.parentElement.getBoundingClientRect().left + 1) seen.push('math');
    for (const t of document.querySelectorAll('td:first-child')) {
      const words = document.createRange();
      words.selectNodeContents(t);
      if (words.getBoundingClientRect().height > 30 && innerWidth > 600) seen.push('label ' + t.textContent);
    }
    document.title = seen.join('; ') || 'fine';
    </script></body>"""
    path = tmp_path / "open.html"
    path.write_text(written[0].replace("<details>", "<details open>").replace("</body>", probe))
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        f"--disable-component-update --disable-sync --dump-dom --user-data-dir={tmp_path}/p --window-size={width},900"
    )
    done = subprocess.run(
        [str(CHROMIUM), *flags.split(), path.as_uri()], capture_output=True, text=True, timeout=120, check=False
    )
    assert re.search("<title>(.*?)</title>", done.stdout, re.DOTALL).group(1) == "fine"


def test_dots_are_drawn_over_bars_and_inputs_without_a_number_are_no_dots() -> None:
    @conjecture
    def half(state: State):
        root = torch.sqrt(state.core.sum())
        return at_most(root - root, 1e-300)

    result = check(half, depth=1, order=2, examples=40)
    assert 0 < result.undefined < 40
    assert len(result.samples) == 40 - result.undefined
    picture = discrepancies(result)
    assert picture.rfind("<line") < picture.find("<circle")
    assert "none: at the bottom" in picture


def repeated(config: dict) -> dict:
    """What the command that a page prints, typed into a shell, asks for."""
    printed = unescape(re.search(r"<code>(.*?)</code>", page(config, [], 0, None)).group(1))
    return parse_keys(shlex.split(printed)[3:], Config).as_json()


def test_the_command_of_a_page_repeats_every_key_that_was_given() -> None:
    given = {
        "depth": "2,3", "order": "2,4", "chain": "mode",
        "claims": "euler*,cons?", "conjectures": "my file.py", "examples": "7", "paths": "9", "seed": "11",
        "budget": "2.5",
    }  # fmt: skip
    aside = {"json", "events", "junit", "html", "out", "jobs"}
    real = {"depth": "2,3", "chain": "mode", "data": "my $(data) 'here'*.npy", "observed": "0.25", "seed": "11"}
    assert given.keys() | real.keys() | aside | {"sizes", "model", "loss"} == Config().as_json().keys()
    for config in (
        Config(**given), Config(**real), Config(), Config(sizes="2,3,2"), Config(depth="4", seed="3"),
        Config(data="x.npy"), Config(observed="0.3", data="x.npy"),
    ):  # fmt: skip
        asked = config.as_json()
        assert {k: v for k, v in repeated(asked).items() if k not in aside} == {
            k: v for k, v in asked.items() if k not in aside
        }


def test_the_command_of_a_row_of_real_data_names_its_depth_its_chain_and_how_it_was_trained() -> None:
    config = Config(depth="1,2", data="a.npy", observed="0.7", seed="5").as_json()
    row = Result("it", "it", "", Verdict.SUPPORTED, 2, 3, "mode", examples=1)
    assert "python -m verify depth=2 chain=mode data=a.npy observed=0.7 seed=5" in page(config, [row], 1, None)


def test_the_picture_of_convergence_shows_what_was_measured() -> None:
    @conjecture(assumes="balanced")
    def halves(descent: Descent):
        return equal(descent.series(lambda s: s.tensor), descent.flow.series(lambda s: s.tensor), order=1)

    result = check(halves, depth=1, order=2, paths=3)
    assert result.verdict is Verdict.SUPPORTED
    picture = convergence(result)
    levels = [level for sample in result.samples for level in sample["levels"]]
    assert len(levels) >= 9
    assert picture.count("<circle") == len(levels)
    assert len(set(re.findall(r'cy="([\d.]+)"', picture))) > 3
    low, high = (float(v) for v in re.findall(r">(-?\d+)</tspan>", picture)[:2])
    assert low <= min(math.log10(y) for _, y in levels) <= max(math.log10(y) for _, y in levels) <= high


def test_a_steep_order_is_not_drawn_as_two_and_without_points_nothing_is_drawn() -> None:
    result = Result("it", "it", "", Verdict.SUPPORTED, 1, 2, "column", examples=1, observed_order=3.0)
    assert convergence(result) == ""
    result.samples = [{"levels": ((1.0, 1e-2), (0.1, 1e-5), (0.01, 1e-8))}]
    dots = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', convergence(result))
    assert len(set(dots)) == 3
    assert "median order 3.00" in convergence(result)


def test_a_minus_before_a_gradient_stands_close_to_it() -> None:
    shown = formula("x = <-grad L, W>")
    assert '<mo form="prefix">−</mo><mi>∇</mi><mi>L</mi>' in shown
    assert '<mi>a</mi><mspace width="0.25em"/><mo>−</mo>' in formula("a - b")
    assert "<mi>a</mi><mo>−</mo><mi>b</mi>" in formula("a-b")


def test_the_inputs_of_seeds_are_described_with_their_steps() -> None:
    @conjecture(assumes="small")
    def they_learn(seeds: Seeds):
        return at_most(seeds.fraction(lambda run: run.losses[-1] > 1e9), 0.5)

    drawn = check(they_learn, depth=1, order=2, budget=60.0).drawn
    assert drawn["step x sharpness at the start"][1] > 0
    assert "loss at the end / at the start" not in drawn


def test_a_negative_claim_is_not_confirmed_by_its_own_sentence() -> None:
    result = Result("it", "it", "", Verdict.SUPPORTED, 1, 2, "column", examples=3, detail="2 of 3 inputs are witnesses")
    assert "<p>2 of 3 inputs are witnesses.</p>" in page({}, [result], 1, None)
    refuted = Result("it", "it", "", Verdict.REFUTED, 1, 2, "column", examples=3, detail="75 digits")
    assert "<p>Confirmed by 75 digits.</p>" in page({}, [refuted], 1, None)
