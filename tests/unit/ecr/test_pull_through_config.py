from __future__ import annotations

import pytest

from ecr.registry.pull_through import MAKE, PullThroughCacheRule
from ecr.registry.upstreams import Upstream
from ecr.registry_config import read_registry
from tests.unit.ecr import stack_files

ACCOUNT, REGION = "123456789012", "eu-west-1"
OTHER = "222222222222"
ECR = f"{OTHER}.dkr.ecr.{REGION}.amazonaws.com"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cache"
TOKEN = f"dckr_pat_{'made-up'}"
PATH = "container-registry:registry.pullThroughCache"

QUAY = {"prefix": "quay", "upstream": "quay"}
HUB = {"prefix": "docker-hub", "upstream": "docker-hub", "credentials": SECRET}
SHARED = {"prefix": "shared", "upstream": ECR, "role": "make", "upstreamPrefix": "team-a"}


def read(value: object, *, region: str | None = REGION) -> tuple[PullThroughCacheRule, ...]:
    found = stack_files.read("registry", {"pullThroughCache": value}, lambda top: read_registry(top, region=region))
    assert found is not None
    return found.pull_through_cache


def mistakes(value: object, *, region: str | None = REGION) -> list[str]:
    return stack_files.mistakes(lambda: read(value, region=region))


def test_rules_are_read_in_their_order() -> None:
    assert read([HUB, QUAY, SHARED, {**SHARED, "prefix": "more", "role": ROLE}]) == (
        PullThroughCacheRule(prefix="docker-hub", upstream=Upstream.parse("docker-hub"), credentials=SECRET),
        PullThroughCacheRule(prefix="quay", upstream=Upstream.parse("quay")),
        PullThroughCacheRule(prefix="shared", upstream=Upstream.parse(ECR), role=MAKE, upstream_prefix="team-a"),
        PullThroughCacheRule(prefix="more", upstream=Upstream.parse(ECR), role=ROLE, upstream_prefix="team-a"),
    )


def test_all_upstreams_can_be_named_at_once() -> None:
    anonymous = ("ecr-public", "k8s", "quay")
    signed_in = ("docker-hub", "github-container-registry", "gitlab-container-registry", "chainguard", "me.azurecr.io")
    rules = [{"prefix": name.replace(".", "-"), "upstream": name} for name in anonymous]
    rules += [{"prefix": f"x/{name}", "upstream": name, "credentials": SECRET} for name in signed_in]
    shortened = [{**rule, "prefix": rule["prefix"][:30]} for rule in rules]
    assert [rule.upstream for rule in read(shortened)] == [Upstream.parse(name) for name in (*anonymous, *signed_in)]


