"""A model as data: named blocks, a multilinear map written as contractions, and the labels that define its groups."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ._program import Assignment, Contraction, Labels


@dataclass(frozen=True)
class Block:
    """One trained tensor: its name and the labels of its axes."""

    name: str
    labels: Labels

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"block {self.name!r} carries a label twice: {self.labels}")


@dataclass(frozen=True)
class Parametrisation:
    """A tensor W written as a map that is linear in each of its blocks.

    Arguments:
        name: what a person calls it.
        blocks: the trained tensors in canonical order.
        steps: single-assignment contractions of at most two operands, the last one named "W".
        output: labels of W.
        groups: labels whose value r picks out a group: the slices at r of all blocks that carry the label. An axis of
            W that several blocks share is such a label: the index of a diagonal network.
    Raises: ValueError that names the offending block: used twice or never (W would not be linear in it), wrong labels,
        a group label that fewer than two blocks carry, or a label summed in one operand alone.
    """

    name: str
    blocks: tuple[Block, ...]
    steps: tuple[Assignment, ...]
    output: Labels
    groups: Labels = ()

    def __post_init__(self) -> None:
        shapes = {block.name: block.labels for block in self.blocks}
        if len(shapes) != len(self.blocks):
            twice = Counter(block.name for block in self.blocks).most_common(1)[0][0]
            raise ValueError(f"two blocks are called {twice!r}")
        uses: Counter[str] = Counter()
        for step in self.steps:
            self._check_step(step, shapes)
            if step.name in shapes:
                raise ValueError(f"{step.name!r} is assigned twice")
            uses.update(step.expression.names)
            shapes[step.name] = step.expression.output  # type: ignore[union-attr]
        if not self.steps or self.steps[-1].name != "W":
            raise ValueError("the last step must assign 'W'")
        if shapes["W"] != self.output:
            raise ValueError(f"'W' carries {shapes['W']}, the parametrisation announces {self.output}")
        for name in shapes:
            if name != "W" and uses[name] != 1:
                kind = "block" if name in self.block_order else "intermediate"
                raise ValueError(f"not multilinear: {kind} {name!r} is used {uses[name]} times instead of once")
        for label in self.groups:
            if len(members := self.group(label)) < 2:
                raise ValueError(f"group {label!r} contains {[b.name for b in members]}; it must contain two blocks")

    def __hash__(self) -> int:
        return hash((self.name, self.output, len(self.steps), self.blocks[0]))

    @staticmethod
    def _check_step(step: Assignment, shapes: dict[str, Labels]) -> None:
        expression = step.expression
        if not isinstance(expression, Contraction) or not 1 <= len(expression.operands) <= 2:
            raise ValueError(f"step {step.name!r} is not a contraction of one or two operands")
        for name, labels in expression.operands:
            if name not in shapes:
                raise ValueError(f"step {step.name!r} uses {name!r}, which is no block and no earlier step")
            if labels != shapes[name]:
                raise ValueError(f"step {step.name!r} gives {name!r} the labels {labels}; it carries {shapes[name]}")
            others = {x for other, row in expression.operands if other != name for x in row} | set(expression.output)
            if lonely := [x for x in labels if x not in others]:
                raise ValueError(f"label {lonely[0]!r} of {name!r} is summed alone in step {step.name!r}")

    @property
    def block_order(self) -> tuple[str, ...]:
        """Names of the blocks."""
        return tuple(block.name for block in self.blocks)

    @property
    def order(self) -> int:
        """N, the number of axes of W."""
        return len(self.output)

    def group(self, label: str) -> tuple[Block, ...]:
        """The blocks that carry the label: slice r of each belongs to group r.  Source: (4)."""
        return tuple(block for block in self.blocks if label in block.labels)
