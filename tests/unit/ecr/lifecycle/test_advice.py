from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr.lifecycle import patterns
from ecr.lifecycle.advice import Advice, advice
from ecr.lifecycle.policy import LifecyclePolicy, PolicyRule, TagStatus
from ecr.lifecycle.rules import (
    DEFAULT_POLICY,
    Rule,
    archive_after_pull,
    archive_after_push,
    compile_policy,
    expire_after,
    expire_archived_after,
    keep_latest,
    protect,
)

TAGGED, UNTAGGED = TagStatus.TAGGED, TagStatus.UNTAGGED


def keep(*tag_patterns: str) -> Rule:
    return keep_latest(3, tag_status=TAGGED, tag_patterns=tag_patterns)


def keep_prefixes(*tag_prefixes: str) -> Rule:
    return keep_latest(3, tag_status=TAGGED, tag_prefixes=tag_prefixes)


def expire(*tag_patterns: str) -> Rule:
    return expire_after(14, tag_status=TAGGED, tag_patterns=tag_patterns)


def archived(*tag_patterns: str) -> Rule:
    return expire_archived_after(365, tag_status=TAGGED, tag_patterns=tag_patterns)


def given_prefix(prefix: str) -> LifecyclePolicy:
    """A policy that ECR accepts, and typed rules don't."""
    (rule,) = compile_policy([keep_prefixes("x")]).rules
    return LifecyclePolicy((PolicyRule(**{**vars(rule), "tag_prefixes": (prefix,)}),))


ANY_UNTAGGED = expire_after(1, tag_status=UNTAGGED)

# ---------------------------------------------------------------------------------------------------------------------
# Rules that can never act
# ---------------------------------------------------------------------------------------------------------------------

DEAD = [
    pytest.param([keep("v*"), expire("v1*")], 1, "rule 1 (images tagged v*) goes first and matches all images tagged"),
    pytest.param(
        [keep("v*"), expire("v1")], 1, "rule 1 (images tagged v*) goes first and matches all images tagged v1"
    ),
    pytest.param([keep("*"), expire("v*")], 1, "rule 1 (images tagged *)"),
    pytest.param([keep("a*", "*b"), expire("a*b", "c")], 1, "rule 1 (images tagged a* and *b)"),
    pytest.param([keep("a*"), expire("x", "a1")], 1, "rule 1 (images tagged a*)"),
    pytest.param([keep_prefixes("v"), expire("v1*")], 1, "rule 1 (images with tags that begin with v)"),
    pytest.param([keep("v*"), keep_prefixes("v1", "x")], 1, "rule 1 (images tagged v*)"),
    pytest.param([keep("a"), keep("v*"), expire("v1")], 2, "rule 2 (images tagged v*)"),
    pytest.param([protect("v*"), expire("v1*")], 1, "rule 1 (images tagged v*)"),
    pytest.param([keep("*"), ANY_UNTAGGED, keep_latest(3)], 2, "rules 2 (untagged images) and 1 (images tagged *) go"),
    pytest.param(
        [keep("****"), ANY_UNTAGGED, keep_latest(3)], 2, "rules 2 (untagged images) and 1 (images tagged ****)"
    ),
    pytest.param([protect("v*"), protect("v1")], 1, "rule 1 (images tagged v*)"),
    pytest.param([archived("*"), archived("a")], 1, "rule 1 (archived images tagged *)"),
]


def told(rules: list[Rule], **known: list[str]) -> list[Advice]:
    return list(advice(compile_policy(rules), **known))


@pytest.mark.parametrize(("rules", "index", "who"), DEAD, ids=itertools.count())
def test_a_rule_that_can_never_act_is_told_with_the_rule_that_shields_everything(
    rules: list[Rule], index: int, who: str
) -> None:
    (found,) = (one for one in told(rules) if "AND" not in one.text)
    assert found.index == index
    assert found.text.startswith(f"can never act: {who}")
    assert found.text.endswith("; put this rule before, or take it out")


ALIVE = {
    "the default": [keep_latest(10)],
    "another scheme": [keep("v*"), expire("dev-*")],
    "the broader after the narrower": [keep("v1*"), expire("v*")],
    "an overlap": [keep("a*"), expire("*a")],
    "an AND before one of its parts": [keep("a*", "ab*"), expire("a*")],
    "another storage class": [keep("v*"), archived("v*")],
    "untagged before any": [ANY_UNTAGGED, keep_latest(3)],
    "every tag before any": [keep("*"), keep_latest(3)],
    "every tag before untagged": [keep("*"), ANY_UNTAGGED],
    "untagged and most tags before any": [keep("*a*"), ANY_UNTAGGED, keep_latest(3)],
    "untagged in the archive": [
        keep("*"),
        expire_archived_after(90, tag_status=UNTAGGED),
        keep_latest(3),
    ],
    "protection first": [protect("v1", "v2"), keep("v*"), keep_latest(3)],
    "protection of other tags later": [keep("dev-*"), protect("v*"), keep_latest(3)],
    "protection after a rule that one such tag is not enough for": [keep("*", "dev-*"), protect("v*")],
    "a tag for both patterns": [keep("a*", "*b")],
}


