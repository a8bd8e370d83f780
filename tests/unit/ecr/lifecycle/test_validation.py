from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from ecr.lifecycle.documents import parse_policy
from ecr.lifecycle.policy import Action, CountType, LifecyclePolicy, PolicyRule, StorageClass, TagStatus
from ecr.lifecycle.validation import MAX_RULES, MAX_WILDCARDS, Problem, is_tag_pattern, problems

RULE = PolicyRule(priority=1, tag_status=TagStatus.TAGGED, tag_patterns=("v*",), count_type=CountType.IMAGES, count=10)
UNTAGGED = dataclasses.replace(RULE, tag_status=TagStatus.UNTAGGED, tag_patterns=())
ANY = dataclasses.replace(RULE, tag_status=TagStatus.ANY, tag_patterns=(), priority=100)


def places(*rules: PolicyRule) -> list[tuple[int | None, str]]:
    return [(problem.index, problem.field) for problem in problems(LifecyclePolicy(rules))]


def prefixed(priority: int, *prefixes: str) -> PolicyRule:
    return dataclasses.replace(RULE, priority=priority, tag_patterns=(), tag_prefixes=prefixes)


@pytest.mark.parametrize("count_type", CountType)
@pytest.mark.parametrize("storage_class", StorageClass)
@pytest.mark.parametrize("action", Action)
def test_count_type_storage_class_and_action_go_together_as_documented(
    count_type: CountType, storage_class: StorageClass, action: Action
) -> None:
    rule = dataclasses.replace(RULE, count_type=count_type, storage_class=storage_class, action=action, count=90)
    accepted = {
        (CountType.IMAGES, StorageClass.STANDARD, Action.EXPIRE),
        (CountType.IMAGES, StorageClass.STANDARD, Action.ARCHIVE),
        (CountType.DAYS_SINCE_PUSH, StorageClass.STANDARD, Action.EXPIRE),
        (CountType.DAYS_SINCE_PUSH, StorageClass.STANDARD, Action.ARCHIVE),
        (CountType.DAYS_SINCE_PULL, StorageClass.STANDARD, Action.ARCHIVE),
        (CountType.DAYS_SINCE_ARCHIVING, StorageClass.ARCHIVE, Action.EXPIRE),
    }
    assert (places(rule) == []) == ((count_type, storage_class, action) in accepted)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param((RULE, UNTAGGED, ANY), [(1, "rulePriority")], id="one-priority-for-two"),
        pytest.param((RULE, ANY), [], id="valid"),
        pytest.param((), [(None, ""), (None, "rules")], id="no-rules"),
        pytest.param((prefixed(1, "a"), prefixed(2, "a")), [(1, "selection.tagPrefixList")], id="equal-prefixes"),
        pytest.param((prefixed(1, "a"), prefixed(2, "a", "b")), [], id="more-prefixes"),
        pytest.param((prefixed(1, "a", "a"),), [(0, "selection.tagPrefixList[1]")], id="a-prefix-twice"),
        pytest.param((prefixed(1),), [(0, "selection.tagPatternList")], id="neither-patterns-nor-prefixes"),
        pytest.param(
            (dataclasses.replace(RULE, tag_prefixes=("a",)),), [(0, "selection.tagPrefixList")], id="both-lists"
        ),
        pytest.param(
            (dataclasses.replace(ANY, tag_patterns=("a",)),), [(0, "selection.tagPatternList")], id="any-with-patterns"
        ),
        pytest.param(
            (dataclasses.replace(ANY, priority=1), dataclasses.replace(RULE, priority=2)),
            [(0, "rulePriority")],
            id="any-first",
        ),
    ],
)
def test_problems_name_rule_and_field(rules: tuple[PolicyRule, ...], expected: list[tuple[int | None, str]]) -> None:
    assert places(*rules) == expected


def test_a_problem_says_what_is_accepted() -> None:
    (problem,) = problems(LifecyclePolicy((dataclasses.replace(RULE, count=0),)))
    reason = "0 is not accepted; accepted: a whole number, 1 or more"
    assert problem == Problem(0, "selection.countNumber", reason)


