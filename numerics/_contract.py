"""One labelled contraction of one or two arrays, planned once as transpose, reshape and matmul, for NumPy and torch."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

Labels = tuple[str, ...]
Numbers = tuple[int, ...]  # labels numbered by their first appearance


def _identity(values: Any) -> Any:
    return values


def _rearranged(order: Sequence[int], lead: int, shape: tuple[int, ...] | None) -> Callable[[Any], Any]:
    """Permute the axes after the `lead` batch axes, then reshape them; does nothing where nothing is to do."""
    axes = (*range(lead), *(lead + axis for axis in order))
    moved = axes != tuple(range(len(axes)))
    if shape is None:
        return (lambda values: values.transpose(axes)) if moved else _identity
    if moved:
        return lambda values: values.transpose(axes).reshape(values.shape[:lead] + shape)
    return lambda values: values.reshape(values.shape[:lead] + shape)


class _Torch:
    """The three operations on tensors, under the names NumPy arrays have them as methods."""

    @staticmethod
    def rearranged(order: Sequence[int], lead: int, shape: tuple[int, ...] | None) -> Callable[[Any], Any]:
        axes = (*range(lead), *(lead + axis for axis in order))
        moved = axes != tuple(range(len(axes)))

        def apply(values: Any) -> Any:
            values = values.permute(axes) if moved else values
            return values if shape is None else values.reshape(values.shape[:lead] + shape)

        return apply

    @staticmethod
    def matmul(left: Any, right: Any) -> Any:
        return left @ right


class _Numpy:
    rearranged = staticmethod(_rearranged)
    matmul = staticmethod(np.matmul)


def _operations(backend: str) -> Any:
    return _Torch if backend == "torch" else _Numpy


def plan_single(labels: Labels | Numbers, output: Labels | Numbers, lead: int, backend: str) -> Callable[[Any], Any]:
    """Sum away the labels that `output` lacks and put the others in its order."""
    summed = tuple(lead + axis for axis, label in enumerate(labels) if label not in output)
    kept = [label for label in labels if label in output]
    move = _operations(backend).rearranged([kept.index(label) for label in output], lead, None)
    return (lambda values: move(values.sum(summed))) if summed else move


def plan_pair(
    left: Labels,
    right: Labels,
    output: Labels,
    sizes: dict[str, int],
    leads: tuple[int, int],
    backend: str,
) -> Callable[[Any, Any], Any]:
    """A function of two arrays that computes sum left[..., l] right[..., r] with labels `output`.

    Leading batch axes (leads[0] and leads[1] of them) broadcast against each other. Labels in both operands and the
    output are batch for the matrix product, labels in both and not in the output are summed by it.
    """
    numbers = {label: number for number, label in enumerate(dict.fromkeys((*left, *right)))}
    operands = tuple(tuple(numbers[x] for x in labels) for labels in (left, right, output))
    return _planned(*operands, tuple(sizes[x] for x in numbers), leads, backend)


@lru_cache(maxsize=4096)  # the links of a chain, and problems of one shape, ask for the same plan under other names
def _planned(
    left: Numbers, right: Numbers, output: Numbers, sizes: Numbers, leads: tuple[int, int], backend: str
) -> Callable[[Any, Any], Any]:
    """`plan_pair` with labels 0, 1, ..; sizes by label."""
    ops = _operations(backend)
    lone = [[x for x in mine if x not in other and x not in output] for mine, other in ((left, right), (right, left))]
    first = plan_single(left, tuple(x for x in left if x not in lone[0]), leads[0], backend) if lone[0] else _identity
    second = (
        plan_single(right, tuple(x for x in right if x not in lone[1]), leads[1], backend) if lone[1] else _identity
    )
    left, right = tuple(x for x in left if x not in lone[0]), tuple(x for x in right if x not in lone[1])
    shared = [x for x in output if x in left and x in right]
    summed = [x for x in left if x in right and x not in output]
    rows = [x for x in left if x not in right]
    columns = [x for x in right if x not in left]
    lead = max(leads)
    if not summed:
        return _product(ops, (first, second), (left, right), output, leads)
    # The result comes as (shared, rows, columns) or, with the operands exchanged, (shared, columns, rows);
    # the exchanged form is taken when it is already the order that is wanted.
    if list(output) == shared + columns + rows and rows and columns:
        swapped = plan_pair_core(ops, (right, left), shared, summed, columns, rows, sizes, (leads[1], leads[0]))
        finish = ops.rearranged(range(len(output)), lead, tuple(sizes[x] for x in output))
        return lambda a, b: finish(swapped(second(b), first(a)))
    core = plan_pair_core(ops, (left, right), shared, summed, rows, columns, sizes, leads)
    natural = shared + rows + columns
    split = ops.rearranged(range(len(natural)), lead, tuple(sizes[x] for x in natural))
    if len(shared) == len(natural) - 2 and len(rows) == 1:
        split = _identity
    order = [natural.index(x) for x in output]
    finish = ops.rearranged(order, lead, None)
    if first is _identity and second is _identity:
        if split is _identity and finish is _identity:
            return core
        return lambda a, b: finish(split(core(a, b)))
    return lambda a, b: finish(split(core(first(a), second(b))))


def plan_pair_core(
    ops: Any,
    operands: tuple[Numbers, Numbers],
    shared: list[int],
    summed: list[int],
    rows: list[int],
    columns: list[int],
    sizes: Numbers,
    leads: tuple[int, int],
) -> Callable[[Any, Any], Any]:
    """matmul of (shared, rows, summed) with (shared, summed, columns): result (shared, rows*columns merged)."""

    def side(labels: Numbers, groups: tuple[list[int], list[int]], lead: int) -> Callable[[Any], Any]:
        wanted = [*shared, *groups[0], *groups[1]]
        shape = (*(sizes[x] for x in shared), *(prod(sizes[x] for x in group) for group in groups))
        order = [labels.index(x) for x in wanted]
        plain = len(groups[0]) == 1 and len(groups[1]) == 1
        return ops.rearranged(order, lead, None if plain else shape)

    a, b, matmul = (
        side(operands[0], (rows, summed), leads[0]),
        side(operands[1], (summed, columns), leads[1]),
        ops.matmul,
    )
    if a is _identity and b is _identity:
        return matmul
    return lambda left, right: matmul(a(left), b(right))


def _product(
    ops: Any,
    reductions: tuple[Callable[[Any], Any], Callable[[Any], Any]],
    operands: tuple[Numbers, Numbers],
    output: Numbers,
    leads: tuple[int, int],
) -> Callable[[Any, Any], Any]:
    """Broadcast product: both operands get the axes of the output, of size 1 where they lack the label."""

    def side(labels: Numbers, lead: int) -> Callable[[Any], Any]:
        move = ops.rearranged([labels.index(x) for x in output if x in labels], lead, None)
        kept = [x for x in output if x in labels]
        if kept == list(output[len(output) - len(kept) :]) and lead == 0:
            return move
        if len(kept) == len(output):
            return move
        index = (*(slice(None),) * lead, *(slice(None) if x in labels else None for x in output))
        return lambda values: move(values)[index]

    (first, second), a, b = reductions, side(operands[0], leads[0]), side(operands[1], leads[1])
    if first is _identity and second is _identity and a is _identity and b is _identity:
        return lambda left, right: left * right
    return lambda left, right: a(first(left)) * b(second(right))
