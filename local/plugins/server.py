"""Serves a stand-in to the engine, as `pulumi.provider.experimental.server.main` does, with three differences.

Errors are one line: the SDK's wrapper appends a Python traceback, and the gRPC layer puts 'Unexpected <class ...>'
before it (seen with pulumi 3.272.0). The process ends when its engine is gone. Old inputs reach `diff`.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn, Protocol, TypeVar

import grpc  # type: ignore[import-untyped]  # grpcio carries no types
import grpc.aio  # type: ignore[import-untyped]
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # 400 MB messages; the SDK's servers use the same
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from local.plugins.errors import StandInError, one_line
from local.plugins.resource import DiffRequest, StandInProvider

PARALLEL = 32  # blocking calls at a time; more than the engine's default of 16 resources
PARENT_POLL_S = 0.5
GRACE_S = 1.0  # for answers that are on their way when the engine ends us

Request = TypeVar("Request")
Response = TypeVar("Response")


class Context(Protocol):
    """The part of `grpc.aio.ServicerContext` that is used here; grpcio carries no types."""

    async def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        """Ends the call with an error; raises."""


async def answer(call: Awaitable[Response], context: Context) -> Response:
    """The call's result; an error ends it with one line instead of a traceback."""
    try:
        return await call
    except NotImplementedError as exc:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, one_line(str(exc)))
    except Exception as exc:  # noqa: BLE001 - whatever it is, the engine gets one line
        # The SDK's wrapper raises a new Exception, whose text has the traceback, while it handles the real one.
        cause = exc if isinstance(exc, StandInError) else exc.__context__ or exc
        text = str(cause) if isinstance(cause, StandInError) else f"defect of the stand-in: {type(cause).__name__}"
        await context.abort(grpc.StatusCode.UNKNOWN, one_line(text))


class Servicer(ProviderServicer):
    """The SDK's servicer with one-line errors, and with the old inputs in `Diff`."""

    def __init__(self, args: list[str], provider: StandInProvider, engine: str) -> None:
        super().__init__(args, sdk_version(provider.package), provider, engine)
        self._stand_in = provider

    async def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:  # noqa: N802 - the protocol's name
        """The SDK's `Diff` builds a request without the old inputs; a provider over plain values needs them."""
        return await answer(self._diff(request), context)

    async def _diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        unmarshal = PropertyValue.unmarshal_map
        asked = DiffRequest(
            request.urn, request.id, unmarshal(request.olds), unmarshal(request.news), list(request.ignoreChanges)
        )
        asked.old_inputs = unmarshal(request.old_inputs)
        said = await self._stand_in.diff(asked)
        kinds = provider_pb2.PropertyDiff.Kind
        return provider_pb2.DiffResponse(
            replaces=said.replaces,
            stables=said.stables,
            deleteBeforeReplace=said.delete_before_replace,
            changes=provider_pb2.DiffResponse.DIFF_SOME if said.changes else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=said.diffs,
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=kinds.Value(one.kind.name), inputDiff=one.input_diff)
                for path, one in said.detailed_diff.items()
            },
            hasDetailedDiff=True,
        )


def _in_one_line(name: str) -> Callable[[Servicer, Request, Context], Awaitable[object]]:
    async def method(self: Servicer, request: Request, context: Context) -> object:
        call: Awaitable[object] = getattr(ProviderServicer, name)(self, request, context)
        return await answer(call, context)

    return method


for _name in (
    "GetSchema",
    "CheckConfig",
    "DiffConfig",
    "Configure",
    "Invoke",
    "Check",
    "Create",
    "Read",
    "Update",
    "Delete",
):
    setattr(Servicer, _name, _in_one_line(_name))


def sdk_version(package: str) -> str:
    """The version to answer with: that of the installed SDK, or the engine warns of a wrong plugin in every run."""
    return importlib.metadata.version(f"pulumi_{package}")


def engine_log(address: str) -> Callable[[str, str], None]:
    """Shows a line beside the resource while it is worked on; ephemeral, so it is not kept in the update's log.

    Progress must never fail an update: a line that cannot be delivered is dropped.
    """
    log = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address, options=_GRPC_CHANNEL_OPTIONS)).Log

    def tell(urn: str, line: str) -> None:
        if os.environ.get("PULUMI_STAND_IN_DEBUG"):
            sys.stderr.write(line + "\n")
        try:
            log(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=line, urn=urn, ephemeral=True), timeout=5)
        except grpc.RpcError:
            return

    return tell


def engine_answers(address: str) -> bool:
    """Whether something listens where the engine should: it may have died before we looked for our parent."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


async def leave_with_parent(parent: int) -> None:
    """Ends the process when the engine that started it is gone, even killed with -9, so that nothing is left running.

    Polling, because prctl's PDEATHSIG follows the parent's thread, and Go ends threads at will (golang/go issue 27505).
    """
    while os.getppid() == parent:  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(PARENT_POLL_S)
    os._exit(0)  # threads may be in the middle of a blocking call that nobody waits for any more


def main(args: Sequence[str], provider: StandInProvider) -> None:
    """Serves until the engine ends us; prints the port, the engine's handshake. `args` are those of the plugin."""
    parent = os.getppid()
    engine = next((one for one in args if not one.startswith("-")), None)
    if engine is None:
        sys.exit(f"usage: python -m local.plugins.{provider.package} ENGINE_ADDRESS (the Pulumi engine starts this)")
    if not engine_answers(engine):
        sys.exit(f"no Pulumi engine answers at {engine}")
    provider.tell = engine_log(engine)
    asyncio.run(_serve(list(args), provider, engine, parent))


async def _serve(args: list[str], provider: StandInProvider, engine: str, parent: int) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(PARALLEL))
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(args, provider, engine), server)
    await until_ended(server, parent)
    os._exit(0)  # as in leave_with_parent: no waiting for threads


async def until_ended(server: grpc.aio.Server, parent: int) -> None:
    """Serve until the engine ends us, or is gone; prints the port, the engine's handshake.

    Args:
        server: with all that it serves.
        parent: the process that has started us.
    """
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    done = asyncio.Event()
    # The engine ends its plugins with SIGINT, and kills after 10 seconds those that stay (seen with v3.256.0). A user's
    # Ctrl-C does not come here: plugins have process groups of their own.
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    watch = asyncio.create_task(leave_with_parent(parent))
    await done.wait()
    watch.cancel()
    await server.stop(GRACE_S)
