"""What every model of given sizes offers: shapes of its blocks, how many numbers they hold, and their batch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import prod
from typing import Any

from numerics._errors import UsageError


class Model(ABC):
    """A polynomial map from named blocks to a tensor W, with all sizes given.

    Attributes:
        sizes: I_1..I_N, the shape of W.
        ranks: the sizes that are summed: of deep Tucker the core's, of a network those of its bonds.
    """

    sizes: tuple[int, ...]
    ranks: tuple[int, ...]

    @property
    @abstractmethod
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every block in canonical order."""

    @property
    @abstractmethod
    def degree(self) -> int:
        """W is homogeneous of this degree in all parameters; of a sum of several degrees the largest. Source: (2)."""

    @property
    def order(self) -> int:
        """Number of modes N."""
        return len(self.sizes)

    @property
    def parameter_count(self) -> int:
        """Number of scalar parameters of one model."""
        return sum(prod(shape) for shape in self.shapes.values())

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
