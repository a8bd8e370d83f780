"""Requests to one registry: signed in, repeated where that is safe, redirected without credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

from ecr.errors import RemoteError
from ecr.oci.manifest import json_object
from ecr.oci.registry import Registry
from ecr.oci.session import Session
from ecr.oci.transport import Deadline, Request, Response, TransportError, is_loopback, read_up_to

T = TypeVar("T")

MAX_REDIRECTS = 3
MAX_ERROR_BYTES = 1 << 16
# Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): from nothing to so much, doubled each time.
BACKOFF_S = 0.3
MAX_BACKOFF_S = 10.0
# A registry may ask for more patience, not for hours.
MAX_RETRY_AFTER_S = 60.0
# ECR answers an expired token with 403; one younger than this has not expired.
_STALE_S = 600.0
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_MESSAGE = 300


class Temporary(Exception):
    """It failed in a way that may pass; `error` is what to raise when it does not."""

    def __init__(self, error: RemoteError, *, after_s: float | None = None) -> None:
        self.error = error
        self.after_s = after_s
        super().__init__(str(error))


@dataclass(frozen=True)
class Answer:
    """A response that has been read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """What to ask of a registry.

    Attributes:
        operation: its name in errors: `GetBlob`.
        path: `/v2/...`, or the address that the registry gave for an upload.
        body: bytes, or buffers in order, which can't be sent twice.
        limit: how many bytes of an answer are read; more is an error.
    """

    operation: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterable[memoryview] | None = None
    length: int = 0
    limit: int = MAX_ERROR_BYTES


