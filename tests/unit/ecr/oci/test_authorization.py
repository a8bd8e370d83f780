from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from ecr.errors import RemoteError
from ecr.oci.authorization import Challenge
from ecr.oci.copying import copy
from ecr.oci.credentials import Credentials
from ecr.oci.registry import Location, Registry
from ecr.oci.session import Limits, Session
from ecr.oci.transport import Request, basic
from tests.unit.ecr.oci.fake_registry import FakeRegistry, Network, Reply

pytestmark = pytest.mark.usefixtures("_at_once")

ASKS = {"www-authenticate": 'Bearer realm="https://tokens/token",service="r"'}
SECRET = "made-up-secret"


class TokenServer(FakeRegistry):
    """Gives a new token each time."""

    def send(self, request: Request) -> Reply:
        self.requests.append(request)
        token = f"token-{len(self.requests)}"
        return Reply(200, json.dumps({"token": token, "expires_in": 300}).encode())


def wants(accepted: Callable[[str], bool]) -> Callable[[Request, int], Reply | None]:
    """A registry that takes only some headers."""
    return lambda request, _: None if accepted(request.headers.get("Authorization", "")) else Reply(401, headers=ASKS)


def run(registry: FakeRegistry, tokens: FakeRegistry, credentials: Credentials | None, *, first: bool = False) -> None:
    at = Registry("https://r", "r", lambda: credentials, sign_in_first=first)
    registry.put_image("dev/app", "one", "v1")
    network = Network({"r": registry, "tokens": tokens})
    with Session(Limits(attempts=2), transport=network) as session:
        copy(Location(at, "dev/app", "r/dev/app"), "v1", Location(at, "prod/app", "r/prod/app"), "v1", session=session)


@pytest.mark.parametrize(
    ("credentials", "sent"),
    [
        pytest.param(None, None, id="anonymous"),
        pytest.param(Credentials("me", SECRET), basic("me", SECRET), id="password"),
    ],
)
def test_a_token_is_asked_for_once_per_scope(credentials: Credentials | None, sent: str | None) -> None:
    registry, tokens = FakeRegistry(), TokenServer()
    registry.answers = wants(lambda header: header.startswith("Bearer token-"))
    run(registry, tokens, credentials)
    assert [request.headers.get("Authorization") for request in tokens.requests] == [sent] * 2
    scopes = [parse_qs(urlsplit(request.url).query)["scope"] for request in tokens.requests]
    assert scopes == [["repository:dev/app:pull"], ["repository:prod/app:pull,push", "repository:dev/app:pull"]]
    assert sum("Authorization" not in request.headers for request in registry.requests) == 1


def test_an_identity_token_is_traded_for_an_access_token() -> None:
    registry, tokens = FakeRegistry(), TokenServer()
    registry.answers = wants(lambda header: header.startswith("Bearer token-"))
    run(registry, tokens, Credentials("<token>", "", SECRET))
    form = parse_qs((tokens.requests[0].body or b"").decode())  # type: ignore[union-attr]
    assert (form["grant_type"], form["refresh_token"]) == (["refresh_token"], [SECRET])
    assert SECRET not in tokens.requests[0].url


def test_a_token_that_is_refused_is_renewed() -> None:
    registry, tokens = FakeRegistry(), TokenServer()
    used: list[str] = []

    def good_for_three_requests(header: str) -> bool:
        used.append(header)
        return header.startswith("Bearer token-") and used.count(header) <= 3

    registry.answers = wants(good_for_three_requests)
    run(registry, tokens, None)
    assert ("prod/app", "v1") in registry.manifests


def test_credentials_go_first_where_that_is_known_to_be_right() -> None:
    registry = FakeRegistry()
    run(registry, TokenServer(), Credentials("AWS", SECRET), first=True)
    assert {request.headers.get("Authorization") for request in registry.requests} == {basic("AWS", SECRET)}


@pytest.mark.parametrize("realm", ["http://tokens.example/", "ftp://tokens/", "tokens", ""])
def test_credentials_are_not_sent_without_tls(realm: str) -> None:
    registry, tokens = FakeRegistry(), TokenServer()
    registry.answers = lambda _, __: Reply(401, headers={"www-authenticate": f'Bearer realm="{realm}"'})
    with pytest.raises(RemoteError, match="which is not https") as raised:
        run(registry, tokens, Credentials("me", SECRET))
    assert (tokens.requests, SECRET in str(raised.value)) == ([], False)


@pytest.mark.parametrize(
    ("header", "scheme"), [("Basic realm=x", "basic"), ('Basic realm="x", Bearer realm="y"', "bearer"), ("", None)]
)
def test_a_challenge_that_can_be_met_is_found(header: str, scheme: str | None) -> None:
    found = Challenge.parse(header)
    assert (found.scheme if found else None) == scheme
