"""Random starts: the paper's, and balanced ones matched across depths by std, slice norm, end-to-end norm or sigma."""

from math import log
from typing import Literal, get_args

import numpy as np

from numerics._architecture import Architecture
from numerics._errors import UsageError
from numerics._reference import reference_compose
from numerics._starts import Blocks, balance, group_norms, matrix_balance, scale

Match = Literal["std", "slice", "end-to-end", "sigma"]


def gaussian_start(architecture: Architecture, std: float, *, seed: int = 0) -> Blocks:
    """All entries of all blocks independent, of mean 0 and standard deviation `std`."""
    rng = np.random.default_rng(seed)
    return {name: std * rng.standard_normal(shape) for name, shape in architecture.shapes.items()}


def paper_start(architecture: Architecture, std: float = 5e-4, *, multiplier: bool = True, seed: int = 0) -> Blocks:
    """The released code's start: Gaussian core of std * K ln(K+1), every block rescaled to its slice's norm."""
    K = architecture.depth
    factor = K * log(K + 1) if multiplier and K else 1.0
    return balance(architecture, gaussian_start(architecture, std * factor, seed=seed))


def matched_start(
    architecture: Architecture, value: float, *, by: str = "slice", matrices: bool = False, seed: int = 0
) -> Blocks:
    """A balanced Gaussian start whose size is fixed in a way that can be held over depths.

    Arguments:
        value: of the quantity `by`.
        by: "std" (of the core's entries, CP: of the last blocks' before they are balanced), "slice" (root mean square
            of the core's slice norms over all modes, CP: of the balanced blocks' norms),
            "end-to-end" (norm of W) or "sigma" (root mean square over groups of the product of block norms).
        matrices: matrix-balanced instead of norm-balanced.

    Raises:
        UsageError: if `by` is unknown or value is not positive.
    """
    if by not in get_args(Match):
        raise UsageError(f"unknown match {by!r}; one of {', '.join(get_args(Match))}")
    if not value > 0:
        raise UsageError(f"the size of a start must be positive, got {value:g}")
    raw = gaussian_start(architecture, 1.0, seed=seed)
    blocks = (matrix_balance if matrices else balance)(architecture, raw)
    members, slices = architecture.group_size, np.concatenate(group_norms(architecture, blocks))
    factor = value  # by == "std"
    if by == "slice":
        factor = value / float(np.sqrt((slices**2).mean()))
    elif by == "sigma":
        factor = float(value / np.sqrt((slices ** (2 * members)).mean())) ** (1 / members)
    elif by == "end-to-end":
        norm = float(np.linalg.norm(reference_compose(architecture, blocks)))
        factor = (value / norm) ** (1 / architecture.degree)
    return scale(architecture, blocks, factor)
