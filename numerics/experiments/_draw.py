"""Pictures that survive print: depth in an ordered palette, bands over seeds, SVG and PNG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from numerics._pictures import colour, plain_ticks
from numerics.experiments._expectation import Row, interval, pick
from theory.files import written_whole

MARKERS = "osD^vPX"


def figure(rows: int, columns: int, *, width: float = 3.4, height: float = 2.9) -> tuple[Any, Any]:
    """A figure and its axes (rows, columns)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    size = (width * columns, height * rows)
    return pyplot.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")


def band(axis: Any, x: Any, values: Any, *, log: bool = False, **style: Any) -> None:
    """Mean over seeds and its interval; values (X, S). With `log` mean and interval are those of log10."""
    place = MARKERS[style.pop("place", 0) % len(MARKERS)]
    style.setdefault("marker", place)
    data = [np.asarray(v, dtype=float) for v in values]
    if log:
        data = [np.log10(v) for v in data]
    found = [interval(list(v)) for v in data]
    lines = np.array([[f.mean, f.low, f.high] for f in found]).T
    if log:
        lines = 10.0**lines
        axis.set_yscale("log")
    if "label" in style and not np.isfinite(lines[0]).any():
        style["label"] += " (no run in time)"  # the curve that a reader looks for
    axis.plot(x, lines[0], markersize=4, linewidth=1.4, **style)
    axis.fill_between(x, lines[1], lines[2], color=style.get("color"), alpha=0.2, linewidth=0)


def across(rows: Sequence[Row], column: str, along: str, x: Sequence[Any], **where: Any) -> list[list[float]]:
    """Values of all seeds at each x of the key `along`; nan for runs that did not meet the training error."""
    return [pick(rows, column, **{along: value}, **where) for value in x]


Panel = tuple[str, str, bool]  # column of the rows, label of the axis, logarithmic


def over_depths(
    axes: Any, panels: Sequence[Panel], rows: Sequence[Row], depths: Sequence[int], key: str, names: Any
) -> None:
    """One panel for each column, and in it one band over the depths for each of the names that `key` takes."""
    names = list(names)
    for axis, (column, label, log) in zip(axes, panels, strict=True):
        for place, name in enumerate(names):
            values = across(rows, column, "depth", depths, **{key: name})
            band(axis, depths, values, log=log, color=colour(place, len(names)), place=place, label=f"{key} = {name}")
        axis.set(xlabel="depth K", ylabel=label, xticks=depths)


def finish(picture: Any, folder: Path, stem: str) -> list[Path]:
    """Write stem.svg and stem.png, without dates, so that equal runs give equal files."""
    from matplotlib import pyplot, rc_context

    for axis in picture.axes:
        plain_ticks(axis)
    paths = []
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": stem}):
        for kind, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
            path = folder / f"{stem}.{kind}"
            with written_whole(path) as stream:
                picture.savefig(stream, format=kind, dpi=110, metadata=metadata)
            paths.append(path)
    pyplot.close(picture)
    return paths
