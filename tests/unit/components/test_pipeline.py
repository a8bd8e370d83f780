"""A pipeline, against mocks: bucket and key, roles, projects, and the pipeline itself."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

import pulumi
import pytest
from pulumi.runtime.mocks import MockResourceArgs

from components.pipeline import Pipeline, PipelineArgs
from ecr.access import code_build
from ecr.errors import InputErrors
from ecr.pipeline import policies, stack_policy
from ecr.pipeline.model import Approval, Artifacts, Builds, ComputeType, Provider, Source, Stage, State
from ecr.reference import Registry
from tests.unit import recording as recordings
from tests.unit.recording import ACCOUNT, CONNECTION, KEY, REGION, Recording, Registration, mock_arn, record

COMPONENT = "container-registry:index:Pipeline"
BUCKET = "aws:s3/bucket:Bucket"
ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
EXPIRY = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
KEY_POLICY = "aws:kms/keyPolicy:KeyPolicy"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
LOG = "aws:cloudwatch/logGroup:LogGroup"
PROJECT = "aws:codebuild/project:Project"
PIPELINE = "aws:codepipeline/pipeline:Pipeline"

PLACE = Registry("aws", REGION, ACCOUNT)
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:approvals"
GIVEN = f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/1a2b"
STATE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/state"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:pulumi-a1b2c3"
MANAGED = f"arn:aws:iam::{ACCOUNT}:policy/teams/shop-extras"
OWN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployer"
MADE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"

DEV = Stage(stack="dev", project="shop-dev", repository="dev/yoon-app", build=True)
STAGING = Stage(stack="staging", project="shop-staging", repository="staging/yoon-app")
PROD = Stage(stack="prod", project="shop-prod", repository="prod/yoon-app", approval=Approval(topic_arn=TOPIC))
STATE = State(bucket="acme-state", key_arn=STATE_KEY)
ARGS = PipelineArgs(
    pipeline_name="shop",
    project="container-registry",
    source=Source(repository="acme/shop"),
    stages=(DEV, STAGING, PROD),
    state=STATE,
)


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the provider names, and the mocks don't."""
    computed = recordings._computed

    def named(args: MockResourceArgs, *, preview: bool) -> dict[str, object]:
        names: Mapping[str, dict[str, object]] = {
            KEY: {"keyId": "11111111-2222"},
            BUCKET: {"bucket": f"{args.name}-1a2b", "arn": f"arn:aws:s3:::{args.name}-1a2b"},
            ROLE: {"name": f"{args.name}-1a2b"},
        }
        return {**computed(args, preview=preview), **({} if preview else names.get(args.typ, {}))}

    monkeypatch.setattr(recordings, "_computed", named)


def deployed(
    changes: Mapping[str, object] = MappingProxyType({}),
    *,
    preview: bool = False,
    opts: pulumi.ResourceOptions | None = None,
) -> Recording:
    args = dataclasses.replace(ARGS, **changes)  # type: ignore[arg-type]  # the tables are checked by running them

    def program() -> None:
        Pipeline("ship", args, opts)

    return record(program, preview=preview)


def named(recording: Recording, type_: str, name: str) -> Registration:
    (found,) = (one for one in recording.of_type(type_) if one.name == name)
    return found


NAMES_OF_ROLES = ("ship-role", "ship-dev-role", "ship-staging-role", "ship-prod-role", "ship-prod-preview-role")
BUCKET_NAME, BUCKET_ARN = "ship-artifacts-1a2b", "arn:aws:s3:::ship-artifacts-1a2b"


# -- artifacts --------------------------------------------------------------------------------------------------------


def test_the_bucket_of_artifacts_is_private_encrypted_versioned_and_emptied_in_time() -> None:
    recording = deployed()
    assert recording.only(BUCKET).inputs == {"forceDestroy": False}
    assert recording.only(ACCESS).inputs == {
        "bucket": BUCKET_NAME,
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    by_default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": MADE_KEY}
    assert recording.only(ENCRYPTION).inputs == {
        "bucket": BUCKET_NAME,
        "rules": [{"applyServerSideEncryptionByDefault": by_default, "bucketKeyEnabled": True}],
    }
    assert recording.only(VERSIONING).inputs == {
        "bucket": BUCKET_NAME,
        "versioningConfiguration": {"status": "Enabled"},
    }
    assert recording.only(BUCKET_POLICY).inputs == {
        "bucket": BUCKET_NAME,
        "policy": policies.bucket_policy(BUCKET_ARN, MADE_KEY).text,
    }
    assert recording.only(EXPIRY).inputs == {
        "bucket": BUCKET_NAME,
        "rules": [
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": 30},
                "noncurrentVersionExpiration": {"noncurrentDays": 30},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
            }
        ],
    }


