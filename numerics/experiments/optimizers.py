"""Optimizer matrix: GD, momentum, GroupRMSprop, RMSprop, Adam at depths 1 to 3, compared at one training error."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numerics._architecture import Architecture
from numerics.experiments._draw import figure, finish, over_depths
from numerics.experiments._expectation import Expectation, Row, difference
from numerics.experiments._fit import STEPS, completion, fit, starts, summary
from numerics.experiments._study import Cell, Measured, Study

DEPTHS = (1, 2, 3)
STEP = {"gd": 1.0, "momentum": 0.1, "group-rmsprop": 5e-3, "rmsprop": 5e-4, "adam": 1e-3}
SIZE = {"quick": (10, 2, 50_000), "full": (25, 5, 100_000), "test": (4, 1, 40)}


def cells(profile: str) -> list[Cell]:
    return [{"profile": profile, "optimizer": optimizer, "depth": depth} for optimizer in STEP for depth in DEPTHS]


def measure(cell: Cell, seeds: Sequence[int]) -> Measured:
    side, rank, steps = SIZE[cell["profile"]]
    depth, optimizer = cell["depth"], cell["optimizer"]
    architecture = Architecture(depth, (side,) * 3)
    problem = completion(seeds, (side,) * 3, (rank,) * 3, 0.3)
    start = starts(architecture, seeds, "end-to-end", 1e-3)
    step = STEP[optimizer] * (STEPS[depth] if optimizer in ("gd", "momentum") else 1.0)
    result = fit(architecture, start, problem, tolerance=0.03, steps=steps, optimizer=optimizer, step=step)
    rows = summary(result)
    largest = [
        max(float((result.matched(f"block norms {n}")[b] ** 2).max()) for n in (1, 2, 3)) for b in range(len(rows))
    ]
    for row, scale in zip(rows, largest, strict=True):
        row["relative_unbalancedness"] = row["unbalancedness"] / scale
    return rows, {}


def _against(column: str, first: str, second: str, depths: Any = DEPTHS, *, log: bool = False) -> Any:
    return difference(column, {"optimizer": first, "depth": depths}, {"optimizer": second, "depth": depths}, log=log)


EXPECTATIONS = (
    *(
        Expectation(
            f"{optimizer} unbalances more than gd",
            "design (19), (21): only a common scalar keeps the conservation law",
            f"{optimizer} drifts at least ten times as far from balance as GD",
            f"log10 of relative unbalancedness, {optimizer} minus gd, mean over depths 1-3",
            _against("relative_unbalancedness", optimizer, "gd", log=True),
            "above",
            (1.0,),
        )
        for optimizer in ("adam", "rmsprop")
    ),
    Expectation(
        "GroupRMSprop ends where GD ends",
        "design (21): it is GD with another clock",
        "the same rank at the same training error",
        "effective rank, group-rmsprop minus gd, mean over depths 1-3",
        _against("effective_rank", "group-rmsprop", "gd"),
        "inside",
        (-0.3, 0.3),
    ),
    Expectation(
        "the bias survives Adam",
        "Hariz et al. 2024 train with Adam and argue with gradient flow",
        "Adam reaches the rank that GD reaches",
        "effective rank, adam minus gd, mean over depths 1-3",
        _against("effective_rank", "adam", "gd"),
        "inside",
        (-0.3, 0.3),
    ),
    Expectation(
        "Adam completes as well as GD",
        "Hariz et al. 2024 train with Adam and argue with gradient flow",
        "the same test error within a factor 1.6",
        "log10 test error, adam minus gd, mean over depths 1-3",
        _against("test_error", "adam", "gd", log=True),
        "inside",
        (-0.2, 0.2),
    ),
)


def draw(rows: Sequence[Row], load: Any, folder: Path) -> list[Path]:
    picture, axes = figure(1, 4, width=3.1)
    panels = (
        ("relative_unbalancedness", "unbalancedness (relative)", True),
        ("slice_participation", "participation of core slices", False),
        ("effective_rank", "effective rank, mean of modes", False),
        ("test_error", "relative test error", True),
    )
    over_depths(axes[0], panels, rows, DEPTHS, "optimizer", STEP)
    axes[0, 3].legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return finish(picture, folder, "optimizers")


STUDY = Study(
    "optimizers",
    "Optimizer matrix",
    "what of gradient flow survives momentum, GroupRMSprop, RMSprop and Adam (all at train error 0.03)?",
    EXPECTATIONS,
    cells,
    {"quick": 64, "full": 10, "test": 2},
    measure,
    draw,
)
