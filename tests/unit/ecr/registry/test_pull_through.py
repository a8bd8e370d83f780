from __future__ import annotations

import dataclasses

import pytest

from ecr.reference import EcrHost
from ecr.registry import pull_through
from ecr.registry.pull_through import MAKE, MAX_RULES, ROOT, PullThroughCacheRule
from ecr.registry.upstreams import Upstream

ACCOUNT, REGION = "123456789012", "eu-west-1"
OTHER = "222222222222"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cache"

QUAY = PullThroughCacheRule(prefix="quay", upstream=Upstream.parse("quay"))
HUB = PullThroughCacheRule(prefix="docker-hub", upstream=Upstream.parse("docker-hub"), credentials=SECRET)
SHARED = PullThroughCacheRule(
    prefix="shared",
    upstream=Upstream.parse(f"{OTHER}.dkr.ecr.{REGION}.amazonaws.com"),
    role=MAKE,
    upstream_prefix="team-a",
)
NEAR = PullThroughCacheRule(prefix="near", upstream=Upstream.parse(f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"))


def found(*rules: PullThroughCacheRule, account: str | None = ACCOUNT, region: str | None = REGION) -> list[str]:
    return [
        f"{problem.path}: {problem.reason}" for problem in pull_through.problems(rules, account=account, region=region)
    ]


@pytest.mark.parametrize("account", [ACCOUNT, None])
@pytest.mark.parametrize("region", [REGION, None])
def test_rules_for_different_upstreams_stand_beside_each_other(account: str | None, region: str | None) -> None:
    root = PullThroughCacheRule(prefix=ROOT, upstream=Upstream.parse("ecr-public"))
    assert found(QUAY, HUB, SHARED, NEAR, root, account=account, region=region) == []
    assert found(account=account, region=region) == []


PREFIXES = [
    pytest.param("ab", True, id="2 characters"),
    pytest.param("a", False, id="1 character"),
    pytest.param("a" * 30, True, id="30 characters"),
    pytest.param("a" * 31, False, id="31 characters"),
    pytest.param("team/docker-hub", True, id="a part of a part"),
    pytest.param("a.b_c__d---e", True, id="all that joins"),
    pytest.param("ROOT", True, id="root"),
    pytest.param("root", True, id="root in small letters is a name"),
    pytest.param("Root", False, id="a capital"),
    pytest.param("hub/", False, id="slash at the end"),
    pytest.param("/hub", False, id="slash in front"),
    pytest.param("hub//a", False, id="an empty part"),
    pytest.param("hub-", False, id="dash at the end"),
    pytest.param("hub*", False, id="wildcard"),
    pytest.param("hub\n", False, id="line break"),
    pytest.param("", False, id="empty"),
]


@pytest.mark.parametrize(("prefix", "accepted"), PREFIXES)
def test_a_prefix_is_written_as_ecr_takes_it(prefix: str, accepted: bool) -> None:  # noqa: FBT001
    assert pull_through.is_prefix(prefix) is accepted
    assert (found(dataclasses.replace(QUAY, prefix=prefix)) == []) is accepted


def test_the_prefix_of_an_upstream_has_no_name_for_all() -> None:
    assert not pull_through.is_upstream_prefix("ROOT")
    assert pull_through.is_upstream_prefix("team-a")


def secret(**changes: str) -> PullThroughCacheRule:
    arn = SECRET
    for old, new in changes.items():
        arn = arn.replace({"region": REGION, "account": ACCOUNT, "name": "ecr-pullthroughcache/hub"}[old], new)
    return dataclasses.replace(HUB, credentials=arn)


BAD = [
    pytest.param(
        dataclasses.replace(HUB, credentials=None), "[0].credentials: is missing; ECR pulls from docker-hub", id="none"
    ),
    pytest.param(
        dataclasses.replace(QUAY, credentials=SECRET), "[0].credentials: is set, and upstream is quay", id="not taken"
    ),
    pytest.param(
        dataclasses.replace(SHARED, credentials=SECRET), "[0].credentials: is set, and upstream is ecr, which", id="ecr"
    ),
    pytest.param(secret(name="hub"), "[0].credentials: is the ARN of a secret of another name", id="name"),
    pytest.param(secret(region="us-east-1"), "[0].credentials: is in us-east-1, and the registry is in", id="Region"),
    pytest.param(secret(account=OTHER), f"[0].credentials: is in account {OTHER}, and the registry is", id="account"),
    pytest.param(dataclasses.replace(QUAY, role=MAKE), "[0].role: goes with another ECR registry", id="role"),
    pytest.param(dataclasses.replace(SHARED, role=None), f"[0].role: is missing; {OTHER}.dkr.ecr", id="no role for it"),
    pytest.param(dataclasses.replace(SHARED, role="cache"), '[0].role: "cache" is not accepted', id="a role's name"),
    pytest.param(
        dataclasses.replace(SHARED, role=ROLE.replace(ACCOUNT, OTHER)),
        f"[0].role: is in account {OTHER}",
        id="its role",
    ),
    pytest.param(
        dataclasses.replace(QUAY, upstream_prefix="team"), "[0].upstreamPrefix: goes with another", id="prefix of quay"
    ),
    pytest.param(
        dataclasses.replace(SHARED, upstream_prefix="ROOT"), '[0].upstreamPrefix: "ROOT" is not', id="root of another"
    ),
    pytest.param(
        dataclasses.replace(SHARED, prefix=ROOT), "[0].upstreamPrefix: is set and prefix is ROOT", id="root and prefix"
    ),
    pytest.param(
        dataclasses.replace(NEAR, upstream=Upstream.parse(f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com")),
        f"[0].upstream: {ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com is the registry itself",
        id="itself",
    ),
]


@pytest.mark.parametrize(("rule", "line"), BAD)
def test_a_rule_that_ecr_would_refuse_is_refused(rule: PullThroughCacheRule, line: str) -> None:
    (problem,) = found(rule)
    assert problem.startswith(line)


OVERLAPS = [
    pytest.param("quay", "quay", "is the prefix of another rule too", id="the same"),
    pytest.param("ROOT", "ROOT", "is the prefix of another rule too", id="two roots"),
    pytest.param("quay", "quay/io", 'overlaps "quay" of another rule', id="inside"),
    pytest.param("quay/io", "quay", 'overlaps "quay/io" of another rule', id="around"),
    pytest.param("quay", "quay-io", None, id="the same letters in front"),
    pytest.param("quay/io", "quay/other", None, id="neighbours"),
    pytest.param("ROOT", "quay", None, id="root is for the rest"),
]


@pytest.mark.parametrize(("one", "other", "reason"), OVERLAPS)
def test_no_repository_belongs_to_two_rules(one: str, other: str, reason: str | None) -> None:
    lines = found(*(dataclasses.replace(QUAY, prefix=prefix) for prefix in (one, other)))
    assert (
        lines == [] if reason is None else (len(lines) == 1 and lines[0].startswith(f'[1].prefix: "{other}" {reason}'))
    )


def test_a_registry_takes_fifty_rules() -> None:
    rules = [dataclasses.replace(QUAY, prefix=f"quay-{number}") for number in range(MAX_RULES + 1)]
    assert found(*rules[:-1]) == []
    assert found(*rules) == [": has 51 rules; ECR accepts up to 50 in a registry"]


@pytest.mark.parametrize("region", ["cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"])
def test_regions_without_pull_through_cache_are_refused(region: str) -> None:
    assert found(QUAY, region=region) == [f": can't be used in {region}: ECR has no pull through cache there"]
    assert found(region=region) == []


def test_where_the_registry_is_not_known_all_secrets_and_roles_must_be_in_one_place() -> None:
    elsewhere = dataclasses.replace(
        secret(account=OTHER), prefix="hub-2", credentials=secret(account=OTHER, region="us-east-1").credentials
    )
    lines = found(HUB, elsewhere, dataclasses.replace(SHARED, role=ROLE), account=None, region=None)
    assert lines == [
        f"[1].credentials: is in us-east-1, and another rule names {REGION}; accepted: one in the same Region",
        f"[1].credentials: is in account {OTHER}, and another rule names {ACCOUNT}; accepted: one in the same account",
    ]


def test_roles_must_be_in_one_account_wherever_that_is() -> None:
    one = dataclasses.replace(SHARED, role=ROLE)
    other = dataclasses.replace(SHARED, prefix="other", role=ROLE.replace(ACCOUNT, "333333333333"))
    assert found(one, other, account=None) == [
        f"[1].role: is in account 333333333333, and another rule names {ACCOUNT}; accepted: one in the same account"
    ]


def test_a_missing_role_is_seen_by_the_account_of_a_secret() -> None:
    without = dataclasses.replace(SHARED, role=None)
    assert found(without, account=None) == []
    assert found(HUB, without, account=None) != []


def test_a_secret_that_the_program_makes_is_not_missing() -> None:
    rule = dataclasses.replace(HUB, credentials=None)
    assert list(pull_through.problems([rule], made=["docker-hub"])) == []


MADE = [
    pytest.param(HUB, "docker-hub", "[0].credentials: names a secret, and credentials are given", id="beside a secret"),
    pytest.param(QUAY, "quay", "[0].credentials: is set, and upstream is quay", id="where none are taken"),
    pytest.param(QUAY, "quai", ': has no rule for "quai"', id="for no rule"),
]


@pytest.mark.parametrize(("rule", "made", "line"), MADE)
def test_a_secret_is_made_where_one_is_wanted_and_none_is_named(
    rule: PullThroughCacheRule, made: str, line: str
) -> None:
    (problem,) = pull_through.problems([rule], made=[made])
    assert f"{problem.path}: {problem.reason}".startswith(line)


def test_what_upstreams_must_allow_is_one_document_for_each_of_their_registries() -> None:
    far = dataclasses.replace(SHARED, prefix="far", upstream=Upstream.parse(f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com"))
    second = dataclasses.replace(SHARED, prefix="second", upstream_prefix="team-b")
    documents = pull_through.upstream_policies([far, second, SHARED, NEAR, QUAY], account=ACCOUNT, partition="aws")
    assert {registry: document.statements[0].resources for registry, document in documents.items()} == {
        EcrHost(OTHER, REGION): tuple(f"arn:aws:ecr:{REGION}:{OTHER}:repository/team-{team}/*" for team in "ab"),
        EcrHost(OTHER, "us-east-1"): (f"arn:aws:ecr:us-east-1:{OTHER}:repository/team-a/*",),
    }


def test_a_whole_upstream_takes_in_its_prefixes() -> None:
    whole = dataclasses.replace(SHARED, prefix="whole", upstream_prefix=None)
    (document,) = pull_through.upstream_policies([SHARED, whole], account=ACCOUNT, partition="aws").values()
    assert document.statements[0].resources == (f"arn:aws:ecr:{REGION}:{OTHER}:repository/*",)


def test_upstreams_of_the_same_account_need_no_policy() -> None:
    assert pull_through.upstream_policies([NEAR, QUAY], account=ACCOUNT, partition="aws") == {}


def test_only_an_ecr_registry_has_a_role() -> None:
    with pytest.raises(ValueError, match="quay takes no role"):
        pull_through.role_permissions(QUAY, account=ACCOUNT, region=REGION, partition="aws")


def test_messages_stay_short_whatever_they_are_about() -> None:
    endless = "A" * 100_000
    rule = PullThroughCacheRule(prefix=endless, upstream=NEAR.upstream, role=endless, upstream_prefix=endless)
    lines = [*found(rule, dataclasses.replace(rule, upstream=QUAY.upstream)), *found(QUAY, account=None)]
    assert len(lines) > 4
    assert max(map(len, lines)) < 500
