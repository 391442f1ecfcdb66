"""A model as data: named blocks, a polynomial map written as contractions, and the labels that define its groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sympy import Integer
from sympy.utilities.iterables import connected_components

from ._program import Assignment, Contraction, Labels, exact


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
class Term:
    """coefficient * product of blocks, summed over every label that W does not carry.

    Arguments:
        slots: (name of a block, the labels it carries there); a block may stand in several slots.
    """

    slots: tuple[tuple[str, Labels], ...]
    coefficient: Any = field(default=Integer(1))

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficient", exact(self.coefficient))

    def count(self, block: str, label: str | None = None) -> int:
        """Slots in which the block stands (and carries the label there)."""
        return sum(name == block and (label is None or label in labels) for name, labels in self.slots)


@dataclass(frozen=True)
class Member:
    """A block of a group: slice r of it along `axis` belongs to group r, and W_r is of this degree in that slice."""

    block: Block
    axis: int
    degree: int


@dataclass(frozen=True)
class Grouping:
    """The groups that a label names: W_r, the part of W through index r, and the slices of blocks it is made of.

    Arguments:
        name: the label, or label.k for the groups of term k where several terms have groups of their own.
        members: the blocks whose slice r it contains, with the degree of W_r in each.
        labels: (term, label) pairs that stand for the index: W_r is the part of these terms at label = r.
    Source: (4), (22).
    """

    name: str
    members: tuple[Member, ...]
    labels: tuple[tuple[int, str], ...]

    @property
    def degree(self) -> int:
        """D, the degree of W_r in the whole group."""
        return sum(member.degree for member in self.members)


@dataclass(frozen=True)
class Parametrisation:
    """A tensor W written as a sum of tensor networks of trained blocks.

    Arguments:
        name: what a person calls it.
        blocks: the trained tensors in canonical order.
        steps: single-assignment contractions of at most two operands; the last step is named "W" and may be a sum of
            the networks before it. A block may stand in several places, an intermediate in one.
        output: labels of W.
        groups: labels whose value r picks out a group: the slices at r of all blocks that carry the label. An axis of
            W that several slots share is such a label: the index of a diagonal network.
    Raises: ValueError that names the offending block: never used, wrong labels, a group label that fewer than two
        slots carry or in which W_r is not homogeneous, or a label summed in one operand alone.
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
            self._check_step(step, shapes, uses)
            if step.name in shapes:
                raise ValueError(f"{step.name!r} is assigned twice")
            uses.update(step.expression.names)
            plain = isinstance(step.expression, Contraction)
            shapes[step.name] = step.expression.output if plain else self.output  # type: ignore[union-attr]
        if not self.steps or self.steps[-1].name != "W":
            raise ValueError("the last step must assign 'W'")
        if shapes["W"] != self.output:
            raise ValueError(f"'W' carries {shapes['W']}, the parametrisation announces {self.output}")
        for name in shapes:
            if name in self.block_order:
                if not uses[name]:
                    raise ValueError(f"block {name!r} is used nowhere")
            elif name != "W" and uses[name] != 1:
                raise ValueError(f"intermediate {name!r} is used {uses[name]} times instead of once")
        for label in self.groups:
            self._check_group(label)

    def __hash__(self) -> int:
        return hash((self.name, self.output, len(self.steps), self.blocks[0]))

    def _check_step(self, step: Assignment, shapes: Mapping[str, Labels], uses: Mapping[str, int]) -> None:
        expression = step.expression
        if not isinstance(expression, Contraction):
            if step.name != "W":
                raise ValueError(f"step {step.name!r} is a sum; only the last step, 'W', may be one")
            for name in expression.names:
                if shapes.get(name) != self.output or name in self.block_order:
                    raise ValueError(f"step 'W' adds {name!r}, which is no network with the labels {self.output}")
            return
        if not 1 <= len(expression.operands) <= 2:
            raise ValueError(f"step {step.name!r} is not a contraction of one or two operands")
        for place, (name, labels) in enumerate(expression.operands):
            if name not in shapes:
                raise ValueError(f"step {step.name!r} uses {name!r}, which is no block and no earlier step")
            again = name in self.block_order and (uses[name] or name in expression.names[:place])
            if labels != shapes[name] and not (again and len(labels) == len(shapes[name])):
                raise ValueError(f"step {step.name!r} gives {name!r} the labels {labels}; it carries {shapes[name]}")
            others = {x for at, (_, row) in enumerate(expression.operands) if at != place for x in row}
            if lonely := [x for x in labels if x not in others | set(expression.output)]:
                raise ValueError(f"label {lonely[0]!r} of {name!r} is summed alone in step {step.name!r}")

    def _check_group(self, label: str) -> None:
        if any(label in (g.name, *(x for _, x in g.labels)) for g in self.groupings):
            return
        carriers = [name for term in self.terms for name, labels in term.slots if label in labels]
        if len(carriers) < 2:
            raise ValueError(f"group {label!r} contains {carriers}; it must contain two slices of blocks")
        raise ValueError(
            f"{label!r} names no group: the part of W at one index is not homogeneous in each of its blocks"
        )

    @property
    def block_order(self) -> tuple[str, ...]:
        """Names of the blocks."""
        return tuple(block.name for block in self.blocks)

    @property
    def order(self) -> int:
        """N, the number of axes of W."""
        return len(self.output)

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """W as a sum of networks of blocks, the steps multiplied out."""
        known: dict[str, tuple[Term, ...]] = {}
        for step in self.steps:
            expression = step.expression
            if not isinstance(expression, Contraction):
                known[step.name] = tuple(
                    Term(term.slots, c * term.coefficient) for c, name in expression.terms for term in known[name]
                )
                continue
            slots: tuple[tuple[str, Labels], ...] = ()
            coefficient = expression.coefficient
            for name, labels in expression.operands:
                if name in self.block_order:
                    slots += ((name, labels),)
                else:
                    (inner,) = known[name]
                    slots, coefficient = slots + inner.slots, coefficient * inner.coefficient
            known[step.name] = (Term(slots, coefficient),)
        return known["W"]

    @property
    def is_multilinear(self) -> bool:
        """One network in which every block stands once."""
        single = isinstance(self.steps[-1].expression, Contraction)
        return single and len(self.terms[0].slots) == len(self.blocks)

    @property
    def homogeneity(self) -> int | None:
        """H, the degree of W in all blocks together; None for a sum of networks of different degrees.  Source: (2)."""
        degrees = {len(term.slots) for term in self.terms}
        return degrees.pop() if len(degrees) == 1 else None

    @cached_property
    def labels(self) -> Labels:
        """Every label, those of W first."""
        found = dict.fromkeys(self.output)
        for term in self.terms:
            for _, labels in term.slots:
                found |= dict.fromkeys(labels)
        return tuple(found)

    @cached_property
    def tied(self) -> tuple[tuple[str, ...], ...]:
        """The labels in sets of one size: a block that stands twice gives its axes several labels."""
        axes: dict[tuple[str, int], str] = {}
        pairs = []
        for term in self.terms:
            for name, labels in term.slots:
                for axis, label in enumerate(labels):
                    pairs.append((axes.setdefault((name, axis), label), label))
        parts = connected_components((list(self.labels), pairs))
        return tuple(tuple(part) for part in parts)

    @cached_property
    def classes(self) -> tuple[tuple[dict[str, int], tuple[tuple[int, str], ...]], ...]:
        """Sets of axes that carry one index wherever they stand: ({block: axis}, ((term, label), ..)).

        A set in which one block has two axes ("U:ij, U:jk -> ik") has no slices and is left out.
        """
        edges, axes, places = [], [], []
        for t, term in enumerate(self.terms):
            for name, labels in term.slots:
                for axis, label in enumerate(labels):
                    axes.append((name, axis))
                    places.append((t, label))
                    edges.append((("axis", name, axis), ("label", t, label)))
        vertices = [("axis", *x) for x in dict.fromkeys(axes)] + [("label", *x) for x in dict.fromkeys(places)]
        found = []
        for part in connected_components((vertices, edges)):
            inside = sorted((x[1:] for x in part if x[0] == "axis"), key=lambda x: (self.block_order.index(x[0]), x[1]))
            if len({name for name, _ in inside}) == len(inside):
                found.append((dict(inside), tuple(sorted(x[1:] for x in part if x[0] == "label"))))
        return tuple(sorted(found, key=lambda c: (c[1][0][0], self.labels.index(c[1][0][1]))))

    @cached_property
    def groupings(self) -> tuple[Grouping, ...]:
        """Every label that names groups: two slots or more carry it, W_r is homogeneous in each.  Source: (22)."""
        found: list[tuple[str, tuple[Member, ...], tuple[tuple[int, str], ...]]] = []
        for axes, places in self.classes:
            if len({t for t, _ in places}) != len(places):
                continue  # two labels of one network share the axes: no index r of W
            members = []
            for name, axis in axes.items():
                degrees = {self.terms[t].count(name, label) for t, label in places}
                if len(degrees) == 1:
                    members.append(Member(next(b for b in self.blocks if b.name == name), axis, degrees.pop()))
            if len(members) == len(axes) and sum(member.degree for member in members) > 1:
                found.append((places[0][1], tuple(members), places))
        names = Counter(name for name, _, _ in found)
        return tuple(
            Grouping(name if names[name] == 1 else f"{name}.{places[0][0] + 1}", members, places)
            for name, members, places in found
        )

    def grouping(self, label: str) -> Grouping:
        """The groups that a label names.

        Raises: ValueError that lists the labels that name groups.
        """
        named = {g.name: g for g in self.groupings}
        if label in named:
            return named[label]
        if len(found := [g for g in self.groupings if any(x == label for _, x in g.labels)]) == 1:
            return found[0]
        what = f"labels that name groups: {', '.join(named)}" if named else "it has no groups"
        raise ValueError(f"{label!r} names no group of {self.name}; {what}")

    @property
    def own_groups(self) -> tuple[Grouping, ...]:
        """The groupings that `groups` announces, all of them where it announces none."""
        if not self.groups:
            return self.groupings
        chosen = [g for g in self.groupings if g.name in self.groups or any(x in self.groups for _, x in g.labels)]
        return tuple(chosen)

    def group(self, label: str) -> tuple[Block, ...]:
        """The blocks that carry the label: slice r of each belongs to group r.  Source: (4)."""
        return tuple(block for block in self.blocks if label in block.labels)

    def sizes(self, given: Mapping[str, int]) -> dict[str, int]:
        """Sizes of all labels from those of some of each tied set.

        Raises: ValueError that names a label without a size, or two tied labels of different sizes.
        """
        for label in given:
            if label not in self.labels:
                raise ValueError(f"{self.name} has no label {label!r}; it has {', '.join(self.labels)}")
        sizes: dict[str, int] = {}
        for part in self.tied:
            known = {x: given[x] for x in part if x in given}
            if not known:
                raise ValueError(f"the size of label {part[0]!r} of {self.name} is missing")
            if len(set(known.values())) > 1:
                (a, m), (b, n) = list(known.items())[:2]
                raise ValueError(
                    f"labels {a} and {b} of {self.name} are one axis of a block: sizes {m} and {n} disagree"
                )
            sizes |= dict.fromkeys(part, next(iter(known.values())))
        return {label: sizes[label] for label in self.labels}

    def shapes(self, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Shape of every block for sizes of all labels."""
        return {block.name: tuple(sizes[x] for x in block.labels) for block in self.blocks}
