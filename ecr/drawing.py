"""Charts as SVG, drawn by leather: pictures for every browser, without a font or a renderer on this machine.

The parts of a chart have CSS classes, so that a page may give them the colours of its own theme (`STYLE`, which says
what the classes are, is a start); what is drawn without any CSS is readable on white.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from xml.etree import ElementTree as ET

import leather  # type: ignore[import-untyped]  # it has no types; `_Chart` says what is used of it

from ecr.errors import printable

WIDTH, HEIGHT = 800, 300
_HEAD, _LEFT = 40, 40
_FONT = "Helvetica, Arial, sans-serif"  # leather names a font that only macOS has
_DASHES = "6 4"  # tells the lines apart where colours don't
_SERIES_DASHES = (None, "8 3", "2 3", "10 3 2 3", "5 2")
_APART = 3  # pixels between lines that have the same counts
_SAMPLE = 22  # pixels of a line in the legend
_MAX_Y_STEPS = 5
_MAX_LABEL = 32  # leather makes room for labels of any length, and none for the bars then
_CUT = "..."

BACKGROUND, TEXT, GRID = "#ffffff", "#333333", "#dddddd"
# Of the series, in their order; each stands out from white by 3:1 or more (WCAG 2.2, "Non-text contrast").
COLOURS = ("#2b6cb0", "#c53030", "#2f855a", "#805ad5", "#b7791f")
_DARK_BACKGROUND, _DARK_TEXT, _DARK_GRID = "#16181d", "#d8dbe0", "#3a3f48"
_DARK_COLOURS = ("#63b3ed", "#fc8181", "#68d391", "#b794f4", "#f6ad55")


def _variables(background: str, text: str, grid: str, colours: Sequence[str]) -> str:
    series = (f"--chart-series-{number}: {colour};" for number, colour in enumerate(colours, 1))
    return " ".join((f"--chart-background: {background}; --chart-text: {text}; --chart-grid: {grid};", *series))


def _style() -> Iterator[str]:
    yield f".chart {{ {_variables(BACKGROUND, TEXT, GRID, COLOURS)} }}"
    dark = _variables(_DARK_BACKGROUND, _DARK_TEXT, _DARK_GRID, _DARK_COLOURS)
    yield f"@media (prefers-color-scheme: dark) {{ .chart {{ {dark} }} }}"
    yield ".chart-background { fill: var(--chart-background); }"
    yield ".chart-text { fill: var(--chart-text); }"
    yield ".chart-grid { stroke: var(--chart-grid); }"
    for number in range(1, len(COLOURS) + 1):
        colour = f"var(--chart-series-{number})"
        yield f".chart-series-{number} {{ fill: {colour}; }}"
        yield f"path.chart-series-{number}, line.chart-series-{number} {{ fill: none; stroke: {colour}; }}"


STYLE = "\n".join(_style())
"""CSS of the classes, light and dark. A page that is inlined into sets the variables of `.chart` as it likes."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line in a chart.

    Attributes:
        name: what the legend calls it.
        points: x and y, x rising; y from 0.
        series: from 1 on: which of the colours it has.
        dashed: whether it is told from the others by more than its colour.
    """

    name: str
    points: Sequence[tuple[float, float]]
    series: int = 1
    dashed: bool = False


@dataclass(frozen=True, kw_only=True)
class LineChart:
    """Lines over one horizontal axis. The vertical axis begins at 0.

    Attributes:
        title: stands above it.
        lines: one or more, each of one point or more.
        x_name: what the horizontal axis counts.
        x_ticks: where its labels are; empty has them chosen.
        x_label: how a place on it is written, such as a date; None writes the number.
        counts: whether y counts things: whole numbers at the axis, steps where a count changes, dashes by series, and
            lines of the same counts beside each other.
    """

    title: str
    lines: Sequence[Line]
    x_name: str = ""
    x_ticks: Sequence[float] = ()
    x_label: Callable[[float], str] | None = None
    counts: bool = False


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar in a chart: a length from 0, and which of the colours it has, from 1 on."""

    name: str
    value: float
    series: int = 1


