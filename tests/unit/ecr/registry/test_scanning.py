"""Scanning of a registry: what ECR accepts, and filters that could never act."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr.registry.scanning import ScanFrequency, Scanning, ScanningRule, ScanType, is_filter, problems

PUSH, CONTINUOUS = ScanFrequency.SCAN_ON_PUSH, ScanFrequency.CONTINUOUS_SCAN
BASIC, ENHANCED = ScanType.BASIC, ScanType.ENHANCED


def on_push(*filters: str) -> ScanningRule:
    return ScanningRule(PUSH, filters)


def continuously(*filters: str) -> ScanningRule:
    return ScanningRule(CONTINUOUS, filters)


GOOD = [
    pytest.param(Scanning(BASIC), id="basic-by-hand"),
    pytest.param(Scanning(BASIC, (on_push("*"),)), id="basic-on-push"),
    pytest.param(Scanning(BASIC, (on_push("a"), on_push("b"))), id="basic-two-rules"),
    pytest.param(Scanning(ENHANCED, (on_push("*"),)), id="enhanced-on-push"),
    pytest.param(Scanning(ENHANCED, (continuously("prod/*"), on_push("*"))), id="enhanced-both"),
    pytest.param(Scanning(ENHANCED, (on_push("prod"), continuously("prod/*"))), id="only-part-is-continuous"),
    pytest.param(Scanning(ENHANCED, (on_push("*prod*"), continuously("*prod"))), id="only-the-end-is-continuous"),
    pytest.param(Scanning(BASIC, (on_push(*(f"app-{n}" for n in range(100))),)), id="100-filters"),
]


@pytest.mark.parametrize("scanning", GOOD)
def test_what_ecr_accepts_has_no_problem(scanning: Scanning) -> None:
    assert list(problems(scanning)) == []


BAD = [
    pytest.param(Scanning(ENHANCED), "rules", "is missing", id="enhanced-without-rules"),
    pytest.param(Scanning(BASIC, (on_push("a"), on_push("b"), on_push("c"))), "rules", "has 3 rules", id="3-rules"),
    pytest.param(
        Scanning(BASIC, (continuously("*"),)),
        "rules[0].frequency",
        '"CONTINUOUS_SCAN" is not accepted; accepted: SCAN_ON_PUSH with type BASIC',
        id="basic-continuously",
    ),
    pytest.param(Scanning(BASIC, (on_push(),)), "rules[0].repositories", "has 0 filters", id="no-filters"),
    pytest.param(
        Scanning(BASIC, (on_push(*(f"app-{n}" for n in range(101))),)),
        "rules[0].repositories",
        "has 101 filters",
        id="101-filters",
    ),
    pytest.param(Scanning(BASIC, (on_push("a", "A"),)), "rules[0].repositories[1]", '"A" is not', id="capital"),
    pytest.param(Scanning(BASIC, (on_push("a", "a"),)), "rules[0].repositories[1]", "twice", id="twice"),
    pytest.param(
        Scanning(ENHANCED, (on_push("a", "prod/x*"), continuously("b", "prod/*"))),
        "rules[0].repositories[1]",
        '"prod/x*" could never act: rules[1].repositories[1] has all of it scanned continuously',
        id="all-of-it-is-continuous",
    ),
    pytest.param(
        Scanning(ENHANCED, (continuously("prod"), on_push("nonprod"))),
        "rules[1].repositories[0]",
        "could never act",
        id="a-filter-without-wildcard-matches-what-contains-it",
    ),
    pytest.param(
        Scanning(ENHANCED, (continuously("*"), on_push("prod"))), "rules[1].repositories[0]", "never act", id="star"
    ),
]


@pytest.mark.parametrize(("scanning", "path", "reason"), BAD)
def test_a_problem_names_its_place(scanning: Scanning, path: str, reason: str) -> None:
    (problem,) = problems(scanning)
    assert problem.path == path
    assert reason in problem.reason


@pytest.mark.parametrize("text", ["a", "*", "a" * 255, "prod/*", "*/app", "a.b_c-d/e", "**", "a*b*c"])
def test_filters_that_ecr_accepts(text: str) -> None:
    assert is_filter(text)


@pytest.mark.parametrize(
    "text", ["", "a" * 256, "A", "a/", "/a", "a--b", "a//b", "a b", "a?", "[a]", "a\n", ".", "ä", "a:b", "${a}"]
)
def test_filters_that_ecr_refuses(text: str) -> None:
    assert not is_filter(text)


# API reference, ScanningRepositoryFilter.
AS_DOCUMENTED = re.compile(r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$")


@given(st.text("a1*._-/A", min_size=1, max_size=12))
def test_a_filter_is_what_ecrs_own_pattern_says(text: str) -> None:
    assert is_filter(text) == (AS_DOCUMENTED.fullmatch(text) is not None)


def test_a_filter_that_does_not_match_is_refused_at_once() -> None:
    assert not is_filter("a" * 254 + "!")  # the documented pattern would take longer than there is time
