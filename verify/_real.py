"""data=NAME or PATH: complete a real tensor with the real trainer and hold the run against the derived dynamics."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from numerics import Architecture, Data, UsageError, effective_rank, load_data, matched_start, sharpness, solve_flow

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
READ = 1 << 27  # entries of a file at most; as float64 with one copy they take 2 GiB
RANK = 6  # core sizes at most
START = 0.1  # norm of W at the start, relative to the target
FITTED = 0.05  # the run ends when the flow's loss has fallen to this part
RECORDS = 32
STEP = 0.5  # step size of the coarsest descent in units of 1 / (largest sharpness on the way)
STRETCH = 400.0  # longest run, in the same units
PROBES = np.concatenate([[0.0], np.geomspace(0.1, 3000, 40)])  # times at which the length of the run is looked for


@dataclass(frozen=True)
class Completed:
    """Real data ready for completion.

    Attributes:
        data: reduced, and divided by its root mean square; its words say what was done to it, for the reader.
        mask: observed entries, all of them known.
        content: of the data before anything was done to it.
    """

    data: Data
    mask: np.ndarray
    content: str

    @property
    def held_out(self) -> np.ndarray:
        """Known entries that are not observed."""
        return self.data.known & ~self.mask


def prepare(source: str, observed: float, seed: int) -> Completed:
    """Load, reduce, scale and mask.

    Raises:
        UsageError: what cannot be read or completed.
    """
    full = load_data(source, _look)
    if len(full.sizes) > MAX_ORDER:
        raise UsageError(f"data={source}: has {len(full.sizes)} modes, at most {MAX_ORDER} can be judged; join some")
    strides = _strides(full.sizes)
    data, exponent = full.block_means(strides).scaled()
    size = float(np.sqrt(np.mean(data.tensor[data.known] ** 2)))
    mask = data.known & (np.random.default_rng(seed).random(data.sizes) < observed)
    if not mask.any():
        raise UsageError(f"observed={observed:g} leaves no observed entry of {data.tensor.size}; raise it")
    reduced = f"reduced to {_times(data.sizes)} by means over blocks of {_times(strides)}, " if max(strides) > 1 else ""
    words = (
        f"data {source}: {_times(full.sizes)}, {reduced}"
        f"divided by its root mean square {math.ldexp(size, exponent):.4g}; "
        f"{int(mask.sum())} of {data.tensor.size} entries observed"
    )
    if data.missing:
        words += f", {data.missing} missing in the data"
    return Completed(replace(data, tensor=data.tensor / size, words=words), mask, full.content)


def _look(sizes: tuple[int, ...]) -> None:
    if math.prod(sizes) > READ:
        raise UsageError(
            f"{_times(sizes)} is more than {READ} entries, which take gigabytes to reduce; reduce it first"
        )


def _strides(shape: tuple[int, ...]) -> list[int]:
    """Every k-th entry, so that no mode keeps more than LARGEST and the tensor at most ENTRIES."""
    limit = LARGEST
    while True:
        strides = [-(-size // limit) for size in shape]
        if np.prod([-(-size // k) for size, k in zip(shape, strides, strict=True)]) <= ENTRIES or limit == 2:
            return strides
        limit -= 1


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def start_of(problem: Completed, cell: Cell, seed: int) -> State:
    """A balanced Gaussian start with ||W|| = START ||target||."""
    data, sizes = problem.data, problem.data.sizes
    ranks = sizes if cell.depth == 0 else tuple(min(size, RANK) for size in sizes)
    architecture = Architecture(cell.depth, sizes, ranks, cell.chain)
    blocks = matched_start(architecture, START * float(np.linalg.norm(data.tensor)), by="end-to-end", seed=seed)
    parameters = {name: torch.from_numpy(block) for name, block in blocks.items()}
    weights = torch.from_numpy(problem.mask / problem.mask.sum())
    return State(architecture, parameters, torch.from_numpy(data.tensor.copy()), weights)


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
    problem = prepare(str(config.data), config.observed, config.seed)
    cells = [Cell(depth, problem.data.tensor.ndim, chain) for chain in config.chain for depth in config.depth]
    results: list[Result] = []
    reports: list[dict[str, Any]] = []

    audience = Audience(listeners)
    tell = audience.tell
    claims = sum(isinstance(claim.cell_in(cell), Cell) for cell in cells for claim in CLAIMS)
    tell(RunStarted(config.as_json(), tuple(cells), claims))
    tell(Note(problem.data.words))
    interrupted = False
    try:
        for cell in cells:
            batch = batch_of(start_of(problem, cell, config.seed))
            for claim in CLAIMS:
                if isinstance(claim.cell_in(cell), Cell):
                    results.append(judge_examples(claim, cell, batch, config.budget))
                    tell(ClaimJudged(results[-1], len(results)))
            report = _report(problem, cell, batch.descent(0, 0))
            errors = _errors(problem, batch.descent(0, 0))
            try:
                report["pictures"] = draw(batch.descent(0, 0), batch.flow(0), errors, config, cell, problem.content)
            except OSError as error:
                report["pictures"] = []
                audience.lose(error)
            reports.append(report)
            tell(Note(_words(cell, report)))
    except KeyboardInterrupt:
        interrupted = True
    code = Exit.INTERRUPTED if interrupted else exit_code([r.verdict for r in results])
    about = {"words": problem.data.words, "content": problem.content, "missing": problem.data.missing, "runs": reports}
    return audience.finish(RunFinished(code, time.perf_counter() - began, interrupted, {"data": about}))


def _errors(problem: Completed, descent: Descent) -> np.ndarray:
    """Relative error on observed and on held-out entries along the run, (T, 2); NaN where nothing is held out."""
    rows = []
    for state in descent.states:
        target = problem.data.tensor
        residual = state.tensor.numpy() - target
        rows.append([_relative(residual, target, where) for where in (problem.mask, problem.held_out)])
    return np.array(rows)


def _relative(residual: np.ndarray, target: np.ndarray, where: np.ndarray) -> float:
    size = float(np.linalg.norm(target[where]))
    return float(np.linalg.norm(residual[where])) / size if where.any() and size > 0 else float("nan")


def _report(problem: Completed, cell: Cell, descent: Descent) -> dict[str, Any]:
    train, test = _errors(problem, descent)[-1]
    ranks = [float(effective_rank(descent.final.singular_values(mode))) for mode in range(cell.order)]
    return {
        "depth": cell.depth,
        "chain": cell.chain,
        "steps": int(descent.steps[-1]),
        "train_error": train,
        "test_error": test,
        "effective_ranks": ranks,
    }


def _words(cell: Cell, report: dict[str, Any]) -> str:
    ranks = ", ".join(f"{rank:.2f}" for rank in report["effective_ranks"])
    return (
        f"{cell}: {report['steps']} steps; relative error {report['train_error']:.3f} on observed entries, "
        f"{report['test_error']:.3f} on held-out ones; "
        f"effective ranks (Roy and Vetterli 2007) {ranks}; "
        f"pictures {', '.join(report['pictures']) or 'lost'}"
    )
