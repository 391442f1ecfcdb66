"""How many independent conservation laws a parametrisation has, by the Lie algebra of its gradient fields.

A function is conserved by the gradient flow of every loss exactly if its gradient is orthogonal to the gradient
fields of all entries of W, and then also to all their brackets. Near a generic point the number of independent laws
is the number of unknowns minus the dimension of that Lie algebra there.

Brackets are not expanded. Along the flow of v = sum c_i(t) grad W_i from a random point, with random polynomials
c_i, the field Y = grad W_j pulled back to the start is a power series in t whose coefficients are combinations of
iterated brackets. All is computed modulo a prime at an integer point. Modulo a prime and at a point, ranks can only
be too small: the count of laws is an upper bound without any chance of error, and the rank of the supplied laws a
lower bound. When they meet, the number is settled.

Source: (6), (7); S. Marcotte, R. Gribonval, G. Peyre, Abide by the law and follow the flow, 2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm
from random import Random
from typing import Any

from ._exact_evaluation import Array, Dual, Index, Sizes, indices, run
from ._gradient import gradient_flow
from ._laws import Law, conservation_laws
from ._parametrisation import Parametrisation
from ._series import PRIME, Series, rank_mod_prime

Entry = tuple[str, Index]


@dataclass(frozen=True)
class LawCount:
    """Number of independent conservation laws of one model at given sizes.

    Arguments:
        model: its name. sizes: sizes of its labels.
        unknowns: number of entries of all blocks.
        lie_rank: dimension of the Lie algebra found (a lower bound).
        supplied: independent laws among (6) and (7) (a lower bound of the number of laws).
        length: terms of the power series used.
    """

    model: str
    sizes: tuple[tuple[str, int], ...]
    unknowns: int
    lie_rank: int
    supplied: int
    length: int

    @property
    def counted(self) -> int:
        """Upper bound of the number of independent laws; the number itself when complete."""
        return self.unknowns - self.lie_rank

    @property
    def complete(self) -> bool:
        """The laws supplied are all there are."""
        return self.counted == self.supplied

    @property
    def missing(self) -> int:
        """How many laws more than those supplied there may be."""
        return self.counted - self.supplied

    def __str__(self) -> str:
        verdict = "complete" if self.complete else f"at most {self.missing} more law(s) exist"
        return f"{self.unknowns} unknowns, {self.supplied} laws supplied, {self.counted} counted: {verdict}"


def count_laws(parametrisation: Parametrisation, sizes: Sizes, *, seed: int = 0, longest: int = 12) -> LawCount:
    """Count the conservation laws of a model at given sizes.

    Arguments:
        parametrisation: the model.
        sizes: size of every label, at least 1.
        seed: of the random point and coefficients.
        longest: most terms of the power series; growth stops earlier when the bounds meet or two lengthenings add
            nothing.
    Returns: the count; `counted` is an upper bound without probability of error, `supplied` a lower bound.
    Raises: ValueError naming a label without a size or a size below 1.
    """
    for block in parametrisation.blocks:
        for label in block.labels:
            if sizes.get(label, 0) < 1:
                raise ValueError(f"size of label {label!r} of block {block.name!r} must be at least 1")
    random = Random(seed)
    entries = [(b.name, k) for b in parametrisation.blocks for k in indices(b.labels, sizes)]
    start = {entry: random.randrange(1, PRIME) for entry in entries}
    supplied = rank_mod_prime(law_gradients(parametrisation, sizes, start))
    target = len(entries) - supplied
    best, same, length = 0, 0, 2
    while length <= longest:
        rank = _bracket_rank(parametrisation, sizes, start, length, target + 2, random)
        same = same + 1 if rank == best else 0
        best = max(best, rank)
        if best >= target or same == 2:
            break
        length += 2
    used = tuple(sorted((x, n) for x, n in sizes.items() if any(x in b.labels for b in parametrisation.blocks)))
    return LawCount(parametrisation.name, used, len(entries), best, supplied, min(length, longest))


def law_gradients(parametrisation: Parametrisation, sizes: Sizes, point: Mapping[Entry, int]) -> list[list[int]]:
    """One row per entry of every law: its gradient at the point, columns in the order of the point."""
    column = {entry: i for i, entry in enumerate(point)}
    rows = []
    for law in conservation_laws(parametrisation):
        for ends in _ends(law, sizes):
            row = [0] * len(column)
            common = lcm(*(int(weight.q) for weight, _ in law.terms))
            for sign, block in ((int(weight * common), block) for weight, block in law.terms):
                for first, second in _products(block.labels, ends, sizes):
                    a, b = (block.name, first), (block.name, second)
                    row[column[a]] += sign * point[b]
                    row[column[b]] += sign * point[a]
            rows.append(row)
    return rows


def _ends(law: Law, sizes: Sizes) -> list[tuple[dict[str, int], dict[str, int]]]:
    ends = []
    for kept in indices(law.kept, sizes):
        fixed = dict(zip(law.kept, kept, strict=True))
        places = indices(law.edge, sizes)
        for i, x in enumerate(places):
            for y in places[i:]:
                here = fixed | dict(zip(law.edge, x, strict=True))
                ends.append((here, fixed | dict(zip(law.edge, y, strict=True))))
    return ends


def _products(labels: tuple[str, ...], ends: Any, sizes: Sizes) -> list[tuple[Index, Index]]:
    free = tuple(x for x in labels if x not in ends[0])
    pairs = []
    for rest in indices(free, sizes):
        others = dict(zip(free, rest, strict=True))
        pairs.append(tuple(tuple({**others, **end}[x] for x in labels) for end in ends))
    return pairs  # type: ignore[return-value]


def _bracket_rank(
    parametrisation: Parametrisation, sizes: Sizes, start: Mapping[Entry, int], length: int, rows: int, random: Random
) -> int:
    """Rank of the pulled-back fields, seen through random covectors."""
    flow = gradient_flow(parametrisation)
    entries = list(start)
    outputs = indices(parametrisation.output, sizes)
    control = {k: Series([random.randrange(PRIME) for _ in range(length)]) for k in outputs}

    def velocities(point: list[Any], seed: Array) -> list[Any]:
        arrays: dict[str, Array] = {name: {} for name in parametrisation.block_order}
        for (name, k), value in zip(entries, point, strict=True):
            arrays[name][k] = value
        values = run(flow, {**arrays, "D": seed}, sizes)
        return [values[f"d{name}/dt"][k] for name, k in entries]

    path = [[start[entry]] for entry in entries]
    for k in range(length - 1):
        rates = velocities([Series(c) for c in path], {x: Series(s.c[: k + 1]) for x, s in control.items()})
        inverse = pow(k + 1, -1, PRIME)
        for c, rate in zip(path, rates, strict=True):
            c.append(rate.c[k] * inverse % PRIME)
    point = [Series(c) for c in path]
    zero, one = Series([0] * length), Series([1] + [0] * (length - 1))
    columns = []  # of the Jacobian of v along the path
    for i in range(len(entries)):
        moved = [Dual(x, one if i == j else zero) for j, x in enumerate(point)]
        columns.append([rate.slope.c for rate in velocities(moved, {x: Dual(s, zero) for x, s in control.items()})])
    jacobian = [[[columns[j][i][k] for j in range(len(entries))] for k in range(length)] for i in range(len(entries))]
    fields = [velocities(point, {x: one if x == y else zero for x in outputs}) for y in outputs]
    seen = [_row(jacobian, fields, length, random) for _ in range(rows)]
    return rank_mod_prime(seen)


def _row(jacobian: list[list[list[int]]], fields: list[list[Series]], length: int, random: Random) -> list[int]:
    """A covector p with p' = -p J(t), p(0) random, paired with every field: all coefficients in t."""
    size = len(jacobian)
    covector = [[random.randrange(PRIME) for _ in range(size)]]
    for k in range(length - 1):
        scale = -pow(k + 1, -1, PRIME)
        total = [0] * size
        for i in range(size):
            for j in range(k + 1):
                if factor := covector[j][i]:
                    total = [x + factor * y for x, y in zip(total, jacobian[i][k - j], strict=False)]
        covector.append([x * scale % PRIME for x in total])
    numbers = []
    for field in fields:
        for k in range(length):
            numbers.append(sum(covector[j][i] * field[i].c[k - j] for j in range(k + 1) for i in range(size)) % PRIME)
    return numbers
