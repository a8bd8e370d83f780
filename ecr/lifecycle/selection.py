"""Which images each rule of a policy sees, by their storage class and tags."""

from __future__ import annotations

from functools import cache

from ecr.lifecycle import image_sets, patterns
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.numbering import Numbered
from ecr.lifecycle.policy import PolicyRule, StorageClass, TagStatus
from ecr.lifecycle.tag_index import TagIndex

_STORAGE_CLASSES = {ImageStatus.ACTIVE: StorageClass.STANDARD, ImageStatus.ARCHIVED: StorageClass.ARCHIVE}


def storage_class(image: Image) -> StorageClass | None:
    """Where an image is; None while it is being restored, when no rule sees it."""
    return _STORAGE_CLASSES.get(image.status)


class Selector:
    """Finds the images that rules match. Each pattern is looked for once, whatever the number of rules.

    Args:
        numbered: all images of the repository.
    """

    def __init__(self, numbered: Numbered) -> None:
        self._count = len(numbered)
        tags: list[str] = []
        owners: list[int] = []
        elsewhere: dict[ImageStatus, list[int]] = {ImageStatus.ARCHIVED: [], ImageStatus.ACTIVATING: []}
        for number, image in numbered:  # once, for all that there is to know: a walk over a million takes a second
            for tag in image.tags:
                tags.append(tag)
                owners.append(number)
            if image.status is not ImageStatus.ACTIVE:
                elsewhere[image.status].append(number)
        self._tags = TagIndex(tags, owners)
        self._tagged = image_sets.of(owners, self._count)
        archived, restored = (image_sets.of(numbers, self._count) for numbers in elsewhere.values())
        self._classes = {
            StorageClass.ARCHIVE: archived,
            StorageClass.STANDARD: image_sets.everything(self._count) & ~archived & ~restored,
        }
        self._having = cache(self._find)

    def matched(self, rule: PolicyRule) -> int:
        """The set of images that a rule matches: all of its patterns or prefixes meet one of an image's tags."""
        return self._classes[rule.storage_class] & self._by_tags(rule)

    def _by_tags(self, rule: PolicyRule) -> int:
        if rule.tag_status is TagStatus.ANY:
            return image_sets.everything(self._count)
        if rule.tag_status is TagStatus.UNTAGGED:
            return image_sets.everything(self._count) & ~self._tagged
        found = self._tagged
        for pattern in rule.tag_patterns:
            found &= self._having(tuple(pattern.split(patterns.WILDCARD)))
        for prefix in rule.tag_prefixes:
            found &= self._having((prefix, ""))
        return found

    def _find(self, parts: tuple[str, ...]) -> int:
        if len(parts) > 1 and not any(parts):
            return self._tagged
        return image_sets.of(self._tags.owners(parts), self._count)
