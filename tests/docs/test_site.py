"""The site builds without warnings, loads nothing from elsewhere, shows every name, and fits desktop and phone."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from importlib import import_module
from inspect import isclass, isfunction
from pathlib import Path

import pytest
from sympy import Symbol

from theory import CHAINS, derivations

ROOT = Path(__file__).parents[2]
PARTS = ("sphinx", "myst_parser", "furo", "latex2mathml")
ABSENT = [part for part in PARTS if importlib.util.find_spec(part) is None]
pytestmark = pytest.mark.skipif(
    bool(ABSENT), reason=f"not installed: {', '.join(ABSENT)}; pip install 'deep-tucker-verify[docs]'"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning fails the build."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(ROOT / "docs"), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    return out


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    loaded = re.compile(r"""<(?:script|img|iframe)[^>]+src=["']https?:|<link[^>]+stylesheet[^>]+href=["']https?:""")
    assert [page.name for page in site.rglob("*.html") if loaded.search(page.read_text())] == []


@pytest.mark.parametrize("package", ["theory", "numerics", "verify"])
def test_every_public_name_and_documented_method_has_an_anchor(site: Path, package: str) -> None:
    text = (site / f"api-{package}.html").read_text()
    module = import_module(package)
    wanted = [f"{package}.{name}" for name in module.__all__]
    for name in module.__all__:
        thing = getattr(module, name)
        members = vars(thing).items() if isclass(thing) else ()
        wanted += [f"{package}.{name}.{k}" for k, v in members if isfunction(v) and v.__doc__ and not k.startswith("_")]
    assert [name for name in wanted if f'id="{name}"' not in text] == []


@pytest.mark.parametrize("chain", CHAINS)
def test_every_step_is_a_formula_and_none_is_left_raw(site: Path, chain: str) -> None:
    text = (site / f"derivations-{chain}.html").read_text()
    depth = Symbol("K", integer=True, positive=True)
    by_id = {d.id: d for order in (2, 3) for d in derivations(depth, order, chain)}
    formulas = re.findall(r"<math.*?</math>", text, re.DOTALL)
    assert len(formulas) == sum(len(d.steps) for d in by_id.values())
    assert [d.id for d in by_id.values() if f'id="{chain}-{d.id}"' not in text] == []
    visible = unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)))
    assert re.findall(r"\\[A-Za-z]+|\$\$", visible) == []


def test_the_claims_page_shows_a_verdict_and_a_range_for_every_claim(site: Path) -> None:
    from verify.claims import BUILT_IN

    text = (site / "claims.html").read_text()
    assert [claim.id for claim in BUILT_IN if f'id="{claim.id}"' not in text] == []
    for heading in ("verdict", "range", "source"):
        assert len(re.findall(rf"<dt[^>]*>{heading}<", text)) == len(BUILT_IN)
    assert "PROVED (order" in text


MEASURE = """addEventListener('load', () => {
    const scrolls = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
    const boxed = e => e.closest('article') !== e && (scrolls(e) || boxed(e.parentElement));
    const cut = [...document.querySelectorAll('article *')].filter(
        e => e.getBoundingClientRect().right > innerWidth + 1 && !boxed(e));
    const wide = document.documentElement.scrollWidth > innerWidth ? 1 : 0;
    parent.postMessage([location.pathname, cut.length + wide, innerWidth].join(' '), '*');
})"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_screen_and_what_is_wider_scrolls_in_a_box_of_its_own(site: Path, width: int) -> None:
    tell = f"<script>{MEASURE}</script></body>"
    frames = []
    for page in sorted(site.rglob("*.html")):
        copy = page.with_name(f"{page.name}.measured.htm")
        copy.write_text(page.read_text().replace("</body>", tell))
        frames.append(f'<iframe style="width:{width}px;height:900px;border:0" src="{copy.as_uri()}"></iframe>')
    hear = "<script>onmessage = told => document.body.append(`[${told.data}]`)</script>"
    (site / "frames.htm").write_text(f"<body>{hear}{''.join(frames)}</body>")
    browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
    dom = subprocess.run([*browser, (site / "frames.htm").as_uri()], capture_output=True, text=True).stdout
    measured = re.findall(r"\[(\S+) (\d+) (\d+)\]", dom)
    assert len(measured) == len(frames)
    assert {int(inner) for _, _, inner in measured} == {width}
    assert [(page, beyond) for page, beyond, _ in measured if beyond != "0"] == []
