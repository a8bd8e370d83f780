"""What ECR demands of a lifecycle policy: all that it would refuse, with the rule, the field and the reason.

Sources: ECR user guide, "Lifecycle policy properties in Amazon ECR" (values, and which go together) and "Automate the
cleanup of images by using lifecycle policies in Amazon ECR", section "Considerations" (what must be unique); ECR
service quotas (rules); ECR API reference, PutLifecyclePolicy (length).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ecr.lifecycle.patterns import WILDCARD
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, StorageClass, TagStatus
from ecr.strict_json import shown

MAX_RULES = 50  # ECR service quotas, "Rules per lifecycle policy"
MIN_POLICY_CHARS = 100  # ECR API reference, PutLifecyclePolicy, lifecyclePolicyText
MAX_POLICY_CHARS = 30_720
MAX_WILDCARDS = 4  # in one tag pattern
MIN_ARCHIVED_DAYS = 90  # the least time that images are stored in the archive
# A longer tag can't be pushed (OCI distribution specification, "Pulling manifests").
MAX_TAG_CHARS = 128

PRIORITY = "rulePriority"
TAG_STATUS = "selection.tagStatus"
PATTERNS = "selection.tagPatternList"
PREFIXES = "selection.tagPrefixList"
STORAGE_CLASS = "selection.storageClass"
COUNT = "selection.countNumber"
ACTION = "action.type"

# What each count type goes with.
_STORAGE = dict.fromkeys(CountType, StorageClass.STANDARD) | {CountType.DAYS_SINCE_ARCHIVING: StorageClass.ARCHIVE}
_ACTIONS = {
    CountType.IMAGES: (Action.EXPIRE, Action.ARCHIVE),
    CountType.DAYS_SINCE_PUSH: (Action.EXPIRE, Action.ARCHIVE),
    CountType.DAYS_SINCE_PULL: (Action.ARCHIVE,),
    CountType.DAYS_SINCE_ARCHIVING: (Action.EXPIRE,),
}
# '*' is let through in a prefix: ECR takes it, literally, and `ecr.lifecycle.advice` says that it matches nothing.
_TAG_TEXT = re.compile(r"[A-Za-z0-9._*-]*")
_TAG_RULE = f"1 to {MAX_TAG_CHARS} letters, digits, '.', '_' and '-'"
_PATTERN_RULE = f"{_TAG_RULE}, and at most {MAX_WILDCARDS} '*'"


@dataclass(frozen=True)
class Problem:
    """Something that ECR would refuse.

    Attributes:
        index: the place of the rule; None when it is about the policy as a whole.
        field: which part of the rule, by its path in the document, such as `selection.countNumber`; may be empty.
        reason: the value, why it is refused, and what is accepted.
    """

    index: int | None
    field: str
    reason: str


class Known(Protocol):
    """A rule as far as it is known. What is None is wrong in itself, which is said elsewhere."""

    @property
    def priority(self) -> int | None:
        """As in `PolicyRule`, like all below."""

    @property
    def tag_status(self) -> TagStatus | None:
        """Which images, by their tags."""

    @property
    def tag_patterns(self) -> tuple[str | None, ...] | None:
        """The tag patterns, empty for none."""

    @property
    def tag_prefixes(self) -> tuple[str | None, ...] | None:
        """The tag prefixes, empty for none."""

    @property
    def storage_class(self) -> StorageClass | None:
        """Which images, by where they are stored."""

    @property
    def count_type(self) -> CountType | None:
        """What `count` counts."""

    @property
    def count(self) -> int | None:
        """How many images or days."""

    @property
    def action(self) -> Action | None:
        """What happens to an image that goes."""


def problems(policy: LifecyclePolicy) -> tuple[Problem, ...]:
    """All that ECR would refuse in a policy, by the places of its rules."""
    return sorted_problems((*length_problems(len(policy.text)), *rule_problems(policy.rules)))


def sorted_problems(found: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those of the whole policy first, then by rule."""
    return tuple(sorted(found, key=lambda problem: -1 if problem.index is None else problem.index))


