"""Images and what they are made of, in a line each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from ecr.cost.layers import Contents
from ecr.lifecycle.images import Image, ImageStatus

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ARCHIVED = ImageStatus.ARCHIVED


class More(TypedDict, total=False):
    """What else there may be to say of an image."""

    tags: tuple[str, ...]
    size: int
    media_type: str
    status: ImageStatus
    subject: str
    archived_at: datetime


def digest(name: str) -> str:
    """A digest that begins with `name`, spelt in hexadecimal."""
    return f"sha256:{name.encode().hex():0<64}"


def image(name: str, days: float = 1, **more: Unpack[More]) -> Image:
    """An image, pushed so many days ago."""
    return Image(digest=digest(name), pushed_at=NOW - timedelta(days=days), **more)


def contents(name: str, size: int, children: tuple[str, ...] = (), **blobs: int) -> Contents:
    """What an image is made of: the bytes of its manifest, and blob -> bytes."""
    return Contents(
        digest=digest(name),
        size=size,
        blobs=tuple((digest(blob), count) for blob, count in blobs.items()),
        children=tuple(map(digest, children)),
    )


def known(*made: Contents) -> Mapping[str, Contents]:
    return {each.digest: each for each in made}
