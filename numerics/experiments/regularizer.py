"""Representation cost or implicit bias: weight decay and small-start flow can end in different tensors."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import linprog

from numerics._architecture import Architecture
from numerics._model import compose
from numerics._problems import Sensing
from numerics._superdiagonal import component_blocks
from numerics._trainer import Trainer
from numerics.experiments._draw import across, band, colour, figure, finish
from numerics.experiments._expectation import Expectation, Row, mean_of
from numerics.experiments._study import Cell, Measured, Study

DEPTHS = (1, 2, 3)
ORDER = 2  # with sensing of the superdiagonal and an aligned start every group has size one
SMALL = 5e-4  # of g0^(NK + 1), an entry of W at the start
STEPS_OF = {"quick": 6000, "full": 50_000, "test": 600}


def cells(profile: str) -> list[Cell]:
    return [{"profile": profile, "depth": depth} for depth in DEPTHS]


C = 0.41  # between 2^(-3/2) and 1/2: the least l1 norm and the least l_q norm with q <= 2/3 then differ
M = np.array([[1.0, 0.0, C], [0.0, 1.0, C]])
DECAY = 1e-3


def _values(seed: int) -> np.ndarray:
    """y of M w = y: near (y1, y2, 0) the l1 norm is least, near (0, 0, y/c) the l_q norm."""
    rng = np.random.default_rng(seed)
    y = rng.uniform(0.8, 1.2)
    return np.array([y, y * (1 + rng.uniform(0.0, 0.02))])


def _train(
    architecture: Architecture, entries: np.ndarray, seeds: Sequence[int], steps: int, decay: float
) -> np.ndarray:
    """GD from aligned starts with the given entries (T, 3), for every seed; entries of W at the end (T, seeds, 3)."""
    operators = np.zeros((2, 3, 3))
    operators[:, range(3), range(3)] = M
    values = np.tile(np.stack([_values(seed) for seed in seeds]), (len(entries), 1))
    problem = Sensing(torch.from_numpy(operators), torch.from_numpy(values), torch.ones(2, dtype=torch.float64))
    layers = 1 + ORDER * architecture.depth
    singles = [component_blocks(architecture, np.ones(3), e ** (1 / layers))[0] for e in entries for _ in seeds]
    start = {name: np.stack([single[name] for single in singles]) for name in architecture.shapes}
    trainer = Trainer(architecture, start, problem, step=0.4 / layers, weight_decay=decay)
    trainer.advance(steps)
    W = compose(architecture, trainer.parameters)
    return W.diagonal(dim1=-2, dim2=-1).numpy().reshape(len(entries), len(seeds), 3).copy()


def measure(cell: Cell, seeds: Sequence[int]) -> Measured:
    depth, steps = cell["depth"], STEPS_OF[cell["profile"]]
    architecture = Architecture(depth, (3,) * ORDER)
    layers = 1 + ORDER * depth
    flow = _train(architecture, np.full((1, 3), SMALL), seeds, steps, 0.0)[0]
    # The regularized loss is not convex: weight decay is run from several large starts and the best end is kept.
    trials = np.array([(0.7, 0.7, 0.1), (0.1, 0.1, 2.0), (0.5, 0.5, 0.5), (1.0, 0.2, 1.0)])
    ends = _train(architecture, trials, seeds, steps, DECAY)
    rows, chosen = [], []

    def cost(w: np.ndarray) -> float:
        return float((np.abs(w) ** (2 / layers)).sum() * layers / 2)

    for b, seed in enumerate(seeds):
        y = _values(seed)
        totals = [DECAY * cost(end[b]) + 0.5 * float(((M @ end[b] - y) ** 2).sum()) for end in ends]
        best = ends[int(np.argmin(totals)), b]
        chosen.append(best)
        least = linprog(np.ones(3), A_eq=M, b_eq=y, bounds=(0, None)).fun
        rows.append(
            {
                "distance": float(np.linalg.norm(flow[b] - best) / np.linalg.norm(flow[b])),
                "flow_l1_excess": float(np.abs(flow[b]).sum() / least - 1),
                "decay_l1_excess": float(np.abs(best).sum() / least - 1),
                "cost_ratio": float(np.log10(cost(flow[b]) / cost(best))),
                "flow_residual": float(np.linalg.norm(M @ flow[b] - y)),
                "decay_residual": float(np.linalg.norm(M @ best - y)),
            }
        )
    return rows, {"flow": flow, "decay": np.array(chosen)}


EXPECTATIONS = (
    Expectation(
        "the two ends differ",
        "design (17): representation cost and implicit bias are two things",
        "weight decay and the small-start flow end in different tensors",
        "relative distance of the two ends, mean over depths 1-3",
        mean_of("distance", depth=DEPTHS),
        "above",
        (0.5,),
    ),
    Expectation(
        "the flow minimises the l1 norm at every depth",
        "design (17): groups of size one, NK + 1 layers",
        "the small-start flow ends at the least l1 norm",
        "l1 norm over the least one, minus 1, mean over depths 1-3",
        mean_of("flow_l1_excess", depth=DEPTHS),
        "inside",
        (-0.02, 0.05),
    ),
    Expectation(
        "the flow minimises the representation cost",
        "reading Hariz et al. 2024 as: depth K makes the flow minimise the quasi-norm of (15)",
        "the flow's end has the representation cost of weight decay's end",
        "log10 of (cost of the flow's end / cost of weight decay's end), mean over depths 1-3",
        mean_of("cost_ratio", depth=DEPTHS),
        "below",
        (0.02,),
    ),
)


def draw(rows: Sequence[Row], load: Any, folder: Path) -> list[Path]:
    picture, axes = figure(1, 3)
    for place, (column, label) in enumerate(
        (("flow_l1_excess", "small-start flow"), ("decay_l1_excess", "weight decay"))
    ):
        values = across(rows, column, "depth", DEPTHS)
        band(axes[0, 0], DEPTHS, values, color=colour(2 * place, 3), place=place, label=label)
    axes[0, 0].set(xlabel="depth K", ylabel="l1 norm / least l1 norm − 1", xticks=DEPTHS)
    axes[0, 0].legend(fontsize=8)
    band(axes[0, 1], DEPTHS, across(rows, "cost_ratio", "depth", DEPTHS), color=colour(1, 3))
    axes[0, 1].axhline(0, color="gray", linewidth=0.8)
    axes[0, 1].set(xlabel="depth K", ylabel="log10 (flow cost / decay cost)", xticks=DEPTHS)
    for place, (kind, label) in enumerate((("flow", "small-start flow"), ("decay", "weight decay"))):
        for shift, depth in enumerate(DEPTHS):
            data = load({"profile": rows[0]["profile"], "depth": depth})
            x = np.arange(3) + (place * 3 + shift - 2.5) * 0.13
            fill = (
                {"color": colour(shift, 3)} if kind == "flow" else {"facecolor": "white", "edgecolor": colour(shift, 3)}
            )
            text = f"{label}, K = {depth}"
            axes[0, 2].bar(x, data[kind][-1], width=0.12, linewidth=1.5, label=text, **fill)
    axes[0, 2].set(xticks=range(3), xticklabels=["W₁₁", "W₂₂", "W₃₃"], ylabel="entry at the end (last seed)")
    axes[0, 2].legend(fontsize=6.5)
    return finish(picture, folder, "regularizer")


STUDY = Study(
    "regularizer",
    "Representation cost or implicit bias",
    "does the small-start flow minimise what weight decay minimises?",
    EXPECTATIONS,
    cells,
    {"quick": 24, "full": 20, "test": 2},
    measure,
    draw,
)
