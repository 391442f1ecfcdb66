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

    Arguments:
        claim: what `@conjecture` made of a function.
        depth, order, chain: the cell.
        examples, paths: generated tensors for a claim about a State, problems for one about a Flow or Descent.
        seed: of the generator.
        budget: seconds.
        sizes: mode sizes to keep to.
    """
    cell = Cell(depth, len(sizes) if sizes else order, chain)
    return CellRun([claim], Inputs(cell, Settings(examples, paths, seed, budget, sizes))).judge(claim)
