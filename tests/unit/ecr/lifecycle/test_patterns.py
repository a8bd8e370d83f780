"""Tag patterns, against tables and against a matcher that tries everything.

Patterns over two letters are compared by all the tags that they match, up to six letters out of three: a tag that shows
a difference is never longer, as it needs the letters of both patterns and one for each wildcard. The third letter
stands in no pattern, and so for all the other characters of a tag.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr.lifecycle.patterns import can_meet, covers, matches

LONGEST_PATTERN, LONGEST_TAG = 4, 6
PATTERNS = ["".join(text) for length in range(1, LONGEST_PATTERN + 1) for text in product("ab*", repeat=length)]
TAGS = ["".join(text) for length in range(1, LONGEST_TAG + 1) for text in product("abc", repeat=length)]

patterns = st.text("ab*", min_size=1, max_size=10).filter(lambda text: text.count("*") <= 4)
tags = st.text("abc", min_size=1, max_size=14)


def slow_match(pattern: str, tag: str) -> bool:
    """Tries all that a wildcard may stand for."""
    if pattern == "":
        return tag == ""
    if pattern[0] == "*":
        return any(slow_match(pattern[1:], tag[taken:]) for taken in range(len(tag) + 1))
    return tag[:1] == pattern[0] and slow_match(pattern[1:], tag[1:])


@cache
def matched(pattern: str) -> frozenset[str]:
    return frozenset(tag for tag in TAGS if slow_match(pattern, tag))


@pytest.mark.parametrize(
    ("pattern", "tag"),
    [
        ("v1", "v1"),
        ("*", "v1"),
        ("**", "v1"),
        ("****", "v"),
        ("v*", "v"),
        ("v*", "v1.0.0"),
        ("*1", "v1"),
        ("*1", "v11"),
        ("v*1", "v1"),
        ("v*1", "v1.1"),
        ("*-*", "-"),
        ("*a*b*c*", "abc"),
        ("a**b", "ab"),
        ("a*a", "aa"),
        ("a*ab", "aab"),
        ("*ab*ab*", "abab"),
        ("release-*-eu", "release-1-eu-eu"),
        ("a.b", "a.b"),
        ("[ab]", "[ab]"),
        ("a+*", "a+1"),
        ("*" + "a" * 120, "b" + "a" * 120),
    ],
)
def test_a_tag_matches(pattern: str, tag: str) -> None:
    assert matches(pattern, tag)
    assert slow_match(pattern, tag)


@pytest.mark.parametrize(
    ("pattern", "tag"),
    [
        ("v1", "v10"),
        ("v1", "rev1"),
        ("v1", "V1"),
        ("v*", "1v"),
        ("*1", "1v"),
        ("a*a", "a"),
        ("ab*ba", "aba"),
        ("*ab*ab*", "aba"),
        ("*a*b*", "ba"),
        ("a*b*a", "aba-"),
        ("a*bc*cd", "abcd"),
        ("a.b", "axb"),
        ("[ab]", "a"),
        ("a?", "ab"),
        ("a+*", "aaa"),
        (r"\w*", "abc"),
        ("v1", ""),
    ],
)
def test_a_tag_does_not_match(pattern: str, tag: str) -> None:
    assert not matches(pattern, tag)
    assert not slow_match(pattern, tag)


def test_a_tag_made_to_be_slow_is_not() -> None:
    """A matcher that goes back and tries again would need some 10^10 steps here."""
    assert not matches("*a*a*a*a*b", "a" * 100_000)
    assert not matches("*ab*ab*ab*ac", "ab" * 50_000)


@pytest.mark.parametrize(
    ("pattern", "other", "expected"),
    [
        ("*", "v*", True),
        ("v*", "*", False),
        ("v*", "v*", True),
        ("v*", "v1*", True),
        ("v1*", "v*", False),
        ("v*", "v1", True),
        ("v1", "v1", True),
        ("v1", "v*", False),
        ("*", "*", True),
        ("*", "**", True),
        ("**", "*", True),
        ("*-rc", "v*-rc", True),
        ("v*-rc", "*-rc", False),
        ("*a*", "*ab*", True),
        ("*ab*", "*a*b*", False),
        ("*a*b*", "*ab*", True),
        ("a*b", "a*-*b", True),
        ("a*b", "ab*", False),
        ("a*", "*a", False),
        ("*.*", "1*.*2", True),
    ],
)
def test_a_pattern_covers_another(pattern: str, other: str, *, expected: bool) -> None:
    assert covers(pattern, other) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("v*", "*", True),
        ("v1", "v1", True),
        ("v1", "v2", False),
        ("prod*", "beta*", False),
        ("prod*", "*beta", True),
        ("prod*", "pro", False),
        ("prod*", "pro*", True),
        ("*-eu", "*-us", False),
        ("*eu*", "*us*", True),
        ("a*b", "*c", False),
        ("a*b", "b*a", False),
        ("a*c", "*b*", True),
        ("ab*", "*ba", True),
        ("a*", "a", True),
        ("a*a", "a", False),
        ("*a*", "b", False),
        ("v1.*", "v1-*", False),
    ],
)
def test_two_patterns_can_meet_in_one_tag(one: str, other: str, *, expected: bool) -> None:
    assert can_meet(one, other) is expected
    assert can_meet(other, one) is expected


def test_all_short_patterns_match_the_tags_that_they_should() -> None:
    wrong = [
        (pattern, tag) for pattern in PATTERNS for tag in TAGS if matches(pattern, tag) != (tag in matched(pattern))
    ]
    assert wrong == []


def test_all_short_patterns_cover_those_whose_tags_they_match() -> None:
    both = [(pattern, other) for pattern in PATTERNS for other in PATTERNS]
    assert [pair for pair in both if covers(*pair) != (matched(pair[1]) <= matched(pair[0]))] == []


def test_all_short_patterns_can_meet_where_they_share_a_tag() -> None:
    both = [(one, other) for one in PATTERNS for other in PATTERNS]
    assert [pair for pair in both if can_meet(*pair) == matched(pair[0]).isdisjoint(matched(pair[1]))] == []


@settings(max_examples=500, deadline=None)
@given(patterns, tags)
def test_a_long_pattern_matches_what_the_slow_matcher_does(pattern: str, tag: str) -> None:
    assert matches(pattern, tag) == slow_match(pattern, tag)


@settings(max_examples=500, deadline=None)
@given(st.lists(tags.map(lambda text: text[:3]) | st.just(""), min_size=2, max_size=5), st.lists(tags, max_size=4))
def test_a_tag_made_from_a_pattern_matches_it(parts: list[str], fill: list[str]) -> None:
    fills = [*fill, "", "", "", ""][: len(parts) - 1]
    tag = "".join(part + between for part, between in zip(parts, [*fills, ""], strict=True))
    assert matches("*".join(parts), tag)


@settings(max_examples=300, deadline=None)
@given(patterns, patterns, tags)
def test_covering_and_meeting_say_nothing_that_a_tag_contradicts(one: str, other: str, tag: str) -> None:
    if covers(one, other):
        assert can_meet(one, other)
        assert not slow_match(other, tag) or slow_match(one, tag)
    if slow_match(one, tag) and slow_match(other, tag):
        assert can_meet(one, other)


@settings(max_examples=300, deadline=None)
@given(patterns, patterns, patterns)
def test_covering_is_an_order(one: str, other: str, third: str) -> None:
    assert covers(one, one)
    assert covers("*", one)
    if covers(one, other) and covers(other, third):
        assert covers(one, third)
    if covers(one, other) and covers(other, one):
        assert can_meet(one, third) == can_meet(other, third)
