"""Headers, addresses and sizes made to lead a client astray, or to keep it busy."""

from __future__ import annotations

import json
import threading
from contextlib import suppress

import pytest

from ecr.aws.repository import _registry_base_url
from ecr.errors import Conflict, RemoteError
from ecr.oci.authorization import Challenge, _refuse_unsafe, _understood
from ecr.oci.copying import copy
from ecr.oci.exchange import Call, Exchange
from ecr.oci.graph import MAX_MANIFEST_BYTES_IN_ALL, _Gathered
from ecr.oci.http_transport import HttpTransport
from ecr.oci.manifest import OCI_MANIFEST, Descriptor, digest_of, parse
from ecr.oci.referrers_api import _NEXT
from ecr.oci.registry import Location, Registry
from ecr.oci.repository import Repository
from ecr.oci.session import Session, Workers
from ecr.oci.transport import Deadline, Request, Stopped, TransportError
from ecr.repository import TagMutability
from tests.unit.ecr.oci.fake_registry import FakeRegistry, at, session_with

AWAY, HERE = Registry("https://r.example", "r.example"), Registry("http://127.0.0.1:5000", "127.0.0.1:5000")


def test_long_headers_are_read_without_delay() -> None:
    challenge = Challenge.parse("Bearer " + "a" * 60_000)
    assert challenge is not None
    assert challenge.parameters == {}
    assert _NEXT.search("<" * 60_000) is None
    assert _NEXT.search("<a>;" * 20_000) is None


def test_the_next_page_and_the_realm_are_still_found() -> None:
    link = _NEXT.search('</v2/a/referrers/sha256:b?n=1&last=x>; rel="next"')
    assert link is not None
    assert link[1] == "/v2/a/referrers/sha256:b?n=1&last=x"
    challenge = Challenge.parse('Bearer realm="https://auth.example/token",service="registry.example"')
    assert challenge is not None
    assert challenge.parameters == {"realm": "https://auth.example/token", "service": "registry.example"}


@pytest.mark.parametrize("url", ["http://localhost:99999/v2/", "http://[:::::]:1/v2/", "http://localhost:x/v2/"])
def test_an_address_that_is_none_is_a_failure_of_the_transport(url: str) -> None:
    with HttpTransport(connect_s=1, read_s=1) as transport, pytest.raises(TransportError, match="its address is none"):
        transport.send(Request(method="GET", url=url, deadline=Deadline(5)))


@pytest.mark.parametrize(
    ("registry", "realm", "refused"),
    [
        (AWAY, "https://auth.example/token", False),
        (AWAY, "http://auth.example/token", True),
        (AWAY, "http://127.0.0.1:8500/token", True),
        (AWAY, "http://localhost/token", True),
        (AWAY, "https://auth.example:99999/token", True),
        (AWAY, "", True),
        (HERE, "http://127.0.0.1:5001/token", False),
        (HERE, "http://auth.example/token", True),
    ],
)
def test_credentials_go_out_over_tls_or_from_this_machine_to_this_machine(
    registry: Registry,
    realm: str,
    refused: bool,  # noqa: FBT001 - a table
) -> None:
    if not refused:
        _refuse_unsafe(registry, realm)
        return
    with pytest.raises(RemoteError, match="wants credentials sent to"):
        _refuse_unsafe(registry, realm)


@pytest.mark.parametrize(("registry", "refused"), [(AWAY, True), (HERE, False)], ids=["away", "here"])
def test_only_a_registry_on_this_machine_may_lead_to_services_on_it(
    registry: Registry,
    refused: bool,  # noqa: FBT001 - a table
) -> None:
    with Session() as session:
        exchange = Exchange(session, registry, (), Deadline(5))
        call = Call(operation="GetBlob", method="GET", path="/v2/")
        if not refused:
            exchange._refuse_plain_http(call, "http://127.0.0.1:2375/containers/json")
            return
        with pytest.raises(RemoteError, match=r"http://127\.0\.0\.1 is refused"):
            exchange._refuse_plain_http(call, "http://127.0.0.1:2375/containers/json")


def test_a_token_that_lives_for_ever_is_renewed_within_a_day() -> None:
    header, life_s = _understood(AWAY, b'{"token": "x", "expires_in": 1' + b"0" * 400 + b"}")
    assert header == "Bearer x"
    assert life_s < 86_400


def test_more_manifests_than_memory_should_hold_are_refused_before_they_are_read() -> None:
    with Session() as session:
        source = Repository(session, Location(AWAY, "dev/app", "r.example/dev/app"), Deadline(5))
        config = {"mediaType": "c", "digest": f"sha256:{'a' * 64}", "size": 1}
        root = parse(json.dumps({"schemaVersion": 2, "config": config, "layers": []}).encode(), OCI_MANIFEST)
        entries = [Descriptor(OCI_MANIFEST, f"sha256:{n:064}", MAX_MANIFEST_BYTES_IN_ALL // 2) for n in range(3)]
        with pytest.raises(RemoteError, match="has manifests of more than"):
            _Gathered(source, root).new(entries)


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr-ecr.us-east-1.on.aws",
        "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
    ],
)
def test_a_registry_of_aws_is_reached_at_its_own_host_by_every_name(host: str) -> None:
    assert _registry_base_url("https://api.ecr.us-east-1.amazonaws.com", host) == f"https://{host}"
    assert _registry_base_url("http://localhost:4566", host) == "http://localhost:4566"


def test_a_tag_that_names_what_nobody_can_read_is_only_a_digest() -> None:
    a, b = FakeRegistry(), FakeRegistry()
    image = a.put_image("dev/app", "one", "v1")
    b.manifests["staging/app", "v1"] = ("application/vnd.docker.distribution.manifest.v1+json", b'{"schemaVersion": 1}')
    old = digest_of(b'{"schemaVersion": 1}')
    source, target = at("a", "dev/app"), at("b", "staging/app")
    with session_with(a=a, b=b) as session:
        with pytest.raises(Conflict, match=f"is immutable and names {old}, not {image['digest']}"):
            copy(source, "v1", target, "v1", session=session, mutability=TagMutability())
        assert copy(source, "v1", target, "v1", session=session).digest == image["digest"]
    assert b.manifests["staging/app", "v1"] == a.manifests["dev/app", "v1"]


def test_closing_leaves_a_thread_behind_that_waits_for_a_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecr.oci.session._CLOSE_S", 0.05)
    workers, silent, at_work = Workers(1), threading.Event(), threading.Event()

    def stalled() -> None:
        at_work.set()
        silent.wait()

    def interrupted() -> None:
        with suppress(Stopped):
            workers.run([stalled], Deadline(60))

    caller = threading.Thread(target=interrupted)
    caller.start()
    at_work.wait()
    workers.close()  # returns although nothing has answered
    silent.set()
    caller.join()
