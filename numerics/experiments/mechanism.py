"""Mechanism: does rank fall before slices die, and does a rotation of core and factors change anything but slices?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from numerics._architecture import Architecture
from numerics._model import factor
from numerics._spectra import mode_spectra, participation_ratio
from numerics._tensors import mode_product, slice_norms
from numerics._trainer import Trainer
from numerics.experiments._draw import band, colour, figure, finish
from numerics.experiments._expectation import RAW_SLICES, Expectation, Row, difference, mean_of
from numerics.experiments._fit import completion, fit, starts, summary
from numerics.experiments._study import Cell, Measured, Series, Study

DEPTHS = (1, 2, 3)
SIZE = {"quick": (10, 2, 50_000), "full": (25, 5, 100_000), "test": (4, 1, 40)}
LIVE = 0.05


def cells(profile: str) -> list[Cell]:
    return [{"profile": profile, "depth": depth} for depth in DEPTHS]


def _look(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Participation of W's mode singular values, and how parallel the live columns of the factors are (1: parallel)."""
    spectra = mode_spectra(trainer.W, order=3)
    seen = {f"energy rank {n + 1}": participation_ratio(values) for n, values in enumerate(spectra)}
    for mode in range(3):
        norms = slice_norms(trainer.parameters["G"], mode, order=3)
        live = (norms > LIVE * norms.amax(-1, keepdim=True)).to(norms.dtype)
        U = torch.nn.functional.normalize(factor(trainer.architecture, trainer.parameters, mode), dim=-2)
        cosines = (U.mT @ U).abs() * live.unsqueeze(-1) * live.unsqueeze(-2)
        count = live.sum(-1)
        seen[f"column alignment {mode + 1}"] = (cosines.sum((-1, -2)) - count) / (count * (count - 1)).clamp_min(1)
    return seen


def _mean(result: Any, name: str) -> np.ndarray:
    """Mean over modes of a recorded scalar, (T, B)."""
    return np.mean([result.series[f"{name} {n}"] for n in (1, 2, 3)], axis=0)


def _settled(values: np.ndarray, at: int) -> int:
    """First record from which the values stay within half of one of their last one."""
    outside = np.nonzero(np.abs(values[: at + 1] - values[at]) > 0.5)[0]
    return 0 if not len(outside) else int(outside[-1]) + 1


