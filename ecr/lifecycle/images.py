"""The images of a repository, as far as a lifecycle policy looks at them.

Source: ECR API reference, ImageDetail.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# How far clocks may differ. A time further ahead means that `now` is wrong, and with it every age.
MAX_SKEW = timedelta(minutes=5)


class ImageStatus(StrEnum):
    """Whether an image can be pulled, is in the archive, or on its way back from there."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"
    ACTIVATING = "ACTIVATING"


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """One manifest in a repository: an image, an index, or a referrer. Times have their zone.

    Attributes:
        digest: `sha256:...`
        tags: its tags; none for an untagged image.
        pushed_at: when it was pushed.
        size: bytes of its layers, as ECR counts them.
        status: whether it is in the archive.
        pulled_at: when ECR last recorded a pull; None when there was none.
        archived_at: when it was last archived.
        activated_at: when it was last restored from the archive.
        media_type: of its manifest.
        subject: the digest that it refers to; None when it is no referrer.
        children: the digests that it lists, when it is an index whose manifest is known.
    """

    digest: str
    tags: tuple[str, ...] = ()
    pushed_at: datetime
    size: int = 0
    status: ImageStatus = ImageStatus.ACTIVE
    pulled_at: datetime | None = None
    archived_at: datetime | None = None
    activated_at: datetime | None = None
    media_type: str = ""
    subject: str | None = None
    children: tuple[str, ...] = ()


def from_the_future(images: Iterable[Image], now: datetime) -> Image | None:
    """The youngest image, if it was pushed after `now` by more than clocks may differ; None otherwise."""
    youngest = max(images, key=lambda image: image.pushed_at, default=None)
    return youngest if youngest is not None and youngest.pushed_at > now + MAX_SKEW else None
