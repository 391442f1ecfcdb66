"""Products of labelled tensors of any precision: the part of W through every index of a label, by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_letters
from typing import Any

import torch

from numerics import Network
from theory import Grouping, Term

Operand = tuple[Any, tuple[str, ...]]


def contracted(operands: Sequence[Operand], output: tuple[str, ...]) -> Any:
    """The product of the operands, two at a time, summed over every label that the output does not carry."""
    letters = dict(zip(dict.fromkeys(x for _, row in operands for x in row), ascii_letters, strict=False))

    def word(labels: Sequence[str]) -> str:
        return "".join(letters[x] for x in labels)

    (value, carried), *rest = operands
    for place, (other, labels) in enumerate(rest, start=1):
        later = {x for _, row in operands[place + 1 :] for x in row} | set(output)
        kept = tuple(x for x in dict.fromkeys((*carried, *labels)) if x in later)
        value, carried = torch.einsum(f"{word(carried)},{word(labels)}->{word(kept)}", value, other), kept
    return value if carried == output else torch.einsum(f"{word(carried)}->{word(output)}", value)


def weighed(part: Any, term: Term) -> Any:
    """A product times the coefficient of its network."""
    c = term.coefficient
    return part if c == 1 else part * (int(c) if c.is_Integer else float(c))


def group_rows(network: Network, blocks: Any, label: str) -> list[tuple[Any, int]]:
    """(slices (R, entries), degree) of every block of the groups of a label."""
    found = []
    for member in network.description.grouping(label).members:
        moved = torch.movedim(blocks[member.block.name], member.axis, 0)
        found.append((moved.reshape(moved.shape[0], math.prod(moved.shape[1:])), member.degree))
    return found


def inner_products(network: Network, blocks: Any, gradient: Any, label: str) -> Any:
    """<grad L(W), W_r> for every index r of a label, shape (R,). Source: (22)."""
    description = network.description
    grouping: Grouping = description.grouping(label)
    total: Any = None
    for t, at in grouping.labels:
        term = description.terms[t]
        slots = [(blocks[name], labels) for name, labels in term.slots]
        part = weighed(contracted([*slots, (gradient, description.output)], (at,)), term)
        total = part if total is None else total + part
    return total
