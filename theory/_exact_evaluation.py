"""Programs evaluated in any exact ring, and the identity test of Schwartz and Zippel at random integer points."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from operator import itemgetter
from random import Random
from typing import Any

from ._derivation import Check
from ._gradient import squared_loss_flow
from ._laws import Law, conservation_laws
from ._parametrisation import Parametrisation
from ._program import Contraction, Labels, Program

Index = tuple[int, ...]
Array = dict[Index, Any]
Sizes = Mapping[str, int]
SAMPLES = 2**32


def indices(labels: Labels, sizes: Sizes) -> list[Index]:
    """All index tuples of a tensor with these labels."""
    return list(product(*(range(sizes[x]) for x in labels)))


def contract(contraction: Contraction, arrays: Mapping[str, Array], sizes: Sizes) -> Array:
    """The value of a contraction; entries may lie in any commutative ring."""
    summed = sorted({x for _, labels in contraction.operands for x in labels} - set(contraction.output))
    labels = (*contraction.output, *summed)
    pick = [_picker(row, labels) for _, row in contraction.operands]
    tensors = [arrays[name] for name in contraction.names]
    scale = _number(contraction.coefficient)
    inner = indices(tuple(summed), sizes)
    result: Array = {}
    for head in indices(contraction.output, sizes):
        total: Any = 0
        for tail in inner:
            place = head + tail
            value = tensors[0][pick[0](place)]
            for tensor, at in zip(tensors[1:], pick[1:], strict=True):
                value = value * tensor[at(place)]
            total = total + value
        result[head] = total if scale == 1 else total * scale
    return result


def _number(coefficient: Any) -> Any:
    return int(coefficient) if coefficient.is_Integer else coefficient


def _picker(row: Labels, labels: Labels) -> Any:
    places = [labels.index(x) for x in row]
    if not places:
        return lambda place: ()
    if len(places) == 1:
        (only,) = places
        return lambda place: (place[only],)
    return itemgetter(*places)


def run(program: Program, arrays: Mapping[str, Array], sizes: Sizes) -> dict[str, Array]:
    """All values of a program, inputs included."""
    known = dict(arrays)
    for line in program:
        expression = line.expression
        if isinstance(expression, Contraction):
            known[line.name] = contract(expression, known, sizes)
        else:
            (first, name), *rest = expression.terms
            value = {k: x * _number(first) for k, x in known[name].items()}
            for coefficient, other in rest:
                value = {k: x + known[other][k] * _number(coefficient) for k, x in value.items()}
            known[line.name] = value
    return known


def sizes_of(parametrisation: Parametrisation, size: int = 2) -> dict[str, int]:
    """Every label at one size."""
    return dict.fromkeys(parametrisation.labels, size)


def random_point(
    parametrisation: Parametrisation, sizes: Sizes, random: Random, top: int = SAMPLES
) -> dict[str, Array]:
    """Blocks, target and weights with independent integers from 1 .. top."""
    shapes = {block.name: block.labels for block in parametrisation.blocks}
    shapes |= {"target": parametrisation.output, "weights": parametrisation.output}
    return {name: {k: random.randint(1, top) for k in indices(row, sizes)} for name, row in shapes.items()}


@lru_cache(maxsize=16)
def _random_flow(parametrisation: Parametrisation, size: int, seed: int) -> dict[str, Array]:
    sizes = sizes_of(parametrisation, size)
    return run(squared_loss_flow(parametrisation), random_point(parametrisation, sizes, Random(seed)), sizes)


def run_at_random(parametrisation: Parametrisation, size: int = 2, seed: int = 0) -> tuple[dict[str, Array], Sizes]:
    """All values of the derived flow at random integers, with the sizes."""
    return _random_flow(parametrisation, size, seed), sizes_of(parametrisation, size)


def gradient_check(parametrisation: Parametrisation, size: int = 2, seed: int = 0) -> Check:
    """The derived velocities against the directional derivative of the map along a random direction.

    W(theta + e V) is expanded by the product rule of dual numbers, which uses none of the adjoint rules.

    Arguments:
        parametrisation: the model.
        size: of every label.
        seed: of the random integers.
    Returns: a check whose detail states the probability of error.
    Source: (3), Schwartz-Zippel lemma.
    """
    random, sizes = Random(seed + 1), sizes_of(parametrisation, size)
    values = _random_flow(parametrisation, size, seed)
    point = {name: values[name] for name in parametrisation.block_order}
    direction = {b.name: {k: random.randint(1, SAMPLES) for k in point[b.name]} for b in parametrisation.blocks}
    dual: dict[str, Array] = {
        name: {k: Dual(x, direction[name][k]) for k, x in point[name].items()} for name in direction
    }
    forward = Program(parametrisation.block_order, parametrisation.steps, {"W": "W"})
    moved = run(forward, dual, sizes)["W"]
    slope = sum(values["D"][k] * x.slope for k, x in moved.items())
    paired = sum(values[f"d{name}/dt"][k] * v for name, row in direction.items() for k, v in row.items())
    degree = 2 * max(len(term.slots) for term in parametrisation.terms) + 2
    return _zero_test([slope + paired], degree, sizes)


def law_check(parametrisation: Parametrisation, edges: bool, size: int = 2, seed: int = 0) -> Check:
    """d/dt of every law (edges: the matrix laws, else the squared slice norms) is 0 at a random integer point."""
    sizes = sizes_of(parametrisation, size)
    values = _random_flow(parametrisation, size, seed)
    laws = list(conservation_laws(parametrisation))
    if not edges:
        pairs = [
            (a, b, x) for x in parametrisation.groups for a, b in zip(*2 * [parametrisation.group(x)], strict=True)
        ]
        first = {x: parametrisation.group(x)[0] for x in parametrisation.groups}
        laws = [Law.between(first[x], b, (), (x,)) for _, b, x in pairs if b != first[x]]
    rates = [rate for law in laws for rate in law_rates(law, values, sizes)]
    return _zero_test(rates, 2 * max(len(term.slots) for term in parametrisation.terms) + 2, sizes)


def law_rates(law: Law, values: Mapping[str, Array], sizes: Sizes) -> list[Any]:
    """d/dt of all entries of one law, from the values of the flow program."""
    prime = {x: f"{x}'" for x in law.edge}
    wider = {**sizes, **{y: sizes[x] for x, y in prime.items()}}
    output = (*law.edge, *prime.values(), *law.kept)
    total: Array = {}
    for weight, block in law.terms:
        other = tuple(prime.get(x, x) for x in block.labels)
        velocity = f"d{block.name}/dt"
        forth = contract(Contraction(((velocity, block.labels), (block.name, other)), output), values, wider)
        back = contract(Contraction(((block.name, block.labels), (velocity, other)), output), values, wider)
        scale = _number(weight)
        total = {k: total.get(k, 0) + (forth[k] + back[k]) * scale for k in forth}
    return list(total.values())


def _zero_test(numbers: list[Any], degree: int, sizes: Sizes) -> Check:
    bad = [x for x in numbers if x != 0]
    size = max(sizes.values(), default=1)
    detail = (
        f"{len(numbers)} polynomials of degree <= {degree} vanish at a random integer point, sizes {size}; "
        f"each is identically zero, probability of error <= {degree}/2^{SAMPLES.bit_length() - 1}"
    )
    if bad:
        return Check(False, str(bad[0])[:60], f"{len(bad)} of {len(numbers)} exact values are not zero")
    return Check(True, "0", detail)


class Dual:
    """value + e * slope with e^2 = 0."""

    __slots__ = ("slope", "value")

    def __init__(self, value: Any, slope: Any) -> None:
        self.value, self.slope = value, slope

    def __add__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.slope + other.slope)
        return Dual(self.value + other, self.slope)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)
        return Dual(self.value * other, self.slope * other)
