from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from xml.etree import ElementTree as ET

import pytest

from ecr import plot, price_table
from ecr.lifecycle import forecast as forecasts
from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import CountType, LifecyclePolicy, PolicyRule, TagStatus

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEEP_3 = LifecyclePolicy((PolicyRule(priority=1, tag_status=TagStatus.ANY, count_type=CountType.IMAGES, count=3),))
forecast = partial(forecasts.forecast, prices=price_table.prices(price_table.REGION))
SVG = "{http://www.w3.org/2000/svg}"


def images(count: int) -> list[Image]:
    return [
        Image(digest=f"sha256:{number:064x}", size=10**9, pushed_at=NOW - timedelta(days=number + 0.5))
        for number in range(count)
    ]


def drawn(title: str = "dev/yoon-app", *, count: int = 10, days: int = 90) -> ET.Element:
    return ET.fromstring(plot.svg(forecast(KEEP_3, images(count), NOW, days), title))  # noqa: S314 - our own


def texts(root: ET.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def lines(root: ET.Element) -> list[list[tuple[float, float]]]:
    """The points of each line."""
    paths = [path.get("d", "") for path in root.iter(f"{SVG}path")]
    return [[(float(x), float(y)) for x, y in re.findall(r"[ML] (\S+) (\S+)", path)] for path in paths]


def test_images_bytes_and_cost_have_a_chart_each_and_say_that_they_are_upper_bounds() -> None:
    found = texts(drawn())
    assert found[0] == "dev/yoon-app"
    assert [text for text in found if text.startswith(("Images", "Stored", "Cost"))] == [
        "Images",
        "Stored, GB: at most, as shared layers are stored once",
        "Cost, USD a month: at most, for the same reason",
    ]
    assert (found.count("with the policy"), found.count("without the policy")) == (3, 3)


def test_each_line_has_a_point_for_each_day() -> None:
    assert [len(line) for line in lines(drawn(days=30))] == [31] * 6


def test_the_line_without_the_policy_rises_and_the_one_with_it_falls() -> None:
    # A smaller y is higher up.
    for without, with_policy in zip(*[iter(lines(drawn()))] * 2, strict=True):
        assert without[-1][1] < without[0][1]
        assert with_policy[-1][1] > with_policy[0][1]


def test_nothing_leaves_the_picture() -> None:
    root = drawn()
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert all(0 <= x <= 800 and 0 <= y <= 300 for line in lines(root) for x, y in line)


@pytest.mark.parametrize(
    ("days", "ticks"),
    [
        pytest.param(1, ["0", "1"], id="a-day"),
        pytest.param(7, ["0", "2", "4", "6"], id="a-week"),
        pytest.param(90, ["0", "15", "30", "45", "60", "75", "90"], id="a-quarter"),
        pytest.param(365, ["0", "90", "180", "270", "360"], id="a-year"),
        pytest.param(3650, ["0", "730", "1460", "2190", "2920", "3650"], id="ten-years"),
    ],
)
def test_the_days_are_labelled_with_round_numbers(days: int, ticks: list[str]) -> None:
    (axis, *_) = [group for group in drawn(count=2, days=days).iter(f"{SVG}g") if group.get("class") == "axis bottom"]
    labels = [text for text in texts(axis) if text.isdigit()]
    assert sorted(labels, key=int) == ticks


def test_an_empty_repository_is_drawn_as_well() -> None:
    assert len({y for _, y in lines(drawn(count=0))[0]}) == 1


def test_a_title_is_text_and_never_markup() -> None:
    root = drawn("<script>&\x1b[2J")
    assert texts(root)[0] == "<script>&\\x1b[2J"
    assert root.find(f"{SVG}script") is None


def test_the_same_forecast_is_the_same_picture() -> None:
    found = forecast(KEEP_3, images(5), NOW)
    assert plot.svg(found, "x") == plot.svg(found, "x")
