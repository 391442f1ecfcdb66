"""A whole training run: records, checkpoints, resume, convergence; Ctrl-C and kill lose one interval at most."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from numerics._checkpoint import load_checkpoint, save_checkpoint
from numerics._data_record import CONTENT
from numerics._errors import UsageError
from numerics._trainer import Trainer

Watch = Callable[[Trainer], Mapping[str, Tensor]]


@dataclass
class History:
    """Records of a run: step indices and, for each observable, its values at them.

    Attributes:
        status: "running", "converged" (every loss at or below the level), "finished" (all steps taken), "stalled".
    """

    steps: list[int] = field(default_factory=list)
    values: dict[str, list[np.ndarray]] = field(default_factory=dict)
    status: str = "running"

    def add(self, index: int, seen: Mapping[str, Tensor]) -> None:
        """Append one record."""
        self.steps.append(index)
        for name, value in seen.items():
            self.values.setdefault(name, []).append(value.numpy(force=True).copy())

    def series(self, name: str) -> np.ndarray:
        """All values of one observable, (T, ...).

        Raises:
            UsageError: naming the observables there are.
        """
        if name not in self.values:
            raise UsageError(f"no observable {name!r}; recorded: {', '.join(self.values)}")
        return np.stack(self.values[name])

    def family(self, name: str) -> dict[str, np.ndarray]:
        """The observable `name` and those called "name 1", "name 2", .., one for each mode."""
        held = [key for key in self.values if key == name or key.rpartition(" ")[0] == name]
        return {key: self.series(key) for key in held}

    def arrays(self) -> dict[str, np.ndarray]:
        """For a checkpoint."""
        stacked = {f"history/{name}": np.stack(values) for name, values in self.values.items()}
        return {"history-steps": np.array(self.steps, dtype=np.int64), **stacked}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "History":
        """From a checkpoint."""
        history = cls([int(index) for index in arrays["history-steps"]])
        for name, value in arrays.items():
            if name.startswith("history/"):
                history.values[name.removeprefix("history/")] = list(value)
        return history


def train(
    trainer: Trainer,
    *,
    steps: int,
    record_every: int = 100,
    watch: Watch | None = None,
    stop_below: float = 0.0,
    stall: float = 0.0,
    checkpoint: Path | None = None,
    checkpoint_every: int = 1000,
    meta: Mapping[str, Any] | None = None,
    on_record: Callable[[int, History], None] | None = None,
) -> History:
    """Train until `steps` steps are taken or every loss is at most `stop_below`.

    Arguments:
        watch: observables from the trainer, recorded every `record_every` steps; by default the losses alone.
        stall: stop as "stalled" when over 10 records no loss fell by this fraction of itself (0: never).
        checkpoint: file to write every `checkpoint_every` steps and at the end; if it exists the run continues from
            it, bit for bit as if it had not been interrupted. An interruption (Ctrl-C, kill) loses what was done
            since: it may come in the middle of an update, so the state it leaves is not worth keeping.
        meta: what the run is; a checkpoint with another one is refused.

    Raises:
        UsageError: if the checkpoint belongs to another run.
        DivergenceError: if the step is too large.
    """
    look: Watch = watch or (lambda trained: {"loss": trained.problem.loss(trained.W)})
    history, description = History(), dict(meta or {})
    if checkpoint is not None and checkpoint.exists():
        arrays, saved = load_checkpoint(checkpoint)
        if difference := _difference(saved, description):
            raise UsageError(f"{checkpoint} belongs to another run ({difference}): name another out= or delete it")
        trainer.load(arrays)
        history = History.from_arrays(arrays)

    def save() -> None:
        if checkpoint is not None:
            save_checkpoint(checkpoint, {**trainer.state(), **history.arrays()}, description)

    while True:
        index = trainer.index
        if index % record_every == 0 or index >= steps:
            if not history.steps or history.steps[-1] < index:
                with torch.no_grad():
                    history.add(index, look(trainer))
            history.status = _status(history, index, steps, stop_below, stall)
            if on_record is not None:
                on_record(index, history)
            if history.status != "running":
                break
        if index % checkpoint_every == 0 and index:
            save()
        ahead = min(record_every - index % record_every, checkpoint_every - index % checkpoint_every)
        trainer.advance(min(ahead, steps - index))
    save()
    return history


def _difference(saved: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """In what two descriptions of runs differ, '' if in nothing."""
    different = {key for key in {**now, **saved} if now.get(key) != saved.get(key)}
    if not different:
        return ""
    if CONTENT in different and CONTENT in now:
        before = f"{saved[CONTENT][:12]}" if CONTENT in saved else "not recorded"
        return f"of another tensor: the content hash of its tensor is {before}, that of this one {now[CONTENT][:12]}"
    key = min(different)
    return f"{key}={saved.get(key)}, not {now.get(key)}"


def _status(history: History, index: int, steps: int, stop_below: float, stall: float) -> str:
    losses = history.values["loss"]
    if stop_below and bool((losses[-1] <= stop_below).all()):
        return "converged"
    if index >= steps:
        return "finished"
    if stall and len(losses) > 10 and bool((losses[-1] > (1 - stall) * losses[-11]).all()):
        return "stalled"
    return "running"
