"""Any model by hand in PyTorch: one einsum for each network of the sum, differentiable and batched."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from string import ascii_letters
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from numerics._errors import UsageError
from numerics._sized import Model
from theory import Parametrisation, Term


@dataclass(frozen=True)
class Network(Model):
    """A model that theory describes, with the sizes of its labels. Source: (22).

    Arguments:
        description: names of blocks, labels and networks; nothing that theory derives is used here.
        sizes: label -> size, at least one label of each set that one axis of a block ties together.

    Raises:
        UsageError: if a size is missing, below 1, or disagrees with another of the same axis.
    """

    description: Parametrisation
    label_sizes: tuple[tuple[str, int], ...]

    def __init__(self, description: Parametrisation, sizes: Mapping[str, int]) -> None:
        try:
            chosen = description.sizes({label: int(size) for label, size in sizes.items()})
        except ValueError as error:
            raise UsageError(str(error)) from None
        if small := [label for label, size in chosen.items() if size < 1]:
            raise UsageError(f"the size of label {small[0]!r} must be at least 1, got {chosen[small[0]]}")
        if len(description.labels) > len(ascii_letters):
            raise UsageError(f"{description.name} has {len(description.labels)} labels; at most {len(ascii_letters)}")
        object.__setattr__(self, "description", description)
        object.__setattr__(self, "label_sizes", tuple(chosen.items()))

    @cached_property
    def of_label(self) -> dict[str, int]:
        """Size of every label."""
        return dict(self.label_sizes)

    @cached_property
    def sizes(self) -> tuple[int, ...]:  # type: ignore[override]
        """I_1..I_N."""
        return tuple(self.of_label[label] for label in self.description.output)

    @cached_property
    def ranks(self) -> tuple[int, ...]:  # type: ignore[override]
        """Sizes of the labels that are summed, one for each set of tied ones that no mode belongs to."""
        return tuple(self.of_label[part[0]] for part in self.bonds)

    @cached_property
    def bonds(self) -> tuple[tuple[str, ...], ...]:
        """Tied sets of labels none of which is an axis of W."""
        return tuple(part for part in self.description.tied if not set(part) & set(self.description.output))

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return self.description.shapes(self.of_label)

    @property
    def degree(self) -> int:
        return max(len(term.slots) for term in self.description.terms)

    @cached_property
    def equations(self) -> tuple[tuple[float, str, tuple[str, ...]], ...]:
        """(coefficient, einsum equation with batch, names of the operands) of every network."""
        letter = dict(zip(self.description.labels, ascii_letters, strict=False))
        output = "".join(letter[label] for label in self.description.output)

        def equation(term: Term) -> str:
            return ",".join("..." + "".join(letter[x] for x in labels) for _, labels in term.slots) + "->..." + output

        return tuple(
            (float(term.coefficient), equation(term), tuple(name for name, _ in term.slots))
            for term in self.description.terms
        )

    def __repr__(self) -> str:
        sizes = ", ".join(f"{label}={size}" for label, size in self.label_sizes)
        return f"Network({self.description.name!r}, {sizes})"


def compose_network(network: Network, parameters: Mapping[str, Tensor]) -> Float[Tensor, "*batch_and_sizes"]:
    """W = sum of the networks, (*batch, I_1, .., I_N)."""
    total: Any = 0
    for coefficient, equation, names in network.equations:
        product = torch.einsum(equation, *(parameters[name] for name in names))
        total = total + (product if coefficient == 1 else coefficient * product)
    return total


def network_component(
    network: Network, parameters: Mapping[str, Tensor], label: str, r: int
) -> Float[Tensor, "*batch_and_sizes"]:
    """W_r: the part of W through index r of a label that names groups, (*batch, *sizes). Source: (22)."""
    grouping = network.description.grouping(label)
    total: Any = 0
    for t, at in grouping.labels:
        coefficient, equation, names = network.equations[t]
        operands = []
        chosen: set[str] = set()  # one slot that carries the label is enough to single the index out
        for name, (_, labels) in zip(names, network.description.terms[t].slots, strict=True):
            block = parameters[name]
            if at in labels and not chosen:
                axis = block.ndim - len(labels) + labels.index(at)
                keep = torch.zeros(block.shape[axis], dtype=block.dtype, device=block.device)
                keep[r] = 1
                block = block * keep.reshape(-1, *(1,) * (block.ndim - 1 - axis))
                chosen.add(at)
            operands.append(block)
        total = total + coefficient * torch.einsum(equation, *operands)
    return total
