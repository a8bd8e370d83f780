"""How many images there were, from day to day, as far as those that are still there can tell. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ecr.lifecycle.images import Image

MAX_LINES = 5  # as many colours as a chart has
MAX_POINTS = 120
RECENT_DAYS = (1, 7, 30, 90)

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Line:
    """The images of one repository, or of several.

    Attributes:
        name: what it is called.
        counts: how many had been pushed at the end of each of the days.
    """

    name: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class History:
    """Days, the first of them before the oldest push, the last one today, and lines over them."""

    days: tuple[date, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Pushes:
    """When the images of a repository were pushed.

    Attributes:
        name: the repository's.
        images: how many there are.
        oldest: the day of the first push, in UTC; None without images.
        newest: the day of the last one.
        recent: how many were pushed in the last 1, 7, 30 and 90 days.
    """

    name: str
    images: int
    oldest: date | None
    newest: date | None
    recent: tuple[int, ...]


def history(repositories: Sequence[tuple[str, Sequence[Image]]], now: datetime) -> History | None:
    """Lines for the repositories with the most images, and one for all others together; None without any image.

    Args:
        repositories: names and images.
        now: the moment, with its zone.
    """
    pushed = [(name, _days(images)) for name, images in repositories if images]
    if not pushed:
        return None
    lines = _together(sorted(pushed, key=lambda each: (-len(each[1]), each[0])))
    last = max(now.astimezone(UTC).date(), *(found[-1] for _, found in pushed))
    days = _axis(min(found[0] for _, found in pushed) - _DAY, last)
    return History(days, tuple(Line(name, tuple(bisect_right(found, day) for day in days)) for name, found in lines))


def only_day(repositories: Sequence[tuple[str, Sequence[Image]]]) -> date | None:
    """The day on which all images were pushed, of which there is nothing to draw; None for several days, or none."""
    days = {day for _, images in repositories for day in _days(images)}
    return days.pop() if len(days) == 1 else None


def pushes(name: str, images: Sequence[Image], now: datetime) -> Pushes:
    """When the images were pushed, in figures. Arguments as for `history`."""
    days = _days(images)
    return Pushes(
        name=name,
        images=len(images),
        oldest=days[0] if days else None,
        newest=days[-1] if days else None,
        recent=tuple(sum(image.pushed_at > now - count * _DAY for image in images) for count in RECENT_DAYS),
    )


def _days(images: Iterable[Image]) -> list[date]:
    return sorted(image.pushed_at.astimezone(UTC).date() for image in images)


def _together(pushed: Sequence[tuple[str, list[date]]]) -> list[tuple[str, list[date]]]:
    if len(pushed) <= MAX_LINES:
        return list(pushed)
    shown, rest = pushed[: MAX_LINES - 1], pushed[MAX_LINES - 1 :]
    return [*shown, (f"{len(rest)} others", sorted(day for _, days in rest for day in days))]


def _axis(first: date, last: date) -> tuple[date, ...]:
    """Days at equal distances, so many at most that a picture can show them; the last one is always there."""
    span = (last - first).days
    step = max(1, -(-span // MAX_POINTS))
    return tuple(last - back * _DAY for back in range(-(-span // step) * step, -1, -step))
