"""Exponent regression: the growth rate of slices under the flow, under GD and under Adam, and escape times."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from numerics._architecture import Architecture
from numerics._flow import solve_flow
from numerics._model import compose
from numerics._observables import alignments
from numerics._problems import Completion
from numerics._superdiagonal import component_blocks
from numerics._tensors import slice_norms
from numerics._trainer import Trainer
from numerics.experiments._draw import across, band, colour, figure, finish
from numerics.experiments._expectation import Expectation, Row, mean_of
from numerics.experiments._fit import STEPS, completion, starts
from numerics.experiments._study import Cell, Measured, Series, Study

DEPTHS = (1, 2, 3, 4)
RULES = ("flow", "gd", "adam")
SIZE = {"quick": (5, 40), "full": (10, 200), "test": (3, 8)}
SCALES = np.array([0.05, 0.1, 0.2])  # of g0^(NK - 1): the same range of escape times at every depth


def cells(profile: str) -> list[Cell]:
    regression = [{"profile": profile, "kind": "rate", "rule": rule, "depth": d} for rule in RULES for d in DEPTHS]
    return regression + [{"profile": profile, "kind": "escape", "rule": "flow", "depth": d} for d in DEPTHS]


def measure(cell: Cell, seeds: Sequence[int]) -> Measured:
    return (_escape if cell["kind"] == "escape" else _rate)(cell, seeds)


def _rate(cell: Cell, seeds: Sequence[int]) -> Measured:
    side, points = SIZE[cell["profile"]]
    architecture = Architecture(cell["depth"], (side,) * 3)
    problem = completion(seeds, (side,) * 3, (2,) * 3 if side > 2 else (1,) * 3, 0.6)
    size = 0.3 ** (1 / (3 * cell["depth"] - 1))
    start = starts(architecture, seeds, "slice", size)
    gap = 0.02
    times = np.arange(points) * 1.0
    pairs = np.sort(np.concatenate([times, times + gap]))
    path = _flow(architecture, start, problem, pairs) if cell["rule"] == "flow" else _descent(cell, start, problem)
    before, after, gap = path if cell["rule"] != "flow" else (*path[:2], gap)
    g = slice_norms(before["G"], 0, order=3).numpy()
    growth = (slice_norms(after["G"], 0, order=3).numpy() - g) / gap
    rows = []
    aligned = _alignment(architecture, before, problem)
    for b in range(len(seeds)):
        x, y, c = (np.log10(np.abs(v[:, b]).ravel()) for v in (g, growth, aligned))
        good = np.isfinite(x) & np.isfinite(y) & np.isfinite(c) & (c > c.max() - 3)
        corrected = np.polyfit(x[good], (y - c)[good], 1)[0] if good.sum() > 5 and np.ptp(x[good]) > 0.05 else np.nan
        raw = np.polyfit(x[good], y[good], 1)[0] if good.sum() > 5 else np.nan
        rows.append(
            {"slope_error": float(corrected - cell["depth"]), "raw_slope": float(raw), "points": int(good.sum())}
        )
    c0 = np.log10(np.abs(aligned[:, 0]).ravel())
    keep = c0 > c0.max() - 3
    return rows, {
        "g": g[:, 0].ravel()[keep],
        "rate": np.abs(growth[:, 0]).ravel()[keep] / np.abs(aligned[:, 0]).ravel()[keep],
    }


def _alignment(architecture: Architecture, blocks: dict[str, torch.Tensor], problem: Completion) -> np.ndarray:
    D = problem.weights * (compose(architecture, blocks) - problem.target)
    return alignments(architecture, blocks, D)[0].numpy()


def _flow(architecture: Architecture, start: Any, problem: Completion, pairs: np.ndarray) -> Any:
    solution = solve_flow(architecture, start, problem.target.numpy(), problem.weights.numpy(), pairs, rtol=1e-8)
    blocks = {name: torch.from_numpy(np.ascontiguousarray(v)) for name, v in solution.parameters.items()}
    last = len(solution.times) // 2 * 2
    ends = ({n: v[0:last:2] for n, v in blocks.items()}, {n: v[1:last:2] for n, v in blocks.items()})
    # Central values: the difference quotient belongs to the middle of the pair.
    middle = {n: (ends[0][n] + ends[1][n]) / 2 for n in blocks}
    half = {n: middle[n] + (ends[1][n] - ends[0][n]) for n in blocks}
    return middle, half


def _descent(cell: Cell, start: Any, problem: Completion) -> Any:
    """Pairs of points one step apart, along the path of GD, as long as that of the flow, or of Adam."""
    architecture = Architecture(cell["depth"], problem.sizes)
    step = 1e-3 if cell["rule"] == "adam" else STEPS[cell["depth"]] / 10
    every = 15 if cell["rule"] == "adam" else round(1 / step)
    trainer = Trainer(architecture, start, problem, step=step, optimizer=cell["rule"])
    before: dict[str, list[torch.Tensor]] = {}
    after: dict[str, list[torch.Tensor]] = {}
    for _ in range(SIZE[cell["profile"]][1]):
        for place in (before, after):
            for name, value in trainer.parameters.items():
                place.setdefault(name, []).append(value.clone())
            trainer.advance(1 if place is before else every - 1)
    stack = [{name: torch.stack(values) for name, values in place.items()} for place in (before, after)]
    return stack[0], stack[1], step


def _escape(cell: Cell, seeds: Sequence[int]) -> Measured:
    """Superdiagonal problem, aligned start: slope of log escape time (to half of the entry) in log g0. Source: (12)."""
    depth = cell["depth"]
    order = 3
    m = order * depth
    architecture = Architecture(depth, (2,) * order)
    scales = SCALES ** (1.0 / (m - 1))
    rows = []
    shown: Series = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        top = rng.uniform(0.8, 1.2)
        starts_of, targets = zip(
            *(component_blocks(architecture, [top, top / 2], [g0 / 2 ** (2 / m), g0 / 3]) for g0 in scales), strict=True
        )
        start = {name: np.stack([s[name] for s in starts_of]) for name in architecture.shapes}
        times = np.linspace(
            0.0, 4.0 / (SCALES[0] * (m - 1) * top), 15 * SIZE[cell["profile"]][1]
        )  # four times the longest escape of (12)
        solution = solve_flow(architecture, start, np.stack(targets), np.ones((2,) * order), times, rtol=1e-8)
        g = solution.parameters["G"][:, :, 0, 0, 0]
        level = (top / 2) ** (1 / (m + 1))
        escapes = np.array([np.interp(level, g[:, i], solution.times) for i in range(len(scales))])
        slope = float(np.polyfit(np.log10(g[0]), np.log10(escapes), 1)[0])
        rows.append({"escape_slope_ratio": slope / (1 - m)})
        if not shown:
            shown = {"g0": g[0], "times": escapes, "predicted": g[0] ** (1 - m) / ((m - 1) * top)}
    return rows, shown


EXPECTATIONS = (
    *(
        Expectation(
            f"growth exponent under the {rule}",
            "Hariz et al. 2024, theorem on slice norms; design (8)",
            "log growth rate over alignment against log slice norm has slope K",
            "slope minus K, mean over depths 1-4",
            mean_of("slope_error", kind="rate", rule=rule),
            "inside",
            (-0.1, 0.1),
        )
        for rule in ("flow", "gd")
    ),
    Expectation(
        "growth exponent under Adam",
        "design (21): Adam is no time change of the flow",
        "under Adam the slope is not K but lower",
        "slope minus K, mean over depths 1-4",
        mean_of("slope_error", kind="rate", rule="adam"),
        "below",
        (-0.5,),
    ),
    Expectation(
        "escape times",
        "design (11), (12): escape takes g0^(1-NK) / ((NK-1) lambda)",
        "log escape time against log start has slope 1 - NK",
        "slope / (1 - NK), mean over depths 1-4, N = 3",
        mean_of("escape_slope_ratio", kind="escape"),
        "inside",
        (0.9, 1.1),
    ),
)


def draw(rows: Sequence[Row], load: Any, folder: Path) -> list[Path]:
    picture, axes = figure(1, 4, width=3.1)
    profile = rows[0]["profile"]
    for axis, rule in zip(axes[0], ("flow", "adam"), strict=False):
        for place, depth in enumerate(DEPTHS):
            data = load({"profile": profile, "kind": "rate", "rule": rule, "depth": depth})
            order = np.random.default_rng(0).permutation(len(data["g"]))[:150]
            style = {"color": colour(place, 4), "marker": "osD^"[place], "markersize": 2.5, "linestyle": ""}
            axis.loglog(data["g"][order], data["rate"][order], label=f"K = {depth}", **style)
            ends = np.array([data["g"].min(), data["g"].max()])
            axis.loglog(ends, ends**depth, color=colour(place, 4), linewidth=1)
        axis.set(title=f"{rule} (lines: slope K)", xlabel="slice norm g", ylabel="|growth rate / alignment|")
        axis.minorticks_off()
        axis.set_xticks([0.5, 0.7, 1.0], ["0.5", "0.7", "1"])
    axes[0, 0].legend(fontsize=8)
    for place, rule in enumerate(RULES):
        values = across(rows, "slope_error", "depth", DEPTHS, kind="rate", rule=rule)
        band(axes[0, 2], DEPTHS, values, color=colour(place, 3), place=place, label=rule)
    axes[0, 2].set(xlabel="depth K", ylabel="measured slope minus K", xticks=DEPTHS, title="exponent")
    axes[0, 2].legend(fontsize=8)
    for place, depth in enumerate(DEPTHS):
        data = load({"profile": profile, "kind": "escape", "rule": "flow", "depth": depth})
        style = {"color": colour(place, 4), "marker": "osD^"[place], "markersize": 4}
        axes[0, 3].loglog(data["g0"], data["times"], linestyle="", label=f"K = {depth}", **style)
        axes[0, 3].loglog(data["g0"], data["predicted"], color=colour(place, 4), linewidth=1)
    axes[0, 3].minorticks_off()
    axes[0, 3].set_xticks([0.2, 0.4, 0.8], ["0.2", "0.4", "0.8"])
    axes[0, 3].set(xlabel="start g0 (slice norm)", ylabel="escape time (flow time)", title="escape (lines: (12))")
    return finish(picture, folder, "exponent")


STUDY = Study(
    "exponent",
    "Exponent regression",
    "do slices grow with the power K of their norm, and do escape times follow from it?",
    EXPECTATIONS,
    cells,
    {"quick": 24, "full": 20, "test": 2},
    measure,
    draw,
)
