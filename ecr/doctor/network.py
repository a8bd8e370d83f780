"""Names, connections and TLS, each by itself and none for longer than it may take."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from ecr.doctor.checks import Failure, Trouble
from ecr.oci import http_transport
from ecr.oci.transport import Stopped, TransportError

T = TypeVar("T")


class NetworkError(Exception):
    """A host can't be reached; `failure` says in which way."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.trouble)


class Network(Protocol):
    """What an examination asks of the network, beside the requests of the protocol."""

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of a host, each once. Raises NetworkError."""

    def connect(self, address: str, port: int, *, tls_name: str | None, timeout_s: float) -> str:
        """Connect and let go: the version of TLS, empty without TLS. Raises NetworkError."""

    def proxy_of(self, url: str) -> str | None:
        """`HOST:PORT` of the proxy for an address, None for none. Raises TransportError."""


class SystemNetwork:
    """This machine's network."""

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of a host, as this machine's resolver orders them. Raises NetworkError."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NetworkError(failure_of(error)) from error
        return tuple(dict.fromkeys(str(address[0]) for *_, address in found))

    def connect(self, address: str, port: int, *, tls_name: str | None, timeout_s: float) -> str:
        """Connect, TLS included where a name for it is given. Raises NetworkError."""
        try:
            with socket.create_connection((address, port), timeout_s) as plain:
                if tls_name is None:
                    return ""
                with http_transport.tls_context().wrap_socket(plain, server_hostname=tls_name) as over_tls:
                    return over_tls.version() or ""
        except OSError as error:
            raise NetworkError(failure_of(error)) from error
        except TransportError as error:
            raise NetworkError(Failure(trouble=Trouble.BROKEN, detail=str(error))) from error

    def proxy_of(self, url: str) -> str | None:
        """As curl's and Go's rules have it."""
        return http_transport.proxy_of(url)


def failure_of(error: BaseException) -> Failure:
    """What an exception of the network means."""
    match error:
        case ssl.SSLCertVerificationError():
            return Failure(trouble=Trouble.UNTRUSTED, detail=error.verify_message)
        case socket.gaierror() | UnicodeError():
            return Failure(trouble=Trouble.UNKNOWN_NAME)
        case TimeoutError():
            return Failure(trouble=Trouble.SILENT)
        case ConnectionRefusedError():
            return Failure(trouble=Trouble.REFUSED)
        case OSError():
            return Failure(trouble=Trouble.BROKEN, detail=error.strerror or type(error).__name__)
    return Failure(trouble=Trouble.BROKEN, detail=str(error))


def cause_of(error: BaseException) -> Failure:
    """What the exception at the bottom of an error means."""
    while error.__cause__ is not None:
        error = error.__cause__
    return failure_of(error)


def within(seconds: float, call: Callable[[], T]) -> T:
    """What `call` returns. Its thread is left behind when it takes longer: a resolver can't be interrupted.

    Raises:
        Stopped: it has taken longer.
    """
    result: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(call())
        except BaseException as error:  # noqa: BLE001 (raised again below)
            failure.append(error)

    thread = threading.Thread(target=run, name="doctor", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not result:
        raise Stopped
    return result[0]
