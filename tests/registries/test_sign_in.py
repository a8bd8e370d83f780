"""Passwords and tokens: where they go, where they never go, and when they are asked for anew."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import pytest

from ecr.errors import EcrError
from ecr.oci.credentials import Credentials
from tests.registries import images
from tests.registries.copying import QUICK, attempted, clear, copied, location, with_password
from tests.registries.faults import refusal
from tests.registries.proxy import Action, Proxy, Reply, Script, Seen, proxied
from tests.registries.repositories import Repository
from tests.registries.servers import PASSWORD, USERNAME, Server

Fresh = Callable[..., Repository]
BASIC = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()


def asks_for_password(seen: Seen) -> Reply | None:
    """The registry wants the password with each request."""
    if seen.headers.get("authorization") == BASIC:
        return None
    return refusal(401, "UNAUTHORIZED", ("WWW-Authenticate", 'Basic realm="tests"'))


def redirects(elsewhere: Proxy, *methods: str) -> Callable[[Seen], Action]:
    """The registry wants the password, and its content lies elsewhere; that is a signed URL's matter."""

    def decide(seen: Seen) -> Action:
        refused = asks_for_password(seen)
        if refused or seen.method not in methods or seen.path == "/v2/":
            return refused
        mark = "&" if "?" in seen.path else "?"
        place = f"{elsewhere.base_url}{seen.path}{mark}X-Amz-Signature=signed"
        return Reply(307, (("Location", place),))

    return decide


