"""A slow evaluator, written from the numbered rules of ECR's documentation alone: what the quick one is compared with.

One small method for each rule, in the order of the user guide ("Lifecycle policy evaluation rules in Amazon ECR"), and
nothing remembered between two of them. A mutant replaces one method (see `mutants`), to show that the tests can fail.
It shares no code with `ecr.lifecycle.evaluation` or `ecr.lifecycle.patterns`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus

Verdict = tuple[str, int | None]
Verdicts = dict[str, Verdict]
KEEP: Verdict = ("keep", None)
OUTCOMES = {"expire": "expire", "transition": "archive"}
STORAGE_CLASSES = {ImageStatus.ACTIVE: StorageClass.STANDARD, ImageStatus.ARCHIVED: StorageClass.ARCHIVE}


class Oracle:
    """What would happen to each image: `verdicts()` maps its digest to an outcome and the priority of the rule."""

    def __init__(self, policy: LifecyclePolicy, images: Sequence[Image], now: datetime) -> None:
        self.rules = policy.rules
        self.images = tuple(images)
        self.now = now

    def verdicts(self) -> Verdicts:
        return {image.digest: self.verdict(image) for image in self.images}

    def acted(self) -> Verdicts:
        return {digest: verdict for digest, verdict in self.verdicts().items() if verdict != KEEP}

    def verdict(self, image: Image) -> Verdict:
        if self.is_child_of_a_present_index(image):
            return KEEP
        if self.subject(image) is not None:
            return self.verdict_of_referrer(image)
        return self.verdict_by_rules(image)

    # (1) All rules are evaluated at once, and applied by priority.

    def verdict_by_rules(self, image: Image) -> Verdict:
        for rule in self.by_priority():
            if self.acts(rule, image):
                return OUTCOMES[rule.action.value], rule.priority
        return KEEP

    def by_priority(self) -> list[PolicyRule]:
        return sorted(self.rules, key=lambda rule: rule.priority)

    # (2) Every pattern or prefix of a rule matches at least one of the image's tags.

    def selects(self, rule: PolicyRule, image: Image) -> bool:
        return self.is_seen(rule, image) and self.has_the_tags(rule, image)

    def has_the_tags(self, rule: PolicyRule, image: Image) -> bool:
        if rule.tag_status is TagStatus.UNTAGGED:
            return not image.tags
        if rule.tag_status is TagStatus.ANY:
            return True
        wanted = [any(self.is_like(pattern, tag) for tag in image.tags) for pattern in rule.tag_patterns]
        wanted += [any(self.begins_with(prefix, tag) for tag in image.tags) for prefix in rule.tag_prefixes]
        return self.are_met(wanted)

    def are_met(self, wanted: Sequence[bool]) -> bool:
        return all(wanted)

    def is_like(self, pattern: str, tag: str) -> bool:
        return _is_like(pattern, tag)

    def begins_with(self, prefix: str, tag: str) -> bool:
        return tag[: len(prefix)] == prefix

    # (3) What a higher rule matches, a lower one can't act on, even when the higher one keeps it.

    def acts(self, rule: PolicyRule, image: Image) -> bool:
        return self.selects(rule, image) and not self.is_shielded(rule, image) and image in self.excess(rule)

    def is_shielded(self, rule: PolicyRule, image: Image) -> bool:
        return any(self.shields(higher, image, rule) for higher in self.higher(rule))

    def higher(self, rule: PolicyRule) -> list[PolicyRule]:
        return [other for other in self.rules if other.priority < rule.priority]

    def shields(self, higher: PolicyRule, image: Image, rule: PolicyRule) -> bool:
        return higher.storage_class is rule.storage_class and self.selects(higher, image)

    # (4) It still counts in the lower rule: the excess is taken over all images that the rule matches.

    def excess(self, rule: PolicyRule) -> list[Image]:
        if rule.count_type is CountType.IMAGES:
            return self.youngest_first(self.counted(rule))[rule.count :]
        return [image for image in self.counted(rule) if self.is_too_old(rule, image)]

    def counted(self, rule: PolicyRule) -> list[Image]:
        return [image for image in self.images if self.selects(rule, image)]

    # (5) Images are counted from the youngest to the oldest push. Of two pushed at once the smaller digest is younger.

    def youngest_first(self, images: Sequence[Image]) -> list[Image]:
        by_digest = sorted(images, key=lambda image: image.digest)
        return sorted(by_digest, key=lambda image: self.since(image.pushed_at))  # the sort is stable

    # Days: an image goes when it is older than that many times 24 hours, not when it is exactly as old.

    def is_too_old(self, rule: PolicyRule, image: Image) -> bool:
        return self.is_past(self.since(self.starting_time(rule, image)), timedelta(days=rule.count))

    def is_past(self, age: timedelta, limit: timedelta) -> bool:
        return age > limit

    def since(self, moment: datetime) -> timedelta:
        # Python subtracts two times of one zone by their clocks, and so forgets the hour of daylight saving.
        return self.now.astimezone(UTC) - moment.astimezone(UTC)

    def starting_time(self, rule: PolicyRule, image: Image) -> datetime:
        if rule.count_type is CountType.DAYS_SINCE_PULL:
            return self.last_use(image)
        if rule.count_type is CountType.DAYS_SINCE_ARCHIVING:
            return self.last_archived(image)
        return image.pushed_at

    # (6) The last pull; for an image not pulled since it was restored, that; for one never pulled, the push.

    def last_use(self, image: Image) -> datetime:
        uses = [moment for moment in (image.pulled_at, image.activated_at) if moment is not None]
        return min(uses, key=self.since) if uses else image.pushed_at

    # (7) Days in the archive count from the last time that it was archived.

    def last_archived(self, image: Image) -> datetime:
        assert image.archived_at is not None, f"{image.digest} is archived, and nobody knows since when"
        return image.archived_at

    # (8) A manifest that an index lists is not acted on until the index has gone.

    def is_child_of_a_present_index(self, image: Image) -> bool:
        return any(image.digest in index.children and self.holds(index, image) for index in self.images)

    def holds(self, index: Image, child: Image) -> bool:
        """Not from the archive: ECR archives an index first, and its children a day later."""
        return not (index.status is ImageStatus.ARCHIVED and child.status is ImageStatus.ACTIVE)

    # (9) A referrer follows its subject.

    def subject(self, image: Image) -> Image | None:
        return next((other for other in self.images if other.digest == image.subject), None)

    def verdict_of_referrer(self, image: Image) -> Verdict:
        here, passed = image, [image]
        while (subject := self.subject(here)) is not None:
            if subject in passed or not self.goes_along(here, subject) or self.is_child_of_a_present_index(here):
                return KEEP
            here = subject
            passed.append(here)
        return self.verdict(here)

    def goes_along(self, referrer: Image, subject: Image) -> bool:
        return self.storage_class(referrer) is self.storage_class(subject)

    # Matching and shielding are per storage class. An image on its way back from the archive is in neither.

    def is_seen(self, rule: PolicyRule, image: Image) -> bool:
        return self.storage_class(image) is rule.storage_class

    def storage_class(self, image: Image) -> StorageClass | None:
        return STORAGE_CLASSES.get(image.status)


@cache
def _is_like(pattern: str, tag: str) -> bool:
    expression = ".*".join(re.escape(text) for text in pattern.split("*"))
    return re.fullmatch(expression, tag, re.DOTALL) is not None
