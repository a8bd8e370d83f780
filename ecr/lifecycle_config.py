"""The `lifecycle` and `lifecycleGuard` keys of a stack's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ecr import config_reader
from ecr.config_reader import Section
from ecr.errors import InputErrors
from ecr.lifecycle import documents, rules
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, TagStatus
from ecr.lifecycle.rules import LifecycleRule, Protection, Rule
from ecr.lifecycle.validation import is_tag_pattern

_NAMESPACE = "container-registry"

# A rule with one of these is in ECR's own form.
_RAW_KEYS = frozenset({"rulePriority", "selection", "action"})

# The keys that say what a rule does, and what their numbers mean.
_AGES = {
    "expireDays": (CountType.DAYS_SINCE_PUSH, Action.EXPIRE, "days since the push"),
    "archiveDays": (CountType.DAYS_SINCE_PUSH, Action.ARCHIVE, "days since the push"),
    "archiveUnpulledDays": (CountType.DAYS_SINCE_PULL, Action.ARCHIVE, "days since the last pull"),
    "expireArchivedDays": (CountType.DAYS_SINCE_ARCHIVING, Action.EXPIRE, "days since archiving, 90 or more"),
}
_KINDS = {
    "keep": "the latest N images",
    **{key: meaning for key, (_, _, meaning) in _AGES.items()},
    "protect": "tag patterns",
}
_KINDS_RULE = ", ".join(f"{key} ({meaning})" for key, meaning in _KINDS.items())


class LifecycleGuard(StrEnum):
    """What happens when a policy would expire or archive images of the live repository."""

    WARN = "warn"
    ENFORCE = "enforce"
    OFF = "off"


class _Then(StrEnum):
    """What happens to the images that `keep` does not keep."""

    EXPIRE = "expire"
    ARCHIVE = "archive"


_THEN = {_Then.EXPIRE: Action.EXPIRE, _Then.ARCHIVE: Action.ARCHIVE}


@dataclass(frozen=True)
class LifecycleConfig:
    """What a stack says about the lives of its images.

    Attributes:
        policy: what ECR gets; None when nothing ever expires.
        protect: the patterns of tags that no rule may touch, wherever in the list they stand.
    """

    policy: LifecyclePolicy | None = rules.DEFAULT_POLICY
    protect: tuple[str, ...] = ()


def of_stack(config: Mapping[str, object]) -> LifecycleConfig:
    """What a stack file says, as `ecr.stack_file.read` gives it: keys with their namespace. All else is passed over.

    Raises:
        InputErrors: with a line for each mistake.
    """
    key = "lifecycle"
    top = config_reader.open_section(_NAMESPACE, {key: config.get(f"{_NAMESPACE}:{key}")})
    read = read_rules(top)
    top.finish()
    return read


def read_guard(top: Section) -> LifecycleGuard:
    """What the stack's guard does; it warns by default."""
    return top.choice("lifecycleGuard", LifecycleGuard, default=LifecycleGuard.WARN)


def read_rules(top: Section) -> LifecycleConfig:
    """The rules that a stack names, compiled; the latest 10 images stay where it names none.

    Mistakes are noted in the section, and what is handed out then is of no use.
    """
    if not top.has("lifecycle"):
        return LifecycleConfig()
    items = top.items("lifecycle")
    if not items:
        return LifecycleConfig(policy=None)
    whole = [index for index, item in enumerate(items) if isinstance(item, dict) and set(item) == {"rules"}]
    for index in whole:
        top.wrong(f"lifecycle[{index}]", "is a whole policy; accepted: the rules that stand in it under rules")
    if whole:
        return LifecycleConfig()
    raw = {index for index, item in enumerate(items) if isinstance(item, dict) and _RAW_KEYS & set(item)}
    typed = {index for index, item in enumerate(items) if isinstance(item, dict)} - raw
    if raw and typed:
        top.wrong(
            f"lifecycle[{min(raw)}]", "is in ECR's own form, and others are not; accepted: one form for all rules"
        )
        return LifecycleConfig()
    return _raw(top, items) if raw else _typed(top)