@dataclass(frozen=True, kw_only=True)
class BarChart:
    """Horizontal bars, the first one on top.

    Attributes:
        title: stands above them.
        bars: one or more.
        x_name: what their length counts.
    """

    title: str
    bars: Sequence[Bar]
    x_name: str = ""


Chart = LineChart | BarChart


def group(chart: Chart, *, width: int = WIDTH, height: int = HEIGHT) -> ET.Element:
    """A `g` element of that size, for a picture of one's own.

    Args:
        chart: what to draw.
        width: in pixels; 200 or more.
        height: in pixels; 150 or more.
    """
    drawn = _lines(chart) if isinstance(chart, LineChart) else _bars(chart)
    element = drawn.to_svg_group(width, height)
    _theme(element, chart)
    return element


def picture(charts: Sequence[Chart], title: str, *, width: int = WIDTH, height: int = HEIGHT) -> ET.Element:
    """An `svg` element with charts below each other, for a page that brings its own CSS; screen readers say `title`.

    Args:
        charts: what to draw.
        title: stands above the charts.
        width: of each chart, in pixels.
        height: of each chart, in pixels.
    """
    in_all = _HEAD + height * len(charts)
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "chart", "role": "img"})
    root.set("viewBox", f"0 0 {width} {in_all}")
    root.set("width", str(width))
    root.set("height", str(in_all))
    ET.SubElement(root, "title").text = printable(title)
    background = {"width": str(width), "height": str(in_all), "fill": BACKGROUND, "class": "chart-background"}
    ET.SubElement(root, "rect", background)
    place = {"x": str(_LEFT), "y": str(_HEAD - 10), "font-size": "18", "font-family": _FONT}
    ET.SubElement(root, "text", {**place, "fill": TEXT, "class": "chart-text"}).text = printable(title)
    for number, chart in enumerate(charts):
        element = group(chart, width=width, height=height)
        element.set("transform", f"translate(0 {_HEAD + number * height})")
        root.append(element)
    return root


def svg(charts: Sequence[Chart], title: str, *, width: int = WIDTH, height: int = HEIGHT) -> str:
    """A document with these charts, which follows the reader's choice of light or dark. Arguments as for `picture`."""
    root = picture(charts, title, width=width, height=height)
    style = ET.Element("style")
    style.text = STYLE
    root.insert(1, style)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text(root)}\n'


def text(element: ET.Element) -> str:
    """The markup of an element, for a page."""
    return ET.tostring(element, encoding="unicode")


_Points = Sequence[tuple[float, float]]
_Ticks = Sequence[float] | None
_Label = Callable[[float, int, int], str] | None


class _Chart(Protocol):
    def add_x_axis(self, ticks: _Ticks, tick_formatter: _Label, name: str | None) -> None: ...
    def add_y_axis(self, ticks: _Ticks) -> None: ...
    def add_x_scale(self, domain_min: float, domain_max: float) -> None: ...
    def add_y_scale(self, domain_min: float, domain_max: float) -> None: ...
    def add_line(self, data: _Points, *, name: str, stroke_color: str, stroke_dasharray: str | None = None) -> None: ...
    def add_bars(self, data: Sequence[tuple[float, str]], *, fill_color: str) -> None: ...
    def to_svg_group(self, width: int, height: int) -> ET.Element: ...


def _lines(chart: LineChart) -> _Chart:
    drawn: _Chart = leather.Chart(printable(chart.title))
    points = [point for line in chart.lines for point in line.points]
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    drawn.add_x_scale(first, last if last > first else first + 1)
    top = max(y for _, y in points)
    if chart.counts:
        whole = _whole(top)
        drawn.add_y_axis(whole)
        top = whole[-1]
    drawn.add_y_scale(0, top)
    label = chart.x_label
    drawn.add_x_axis(
        list(chart.x_ticks) or None,
        None if label is None else lambda value, _at, _count: printable(label(value)),
        printable(chart.x_name) or None,
    )
    for line, name in zip(chart.lines, _labels([line.name for line in chart.lines]), strict=True):
        drawn.add_line(
            _steps(line.points) if chart.counts else list(line.points),
            name=name,
            stroke_color=COLOURS[line.series - 1],
            stroke_dasharray=_DASHES if line.dashed else _SERIES_DASHES[line.series - 1] if chart.counts else None,
        )
    return drawn