@pytest.mark.parametrize("rules", ALIVE.values(), ids=ALIVE)
def test_there_is_nothing_to_say_about_rules_that_make_sense(rules: list[Rule]) -> None:
    assert told(rules) == []


# Images by the tags that they have.
tag_sets = [
    frozenset(tags) for n in range(4) for tags in itertools.combinations(["a", "b", "ab", "aab", "abb", "c"], n)
]
some_patterns = st.lists(
    st.sampled_from(["a", "a*", "*b", "a*b", "*", "**", "b*", "*a*", "ab"]), min_size=1, max_size=2
)
some_rules: st.SearchStrategy[list[Rule]] = st.lists(
    st.one_of(
        some_patterns.map(lambda texts: keep(*texts)),
        some_patterns.map(lambda texts: archived(*texts)),
        st.sampled_from([keep_prefixes("a"), keep_prefixes("a", "b"), ANY_UNTAGGED, keep_latest(3), protect("a*")]),
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


def selects(rule: PolicyRule, tags: frozenset[str]) -> bool:
    if rule.tag_status is not TAGGED:
        return rule.tag_status is TagStatus.ANY or not tags
    wanted = [*rule.tag_patterns, *(f"{prefix}*" for prefix in rule.tag_prefixes)]
    return all(any(patterns.matches(pattern, tag) for tag in tags) for pattern in wanted)


@settings(deadline=None, max_examples=300)
@given(rules=some_rules)
def test_what_can_never_act_has_all_its_images_matched_before(rules: list[Rule]) -> None:
    try:
        policy = compile_policy(rules)
    except ValueError:
        return
    for found in advice(policy):
        if found.text.startswith("can never act"):
            rule = policy.rules[found.index]
            higher = [one for one in policy.rules[: found.index] if one.storage_class is rule.storage_class]
            matched = [tags for tags in tag_sets if selects(rule, tags)]
            assert all(any(selects(one, tags) for one in higher) for tags in matched)


# ---------------------------------------------------------------------------------------------------------------------
# Protections that come too late
# ---------------------------------------------------------------------------------------------------------------------

LATE = [
    pytest.param([keep("v*"), protect("v1")], 1, "rule 1 (images tagged v*) goes first and may expire", id="covered"),
    pytest.param([keep("*-a"), protect("v*")], 1, "rule 1 (images tagged *-a) goes first and may expire", id="overlap"),
    pytest.param([expire("v*"), protect("v*")], 1, "rule 1 (images tagged v*) goes first and may expire", id="same"),
    pytest.param(
        [archive_after_push(9, tag_status=TAGGED, tag_prefixes=["v"]), protect("v1")],
        1,
        "rule 1 (images with tags that begin with v) goes first and may archive",
        id="archives",
    ),
]


@pytest.mark.parametrize(("rules", "index", "who"), LATE)
def test_a_protection_after_a_rule_for_the_same_tags_comes_too_late(rules: list[Rule], index: int, who: str) -> None:
    (found,) = told(rules)
    assert found.index == index
    assert found.text.startswith("protects images tagged v")
    assert f" from the rules that follow it only, and {who} some of them; put the protection before it" in found.text


# ---------------------------------------------------------------------------------------------------------------------
# A rule by itself
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        pytest.param(keep_prefixes("release-", "hotfix-"), "release-*", "hotfix-*", id="prefixes"),
        pytest.param(keep("v*", "dev-*"), "v*", "dev-*", id="patterns"),
        pytest.param(keep("*", "a", "b", "c"), "a", "b", id="the-first-of-several"),
    ],
)
def test_an_and_that_looks_like_an_or_is_told(rule: Rule, one: str, other: str) -> None:
    (found,) = told([rule])
    assert found == Advice(
        0,
        f"wants a tag like {one} and a tag like {other}, and no tag is both, so that only images with a tag of each "
        "kind match: ECR takes the list as an AND; for an OR, write a rule for each",
    )


