"""data=NAME or PATH: complete a real tensor with the real trainer and hold the run against the derived dynamics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from numerics import Architecture, UsageError, load_tensor, matched_start, sharpness, solve_flow

from ._batch import PathBatch, PathFailure
from ._config import MAX_ORDER, Config
from ._engine import judge_examples
from ._events import Audience, Cell, ClaimJudged, Listener, Note, RunFinished, RunStarted
from ._path import Descent
from ._real_picture import draw
from ._state import State
from ._verdict import Exit, Result, exit_code

LARGEST = 12  # entries kept along a mode
ENTRIES = 1200  # and in all, so that a run takes seconds
RANK = 6  # core sizes at most
START = 0.1  # norm of W at the start, relative to the target
FITTED = 0.05  # the run ends when the flow's loss has fallen to this part
RECORDS = 32
STEP = 0.5  # step size of the coarsest descent in units of 1 / (largest sharpness on the way)
STRETCH = 400.0  # longest run, in the same units
PROBES = np.concatenate([[0.0], np.geomspace(0.1, 3000, 40)])  # times at which the length of the run is looked for


@dataclass(frozen=True)
class Data:
    """A real tensor ready for completion.

    Attributes:
        tensor: subsampled and divided by its root mean square.
        seen: entries that exist at all (a shipped tensor may have missing ones).
        mask: observed entries.
        words: what was done to it, for the reader.
    """

    tensor: np.ndarray
    seen: np.ndarray
    mask: np.ndarray
    words: str


def prepare(source: str, observed: float, seed: int) -> Data:
    """Load, subsample, scale and mask.

    Raises:
        UsageError: what cannot be read or completed.
    """
    full = load_tensor(source)
    if full.ndim > MAX_ORDER:
        raise UsageError(f"data={source}: has {full.ndim} modes, at most {MAX_ORDER} can be judged; join some")
    present = _present(source, full.shape)
    strides = _strides(full.shape)
    tensor, seen = block_means(full, present, strides)
    if not tensor[seen].any():
        raise UsageError(f"data={source}: all entries left after subsampling are zero; give a smaller tensor")
    scale = float(np.sqrt(np.mean(tensor[seen] ** 2)))
    mask = seen & (np.random.default_rng(seed).random(tensor.shape) < observed)
    if not mask.any():
        raise UsageError(f"observed={observed:g} leaves no observed entry of {tensor.size}; raise it")
    reduced = (
        f"reduced to {_times(tensor.shape)} by means over blocks of {_times(strides)}, " if max(strides) > 1 else ""
    )
    words = (
        f"data {source}: {_times(full.shape)}, {reduced}"
        f"divided by its root mean square {scale:.4g}; {int(mask.sum())} of {tensor.size} entries observed"
    )
    if not seen.all():
        words += f", {int((~seen).sum())} missing in the data"
    return Data(np.where(seen, tensor / scale, 0.0), seen, mask, words)


def _present(source: str, shape: tuple[int, ...]) -> np.ndarray:
    """Where the tensor has a value; the Kinetic measurements come with their own list of missing entries."""
    if source != "kinetic":
        return np.ones(shape, dtype=bool)
    from tensorly.datasets import load_kinetic

    return ~np.asarray(load_kinetic().missing_values_position, dtype=bool)


def _strides(shape: tuple[int, ...]) -> list[int]:
    """Every k-th entry, so that no mode keeps more than LARGEST and the tensor at most ENTRIES."""
    limit = LARGEST
    while True:
        strides = [-(-size // limit) for size in shape]
        if np.prod([-(-size // k) for size, k in zip(shape, strides, strict=True)]) <= ENTRIES or limit == 2:
            return strides
        limit -= 1


def block_means(tensor: np.ndarray, present: np.ndarray, blocks: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Means of the present entries over blocks of the given sizes (the last block of a mode may be shorter).

    Returns: the reduced tensor, and where at least one entry of a block was present.
    """
    total, count = np.where(present, tensor, 0.0), present.astype(float)
    for axis, size in enumerate(blocks):
        edges = np.arange(0, tensor.shape[axis], size)
        total, count = (np.add.reduceat(values, edges, axis=axis) for values in (total, count))
    return np.divide(total, count, out=np.zeros_like(total), where=count > 0), count > 0


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def start_of(data: Data, cell: Cell, seed: int) -> State:
    """A balanced Gaussian start with ||W|| = START ||target||."""
    sizes = data.tensor.shape
    ranks = sizes if cell.depth == 0 else tuple(min(size, RANK) for size in sizes)
    architecture = Architecture(cell.depth, sizes, ranks, cell.chain)
    blocks = matched_start(architecture, START * float(np.linalg.norm(data.tensor)), by="end-to-end", seed=seed)
    parameters = {name: torch.from_numpy(block) for name, block in blocks.items()}
    return State(architecture, parameters, torch.from_numpy(data.tensor), torch.from_numpy(data.mask / data.mask.sum()))


