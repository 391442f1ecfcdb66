"""python -m theory depth=4: the derivations, readable; see the usage line for the keys."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from . import notation
from ._catalogue import TOPICS, derivations, model_derivations
from ._deep_tucker import CHAINS
from ._law_count import LawCount, count_laws
from ._law_table import table
from ._models import MODELS
from ._parametrisation import Parametrisation
from ._render import as_json, as_latex, as_text
from .files import why_unwritable, write_whole
from .streams import on_one_line, with_streams

USAGE = (
    "usage: python -m theory [depth=4|K] [order=3] [chain=column|mode|gate]\n"
    "       [model=" + "|".join(MODELS) + "]\n"
    "       [topic=" + "|".join(TOPICS) + "] [sizes=2,2,2]\n"
    "       [format=text|latex|json] [out=FILE]\n"
    "sizes (with topic=conservation) counts all conservation laws at those mode sizes; ranks follow them;\n"
    "topic=conservation out=FILE writes the table of counts; otherwise out=FILE receives what would be printed"
)
LARGEST = {"depth": 512, "order": 12, "size": 6, "unknowns": 130}


class Settings(BaseModel):
    """Validated keys of the command line."""

    model_config = ConfigDict(extra="forbid")
    depth: int | str = 4
    order: int = 3
    chain: str = "column"
    model: str = "tucker"
    topic: str = "all"
    format: str = "text"
    sizes: tuple[int, ...] | None = None
    out: Path | None = None

    @field_validator("depth")
    @classmethod
    def _depth(cls, value: int | str) -> int | str:
        if value == "K":
            return value
        if not isinstance(value, int):
            if not value.isdecimal():
                raise ValueError(f"depth must be an integer >= 0 or K, got {value!r}")
            value = int(value)
        if not 0 <= value <= LARGEST["depth"]:
            raise ValueError(f"depth must lie in 0 .. {LARGEST['depth']} (or be K for every depth), got {value}")
        return value

    @field_validator("order")
    @classmethod
    def _order(cls, value: int) -> int:
        if not 1 <= value <= LARGEST["order"]:
            raise ValueError(f"order must lie in 1 .. {LARGEST['order']}, got {value}")
        return value

    @field_validator("chain", "model", "topic", "format")
    @classmethod
    def _choice(cls, value: str, info) -> str:  # type: ignore[no-untyped-def]
        choices = {"chain": CHAINS, "model": tuple(MODELS), "topic": TOPICS, "format": ("text", "latex", "json")}
        if value not in (allowed := choices[info.field_name]):
            raise ValueError(
                f"{info.field_name}={value!r} is unknown{_closest(value, allowed)}; one of {', '.join(allowed)}"
            )
        return value

    @field_validator("sizes", mode="before")
    @classmethod
    def _sizes(cls, value: object) -> object:
        parts = str(value).split(",")
        if not all(part.strip().isdecimal() and 1 <= int(part) <= LARGEST["size"] for part in parts):
            raise ValueError(f"sizes must be integers 1 .. {LARGEST['size']} with commas between, got {value!r}")
        return tuple(int(part) for part in parts)

    @model_validator(mode="after")
    def _together(self) -> Settings:
        if self.sizes is not None:
            order = MODELS[self.model](1, self.order, self.chain).order  # the same at every depth
            if len(self.sizes) != order:
                raise ValueError(f"sizes has {len(self.sizes)} entries, the order is {order}")
            if self.topic != "conservation":
                raise ValueError("sizes goes with topic=conservation")
            if self.depth == "K":
                raise ValueError("counting laws needs a number for depth, not K")
        if self.depth == "K" and self.model != "tucker":
            raise ValueError(f"depth=K is for model=tucker; give model={self.model} a number")
        return self


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what the keys ask for; 0 when every check holds, 3 when one fails, 2 on bad usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return with_streams("error", lambda: _main(words))


def _main(words: list[str]) -> int:
    if any(word in ("help", "-h", "--help") for word in words):
        print(__doc__, USAGE, sep="\n")
        return 0
    try:
        settings = _parse(words)
        if settings.out is not None and (why := why_unwritable(settings.out)):
            raise ValueError(f"out={settings.out} {why}")
        output, good = _run(settings)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        message = message if first["type"] == "value_error" else f"{key}={first['input']!r}: {message}"
        print(f"error: {message}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"error: {on_one_line(error)}", file=sys.stderr)
        return 2
    if settings.out is not None:
        write_whole(settings.out, output if output.endswith("\n") else output + "\n")
    else:
        print(output)
    return 0 if good else 3


def _parse(words: list[str]) -> Settings:
    pairs: dict[str, str] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            raise ValueError(f"{word!r} is not of the form key=value{_closest(word, tuple(Settings.model_fields))}")
        if key not in Settings.model_fields:
            names = tuple(Settings.model_fields)
            raise ValueError(f"unknown key {key!r}{_closest(key, names)}; keys are {', '.join(names)}")
        if key in pairs:
            raise ValueError(f"key {key!r} is given twice")
        pairs[key] = value
    return Settings(**pairs)  # type: ignore[arg-type]


def _closest(word: str, names: Sequence[str]) -> str:
    match = difflib.get_close_matches(word, names, n=1, cutoff=0.4)
    return f", did you mean {match[0]!r}?" if match else ""


def _run(settings: Settings) -> tuple[str, bool]:
    if settings.topic == "conservation" and settings.out is not None and settings.sizes is None:
        return table(), True
    depth = notation.K if settings.depth == "K" else int(settings.depth)
    if settings.sizes is not None:
        model = MODELS[settings.model](int(settings.depth), settings.order, settings.chain)
        return _count(settings, model)
    if settings.model == "tucker":
        found = derivations(depth, settings.order, settings.chain)
        heading = f"Deep Tucker factorization, depth {settings.depth}, order {settings.order}, chain {settings.chain}"
    else:
        model = MODELS[settings.model](int(settings.depth), settings.order, settings.chain)
        found, heading = model_derivations(model), model.name
    chosen = [d for d in found if settings.topic in ("all", d.topic)]
    if not chosen:
        raise ValueError(f"no derivation of topic {settings.topic!r} applies to {heading}")
    checked = [(d, d.check()) for d in chosen]
    if settings.format == "json":
        output = as_json(settings.model_dump(mode="json"), checked)
    else:
        output = (as_text if settings.format == "text" else as_latex)(heading, checked)
    return output, all(check.holds for _, check in checked)


def _count(settings: Settings, model: Parametrisation) -> tuple[str, bool]:
    assert settings.sizes is not None
    sizes = dict(zip(model.output, settings.sizes, strict=True))
    largest = max(settings.sizes)
    for block in model.blocks:
        for label in block.labels:
            mode = label[1:].partition(".")[0]
            sizes.setdefault(label, sizes.get(f"i{mode}", largest) if settings.model != "matrix" else largest)
    unknowns = sum(_entries(block.labels, sizes) for block in model.blocks)
    if unknowns > LARGEST["unknowns"]:
        raise ValueError(f"{unknowns} unknowns are too many to count laws for; at most {LARGEST['unknowns']}")
    count = count_laws(model, sizes)
    return (count_json(settings, count) if settings.format == "json" else f"{count.model}: {count}"), True


def _entries(labels: Sequence[str], sizes: dict[str, int]) -> int:
    total = 1
    for label in labels:
        total *= sizes[label]
    return total


def count_json(settings: Settings, count: LawCount) -> str:
    """Unknowns, laws supplied, laws counted, complete or not."""
    result = {
        "model": count.model,
        "unknowns": count.unknowns,
        "laws_supplied": count.supplied,
        "laws_counted": count.counted,
        "complete": count.complete,
        "missing_at_most": count.missing,
        "lie_rank": count.lie_rank,
        "label_sizes": dict(count.sizes),
    }
    return json.dumps({"config": settings.model_dump(mode="json"), "conservation": result}, indent=2)


if __name__ == "__main__":
    sys.exit(main())
