"""A lifecycle policy as ECR knows it, and its text.

Source: ECR user guide, "Lifecycle policy properties in Amazon ECR".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from ecr.lifecycle import patterns


class TagStatus(StrEnum):
    """Which images a rule looks at, by their tags."""

    TAGGED = "tagged"
    UNTAGGED = "untagged"
    ANY = "any"


class CountType(StrEnum):
    """What a rule counts: images beyond the latest N, or days since something happened to an image."""

    IMAGES = "imageCountMoreThan"
    DAYS_SINCE_PUSH = "sinceImagePushed"
    DAYS_SINCE_PULL = "sinceImagePulled"
    DAYS_SINCE_ARCHIVING = "sinceImageTransitioned"


class StorageClass(StrEnum):
    """Where an image is stored. A rule sees the images of one class only."""

    STANDARD = "standard"
    ARCHIVE = "archive"


class Action(StrEnum):
    """What a rule does with an image: delete it, or move it to the archive, from where it can't be pulled."""

    EXPIRE = "expire"
    ARCHIVE = "transition"


@dataclass(frozen=True, kw_only=True)
class PolicyRule:
    """One rule of a policy. Holds what it is given; `ecr.lifecycle.validation` says what ECR would refuse.

    Attributes:
        priority: 1 or more; a lower number goes first, and shields what it matches from all that follow.
        tag_status: the images that the rule looks at.
        tag_patterns: with `TAGGED`, patterns that must *all* match one of an image's tags; `*` is any text.
        tag_prefixes: the same with prefixes, in place of patterns.
        storage_class: the images that the rule looks at.
        count_type: what `count` counts.
        count: how many images stay, or after how many days one goes.
        action: what happens to an image that goes.
        description: what ECR shows in the console; empty for none.
    """

    priority: int
    tag_status: TagStatus
    tag_patterns: tuple[str, ...] = ()
    tag_prefixes: tuple[str, ...] = ()
    storage_class: StorageClass = StorageClass.STANDARD
    count_type: CountType
    count: int
    action: Action = Action.EXPIRE
    description: str = ""

    @property
    def wanted(self) -> tuple[str, ...]:
        """Its patterns, and its prefixes as such: each must match one of an image's tags."""
        return (*self.tag_patterns, *(f"{prefix}{patterns.WILDCARD}" for prefix in self.tag_prefixes))

    @property
    def name(self) -> str:
        """What messages call it: its priority, and what it is described as."""
        return f"rule {self.priority} ({self.description})" if self.description else f"rule {self.priority}"


@dataclass(frozen=True)
class LifecyclePolicy:
    """The rules of one repository, sorted by priority."""

    rules: tuple[PolicyRule, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(sorted(self.rules, key=lambda rule: rule.priority)))

    @property
    def text(self) -> str:
        """The document for ECR: sorted by priority, without nulls, the same text for the same rules.

        Both keep the second preview empty: the AWS provider compares the text that ECR gives back.
        """
        return json.dumps({"rules": [_document(rule) for rule in self.rules]}, separators=(",", ":"))


def _document(rule: PolicyRule) -> dict[str, object]:
    selection: dict[str, object] = {"tagStatus": rule.tag_status.value}
    if rule.tag_patterns:
        selection["tagPatternList"] = list(rule.tag_patterns)
    if rule.tag_prefixes:
        selection["tagPrefixList"] = list(rule.tag_prefixes)
    if rule.storage_class is not StorageClass.STANDARD:
        selection["storageClass"] = rule.storage_class.value
    selection["countType"] = rule.count_type.value
    if rule.count_type is not CountType.IMAGES:
        selection["countUnit"] = "days"
    selection["countNumber"] = rule.count
    action: dict[str, object] = {"type": rule.action.value}
    if rule.action is Action.ARCHIVE:
        action["targetStorageClass"] = StorageClass.ARCHIVE.value
    description = {"description": rule.description} if rule.description else {}
    return {"rulePriority": rule.priority, **description, "selection": selection, "action": action}
