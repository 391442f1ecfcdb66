"""Hypothesis strategies for mode sizes and core sizes: mostly small, some with one long mode or a roomy core."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from numerics import Architecture, Model, Network
from theory import Parametrisation

ENTRIES_CAP = 144  # entries of a generated tensor
CORE_CAP = 128  # and of its core
LINKS_CAP = 300  # R_n I_n^2, the entries of one link of every chain of a mode
LONGEST = 12  # of a long mode
ROOMY = 3  # times I_n is the largest core size drawn
LONG_SHARE, ROOMY_SHARE = 10, 4  # one architecture in so many has a long mode, or a roomy core


@st.composite
def sizes(draw: Any, order: int, largest: int = 5) -> tuple[int, ...]:
    """Mode sizes 1..largest with at most ENTRIES_CAP entries; size-1 modes are included."""
    result: list[int] = []
    for left in range(order, 0, -1):
        room = ENTRIES_CAP // math.prod(result) if result else ENTRIES_CAP
        top = max(1, min(largest, int(room ** (1 / left)) + 1, room))
        result.append(draw(st.integers(1, top)))
    return tuple(result)


@st.composite
def long_sizes(draw: Any, order: int) -> tuple[int, ...]:
    """One mode of 6 to LONGEST entries, the others of at most 3."""
    others = draw(sizes(order - 1, 3)) if order > 1 else ()
    room = ENTRIES_CAP // math.prod(others)
    place = draw(st.integers(0, order - 1))
    longest = draw(st.integers(6, max(6, min(LONGEST, room))))
    return (*others[:place], longest, *others[place:])


@st.composite
def architectures(
    draw: Any, depth: int, order: int, chain: str, fixed: tuple[int, ...] | None = None, largest: int = 5
) -> Architecture:
    """Architectures of one cell: generated or fixed mode sizes, core sizes mostly up to one more than the mode size.

    Where modes may have 5 entries one in LONG_SHARE has a long mode; one in ROOMY_SHARE has a core size up to ROOMY
    times its mode's.
    """
    long = fixed is None and largest >= 5 and draw(st.integers(1, LONG_SHARE)) == LONG_SHARE
    mode_sizes = fixed or draw(long_sizes(order) if long else sizes(order, largest))
    if depth == 0:
        return Architecture(0, mode_sizes, mode_sizes, chain)
    roomy = draw(st.integers(0, ROOMY_SHARE * order - 1))  # the mode with room, if it is one
    ranks: list[int] = []
    for n, size in enumerate(mode_sizes):
        top = ROOMY * size if n == roomy else min(size + 1, 5)
        top = max(1, min(top, LINKS_CAP // size**2, CORE_CAP // math.prod(ranks)))
        ranks.append(draw(st.integers(min(size + 1, top) if n == roomy else 1, top)))
    return Architecture(depth, mode_sizes, tuple(ranks), chain)


@st.composite
def networks(
    draw: Any, description: Parametrisation, fixed: tuple[int, ...] | None = None, largest: int = 5
) -> Network:
    """Sizes of a described model: modes of 1 to `largest`, bonds of 1 to one more, within the caps."""
    given: dict[str, int] = {}
    if fixed is not None:
        given = dict(zip(description.output, fixed, strict=True))
    chosen: dict[str, int] = {}
    for part in description.tied:
        known = {given[x] for x in part if x in given}
        if len(known) > 1:
            raise ValueError(f"sizes={','.join(map(str, fixed or ()))}: {' and '.join(part)} are one axis of a block")
        mode = any(x in description.output for x in part)
        top = largest if mode else min(largest + 1, 4)
        trial = known.pop() if known else draw(st.integers(1, top))
        while trial > 1 and not given.get(part[0]) and not _fits(description, {**chosen, part[0]: trial}, fixed):
            trial -= 1
        chosen[part[0]] = trial
    return Network(description, chosen)


def _fits(description: Parametrisation, chosen: dict[str, int], fixed: tuple[int, ...] | None) -> bool:
    """Whether W and every block stay within the caps with all sizes not chosen yet at one."""
    sizes = description.sizes({part[0]: chosen.get(part[0], 1) for part in description.tied})
    entries = math.prod(sizes[x] for x in description.output)
    blocks = description.shapes(sizes).values()
    return (fixed is not None or entries <= ENTRIES_CAP) and max(map(math.prod, blocks)) <= CORE_CAP


def cube(architecture: Architecture) -> Architecture:
    """The same with equal mode and core sizes of at least two: only there all singular values of W can be equal."""
    size = (max(2, min(architecture.sizes)),) * architecture.order
    return Architecture(architecture.depth, size, size, architecture.chain)


def with_room(architecture: Model) -> Model:
    """The same without sides of one, unless it would pass a cap."""
    if not isinstance(architecture, Architecture):
        return architecture
    sizes, ranks = (tuple(max(2, side) for side in sides) for sides in (architecture.sizes, architecture.ranks))
    if math.prod(sizes) > ENTRIES_CAP or math.prod(ranks) > CORE_CAP:
        return architecture
    return Architecture(architecture.depth, sizes, ranks, architecture.chain)


def broad(architecture: Architecture, generator: np.random.Generator) -> Architecture:
    """The same with a mode of 6 to 8 whose unfolding has as many columns or more: room for as many equal directions."""
    order = architecture.order
    if order == 1:
        return architecture
    others = {2: (8,), 3: (2, 4)}.get(order, (2, 2, 2, *(1,) * (order - 4)))
    place = int(generator.integers(order))
    size = (*others[:place], int(generator.integers(6, 9)), *others[place:])
    return Architecture(architecture.depth, size, size, architecture.chain)