def test_the_key_of_artifacts_is_for_the_roles_of_this_pipeline() -> None:
    recording = deployed()
    assert recording.only(KEY).inputs == {
        "description": "Encrypts artifacts of a pipeline",
        "enableKeyRotation": True,
        "deletionWindowInDays": 7,
    }
    roles = [mock_arn(ROLE, name) for name in NAMES_OF_ROLES]
    assert recording.only(KEY_POLICY).inputs == {
        "keyId": "11111111-2222",
        "policy": policies.key_policy(roles, partition="aws", account=ACCOUNT).text,
    }


def test_a_key_that_is_given_is_used_and_none_is_made() -> None:
    key_arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/given"
    recording = deployed({"artifacts": Artifacts(key_arn=key_arn, expire_days=7, force_delete=True)})
    assert recording.of_type(KEY) == recording.of_type(KEY_POLICY) == []
    assert key_arn in str(recording.only(ENCRYPTION).inputs)
    assert key_arn in str(recording.only(PIPELINE).inputs["artifactStores"])
    assert {project.inputs["encryptionKey"] for project in recording.of_type(PROJECT)} == {key_arn}
    assert recording.only(BUCKET).inputs == {"forceDestroy": True}
    assert "'days': 7" in str(recording.only(EXPIRY).inputs)


# -- source -----------------------------------------------------------------------------------------------------------


def test_a_connection_is_made_and_said_to_need_somebody(caplog: pytest.LogCaptureFixture) -> None:
    recording = deployed({"source": Source(repository="acme/shop", provider=Provider.GITLAB)})
    made = recording.only(CONNECTION)
    assert made.inputs == {"name": "shop", "providerType": "GitLab"}
    assert recording.component_outputs("ship")["connectionArn"] == mock_arn(CONNECTION, "ship-connection")
    said = caplog.text
    assert "the connection shop waits for somebody to confirm it" in said
    assert f"codesuite/settings/connections?region={REGION}" in said


def test_a_connection_that_is_given_is_used_and_none_is_made(caplog: pytest.LogCaptureFixture) -> None:
    recording = deployed({"source": Source(repository="acme/shop", branch="release", connection_arn=GIVEN)})
    assert recording.of_type(CONNECTION) == []
    (source,) = actions(recording)["Source"]
    assert source["configuration"] == {
        "ConnectionArn": GIVEN,
        "FullRepositoryId": "acme/shop",
        "BranchName": "release",
        "OutputArtifactFormat": "CODE_ZIP",
        "DetectChanges": "true",
    }
    assert "waits for somebody" not in caplog.text


# -- builds -----------------------------------------------------------------------------------------------------------


def test_only_the_stage_that_builds_gets_docker() -> None:
    recording = deployed()
    privileged = {
        str(one.inputs["name"]): cast("dict[str, object]", one.inputs["environment"])["privilegedMode"]
        for one in recording.of_type(PROJECT)
    }
    assert privileged == {"shop-dev": True, "shop-staging": False, "shop-prod": False, "shop-prod-preview": False}


def test_the_preview_of_a_stage_that_builds_has_the_docker_that_its_provider_asks_for() -> None:
    recording = deployed({"stages": (dataclasses.replace(DEV, approval=Approval()), STAGING)})
    environment = cast("dict[str, object]", named(recording, PROJECT, "ship-dev-preview-project").inputs["environment"])
    assert environment["privilegedMode"] is True