def _whole(top: float) -> list[int]:
    """Places on an axis from 0 to `top` or a little more, at a distance of 1, 2 or 5 times a power of ten."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if top <= step * _MAX_Y_STEPS:
                return list(range(0, step * max(1, math.ceil(top / step)) + 1, step))
        power *= 10


def _steps(points: _Points) -> _Points:
    """A line that stays where it is until it changes."""
    found = [points[0]]
    for x, y in points[1:]:
        before = found[-1][1]
        if y != before:
            found += [(x, before), (x, y)]
    if found[-1] != points[-1]:
        found.append(points[-1])
    return found


def _bars(chart: BarChart) -> _Chart:
    drawn: _Chart = leather.Chart(printable(chart.title))
    drawn.add_x_scale(0, max(bar.value for bar in chart.bars))
    drawn.add_x_axis(None, None, printable(chart.x_name) or None)
    labels = _labels([bar.name for bar in chart.bars])
    drawn.add_bars([(bar.value, label) for bar, label in zip(chart.bars, labels, strict=True)], fill_color=COLOURS[0])
    return drawn


def _labels(names: Sequence[str]) -> list[str]:
    """The names, short enough, and no two alike: leather would draw these on one another."""
    found: list[str] = []
    for name in map(printable, names):
        half = (_MAX_LABEL - len(_CUT)) // 2
        short = name if len(name) <= _MAX_LABEL else f"{name[:half]}{_CUT}{name[-half:]}"
        again = sum(each == short or each.startswith(f"{short} (") for each in found)
        found.append(f"{short} ({again + 1})" if again else short)
    return found


def _theme(root: ET.Element, chart: Chart) -> None:
    """Give the parts their classes, and colours that are readable without any CSS."""
    for element in root.iter("text"):
        element.set("font-family", _FONT)
        element.set("fill", TEXT)
        element.set("class", "chart-text")
    for element in root.iter("line"):
        element.set("stroke", GRID)
        element.set("class", "chart-grid")
    background = root[0]
    background.set("fill", BACKGROUND)
    background.set("class", "chart-background")
    if isinstance(chart, LineChart):
        for path, line in zip(root.iter("path"), chart.lines, strict=True):
            path.set("class", f"chart-series-{line.series}")
        _tell_apart(root, chart)
        return
    rects = [rect for rect in root.iter("rect") if rect is not background]
    for rect, bar in zip(rects, reversed(chart.bars), strict=True):  # leather draws the last one first
        rect.set("fill", COLOURS[bar.series - 1])
        rect.set("class", f"chart-series-{bar.series}")


def _tell_apart(root: ET.Element, chart: LineChart) -> None:
    """Put lines of counts beside each other, and show each with its dashes in the legend, instead of a square."""
    paths = list(root.iter("path"))
    if chart.counts:
        for place, path in enumerate(paths):
            shift = _APART * (place - (len(paths) - 1) / 2)
            path.set("transform", f"translate({shift:g} {shift:g})")
    items = [each for each in root.iter("g") if [part.tag for part in each] == ["rect", "text"]]
    for item, path in zip(items, paths, strict=False):  # a single line has no legend
        kept = {name: value for name, value in path.items() if name not in {"d", "transform"}}
        item.remove(item[0])
        item[0].set("x", str(_SAMPLE + 6))
        item.insert(0, ET.Element("line", {**kept, "x1": "0", "x2": str(_SAMPLE), "y1": "-5", "y2": "-5"}))
