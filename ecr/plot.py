"""Draws a forecast as SVG: a picture for every browser, without a font or a renderer on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol
from xml.etree import ElementTree as ET

import leather  # type: ignore[import-untyped]  # it has no types; `_Chart` says what is used of it

from ecr.errors import printable
from ecr.lifecycle.forecast import Forecast, ForecastDay, Stored

_WIDTH, _CHART_HEIGHT, _HEAD, _LEFT = 800, 300, 40, 40
_BACKGROUND = "#f9f9f9"  # leather's own
_FONT = "Helvetica, Arial, sans-serif"  # leather names a font that only macOS has
_GB = 10**9
_POLICY_COLOUR, _BASELINE_COLOUR = "#377eb8", "#e41a1c"
_DASHES = "6 4"  # tells the lines apart where colours don't

_Points = Sequence[tuple[int, float]]


class _Chart(Protocol):
    def add_x_axis(self, ticks: Sequence[int], tick_formatter: None, name: str) -> None: ...
    def add_x_scale(self, domain_min: float, domain_max: float) -> None: ...
    def add_y_scale(self, domain_min: float, domain_max: float) -> None: ...
    def add_line(self, data: _Points, *, name: str, stroke_color: str, stroke_dasharray: str | None = None) -> None: ...
    def to_svg_group(self, width: int, height: int) -> ET.Element: ...


_QUANTITIES: tuple[tuple[str, Callable[[Stored], float]], ...] = (
    ("Images", lambda stored: stored.images),
    ("Stored, GB: at most, as shared layers are stored once", lambda stored: stored.bytes / _GB),
    ("Cost, USD a month: at most, for the same reason", lambda stored: float(stored.cost_usd)),
)


def svg(forecast: Forecast, title: str) -> str:
    """A document with a chart each for images, bytes and cost, one line with the policy and one without.

    Args:
        forecast: of one day or more.
        title: stands above the charts.
    """
    height = _HEAD + _CHART_HEIGHT * len(_QUANTITIES)
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "version": "1.1"})
    root.set("viewBox", f"0 0 {_WIDTH} {height}")
    root.set("width", str(_WIDTH))
    root.set("height", str(height))
    ET.SubElement(root, "title").text = printable(title)
    ET.SubElement(root, "rect", {"width": str(_WIDTH), "height": str(height), "fill": _BACKGROUND})
    head = ET.SubElement(root, "text", {"x": str(_LEFT), "y": str(_HEAD - 10), "font-size": "18", "fill": "#333"})
    head.text = printable(title)
    for number, (name, quantity) in enumerate(_QUANTITIES):
        group = _chart(name, forecast.days, quantity).to_svg_group(_WIDTH, _CHART_HEIGHT)
        group.set("transform", f"translate(0 {_HEAD + number * _CHART_HEIGHT})")
        root.append(group)
    for text in root.iter("text"):
        text.set("font-family", _FONT)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _chart(name: str, days: Sequence[ForecastDay], quantity: Callable[[Stored], float]) -> _Chart:
    with_policy = [(row.day, quantity(row.with_policy)) for row in days]
    without_policy = [(row.day, quantity(row.without_policy)) for row in days]
    chart: _Chart = leather.Chart(name)
    last = days[-1].day
    chart.add_x_scale(0, last)
    chart.add_x_axis(_ticks(last), None, "days from now")
    chart.add_y_scale(0, max((value for _, value in (*with_policy, *without_policy)), default=0))
    chart.add_line(without_policy, name="without the policy", stroke_color=_BASELINE_COLOUR, stroke_dasharray=_DASHES)
    chart.add_line(with_policy, name="with the policy", stroke_color=_POLICY_COLOUR)
    return chart


def _ticks(last: int) -> list[int]:
    """About six days with round numbers, and never two labels on each other."""
    step = next((step for step in (1, 2, 5, 7, 15, 30, 90, 180, 365) if step * 6 >= last), 730)
    return list(range(0, last + 1, step))
