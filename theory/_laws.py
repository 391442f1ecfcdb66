"""Which conservation laws a parametrisation has, read off the labels of its blocks.  Source: (6), (7), (22)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Integer, Matrix, Rational
from sympy.utilities.iterables import connected_components

from ._parametrisation import Block, Parametrisation
from ._program import Labels, exact


@dataclass(frozen=True)
class Law:
    """The sum of weight * Gram matrix of a block over `edge` is conserved at every value of `kept`.

    The Gram matrix sums over all labels of the block but edge and kept. With an empty edge it is a squared slice norm.

    Arguments:
        terms: (weight, block); the labels of a block are those by which edge and kept name its axes.
    Source: (7); with an empty edge (6), (22).
    """

    terms: tuple[tuple[Any, Block], ...]
    edge: Labels
    kept: Labels

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", tuple((exact(weight), block) for weight, block in self.terms))

    @classmethod
    def between(cls, left: Block, right: Block, edge: Labels, kept: Labels) -> Law:
        """The law of two blocks that stand against each other with weight one."""
        return cls(((Integer(1), left), (Integer(-1), right)), edge, kept)

    @property
    def left(self) -> Block:
        """The first block."""
        return self.terms[0][1]

    @property
    def right(self) -> Block:
        """The last block."""
        return self.terms[-1][1]

    def __str__(self) -> str:
        at = f" at each {', '.join(self.kept)}" if self.kept else ""
        words = ""
        for weight, block in self.terms:
            size = "" if abs(weight) == 1 else f"{abs(weight)} "
            sign = (" - " if weight < 0 else " + ") if words else ("-" if weight < 0 else "")
            what = f"Gram({block.name}; {', '.join(self.edge)})" if self.edge else f"||{block.name}||^2"
            words += f"{sign}{size}{what}"
        return words + at


def conservation_laws(parametrisation: Parametrisation) -> tuple[Law, ...]:
    """The laws (6), (7) and (22) of any parametrisation.

    A label that two blocks carry and no other can be rotated, scaled and sheared between them: their Gram matrices over
    it differ by a constant. A label that three or more blocks carry, or two blocks and W, allows scaling alone:
    squared slice norms, divided by the degrees. Parts of the network that share no label scale against each other as
    wholes. In a sum of networks a scaling must leave every one of them.

    Arguments:
        parametrisation: any model.
    Returns: laws between neighbours through a label, in the canonical order of the blocks.
    """
    return _single(parametrisation) if parametrisation.is_multilinear else _general(parametrisation)


def _single(parametrisation: Parametrisation) -> tuple[Law, ...]:
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
            laws += [Law.between(a, b, (), (label,)) for a, b in itertools.pairwise(blocks)]
        elif names not in done and len(names) == 2:
            done.add(names)
            left, right = (by_name[name] for name in names)
            edge = tuple(x for x in left.labels if carriers[x] == names and x not in parametrisation.output)
            kept = tuple(x for x in left.labels if x in right.labels and x not in edge)
            laws.append(Law.between(left, right, edge, kept))
    joined = [pair for names in carriers.values() for pair in itertools.pairwise(names)]
    parts = connected_components((list(by_name), joined))
    laws += [Law.between(by_name[a[0]], by_name[b[0]], (), ()) for a, b in itertools.pairwise(parts)]
    return tuple(laws)


def _general(model: Parametrisation) -> tuple[Law, ...]:
    """Laws of a sum of networks, or of blocks in several places: the scalings of one index that leave every network."""
    laws: list[Law] = []
    implied: list[list[Any]] = []  # what the laws of single labels say of whole blocks
    for axes, places in model.classes:
        blocks = {name: _named(model, name, axis, places[0][1]) for name, axis in axes.items()}
        if any(block is None for block in blocks.values()):
            continue  # two axes of a block would have one name
        rows = [[model.terms[t].count(name, label) for name in axes] for t, label in places]
        weights = _scalings(rows)
        implied += [[w[list(axes).index(n)] if n in axes else 0 for n in model.block_order] for w in weights]
        signs = _sides(rows)
        if signs is not None and not any(label in model.output for _, label in places):
            terms = tuple((sign, blocks[name]) for name, sign in zip(axes, signs, strict=True))
            terms = tuple(sorted(terms, key=lambda term: -term[0]))
            laws.append(Law(terms, (places[0][1],), ()))  # type: ignore[arg-type]
            continue
        for weight in weights:
            laws.append(Law(_terms(weight, list(blocks.values())), (), (places[0][1],)))
    whole = [[term.count(name) for name in model.block_order] for term in model.terms]
    for weight in _scalings(whole):
        if Matrix([*implied, weight]).rank() > (Matrix(implied).rank() if implied else 0):
            implied.append(list(weight))
            laws.append(Law(_terms(weight, list(model.blocks)), (), ()))
    return tuple(laws)


def _named(model: Parametrisation, name: str, axis: int, label: str) -> Block | None:
    """The block with its axis under the label's name; None where another axis has that name."""
    block = next(b for b in model.blocks if b.name == name)
    labels = (*block.labels[:axis], label, *block.labels[axis + 1 :])
    return Block(name, labels) if len(set(labels)) == len(labels) else None


def _terms(weight: Sequence[Any], blocks: Sequence[Block | None]) -> tuple[tuple[Any, Block], ...]:
    return tuple((w, block) for w, block in zip(weight, blocks, strict=True) if w != 0 and block is not None)


def _scalings(rows: Sequence[Sequence[int]]) -> list[list[Any]]:
    """A basis of the weights theta with sum of count * theta = 0 in every row: differences of neighbours where they
    are weights, the rest by SymPy."""
    count = len(rows[0])
    basis: list[list[Any]] = []
    pairs = []
    for a, b in itertools.pairwise(range(count)):
        both = [(row[a], row[b]) for row in rows if row[a] or row[b]]
        if both and all(x and y and Rational(x, y) == Rational(*both[0]) for x, y in both):
            weight: list[Any] = [Integer(0)] * count
            weight[a], weight[b] = Rational(1, both[0][0]), -Rational(1, both[0][1])
            pairs.append(weight)
    others = [list(vector) for vector in Matrix(rows).nullspace()]
    for weight in (*pairs, *others):
        if Matrix([*basis, weight]).rank() == len(basis) + 1:
            basis.append(weight)
    return basis


def _sides(rows: Sequence[Sequence[int]]) -> list[int] | None:
    """+1 or -1 for every block where each row has one block of either sign, once; None where that cannot be."""
    if any(sorted(row, reverse=True)[:3] not in ([1, 1], [1, 1, 0]) for row in rows):
        return None
    signs: dict[int, int] = {0: 1}
    for _ in rows:
        for row in rows:
            a, b = (k for k, count in enumerate(row) if count)
            for one, other in ((a, b), (b, a)):
                if one in signs and signs.setdefault(other, -signs[one]) == signs[one]:
                    return None
    return [signs[k] for k in range(len(rows[0]))] if len(signs) == len(rows[0]) else None
