"""Judging one claim from Python: in a notebook, or in a paper's test suite."""

from __future__ import annotations

from typing import Any

from numerics import UsageError, checked

from ._claim import Claim
from ._config import Config
from ._engine import CellRun
from ._events import Cell
from ._inputs import Inputs, Settings
from ._models import cell_of_loss, cell_of_model
from ._verdict import Result


def check(
    claim: Claim,
    *,
    depth: int = 2,
    order: int | None = None,
    chain: str = "column",
    model: Any = None,
    loss: Any = None,
    examples: int = 100,
    paths: int = 20,
    seed: int = 0,
    budget: float = 60.0,
    sizes: tuple[int, ...] | None = None,
) -> Result:
    """The verdict on one claim in one cell.

    It may be called in any thread; threads take turns, since torch's default type, for one, belongs to the process.
    What the claim prints is printed. An alarm of the caller's (signal.setitimer, pytest-timeout) rings when it is due.

    Arguments:
        claim: what `@conjecture` made of a function.
        depth, order, chain: the cell; the order is 3, or the number of sizes.
        model: what the claim is judged on unless it says itself: a name ("cp"), a theory.parametrisation, or a function
            of depth and order that returns one; deep Tucker by default.
        loss: a name, "any", or a numerics.Loss; squared by default.
        examples, paths: generated tensors for a claim about a State, problems for one about a Flow or Descent.
        seed: of the generator.
        budget: seconds, from the thread's turn on; they end Python code in any thread, and a sleep or a read in the
            main thread. Code that blocks outside Python outlives them: only the command line ends it, which runs every
            claim in a process of its own.
        sizes: mode sizes to keep to.

    Raises:
        UsageError: a number out of range, an unknown chain, or sizes of another order; the bounds are those of the
            command line.
        BaseException: what the handler of the caller's alarm raises.
    """
    asked = {"depth": (depth,), "chain": (chain,), "examples": examples, "paths": paths, "seed": seed, "budget": budget}
    asked |= {"order": (order,)} if order is not None else {}
    asked |= {"sizes": sizes} if sizes is not None else {}
    config = checked(asked, Config)
    settings = Settings(config.examples, config.paths, config.seed, config.budget, config.sizes)
    cell = Cell(config.depth[0], config.order[0], chain)
    if model is not None:
        cell = cell_of_model(model, cell)
    if loss is not None:
        cell = cell_of_loss(loss, cell)
    at = claim.cell_in(cell)
    if isinstance(at, str):
        raise UsageError(f"{claim.id} is not judged: {at}")
    return CellRun([claim], Inputs(at, settings)).judge(claim)
