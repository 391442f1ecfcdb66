"""What may be said about a conjecture in `@conjecture(...)`, checked when its file is read: one line, closest match."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from numerics import LOSSES, OPTIMIZERS, Loss, UsageError, closest
from theory import MODELS, cp, deep_matrix, deep_tucker, diagonal

from ._events import Cell

ASSUMPTIONS = ("generic", "balanced", "matrix-balanced", "unbalanced", "small", "superdiagonal")
SUBJECTS = ("State", "Flow", "Descent", "Target", "Seeds")
TRAINED = ("Descent", "Seeds")  # subjects that an optimizer has made
KEYWORDS = ("title", "source", "assumes", "topic", "optimizer", "negative", "model", "loss", "applies", "mutants")
PROBES = [Cell(d, n, c) for d in (0, 1, 2, 4) for n in (1, 2, 3) for c in ("column", "mode", "gate")]
OTHERS = (cp(3), deep_matrix(3), diagonal(2))  # models that a function of the model alone is tried on, too


class ClaimError(Exception):
    """A conjecture that cannot be used; the message is one line and says what to change."""


class Range:
    """`applies=` of a conjecture: where it raises or gives no yes or no, the cell is judged, and `check` says why."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self._function, self._name = function, name
        self._of_the_model = _takes(function, 1) and not _takes(function, 3)

    def __call__(self, *where: Any) -> bool:
        """Whether, in a Cell or at (depth, order, chain) of deep Tucker; where it cannot say, yes."""
        try:
            return self.check(where[0] if isinstance(where[0], Cell) else Cell(*where))
        except ClaimError:
            return True

    def check(self, cell: Cell) -> bool:
        """Whether the statement is meant in this cell.

        Raises:
            ClaimError: the function raised, or returned something else than True or False.
        """
        try:
            if self._of_the_model:
                answer = self._function(cell.description or deep_tucker(cell.depth, cell.order, cell.chain))
            else:
                answer = self._function(cell.depth, cell.order, cell.chain)
        except Exception as error:
            text = str(error).strip().splitlines()
            raise ClaimError(
                f"applies= of {self._name} raises {type(error).__name__} at {cell}"
                f"{': ' + text[0] if text else ''}; let it return True or False for every depth, order and chain"
            ) from error
        if type(answer).__name__ not in ("bool", "bool_"):  # NumPy's too
            raise ClaimError(
                f"applies= of {self._name} returns {answer!r} at {cell}; let it return True or False: in which cells "
                "(depth, order, chain) is the statement meant?"
            )
        return bool(answer)


def check_keywords(
    where: str, subject: str, assumes: Any, optimizer: Any, negative: Any, unknown: dict[str, Any]
) -> None:
    """Raises: ClaimError for a keyword that is unknown, has no such value, or means nothing for the subject."""
    if unknown:
        word = next(iter(unknown))
        raise ClaimError(
            f"{word}= in {where}: @conjecture has no such keyword{closest(word, KEYWORDS)}; "
            f"it has {', '.join(KEYWORDS)}"
        )
    if assumes not in ASSUMPTIONS:
        near = closest(str(assumes), ASSUMPTIONS)
        raise ClaimError(f"assumes={assumes!r} in {where}: choose one of {', '.join(ASSUMPTIONS)}{near}")
    if subject == "Target" and assumes != "generic":
        raise ClaimError(
            f"assumes={assumes!r} in {where}: a Target is a tensor without a start, and has no balance; drop assumes=, "
            "and say with `assume(condition)` of which tensors the conjecture speaks"
        )
    if optimizer is not None and subject not in TRAINED:
        raise ClaimError(
            f"optimizer={optimizer!r} in {where}: a {subject} is not trained by an optimizer; drop optimizer=, "
            f"or speak about a {' or '.join(TRAINED)}"
        )
    if optimizer is not None and optimizer not in OPTIMIZERS:
        near = closest(str(optimizer), OPTIMIZERS)
        raise ClaimError(f"optimizer={optimizer!r} in {where}: choose one of {', '.join(OPTIMIZERS)}{near}")
    if not isinstance(negative, bool):
        raise ClaimError(f"negative={negative!r} in {where}: say True (the relation does not hold in general) or False")


def check_function(function: Any) -> None:
    """Raises: ClaimError where `@conjecture` stands above something that is no plain function, or a bare word in it."""
    if not inspect.isfunction(function):
        raise ClaimError(
            f"@conjecture stands above a function of one argument, not above {function!r}; write "
            "@conjecture(title=..., assumes=...) and then def name(state: State): ..."
        )


def check_words(where: str, **words: Any) -> None:
    """Raises: ClaimError where a keyword that a reader reads is no text."""
    for name, word in words.items():
        if word is not None and not isinstance(word, str):
            raise ClaimError(f"{name}={word!r} in {where}: give it as text, in quotes")


def check_wrong_variants(where: str, mutants: Any, negative: bool) -> None:
    if mutants and negative:
        raise ClaimError(
            f"mutants= in {where}: negative=True says that the relation fails somewhere, and the engine refutes no "
            "variant of that; drop mutants= or negative="
        )
    if not isinstance(mutants or {}, dict):
        raise ClaimError(f"mutants= in {where} must be a dictionary, name -> wrong variant of the function")
    for name, function in (mutants or {}).items():
        if not callable(function) or not _takes(function, 1):
            raise ClaimError(f"mutants= in {where}: {name!r} must be a function of one argument, as the conjecture is")


def range_of(where: str, applies: Any) -> Range:
    """`applies=`, tried on cells of every kind when the file is read.

    Raises: ClaimError.
    """
    if applies is None:
        return Range(lambda depth, order, chain: True, where)
    if not callable(applies) or not (_takes(applies, 3) or _takes(applies, 1)):
        raise ClaimError(
            f"applies= in {where} must be a function of (depth, order, chain), or of the model alone, that says in "
            "which cells the statement is meant, e.g. lambda depth, order, chain: depth >= 2"
        )
    found = Range(applies, where)
    for cell in PROBES:
        found.check(cell)
    if found._of_the_model:
        for model in OTHERS:
            found.check(Cell(1, model.order, "column", model.name, description=model))
    return found


def check_setting(where: str, model: Any, loss: Any) -> None:
    """Raises: ClaimError where `model=` or `loss=` cannot be what a statement is about."""
    from ._models import cell_of_model, is_model, losses_of

    if model is not None and not is_model(model):
        raise ClaimError(
            f"model={model!r} in {where}: give a name, a description 'A:ir, B:jr -> ij', a theory.parametrisation, or "
            "a function of depth and order that returns one"
        )
    if isinstance(loss, Loss) and LOSSES.get(loss.name, loss) is not loss:
        raise ClaimError(f"loss= in {where}: {loss.name!r} is the name of one of the tool's; give yours another name")
    try:
        if isinstance(model, str) and model != "any" and model not in MODELS:
            cell_of_model(model, PROBES[0])
        if loss is not None:
            losses_of(loss)
    except UsageError as error:
        raise ClaimError(f"{error}, in {where}") from None


def _takes(function: Callable[..., Any], count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # built-in functions without a signature
        return True
    return True
