"""The policy pack in its own environment, asked as the engine asks it: about resources that no plugin here knows."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from local import policy_packs
from local.cloud import LocalCloud
from policies.rules import catalogue

pytestmark = pytest.mark.engine

PUBLIC = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # a text that is not known yet, as the engine sends it
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}  # and a secret, beside its `value`
DIGEST = "sha256:" + "0a" * 32


@pytest.fixture(scope="module")
def analyzer(cloud: LocalCloud) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """The pack as the engine starts it, without an engine."""
    python, pack = policy_packs.ensure(cloud.layout), cloud.layout.checkout / policy_packs.PACK
    command = [str(python), "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(pack)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
        process.terminate()


def asked(analyzer: analyzer_pb2_grpc.AnalyzerStub, type_token: str, properties: Mapping[str, object]) -> list[str]:
    request = analyzer_pb2.AnalyzeRequest(
        type=type_token, name="web", urn=f"urn:pulumi:dev::theirs::{type_token}::web",
        properties=ParseDict(dict(properties), Struct()),
    )  # fmt: skip
    return [one.message.split("\n", 1)[-1] for one in analyzer.Analyze(request).diagnostics]


def test_the_pack_tells_what_it_is(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    info = analyzer.GetAnalyzerInfo(analyzer_pb2.AnalyzeRequest())
    assert (info.name, info.supportsConfig) == ("container-registry", True)
    assert {one.name for one in info.policies} == catalogue.ALL.keys()
    assert {one.enforcementLevel for one in info.policies} == {analyzer_pb2.MANDATORY}


TASK = "aws:ecs/taskDefinition:TaskDefinition"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
FUNCTION = "aws:lambda/function:Function"
ANSWERS: dict[str, tuple[str, Mapping[str, object], list[str]]] = {
    "task, by digest": (TASK, {"containerDefinitions": json.dumps([{"image": f"web@{DIGEST}"}])}, []),
    "task": (
        TASK,
        {"containerDefinitions": json.dumps([{"image": "web:1"}])},
        ["containerDefinitions[0].image is 'web:1'"],
    ),
    "secret task": (
        TASK,
        {"containerDefinitions": {**SECRET, "value": json.dumps([{"image": "web:1"}])}},
        ["containerDefinitions[0].image is 'web:1'"],
    ),
    "task to be known": (TASK, {"containerDefinitions": UNKNOWN}, ["can't run policy 'image-digests'"]),
    "deployment": (
        DEPLOYMENT,
        {"spec": {"template": {"spec": {"containers": [{"image": "web"}, {"image": UNKNOWN}, {"image": "b:1"}]}}}},
        [
            "spec.template.spec.containers[0].image is 'web'",
            "spec.template.spec.containers[2].image is 'b:1'",
            "can't run policy 'image-digests'",
        ],
    ),
    "function with an archive": (
        FUNCTION,
        {"code": {"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7", "path": "x.zip"}},
        [],
    ),
    "function": (FUNCTION, {"imageUri": "web:1", "packageType": "Image"}, ["imageUri is 'web:1'"]),
    "function with nothing": (FUNCTION, {"imageUri": None}, []),
    "project of CodeBuild": (
        "aws:codebuild/project:Project",
        {"environment": {"image": "aws/codebuild/standard:7.0", "type": "LINUX_CONTAINER"}},
        [],
    ),
    "a key twice": (
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        {"policy": '{"Statement": [{"Effect": "Allow", "Principal": "*"}], "Statement": []}'},
        ["policy has the key 'Statement' twice"],
    ),
    "another resource": ("aws:s3/bucket:Bucket", {"policy": json.dumps({"Statement": [PUBLIC]})}, []),
}


@pytest.mark.parametrize(("type_token", "properties", "answers"), ANSWERS.values(), ids=ANSWERS)
def test_the_pack_answers_about_any_resource(
    analyzer: analyzer_pb2_grpc.AnalyzerStub, type_token: str, properties: Mapping[str, object], answers: list[str]
) -> None:
    told = asked(analyzer, type_token, properties)
    assert len(told) == len(answers)
    assert all(one.startswith(answer) for one, answer in zip(told, answers, strict=True))
