"""The exit code and JUnit's counts of a run follow its verdicts, whatever else is among them."""

from itertools import permutations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from verify import Verdict
from verify._events import ClaimJudged, RunFinished
from verify._outputs import JunitFile
from verify._verdict import Exit, Result, exit_code

GREEN = [Verdict.PROVED, Verdict.EXACT, Verdict.SUPPORTED]


@pytest.mark.parametrize(
    ("worst", "code"),
    [
        ([Verdict.REFUTED, Verdict.ERROR, Verdict.INCONCLUSIVE], Exit.REFUTED),
        ([Verdict.REFUTED], Exit.REFUTED),
        ([Verdict.ERROR, Verdict.VACUOUS], Exit.ERROR),
        ([Verdict.ERROR], Exit.ERROR),
        ([Verdict.INCONCLUSIVE], Exit.UNDECIDED),
        ([Verdict.VACUOUS], Exit.UNDECIDED),
        ([], Exit.OK),
    ],
)
def test_the_worst_verdict_decides_in_whatever_order_they_come(worst, code: int) -> None:
    for verdicts in permutations([*worst, Verdict.PROVED, Verdict.SUPPORTED]):
        assert exit_code(list(verdicts)) == code


def test_green_verdicts_are_green_and_nothing_is_not() -> None:
    assert exit_code(GREEN) == 0
    assert exit_code([]) == Exit.NOTHING


def test_junit_counts_every_verdict_that_is_not_green_once(tmp_path: Path) -> None:
    report = JunitFile(tmp_path / "junit.xml")
    for place, verdict in enumerate([*Verdict, Verdict.INCONCLUSIVE, Verdict.ERROR]):
        report(ClaimJudged(Result(f"claim-{place}", "", "", verdict, 2, 3, "column"), place))
    report(RunFinished(1, 0.1))
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    count = {tag: len(suite.findall(f"testcase/{tag}")) for tag in ("failure", "error", "skipped")}
    assert count == {"failure": 3, "error": 2, "skipped": 1}
    assert suite.attrib | {"tests": "9", "failures": "3", "errors": "2"} == suite.attrib
