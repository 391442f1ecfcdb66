"""Real tensors that come with scikit-image and TensorLy: images, fluorescence, hyperspectral, serology."""

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch

from numerics._architecture import Architecture
from numerics._data import load_data
from numerics._data_record import Data
from numerics._problems import Completion
from numerics._tensors import singular_values
from numerics.experiments._baselines import cp, held_out_error, nuclear_norms, tucker
from numerics.experiments._draw import colour, figure, finish
from numerics.experiments._expectation import Expectation, Row, difference, interval, pick
from numerics.experiments._fit import fit, starts, summary
from numerics.experiments._study import Cell, Measured, Study

PICTURES = ("astronaut", "chelsea")
DATA = (*PICTURES, "kinetic", "indian-pines", "serology")
DEEP = ("depth 1", "depth 2", "depth 3")
METHODS = ("core", *DEEP, "tucker", "cp", "nuclear")
OBSERVED = 0.5
TOLERANCE = 0.05  # relative training error at which methods are compared
# side to which images and long modes are reduced, steps
SIZE = {"quick": (16, 50_000), "full": (64, 50_000), "test": (6, 20)}


def cells(profile: str) -> list[Cell]:
    return [{"profile": profile, "data": data, "method": method} for data in used(profile) for method in METHODS]


def used(profile: str) -> Sequence[str]:
    """Names of the tensors of a profile."""
    return DATA[:2] if profile == "test" else DATA


@lru_cache
def _load(name: str, side: int) -> Data:
    """The data of a cell: pictures cropped and made smaller, long modes thinned."""
    data = load_data(name)
    if name in PICTURES:
        from skimage.transform import resize

        cropped = data.at(np.s_[:300, 80:380])
        return cropped.mapped(lambda values: resize(values, (side, side, 3), anti_aliasing=True))
    if name == "kinetic":
        return data.thinned(min(side, 10))
    if name == "indian-pines":
        data = data.at(np.s_[:64, :64]).thinned(side)
        return data.mapped(lambda values: values - values[data.known].mean())
    return data.thinned(2 * side)


