from __future__ import annotations

import json
import re

import pytest

from ecr.lifecycle.policy import Action, CountType, StorageClass, TagStatus
from ecr.lifecycle.rules import (
    DEFAULT_RULES,
    LifecycleRule,
    archive_after_pull,
    archive_after_push,
    check,
    compile_policy,
    expire_after,
    expire_archived_after,
    images_of,
    is_tag_prefix,
    keep_latest,
    protect,
    render,
)


def tagged(*patterns: str, keep: int = 1) -> LifecycleRule:
    return keep_latest(keep, tag_status=TagStatus.TAGGED, tag_patterns=patterns)


# ---------------------------------------------------------------------------------------------------------------------
# The whole text. Shapes: ECR user guide, "Examples of lifecycle policies in Amazon ECR".
# ---------------------------------------------------------------------------------------------------------------------


def test_the_default_policy_keeps_the_latest_ten_images() -> None:
    assert render(DEFAULT_RULES) == (
        '{"rules":[{"rulePriority":1,"description":"keep the latest 10 images",'
        '"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":10},'
        '"action":{"type":"expire"}}]}'
    )


def test_every_kind_of_rule_is_rendered_in_ecrs_words() -> None:
    rules = [
        keep_latest(3),
        expire_after(14, tag_status=TagStatus.UNTAGGED),
        keep_latest(30, tag_status=TagStatus.TAGGED, tag_patterns=["v*", "*-x"]),
        expire_after(7, tag_status=TagStatus.TAGGED, tag_patterns=["dev-*"]),
    ]
    assert json.loads(render(rules)) == {
        "rules": [
            {
                "rulePriority": 1,
                "description": "expire untagged images 14 days after the push",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 14,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": "keep the latest 30 images tagged v* and *-x",
                "selection": {
                    "tagStatus": "tagged",
                    "tagPatternList": ["v*", "*-x"],
                    "countType": "imageCountMoreThan",
                    "countNumber": 30,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 3,
                "description": "expire images tagged dev-* 7 days after the push",
                "selection": {
                    "tagStatus": "tagged",
                    "tagPatternList": ["dev-*"],
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 7,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 4,
                "description": "keep the latest 3 images",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3},
                "action": {"type": "expire"},
            },
        ]
    }


# ---------------------------------------------------------------------------------------------------------------------
# Archiving
# ---------------------------------------------------------------------------------------------------------------------


def test_rules_that_archive_and_rules_for_the_archive_are_rendered_in_ecrs_words() -> None:
    rules = [
        keep_latest(30, tag_status=TagStatus.TAGGED, tag_prefixes=["v", "w"], action=Action.ARCHIVE),
        archive_after_push(60, tag_status=TagStatus.UNTAGGED),
        archive_after_pull(90),
        expire_archived_after(365),
    ]
    archive = {"type": "transition", "targetStorageClass": "archive"}
    assert json.loads(render(rules)) == {
        "rules": [
            {
                "rulePriority": 1,
                "description": "keep the latest 30 images with tags that begin with v and w, archive the rest",
                "selection": {
                    "tagStatus": "tagged",
                    "tagPrefixList": ["v", "w"],
                    "countType": "imageCountMoreThan",
                    "countNumber": 30,
                },
                "action": archive,
            },
            {
                "rulePriority": 2,
                "description": "archive untagged images 60 days after the push",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 60,
                },
                "action": archive,
            },
            {
                "rulePriority": 3,
                "description": "archive images 90 days after the last pull",
                "selection": {
                    "tagStatus": "any",
                    "countType": "sinceImagePulled",
                    "countUnit": "days",
                    "countNumber": 90,
                },
                "action": archive,
            },
            {
                "rulePriority": 4,
                "description": "expire archived images 365 days after archiving",
                "selection": {
                    "tagStatus": "any",
                    "storageClass": "archive",
                    "countType": "sinceImageTransitioned",
                    "countUnit": "days",
                    "countNumber": 365,
                },
                "action": {"type": "expire"},
            },
        ]
    }


# ---------------------------------------------------------------------------------------------------------------------
# Refusals
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count_type", CountType)
@pytest.mark.parametrize("count", [0, -1])
def test_a_rule_counts_from_1(count_type: CountType, count: int) -> None:
    with pytest.raises(ValueError, match=f"^counts {count}; ECR accepts 1 or more$"):
        LifecycleRule(count_type=count_type, count=count)


