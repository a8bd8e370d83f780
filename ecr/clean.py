"""Which images of a repository are deleted, in which order, and which stay though they were meant, too. Pure.

Sources: ECR API reference, BatchDeleteImage (100 images at most; `ImageReferencedByManifestList` for what an index
lists that is there); ECR user guide, "Lifecycle policy evaluation rules" (referrers go once their subject has gone).
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ecr import image_list, protection
from ecr.image_list import Wanted
from ecr.lifecycle.images import Image, ImageStatus
from ecr.tables import short_digest

BATCH_SIZE = 100


@dataclass(frozen=True)
class Kept:
    """An image that was meant, too, and stays.

    Attributes:
        image: the image.
        reason: why, in words that follow "it is".
    """

    image: Image
    reason: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be deleted.

    Attributes:
        images: all of the repository.
        batches: what goes, 100 at most at a time, the oldest first, but each image after the indexes that list it and
            after what refers to it.
        protected: what was meant, and has to stay, the oldest first.
        bound: what was meant, and stays with an index that lists it or with an image that it refers to.
        unread: protected indexes of which it is not known what they list, because they are in the archive.
    """

    images: tuple[Image, ...]
    batches: tuple[tuple[Image, ...], ...]
    protected: tuple[Kept, ...]
    bound: tuple[Kept, ...]
    unread: tuple[Kept, ...]

    @property
    def going(self) -> tuple[Image, ...]:
        """What is deleted, in its order."""
        return tuple(image for batch in self.batches for image in batch)

    @property
    def bytes_freed(self) -> int:
        """At most: layers that images share are stored once, and stay as long as one of these does."""
        return size_of(self.going)

    def needing(self, digests: Collection[str]) -> set[str]:
        """These digests, and those that can't go before them: what an index lists, and what they refer to."""
        after = _after(self.going)
        found = set(digests)
        waiting = list(digests)
        while waiting:
            for digest in after.get(waiting.pop(), ()):
                if digest not in found:
                    found.add(digest)
                    waiting.append(digest)
        return found


def plan(images: Sequence[Image], wanted: Wanted, protected: Mapping[str, str], now: datetime) -> Plan:
    """What to delete so that what is wanted is gone, and nothing else is harmed.

    Beside what is protected itself stays what it needs (see `protection.spread`). An image that an index lists goes
    only together with all such indexes; what refers to an image goes with it, and never before.

    Args:
        images: all of the repository, with the children of indexes.
        wanted: what is to be deleted.
        protected: digest -> why it has to stay.
        now: the time, with its zone.
    """
    reasons = protection.spread(protected, images)
    meant = {image.digest: image for image in wanted.among(images, now)}
    links = _Links(images)
    going = _going(links, set(meant), reasons)
    oldest_first = sorted((image for image in images if image.digest in meant), key=_age)
    return Plan(
        images=tuple(images),
        batches=tuple(_batches([image for image in images if image.digest in going])),
        protected=tuple(Kept(each, reasons[each.digest]) for each in oldest_first if each.digest in reasons),
        bound=tuple(
            Kept(each, links.tie(each.digest, going))
            for each in oldest_first
            if each.digest not in reasons and each.digest not in going
        ),
        unread=tuple(
            Kept(each, reasons[each.digest]) for each in images if each.digest in reasons and _is_unread(each)
        ),
    )


def size_of(images: Iterable[Image]) -> int:
    """The sum of their bytes, as ECR counts them."""
    return sum(image.size for image in images)


