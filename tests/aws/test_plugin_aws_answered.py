"""Types of the `aws` stand-in that moto does not implement, with the answers AWS documents; botocore checks both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from local.plugins.errors import StandInError
from local.plugins.values import Plain, Props, plain_map
from tests.aws.plugin_engine import Call, Engine, answering
from tests.aws.test_plugin_aws_types import ANSWERED

pytestmark = pytest.mark.usefixtures("moto")

ACCOUNT = "123456789012"
ROLE, OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/pull", f"arn:aws:iam::{ACCOUNT}:role/other"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
ASSOCIATION = f"arn:aws:eks:us-east-1:{ACCOUNT}:podidentityassociation/prod/a-1"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"
EXPIRE = json.dumps({"rules": []})


@dataclass(frozen=True, kw_only=True)
class Life:
    """Inputs and a change of them, with the calls that each takes before the resource is read back."""

    service: str
    props: Props
    made: Call
    told: Call
    change: Props
    changed: tuple[Call, ...]
    told_then: Call
    replaces: Mapping[str, Plain]
    removed: Call | None
    gone: tuple[str, str]  # the code with which reading it and, if they differ, deleting it says that it is gone


def rule(**more: Plain) -> Props:
    return {
        "ecrRepositoryPrefix": "hub",
        "upstreamRegistryUrl": "registry-1.docker.io",
        "upstreamRepositoryPrefix": "ROOT",
        "registryId": ACCOUNT,
        **more,
    }


def template(**more: Plain) -> Props:
    return {
        "registryId": ACCOUNT,
        "repositoryCreationTemplates": [
            {
                "prefix": "hub",
                "appliedFor": ["REPLICATION", "PULL_THROUGH_CACHE"],
                "imageTagMutability": "IMMUTABLE",
                "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": KEY},
                **more,
            }
        ],
    }


def association(role: str, **more: Plain) -> Props:
    of: Props = {"clusterName": "prod", "namespace": "shop", "serviceAccount": "api", "roleArn": role}
    return {"association": of | {"associationArn": ASSOCIATION, "associationId": "a-1", **more}}


_HUB: Props = {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": SECRET}
_TEMPLATE: Props = {
    "prefix": "hub",
    "appliedFor": ["PULL_THROUGH_CACHE", "REPLICATION"],
    "imageTagMutability": "IMMUTABLE",
    "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": KEY},
}
_POD: Props = {"clusterName": "prod", "namespace": "shop", "serviceAccount": "api", "roleArn": ROLE}
_ONE: Props = {"clusterName": "prod", "associationId": "a-1"}
_LOOKS = "describe_pod_identity_association"

PROJECT = f"arn:aws:codebuild:us-east-1:{ACCOUNT}:project/shop-dev"
_BUILDS: Props = {
    "serviceRole": ROLE,
    "encryptionKey": KEY,
    "artifacts": {"type": "CODEPIPELINE"},
    "source": {"type": "CODEPIPELINE", "buildspec": "ci/buildspec.yml"},
}


def machine(**more: Plain) -> Props:
    of: Props = {
        "type": "LINUX_CONTAINER",
        "computeType": "BUILD_GENERAL1_SMALL",
        "image": "aws/codebuild/standard:7.0",
    }
    return of | {"environmentVariables": [{"name": "STACK", "value": "dev", "type": "PLAINTEXT"}], **more}


def project(**more: Plain) -> Props:
    """With logs, as the stand-in has them, which not every endpoint gives back."""
    settled: Props = {"name": "shop-dev", "timeoutInMinutes": 60, "environment": machine(), **_BUILDS}
    return {"projects": [settled | {"arn": PROJECT, **more}]}


LIVES: Mapping[str, Life] = {
    "aws:codebuild/project:Project": Life(
        service="codebuild",
        props={
            "name": "shop-dev",
            **_BUILDS,
            "environment": machine(privilegedMode=True),
            "logsConfig": {"cloudwatchLogs": {"status": "ENABLED", "groupName": "shop"}},
            "tags": {"a": "b"},
        },
        made=(
            "create_project",
            {
                "name": "shop-dev",
                **_BUILDS,
                "timeoutInMinutes": 60,
                "environment": machine(privilegedMode=True),
                "logsConfig": {"cloudWatchLogs": {"status": "ENABLED", "groupName": "shop"}},
                "tags": [{"key": "a", "value": "b"}],
            },
            {"project": {"arn": PROJECT}},
        ),
        told=(
            "batch_get_projects",
            {"names": ["shop-dev"]},
            project(
                environment=machine(privilegedMode=True),
                logsConfig={"cloudWatchLogs": {"status": "ENABLED", "groupName": "shop"}},
                tags=[{"key": "a", "value": "b"}],
            ),
        ),
        change={"buildTimeout": 90, "logsConfig": None, "tags": None},
        changed=(
            (
                "update_project",
                {
                    "name": "shop-dev",
                    **_BUILDS,
                    "timeoutInMinutes": 90,
                    "environment": machine(privilegedMode=True),
                    "tags": [],
                },
                {},
            ),
        ),
        told_then=(
            "batch_get_projects",
            {"names": ["shop-dev"]},
            project(environment=machine(privilegedMode=True), timeoutInMinutes=90),
        ),
        replaces={"name": "other"},
        removed=("delete_project", {"name": "shop-dev"}, {}),
        gone=("ResourceNotFoundException",) * 2,
    ),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": Life(
        service="ecr",
        props=_HUB,
        made=("create_pull_through_cache_rule", _HUB, {}),
        told=(
            "describe_pull_through_cache_rules",
            {"ecrRepositoryPrefixes": ["hub"]},
            {"pullThroughCacheRules": [rule(credentialArn=SECRET)]},
        ),
        change={"credentialArn": None, "customRoleArn": ROLE},
        changed=(("update_pull_through_cache_rule", {"ecrRepositoryPrefix": "hub", "customRoleArn": ROLE}, {}),),
        told_then=(
            "describe_pull_through_cache_rules",
            {"ecrRepositoryPrefixes": ["hub"]},
            {"pullThroughCacheRules": [rule(customRoleArn=ROLE)]},
        ),
        replaces={"ecrRepositoryPrefix": "b", "upstreamRegistryUrl": "quay.io", "upstreamRepositoryPrefix": "library"},
        removed=("delete_pull_through_cache_rule", {"ecrRepositoryPrefix": "hub"}, {}),
        gone=("PullThroughCacheRuleNotFoundException",) * 2,
    ),
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": Life(
        service="ecr",
        props={
            "prefix": "hub",
            "appliedFors": ["PULL_THROUGH_CACHE", "REPLICATION"],
            "imageTagMutability": "IMMUTABLE",
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY}],
            "lifecyclePolicy": EXPIRE,
            "customRoleArn": ROLE,
            "resourceTags": {"a": "b"},
        },
        made=(
            "create_repository_creation_template",
            _TEMPLATE
            | {"lifecyclePolicy": EXPIRE, "customRoleArn": ROLE, "resourceTags": [{"Key": "a", "Value": "b"}]},
            {},
        ),
        told=(
            "describe_repository_creation_templates",
            {"prefixes": ["hub"]},
            template(lifecyclePolicy=EXPIRE, customRoleArn=ROLE, resourceTags=[{"Key": "a", "Value": "b"}]),
        ),
        change={"lifecyclePolicy": None, "resourceTags": None, "description": "d"},
        changed=(
            (
                "update_repository_creation_template",
                _TEMPLATE | {"customRoleArn": ROLE, "description": "d", "lifecyclePolicy": "", "resourceTags": []},
                {},
            ),
        ),
        told_then=(
            "describe_repository_creation_templates",
            {"prefixes": ["hub"]},
            template(customRoleArn=ROLE, description="d"),
        ),
        replaces={"prefix": "b"},
        removed=("delete_repository_creation_template", {"prefix": "hub"}, {}),
        gone=("TemplateNotFoundException",) * 2,
    ),
    "aws:ecr/accountSetting:AccountSetting": Life(
        service="ecr",
        props={"name": "BLOB_MOUNTING", "value": "ENABLED"},
        made=("put_account_setting", {"name": "BLOB_MOUNTING", "value": "ENABLED"}, {}),
        told=("get_account_setting", {"name": "BLOB_MOUNTING"}, {"name": "BLOB_MOUNTING", "value": "ENABLED"}),
        change={"value": "DISABLED"},
        changed=(("put_account_setting", {"name": "BLOB_MOUNTING", "value": "DISABLED"}, {}),),
        told_then=("get_account_setting", {"name": "BLOB_MOUNTING"}, {"name": "BLOB_MOUNTING", "value": "DISABLED"}),
        replaces={"name": "REGISTRY_POLICY_SCOPE"},
        removed=None,
        gone=("", ""),
    ),
    "aws:ecr/pullTimeUpdateExclusion:PullTimeUpdateExclusion": Life(
        service="ecr",
        props={"principalArn": ROLE},
        made=("register_pull_time_update_exclusion", {"principalArn": ROLE}, {}),
        told=("list_pull_time_update_exclusions", {}, {"pullTimeUpdateExclusions": [OTHER_ROLE, ROLE]}),
        change={},
        changed=(),
        told_then=("list_pull_time_update_exclusions", {}, {"pullTimeUpdateExclusions": [ROLE]}),
        replaces={"principalArn": OTHER_ROLE},
        removed=("deregister_pull_time_update_exclusion", {"principalArn": ROLE}, {}),
        gone=("", "ExclusionNotFoundException"),
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Life(
        service="eks",
        props=_POD | {"tags": {"a": "b", "c": "d"}},
        made=("create_pod_identity_association", _POD | {"tags": {"a": "b", "c": "d"}}, association(ROLE)),
        told=(_LOOKS, _ONE, association(ROLE, tags={"a": "b", "c": "d"})),
        change={"roleArn": OTHER_ROLE, "tags": {"a": "x"}},
        changed=(
            ("update_pod_identity_association", _ONE | {"roleArn": OTHER_ROLE}, association(OTHER_ROLE)),
            ("tag_resource", {"resourceArn": ASSOCIATION, "tags": {"a": "x"}}, {}),
            ("untag_resource", {"resourceArn": ASSOCIATION, "tagKeys": ["c"]}, {}),
        ),
        told_then=(_LOOKS, _ONE, association(OTHER_ROLE, tags={"a": "x"})),
        replaces={"clusterName": "b", "namespace": "b", "serviceAccount": "b"},
        removed=("delete_pod_identity_association", _ONE, {}),
        gone=("ResourceNotFoundException",) * 2,
    ),
}


def made(token: str) -> Engine:
    life, engine = LIVES[token], Engine(token)
    with answering(engine, life.service, [life.made, life.told]):
        engine.create(life.props)
    return engine


def test_every_one_of_them_has_a_life() -> None:
    assert set(LIVES) == set(ANSWERED)


@pytest.mark.parametrize(("token", "life"), LIVES.items(), ids=LIVES)
def test_it_is_made_changed_imported_and_deleted(token: str, life: Life) -> None:
    engine = made(token)
    assert not engine.diff(life.props).changes
    with answering(engine, life.service, [life.told]):
        assert plain_map(engine.read().inputs) == plain_map(engine.inputs)
    wanted = life.props | life.change
    answer = engine.diff(wanted)
    assert set(answer.diffs or []) == life.change.keys()
    assert not answer.replaces
    if life.changed:
        with answering(engine, life.service, [*life.changed, life.told_then]):
            engine.update(wanted)
        assert not engine.diff(wanted).changes
    other = Engine(token)
    with answering(other, life.service, [life.told_then]):
        seen = other.read(engine.id)
    other.state, other.inputs = seen.properties, seen.inputs
    assert not other.diff(wanted).changes
    with answering(engine, life.service, [life.removed] if life.removed else []):
        engine.delete()


@pytest.mark.parametrize(("token", "life"), LIVES.items(), ids=LIVES)
def test_some_changes_take_a_new_resource(token: str, life: Life) -> None:
    engine = made(token)
    for key, value in life.replaces.items():
        assert engine.diff(life.props | {key: value}).replaces == [key]
    fields = engine.provider.types[token].fields
    assert {key for key, spec in fields.items() if spec.replaces and key != "region"} == life.replaces.keys()


@pytest.mark.parametrize(("token", "life"), LIVES.items(), ids=LIVES)
def test_gone_already_is_success_and_other_errors_are_not(token: str, life: Life) -> None:
    engine = made(token)
    reading, deleting = life.gone
    if reading:
        with answering(engine, life.service, [(life.told[0], life.told[1], reading)]):
            assert engine.read().resource_id == ""
    if deleting and life.removed:
        with answering(engine, life.service, [(life.removed[0], life.removed[1], deleting)]):
            engine.delete()
    with (
        answering(engine, life.service, [(life.told[0], life.told[1], "AccessDeniedException")]),
        pytest.raises(StandInError, match=r"AccessDeniedException.*IAM policy"),
    ):
        engine.read()


def test_an_exclusion_is_looked_for_on_every_page() -> None:
    token = "aws:ecr/pullTimeUpdateExclusion:PullTimeUpdateExclusion"
    engine, list_them = made(token), "list_pull_time_update_exclusions"
    pages: list[Call] = [
        (list_them, {}, {"pullTimeUpdateExclusions": [OTHER_ROLE], "nextToken": "2"}),
        (list_them, {"nextToken": "2"}, {"pullTimeUpdateExclusions": [ROLE]}),
    ]
    with answering(engine, "ecr", pages):
        assert engine.read().resource_id == ROLE
    with answering(engine, "ecr", [(list_them, {}, {"pullTimeUpdateExclusions": [OTHER_ROLE]})]):
        assert engine.read().resource_id == ""
