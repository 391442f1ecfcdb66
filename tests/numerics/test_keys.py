"""key=value arguments: lists, ranges, and errors of one line with the closest match."""

from typing import Literal

import pydantic
import pytest

from numerics import Experiment, IntegerList, UsageError, integer_list, parse_keys
from numerics.__main__ import main as run_numerics
from numerics.experiments import STUDIES
from verify.__main__ import main as run_verify
from verify._config import Config


class Keys(pydantic.BaseModel):
    depth: IntegerList = (2,)
    chain: Literal["column", "mode", "gate"] = "column"
    observed: float = pydantic.Field(default=1.0, gt=0, le=1)
    data: str | None = None


def test_values_are_parsed_and_defaults_kept():
    keys = parse_keys(["depth=1..3,5", "observed=0.3", "data=a=b.npy"], Keys)
    assert keys == Keys(depth=(1, 2, 3, 5), observed=0.3, data="a=b.npy", chain="column")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1..6", (1, 2, 3, 4, 5, 6)), ("2,3,4", (2, 3, 4)), ("0..1, 4", (0, 1, 4)), ("7", (7,)), ("-1..1", (-1, 0, 1))],
)
def test_ranges_include_both_ends_and_mix_with_lists(text, numbers):
    assert integer_list(text) == numbers


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("dpeth=3", "unknown key 'dpeth'; did you mean 'depth'"),
        ("depth", "expected key=value, got 'depth'; did you mean depth=...?"),
        ("depth=two", "depth=two: 'two' is not an integer or a range"),
        ("depth=1.5", "is not an integer or a range"),
        ("depth=6..1", "the range 6..1 is empty"),
        ("depth=", "is not an integer"),
        ("chain=colum", "did you mean 'column'"),
        ("observed=lots", "observed=lots: input should be a valid number"),
        ("observed=2", "observed=2: input should be less than or equal to 1"),
        ("=3", "expected key=value"),
    ],
)
def test_a_bad_argument_is_one_line_that_says_what_to_change(argument, words):
    with pytest.raises(UsageError) as caught:
        parse_keys([argument], Keys)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_given_twice_is_refused():
    with pytest.raises(UsageError, match="'depth' is given twice"):
        parse_keys(["depth=1", "depth=2"], Keys)


@pytest.mark.parametrize("program", [run_numerics, run_verify])
def test_the_help_names_every_key_with_its_choices_and_every_experiment(program, capsys):
    assert program(["help"]) == 0
    shown = capsys.readouterr().out
    if program is run_verify:
        assert all(f"  {field.alias or name}=" in shown for name, field in Config.model_fields.items())
        return
    assert all(f"  {name}=" in shown for name in Experiment.model_fields)
    assert "std, slice, end-to-end, sigma [slice]" in shown
    assert all(f"  {name} " in shown for name in STUDIES)
