"""What a lifecycle policy does to the images of a repository, by which rule, and to which it does nothing.

Source: ECR user guide, "Lifecycle policy evaluation rules". In short: each rule matches images of its storage class by
their tags, and of these some are in excess, by count or by age. A rule acts on its excess except for what a rule of
higher priority has matched. Images in an index stay as long as the index; referrers do as their subject does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from ecr.lifecycle import image_sets
from ecr.lifecycle.ages import Ages
from ecr.lifecycle.images import Image
from ecr.lifecycle.numbering import Numbered
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass
from ecr.lifecycle.relations import Relations
from ecr.lifecycle.selection import Selector


class Outcome(StrEnum):
    """What happens to an image."""

    KEEP = "keep"
    EXPIRE = "expire"
    ARCHIVE = "archive"


def outcome_of(rule: PolicyRule) -> Outcome:
    """What a rule does to the images that it acts on."""
    return Outcome.EXPIRE if rule.action is Action.EXPIRE else Outcome.ARCHIVE


class Acted(NamedTuple):
    """An image that a rule expires or archives."""

    image: Image
    rule: PolicyRule

    @property
    def outcome(self) -> Outcome:
        """What the rule does."""
        return outcome_of(self.rule)


@dataclass(frozen=True)
class Marks:
    """What one rule has found, as sets of image numbers: all that it matches, and the excess among them."""

    rule: PolicyRule
    matched: int
    excess: int


@dataclass(frozen=True)
class Evaluation:
    """The answer for one policy, the images of one repository and one moment.

    Attributes:
        policy: the policy.
        images: all images, the youngest first; their places here are the numbers in `marks`.
        now: the moment.
        marks: what each rule has found, in order of priority.
        acting: number of an image -> the rule that expires or archives it.
        relations: which images depend on others.
    """

    policy: LifecyclePolicy
    images: tuple[Image, ...]
    now: datetime
    marks: tuple[Marks, ...]
    acting: Mapping[int, PolicyRule]
    relations: Relations

    @cached_property
    def actions(self) -> tuple[Acted, ...]:
        """Every image that goes, the oldest first."""
        return tuple(Acted(self.images[at], self.acting[at]) for at in sorted(self.acting, reverse=True))

    @property
    def expired(self) -> tuple[Acted, ...]:
        """The images that are deleted, the oldest first."""
        return self._with(Outcome.EXPIRE)

    @property
    def archived(self) -> tuple[Acted, ...]:
        """The images that are moved to the archive, the oldest first."""
        return self._with(Outcome.ARCHIVE)

    @property
    def kept(self) -> int:
        """How many images stay as they are."""
        return len(self.images) - len(self.acting)

    @property
    def bytes_freed(self) -> int:
        """The sizes of the expired images. Layers that they share with others are stored once, so this is a limit."""
        return sum(acted.image.size for acted in self.expired)

    def _with(self, outcome: Outcome) -> tuple[Acted, ...]:
        acting = {at: rule for at, rule in self.acting.items() if outcome_of(rule) is outcome}
        return tuple(Acted(self.images[at], acting[at]) for at in sorted(acting, reverse=True))


def evaluate(policy: LifecyclePolicy, images: Iterable[Image], now: datetime) -> Evaluation:
    """Apply a policy to the images of one repository.

    Takes n log n time for n images; a rule costs a few passes over their tags, and little more.

    Args:
        policy: a policy that ECR would accept.
        images: all images of the repository, in any order; each digest once.
        now: the moment, with its zone.
    """
    numbered = Numbered(tuple(images))
    selector, ages, relations = Selector(numbered), Ages(numbered, now), Relations(numbered)
    seen = dict.fromkeys(StorageClass, 0)
    marks: list[Marks] = []
    acting: dict[int, PolicyRule] = {}
    for rule in policy.rules:
        matched = selector.matched(rule)
        excess = _excess(rule, matched, ages)
        # What a higher rule has matched is not acted on, but it counts.
        free = excess & ~seen[rule.storage_class] & ~relations.bound
        acting |= dict.fromkeys(image_sets.members(free), rule)
        seen[rule.storage_class] |= matched
        marks.append(Marks(rule, matched, excess))
    acting |= relations.followers(acting)
    return Evaluation(policy, numbered.images, now, tuple(marks), acting, relations)


def _excess(rule: PolicyRule, matched: int, ages: Ages) -> int:
    if rule.count_type is CountType.IMAGES:
        return image_sets.without_youngest(matched, rule.count)
    return matched & ages.older_than(rule.count_type, rule.count)
