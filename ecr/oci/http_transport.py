"""One HTTP request and its answer: connections that are kept, time-outs, TLS, the environment's proxy.

docs/decisions/0004-http-client.md says why it stands on `http.client`.
"""

from __future__ import annotations

import http.client
import io
import os
import select
import socket
import ssl
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

from ecr.oci.transport import Deadline, Request, Response, TransportError, basic, is_loopback

# More would keep sockets that nobody needs; a busy session opens no more than it has threads.
_IDLE_PER_ORIGIN = 32
_NO_BODY = frozenset({204, 304})


class HttpTransport:
    """HTTP/1.1 over connections that are kept and shared between threads.

    Args:
        connect_s: seconds to connect, TLS included.
        read_s: seconds that either side may be silent.
    """

    def __init__(self, *, connect_s: float, read_s: float) -> None:
        self._connect_s = connect_s
        self._read_s = read_s
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that nobody uses; the others close when they are given back."""
        with self._lock:
            self._closed = True
            idle = [connection for connections in self._idle.values() for connection in connections]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def send(self, request: Request) -> Response:
        """The answer to one request.

        Raises:
            TransportError: no connection, or it broke.
            Stopped: the deadline passed.
        """
        try:
            parts = urlsplit(request.url)
            parts.port  # noqa: B018 (raises for what is no port)
        except ValueError as error:
            raise TransportError("its address is none", temporary=False) from error
        origin = (parts.scheme, parts.netloc)
        connection = self._take(origin, request.deadline)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            with _translated():
                _write(connection, request, path)
                answer = connection.getresponse()
            return _Answer(answer, partial(self._give_back, origin, connection), head=request.method == "HEAD")
        except BaseException:
            connection.close()
            raise

    def _take(self, origin: tuple[str, str], deadline: Deadline) -> http.client.HTTPConnection:
        while True:
            with self._lock:
                connections = self._idle.get(origin)
                connection = connections.pop() if connections else None
            if connection is None:
                return self._connect(origin, deadline)
            if connection.sock is not None and not _has_ended(connection.sock):
                _watch(connection, deadline, self._read_s)
                return connection
            connection.close()

    def _connect(self, origin: tuple[str, str], deadline: Deadline) -> http.client.HTTPConnection:
        scheme, netloc = origin
        timeout = min(self._connect_s, deadline.remaining())
        with _translated():
            connection = self._new(scheme, netloc, timeout)
            try:
                connection.connect()
            except BaseException:
                connection.close()
                raise
        _watch(connection, deadline, self._read_s)
        return connection

    def _new(self, scheme: str, netloc: str, timeout: float) -> http.client.HTTPConnection:
        parts = urlsplit(f"//{netloc}")
        host, port = parts.hostname or "", parts.port
        proxy = _proxy(scheme, host, port)
        if scheme == "https":
            at = (proxy.host, proxy.port) if proxy else (host, port)
            connection = http.client.HTTPSConnection(at[0], at[1], timeout=timeout, context=self._context())
            if proxy:
                connection.set_tunnel(host, port or 443, headers=proxy.headers)
            return connection
        # Plain HTTP goes to this machine, or to where the user said, and needs no proxy.
        return http.client.HTTPConnection(host, port, timeout=timeout)

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = tls_context()
            return self._tls

    def _give_back(self, origin: tuple[str, str], connection: http.client.HTTPConnection, *, reusable: bool) -> None:
        with self._lock:
            idle = self._idle.setdefault(origin, [])
            if reusable and not self._closed and connection.sock is not None and len(idle) < _IDLE_PER_ORIGIN:
                idle.append(connection)
                return
        connection.close()


class _GiveBack(Protocol):
    def __call__(self, *, reusable: bool) -> None: ...


class _Answer:
    """A response on a kept connection; knows when its body has been cut off, which `http.client` does not tell."""

    def __init__(self, answer: http.client.HTTPResponse, give_back: _GiveBack, *, head: bool) -> None:
        self.status = answer.status
        headers: dict[str, str] = {}
        for name, value in answer.getheaders():
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        self.headers: Mapping[str, str] = headers
        self._answer = answer
        self._give_back = give_back
        length = headers.get("content-length", "")[:20]
        known = length.isdecimal() and not head and answer.status not in _NO_BODY and not answer.chunked
        self._left: int | None = int(length) if known else None
        self._ended = head
        self._closed = False

    def readinto(self, buffer: memoryview) -> int:
        with _translated():
            count = self._answer.readinto(buffer)
        if self._left is not None:
            self._left -= count
        if not count and len(buffer):
            if self._left:
                raise TransportError("the answer broke off")
            self._ended = True
        return count

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        reusable = (self._ended or self._left == 0) and not self._answer.will_close
        if reusable:
            with suppress(OSError, http.client.HTTPException):
                self._answer.close()
        else:
            self._answer.close()
        self._give_back(reusable=reusable)


class _Watched(io.RawIOBase):
    """The reading side of a socket on which no single wait, and not all of them together, last too long."""

    def __init__(self, sock: socket.socket, deadline: Deadline, read_s: float) -> None:
        self._sock = sock
        # Keeps the socket open when `http.client` closes its own handle of it before the body is read.
        self._raw = sock.makefile("rb", buffering=0)
        self._deadline = deadline
        self._read_s = read_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # typeshed knows the wider Buffer
        self._sock.settimeout(min(self._read_s, self._deadline.remaining()))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What `http.client` asks of a socket."""
        return io.BufferedReader(self)


