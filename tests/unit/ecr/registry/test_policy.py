"""The registry's policy: what it may say. What it says is checked in tests/policies/test_registry.py."""

from __future__ import annotations

import pytest

from ecr.reference import Registry
from ecr.registry import policy
from ecr.registry.policy import (
    CacheAccess,
    RegistryAccess,
    ReplicationSource,
    destination_policies,
    destination_problems,
    problems,
)
from ecr.registry.replication import Destination, ReplicationRule

HOME, OWN, OTHER = "eu-west-1", "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{OWN}:role/nodes"


def replicate(*sources: ReplicationSource) -> RegistryAccess:
    return RegistryAccess(replicate_from=sources)


def cache(**changes: tuple[str, ...]) -> RegistryAccess:
    return RegistryAccess(
        pull_through_cache=(CacheAccess(**{"prefixes": ("docker-hub",), "roles": (ROLE,), **changes}),)
    )


def sources(count: int, *prefixes: str) -> RegistryAccess:
    return replicate(*(ReplicationSource(f"{number:012}", prefixes) for number in range(count)))


GOOD = [
    pytest.param(replicate(ReplicationSource(OTHER)), id="account"),
    pytest.param(replicate(ReplicationSource(OTHER, ("prod/", "dev"))), id="prefixes"),
    pytest.param(cache(), id="cache"),
    pytest.param(cache(prefixes=("ROOT",)), id="all-caches"),
    pytest.param(cache(accounts=(OWN,), roles=()), id="own-account-uses-the-cache"),
    pytest.param(sources(40), id="40-accounts"),
]


@pytest.mark.parametrize("access", GOOD)
def test_what_can_be_granted_has_no_problem(access: RegistryAccess) -> None:
    assert list(problems(access, region=HOME, account=OWN)) == []
    assert list(problems(access)) == []


BAD = [
    pytest.param(RegistryAccess(), "", "grants nothing", id="nothing"),
    pytest.param(replicate(ReplicationSource("1")), "replicateFrom[0].account", '"1" is not accepted', id="account"),
    pytest.param(replicate(ReplicationSource(OWN)), "replicateFrom[0]", "is this very account", id="own-account"),
    pytest.param(
        replicate(ReplicationSource(OTHER, ("ab",)), ReplicationSource(OTHER, ("cd",))),
        "replicateFrom[1]",
        "stands in the list twice; accepted: one entry with all its prefixes",
        id="account-twice",
    ),
    pytest.param(
        replicate(ReplicationSource(OTHER, ("prod/*",))), "replicateFrom[0].prefixes[0]", "without wildcards", id="star"
    ),
    pytest.param(
        replicate(ReplicationSource(OTHER, ("ab", "ab"))), "replicateFrom[0].prefixes[1]", "twice", id="prefix-twice"
    ),
    pytest.param(cache(roles=()), "pullThroughCache[0]", "names nobody", id="nobody"),
    pytest.param(cache(prefixes=()), "pullThroughCache[0].prefixes", "is empty", id="no-cache"),
    pytest.param(cache(prefixes=("*",)), "pullThroughCache[0].prefixes[0]", "or ROOT", id="cache-wildcard"),
    pytest.param(cache(prefixes=("a" * 31,)), "pullThroughCache[0].prefixes[0]", "not accepted", id="cache-too-long"),
    pytest.param(cache(accounts=("1",)), "pullThroughCache[0].accounts[0]", "12 digits", id="cache-account"),
    pytest.param(
        cache(roles=("arn:aws:iam::1:role/x",)), "pullThroughCache[0].roles[0]", "the ARN of a role", id="cache-role"
    ),
    pytest.param(
        cache(roles=(f"arn:aws:iam::{OWN}:role/*",)),
        "pullThroughCache[0].roles[0]",
        "without wildcards",
        id="all-roles",
    ),
    pytest.param(cache(roles=(ROLE, ROLE)), "pullThroughCache[0].roles[1]", "twice", id="role-twice"),
    pytest.param(
        cache(roles=(f"arn:aws-cn:iam::{OWN}:role/nodes",)),
        "pullThroughCache[0].roles[0]",
        "is in partition aws-cn, this registry in aws",
        id="role-of-another-partition",
    ),
    pytest.param(sources(60), "", "characters as JSON; ECR accepts up to 10240", id="60-accounts"),
    pytest.param(sources(12, *(f"team-{n}/" for n in range(20))), "", "name fewer prefixes or accounts", id="prefixes"),
]


@pytest.mark.parametrize(("access", "path", "reason"), BAD)
def test_a_problem_names_its_place(access: RegistryAccess, path: str, reason: str) -> None:
    (problem,) = problems(access, region=HOME, account=OWN)
    assert problem.path == path
    assert reason in problem.reason


def test_prefixes_that_only_look_alike_are_apart() -> None:
    caches = CacheAccess(("docker-hub", "docker-hub-2"), roles=(ROLE,))
    assert list(problems(RegistryAccess(pull_through_cache=(caches,)), region=HOME, account=OWN)) == []


