"""The superdiagonal problem with an aligned, balanced start, on which all groups decouple. Source: (12)."""

from typing import Any

import numpy as np

from numerics._architecture import Architecture
from numerics._errors import UsageError
from numerics._starts import Blocks
from numerics._targets import superdiagonal_target

Array = np.ndarray


def component_blocks(architecture: Architecture, values: Any, norms: Any) -> tuple[Blocks, Array]:
    """Start and target: every block of group r is norms[r] times the unit vector (or matrix) of index r.

    Arguments:
        values: lambda of the target's superdiagonal entries.
        norms: g0 of each group, of the same length.

    Raises:
        UsageError: if the lengths disagree or do not fit the sizes.
    """
    values, norms = np.asarray(values, dtype=np.float64), np.asarray(norms, dtype=np.float64)
    if values.shape != norms.shape or values.ndim != 1:
        raise UsageError(f"{values.shape} values but {norms.shape} norms: give one norm for each value")
    if len(values) > min(*architecture.sizes, *architecture.ranks):
        raise UsageError(f"{len(values)} components do not fit sizes {architecture.sizes}, ranks {architecture.ranks}")
    blocks = {}
    for name, shape in architecture.shapes.items():
        block = np.zeros(shape)
        for r, g in enumerate(norms):
            block[(r,) * len(shape)] = g  # the core, a column, an (r, r) entry, the r-th own matrix or gate
        blocks[name] = block
    return blocks, superdiagonal_target(architecture.sizes, [float(value) for value in values]).numpy()