def length_problems(chars: int) -> Iterator[Problem]:
    """What is wrong with the length of a policy's text."""
    if not MIN_POLICY_CHARS <= chars <= MAX_POLICY_CHARS:
        reason = f"has {chars} characters; accepted: {MIN_POLICY_CHARS} to {MAX_POLICY_CHARS}"
        yield Problem(None, "", reason)


def rule_problems(rules: Sequence[Known]) -> Iterator[Problem]:
    """What is wrong with rules, each by itself and together; they may stand in any order."""
    if not 1 <= len(rules) <= MAX_RULES:
        yield Problem(None, "rules", f"has {len(rules)} rules; accepted: 1 to {MAX_RULES}")
    for index, rule in enumerate(rules):
        for field, reason in _alone(rule):
            yield Problem(index, field, reason)
    yield from _equal_priorities(rules)
    for storage_class in StorageClass:
        # A rule sees the images of one storage class, so that what must be unique is so within it.
        together = [(index, rule) for index, rule in enumerate(rules) if rule.storage_class is storage_class]
        yield from _equal_statuses(together, storage_class)
        yield from _equal_prefixes(together, storage_class)
        yield from _any_before_others(together, storage_class)


def is_tag_pattern(text: str) -> bool:
    """Whether ECR accepts `text` as a tag pattern."""
    return _is_tag_text(text) and text.count(WILDCARD) <= MAX_WILDCARDS


def _is_tag_text(text: str) -> bool:
    return bool(text) and len(text) - text.count(WILDCARD) <= MAX_TAG_CHARS and _is_of_tag_chars(text)


def _is_of_tag_chars(text: str) -> bool:
    return _TAG_TEXT.fullmatch(text) is not None


# ---------------------------------------------------------------------------------------------------------------------
# One rule
# ---------------------------------------------------------------------------------------------------------------------


def _alone(rule: Known) -> Iterator[tuple[str, str]]:
    if rule.priority is not None and rule.priority < 1:
        yield PRIORITY, f"{shown(rule.priority)} is not accepted; accepted: a whole number, 1 or more"
    yield from _tags(rule)
    if rule.count_type is not None:
        yield from _combination(rule.count_type, rule)
    if rule.count is not None:
        yield from _count(rule.count, rule)


def _tags(rule: Known) -> Iterator[tuple[str, str]]:
    yield from _tag_lists(rule)
    for field, texts in ((PATTERNS, rule.tag_patterns or ()), (PREFIXES, rule.tag_prefixes or ())):
        for at, text in enumerate(texts):
            if text is not None:
                yield from ((f"{field}[{at}]", reason) for reason in _tag_text(text, texts[:at], field))


def _tag_lists(rule: Known) -> Iterator[tuple[str, str]]:
    """Which lists go with the tag status."""
    patterns, prefixes, status = rule.tag_patterns, rule.tag_prefixes, rule.tag_status
    if patterns == () and prefixes == () and status is TagStatus.TAGGED:
        yield PATTERNS, 'is missing; with tagStatus "tagged" a rule needs tagPatternList or tagPrefixList'
    if patterns and prefixes:
        yield PREFIXES, "is not accepted beside tagPatternList; accepted: one of them"
    if status in (TagStatus.UNTAGGED, TagStatus.ANY):
        for field, texts in ((PATTERNS, patterns), (PREFIXES, prefixes)):
            if texts:
                yield field, f'is not accepted with tagStatus {shown(status.value)}; accepted: with "tagged" only'


def _tag_text(text: str, before: Sequence[str | None], field: str) -> Iterator[str]:
    """What is wrong with one tag pattern or prefix of a list, after those before it."""
    rule = _PATTERN_RULE if field == PATTERNS else _TAG_RULE
    if not _is_tag_text(text):
        yield f"{shown(text)} {_why_no_tag_text(text)}; accepted: {rule}"
    elif field == PATTERNS and not is_tag_pattern(text):
        yield f"{shown(text)} has {text.count(WILDCARD)} wildcards; accepted: {rule}"
    if text in before:
        yield f"{shown(text)} stands twice in the list; accepted: each once"


