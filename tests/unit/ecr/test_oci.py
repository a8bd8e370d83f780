from __future__ import annotations

import gzip
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr import oci
from ecr.errors import ExitCode, RemoteError
from ecr.oci import Descriptor, Registry, config_descriptor, config_labels, fetch_blob, platform_manifests

BODY = b'{"architecture":"amd64"}'
HOST = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"
AUTHORIZATION = "Basic made-up-token"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


BLOB = Descriptor("application/vnd.oci.image.config.v1+json", digest_of(BODY), len(BODY))
# What the system buffers on the way is a small part of it.
ENDLESS_BYTES = 64 << 20
PATH = f"/v2/dev/yoon-app/blobs/{BLOB.digest}"


# ---------------------------------------------------------------------------------------------------------------------
# A registry on this machine
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What the server does with one request. `announced` is its Content-Length, by default the true one."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = None
    endless: bool = False
    reset: bool = False
    silent: bool = False


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]


class Server(ThreadingHTTPServer):
    """Gives its answers in their order, the last one for ever, and records what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = []
        self.requests: list[Request] = []
        self.sent = 0
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def shutdown_request(self, request: object) -> None:
        """Close without saying goodbye first, which would hide a reset."""
        self.close_request(request)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """The client went away, which is its right."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append(Request(self.path, dict(self.headers)))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if answer.silent:
            self.server.stopping.wait(10)
            return
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if not answer.endless:
            self.send_header("Content-Length", str(len(answer.body) if answer.announced is None else answer.announced))
        self.end_headers()
        self.wfile.write(answer.body)
        while answer.endless and self.server.sent < ENDLESS_BYTES:
            self.wfile.write(b"x" * 65_536)
            self.server.sent += 65_536

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass


