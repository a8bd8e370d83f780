"""What a stack file can name beside its repository and image, through the whole program against mocks."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping
from pathlib import Path

import pytest

from ecr.aws.images import EcrImages
from tests.unit.recording import ACCOUNT, POLICY, REGION, Answer, Recording, published, record

ROOT = Path(__file__).resolve().parents[2]
NAMESPACE = "container-registry"
COMPONENT = f"{NAMESPACE}:index"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
SOURCE_ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/dev/yoon-app"
TARGET_ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop"

ACCESS = {"pull": {"accounts": ["210987654321"]}}
GITHUB = {"repository": "acme/shop", "branches": ["main"]}
EKS = {
    "nodeRoles": ["nodes"],
    "podIdentities": [{"cluster": "blue", "namespace": "shop", "serviceAccount": "builder"}],
}
CODE_BUILD = {"projects": ["shop-build"]}
ENDPOINTS = {
    "vpcId": "vpc-0a1b2c3d4e5f67890",
    "subnetIds": ["subnet-0a1b2c3d4e5f67890"],
    "routeTableIds": ["rtb-0a1b2c3d4e5f67890"],
}
REGISTRY = {"scanning": {"type": "BASIC"}, "replication": [{"destinations": [{"region": "us-east-1"}]}]}
CACHES = {"pullThroughCache": [{"prefix": "quay", "upstream": "quay"}]}
NOTIFICATIONS = {"events": {"push": True}}
PIPELINE = {
    "name": "shop",
    "source": {"repository": "acme/shop"},
    "stages": [
        {"stack": "dev", "repository": "dev/yoon-app", "build": True},
        {"stack": "staging", "repository": "staging/yoon-app"},
        {"stack": "prod", "repository": "prod/yoon-app", "approval": True},
    ],
    "state": {"bucket": "acme-state", "keyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1a2b"},
}
CONNECTION = f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/1a2b"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:images"

VPC = {
    "id": "vpc-0a1b2c3d4e5f67890",
    "cidrBlock": "10.0.0.0/16",
    "cidrBlockAssociations": [{"associationId": "a", "cidrBlock": "10.0.0.0/16", "state": "associated"}],
    "enableDnsSupport": True,
    "enableDnsHostnames": True,
}
ANSWERS: Mapping[str, Answer] = {
    "aws:iam/getRole:getRole": {"arn": f"arn:aws:iam::{ACCOUNT}:role/nodes", "name": "nodes"},
    "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": {"arn": PROVIDER, "id": PROVIDER},
    "aws:ec2/getVpc:getVpc": VPC,
}


@pytest.fixture(autouse=True)
def _no_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lifecycle guard (test_lifecycle_guard.py) finds no repository yet."""
    monkeypatch.setattr(EcrImages, "listing", lambda _self: None)


def deployed(
    settings: Mapping[str, object],
    *,
    preview: bool = False,
    region: str | None = REGION,
    sources: Mapping[str, Mapping[str, object]] | None = None,
    answers: Mapping[str, Answer] | None = None,
) -> Recording:
    """The whole program, in a stack that neither builds nor promotes unless it is told to."""

    def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    config = {f"{NAMESPACE}:{key}": value for key, value in {"repository": "shop", **settings}.items()}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    return record(
        program,
        config={**({"aws:region": region} if region else {}), **texts},
        stack="shop",
        preview=preview,
        sources=sources or {},
        answers=answers or ANSWERS,
    )


BEFORE = {"repository_name", "repository_arn", "repository_url", "registry_host", "docker_login_command"}

CAPABILITIES = [
    pytest.param({"access": ACCESS}, None, set(), id="access"),
    pytest.param({"github": GITHUB}, ("GitHubActionsRole", "shop-github"), {"github_role_arn"}, id="github"),
    pytest.param({"eks": EKS}, ("EksPullAccess", "shop-eks"), {"eks_pod_identity_role_arn"}, id="eks"),
    pytest.param(
        {"codeBuild": CODE_BUILD}, ("CodeBuildRole", "shop-code-build"), {"code_build_role_arn"}, id="codeBuild"
    ),
    pytest.param({"endpoints": ENDPOINTS}, ("EcrEndpoints", "shop-endpoints"), {"vpc_endpoint_ids"}, id="endpoints"),
    pytest.param(
        {"registry": REGISTRY},
        ("RegistrySettings", "shop-registry"),
        {"registry_settings", "replication_destination_policies"},
        id="registry",
    ),
    pytest.param(
        {"registry": CACHES},
        ("RegistrySettings", "shop-registry"),
        {"registry_settings", "cache_upstream_policies"},
        id="caches",
    ),
    pytest.param(
        {"notifications": NOTIFICATIONS},
        ("Notifications", "shop-notifications"),
        {"notification_topic_arn"},
        id="notifications",
    ),
    pytest.param(
        {"notifications": {**NOTIFICATIONS, "topicArn": TOPIC}},
        ("Notifications", "shop-notifications"),
        {"notification_topic_arn", "notification_topic_policy", "notification_key_policy"},
        id="notifications of a topic that is there",
    ),
    pytest.param(
        {"pipeline": PIPELINE},
        ("Pipeline", "shop-pipeline"),
        {"pipeline_name", "pipeline_connection_arn", "pipeline_connection_status", "pipeline_role_arns"},
        id="pipeline",
    ),
    pytest.param(
        {"pipeline": {**PIPELINE, "source": {"repository": "acme/shop", "connectionArn": CONNECTION}}},
        ("Pipeline", "shop-pipeline"),
        {"pipeline_name", "pipeline_connection_arn", "pipeline_role_arns"},
        id="pipeline with a connection that is there",
    ),
]