def _why_no_tag_text(text: str) -> str:
    if not text:
        return "is empty"
    return "is longer than any tag" if _is_of_tag_chars(text) else "has characters that no tag has"


def _combination(count_type: CountType, rule: Known) -> Iterator[tuple[str, str]]:
    if rule.storage_class not in (None, _STORAGE[count_type]):
        stated = (
            f"{shown(str(rule.storage_class))}{' (which a missing one means)' * (rule.storage_class == 'standard')}"
        )
        accepted = shown(_STORAGE[count_type].value)
        yield STORAGE_CLASS, f"{stated} is not accepted with countType {shown(count_type.value)}; accepted: {accepted}"
    if rule.action is not None and rule.action not in _ACTIONS[count_type]:
        stated, accepted = shown(rule.action.value), " or ".join(shown(one.value) for one in _ACTIONS[count_type])
        yield ACTION, f"{stated} is not accepted with countType {shown(count_type.value)}; accepted: {accepted}"


def _count(count: int, rule: Known) -> Iterator[tuple[str, str]]:
    if count < 1:
        yield COUNT, f"{shown(count)} is not accepted; accepted: a whole number, 1 or more"
    elif rule.count_type is CountType.DAYS_SINCE_ARCHIVING and count < MIN_ARCHIVED_DAYS:
        accepted = f"{MIN_ARCHIVED_DAYS} or more, the least time in the archive"
        yield COUNT, f"{count} is not accepted with countType {shown(rule.count_type.value)}; accepted: {accepted}"


# ---------------------------------------------------------------------------------------------------------------------
# Rules together
# ---------------------------------------------------------------------------------------------------------------------

Placed = Sequence[tuple[int, Known]]


def _equal_priorities(rules: Sequence[Known]) -> Iterator[Problem]:
    first: dict[int, int] = {}
    for index, rule in enumerate(rules):
        if rule.priority is not None and first.setdefault(rule.priority, index) != index:
            other = first[rule.priority]
            reason = f"{shown(rule.priority)} is the priority of rule [{other}] too; accepted: each number once"
            yield Problem(index, PRIORITY, reason)


def _equal_statuses(rules: Placed, storage_class: StorageClass) -> Iterator[Problem]:
    for status in (TagStatus.UNTAGGED, TagStatus.ANY):
        first, *more = [index for index, rule in rules if rule.tag_status is status] or [0]
        for index in more:
            reason = (
                f"{shown(status.value)} is the tag status of rule [{first}] too; "
                f"accepted: one such rule for the storage class {shown(storage_class.value)}"
            )
            yield Problem(index, TAG_STATUS, reason)


def _equal_prefixes(rules: Placed, storage_class: StorageClass) -> Iterator[Problem]:
    first: dict[frozenset[str | None], int] = {}
    for index, rule in rules:
        prefixes = frozenset(rule.tag_prefixes or ())
        if prefixes and None not in prefixes and first.setdefault(prefixes, index) != index:
            reason = (
                f"has the prefixes of rule [{first[prefixes]}]; "
                f"accepted: different ones in each rule for the storage class {shown(storage_class.value)}"
            )
            yield Problem(index, PREFIXES, reason)


def _any_before_others(rules: Placed, storage_class: StorageClass) -> Iterator[Problem]:
    others = [
        (rule.priority, index)
        for index, rule in rules
        if rule.priority is not None and rule.tag_status in (TagStatus.TAGGED, TagStatus.UNTAGGED)
    ]
    last, other = max(others, default=(0, 0))
    for index, rule in rules:
        if rule.tag_status is TagStatus.ANY and rule.priority is not None and 1 <= rule.priority < last:
            reason = (
                f"{shown(rule.priority)} is lower than the {shown(last)} of rule [{other}]; accepted: the highest "
                f'number of the storage class {shown(storage_class.value)}, as the rule has tagStatus "any"'
            )
            yield Problem(index, PRIORITY, reason)