SHAPES = [
    pytest.param([], ": is empty; give it a value, or take the key out", id="an empty list"),
    pytest.param(
        {}, ": what stands there (not shown, it may be a secret) is not accepted; accepted: a list", id="an object"
    ),
    pytest.param(
        "quay", ": what stands there (not shown, it may be a secret) is not accepted; accepted: a list", id="a text"
    ),
    pytest.param(
        7, ": what stands there (not shown, it may be a secret) is not accepted; accepted: a list", id="a number"
    ),
    pytest.param(
        ["quay"],
        "[0]: what stands there (not shown, it may be a secret) is not accepted; accepted: an object with keys",
        id="a list of names",
    ),
    pytest.param(
        [None],
        "[0]: what stands there (not shown, it may be a secret) is not accepted; accepted: an object with keys",
        id="null",
    ),
]
MISSING = [
    pytest.param({"upstream": "quay"}, "[0].prefix: is missing; accepted: 2 to 30 characters", id="no prefix"),
    pytest.param({"prefix": "quay"}, "[0].upstream: is missing; accepted: one of ecr-public", id="no upstream"),
    pytest.param({**QUAY, "prefix": None}, "[0].prefix: has no value", id="prefix without a value"),
    pytest.param({**QUAY, "upstream": None}, "[0].upstream: has no value", id="upstream without a value"),
    pytest.param({**HUB, "credentials": None}, "[0].credentials: has no value", id="credentials without a value"),
    pytest.param({**SHARED, "role": None}, "[0].role: has no value", id="role without a value"),
    pytest.param({**SHARED, "upstreamPrefix": None}, "[0].upstreamPrefix: has no value", id="no value, so all"),
    pytest.param({**QUAY, "url": "quay.io"}, "[0].url: is not a known key; known: credentials, prefix", id="unknown"),
    pytest.param({**QUAY, "Prefix": "q"}, "[0].Prefix: is not a known key", id="a capital"),
]
PREFIXES = [
    pytest.param({**QUAY, "prefix": 12}, "[0].prefix: 12 is not accepted; accepted: 2 to 30", id="number"),
    pytest.param({**QUAY, "prefix": ""}, '[0].prefix: "" is not accepted', id="empty prefix"),
    pytest.param({**QUAY, "prefix": "q"}, '[0].prefix: "q" is not accepted', id="one character"),
    pytest.param({**QUAY, "prefix": "q" * 31}, '[0].prefix: "qqq', id="31 characters"),
    pytest.param({**QUAY, "prefix": "quay/"}, '[0].prefix: "quay/" is not accepted', id="slash at the end"),
    pytest.param({**QUAY, "prefix": "Quay"}, '[0].prefix: "Quay" is not accepted', id="capital in the prefix"),
    pytest.param({**QUAY, "prefix": "quay*"}, '[0].prefix: "quay*" is not accepted', id="wildcard"),
    pytest.param({**QUAY, "prefix": "root "}, '[0].prefix: "root " is not accepted', id="space"),
]
UPSTREAMS = [
    pytest.param(
        {**QUAY, "upstream": "quai"}, '[0].upstream: "quai" is not accepted; accepted: one of', id="unknown u"
    ),
    pytest.param({**QUAY, "upstream": 7}, "[0].upstream: 7 is not accepted", id="upstream of 7"),
    pytest.param({**QUAY, "upstream": "quay.io"}, '[0].upstream: "quay.io" is not accepted', id="host"),
    pytest.param({**QUAY, "upstream": "https://quay.io"}, '[0].upstream: "https://quay.io" is not', id="URL"),
    pytest.param({**SHARED, "upstream": "ecr"}, '[0].upstream: "ecr" is not accepted', id="ecr"),
    pytest.param({**HUB, "upstream": "azure"}, '[0].upstream: "azure" is not accepted', id="azure"),
    pytest.param({**SHARED, "upstream": ECR[1:]}, '[0].upstream: "22222222222.dkr', id="a lost digit"),
    pytest.param({**SHARED, "upstream": ECR.replace("west", "wets")}, '[0].upstream: "2222', id="misspelt Region"),
    pytest.param({**SHARED, "upstream": ECR + ".cn"}, '[0].upstream: "2222', id="China's domain"),
]
CREDENTIALS = [
    pytest.param({**HUB, "credentials": 7}, "[0].credentials: is not a text; accepted: the ARN", id="credentials of 7"),
    pytest.param({**HUB, "credentials": [SECRET]}, "[0].credentials: is not a text", id="a list of secrets"),
    pytest.param({**HUB, "credentials": ""}, "[0].credentials: is not the ARN of a secret", id="no secret"),
    pytest.param({**HUB, "credentials": "hub"}, "[0].credentials: is not the ARN of a secret", id="a secret's name"),
    pytest.param(
        {**HUB, "credentials": SECRET.replace("ecr-pullthroughcache/", "")},
        "[0].credentials: is the ARN of a secret of another name; accepted: ",
        id="a secret without the prefix",
    ),
    pytest.param(
        {**HUB, "credentials": SECRET.replace(REGION, "us-east-1")},
        f"[0].credentials: is in us-east-1, and the registry is in {REGION}",
        id="a secret of another Region",
    ),
    pytest.param(
        {**HUB, "credentials": SECRET.replace(ACCOUNT, ACCOUNT[1:])},
        "[0].credentials: is not the ARN of a secret",
        id="an account that lost a digit",
    ),
    pytest.param(
        {"prefix": "hub", "upstream": "docker-hub"}, "[0].credentials: is missing; ECR pulls from docker-hub", id="none"
    ),
    pytest.param(
        {"prefix": "gh", "upstream": "github-container-registry"}, "[0].credentials: is missing", id="none for GitHub"
    ),
    pytest.param(
        {"prefix": "gl", "upstream": "gitlab-container-registry"}, "[0].credentials: is missing", id="none for GitLab"
    ),
    pytest.param({"prefix": "cg", "upstream": "chainguard"}, "[0].credentials: is missing", id="none for Chainguard"),
    pytest.param({"prefix": "az", "upstream": "me.azurecr.io"}, "[0].credentials: is missing", id="none for Azure"),
    pytest.param({**QUAY, "credentials": SECRET}, "[0].credentials: is set, and upstream is quay", id="some for Quay"),
    pytest.param({**QUAY, "upstream": "k8s", "credentials": SECRET}, "[0].credentials: is set", id="some for k8s"),
    pytest.param(
        {**QUAY, "upstream": "ecr-public", "credentials": SECRET}, "[0].credentials: is set", id="some public"
    ),
    pytest.param({**SHARED, "credentials": SECRET}, "[0].credentials: is set, and upstream is ecr", id="some for ECR"),
]
ROLES = [
    pytest.param({**SHARED, "role": "made"}, '[0].role: "made" is not accepted; accepted: make, or', id="made"),
    pytest.param({**SHARED, "role": True}, "[0].role: true is not accepted; accepted: make, or", id="true"),
    pytest.param({**SHARED, "role": "cache"}, '[0].role: "cache" is not accepted', id="a role's name"),
    pytest.param({**SHARED, "role": f"{ROLE}*"}, f'[0].role: "{ROLE}*" is not accepted', id="some roles"),
    pytest.param({**SHARED, "role": ROLE.replace("role", "user")}, '[0].role: "arn:aws', id="a user"),
    pytest.param({**QUAY, "role": "make"}, "[0].role: goes with another ECR registry as upstream", id="role for Quay"),
    pytest.param({**HUB, "role": ROLE}, "[0].role: goes with another ECR registry", id="role for Docker Hub"),
]
REST = [
    pytest.param(
        {**SHARED, "upstreamPrefix": 7}, "[0].upstreamPrefix: 7 is not accepted; accepted: 2 to", id="prefix of 7"
    ),
    pytest.param({**SHARED, "upstreamPrefix": "a"}, '[0].upstreamPrefix: "a" is not accepted', id="short"),
    pytest.param({**SHARED, "upstreamPrefix": "team-a/"}, '[0].upstreamPrefix: "team-a/" is', id="slash after it"),
    pytest.param({**SHARED, "upstreamPrefix": "*"}, '[0].upstreamPrefix: "*" is not accepted', id="all of it"),
    pytest.param({**SHARED, "upstreamPrefix": "ROOT"}, '[0].upstreamPrefix: "ROOT" is not accepted', id="root"),
    pytest.param({**QUAY, "upstreamPrefix": "team"}, "[0].upstreamPrefix: goes with another ECR", id="part of Quay"),
    pytest.param(
        {**HUB, "upstreamPrefix": "library"}, "[0].upstreamPrefix: goes with another ECR", id="part of the hub"
    ),
    pytest.param({**SHARED, "prefix": "ROOT"}, "[0].upstreamPrefix: is set and prefix is ROOT", id="root from a part"),
]


