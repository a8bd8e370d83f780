"""What names lead to, what connects, and what a registry answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from ecr.doctor.checks import Step, Trouble
from ecr.doctor.examination import Examination, Subject
from ecr.errors import RemoteError
from ecr.oci.credentials import Credentials
from ecr.oci.manifest import MAX_MANIFEST_BYTES, OCI_INDEX, OCI_MANIFEST
from ecr.oci.registry import Location, Registry
from ecr.oci.transport import Request, TransportError
from tests.unit.ecr.doctor.pulls import (
    API,
    FAILED,
    HOST,
    NAME,
    PUBLIC,
    S3,
    SKIPPED,
    TOKEN,
    Dripping,
    FakeNetwork,
    Layers,
    broken_by,
    ecr,
    examine,
    hanging,
    location,
    one_byte,
    sign_in,
)  # fmt: skip
from tests.unit.ecr.doctor.test_network import untrusted
from tests.unit.ecr.oci.fake_registry import FakeRegistry, Reply, digest_of


def test_a_pull_that_works_is_ok_all_along() -> None:
    found = examine()
    assert found.statuses == "ooooooo"
    assert [check.line for check in found.checks[:5]] == [
        f"ok resolve-api: {API} is 10.0.1.5 (private)",
        f"ok resolve-registry: {HOST} is 10.0.1.5 (private)",
        f"ok connect-api: {API} answers at 10.0.1.5 with TLSv1.3, in 0 ms",
        f"ok connect-registry: {HOST} answers at 10.0.1.5 with TLSv1.3, in 0 ms",
        f"ok sign-in: ECR has given a token for {HOST}",
    ]
    assert found[Step.MANIFEST].text.startswith(f"{HOST}/{NAME}:v1 is sha256:")
    assert f"comes from {S3} at 52.218.1.1 (public)" in found[Step.LAYER].text


def test_ecr_is_asked_for_one_token_only() -> None:
    asked = []

    def counting() -> Credentials:
        asked.append(1)
        return sign_in()

    assert examine(at=location(counting)).statuses == "ooooooo"
    assert len(asked) == 1


def test_of_an_index_the_layer_of_a_platform_is_asked_for() -> None:
    registry = FakeRegistry()
    image = registry.put_image(NAME, "one")
    attestation = {**registry.put_image(NAME, "two"), "platform": {"os": "unknown", "architecture": "unknown"}}
    children = [attestation, {**image, "platform": {"os": "linux", "architecture": "amd64"}}]
    registry.put(NAME, {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children}, OCI_INDEX, "v1")
    found = examine(registry=registry)
    assert found.statuses == "ooooooo"
    assert [request.url.rpartition("/")[2] for request in found.layers.asked[:2]] == ["v1", image["digest"]]


def test_an_index_of_nothing_and_an_artifact_have_no_layers() -> None:
    registry = FakeRegistry()
    registry.put(NAME, {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}, OCI_INDEX, "v1")
    found = examine(registry=registry)
    assert found[Step.LAYER].line == "skipped layer: because the image has no layers"


def test_a_configuration_is_no_layer() -> None:
    registry = ecr()
    found = examine(registry=registry)
    assert found.layers.asked[-2].url.endswith(f"/blobs/{digest_of(b'layer of one')}")
    config = registry.put_blob(NAME, b"{}")
    registry.put(NAME, {"mediaType": OCI_MANIFEST, "config": config, "layers": []}, OCI_MANIFEST, "v1")
    assert examine(registry=registry)[Step.LAYER].line == "skipped layer: because the image has no layers"


def test_a_digest_is_not_told_twice() -> None:
    registry = ecr()
    (digest,) = {reference for _, reference in registry.manifests if ":" in reference}
    assert examine(registry=registry, reference=digest)[Step.MANIFEST].text == f"{HOST}/{NAME}@{digest} is there"


def test_without_an_image_the_way_to_the_registry_is_looked_at() -> None:
    found = examine(reference=None)
    assert found.statuses == "oooooss"
    assert found[Step.MANIFEST].line == "skipped manifest: because no image is named; give HOST/NAME:TAG"
    assert not found.layers.asked


# ---------------------------------------------------------------------------------------------------------------------
# Names and connections
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "statuses", "step", "words"),
    [
        pytest.param(
            FakeNetwork({API: Trouble.UNKNOWN_NAME}),
            "Fososss",
            Step.SIGN_IN,
            "because resolve-api failed",
            id="no-api-name",
        ),
        pytest.param(
            FakeNetwork({HOST: Trouble.UNKNOWN_NAME}),
            "oFososs",
            Step.MANIFEST,
            "because resolve-registry failed",
            id="no-registry-name",
        ),
        pytest.param(
            FakeNetwork({HOST: PUBLIC}),
            "oFooooo",
            Step.RESOLVE_REGISTRY,
            "(public), and a private address is expected",
            id="public-registry",
        ),
        pytest.param(
            FakeNetwork({API: PUBLIC}),
            "Foooooo",
            Step.RESOLVE_API,
            "the endpoint ecr.api needs private DNS",
            id="public-api",
        ),
        pytest.param(
            FakeNetwork({API: ("10.0.1.6",)}, unreachable={"10.0.1.6": Trouble.SILENT}),
            "ooFosss",
            Step.CONNECT_API,
            "does not answer within 0.2 s; let the security group of the endpoint ecr.api",
            id="silent-api",
        ),
        pytest.param(
            FakeNetwork({HOST: ("10.0.1.6",)}, unreachable={"10.0.1.6": Trouble.REFUSED}),
            "oooFoss",
            Step.MANIFEST,
            "because connect-registry failed",
            id="refusing-registry",
        ),
        pytest.param(
            FakeNetwork(unreachable={"10.0.1.5": Trouble.UNTRUSTED}),
            "ooFFsss",
            Step.CONNECT_REGISTRY,
            "name the certificate authorities",
            id="untrusted",
        ),
        pytest.param(
            FakeNetwork(hangs=frozenset({HOST})),
            "oFososs",
            Step.RESOLVE_REGISTRY,
            "was not looked up in time",
            id="dns-hangs",
        ),
    ],
)
def test_what_fails_on_the_way_is_named_and_what_cant_work_then_is_not_tried(
    network: FakeNetwork, statuses: str, step: Step, words: str
) -> None:
    found = examine(network=network)
    assert found.statuses == statuses
    assert words in found[step].line
    if found[Step.MANIFEST].status is SKIPPED:
        assert not found.layers.asked
        assert found[Step.LAYER].line == "skipped layer: because there is no manifest"


def test_the_next_address_is_tried() -> None:
    network = FakeNetwork({HOST: ("10.0.1.6", "10.0.1.7")}, unreachable={"10.0.1.6": Trouble.REFUSED})
    assert "answers at 10.0.1.7" in examine(network=network)[Step.CONNECT_REGISTRY].text


def test_without_expectations_a_public_address_is_as_good() -> None:
    found = examine(network=FakeNetwork({API: PUBLIC, HOST: PUBLIC}), expect_private=False)
    assert found.statuses == "ooooooo"
    assert found[Step.RESOLVE_API].text == f"{API} is 52.1.2.3 (public)"


def test_behind_a_proxy_the_requests_alone_are_looked_at() -> None:
    network = FakeNetwork(proxies={API: "proxy:3128", HOST: "proxy:3128", S3: "proxy:3128"})
    found = examine(network=network, expect_private=False)
    assert found.statuses == "ssssooo"
    assert found[Step.CONNECT_API].line == "skipped connect-api: because the proxy does it"
    assert network.asked == []
    assert found[Step.LAYER].text.startswith("a byte of sha256:")
    assert examine(network=network, expect_private=True).statuses == "FFssooo"


def test_a_proxy_that_cant_be_used_is_named() -> None:
    class Odd(FakeNetwork):
        def proxy_of(self, url: str) -> str | None:
            raise TransportError(f"the proxy of the environment is odd for {len(url)}", temporary=False)

    found = examine(network=Odd())
    assert found.statuses == "FFsssss"
    assert found[Step.RESOLVE_API].line.endswith("; correct HTTPS_PROXY")


# ---------------------------------------------------------------------------------------------------------------------
# Signing in, and the manifest
# ---------------------------------------------------------------------------------------------------------------------


def refused_sign_in() -> Credentials:
    raise RemoteError("repository dev/yoon-app: ecr GetAuthorizationToken failed with AccessDeniedException: no",
                      service="ecr", operation="GetAuthorizationToken", code="AccessDeniedException")  # fmt: skip


def hanging_sign_in() -> Credentials:
    threading.Event().wait(1)
    return sign_in()


def test_a_refused_token_is_told_with_the_endpoint_policy() -> None:
    found = examine(at=location(refused_sign_in))
    assert found.statuses == "ooooFss"
    assert "AccessDeniedException: no; and let the policy of the endpoint ecr.api pass" in found[Step.SIGN_IN].line
    assert found[Step.MANIFEST].line == "skipped manifest: because sign-in failed"


def test_a_token_that_does_not_come_ends_in_time() -> None:
    begun = time.monotonic()
    found = examine(at=location(hanging_sign_in), timeout_s=0.1)
    assert time.monotonic() - begun < 0.9
    assert found[Step.SIGN_IN].line == "FAILED sign-in: nothing came within 0.1 s; try again, with more time: --timeout"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "answered 401 for GET /v2/dev/yoon-app/manifests/v1"),
        (403, "check the policies of identity, repository and endpoint ecr.dkr"),
        (404, "does not exist; check the name, or the permission to read it"),
        (418, "answered 418 for GET /v2/dev/yoon-app/manifests/v1; check the policies of identity"),
        (500, "answered 500 for GET /v2/dev/yoon-app/manifests/v1; try again later"),
    ],
)
def test_a_manifest_that_is_not_handed_out(status: int, words: str) -> None:
    found = examine(registry=ecr(manifests=status))
    assert found.statuses == "oooooFs"
    assert words in found[Step.MANIFEST].line


def dripping(_request: Request) -> Reply:
    return Dripping(200, b"{")


def redirecting(to: str) -> Callable[[Request], Reply]:
    return lambda _request: Reply(307, headers={"location": to})


MORE_TIME = "try again, with more time: --timeout; or "
GROUP = "let the security group of the endpoint ecr.dkr take in TCP 443 from this machine's address"
ODD = "check what answers there: a proxy or a portal in its place"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(broken_by(TimeoutError()), f"can't be reached: something happened; {MORE_TIME}{GROUP}", id="hang"),
        pytest.param(dripping, f"can't be reached: it was silent for too long; {MORE_TIME}{GROUP}", id="drips"),
        pytest.param(broken_by(ConnectionRefusedError()), "; check what listens on port 443 there", id="refused"),
        pytest.param(broken_by(ConnectionResetError(104, "reset")), "; try again, and check what stands", id="reset"),
        pytest.param(broken_by(socket.gaierror(-2, "unknown")), "; check the name and the Region", id="unknown-name"),
        pytest.param(broken_by(untrusted()), "; name the certificate authorities of a proxy", id="untrusted"),
        pytest.param(redirecting("https://elsewhere.example/x"), f"redirects more than 3 times for /v2/dev/yoon-app/"
                     f"manifests/v1; {ODD}", id="in-circles"),
        pytest.param(redirecting("ftp://x"), f"ftp://x is refused: registries are reached over https; {ODD}", id="ftp"),
        pytest.param(redirecting("https://h:x"), f"answers with an address that is none; {ODD}", id="no-address"),
        pytest.param(lambda _: Reply(200, b" " * (MAX_MANIFEST_BYTES + 1)), f"bytes for /v2/dev/yoon-app/manifests/v1; "
                     f"{ODD}", id="too-large"),
        pytest.param(lambda _: Reply(200, b"<html>"), "is not JSON: ", id="portal"),
        pytest.param(lambda _: Reply(200, b"{}", {"docker-content-digest": "sha256:0"}), "; push the image anew",
                     id="damaged"),
        pytest.param(lambda _: Reply(429), "answered 429 for GET /v2/dev/yoon-app/manifests/v1; try again later",
                     id="too-many"),
    ],
)  # fmt: skip
def test_a_manifest_that_does_not_come_says_what_to_do(answer: Callable[[Request], Reply], words: str) -> None:
    class Elsewhere(Layers):
        def send(self, request: Request) -> Reply:
            return self.bucket(request)

    subject = Subject(location=location(), reference="v1", timeout_s=1)
    transport = Elsewhere(ecr(), answer)
    made = list(Examination(subject, network=FakeNetwork(), transport=transport).run())
    (manifest,) = (check for check in made if check.step is Step.MANIFEST)
    assert manifest.status is FAILED
    assert words in manifest.line
    assert manifest.fix


def test_a_redirect_to_a_host_that_is_silent_names_no_endpoint() -> None:
    class Elsewhere(Layers):
        def send(self, request: Request) -> Reply:
            if "elsewhere" not in request.url:
                return Reply(307, headers={"location": "https://elsewhere.example/x"})
            return broken_by(TimeoutError())(request)

    subject = Subject(location=location(), reference="v1", timeout_s=1)
    made = list(Examination(subject, network=FakeNetwork(), transport=Elsewhere(ecr(), one_byte)).run())
    assert made[5].fix == "try again, with more time: --timeout; or let this machine reach TCP 443 there"


def test_behind_a_proxy_a_manifest_that_does_not_come_is_told_with_the_proxy() -> None:
    network = FakeNetwork(proxies={API: "proxy:3128", HOST: "proxy:3128"})

    def silent(request: Request, _nth: int) -> Reply | None:
        return broken_by(TimeoutError())(request)

    found = examine(network=network, registry=FakeRegistry(answers=silent), expect_private=False)
    assert found[Step.MANIFEST].fix == f"let the proxy proxy:3128 pass requests to {HOST}, or add {HOST} to NO_PROXY"


def test_a_manifest_that_hangs_ends_in_time() -> None:
    def hang(request: Request, _nth: int) -> Reply | None:
        return hanging(request)

    found = examine(registry=FakeRegistry(answers=hang), timeout_s=0.1)
    assert f"{HOST}/{NAME}:v1 did not come within 0.1 s; {MORE_TIME}{GROUP}" in found[Step.MANIFEST].line


def test_a_manifest_that_makes_no_sense() -> None:
    registry = FakeRegistry()
    registry.manifests[NAME, "v1"] = (OCI_MANIFEST, b"{}")
    assert "names no configuration" in examine(registry=registry)[Step.MANIFEST].line


# ---------------------------------------------------------------------------------------------------------------------
# Registries that are not ECR
# ---------------------------------------------------------------------------------------------------------------------


def plain(sign: Callable[[], Credentials | None]) -> Location:
    return Location(Registry("http://localhost:5000", "localhost:5000", sign), NAME, f"localhost:5000/{NAME}")


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        (lambda: None, "localhost:5000 is asked as nobody: Docker knows no credentials"),
        (lambda: Credentials("me", TOKEN), "localhost:5000 is asked as Docker's configuration says"),
    ],
    ids=["anonymous", "configured"],
)
def test_another_registry_has_no_api(sign: Callable[[], Credentials | None], words: str) -> None:
    registry = ecr()
    network = FakeNetwork({"localhost": ("127.0.0.1",)})

    class Direct(Layers):
        def send(self, request: Request) -> Reply:
            self.asked.append(request)
            return self.registry.send(request)

    subject = Subject(location=plain(sign), reference="v1", timeout_s=1)
    made = list(Examination(subject, network=network, transport=Direct(registry, one_byte)).run())
    assert "".join(check.status[0] for check in made) == "sosoooo"
    assert made[0].text.startswith("because localhost:5000 is not ECR's own host")
    assert made[3].text.startswith("localhost:5000 answers at 127.0.0.1, in ")
    assert made[4].text == words
    assert "comes from localhost:5000 at 127.0.0.1 (private)" in made[6].text


def test_under_an_endpoint_override_nobody_is_told_of_vpc_endpoints() -> None:
    registry = Registry("http://localhost:4566", HOST, sign_in, sign_in_first=True, api_url="http://localhost:4566")
    network = FakeNetwork({"localhost": ("127.0.0.1",)}, unreachable={"127.0.0.1": Trouble.SILENT})
    found = examine(network=network, at=Location(registry, NAME, f"{HOST}/{NAME}"))
    assert found.statuses == "ooFFsss"
    assert found[Step.CONNECT_API].fix == "let this machine reach TCP 4566 there"
    assert found[Step.CONNECT_REGISTRY].fix == "let this machine reach TCP 4566 there"


def test_a_registry_that_is_not_ecr_and_not_there_is_not_signed_in_to() -> None:
    def nobody() -> None:
        raise AssertionError("nobody is to be asked for credentials")

    network = FakeNetwork({"localhost": ("127.0.0.1",)}, unreachable={"127.0.0.1": Trouble.REFUSED})
    found = examine(network=network, at=plain(nobody))
    assert found[Step.SIGN_IN].line == "skipped sign-in: because connect-registry failed"
    unknown = examine(network=FakeNetwork({}), at=plain(nobody))
    assert unknown[Step.SIGN_IN].line == "skipped sign-in: because resolve-registry failed"
