"""Asks what images are made of, and reckons what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ecr.cost.estimate import Pulls, RepositoryCost, estimate
from ecr.errors import EcrError
from ecr.layer_cache import ManifestCache, default_folder

if TYPE_CHECKING:
    from ecr.aws.images import Listing
    from ecr.aws.repository import EcrRepository
    from ecr.cost.prices import Prices
    from ecr.lifecycle.images import Image
    from ecr.lifecycle.policy import LifecyclePolicy


def kept(
    project: Path | None, repository: EcrRepository, claims: Mapping[str, str], listing: Listing, now: datetime
) -> tuple[Mapping[str, str], Sequence[str], tuple[str, ...]]:
    """What has to stay, as far as that can be told: digests with reasons, tag patterns, and what is not known.

    Args:
        project: the folder with the stack files; None for none.
        repository: where the images are.
        claims: digest -> why a stack needs it.
        listing: of the repository.
        now: the time, with its zone.
    """
    from ecr import protecting  # noqa: PLC0415 (loads YAML)
    from ecr.aws.usage import EcrUsage  # noqa: PLC0415 (loads boto3)

    unknown: list[str] = []
    in_use: Mapping[str, str] = {}
    patterns: Sequence[str] = ()
    try:
        in_use = EcrUsage(repository).certainly_in_use(now, listing.scan_statuses)
    except EcrError as error:
        unknown.append(f"which images are in use is not known: {error}")
    try:
        patterns = protecting.patterns(project, repository.name) if project is not None else ()
    except EcrError as error:
        unknown.append(f"which tags the stacks protect is not known: {error}")
    return {**in_use, **claims}, patterns, tuple(unknown)


def examine(
    repository: EcrRepository,
    images: Sequence[Image],
    *,
    policy: LifecyclePolicy | None,
    prices: Prices,
    now: datetime,
    pulls_per_month: int = 0,
    to_region: str | None = None,
    pulled: str | None = None,
    protected: Mapping[str, str] | None = None,
    patterns: Sequence[str] = (),
    cache: ManifestCache | None = None,
) -> RepositoryCost:
    """What a repository costs in a month. Needs ecr:BatchGetImage for manifests that were not read before.

    Args:
        repository: where the images are.
        images: all of them, as `EcrImages.existing` lists them; what indexes list is read here.
        policy: the one that the repository has, or is to have; None for none.
        prices: of its Region: `ecr.aws.prices.current`.
        now: the time, with its zone.
        pulls_per_month: from another Region.
        to_region: that Region; None for none.
        pulled: the digest of the image that is pulled; None for the latest one with a tag.
        protected: digest -> why it has to stay, in words that follow "it is": `ecr.protecting.gather`.
        patterns: tag patterns of images that have to stay.
        cache: manifests that were read before; None for those on this machine's disk.

    Raises:
        RemoteError: when AWS refuses or can't be reached.
    """
    from ecr.aws.layers import EcrLayers  # noqa: PLC0415 (loads boto3)

    found = EcrLayers(repository, cache or ManifestCache(default_folder())).contents(images)
    return estimate(
        repository.name,
        images,
        found,
        policy=policy,
        prices=prices,
        now=now,
        pulls=Pulls(per_month=pulls_per_month, to_region=to_region, digest=pulled),
        protected=protected,
        patterns=patterns,
    )