@pytest.mark.parametrize(("value", "line"), SHAPES)
def test_anything_but_a_list_of_rules_is_refused(value: object, line: str) -> None:
    (mistake,) = mistakes(value)
    assert mistake.startswith(PATH + line)


@pytest.mark.parametrize(("rule", "line"), [*MISSING, *PREFIXES, *UPSTREAMS, *CREDENTIALS, *ROLES, *REST])
def test_a_rule_with_a_mistake_is_refused_by_its_key(rule: object, line: str) -> None:
    (mistake,) = mistakes([rule])
    assert mistake.startswith(PATH + line)


TOGETHER = [
    pytest.param([QUAY, QUAY], '[1].prefix: "quay" is the prefix of another rule too', id="twice"),
    pytest.param([QUAY, {**QUAY, "prefix": "quay/io"}], '[1].prefix: "quay/io" overlaps "quay" of', id="inside"),
    pytest.param([{**QUAY, "prefix": "quay/io"}, QUAY], '[1].prefix: "quay" overlaps "quay/io" of', id="around"),
    pytest.param(
        [{**QUAY, "prefix": f"quay-{number}"} for number in range(51)],
        ": has 51 rules; ECR accepts up to 50",
        id="51 rules",
    ),
]


@pytest.mark.parametrize(("rules", "line"), TOGETHER)
def test_rules_that_do_not_go_together_are_refused(rules: object, line: str) -> None:
    (mistake,) = mistakes(rules)
    assert mistake.startswith(PATH + line)


