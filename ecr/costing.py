"""Asks what images are made of, and reckons what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ecr.cost.estimate import Pulls, RepositoryCost, estimate
from ecr.layer_cache import ManifestCache, default_folder

if TYPE_CHECKING:
    from ecr.aws.repository import EcrRepository
    from ecr.cost.prices import Prices
    from ecr.lifecycle.images import Image
    from ecr.lifecycle.policy import LifecyclePolicy


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
