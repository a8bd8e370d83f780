"""What `Pipeline` registers, given to the `aws` stand-in and moto: the local cloud's emulator has no CodePipeline."""

from __future__ import annotations

import boto3
import pytest

from components.pipeline import Pipeline, PipelineArgs
from ecr.pipeline.model import Approval, Source, Stage, State
from local.plugins.values import Props, plain_map
from tests.aws import plugin_lives
from tests.aws.plugin_engine import Call, Engine, answering
from tests.unit.recording import Recording, record

pytestmark = pytest.mark.usefixtures("moto")

KEY = "arn:aws:kms:us-east-1:123456789012:key/1a2b"
CONNECTION = "arn:aws:codeconnections:us-east-1:123456789012:connection/1a2b"
ARGS = PipelineArgs(
    pipeline_name="shop",
    project="container-registry",
    source=Source(repository="acme/shop"),
    stages=(
        Stage(
            stack="dev",
            project="shop-dev",
            repository="dev/app",
            build=True,
            policy_arns=("arn:aws:iam::123456789012:policy/extras",),
        ),
        Stage(stack="prod", project="shop-prod", repository="prod/app", approval=Approval()),
    ),
    state=State(bucket="acme-state", key_arn=KEY),
    tags={"team": "shop"},
)
# What the mocks make up no values for.
STORE: Props = {"location": "artifacts-1a2b", "type": "S3", "encryptionKey": {"id": KEY, "type": "KMS"}}
NAMES: Props = {"bucket": "artifacts-1a2b", "role": "made-up", "keyId": "1a2b"}


@pytest.fixture(scope="module")
def registered() -> Recording:
    def program() -> None:
        Pipeline("ship", ARGS)

    return record(program)


def inputs_of(recording: Recording, token: str) -> Props:
    (child, *_) = recording.of_type(token)
    found: Props = dict(child.inputs)  # type: ignore[arg-type]
    fields = Engine(token).provider.types[token].fields
    named = {**{key: value for key, value in NAMES.items() if key in fields}, **found}
    return {**named, "artifactStores": [STORE]} if "artifactStores" in fields else named


def test_the_stand_in_takes_every_property_of_every_child(registered: Recording) -> None:
    types = {one.type for one in registered.registrations if one.type.startswith("aws:")}
    assert len(types) == 15
    for token in types:
        Engine(token).checked(inputs_of(registered, token))


@pytest.mark.parametrize(
    "token",
    [
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:iam/role:Role",
        "aws:kms/key:Key",
    ],
)
def test_what_moto_has_is_made_and_then_the_same(registered: Recording, token: str) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="artifacts-1a2b")
    inputs = inputs_of(registered, token)
    engine = Engine(token)
    engine.create(inputs)
    assert not engine.diff(inputs).changes
    assert plain_map(engine.read().inputs) == plain_map(engine.inputs)


def test_the_pipeline_is_made_as_it_was_declared(registered: Recording) -> None:
    token = "aws:codepipeline/pipeline:Pipeline"
    document = plugin_lives.trust("codepipeline.amazonaws.com")
    role = boto3.client("iam").create_role(RoleName="ship", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    inputs: Props = {**inputs_of(registered, token), "roleArn": role}
    engine = Engine(token)
    engine.create(inputs)
    assert not engine.diff(inputs).changes
    found = boto3.client("codepipeline", region_name="us-east-1").get_pipeline(name="shop")["pipeline"]
    assert [(stage["name"], [action["name"] for action in stage["actions"]]) for stage in found["stages"]] == [
        ("Source", ["Source"]),
        ("dev", ["Deploy"]),
        ("prod", ["Preview", "Approve", "Deploy"]),
    ]
    approve = found["stages"][2]["actions"][1]
    assert approve["actionTypeId"] == {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}
    assert found["artifactStore"]["encryptionKey"] == {"id": KEY, "type": "KMS"}
    engine.delete()
    assert engine.read().resource_id == ""


def test_a_connection_is_made_pending_and_only_its_tags_change() -> None:
    engine = Engine("aws:codeconnections/connection:Connection")
    of: Props = {"ConnectionArn": CONNECTION, "ConnectionName": "shop", "ProviderType": "GitHub"}
    made: Props = {"ConnectionName": "shop", "ProviderType": "GitHub", "Tags": [{"Key": "a", "Value": "b"}]}

    def told(tags: Props) -> list[Call]:
        return [
            ("get_connection", {"ConnectionArn": CONNECTION}, {"Connection": of | {"ConnectionStatus": "PENDING"}}),
            (
                "list_tags_for_resource",
                {"ResourceArn": CONNECTION},
                {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]},
            ),
        ]

    props: Props = {"name": "shop", "providerType": "GitHub", "tags": {"a": "b"}}
    with answering(
        engine, "codeconnections", [("create_connection", made, {"ConnectionArn": CONNECTION}), *told({"a": "b"})]
    ):
        state = engine.create(props)
    assert plain_map(state)["connectionStatus"] == "PENDING"
    assert not engine.diff(props).changes
    for key, value in (("name", "other"), ("providerType", "GitLab")):
        assert engine.diff(props | {key: value}).replaces == [key]
    changed: list[Call] = [
        ("tag_resource", {"ResourceArn": CONNECTION, "Tags": [{"Key": "c", "Value": "d"}]}, {}),
        ("untag_resource", {"ResourceArn": CONNECTION, "TagKeys": ["a"]}, {}),
    ]
    with answering(engine, "codeconnections", [*changed, *told({"c": "d"})]):
        engine.update(props | {"tags": {"c": "d"}})
    with answering(
        engine, "codeconnections", [("get_connection", {"ConnectionArn": CONNECTION}, "ResourceNotFoundException")]
    ):
        assert engine.read().resource_id == ""
    with answering(engine, "codeconnections", [("delete_connection", {"ConnectionArn": CONNECTION}, {})]):
        engine.delete()
