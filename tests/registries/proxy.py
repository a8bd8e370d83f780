"""A reverse proxy on loopback that does to chosen requests, or to their answers, what networks and registries do."""

from __future__ import annotations

import http.client
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

UPSTREAM_TIMEOUT_S = 20.0
STALL_S = 5.0  # longer than any time-out that the tests choose
SLOW_S = 0.1  # shorter than any of them
POURED_BYTES = 1 << 30
OURS = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Seen:
    """One request as the proxy got it. `position` counts over all proxies of a script, from 0."""

    position: int
    side: str
    method: str
    path: str
    headers: Mapping[str, str]

    def puts_tag(self, tag: str) -> bool:
        return self.method == "PUT" and self.path.endswith(f"/manifests/{tag}")


@dataclass(frozen=True)
class Reply:
    """An answer: the upstream's, or one that it never gave."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    declared: int | None = None  # Content-Length where it is not the body's: an answer to HEAD, or a lie

    def encoded(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.status != http.client.NO_CONTENT:
            lines.append(f"Content-Length: {len(self.body) if self.declared is None else self.declared}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


class Mischief(Enum):
    """What is done to a connection or to a true answer."""

    RESET = auto()  # before the registry hears of the request
    RESET_AFTERWARDS = auto()  # the registry has done it, but nobody is told
    TRUNCATION = auto()
    CORRUPTION = auto()
    UPLOAD_CORRUPTION = auto()  # a blob is damaged on its way up
    SLOW = auto()
    STALL = auto()
    STALL_HALFWAY = auto()
    LYING_DIGEST = auto()
    TOO_LONG = auto()  # more is declared than is sent
    TOO_SHORT = auto()  # more is sent than is declared
    GARBAGE = auto()  # no HTTP
    DRIP = auto()  # a byte at a time, never silent for long, never done
    ENDLESS = auto()  # an answer without end, as fast as it is read


Action = Reply | Mischief | None
Decide = Callable[[Seen], Action]


@dataclass
class Script:
    """Decides what befalls each request, and remembers them. `afterwards` is called when the registry has answered."""

    decide: Decide = lambda _seen: None
    afterwards: Callable[[Seen], None] = lambda _seen: None
    seen: list[Seen] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, side: str, method: str, path: str, headers: Mapping[str, str]) -> Seen:
        with self._lock:
            seen = Seen(len(self.seen), side, method, path, headers)
            self.seen.append(seen)
        return seen


@dataclass(frozen=True)
class Proxy:
    """A proxy that runs."""

    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"http://{self.host}"


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them
    request_queue_size = 128

    def __init__(self, upstream: int, script: Script, side: str, deaf_to: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.deaf_to = deaf_to
        self.script = script
        self.side = side
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()
        self.to_reset: set[socket.socket] = set()

    def hang_up(self) -> None:
        self.closing.set()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - the base class allows for more than sockets
        """Ends a connection; one to be reset without the orderly end that the base class sends first."""
        if request in self.to_reset:
            self.to_reset.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """A client that hangs up is what the tests are about; anything else is a mistake of the proxy's."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError):
            self.script.failures.append(error)


