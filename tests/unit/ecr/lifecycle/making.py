"""Short words for the rules, images and cases of the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus
from tests.unit.ecr.lifecycle.oracle import Verdicts

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ARCHIVED, ACTIVATING = ImageStatus.ARCHIVED, ImageStatus.ACTIVATING
Ago = int | timedelta


def days(count: int) -> timedelta:
    return timedelta(days=count)


def before_now(ago: Ago) -> datetime:
    return NOW - (days(ago) if isinstance(ago, int) else ago)


def digest(name: str) -> str:
    return f"sha256:{name}"


def image(
    name: str,
    tags: str = "",
    ago: Ago | datetime = 10,
    *,
    status: ImageStatus = ImageStatus.ACTIVE,
    pulled: Ago | None = None,
    archived: Ago | None = None,
    activated: Ago | None = None,
    subject: str | None = None,
    children: str = "",
    size: int = 1,
) -> Image:
    """An image with the digest `sha256:NAME`, its tags and children separated by spaces, its times before now."""
    return Image(
        digest=digest(name),
        tags=tuple(tags.split()),
        pushed_at=ago if isinstance(ago, datetime) else before_now(ago),
        size=size,
        status=status,
        pulled_at=None if pulled is None else before_now(pulled),
        archived_at=None if archived is None else before_now(archived),
        activated_at=None if activated is None else before_now(activated),
        subject=None if subject is None else digest(subject),
        children=tuple(digest(child) for child in children.split()),
    )


def in_archive(
    name: str, tags: str = "", ago: Ago = 400, *, since: Ago, subject: str | None = None, children: str = ""
) -> Image:
    return image(name, tags, ago, status=ARCHIVED, archived=since, subject=subject, children=children)


def keep(priority: int, count: int, who: str, action: Action = Action.EXPIRE) -> PolicyRule:
    """Keeps the youngest `count`."""
    return _rule(priority, who, CountType.IMAGES, count, action)


def pushed(priority: int, count: int, who: str, action: Action = Action.EXPIRE) -> PolicyRule:
    """Acts more than `count` days after the push."""
    return _rule(priority, who, CountType.DAYS_SINCE_PUSH, count, action)


def pulled(priority: int, count: int, who: str) -> PolicyRule:
    """Archives more than `count` days after the last pull."""
    return _rule(priority, who, CountType.DAYS_SINCE_PULL, count, Action.ARCHIVE)


def archived(priority: int, count: int, who: str) -> PolicyRule:
    """Expires more than `count` days after archiving."""
    return _rule(priority, who, CountType.DAYS_SINCE_ARCHIVING, count, Action.EXPIRE)


def _rule(priority: int, who: str, count_type: CountType, count: int, action: Action) -> PolicyRule:
    """`who` is "any", "untagged", or tag patterns; a word that begins with ^ is a prefix."""
    status = {"any": TagStatus.ANY, "untagged": TagStatus.UNTAGGED}.get(who, TagStatus.TAGGED)
    words = who.split() if status is TagStatus.TAGGED else []
    return PolicyRule(
        priority=priority,
        tag_status=status,
        tag_patterns=tuple(word for word in words if not word.startswith("^")),
        tag_prefixes=tuple(word[1:] for word in words if word.startswith("^")),
        storage_class=StorageClass.ARCHIVE if count_type is CountType.DAYS_SINCE_ARCHIVING else StorageClass.STANDARD,
        count_type=count_type,
        count=count,
        action=action,
    )


@dataclass(frozen=True)
class Case:
    """One evaluation. `goes` maps "OUTCOME@PRIORITY" to the names of the images; all others are kept."""

    name: str
    rules: tuple[PolicyRule, ...]
    images: tuple[Image, ...]
    goes: Mapping[str, str]
    now: datetime = NOW

    @property
    def policy(self) -> LifecyclePolicy:
        return LifecyclePolicy(self.rules)

    @property
    def acted(self) -> Verdicts:
        found: Verdicts = {}
        for what, names in self.goes.items():
            outcome, priority = what.split("@")
            found |= {digest(name): (outcome, int(priority)) for name in names.split()}
        return found


def case(
    name: str,
    rules: PolicyRule | Sequence[PolicyRule],
    images: Image | Sequence[Image],
    goes: Mapping[str, str] | None = None,
    now: datetime = NOW,
) -> Case:
    return Case(
        name,
        (rules,) if isinstance(rules, PolicyRule) else tuple(rules),
        (images,) if isinstance(images, Image) else tuple(images),
        goes or {},
        now,
    )
