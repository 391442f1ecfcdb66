"""Other factorizations as data, each a description of a few lines; every derivation takes them as they are.

Source: deep matrices Arora et al. 2019; CP Razin et al. 2021; deep CP Hariz et al. 2022; tensor train, no published
theory.
"""

from __future__ import annotations

from collections.abc import Callable

from ._deep_tucker import deep_tucker
from ._description import pair, product_of
from ._parametrisation import Block, Parametrisation


def deep_matrix(layers: int) -> Parametrisation:
    """W = A1 A2 ... A_layers.  Source: Arora et al. 2019."""
    axes = ["i1", *(f"x{k}" for k in range(1, _at_least(layers, 1, "layers"))), "i2"]
    blocks = [Block(f"A{k}", (axes[k - 1], axes[k])) for k in range(1, layers + 1)]
    steps = product_of(blocks, ("i1", "i2"))
    return Parametrisation(f"deep matrix, {layers} layers", tuple(blocks), steps, ("i1", "i2"))


def cp(order: int) -> Parametrisation:
    """W = sum_r a1_r (x) ... (x) aN_r.  Source: Razin et al. 2021."""
    modes = range(1, _at_least(order, 2, "order") + 1)
    output = tuple(f"i{n}" for n in modes)
    blocks = [Block(f"a{n}", (f"i{n}", "r")) for n in modes]
    steps = product_of(blocks, output)
    return Parametrisation(f"CP, order {order}", tuple(blocks), steps, output, ("r",))


def deep_cp(depth: int, order: int) -> Parametrisation:
    """CP whose vectors are products a_r = A_r1 ... A_r,K-1 a_r.  Source: Hariz et al. 2022."""
    _at_least(order, 2, "order")
    output = tuple(f"i{n}" for n in range(1, order + 1))
    blocks, steps, factors = [], [], []
    for n in range(1, order + 1):
        axes = [f"i{n}", *(f"x{n}.{k}" for k in range(1, _at_least(depth, 1, "depth")))]
        links = [Block(f"A{n}.{k}", ("r", axes[k - 1], axes[k])) for k in range(1, depth)]
        last = Block(f"a{n}", (axes[-1], "r"))
        blocks += [*links, last]
        for k in range(depth - 1, 0, -1):
            result = Block(f"S{n}.{k}", (axes[k - 1], "r"))
            steps.append(pair(result, links[k - 1], last))
            last = result
        factors.append(last)
    steps += product_of(factors, output)
    return Parametrisation(f"deep CP, depth {depth}, order {order}", tuple(blocks), tuple(steps), output, ("r",))


def tensor_train(order: int) -> Parametrisation:
    """W = G1 G2 ... GN, three-way cores joined in a row."""
    modes = range(1, _at_least(order, 2, "order") + 1)
    output = tuple(f"i{n}" for n in modes)
    bonds = [(), *((f"x{n}",) for n in range(1, order)), ()]
    blocks = [Block(f"G{n}", (*bonds[n - 1], f"i{n}", *bonds[n])) for n in modes]
    steps = product_of(blocks, output)
    return Parametrisation(f"tensor train, order {order}", tuple(blocks), steps, output)


def tensor_ring(order: int) -> Parametrisation:
    """W = trace G1 G2 ... GN, three-way cores joined in a ring."""
    modes = range(1, _at_least(order, 3, "order of a tensor ring") + 1)
    output = tuple(f"i{n}" for n in modes)
    blocks = [Block(f"G{n}", (f"x{n}", f"i{n}", f"x{n % order + 1}")) for n in modes]
    steps = product_of(blocks, output)
    return Parametrisation(f"tensor ring, order {order}", tuple(blocks), steps, output)


def diagonal(layers: int) -> Parametrisation:
    """W = u1 * u2 * ... * u_layers, entry by entry.  Source: Woodworth et al. 2020 (two layers), (22)."""
    blocks = [Block(f"u{k}", ("i1",)) for k in range(1, _at_least(layers, 1, "layers") + 1)]
    groups = ("i1",) if layers > 1 else ()
    steps = product_of(blocks, ("i1",))
    return Parametrisation(f"diagonal network, {layers} layers", tuple(blocks), steps, ("i1",), groups)


MODELS: dict[str, Callable[[int, int, str], Parametrisation]] = {
    "tucker": deep_tucker,
    "matrix": lambda depth, order, chain: deep_matrix(depth),
    "cp": lambda depth, order, chain: cp(order),
    "deep-cp": lambda depth, order, chain: deep_cp(depth, order),
    "tensor-train": lambda depth, order, chain: tensor_train(order),
    "tensor-ring": lambda depth, order, chain: tensor_ring(order),
    "diagonal": lambda depth, order, chain: diagonal(depth),
}


def _at_least(value: int, least: int, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {value!r}")
    return value
