"""Small pictures for the HTML page, as inline SVG text."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

from ._verdict import Result

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 320, 220, 56, 36, 12
Number = int | float
FLOOR = 1e-17  # discrepancies of zero are drawn here


def agreement(result: Result) -> str:
    """|predicted| against |measured| at the worst entry of every input, with the allowed error as a bar."""
    points = [
        (abs(s["predicted"]), abs(s["measured"]), s["allowed"])
        for s in result.samples
        if 0 < abs(s["predicted"]) < math.inf and 0 < abs(s["measured"]) < math.inf
    ]
    if not points:
        return ""
    low, high = _range([value for p in points for value in p[:2]])
    axis = _Axes(low, high, low, high, "|predicted|", "|measured|")
    parts, dots = [axis.line(low, low, high, high, "ideal")], []
    for predicted, measured, allowed in points:
        x, y = math.log10(predicted), math.log10(measured)
        if 0 < allowed < math.inf:
            down = math.log10(max(measured * (1 - min(allowed, 0.999)), 10**low))
            parts.append(axis.line(x, down, x, min(math.log10(measured * (1 + allowed)), high), "bar"))
        dots.append(axis.dot(x, y, "bad" if result.verdict.value == "REFUTED" else "dot"))
    return axis.svg("measured against predicted", parts + dots)


def discrepancies(result: Result) -> str:
    """The discrepancy of every input beside what rounding or integration explains."""
    rows = [(s["worst"], s["allowed"]) for s in result.samples if math.isfinite(s["worst"])]
    if not rows:
        return ""
    bars = [allowed for _, allowed in rows if 0 < allowed < math.inf]
    low, high = _range([max(worst, FLOOR) for worst, _ in rows] + bars)
    axis = _Axes(0, max(len(rows) - 1, 1), low, high, "input", "discrepancy")
    parts, dots = [], []
    for i, (worst, allowed) in enumerate(rows):
        if 0 < allowed < math.inf:
            parts.append(axis.line(i, low, i, math.log10(allowed), "bar"))
        over = allowed < worst and result.verdict.value == "REFUTED"
        dots.append(axis.dot(i, math.log10(max(worst, FLOOR)), "bad" if over else "dot"))
    zero = "; none: at the bottom" if any(worst < FLOOR for worst, _ in rows) else ""
    return axis.svg(f"discrepancy (dot) and allowed error (bar){zero}", parts + dots)


def convergence(result: Result) -> str:
    """The discrepancy of every input at every step, tolerance or rounding it was measured at, beside slopes one, two.

    The slopes leave the median of the coarsest points.
    """
    ways = [
        [(math.log10(x), math.log10(y)) for x, y in s.get("levels", ()) if 0 < y < math.inf] for s in result.samples
    ]
    ways = [way for way in ways if len(way) > 1]
    if result.observed_order is None or not ways:
        return ""
    points = [point for way in ways for point in way]
    left, low = (math.floor(min(point[i] for point in points)) for i in (0, 1))
    high = max(math.ceil(max(y for _, y in points)), low + 1)
    axis = _Axes(left, 0, low, high, "refinement", "discrepancy")
    start = statistics.median(way[0][1] for way in ways)
    parts = []
    for slope in (1, 2):
        end = max(left, (low - start) / slope)  # where it leaves the frame
        parts.append(axis.line(end, start + slope * end, 0, start, "ideal"))
    for way in ways:
        parts += [axis.line(*one, *other, "way") for one, other in itertools.pairwise(way)]
    dots = [axis.dot(x, y, "dot") for x, y in points]
    return axis.svg(
        f"measured under refinement; median order {result.observed_order:.2f} (dashed: 1 and 2)", parts + dots
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return float(low), float(max(high, low + 1))


class _Axes:
    """A frame; coordinates are the numbers on the axes (exponents of ten where logarithmic)."""

    def __init__(self, x0: Number, x1: Number, y0: Number, y1: Number, below: str, beside: str) -> None:
        self.x0, self.x1, self.y0, self.y1 = x0, x1, y0, y1
        self.below, self.beside = below, beside

    def at(self, x: Number, y: Number) -> tuple[float, float]:
        across = (min(max(x, self.x0), self.x1) - self.x0) / (self.x1 - self.x0)
        up = (min(max(y, self.y0), self.y1) - self.y0) / (self.y1 - self.y0)
        return round(LEFT + across * (WIDTH - LEFT - 12), 1), round(HEIGHT - BOTTOM - up * (HEIGHT - BOTTOM - TOP), 1)

    def line(self, x0: Number, y0: Number, x1: Number, y1: Number, kind: str) -> str:
        (a, b), (c, d) = self.at(x0, y0), self.at(x1, y1)
        return f'<line class="{kind}" x1="{a}" y1="{b}" x2="{c}" y2="{d}"/>'

    def dot(self, x: Number, y: Number, kind: str) -> str:
        a, b = self.at(x, y)
        return f'<circle class="{kind}" cx="{a}" cy="{b}" r="2.5"/>'

    def svg(self, caption: str, parts: Sequence[str]) -> str:
        labels = []
        for exponent in (self.y0, self.y1):
            _, y = self.at(self.x0, exponent)
            labels.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{_power(exponent)}</text>')
        if self.below != "input":
            for exponent, anchor in ((self.x0, "start"), (self.x1, "end")):
                x, _ = self.at(exponent, self.y0)
                labels.append(
                    f'<text x="{x}" y="{HEIGHT - BOTTOM + 14}" text-anchor="{anchor}">{_power(exponent)}</text>'
                )
        middle = (TOP + HEIGHT - BOTTOM) / 2
        labels.append(f'<text x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{self.below}</text>')
        labels.append(f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{self.beside}</text>')
        frame = (
            f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - 12}" height="{HEIGHT - BOTTOM - TOP}"/>'
        )
        body = frame + "".join(parts) + "".join(labels)
        picture = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{caption}">{body}</svg>'
        return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


def _power(exponent: Number) -> str:
    return f'10<tspan dy="-5" font-size="8">{exponent:g}</tspan>'
