"""What a counterexample file may hold: values within bounds, and the conjecture's text; never code that is run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pydantic

from numerics import OPTIMIZERS, Architecture, UsageError
from theory import CHAINS

from ._config import MAX_DEPTH, MAX_ORDER
from ._keywords import ASSUMPTIONS, SUBJECTS, TRAINED
from ._problem import PACES, model_from_json

FORMAT = 2
MAX_BYTES = 32 << 20  # of a file
MAX_NUMBERS = 200_000  # of the tensor and all blocks: what 75 digits take a minute for
MAX_EXPONENT = 4096
MAX_TEXT = 1 << 20  # of a conjecture file
MAX_TERMS, MAX_SLOTS = 16, 128  # networks of a sum, and places of blocks in one: a deep CP of depth 16 and order 8
NESTING = 64  # brackets within brackets: a block has at most MAX_ORDER + 2


def _one_of(choices: tuple[str, ...]) -> Any:
    def check(word: str) -> str:
        if word not in choices:
            raise ValueError(f"is not one of {', '.join(choices)}")
        return word

    return Annotated[str, pydantic.AfterValidator(check)]


def _printable(word: str) -> str:
    if not word.isprintable():
        raise ValueError("holds characters that cannot be printed")
    return word


Words = Annotated[str, pydantic.StringConstraints(max_length=2000), pydantic.AfterValidator(_printable)]
Real = float | Literal["inf", "-inf", "nan"]  # as `plain` writes what JSON has no number for
Exponent = Annotated[int, pydantic.Field(ge=-MAX_EXPONENT, le=MAX_EXPONENT)]
Sizes = Annotated[list[Annotated[int, pydantic.Field(ge=1, le=MAX_NUMBERS)]], pydantic.Field(max_length=MAX_ORDER)]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="forbid")


class Options(_Strict):
    """Options of an update rule."""

    momentum: float | None = None
    alpha: float | None = None
    betas: Annotated[list[float], pydantic.Field(min_length=2, max_length=2)] | None = None


class Run(_Strict):
    """How a run of a Descent, of Seeds or a Flow went."""

    rule: _one_of((*OPTIMIZERS, "gradient flow"))
    options: Options = Options()
    step: float | None = None
    steps: Annotated[int, pydantic.Field(ge=0, le=10**9)] | None = None
    time: float | None = None
    first_loss: Real | None = None
    final_loss: Real | None = None
    ended: Words | None = None

    @pydantic.model_validator(mode="after")
    def _complete(self) -> Run:
        flow = self.rule == "gradient flow"
        needed = ("time",) if flow else ("step", "steps")
        if self.ended is None and any(getattr(self, name) is None for name in (*needed, "first_loss", "final_loss")):
            raise ValueError(f"a run of {self.rule} has {', '.join(needed)}, first_loss and final_loss, or ended")
        wanted = {"momentum": "momentum", "rmsprop": "alpha", "group-rmsprop": "alpha", "adam": "betas"}.get(self.rule)
        if self.ended is None and wanted and getattr(self.options, wanted) is None:
            raise ValueError(f"a run of {self.rule} has the option {wanted}")
        return self


class Term(_Strict):
    """One network of a sum: its coefficient, numerator and denominator, and the places of its blocks with labels."""

    coefficient: Annotated[list[int], pydantic.Field(min_length=2, max_length=2)]
    slots: Annotated[
        list[tuple[Words, Annotated[list[Words], pydantic.Field(max_length=16)]]],
        pydantic.Field(min_length=1, max_length=MAX_SLOTS),
    ]

    @pydantic.field_validator("slots", mode="before")
    @classmethod
    def _pairs(cls, slots: Any) -> Any:
        return [tuple(slot) if isinstance(slot, list) else slot for slot in slots] if isinstance(slots, list) else slots


class StoredNetwork(_Strict):
    """A model other than deep Tucker, as `model_as_json` writes it."""

    name: Words
    terms: Annotated[list[Term], pydantic.Field(min_length=1, max_length=MAX_TERMS)]
    output: Annotated[list[Words], pydantic.Field(min_length=1, max_length=MAX_ORDER)]
    groups: Annotated[list[Words], pydantic.Field(max_length=64)]
    label_sizes: dict[Words, Annotated[int, pydantic.Field(ge=1, le=MAX_NUMBERS)]]

    @pydantic.model_validator(mode="after")
    def _sound(self) -> StoredNetwork:
        if any(q == 0 for _, q in (term.coefficient for term in self.terms)):
            raise ValueError("network: a coefficient is divided by zero")
        return self


class Stored(_Strict):
    """A counterexample file, validated. What is only for readers (start, whole, shown, versions) is kept as it is.

    Arguments:
        file: where the conjecture is defined, relative to the counterexample; None: a built-in claim.
        source, sha256: text of that file and its hash.
    """

    format: Literal[2]
    claim: Annotated[Words, pydantic.StringConstraints(min_length=1)]
    file: Words | None
    source: Annotated[str, pydantic.StringConstraints(max_length=MAX_TEXT)] | None
    sha256: Annotated[str, pydantic.StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None
    assumes: _one_of(ASSUMPTIONS)
    subject: _one_of(SUBJECTS)
    depth: Annotated[int, pydantic.Field(ge=0, le=MAX_DEPTH)]
    order: Annotated[int, pydantic.Field(ge=1, le=MAX_ORDER)]
    chain: _one_of(CHAINS)
    model: Words = "tucker"
    network: StoredNetwork | None = None
    loss: Words = "squared"
    sizes: Sizes
    ranks: Sizes
    blocks: dict[Words, Any]
    target: Any
    mask: Any
    weights: Any
    normalised: bool
    exponent: Exponent
    target_exponent: Exponent
    weight_exponent: Exponent
    kind: Words
    pace: _one_of(PACES)
    start: dict[Words, Any]
    whole: dict[Words, Any]
    shown: dict[Words, Any]
    scaling: Words
    run: Run | None
    negative: bool
    measured: Real
    predicted: Real
    violation: Real
    allowed: Real
    confirmed: Words
    seed: Annotated[int, pydantic.Field(ge=0)]
    versions: dict[Words, Words]

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> Stored:
        if self.network is None and self.model != "tucker":
            raise ValueError(f"network: model {self.model!r} needs one")
        if self.network is None and (len(self.sizes) != self.order or len(self.ranks) != self.order):
            raise ValueError(f"order {self.order}, but {len(self.sizes)} sizes and {len(self.ranks)} ranks")
        shapes = self._shapes()
        check_numbers("target", self.target, tuple(self.sizes))
        mask = check_numbers("mask", self.mask, tuple(self.sizes), 0, 1)
        if not mask.any():
            raise ValueError("mask: no entry is observed")
        if self.weights is not None:
            weights = check_numbers("weights", self.weights, tuple(self.sizes), 0)
            if ((weights > 0) & (mask == 0)).any():
                raise ValueError("weights: an entry that is not observed has a weight")
        if set(self.blocks) != set(shapes):
            raise ValueError(f"blocks: the model has {', '.join(shapes)}")
        for name, shape in shapes.items():
            check_numbers(f"blocks[{name!r}]", self.blocks[name], shape)
        if self.subject in ("Flow", *TRAINED) and self.run is None:
            raise ValueError(f"run: a {self.subject} has one")
        if self.file is not None:
            if self.source is None or self.sha256 is None:
                raise ValueError("source and sha256: a conjecture of a file has both")
            if self.sha256 != digest(self.source):
                raise ValueError("sha256 is not that of source")
        return self

    def _shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the blocks, once it is known that they have few entries: the numbers of blocks and of their entries
        are products that a few digits can make larger than any memory.
        """
        if self.network is not None:
            return self._of_network(self.network)
        sizes, ranks, links = self.sizes, self.ranks, max(self.depth - 1, 0)
        longest = [max(i, r) for i, r in zip(sizes, ranks, strict=True)]
        at_least = math.prod(ranks) + math.prod(sizes) + links * sum(longest)
        if at_least > MAX_NUMBERS:
            raise ValueError(f"sizes and ranks make more than {MAX_NUMBERS} entries")
        shapes = Architecture(self.depth, sizes, ranks, self.chain).shapes
        if sum(map(math.prod, shapes.values())) > MAX_NUMBERS:
            raise ValueError(f"sizes and ranks make more than {MAX_NUMBERS} entries")
        return shapes

    def _of_network(self, network: StoredNetwork) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the blocks of a network whose labels have few entries together."""
        try:
            for term in network.terms:
                for _, labels in term.slots:
                    if math.prod(network.label_sizes.get(x, 1) for x in labels) > MAX_NUMBERS:
                        raise ValueError(f"a block has more than {MAX_NUMBERS} entries")
            model = model_from_json({"network": network.model_dump()})
        except (UsageError, ArithmeticError, TypeError, AttributeError) as error:
            raise ValueError(f"network: {error}") from None
        if list(model.sizes) != self.sizes or len(self.sizes) != self.order:
            raise ValueError(f"sizes: those of the network are {list(model.sizes)}")
        if sum(map(math.prod, model.shapes.values())) + math.prod(model.sizes) > MAX_NUMBERS:
            raise ValueError(f"sizes make more than {MAX_NUMBERS} entries")
        return model.shapes


def plain(value: Any) -> Any:
    """JSON has no infinities and NaNs: they become strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def check_numbers(
    name: str, values: Any, shape: tuple[int, ...], least: int = -(2**63), most: int = 2**63 - 1
) -> np.ndarray:
    """Nested lists of whole numbers as an array of this shape, int64.

    Raises:
        ValueError: other nesting, or entries that are no whole numbers between `least` and `most`.
    """

    def flat(part: Any, shape: tuple[int, ...]) -> list[int]:
        if not shape:
            if type(part) is not int or not least <= part <= most:
                raise ValueError(f"{name}: an entry is no whole number between {least} and {most}")
            return [part]
        if not isinstance(part, list) or len(part) != shape[0]:
            raise ValueError(f"{name} does not have the shape {'x'.join(map(str, whole)) or 'of a number'}")
        return [entry for row in part for entry in flat(row, shape[1:])]

    whole = shape
    return np.array(flat(values, shape), dtype=np.int64).reshape(shape)


