"""How long ago something happened to the images of a repository."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta

from ecr.lifecycle import image_sets
from ecr.lifecycle.images import Image
from ecr.lifecycle.numbering import Numbered
from ecr.lifecycle.policy import CountType


class Ages:
    """Sets of images by age. What several rules ask for is found once.

    Args:
        numbered: all images.
        now: the moment, with its zone.
    """

    def __init__(self, numbered: Numbered, now: datetime) -> None:
        self._numbered = numbered
        self._now = now
        self._found: dict[tuple[CountType, int], int] = {}

    def older_than(self, count_type: CountType, days: int) -> int:
        """The set of images to which it happened more than so many days ago; exactly so many are not more."""
        if (count_type, days) not in self._found:
            self._found[count_type, days] = self._older_than(count_type, _before(self._now, days))
        return self._found[count_type, days]

    def _older_than(self, count_type: CountType, limit: datetime) -> int:
        if count_type is CountType.DAYS_SINCE_PUSH:
            youngest_first = self._numbered.images
            first = bisect_left(youngest_first, x=True, key=lambda image: image.pushed_at < limit)
            return image_sets.starting_at(image_sets.everything(len(youngest_first)), first)
        numbered, count = self._numbered, len(self._numbered)
        if count_type is CountType.DAYS_SINCE_PULL:
            return image_sets.of([number for number, image in numbered if last_used(image) < limit], count)
        # An image whose time in the archive is not known is not old.
        times = [(number, image.archived_at) for number, image in numbered if image.archived_at is not None]
        return image_sets.of([number for number, time in times if time < limit], count)


def last_used(image: Image) -> datetime:
    """What counts as the last pull.

    The return from the archive for an image that was never pulled since; the push for one that was never pulled at all.
    """
    if image.activated_at is None:
        return image.pulled_at or image.pushed_at
    if image.pulled_at is None:
        return image.activated_at
    # Not by the clock of their zone, which may show the same hour twice.
    return max(image.pulled_at, image.activated_at, key=datetime.timestamp)


def _before(now: datetime, days: int) -> datetime:
    try:
        # In UTC: elsewhere a day of the calendar may have 23 or 25 hours, which subtraction does not see.
        return now.astimezone(UTC) - timedelta(days=days)
    except OverflowError:  # before the beginning of the calendar: nothing is as old
        return datetime.min.replace(tzinfo=UTC)
