"""The engine's side of the `aws` stand-in: what it asks, in its order, and the state that it keeps."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import boto3
from botocore.stub import Stubber
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins.aws import AwsProvider
from local.plugins.aws_cloud import Cloud
from local.plugins.resource import DiffRequest
from local.plugins.values import Props, wrap, wrap_map

Wrapped = dict[str, PropertyValue]
Call = tuple[str, Props, Props | str]
"""An operation, its parameters, and its answer or the code of its error."""


def urn(token: str, parents: str = "") -> str:
    return f"urn:pulumi:dev::project::{parents}{token}::thing"


@functools.cache
def session() -> boto3.Session:
    """One for all tests: a new one would read the services' models again, which takes longer than the tests."""
    return boto3.Session()


class Engine:
    """Asks the provider in the engine's order: check, diff, then create or update; keeps the state."""

    def __init__(self, token: str) -> None:
        self.provider, self.urn = AwsProvider(), urn(token)
        self.provider.cloud._session = session()
        asyncio.run(
            self.provider.configure(
                sdk.ConfigureRequest({"aws:config:region": "us-east-1"}, {}, accept_secrets=True, accept_resources=True)
            )
        )
        self.id = ""
        self.inputs: Wrapped = {}
        self.state: Wrapped = {}

    def check(self, props: Props | Wrapped) -> sdk.CheckResponse:
        given = {k: v if isinstance(v, PropertyValue) else wrap(v) for k, v in props.items()}
        return asyncio.run(self.provider.check(sdk.CheckRequest(self.urn, self.inputs, given, b"")))

    def checked(self, props: Props | Wrapped) -> Wrapped:
        answer = self.check(props)
        assert not answer.failures, answer.failures[0].reason
        return answer.inputs or {}

    def create(self, props: Props | Wrapped, *, preview: bool = False) -> Wrapped:
        wanted = self.checked(props)
        made = asyncio.run(self.provider.create(sdk.CreateRequest(self.urn, wanted, 0, preview)))
        if not preview:
            self.id, self.inputs, self.state = made.resource_id or "", wanted, made.properties
        return made.properties

    def diff(self, props: Props, ignore: list[str] | None = None) -> sdk.DiffResponse:
        asked = DiffRequest(self.urn, self.id, self.state, self.checked(props), ignore or [])
        asked.old_inputs = self.inputs
        return asyncio.run(self.provider.diff(asked))

    def update(self, props: Props, *, preview: bool = False) -> Wrapped:
        wanted = self.checked(props)
        asked = sdk.UpdateRequest(self.urn, self.id, self.state, wanted, 0, [], preview)
        made = asyncio.run(self.provider.update(asked)).properties
        if not preview:
            self.inputs, self.state = wanted, made
        return made

    def read(self, resource_id: str = "") -> sdk.ReadResponse:
        blank = bool(resource_id)
        asked = sdk.ReadRequest(
            self.urn, resource_id or self.id, {} if blank else self.state, {} if blank else self.inputs
        )
        return asyncio.run(self.provider.read(asked))

    def delete(self) -> None:
        asyncio.run(self.provider.delete(sdk.DeleteRequest(self.urn, self.id, self.state, 0)))


def invoke(token: str, args: Props | None = None) -> Wrapped:
    """What a function of the stand-in returns."""
    cloud = Cloud()
    cloud.configure("us-east-1", "")
    cloud._session = session()
    answer = asyncio.run(AwsProvider(cloud).invoke(sdk.InvokeRequest(token, wrap_map(args or {}))))
    return answer.return_value or {}


@contextmanager
def answering(engine: Engine, service: str, calls: Sequence[Call]) -> Iterator[None]:
    """Within it these calls, and no others, are expected of one service; botocore checks what is in them."""
    client = boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]
    with Stubber(client) as stub:
        for operation, request, answer in calls:
            if isinstance(answer, str):
                stub.add_client_error(operation, answer, "said AWS", expected_params=request)
            else:
                stub.add_response(operation, answer, request)
        engine.provider.cloud._clients[service] = client
        yield
        stub.assert_no_pending_responses()
    del engine.provider.cloud._clients[service]