@pytest.mark.parametrize(
    ("status", "given_patterns"),
    [
        pytest.param(TagStatus.TAGGED, (), id="tagged-without"),
        pytest.param(TagStatus.UNTAGGED, ("v*",), id="untagged-with"),
        pytest.param(TagStatus.ANY, ("v*",), id="any-with"),
    ],
)
def test_patterns_go_with_tagged_images_only(status: TagStatus, given_patterns: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="tag patterns go with tagged images, and only with them"):
        keep_latest(1, tag_status=status, tag_patterns=given_patterns)


def test_a_pattern_with_4_wildcards_is_accepted() -> None:
    assert tagged("a*b*c*d*").tag_patterns == ("a*b*c*d*",)


def test_a_pattern_with_5_wildcards_is_refused_by_its_text() -> None:
    with pytest.raises(ValueError, match=re.escape("'a*b*c*d*e*' is not accepted") + ".*at most 4"):
        tagged("v", "a*b*c*d*e*")


def test_an_empty_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^'' is not accepted; accepted: a tag pattern such as"):
        tagged("")


@pytest.mark.parametrize(
    ("prefix", "accepted"),
    [
        pytest.param("release-", True, id="usual"),
        pytest.param("v", True, id="1-character"),
        pytest.param("v" * 128, True, id="128-characters"),
        pytest.param("v" * 129, False, id="129-characters"),
        pytest.param("", False, id="empty"),
        pytest.param("v*", False, id="wildcard"),
        pytest.param("v\n", False, id="line-feed"),
    ],
)
def test_a_tag_prefix_is_how_a_tag_begins(prefix: str, *, accepted: bool) -> None:
    assert is_tag_prefix(prefix) is accepted


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            {"tag_status": TagStatus.TAGGED, "tag_patterns": ("a",), "tag_prefixes": ("a",)},
            "both tag patterns and tag prefixes; ECR accepts one",
            id="patterns-and-prefixes",
        ),
        pytest.param({"tag_prefixes": ("a",)}, "tag prefixes go with tagged images", id="prefixes-of-any"),
        pytest.param(
            {"tag_status": TagStatus.TAGGED, "tag_prefixes": ("v*",)}, "for a '[*]', use tag patterns", id="wildcard"
        ),
        pytest.param({"count_type": CountType.DAYS_SINCE_PULL}, "ECR archives images and never expires", id="pull"),
        pytest.param(
            {"count_type": CountType.DAYS_SINCE_ARCHIVING, "count": 90, "action": Action.ARCHIVE},
            "can't archive them again",
            id="archive-twice",
        ),
        pytest.param(
            {"count_type": CountType.DAYS_SINCE_ARCHIVING, "count": 89},
            "^counts 89 days since archiving; ECR accepts 90 or more",
            id="89-days-in-the-archive",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(changes: dict[str, object], reason: str) -> None:
    rule = {"count_type": CountType.IMAGES, "count": 1, **changes}
    with pytest.raises(ValueError, match=reason):
        LifecycleRule(**rule)  # type: ignore[arg-type]  # the table is checked by running it


def test_90_days_in_the_archive_are_accepted() -> None:
    assert expire_archived_after(90).storage_class is StorageClass.ARCHIVE


def test_a_pattern_that_is_given_twice_counts_once() -> None:
    assert tagged("v*", "a", "v*").tag_patterns == ("v*", "a")


def test_a_protection_protects_something() -> None:
    with pytest.raises(ValueError, match=r"^protects nothing; accepted: a tag pattern such as"):
        protect()
    with pytest.raises(ValueError, match=r"^'\*\*\*\*\*' is not accepted"):
        protect("a", "*****")


def test_rules_for_any_image_and_for_any_archived_image_go_together() -> None:
    check([keep_latest(1), expire_archived_after(90)])
    with pytest.raises(ValueError, match=r"^has more than one rule for any archived images; ECR accepts one$"):
        check([expire_archived_after(90), keep_latest(1), expire_archived_after(91)])


def test_one_pattern_is_for_a_rule_of_each_storage_class() -> None:
    tags = {"tag_status": TagStatus.TAGGED, "tag_patterns": ["v*"]}
    check([archive_after_push(30, **tags), expire_archived_after(90, **tags)])  # type: ignore[arg-type]  # as above
    with pytest.raises(ValueError, match="two rules with the same tag patterns"):
        check([archive_after_push(30, **tags), expire_after(90, **tags)])  # type: ignore[arg-type]  # as above


def test_the_same_prefixes_twice_are_refused() -> None:
    rules = [keep_latest(1, tag_status=TagStatus.TAGGED, tag_prefixes=prefixes) for prefixes in ("ab", "ba")]
    with pytest.raises(ValueError, match="two rules with the same tag prefixes; ECR accepts one"):
        check(rules)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"more than one rule for any images; .*has two rules with the same tag pat"):
        check([keep_latest(1), keep_latest(2), tagged("a"), tagged("a", keep=2)])


