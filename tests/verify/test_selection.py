"""What a configuration asks for is what the engine is given."""

import pytest

from numerics import UsageError, parse_keys
from verify import _run
from verify._config import Config
from verify._inputs import Settings
from verify._run import run, select


def test_every_number_of_the_configuration_reaches_the_engine_under_its_own_name(monkeypatch) -> None:
    given: list[Settings] = []
    monkeypatch.setattr(_run, "judge_parts", lambda parts, settings, jobs: given.append(settings) or iter(()))
    config = parse_keys(["examples=31", "paths=17", "seed=5", "budget=7", "sizes=2,3,4"], Config)
    run(config, [])
    assert [(s.examples, s.paths, s.seed, s.budget, s.sizes) for s in given] == [(31, 17, 5, 7.0, (2, 3, 4))]


def test_a_claim_that_two_patterns_name_is_judged_once() -> None:
    once = select(parse_keys(["claims=conservation"], Config))
    twice = select(parse_keys(["claims=conservation,squared-norm*,conservation"], Config))
    assert len(once) >= 5
    assert [claim.id for claim in twice] == [claim.id for claim in once]


def test_a_pattern_names_own_conjectures_too(tmp_path) -> None:
    lines = ["from verify import State, conjecture, equal"]
    for name in ("first", "second"):
        lines += ["@conjecture", f"def {name}_of_mine(state: State):", "    return equal(state.loss, state.loss)"]
    path = tmp_path / "mine.py"
    path.write_text("\n".join(lines) + "\n")

    def chosen(*claims: str) -> list[str]:
        return [claim.id for claim in select(parse_keys([f"conjectures={path}", *claims], Config))]

    assert chosen() == ["first-of-mine", "second-of-mine"]
    assert chosen("claims=second-*") == ["second-of-mine"]
    assert chosen("claims=euler*") == ["first-of-mine", "second-of-mine", "euler-identity-for-every-block"]
    assert chosen("claims=euler*,first*") == ["euler-identity-for-every-block", "first-of-mine"]
    with pytest.raises(UsageError, match="did you mean 'first-of-mine'"):
        chosen("claims=first-of-mime")
