"""A server on this machine that gives the answers it was told to give, and the blob that tests ask it for."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ecr.errors import ExitCode, RemoteError
from ecr.oci.credentials import Credentials
from ecr.oci.manifest import Descriptor
from ecr.oci.registry import Registry
from ecr.oci.repository import fetch_blob
from ecr.oci.transport import basic

BODY = b'{"architecture":"amd64"}'
HOST = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"
PASSWORD = "made-up-token"
AUTHORIZATION = basic("AWS", PASSWORD)


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


BLOB = Descriptor("application/vnd.oci.image.config.v1+json", digest_of(BODY), len(BODY))
# What the system buffers on the way is a small part of it.
ENDLESS_BYTES = 64 << 20
PATH = f"/v2/dev/yoon-app/blobs/{BLOB.digest}"


@dataclass(frozen=True)
class Answer:
    """What the server does with one request. `announced` is its Content-Length, by default the true one."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = None
    endless: bool = False
    reset: bool = False
    silent: bool = False


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]


class Server(ThreadingHTTPServer):
    """Gives its answers in their order, the last one for ever, and records what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = []
        self.requests: list[Request] = []
        self.sent = 0
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def shutdown_request(self, request: object) -> None:
        """Close without saying goodbye first, which would hide a reset."""
        self.close_request(request)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """The client went away, which is its right."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append(Request(self.path, dict(self.headers)))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if answer.silent:
            self.server.stopping.wait(10)
            return
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if not answer.endless:
            self.send_header("Content-Length", str(len(answer.body) if answer.announced is None else answer.announced))
        self.end_headers()
        self.wfile.write(answer.body)
        while answer.endless and self.server.sent < ENDLESS_BYTES:
            self.wfile.write(b"x" * 65_536)
            self.server.sent += 65_536

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass


@contextmanager
def running() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        yield server
        server.stopping.set()
        server.shutdown()
        thread.join()


def at(base_url: str) -> Registry:
    """A registry that is signed in to as ECR is."""
    return Registry(base_url, HOST, lambda: Credentials("AWS", PASSWORD), sign_in_first=True)


def fetch(server: Server, blob: Descriptor = BLOB, *, limit: int = 1000) -> bytes:
    return fetch_blob(at(server.url), "dev/yoon-app", blob, limit=limit)


def refusal(server: Server | Registry, blob: Descriptor = BLOB, *, limit: int = 1000) -> RemoteError:
    """The error of a fetch: one line, with the exit code of a remote failure, without the credentials."""
    source = server if isinstance(server, Registry) else at(server.url)
    with pytest.raises(RemoteError) as raised:
        fetch_blob(source, "dev/yoon-app", blob, limit=limit)
    error = raised.value
    assert (error.exit_code, error.service, error.operation) == (ExitCode.REMOTE, "registry", "GetBlob")
    assert "\n" not in str(error)
    assert "made-up-token" not in f"{error}{error!r}{error.__cause__}"
    return error


def redirect(location: str, status: int = 307) -> Answer:
    return Answer(status, headers={"Location": location})
