"""Keys of `python -m numerics sweep`: those of an experiment, where scalars may be lists or ranges."""

from collections.abc import Sequence
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from numerics._errors import UsageError
from numerics._experiment import Experiment
from numerics._keys import integer_list, parse_keys

MAX_RUNS = 10_000  # of one command: a second one continues the table
LISTS = {"sizes", "rank", "core"}  # keys whose value is itself a list


class SweepKeys(BaseModel):
    """How a sweep is carried out."""

    jobs: int = Field(1, ge=1, description="processes on this machine")
    table: Path = Field(Path("out/sweep.sqlite"), description="table that is added to")
    scheduler: str | None = Field(None, description="address of a Dask scheduler")


def parse_sweep(arguments: Sequence[str]) -> tuple[SweepKeys, list[Experiment]]:
    """The sweep and the experiments of its grid, e.g. depth=1..4 seed=0,1 observed=0.2,0.5 jobs=2.

    Raises:
        UsageError: one line, as for a single experiment.
    """
    mine = [argument for argument in arguments if argument.partition("=")[0] in SweepKeys.model_fields]
    keys = parse_keys(mine, SweepKeys)
    choices: list[list[str]] = []
    for argument in arguments:
        if argument in mine:
            continue
        key, equals, value = argument.partition("=")
        values: Sequence[Any] = [value]
        if equals and key not in LISTS and key in Experiment.model_fields:
            if ".." in value and "/" not in value:
                try:
                    values = integer_list(value)
                except ValueError as error:
                    raise UsageError(f"{argument}: {error}") from None
            elif "," in value:
                values = value.split(",")
        if prod([len(values), *map(len, choices)]) > MAX_RUNS:
            raise UsageError(f"{argument}: the grid has more than {MAX_RUNS} runs; name fewer at a time")
        choices.append([f"{key}={choice}" if equals else argument for choice in values])
    return keys, [parse_keys(combination, Experiment) for combination in product(*choices)]