def batch_of(start: State) -> PathBatch:
    """The run: its length, which is its unit of time, is when the derived flow fits the observed entries.

    Raises:
        UsageError: no step size within reach is stable.
    """
    arrays = {name: value.numpy() for name, value in start.parameters.items()}
    target, weights = start.target.numpy(), start.weights.numpy()
    flow = solve_flow(start.architecture, arrays, target, weights, PROBES, rtol=1e-4, atol=1e-7, budget=4000)
    fitted = np.nonzero(flow.losses <= FITTED * flow.losses[0])[0]
    end = int(fitted[0]) if fitted.size else len(flow.times) - 1
    places = np.unique(np.linspace(0, end, 6).astype(int))
    on_the_way = [{name: torch.from_numpy(values[i]) for name, values in flow.parameters.items()} for i in places]
    top = max(float(sharpness(start.architecture, p, start.target, start.weights, iterations=15)) for p in on_the_way)
    length = min(float(flow.times[end]), STRETCH / top) if top > 0 else 1.0
    unit = State(start.architecture, start.parameters, start.target, start.weights * length)
    for doubling in range(4):
        substeps = max(4, int(np.ceil(length * top / (STEP * RECORDS)))) * 2**doubling
        batch = PathBatch([], "balanced", starts=[unit], records=RECORDS, substeps=substeps)
        try:
            batch.descent(0, 0)
            return batch
        except PathFailure as failure:
            last = str(failure)
    raise UsageError(f"gradient descent diverged at every step size tried ({last})")


def verify_data(config: Config, listeners: Sequence[Listener]) -> int:
    """The run on a real tensor at every depth and chain of the configuration; returns the exit code.

    Raises:
        UsageError: bad data.
    """
    from .claims.real_data import CLAIMS

    began = time.perf_counter()
    data = prepare(str(config.data), config.observed, config.seed)
    cells = [Cell(depth, data.tensor.ndim, chain) for chain in config.chain for depth in config.depth]
    results: list[Result] = []
    reports: list[dict[str, Any]] = []

    audience = Audience(listeners)
    tell = audience.tell
    claims = sum(claim.applies(cell.depth, cell.order, cell.chain) for cell in cells for claim in CLAIMS)
    tell(RunStarted(config.as_json(), tuple(cells), claims))
    tell(Note(data.words))
    interrupted = False
    try:
        for cell in cells:
            batch = batch_of(start_of(data, cell, config.seed))
            for claim in CLAIMS:
                if claim.applies(cell.depth, cell.order, cell.chain):
                    results.append(judge_examples(claim, cell, batch, config.budget))
                    tell(ClaimJudged(results[-1], len(results)))
            report = _report(data, cell, batch.descent(0, 0))
            errors = _errors(data, batch.descent(0, 0))
            try:
                report["pictures"] = draw(batch.descent(0, 0), batch.flow(0), errors, config, cell)
            except OSError as error:
                report["pictures"] = []
                audience.lose(error)
            reports.append(report)
            tell(Note(_words(cell, report)))
    except KeyboardInterrupt:
        interrupted = True
    code = Exit.INTERRUPTED if interrupted else exit_code([r.verdict for r in results])
    told = {"data": {"words": data.words, "runs": reports}}
    return audience.finish(RunFinished(code, time.perf_counter() - began, interrupted, told))


def _errors(data: Data, descent: Descent) -> np.ndarray:
    """Relative error on observed and on held-out entries along the run, (T, 2); NaN where nothing is held out."""
    rows = []
    for state in descent.states:
        residual = state.tensor.numpy() - data.tensor
        rows.append([_relative(residual, data.tensor, where) for where in (data.mask, data.seen & ~data.mask)])
    return np.array(rows)


def _relative(residual: np.ndarray, target: np.ndarray, where: np.ndarray) -> float:
    size = float(np.linalg.norm(target[where]))
    return float(np.linalg.norm(residual[where])) / size if where.any() and size > 0 else float("nan")


def _report(data: Data, cell: Cell, descent: Descent) -> dict[str, Any]:
    train, test = _errors(data, descent)[-1]
    ranks = [float(_effective_rank(descent.final.singular_values(mode))) for mode in range(cell.order)]
    return {
        "depth": cell.depth,
        "chain": cell.chain,
        "steps": int(descent.steps[-1]),
        "train_error": train,
        "test_error": test,
        "effective_ranks": ranks,
    }


def _effective_rank(values: torch.Tensor) -> torch.Tensor:
    """exp of the entropy of the normalised squared singular values."""
    share = values**2 / (values**2).sum()
    return torch.exp(-(share * torch.log(share.clamp_min(1e-300))).sum())


def _words(cell: Cell, report: dict[str, Any]) -> str:
    ranks = ", ".join(f"{rank:.2f}" for rank in report["effective_ranks"])
    return (
        f"{cell}: {report['steps']} steps; relative error {report['train_error']:.3f} on observed entries, "
        f"{report['test_error']:.3f} on held-out ones; effective ranks {ranks}; "
        f"pictures {', '.join(report['pictures']) or 'lost'}"
    )
