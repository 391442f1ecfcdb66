"""The table of conservation-law counts: python -m theory topic=conservation out=docs/conservation_laws.md."""

from __future__ import annotations

from collections.abc import Iterator

from ._deep_tucker import CHAINS, deep_tucker
from ._exact_evaluation import sizes_of
from ._law_count import LawCount, count_laws
from ._models import cp, deep_cp, deep_matrix, tensor_train
from ._parametrisation import Parametrisation

INTRODUCTION = """# Conservation laws, counted

A function of the parameters is conserved by the gradient flow of every loss exactly if its gradient is orthogonal to
the gradient fields of all entries of W and to all their brackets (Marcotte, Gribonval, Peyre 2023). Near a generic
point the number of independent laws is the number of unknowns minus the dimension of that Lie algebra.

*supplied* is the rank of the laws (6) and (7), a lower bound of the number of laws; *counted* is unknowns minus the
rank of the brackets, an upper bound. Both ranks are computed exactly, modulo the prime 2^31 - 1 at a random integer
point, where they can only be too small: the bounds hold without probability of error. Where they meet ("complete")
the number is settled: there are no other laws. All labels have size 2 unless sizes are given.

Written by `python -m theory topic=conservation out=docs/conservation_laws.md`.

| model | sizes | unknowns | laws supplied | laws counted | verdict |
|---|---|---:|---:|---:|---|
"""


def rows() -> Iterator[LawCount]:
    """The counts of the table, one by one: they take seconds each."""
    for sizes in ((2, 2, 2), (2, 1, 2), (3, 2, 2), (1, 2, 1), (1, 3, 1), (2, 3, 2)):
        yield count_laws(deep_matrix(2), dict(zip(("i1", "x1", "i2"), sizes, strict=True)))
    models: list[Parametrisation] = [deep_matrix(3), deep_matrix(4)]
    models += [deep_tucker(depth, 3, chain) for chain in CHAINS for depth in (1, 2, 3)]
    models += [deep_tucker(2, 2, chain) for chain in CHAINS]
    models += [cp(3), cp(4), deep_cp(2, 3), tensor_train(3), tensor_train(4)]
    for model in models:
        yield count_laws(model, sizes_of(model))


def as_row(count: LawCount) -> str:
    """One line of the table."""
    sizes = dict(count.sizes)
    shown = "all 2" if set(sizes.values()) == {2} else ", ".join(f"{x} = {n}" for x, n in sizes.items())
    verdict = "complete" if count.complete else f"at most {count.missing} missing"
    return f"| {count.model} | {shown} | {count.unknowns} | {count.supplied} | {count.counted} | {verdict} |"


def table() -> str:
    """The whole page."""
    return INTRODUCTION + "\n".join(as_row(count) for count in rows()) + "\n"
