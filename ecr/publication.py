"""Whether an image must be pushed, is there already, or must not be pushed: decided before anything is registered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from ecr.build import ImageBuild
from ecr.errors import Conflict
from ecr.repository import TagMutability


@dataclass(frozen=True, kw_only=True)
class PublishedImage:
    """What a repository holds under one tag.

    Attributes:
        tag: the tag that was asked for.
        digest: `sha256:...` of the manifest or index that the tag names.
        content_digest: the 64 hex digits that the image says it was made of, or None where it says nothing.
    """

    tag: str
    digest: str
    content_digest: str | None


class Action(Enum):
    """What a deployment has to do about an image."""

    PUSH = "push"
    """The repository does not hold this content under this tag, and may take it."""

    ADOPT = "adopt"
    """The repository holds this very content under this tag: nothing to push, whatever the state knows."""

    FOLLOW_STATE = "follow state"
    """The tag is there, but its image does not say what it was made of: only the state can tell whether it changed."""


@dataclass(frozen=True, kw_only=True)
class PublicationPlan:
    """One image build with everything about its publication decided.

    Attributes:
        build: what is built.
        content_digest: 64 hex digits of what it is made of.
        tag: the resolved tag.
        action: what to do.
        published: what the repository held under the tag when the plan was made.
        made_at: when the plan was made.
        repository: name of the repository that gets it.
    """

    build: ImageBuild
    content_digest: str
    tag: str
    action: Action
    published: PublishedImage | None
    made_at: datetime
    repository: str

    @property
    def reason(self) -> str:
        """Why the action is what it is, as a line for the preview."""
        name = f"{self.repository}:{self.tag}"
        if self.action is Action.ADOPT:
            return f"{name} holds this very content already"
        if self.action is Action.FOLLOW_STATE:
            return (
                f"{name} holds an image that does not say what it was made of: only the state tells whether it changed"
            )
        if self.published is None:
            return f"{name} is built and pushed: the repository holds no such tag"
        return f"{name} is built and pushed: it holds other content ({self.published.digest})"

    @property
    def identity(self) -> str:
        """12 hex digits over what is published, from where and to where: equal plans, equal identity."""
        parts = (self.repository, self.tag, self.content_digest, self.build.context, self.build.dockerfile)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def plan(
    build: ImageBuild,
    *,
    content_digest: str,
    published: PublishedImage | None,
    mutability: TagMutability,
    repository: str,
    now: datetime,
) -> PublicationPlan:
    """Decide what to do about an image.

    Args:
        build: what is built.
        content_digest: 64 hex digits, from `build_context.content_digest`.
        published: what the repository holds under the resolved tag, or None (also when there is no repository yet).
        mutability: which tags of the repository can be moved.
        repository: its name, for the message.
        now: the time, with its zone.

    Raises:
        Conflict: when the tag names other content and can't be moved.
    """
    tag = build.resolve_tag(content_digest)
    action = _action(build, content_digest, published)
    if action is Action.PUSH and published is not None and mutability.is_immutable(tag):
        raise Conflict(
            f"{repository}:{tag} can't be overwritten: it holds {published.digest} (content "
            f"{_short(published.content_digest)}), this build is of content {_short(content_digest)}, and the tag is "
            f"immutable. Choose a new build.tag, or let it follow the content with '{{content}}'."
        )
    return PublicationPlan(
        build=build,
        content_digest=content_digest,
        tag=tag,
        action=action,
        published=published,
        made_at=now,
        repository=repository,
    )


def _action(build: ImageBuild, content_digest: str, published: PublishedImage | None) -> Action:
    if published is None:
        return Action.PUSH
    if published.content_digest is None:
        return Action.ADOPT if build.tag_follows_content else Action.FOLLOW_STATE
    return Action.ADOPT if published.content_digest == content_digest else Action.PUSH


def _short(content_digest: str | None) -> str:
    return content_digest[:12] if content_digest else "unknown"
