"""The `Authorization` header for a registry: Basic, or tokens from the server that the registry names.

Sources: RFC 7617; distribution's "Token Authentication Specification" and "Token Authentication via OAuth2".
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote, urlencode, urlsplit

from ecr.errors import RemoteError
from ecr.oci.credentials import Credentials
from ecr.oci.manifest import json_object
from ecr.oci.registry import Registry
from ecr.oci.transport import Deadline, Request, Transport, TransportError, basic, is_loopback, read_up_to

MAX_TOKEN_BYTES = 1 << 20
# "Token Authentication Specification": a token without `expires_in` is good for 60 seconds.
_DEFAULT_LIFE_S = 60.0
_MAX_LIFE_S = 86400
# Not used to its last second: clocks differ, and a request takes time to arrive.
_MARGIN_S = 10.0
_PARAMETER = re.compile(r'\b([A-Za-z_]{1,32})="([^"]{0,4096})"')
_MAX_CHALLENGE = 8192


@dataclass(frozen=True)
class Challenge:
    """What a registry wants to see, from its `WWW-Authenticate`."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, header: str) -> Challenge | None:
        """The first challenge that can be met, Bearer before Basic; None when there is none."""
        header = header[:_MAX_CHALLENGE]
        for scheme in ("bearer", "basic"):
            at = header.lower().find(f"{scheme} ")
            if at >= 0:
                return cls(scheme, {key.lower(): value for key, value in _PARAMETER.findall(header[at:])})
        return None


@dataclass
class _Known:
    """What has been found out about one registry."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    challenge: Challenge | None = None
    credentials: Credentials | None = None
    asked_at: float | None = None
    # Scopes -> header and until when it is good.
    headers: dict[tuple[str, ...], tuple[str, float]] = field(default_factory=dict)


class Authorizations:
    """The headers of one session, by registry and scope; thread-safe."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._registries: dict[str, _Known] = {}

    def header(self, registry: Registry, scopes: tuple[str, ...], deadline: Deadline) -> str | None:
        """What to send with a request; None for nothing, as long as the registry has not asked."""
        known = self._known(registry)
        with known.lock:
            header, until = known.headers.get(scopes, (None, 0.0))
            if header is not None and time.monotonic() < until:
                return header
            if known.challenge is None and not registry.sign_in_first:
                return None
            return self._obtain(registry, known, scopes, deadline)

    def renewed(
        self, registry: Registry, scopes: tuple[str, ...], refused: str | None, asked: str, deadline: Deadline
    ) -> str | None:
        """Another header, after the registry has refused one; None when there is none to be had.

        Args:
            registry: which has answered 401.
            scopes: what the request needs.
            refused: the header that it refused; None when none was sent.
            asked: its `WWW-Authenticate`.
            deadline: until when.

        Raises:
            RemoteError: when signing in fails.
            TransportError: when the token server can't be reached.
        """
        known = self._known(registry)
        with known.lock:
            header, until = known.headers.get(scopes, (None, 0.0))
            if header is not None and header != refused and time.monotonic() < until:
                return header  # another thread was quicker
            known.challenge = Challenge.parse(asked) or known.challenge or Challenge("basic")
            known.headers.pop(scopes, None)
            if refused is not None:
                known.asked_at = None
            header = self._obtain(registry, known, scopes, deadline)
            return header if header != refused or known.challenge.scheme == "bearer" else None

    def age_s(self, registry: Registry) -> float:
        """Seconds since the credentials in use were asked for; 0 when there are none."""
        asked_at = self._known(registry).asked_at
        return time.monotonic() - asked_at if asked_at is not None else 0.0

    def _known(self, registry: Registry) -> _Known:
        with self._lock:
            return self._registries.setdefault(f"{registry.base_url} {registry.host}", _Known())

    def _obtain(self, registry: Registry, known: _Known, scopes: tuple[str, ...], deadline: Deadline) -> str | None:
        if known.asked_at is None:
            known.credentials = registry.sign_in()
            known.asked_at = time.monotonic()
        credentials = known.credentials
        if known.challenge is not None and known.challenge.scheme == "bearer":
            header, life_s = self._token(registry, known.challenge, credentials, scopes, deadline)
        elif credentials is None:
            return None
        else:
            header, life_s = basic(credentials.username, credentials.password), float("inf")
        known.headers[scopes] = header, time.monotonic() + life_s
        return header

    def _token(
        self, registry: Registry, challenge: Challenge, credentials: Credentials | None, scopes: tuple[str, ...],
        deadline: Deadline,
    ) -> tuple[str, float]:  # fmt: skip
        realm = challenge.parameters.get("realm", "")
        _refuse_unsafe(registry, realm)
        request = _token_request(realm, challenge.parameters.get("service", ""), credentials, scopes, deadline)
        response = self._transport.send(request)
        try:
            body = read_up_to(response, MAX_TOKEN_BYTES)
        finally:
            response.close()
        if response.status == HTTPStatus.TOO_MANY_REQUESTS or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise TransportError(f"its token server answered {response.status}")
        if response.status != HTTPStatus.OK:
            raise _error(
                f"registry {registry.host} gives no access: its token server answered {response.status}; "
                f"{registry.sign_in_advice}",
                "DENIED",
            )
        return _understood(registry, body)


