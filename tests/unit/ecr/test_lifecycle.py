from __future__ import annotations

import itertools
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr.lifecycle import (
    DEFAULT_RULES,
    CountType,
    LifecycleRule,
    TagStatus,
    check,
    expire_after,
    is_tag_pattern,
    keep_latest,
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
# Properties
# ---------------------------------------------------------------------------------------------------------------------

counts = st.integers(min_value=1, max_value=10_000)
patterns = st.lists(st.sampled_from(["v*", "*", "dev-*", "a", "*.*", "****", "latest"]), min_size=1, max_size=3)


def _rules(status: TagStatus) -> st.SearchStrategy[LifecycleRule]:
    return st.builds(
        LifecycleRule,
        count_type=st.sampled_from(CountType),
        count=counts,
        tag_status=st.just(status),
        tag_patterns=patterns.map(tuple) if status is TagStatus.TAGGED else st.just(()),
    )


tagged_rules = st.lists(_rules(TagStatus.TAGGED), max_size=6, unique_by=lambda rule: frozenset(rule.tag_patterns))
rule_lists = (
    st.tuples(
        tagged_rules,
        st.lists(_rules(TagStatus.UNTAGGED), max_size=1),
        st.lists(_rules(TagStatus.ANY), max_size=1),
    )
    .map(lambda parts: [*itertools.chain(*parts)])
    .filter(bool)
    .flatmap(st.permutations)
)


@settings(deadline=None, max_examples=25)
@given(rules=rule_lists)
def test_priorities_are_consecutive_and_any_comes_last(rules: list[LifecycleRule]) -> None:
    document = json.loads(render(rules))["rules"]
    assert [rule["rulePriority"] for rule in document] == list(range(1, len(rules) + 1))
    assert all(rule["selection"]["tagStatus"] != "any" for rule in document[:-1])


@settings(deadline=None, max_examples=25)
@given(rules=rule_lists)
def test_the_order_is_kept_but_for_the_rule_for_any_image(rules: list[LifecycleRule]) -> None:
    selections = [rule["selection"] for rule in json.loads(render(rules))["rules"]]
    rest = [rule for rule in rules if rule.tag_status is not TagStatus.ANY]
    assert [(s["countNumber"], tuple(s.get("tagPatternList", ()))) for s in selections[: len(rest)]] == [
        (rule.count, rule.tag_patterns) for rule in rest
    ]


def _values(document: object) -> list[object]:
    if isinstance(document, dict):
        return [value for item in document.values() for value in _values(item)]
    if isinstance(document, list):
        return [value for item in document for value in _values(item)]
    return [document]


@settings(deadline=None, max_examples=25)
@given(rules=rule_lists)
def test_rendering_twice_gives_the_same_text_without_nulls(rules: list[LifecycleRule]) -> None:
    text = render(rules)
    assert render(tuple(rules)) == text
    assert None not in _values(json.loads(text))
    # ECR API reference, PutLifecyclePolicy: 100 to 30720 characters.
    assert 100 <= len(text) <= 30_720


@settings(deadline=None, max_examples=25)
@given(rules=rule_lists)
def test_only_the_combinations_that_ecr_accepts_are_rendered(rules: list[LifecycleRule]) -> None:
    for rule in json.loads(render(rules))["rules"]:
        selection = rule["selection"]
        assert (selection["tagStatus"] == "tagged") is ("tagPatternList" in selection)
        assert (selection["countType"] == "sinceImagePushed") is (selection.get("countUnit") == "days")
        assert rule["action"] == {"type": "expire"}


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
    ("pattern", "accepted"),
    [
        pytest.param("", False, id="empty"),
        pytest.param("*", True, id="star"),
        pytest.param("****", True, id="4-wildcards"),
        pytest.param("*****", False, id="5-wildcards"),
    ],
)
def test_a_tag_pattern_has_up_to_4_wildcards(pattern: str, *, accepted: bool) -> None:
    assert is_tag_pattern(pattern) is accepted


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
    ],
)
def test_a_rule_says_what_it_does(rule: LifecycleRule, description: str) -> None:
    assert rule.description == description