def _gauge(start: dict[str, np.ndarray], problem: Any, step: float, steps: int) -> list[tuple[float, float]]:
    """Depth 1: rotate core and factors after half of the steps; relative change of W and of the slices at the end."""
    architecture = Architecture(1, problem.sizes)
    first = Trainer(architecture, start, problem, step=step)
    first.advance(steps // 2)
    blocks = {name: value.clone() for name, value in first.parameters.items()}
    generator = torch.Generator().manual_seed(11)
    for mode, side in enumerate(problem.sizes):
        Q = torch.linalg.qr(torch.randn(*first.batch, side, side, generator=generator, dtype=torch.float64)).Q
        blocks["G"] = mode_product(blocks["G"], Q.mT, mode, order=3)
        blocks[f"a{mode + 1}"] = blocks[f"a{mode + 1}"] @ Q
    second = Trainer(architecture, blocks, problem, step=step)
    for trainer in (first, second):
        trainer.advance(steps - steps // 2)
    wrong = (first.W - second.W).flatten(1).norm(dim=1) / first.W.flatten(1).norm(dim=1)
    counts = [
        torch.stack([participation_ratio(slice_norms(t.parameters["G"], n, order=3)) for n in range(3)]).mean(0)
        for t in (first, second)
    ]
    return list(zip(wrong.tolist(), (counts[1] - counts[0]).tolist(), strict=True))


def measure(cell: Cell, seeds: Sequence[int]) -> Measured:
    side, rank, steps = SIZE[cell["profile"]]
    architecture = Architecture(cell["depth"], (side,) * 3)
    problem = completion(seeds, (side,) * 3, (rank,) * 3, 0.3)
    start = starts(architecture, seeds, "end-to-end", 1e-3)
    result = fit(architecture, start, problem, tolerance=0.02, steps=steps, look=_look)
    rows = summary(result)
    ranks, slices, aligned = (_mean(result, name) for name in ("energy rank", "participation", "column alignment"))
    for b, row in enumerate(rows):
        at = int(result.at[b])
        row["energy_rank"], row["column_alignment"] = float(ranks[at, b]), float(aligned[at, b])
        row["excess_slices"] = float(slices[at, b] - ranks[at, b])
        when = [result.steps[max(1, _settled(series[:, b], at))] for series in (slices, ranks)]
        row["lead"] = float(np.log10(when[0] / when[1]))
    if cell["depth"] == 1:
        for row, (wrong, moved) in zip(
            rows, _gauge(start, problem, result.step, max(2, int(np.median(result.steps[result.at])))), strict=True
        ):
            row["gauge_error"], row["gauge_slices"] = float(np.log10(max(wrong, 1e-17))), moved
    until = np.quantile(result.steps[result.at] * result.step, 0.9)
    return rows, {"time": result.steps * result.step, "ranks": ranks, "slices": slices, "until": until}


EXPECTATIONS = (
    *(
        Expectation(
            f"slices explain rank at depth {depth}",
            "Hariz et al. 2024: low rank comes from structured sparsity of the core",
            f"at depth {depth} the energy of the core sits in as many slices as the energy of W in singular values",
            "participation ratio of slice norms minus that of mode singular values, at train error 0.02",
            mean_of("excess_slices", depth=depth),
            "inside",
            (-0.5, 0.5),
            withdrawn=RAW_SLICES if depth >= 2 else "",
        )
        for depth in DEPTHS
    ),
    *(
        Expectation(
            f"slices settle no later than rank at depth {depth}",
            "if slice sparsity causes low rank it cannot come after it",
            f"at depth {depth} slices settle before or with the rank",
            "log10 of (time at which slice participation settles / time at which rank does)",
            mean_of("lead", depth=depth),
            "below",
            (0.05,),
        )
        for depth in DEPTHS
    ),
    Expectation(
        "depth 1 has a gauge",
        "design (2.5): at depth 1 a rotation changes slices and nothing else",
        "rotating core and factors in mid-training leaves the path of W as it was",
        "log10 relative change of the final W",
        mean_of("gauge_error", depth=1),
        "below",
        (-8.0,),
    ),
    Expectation(
        "depth 1 slices are a choice of gauge",
        "design (2.5): so slice sparsity cannot explain low rank at depth 1",
        "the same rotation makes slices less sparse",
        "change of the participation ratio of slice norms",
        mean_of("gauge_slices", depth=1),
        "above",
        (0.5,),
    ),
    Expectation(
        "depth sparsifies slices beyond rank",
        "Hariz et al. 2024: depth strengthens structured sparsity",
        "slices in excess of the rank fall with depth",
        "excess slices, depth 3 minus depth 1",
        difference("excess_slices", {"depth": 3}, {"depth": 1}),
        "below",
        (0.0,),
        withdrawn=RAW_SLICES,
    ),
)


def draw(rows: Sequence[Row], load: Any, folder: Path) -> list[Path]:
    picture, axes = figure(1, 4, width=3.1)
    profile = rows[0]["profile"]
    for place, depth in enumerate(DEPTHS):
        data: Series = load({"profile": profile, "depth": depth})
        axis = axes[0, place]
        for values, style, name in ((data["slices"], "-", "slices"), (data["ranks"], "--", "singular values")):
            style_of = {"color": colour(0 if name == "slices" else 3), "linestyle": style, "marker": ""}
            band(axis, data["time"], values, label=name, **style_of)
        axis.set_xscale("log")  # the times at which the two settle are compared by their ratio
        axis.set_xlim(data["time"][1], data["until"])
        axis.set(title=f"depth {depth}", xlabel="flow time", ylim=(0, None))
    axes[0, 0].set_ylabel("participation ratio, mean of modes")
    axes[0, 0].legend(fontsize=8)
    aligned = [[float(r["column_alignment"]) for r in rows if r["depth"] == d] for d in DEPTHS]
    band(axes[0, 3], DEPTHS, aligned, color=colour(0))
    axes[0, 3].set(xlabel="depth K", ylabel="mean |cosine| of live columns", xticks=DEPTHS, title="alignment")
    return finish(picture, folder, "mechanism")


STUDY = Study(
    "mechanism",
    "Mechanism",
    "does rank fall because slices die, and does it matter at depth 1 where slices depend on the gauge?",
    EXPECTATIONS,
    cells,
    {"quick": 64, "full": 10, "test": 2},
    measure,
    draw,
)