def digest(text: str) -> str:
    """SHA-256 of a conjecture's text."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read(path: Path) -> dict[str, Any]:
    """The values of a counterexample file, validated.

    Raises:
        UsageError: it is missing, cannot be read, or holds anything else than a counterexample.
    """
    what = f"{str(path)!r}"
    try:
        if not path.exists():
            raise UsageError(f"no such file {what}")
        if not path.is_file():
            raise UsageError(f"{what} is no file")
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{what} is not a counterexample file (larger than {MAX_BYTES >> 20} MiB)")
        data = json.loads(path.read_text("utf-8"), parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, UsageError):
            raise
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise UsageError(f"{what} is not a counterexample file ({reason})") from None
    if not isinstance(data, dict) or "format" not in data:
        raise UsageError(f"{what} is not a counterexample file")
    if data["format"] != FORMAT:
        raise UsageError(
            f"{what} is not a counterexample of format {FORMAT}; of another version? run the conjecture again"
        )
    try:
        if _nesting(data) > NESTING:
            raise ValueError("nested too deeply")
        Stored.model_validate(data)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        reason = f"{place}: {first['msg']}" if place else first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{what} is damaged ({reason})") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what} is damaged ({error})") from None
    return data


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _nesting(value: Any) -> int:
    """How deep lists and dictionaries lie in each other, found without recursion."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        part, level = waiting.pop()
        if isinstance(part, (dict, list)):
            deepest = max(deepest, level)
            waiting += [(inner, level + 1) for inner in (part.values() if isinstance(part, dict) else part)]
    return deepest
