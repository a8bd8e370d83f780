"""Draws what repositories cost: bytes once and added up, and what each policy would leave to pay."""

from __future__ import annotations

from collections.abc import Sequence

from ecr import drawing
from ecr.cost.estimate import RepositoryCost
from ecr.cost.prices import GB
from ecr.drawing import Bar, BarChart

MAX_REPOSITORIES = 12
_BAR_HEIGHT, _FRAME_HEIGHT = 22, 170


def svg(costs: Sequence[RepositoryCost]) -> str:
    """A document with two charts: what is stored, and what it costs with each policy.

    Args:
        costs: of one repository or more; of many, the dearest are drawn.
    """
    drawn = sorted(costs, key=lambda cost: cost.monthly_usd, reverse=True)[:MAX_REPOSITORIES]
    charts = (stored(drawn), policies(drawn))
    height = _FRAME_HEIGHT + _BAR_HEIGHT * max(len(chart.bars) for chart in charts)
    some = f": the dearest {len(drawn)} of {len(costs)} repositories" if len(drawn) < len(costs) else ""
    return drawing.svg(charts, f"What repositories store and cost{some}", height=height)


def stored(costs: Sequence[RepositoryCost]) -> BarChart:
    """What is stored, each layer once, and beside it the sizes of the images added up."""
    bars = [
        bar
        for cost in costs
        for bar in (
            Bar(name=cost.repository, value=cost.distinct_bytes / GB),
            Bar(name=f"{cost.repository}, sizes", value=cost.naive_bytes / GB, series=2),
        )
    ]
    return BarChart(title="Stored: each layer once, and the sizes of the images added up", bars=bars, x_name="GB")


def policies(costs: Sequence[RepositoryCost]) -> BarChart:
    """What a month costs now, and once each policy has done its work."""
    bars = [
        bar
        for cost in costs
        for bar in (
            Bar(name=f"{cost.repository}, now", value=float(cost.monthly_usd)),
            *(
                Bar(name=f"{cost.repository}, {variant.name}", value=float(variant.monthly_usd), series=number)
                for number, variant in enumerate(cost.variants, 2)
            ),
        )
    ]
    return BarChart(title="Cost now, and with each policy", bars=bars, x_name="USD a month")