def test_no_rules_are_no_policy() -> None:
    with pytest.raises(ValueError, match="leave the policy out instead"):
        render([])


def test_50_rules_are_accepted_and_51_refused() -> None:
    rules = [tagged(f"v{number}") for number in range(51)]
    assert len(json.loads(render(rules[:50]))["rules"]) == 50
    with pytest.raises(ValueError, match=r"^has 51 rules; ECR accepts at most 50$"):
        check(rules)


@pytest.mark.parametrize("status", [TagStatus.ANY, TagStatus.UNTAGGED])
def test_a_second_rule_for_any_or_untagged_images_is_refused(status: TagStatus) -> None:
    rules = [keep_latest(1, tag_status=status), tagged("v*"), expire_after(1, tag_status=status)]
    check(rules[:2])
    with pytest.raises(ValueError, match=f"^has more than one rule for {status.value} images; ECR accepts one$"):
        check(rules)


def test_patterns_in_another_order_are_the_same_patterns() -> None:
    check([tagged("a", "b"), tagged("a"), tagged("b")])
    with pytest.raises(ValueError, match="two rules with the same tag patterns"):
        check([tagged("a", "b"), tagged("b", "a", keep=2)])


def rules_of_length(length: int) -> list[LifecycleRule]:
    """Rules that make a policy of so many characters. A pattern stands in it twice, so one more rule makes it odd."""
    rest: list[LifecycleRule] = []
    while len(render([tagged(*"fghi"), *rest])) < length - 1000:
        rest.append(tagged(*(f"{len(rest)}-{number}-{'x' * 100}" for number in range(2))))
    for more in ([], [keep_latest(1)], [expire_after(1)], [keep_latest(1, tag_status=TagStatus.UNTAGGED)]):
        missing = length - len(render([tagged(*"fghi"), *rest, *more]))
        if missing % 2 == 0:
            return [tagged(*filled("fghi", missing // 2)), *rest, *more]
    raise AssertionError(length)


def filled(letters: str, more: int) -> list[str]:
    """A pattern for each letter, `more` characters longer in all than the letters alone; 128 at most in each."""
    lengths = [min(127, max(0, more - 127 * index)) for index in range(len(letters))]
    assert sum(lengths) == more
    return [letter * (1 + length) for letter, length in zip(letters, lengths, strict=True)]


def test_a_policy_has_at_most_30720_characters() -> None:
    assert len(render(rules_of_length(30_720))) == 30_720
    with pytest.raises(ValueError, match=r"^gives 30721 characters of policy; ECR accepts at most 30720$"):
        check(rules_of_length(30_721))


def test_protected_patterns_count_as_rules() -> None:
    patterns = [f"v{number}" for number in range(50)]
    check([protect(*patterns)])
    with pytest.raises(ValueError, match=r"^has 100 rules, as each protected pattern counts as one or two; ECR acc"):
        check([protect(*patterns[1:]), expire_archived_after(90), tagged("x")])


def test_render_refuses_what_check_refuses() -> None:
    with pytest.raises(ValueError, match="more than one rule for any images"):
        render([keep_latest(1), keep_latest(2)])


# ---------------------------------------------------------------------------------------------------------------------
# Descriptions
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "description"),
    [
        pytest.param(keep_latest(10), "keep the latest 10 images", id="keep-any"),
        pytest.param(
            keep_latest(5, tag_status=TagStatus.UNTAGGED), "keep the latest 5 untagged images", id="keep-untagged"
        ),
        pytest.param(tagged("v*", keep=2), "keep the latest 2 images tagged v*", id="keep-tagged"),
        pytest.param(expire_after(30), "expire images 30 days after the push", id="expire-any"),
        pytest.param(
            expire_after(1, tag_status=TagStatus.TAGGED, tag_patterns=["a*", "*b"]),
            "expire images tagged a* and *b 1 days after the push",
            id="expire-tagged",
        ),
        pytest.param(
            archive_after_pull(9, tag_status=TagStatus.TAGGED, tag_prefixes=["a"]),
            "archive images with tags that begin with a 9 days after the last pull",
            id="archive-tagged",
        ),
        pytest.param(
            expire_archived_after(90, tag_status=TagStatus.UNTAGGED),
            "expire untagged archived images 90 days after archiving",
            id="expire-archived",
        ),
    ],
)
def test_a_rule_says_what_it_does(rule: LifecycleRule, description: str) -> None:
    assert rule.description == description
    (compiled,) = compile_policy([rule]).rules
    assert compiled.description == description
    assert images_of(compiled) == images_of(rule)
    assert images_of(rule) in description
