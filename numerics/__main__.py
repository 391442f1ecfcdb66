"""python -m numerics key=value ...: one training run with progress, checkpoints and pictures; or a sweep of them."""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from numerics._checkpoint import load_checkpoint
from numerics._data_record import Data
from numerics._errors import DivergenceError, UsageError
from numerics._experiment import Experiment
from numerics._keys import key_lines, parse_keys, plain_words
from numerics._pictures import draw_run
from numerics._sweep import Row, sweep
from numerics._sweep_keys import SweepKeys, parse_sweep
from numerics._train import History, train
from numerics._trainer import Trainer
from theory.files import why_no_folder, why_unwritable
from theory.streams import on_one_line, with_streams

CONVERGED, USAGE, FAILED, UNDECIDED, INTERRUPTED = 0, 2, 3, 4, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one experiment; returns the exit code: 0 converged, 2 usage, 3 diverged, 4 not converged, 130 interrupted."""
    words = sys.argv[1:] if arguments is None else arguments
    return with_streams("error", lambda: _main(words))


def _main(arguments: Sequence[str]) -> int:
    if set(arguments) & {"help", "-h", "--help"}:
        print(_help())
        return CONVERGED
    try:
        arguments = plain_words(arguments)
        if arguments and arguments[0] == "sweep":
            return _sweep(arguments[1:])
        if any(argument.startswith("experiment=") for argument in arguments):
            from numerics.experiments import main as run_studies

            return run_studies(arguments)
        return _run(parse_keys(arguments, Experiment))
    except UsageError as error:
        print(f"error: {on_one_line(error)}", file=sys.stderr)
        return USAGE
    except DivergenceError as error:
        print(f"error: {on_one_line(error)}", file=sys.stderr)
        return FAILED
    except sqlite3.Error as error:
        print(f"error: the table of runs: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted: the last checkpoint is kept; the same command continues from it", file=sys.stderr)
        return INTERRUPTED


def _run(experiment: Experiment) -> int:
    if why := why_no_folder(experiment.out):
        raise UsageError(f"out={experiment.out} {why}")
    step, data = _saved_step(experiment), experiment.load()
    prepared = experiment.prepare(data)
    for _ in range(20):
        trainer = experiment.trainer(step, prepared=prepared)
        try:
            history = _train(experiment, trainer, data)
            break
        except DivergenceError as error:
            if experiment.step is not None:
                raise
            step = trainer.step / 2
            del trainer  # before the next one is made
            (experiment.out / "checkpoint.npz").unlink(missing_ok=True)
            print(f"{error}; again with step={step:g}", file=sys.stderr)
    else:
        raise UsageError("no step size was found that does not diverge; give step= and a smaller size=")
    return _report(experiment, trainer, history, data)


def _sweep(arguments: Sequence[str]) -> int:
    keys, experiments = parse_sweep(arguments)
    if why := why_unwritable(keys.table):
        raise UsageError(f"table={keys.table} {why}")
    total = len(experiments)

    def show(row: Row) -> None:
        if sys.stderr.isatty():
            print(f"{row['status']}: {row['key']}", file=sys.stderr)

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    added = sweep(experiments, keys.table, jobs=keys.jobs, scheduler=keys.scheduler, on_row=show, on_note=say)
    print(f"{added} of {total} experiments trained, {total - added} were in {keys.table} before")
    return CONVERGED


def _saved_step(experiment: Experiment) -> float | None:
    """The step that an interrupted run with an automatic step had come down to."""
    path = experiment.out / "checkpoint.npz"
    if experiment.step is not None or not path.exists():
        return None
    saved = load_checkpoint(path)[1].get("step")
    return saved if isinstance(saved, float) else None


def _train(experiment: Experiment, trainer: Trainer, data: Data) -> History:
    errors = trainer.problem.loss(torch.zeros_like(trainer.W))  # loss of predicting 0: errors are relative to it
    level = experiment.tolerance**2 * float(errors)
    with _progress(experiment.steps) as show:
        return train(
            trainer,
            steps=experiment.steps,
            record_every=experiment.record,
            watch=Trainer.watch,
            stop_below=level,
            checkpoint=experiment.out / "checkpoint.npz",
            checkpoint_every=experiment.checkpoint,
            meta={**experiment.describe(data), "step": experiment.step or trainer.step},
            on_record=show,
        )


def _report(experiment: Experiment, trainer: Trainer, history: History, data: Data) -> int:
    architecture = trainer.architecture
    title = (
        f"{architecture.model}, depth {architecture.depth}, chain {architecture.chain}, sizes {architecture.sizes}, "
        f"observed {experiment.observed:g}, {experiment.optimizer}, step {trainer.step:.3g}"
    )
    pictures = draw_run(history, experiment.out, title)
    print(title)
    if experiment.data is not None:
        words = f"data {data.source}" + (f": {data.words}" if data.words else "")
        print(f"{words}; {data.missing} of {data.tensor.size} entries missing; content {data.content[:12]}")
    print("loss = 1/2 (entries / observed) sum over observed of (W - target)^2, largest singular value of target 1")
    print(f"{history.status} after {history.steps[-1]} steps")
    for name in ("loss", "train error", "test error", "unbalancedness"):
        print(f"{name:<16} {float(history.series(name)[-1]):.6g}")
    for name, source in (("effective rank", " (Roy and Vetterli 2007)"), ("participation", "")):
        print(f"{name:<16} " + " ".join(f"{series[-1]:.3f}" for series in history.family(name).values()) + source)
    for path in (*pictures, experiment.out / "checkpoint.npz"):
        print(f"wrote {path}")
    return CONVERGED if history.status == "converged" else UNDECIDED


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[int, History], None] | None]:
    """A bar with rate, time left and errors on stderr, when that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, no_color="NO_COLOR" in os.environ)
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[errors]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("training", total=steps, rate="", errors="")

        def show(index: int, history: History) -> None:
            speed = bar.tasks[0].speed
            train_error, test_error = (history.values[name][-1] for name in ("train error", "test error"))
            bar.update(
                task,
                completed=index,
                rate=f"{speed:.0f} steps/s" if speed else "",
                errors=f"train {float(train_error):.2e} test {float(test_error):.2e}",
            )

        yield show


def _help() -> str:
    from numerics.experiments import STUDIES, Request, load_study

    return "\n".join(
        [
            "Train deep Tucker factorizations with real gradient descent: one run, a grid of runs, or an experiment.",
            "",
            "python -m numerics key=value ...         one training run; keys:",
            *key_lines(Experiment),
            "",
            "python -m numerics sweep key=values ...  a grid, e.g. seed=0..9 observed=0.2,0.5, into one table; also:",
            *key_lines(SweepKeys),
            "",
            "python -m numerics experiment=NAME ...   an experiment of the gallery, or all of them; keys:",
            *key_lines(Request),
            "",
            "Experiments:",
            *(f"  {name:14}{load_study(name).question}" for name in STUDIES),
            "",
            "Exit codes: 0 converged or finished; 2 usage; 3 diverged or failed; 4 not converged; 130 interrupted",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
