"""What a stack does about its image: built, promoted or neither. A build is planned before anything is registered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

from components import (
    BuiltImage,
    BuiltImageArgs,
    ImageRepository,
    PromotedImage,
    PromotedImageArgs,
    PromotionSource,
)
from ecr import build_context, publication
from ecr.publication import Action, PublicationPlan
from settings import Settings

if TYPE_CHECKING:
    from ecr.aws import EcrRepository


@dataclass(frozen=True)
class Publication:
    """The plan for a stack's image, and the repository that was asked for it."""

    plan: PublicationPlan
    repository: EcrRepository

    @property
    def adopted(self) -> str | None:
        """The digest of an image that the repository holds already and that is deployed without a push."""
        published = self.plan.published
        return None if published is None or self.plan.action is Action.PUSH else published.digest


def plan_publication(settings: Settings, root: Path) -> Publication | None:
    """Compare what would be built with what the repository holds; None for a stack that builds nothing.

    Raises:
        InputError: when the build context can't be read.
        Conflict: when the tag holds other content and can't be moved.
        RemoteError: when AWS or the registry refuses to say what it holds.
    """
    if settings.build is None:
        return None
    # A third of a second to load, which stacks that build nothing do without.
    from ecr.aws import EcrRepository  # noqa: PLC0415

    repository = EcrRepository(settings.repository, region=settings.region, profile=settings.profile)
    content_digest = build_context.content_digest(settings.build, root)
    published = repository.find_image(settings.build.resolve_tag(content_digest))
    if published is not None and not repository.can_stay(settings.encryption):
        # The repository is about to be replaced by an empty one.
        published = None
    plan = publication.plan(
        settings.build,
        content_digest=content_digest,
        published=published,
        mutability=settings.tag_mutability,
        repository=settings.repository,
        now=datetime.now(UTC),
    )
    return Publication(plan, repository)


def image(
    settings: Settings, repository: ImageRepository, publication: Publication | None
) -> BuiltImage | PromotedImage | None:
    """Register the stack's image, which is known by the same name however it gets there.

    Raises:
        pulumi.RunError: as the components do.
    """
    if publication is not None:
        return BuiltImage(
            "image",
            BuiltImageArgs(
                repository_url=repository.url, plan=publication.plan, find_image=publication.repository.find_image
            ),
        )
    if settings.promote is not None:
        return PromotedImage(
            "image",
            PromotedImageArgs(
                promotion=settings.promote,
                source=PromotionSource.from_stack(settings.promote.source_stack),
                repository_name=settings.repository,
                repository_url=repository.url,
                tag_mutability=settings.tag_mutability,
                region=settings.region,
                profile=settings.profile,
            ),
            pulumi.ResourceOptions(protect=settings.protect),
        )
    return None


def outputs(image: BuiltImage | PromotedImage | None) -> Iterator[tuple[str, pulumi.Output[object]]]:
    """What a stack tells of its image: names and values."""
    if image is not None:
        yield "image_tag", image.tag
        yield "image_digest", image.digest
        yield "image_uri", image.uri
        yield "pull_command", image.pull_command
    if isinstance(image, PromotedImage):
        yield "promoted_from", image.promoted_from
        yield "gate", image.gate
