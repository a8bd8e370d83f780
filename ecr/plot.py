"""Draws a forecast: images, bytes and cost, with the policy and without one."""

from __future__ import annotations

from collections.abc import Callable

from ecr import drawing
from ecr.cost.prices import GB, Prices
from ecr.drawing import Line, LineChart
from ecr.lifecycle.forecast import Forecast, Stored

_QUANTITIES: tuple[tuple[str, Callable[[Stored, Prices], float]], ...] = (
    ("Images", lambda stored, _: stored.images),
    ("Stored, GB: at most, as shared layers are stored once", lambda stored, _: stored.bytes / GB),
    ("Cost, USD a month: at most, for the same reason", lambda stored, prices: float(stored.cost_usd(prices))),
)


def svg(forecast: Forecast, title: str) -> str:
    """A document with a chart each for images, bytes and cost, one line with the policy and one without.

    Args:
        forecast: of one day or more.
        title: stands above the charts.
    """
    return drawing.svg([_chart(name, forecast, quantity) for name, quantity in _QUANTITIES], title)


def _chart(name: str, forecast: Forecast, quantity: Callable[[Stored, Prices], float]) -> LineChart:
    days, prices = forecast.days, forecast.prices
    without = Line(
        name="without the policy",
        points=[(row.day, quantity(row.without_policy, prices)) for row in days],
        series=2,
        dashed=True,
    )
    with_policy = Line(name="with the policy", points=[(row.day, quantity(row.with_policy, prices)) for row in days])
    return LineChart(title=name, lines=[without, with_policy], x_name="days from now", x_ticks=_ticks(days[-1].day))


def _ticks(last: int) -> list[int]:
    """About six days with round numbers, and never two labels on each other."""
    step = next((step for step in (1, 2, 5, 7, 15, 30, 90, 180, 365) if step * 6 >= last), 730)
    return list(range(0, last + 1, step))
