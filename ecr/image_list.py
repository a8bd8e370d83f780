"""Lists of images: which ones are wanted, in which order, and what is shown of them. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from ecr.errors import printable
from ecr.lifecycle import patterns
from ecr.lifecycle.images import Image, ImageStatus
from ecr.oci.manifest import INDEX_MEDIA_TYPES

_AGE = re.compile(r"(?P<count>[0-9]{1,5})(?P<unit>[mhdw])")
_AGE_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
AGE_RULE = "a whole number with its unit, such as 90m, 12h, 30d or 8w"

_SIZE = re.compile(r"(?P<count>[0-9]{1,12}(?:\.[0-9]{1,3})?)(?P<unit>[kmgt]?i?b)?")
_SIZE_UNITS: dict[str, int] = {
    **{f"{prefix}b": 1000**power for power, prefix in enumerate(("", "k", "m", "g", "t"))},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate(("k", "m", "g", "t"), start=1)},
}
SIZE_RULE = "a number of bytes, also with a unit, such as 500kB, 100MB, 1.5GB or 2GiB"

# What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CSV_HEADER = (
    *("repository", "digest", "tags", "pushed_at", "pulled_at", "size_bytes", "status", "kind", "subject", "kept"),
)


class SortKey(StrEnum):
    """By what images are sorted: the latest push or pull, the largest, or the first tag by the alphabet comes first."""

    PUSHED = "pushed"
    PULLED = "pulled"
    SIZE = "size"
    TAG = "tag"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which images are wanted: those of which all that is given here holds.

    Attributes:
        tags: patterns; any tag of an image matches any of them. `*` is any text.
        untagged: the image has no tag.
        older_than: it was pushed longer ago than this; exactly as long is not longer.
        newer_than: it was not.
        larger_than: it has more bytes, as ECR counts them.
        archived: it is in the archive; False for the others; None for both.
    """

    tags: tuple[str, ...] = ()
    untagged: bool = False
    older_than: timedelta | None = None
    newer_than: timedelta | None = None
    larger_than: int | None = None
    archived: bool | None = None

    def among(self, images: Iterable[Image], now: datetime) -> list[Image]:
        """The wanted ones, in the order that they are in. `now` has its zone."""
        tests = self._tests(now)
        return [image for image in images if all(test(image) for test in tests)]

    def _tests(self, now: datetime) -> list[Callable[[Image], bool]]:
        tests: list[Callable[[Image], bool]] = []
        if self.tags:
            tests.append(self._has_tag)
        if self.untagged:
            tests.append(lambda image: not image.tags)
        if self.older_than is not None:
            oldest = now - self.older_than
            tests.append(lambda image: image.pushed_at < oldest)
        if self.newer_than is not None:
            newest = now - self.newer_than
            tests.append(lambda image: image.pushed_at >= newest)
        if self.larger_than is not None:
            least = self.larger_than
            tests.append(lambda image: image.size > least)
        if self.archived is not None:
            tests.append(lambda image: (image.status is ImageStatus.ARCHIVED) is self.archived)
        return tests

    def _has_tag(self, image: Image) -> bool:
        return any(patterns.matches(pattern, tag) for pattern in self.tags for tag in image.tags)


def ordered(images: Iterable[Image], key: SortKey, *, reverse: bool = False) -> list[Image]:
    """The images in an order that does not depend on the one that they come in: what is equal is sorted by digest.

    Images that were never pulled, or have no tag, come after the others.
    """
    found = sorted(images, key=lambda image: image.digest)
    match key:
        case SortKey.PUSHED:
            found.sort(key=lambda image: image.pushed_at, reverse=True)
        case SortKey.PULLED:
            found.sort(key=lambda image: image.pulled_at or datetime.min.replace(tzinfo=UTC), reverse=True)
        case SortKey.SIZE:
            found.sort(key=lambda image: image.size, reverse=True)
        case SortKey.TAG:
            found.sort(key=lambda image: (not image.tags, min(image.tags, default="")))
    return found[::-1] if reverse else found


def age(text: str) -> timedelta:
    """How long `30d` is. Raises ValueError for what is no age."""
    found = _AGE.fullmatch(text)
    if found is None:
        raise ValueError(f"is not accepted; accepted: {AGE_RULE}")
    return int(found["count"]) * _AGE_UNITS[found["unit"]]


def size(text: str) -> int:
    """How many bytes `100MB` are: 1000 make a kB, as in what is shown. Raises ValueError for what is no size."""
    found = _SIZE.fullmatch(text.lower())
    if found is None:
        raise ValueError(f"is not accepted; accepted: {SIZE_RULE}")
    return round(float(found["count"]) * _SIZE_UNITS[found["unit"] or "b"])


def kind(image: Image) -> str:
    """`index`, `referrer` or `image`."""
    if image.media_type in INDEX_MEDIA_TYPES:
        return "index"
    return "image" if image.subject is None else "referrer"


def note(image: Image, kept: Mapping[str, str]) -> str:
    """What is special about an image, in a few words; empty for most.

    Args:
        image: the image.
        kept: digest -> why it has to stay.
    """
    status = [] if image.status is ImageStatus.ACTIVE else [image.status.lower()]
    what = [] if kind(image) == "image" else [kind(image)]
    return ", ".join((*status, *what, *([kept[image.digest]] if image.digest in kept else [])))


def as_json(image: Image, kept: Mapping[str, str]) -> dict[str, object]:
    """One image; times as ISO 8601 in UTC, null for what there is not."""
    return {
        "digest": image.digest,
        "tags": sorted(image.tags),
        "pushed_at": _time(image.pushed_at),
        "pulled_at": _time(image.pulled_at) or None,
        "size_bytes": image.size,
        "status": str(image.status),
        "kind": kind(image),
        "media_type": image.media_type or None,
        "subject": image.subject,
        "kept": kept.get(image.digest),
    }


def as_csv(rows: Iterable[tuple[str, Image]], kept: Mapping[str, str]) -> list[str]:
    """Lines of CSV: a header, and one for each repository and image; tags are separated by spaces.

    No cell is a formula to a spreadsheet: one that would be gets a `'` in front.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_HEADER)
    for repository, image in rows:
        cells = (
            *(repository, image.digest, " ".join(sorted(image.tags)), _time(image.pushed_at), _time(image.pulled_at)),
            *(str(image.size), str(image.status), kind(image), image.subject or "", kept.get(image.digest, "")),
        )
        writer.writerow([_cell(cell) for cell in cells])
    return text.getvalue().splitlines()


def short_tags(tags: Sequence[str], most: int = 3) -> str:
    """The first tags, and how many more there are."""
    named, more = sorted(tags), len(tags) - most
    return ", ".join(named[:most]) + (f" and {more} more" if more > 0 else "")


def short_time(time: datetime | None) -> str:
    """A time in UTC, to the minute; empty for none."""
    return "" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def _time(time: datetime | None) -> str:
    return "" if time is None else time.astimezone(UTC).isoformat(timespec="seconds")


def _cell(text: str) -> str:
    shown = printable(text)
    return f"'{shown}" if text.startswith(_FORMULA) else shown
