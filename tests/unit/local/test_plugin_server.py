"""The stand-ins' server: one-line errors, and no process left behind when the engine is gone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable
from typing import NoReturn

import grpc  # type: ignore[import-untyped]  # grpcio carries no types
import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2

from local.plugins import server
from local.plugins.docker import DockerProvider
from local.plugins.errors import StandInError, scrub
from local.plugins.values import UNKNOWN, plain, secret_at, secrets_in, wrap, wrap_map

URN = "urn:pulumi:dev::project::docker:index/volume:Volume::app"


class Aborted(Exception):
    """What the fake context raises, as gRPC does."""


class FakeContext:
    """Records how a call was ended."""

    def __init__(self) -> None:
        self.said: tuple[grpc.StatusCode, str] | None = None

    async def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        self.said = (code, details)
        raise Aborted


def ask(call: str, request: object) -> tuple[grpc.StatusCode, str] | None:
    context = FakeContext()
    servicer = server.Servicer([], DockerProvider(), "127.0.0.1:1")

    async def run() -> None:
        answer: Awaitable[object] = getattr(servicer, call)(request, context)
        await answer

    with pytest.raises(Aborted):
        asyncio.run(run())
    return context.said


def test_a_stand_ins_error_is_its_one_line() -> None:
    said = ask("Create", provider_pb2.CreateRequest(urn=URN))
    words = "resource type docker:index/volume:Volume is not implemented by the stand-in; install the official plugin"
    assert said == (grpc.StatusCode.UNKNOWN, words)


def test_what_is_not_served_is_unimplemented() -> None:
    said = ask("GetSchema", provider_pb2.GetSchemaRequest())
    assert said
    assert said[0] is grpc.StatusCode.UNIMPLEMENTED


def test_a_defect_shows_its_kind_and_no_values() -> None:
    async def broken() -> None:
        raise ValueError("a secret value")

    context = FakeContext()
    with pytest.raises(Aborted):
        asyncio.run(server.answer(broken(), context))
    assert context.said == (grpc.StatusCode.UNKNOWN, "defect of the stand-in: ValueError")


def test_the_process_leaves_when_its_parent_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def left(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr("os._exit", left)
    with pytest.raises(SystemExit):
        asyncio.run(server.leave_with_parent(-1))


def test_an_engine_that_is_gone_is_noticed_at_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert server.engine_answers(f"127.0.0.1:{port}")
    assert not server.engine_answers(f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("text", "secrets", "expected"),
    [
        ("a hunter22\n b", {"hunter22"}, "a [secret] b"),
        ("hunter22x hunter22", {"hunter22", "hunter22x"}, "[secret] [secret]"),
        ("two\nlines", {"two\nlines"}, "[secret]"),
        ("in inside", {"in"}, "[secret] inside"),
        ("nothing", {"", " "}, "nothing"),
    ],
    ids=["plain", "longest first", "lines", "short", "empty"],
)
def test_scrub(text: str, secrets: set[str], expected: str) -> None:
    assert scrub(text, secrets) == expected


def test_values_keep_what_is_unknown_and_what_is_secret() -> None:
    given = {
        "a": PropertyValue({"p": PropertyValue("s", is_secret=True), "q": wrap(UNKNOWN)}),
        "b": wrap([1, True, None]),
    }
    there = {key: plain(value) for key, value in given.items()}
    assert there == {"a": {"p": "s", "q": UNKNOWN}, "b": [1, True, None]}
    back = wrap_map(there, given)
    assert back == given
    assert secrets_in(back) == {"s"}
    assert secret_at(back, "a.p")
    assert not secret_at(back, "a.q")
    assert wrap("x", given["a"]).is_secret
    assert wrap({"q": "x"}, given["a"]).is_secret


def test_stand_in_errors_are_exceptions_of_their_own() -> None:
    assert not isinstance(StandInError("x"), ValueError)
