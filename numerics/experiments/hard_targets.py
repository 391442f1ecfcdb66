"""Targets where the bias should not help: low CP rank with full multilinear rank, anisotropic sizes, uneven ranks."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from numerics._architecture import Architecture
from numerics._targets import tucker_target
from numerics._tensors import singular_values
from numerics.experiments._baselines import cp, held_out_error
from numerics.experiments._draw import across, band, colour, figure, finish
from numerics.experiments._expectation import Expectation, Row, difference
from numerics.experiments._fit import completion, fit, starts, summary
from numerics.experiments._study import Cell, Measured, Study

METHODS = ("depth 1", "depth 2", "depth 3", "cp")
TARGETS = ("low CP rank", "anisotropic", "uneven ranks")
TOLERANCE = 0.03  # relative training error at which methods are compared
STEPS_OF = {"quick": 640_000, "full": 100_000, "test": 40}
# What the paper assumes is even: sizes and ranks. Each entry: sizes, multilinear rank, CP rank of the baseline.
SHAPES: dict[str, tuple[tuple[int, ...], tuple[int, ...], int]] = {
    "low CP rank": ((8, 8, 8), (6, 6, 6), 6),
    "anisotropic": ((4, 10, 20), (2, 2, 2), 4),
    "uneven ranks": ((10, 10, 10), (2, 5, 10), 10),
}


def cells(profile: str) -> list[Cell]:
    return [{"profile": profile, "target": target, "method": method} for target in TARGETS for method in METHODS]


def _target(kind: str) -> Callable[[int], Tensor]:
    sizes, rank, components = SHAPES[kind]
    if kind != "low CP rank":
        return lambda seed: tucker_target(sizes, rank, seed=seed)

    def sum_of_components(seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        vectors = [torch.randn(side, components, generator=generator, dtype=torch.float64) for side in sizes]
        T = torch.einsum("ir,jr,kr->ijk", *vectors)
        return T / max(float(singular_values(T, n)[0]) for n in range(3))

    return sum_of_components


def measure(cell: Cell, seeds: Sequence[int]) -> Measured:
    sizes, rank, components = SHAPES[cell["target"]]
    problem = completion(seeds, sizes, rank, 0.5, target=_target(cell["target"]))
    if cell["method"] == "cp":
        mask = (problem.weights != 0).to(problem.dtype).numpy()
        rows = []
        for T, m, seed in zip(problem.target.numpy(), mask, seeds, strict=True):
            rows.append({"test_error": held_out_error(cp(T, m, components, TOLERANCE, seed=seed), T, m)})
        return rows, {}
    architecture = Architecture(int(cell["method"].split()[1]), sizes)
    start = starts(architecture, seeds, "end-to-end", 1e-3)
    result = fit(architecture, start, problem, tolerance=TOLERANCE, steps=STEPS_OF[cell["profile"]])
    rows = summary(result)
    for n in (1, 2, 3):
        for row, value in zip(rows, result.matched(f"effective rank {n}"), strict=True):
            row[f"effective_rank_{n}"] = float(value)
    return rows, {}


def _against(target: str, first: Any, second: Any) -> Any:
    sides = ({"target": target, "method": first}, {"target": target, "method": second})
    return difference("test_error", *sides, log=True)


DEEPER = ("depth 2", "depth 3")

EXPECTATIONS = (
    Expectation(
        "depth does not help full multilinear rank",
        "design (16): the bias is to low multilinear rank",
        "on sums of six rank-one terms in 8³ depths 2-3 do not beat depth 1",
        "log10 test error, mean of depths 2-3 minus depth 1",
        _against("low CP rank", DEEPER, "depth 1"),
        "above",
        (-0.05,),
    ),
    Expectation(
        "CP wins where CP rank is low",
        "Razin et al. 2021: CP factorizations have their own bias",
        "CP with the known rank beats the best-suited depth there",
        "log10 test error, cp minus depth 2",
        _against("low CP rank", "cp", "depth 2"),
        "below",
        (-0.3,),
    ),
    *(
        Expectation(
            f"depth helps, {target}",
            "Hariz et al. 2024 test cubic tensors of even rank only",
            f"depths 2-3 beat depth 1 on targets with {target}",
            "log10 test error, mean of depths 2-3 minus depth 1",
            _against(target, DEEPER, "depth 1"),
            "below",
            (0.0,),
        )
        for target in ("anisotropic", "uneven ranks")
    ),
)


def draw(rows: Sequence[Row], load: Any, folder: Path) -> list[Path]:
    picture, axes = figure(1, 2, width=4.4, height=3.4)
    for place, method in enumerate(METHODS):
        values = across(rows, "test_error", "target", TARGETS, method=method)
        shade = colour(place, 4) if method != "cp" else "0.3"
        for x, v in enumerate(values):
            beside = x + 0.17 * (place - 1.5) + np.linspace(-0.05, 0.05, len(v))
            axes[0, 0].plot(beside, v, "osD^"[place], color=shade, markersize=2.5, alpha=0.6)
        axes[0, 0].plot([], [], "osD^"[place], color=shade, label=method if method != "cp" else "CP, known rank")
    axes[0, 0].set(xticks=range(3), ylabel="relative test error (one mark per seed)", yscale="log")
    axes[0, 0].set_xticklabels([f"{t}\n{'×'.join(map(str, SHAPES[t][0]))}" for t in TARGETS], fontsize=8)
    axes[0, 0].legend(fontsize=7, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    for place, target in enumerate(TARGETS):
        values = [
            [float(r[f"effective_rank_{n}"]) for r in rows if r["target"] == target and r["method"] == "depth 2"]
            for n in (1, 2, 3)
        ]
        rank = "rank (" + ",".join(map(str, SHAPES[target][1])) + ")"
        band(axes[0, 1], (1, 2, 3), values, color=colour(place, 3), place=place, label=f"{target}, {rank}")
    axes[0, 1].set(xlabel="mode", ylabel="effective rank learned at depth 2", xticks=(1, 2, 3))
    axes[0, 1].legend(fontsize=8)
    return finish(picture, folder, "hard-targets")


STUDY = Study(
    "hard-targets",
    "Targets where the bias should not help",
    "what happens on low CP rank, anisotropic sizes and uneven ranks (half of the entries observed)?",
    EXPECTATIONS,
    cells,
    {"quick": 64, "full": 10, "test": 2},
    measure,
    draw,
)