def _raw(top: Section, items: list[object]) -> LifecycleConfig:
    try:
        return LifecycleConfig(documents.parse_rules(items, f"{_NAMESPACE}:lifecycle"))
    except InputErrors as errors:
        top.add(errors)
    return LifecycleConfig()


def _typed(top: Section) -> LifecycleConfig:
    found = [rule for section in top.sections("lifecycle") if (rule := _rule(section)) is not None]
    mistakes = rules.problems(found)
    for problem in mistakes:
        top.wrong("lifecycle", problem)
    if mistakes or not found:
        return LifecycleConfig()
    protected = [pattern for rule in found if isinstance(rule, Protection) for pattern in rule.patterns]
    return LifecycleConfig(rules.compile_policy(found), tuple(dict.fromkeys(protected)))


def _rule(section: Section) -> Rule | None:
    before = section.mistakes
    # A rule without its `tags` would act on every image.
    section.refuse_nulls()
    counts = {key: count for key in ("keep", *_AGES) if (count := section.count(key)) is not None}
    protect = section.texts("protect", is_tag_pattern, rules.TAG_PATTERN_RULE)
    then = section.choice("then", _Then, default=_Then.EXPIRE)
    patterns = section.texts("tags", is_tag_pattern, rules.TAG_PATTERN_RULE)
    prefixes = section.texts("prefixes", rules.is_tag_prefix, rules.TAG_PREFIX_RULE)
    untagged = section.flag("untagged", default=False)
    section.finish()
    if section.mistakes > before:
        return None
    if _contradicts(section, untagged=untagged):
        return None
    if protect:
        return Protection(protect)
    (key, count), *_ = counts.items()
    count_type, action, _ = _AGES.get(key, (CountType.IMAGES, _THEN[then], ""))
    try:
        return LifecycleRule(
            count_type=count_type,
            count=count,
            tag_status=_tag_status(tagged=bool(patterns or prefixes), untagged=untagged),
            tag_patterns=patterns,
            tag_prefixes=prefixes,
            action=action,
        )
    except ValueError as error:
        section.wrong("", str(error))
    return None


def _contradicts(section: Section, *, untagged: bool) -> bool:
    """Note what is wrong with the keys of a rule together, the first thing only; each value by itself is well."""
    given = [key for key in (*_KINDS, "then", "tags", "prefixes") if section.has(key)]
    before = section.mistakes
    for key, accepted in (
        # Without patterns the rule would act on every image, or protect none.
        ("tags", f"{rules.TAG_PATTERN_RULE}, or no tags at all"),
        ("prefixes", f"{rules.TAG_PREFIX_RULE}, or no prefixes at all"),
        ("protect", rules.TAG_PATTERN_RULE),
    ):
        if key in given and not section.items(key):
            section.wrong(key, f"is empty; accepted: {accepted}")
            return True
    kinds = [key for key in given if key in _KINDS]
    if len(kinds) != 1:
        section.wrong("", f"names {' and '.join(kinds) or 'none'}; must name one of {_KINDS_RULE}")
    elif "protect" in given and (untagged or len(given) > 1):
        section.wrong(
            "protect", "stands beside other keys; a rule that protects names tag patterns under protect alone"
        )
    elif "then" in given and "keep" not in given:
        section.wrong("then", "goes with keep only; archiveDays and archiveUnpulledDays archive by age")
    elif "tags" in given and "prefixes" in given:
        section.wrong("prefixes", "is set and so is tags; ECR accepts one of the two in a rule")
    elif untagged and ("tags" in given or "prefixes" in given):
        section.wrong("untagged", "is true, but tags are named; a rule is for one or the other")
    return section.mistakes > before


def _tag_status(*, tagged: bool, untagged: bool) -> TagStatus:
    if tagged:
        return TagStatus.TAGGED
    return TagStatus.UNTAGGED if untagged else TagStatus.ANY
