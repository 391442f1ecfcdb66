"""Planted conjectures are judged as they should be, with two seeds, and the figures on them are counted rightly;
`make power` judges both halves over many seeds."""

import json
import math
import os
from collections import Counter

import figures
import measures
import pytest
import report
import suite
from suite import Unit

from verify import Verdict

TOPICS = [("paths", 1), *[(topic, seed) for topic in ("rates", "slices", "tensors", "groups") for seed in (1, 2)]]

TRUE = """
from verify import State, conjecture, equal
@conjecture()
def {name}(state: State):
    return equal(state.core, state.core)
"""
FALSE = TRUE.replace("equal(state.core, state.core)", "equal(state.core, 2 * state.core)")
SIZES = '\nVIOLATIONS = {{"{name}": 1e-3}}\n'


def judged_amiss(half, kind, topic, seed):
    results = suite.judge(Unit(half, kind, topic, seed))
    return {r.id: (r.verdict.value, r.detail) for r in results if not suite.is_as_it_should_be(kind, r.verdict)}


def row(verdict, worst=1e-3, detail="", seconds=1.0):
    return {"verdict": verdict, "worst": worst, "detail": detail, "seconds": seconds}


def conjecture(*verdicts, half="planted", kind="false", name="a", declared=None, worst=1e-3):
    return measures.Conjecture(half, kind, name, declared, tuple(row(verdict, worst) for verdict in verdicts))


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A suite of two conjectures a half, "same" in both: false among the planted, true among the outsiders'."""
    monkeypatch.setattr(suite, "HERE", tmp_path)
    (tmp_path / "false_tiny.py").write_text(FALSE.format(name="same"))
    (tmp_path / "true_tiny.py").write_text(TRUE.format(name="holds"))
    (tmp_path / "outside_false_tiny.py").write_text((FALSE + SIZES).format(name="fails"))
    (tmp_path / "outside_true_tiny.py").write_text(TRUE.format(name="same"))
    return tmp_path / "kept.json"


def run(path, *words):
    return figures.main([f"keep={path}", "jobs=1", "minutes=5", "shrink=no", *words])


def interrupted(monkeypatch, path, after):
    """Run with Ctrl-C in the unit that follows the first `after`; what was kept."""
    record_of, begun = figures.record_of, []

    def record(unit):
        begun.append(unit)
        if len(begun) > after:
            raise KeyboardInterrupt
        return record_of(unit)

    with monkeypatch.context() as patch:
        patch.setattr(figures, "record_of", record)
        assert run(path, "seeds=2") == 130
    return list(json.loads(path.read_text())["units"])


def judged(monkeypatch, path, *words):
    """The units that a run judges itself."""
    record_of, begun = figures.record_of, []
    with monkeypatch.context() as patch:
        patch.setattr(figures, "record_of", lambda unit: (begun.append(unit.key), record_of(unit))[1])
        run(path, *words)
    return begun


# -- the suite
@pytest.mark.parametrize(("half", "least"), [("planted", 100), ("outside", 120)])
@pytest.mark.parametrize("kind", suite.KINDS)
def test_every_conjecture_of_the_suite_can_be_read_and_has_a_name_of_its_own(half, least, kind):
    claims = [c for unit in suite.files() if (unit.half, unit.kind) == (half, kind) for c in claims_of(unit)]
    assert [claim.title for claim in claims if claim.function.__name__ == "cannot"] == []  # Claim.broken
    assert Counter(claim.id for claim in claims).most_common(1)[0][1] == 1
    assert len(claims) >= least


def test_every_false_conjecture_of_the_outsiders_has_a_size():
    for unit in suite.files():
        if (unit.half, unit.kind) == ("outside", "false"):
            assert set(suite.declared_sizes(unit)) == {claim.id for claim in claims_of(unit)}


def claims_of(unit):
    return suite.load_conjectures(unit.path)


@pytest.mark.parametrize(("topic", "seed"), TOPICS)
def test_every_planted_false_conjecture_is_refuted(topic, seed):
    assert judged_amiss("planted", "false", topic, seed) == {}


@pytest.mark.parametrize(("topic", "seed"), TOPICS)
def test_every_planted_true_conjecture_is_decided_and_not_refuted(topic, seed):
    assert judged_amiss("planted", "true", topic, seed) == {}


# -- bounds and the curve
@pytest.mark.parametrize("n", [20, 142, 1000])
def test_the_bound_of_none_wrong_is_the_rule_of_three(n):
    assert measures.upper_bound(0, n) == pytest.approx(1 - 0.05 ** (1 / n))
    assert 0.92 * 3 / n < measures.upper_bound(0, n) < 3 / n


@pytest.mark.parametrize("wrong", [1, 3])
def test_the_bound_of_a_rate_leaves_five_percent_below(wrong):
    p, n = measures.upper_bound(wrong, 30), 30
    assert sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(wrong + 1)) == pytest.approx(0.05)


def test_all_wrong_bounds_nothing():
    assert measures.upper_bound(5, 5) == 1