@pytest.mark.parametrize("region", ["cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"])
def test_a_region_without_pull_through_cache_is_named(region: str) -> None:
    assert mistakes([QUAY], region=region) == [
        f"{PATH}: can't be used in {region}: ECR has no pull through cache there"
    ]


def test_without_a_region_less_is_refused() -> None:
    elsewhere = SECRET.replace(REGION, "us-east-1").replace(ACCOUNT, OTHER)
    assert len(read([QUAY, {**HUB, "credentials": elsewhere}], region=None)) == 2
    assert len(mistakes([HUB, {**HUB, "prefix": "hub", "credentials": elsewhere}], region=None)) == 2


def test_all_mistakes_are_told_at_once_each_in_its_place() -> None:
    rules = [{"prefix": "quay"}, "quay", QUAY, {**HUB, "credentials": "x"}, {**QUAY, "user": 1}, QUAY]
    assert [mistake.partition(": ")[0].removeprefix(PATH) for mistake in mistakes(rules)] == [
        "[1]",
        "[0].upstream",
        "[3].credentials",
        "[4].user",
    ]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(TOKEN, id="in place of the ARN"),
        pytest.param({"username": "ann", "accessToken": TOKEN}, id="as an object"),
        pytest.param([TOKEN], id="in a list"),
    ],
)
def test_credentials_in_the_stack_file_are_refused_and_not_repeated(value: object) -> None:
    (mistake,) = mistakes([{**HUB, "credentials": value}])
    assert TOKEN not in mistake
    assert mistake.startswith(f"{PATH}[0].credentials: is not ")
    assert "never the credentials themselves" in mistake


EVERYWHERE = [
    pytest.param(TOKEN, id="list"),
    pytest.param([f"docker-hub:{TOKEN}"], id="item"),
    pytest.param([{**HUB, "credentials": TOKEN}], id="credentials"),
    pytest.param([{**HUB, "credentials": {"accessToken": TOKEN}}], id="object of credentials"),
    pytest.param(
        [{**HUB, "credentials": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{TOKEN}"}], id="name of a secret"
    ),
    pytest.param([{**QUAY, "upstream": f"https://bot:{TOKEN}@ghcr.io"}], id="URL"),
    pytest.param([{**QUAY, "upstream": f"https://b@t:{TOKEN}@quay.io@"}], id="URL of nothing"),
]


@pytest.mark.parametrize("value", EVERYWHERE)
def test_credentials_are_not_shown_wherever_they_are_put(value: object) -> None:
    (message,) = mistakes(value)
    assert TOKEN not in message
    assert "accepted: " in message
