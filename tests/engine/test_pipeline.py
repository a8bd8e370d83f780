"""What a pipeline is made of, on the real engine, read back with boto3: all but CodePipeline and its connection, which
the emulator does not have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pulumi
import pytest

from components import pipeline_artifacts, pipeline_builds
from components.caller import Caller
from ecr.pipeline import policies, stack_policy
from ecr.pipeline.model import Approval, Artifacts, Builds, Stage, State
from ecr.reference import Registry
from tests.engine.bench import ACCOUNT, REGION, SESSION, Bench

if TYPE_CHECKING:
    from mypy_boto3_codebuild import CodeBuildClient

pytestmark = pytest.mark.engine

PLACE = Registry("aws", REGION, ACCOUNT)
STAGES = (
    Stage(stack="dev", project="shop-dev", repository="dev/app", build=True),
    Stage(stack="prod", project="shop-prod", repository="prod/app", approval=Approval()),
)
STATE = State(bucket="acme-state", key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/state")
TAGS = {"team": "shop"}
# Name -> the index of its stage, and whether it previews.
PROJECTS = {"shop-dev": (0, False), "shop-prod": (1, False), "shop-prod-preview": (1, True)}


def program() -> None:
    parent = pulumi.ComponentResource("test:index:Parent", "ship")
    opts = pulumi.ResourceOptions(parent=parent)
    caller = Caller.of(parent)
    store = pipeline_artifacts.register("ship", Artifacts(force_delete=True), tags=TAGS, opts=opts)
    builds = pipeline_builds.register(
        "ship",
        pipeline_builds.Wanted(project="shop", stages=STAGES, state=STATE, builds=Builds(), tags=TAGS),
        store,
        place=pulumi.Output.from_input(PLACE),
        opts=opts,
    )
    role_arns = [arn for build in builds.values() for arn in build.role_arns]
    pipeline_artifacts.share("ship", store, role_arns, caller=caller, opts=opts)
    pulumi.export("bucket", store.bucket)
    pulumi.export("key", store.key_arn)
    pulumi.export("roles", role_arns)


def test_bucket_key_roles_logs_and_projects_are_as_they_were_asked_for(bench: Bench) -> None:
    before = bench.roles()
    outputs = bench.deploy(program).outputs()
    bucket, key, roles = str(outputs["bucket"]), str(outputs["key"]), outputs["roles"]
    assert isinstance(roles, list)

    s3 = SESSION.client("s3", endpoint_url=bench.endpoint)
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["Expiration"] == {"Days": 30}
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert policy == policies.bucket_policy(f"arn:aws:s3:::{bucket}", key).document
    s3.put_object(Bucket=bucket, Key="shop/source/1", Body=b"what a destroy has to delete")

    assert bench.kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    found = json.loads(bench.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert found == policies.key_policy(roles, partition="aws", account=ACCOUNT).document

    code_build: CodeBuildClient = SESSION.client("codebuild", endpoint_url=bench.endpoint)
    projects = {one["name"]: one for one in code_build.batch_get_projects(names=[*PROJECTS])["projects"]}
    assert {name: one["environment"]["privilegedMode"] for name, one in projects.items()} == {
        "shop-dev": True,
        "shop-prod": False,
        "shop-prod-preview": False,
    }
    logs = SESSION.client("logs", endpoint_url=bench.endpoint)
    for (name, (index, preview)), role in zip(PROJECTS.items(), roles, strict=True):
        project = projects[name]
        assert project["serviceRole"] == role
        assert project["encryptionKey"] == key
        assert project["source"]["buildspec"] == "ci/buildspec.yml"
        (group,) = logs.describe_log_groups(logGroupNamePrefix=f"/aws/codebuild/{name}")["logGroups"][:1]
        assert group["retentionInDays"] == 90
        held = bench.policies_of(role.rpartition("/")[2])
        images = stack_policy.preview_permissions if preview else stack_policy.image_permissions
        wanted = [
            policies.build_permissions(
                log_group_arn=group["arn"].removesuffix(":*"), bucket_arn=f"arn:aws:s3:::{bucket}", key_arn=key
            ),
            images(STAGES, index, PLACE),
            stack_policy.state_permissions(STATE, STAGES, index, project="shop", partition="aws", preview=preview),
        ]
        assert sorted(map(str, held.values())) == sorted(str(document.document) for document in wanted)

    bench.destroy()
    assert bench.roles() == before
    assert bucket not in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    assert code_build.batch_get_projects(names=["shop-dev"])["projects"] == []
    assert logs.describe_log_groups(logGroupNamePrefix="/aws/codebuild/shop-")["logGroups"] == []


def test_the_pipeline_of_a_stack_file_is_checked_and_left_out(bench: Bench) -> None:
    pipeline = {
        "name": "shop",
        "source": {"repository": "acme/shop"},
        "stages": [{"stack": "dev", "repository": "dev/app", "build": True}],
        "state": {"bucket": "acme-state", "keyArn": STATE.key_arn},
    }
    named = f"pipeline={json.dumps(pipeline)}"
    assert bench.cloud.left_out(["dev", "prod"], [named]) == {"pipeline": ["dev", "prod"]}
    bench.cloud.check(["prod"], [named])
    preview = bench.cloud.stack("prod", ["promote={}", named]).preview()
    assert set(preview.changes) == {"create"}
    assert "Pipeline" not in preview.output
