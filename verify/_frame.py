"""Problems of different sizes in one batch: blocks, targets and weights padded by zeros, which no flow or step moves.

An index beyond a problem's sizes has weight zero, and one beyond its core sizes has a zero core slice and zero blocks:
every gradient there is exactly zero, so that the padded run is the run itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from numerics import Architecture, Model, Network, UsageError


def frame_of(models: Sequence[Model]) -> Model:
    """The smallest model that holds all of them: one depth, order and chain, or one network."""
    first = models[0]
    if isinstance(first, Network):
        networks = [model for model in models if isinstance(model, Network)]
        largest = {label: max(n.of_label[label] for n in networks) for label in first.of_label}
        return Network(first.description, largest)
    if not isinstance(first, Architecture):
        raise UsageError(f"{first!r} is neither deep Tucker nor a network")
    architectures = [model for model in models if isinstance(model, Architecture)]
    sizes = tuple(map(max, zip(*(a.sizes for a in architectures), strict=True)))
    ranks = tuple(map(max, zip(*(a.ranks for a in architectures), strict=True)))
    return Architecture(first.depth, sizes, ranks, first.chain)


def padded(values: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """The values with zeros behind them up to `shape`."""
    if tuple(values.shape) == shape:
        return values
    result = values.new_zeros(shape)
    result[tuple(slice(n) for n in values.shape)] = values
    return result


def within(values: Any, shape: tuple[int, ...]) -> Any:
    """The part of padded values (T, ...) that a problem fills."""
    return values[(slice(None), *(slice(n) for n in shape))]
