"""A model in one line: "A:ir, B:jr, C:kr -> ijk" is the CP factorization of order 3.  Source: (22)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sympy import Integer

from ._parametrisation import Block, Parametrisation, Term
from ._program import Assignment, Contraction, Labels, LinearCombination

RESERVED = ("W", "D", "residual", "target", "weights")


def parametrisation(name: str, description: str, groups: str = "") -> Parametrisation:
    """The sum of tensor networks that a line of text describes.

    Arguments:
        name: what a person calls it.
        description: networks with + or - between them, an arrow, the labels of W; a network is blocks `name:labels`
            with commas between; every label is one letter. Labels that do not stand behind the arrow are summed. A
            block may stand more than once, in one network or in several: "u:i, u:i - v:i, v:i -> i".
        groups: labels whose value r picks out a group, as "r": the slices at r of the blocks that carry it.
    Returns: the model with its contractions in the order of the text.
    Raises: ValueError in one line where the text is no description.
    """
    left, arrow, output = description.partition("->")
    output = output.strip()
    if not arrow or "->" in output:
        raise ValueError(f"{description!r} must have one arrow, as 'A:ir, B:jr -> ij'")
    if not left.strip():
        raise ValueError(f"{description!r} names no block before its arrow")
    pieces = re.split(r"([+-])", left if left.lstrip().startswith(("+", "-")) else "+" + left)[1:]
    signs, texts = pieces[0::2], pieces[1::2]
    terms = tuple(
        Term(tuple(_slot(part, description) for part in text.split(",")), Integer(1 if sign == "+" else -1))
        for sign, text in zip(signs, texts, strict=True)
    )
    _check_labels(terms, output, groups, description)
    return sum_of_networks(name, terms, tuple(output), tuple(groups))


def sum_of_networks(name: str, terms: Sequence[Term], output: Labels, groups: Labels = ()) -> Parametrisation:
    """The model whose W is the sum of the terms; labels may be any words here.

    Raises: ValueError where a block has two numbers of axes, or as `Parametrisation` does.
    """
    blocks: dict[str, Block] = {}
    for term in terms:
        for block, labels in term.slots:
            known = blocks.setdefault(block, Block(block, labels))
            if len(known.labels) != len(labels):
                raise ValueError(
                    f"block {block} has {len(known.labels)} axes in one place and {len(labels)} in another"
                )
    steps: list[Assignment] = []
    if len(terms) == 1 and terms[0].coefficient == 1:
        steps += product_of([Block(*slot) for slot in terms[0].slots], output)
        return Parametrisation(name, tuple(blocks.values()), tuple(steps), output, groups)
    names = []
    for k, term in enumerate(terms, start=1):
        names.append(_free(f"W{k}", blocks))
        taken = {*blocks, *(step.name for step in steps)}
        steps += product_of([Block(*slot) for slot in term.slots], output, names[-1], taken)
    total = LinearCombination(tuple((term.coefficient, at) for term, at in zip(terms, names, strict=True)))
    return Parametrisation(name, tuple(blocks.values()), (*steps, Assignment("W", total)), output, groups)


def product_of(
    slots: Sequence[Block], output: Labels, result: str = "W", taken: Sequence[str] | set[str] | None = None
) -> tuple[Assignment, ...]:
    """Multiply the slots from the left; a label stays while the result or a later slot needs it, those of W first."""
    left = slots[0]
    if len(slots) == 1:
        return (Assignment(result, Contraction(((left.name, left.labels),), output)),)
    steps = []
    used = {block.name for block in slots} | set(taken or ())
    for k, block in enumerate(slots[1:], start=1):
        later = {label for other in slots[k + 1 :] for label in other.labels}
        carried = dict.fromkeys((*left.labels, *block.labels))
        labels = [x for x in output if x in carried] + [x for x in carried if x in later and x not in output]
        last = k == len(slots) - 1
        step = Block(result, output) if last else Block(_free(f"P{k}", used), tuple(labels))
        used.add(step.name)
        steps.append(pair(step, left, block))
        left = step
    return tuple(steps)


def pair(result: Block, left: Block, right: Block) -> Assignment:
    """One contraction of two operands, as a step."""
    return Assignment(result.name, Contraction(((left.name, left.labels), (right.name, right.labels)), result.labels))


def _free(name: str, taken: object) -> str:
    while name in taken:  # type: ignore[operator]
        name += "'"
    return name


def _slot(text: str, description: str) -> tuple[str, Labels]:
    name, colon, labels = (part.strip() for part in text.partition(":"))
    if not colon or not (name.isascii() and name.isidentifier()) or not _letters(labels):
        raise ValueError(f"{text.strip()!r} in {description!r} is no block; write its name and its labels, as 'A:ir'")
    if name in RESERVED:
        raise ValueError(f"{description!r}: {name} is not free as the name of a block")
    if again := [label for label in labels if labels.count(label) > 1]:
        raise ValueError(f"{description!r}: block {name} carries a label twice: {again[0]}")
    return name, tuple(labels)


def _check_labels(terms: Sequence[Term], output: str, groups: str, description: str) -> None:
    if not _letters(output) or not (groups == "" or _letters(groups)):
        raise ValueError(f"{description!r}: labels are letters, for W at least one; got {output!r}, groups {groups!r}")
    for what, labels in (("W", output), ("groups", groups)):
        if again := [label for label in labels if labels.count(label) > 1]:
            raise ValueError(f"{description!r}: {what} carries the label {again[0]} twice")
    carried: set[str] = set()
    for k, term in enumerate(terms, start=1):
        carriers: dict[str, list[str]] = {}
        for name, row in term.slots:
            for label in row:
                carriers.setdefault(label, []).append(name)
        carried |= set(carriers)
        where = "no block carries" if len(terms) == 1 else f"no block of network {k} carries"
        for label in output:
            if label not in carriers:
                raise ValueError(f"{description!r}: {where} the label {label}")
        for label, at in carriers.items():
            if len(at) == 1 and label not in output:
                raise ValueError(
                    f"{description!r}: the label {label} of {at[0]} is summed alone; put it behind the arrow"
                )
    for label in groups:
        if label not in carried:
            raise ValueError(f"{description!r}: no block carries the label {label}")


def _letters(text: str) -> bool:
    return text.isascii() and text.isalpha()
