"""Sample complexity: test error against the number of observations, beside baselines that know the rank or do not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numerics._architecture import Architecture
from numerics.experiments._baselines import cp, held_out_error, nuclear_norms, tucker
from numerics.experiments._draw import across, band, colour, figure, finish
from numerics.experiments._expectation import Expectation, Row, difference
from numerics.experiments._fit import completion, fit, starts, summary
from numerics.experiments._study import Cell, Measured, Study

DEEP = ("depth 1", "depth 2", "depth 3")
METHODS = ("core", *DEEP, "tucker", "cp", "nuclear")
TOLERANCE = 0.02  # relative training error at which methods are compared
NAMES = {"core": "core alone (K = 0)", "tucker": "Tucker, known rank", "cp": "CP, rank r²", "nuclear": "nuclear norms"}
# side, rank, multiples of the degrees of freedom, steps
SIZE: dict[str, tuple[int, int, tuple[float, ...], int]] = {
    "quick": (10, 2, (1, 2, 3, 5, 10), 20_000),
    "full": (25, 5, (1, 1.5, 2, 3, 5, 8, 12, 18, 25), 100_000),
    "test": (5, 1, (3,), 40),
}


def freedom(side: int, rank: int, order: int = 3) -> int:
    """Degrees of freedom of a cubic tensor of multilinear rank (rank, .., rank)."""
    return rank**order + order * rank * (side - rank)


def cells(profile: str) -> list[Cell]:
    return [{"profile": profile, "multiple": m, "method": method} for m in SIZE[profile][2] for method in METHODS]


def measure(cell: Cell, seeds: Sequence[int]) -> Measured:
    side, rank, _, steps = SIZE[cell["profile"]]
    method = cell["method"]
    problem = completion(seeds, (side,) * 3, (rank,) * 3, cell["multiple"] * freedom(side, rank) / side**3)
    if method == "core" or method in DEEP:
        depth = 0 if method == "core" else int(method.split()[1])
        architecture = Architecture(depth, (side,) * 3)
        start = starts(architecture, seeds, "end-to-end", 1e-3)
        return summary(fit(architecture, start, problem, tolerance=TOLERANCE, steps=steps)), {}
    mask = (problem.weights != 0).to(problem.dtype)
    found: Any
    baseline: Any
    size: Any
    if method == "nuclear":
        found = nuclear_norms(problem.target, mask).numpy()
    else:
        pairs = zip(problem.target.numpy(), mask.numpy(), seeds, strict=True)
        baseline, size = (tucker, (rank,) * 3) if method == "tucker" else (cp, rank**2)
        found = [baseline(T, m, size, TOLERANCE, seed=seed) for T, m, seed in pairs]
    triples = zip(found, problem.target.numpy(), mask.numpy(), strict=True)
    return [{"test_error": held_out_error(W, T, m)} for W, T, m in triples], {}


def _against(first: str, second: str, multiple: Any) -> Any:
    sides = ({"method": first, "multiple": multiple}, {"method": second, "multiple": multiple})
    return difference("test_error", *sides, log=True)


EXPECTATIONS = (
    Expectation(
        "depth needs fewer observations",
        "Hariz et al. 2024: depth improves completion",
        "at 5 times the degrees of freedom depth 2 beats depth 1 from an equally large start",
        "log10 test error, depth 2 minus depth 1",
        _against("depth 2", "depth 1", 5),
        "below",
        (0.0,),
    ),
    Expectation(
        "the bias beats convex relaxation",
        "implicit regularization against the sum of unfolding nuclear norms",
        "at 5 times the degrees of freedom depth 2 beats the nuclear norms",
        "log10 test error, depth 2 minus nuclear",
        _against("depth 2", "nuclear", 5),
        "below",
        (0.0,),
    ),
    Expectation(
        "the bias is worth knowing the rank",
        "reading of Hariz et al. 2024: the rank need not be known",
        "at 5 times the degrees of freedom depth 2 is within a factor 2 of Tucker with the known rank",
        "log10 test error, depth 2 minus tucker",
        _against("depth 2", "tucker", 5),
        "below",
        (0.3,),
    ),
    Expectation(
        "the paper's ratio is too easy to discriminate",
        "design (2.5): 70 % observed entries are many times the degrees of freedom",
        "at 10 times the degrees of freedom depths 1 and 3 are within a factor 1.6",
        "log10 test error, depth 3 minus depth 1",
        _against("depth 3", "depth 1", 10),
        "inside",
        (-0.2, 0.2),
    ),
)


def draw(rows: Sequence[Row], load: Any, folder: Path) -> list[Path]:
    picture, axes = figure(1, 2, width=4.2, height=3.4)
    multiples = sorted({r["multiple"] for r in rows})
    deep = ("core", *DEEP)
    for axis, methods in ((axes[0, 0], deep), (axes[0, 1], ("tucker", "cp", "nuclear", "depth 2"))):
        for place, method in enumerate(methods):
            values = across(rows, "test_error", "multiple", multiples, method=method)
            shade = (
                colour(2, 4) if method == "depth 2" else colour(place, 4) if axis is axes[0, 0] else str(0.2 * place)
            )
            band(axis, multiples, values, log=True, color=shade, place=place, label=NAMES.get(method, method))
        axis.set(xlabel="observations / degrees of freedom", xscale="log", xticks=multiples)
        axis.set_xticklabels([f"{m:g}" for m in multiples])
        axis.minorticks_off()
        axis.legend(fontsize=8)
    axes[0, 0].set_ylabel("relative test error")
    axes[0, 0].set_ylim(5e-3, 3)
    axes[0, 1].set_ylim(5e-3, 3)  # what lies below is exact recovery to the solver's accuracy
    return finish(picture, folder, "samples")


STUDY = Study(
    "samples",
    "Sample complexity",
    "how many observations does each depth need, beside methods that know the rank or relax it?",
    EXPECTATIONS,
    cells,
    {"quick": 192, "full": 10, "test": 2},
    measure,
    draw,
)
