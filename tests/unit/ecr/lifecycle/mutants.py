"""The oracle with one mistake each: the table and the random comparison must notice every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import PolicyRule, StorageClass
from tests.unit.ecr.lifecycle.oracle import KEEP, Oracle, Verdict


class LimitIncluded(Oracle):
    """An image exactly as old as the limit goes."""

    def is_past(self, age: timedelta, limit: timedelta) -> bool:
        return age >= limit


class WholeDays(Oracle):
    """Hours beyond the last whole day don't count."""

    def is_past(self, age: timedelta, limit: timedelta) -> bool:
        return age.days > limit.days


class OnePatternIsEnough(Oracle):
    def are_met(self, wanted: Sequence[bool]) -> bool:
        return any(wanted)


class OneTagMeetsAllPatterns(Oracle):
    def has_the_tags(self, rule: PolicyRule, image: Image) -> bool:
        if not rule.tag_patterns:
            return super().has_the_tags(rule, image)
        return any(all(self.is_like(pattern, tag) for pattern in rule.tag_patterns) for tag in image.tags)


class PatternsArePrefixes(Oracle):
    def is_like(self, pattern: str, tag: str) -> bool:
        return super().is_like(f"{pattern}*", tag)


class PrefixesArePatterns(Oracle):
    def begins_with(self, prefix: str, tag: str) -> bool:
        return self.is_like(f"{prefix}*", tag)


class NoShielding(Oracle):
    def is_shielded(self, rule: PolicyRule, image: Image) -> bool:  # noqa: ARG002  # the mistake is not to look
        return False


class OnlyWhatGoesShields(Oracle):
    """What a higher rule keeps is free for a lower one."""

    def shields(self, higher: PolicyRule, image: Image, rule: PolicyRule) -> bool:
        return super().shields(higher, image, rule) and image in self.excess(higher)


class ShieldsOverClasses(Oracle):
    def shields(self, higher: PolicyRule, image: Image, rule: PolicyRule) -> bool:  # noqa: ARG002  # nor at the class
        return self.has_the_tags(higher, image)


class LowerRulesShield(Oracle):
    def higher(self, rule: PolicyRule) -> list[PolicyRule]:
        return [other for other in self.rules if other.priority > rule.priority]


class PriorityAsText(Oracle):
    def higher(self, rule: PolicyRule) -> list[PolicyRule]:
        return [other for other in self.rules if str(other.priority) < str(rule.priority)]


class ShieldedDoNotCount(Oracle):
    """Subtracts what is shielded before it counts, not after."""

    def counted(self, rule: PolicyRule) -> list[Image]:
        return [image for image in super().counted(rule) if not self.is_shielded(rule, image)]


class ChildrenDoNotCount(Oracle):
    def counted(self, rule: PolicyRule) -> list[Image]:
        return [image for image in super().counted(rule) if not self.is_child_of_a_present_index(image)]


class ReferrersDoNotCount(Oracle):
    def counted(self, rule: PolicyRule) -> list[Image]:
        return [image for image in super().counted(rule) if self.subject(image) is None]


class OldestFirst(Oracle):
    def youngest_first(self, images: Sequence[Image]) -> list[Image]:
        return super().youngest_first(images)[::-1]


class GreaterDigestIsYounger(Oracle):
    def youngest_first(self, images: Sequence[Image]) -> list[Image]:
        by_digest = sorted(images, key=lambda image: image.digest, reverse=True)
        return sorted(by_digest, key=lambda image: self.since(image.pushed_at))


class OneFewer(Oracle):
    def excess(self, rule: PolicyRule) -> list[Image]:
        return super().excess(rule)[:-1]


class PullsAlone(Oracle):
    """Forgets that an image was restored."""

    def last_use(self, image: Image) -> datetime:
        return image.pulled_at or image.pushed_at


class FirstOfPullAndRestore(Oracle):
    """Takes the last pull, even one before the image was restored."""

    def last_use(self, image: Image) -> datetime:
        return image.pulled_at or image.activated_at or image.pushed_at


class PushIsAUse(Oracle):
    def last_use(self, image: Image) -> datetime:
        return min(super().last_use(image), image.pushed_at, key=self.since)


class ArchiveAgeSincePush(Oracle):
    def last_archived(self, image: Image) -> datetime:
        return image.pushed_at


class ArchiveIsNotApart(Oracle):
    def is_seen(self, rule: PolicyRule, image: Image) -> bool:
        return super().is_seen(rule, image) or rule.storage_class is StorageClass.STANDARD


class ActivatingIsStandard(Oracle):
    def storage_class(self, image: Image) -> StorageClass | None:
        return super().storage_class(image) or StorageClass.STANDARD


class ChildrenGo(Oracle):
    def is_child_of_a_present_index(self, image: Image) -> bool:  # noqa: ARG002  # the mistake is not to look
        return False


class ChildrenOfWhatGoesGo(Oracle):
    """Takes an index that goes for one that has gone."""

    def holds(self, index: Image, child: Image) -> bool:
        return super().holds(index, child) and self.verdict_by_rules(index) == KEEP


class ArchivedIndexesHoldAll(Oracle):
    def holds(self, index: Image, child: Image) -> bool:  # noqa: ARG002  # the mistake is not to look
        return True


class ArchivedIndexesHoldNothing(Oracle):
    def holds(self, index: Image, child: Image) -> bool:  # noqa: ARG002  # the mistake is not to look
        return index.status is not ImageStatus.ARCHIVED


class ReferrersGoAlone(Oracle):
    def subject(self, image: Image) -> Image | None:  # noqa: ARG002  # the mistake is not to look
        return None


class ReferrersStay(Oracle):
    def verdict_of_referrer(self, image: Image) -> Verdict:  # noqa: ARG002  # the mistake is not to look
        return KEEP


class NoChains(Oracle):
    def verdict_of_referrer(self, image: Image) -> Verdict:
        subject = self.subject(image)
        is_chain = subject is not None and self.subject(subject) is not None
        return KEEP if is_chain else super().verdict_of_referrer(image)


class ReferrersOverClasses(Oracle):
    def goes_along(self, referrer: Image, subject: Image) -> bool:  # noqa: ARG002  # the mistake is not to look
        return True


class ReferrersOfNothingStay(Oracle):
    def verdict(self, image: Image) -> Verdict:
        is_lost = image.subject is not None and self.subject(image) is None
        return KEEP if is_lost else super().verdict(image)


class ListedReferrersGo(Oracle):
    """A referrer follows its subject even when an index lists it."""

    def verdict(self, image: Image) -> Verdict:
        return super().verdict(image) if self.subject(image) is None else self.verdict_of_referrer(image)

    def is_child_of_a_present_index(self, image: Image) -> bool:
        return super().is_child_of_a_present_index(image) and self.subject(image) is None


class ClocksNotMoments(Oracle):
    """Compares what the clocks showed, whatever their zone."""

    def since(self, moment: datetime) -> timedelta:
        return self.now.replace(tzinfo=None) - moment.replace(tzinfo=None)


MUTANTS: list[type[Oracle]] = Oracle.__subclasses__()
