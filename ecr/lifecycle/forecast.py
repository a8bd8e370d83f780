"""How many images a repository will hold, and what they will cost, with a policy and without one. Pure.

The future is the past once more: the pushes of the last days are repeated, at the same times of the day, with the same
tags and sizes, and the policy is applied once a day. That is deterministic, keeps the mix of tagged and untagged
images, and needs no more than a list of images.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from ecr.cost.prices import Prices, cents
from ecr.lifecycle.evaluation import Evaluation, evaluate
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import CountType, LifecyclePolicy
from ecr.oci.manifest import INDEX_MEDIA_TYPES

DAYS = 90
MAX_DAYS = 3650
MAX_WINDOW_DAYS = 90

_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What a repository holds at one time.

    Attributes:
        images: how many, those in the archive included.
        archived: how many of them are in the archive.
        bytes: the sizes of all, added up: an upper bound, because layers that images share are stored once.
        archived_bytes: the same of those in the archive.
    """

    images: int
    archived: int
    bytes: int
    archived_bytes: int

    def cost_usd(self, prices: Prices) -> Decimal:
        """For a month of this, in dollars and cents; an upper bound as `bytes` is."""
        return cents(prices.storage_usd(self.bytes - self.archived_bytes, self.archived_bytes))


@dataclass(frozen=True, kw_only=True)
class ForecastDay:
    """One day of a forecast.

    Attributes:
        day: 0 is now, before the policy has done anything.
        with_policy: what is stored when the policy is applied each day.
        without_policy: what is stored when nothing is ever deleted.
    """

    day: int
    with_policy: Stored
    without_policy: Stored


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What the next days bring.

    Attributes:
        days: from day 0 on.
        window_days: how many of the last days are repeated; 1 or more.
        pushes: how many images of those days are still there.
        pushed_bytes: their sizes, added up.
        ignores_pulls: whether the policy looks at pulls. None are foreseen, so that more images are archived here than
            in a repository that is pulled from.
        prices: what storing costs.
    """

    days: tuple[ForecastDay, ...]
    window_days: int
    pushes: int
    pushed_bytes: int
    ignores_pulls: bool
    prices: Prices

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What has to hold for the forecast to come true: sentences without a full stop."""
        days = f"{self.window_days} days" if self.window_days > 1 else "day"
        images = "1 image that is" if self.pushes == 1 else f"{self.pushes} images that are"
        pushes = f"the pushes of the last {days} repeat: {images} still there; what was deleted since is unknown"
        pulls = (
            ["nobody pulls an image from now on; images in use stay longer than shown"] if self.ignores_pulls else []
        )
        price = f"1 GB costs {self.prices.standard[0].usd} USD a month ({self.prices.source}, {self.prices.as_of})"
        return (pushes, *pulls, price)


def forecast(
    policy: LifecyclePolicy, images: Sequence[Image], now: datetime, days: int = DAYS, *, prices: Prices
) -> Forecast:
    """What a repository holds on each of the next days, with the policy and without it.

    Args:
        policy: applied once a day, as ECR does within 24 hours.
        images: what the repository holds now.
        now: the time at which it does, with its zone.
        days: how far to look ahead.
        prices: of the repository's Region.
    """
    window_days = _window_days(images, now)
    recent = [image for image in images if now - timedelta(days=window_days) < image.pushed_at <= now]
    pushes = _pushes(recent, window_days, now, days)
    kept = _settled(images, now)
    everything = tally(images)
    rows = [ForecastDay(day=0, with_policy=everything, without_policy=everything)]
    for day in range(1, days + 1):
        at = now + day * _DAY
        arrived = next(pushes)
        kept = applied(evaluate(policy, [*kept, *arrived], at), at)
        everything = _together(everything, tally(arrived))
        rows.append(ForecastDay(day=day, with_policy=tally(kept), without_policy=everything))
    return Forecast(
        days=tuple(rows),
        window_days=window_days,
        pushes=len(recent),
        pushed_bytes=tally(recent).bytes,
        ignores_pulls=any(rule.count_type is CountType.DAYS_SINCE_PULL for rule in policy.rules),
        prices=prices,
    )


def tally(images: Sequence[Image]) -> Stored:
    """Count images and bytes. An index adds none: ECR gives it the size of its largest image, which counts by itself.

    Source: ECR API reference, ImageDetail, imageSizeInBytes.
    """
    archived = [image for image in images if image.status is ImageStatus.ARCHIVED]
    return Stored(
        images=len(images), archived=len(archived), bytes=_bytes_of(images), archived_bytes=_bytes_of(archived)
    )


def _bytes_of(images: Sequence[Image]) -> int:
    return sum(image.size for image in images if image.media_type not in INDEX_MEDIA_TYPES)


def _together(one: Stored, other: Stored) -> Stored:
    return Stored(
        images=one.images + other.images,
        archived=one.archived + other.archived,
        bytes=one.bytes + other.bytes,
        archived_bytes=one.archived_bytes + other.archived_bytes,
    )


def _window_days(images: Sequence[Image], now: datetime) -> int:
    """Whole days back to the oldest push, within 1 and `MAX_WINDOW_DAYS`: an hour of pushes is no rate."""
    oldest = min((image.pushed_at for image in images), default=now)
    return min(max(math.ceil((now - oldest) / _DAY), 1), MAX_WINDOW_DAYS)


def _pushes(recent: Sequence[Image], window_days: int, now: datetime, days: int) -> Iterator[tuple[Image, ...]]:
    """The images that arrive on each of the next days."""
    window = timedelta(days=window_days)
    arriving: dict[int, list[Image]] = {}
    for image in recent:
        # The day of the window that the push fell on: the first one is 1.
        arriving.setdefault(math.ceil((image.pushed_at - (now - window)) / _DAY), []).append(image)
    known = frozenset(image.digest for image in recent)
    for day in range(days):
        turn, day_of_window = divmod(day, window_days)
        pushed = arriving.get(day_of_window + 1, ())
        yield tuple(_again(image, (turn + 1) * window, known, turn) for image in pushed)


def _again(image: Image, later: timedelta, known: Collection[str], turn: int) -> Image:
    """The image as it is pushed anew: a digest of its own, the same tags, never pulled, not archived.

    What it refers to is pushed anew in the same turn, unless it is too old for that: not one of `known`.
    """

    def renamed(digest: str) -> str:
        return f"sha256:{sha256(f'{digest} {turn}'.encode()).hexdigest()}" if digest in known else digest

    return dataclasses.replace(
        image,
        digest=renamed(image.digest),
        pushed_at=image.pushed_at + later,
        status=ImageStatus.ACTIVE,
        pulled_at=None,
        archived_at=None,
        activated_at=None,
        subject=renamed(image.subject) if image.subject else None,
        children=tuple(map(renamed, image.children)),
    )


def _settled(images: Sequence[Image], now: datetime) -> list[Image]:
    """The images once those on their way out of the archive have arrived, which takes minutes."""
    return [
        dataclasses.replace(image, status=ImageStatus.ACTIVE, activated_at=now)
        if image.status is ImageStatus.ACTIVATING
        else image
        for image in images
    ]


def applied(evaluation: Evaluation, at: datetime) -> list[Image]:
    """The images after ECR has done what the evaluation says."""
    expired = {acted.image.digest for acted in evaluation.expired}
    archived = {acted.image.digest for acted in evaluation.archived}
    return [
        dataclasses.replace(image, status=ImageStatus.ARCHIVED, archived_at=at) if image.digest in archived else image
        for image in evaluation.images
        if image.digest not in expired
    ]