class _Links:
    """Which images of a repository hang on which."""

    def __init__(self, images: Iterable[Image]) -> None:
        known = {image.digest: image for image in images}
        subjects = ((digest, protection.subject_of(image)) for digest, image in known.items())
        self.subjects = {
            digest: subject
            for digest, subject in subjects
            if subject is not None and subject in known and subject != digest
        }
        self.indexes: dict[str, set[str]] = {}
        self.referrers: dict[str, list[str]] = {}
        self.tied: dict[str, list[str]] = {}  # what stays with an image that stays
        for digest, image in known.items():
            for child in image.children:
                if child in known and child != digest:
                    self.indexes.setdefault(child, set()).add(digest)
                    self.tied.setdefault(digest, []).append(child)
        for referrer, subject in self.subjects.items():
            self.referrers.setdefault(subject, []).append(referrer)
            self.tied.setdefault(subject, []).append(referrer)

    def holds_back(self, digest: str, going: Collection[str]) -> str | None:
        """A digest that stays, and with it this one; None for none."""
        subject = self.subjects.get(digest)
        staying = sorted(index for index in self.indexes.get(digest, ()) if index not in going)
        return staying[0] if staying else subject if subject is not None and subject not in going else None

    def tie(self, digest: str, going: Collection[str]) -> str:
        """Why an image that was meant stays, though it is not protected."""
        other = self.holds_back(digest, going) or ""
        relation = "part of" if other in self.indexes.get(digest, ()) else "a referrer of"
        return f"{relation} {short_digest(other)}, which stays"


def _going(links: _Links, meant: set[str], reasons: Mapping[str, str]) -> set[str]:
    """The largest set of digests of which none needs an image outside of it.

    What was not meant is in it only as what refers, in the end, to something that was.
    """
    going = {digest for digest in {*meant, *links.subjects} if digest not in reasons}
    _keep(links, going, [digest for digest in going if links.holds_back(digest, going)])
    while lost := going - _leading_to(going & meant, links, going):
        _keep(links, going, lost)
    return going


def _keep(links: _Links, going: set[str], staying: Iterable[str]) -> None:
    """Take these out of what goes, and all that stays with them."""
    waiting = list(staying)
    while waiting:
        digest = waiting.pop()
        if digest in going:
            going.remove(digest)
            waiting += links.tied.get(digest, ())


def _leading_to(meant: set[str], links: _Links, going: set[str]) -> set[str]:
    """What was meant, and all that refers to it, through other referrers too."""
    found, waiting = set(meant), list(meant)
    while waiting:
        for referrer in links.referrers.get(waiting.pop(), ()):
            if referrer in going and referrer not in found:
                found.add(referrer)
                waiting.append(referrer)
    return found


def _after(images: Sequence[Image]) -> dict[str, list[str]]:
    """Digest -> those that can only be deleted later: the entries of an index, the subject of a referrer."""
    known = {image.digest for image in images}
    after: dict[str, list[str]] = {}
    for image in images:
        subject = protection.subject_of(image)
        later = dict.fromkeys((*image.children, *([subject] if subject is not None else [])))
        after[image.digest] = [digest for digest in later if digest in known and digest != image.digest]
    return after


def _batches(images: Sequence[Image]) -> Iterator[tuple[Image, ...]]:
    """The images in their order; none is in one batch with something that has to go before it.

    ECR does not say in which order it deletes what is in one request.
    """
    known = {image.digest: image for image in images}
    after = _after(images)
    before = dict.fromkeys(known, 0)
    for later in after.values():
        for digest in later:
            before[digest] += 1
    ready = [_age(image) for image in images if not before[image.digest]]
    heapq.heapify(ready)
    left = set(known)
    while left:
        if not ready:  # a circle, which digests rule out, but tags don't
            oldest = min((known[digest] for digest in left), key=_age)
            ready = [_age(oldest)]
        batch = [heapq.heappop(ready)[1] for _ in range(min(BATCH_SIZE, len(ready)))]
        left -= set(batch)
        for digest in (later for gone in batch for later in after[gone]):
            before[digest] -= 1
            if not before[digest] and digest in left:
                heapq.heappush(ready, _age(known[digest]))
        yield tuple(known[digest] for digest in batch)


def _age(image: Image) -> tuple[float, str]:
    return image.pushed_at.timestamp(), image.digest


def _is_unread(image: Image) -> bool:
    return image_list.kind(image) == "index" and not image.children and image.status is not ImageStatus.ACTIVE