@pytest.mark.parametrize(
    ("size", "at"), [(1.0, 0), (7.0, 0), (0.4, 0), (0.3, -1), (1e-6, -6), (4e-6, -5), (1e-10, -10), (1e-14, -10)]
)
def test_a_size_falls_into_the_bin_of_the_nearest_decade(size, at):
    assert measures.decade(size) == at


def test_the_curve_averages_over_conjectures_and_not_over_verdicts():
    refuted, accepted, undecided = "REFUTED", "SUPPORTED", "INCONCLUSIVE"
    found = measures.curve(
        [
            conjecture(refuted, declared=1e-3),
            conjecture(refuted, undecided, accepted, accepted, declared=2e-3),
            conjecture(refuted, declared=1e-6),
            conjecture(refuted, declared=1e-3, half="outside"),
            conjecture(refuted, declared=1e-3, kind="true"),
            conjecture(undecided),
        ],
        "planted",
    )
    assert found == {
        -3: measures.Bin(2, (1 + 1 / 4) / 2, 1, 1 / 8),
        -6: measures.Bin(1, 1.0, 0, 0.0),
        None: measures.Bin(1, 0.0, 0, 1.0),
    }


def test_the_size_of_a_planted_conjecture_is_the_median_of_what_refuted_it():
    rows = [row("REFUTED", 1e-2), row("REFUTED", 1e-4), row("REFUTED", 1e-3), row("SUPPORTED", 1.0), row("REFUTED", 0)]
    found = measures.Conjecture("planted", "false", "a", None, tuple(rows))
    assert found.size == 1e-3
    assert measures.Conjecture("outside", "false", "a", 1e-7, tuple(rows)).size == 1e-7


@pytest.mark.parametrize(
    ("kind", "verdict", "wrong", "right"),
    [
        *[("false", v, True, False) for v in suite.DECIDED],
        *[("true", v, False, True) for v in suite.DECIDED],
        ("false", Verdict.REFUTED, False, True),
        ("true", Verdict.REFUTED, True, False),
        *[(k, v, False, False) for k in suite.KINDS for v in (Verdict.INCONCLUSIVE, Verdict.VACUOUS, Verdict.ERROR)],
    ],
)
def test_a_verdict_is_wrong_right_or_neither(kind, verdict, wrong, right):
    assert (suite.is_false_verdict(kind, verdict.value), suite.is_as_it_should_be(kind, verdict.value)) == (
        wrong,
        right,
    )


def test_the_page_names_conjectures_judged_wrongly_and_bounds_the_others():
    units = [Unit("planted", "false", "x", seed) for seed in (0, 1)]
    rows = [{"bad": row("SUPPORTED"), "good": row("REFUTED")}, {"bad": row("REFUTED"), "good": row("REFUTED")}]
    done = {unit.key: {"seconds": 1.0, "rows": each} for unit, each in zip(units, rows, strict=True)}
    found = [measures.Conjecture("planted", "false", n, None, tuple(r[n] for r in rows)) for n in ("bad", "good")]
    lines = list(report.report("*", "power.png", units, done, found))
    assert "| planted | false | 2 | 2 | 1 of 2 | 97.5% | 1 of 2 |" in lines
    assert "| planted | false | 1 of 2 | 50.0% | 97.5% | bad |" in lines
    assert "| planted | false | 0 of 2 | 0.0% | 77.6% | 1, each |" in lines
    assert "| planted | false | bad | 1e-03 (recorded) | 1 SUPPORTED, 1 REFUTED | no counterexample found |" in lines


# -- keeping and resuming
def test_all_conjectures_are_judged_with_one_seed_before_the_next_and_shrunk_last():
    units = figures.units(figures.Keys(seeds=2))
    order = [(unit.shrunk, unit.seed) for unit in units]
    assert order == sorted(order)
    assert len({unit.key for unit in units}) == len(units)
    assert {unit.kind for unit in units if unit.shrunk} == {"false"}


def test_an_interrupted_run_is_continued(tiny, monkeypatch):
    assert interrupted(monkeypatch, tiny, 3) == [
        "planted-false-tiny/0", "planted-true-tiny/0", "outside-false-tiny/0",
    ]  # fmt: skip
    assert judged(monkeypatch, tiny, "seeds=2") == [
        "outside-true-tiny/0", "planted-false-tiny/1", "planted-true-tiny/1", "outside-false-tiny/1",
        "outside-true-tiny/1",
    ]  # fmt: skip
    assert judged(monkeypatch, tiny, "seeds=2") == []


def test_verdicts_of_other_sources_are_not_continued(tiny, monkeypatch):
    assert len(interrupted(monkeypatch, tiny, 3)) == 3
    monkeypatch.setattr(figures, "fingerprint", lambda: "other")
    assert len(judged(monkeypatch, tiny, "seeds=1")) == 4
    assert len(json.loads(tiny.read_text())["units"]) == 4


def test_the_fingerprint_covers_what_a_verdict_depends_on_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "ROOT", tmp_path)
    seen = set()
    for path, changes in [
        ("verify/a.py", True), ("numerics/deep/b.py", True), ("theory/c.py", True), ("tests/power/true_x.py", True),
        ("tests/power/figures.py", True), ("tests/power/report.py", False), ("tests/verify/d.py", False),
    ]:  # fmt: skip
        before = figures.fingerprint()
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("1")
        assert (figures.fingerprint() != before) == changes, path
        seen.add(figures.fingerprint())
    assert len(seen) == 5


