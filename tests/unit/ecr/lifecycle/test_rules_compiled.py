"""What protections become, and what holds for every compiled policy."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr.lifecycle import documents, validation
from ecr.lifecycle.evaluation import evaluate
from ecr.lifecycle.images import Image, ImageStatus
from ecr.lifecycle.patterns import matches
from ecr.lifecycle.policy import Action, CountType, PolicyRule, StorageClass, TagStatus
from ecr.lifecycle.rules import (
    NEVER_DAYS,
    LifecycleRule,
    Protection,
    Rule,
    archive_after_push,
    compile_policy,
    expire_after,
    expire_archived_after,
    is_shield,
    keep_latest,
    protect,
    render,
)


def tagged(*patterns: str) -> LifecycleRule:
    return keep_latest(1, tag_status=TagStatus.TAGGED, tag_patterns=patterns)


# ---------------------------------------------------------------------------------------------------------------------
# Protection
# ---------------------------------------------------------------------------------------------------------------------

STANDARD, ARCHIVE = StorageClass.STANDARD, StorageClass.ARCHIVE


def shields(rules: list[Rule]) -> list[tuple[int, StorageClass, str]]:
    """Priority, storage class and pattern of the rules that never act."""
    found = [rule for rule in compile_policy(rules).rules if is_shield(rule)]
    return [(rule.priority, rule.storage_class, pattern) for rule in found for pattern in rule.tag_patterns]


SHIELDS = [
    pytest.param([protect("a-*")], [(1, STANDARD, "a-*")], id="alone"),
    pytest.param([protect("a", "b"), keep_latest(3)], [(1, STANDARD, "a"), (2, STANDARD, "b")], id="one-for-each"),
    pytest.param([tagged("v*"), protect("a"), tagged("w*")], [(2, STANDARD, "a")], id="at-its-place"),
    pytest.param([keep_latest(3), protect("a")], [(1, STANDARD, "a")], id="any-goes-last"),
    pytest.param(
        [protect("a"), expire_archived_after(90)], [(1, STANDARD, "a"), (2, ARCHIVE, "a")], id="in-the-archive-too"
    ),
    pytest.param(
        [protect("a", "b"), keep_latest(3), expire_archived_after(90)],
        [(1, STANDARD, "a"), (2, STANDARD, "b"), (3, ARCHIVE, "a"), (4, ARCHIVE, "b")],
        id="in-the-archive-for-each",
    ),
    pytest.param(
        [expire_archived_after(90, tag_status=TagStatus.UNTAGGED), protect("a")], [(2, STANDARD, "a")], id="too-late"
    ),
    pytest.param([protect("a", "a"), protect("a", "b")], [(1, STANDARD, "a"), (2, STANDARD, "b")], id="once-each"),
]


@pytest.mark.parametrize(("rules", "expected"), SHIELDS)
def test_a_protection_is_a_rule_that_never_acts_for_each_pattern(
    rules: list[Rule], expected: list[tuple[int, StorageClass, str]]
) -> None:
    assert shields(rules) == expected


def test_a_shield_counts_a_hundred_years_and_says_what_it_is_for() -> None:
    rules = json.loads(render([protect("a-*"), expire_archived_after(90)]))["rules"]
    assert [rule["description"] for rule in rules[:2]] == [
        "protect images tagged a-*",
        "protect archived images tagged a-*",
    ]
    assert [(rule["selection"]["countType"], rule["selection"]["countNumber"]) for rule in rules[:2]] == [
        ("sinceImagePushed", 36_500),
        ("sinceImageTransitioned", 36_500),
    ]
    assert {rule["action"]["type"] for rule in rules} == {"expire"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(expire_after(NEVER_DAYS), True, id="never"),
        pytest.param(expire_after(NEVER_DAYS - 1), False, id="a-day-less"),
        pytest.param(keep_latest(NEVER_DAYS), False, id="a-number-of-images"),
        pytest.param(archive_after_push(NEVER_DAYS), False, id="archives"),
        pytest.param(expire_archived_after(NEVER_DAYS), True, id="archive"),
    ],
)
def test_a_shield_is_known_by_its_hundred_years(rule: LifecycleRule, *, expected: bool) -> None:
    (compiled,) = compile_policy([rule]).rules
    assert is_shield(compiled) is expected


def test_a_protected_pattern_may_be_that_of_another_rule() -> None:
    assert len(compile_policy([tagged("v*"), protect("v*")]).rules) == 2
    assert len(compile_policy([protect("v*"), tagged("v*")]).rules) == 2


# ---------------------------------------------------------------------------------------------------------------------
# Properties
# ---------------------------------------------------------------------------------------------------------------------

counts = st.integers(min_value=1, max_value=10_000)
tag_patterns = st.lists(st.sampled_from(["v*", "*", "dev-*", "a", "*.*", "****", "latest"]), min_size=1, max_size=3)
tag_prefixes = st.lists(st.sampled_from(["v", "dev-", "a", "_x"]), min_size=1, max_size=3)
KINDS = (
    (CountType.IMAGES, Action.EXPIRE),
    (CountType.IMAGES, Action.ARCHIVE),
    (CountType.DAYS_SINCE_PUSH, Action.EXPIRE),
    (CountType.DAYS_SINCE_PUSH, Action.ARCHIVE),
    (CountType.DAYS_SINCE_PULL, Action.ARCHIVE),
    (CountType.DAYS_SINCE_ARCHIVING, Action.EXPIRE),
)
EVERY_IMAGE = st.sampled_from([(TagStatus.ANY, (), ()), (TagStatus.UNTAGGED, (), ())])
TAGGED_IMAGES = st.one_of(
    tag_patterns.map(lambda texts: (TagStatus.TAGGED, tuple(texts), ())),
    tag_prefixes.map(lambda texts: (TagStatus.TAGGED, (), tuple(texts))),
)


@st.composite
def single_rules(draw: st.DrawFn) -> LifecycleRule:
    count_type, action = draw(st.sampled_from(KINDS))
    status, patterns, prefixes = draw(st.one_of(EVERY_IMAGE, TAGGED_IMAGES))
    return LifecycleRule(
        count_type=count_type,
        count=draw(counts) + (90 if count_type is CountType.DAYS_SINCE_ARCHIVING else 0),
        tag_status=status,
        tag_patterns=patterns,
        tag_prefixes=prefixes,
        action=action,
    )


def selection(rule: Rule) -> object:
    """What no two rules of a list may have in common."""
    if isinstance(rule, Protection):
        return rule
    return rule.storage_class, rule.tag_status, frozenset(rule.tag_patterns), frozenset(rule.tag_prefixes)


rule_lists = st.lists(
    st.one_of(single_rules(), tag_patterns.map(lambda texts: protect(*texts))),
    min_size=1,
    max_size=10,
    unique_by=selection,
)


@settings(deadline=None, max_examples=200)
@given(rules=rule_lists)
def test_a_compiled_policy_is_one_that_ecr_accepts(rules: list[Rule]) -> None:
    policy = compile_policy(rules)
    assert validation.problems(policy) == ()
    assert documents.parse_policy_text(policy.text, "policy.json") == policy


@settings(deadline=None, max_examples=100)
@given(rules=st.lists(st.one_of(single_rules(), tag_patterns.map(lambda texts: protect(*texts))), max_size=60))
def test_what_ecr_would_refuse_is_not_compiled(rules: list[Rule]) -> None:
    try:
        policy = compile_policy(rules)
    except ValueError:
        return
    assert validation.problems(policy) == ()


@settings(deadline=None, max_examples=50)
@given(rules=rule_lists)
def test_priorities_are_consecutive_and_any_comes_last(rules: list[Rule]) -> None:
    compiled = compile_policy(rules).rules
    assert [rule.priority for rule in compiled] == list(range(1, len(compiled) + 1))
    statuses = [rule.tag_status is TagStatus.ANY for rule in compiled]
    assert statuses == sorted(statuses)


def told(rule: LifecycleRule | PolicyRule) -> object:
    return rule.description, rule.count_type, rule.count, rule.tag_patterns, rule.tag_prefixes, rule.action


@settings(deadline=None, max_examples=50)
@given(rules=rule_lists)
def test_the_order_is_kept_but_for_rules_for_any_image(rules: list[Rule]) -> None:
    wanted = [rule for rule in rules if isinstance(rule, LifecycleRule)]
    expected = sorted(wanted, key=lambda rule: rule.tag_status is TagStatus.ANY)
    acting = [rule for rule in compile_policy(rules).rules if not rule.description.startswith("protect")]
    assert [told(rule) for rule in acting] == [told(rule) for rule in expected]


@settings(deadline=None, max_examples=50)
@given(rules=rule_lists)
def test_each_later_rule_has_the_shields_of_its_storage_class_before_it(rules: list[Rule]) -> None:
    compiled = compile_policy(rules).rules
    places = {(rule.storage_class, rule.tag_patterns): rule.priority for rule in reversed(compiled) if is_shield(rule)}
    for at, rule in enumerate(rules):
        if isinstance(rule, Protection):
            for later in filter(lambda one: isinstance(one, LifecycleRule), rules[at:]):
                assert isinstance(later, LifecycleRule)
                (place,) = (one.priority for one in compiled if told(one) == told(later))
                assert all(places[later.storage_class, (pattern,)] < place for pattern in rule.patterns)


NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = st.integers(min_value=0, max_value=400).map(timedelta)


@st.composite
def repositories(draw: st.DrawFn) -> list[Image]:
    tags = st.lists(st.sampled_from(["v1", "dev-1", "a", "latest", "x.y"]), max_size=2, unique=True)
    return [
        Image(
            digest=f"sha256:{number:064x}",
            tags=tuple(draw(tags)),
            pushed_at=NOW - timedelta(days=400) - draw(DAYS),
            status=draw(st.sampled_from([ImageStatus.ACTIVE, ImageStatus.ARCHIVED])),
            archived_at=NOW - draw(DAYS),
        )
        for number in range(draw(st.integers(min_value=1, max_value=8)))
    ]


@settings(deadline=None, max_examples=200)
@given(patterns=tag_patterns, rules=rule_lists, images=repositories())
def test_no_rule_acts_on_what_has_been_protected_before(
    patterns: list[str], rules: list[Rule], images: list[Image]
) -> None:
    policy = compile_policy([protect(*patterns), *rules])
    for acted in evaluate(policy, images, NOW).actions:
        assert not any(matches(pattern, tag) for pattern in patterns for tag in acted.image.tags)


def _values(document: object) -> list[object]:
    if isinstance(document, dict):
        return [value for item in document.values() for value in _values(item)]
    if isinstance(document, list):
        return [value for item in document for value in _values(item)]
    return [document]


@settings(deadline=None, max_examples=50)
@given(rules=rule_lists)
def test_rendering_twice_gives_the_same_text_without_nulls(rules: list[Rule]) -> None:
    text = render(rules)
    assert render(tuple(rules)) == text
    assert None not in _values(json.loads(text))