@pytest.mark.parametrize("prefix", ["v*", "*", "a*b"])
def test_a_wildcard_in_a_prefix_matches_nothing(prefix: str) -> None:
    (found,) = advice(given_prefix(prefix), tags_in_use=["v1"], deployed_tags=["v1"])
    assert found.index == 0
    assert found.text.startswith(f"has the tag prefix {prefix}, in which the * stands for itself, so that the rule")


def test_a_prefix_that_matches_nothing_shields_nothing() -> None:
    rules = [*given_prefix("v*").rules, *(compile_policy([protect("x"), keep("v1*")]).rules[1:])]
    assert [found.index for found in advice(LifecyclePolicy(tuple(rules)))] == [0]


# ---------------------------------------------------------------------------------------------------------------------
# Tags in use
# ---------------------------------------------------------------------------------------------------------------------


def test_a_pattern_that_no_tag_in_use_meets_is_told() -> None:
    rules = [keep("v*"), keep("rel-*", "*-x"), keep_prefixes("w"), protect("prod-*"), keep_latest(3)]
    found = told(rules, tags_in_use=["v1", "v2", "a-x"])
    assert [(one.index, one.text.partition(",")[0]) for one in found] == [
        (1, "wants a tag like rel-*"),
        (2, "wants a tag like w*"),
    ]  # what is protected may be still to come
    assert all("none of the 3 tags in use is" in one.text for one in found)


def test_a_pattern_of_several_rules_is_told_once() -> None:
    rules = [keep("w*"), keep("v*"), archived("w*", "*")]
    assert [one.index for one in told(rules, tags_in_use=["v1"]) if "in use" in one.text] == [0]


@pytest.mark.parametrize("tags", [None, []], ids=["unknown", "empty-repository"])
def test_without_tags_in_use_nothing_is_said_about_them(tags: list[str] | None) -> None:
    assert advice(compile_policy([keep("v*")]), tags_in_use=tags) == ()


# ---------------------------------------------------------------------------------------------------------------------
# The deployed image
# ---------------------------------------------------------------------------------------------------------------------

LOSSES = [
    pytest.param(
        [expire_after(14)], ["v1"], 0, "may expire the image that is deployed (tagged v1) 14 days after the p"
    ),
    pytest.param(
        [expire("v*")], ["b", "a", "v1"], 0, "may expire the image that is deployed (tagged a, b, v1) 14 days"
    ),
    pytest.param([keep("a"), expire("v*")], ["v1"], 1, "may expire the image that is deployed (tagged v1) 14 days"),
    pytest.param([archive_after_pull(9)], ["v1"], 0, "may archive the image that is deployed (tagged v1) 9 days after"),
    pytest.param([ANY_UNTAGGED], [], 0, "may expire the image that is deployed (untagged) 1 days after the push"),
]


@pytest.mark.parametrize(("rules", "tags", "index", "start"), LOSSES, ids=itertools.count())
def test_a_policy_that_may_take_the_deployed_image_is_told(
    rules: list[Rule], tags: list[str], index: int, start: str
) -> None:
    (found,) = told(rules, deployed_tags=tags)
    assert found.index == index
    assert found.text.startswith(start)
    assert re.search(
        r"; protect its tags by a rule before this one, or keep the latest images by their number$", found.text
    )


@pytest.mark.parametrize(
    ("rules", "tags"),
    [
        pytest.param([keep_latest(10)], ["v1"], id="by-number"),
        pytest.param([keep("v*"), expire_after(14)], ["v1"], id="a-rule-by-number-comes-first"),
        pytest.param([protect("v*"), expire_after(14)], ["v1"], id="protected"),
        pytest.param([expire("w*")], ["v1"], id="other-tags"),
        pytest.param([expire("v*", "w*x", "w*y")], ["v1", "wx"], id="not-all-patterns"),
        pytest.param([ANY_UNTAGGED], ["v1"], id="tagged"),
        pytest.param([expire_archived_after(90)], ["v1"], id="archive"),
    ],
)
def test_nothing_is_said_about_a_deployed_image_that_is_safe_or_kept_by_number(
    rules: list[Rule], tags: list[str]
) -> None:
    assert [one for one in told(rules, deployed_tags=tags) if "deployed" in one.text] == []


def test_the_default_policy_is_above_all_doubt() -> None:
    assert advice(DEFAULT_POLICY, tags_in_use=["v1"], deployed_tags=["v1"]) == ()


def test_every_text_is_one_line() -> None:
    rules = [keep("a", "b"), keep("a*"), protect("ab"), expire("ab*"), expire_after(3)]
    found = told(rules, tags_in_use=["x"], deployed_tags=["x"])
    assert len(found) >= 5
    assert all(one.text.isprintable() and len(one.text) < 400 for one in found)
