"""Lifecycle rules: what they mean, what ECR accepts, and what they would do to the images of a repository. All pure."""

from ecr.lifecycle.policy import CountType, TagStatus
from ecr.lifecycle.rules import (
    DEFAULT_RULES,
    TAG_PATTERN_RULE,
    LifecycleRule,
    check,
    expire_after,
    keep_latest,
    render,
)
from ecr.lifecycle.validation import MAX_POLICY_CHARS, MAX_RULES, MAX_WILDCARDS, is_tag_pattern

__all__ = [
    "DEFAULT_RULES",
    "MAX_POLICY_CHARS",
    "MAX_RULES",
    "MAX_WILDCARDS",
    "TAG_PATTERN_RULE",
    "CountType",
    "LifecycleRule",
    "TagStatus",
    "check",
    "expire_after",
    "is_tag_pattern",
    "keep_latest",
    "render",
]
