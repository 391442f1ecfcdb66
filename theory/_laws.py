"""Which conservation laws a parametrisation has, read off the labels of its blocks.  Source: (6), (7)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from sympy.utilities.iterables import connected_components

from ._parametrisation import Block, Parametrisation
from ._program import Labels


@dataclass(frozen=True)
class Law:
    """The Gram matrix of one block over `edge`, minus that of the other, is conserved at every value of `kept`.

    The Gram matrix sums over all labels of the block but edge and kept. With an empty edge it is a squared slice norm.

    Source: (7); with an empty edge (6).
    """

    left: Block
    right: Block
    edge: Labels
    kept: Labels

    def __str__(self) -> str:
        at = f" at each {', '.join(self.kept)}" if self.kept else ""
        if not self.edge:
            return f"||{self.left.name}||^2 - ||{self.right.name}||^2{at}"
        return f"Gram({self.left.name}; {', '.join(self.edge)}) - Gram({self.right.name}; {', '.join(self.edge)}){at}"


def conservation_laws(parametrisation: Parametrisation) -> tuple[Law, ...]:
    """The laws (6) and (7) of any multilinear parametrisation.

    A label that two blocks carry and no other can be rotated, scaled and sheared between them: their Gram matrices over
    it differ by a constant. A label that three or more blocks carry, or two blocks and W, allows scaling alone:
    squared slice norms. Parts of the network that share no label scale against each other as wholes.

    Arguments:
        parametrisation: any model.
    Returns: laws between neighbours through a label, in the canonical order of the blocks.
    """
    carriers: dict[str, tuple[str, ...]] = {}
    by_name = {block.name: block for block in parametrisation.blocks}
    for block in parametrisation.blocks:
        for label in block.labels:
            carriers[label] = (*carriers.get(label, ()), block.name)
    laws: list[Law] = []
    done: set[tuple[str, ...]] = set()
    for label, names in carriers.items():
        if len(names) > 2 or label in parametrisation.output:
            blocks = [by_name[name] for name in names]
            laws += [Law(a, b, (), (label,)) for a, b in itertools.pairwise(blocks)]
        elif names not in done and len(names) == 2:
            done.add(names)
            left, right = (by_name[name] for name in names)
            edge = tuple(x for x in left.labels if carriers[x] == names and x not in parametrisation.output)
            kept = tuple(x for x in left.labels if x in right.labels and x not in edge)
            laws.append(Law(left, right, edge, kept))
    joined = [pair for names in carriers.values() for pair in itertools.pairwise(names)]
    parts = connected_components((list(by_name), joined))
    laws += [Law(by_name[a[0]], by_name[b[0]], (), ()) for a, b in itertools.pairwise(parts)]
    return tuple(laws)
