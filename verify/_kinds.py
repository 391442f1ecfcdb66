"""Thin sets: what a generated problem is made to lie on, by name; a kind is a sum of such names, "saddle+one-entry"."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from numerics import Architecture, Loss, Model, Network

# (shape, lowest, highest) -> whole numbers: from a generator, or drawn one by one so that they shrink.
Choose = Callable[[tuple[int, ...], int, int], np.ndarray]

PLAIN = "plain"
STARTS = (  # named more than once: more often
    *("zero-slice", "superdiagonal", "repeated", "rank-deficient", "identity", "tiny", "large", "fine"),
    *("collinear", "collinear", "graded-entries", "graded-slices", "saddle", "saddle", "isometry", "isometry"),
    *("spectrum", "spectrum", "even", "even", "even", "even"),
)
TARGETS = ("zero-target", "fitted", "unseen-misfit", "graded-target")
FITS = ("fitted", "unseen-misfit")
NETWORK_STARTS = {
    *("zero-slice", "rank-deficient", "identity", "tiny", "large", "fine", "collinear", "graded-entries"),
    *("graded-slices", "saddle"),
}
EXTREME = ("tiny", "large", "graded-entries", "graded-slices", "collinear")  # sizes that only the squared loss stands
VIEWS = ("one-entry", "diagonal-view", "slice-unseen")
WEIGHTS = ("unequal-weights", "graded-weights")
KINDS = (PLAIN, *dict.fromkeys(STARTS), *TARGETS, *VIEWS, *WEIGHTS)

FINE_BITS = 14  # entries of a "fine" start are multiples of 2^-FINE_BITS
SPREAD = 20  # powers of two between the entries, or the slices, of a graded block: six orders of magnitude
DEGREE_BITS = 200  # bound on |exponent| * degree, so that fourth powers of W stay inside float64
CLOSE = 12  # near-collinear columns differ from a multiple by 2^-CLOSE


def spread_of(architecture: Model) -> int:
    """Powers of two over which a graded block ranges, so that products of all blocks stay inside float64."""
    return min(SPREAD, DEGREE_BITS // architecture.degree)


def without_fit(kind: str) -> str:
    """The kind with a target of its own."""
    return "+".join(part for part in kind.split("+") if part not in FITS) or PLAIN


def exponent_of(kind: str, architecture: Model) -> int:
    """The power of two by which the blocks of a kind are multiplied."""
    parts = kind.split("+")
    for name, bits in (("tiny", -40), ("large", 20)):
        if name in parts:
            most = DEGREE_BITS // architecture.degree
            return int(math.copysign(min(abs(bits), most), bits))
    if "fine" in parts:
        return -FINE_BITS
    return -spread_of(architecture) // 2 if {"graded-entries", "graded-slices"} & set(parts) else 0


def aim_start(kind: str, architecture: Model, blocks: dict[str, np.ndarray], choose: Choose) -> None:
    """Move the blocks of a start, in place, onto the thin set of its kind."""
    parts = kind.split("+")
    if isinstance(architecture, Network):
        aim_network(parts, architecture, blocks, choose)
    elif isinstance(architecture, Architecture):
        aim_tucker(parts, architecture, blocks, choose)


def aim_network(parts: list[str], network: Network, blocks: dict[str, np.ndarray], choose: Choose) -> None:
    """The thin sets that every model has: zero, equal, near-collinear, graded and dead slices and blocks."""
    members = [m for grouping in network.description.groupings for m in grouping.members]
    names = list(blocks)
    if "zero-slice" in parts and members:
        np.moveaxis(blocks[members[0].block.name], members[0].axis, 0)[0] = 0
    if "rank-deficient" in parts:
        for name in names if choose((), 0, 1) else names[:1]:
            block = blocks[name]
            block[...] = block[..., :1] if block.ndim > 1 else 1
    if "identity" in parts:
        for block in blocks.values():
            block[...] = np.eye(*block.shape[-2:], dtype=block.dtype) if block.ndim > 1 else 1
    if "saddle" in parts:  # one block zero; two, where every gradient of most models vanishes; or all
        dead = int(choose((), 0, 2))
        for name in names if dead == 2 else names[: 1 + dead]:
            blocks[name][...] = 0
    if "collinear" in parts:
        for block in blocks.values():
            if block.ndim > 1 and block.shape[-1] > 1:
                block[..., 1] = block[..., 0] * 2**CLOSE
                block.reshape(-1)[1] += int(choose((), 0, 2) > 0)
    if "graded-entries" in parts:
        for block in blocks.values():
            block[...] = block * 2 ** choose(block.shape, 0, spread_of(network))
    if "graded-slices" in parts and members:
        block = np.moveaxis(blocks[members[-1].block.name], members[-1].axis, 0)
        powers = choose((block.shape[0],), 0, spread_of(network))
        block[...] = block * 2 ** powers.reshape(-1, *(1,) * (block.ndim - 1))


def possible(kind: str, model: Model, loss: Loss) -> str:
    """The kind without what the model has not, or what the loss has no use for."""
    lost: set[str] = set()
    if isinstance(model, Network):
        lost |= {*STARTS} - NETWORK_STARTS
    if loss.targets == "signs":
        lost |= {*TARGETS, *EXTREME}
    elif loss.name != "squared":
        lost |= {*EXTREME, "graded-target"} | ({*FITS} if not loss.bounded_below else set())
    return "+".join(part for part in kind.split("+") if part not in lost) or PLAIN


def aim_tucker(parts: list[str], architecture: Architecture, blocks: dict[str, np.ndarray], choose: Choose) -> None:
    """The thin sets of deep Tucker."""
    core = blocks["G"]
    factors = [block for name, block in blocks.items() if name.startswith("a")]
    if "zero-slice" in parts:
        core[0] = 0
    if "superdiagonal" in parts or "repeated" in parts or "spectrum" in parts:
        diagonal = tuple(np.arange(min(core.shape)) for _ in core.shape)
        values = core[diagonal].copy() if "superdiagonal" in parts else np.full(min(core.shape), 2)
        if "spectrum" in parts:  # neighbouring ones a factor of 2^4 to 2^9 apart
            values = _falling(len(values), choose, spread_of(architecture))
        core[...] = 0
        core[diagonal] = values
    if "isometry" in parts:
        core[...] = _isometry(core.shape)
    if "rank-deficient" in parts:
        core[...] = core.reshape(-1)[0] if core.reshape(-1)[0] else 1
        if choose((), 0, 1):  # and every factor of rank one too
            for name, block in blocks.items():
                if name.startswith("a"):
                    block[...] = block[:, :1]
                elif name != "G" and architecture.chain != "mode":
                    block[...] = block[:1]
    if {"identity", "repeated", "spectrum", "isometry"} & set(parts):
        for name, block in blocks.items():
            if name != "G":
                block[...] = np.eye(*block.shape[-2:], dtype=block.dtype) if block.ndim > 1 else 1
    if "saddle" in parts:  # one factor zero; two, where every gradient vanishes; or all blocks
        dead = int(choose((), 0, 2))
        for block in factors[: 1 + (dead == 1)]:
            block[...] = 0
        if dead == 2 or not factors:
            for block in blocks.values():
                block[...] = 0
    if "collinear" in parts:
        for block in factors:
            if block.shape[1] > 1:
                block[:, 1] = block[:, 0] * 2**CLOSE
                block[0, 1] += int(choose((), 0, 2) > 0)
    if "graded-entries" in parts:
        for block in blocks.values():
            block[...] = block * 2 ** choose(block.shape, 0, spread_of(architecture))
    if "graded-slices" in parts:
        powers = choose((core.shape[0],), 0, spread_of(architecture))
        core[...] = core * 2 ** powers.reshape(-1, *(1,) * (core.ndim - 1))
        for block in factors[-1:]:
            block[...] = block * 2 ** choose((block.shape[1],), 0, spread_of(architecture))
    if "even" in parts:
        _even_out(architecture, blocks, choose)


def _falling(count: int, choose: Choose, room: int) -> np.ndarray:
    """Powers of two that fall by 2^4 to 2^9 from each to the next, while there is room."""
    drops = np.cumsum(choose((max(count - 1, 0),), 4, 9))
    return 2 ** np.maximum(0, room - np.concatenate([[0], drops]))[:count].astype(np.int64)


def _isometry(shape: tuple[int, ...]) -> np.ndarray:
    """A tensor whose unfolding along its longest mode is twice a partial permutation: equal singular values."""
    mode = int(np.argmax(shape))
    moved = (shape[mode], *shape[:mode], *shape[mode + 1 :])
    return np.moveaxis((2 * np.eye(moved[0], math.prod(moved[1:]), dtype=np.int64)).reshape(moved), 0, mode)


def _even_out(architecture: Architecture, blocks: dict[str, np.ndarray], choose: Choose) -> None:
    """Equal norms of whole numbers in every group: one entry in a core slice, one in every block of its group."""
    core = blocks["G"]
    live = min(core.shape)
    norms = choose((live,), 1, 3) * np.where(choose((live,), 0, 1), -1, 1)
    core[...] = 0
    core[tuple(np.arange(live) for _ in core.shape)] = norms
    for n in range(architecture.order) if architecture.depth else ():
        size = architecture.sizes[n]
        place = choose((live,), 0, size - 1)  # the row that holds the entry of every block of a group
        for name in (*architecture.links(n), f"a{n + 1}"):
            block = blocks[name]
            if architecture.chain == "mode" and not name.startswith("a"):
                block[...] = np.eye(size, dtype=np.int64)
                continue
            block[...] = 0
            for r in range(live):
                at = (place[r], r) if name.startswith("a") else (r, place[r], place[r]) if block.ndim == 3 else (r,)
                block[at] = abs(int(norms[r]))


def aim_target(kind: str, target: np.ndarray, choose: Choose) -> None:
    """Move the whole numbers of a target, in place; "fitted" and "unseen-misfit" are W's own and set by `Problem`."""
    if "zero-target" in kind.split("+"):
        target[...] = 0
    if "graded-target" in kind.split("+"):
        target[...] = target * 2 ** choose(target.shape, 0, SPREAD)


