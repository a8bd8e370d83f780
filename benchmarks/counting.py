"""A transport that notes what goes through it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from ecr.oci.http_transport import HttpTransport
from ecr.oci.transport import Request, Response, Transport


@dataclass(frozen=True)
class Sent:
    """One request."""

    at_s: float
    method: str
    url: str


@dataclass
class Counting:
    """The network, with a list of requests and a count of the bytes of all bodies, both ways."""

    inner: Transport = field(default_factory=lambda: HttpTransport(connect_s=5, read_s=30))
    requests: list[Sent] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)  # appended to by several threads

    def send(self, request: Request) -> Response:
        self.requests.append(Sent(time.monotonic(), request.method, request.url))
        self.sizes.append(len(request.body) if isinstance(request.body, bytes) else request.length)
        return _Counted(self.inner.send(request), self.sizes)

    def close(self) -> None:
        self.inner.close()

    @property
    def body_bytes(self) -> int:
        return sum(self.sizes)


class _Counted:
    """An answer whose bytes are counted as they are read."""

    def __init__(self, inner: Response, sizes: list[int]) -> None:
        self._inner = inner
        self._sizes = sizes
        self.status: int = inner.status
        self.headers: Mapping[str, str] = inner.headers

    def readinto(self, buffer: memoryview) -> int:
        count = self._inner.readinto(buffer)
        self._sizes.append(count)
        return count

    def close(self) -> None:
        self._inner.close()