def test_a_stage_is_deployed_by_a_project_of_its_own_with_the_buildspec_of_the_source() -> None:
    recording = deployed()
    assert named(recording, PROJECT, "ship-staging-project").inputs == {
        "name": "shop-staging",
        "description": "Deploys stack staging of container-registry",
        "serviceRole": mock_arn(ROLE, "ship-staging-role"),
        "buildTimeout": 60,
        "artifacts": {"type": "CODEPIPELINE"},
        "source": {"type": "CODEPIPELINE", "buildspec": "ci/buildspec.yml"},
        "environment": {
            "type": "LINUX_CONTAINER",
            "computeType": "BUILD_GENERAL1_SMALL",
            "image": "aws/codebuild/standard:7.0",
            "privilegedMode": False,
            "environmentVariables": [
                {"name": "STACK", "value": "staging", "type": "PLAINTEXT"},
                {"name": "PULUMI_BACKEND_URL", "value": "s3://acme-state", "type": "PLAINTEXT"},
            ],
        },
        "encryptionKey": MADE_KEY,
        "logsConfig": {"cloudwatchLogs": {"status": "ENABLED", "groupName": "/aws/codebuild/shop-staging"}},
    }
    assert named(recording, LOG, "ship-staging-log").inputs == {
        "name": "/aws/codebuild/shop-staging",
        "retentionInDays": 90,
    }


def test_settings_of_builds_reach_the_projects_and_their_logs() -> None:
    builds = Builds(
        image="aws/codebuild/amazonlinux-x86_64-standard:5.0",
        compute_type=ComputeType.LARGE,
        timeout_minutes=90,
        buildspec="deploy/spec.yml",
        log_keep_days=365,
    )
    recording = deployed({"builds": builds})
    for project in recording.of_type(PROJECT):
        environment = cast("dict[str, object]", project.inputs["environment"])
        assert environment["image"] == builds.image
        assert environment["computeType"] == "BUILD_GENERAL1_LARGE"
        assert project.inputs["buildTimeout"] == 90
        assert project.inputs["source"] == {"type": "CODEPIPELINE", "buildspec": "deploy/spec.yml"}
    assert {log.inputs["retentionInDays"] for log in recording.of_type(LOG)} == {365}


def test_secrets_are_named_to_builds_and_never_told() -> None:
    state = State(bucket="acme-state", prefix="teams/shop", passphrase_secret_arn=SECRET)
    project = named(deployed({"state": state}), PROJECT, "ship-dev-project")
    environment = cast("dict[str, object]", project.inputs["environment"])
    assert environment["environmentVariables"] == [
        {"name": "STACK", "value": "dev", "type": "PLAINTEXT"},
        {"name": "PULUMI_BACKEND_URL", "value": "s3://acme-state/teams/shop", "type": "PLAINTEXT"},
        {"name": "PULUMI_CONFIG_PASSPHRASE", "value": SECRET, "type": "SECRETS_MANAGER"},
    ]


def test_state_in_pulumi_cloud_takes_a_token_and_no_bucket() -> None:
    recording = deployed({"state": State(token_secret_arn=SECRET)})
    environment = cast("dict[str, object]", named(recording, PROJECT, "ship-dev-project").inputs["environment"])
    assert environment["environmentVariables"] == [
        {"name": "STACK", "value": "dev", "type": "PLAINTEXT"},
        {"name": "PULUMI_ACCESS_TOKEN", "value": SECRET, "type": "SECRETS_MANAGER"},
    ]
    assert "s3:" not in str(named(recording, ROLE_POLICY, "ship-dev-state").inputs["policy"])


def test_each_stage_has_a_role_for_its_own_stack() -> None:
    recording = deployed()
    for index, stage in enumerate(ARGS.stages):
        name = f"ship-{stage.stack}"
        role = named(recording, ROLE, f"{name}-role").inputs
        assert role == {
            "description": f"CodeBuild: deploys stack {stage.stack} of container-registry",
            "assumeRolePolicy": code_build.trust_policy([stage.project], **vars(PLACE)).text,
        }
        found = {
            one.name: one.inputs["policy"]
            for one in recording.of_type(ROLE_POLICY)
            if one.inputs["role"] == f"{name}-role-id"
        }
        log = mock_arn(LOG, f"{name}-log")
        assert found == {
            f"{name}-build": policies.build_permissions(
                log_group_arn=log, bucket_arn=BUCKET_ARN, key_arn=MADE_KEY
            ).text,
            f"{name}-repository": stack_policy.image_permissions(ARGS.stages, index, PLACE).text,
            f"{name}-state": stack_policy.state_permissions(
                STATE, ARGS.stages, index, project="container-registry", partition="aws"
            ).text,
        }


