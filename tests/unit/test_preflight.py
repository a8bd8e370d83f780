"""What is refused before anything is registered, through the whole program against mocks."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pytest

import components
from ecr.access.principals import Access, PullPrincipals
from ecr.access.repository_policy import repository_policy
from ecr.aws.images import EcrImages
from tests.unit.recording import ACCOUNT, REGION, Answer
from tests.unit.test_capabilities import (
    ANSWERS,
    ENDPOINTS,
    GITHUB,
    NAMESPACE,
    NOTIFICATIONS,
    PIPELINE,
    PROVIDER,
    REGISTRY,
    VPC,
    deployed,
)

CALLER = "aws:index/getCallerIdentity:getCallerIdentity"
ROLE = "aws:iam/getRole:getRole"
OTHER = "210987654321"
NO_SUCH_ROLE = "reading IAM Role (missing): couldn't find resource"
SECRET = f"arn:aws:secretsmanager:{REGION}:{OTHER}:secret:ecr-pullthroughcache/hub-AbCdEf"
CLUSTER = f"arn:aws:iam::{OTHER}:oidc-provider/oidc.eks.{REGION}.amazonaws.com/id/{'A' * 32}"
CONNECTION_ELSEWHERE = f"arn:aws:codeconnections:us-east-1:{ACCOUNT}:connection/1a2b"
MISSING = f"arn:aws:iam::{ACCOUNT}:role/missing"


@pytest.fixture(autouse=True)
def _no_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lifecycle guard (test_lifecycle_guard.py) finds no repository yet."""
    monkeypatch.setattr(EcrImages, "listing", lambda _self: None)


@pytest.fixture
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_late(*_: object) -> None:
        raise AssertionError("something is registered already")

    monkeypatch.setattr(components.ImageRepository, "__init__", too_late)


def refused(
    settings: Mapping[str, object],
    *,
    region: str | None = REGION,
    answers: Mapping[str, Answer] | None = None,
    sources: Mapping[str, Mapping[str, object]] | None = None,
) -> list[str]:
    """The lines of a refusal."""
    with pytest.raises(pulumi.RunError) as raised:
        deployed(settings, region=region, answers={**ANSWERS, **(answers or {})}, sources=sources)
    return str(raised.value).splitlines()


def cache(**changes: object) -> dict[str, object]:
    return {"registry": {"pullThroughCache": [{"prefix": "shared", **changes}]}}


def replication(*destinations: object) -> dict[str, object]:
    return {"registry": {"replication": [{"destinations": list(destinations)}]}}


def barely_too_long() -> dict[str, object]:
    """Roles that fit into one statement, as they would for a stack of a third account, and not into two."""
    own = f"arn:aws:iam::{ACCOUNT}:role/own"
    roles = [own]
    while _fits([*roles, f"arn:aws:iam::{OTHER}:role/r{len(roles)}"], account="333333333333"):
        roles.append(f"arn:aws:iam::{OTHER}:role/r{len(roles)}")
    assert not _fits(roles, account=ACCOUNT)
    return {"access": {"pull": {"roles": roles}}}


def _fits(roles: list[str], *, account: str) -> bool:
    access = Access(pull=PullPrincipals(roles=tuple(roles)))
    try:
        repository_policy(access, account=account, partition="aws", region=REGION)
    except ValueError:
        return False
    return True


