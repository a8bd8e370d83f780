"""Replication of a registry: what ECR accepts, and rules that get in each other's way."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr import regions
from ecr.registry.replication import Destination, ReplicationRule, is_prefix, problems

HOME, OWN, OTHER = "eu-west-1", "111111111111", "222222222222"


def rule(*destinations: str | tuple[str, str], prefixes: tuple[str, ...] = ()) -> ReplicationRule:
    found = (Destination(one) if isinstance(one, str) else Destination(*one) for one in destinations)
    return ReplicationRule(tuple(found), prefixes)


AWS_REGIONS = [region for region, partition in regions.PARTITIONS.items() if partition == "aws" and region != HOME]

GOOD = [
    pytest.param([rule("eu-central-1")], id="another-region"),
    pytest.param([rule((HOME, OTHER))], id="another-account-in-the-same-region"),
    pytest.param([rule(("eu-central-1", OWN))], id="own-account-written-out"),
    pytest.param([rule("eu-central-1", ("eu-central-1", OTHER))], id="one-region-in-two-accounts"),
    pytest.param([rule("eu-central-1", prefixes=("prod/",)), rule("eu-central-1", prefixes=("dev/",))], id="apart"),
    pytest.param([rule("eu-central-1", prefixes=("prod",)), rule("us-east-1", prefixes=("prod",))], id="elsewhere"),
    pytest.param(
        [rule("us-east-1", prefixes=(f"team-{n}/",)) for n in range(10, 20)],
        id="10-rules",
    ),
    pytest.param([rule(*AWS_REGIONS[:25])], id="25-destinations"),
    pytest.param([rule("us-east-1", prefixes=tuple(f"team-{n}/" for n in range(100, 200)))], id="100-prefixes"),
]


@pytest.mark.parametrize("rules", GOOD)
def test_what_ecr_accepts_has_no_problem(rules: list[ReplicationRule]) -> None:
    assert list(problems(rules, region=HOME, account=OWN)) == []
    assert list(problems(rules)) == []


BAD = [
    pytest.param([rule(HOME)], "[0].destinations[0]", "is this very registry", id="itself"),
    pytest.param(
        [rule("us-east-1", (HOME, OWN))], "[0].destinations[1]", f"very registry, {HOME} in", id="itself-named"
    ),
    pytest.param([rule("eu-west-9")], "[0].destinations[0].region", '"eu-west-9" is not accepted', id="unknown-region"),
    pytest.param([rule("cn-north-1")], "[0].destinations[0].region", "is in partition aws-cn, this", id="partition"),
    pytest.param([rule(("us-east-1", "12345678901"))], "[0].destinations[0].account", "not accepted", id="account"),
    pytest.param([rule()], "[0].destinations", "is empty", id="no-destinations"),
    pytest.param([rule("us-east-1", "us-east-1")], "[0].destinations[1]", "twice", id="destination-twice"),
    pytest.param([rule("us-east-1", ("us-east-1", OWN))], "[0].destinations[1]", "twice", id="own-account-is-the-same"),
    pytest.param([rule("us-east-1", prefixes=("a",))], "[0].prefixes[0]", '"a" is not accepted', id="prefix-short"),
    pytest.param([rule("us-east-1", prefixes=("prod/*",))], "[0].prefixes[0]", "without wildcards", id="wildcard"),
    pytest.param([rule("us-east-1", prefixes=("ab", "ab"))], "[0].prefixes[1]", "twice", id="prefix-twice"),
    pytest.param(
        [rule("us-east-1", prefixes=("prod/app", "prod/"))], "[0].prefixes[0]", 'what "prod/" names', id="prefix-below"
    ),
    pytest.param(
        [rule("us-east-1", prefixes=tuple(f"team-{n}/" for n in range(100, 201)))],
        "[0].prefixes",
        "has 101 prefixes",
        id="101-prefixes",
    ),
    pytest.param(
        [rule("us-east-1", prefixes=(f"team-{n}/",)) for n in range(10, 21)], "", "has 11 rules", id="11-rules"
    ),
    pytest.param([rule(*AWS_REGIONS[:26])], "", "has 26 different destinations", id="26-destinations"),
    pytest.param(
        [rule(*AWS_REGIONS[:13]), rule(*AWS_REGIONS[13:26])], "", "has 26 different", id="26-destinations-in-two-rules"
    ),
    # Rules that copy the same.
    pytest.param([rule("us-east-1"), rule("us-east-1")], "[1]", "copies all repositories to us-east-1", id="all-twice"),
    pytest.param(
        [rule("us-east-1"), rule("us-east-1", prefixes=("prod/",))], "[1]", 'under "prod/"', id="all-covers-a-prefix"
    ),
    pytest.param(
        [rule("us-east-1", prefixes=("prod/",)), rule("us-east-1")], "[1]", 'under "prod/"', id="a-prefix-among-all"
    ),
    pytest.param(
        [rule("us-east-1", prefixes=("dev", "prod")), rule("us-west-1", "us-east-1", prefixes=("x/", "prod/app"))],
        "[1]",
        'copies repositories under "prod/app" to us-east-1 in account 111111111111, and so does rule [0]',
        id="a-prefix-below-another",
    ),
    pytest.param(
        [rule("us-east-1", prefixes=("ab",)), rule(("us-east-1", OWN), prefixes=("ab",))],
        "[1]",
        "and so does rule [0]",
        id="the-same-once-with-its-account",
    ),
]


@pytest.mark.parametrize(("rules", "path", "reason"), BAD)
def test_a_problem_names_its_place(rules: list[ReplicationRule], path: str, reason: str) -> None:
    (problem,) = problems(rules, region=HOME, account=OWN)
    assert problem.path == path
    assert reason in problem.reason


def test_without_the_region_only_what_holds_anywhere_is_refused() -> None:
    assert list(problems([rule(HOME, (HOME, OWN))])) == []
    assert list(problems([rule(HOME)], account=OWN)) == []


def test_with_the_region_alone_an_account_is_another_one() -> None:
    assert list(problems([rule((HOME, OWN))], region=HOME)) == []
    assert [problem.path for problem in problems([rule((HOME, OWN), HOME)], region=HOME)] == ["[0].destinations[1]"]


def test_without_the_region_destinations_still_share_a_partition() -> None:
    (problem,) = problems([rule("cn-north-1"), rule("us-east-1")])
    assert problem.path == "[1].destinations[0].region"
    assert "is in partition aws, others in aws-cn" in problem.reason


def test_ten_pairs_of_rules_that_overlap_are_ten_problems() -> None:
    assert [problem.path for problem in problems([rule("us-east-1")] * 5)] == [
        *("[1]", "[2]", "[3]", "[4]"),
        *("[2]", "[3]", "[4]"),
        *("[3]", "[4]"),
        "[4]",
    ]


PREFIXES = st.lists(st.sampled_from(["aa", "aaa", "ab", "ba", "b/", "b/a"]), max_size=3, unique=True)
REGIONS = st.lists(st.sampled_from(["us-east-1", "us-west-1", "sa-east-1"]), min_size=1, max_size=2, unique=True)


@given(
    st.lists(st.builds(lambda found, prefixes: rule(*found, prefixes=tuple(prefixes)), REGIONS, PREFIXES), max_size=4)
)
def test_rules_without_a_problem_copy_each_repository_to_each_registry_once(rules: list[ReplicationRule]) -> None:
    names = [f"{start}{rest}" for start in ("aa", "aaa", "ab", "ba", "b/", "b/a", "c") for rest in ("", "x")]
    copies = [
        (name, destination)
        for name in names
        for one in rules
        for prefix in one.prefixes or ("",)
        for destination in one.destinations
        if name.startswith(prefix)
    ]
    assert bool(list(problems(rules))) == (len(set(copies)) < len(copies))


@pytest.mark.parametrize("text", ["ab", "a/", "prod", "prod/", "prod/app-", "a.b_c", "-a", "a" * 256, "a--b", "a..b"])
def test_prefixes_that_ecr_accepts(text: str) -> None:
    assert is_prefix(text)


@pytest.mark.parametrize(
    "text", ["", "a", "/", "/a", "a" * 257, "Ab", "ab*", "a?", "a//b", "a b", "ab\n", "aä", "${a}"]
)
def test_prefixes_that_ecr_refuses(text: str) -> None:
    assert not is_prefix(text)


# API reference, RepositoryFilter.
AS_DOCUMENTED = re.compile(r"^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$")


@given(st.text("a1._-/*A", min_size=2, max_size=12))
def test_a_prefix_is_what_ecrs_own_pattern_says(text: str) -> None:
    assert is_prefix(text) == (AS_DOCUMENTED.fullmatch(text) is not None)


def test_a_prefix_that_does_not_match_is_refused_at_once() -> None:
    assert not is_prefix("a.-_" * 63 + "a*")
    assert not is_prefix("a/" * 127 + "a*")
