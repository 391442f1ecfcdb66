"""Private chains, shared chains, gates: which part of the parametrisation is needed for the bias?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numerics._architecture import Architecture
from numerics.experiments._draw import figure, finish, over_depths
from numerics.experiments._expectation import Expectation, Row, difference
from numerics.experiments._fit import completion, fit, starts, summary
from numerics.experiments._study import Cell, Measured, Study

CHAINS = ("column", "mode", "gate")
DEPTHS = (1, 2, 3)  # all chains are the same model at depth 1
SIZE = {"quick": (10, 2, 50_000), "full": (25, 5, 100_000), "test": (4, 1, 40)}


def cells(profile: str) -> list[Cell]:
    return [{"profile": profile, "chain": chain, "depth": depth} for chain in CHAINS for depth in DEPTHS]


def measure(cell: Cell, seeds: Sequence[int]) -> Measured:
    side, rank, steps = SIZE[cell["profile"]]
    architecture = Architecture(cell["depth"], (side,) * 3, None, cell["chain"])
    problem = completion(seeds, (side,) * 3, (rank,) * 3, 0.3)
    start = starts(architecture, seeds, "end-to-end", 1e-3)
    return summary(fit(architecture, start, problem, tolerance=0.02, steps=steps)), {}


def _between(column: str, first: str, second: str, *, log: bool = False) -> Any:
    return difference(column, {"chain": first, "depth": (2, 3)}, {"chain": second, "depth": (2, 3)}, log=log)


EXPECTATIONS = (
    Expectation(
        "gates are enough for rank",
        "design (8): the growth law needs the number of blocks of a group, not their kind",
        "scalar gates give the same rank as private matrices",
        "effective rank, gate minus column, mean over depths 2-3",
        _between("effective_rank", "gate", "column"),
        "inside",
        (-0.3, 0.3),
    ),
    Expectation(
        "gates are enough for completion",
        "design (8)",
        "scalar gates give the same test error within a factor 1.6",
        "log10 test error, gate minus column, mean over depths 2-3",
        _between("test_error", "gate", "column", log=True),
        "inside",
        (-0.2, 0.2),
    ),
    Expectation(
        "shared chains lower rank further",
        "design (13): a shared chain penalises singular values, not slices",
        "a chain shared by all columns of a mode gives lower rank than private chains",
        "effective rank, mode minus column, mean over depths 2-3",
        _between("effective_rank", "mode", "column"),
        "below",
        (0.0,),
    ),
    Expectation(
        "private chains make sparser slices",
        "Hariz et al. 2024: structured sparsity comes from a chain for every column",
        "private chains leave fewer slices than shared ones",
        "participation ratio of slice norms, column minus mode, mean over depths 2-3",
        _between("slice_participation", "column", "mode"),
        "below",
        (0.0,),
    ),
)


def draw(rows: Sequence[Row], load: Any, folder: Path) -> list[Path]:
    picture, axes = figure(1, 3)
    panels = (
        ("effective_rank", "effective rank, mean of modes", False),
        ("slice_participation", "participation ratio of core slices", False),
        ("test_error", "relative test error", True),
    )
    over_depths(axes[0], panels, rows, DEPTHS, "chain", CHAINS)
    axes[0, 0].legend(fontsize=8)
    return finish(picture, folder, "chains")


STUDY = Study(
    "chains",
    "Private chain, shared chain, gates",
    "which part of the parametrisation is needed (GD, start of end-to-end norm 0.001)?",
    EXPECTATIONS,
    cells,
    {"quick": 48, "full": 10, "test": 2},
    measure,
    draw,
)
