"""Pictures of a run: slice norms, mode spectra and errors over the steps; palette and ticks of all pictures here."""

from pathlib import Path
from typing import Any

import numpy as np

from numerics._train import History
from theory.files import written_whole


def colour(place: int, count: int = 5) -> Any:
    """Colour of an ordered quantity (depth, size): viridis without its palest end."""
    from matplotlib import colormaps

    return colormaps["viridis"](0.88 * place / max(1, count - 1))


def plain_ticks(axis: Any) -> None:
    """A logarithmic axis of less than two decades gets labels such as 0.2 and 0.5, not one power of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = axis.get_ylim()
    if axis.get_yscale() == "log" and high < 100 * low:
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 4 * low else (1, 1.5, 2, 3, 5, 7)))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter(NullFormatter())


def draw_run(history: History, folder: Path, title: str) -> list[Path]:
    """Write slice_norms.png (CP: component_norms.png), mode_spectra.png and errors.png; returns their paths."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    steps = np.array(history.steps)
    paths = []
    for stem, observable, label in (
        ("slice_norms", "slice norms", "norm of core slice"),
        ("component_norms", "component norms", "norm of component"),
        ("mode_spectra", "spectrum", "singular value of unfolding of W"),
    ):
        panels = history.family(observable)
        if not panels:
            continue
        shape = (1, len(panels))
        figure, axes = pyplot.subplots(*shape, figsize=(max(4 * len(panels), 6), 3.5), sharey=True, squeeze=False)
        for axis, (name, values) in zip(axes[0], panels.items(), strict=True):
            _curves(axis, steps, values)
            axis.set(title=name.replace(observable, "mode") if len(panels) > 1 else "", xlabel="step")
            _step_axis(axis, steps)
        plain_ticks(axes[0, 0])
        axes[0, 0].set_ylabel(label)
        paths.append(_finish(pyplot, figure, folder / f"{stem}.png", title))
    figure, axis = pyplot.subplots(figsize=(6, 4))
    for name, style in (("train error", "-"), ("test error", "--")):
        if name in history.values and np.isfinite(series := history.series(name)).any():
            axis.plot(steps, series, style, color=colour(("-", "--").index(style), 3), label=f"{name} (relative)")
    effective = axis.twinx()
    for values in history.family("effective rank").values():
        effective.plot(steps, values, ":", color="gray", linewidth=1)
    effective.set_ylabel("effective rank (Roy and Vetterli 2007; dotted)")
    axis.set(yscale="log", xlabel="step", ylabel="error")
    _step_axis(axis, steps)
    axis.legend(loc="lower left")
    paths.append(_finish(pyplot, figure, folder / "errors.png", title))
    return paths


def _curves(axis: Any, steps: np.ndarray, values: np.ndarray) -> None:
    """One curve for every column of values (T, R), coloured by its place at the end: light is large."""
    top = float(np.nanmax(values)) if values.size else 1.0
    floor = max(top, 1e-300) * 1e-9
    count = values.shape[1]
    for place, column in enumerate(np.argsort(values[-1])):
        axis.plot(steps, np.maximum(values[:, column], floor), linewidth=1, color=colour(place, count))
    axis.set_yscale("log")


def _step_axis(axis: Any, steps: np.ndarray) -> None:
    """Logarithmic from the second record on: slices escape early, and then little happens for long."""
    if len(steps) > 10:
        axis.set_xscale("symlog", linthresh=float(steps[1]), linscale=0.3)
        axis.set_xlim(steps[0], steps[-1])


def _finish(pyplot: Any, figure: Any, path: Path, title: str) -> Path:
    figure.suptitle(title, fontsize=9)
    figure.tight_layout()
    with written_whole(path) as stream:
        figure.savefig(stream, dpi=120, format="png")
    pyplot.close(figure)
    return path
