"""The paper's own experiment: completion at depths 0 to 4 under GD in flow time, GroupRMSprop, and Adam as released."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from numerics._architecture import Architecture
from numerics._problems import Completion
from numerics._trainer import Trainer
from numerics.experiments._draw import across, band, colour, figure, finish
from numerics.experiments._expectation import RAW_SLICES, Expectation, Row, difference, mean_of
from numerics.experiments._fit import completion, fit, starts, summary
from numerics.experiments._study import Cell, Measured, Series, Study

DEPTHS = (0, 1, 2, 3, 4)
OPTIMIZERS = ("gd", "group-rmsprop", "adam-released", "adam-no-eps")
# side, rank, steps
SIZE = {"quick": (10, 2, 50_000), "full": (25, 5, 50_000), "test": (4, 1, 40)}
ADAM_SIZE = {"quick": (8, 2, 100_000), "full": (25, 5, 500_000), "test": (4, 1, 20)}
# The release trains with Keras and its eps. From its start the gradients at depths 2 to 4 lie so far below this eps
# that no run that can be afforded leaves the plateau; what comes after it is seen without eps.
EPS = {"adam-released": 1e-7, "adam-no-eps": 1e-30}
PLATEAU = 5000  # steps of adam-released in the quick profile
RATE = 5e-4
RELEASED = (25, 5, 25_000 * (round(0.7 * 25**3) // 128))  # side, rank, steps in 25 000 epochs
ABSOLUTE = (0.1, 1.0, 10.0)
PAPER = "Hariz et al. 2024"


def cells(profile: str) -> list[Cell]:
    return [
        {"profile": profile, "optimizer": optimizer, "depth": depth} for optimizer in OPTIMIZERS for depth in DEPTHS
    ]


def _released(depth: int, seeds: Sequence[int], side: int, rank: int) -> tuple[Architecture, Any, Completion, int]:
    """Model, start, problem and minibatch of the release: entries of mean square 1, mean over observed entries."""
    architecture = Architecture(depth, (side,) * 3)
    problem = completion(seeds, (side,) * 3, (rank,) * 3, 0.7)
    factor = side**1.5 / problem.target.flatten(1).norm(dim=1).reshape(-1, 1, 1, 1)
    problem = Completion(problem.target * factor, problem.weights / side**3, 3, problem.test)
    return architecture, starts(architecture, seeds, "paper", 5e-4), problem, min(128, round(0.7 * side**3) // 2)


def _log_epochs_to_move(depth: int, seeds: Sequence[int]) -> list[float]:
    """log10 of (steps in which the first update changes the start by its own size / steps of the release)."""
    architecture, start, problem, _ = _released(depth, seeds, *RELEASED[:2])
    trainer = Trainer(architecture, start, problem, step=RATE, optimizer="adam")
    size = sum((block**2).flatten(1).sum(1) for block in trainer.parameters.values())
    trainer.advance(1)
    gradients = [block.grad for block in trainer.blocks.values() if block.grad is not None]
    moved = sum(((RATE * g / (g.abs() + EPS["adam-released"])) ** 2).flatten(1).sum(1) for g in gradients)
    return [float(value) for value in torch.log10(torch.as_tensor(size / moved).sqrt() / RELEASED[2])]


def measure(cell: Cell, seeds: Sequence[int]) -> Measured:
    depth, optimizer = cell["depth"], cell["optimizer"]
    options: dict[str, Any] = {}
    if optimizer in EPS:
        side, rank, steps = ADAM_SIZE[cell["profile"]]
        architecture, start, problem, batch = _released(depth, seeds, side, rank)
        options = {"optimizer": "adam", "step": RATE, "minibatch": batch, "options": {"eps": EPS[optimizer]}}
        if optimizer == "adam-released" and cell["profile"] == "quick":
            steps = PLATEAU
    else:
        side, rank, steps = SIZE[cell["profile"]]
        architecture = Architecture(depth, (side,) * 3)
        problem = completion(seeds, (side,) * 3, (rank,) * 3, 0.7)
        start = starts(architecture, seeds, "end-to-end", 1e-3)
        if optimizer != "gd":
            options = {"optimizer": optimizer, "step": 5e-3}
    keep = ("slice norms", "spectrum", "effective", "participation", "unbalanced", "block norms 1")
    result = fit(architecture, start, problem, tolerance=0.02, steps=steps, keep=keep, **options)
    rows = summary(result)
    for b, row in enumerate(rows):
        norms = [result.matched(f"slice norms {n}")[b] for n in (1, 2, 3)]
        for level in ABSOLUTE:
            row[f"slices_above_{level:g}"] = float(np.mean([(v > level).sum() for v in norms]))
    if optimizer == "adam-released" and depth:
        for row, value in zip(rows, _log_epochs_to_move(depth, seeds), strict=True):
            row["log_epochs_to_move"] = value
    own = slice(int(result.at[0]) + 1)
    series = {
        "time": result.steps[own] * result.step,
        "slices": result.series["slice norms 1"][own, 0],
        "vectors": result.series["block norms 1"][own, 0, -1],
    }
    return rows, series


def extra_slices(optimizer: str) -> Callable[[Sequence[Row]], float]:
    learned = mean_of("live_slices", optimizer=optimizer, depth=(2, 3, 4))
    hosvd = mean_of("live_singular_values", optimizer=optimizer, depth=(2, 3, 4))
    return lambda rows: learned(rows) - hosvd(rows)


def _moves(rows: Sequence[Row], depths: Sequence[int]) -> list[float]:
    """They are known of every start, whether or not the run then met its training error."""
    return [r["log_epochs_to_move"] for r in rows if r["optimizer"] == "adam-released" and r["depth"] in depths]


def _deeper(optimizer: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"optimizer": optimizer, "depth": (2, 3, 4)}, {"optimizer": optimizer, "depth": 1}


EXPECTATIONS = (
    *(
        Expectation(
            f"depth completes better, {optimizer}",
            f"{PAPER}: deeper factorizations recover the tensor better",
            "test error falls from depth 1 to depths 2-4",
            "log10 test error, mean of depths 2-4 minus depth 1",
            difference("test_error", *_deeper(optimizer), log=True),
            "below",
            (0.0,),
        )
        for optimizer in OPTIMIZERS
    ),
    # Written down after a look at the gradients of the start, to measure what keeps adam-released from a number.
    Expectation(
        "the released start is trained within the released epochs",
        f"{PAPER}: results at depths 2 to 4 with Adam (design 2.5, entries of mean square 1)",
        "Adam's first update, kept up, changes the start in 25³ by its own size within 25 000 epochs",
        "log10 of (steps that takes / steps in 25 000 epochs), mean over depths 2-4",
        lambda rows: float(np.mean(_moves(rows, (2, 3, 4)))),
        "below",
        (0.0,),
    ),
    Expectation(
        "depth lowers rank, gd",
        f"{PAPER}: depth strengthens the preference for low multilinear rank",
        "effective rank of the unfoldings falls from depth 1 to depths 2-4",
        "effective rank, mean of depths 2-4 minus depth 1",
        difference("effective_rank", *_deeper("gd")),
        "below",
        (0.0,),
    ),
    *(
        Expectation(
            f"sparse slices are the low rank, {optimizer}",
            f"{PAPER}: low rank comes from whole core slices staying near zero",
            "the learned core has as many live slices (over 1 % of the largest) as its HOSVD",
            "live slices of the learned core minus those of the HOSVD, mean over depths 2-4 and modes",
            extra_slices(optimizer),
            "inside",
            (-0.5, 0.5),
            withdrawn=RAW_SLICES,
        )
        for optimizer in ("gd", "adam-released", "adam-no-eps")
    ),
    Expectation(
        "the core alone does not complete",
        f"{PAPER}: without factors there is no bias",
        "depth 0 does not learn the held-out entries",
        "test error at depth 0",
        mean_of("test_error", optimizer="gd", depth=0),
        "above",
        (0.9,),
    ),
)


def draw(rows: Sequence[Row], load: Callable[[Cell], Series], folder: Path) -> list[Path]:
    picture, axes = figure(2, 4, width=3.1)
    profile = rows[0]["profile"]
    for axis, depth in zip(axes[0], DEPTHS[1:], strict=True):
        data = load({"profile": profile, "optimizer": "gd", "depth": depth})
        order = np.argsort(-data["slices"][-1])
        for place, r in enumerate(order):
            shade = colour(place, len(order))
            axis.plot(data["time"], data["slices"][:, r], color=shade, linewidth=1.2)
            axis.plot(data["time"], data["vectors"][:, r], color=shade, linewidth=1, linestyle=":")
        axis.set(title=f"GD, depth {depth}", xlabel="flow time (step × size)", ylim=(0, None))
    axes[0, 0].set_ylabel("norm of core slice (solid)\nand of vector (dotted), mode 1")
    shown = ("gd", "group-rmsprop", "adam-no-eps")  # adam-released is on its plateau
    panels = (("test_error", "relative test error", True), ("effective_rank", "effective rank, mean of modes", False))
    for axis, (column, label, log) in zip(axes[1], panels, strict=False):
        for place, optimizer in enumerate(shown):
            values = across(rows, column, "depth", DEPTHS, optimizer=optimizer)
            band(axis, DEPTHS, values, log=log, color=colour(place, 3), place=place, label=optimizer)
        axis.set(xlabel="depth K", ylabel=label, xticks=DEPTHS)
    axes[1, 0].legend(fontsize=8)
    for place, optimizer in ((0, "gd"), (2, "adam-no-eps")):
        for column, style in (("live_slices", "-"), ("live_singular_values", "--")):
            values = across(rows, column, "depth", DEPTHS, optimizer=optimizer)
            name = "core" if style == "-" else "HOSVD"
            label = f"{optimizer}, {name}"
            band(axes[1, 2], DEPTHS, values, color=colour(place, 3), place=place, linestyle=style, label=label)
    axes[1, 2].set(xlabel="depth K", ylabel="live slices (> 1 % of largest)", xticks=DEPTHS)
    axes[1, 2].set_ylim(0, None)
    axes[1, 2].legend(fontsize=8, loc="center right")
    times = [[10 ** float(v) for v in _moves(rows, (depth,))] for depth in DEPTHS[1:]]
    band(axes[1, 3], DEPTHS[1:], times, log=True, color=colour(0))
    axes[1, 3].axhline(1, color="0.5", linewidth=0.8)
    axes[1, 3].set(xlabel="depth K", ylabel="time to leave the released start\n/ 25 000 epochs", xticks=DEPTHS[1:])
    return finish(picture, folder, "paper")


STUDY = Study(
    "paper",
    "The paper's own experiment",
    "does depth complete better and with sparser slices, under gradient flow and under the released training?",
    EXPECTATIONS,
    cells,
    {"quick": 96, "full": 10, "test": 2},
    measure,
    draw,
)