def test_a_preview_has_a_project_and_a_role_of_its_own_which_only_reads() -> None:
    recording = deployed()
    project = named(recording, PROJECT, "ship-prod-preview-project").inputs
    assert project["name"] == "shop-prod-preview"
    assert project["description"] == "Previews stack prod of container-registry"
    assert project["serviceRole"] == mock_arn(ROLE, "ship-prod-preview-role")
    assert named(recording, LOG, "ship-prod-preview-log").inputs["name"] == "/aws/codebuild/shop-prod-preview"
    assert named(recording, ROLE, "ship-prod-preview-role").inputs == {
        "description": "CodeBuild: previews stack prod of container-registry",
        "assumeRolePolicy": code_build.trust_policy(["shop-prod-preview"], **vars(PLACE)).text,
    }
    found = {
        one.name: one.inputs["policy"]
        for one in recording.of_type(ROLE_POLICY)
        if one.inputs["role"] == "ship-prod-preview-role-id"
    }
    log = mock_arn(LOG, "ship-prod-preview-log")
    assert found == {
        "ship-prod-preview-build": policies.build_permissions(
            log_group_arn=log, bucket_arn=BUCKET_ARN, key_arn=MADE_KEY
        ).text,
        "ship-prod-preview-repository": stack_policy.preview_permissions(ARGS.stages, 2, PLACE).text,
        "ship-prod-preview-state": stack_policy.state_permissions(
            STATE, ARGS.stages, 2, project="container-registry", partition="aws", preview=True
        ).text,
    }


def test_policies_of_a_stage_are_not_those_of_its_preview() -> None:
    looks = f"arn:aws:iam::{ACCOUNT}:policy/looks"
    prod = dataclasses.replace(PROD, policy_arns=(MANAGED,), approval=Approval(policy_arns=(looks,)))
    attached = deployed({"stages": (DEV, STAGING, prod)}).of_type(ATTACHMENT)
    assert {(one.inputs["role"], one.inputs["policyArn"]) for one in attached} == {
        ("ship-prod-role-1a2b", MANAGED),
        ("ship-prod-preview-role-1a2b", looks),
    }


def test_a_preview_keeps_a_role_that_is_made_where_the_stage_has_one_of_its_own() -> None:
    prod = dataclasses.replace(PROD, role_arn=OWN_ROLE)
    recording = deployed({"stages": (DEV, STAGING, prod)})
    assert named(recording, PROJECT, "ship-prod-project").inputs["serviceRole"] == OWN_ROLE
    made = mock_arn(ROLE, "ship-prod-preview-role")
    assert named(recording, PROJECT, "ship-prod-preview-project").inputs["serviceRole"] == made


def test_policies_of_a_stage_are_attached_to_its_role_alone() -> None:
    staging = dataclasses.replace(STAGING, policy_arns=(MANAGED,))
    recording = deployed({"stages": (DEV, staging, PROD)})
    attached = recording.only(ATTACHMENT)
    assert attached.name == "ship-staging-policy-shop-extras"
    assert attached.inputs == {"role": "ship-staging-role-1a2b", "policyArn": MANAGED}
    assert deployed().of_type(ATTACHMENT) == []


def test_a_stage_with_a_role_of_its_own_gets_none() -> None:
    prod = dataclasses.replace(PROD, approval=Approval(role_arn=OWN_ROLE))
    stages = tuple(dataclasses.replace(stage, role_arn=OWN_ROLE) for stage in (DEV, STAGING, prod))
    recording = deployed({"stages": stages, "state": None})
    assert [role.name for role in recording.of_type(ROLE)] == ["ship-role"]
    assert [one.name for one in recording.of_type(ROLE_POLICY)] == ["ship-permissions"]
    assert {project.inputs["serviceRole"] for project in recording.of_type(PROJECT)} == {OWN_ROLE}
    assert OWN_ROLE in str(recording.only(KEY_POLICY).inputs["policy"])


# -- the pipeline -----------------------------------------------------------------------------------------------------


def actions(recording: Recording) -> dict[str, list[dict[str, object]]]:
    stages = cast("list[dict[str, object]]", recording.only(PIPELINE).inputs["stages"])
    return {str(stage["name"]): cast("list[dict[str, object]]", stage["actions"]) for stage in stages}


