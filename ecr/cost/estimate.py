"""What one repository costs in a month, and what it would cost otherwise. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from ecr import protection
from ecr.cost import layers, variants
from ecr.cost.layers import Contents
from ecr.cost.prices import Prices
from ecr.cost.variants import Surroundings, Variant
from ecr.lifecycle.images import Image, ImageStatus, from_the_future
from ecr.lifecycle.policy import LifecyclePolicy
from ecr.tables import plural

# ECR user guide, "Archiving an image"; Amazon ECR pricing, 2026-03.
_ARCHIVE_DAYS = 90
_RESTORE_USD = "0.03"


@dataclass(frozen=True, kw_only=True)
class Pulls:
    """Pulls from another Region.

    Attributes:
        per_month: how many; none for 0.
        to_region: where to; None for nowhere.
        digest: the image that is pulled; None for the latest one with a tag.
    """

    per_month: int = 0
    to_region: str | None = None
    digest: str | None = None


@dataclass(frozen=True, kw_only=True)
class RepositoryCost:
    """What one repository costs. Amounts are USD for a month and not rounded; `ecr.cost.prices.cents` rounds them.

    Attributes:
        repository: its name.
        images: how many there are, those in the archive, children of indexes and referrers included.
        archived_images: how many of them are in the archive.
        distinct_bytes: what is stored, each blob once, in both storage classes.
        archived_bytes: how much of that is in the archive.
        naive_bytes: the sizes of the images, added up.
        naive_archived_bytes: how much of that is in the archive.
        monthly_usd: for what is stored.
        naive_monthly_usd: for the sizes of the images, added up.
        pulls: what was asked about.
        pull_bytes: what one pull sends when nothing of the image is there yet.
        transfer_usd: for the pulls, at the price of the Internet, which AWS names for ECR: an upper bound.
        transfer_low_usd: for the pulls, at the price between Regions, if AWS bills them so; None if it is not known.
        saved_by_policy_usd: what the repository's policy saves once it has done what it would do now; None without one.
        variants: the policy and two others, and what each would leave.
        cheapest: the name of the cheapest one that leaves protected images alone; empty when none does.
        prices: what all this was reckoned with.
        notes: what is uncertain: sentences without a full stop.
    """

    repository: str
    images: int
    archived_images: int
    distinct_bytes: int
    archived_bytes: int
    naive_bytes: int
    naive_archived_bytes: int
    monthly_usd: Decimal
    naive_monthly_usd: Decimal
    pulls: Pulls
    pull_bytes: int
    transfer_usd: Decimal
    transfer_low_usd: Decimal | None
    saved_by_policy_usd: Decimal | None
    variants: tuple[Variant, ...]
    cheapest: str
    prices: Prices
    notes: tuple[str, ...]

    @property
    def archived_monthly_usd(self) -> Decimal:
        """How much of `monthly_usd` is for the archive."""
        return self.prices.storage_usd(0, self.archived_bytes)


def estimate(
    repository: str,
    images: Sequence[Image],
    contents: Mapping[str, Contents],
    *,
    policy: LifecyclePolicy | None,
    prices: Prices,
    now: datetime,
    pulls: Pulls | None = None,
    protected: Mapping[str, str] | None = None,
    patterns: Sequence[str] = (),
) -> RepositoryCost:
    """What a repository costs.

    Args:
        repository: its name.
        images: all of its images, as listed; each digest once.
        contents: digest -> what it is made of. Images that are not there count with the size that ECR gives them.
        policy: the one that it has, or is to have; None for none.
        prices: of its Region.
        now: the time, with its zone.
        pulls: from another Region.
        protected: digest -> why no policy may take it, in words that follow "it is".
        patterns: tag patterns of images that no policy may take.
    """
    known = [_with_children(image, contents) for image in images]
    stored, summed = layers.distinct(known, contents), layers.naive(known)
    kept = protection.spread({**protection.matching(known, patterns), **(protected or {})}, known)
    around = Surroundings(images=known, contents=contents, prices=prices, protected=kept, now=now)
    compared = variants.compare(policy, around)
    pulls = _which(pulls or Pulls(), known)
    monthly = prices.storage_usd(stored.standard, stored.archived)
    pull_bytes = _pull_bytes(pulls.digest, known, contents)
    high, low = _transfer(pulls, pull_bytes, prices)
    return RepositoryCost(
        repository=repository,
        images=len(known),
        archived_images=len(_archived(known)),
        distinct_bytes=stored.total,
        archived_bytes=stored.archived,
        naive_bytes=summed.total,
        naive_archived_bytes=summed.archived,
        monthly_usd=monthly,
        naive_monthly_usd=prices.storage_usd(summed.standard, summed.archived),
        pulls=pulls,
        pull_bytes=pull_bytes,
        transfer_usd=high,
        transfer_low_usd=low,
        saved_by_policy_usd=None if policy is None else monthly - compared[0].monthly_usd,
        variants=compared,
        cheapest=variants.cheapest(compared),
        prices=prices,
        notes=(*_notes(known, contents, now), *_archive_notes(known, compared, now)),
    )


def _with_children(image: Image, contents: Mapping[str, Contents]) -> Image:
    found = contents.get(image.digest)
    return dataclasses.replace(image, children=found.children) if found and found.children else image


def _which(pulls: Pulls, images: Sequence[Image]) -> Pulls:
    """The pulls, with the image that is pulled: what is archived, or refers to an image, is none."""
    if pulls.digest is not None:
        return pulls
    tagged = [each for each in images if each.tags and not each.subject and each.status is not ImageStatus.ARCHIVED]
    latest = max(tagged, key=lambda image: (image.pushed_at, image.digest), default=None)
    return dataclasses.replace(pulls, digest=latest.digest if latest else None)


def _pull_bytes(digest: str | None, images: Sequence[Image], contents: Mapping[str, Contents]) -> int:
    if digest is None:
        return 0
    known = layers.pulled(digest, contents)
    return known if known is not None else next((image.size for image in images if image.digest == digest), 0)


def _transfer(pulls: Pulls, pull_bytes: int, prices: Prices) -> tuple[Decimal, Decimal | None]:
    """What the pulls cost at most, and at the price between Regions. Within a Region they are free."""
    if pulls.to_region is None or pulls.to_region == prices.region:
        return Decimal(0), Decimal(0)
    sent = pulls.per_month * pull_bytes
    return prices.internet_usd(sent), prices.between_regions_usd(sent, pulls.to_region)


def _notes(images: Sequence[Image], contents: Mapping[str, Contents], now: datetime) -> tuple[str, ...]:
    unread = [image for image in images if image.digest not in contents]
    archived = len(_archived(unread))
    notes = []
    if archived:
        what = "its size counts" if archived == 1 else "their sizes count"
        notes.append(f"{plural(archived, 'image')} in the archive can't be read, so {what} in full")
    if others := len(unread) - archived:
        what = "its size counts" if others == 1 else "their sizes count"
        notes.append(f"{plural(others, 'manifest')} can't be read, so {what} in full")
    if (early := from_the_future(images, now)) is not None:
        when = early.pushed_at.isoformat(timespec="seconds")
        notes.append(f"an image was pushed at {when}, which is later than now: policies by age are not to be relied on")
    return tuple(notes)


def _archive_notes(images: Sequence[Image], compared: Sequence[Variant], now: datetime) -> tuple[str, ...]:
    """What the archive costs beside the storage of a month."""
    notes = []
    least = timedelta(days=_ARCHIVE_DAYS)
    if young := sum(image.archived_at is not None and now - image.archived_at < least for image in _archived(images)):
        what = "1 image in the archive is" if young == 1 else f"{young} images in the archive are"
        notes.append(f"{what} billed for {_ARCHIVE_DAYS} days from there on: to delete sooner saves nothing yet")
    if archiving := [variant.name for variant in compared if variant.archived]:
        notes.append(
            f"what {' or '.join(archiving)} archives is billed for {_ARCHIVE_DAYS} days, also if it is deleted sooner, "
            f"and to restore it costs some {_RESTORE_USD} USD a GB"
        )
    return tuple(notes)


def _archived(images: Sequence[Image]) -> list[Image]:
    return [image for image in images if image.status is ImageStatus.ARCHIVED]
