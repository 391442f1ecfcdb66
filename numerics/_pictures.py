"""Pictures of a run: slice norms, mode spectra and errors over the steps. matplotlib is imported here alone."""

from pathlib import Path
from typing import Any

import numpy as np

from numerics._train import History


def draw_run(history: History, folder: Path, title: str) -> list[Path]:
    """Write slice_norms.png (CP: component_norms.png), mode_spectra.png and errors.png; returns their paths."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
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
        axes[0, 0].set_ylabel(label)
        paths.append(_finish(pyplot, figure, folder / f"{stem}.png", title))
    figure, axis = pyplot.subplots(figsize=(6, 4))
    for name, style in (("train error", "-"), ("test error", "--")):
        if name in history.values and np.isfinite(series := history.series(name)).any():
            axis.plot(steps, series, style, label=f"{name} (relative)")
    effective = axis.twinx()
    for values in history.family("effective rank").values():
        effective.plot(steps, values, ":", color="gray", linewidth=1)
    effective.set_ylabel("effective rank of the unfoldings (dotted)")
    axis.set(yscale="log", xlabel="step", ylabel="error")
    axis.legend(loc="upper right")
    paths.append(_finish(pyplot, figure, folder / "errors.png", title))
    return paths


def _curves(axis: Any, steps: np.ndarray, values: np.ndarray) -> None:
    top = float(np.nanmax(values)) if values.size else 1.0
    floor = max(top, 1e-300) * 1e-9
    axis.plot(steps, np.maximum(values, floor), linewidth=1)
    axis.set_yscale("log")


def _finish(pyplot: Any, figure: Any, path: Path, title: str) -> Path:
    figure.suptitle(title, fontsize=9)
    figure.tight_layout()
    draft = path.with_name(f".{path.name}")
    figure.savefig(draft, dpi=120, format="png")
    draft.replace(path)
    pyplot.close(figure)
    return path