def _problem(name: str, side: int, seeds: Sequence[int]) -> tuple[Completion, float]:
    data = _load(name, side)
    T, known = torch.from_numpy(data.tensor.copy()), torch.from_numpy(data.known.astype(float))
    size = max(float(singular_values(T, n)[0]) for n in range(T.ndim))
    masks = []
    for seed in seeds:
        chance = torch.rand(T.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        masks.append((chance < OBSERVED).to(T.dtype) * known)
    mask = torch.stack(masks)
    lead = (-1, *(1,) * T.ndim)
    weights = mask * prod(T.shape) / mask.flatten(1).sum(1).reshape(lead)
    test = (1 - mask) * known
    return Completion((T / size).expand_as(mask).clone(), weights, T.ndim, test), size


def measure(cell: Cell, seeds: Sequence[int]) -> Measured:
    side, steps = SIZE[cell["profile"]]
    method, name = cell["method"], cell["data"]
    problem, size = _problem(name, side, seeds)
    sizes, order = problem.sizes, problem.order
    mask = (problem.weights != 0).to(problem.dtype)
    if method == "core" or method in DEEP:
        depth = 0 if method == "core" else int(method.split()[1])
        architecture = Architecture(depth, sizes)
        start = starts(architecture, seeds, "end-to-end", 1e-3)
        step = min(0.4, 1.4 / (1 + order * depth))
        result = fit(architecture, start, problem, tolerance=TOLERANCE, steps=steps, step=step)
        rows = summary(result)
        W = result.W
    else:
        if method == "nuclear":
            W = nuclear_norms(problem.target, mask).numpy()
        else:
            pairs = list(zip(problem.target.numpy(), mask.numpy(), seeds, strict=True))
            rank = [max(1, length // 3) for length in sizes]
            if method == "tucker":
                W = np.stack([tucker(T, m, rank, TOLERANCE, seed=s) for T, m, s in pairs])
            else:
                W = np.stack([cp(T, m, max(sizes) // 3, TOLERANCE, seed=s) for T, m, s in pairs])
        assert problem.test is not None
        outside = (1 - problem.test).numpy()
        triples = zip(W, problem.target.numpy(), outside, strict=True)
        rows = [{"test_error": held_out_error(w, T, m)} for w, T, m in triples]
    image = {"W": W[0] * size, "mask": mask.numpy()[0]} if name in PICTURES else {}
    return rows, image


def _against(first: Any, second: Any) -> Any:
    return difference("test_error", {"method": first}, {"method": second}, log=True)


EXPECTATIONS = (
    Expectation(
        "depth helps on real data",
        "Hariz et al. 2024: depth strengthens a useful bias",
        "depths 2-3 predict held-out entries better than depth 1",
        "log10 test error, depths 2-3 minus depth 1, mean over five tensors",
        _against(("depth 2", "depth 3"), "depth 1"),
        "below",
        (0.0,),
    ),
    Expectation(
        "factors help on real data",
        "without factors there is no bias",
        "depth 1 halves the error of the core alone at least",
        "log10 test error, depth 1 minus core, mean over five tensors",
        _against("depth 1", "core"),
        "below",
        (-0.3,),
    ),
    Expectation(
        "the bias beats convex relaxation on real data",
        "implicit regularization against the sum of unfolding nuclear norms",
        "depth 2 predicts better than the nuclear norms",
        "log10 test error, depth 2 minus nuclear, mean over five tensors",
        _against("depth 2", "nuclear"),
        "below",
        (0.0,),
    ),
)


def draw(rows: Sequence[Row], load: Any, folder: Path) -> list[Path]:
    profile = rows[0]["profile"]
    free = [{**row, "reached": 1} for row in rows]
    picture, axes = figure(1, 1, width=8.5, height=3.6)
    axis = axes[0, 0]
    for place, method in enumerate(METHODS):
        shade = colour(place, 4) if place < 4 else str(0.25 * (place - 3))
        for x, name in enumerate(DATA):
            found = interval([float(v) for v in pick(free, "test_error", data=name, method=method)])
            error = [[max(0.0, found.mean - found.low)], [found.high - found.mean]]
            label = {"core": "depth 0 (core)", "cp": "CP", "tucker": "Tucker", "nuclear": "nuclear norms"}.get(
                method, method
            )
            text = label if x == 0 else None
            mark = "osD^vPX"[place]
            axis.errorbar(x + 0.1 * (place - 3), found.mean, error, fmt=mark, color=shade, markersize=5, label=text)
    axis.set(xticks=range(len(DATA)), yscale="log", ylabel="relative test error")
    axis.set_xticklabels(DATA)
    axis.legend(fontsize=8, ncols=1, loc="center left", bbox_to_anchor=(1.0, 0.5))
    paths = finish(picture, folder, "real-data")
    shown = ("core", *DEEP, "tucker", "nuclear")
    picture, axes = figure(2, len(shown) + 2, width=1.5, height=1.65)
    for line, name in enumerate(PICTURES):
        original = _load(name, SIZE[profile][0]).tensor
        mask = load({"profile": profile, "data": name, "method": "core"})["mask"]
        pictures = [("original", original), ("observed", original * mask)]
        pictures += [(m, load({"profile": profile, "data": name, "method": m})["W"]) for m in shown]
        for axis, (title, values) in zip(axes[line], pictures, strict=True):
            axis.imshow(np.clip(values, 0, 1), interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            axis.set_title(title if line == 0 else "", fontsize=9)
    return paths + finish(picture, folder, "inpainting")


STUDY = Study(
    "real-data",
    "Real data",
    "what does depth do on images, fluorescence, hyperspectral and serology data with half of the entries observed?",
    EXPECTATIONS,
    cells,
    {"quick": 10, "full": 10, "test": 2},
    measure,
    draw,
    used,
)
