"""Lifecycle rules that read like intentions, and the policy JSON that ECR takes.

Source: ECR user guide, "Automate the cleanup of images by using lifecycle policies in Amazon ECR", with its section
"Lifecycle policy parameters".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ecr.lifecycle.policy import CountType, TagStatus

MAX_RULES = 50  # ECR service quotas, "Rules per lifecycle policy"
MAX_POLICY_CHARS = 30_720  # ECR API reference, PutLifecyclePolicy, lifecyclePolicyText
MAX_WILDCARDS = 4  # a pattern of tagPatternList
# The characters of a tag (OCI distribution specification), and '*'.
_TAG_PATTERN = re.compile(r"[A-Za-z0-9._*-]{1,128}")
TAG_PATTERN_RULE = f"a tag pattern such as v*, of letters, digits, '.', '_', '-' and at most {MAX_WILDCARDS} '*'"


def is_tag_pattern(text: str) -> bool:
    """Whether ECR accepts `text` in a rule's list of tag patterns."""
    return _TAG_PATTERN.fullmatch(text) is not None and text.count("*") <= MAX_WILDCARDS


@dataclass(frozen=True, kw_only=True)
class LifecycleRule:
    """One rule that expires images.

    Attributes:
        count_type: what `count` counts.
        count: how many of the latest images stay, or after how many days an image goes; 1 or more.
        tag_status: the images that the rule looks at.
        tag_patterns: with `TAGGED`, the patterns that must *all* match one of an image's tags (an AND, not an OR);
            `*` stands for any characters, four at most in a pattern.

    Raises:
        ValueError: for a combination that ECR would refuse.
    """

    count_type: CountType
    count: int
    tag_status: TagStatus = TagStatus.ANY
    tag_patterns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"counts {self.count}; ECR accepts 1 or more")
        if (self.tag_status is TagStatus.TAGGED) != bool(self.tag_patterns):
            raise ValueError("tag patterns go with tagged images, and only with them")
        for pattern in self.tag_patterns:
            if not is_tag_pattern(pattern):
                raise ValueError(f"{pattern!r} is not accepted; accepted: {TAG_PATTERN_RULE}")

    @property
    def description(self) -> str:
        """What the rule does, in words; ECR shows it in the console."""
        images = {
            TagStatus.ANY: "images",
            TagStatus.UNTAGGED: "untagged images",
            TagStatus.TAGGED: f"images tagged {' and '.join(self.tag_patterns)}",
        }[self.tag_status]
        if self.count_type is CountType.IMAGES:
            return f"keep the latest {self.count} {images}"
        return f"expire {images} {self.count} days after the push"


def keep_latest(
    count: int, *, tag_status: TagStatus = TagStatus.ANY, tag_patterns: Sequence[str] = ()
) -> LifecycleRule:
    """Keep the `count` images pushed last among those selected, and expire the rest."""
    return LifecycleRule(
        count_type=CountType.IMAGES, count=count, tag_status=tag_status, tag_patterns=tuple(tag_patterns)
    )


def expire_after(
    days: int, *, tag_status: TagStatus = TagStatus.ANY, tag_patterns: Sequence[str] = ()
) -> LifecycleRule:
    """Expire the selected images `days` days after their push."""
    return LifecycleRule(
        count_type=CountType.DAYS_SINCE_PUSH, count=days, tag_status=tag_status, tag_patterns=tuple(tag_patterns)
    )


DEFAULT_RULES: tuple[LifecycleRule, ...] = (keep_latest(10),)


def check(rules: Sequence[LifecycleRule]) -> None:
    """Refuse a list of rules that ECR would refuse, or that holds a dead rule. Raises ValueError with the reason."""
    if len(rules) > MAX_RULES:
        raise ValueError(f"has {len(rules)} rules; ECR accepts at most {MAX_RULES}")
    for status in (TagStatus.ANY, TagStatus.UNTAGGED):
        if sum(rule.tag_status is status for rule in rules) > 1:
            raise ValueError(f"has more than one rule for {status} images; ECR accepts one")
    selections = [frozenset(rule.tag_patterns) for rule in rules if rule.tag_patterns]
    if len(set(selections)) < len(selections):
        # Not ECR's rule but ours: the first rule shields all that the second matches.
        raise ValueError("has two rules with the same tag patterns; the second could never act")
    if (length := len(_text(rules))) > MAX_POLICY_CHARS:
        raise ValueError(f"gives {length} characters of policy; ECR accepts at most {MAX_POLICY_CHARS}")


def render(rules: Sequence[LifecycleRule]) -> str:
    """The policy text for ECR: sorted by priority, without nulls, the same text for the same rules.

    Priorities are assigned in the order of `rules`; a rule for any image goes last, where ECR demands it. Sorted rules
    and absent (not null) keys keep the second preview empty: the AWS provider compares the text that ECR gives back.

    Raises:
        ValueError: when `rules` is empty or `check` refuses it.
    """
    if not rules:
        raise ValueError("has no rules; leave the policy out instead")
    check(rules)
    return _text(rules)


def _text(rules: Sequence[LifecycleRule]) -> str:
    ordered = sorted(rules, key=lambda rule: rule.tag_status is TagStatus.ANY)
    document = {"rules": [_rule_document(priority, rule) for priority, rule in enumerate(ordered, start=1)]}
    return json.dumps(document, separators=(",", ":"))


def _rule_document(priority: int, rule: LifecycleRule) -> dict[str, object]:
    selection: dict[str, object] = {"tagStatus": rule.tag_status.value}
    if rule.tag_patterns:
        selection["tagPatternList"] = list(rule.tag_patterns)
    selection["countType"] = rule.count_type.value
    if rule.count_type is CountType.DAYS_SINCE_PUSH:
        selection["countUnit"] = "days"
    selection["countNumber"] = rule.count
    return {
        "rulePriority": priority,
        "description": rule.description,
        "selection": selection,
        "action": {"type": "expire"},
    }
