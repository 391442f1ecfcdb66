"""What a deep Tucker or CP model looks like: depth, sizes, ranks, chain, and the shape of every block."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from numerics._errors import UsageError
from numerics._sized import Model

Chain = Literal["column", "mode", "gate"]
Family = Literal["tucker", "cp"]


@dataclass(frozen=True)
class Architecture(Model):
    """A deep Tucker or CP model of given depth, mode sizes, core sizes and chain; Source: (1), (2).

    CP is Tucker whose core is fixed at ones on the superdiagonal, so that W = sum_r u_r^(1) x .. x u_r^(N); it has no
    block G. Order 2 with chain="mode" is a deep matrix of 2K + 1 (CP: 2K) layers.

    Arguments:
        depth: K >= 0; 0 is the core alone, 1 is plain Tucker.
        sizes: mode sizes I_1..I_N, N >= 1.
        ranks: core sizes R_1..R_N, by default the mode sizes. CP: one number of components R for all modes (also given
            as (R,)), by default the largest size.
        chain: "column" (every column its own matrices), "mode" (one chain per mode) or "gate" (scalars).
        model: "tucker" or "cp" (depth >= 1; depth 1 is plain CP).

    Raises:
        UsageError: if a number is out of range or the lengths disagree.
    """

    depth: int
    sizes: tuple[int, ...]
    ranks: tuple[int, ...] = ()
    chain: Chain = "column"
    model: Family = "tucker"

    def __init__(
        self,
        depth: int,
        sizes: tuple[int, ...] | list[int],
        ranks: tuple[int, ...] | list[int] | None = None,
        chain: str = "column",
        *,
        model: str = "tucker",
    ) -> None:
        object.__setattr__(self, "depth", int(depth))
        object.__setattr__(self, "sizes", tuple(int(size) for size in sizes))
        default = (max(self.sizes, default=1),) if model == "cp" else self.sizes
        chosen = default if ranks is None else tuple(int(rank) for rank in ranks)
        if model == "cp" and len(chosen) == 1:
            chosen *= len(self.sizes)
        object.__setattr__(self, "ranks", chosen)
        object.__setattr__(self, "chain", chain)
        object.__setattr__(self, "model", model)
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
        if self.model not in get_args(Family):
            raise UsageError(f"model must be one of {', '.join(get_args(Family))}, got {self.model!r}")
        if self.model == "cp" and not (self.depth and len(set(self.ranks)) == 1):
            raise UsageError(
                f"model=cp needs depth 1 or more and one number of components for all modes, got depth {self.depth} "
                f"and ranks {self.ranks}"
            )
        if self.depth == 0 and self.ranks != self.sizes:
            raise UsageError("depth 0 is the core alone: ranks must equal sizes")

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every block in canonical order: G (not CP), then mode by mode A{n}.1 .. A{n}.K-1, a{n}."""
        shapes: dict[str, tuple[int, ...]] = {"G": self.ranks} if self.model == "tucker" else {}
        for n, (size, rank) in enumerate(zip(self.sizes, self.ranks, strict=True), start=1):
            link = {"column": (rank, size, size), "mode": (size, size), "gate": (rank,)}[self.chain]
            for k in range(1, self.depth):
                shapes[f"A{n}.{k}"] = link
            if self.depth:
                shapes[f"a{n}"] = (size, rank)
        return shapes

    @property
    def degree(self) -> int:
        """W is homogeneous of this degree in all parameters: 1 + N K, CP N K. Source: (2)."""
        return (self.model == "tucker") + self.order * self.depth

    @property
    def group_size(self) -> int:
        """Blocks of a group: the core slice and the K of one mode, CP the K of every mode. Source: (4)."""
        return 1 + self.depth if self.model == "tucker" else self.order * self.depth

    def links(self, mode: int) -> tuple[str, ...]:
        """Names A{n}.1 .. A{n}.K-1 of the chain of `mode` (0-based)."""
        return tuple(f"A{mode + 1}.{k}" for k in range(1, self.depth))
