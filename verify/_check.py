"""Judging one claim from Python: in a notebook, or in a paper's test suite."""

from __future__ import annotations

from ._claim import Claim
from ._engine import CellRun
from ._events import Cell
from ._inputs import Inputs, Settings
from ._verdict import Result


def check(
    claim: Claim,
    *,
    depth: int = 2,
    order: int = 3,
    chain: str = "column",
    examples: int = 100,
    paths: int = 20,
    seed: int = 0,
    budget: float = 60.0,
    sizes: tuple[int, ...] | None = None,
) -> Result:
    """The verdict on one claim in one cell.

    It may be called in any thread; threads take turns, since torch's default type, for one, belongs to the process. What
    the claim prints is printed. An alarm of the caller's (signal.setitimer, pytest-timeout) rings when it is due.

    Arguments:
        claim: what `@conjecture` made of a function.
        depth, order, chain: the cell.
        examples, paths: generated tensors for a claim about a State, problems for one about a Flow or Descent.
        seed: of the generator.
        budget: seconds, from the thread's turn on; they end Python code in any thread, and a sleep or a read in the main
            thread. Code that blocks outside Python outlives them: only the command line, which runs every claim in a
            process of its own, ends it.
        sizes: mode sizes to keep to.

    Raises: what the handler of the caller's alarm raises.
    """
    cell = Cell(depth, len(sizes) if sizes else order, chain)
    return CellRun([claim], Inputs(cell, Settings(examples, paths, seed, budget, sizes))).judge(claim)
