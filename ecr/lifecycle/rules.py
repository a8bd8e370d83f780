"""Lifecycle rules that read like intentions, compiled to a policy that ECR accepts.

Source: ECR user guide, "Automate the cleanup of images by using lifecycle policies in Amazon ECR", with its sections
"Lifecycle policy parameters" and "Lifecycle policy evaluation rules".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus
from ecr.lifecycle.validation import MAX_POLICY_CHARS, MAX_RULES, MAX_WILDCARDS, MIN_ARCHIVED_DAYS, is_tag_pattern

_TAG_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,128}")
TAG_PATTERN_RULE = f"a tag pattern such as v*, of letters, digits, '.', '_', '-' and at most {MAX_WILDCARDS} '*'"
TAG_PREFIX_RULE = "how a tag begins, such as release-: letters, digits, '.', '_' and '-'; for a '*', use tag patterns"

# A hundred years: a rule that expires nothing, and shields what it matches from all rules that follow.
NEVER_DAYS = 36_500

_IN_DAYS = (CountType.DAYS_SINCE_PUSH, CountType.DAYS_SINCE_PULL, CountType.DAYS_SINCE_ARCHIVING)
_SINCE = {
    CountType.DAYS_SINCE_PUSH: "the push",
    CountType.DAYS_SINCE_PULL: "the last pull",
    CountType.DAYS_SINCE_ARCHIVING: "archiving",
}


def is_tag_prefix(text: str) -> bool:
    """Whether a tag can begin with `text`. ECR takes a `*` too, which stands for itself there, and which no tag has."""
    return _TAG_PREFIX.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True)
class LifecycleRule:
    """One rule that expires or archives images.

    Attributes:
        count_type: what `count` counts; it also says whether the rule is for archived images.
        count: how many of the latest images stay, or after how many days an image goes; 1 or more.
        tag_status: the images that the rule looks at.
        tag_patterns: with `TAGGED`, the patterns that must *all* match one of an image's tags (an AND, not an OR);
            `*` stands for any characters, four at most in a pattern. One that is given twice counts once.
        tag_prefixes: with `TAGGED`, the same with prefixes, in place of patterns.
        action: what happens to an image that goes.

    Raises:
        ValueError: for a combination that ECR would refuse.
    """

    count_type: CountType
    count: int
    tag_status: TagStatus = TagStatus.ANY
    tag_patterns: tuple[str, ...] = ()
    tag_prefixes: tuple[str, ...] = ()
    action: Action = Action.EXPIRE

    def __post_init__(self) -> None:
        object.__setattr__(self, "tag_patterns", _distinct(self.tag_patterns))
        object.__setattr__(self, "tag_prefixes", _distinct(self.tag_prefixes))
        if self.count < 1:
            raise ValueError(f"counts {self.count}; ECR accepts 1 or more")
        self._check_tags()
        self._check_action()

    def _check_tags(self) -> None:
        if self.tag_patterns and self.tag_prefixes:
            raise ValueError("has both tag patterns and tag prefixes; ECR accepts one of the two")
        if (self.tag_status is TagStatus.TAGGED) != bool(self.tag_patterns or self.tag_prefixes):
            what = "tag prefixes" if self.tag_prefixes else "tag patterns"
            raise ValueError(f"{what} go with tagged images, and only with them")
        for pattern in self.tag_patterns:
            if not is_tag_pattern(pattern):
                raise ValueError(f"{pattern!r} is not accepted; accepted: {TAG_PATTERN_RULE}")
        for prefix in self.tag_prefixes:
            if not is_tag_prefix(prefix):
                raise ValueError(f"{prefix!r} is not accepted; accepted: {TAG_PREFIX_RULE}")

    def _check_action(self) -> None:
        if self.count_type is CountType.DAYS_SINCE_PULL and self.action is not Action.ARCHIVE:
            raise ValueError("counts days since the last pull, by which ECR archives images and never expires them")
        if self.count_type is CountType.DAYS_SINCE_ARCHIVING:
            if self.action is not Action.EXPIRE:
                raise ValueError(
                    "counts days since archiving, by which ECR expires images and can't archive them again"
                )
            if self.count < MIN_ARCHIVED_DAYS:
                raise ValueError(
                    f"counts {self.count} days since archiving; ECR accepts {MIN_ARCHIVED_DAYS} or more, "
                    "because archived storage is paid for that long"
                )

    @property
    def storage_class(self) -> StorageClass:
        """The images that the rule looks at: those in the archive, or all others."""
        return StorageClass.ARCHIVE if self.count_type is CountType.DAYS_SINCE_ARCHIVING else StorageClass.STANDARD

    @property
    def description(self) -> str:
        """What the rule does, in words; ECR shows it in the console."""
        images = images_of(self)
        verb = "archive" if self.action is Action.ARCHIVE else "expire"
        if self.count_type is CountType.IMAGES:
            rest = ", archive the rest" if self.action is Action.ARCHIVE else ""
            return f"keep the latest {self.count} {images}{rest}"
        return f"{verb} {images} {self.count} days after {_SINCE[self.count_type]}"


@dataclass(frozen=True)
class Protection:
    """Images that no later rule may touch: those with a tag that matches one of the patterns (an OR).

    Raises:
        ValueError: without patterns, or for one that ECR would refuse.
    """

    patterns: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "patterns", _distinct(self.patterns))
        if not self.patterns:
            raise ValueError(f"protects nothing; accepted: {TAG_PATTERN_RULE}")
        for pattern in self.patterns:
            if not is_tag_pattern(pattern):
                raise ValueError(f"{pattern!r} is not accepted; accepted: {TAG_PATTERN_RULE}")


Rule = LifecycleRule | Protection


def keep_latest(
    count: int,
    *,
    tag_status: TagStatus = TagStatus.ANY,
    tag_patterns: Sequence[str] = (),
    tag_prefixes: Sequence[str] = (),
    action: Action = Action.EXPIRE,
) -> LifecycleRule:
    """Keep the `count` images pushed last among those selected, and expire or archive the rest."""
    return LifecycleRule(
        count_type=CountType.IMAGES,
        count=count,
        tag_status=tag_status,
        tag_patterns=tuple(tag_patterns),
        tag_prefixes=tuple(tag_prefixes),
        action=action,
    )


def expire_after(
    days: int,
    *,
    tag_status: TagStatus = TagStatus.ANY,
    tag_patterns: Sequence[str] = (),
    tag_prefixes: Sequence[str] = (),
) -> LifecycleRule:
    """Expire the selected images `days` days after their push."""
    return LifecycleRule(
        count_type=CountType.DAYS_SINCE_PUSH,
        count=days,
        tag_status=tag_status,
        tag_patterns=tuple(tag_patterns),
        tag_prefixes=tuple(tag_prefixes),
    )


def archive_after_push(
    days: int,
    *,
    tag_status: TagStatus = TagStatus.ANY,
    tag_patterns: Sequence[str] = (),
    tag_prefixes: Sequence[str] = (),
) -> LifecycleRule:
    """Archive the selected images `days` days after their push."""
    return replace(
        expire_after(days, tag_status=tag_status, tag_patterns=tag_patterns, tag_prefixes=tag_prefixes),
        action=Action.ARCHIVE,
    )


def archive_after_pull(
    days: int,
    *,
    tag_status: TagStatus = TagStatus.ANY,
    tag_patterns: Sequence[str] = (),
    tag_prefixes: Sequence[str] = (),
) -> LifecycleRule:
    """Archive the selected images that nobody has pulled for `days` days, or since their push if nobody ever did."""
    return LifecycleRule(
        count_type=CountType.DAYS_SINCE_PULL,
        count=days,
        tag_status=tag_status,
        tag_patterns=tuple(tag_patterns),
        tag_prefixes=tuple(tag_prefixes),
        action=Action.ARCHIVE,
    )


def expire_archived_after(
    days: int,
    *,
    tag_status: TagStatus = TagStatus.ANY,
    tag_patterns: Sequence[str] = (),
    tag_prefixes: Sequence[str] = (),
) -> LifecycleRule:
    """Expire the selected archived images `days` days after they were archived; 90 or more."""
    return LifecycleRule(
        count_type=CountType.DAYS_SINCE_ARCHIVING,
        count=days,
        tag_status=tag_status,
        tag_patterns=tuple(tag_patterns),
        tag_prefixes=tuple(tag_prefixes),
    )


def protect(*patterns: str) -> Protection:
    """Keep all images with a tag that matches one of the patterns, whatever later rules say."""
    return Protection(patterns)


def is_shield(rule: PolicyRule) -> bool:
    """Whether a rule never acts, and is there for what it keeps from the rules that follow."""
    return rule.action is Action.EXPIRE and rule.count_type in _IN_DAYS and rule.count >= NEVER_DAYS


def images_of(rule: LifecycleRule | PolicyRule) -> str:
    """The images that a rule looks at, in words."""
    untagged = "untagged " if rule.tag_status is TagStatus.UNTAGGED else ""
    archived = "archived " if rule.storage_class is StorageClass.ARCHIVE else ""
    tagged = f" tagged {' and '.join(rule.tag_patterns)}" if rule.tag_patterns else ""
    begin = f" with tags that begin with {' and '.join(rule.tag_prefixes)}" if rule.tag_prefixes else ""
    return f"{untagged}{archived}images{tagged}{begin}"


def problems(rules: Sequence[Rule]) -> tuple[str, ...]:
    """Why ECR would refuse a list of rules, or which of them could never act. Rules to be placed are never empty."""
    compiled = _compiled(rules)
    found = [*_crowded(compiled, rules), *_repeated_statuses(compiled), *_repeated_tags(compiled)]
    if (length := len(LifecyclePolicy(compiled).text)) > MAX_POLICY_CHARS:
        found.append(f"gives {length} characters of policy; ECR accepts at most {MAX_POLICY_CHARS}")
    return tuple(found)


def check(rules: Sequence[Rule]) -> None:
    """Refuse a list of rules that `problems` finds something wrong with. Raises ValueError with all reasons."""
    if found := problems(rules):
        raise ValueError("; ".join(found))


def compile_policy(rules: Sequence[Rule]) -> LifecyclePolicy:
    """The policy that does what the rules say, and that ECR accepts.

    Priorities are assigned in the order of `rules`; rules for any image go last, where ECR demands them. A protection
    becomes a rule that never acts for each of its patterns, because the patterns of one rule must all match; and a
    second one when a later rule expires archived images, because matching is apart for these.

    Raises:
        ValueError: when `rules` is empty or `check` refuses it.
    """
    if not rules:
        raise ValueError("has no rules; leave the policy out instead")
    check(rules)
    return LifecyclePolicy(_compiled(rules))


def render(rules: Sequence[Rule]) -> str:
    """The policy text for ECR. Raises ValueError as `compile_policy` does."""
    return compile_policy(rules).text


def _compiled(rules: Sequence[Rule]) -> tuple[PolicyRule, ...]:
    ordered = sorted(rules, key=lambda rule: isinstance(rule, LifecycleRule) and rule.tag_status is TagStatus.ANY)
    return tuple(replace(rule, priority=priority) for priority, rule in enumerate(_steps(ordered), start=1))


def _steps(ordered: Sequence[Rule]) -> Iterator[PolicyRule]:
    """The rules of the policy, all with the same priority. A pattern is shielded once in a storage class."""
    shielded: set[tuple[StorageClass, str]] = set()
    for at, rule in enumerate(ordered):
        if isinstance(rule, LifecycleRule):
            yield _step(rule)
            continue
        needed = {StorageClass.STANDARD, *_storage_classes(ordered[at:])}
        wanted = [(storage, pattern) for storage in StorageClass if storage in needed for pattern in rule.patterns]
        yield from (_shield(*one) for one in wanted if one not in shielded)
        shielded.update(wanted)


def _storage_classes(rules: Iterable[Rule]) -> set[StorageClass]:
    return {rule.storage_class for rule in rules if isinstance(rule, LifecycleRule)}


def _step(rule: LifecycleRule) -> PolicyRule:
    return PolicyRule(
        priority=1,
        tag_status=rule.tag_status,
        tag_patterns=rule.tag_patterns,
        tag_prefixes=rule.tag_prefixes,
        storage_class=rule.storage_class,
        count_type=rule.count_type,
        count=rule.count,
        action=rule.action,
        description=rule.description,
    )


def _shield(storage_class: StorageClass, pattern: str) -> PolicyRule:
    archived = storage_class is StorageClass.ARCHIVE
    rule = PolicyRule(
        priority=1,
        tag_status=TagStatus.TAGGED,
        tag_patterns=(pattern,),
        storage_class=storage_class,
        count_type=CountType.DAYS_SINCE_ARCHIVING if archived else CountType.DAYS_SINCE_PUSH,
        count=NEVER_DAYS,
    )
    return replace(rule, description=f"protect {images_of(rule)}")


def _crowded(compiled: Sequence[PolicyRule], rules: Sequence[Rule]) -> Iterator[str]:
    if len(compiled) > MAX_RULES:
        some_protect = any(isinstance(rule, Protection) for rule in rules)
        counted = ", as each protected pattern counts as one or two" if some_protect else ""
        yield f"has {len(compiled)} rules{counted}; ECR accepts at most {MAX_RULES}"


def _repeated_statuses(compiled: Sequence[PolicyRule]) -> Iterator[str]:
    counts = Counter((rule.storage_class, rule.tag_status) for rule in compiled)
    for storage_class in StorageClass:
        archived = "archived " if storage_class is StorageClass.ARCHIVE else ""
        for status in (TagStatus.ANY, TagStatus.UNTAGGED):
            if counts[storage_class, status] > 1:
                yield f"has more than one rule for {status} {archived}images; ECR accepts one"


def _repeated_tags(compiled: Sequence[PolicyRule]) -> Iterator[str]:
    # Not ECR's rule but ours: the first rule shields all that the second matches.
    acting = (rule for rule in compiled if rule.tag_patterns and not is_shield(rule))
    if _repeats((rule.storage_class, frozenset(rule.tag_patterns)) for rule in acting):
        yield "has two rules with the same tag patterns; the second could never act"
    if _repeats((rule.storage_class, frozenset(rule.tag_prefixes)) for rule in compiled if rule.tag_prefixes):
        yield "has two rules with the same tag prefixes; ECR accepts one, as the second could never act"


def _repeats(selections: Iterable[tuple[StorageClass, frozenset[str]]]) -> bool:
    return any(count > 1 for count in Counter(selections).values())


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


DEFAULT_RULES: tuple[LifecycleRule, ...] = (keep_latest(10),)
DEFAULT_POLICY = compile_policy(DEFAULT_RULES)