def view(kind: str, sizes: tuple[int, ...], choose: Choose) -> np.ndarray | None:
    """The observed entries of a kind, or None where the kind does not say."""
    parts = kind.split("+")
    mask = np.zeros(sizes, dtype=bool)
    if "one-entry" in parts:
        mask.reshape(-1)[int(choose((), 0, mask.size - 1))] = True
    elif "diagonal-view" in parts:  # no two observed entries share an index: a disconnected pattern
        mask[tuple(np.arange(min(sizes)) for _ in sizes)] = True
    elif "slice-unseen" in parts and max(sizes) > 1:
        mask[...] = True
        np.moveaxis(mask, int(np.argmax(sizes)), 0)[0] = False
    else:
        return None
    return mask


def weigh(kind: str, mask: np.ndarray, choose: Choose) -> np.ndarray | None:
    """Whole-number weights of a kind, or None where all observed entries weigh the same."""
    parts = kind.split("+")
    if "unequal-weights" in parts:
        return choose(mask.shape, 1, 5) * mask
    return 2 ** choose(mask.shape, 0, 10) * mask if "graded-weights" in parts else None


def aim_tensor(kind: str, W: np.ndarray) -> np.ndarray:
    """A tensor of whole numbers moved onto the thin set of the kind; moved twice it stays where it is."""
    W, parts = W.copy(), kind.split("+")
    diagonal = tuple(np.arange(min(W.shape)) for _ in W.shape)
    if "zero-slice" in parts:
        W[0] = 0
    elif {"superdiagonal", "repeated", "even"} & set(parts):
        values = np.full(min(W.shape), 2) if "repeated" in parts else W[diagonal]
        W = np.zeros_like(W)
        W[diagonal] = values
    elif "spectrum" in parts:
        W = np.zeros_like(W)
        W[diagonal] = 2 ** np.maximum(0, 21 - 7 * np.arange(min(W.shape)))
    elif "isometry" in parts:
        W = _isometry(W.shape)
    elif "rank-deficient" in parts:
        W[...] = W.reshape(-1)[0] if W.reshape(-1)[0] else 1
    elif "identity" in parts:
        W[1:] = W[:1]  # equal slices: all unfoldings are rank-deficient or have repeated columns
    elif "collinear" in parts and len(W) > 1:
        W[1] = W[0] * 2
        W[1].reshape(-1)[0] += 1
    return W
