"""What theory proves of a claim in a cell: only of a built-in claim as it was written, only where the hypotheses agree.

A proof is looked up by the claim object itself, not by a name that it carries: a copy, a claim of a user's file, or a
built-in claim whose function was exchanged has none.
"""

from __future__ import annotations

import hashlib
import inspect
import marshal
import sys
from dataclasses import dataclass, fields
from functools import lru_cache
from types import FunctionType
from typing import Any

import theory
from numerics import Loss

from ._claim import Claim, ClaimError
from ._events import Cell
from .claims import BUILT_IN

# What a start that meets the assumption on the left meets besides "generic".
IMPLIES = {
    "balanced": {"balanced"},
    "small": {"balanced"},  # the balanced start, scaled down
    "matrix-balanced": {"balanced", "matrix-balanced"},
    "superdiagonal": {"balanced", "superdiagonal"},
}


@dataclass(frozen=True)
class Proof:
    """A derivation of theory for one claim in one cell: for what it holds, and whether it checks.

    Arguments:
        derivation: its id.
        range: the depths, orders and sizes for which it holds, in words.
        holds: every step reduces to zero and the second routes agree.
        residual: what is left where they do not.
    """

    derivation: str
    range: str
    holds: bool
    residual: str


def proof_of(claim: Claim, cell: Cell) -> Proof | None:
    """Theory's derivation of a claim in a cell, checked; None for a claim or a cell without one.

    Raises:
        ClaimError: the claim names a derivation that does not exist, or one that assumes more than the claim does.
    """
    name = claim.derivation
    if name is None or claim.negative or not _as_written(claim):
        return None
    found = _derivations(cell).get(name)
    if found is None:
        if name not in _known():
            raise ClaimError(f"theory has no derivation {name!r}, which is said to prove {claim.id}")
        return None
    if not found.applies(cell.depth, cell.order, cell.chain):
        return None
    if found.assumes != "generic" and found.assumes not in IMPLIES.get(claim.assumes, set()):
        raise ClaimError(
            f"derivation {name} assumes {found.assumes!r}, but {claim.id} is about {claim.assumes!r} starts"
        )
    if claim.subject not in found.subjects:
        raise ClaimError(
            f"derivation {name} is about a {' or '.join(found.subjects)}, {claim.id} about a {claim.subject}"
        )
    if not all(_covers(found.loss, loss) for loss in cell.losses):
        raise ClaimError(f"derivation {name} is about the {found.loss} loss, {claim.id} about {cell.loss}")
    check = found.check()
    return Proof(name, found.range, check.holds, check.residual)


def _covers(losses: str, loss: Loss) -> bool:
    """Whether a derivation about "any", the "smooth" or one loss speaks of this one."""
    return losses == "any" or (losses == "smooth" and loss.smooth) or losses == loss.name


@lru_cache(maxsize=8)
def _derivations(cell: Cell) -> dict[str, theory.Derivation]:
    """Those of the very model that the cell is about: a proof for deep Tucker says nothing of another one."""
    if cell.description is not None:
        return {found.id: found for found in theory.model_derivations(cell.description)}
    return {found.id: found for found in theory.derivations(cell.depth, cell.order, cell.chain)}


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(
        name for chain in theory.CHAINS for k, n in ((0, 3), (2, 2), (2, 3)) for name in _derivations(Cell(k, n, chain))
    ) | frozenset(derivation.id for derivation in theory.model_derivations(theory.cp(3)))


def _as_written(claim: Claim) -> bool:
    """Whether this very object is a built-in claim and still says what it said when the package was read."""
    recorded = _RECORDED.get(id(claim))
    return recorded is not None and recorded[0] is claim and recorded[1:] == _record(claim)[1:]


def _record(claim: Claim) -> tuple[Claim, tuple[int, ...], str]:
    return claim, tuple(id(getattr(claim, field.name)) for field in fields(claim)), _digest(claim.function)


def _digest(function: Any) -> str:
    """Of the code of a claim's function and of every function of its file, which are part of the statement."""
    file = vars(sys.modules[function.__module__]) if function.__module__ in sys.modules else {}
    parts = [function, *(value for value in file.values() if isinstance(value, FunctionType))]
    return hashlib.sha256(b"".join(_written(inspect.unwrap(part)) for part in parts)).hexdigest()


def _written(function: FunctionType) -> bytes:
    values = [repr(function.__defaults__), repr(function.__kwdefaults__), function.__module__]
    return b"".join([marshal.dumps(function.__code__, 2), *(value.encode() for value in values)])


_RECORDED = {id(claim): _record(claim) for claim in BUILT_IN}
