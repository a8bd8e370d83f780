"""Lifecycle rules: what they mean, what ECR accepts, and what they would do to the images of a repository. All pure.

* `rules`: rules that read like intentions, compiled to a `policy` as ECR knows it
* `documents`, `strict_json`, `reading`: policies and images as text
* `validation`: what ECR would refuse; `advice`: what ECR takes, and nobody can want
* `evaluation`: what a policy does to the images of a repository, over `numbering`, `image_sets`, `selection`,
  `tag_index`, `patterns`, `ages` and `relations`; `explanation`: why
* `guard`: whether a protected image is among them; `forecast`: what becomes of a repository; `comparison`: with AWS's
  own preview
"""

from ecr.lifecycle.documents import parse_policy, parse_policy_text
from ecr.lifecycle.evaluation import Acted, Evaluation, Outcome, evaluate
from ecr.lifecycle.explanation import Verdict, explain, verdict
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus
from ecr.lifecycle.reading import parse_images
from ecr.lifecycle.rules import (
    DEFAULT_POLICY,
    DEFAULT_RULES,
    LifecycleRule,
    Protection,
    archive_after_pull,
    archive_after_push,
    check,
    compile_policy,
    expire_after,
    expire_archived_after,
    keep_latest,
    protect,
    render,
)
from ecr.lifecycle.validation import MAX_POLICY_CHARS, MAX_RULES, Problem, problems

__all__ = [
    "DEFAULT_POLICY",
    "DEFAULT_RULES",
    "MAX_POLICY_CHARS",
    "MAX_RULES",
    "Acted",
    "Action",
    "CountType",
    "Evaluation",
    "Image",
    "ImageStatus",
    "LifecyclePolicy",
    "LifecycleRule",
    "Outcome",
    "PolicyRule",
    "Problem",
    "Protection",
    "StorageClass",
    "TagStatus",
    "Verdict",
    "archive_after_pull",
    "archive_after_push",
    "check",
    "compile_policy",
    "evaluate",
    "expire_after",
    "expire_archived_after",
    "explain",
    "keep_latest",
    "parse_images",
    "parse_policy",
    "parse_policy_text",
    "problems",
    "protect",
    "render",
    "verdict",
]
