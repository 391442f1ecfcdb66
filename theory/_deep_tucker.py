"""Deep Tucker factorization as data, with its three chains.  Source: (1), (2), (4)."""

from __future__ import annotations

from functools import lru_cache

from ._parametrisation import Block, Parametrisation
from ._program import Assignment, Contraction

CHAINS = ("column", "mode", "gate")


def deep_tucker(depth: int, order: int, chain: str = "column") -> Parametrisation:
    """The Tucker factorization whose factors are products of `depth` blocks; depth 0 is the core alone.

    Chains are contracted right to left, S_k = A_k S_{k+1}, then the core is multiplied mode by mode.

    Arguments:
        depth: K >= 0, blocks per chain.
        order: N >= 1, modes of the tensor.
        chain: "column" (one chain per column of a factor), "mode" (one per factor) or "gate" (scalar gates per column).
    Returns: the parametrisation with blocks G, A{n}.1 .. A{n}.{K-1}, a{n}.
    Raises: ValueError for a depth, order or chain out of range.
    Source: (1), (2).
    """
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 0:
        raise ValueError(f"depth must be an integer >= 0, got {depth!r}")
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"order must be an integer >= 1, got {order!r}")
    if chain not in CHAINS:
        raise ValueError(f"chain must be one of {', '.join(CHAINS)}, got {chain!r}")
    return _described(depth, order, chain)


@lru_cache(maxsize=256)
def _described(depth: int, order: int, chain: str) -> Parametrisation:
    modes = range(1, order + 1)
    output = tuple(f"i{n}" for n in modes)
    name = f"deep Tucker, depth {depth}, order {order}, chain {chain}"
    if depth == 0:
        core = Block("G", output)
        return Parametrisation(name, (core,), (Assignment("W", Contraction((("G", output),), output)),), output)
    groups = tuple(f"r{n}" for n in modes)
    blocks = [Block("G", groups)]
    steps: list[Assignment] = []
    factors = []
    for n in modes:
        links, last = _chain_blocks(depth, n, chain)
        blocks += [*links, last]
        suffix = last
        for k, link in reversed(list(enumerate(links, start=1))):
            row = link.labels[-2] if chain != "gate" else f"i{n}"
            result = Block(f"S{n}.{k}", (row, f"r{n}"))
            pair = ((link.name, link.labels), (suffix.name, suffix.labels))
            steps.append(Assignment(result.name, Contraction(pair, result.labels)))
            suffix = result
        factors.append(suffix)
    partial = blocks[0]
    for n, factor in zip(modes, factors, strict=True):
        labels = output[:n] + groups[n:]
        pair = ((partial.name, partial.labels), (factor.name, factor.labels))
        partial = Block("W" if n == order else f"T{n}", labels)
        steps.append(Assignment(partial.name, Contraction(pair, labels)))
    return Parametrisation(name, tuple(blocks), tuple(steps), output, groups)


def _chain_blocks(depth: int, n: int, chain: str) -> tuple[list[Block], Block]:
    """The blocks A{n}.1 .. A{n}.{depth-1} and a{n}; link k runs from axis x_{k-1} (i{n} at first) to x_k."""
    axes = [f"i{n}", *(f"x{n}.{k}" for k in range(1, depth))]
    if chain == "gate":
        return [Block(f"A{n}.{k}", (f"r{n}",)) for k in range(1, depth)], Block(f"a{n}", (f"i{n}", f"r{n}"))
    own = (f"r{n}",) if chain == "column" else ()
    links = [Block(f"A{n}.{k}", (*own, axes[k - 1], axes[k])) for k in range(1, depth)]
    return links, Block(f"a{n}", (axes[-1], f"r{n}"))
