"""The seam between the registry protocol (`ecr.oci.exchange`) and the network: one request and its answer.

A `Transport` has one method, and tests bring their own; the real one is `ecr.oci.http_transport`. It knows nothing of
registries, repeats nothing and follows nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class TransportError(Exception):
    """The connection could not be made, broke, or stalled.

    Attributes:
        temporary: whether the same request may succeed when it is repeated.
    """

    def __init__(self, reason: str, *, temporary: bool = True) -> None:
        self.temporary = temporary
        super().__init__(reason)


class Stopped(Exception):
    """The deadline for the whole has passed, or somebody asked to stop."""


class Deadline:
    """Until when all that belongs together must be done; can also be stopped from another thread.

    Args:
        total_s: seconds from now.
    """

    def __init__(self, total_s: float) -> None:
        self._end = time.monotonic() + total_s
        self.stopped = threading.Event()

    def stop(self) -> None:
        """Have every request under this deadline end at its next step."""
        self.stopped.set()

    def remaining(self) -> float:
        """Seconds left. Raises Stopped when there are none."""
        left = self._end - time.monotonic()
        if left <= 0 or self.stopped.is_set():
            raise Stopped
        return left

    def sleep(self, seconds: float) -> None:
        """Wait, but not over the end. Raises Stopped when that comes first."""
        self.stopped.wait(min(seconds, self.remaining()))
        self.remaining()


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        headers: without Content-Length, which follows from the body; `Host` only where it differs from the URL's.
        body: bytes, or buffers in order; None for a request without one.
        length: the bytes in `body` when it is given in buffers.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | Iterable[memoryview] | None = field(default=None, repr=False)
    length: int = 0
    deadline: Deadline = field(repr=False)


class Response(Protocol):
    """An answer whose body is read piece by piece; close it.

    Attributes:
        status: the HTTP status.
        headers: names in lower case; several of one name are joined by a comma.
    """

    status: int
    headers: Mapping[str, str]

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer's beginning; 0 is the end. Raises TransportError, Stopped."""

    def close(self) -> None:
        """Give the connection back, or close it when the body has not been read to its end."""


class Transport(Protocol):
    """Sends requests, from any thread."""

    def send(self, request: Request) -> Response:
        """The answer to one request. Raises TransportError, Stopped."""

    def close(self) -> None:
        """Give up all connections."""


def read_up_to(response: Response, limit: int) -> bytes:
    """The body, but not more than `limit` bytes and one that tells that there is more.

    Raises:
        TransportError: when it breaks off.
        Stopped: when the deadline passes.
    """
    view = memoryview(bytearray(min(limit + 1, 1 << 16)))
    pieces = bytearray()
    while len(pieces) <= limit:
        count = response.readinto(view[: limit + 1 - len(pieces)])
        if not count:
            break
        pieces += view[:count]
    return bytes(pieces)


def basic(username: str, password: str) -> str:
    """The value of an `Authorization` header by RFC 7617. Secret."""
    from base64 import b64encode  # noqa: PLC0415 (few need it)

    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this very machine."""
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdecimal())
