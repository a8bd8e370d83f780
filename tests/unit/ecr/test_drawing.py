"""Charts: what is drawn, that a page may colour it, and that nothing in a name becomes markup."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from ecr import drawing
from ecr.drawing import Bar, BarChart, Chart, Line, LineChart

SVG = "{http://www.w3.org/2000/svg}"
BARS = BarChart(title="Stored", bars=[Bar(name="aa", value=3), Bar(name="bb", value=1, series=2)], x_name="GB")
LINES = LineChart(
    title="Images",
    lines=[Line(name="old", points=[(0, 1), (9, 4)], dashed=True, series=2), Line(name="new", points=[(0, 1), (9, 2)])],
    x_name="days",
)


def drawn(*charts: Chart, title: str = "prod/yoon-app") -> ET.Element:
    return ET.fromstring(drawing.svg(charts, title))  # noqa: S314 - our own


def texts(root: ET.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text")]


def classes(root: ET.Element, tag: str) -> list[str]:
    return [each.get("class", "") for each in root.iter(f"{SVG}{tag}")]


def test_everything_has_a_class_that_the_style_knows() -> None:
    root = drawn(BARS, LINES)
    used = {name for tag in ("text", "line", "rect", "path") for name in classes(root, tag)}
    assert used == {"chart-text", "chart-grid", "chart-background", "chart-series-1", "chart-series-2"}
    assert all(f".{name} {{" in drawing.STYLE for name in used)


def test_the_style_has_colours_for_light_and_dark_and_nothing_from_elsewhere() -> None:
    assert "prefers-color-scheme: dark" in drawing.STYLE
    assert "url(" not in drawing.STYLE
    assert drawing.STYLE.count("--chart-text:") == 2


def test_bars_keep_their_order_lengths_and_colours() -> None:
    root = drawn(BARS)
    bars = [rect for rect in root.iter(f"{SVG}rect") if (rect.get("class") or "").startswith("chart-series")]
    lengths = {rect.get("class"): float(rect.get("width", "0")) for rect in bars}
    assert lengths["chart-series-1"] == pytest.approx(3 * lengths["chart-series-2"])
    places = {rect.get("class"): float(rect.get("y", "0")) for rect in bars}
    assert places["chart-series-1"] < places["chart-series-2"]
    assert "GB" in texts(root)


def test_lines_have_a_legend_and_dashes_where_asked_for() -> None:
    root = drawn(LINES)
    assert {"old", "new", "days"} <= set(texts(root))
    assert [path.get("stroke-dasharray") for path in root.iter(f"{SVG}path")] == ["6 4", None]


def test_one_line_needs_no_legend() -> None:
    chart = LineChart(title="Images", lines=[Line(name="only", points=[(0, 0), (1, 1)])])
    assert "only" not in texts(drawn(chart))


def test_places_are_written_as_the_caller_wants() -> None:
    lines = [Line(name="x", points=[(0, 0), (10, 1)])]
    chart = LineChart(title="t", lines=lines, x_ticks=(5, 10), x_label=lambda day: f"day {day:.0f}")
    assert {"day 5", "day 10"} <= set(texts(drawn(chart)))


@pytest.mark.parametrize(
    "chart",
    [
        pytest.param(BarChart(title="t", bars=[Bar(name="a", value=0)]), id="no-bytes"),
        pytest.param(BarChart(title="t", bars=[Bar(name="a", value=1e18)]), id="an-exabyte"),
        pytest.param(BarChart(title="t", bars=[Bar(name="a", value=1e-9)]), id="a-byte"),
        pytest.param(BarChart(title="t", bars=[Bar(name="a", value=5)] * 3), id="one-name"),
        pytest.param(BarChart(title="t", bars=[Bar(name="", value=5)]), id="no-name"),
        pytest.param(LineChart(title="t", lines=[Line(name="a", points=[(0, 0)])]), id="one-point"),
        pytest.param(LineChart(title="t", lines=[Line(name="a", points=[(3, 7)])]), id="one-point-elsewhere"),
    ],
)
def test_odd_figures_are_drawn_as_well(chart: Chart) -> None:
    drawn(chart)


def test_long_names_leave_room_for_the_bars_and_stay_apart() -> None:
    names = [f"{'a' * 100}/{number}/{'b' * 100}" for number in range(3)]
    labels = [
        each for each in texts(drawn(BarChart(title="t", bars=[Bar(name=n, value=1) for n in names]))) if "..." in each
    ]
    assert len(set(labels)) == 3
    assert max(map(len, labels)) < 40


def test_names_are_text_and_never_markup() -> None:
    evil = "<script>&\x1b[2J"
    root = drawn(BarChart(title=evil, bars=[Bar(name=evil, value=1)], x_name=evil), title=evil)
    assert texts(root).count("<script>&\\x1b[2J") == 4
    assert root.find(f".//{SVG}script") is None


def test_a_page_gets_the_picture_without_the_style_and_screen_readers_its_title() -> None:
    root = drawing.picture([BARS], "costs")
    assert root.find("style") is None
    assert (root.get("role"), root[0].tag, root[0].text) == ("img", "title", "costs")
    assert re.match(r"<svg xmlns", drawing.text(root))


def counted(*points: Sequence[tuple[float, float]]) -> ET.Element:
    lines = [Line(name=f"app-{n}", points=each, series=n) for n, each in enumerate(points, 1)]
    return drawn(LineChart(title="t", lines=lines, x_ticks=(0,), x_label=lambda _: "day", counts=True))


@pytest.mark.parametrize("top", [0, 1, 2, 3, 7, 99, 1234])
def test_counts_have_whole_numbers_at_the_axis(top: int) -> None:
    labels = [each for each in texts(counted([(0, 0), (1, top)])) if each not in {"prod/yoon-app", "t", "day"}]
    assert all(re.fullmatch(r"\d+", each.replace(",", "")) for each in labels)
    assert max(int(each.replace(",", "")) for each in labels) >= top


def test_counts_go_in_steps_and_never_in_slopes() -> None:
    (path,) = counted([(0, 0), (1, 2), (2, 2), (3, 5)]).iter(f"{SVG}path")
    numbers = [float(each) for each in re.findall(r"-?[\d.]+", path.get("d", ""))]
    places = list(zip(numbers[::2], numbers[1::2], strict=True))
    assert len(places) > 4
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in itertools.pairwise(places))


def test_lines_of_equal_counts_are_told_apart_by_place_and_dashes() -> None:
    paths = list(counted(*[[(0, 0), (1, 2)]] * 5).iter(f"{SVG}path"))
    assert len({path.get("transform") for path in paths}) == 5
    assert len({path.get("stroke-dasharray") for path in paths}) == 5
