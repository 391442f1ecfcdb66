"""pytest: keep the conjectures of a paper under test.

In conftest.py, `pytest_plugins = ["verify.plugin"]`; then

    def test_power_law(check_conjecture):
        check_conjecture(slice_norms_obey_the_power_law, depth=3)

Nothing is loaded, and nothing is slower, in test suites that do not ask for the plugin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ._check import check
from ._claim import Claim
from ._events import in_short
from ._terminal import describe
from ._verdict import Result, Verdict


@pytest.fixture
def check_conjecture() -> Callable[..., Result]:
    """A function that judges a conjecture and fails the test unless it is PROVED, EXACT or SUPPORTED.

    Its keywords are those of `verify.check`: depth, order, chain, examples, paths, seed, budget, sizes.
    """

    def judge(claim: Claim, **keywords: Any) -> Result:
        if not isinstance(claim, Claim):
            pytest.fail(f"check_conjecture takes a function decorated with @conjecture, not {claim!r}", pytrace=False)
        result = check(claim, **keywords)
        if result.verdict is Verdict.REFUTED:
            pytest.fail(describe(result), pytrace=False)
        if result.verdict not in (Verdict.PROVED, Verdict.EXACT, Verdict.SUPPORTED):
            cell = in_short(result.model, result.depth, result.order, result.chain, result.loss)
            pytest.fail(f"{result.verdict.value} {result.id} ({cell}): {result.detail}", pytrace=False)
        return result

    return judge