def test_the_pipeline_goes_from_the_source_to_prod_and_asks_before() -> None:
    found = actions(deployed())
    assert {stage: [action["name"] for action in all_] for stage, all_ in found.items()} == {
        "Source": ["Source"],
        "dev": ["Deploy"],
        "staging": ["Deploy"],
        "prod": ["Preview", "Approve", "Deploy"],
    }
    preview, approve, deploy = found["prod"]
    variables = [
        {"name": "OPERATION", "value": "preview", "type": "PLAINTEXT"},
        {"name": "SOURCE", "value": "staging", "type": "PLAINTEXT"},
        {"name": "APPROVED", "value": "#{staging.DIGEST}", "type": "PLAINTEXT"},
    ]
    build = {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1", "inputArtifacts": ["source"]}
    assert preview == {
        "name": "Preview",
        "configuration": {
            "ProjectName": "shop-prod-preview",
            "EnvironmentVariables": json.dumps(variables, separators=(",", ":")),
        },
        "runOrder": 1,
        **build,
    }
    assert approve == {
        "name": "Approve",
        "category": "Approval",
        "owner": "AWS",
        "provider": "Manual",
        "version": "1",
        "configuration": {
            "CustomData": "Deploy prod? The log of Preview says what would change.",
            "NotificationArn": TOPIC,
        },
        "runOrder": 2,
        "timeoutInMinutes": 10080,
    }
    assert deploy["runOrder"] == 3
    assert deploy["namespace"] == "prod"
    assert cast("dict[str, str]", deploy["configuration"])["ProjectName"] == "shop-prod"
    assert "SOURCE" not in str(found["dev"])
    assert '"value":"up"' in str(deploy["configuration"])
    assert {key: value for key, value in deploy.items() if key in build} == build


def test_the_pipeline_runs_with_its_own_role_and_encrypts_its_artifacts() -> None:
    recording = deployed()
    inputs = {key: value for key, value in recording.only(PIPELINE).inputs.items() if key != "stages"}
    assert inputs == {
        "name": "shop",
        "pipelineType": "V2",
        "executionMode": "SUPERSEDED",
        "roleArn": mock_arn(ROLE, "ship-role"),
        "artifactStores": [{"location": BUCKET_NAME, "type": "S3", "encryptionKey": {"id": MADE_KEY, "type": "KMS"}}],
    }
    assert named(recording, ROLE, "ship-role").inputs == {
        "description": "CodePipeline: shop",
        "assumeRolePolicy": policies.pipeline_trust("shop", PLACE).text,
    }
    assert named(recording, ROLE_POLICY, "ship-permissions").inputs == {
        "role": "ship-role-id",
        "policy": policies.pipeline_permissions(
            ARGS.stages,
            repository="acme/shop",
            place=PLACE,
            connection_arn=mock_arn(CONNECTION, "ship-connection"),
            bucket_arn=BUCKET_ARN,
            key_arn=MADE_KEY,
        ).text,
    }


def test_children_hang_below_the_component_under_names_that_are_a_contract() -> None:
    recording = deployed()
    stages = ("dev", "staging", "prod", "prod-preview")
    assert recording.names == {
        (COMPONENT, "ship"),
        (KEY, "ship-key"),
        (KEY_POLICY, "ship-key-policy"),
        (BUCKET, "ship-artifacts"),
        (ACCESS, "ship-artifacts-access"),
        (ENCRYPTION, "ship-artifacts-encryption"),
        (VERSIONING, "ship-artifacts-versioning"),
        (BUCKET_POLICY, "ship-artifacts-policy"),
        (EXPIRY, "ship-artifacts-expiry"),
        (CONNECTION, "ship-connection"),
        (ROLE, "ship-role"),
        (ROLE_POLICY, "ship-permissions"),
        *((LOG, f"ship-{stage}-log") for stage in stages),
        *((ROLE, f"ship-{stage}-role") for stage in stages),
        *((ROLE_POLICY, f"ship-{stage}-{what}") for stage in stages for what in ("build", "repository", "state")),
        *((PROJECT, f"ship-{stage}-project") for stage in stages),
        (PIPELINE, "ship-pipeline"),
    }
    assert {one.parent for one in recording.registrations if one.type != COMPONENT} == {"ship"}


def test_the_outputs_name_the_pipeline_its_connection_projects_and_roles() -> None:
    assert deployed().component_outputs("ship") == {
        "pipelineName": "shop",
        "pipelineArn": mock_arn(PIPELINE, "ship-pipeline"),
        "connectionArn": mock_arn(CONNECTION, "ship-connection"),
        "projectNames": {"dev": "shop-dev", "staging": "shop-staging", "prod": "shop-prod"},
        "roleArns": {stack: mock_arn(ROLE, f"ship-{stack}-role") for stack in ("dev", "staging", "prod")},
    }


def test_tags_reach_every_child_that_takes_them_and_are_absent_when_unset() -> None:
    tags = {"team": "shop"}
    tagged, plain = deployed({"tags": tags}), deployed()
    for type_ in (KEY, BUCKET, CONNECTION, ROLE, LOG, PROJECT, PIPELINE):
        assert all(one.inputs["tags"] == tags for one in tagged.of_type(type_))
        assert all("tags" not in one.inputs for one in plain.of_type(type_))


def test_a_boundary_bounds_all_roles() -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    roles = deployed({"permissions_boundary": boundary}).of_type(ROLE)
    assert {role.inputs["permissionsBoundary"] for role in roles} == {boundary}
    assert not any("permissionsBoundary" in role.inputs for role in deployed().of_type(ROLE))


def test_the_options_of_the_component_reach_it() -> None:
    assert deployed(opts=pulumi.ResourceOptions(protect=True)).only(COMPONENT).protect


@pytest.mark.parametrize("source", [ARGS.source, Source(repository="acme/shop", connection_arn=GIVEN)])
def test_a_preview_shows_all_that_will_be_made(source: Source) -> None:
    seen, made = (deployed({"source": source}, preview=preview) for preview in (True, False))
    assert seen.names == made.names


MISTAKES = [
    pytest.param({"pipeline_name": "shop!"}, ['pipeline_name: "shop!" is not accepted'], id="name"),
    pytest.param({"pipeline_name": "s" * 33}, ["pipeline_name: has 33 characters; the connection"], id="long-name"),
    pytest.param({"source": Source(repository="shop")}, ['source.repository: "shop" is not accepted'], id="source"),
    pytest.param(
        {"source": Source(repository="acme/shop", branch="release/*")}, ['source.branch: "release/*" is'], id="branch"
    ),
    pytest.param({"stages": ()}, ["stages: has 0 stages; CodePipeline accepts 1 to 49"], id="no-stage"),
    pytest.param({"stages": (DEV, DEV)}, ['stages[1].stack: "dev"', "stages[1].project", "stages[1].rep"], id="twice"),
    pytest.param(
        {"stages": (dataclasses.replace(DEV, stack="Source"),)},
        ['stages[0].stack: "Source" is what'],
        id="source-stage",
    ),
    pytest.param({"state": None}, ["state: is missing; accepted: bucket"], id="no-state"),
    pytest.param(
        {"state": None, "stages": (dataclasses.replace(PROD, role_arn=OWN_ROLE),)},
        ["state: is missing; accepted: bucket"],
        id="no-state-for-a-preview",
    ),
    pytest.param({"state": State()}, ["state: names one of bucket"], id="empty-state"),
    pytest.param({"state": State(bucket="acme-state")}, ["state: says nothing of what opens"], id="no-secrets"),
    pytest.param({"artifacts": Artifacts(expire_days=0)}, ["artifacts.expire_days: 0 is not accepted"], id="expiry"),
    pytest.param({"builds": Builds(log_keep_days=2)}, ["builds.log_keep_days: 2 is not accepted"], id="log"),
    pytest.param({"permissions_boundary": "x"}, ['permissions_boundary: "x" is not accepted'], id="boundary"),
    pytest.param(
        {"pipeline_name": "", "stages": (), "builds": Builds(timeout_minutes=4)},
        ["pipeline_name: ", "stages: ", "builds.timeout_minutes: 4"],
        id="all-in-one-answer",
    ),
]


@pytest.mark.parametrize(("changes", "beginnings"), MISTAKES)
def test_what_is_wrong_is_refused_before_anything_is_registered(
    changes: dict[str, object], beginnings: list[str]
) -> None:
    lines: list[str] = []

    def program() -> None:
        with pytest.raises(InputErrors) as raised:
            Pipeline("ship", dataclasses.replace(ARGS, **changes))  # type: ignore[arg-type]  # as above
        lines.extend(str(error) for error in raised.value.errors)

    assert record(program).registrations == []
    assert [line for line, start in zip(lines, beginnings, strict=True) if not line.startswith(start)] == []
