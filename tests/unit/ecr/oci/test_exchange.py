from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from ecr.oci.exchange import Exchange
from ecr.oci.http_transport import HttpTransport, _parsed_proxy, _Proxy, _proxy
from ecr.oci.registry import Registry
from ecr.oci.repository import fetch_blob
from ecr.oci.session import Session
from ecr.oci.transport import Deadline, Request, TransportError
from tests.unit.ecr.oci.small_registry import (
    AUTHORIZATION,
    BLOB,
    BODY,
    HOST,
    Answer,
    Server,
    at,
    fetch,
    redirect,
    refusal,
)

pytestmark = pytest.mark.usefixtures("_at_once")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_are_not_sent_to_where_a_registry_redirects(start: Callable[..., Server], status: int) -> None:
    storage = start(Answer(body=BODY))
    server = start(redirect(f"{storage.url}/layer?signature=x", status))
    assert fetch(server) == BODY
    assert [request.headers.get("Authorization") for request in server.requests] == [AUTHORIZATION]
    (request,) = storage.requests
    assert request.path == "/layer?signature=x"
    assert "Authorization" not in request.headers
    assert request.headers["Host"] == storage.url.removeprefix("http://")


def test_a_redirect_back_to_the_registry_does_not_bring_the_credentials_back(start: Callable[..., Server]) -> None:
    server, storage = start(), start()
    server.answers = [redirect(storage.url), Answer(body=BODY)]
    storage.answers = [redirect(server.url)]
    assert fetch(server) == BODY
    assert ["Authorization" in request.headers for request in server.requests] == [True, False]


def test_a_relative_redirect_is_followed(start: Callable[..., Server]) -> None:
    server = start(redirect("../elsewhere"), Answer(body=BODY))
    assert fetch(server) == BODY
    assert server.requests[1].path == "/v2/dev/yoon-app/elsewhere"


def test_what_a_redirect_leads_to_is_checked_like_anything_else(start: Callable[..., Server]) -> None:
    storage = start(Answer(body=b"x" * len(BODY)))
    assert refusal(start(redirect(storage.url))).code == "DIGEST"


def test_3_redirects_are_followed(start: Callable[..., Server]) -> None:
    server = start(redirect("/a"), redirect("/b"), redirect("/c"), Answer(body=BODY))
    assert fetch(server) == BODY


def test_a_redirect_without_end_is_given_up(start: Callable[..., Server]) -> None:
    server = start(redirect("/again"))
    error = refusal(server)
    assert (error.code, len(server.requests)) == ("REDIRECTS", 4)
    assert "redirects more than 3 times" in str(error)


def test_a_redirect_to_nowhere_is_an_answer_like_any_other(start: Callable[..., Server]) -> None:
    assert refusal(start(Answer(307))).code == "307"


@pytest.fixture
def no_connection(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Once called, every new connection and every question for an address is a failure of the test."""

    def refuse(*args: object, **_: object) -> None:
        pytest.fail(f"a connection was tried: {args}")

    def forbid() -> None:
        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)

    return forbid


@pytest.mark.parametrize(
    "base_url",
    [
        pytest.param("http://registry.example.com", id="name"),
        pytest.param("http://10.0.0.1:5000", id="private-address"),
        pytest.param("http://127.0.0.1.example.com", id="looks-like-loopback"),
        pytest.param("http://localhost@example.com", id="loopback-as-user-name"),
        pytest.param("ftp://localhost.example.com", id="other-scheme"),
    ],
)
def test_plain_http_goes_to_this_machine_only(base_url: str, no_connection: Callable[[], None]) -> None:
    no_connection()
    error = refusal(at(base_url))
    assert (error.code, error.temporary) == ("INSECURE", False)
    assert "is refused: registries are reached over https" in str(error)


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("http://storage.example.com/layer", id="plain-http"),
        pytest.param("//storage.example.com/layer", id="same-scheme"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("http://169.254.169.254/latest/meta-data", id="instance-metadata"),
    ],
)
def test_a_redirect_to_plain_http_elsewhere_is_refused(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    server = start(redirect(location))
    connected: list[object] = []
    really_connect = socket.create_connection

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address)
        return really_connect(("127.0.0.1", server.server_port), timeout=1)

    monkeypatch.setattr(socket, "create_connection", connect)
    assert refusal(server).code == "INSECURE"
    assert connected == [("127.0.0.1", server.server_port)]


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("http://[", id="half-an-address"),
        pytest.param("http://[::1", id="unclosed-address"),
        pytest.param("https://host:port/", id="no-number-for-a-port"),
        pytest.param("https://", id="no-host"),
        pytest.param(f"https://{'h' * 300}/", id="too-long-a-name"),
    ],
)
def test_a_redirect_that_makes_no_sense_is_the_registrys_failure(start: Callable[..., Server], location: str) -> None:
    assert f"registry {HOST} " in str(refusal(start(redirect(location))))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_this_machine_may_be_reached_over_plain_http(start: Callable[..., Server], host: str) -> None:
    server = start(Answer(body=BODY))
    source = at(f"http://{host}:{server.server_port}")
    assert fetch_blob(source, "dev/yoon-app", BLOB) == BODY


def test_a_proxy_from_the_environment_is_used_except_where_no_proxy_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "direct.example")
    assert _proxy("https", "registry.example", None) == _Proxy("proxy.example", 3128, {})
    assert _proxy("https", "direct.example", None) is None
    assert _proxy("http", "127.0.0.1", 5000) is None


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        pytest.param("proxy.example:3128", _Proxy("proxy.example", 3128, {}), id="without-scheme"),
        pytest.param("http://proxy.example", _Proxy("proxy.example", 80, {}), id="without-port"),
        pytest.param(
            "http://me:p%40ss@proxy.example:3128/",
            _Proxy("proxy.example", 3128, {"Proxy-Authorization": "Basic bWU6cEBzcw=="}),
            id="with-sign-in",
        ),
    ],
)
def test_a_proxy_is_named_with_or_without_its_scheme(named: str, expected: _Proxy) -> None:
    assert _parsed_proxy(named) == expected
    assert "Basic" not in repr(expected)


@pytest.mark.parametrize(
    "named", ["https://proxy.example:3128", "socks5://proxy.example", "http://:3128", "http://a:b:c"]
)
def test_a_proxy_that_can_not_be_used_is_refused(named: str) -> None:
    with pytest.raises(TransportError, match="the proxy of the environment"):
        _parsed_proxy(named)


@pytest.mark.parametrize(
    ("base_url", "given", "reached"),
    [
        pytest.param("https://r.example", "http://r.example/upload", "https://r.example/upload", id="upgraded"),
        pytest.param(
            "http://r.example:5000", "https://r.example:9443/up", "https://r.example:9443/up", id="not-downgraded"
        ),
        pytest.param("https://r.example", "/upload?x=1", "https://r.example/upload?x=1", id="path"),
    ],
)
def test_an_address_of_the_registry_is_never_reached_with_less_protection(
    base_url: str, given: str, reached: str
) -> None:
    with Session() as session:
        exchange = Exchange(session, Registry(base_url, "r.example"), (), Deadline(1))
        assert exchange.absolute(given) == reached


def test_certificate_authorities_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    with HttpTransport(connect_s=1, read_s=1) as transport, pytest.raises(TransportError) as raised:
        transport.send(Request(method="GET", url="https://localhost:9/v2/", deadline=Deadline(5)))
    assert str(raised.value) == (
        f"the certificate authorities in {tmp_path / 'nowhere.pem'} can't be read (No such file or directory)"
    )
