"""What a promotion would do: which digest, under which tag, in place of what. Decided before anything changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ecr.errors import Conflict, InputError
from ecr.reference import RepositoryArn, RepositoryUrl, is_digest, is_tag
from ecr.repository import ImageDetails, TagMutability
from ecr.scan import Gate

DIGEST_KEY = "container-registry:promote.digest"
TAG_KEY = "container-registry:promote.tag"
FROM_KEY = "container-registry:promote.from"


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What a stack file says about the image that its stack promotes.

    Attributes:
        source_stack: the stack to promote from: `STACK`, `PROJECT/STACK` or `ORGANIZATION/PROJECT/STACK`.
        digest: the digest to promote; None follows the source stack.
        tag: the tag in the target; None takes the one that the image has already.
        gate: what its scan has to say.
    """

    source_stack: str
    digest: str | None
    tag: str | None
    gate: Gate


def whole_stack_name(name: str, organization: str, project: str) -> str:
    """`ORGANIZATION/PROJECT/STACK` for a stack that may be named without the first of these."""
    parts = name.split("/")
    return "/".join((*(organization, project)[: 3 - len(parts)], *parts))


@dataclass(frozen=True, kw_only=True)
class SourceImage:
    """The image that the source stack has published, from that stack's outputs.

    Attributes:
        arn: its repository.
        url: `HOST/NAME` of its repository.
        digest: `sha256:...`
        tag: the tag it was published under.
    """

    arn: RepositoryArn
    url: str
    digest: str
    tag: str


class Origin(StrEnum):
    """Where the image is taken from."""

    SOURCE = "source"
    TARGET = "target"
    """The source has it no more, but the target has: an older digest that only needs its tag."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """What was promoted: a digest under a tag."""

    tag: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class PromotionPlan:
    """One promotion with everything decided.

    Attributes:
        release: what the target repository will hold.
        origin: where the image is taken from.
        tag_holds: the digest that the tag names in the target now; None for a new tag.
    """

    release: Release
    origin: Origin
    tag_holds: str | None

    @property
    def is_due(self) -> bool:
        """Whether there is anything to copy or to tag."""
        return self.tag_holds != self.release.digest

    def reason(self, repository: str, previous: Release | None) -> str:
        """One line for the preview: which digest replaces which.

        Args:
            repository: name of the target repository.
            previous: what this stack has promoted before, None for the first time.
        """
        name, digest = f"{repository}:{self.release.tag}", self.release.digest
        before = ""
        if previous is not None and previous != self.release:
            before = f"{previous.tag} ({previous.digest}), which stays in the repository"
        if not self.is_due:
            return f"{name} is {digest} already" + (f"; it follows {before}" if before else "")
        if self.tag_holds is None and previous == self.release:
            return f"{name} is gone and becomes {digest} again"
        if self.tag_holds is not None:
            return f"{name} becomes {digest}, in place of {self.tag_holds}"
        return f"{name} becomes {digest}" + (f", after {before}" if before else "; the tag is new there")


def source_image(stack: str, *, arn: str, url: str, digest: str, tag: str) -> SourceImage:
    """What another stack's outputs say, which may be anything.

    Raises:
        InputError: when one of them is not what it should be.
    """
    try:
        repository = RepositoryArn.parse(arn)
        RepositoryUrl.parse(url)
    except ValueError as error:
        raise InputError(FROM_KEY, f"the outputs of stack {stack} can't be used: {error}") from error
    if not (is_digest(digest) and is_tag(tag)):
        problem = f"image_digest {digest!r} and image_tag {tag!r} do not name an image"
        raise InputError(FROM_KEY, f"the outputs of stack {stack} can't be used: {problem}")
    return SourceImage(arn=repository, url=url, digest=digest, tag=tag)


def digest_of(promotion: Promotion, source: SourceImage) -> str:
    """The digest to promote."""
    return promotion.digest or source.digest


def origin_of(
    promotion: Promotion, source: SourceImage, *, in_source: bool, in_target: bool, target_repository: str
) -> Origin:
    """Where the image is taken from.

    Raises:
        InputError: when neither repository holds it.
    """
    if in_source:
        return Origin.SOURCE
    if in_target:
        return Origin.TARGET
    if promotion.digest is None:
        raise InputError(
            FROM_KEY,
            f"stack {promotion.source_stack} says that it published {source.digest}, but {source.url} does not hold "
            f"it; run: pulumi up -s {promotion.source_stack}",
        )
    raise InputError(
        DIGEST_KEY,
        f"{promotion.digest} is held neither by {source.url} nor by {target_repository}; accepted: a digest that one "
        "of them holds",
    )


def needs_tags(promotion: Promotion, source: SourceImage) -> bool:
    """Whether the tag can only be found out by asking the repositories which tags the image has."""
    return promotion.tag is None and promotion.digest not in (None, source.digest)


def tag_of(
    promotion: Promotion, source: SourceImage, in_source: ImageDetails | None, in_target: ImageDetails | None
) -> str:
    """The tag in the target: the one that is configured, else the one that the image has there, else in the source.

    Args:
        promotion: what the stack file says.
        source: what the source stack says.
        in_source: what the source's repository knows of a pinned digest, where `needs_tags`.
        in_target: what the target's repository knows of it.

    Raises:
        InputError: when a pinned digest has several tags, or none, and none is configured.
    """
    if promotion.tag is not None:
        return promotion.tag
    if not needs_tags(promotion, source):
        return source.tag
    known = next((image.tags for image in (in_target, in_source) if image is not None and image.tags), ())
    if len(known) == 1:
        return known[0]
    has = f"has the tags {', '.join(known)}" if known else "has no tag"
    raise InputError(TAG_KEY, f"is missing, and the pinned {promotion.digest} {has}; name the tag that it is to get")


def plan(
    release: Release, origin: Origin, *, tag_holds: str | None, mutability: TagMutability, repository: str
) -> PromotionPlan:
    """Decide.

    Args:
        release: what the target repository is to hold.
        origin: where the image is taken from.
        tag_holds: the digest that the tag names in the target now; None for a new tag.
        mutability: which tags of the target can be moved.
        repository: name of the target repository, for the message.

    Raises:
        Conflict: when the tag names another digest and can't be moved.
    """
    if tag_holds not in (None, release.digest) and mutability.is_immutable(release.tag):
        raise Conflict(
            f"{repository}:{release.tag} can't be moved from {tag_holds} to {release.digest}: the tag is immutable. "
            f"Promote it under another tag ({TAG_KEY.partition(':')[2]}), or publish it under a new one in the source."
        )
    return PromotionPlan(release=release, origin=origin, tag_holds=tag_holds)