@pytest.mark.parametrize(("settings", "component", "outputs"), CAPABILITIES)
def test_what_a_stack_names_it_gets_with_its_outputs_and_nothing_else(
    settings: dict[str, object], component: tuple[str, str] | None, outputs: set[str]
) -> None:
    recording = deployed(settings)
    found = {(type_, name) for type_, name in recording.names if type_.startswith(COMPONENT)}
    expected = {(f"{COMPONENT}:ImageRepository", "repository")}
    if component is not None:
        expected.add((f"{COMPONENT}:{component[0]}", component[1]))
    assert found == expected
    assert set(recording.exports) - BEFORE == outputs
    assert bool(recording.of_type(POLICY)) is ("access" in settings)


@pytest.mark.parametrize(("settings", "component", "outputs"), CAPABILITIES)
def test_a_preview_registers_what_an_update_does(
    settings: dict[str, object], component: tuple[str, str] | None, outputs: set[str]
) -> None:
    del component, outputs
    assert deployed(settings, preview=True).names == deployed(settings).names


def test_access_becomes_the_policy_of_the_repository() -> None:
    policy = json.loads(str(deployed({"access": ACCESS}).only(POLICY).inputs["policy"]))
    assert [statement["Principal"] for statement in policy["Statement"]] == [{"AWS": "arn:aws:iam::210987654321:root"}]


def actions(recording: Recording, name: str) -> dict[str, set[str]]:
    """Resource -> the actions on it, of one inline policy."""
    (text,) = (str(one.inputs["policy"]) for one in recording.of_type(ROLE_POLICY) if one.name == name)
    found: dict[str, set[str]] = {}
    for statement in json.loads(text)["Statement"]:
        named = statement["Action"]
        found.setdefault(statement["Resource"], set()).update([named] if isinstance(named, str) else named)
    return found


@pytest.mark.parametrize("key", ["github", "codeBuild"])
def test_the_role_of_a_stack_that_promotes_may_promote(key: str) -> None:
    source = {f"organization/{NAMESPACE}/dev": published("dev")}
    settings: Mapping[str, Mapping[str, object]] = {"github": GITHUB, "codeBuild": CODE_BUILD}
    recording = deployed({"promote": {"from": "dev"}, key: settings[key]}, sources=source)
    name = {"github": "shop-github-permissions", "codeBuild": "shop-code-build-permissions"}[key]
    allowed = actions(recording, name)
    assert "ecr:DescribeImageScanFindings" in allowed[SOURCE_ARN]
    assert "ecr:PutImage" in allowed[TARGET_ARN]
    assert "ecr:PutImage" not in allowed[SOURCE_ARN]
    assert not any(action.startswith("inspector2:") for named in allowed.values() for action in named)


@pytest.mark.parametrize("key", ["github", "codeBuild"])
def test_a_role_reads_the_findings_of_inspector_where_the_stack_says_that_it_scans(key: str) -> None:
    source = {f"organization/{NAMESPACE}/dev": published("dev")}
    settings: Mapping[str, Mapping[str, object]] = {"github": GITHUB, "codeBuild": CODE_BUILD}
    recording = deployed({"promote": {"from": "dev"}, key: {**settings[key], "enhancedScanning": True}}, sources=source)
    name = {"github": "shop-github-permissions", "codeBuild": "shop-code-build-permissions"}[key]
    assert any(action.startswith("inspector2:") for action in actions(recording, name)["*"])


def test_the_role_of_a_stack_without_an_image_may_pull() -> None:
    allowed = actions(deployed({"github": GITHUB}), "shop-github-permissions")[TARGET_ARN]
    assert allowed == {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}


def test_the_registry_is_claimed_by_account_and_region() -> None:
    assert deployed({"registry": REGISTRY}).exports["registry_settings"] == {"account": ACCOUNT, "region": REGION}


def test_what_is_made_carries_the_tags_of_the_stack() -> None:
    recording = deployed(
        {"tags": {"team": "shop"}, "github": GITHUB, "codeBuild": CODE_BUILD, "notifications": NOTIFICATIONS}
    )
    tagged = [ROLE, "aws:cloudwatch/eventRule:EventRule", "aws:sns/topic:Topic", "aws:kms/key:Key"]
    for type_ in tagged:
        assert recording.of_type(type_)
        assert all(one.inputs["tags"] == {"team": "shop"} for one in recording.of_type(type_))


def test_notifications_are_of_the_stacks_own_repository() -> None:
    rule = deployed({"notifications": NOTIFICATIONS}).only("aws:cloudwatch/eventRule:EventRule")
    assert json.loads(str(rule.inputs["eventPattern"]))["detail"]["repository-name"] == ["shop"]


def test_the_pipeline_deploys_the_stacks_of_this_very_project() -> None:
    recording = deployed({"pipeline": PIPELINE, "tags": {"team": "shop"}})
    (state,) = (str(one.inputs["policy"]) for one in recording.of_type(ROLE_POLICY) if one.name.endswith("prod-state"))
    assert f"acme-state/.pulumi/stacks/{NAMESPACE}/prod.json" in state
    assert recording.exports["pipeline_name"] == "shop"
    assert {one.inputs["name"] for one in recording.of_type("aws:codebuild/project:Project")} == {
        "shop-dev",
        "shop-staging",
        "shop-prod",
        "shop-prod-preview",
    }
    assert recording.only("aws:codepipeline/pipeline:Pipeline").inputs["tags"] == {"team": "shop"}