# What only the place can tell that the stack is deployed to: beginning of the line, with the Region in the stack file
# or not.
MISPLACED = [
    pytest.param(
        {"access": {"pull": {"roles": [f"arn:aws-cn:iam::{OTHER}:role/x"]}}}, None, "access: ", id="another partition"
    ),
    pytest.param(
        {"access": {"pull": {"lambda": [f"arn:aws:lambda:us-east-1:{OTHER}:function:orders"]}}},
        None,
        "access: names a function in us-east-1; ",
        id="a function of another Region",
    ),
    *(
        pytest.param(
            {key: {**values, "permissionsBoundary": f"arn:aws-cn:iam::{ACCOUNT}:policy/boundary"}},
            None,
            f"{key}.permissionsBoundary: ",
            id=f"a boundary of another partition under {key}",
        )
        for key, values in (
            ("github", GITHUB),
            ("codeBuild", {"projects": ["shop"]}),
            ("eks", {"nodeRoles": ["own"]}),
            ("pipeline", PIPELINE),
        )
    ),
    pytest.param(
        {"pipeline": {**PIPELINE, "source": {"repository": "acme/shop", "connectionArn": CONNECTION_ELSEWHERE}}},
        None,
        "pipeline.source.connectionArn: ",
        id="a connection in another Region",
    ),
    pytest.param(
        {"pipeline": {**PIPELINE, "artifacts": {"keyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1a2b"}}},
        None,
        "pipeline.artifacts.keyArn: ",
        id="a key of artifacts in another Region",
    ),
    pytest.param(
        barely_too_long(),
        REGION,
        "access: the repository policy would have",
        id="a policy that is too long for two statements only",
    ),
    pytest.param(
        replication({"region": REGION, "account": ACCOUNT}), REGION, "registry.replication[0].", id="itself by account"
    ),
    pytest.param(replication({"region": REGION}), None, "registry.replication[0].", id="itself by Region"),
    pytest.param(
        {
            "registry": {
                "replication": [
                    {
                        "destinations": [{"region": "us-east-1", "account": OTHER}],
                        "prefixes": [f"{number:03}{'a' * 241}" for number in range(100)],
                    }
                ]
            }
        },
        REGION,
        "registry.replication: needs a registry policy of 29",
        id="a policy that another account could not have",
    ),
    pytest.param(
        {"registry": {"policy": {"replicateFrom": [ACCOUNT]}}},
        REGION,
        "registry.policy.replicateFrom[0]",
        id="from itself",
    ),
    pytest.param(
        cache(
            upstream="docker-hub",
            credentials=f"arn:aws:secretsmanager:{REGION}:{OTHER}:secret:ecr-pullthroughcache/a-b",
        ),
        REGION,
        "registry.pullThroughCache[0].credentials",
        id="another account's secret",
    ),
    pytest.param(
        cache(upstream=f"{OTHER}.dkr.ecr.eu-west-1.amazonaws.com"),
        REGION,
        "registry.pullThroughCache[0].role",
        id="another account's registry without a role",
    ),
    pytest.param(
        {"notifications": {**NOTIFICATIONS, "topicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:images"}},
        None,
        "notifications.topicArn: ",
        id="a topic elsewhere",
    ),
    pytest.param(
        {"github": {**GITHUB, "oidcProvider": PROVIDER.replace(ACCOUNT, OTHER)}},
        REGION,
        "github.oidcProvider: ",
        id="another account's provider",
    ),
    pytest.param(
        {"eks": {"serviceAccounts": [{"oidcProvider": CLUSTER, "namespace": "shop", "name": "builder"}]}},
        REGION,
        "eks.serviceAccounts[0].oidcProvider: ",
        id="another account's cluster",
    ),
]


@pytest.mark.usefixtures("nothing_registered")
@pytest.mark.parametrize(("settings", "region", "line"), MISPLACED)
def test_what_only_the_place_can_tell_is_refused_by_its_key(
    settings: Mapping[str, object], region: str | None, line: str
) -> None:
    answers: Mapping[str, Answer] = {ROLE: {"arn": f"arn:aws:iam::{ACCOUNT}:role/own", "name": "own"}}
    found = refused(settings, region=region, answers=answers)
    assert all(one.startswith(f"{NAMESPACE}:") for one in found)
    assert any(one.startswith(f"{NAMESPACE}:{line}") for one in found), found


ROLES = [
    pytest.param({"access": {"push": {"roles": [MISSING]}}}, "access.push.roles[0]", id="access"),
    pytest.param(
        {"registry": {"policy": {"pullThroughCache": [{"prefixes": ["quay"], "roles": [MISSING]}]}}},
        "registry.policy.pullThroughCache[0].roles[0]",
        id="registry policy",
    ),
    pytest.param(
        {
            "registry": {
                "creationTemplates": [
                    {"prefix": "quay", "for": ["replication"], "access": {"pull": {"roles": [MISSING]}}}
                ]
            }
        },
        "registry.creationTemplates[0].access.pull.roles[0]",
        id="template's access",
    ),
    pytest.param(
        {"registry": {"creationTemplates": [{"prefix": "quay", "for": ["replication"], "role": MISSING}]}},
        "registry.creationTemplates[0].role",
        id="template's role",
    ),
    pytest.param({"eks": {"nodeRoles": ["missing"]}}, "eks.nodeRoles[0]", id="node role"),
    pytest.param(
        {
            "pipeline": {
                **PIPELINE,
                "stages": [{"stack": "dev", "repository": "dev/yoon-app", "build": True, "roleArn": MISSING}],
            }
        },
        "pipeline.stages[0].roleArn",
        id="role of a stage",
    ),
    pytest.param(
        {
            "pipeline": {
                **PIPELINE,
                "stages": [
                    {"stack": "dev", "repository": "dev/yoon-app", "build": True, "approval": {"roleArn": MISSING}}
                ],
            }
        },
        "pipeline.stages[0].approval.roleArn",
        id="role of a preview",
    ),
]


