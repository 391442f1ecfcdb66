"""A model in one line: "A:ir, B:jr, C:kr -> ijk" is the CP factorization of order 3.  Source: (22)."""

from __future__ import annotations

from ._models import product_of
from ._parametrisation import Block, Parametrisation


def parametrisation(name: str, description: str, groups: str = "") -> Parametrisation:
    """The tensor network that a line of text describes.

    Arguments:
        name: what a person calls it.
        description: blocks `name:labels` with commas between, an arrow, the labels of W; every label is one letter.
            Labels that do not stand behind the arrow are summed.
        groups: labels whose value r picks out a group, as "r": the slices at r of the blocks that carry it.
    Returns: the model with its contractions in the order of the text.
    Raises: ValueError in one line where the text is no description, or one of a sum of networks or of a block that
        stands twice, which no derivation takes yet.
    """
    left, arrow, output = description.partition("->")
    output = output.strip()
    if not arrow or "->" in output:
        raise ValueError(f"{description!r} must have one arrow, as 'A:ir, B:jr -> ij'")
    if any(sign in left for sign in "+-"):
        raise ValueError(f"{description!r} is a sum of networks; derivations take a single one so far")
    blocks = tuple(_block(text, description) for text in left.split(","))
    _check_labels(blocks, output, groups, description)
    return Parametrisation(name, blocks, product_of(blocks, tuple(output)), tuple(output), tuple(groups))


def _block(text: str, description: str) -> Block:
    name, colon, labels = (part.strip() for part in text.partition(":"))
    if not colon or not (name.isascii() and name.isidentifier()) or not _letters(labels):
        raise ValueError(f"{text.strip()!r} in {description!r} is no block; write its name and its labels, as 'A:ir'")
    if name in ("W", "D", "residual", "target", "weights"):
        raise ValueError(f"{description!r}: {name} is not free as the name of a block")
    return Block(name, tuple(labels))


def _check_labels(blocks: tuple[Block, ...], output: str, groups: str, description: str) -> None:
    names = [block.name for block in blocks]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{description!r}: block {twice[0]} stands twice; derivations take each block once so far")
    if not _letters(output) or not (groups == "" or _letters(groups)):
        raise ValueError(f"{description!r}: labels are letters, for W at least one; got {output!r}, groups {groups!r}")
    for what, labels in (("W", output), ("groups", groups)):
        if again := [label for label in labels if labels.count(label) > 1]:
            raise ValueError(f"{description!r}: {what} carries the label {again[0]} twice")
    carriers = {label: [b.name for b in blocks if label in b.labels] for b in blocks for label in b.labels}
    for label in (*output, *groups):
        if label not in carriers:
            raise ValueError(f"{description!r}: no block carries the label {label}")
    for label, at in carriers.items():
        if len(at) == 1 and label not in output:
            raise ValueError(f"{description!r}: the label {label} of {at[0]} is summed alone; put it behind the arrow")


def _letters(text: str) -> bool:
    return text.isascii() and text.isalpha()