def test_sources_that_change_during_the_run_end_it(tiny, monkeypatch, capsys):
    prints = iter(["before", "before", "after"])
    monkeypatch.setattr(figures, "fingerprint", lambda: next(prints))
    assert run(tiny, "seeds=1") == 3
    assert "the sources changed" in capsys.readouterr().err
    assert list(json.loads(tiny.read_text())["units"]) == ["planted-false-tiny/0"]


def test_halves_may_use_one_name_for_two_conjectures(tiny, capsys):
    assert run(tiny, "seeds=2") == 0
    units = figures.units(figures.Keys(seeds=2, shrink="no"))
    found = measures.gathered(units, json.loads(tiny.read_text())["units"])
    assert {(c.half, c.kind, c.id): (c.verdicts, c.declared) for c in found} == {
        ("planted", "false", "same"): ({"REFUTED": 2}, None),
        ("planted", "true", "holds"): ({"EXACT": 2}, None),
        ("outside", "false", "fails"): ({"REFUTED": 2}, 1e-3),
        ("outside", "true", "same"): ({"EXACT": 2}, None),
    }


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_unit_of_the_outsiders_that_raises_is_a_row_of_the_page(jobs):
    """There is no such file."""
    gone = Unit("outside", "false", "gone")
    units = [gone, Unit("planted", "false", "rates")]
    done = {unit.key: record for unit, record in figures.records(units, 5, jobs)}
    assert done[gone.key]["error"].startswith("UsageError: conjectures=")
    assert len(done[units[1].key]["rows"]) >= 1
    lines = list(report.report("*", "", units, done, measures.gathered(units, done)))
    assert any(
        line.startswith("| outside | false | all of outside-false-gone/0 | | ERROR | UsageErr") for line in lines
    )


def replace_topic(unit):
    return Unit(unit.half, "true", "groups")


def test_a_unit_that_raised_is_judged_again_by_the_next_run(tiny, monkeypatch):
    judge = suite.judge

    def raises(unit):
        if unit.half == "outside":
            raise RuntimeError("planted | failure")
        return judge(unit)

    with monkeypatch.context() as patch:
        patch.setattr(suite, "judge", raises)
        assert run(tiny, "seeds=1") == 0
    kept = json.loads(tiny.read_text())["units"]
    assert kept["outside-true-tiny/0"] == {"error": "RuntimeError: planted | failure"}
    assert judged(monkeypatch, tiny, "seeds=1") == ["outside-false-tiny/0", "outside-true-tiny/0"]


def dies(unit):
    """In place of record_of: one unit takes its process along."""
    if unit.topic == "deadly":
        os._exit(9)
    return {"seconds": 0.0, "rows": {}}


def test_a_process_that_dies_is_not_the_end_of_the_run(monkeypatch):
    monkeypatch.setattr(figures, "record_of", dies)
    units = [Unit("outside", "true", topic, seed) for seed, topic in enumerate(("deadly", "deadly", "after", "last"))]
    done = {unit.seed: record for unit, record in figures.records(units, 5, 2)}
    assert all(done[seed]["error"].startswith("BrokenProcessPool") for seed in (0, 1))
    assert all("rows" in done[seed] for seed in (2, 3))


# -- the command
@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("sedes=3", "unknown 'sedes=3'; keys and defaults: seeds=100 minutes=10.0 jobs=2"),
        ("seeds", "unknown 'seeds'"),
        ("seeds=many", "'seeds=many': not a number"),
        ("jobs=0", "at least 1"),
        ("shrink=perhaps", "yes or no"),
        ("only=insight-*", "matches none of planted-false-tiny planted-true-tiny"),
    ],
)
def test_a_key_that_is_none_is_one_clear_line(tiny, capsys, word, says):
    assert run(tiny, word) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not tiny.exists()


def test_a_run_without_minutes_writes_what_is_kept_or_says_that_there_is_nothing(tiny, tmp_path, capsys):
    assert run(tiny, "seeds=1", "minutes=0") == 5
    assert "raise minutes=" in capsys.readouterr().err
    assert run(tiny, "seeds=1", "only=*-false-*") == 0
    page = tmp_path / "docs" / "figures.md"
    assert run(tiny, "seeds=1", "minutes=0", f"write={page}") == 0
    assert "2 of 4 units" in page.read_text()
    assert "(figures.png)" in page.read_text()
    assert page.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_a_false_verdict_is_in_the_exit_code(tiny, tmp_path, capsys):
    (tmp_path / "true_tiny.py").write_text(FALSE.format(name="holds"))
    assert run(tiny, "seeds=1") == 1
    assert "FALSE VERDICT on holds" in capsys.readouterr().err


def test_shrunk_counterexamples_stand_on_the_page(tiny, capsys):
    assert run(tiny, "seeds=1", "only=outside-false-*", "shrink=yes") == 0
    assert "| outside | fails | 1x1x1 | 1x1x1 |" in capsys.readouterr().out
