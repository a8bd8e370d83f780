"""Where requests have led: the hosts, one after another, and how the last of them failed."""

from __future__ import annotations

from urllib.parse import urlsplit

from ecr.doctor.checks import Failure, Host
from ecr.doctor.network import failure_of
from ecr.oci.transport import Request, Response, Transport, TransportError


class Trail:
    """A transport that remembers hosts. Paths and queries, which may hold signatures, are forgotten at once.

    Attributes:
        last: the host of the latest request; None before the first.
        failure: how the latest request failed; None when it did not.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.last: Host | None = None
        self.failure: Failure | None = None

    def send(self, request: Request) -> Response:
        """As the transport below. Raises TransportError, Stopped."""
        self.last, self.failure = host_of(request.url), None
        try:
            return self._transport.send(request)
        except TransportError as error:
            self.failure = failure_of(error.__cause__ or error)
            raise

    def close(self) -> None:
        """As the transport below."""
        self._transport.close()


def host_of(url: str, *, endpoint: str = "") -> Host | None:
    """The host that an address names; None when it names none."""
    try:
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        port = parts.port or (443 if tls else 80)
    except ValueError:
        return None
    return Host(name=parts.hostname, port=port, tls=tls, endpoint=endpoint) if parts.hostname else None