def _token_request(
    realm: str, service: str, credentials: Credentials | None, scopes: tuple[str, ...], deadline: Deadline
) -> Request:
    if credentials is not None and credentials.identity_token:
        form = {
            "grant_type": "refresh_token", "service": service, "client_id": "container-registry",
            "scope": " ".join(scopes), "refresh_token": credentials.identity_token,
        }  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request(method="POST", url=realm, headers=headers, body=urlencode(form).encode(), deadline=deadline)
    query = urlencode([("service", service), *(("scope", scope) for scope in scopes)], quote_via=quote)
    headers = {"Accept": "application/json"}
    if credentials is not None:
        headers["Authorization"] = basic(credentials.username, credentials.password)
    return Request(
        method="GET", url=f"{realm}{'&' if '?' in realm else '?'}{query}", headers=headers, deadline=deadline
    )


def _understood(registry: Registry, body: bytes) -> tuple[str, float]:
    try:
        document = json_object(body[:MAX_TOKEN_BYTES])
    except ValueError:
        document = {}  # not quoted: it may hold a token
    token = document.get("token") or document.get("access_token")
    life = document.get("expires_in")
    if not isinstance(token, str) or not (token.isascii() and token.isprintable()):
        raise _error(f"the token server of registry {registry.host} answered without a token", "DENIED")
    life_s = float(min(life, _MAX_LIFE_S)) if isinstance(life, (int, float)) and life > 0 else _DEFAULT_LIFE_S
    return f"Bearer {token}", max(life_s - _MARGIN_S, life_s / 2)


def _refuse_unsafe(registry: Registry, realm: str) -> None:
    """Credentials go out over TLS, or to this very machine, or where the user allowed plain HTTP."""
    try:
        parts = urlsplit(realm)
        host = parts.hostname or ""
        parts.port  # noqa: B018 (raises for what is no port)
    except ValueError:
        parts, host = urlsplit(""), ""
    own = urlsplit(registry.base_url).hostname or ""
    # Of this machine only a registry on this machine may speak: it could be led to any service here.
    allowed = (registry.plain_http and host == own) or (is_loopback(host) and is_loopback(own))
    if not host or (parts.scheme != "https" and not (parts.scheme == "http" and allowed)):
        raise _error(
            f"registry {registry.host} wants credentials sent to {parts.scheme}://{host}, which is not https",
            "INSECURE",
        )


def _error(problem: str, code: str) -> RemoteError:
    return RemoteError(problem, service="registry", operation="SignIn", code=code)