@contextmanager
def proxied(upstream: int, script: Script, side: str = "", *, deaf_to: str = "") -> Iterator[Proxy]:
    """A proxy before the registry on the port `upstream`; it drops the query parameter `deaf_to` from requests."""
    server = _Server(upstream, script, side, deaf_to)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Proxy(server.server_address[1])
    finally:
        server.shutdown()
        server.hang_up()
        thread.join()
        server.server_close()
    assert not script.failures, script.failures


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.connections.add(self.connection)
        if self.server.closing.is_set():
            self.connection.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        pass

    def _serve(self) -> None:
        script = self.server.script
        body = self._body()
        seen = script.note(self.server.side, self.command, self.path, {k.lower(): v for k, v in self.headers.items()})
        action = script.decide(seen)
        if isinstance(action, Reply):
            self._send(replace(action, declared=len(action.body)))
            return
        if action is Mischief.RESET:
            self._reset()
            return
        if action is Mischief.STALL:
            self._stall()
            return
        if action is Mischief.ENDLESS:
            self._pour()
            return
        if action is Mischief.UPLOAD_CORRUPTION and "/blobs/" in self.path:
            body = flipped(body)
        reply = self._forwarded(body)
        script.afterwards(seen)
        self._answer(reply, action)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - names of the base class

    def _answer(self, reply: Reply, mischief: Mischief | None) -> None:
        match mischief:
            case Mischief.RESET_AFTERWARDS:
                self._reset()
            case Mischief.TRUNCATION:
                self._send_half(reply)
                self._hang_up()
            case Mischief.STALL_HALFWAY:
                self._send_half(reply)
                self._stall()
            case Mischief.SLOW:
                self.server.closing.wait(SLOW_S)
                self._send_half(reply)
                self.server.closing.wait(SLOW_S)
                self._send_other_half(reply)
            case Mischief.GARBAGE:
                self.wfile.write(b"\x15\x03\x01\x00\x02\x02\x16 this is not HTTP\r\n\r\n")
                self._hang_up()
            case Mischief.DRIP:
                for byte in self._bytes(reply):
                    self.wfile.write(bytes([byte]))
                    self.server.closing.wait(SLOW_S)
            case Mischief.TOO_LONG:
                self._send(replace(reply, declared=(reply.declared or len(reply.body)) + 7))
                if self.command != "HEAD":
                    self._hang_up()
            case _:
                self._send(mangled(reply, mischief))

    def _send(self, reply: Reply) -> None:
        self.wfile.write(self._bytes(reply))  # in one piece: Nagle's algorithm would hold the second back

    def _send_half(self, reply: Reply) -> None:
        data = self._bytes(reply)
        self.wfile.write(data[: self._half(reply)])

    def _send_other_half(self, reply: Reply) -> None:
        self.wfile.write(self._bytes(reply)[self._half(reply) :])

    def _bytes(self, reply: Reply) -> bytes:
        return reply.encoded() + (b"" if self.command == "HEAD" else reply.body)

    def _half(self, reply: Reply) -> int:
        """All headers and half of the body; of an answer without body, half of its headers."""
        whole, head = len(self._bytes(reply)), len(reply.encoded())
        return (head + whole) // 2 if whole > head else head // 2

    def _hang_up(self) -> None:
        self.close_connection = True

    def _reset(self) -> None:
        # Closing with a linger time of 0 sends RST in place of FIN (man 7 socket).
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.server.to_reset.add(self.connection)
        self._hang_up()

    def _stall(self) -> None:
        self.server.closing.wait(STALL_S)
        self._hang_up()

    def _pour(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.index.v1+json\r\n\r\n")
        piece = b" " * 65536
        for _ in range(POURED_BYTES // len(piece)):
            self.wfile.write(piece)
        self._hang_up()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        wanted = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(wanted)
        if len(body) < wanted:
            raise ConnectionError("the client has gone while it sent")
        return body

    def _chunks(self) -> Iterator[bytes]:
        while True:
            line = self.rfile.readline()
            if not line.strip():
                raise ConnectionError("the client has gone while it sent")
            size = int(line.split(b";")[0], 16)
            yield self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return

    def _forwarded(self, body: bytes) -> Reply:
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=UPSTREAM_TIMEOUT_S)
        try:
            upstream.putrequest(
                self.command, without(self.server.deaf_to, self.path), skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in OURS:
                    upstream.putheader(name, value)
            upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body)
            got = upstream.getresponse()
            headers = tuple((name, value) for name, value in got.getheaders() if name.lower() not in OURS)
            declared = int(got.getheader("Content-Length") or 0) if self.command == "HEAD" else None
            return Reply(got.status, headers, got.read(), declared)
        finally:
            upstream.close()


def mangled(reply: Reply, mischief: Mischief | None) -> Reply:
    """The answer with what needs no control over the connection."""
    match mischief:
        case Mischief.CORRUPTION:
            return replace(reply, body=flipped(reply.body))
        case Mischief.LYING_DIGEST:
            kept = tuple(header for header in reply.headers if header[0].lower() != "docker-content-digest")
            return replace(reply, headers=(*kept, ("Docker-Content-Digest", f"sha256:{'0' * 64}")))
        case Mischief.TOO_SHORT:
            size = len(reply.body) if reply.declared is None else reply.declared
            return replace(reply, declared=max(0, size - 1))
    return reply


def without(parameter: str, path: str) -> str:
    """The path, its query without one parameter."""
    parts = urlsplit(path)
    kept = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] != parameter]
    return parts._replace(query="&".join(kept)).geturl()


def flipped(data: bytes) -> bytes:
    """With one bit changed, in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :] if data else data