def long_rule(*destinations: Destination, characters: int = 244) -> ReplicationRule:
    return ReplicationRule(destinations, tuple(f"{number:03}".ljust(characters, "a") for number in range(100)))


def test_a_policy_that_another_account_could_not_have_is_refused() -> None:
    rules = [long_rule(Destination("us-east-1"), Destination("us-east-1", OTHER), Destination("us-west-2", OTHER))]
    (first, second) = destination_problems(rules, region=HOME, account=OWN)
    needed = destination_policies(rules, Registry("aws", HOME, OWN))[OTHER]["us-east-1"]
    assert first.path == ""
    assert first.reason.startswith(f"needs a registry policy of {len(needed.text)} characters in account {OTHER}, us-e")
    assert second.reason.endswith("us-west-2; ECR accepts up to 10240: name fewer or shorter prefixes")


def test_the_own_account_needs_no_policy_of_any_length() -> None:
    rules = [long_rule(Destination("us-east-1"), Destination("us-west-2", OWN))]
    assert list(destination_problems(rules, region=HOME, account=OWN)) == []
    assert (
        list(destination_problems([long_rule(Destination(HOME, OTHER), characters=8)], region=HOME, account=OWN)) == []
    )


def test_without_the_account_it_is_not_known_which_accounts_are_others() -> None:
    rules = [long_rule(Destination("us-east-1", OTHER))]
    assert list(destination_problems(rules, region=HOME, account=None)) == []
    assert list(destination_problems(rules, region=None, account=OWN)) == []


def test_what_depends_on_region_and_account_waits_for_them() -> None:
    access = RegistryAccess(
        replicate_from=(ReplicationSource(OWN),),
        pull_through_cache=(CacheAccess(("ROOT",), roles=(f"arn:aws-cn:iam::{OWN}:role/nodes",)),),
    )
    assert list(problems(access)) == []


def test_the_length_is_that_of_the_text_that_is_sent() -> None:
    here = Registry("aws", HOME, OWN)
    many = sources(45).replicate_from

    def padded(characters: int) -> RegistryAccess:
        """With prefixes that make up the length."""
        missing = characters - len(policy.document(replicate(*many), here).text)
        return replicate(*many[1:], ReplicationSource(many[0].account, ("a" * missing,)))

    longest, longer = padded(policy.MAX_POLICY_CHARS), padded(policy.MAX_POLICY_CHARS + 1)
    assert len(policy.document(longest, here).text) == policy.MAX_POLICY_CHARS == 10_240
    assert list(problems(longest, region=HOME)) == []
    (problem,) = problems(longer, region=HOME)
    assert problem.reason.startswith("has 10241 characters as JSON")


def test_without_the_region_the_longest_one_counts() -> None:
    fits = [count for count in range(1, 60) if not list(problems(sources(count), region="us-east-1"))]
    assert list(problems(sources(max(fits)), region=None))


def test_other_accounts_get_a_policy_for_each_of_their_regions() -> None:
    rules = [
        ReplicationRule((Destination("eu-central-1"), Destination("eu-central-1", OWN))),
        ReplicationRule((Destination(HOME, OTHER), Destination("us-east-1", OTHER)), ("prod/",)),
        ReplicationRule((Destination(HOME, OTHER), Destination(HOME, "333333333333")), ("dev/", "prod/")),
        ReplicationRule((Destination("us-east-1", OTHER),)),
    ]
    found = destination_policies(rules, Registry("aws", HOME, OWN))
    resources = {
        account: {region: one.statements[0].resources for region, one in regions.items()}
        for account, regions in found.items()
    }
    assert resources == {
        OTHER: {
            HOME: (
                f"arn:aws:ecr:{HOME}:{OTHER}:repository/prod/*",
                f"arn:aws:ecr:{HOME}:{OTHER}:repository/dev/*",
            ),
            "us-east-1": (f"arn:aws:ecr:us-east-1:{OTHER}:repository/*",),
        },
        "333333333333": {
            HOME: (
                f"arn:aws:ecr:{HOME}:333333333333:repository/dev/*",
                f"arn:aws:ecr:{HOME}:333333333333:repository/prod/*",
            )
        },
    }


def test_a_destination_in_the_own_account_needs_no_policy() -> None:
    rules = [ReplicationRule((Destination("eu-central-1"), Destination("us-east-1", OWN)))]
    assert destination_policies(rules, Registry("aws", HOME, OWN)) == {}


def test_the_printed_statement_is_the_one_that_the_other_side_would_make() -> None:
    """What `policy: {replicateFrom: [...]}` makes there is what this side prints."""
    rules = [ReplicationRule((Destination("us-east-1", OTHER),), ("prod/",))]
    printed = destination_policies(rules, Registry("aws", HOME, OWN))[OTHER]["us-east-1"]
    made = policy.document(replicate(ReplicationSource(OWN, ("prod/",))), Registry("aws", "us-east-1", OTHER))
    assert printed == made
