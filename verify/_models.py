"""Which model and losses a cell is about: names that a person types, descriptions, functions that make them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from numerics import LOSSES, Loss, UsageError, closest, loss_of
from theory import MODELS, Parametrisation, parametrisation

from ._events import Cell

TUCKER = "tucker"
CLASSES = {"any": lambda loss: True, "smooth": lambda loss: loss.smooth}  # names of several losses


def is_model(value: Any) -> bool:
    """Whether `model=` may be this: a name, a description in one line, a Parametrisation, or a function that returns
    one."""
    return isinstance(value, (str, Parametrisation)) or callable(value)


def check_name(model: str) -> None:
    """Raises: UsageError for a word that is neither the name of a model nor a description."""
    if model not in MODELS and "->" not in model:
        raise UsageError(
            f"model={model!r} is unknown{closest(model, MODELS)}; one of {', '.join(MODELS)}, or a description as "
            "'A:ir, B:jr -> ij'"
        )


def cell_of_model(model: Any, cell: Cell) -> Cell:
    """The cell with another model; depth and order are those that the model has.

    Arguments:
        model: "tucker", another name of theory's MODELS, a description "A:ir, B:jr -> ij", a Parametrisation, or a
            function of depth and order that returns one.

    Raises:
        UsageError: there is no such model, or none of this depth and order.
    """
    if model == TUCKER:
        return replace(cell, model=TUCKER, description=None)
    description = _described(model, cell.depth, cell.order, cell.chain)
    depth = cell.depth if _has_depth(model, cell.order, cell.chain) else 1
    name = model if isinstance(model, str) and model in MODELS else description.name
    return replace(cell, model=name, description=description, depth=depth, order=description.order, chain="column")


@lru_cache(maxsize=512)
def _described(model: Any, depth: int, order: int, chain: str) -> Parametrisation:
    if isinstance(model, Parametrisation):
        return model
    try:
        if isinstance(model, str):
            if model in MODELS:
                return MODELS[model](depth, order, chain)
            check_name(model)
            return parametrisation(model, model)
        made = model(depth, order)
    except ValueError as error:
        raise UsageError(f"model={getattr(model, '__name__', model)} at depth={depth} order={order}: {error}") from None
    if not isinstance(made, Parametrisation):
        raise UsageError(f"model={getattr(model, '__name__', model)} returned {made!r}, which is no parametrisation")
    return made


@lru_cache(maxsize=512)
def _has_depth(model: Any, order: int, chain: str) -> bool:
    """Whether the model is another one at another depth."""
    try:
        return bool(_described(model, 2, order, chain) != _described(model, 3, order, chain))
    except UsageError:
        return True


def losses_of(loss: Any) -> tuple[Loss, ...]:
    """The losses that a name stands for: one, or all of a class ("any", "smooth").

    Raises:
        UsageError: no such loss.
    """
    if isinstance(loss, str) and loss in CLASSES:
        holds: Callable[[Loss], bool] = CLASSES[loss]
        return tuple(found for found in LOSSES.values() if holds(found))
    if isinstance(loss, str) and loss not in LOSSES:
        names = (*LOSSES, *CLASSES)
        raise UsageError(f"loss={loss!r} is unknown{closest(loss, names)}; one of {', '.join(names)}")
    return (loss_of(loss),)


def cell_of_loss(loss: Any, cell: Cell) -> Cell:
    """The cell with the losses that a person asked for.

    Raises:
        UsageError: no such loss.
    """
    found = losses_of(loss)
    return replace(cell, loss=loss if isinstance(loss, str) else loss.name, losses=found, asked=True)


__all__ = ["CLASSES", "TUCKER", "cell_of_loss", "cell_of_model", "check_name", "is_model", "losses_of"]
