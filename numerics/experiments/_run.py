"""python -m numerics experiment=NAME profile=quick|full seed=.. out=..: run studies, print findings."""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from numerics._errors import UsageError
from numerics._keys import MAX_SEED, IntegerList, closest, parse_keys
from numerics.experiments._gallery import write_gallery
from numerics.experiments._study import Outcome, Study, run_study
from theory.files import why_no_folder

STUDIES = (
    "paper",
    "confound",
    "mechanism",
    "exponent",
    "optimizers",
    "chains",
    "samples",
    "hard-targets",
    "regularizer",
    "real-data",
)


MAX_BLOCKS = 100  # of seeds: each is every study asked for, once more


class Request(BaseModel):
    """Keys of `python -m numerics experiment=...`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    experiment: str = Field(description="a study, or all")
    profile: Literal["quick", "full", "test"] = Field("quick", description="size of the study")
    seed: IntegerList = Field((0,), description="blocks of seeds, disjoint for different numbers")
    out: Path | None = Field(None, description="folder of table and pictures (default: out/experiments)")
    gallery: Path | None = Field(None, description="folder for the pictures and findings.md of all studies run")
    jobs: int = Field(1, ge=1, description="processes on this machine")
    scheduler: str | None = Field(None, description="address of a Dask scheduler")

    @field_validator("seed")
    @classmethod
    def _seeds(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(seeds) > MAX_BLOCKS:
            raise ValueError(f"{len(seeds)} blocks of seeds are too many; at most {MAX_BLOCKS} at a time")
        if not all(0 <= seed <= MAX_SEED // 1000 for seed in seeds):
            raise ValueError(f"blocks of seeds lie between 0 and {MAX_SEED // 1000}")
        return seeds


def load_study(name: str) -> Study:
    """The study called `name`.

    Raises:
        UsageError: naming the closest one.
    """
    if name not in STUDIES:
        raise UsageError(f"unknown experiment {name!r}{closest(name, STUDIES)} (all, {', '.join(STUDIES)})")
    study = importlib.import_module(f"numerics.experiments.{name.replace('-', '_')}").STUDY
    assert isinstance(study, Study)
    return study


def main(arguments: Sequence[str]) -> int:
    """Run the studies asked for; 0 when all ran, whatever their verdicts: a failed expectation is a finding."""
    request = parse_keys(arguments, Request)
    names = STUDIES if request.experiment == "all" else (request.experiment,)
    studies = [load_study(name) for name in names]
    out = request.out or Path("out") / "experiments"
    for key, folder in (("out", out), ("gallery", request.gallery)):
        if folder is not None and (why := why_no_folder(folder)):
            raise UsageError(f"{key}={folder} {why}")
    outcomes: dict[int, list[Outcome]] = {}
    for seed in request.seed:
        for study in studies:
            folder = out / request.profile / f"seeds-{seed}" / study.name
            outcome = run_study(
                study, profile=request.profile, seed=seed, out=folder, jobs=request.jobs, scheduler=request.scheduler
            )
            outcomes.setdefault(seed, []).append(outcome)
            print(outcome.finding)
            for path in (folder / "table.csv", *outcome.pictures):
                print(f"wrote {path}")
            print(f"{study.name}: {outcome.seconds:.0f} s", file=sys.stderr)
    if request.gallery is not None:
        for path in write_gallery(outcomes, request.gallery):
            print(f"wrote {path}")
    return 0