@pytest.mark.usefixtures("nothing_registered")
@pytest.mark.parametrize(("settings", "key"), ROLES)
def test_a_role_that_is_not_there_is_refused_wherever_it_stands(settings: Mapping[str, object], key: str) -> None:
    (line,) = refused(settings, answers={ROLE: NO_SUCH_ROLE})
    assert line.startswith(f"{NAMESPACE}:{key}: there is no role missing")


def test_all_that_is_wrong_is_told_at_once() -> None:
    settings = {**replication({"region": REGION, "account": ACCOUNT}), "github": GITHUB, "endpoints": ENDPOINTS}
    answers: Mapping[str, Answer] = {
        "aws:ec2/getVpc:getVpc": "no matching EC2 VPC found",
        "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": "couldn't find resource",
    }
    keys = [line.partition(": ")[0].partition(":")[2] for line in refused(settings, answers=answers)]
    assert keys == ["endpoints.vpcId", "github.oidcProvider", "registry.replication[0].destinations[0]"]


FAILING = [
    pytest.param(CALLER, "ExpiredToken: the token has expired", REGION, id="credentials"),
    pytest.param("aws:index/getRegion:getRegion", "no Region", None, id="region"),
]


@pytest.mark.usefixtures("nothing_registered")
@pytest.mark.parametrize(("function", "said", "region"), FAILING)
def test_a_place_that_can_not_be_told_is_one_line(function: str, said: str, region: str | None) -> None:
    settings = {"registry": REGISTRY, "access": {"pull": {"accounts": [OTHER]}}}
    (line,) = refused(settings, region=region, answers={function: said})
    where = "it can't be told which account and Region this stack is deployed to"
    assert line == f"{where}: {said}; check the credentials and aws:region"


def test_a_stack_that_names_none_of_it_asks_nothing() -> None:
    assert not {CALLER, ROLE} & set(deployed({}).calls)


DNS = [
    pytest.param("enableDnsSupport", id="support"),
    pytest.param("enableDnsHostnames", id="hostnames"),
]


@pytest.mark.usefixtures("nothing_registered")
@pytest.mark.parametrize("attribute", DNS)
def test_a_vpc_in_which_private_dns_can_not_work_is_refused_by_its_key(attribute: str) -> None:
    (line,) = refused({"endpoints": ENDPOINTS}, answers={"aws:ec2/getVpc:getVpc": {**VPC, attribute: False}})
    assert line.startswith(f"{NAMESPACE}:endpoints.vpcId: ")
    assert attribute in line


ABSENT = [
    pytest.param(
        {"endpoints": ENDPOINTS},
        {"aws:ec2/getVpc:getVpc": "no matching EC2 VPC found"},
        "container-registry:endpoints.vpcId: vpc-0a1b2c3d4e5f67890 can't be looked up: no matching EC2 VPC found; "
        "correct it, or aws:region and the account",
        id="a VPC",
    ),
    pytest.param(
        {"github": GITHUB},
        {"aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": "couldn't find resource"},
        "container-registry:github.oidcProvider: the account's OIDC provider for GitHub can't be looked up: couldn't "
        "find resource; where there is none yet, let one stack of the account make it: oidcProvider: make",
        id="an OIDC provider",
    ),
]


@pytest.mark.usefixtures("nothing_registered")
@pytest.mark.parametrize(("settings", "answers", "line"), ABSENT)
def test_what_is_not_there_is_refused_by_its_key_before_anything_is_registered(
    settings: Mapping[str, object], answers: Mapping[str, Answer], line: str
) -> None:
    assert refused(settings, answers=answers) == [line]


def test_a_provider_that_is_made_or_named_is_not_looked_up() -> None:
    for provider in ("make", PROVIDER):
        recording = deployed({"github": {**GITHUB, "oidcProvider": provider}}, answers={})
        assert "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider" not in recording.calls


def test_a_registry_that_another_stack_has_claimed_is_refused_before_anything_is_registered() -> None:
    claimed = {f"organization/{NAMESPACE}/dev": {"registry_settings": {"account": ACCOUNT, "region": REGION}}}
    with pytest.raises(pulumi.RunError, match=r"^container-registry:registry: this stack, shop, .* stack dev"):
        deployed({"registry": REGISTRY}, sources=claimed)
