from __future__ import annotations

from datetime import date, timedelta

import pytest

from ecr.report.history import MAX_LINES, MAX_POINTS, history, pushes
from tests.unit.ecr.report.samples import NOW, image, images


def test_each_day_counts_what_was_pushed_until_then() -> None:
    found = history([("app", (image("a", days=2), image("b", days=2), image("c", days=0)))], NOW)
    assert found is not None
    assert found.days == (date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22))
    assert [(line.name, line.counts) for line in found.lines] == [("app", (0, 2, 2, 3))]


def test_the_largest_repositories_have_lines_and_the_others_one_together() -> None:
    named = [(f"app-{number}", images(number + 1, f"app-{number}")) for number in range(8)]
    found = history(named, NOW)
    assert found is not None
    assert [line.name for line in found.lines] == ["app-7", "app-6", "app-5", "app-4", "4 others"]
    assert len(found.lines) == MAX_LINES
    assert sum(line.counts[-1] for line in found.lines) == sum(range(1, 9))


@pytest.mark.parametrize("days", [0, 1, MAX_POINTS, MAX_POINTS + 1, 3650, 36500])
def test_any_span_fits_a_picture_and_ends_today(days: int) -> None:
    found = history([("app", (image("a", days=days), image("b", days=0)))], NOW)
    assert found is not None
    assert len(found.days) <= MAX_POINTS + 1
    assert found.days[-1] == NOW.date()
    assert found.lines[0].counts[0] == 0
    assert found.lines[0].counts[-1] == 2
    assert len({after - before for before, after in zip(found.days, found.days[1:], strict=False)}) <= 1


def test_repositories_without_images_have_no_line() -> None:
    assert history([("empty", ())], NOW) is None
    assert history([], NOW) is None


def test_an_image_of_a_clock_that_is_ahead_is_counted() -> None:
    found = history([("app", (image("a", days=-2),))], NOW)
    assert found is not None
    assert found.lines[0].counts[-1] == 1


def test_pushes_are_counted_back_from_now() -> None:
    found = pushes("app", tuple(image(str(days), days=days) for days in (0.5, 3, 20, 80, 200)), NOW)
    assert (found.images, found.recent) == (5, (1, 2, 3, 4))
    assert (found.oldest, found.newest) == (NOW.date() - timedelta(days=200), NOW.date())
    nothing = pushes("app", (), NOW)
    assert (nothing.images, nothing.oldest, nothing.recent) == (0, None, (0, 0, 0, 0))