def _watch(connection: http.client.HTTPConnection, deadline: Deadline, read_s: float) -> None:
    """Have the next answer on this connection read under `deadline`."""

    def answer(sock: socket.socket, *_: object, method: str | None = None, **__: object) -> http.client.HTTPResponse:
        # A socket of which only `makefile` is used.
        return http.client.HTTPResponse(_Watched(sock, deadline, read_s), method=method)  # type: ignore[arg-type]

    connection.response_class = answer  # type: ignore[assignment]  # called, never used as a class
    sock = connection.sock
    sock.settimeout(min(read_s, deadline.remaining()))


def _write(connection: http.client.HTTPConnection, request: Request, path: str) -> None:
    body = request.body
    length = len(body) if isinstance(body, bytes) else request.length
    connection.putrequest(request.method, path, skip_host="Host" in request.headers, skip_accept_encoding=True)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    if body is not None or request.method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(length))
    if body is None or isinstance(body, bytes):
        connection.endheaders(body or None)
        return
    connection.endheaders()
    for piece in body:
        request.deadline.remaining()
        try:
            connection.sock.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            # A server that refuses a body answers before it closes; that answer tells more than the broken pipe.
            return


def _has_ended(sock: socket.socket) -> bool:
    """Whether the other side has closed a connection on which nothing is expected."""
    try:
        return bool(select.select([sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def tls_context() -> ssl.SSLContext:
    """With the certificate authorities that boto3 takes, so that both sides of a deployment trust the same.

    Raises:
        TransportError: when the file that the environment names for them can't be read.
    """
    authorities = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or None
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:
        problem = f"the certificate authorities in {authorities} can't be read ({error.strerror or error})"
        raise TransportError(problem, temporary=False) from error


def proxy_of(url: str) -> str | None:
    """`HOST:PORT` of the proxy through which an address is reached; None when it is reached directly.

    Raises:
        TransportError: when what the environment names can't be used.
    """
    parts = urlsplit(url)
    found = _proxy(parts.scheme, parts.hostname or "", parts.port)
    return f"{found.host}:{found.port}" if found else None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise TransportError(f"its certificate is not trusted ({error.verify_message})", temporary=False) from error
    except TimeoutError as error:
        raise TransportError("it was silent for too long") from error
    except socket.gaierror as error:
        raise TransportError("there is no such host") from error
    except ConnectionRefusedError as error:
        raise TransportError("nothing listens there") from error
    except UnicodeError as error:
        raise TransportError("its address can't be sent", temporary=False) from error
    except (OSError, http.client.HTTPException) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise TransportError(reason) from error


@dataclass(frozen=True)
class _Proxy:
    """A proxy that tunnels are made through. `headers` sign in to it; secret."""

    host: str
    port: int
    headers: Mapping[str, str] = field(repr=False)


def _proxy(scheme: str, host: str, port: int | None) -> _Proxy | None:
    """The proxy that the environment names for this host; never one for this very machine, as curl's and Go's rule.

    Raises:
        TransportError: when what is named can't be used.
    """
    if is_loopback(host) or scheme != "https":
        return None
    if not any(name.lower().endswith("_proxy") for name in os.environ) and sys.platform not in ("darwin", "win32"):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 (takes as long to load as all else here)

    netloc = f"{host}:{port}" if port else host
    named = None if proxy_bypass(netloc) else getproxies().get(scheme)
    return _parsed_proxy(named) if named else None


def _parsed_proxy(named: str) -> _Proxy:
    # Without a scheme it is plain HTTP, as curl has it ("curl(1)", --proxy), which also gives the default ports.
    parts = urlsplit(named if "://" in named else f"http://{named}")
    try:
        port = parts.port or 80
    except ValueError as error:
        raise TransportError("the proxy of the environment has a port that is none", temporary=False) from error
    if parts.scheme != "http" or not parts.hostname:
        raise TransportError("the proxy of the environment is not one of the form http://HOST:PORT", temporary=False)
    headers = {}
    if parts.username:
        headers["Proxy-Authorization"] = basic(unquote(parts.username), unquote(parts.password or ""))
    return _Proxy(parts.hostname, port, headers)
