"""A recording of what a Pulumi program registers: inputs, options, outputs and exports, without an engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import grpc  # type: ignore[import-untyped]  # grpcio carries no types
import pulumi
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockEngine, MockMonitor, MockResourceArgs, Mocks, MockSettings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS, configure, set_root_resource
from pulumi.runtime.stack import run_in_stack

ACCOUNT, REGION = "123456789012", "ap-northeast-2"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
PASSWORD = f"made-up-{'registry'}-password"
DIGEST = f"sha256:{'d' * 64}"

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
KEY = "aws:kms/key:Key"
IMAGE = "docker:index/image:Image"
PROMOTION = "pulumi-python:dynamic/container-registry:Promotion"
CONNECTION = "aws:codeconnections/connection:Connection"
STACK_REFERENCE = "pulumi:pulumi:StackReference"

GATED = {"passed": True, "rule": "findings up to MEDIUM pass"}


def published(stack: str, **changes: object) -> dict[str, object]:
    """The outputs of a stack that has published an image; a changed one of None is missing."""
    outputs: dict[str, object] = {
        "repository_arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{stack}/yoon-app",
        "repository_url": f"{HOST}/{stack}/yoon-app",
        "image_digest": DIGEST,
        "image_tag": "v1.0.0",
    }
    return {key: value for key, value in (outputs | changes).items() if value is not None}


@dataclass(frozen=True)
class Registration:
    """One resource as the program registered it. Secret inputs are unwrapped here, and named in `secrets`."""

    type: str
    name: str
    inputs: Mapping[str, object]
    secrets: frozenset[str]
    parent: str
    protect: bool | None
    ignore_changes: tuple[str, ...]
    delete_before_replace: bool
    retain_on_delete: bool


@dataclass
class Recording:
    """What one run of a program registered, in order."""

    registrations: list[Registration] = field(default_factory=list)
    outputs: dict[str, Mapping[str, object]] = field(default_factory=dict)
    secret_outputs: dict[str, frozenset[str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def of_type(self, type_: str) -> list[Registration]:
        return [registration for registration in self.registrations if registration.type == type_]

    def only(self, type_: str) -> Registration:
        (registration,) = self.of_type(type_)
        return registration

    @property
    def names(self) -> set[tuple[str, str]]:
        return {(registration.type, registration.name) for registration in self.registrations}

    @property
    def exports(self) -> Mapping[str, object]:
        (outputs,) = (values for urn, values in self.outputs.items() if "::pulumi:pulumi:Stack::" in urn)
        return outputs

    def component_outputs(self, name: str) -> Mapping[str, object]:
        (outputs,) = (values for urn, values in self.outputs.items() if urn.endswith(f"::{name}"))
        return outputs


def _computed(args: MockResourceArgs, *, preview: bool) -> dict[str, object]:
    """What AWS and Docker add to the inputs once a resource exists; unknown in a preview."""
    if preview:
        return {}
    if args.typ == REPOSITORY:
        name = args.inputs["name"]
        return {
            "arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
            "registryId": ACCOUNT,
            "repositoryUrl": f"{HOST}/{name}",
        }
    if args.typ == KEY:
        return {"arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"}
    if args.typ == IMAGE:
        name = str(args.inputs["imageName"]).rpartition(":")[0]
        return {"repoDigest": f"{name}@{DIGEST}"}
    if args.typ == PROMOTION:
        return {"tag": "v1.0.0", "digest": DIGEST, "origin": "source", "gated": json.dumps(GATED)}
    status = {"connectionStatus": "PENDING"} if args.typ == CONNECTION else {}
    return {"arn": mock_arn(args.typ, args.name), **status} if args.typ.startswith("aws:") else {}


def mock_arn(type_: str, name: str) -> str:
    """The ARN that the mocks give to a resource, by its type token and its name in the program."""
    service, kind = type_.split(":")[1].split("/")
    return f"arn:aws:{service}:{'' if service == 'iam' else REGION}:{ACCOUNT}:{kind}/{name}"


# What a function of the provider returns, or the text of its error.
Answer = Mapping[str, object] | str

# What the provider says of itself; a test can add answers to other functions, or change these.
ANSWERS: Mapping[str, Answer] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "accountId": ACCOUNT,
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/session",
        "userId": "AROAEXAMPLE:session",
        "id": ACCOUNT,
    },
    "aws:index/getRegion:getRegion": {"region": REGION, "name": REGION, "id": REGION},
}


class _InvokeError(grpc.RpcError):  # type: ignore[misc]  # as above
    """What the engine answers where a function fails: the text of its error alone."""

    def __init__(self, token: str, text: str) -> None:
        super().__init__(text)
        self._said = f"invocation of {token} returned an error: {text}"

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self._said


class _CloudMocks(Mocks):
    def __init__(
        self,
        recording: Recording,
        overrides: Mapping[str, object],
        sources: Mapping[str, Mapping[str, object]],
        answers: Mapping[str, Answer],
        *,
        preview: bool,
    ) -> None:
        self._recording = recording
        self._overrides = overrides
        self._sources = sources
        self._answers = {**ANSWERS, **answers}
        self._preview = preview

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, object]]:
        if args.typ == STACK_REFERENCE:
            name = str(args.inputs["name"])
            return name, {"name": name, "outputs": self._sources[name], "secretOutputNames": []}
        overrides = self._overrides if args.typ == IMAGE else {}
        return f"{args.name}-id", {**args.inputs, **_computed(args, preview=self._preview), **overrides}

    def call(self, args: MockCallArgs) -> tuple[dict[str, object], list[tuple[str, str]]]:
        self._recording.calls.append(args.token)
        if args.token == "aws:ecr/getAuthorizationToken:getAuthorizationToken":
            return {"userName": "AWS", "password": PASSWORD, "proxyEndpoint": f"https://{HOST}"}, []
        if args.token == "pulumi:pulumi:readStackOutputs":
            name = str(args.args["name"])
            if name not in self._sources:
                raise _InvokeError(args.token, f'unknown stack "{name}"')
            return {"name": name, "outputs": self._sources[name], "secretOutputNames": []}, []
        if args.token in self._answers:
            answer = self._answers[args.token]
            if isinstance(answer, str):
                raise _InvokeError(args.token, answer)
            return dict(answer), []
        raise AssertionError(f"unexpected invoke {args.token}")


class _RecordingMonitor(MockMonitor):
    def __init__(self, recording: Recording, mocks: Mocks) -> None:
        super().__init__(mocks)
        self._recording = recording

    def RegisterResource(  # noqa: N802 (the name of the gRPC method)
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        if request.type != "pulumi:pulumi:Stack":
            inputs, secrets = _plain(request.object)
            self._recording.registrations.append(
                Registration(
                    type=request.type,
                    name=request.name,
                    inputs=inputs,
                    secrets=secrets,
                    parent=request.parent.rpartition("::")[2],
                    protect=request.protect if request.HasField("protect") else None,
                    ignore_changes=tuple(request.ignoreChanges),
                    delete_before_replace=request.deleteBeforeReplace,
                    retain_on_delete=request.retainOnDelete,
                )
            )
        return super().RegisterResource(request)

    def RegisterResourceOutputs(  # noqa: N802 (the name of the gRPC method)
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> Empty:
        assert request.urn not in self._recording.outputs, f"{request.urn} registers its outputs twice"
        self._recording.outputs[request.urn], self._recording.secret_outputs[request.urn] = _plain(request.outputs)
        return super().RegisterResourceOutputs(request)


def _plain(struct: Struct) -> tuple[Mapping[str, object], frozenset[str]]:
    properties = rpc.deserialize_properties(struct, keep_unknowns=True)
    found: set[str] = set()
    return {key: _unwrap(value, key, found) for key, value in properties.items()}, frozenset(found)


def _unwrap(value: object, path: str, found: set[str]) -> object:
    if rpc.is_rpc_secret(value):
        found.add(path)
        return _unwrap(rpc.unwrap_rpc_secret(value), path, found)
    if isinstance(value, dict):
        return {key: _unwrap(item, f"{path}.{key}", found) for key, item in value.items()}
    if isinstance(value, list):
        return [_unwrap(item, f"{path}[{index}]", found) for index, item in enumerate(value)]
    return value


def record(
    program: Callable[[], None],
    *,
    preview: bool = False,
    config: Mapping[str, str] | None = None,
    image_outputs: Mapping[str, object] | None = None,
    stack: str = "dev",
    sources: Mapping[str, Mapping[str, object]] | None = None,
    answers: Mapping[str, Answer] | None = None,
) -> Recording:
    """Run `program` against mocks and return what it registered.

    `image_outputs` replace what docker.Image returns; `sources` are the outputs of other stacks, by full name;
    `answers` are what the functions of the provider return, or the texts of their errors, by token, beside `ANSWERS`.
    """
    recording = Recording()
    mocks = _CloudMocks(recording, image_outputs or {}, sources or {}, answers or {}, preview=preview)
    pulumi.runtime.set_all_config(dict(config or {}))
    monitor = _RecordingMonitor(recording, mocks)
    # Not set_mocks(): it makes a stack resource of its own, whose exports nobody would see.
    configure(
        MockSettings(
            monitor=monitor,
            monitor_features=set(monitor.GetDeploymentInfo(Empty()).supportedFeatures),
            engine=MockEngine(None),
            project="container-registry",
            stack=stack,
            dry_run=preview,
            callbacks=None,
        )
    )
    set_root_resource(None)  # type: ignore[arg-type]  # the way to have no stack yet
    SETTINGS.rpc_manager.clear()
    SETTINGS.outputs.clear()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(run_in_stack(program))
    finally:
        # A program that failed leaves work behind, which would be heard of in the next test.
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        loop.close()
        asyncio.set_event_loop(None)
        pulumi.runtime.set_all_config({})
    return recording