class Exchange:
    """One registry, for one set of scopes, until one deadline.

    Args:
        scopes: what tokens are asked for: `repository:NAME:pull,push`.
    """

    def __init__(self, session: Session, registry: Registry, scopes: tuple[str, ...], deadline: Deadline) -> None:
        self._session = session
        self._registry = registry
        self._scopes = scopes
        self.deadline = deadline

    def fetch(self, call: Call) -> Answer:
        """The answer, whatever its status; repeated while the failure may pass.

        Raises:
            RemoteError: no answer, one that stays a temporary failure, or one larger than the limit.
        """

        def once() -> Answer:
            response = self.open(call)
            try:
                limit = call.limit if response.status < HTTPStatus.BAD_REQUEST else MAX_ERROR_BYTES
                body = read_up_to(response, limit)
            except TransportError as error:
                raise Temporary(self._unreachable(call, error)) from error
            finally:
                response.close()
            if len(body) > limit:
                raise self.error(call, f"sent more than {limit} bytes for {_shown(call.path)}", "TOO_LARGE")
            return Answer(response.status, response.headers, body, self.absolute(call.path))

        return self.repeat(once)

    def repeat(self, call: Callable[[], T]) -> T:
        """What `call` returns, called again while it raises `Temporary`. Raises the last one's error."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return call()
            except Temporary as failure:
                if attempt >= self._session.limits.attempts:
                    raise failure.error from failure
                self.deadline.sleep(_pause(attempt, failure.after_s))

    def open(self, call: Call) -> Response:
        """The answer, its body unread, from one attempt; close it.

        Raises:
            Temporary: the failure may pass.
            RemoteError: it does not.
        """
        url, trusted, renewed, redirects = self.absolute(call.path), True, False, 0
        while redirects <= MAX_REDIRECTS:
            self._refuse_plain_http(call, url)
            trusted = trusted and self._is_ours(url)
            header = self._sign(call) if trusted else None
            response = self._send(call, url, header, ours=trusted)
            if trusted and not renewed and self._is_refused(response) and self._renewed(call, header, response):
                response.close()
                renewed = True
                continue
            target = response.headers.get("location")
            if response.status in _REDIRECTS and target and call.method in ("GET", "HEAD"):
                response.close()
                url = self.resolved(call, url, target)
                redirects += 1
                continue
            if response.status in _TEMPORARY:
                raise self._passing(call, response)
            return response
        raise self.error(call, f"redirects more than {MAX_REDIRECTS} times for {_shown(call.path)}", "REDIRECTS")

    def absolute(self, path: str, base: str = "") -> str:
        """Where a path, or an address given by the registry, is reached.

        An address of the registry by its own name leads to where it is reached under an endpoint override, and one
        without TLS to the same place with TLS: registries behind a proxy often don't know better.
        """
        url = urljoin(base or self._registry.base_url + "/", path)
        ours, given = urlsplit(self._registry.base_url), urlsplit(url)
        upgraded = given.hostname == ours.hostname and (given.scheme, ours.scheme) == ("http", "https")
        same = given.netloc == self._registry.host or upgraded
        if same and (given.scheme, given.netloc) != (ours.scheme, ours.netloc):
            return given._replace(scheme=ours.scheme, netloc=ours.netloc).geturl()
        return url

    def resolved(self, call: Call, url: str, target: str) -> str:
        """Where an address leads that the registry gave in answer to `url`. Raises RemoteError when it is none."""
        try:
            resolved = self.absolute(target, url)
            urlsplit(resolved).port  # noqa: B018 (raises for what is no port)
        except ValueError as error:
            raise self.error(call, "answers with an address that is none", "REDIRECTS") from error
        return resolved

    def error(self, call: Call, problem: str, code: str, *, temporary: bool = False) -> RemoteError:
        """A failure of this registry, in one line."""
        return RemoteError(
            f"registry {self._registry.host} {problem}",
            service="registry", operation=call.operation, code=code, temporary=temporary,
        )  # fmt: skip

    def refusal(self, call: Call, answer: Answer) -> RemoteError:
        """An answer that is not what was asked for: its status, the registry's own code and words, what to do."""
        code, message = _reason(answer.body)
        words = f": {code} {message}".rstrip() if code or message else ""
        hint = {
            HTTPStatus.UNAUTHORIZED: f"; {self._registry.sign_in_advice}",
            HTTPStatus.FORBIDDEN: "; the credentials in use lack this permission on the repository",
        }.get(HTTPStatus(answer.status) if answer.status in set(HTTPStatus) else HTTPStatus.OK, "")
        problem = f"answered {answer.status} for {call.method} {_shown(call.path)}{words}{hint}"
        return self.error(call, problem, code or str(answer.status), temporary=answer.status in _TEMPORARY)

    def _sign(self, call: Call) -> str | None:
        try:
            return self._session.authorizations.header(self._registry, self._scopes, self.deadline)
        except TransportError as error:
            raise Temporary(self._unreachable(call, error)) from error

    def _renewed(self, call: Call, refused: str | None, response: Response) -> bool:
        """Whether there is another header to try after a 401."""
        asked = response.headers.get("www-authenticate", "")
        try:
            header = self._session.authorizations.renewed(self._registry, self._scopes, refused, asked, self.deadline)
        except TransportError as error:
            response.close()
            raise Temporary(self._unreachable(call, error)) from error
        except BaseException:
            response.close()
            raise
        if header is not None and call.body is not None and not isinstance(call.body, bytes):
            # The pieces are gone; the whole transfer has to begin anew.
            response.close()
            raise Temporary(self.error(call, "wanted another sign-in in the middle of an upload", "401"), after_s=0)
        return header is not None

    def _send(self, call: Call, url: str, authorization: str | None, *, ours: bool) -> Response:
        headers = {"User-Agent": "container-registry", "Accept-Encoding": "identity", **call.headers}
        if ours and urlsplit(url).netloc != self._registry.host:
            headers["Host"] = self._registry.host
        if authorization is not None:
            headers["Authorization"] = authorization
        request = Request(
            method=call.method, url=url, headers=headers, body=call.body, length=call.length, deadline=self.deadline
        )
        try:
            return self._session.transport.send(request)
        except TransportError as error:
            raise self._broken(call, url, error) from error

    def _is_refused(self, response: Response) -> bool:
        if response.status == HTTPStatus.UNAUTHORIZED:
            return True
        stale = self._session.authorizations.age_s(self._registry) > _STALE_S
        return response.status == HTTPStatus.FORBIDDEN and self._registry.sign_in_first and stale

    def _is_ours(self, url: str) -> bool:
        ours, given = urlsplit(self._registry.base_url), urlsplit(url)
        return (ours.scheme, ours.netloc) == (given.scheme, given.netloc)

    def _refuse_plain_http(self, call: Call, url: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        # Of this machine only a registry on this machine may speak: another could lead us to any service here.
        local = is_loopback(host) and is_loopback(urlsplit(self._registry.base_url).hostname or "")
        allowed = local or (self._registry.plain_http and self._is_ours(url))
        if parts.scheme != "https" and not (parts.scheme == "http" and allowed):
            raise RemoteError(
                f"{parts.scheme}://{host} is refused: registries are reached over https",
                service="registry", operation=call.operation, code="INSECURE",
            )  # fmt: skip

    def _passing(self, call: Call, response: Response) -> Temporary:
        try:
            body = read_up_to(response, MAX_ERROR_BYTES)
        except TransportError:
            body = b""
        finally:
            response.close()
        answer = Answer(response.status, response.headers, body, call.path)
        return Temporary(self.refusal(call, answer), after_s=_retry_after(response.headers.get("retry-after", "")))

    def _broken(self, call: Call, url: str, error: TransportError) -> Exception:
        if error.temporary:
            return Temporary(self._unreachable(call, error))
        host = urlsplit(url).hostname
        return self.error(call, f"can't be reached at {host}: {error}", "UNREACHABLE")

    def _unreachable(self, call: Call, error: TransportError) -> RemoteError:
        return self.error(call, f"can't be reached: {error}", "UNREACHABLE", temporary=True)


def _pause(attempt: int, after_s: float | None) -> float:
    if after_s is not None:
        return min(after_s, MAX_RETRY_AFTER_S)
    from random import uniform  # noqa: PLC0415 (most runs never wait)

    return uniform(0, min(MAX_BACKOFF_S, BACKOFF_S * 2**attempt))  # noqa: S311 (spreads load, hides nothing)


def _retry_after(value: str) -> float | None:
    """Seconds, from either form of the header (RFC 9110, "Retry-After"); None when it says nothing of use."""
    if value.isdecimal():
        return float(value)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 (rare)
    from time import time  # noqa: PLC0415

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except (ValueError, TypeError, OverflowError):
        return None


def _reason(body: bytes) -> tuple[str, str]:
    """Code and message of an error (OCI distribution specification, "Error Codes"), as far as there are any."""
    try:
        document = json_object(body)
    except ValueError:
        return "", ""
    errors = document.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else document
    if not isinstance(first, dict):
        return "", ""
    code, message = first.get("code", ""), first.get("message", "")
    return str(code)[:100], " ".join(str(message).split())[:_MAX_MESSAGE]


def _shown(path: str) -> str:
    """Without the query, which in an address given by a server may be a signature."""
    return path.partition("?")[0]