@dataclass
class TokenServer:
    """A registry with bearer tokens (CNCF distribution, "Token Authentication"), each good for so many uses."""

    uses: int
    realm: str = ""
    issued: dict[str, int] = field(default_factory=dict)
    scopes: list[list[str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, seen: Seen) -> Reply | None:
        with self._lock:
            if seen.path.startswith("/token"):
                return self._issue(seen)
            token = seen.headers.get("authorization", "").removeprefix("Bearer ")
            if self.issued.get(token, 0) > 0:
                self.issued[token] -= 1
                return None
        realm = self.realm or f"http://{seen.headers['host']}/token"
        scope = f'scope="repository:{"/".join(seen.path.split("/")[2:4])}:pull,push"'
        return refusal(401, "UNAUTHORIZED", ("WWW-Authenticate", f'Bearer realm="{realm}",service="tests",{scope}'))

    def _issue(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != BASIC:
            return refusal(401, "UNAUTHORIZED")
        token = f"token-{len(self.issued)}"
        self.issued[token] = self.uses
        self.scopes.append(parse_qs(urlsplit(seen.path).query).get("scope", []))
        body = json.dumps({"token": token, "expires_in": 300}).encode()
        return Reply(200, (("Content-Type", "application/json"),), body)


@pytest.mark.parametrize("side", ["source", "target", "both"])
def test_a_password_opens_what_it_should(
    side: str, distribution: Server, guarded_distribution: Server, fresh: Fresh
) -> None:
    source = fresh(distribution if side == "target" else guarded_distribution)
    target = fresh(distribution if side == "source" else guarded_distribution)
    content = source.push(images.signed(images.index("password")))
    result = copied(location(source, sign_in=with_password), content.digest, location(target, sign_in=with_password))
    assert target.differences(content) == []
    assert (result.bytes_moved == 0) is (side == "both")


@pytest.mark.parametrize("methods", [("GET",), ("GET", "HEAD")], ids=["GET", "GET and HEAD"])
@pytest.mark.parametrize("side", ["source", "target"])
def test_redirects_are_followed_without_the_password(
    side: str, methods: tuple[str, ...], distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(images.signed(images.index("redirected")))
    here = source.server if side == "source" else target.server
    storage = Script()
    with (
        proxied(here.port, storage) as elsewhere,
        proxied(here.port, registry := Script(redirects(elsewhere, *methods))) as front,
    ):
        copied(
            location(source, front if side == "source" else None, with_password),
            content.digest,
            location(target, front if side == "target" else None, with_password),
        )
    assert target.differences(content) == []
    assert storage.seen
    assert {name for seen in storage.seen for name in seen.headers} & {"authorization", "cookie"} == set()
    assert any(seen.headers.get("authorization") == BASIC for seen in registry.seen)


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_redirected_write_never_carries_the_password(
    side: str, distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(images.image("redirected writes"))
    here = source.server if side == "source" else target.server
    storage = Script()
    with (
        proxied(here.port, storage) as elsewhere,
        proxied(here.port, Script(redirects(elsewhere, "GET", "HEAD", "PUT", "POST", "PATCH"))) as front,
    ):
        result = attempted(
            location(source, front if side == "source" else None, with_password),
            content.digest,
            location(target, front if side == "target" else None, with_password),
        )
    if isinstance(result, EcrError):
        assert clear(result)
        assert target.digest() is None
    else:
        assert target.differences(content) == []
    assert [seen for seen in storage.seen if "authorization" in seen.headers] == []


def test_an_upload_that_continues_elsewhere_does_not_get_the_password(
    distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    """`Location` is the registry's choice: a storage service takes the signature in it, not our password."""
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(images.image("upload elsewhere"))
    storage = Script()
    places: list[str] = []

    def decide(seen: Seen) -> Action:
        refused = asks_for_password(seen)
        if refused or seen.method != "POST":
            return refused
        started = target.plain._ask("POST", f"/v2/{target.name}/blobs/uploads/")
        places.append(started.headers["Location"])
        return Reply(202, (("Location", f"{elsewhere.base_url}{places[-1]}"), ("Range", "0-0")))

    with proxied(target.server.port, storage) as elsewhere, proxied(target.server.port, Script(decide)) as front:
        result = attempted(location(source), content.digest, location(target, front, with_password))
    assert places
    assert [seen for seen in storage.seen if "authorization" in seen.headers] == []
    if isinstance(result, EcrError):
        assert clear(result)
        assert target.digest() is None
    else:
        assert target.differences(content) == []


@pytest.mark.parametrize("uses", [3, 5, 1000])  # an upload takes three requests
@pytest.mark.parametrize("side", ["source", "target"])
def test_a_token_that_expires_on_the_way_is_replaced(
    side: str, uses: int, distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(images.signed(images.index("token", ("linux/amd64",))))
    tokens = TokenServer(uses)
    here = source.server if side == "source" else target.server
    with proxied(here.port, Script(tokens)) as front:
        copied(
            location(source, front if side == "source" else None, with_password),
            content.digest,
            location(target, front if side == "target" else None, with_password),
            limits=replace(QUICK, read_s=5),
        )
    assert target.differences(content) == []
    if uses == 1000:
        assert len(tokens.issued) <= 2
        wanted = ("pull",) if side == "source" else ("pull", "push")
        assert all(word in tokens.scopes[-1][0] for word in wanted)


def test_a_registry_that_never_takes_the_token_is_a_clear_error(
    distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(images.image("never"))
    script = Script(TokenServer(0))
    with proxied(source.server.port, script) as front:
        result = attempted(location(source, front, with_password), content.digest, location(target))
    assert isinstance(result, EcrError)
    assert clear(result)
    assert len(script.seen) < 12
    assert target.digest() is None


@pytest.mark.parametrize(
    "realm",
    ["http://192.0.2.1/token", "ftp://127.0.0.1/token", "file:///etc/passwd", "not an address", "http://[::1/token"],
)
def test_a_token_server_that_must_not_have_the_password_does_not_get_it(
    realm: str, distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(images.image("realm"))
    with proxied(source.server.port, Script(TokenServer(5, realm))) as front:
        result = attempted(location(source, front, with_password), content.digest, location(target))
    assert isinstance(result, EcrError)
    assert clear(result)
    assert target.digest() is None


@pytest.mark.parametrize("last", range(2, 12))
def test_a_password_that_ends_on_the_way_is_asked_for_anew(
    last: int, distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    """ECR's passwords end after twelve hours, in the middle of whatever is under way."""
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(images.image("ends on the way"))
    passwords = ["the first", "the second"]
    asked: list[str] = []

    def sign_in() -> Credentials:
        asked.append(passwords[min(len(asked), 1)])
        return Credentials("AWS", asked[-1])

    def decide(seen: Seen) -> Reply | None:
        good = passwords[0] if seen.position < last else passwords[1]
        if seen.headers.get("authorization") == "Basic " + base64.b64encode(f"AWS:{good}".encode()).decode():
            return None
        return refusal(401, "DENIED", ("WWW-Authenticate", 'Basic realm="tests"'))

    with proxied(target.server.port, Script(decide)) as front:
        copied(location(source), content.digest, location(target, front, sign_in))
    assert target.differences(content) == []
    assert set(asked) == set(passwords)
    assert len(asked) <= 3
