"""Depth without the confound: the same comparison with four things held fixed that a start's size can mean."""

from collections.abc import Callable, Sequence
from pathlib import Path

from numerics._architecture import Architecture
from numerics.experiments._draw import across, band, colour, figure, finish
from numerics.experiments._expectation import Expectation, Row, difference
from numerics.experiments._fit import completion, fit, starts, summary
from numerics.experiments._study import Cell, Measured, Series, Study

DEPTHS = (1, 2, 3)
# The value of each quantity is one at which the deepest model escapes within the budget.
MATCHES = {"gaussian": 0.2, "slice": 0.8, "end-to-end": 1e-3, "sigma": 0.4}
NAMES = {"gaussian": "nominal std", "slice": "slice norm", "end-to-end": "end-to-end norm", "sigma": "sigma"}
SIZE = {"quick": (10, 2, 50_000), "full": (25, 5, 100_000), "test": (4, 1, 40)}


def cells(profile: str) -> list[Cell]:
    return [{"profile": profile, "match": match, "depth": depth} for match in MATCHES for depth in DEPTHS]


def measure(cell: Cell, seeds: Sequence[int]) -> Measured:
    side, rank, steps = SIZE[cell["profile"]]
    architecture = Architecture(cell["depth"], (side,) * 3)
    problem = completion(seeds, (side,) * 3, (rank,) * 3, 0.3)
    start = starts(architecture, seeds, cell["match"], MATCHES[cell["match"]])
    result = fit(architecture, start, problem, tolerance=0.02, steps=steps)
    return summary(result), {}


def _expect(match: str, column: str, what: str) -> Expectation:
    return Expectation(
        f"depth lowers {what} at matched {NAMES[match]}",
        "Hariz et al. 2024: depth strengthens the bias (depth and scale vary together there)",
        f"{what} falls from depth 1 to depth 3 when the start's {NAMES[match]} is the same",
        f"{'log10 ' if column == 'test_error' else ''}{what}, depth 3 minus depth 1",
        difference(column, {"match": match, "depth": 3}, {"match": match, "depth": 1}, log=column == "test_error"),
        "below",
        (0.0,),
    )


EXPECTATIONS = tuple(
    _expect(match, column, what)
    for column, what in (("effective_rank", "effective rank"), ("test_error", "test error"))
    for match in MATCHES
)


def draw(rows: Sequence[Row], load: Callable[[Cell], Series], folder: Path) -> list[Path]:
    picture, axes = figure(1, 2, width=4.2, height=3.4)
    for axis, (column, label, log) in zip(
        axes[0],
        (("effective_rank", "effective rank, mean of modes", False), ("test_error", "relative test error", True)),
        strict=True,
    ):
        for place, match in enumerate(MATCHES):
            values = across(rows, column, "depth", DEPTHS, match=match)
            label_of = f"{NAMES[match]} {MATCHES[match]:g}"
            band(axis, DEPTHS, values, log=log, color=colour(place, 4), place=place, label=label_of)
        axis.set(xlabel="depth K", ylabel=label, xticks=DEPTHS)
    axes[0, 0].legend(fontsize=8, title="held fixed over depth", title_fontsize=8)
    return finish(picture, folder, "confound")


STUDY = Study(
    "confound",
    "Depth without the confound",
    "is it depth that helps, or the smaller end-to-end start that comes with it?",
    EXPECTATIONS,
    cells,
    {"quick": 32, "full": 10, "test": 2},
    measure,
    draw,
)
