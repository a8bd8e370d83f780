"""The `aws` stand-in against moto: what the engine asks, what AWS has afterwards, what the user reads when it fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3
import pytest
from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins.aws_cloud import registry_host
from local.plugins.errors import StandInError
from local.plugins.values import UNKNOWN, Plain, Props, plain, plain_map, wrap
from tests.aws.plugin_engine import Engine, urn

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
KEY = "aws:kms/key:Key"
RULES = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
                "action": {"type": "expire"},
            }
        ]
    }
)
pytestmark = pytest.mark.usefixtures("moto")


def ecr_client() -> ECRClient:
    return boto3.client("ecr", region_name="us-east-1")


def full(name: str = "dev/app") -> Props:
    return {
        "name": name,
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "AES256"}],
        "forceDelete": True,
        "tags": {"Team": "yoon", "a.b/c": "d"},
    }


def test_a_created_repository_is_what_was_asked_for() -> None:
    engine = Engine(REPOSITORY)
    state = plain_map(engine.create(full()))
    found = ecr_client().describe_repositories(repositoryNames=["dev/app"])["repositories"][0]
    assert engine.id == "dev/app"
    assert state["arn"] == found["repositoryArn"]
    assert state["repositoryUrl"] == found["repositoryUri"]
    assert state["tagsAll"] == {"Team": "yoon", "a.b/c": "d"}
    assert (state["forceDelete"], state["region"], state["registryId"]) == (True, "us-east-1", found["registryId"])
    assert found["imageTagMutability"] == "IMMUTABLE"
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert not engine.diff(full()).changes


def test_the_emulators_registry_is_at_its_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    assert registry_host() == "localhost:4566"


CHANGES: Mapping[str, tuple[Props, dict[str, str], bool]] = {
    "nothing": ({}, {}, False),
    "mutability": ({"imageTagMutability": "MUTABLE"}, {"imageTagMutability": "UPDATE"}, False),
    "scanning": (
        {"imageScanningConfiguration": {"scanOnPush": False}},
        {"imageScanningConfiguration.scanOnPush": "UPDATE"},
        False,
    ),
    "scanning left to AWS": ({"imageScanningConfiguration": None}, {}, False),
    "tags": (
        {"tags": {"Team": "x", "new": "y"}},
        {"tags.Team": "UPDATE", "tags.new": "ADD", 'tags["a.b/c"]': "DELETE"},
        False,
    ),
    "force": ({"forceDelete": None}, {"forceDelete": "DELETE"}, False),
    "name": ({"name": "dev/other"}, {"name": "UPDATE_REPLACE"}, False),
    "unknown name": ({"name": UNKNOWN}, {"name": "UPDATE_REPLACE"}, False),
    "unknown tag": ({"tags": {"Team": UNKNOWN, "a.b/c": "d"}}, {"tags.Team": "UPDATE"}, False),
    "encryption": (
        {"encryptionConfigurations": [{"encryptionType": "KMS"}]},
        {"encryptionConfigurations[0].encryptionType": "UPDATE_REPLACE"},
        True,
    ),
    "encryption left to AWS": ({"encryptionConfigurations": None}, {}, False),
}


@pytest.mark.parametrize(("change", "expected", "delete_first"), CHANGES.values(), ids=CHANGES)
def test_a_difference_is_an_update_or_a_replacement(
    change: Props, expected: dict[str, str], *, delete_first: bool
) -> None:
    engine = Engine(REPOSITORY)
    engine.create(full())
    answer = engine.diff(full() | change)
    assert {path: one.kind.name for path, one in answer.detailed_diff.items()} == expected
    assert (bool(answer.changes), answer.delete_before_replace) == (bool(expected), delete_first)
    assert bool(answer.replaces) == any("REPLACE" in kind for kind in expected.values())


def test_an_ignored_change_is_no_difference() -> None:
    engine = Engine(REPOSITORY)
    engine.create(full())
    assert not engine.diff(
        full() | {"tags": {}, "imageTagMutability": "MUTABLE"}, ["tags", "imageTagMutability"]
    ).changes


def test_an_update_reaches_aws_and_is_then_no_difference() -> None:
    engine = Engine(REPOSITORY)
    engine.create(full())
    wanted = full() | {
        "imageTagMutability": "MUTABLE",
        "tags": {"Team": "x"},
        "imageScanningConfiguration": {"scanOnPush": False},
    }
    engine.update(wanted)
    found = ecr_client().describe_repositories(repositoryNames=["dev/app"])["repositories"][0]
    tags = ecr_client().list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
    assert (found["imageTagMutability"], found["imageScanningConfiguration"]["scanOnPush"]) == ("MUTABLE", False)
    assert tags == [{"Key": "Team", "Value": "x"}]
    assert not engine.diff(wanted).changes


def test_a_refresh_sees_drift_and_a_deletion() -> None:
    engine = Engine(REPOSITORY)
    engine.create(full())
    ecr_client().put_image_tag_mutability(repositoryName="dev/app", imageTagMutability="MUTABLE")
    seen = engine.read()
    assert plain(seen.properties["imageTagMutability"]) == plain(seen.inputs["imageTagMutability"]) == "MUTABLE"
    assert plain(seen.inputs["encryptionConfigurations"]) == [{"encryptionType": "AES256"}]
    engine.delete()
    assert engine.read().resource_id == ""
    engine.delete()  # gone already is success


def test_an_import_fills_in_the_inputs() -> None:
    ecr_client().create_repository(
        repositoryName="old/app", tags=[{"Key": "a", "Value": "b"}, {"Key": "aws:x", "Value": "y"}]
    )
    engine = Engine(REPOSITORY)
    seen = engine.read("old/app")
    assert plain(seen.inputs["name"]) == "old/app"
    assert plain(seen.inputs["tags"]) == {"a": "b"}
    engine.id, engine.state, engine.inputs = "old/app", seen.properties, seen.inputs
    assert not engine.diff({"name": "old/app", "tags": {"a": "b"}}).changes
    assert engine.read("never/was").resource_id == ""


REFUSED: Mapping[str, tuple[str, Props, str]] = {
    "unknown property": (REPOSITORY, {"name": "a", "shiny": True}, "shiny is not implemented by the stand-in"),
    "unknown nested property": (
        REPOSITORY,
        {"name": "a", "imageScanningConfiguration": {"scanOnPush": True, "deep": 1}},
        "imageScanningConfiguration.deep is not implemented",
    ),
    "no name": (REPOSITORY, {}, "name is required"),
    "bad choice": (
        REPOSITORY,
        {"name": "a", "imageTagMutability": "NO"},
        "imageTagMutability is 'NO'; accepted: MUTABLE",
    ),
    "wrong kind": (REPOSITORY, {"name": "a", "forceDelete": "yes"}, "forceDelete must be true or false"),
    "other region": (REPOSITORY, {"name": "a", "region": "eu-west-1"}, "region eu-west-1"),
    "not JSON": (LIFECYCLE, {"repository": "a", "policy": "{"}, "policy is not a JSON document"),
    "unknown key property": (KEY, {"multiRegion": True}, "multiRegion is not implemented"),
    "not a list": (
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        {"url": "https://a", "clientIdLists": "b"},
        "clientIdLists must be a list of strings",
    ),
    "not a list of texts": (
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        {"url": "https://a", "clientIdLists": [1]},
        "clientIdLists must be a list of strings",
    ),
    "unknown type": ("aws:dynamodb/table:Table", {}, "resource type aws:dynamodb/table:Table is not implemented"),
}


@pytest.mark.parametrize(("token", "props", "words"), REFUSED.values(), ids=REFUSED)
def test_check_refuses_by_name(token: str, props: Props, words: str) -> None:
    failures = Engine(token).check(props).failures or []
    assert any(words in one.reason for one in failures)
    assert all("\n" not in one.reason and not one.property for one in failures)


def test_a_child_of_a_component_has_its_own_type() -> None:
    engine = Engine(REPOSITORY)
    engine.urn = urn(REPOSITORY, "t:index:Component$")
    engine.create(full())
    assert engine.id == "dev/app"


def test_a_preview_knows_what_it_can_and_no_more() -> None:
    engine = Engine(REPOSITORY)
    first = plain_map(engine.create(full() | {"tags": {"a": UNKNOWN}}, preview=True))
    assert (first["arn"], first["repositoryUrl"], first["name"]) == (UNKNOWN, UNKNOWN, "dev/app")
    assert not ecr_client().describe_repositories()["repositories"]
    engine.create(full())
    second = plain_map(engine.update(full() | {"imageTagMutability": "MUTABLE"}, preview=True))
    assert second["imageTagMutability"] == "MUTABLE"
    assert second["arn"] == plain(engine.state["arn"])


def test_a_secret_stays_secret() -> None:
    engine = Engine(REPOSITORY)
    tags = PropertyValue({"a": PropertyValue("s3cr3t-value", is_secret=True)})
    state = engine.create({"name": wrap("dev/app"), "tags": tags})
    assert engine.inputs["tags"].contains_secret()
    seen = engine.read()
    for values in (state, seen.properties, seen.inputs):
        assert values["tags"].contains_secret()
    assert state["tagsAll"].contains_secret()
    assert not state["name"].contains_secret()


def test_a_secret_is_masked_in_an_error() -> None:
    failures = (
        Engine(REPOSITORY)
        .check({"name": wrap("a"), "imageTagMutability": PropertyValue("hush-hush", is_secret=True)})
        .failures
    )
    assert failures
    assert "hush-hush" not in failures[0].reason


def test_what_exists_already_is_named_with_the_way_out() -> None:
    ecr_client().create_repository(repositoryName="dev/app")
    with pytest.raises(
        StandInError, match=r"Repository thing: create: .*dev/app exists already.*pulumi import .* dev/app"
    ):
        Engine(REPOSITORY).create(full())


def test_images_are_deleted_only_with_force_delete() -> None:
    engine = Engine(REPOSITORY)
    engine.create(full() | {"forceDelete": None})
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": {"digest": "sha256:" + "0" * 64, "size": 1},
        "layers": [],
    }
    ecr_client().put_image(repositoryName="dev/app", imageManifest=json.dumps(manifest), imageTag="a")
    with pytest.raises(StandInError, match=r"RepositoryNotEmptyException: dev/app .*forceDelete"):
        engine.delete()
    engine.update(full())
    engine.delete()
    assert not ecr_client().describe_repositories()["repositories"]


def test_what_the_endpoint_drops_is_an_error_and_nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(REPOSITORY)
    real = engine.provider.types[REPOSITORY].look  # type: ignore[attr-defined]

    def forgetful(resource_id: str) -> Props | None:
        seen: Props | None = real(resource_id)
        return seen and seen | {"imageTagMutabilityExclusionFilters": None}

    monkeypatch.setattr(engine.provider.types[REPOSITORY], "look", forgetful)
    filters: list[Plain] = [{"filter": "x*", "filterType": "WILDCARD"}]
    wanted = full() | {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": filters}
    with pytest.raises(StandInError, match="did not keep imageTagMutabilityExclusionFilters"):
        engine.create(wanted)
    assert not ecr_client().describe_repositories()["repositories"]
    engine.create(full())
    with pytest.raises(StandInError, match="did not keep"):
        engine.update(wanted)
    found = ecr_client().describe_repositories()["repositories"][0]
    assert found["imageTagMutability"] == "IMMUTABLE"


def test_a_lifecycle_policy_lives_and_dies() -> None:
    ecr_client().create_repository(repositoryName="dev/app")
    engine = Engine(LIFECYCLE)
    props: Props = {"repository": "dev/app", "policy": RULES}
    engine.create(props)
    assert not engine.diff(
        {"repository": "dev/app", "policy": json.dumps(json.loads(RULES), indent=2, sort_keys=True)}
    ).changes
    other = RULES.replace("10", "11")
    assert list(engine.diff(props | {"policy": other}).detailed_diff) == ["policy"]
    assert engine.diff(props | {"repository": "b"}).replaces == ["repository"]
    engine.update(props | {"policy": other})
    assert plain(engine.read().properties["policy"]) == other
    engine.delete()
    engine.delete()
    assert engine.read().resource_id == ""


def test_a_repository_policy_is_compared_as_aws_does() -> None:
    ecr_client().create_repository(repositoryName="dev/app")
    engine = Engine(POLICY)
    one: dict[str, Plain] = {"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}
    document: Props = {"Version": "2012-10-17", "Statement": [one]}
    props: Props = {"repository": "dev/app", "policy": document}
    engine.create(props)
    same = json.dumps({"Statement": {**one, "Action": "ecr:BatchGetImage"}, "Version": "2012-10-17"})
    assert not engine.diff({"repository": "dev/app", "policy": same}).changes
    engine.delete()
    assert engine.read().resource_id == ""


def test_a_key_rotates_updates_and_is_scheduled_for_deletion() -> None:
    engine = Engine(KEY)
    props: Props = {"description": "d", "enableKeyRotation": True, "deletionWindowInDays": 7, "tags": {"a": "b"}}
    state = plain_map(engine.create(props))
    kms = boto3.client("kms", region_name="us-east-1")
    assert state["keyId"] == engine.id
    assert kms.get_key_rotation_status(KeyId=engine.id)["KeyRotationEnabled"]
    assert not engine.diff(props).changes
    engine.update(props | {"description": "e", "enableKeyRotation": False, "tags": {"c": "d"}})
    assert kms.describe_key(KeyId=engine.id)["KeyMetadata"]["Description"] == "e"
    engine.delete()
    assert kms.describe_key(KeyId=engine.id)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert engine.read().resource_id == ""
    engine.delete()


def test_a_key_policy_is_compared_as_aws_does_and_updated() -> None:
    engine = Engine(KEY)
    admin: dict[str, Plain] = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    first: Props = {"policy": {"Version": "2012-10-17", "Statement": [admin]}}
    engine.create(first)
    assert not engine.diff({"policy": {"Statement": [admin | {"Action": ["kms:*"]}], "Version": "2012-10-17"}}).changes
    assert not engine.diff({}).changes  # left out: what the key has stays
    pull: dict[str, Plain] = admin | {"Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "kms:Decrypt"}
    second: Props = {"policy": {"Version": "2012-10-17", "Statement": [admin, pull]}}
    assert list(engine.diff(second).detailed_diff) == ["policy"]
    engine.update(second)
    kms = boto3.client("kms", region_name="us-east-1")
    assert json.loads(kms.get_key_policy(KeyId=engine.id, PolicyName="default")["Policy"]) == second["policy"]
    kms.put_key_policy(KeyId=engine.id, PolicyName="default", Policy=json.dumps(first["policy"]))
    assert json.loads(str(plain(engine.read().inputs["policy"]))) == first["policy"]


def test_a_name_that_would_be_too_long_is_refused() -> None:
    engine = Engine("aws:iam/role:Role")
    engine.urn = urn("aws:iam/role:Role").removesuffix("thing") + "a" * 57
    props: Props = {"assumeRolePolicy": "{}"}
    with pytest.raises(StandInError, match=r"65 characters long; accepted: up to 64; give it a name of its own"):
        engine.check(props)
    engine.urn = engine.urn[:-1]
    assert len(str(plain_map(engine.checked(props))["name"])) == 64
