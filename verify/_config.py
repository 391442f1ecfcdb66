"""The configuration of a run: key=value arguments, validated; the closest match stands in the error."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Annotated, Any

import pydantic

from numerics import LOSSES, MAX_SEED, SOURCES, IntegerList, UsageError, WordList, available_bytes
from theory import CHAINS, MODELS

from ._models import check_name, losses_of

MAX_DEPTH = 64  # 2^64 steps of a chain contract quickly, but a float64 product of more blocks under- or overflows
MAX_ORDER = 8
MAX_ENTRIES = 10_000  # of a tensor of sizes=: exact and 75-digit arithmetic takes its entries one by one
EXAMPLE_BYTES, ENTRY_BYTES = 20_000, 200  # what an example takes in memory, measured, and each of its entries
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


ASIDE = ("json", "events", "junit", "html", "out", "jobs")  # keys that change where a run writes, and no verdict


GENERATED = ("order", "sizes", "claims", "conjectures", "examples", "paths", "model", "loss")  # of no use with data=


class Config(pydantic.BaseModel):
    """Keys of `python -m verify`. Source: design 4.1."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    depth: IntegerList = pydantic.Field((4,), description="depths K, e.g. 4 or 1..6 (both ends) or 1,2,8")
    order: IntegerList = pydantic.Field((3,), description="orders N, e.g. 3 or 2,3,4")
    chain: WordList = pydantic.Field(("column",), description=f"parametrisations of a chain: {', '.join(CHAINS)}")
    sizes: IntegerList | None = pydantic.Field(
        None, description="mode sizes to keep to, e.g. 3,3,2 (default: generated)"
    )
    data: str | None = pydantic.Field(None, description=f"a real tensor: {SOURCES}")
    observed: Annotated[float, pydantic.Field(gt=0, le=1)] = pydantic.Field(
        0.5, description="part of the (known) entries observed, with data="
    )
    claims: WordList | None = pydantic.Field(
        None, description="claims to run, own or built-in, with wildcards: 'conservation*' matches topics and ids"
    )
    conjectures: WordList | None = pydantic.Field(
        None, description="files with your own claims; they run alone unless claims= names built-in ones too"
    )
    examples: Annotated[int, pydantic.Field(ge=1, le=1_000_000)] = pydantic.Field(
        100, description="generated tensors per claim about a State or Target"
    )
    paths: Annotated[int, pydantic.Field(ge=1, le=100_000)] = pydantic.Field(
        20, description="generated problems per claim about a Flow or Descent"
    )
    seed: Annotated[int, pydantic.Field(ge=0, le=MAX_SEED)] = pydantic.Field(
        0, description="of the generator; the same seed draws the same tensors"
    )
    budget: Annotated[float, pydantic.Field(gt=0)] = pydantic.Field(
        60.0, description="seconds a claim may take in one cell"
    )
    jobs: Annotated[int, pydantic.Field(ge=1, le=1024)] = pydantic.Field(
        CORES, description="parallel processes (default: one per core); verdicts do not depend on it"
    )
    model: str = pydantic.Field(
        "tucker",
        description=f"what is judged: {', '.join(MODELS)}, or a description as 'A:ir, B:jr -> ij'",
    )
    loss: str | None = pydantic.Field(
        None, description=f"what an entry costs: {', '.join(LOSSES)}, or any (all of them); squared if not given"
    )
    json_: Path | None = pydantic.Field(None, alias="json", description="write the verdicts to this JSON file")
    events: Path | None = pydantic.Field(None, description="append every event to this NDJSON file")
    junit: Path | None = pydantic.Field(None, description="write a JUnit XML file")
    html: Path | None = pydantic.Field(None, description="write one self-contained HTML page")
    out: Path = pydantic.Field(Path("out"), description="folder for counterexamples and pictures")

    @pydantic.field_validator("depth")
    @classmethod
    def _depths(cls, depths: tuple[int, ...]) -> tuple[int, ...]:
        if any(k < 0 for k in depths):
            raise ValueError(f"depth {min(depths)} is negative; depth is 0 (the core alone) or more")
        if any(k > MAX_DEPTH for k in depths):
            raise ValueError(f"depth {max(depths)} is above {MAX_DEPTH}")
        return tuple(dict.fromkeys(depths))

    @pydantic.field_validator("order")
    @classmethod
    def _orders(cls, orders: tuple[int, ...]) -> tuple[int, ...]:
        if any(not 1 <= n <= MAX_ORDER for n in orders):
            raise ValueError(f"orders must lie between 1 and {MAX_ORDER}")
        return tuple(dict.fromkeys(orders))

    @pydantic.field_validator("chain")
    @classmethod
    def _chains(cls, chains: tuple[str, ...]) -> tuple[str, ...]:
        for word in chains:
            if word not in CHAINS:
                raise ValueError(f"{word!r} is not one of {', '.join(CHAINS)}")
        return chains

    @pydantic.field_validator("loss")
    @classmethod
    def _loss(cls, loss: str | None) -> str | None:
        if loss is not None:
            try:
                losses_of(loss)
            except UsageError as error:
                raise ValueError(str(error)) from None
        return loss

    @pydantic.field_validator("model")
    @classmethod
    def _model(cls, model: str) -> str:
        try:
            check_name(model)
        except UsageError as error:
            raise ValueError(str(error)) from None
        return model

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> Config:
        if self.data is None and self.observed != type(self).model_fields["observed"].default:
            raise ValueError(
                f"observed={self.observed} is about the training of a real tensor: "
                "name one with data=, or leave observed= out"
            )
        if self.data is not None and (unused := [key for key in GENERATED if key in self.model_fields_set]):
            raise ValueError(
                f"{unused[0]}= is about generated tensors, and with data= the claims of a real run are judged on its "
                f"own tensor: leave {unused[0]}= or data= out"
            )
        if self.sizes is not None:
            if any(size < 1 for size in self.sizes):
                raise ValueError("sizes must be 1 or more")
            if not 1 <= len(self.sizes) <= MAX_ORDER:
                raise ValueError(f"sizes names {len(self.sizes)} modes; orders must lie between 1 and {MAX_ORDER}")
            if prod(self.sizes) > MAX_ENTRIES:
                raise ValueError(
                    f"a tensor of sizes={','.join(map(str, self.sizes))} has {prod(self.sizes)} entries; "
                    f"at most {MAX_ENTRIES}, since they are looked at in exact arithmetic too"
                )
            if self.order != (len(self.sizes),) and "order" in self.model_fields_set:
                raise ValueError(
                    f"sizes={','.join(map(str, self.sizes))} names {len(self.sizes)} modes "
                    f"but order={','.join(map(str, self.order))}"
                )
            object.__setattr__(self, "order", (len(self.sizes),))
        return self

    def check_memory(self) -> None:
        """Raises: UsageError where the examples asked for do not fit into memory."""
        count, entries = self.examples + 6 * self.paths, prod(self.sizes or (1,))
        need, have = count * (EXAMPLE_BYTES + ENTRY_BYTES * entries) * min(self.jobs, CORES), available_bytes()
        if need > have:
            raise UsageError(
                f"examples={self.examples} paths={self.paths} jobs={self.jobs} need about {need / 2**30:.1f} GiB of "
                f"memory and {have / 2**30:.1f} GiB are free: ask for fewer"
            )

    def as_json(self) -> dict[str, Any]:
        """The configuration as plain data."""
        return self.model_dump(mode="json", by_alias=True)


class ReplayConfig(pydantic.BaseModel):
    """Keys of `python -m verify replay FILE`."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    conjectures: Path | None = pydantic.Field(
        None, description="file that defines the conjecture, if it has moved or changed since"
    )
    budget: Annotated[float, pydantic.Field(gt=0)] = pydantic.Field(60.0, description="seconds that judging may take")


def command_line(config: Mapping[str, Any]) -> str:
    """The command that repeats a run, for a shell: its depth and all keys that are not as they are by default.

    Arguments:
        config: as `Config.as_json` gives it; single numbers may stand for lists.
    """
    usual, words = Config.model_validate({}).as_json(), ["python", "-m", "verify"]
    for key, default in usual.items():
        value = config.get(key, default)
        if value is None or key in ASIDE or (key != "depth" and value in (default, *_only(default))):
            continue
        words.append(f"{key}={','.join(map(str, value)) if isinstance(value, (list, tuple)) else value}")
    return shlex.join(words)


def _only(default: Any) -> list[Any]:
    return list(default) if isinstance(default, list) and len(default) == 1 else []
