"""Images that depend on others: those in an index, and referrers.

Source: ECR user guide, "Lifecycle policy evaluation rules": an image that a manifest list references stays until the
list is deleted or archived; reference artifacts go once their subject has gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from ecr.lifecycle import image_sets
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.numbering import Numbered
from ecr.lifecycle.policy import PolicyRule
from ecr.lifecycle.selection import storage_class


class Relations:
    """Who depends on whom among the images of one repository, by their numbers.

    Args:
        numbered: all images.
    """

    def __init__(self, numbered: Numbered) -> None:
        self._images = numbered.images
        self._related = [(number, image) for number, image in numbered if image.children or image.subject]
        self._numbers = {image.digest: number for number, image in numbered} if self._related else {}

    @cached_property
    def bound(self) -> int:
        """The set of images that no rule acts on by itself."""
        return image_sets.of((*self.indexes, *self.subjects), len(self._images))

    @cached_property
    def indexes(self) -> Mapping[int, int]:
        """Number of an image -> number of an index that keeps it."""
        found: dict[int, int] = {}
        for at, index in self._related:
            for digest in index.children:
                child = self._numbers.get(digest, at)
                if child != at and not _has_left(index, self._images[child]):
                    found.setdefault(child, at)
        return found

    @cached_property
    def subjects(self) -> Mapping[int, int]:
        """Number of a referrer -> number of its subject, where that is in the repository."""
        return {
            at: self._numbers[image.subject]
            for at, image in self._related
            if image.subject is not None and image.subject in self._numbers
        }

    def followers(self, acting: Mapping[int, PolicyRule]) -> dict[int, PolicyRule]:
        """The referrers that go with their subjects, and by which rule.

        Args:
            acting: number of an image that goes by itself -> the rule that acts on it.
        """
        found = {}
        for referrer in self.subjects:
            rule = acting.get(self._end(referrer))
            if rule is not None:
                found[referrer] = rule
        return found

    def _end(self, referrer: int) -> int:
        """The image that a referrer follows in the end: through referrers of referrers, within one storage class."""
        at, passed = referrer, {referrer}
        while at in self.subjects and at not in self.indexes:
            subject = self.subjects[at]
            if subject in passed or storage_class(self._images[subject]) is not storage_class(self._images[at]):
                return referrer
            passed.add(subject)
            at = subject
        return at


def _has_left(index: Image, child: Image) -> bool:
    """Whether an index has gone to the archive before an image that it lists."""
    return index.status is ImageStatus.ARCHIVED and child.status is ImageStatus.ACTIVE
