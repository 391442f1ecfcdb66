"""The picture of a run on real data: slice norms of the PyTorch run over those of the derived flow, and the errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from theory.files import file_name, written_whole

from ._config import Config
from ._events import Cell
from ._path import Descent, Flow


def draw(descent: Descent, flow: Flow, errors: np.ndarray, config: Config, cell: Cell, content: str) -> list[str]:
    """Write data-NAME-CONTENT-depthK-CHAIN.png and .svg to the output folder; returns their paths.

    Arguments:
        errors: (T, 2) relative error on observed and on held-out entries.
        content: hash of the data; its first eight digits stand in the names, so that the pictures of a file that is
            overwritten stay.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    measured, derived = (t.series(lambda s: s.slice_norms(0)).numpy() for t in (descent, flow))
    times = descent.times.numpy()
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, measured.shape[1]))
    order = np.argsort(-measured[-1])
    for colour, r in zip(colours, order, strict=True):
        left.plot(times, measured[:, r], color=colour, lw=2.4, alpha=0.5)
        left.plot(flow.times.numpy(), derived[:, r], color=colour, lw=1.2, ls="--")
    left.plot([], [], color="grey", lw=2.4, alpha=0.5, label="PyTorch gradient descent")
    left.plot([], [], color="grey", lw=1.2, ls="--", label="derived flow")
    left.set(xlabel="time t (units of the run)", ylabel="slice norms of the core, mode 1", ylim=(0, None))
    left.legend(frameon=False, fontsize=9)
    right.plot(times, errors[:, 0], color=plt.get_cmap("viridis")(0.15), label="observed entries")
    if np.isfinite(errors[:, 1]).any():
        right.plot(times, errors[:, 1], color=plt.get_cmap("viridis")(0.75), ls="-.", label="held-out entries")
    right.set(xlabel="time t (units of the run)", ylabel="relative error", yscale="log")
    right.legend(frameon=False, fontsize=9)
    name = Path(str(config.data)).stem
    figure.suptitle(f"{name}: {cell}, {int(descent.steps[-1])} steps, {config.observed:.0%} observed", fontsize=11)
    stem = f"data-{name}-{content[:8]}-depth{cell.depth}-{cell.chain}"
    paths = [config.out / file_name(f"{stem}.{suffix}") for suffix in ("png", "svg")]
    for path in paths:
        with written_whole(path) as stream:
            figure.savefig(stream, dpi=150, format=path.suffix[1:])
    plt.close(figure)
    return [str(path) for path in paths]
