"""What a deep Tucker model looks like: depth, sizes, ranks, chain, and the shape of every block."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Literal, get_args

from numerics._errors import UsageError

Chain = Literal["column", "mode", "gate"]


@dataclass(frozen=True)
class Architecture:
    """A deep Tucker model of given depth, mode sizes, core sizes and chain; Source: (1), (2).

    Arguments:
        depth: K >= 0; 0 is the core alone, 1 is plain Tucker.
        sizes: mode sizes I_1..I_N, N >= 1.
        ranks: core sizes R_1..R_N, by default the mode sizes.
        chain: "column" (every column its own matrices), "mode" (one chain per mode) or "gate" (scalars).

    Raises:
        UsageError: if a number is out of range or the lengths disagree.
    """

    depth: int
    sizes: tuple[int, ...]
    ranks: tuple[int, ...] = ()
    chain: Chain = "column"

    def __init__(
        self,
        depth: int,
        sizes: tuple[int, ...] | list[int],
        ranks: tuple[int, ...] | list[int] | None = None,
        chain: str = "column",
    ) -> None:
        object.__setattr__(self, "depth", int(depth))
        object.__setattr__(self, "sizes", tuple(int(size) for size in sizes))
        object.__setattr__(self, "ranks", self.sizes if ranks is None else tuple(int(rank) for rank in ranks))
        object.__setattr__(self, "chain", chain)
        self._validate()

    def _validate(self) -> None:
        if self.depth < 0:
            raise UsageError(f"depth must be 0 or more, got {self.depth}")
        if not self.sizes:
            raise UsageError("sizes must name at least one mode")
        if min(self.sizes) < 1 or min(self.ranks, default=0) < 1:
            raise UsageError(f"sizes and ranks must be at least 1, got sizes {self.sizes}, ranks {self.ranks}")
        if len(self.ranks) != len(self.sizes):
            raise UsageError(f"{len(self.sizes)} sizes but {len(self.ranks)} ranks: give one rank for each mode")
        if self.chain not in get_args(Chain):
            raise UsageError(f"chain must be one of {', '.join(get_args(Chain))}, got {self.chain!r}")
        if self.depth == 0 and self.ranks != self.sizes:
            raise UsageError("depth 0 is the core alone: ranks must equal sizes")

    @property
    def order(self) -> int:
        """Number of modes N."""
        return len(self.sizes)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every block in canonical order: G, then mode by mode A{n}.1 .. A{n}.K-1, a{n}."""
        shapes: dict[str, tuple[int, ...]] = {"G": self.ranks}
        for n, (size, rank) in enumerate(zip(self.sizes, self.ranks, strict=True), start=1):
            link = {"column": (rank, size, size), "mode": (size, size), "gate": (rank,)}[self.chain]
            for k in range(1, self.depth):
                shapes[f"A{n}.{k}"] = link
            if self.depth:
                shapes[f"a{n}"] = (size, rank)
        return shapes

    @property
    def parameter_count(self) -> int:
        """Number of scalar parameters of one model."""
        return sum(prod(shape) for shape in self.shapes.values())

    def links(self, mode: int) -> tuple[str, ...]:
        """Names A{n}.1 .. A{n}.K-1 of the chain of `mode` (0-based)."""
        return tuple(f"A{mode + 1}.{k}" for k in range(1, self.depth))

    def batch_shape(self, parameters: Mapping[str, Any]) -> tuple[int, ...]:
        """Leading dimensions shared by all blocks of `parameters`.

        Raises:
            UsageError: if a block is missing, unknown, or has another shape.
        """
        if missing := [name for name in self.shapes if name not in parameters]:
            raise UsageError(f"missing block {missing[0]!r}; this model has {', '.join(self.shapes)}")
        if extra := [name for name in parameters if name not in self.shapes]:
            raise UsageError(f"unknown block {extra[0]!r}; this model has {', '.join(self.shapes)}")
        batch: tuple[int, ...] | None = None
        for name, shape in self.shapes.items():
            actual = tuple(parameters[name].shape)
            lead = actual[: len(actual) - len(shape)]
            if actual[len(lead) :] != shape or (batch is not None and lead != batch):
                expected = f"{'batch + ' if batch is None else ''}{(batch or ()) + shape}"
                raise UsageError(f"block {name!r} has shape {actual}, expected {expected}")
            batch = lead
        return batch or ()