@pytest.mark.parametrize("count", [1, MAX_RULES, MAX_RULES + 1])
def test_a_policy_has_at_most_fifty_rules(count: int) -> None:
    rules = [dataclasses.replace(RULE, priority=n, tag_patterns=(f"t{n}",)) for n in range(1, count + 1)]
    assert places(*rules) == ([] if count <= MAX_RULES else [(None, "rules")])


def test_the_length_is_that_of_the_text_for_ecr() -> None:
    room = 30_720 - len(LifecyclePolicy((dataclasses.replace(RULE, description="x"),)).text) + 1
    assert places(dataclasses.replace(RULE, description="x" * room)) == []
    assert places(dataclasses.replace(RULE, description="x" * (room + 1))) == [(None, "")]


@pytest.mark.parametrize("pattern", ["v*", "*", "a*b*c*d*", "x" * 128, "x" * 128 + "*", "_", "1.2-3"])
def test_a_tag_pattern_is_accepted(pattern: str) -> None:
    assert is_tag_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", ["", "*" * (MAX_WILDCARDS + 1), "x" * 129, "a b", "a/b", "a:b", "\u00e4", "v\n", "a?"]
)
def test_a_tag_pattern_is_refused(pattern: str) -> None:
    assert not is_tag_pattern(pattern)


# ---------------------------------------------------------------------------------------------------------------------
# ECR user guide, "Examples of lifecycle policies in Amazon ECR": all policies, by the sections of the page
# ---------------------------------------------------------------------------------------------------------------------

Selection = Mapping[str, object]
EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}


def days(count_type: str, number: int, **rest: object) -> Selection:
    return {"tagStatus": "any", "countType": count_type, "countUnit": "days", "countNumber": number, **rest}


def count(number: int, **rest: object) -> Selection:
    return {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": number, **rest}


def tagged(*patterns: str) -> dict[str, object]:
    return {"tagStatus": "tagged", "tagPatternList": list(patterns)}


IN_ARCHIVE = days("sinceImageTransitioned", 365, storageClass="archive")
BOTH_TAGS = tagged("alpha*", "beta*")
EXAMPLES: Mapping[str, list[tuple[Selection, object]]] = {
    "image-age": [(days("sinceImagePushed", 14, **tagged("prod*")), EXPIRE)],
    "last-pulled-time": [(days("sinceImagePulled", 90), ARCHIVE)],
    "archive-transition-time": [(IN_ARCHIVE, EXPIRE)],
    "image-count": [(count(1, tagStatus="untagged"), EXPIRE)],
    "multiple-rules-a": [(count(1, **tagged("prod*")), EXPIRE), (count(1, **tagged("beta*")), EXPIRE)],
    "multiple-rules-b": [(count(1, **tagged("beta*")), EXPIRE), (count(1, **tagged("prod*")), EXPIRE)],
    "multiple-tags-a": [(days("sinceImagePushed", 5, **BOTH_TAGS), EXPIRE)],
    "multiple-tags-b": [(count(1, **BOTH_TAGS), EXPIRE)],
    "all-images-a": [(count(1), EXPIRE)],
    "all-images-b": [
        (count(1, **tagged("alpha*")), EXPIRE),
        (days("sinceImagePushed", 1, tagStatus="untagged"), EXPIRE),
        (count(1), EXPIRE),
    ],
    "archiving-by-age": [(days("sinceImagePushed", 30, **tagged("prod*")), ARCHIVE)],
    "archiving-unpulled": [(days("sinceImagePulled", 90), ARCHIVE)],
    "archiving-and-expiring": [(days("sinceImagePushed", 30), ARCHIVE), (IN_ARCHIVE, EXPIRE)],
}


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_a_documented_example_is_accepted(example: list[tuple[Selection, object]]) -> None:
    rules = [
        {"rulePriority": n, "description": f"Rule {n}", "selection": dict(selection), "action": action}
        for n, (selection, action) in enumerate(example, start=1)
    ]
    policy = parse_policy({"rules": rules}, "example")
    assert problems(policy) == ()
    assert len(policy.rules) == len(example)