@contextmanager
def _running() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        yield server
        server.stopping.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Starts servers that give the given answers."""
    with ExitStack() as stack:

        def start_one(*answers: Answer) -> Server:
            server = stack.enter_context(_running())
            server.answers = list(answers)
            return server

        yield start_one


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oci, "_RETRY", oci._RETRY.new(backoff_factor=0, backoff_jitter=0))


def registry(server: Server) -> Registry:
    return Registry(server.url, HOST, AUTHORIZATION)


def fetch(server: Server, blob: Descriptor = BLOB, *, limit: int = 1000) -> bytes:
    return fetch_blob(registry(server), "dev/yoon-app", blob, limit=limit)


def refusal(server: Server | Registry, blob: Descriptor = BLOB, *, limit: int = 1000) -> RemoteError:
    """The error of a fetch: one line, with the exit code of a remote failure, without the credentials."""
    source = server if isinstance(server, Registry) else registry(server)
    with pytest.raises(RemoteError) as raised:
        fetch_blob(source, "dev/yoon-app", blob, limit=limit)
    error = raised.value
    assert (error.exit_code, error.service, error.operation) == (ExitCode.REMOTE, "registry", "GetBlob")
    assert "\n" not in str(error)
    assert "made-up-token" not in f"{error}{error!r}{error.__cause__}"
    return error


def redirect(location: str, status: int = 307) -> Answer:
    return Answer(status, headers={"Location": location})


# ---------------------------------------------------------------------------------------------------------------------
# Fetching
# ---------------------------------------------------------------------------------------------------------------------


def test_a_good_blob_arrives_and_the_request_is_as_the_protocol_says(start: Callable[..., Server]) -> None:
    server = start(Answer(body=BODY))
    assert fetch(server) == BODY
    (request,) = server.requests
    assert request.path == PATH
    assert request.headers["Host"] == HOST
    assert request.headers["Authorization"] == AUTHORIZATION


def test_an_empty_blob_is_a_blob(start: Callable[..., Server]) -> None:
    assert fetch(start(Answer()), Descriptor("", digest_of(b""), 0)) == b""


def test_a_blob_that_differs_from_its_digest_is_refused_with_both_digests(start: Callable[..., Server]) -> None:
    other = BODY.replace(b"amd64", b"arm64")
    error = refusal(start(Answer(body=other)))
    assert (error.code, error.temporary) == ("DIGEST", False)
    assert BLOB.digest in str(error)
    assert digest_of(other) in str(error)


@pytest.mark.parametrize(
    ("size", "code"), [(len(BODY) - 1, "TOO_LARGE"), (len(BODY) + 1, "SIZE"), (0, "TOO_LARGE"), (-1, "TOO_LARGE")]
)
def test_a_blob_that_differs_from_its_announced_size_is_refused(
    start: Callable[..., Server], size: int, code: str
) -> None:
    assert refusal(start(Answer(body=BODY)), Descriptor("", BLOB.digest, size)).code == code


def test_an_announced_size_over_the_limit_is_not_even_fetched(start: Callable[..., Server]) -> None:
    server = start(Answer(body=BODY))
    error = refusal(server, limit=len(BODY) - 1)
    assert (error.code, server.requests) == ("TOO_LARGE", [])
    assert f"has {len(BODY)} bytes; at most {len(BODY) - 1} are read" in str(error)


def test_a_blob_of_just_the_limit_is_read(start: Callable[..., Server]) -> None:
    assert fetch(start(Answer(body=BODY)), limit=len(BODY)) == BODY


def test_without_a_limit_of_its_own_a_configuration_may_have_4_megabytes() -> None:
    blob = Descriptor("", BLOB.digest, 4 * 1024 * 1024 + 1)
    with pytest.raises(RemoteError, match="at most 4194304 are read"):
        fetch_blob(Registry("http://127.0.0.1:9", HOST, AUTHORIZATION), "dev/yoon-app", blob)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(body=b"x" * 2000), id="longer"),
        pytest.param(
            Answer(body=gzip.compress(b"x" * 10_000_000), headers={"Content-Encoding": "gzip"}), id="compressed"
        ),
    ],
)
def test_more_than_was_announced_is_not_read(start: Callable[..., Server], answer: Answer) -> None:
    assert refusal(start(answer)).code == "TOO_LARGE"


def test_a_body_without_end_is_not_read_to_its_end(start: Callable[..., Server]) -> None:
    server = start(Answer(endless=True))
    assert refusal(server).code == "TOO_LARGE"
    assert server.sent < ENDLESS_BYTES


@pytest.mark.parametrize(
    ("status", "attempts", "temporary"),
    [
        pytest.param(400, 1, False, id="400"),
        pytest.param(401, 1, False, id="401"),
        pytest.param(403, 1, False, id="403"),
        pytest.param(404, 1, False, id="404"),
        pytest.param(429, 5, True, id="429"),
        pytest.param(500, 5, True, id="500"),
        pytest.param(502, 5, True, id="502"),
        pytest.param(503, 5, True, id="503"),
        pytest.param(504, 5, True, id="504"),
    ],
)
def test_a_refusal_names_registry_and_status_and_only_passing_ones_are_repeated(
    start: Callable[..., Server], status: int, attempts: int, *, temporary: bool
) -> None:
    server = start(Answer(status, body=b"denied"))
    error = refusal(server)
    assert (error.code, error.temporary, len(server.requests)) == (str(status), temporary, attempts)
    assert str(error) == f"registry {HOST} answered {status} for {PATH}"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_overcome(start: Callable[..., Server], status: int) -> None:
    server = start(Answer(status), Answer(status), Answer(body=BODY))
    assert fetch(server) == BODY
    assert [request.headers["Authorization"] for request in server.requests] == [AUTHORIZATION] * 3


def test_a_registry_cannot_keep_us_waiting_for_an_hour(
    start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    stand_in = SimpleNamespace(sleep=waits.append, time=time.time)
    monkeypatch.setattr("urllib3.util.retry.time", stand_in)
    assert fetch(start(Answer(429, headers={"Retry-After": "3600"}), Answer(body=BODY))) == BODY
    assert sum(waits) <= 30


def test_a_reset_connection_is_overcome(start: Callable[..., Server]) -> None:
    server = start(Answer(reset=True), Answer(body=BODY))
    assert fetch(server) == BODY
    assert len(server.requests) == 2


def test_a_connection_that_is_always_reset_is_a_temporary_failure(start: Callable[..., Server]) -> None:
    server = start(Answer(reset=True))
    error = refusal(server)
    assert (error.code, error.temporary, len(server.requests)) == ("UNREACHABLE", True, 5)
    assert f"registry {HOST} can't be reached" in str(error)


def test_a_body_that_breaks_off_is_a_temporary_failure(start: Callable[..., Server]) -> None:
    error = refusal(start(Answer(body=BODY[:5], announced=len(BODY))))
    assert (error.code, error.temporary) == ("UNREACHABLE", True)


def test_nobody_listening_is_a_temporary_failure() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        error = refusal(Registry(f"http://127.0.0.1:{reserved.getsockname()[1]}", HOST, AUTHORIZATION))
    assert (error.code, error.temporary) == ("UNREACHABLE", True)


def test_a_silent_registry_is_given_up(start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oci, "READ_TIMEOUT_S", 0.02)
    error = refusal(start(Answer(silent=True)))
    assert (error.code, error.temporary) == ("UNREACHABLE", True)


# ---------------------------------------------------------------------------------------------------------------------
# Redirects
# ---------------------------------------------------------------------------------------------------------------------


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
        monkeypatch.setattr("urllib3.util.connection.create_connection", refuse)
        monkeypatch.setattr("urllib3.connection.connection.create_connection", refuse)
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
    error = refusal(Registry(base_url, HOST, AUTHORIZATION))
    assert (error.code, error.temporary) == ("INSECURE", False)
    assert "is refused: registries are read over https" in str(error)


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

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
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
    source = Registry(f"http://{host}:{server.server_port}", HOST, AUTHORIZATION)
    assert fetch_blob(source, "dev/yoon-app", BLOB) == BODY


# ---------------------------------------------------------------------------------------------------------------------
# Credentials
# ---------------------------------------------------------------------------------------------------------------------


def test_a_registry_does_not_show_its_credentials() -> None:
    shown = Registry("https://r", "r", AUTHORIZATION)
    assert repr(shown) == str(shown) == "Registry('https://r', 'r', authorization=***)"


# ---------------------------------------------------------------------------------------------------------------------
# Parsing
# ---------------------------------------------------------------------------------------------------------------------

DIGEST = f"sha256:{'c' * 64}"
CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 7}


def test_a_manifest_names_its_configuration() -> None:
    manifest = json.dumps({"schemaVersion": 2, "config": CONFIG, "layers": []})
    assert config_descriptor(manifest) == Descriptor("application/vnd.oci.image.config.v1+json", DIGEST, 7)


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param("{}", id="empty"),
        pytest.param('{"manifests": []}', id="index"),
        pytest.param('{"config": null}', id="null"),
        pytest.param('{"config": []}', id="list"),
    ],
)
def test_what_names_no_configuration_has_none(manifest: str) -> None:
    assert config_descriptor(manifest) is None


NO_OBJECT = [
    pytest.param("", id="empty"),
    pytest.param("not json", id="no-json"),
    pytest.param("[]", id="list"),
    pytest.param("null", id="null"),
    pytest.param("{", id="cut-off"),
    pytest.param("[" * 100_000, id="bottomless"),
    pytest.param('{"a":' * 100_000, id="bottomless-object"),
]


@pytest.mark.parametrize("text", NO_OBJECT)
def test_what_is_no_json_object_is_a_value_error(text: str) -> None:
    parsers: tuple[Callable[[str], object], ...] = (
        config_descriptor,
        platform_manifests,
        lambda text: config_labels(text.encode()),
    )
    for parse in parsers:
        with pytest.raises(ValueError, match=r"."):
            parse(text)


BAD_DESCRIPTORS = [
    pytest.param({"digest": None}, id="no-digest"),
    pytest.param({"digest": 5}, id="digest-number"),
    pytest.param({"digest": "sha256:abc"}, id="digest-too-short"),
    pytest.param({"digest": f"{DIGEST}\nX-Header: 1"}, id="digest-with-line-feed"),
    pytest.param({"digest": "../../manifests/latest"}, id="digest-as-path"),
    pytest.param({"size": None}, id="no-size"),
    pytest.param({"size": "7"}, id="size-text"),
    pytest.param({"size": 7.5}, id="size-fraction"),
    pytest.param({"mediaType": 5}, id="media-type-number"),
]


@pytest.mark.parametrize("change", BAD_DESCRIPTORS)
def test_a_malformed_descriptor_is_a_value_error(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="has a descriptor without digest and size"):
        config_descriptor(json.dumps({"config": CONFIG | change}))
    with pytest.raises(ValueError, match="has a descriptor without digest and size"):
        platform_manifests(json.dumps({"manifests": [CONFIG | change]}))


def entry(letter: str, platform: object) -> dict[str, object]:
    return {"mediaType": "m", "digest": f"sha256:{letter * 64}", "size": 1, "platform": platform}


def test_an_index_names_its_platforms_in_order_and_without_attestations() -> None:
    index = json.dumps(
        {
            "manifests": [
                entry("b", {"os": "linux", "architecture": "arm", "variant": "v7"}),
                entry("0", {"os": "unknown", "architecture": "unknown"}),
                entry("a", {"os": "linux", "architecture": "amd64"}),
                entry("c", None),
                "not a descriptor",
            ]
        }
    )
    assert platform_manifests(index) == (
        Descriptor("m", f"sha256:{'b' * 64}", 1, "linux/arm/v7"),
        Descriptor("m", f"sha256:{'a' * 64}", 1, "linux/amd64"),
        Descriptor("m", f"sha256:{'c' * 64}", 1, ""),
    )


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param("{}", id="empty"),
        pytest.param(json.dumps({"config": CONFIG, "layers": []}), id="image"),
        pytest.param('{"manifests": {}}', id="object"),
        pytest.param('{"manifests": []}', id="no-entries"),
        pytest.param(
            json.dumps({"manifests": [entry("0", {"os": "unknown", "architecture": "unknown"})]}),
            id="attestations-only",
        ),
    ],
)
def test_what_names_no_platforms_has_none(manifest: str) -> None:
    assert platform_manifests(manifest) == ()


@pytest.mark.parametrize(
    ("config", "labels"),
    [
        pytest.param(b'{"config": {"Labels": {"a": "1", "b": ""}}}', {"a": "1", "b": ""}, id="labels"),
        pytest.param(b'{"config": {"Labels": null}}', {}, id="null"),
        pytest.param(b'{"config": {"Labels": []}}', {}, id="list"),
        pytest.param(b'{"config": {}}', {}, id="no-labels"),
        pytest.param(b'{"config": []}', {}, id="config-list"),
        pytest.param(b"{}", {}, id="empty"),
        pytest.param(b'{"config": {"Labels": {"a": 1}}}', {"a": "1"}, id="number"),
    ],
)
def test_labels_are_read_from_a_configuration(config: bytes, labels: dict[str, str]) -> None:
    assert config_labels(config) == labels


def test_a_configuration_that_is_not_utf_8_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="can't decode"):
        config_labels(b'{"config": "\xff"}')


members = st.sampled_from(
    ["config", "manifests", "digest", "size", "mediaType", "platform", "os", "architecture", "Labels"]
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "unknown", DIGEST]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=4),
    max_leaves=6,
)


@settings(deadline=None, max_examples=40)
@given(document=documents)
def test_whatever_a_registry_says_is_understood_or_a_value_error(document: object) -> None:
    text = json.dumps(document)
    with suppress(ValueError):
        config_descriptor(text)
    with suppress(ValueError):
        platform_manifests(text)
    with suppress(ValueError):
        config_labels(text.encode())


def test_a_proxy_from_the_environment_is_used_except_where_no_proxy_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "direct.example")
    through = oci._pool("https://registry.example/v2/")
    assert isinstance(through, urllib3.ProxyManager)
    assert through.proxy is not None
    assert through.proxy.host == "proxy.example"
    assert not isinstance(oci._pool("https://direct.example/v2/"), urllib3.ProxyManager)
