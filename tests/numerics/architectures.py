"""Architectures that several tests run through: all chains, orders 1 to 5, unequal sizes, ranks above and below."""

from numerics import Architecture

CHAINS = ("column", "mode", "gate")
TUCKER = [
    Architecture(depth, sizes, ranks, chain)
    for chain in CHAINS
    for depth, sizes, ranks in (
        (0, (2, 3), None),
        (1, (3, 2, 4), (2, 2, 3)),
        (2, (3, 2), (2, 4)),
        (3, (2, 3, 1), (3, 2, 1)),
        (4, (2, 2, 3, 2), (2, 1, 2, 2)),
        (2, (4,), (3,)),
    )
]
CP = [
    Architecture(depth, sizes, ranks, chain, model="cp")
    for chain in CHAINS
    for depth, sizes, ranks in (
        (1, (3, 2, 4), None),
        (2, (3, 2), (3,)),
        (3, (2, 3, 1), (1,)),
        (2, (2, 3, 2, 2), (2,)),
        (1, (2, 2, 3, 2, 2), (3,)),
        (2, (4,), (3,)),
    )
]
