"""A layer, and the place that it comes from."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from ecr.doctor.checks import Step
from ecr.oci.transport import Request, TransportError
from tests.unit.ecr.doctor.pulls import (
    HOST,
    LAYER_URL,
    NAME,
    S3,
    Dripping,
    broken_by,
    ecr,
    examine,
    hanging,
)  # fmt: skip
from tests.unit.ecr.oci.fake_registry import FakeRegistry, Reply, digest_of

CHECK = "check what answers there: a proxy or a portal in its place"
LAYER = digest_of(b"layer of one")
GATEWAY = "give the route table of this subnet the gateway endpoint of S3"


@pytest.mark.parametrize(
    ("bucket", "words"),
    [
        pytest.param(hanging, f"does not answer within 0.2 s; {GATEWAY}", id="hangs"),
        pytest.param(broken_by(TimeoutError()), f"does not answer within 0.2 s; {GATEWAY}", id="timed-out"),
        pytest.param(broken_by(ConnectionRefusedError()), "refuses the connection", id="refused"),
        pytest.param(
            broken_by(socket.gaierror(-2, "unknown")),
            "has no address; let the DNS server of this machine answer for S3",
            id="unknown-name",
        ),
        pytest.param(broken_by(ConnectionResetError(104, "reset")), "breaks the connection (reset)", id="reset"),
        pytest.param(
            lambda _: Reply(403),
            "answers 403; let the policy of the VPC's S3 endpoint allow s3:GetObject on "
            "prod-eu-west-1-starport-layer-bucket/*",
            id="endpoint-policy",
        ),
        pytest.param(lambda _: Reply(404), "answers 404", id="gone"),
        pytest.param(lambda _: Reply(206), f"answers 206, but sends no byte; {CHECK}", id="empty"),
        pytest.param(lambda _: Dripping(206, b"x"), f"does not answer within 0.2 s; {GATEWAY}", id="drips"),
        pytest.param(
            lambda _: Reply(307, headers={"location": LAYER_URL}),
            f"redirects more than 3 times for /v2/dev/yoon-app/blobs/{LAYER}; {CHECK}",
            id="in-circles",
        ),
        pytest.param(
            lambda _: Reply(307, headers={"location": "ftp://x"}),
            f"ftp://x is refused: registries are reached over https; {CHECK}",
            id="ftp",
        ),
        pytest.param(
            lambda _: Reply(307, headers={"location": "https://h:x"}),
            f"an address that is none; {CHECK}",
            id="no-address",
        ),
    ],
)
def test_a_layer_that_does_not_come_is_named_with_its_host(bucket: Callable[[Request], Reply], words: str) -> None:
    found = examine(bucket=bucket)
    assert found.statuses == "ooooooF"
    assert words in found[Step.LAYER].line
    if "redirect" not in words and "address that" not in words and "is refused" not in words:
        assert f"layers come from {S3}, which " in found[Step.LAYER].line


def test_a_missing_gateway_endpoint_is_told_with_the_addresses_of_s3() -> None:
    assert examine(bucket=hanging)[Step.LAYER].text == (
        f"layers come from {S3}, which at 52.218.1.1 (public) does not answer within 0.2 s"
    )


def test_a_registry_that_hands_out_manifests_but_no_layers() -> None:
    found = examine(registry=ecr(blobs=403))
    assert found.statuses == "ooooooF"
    assert "answers 403; check the repository's policy and the image" in found[Step.LAYER].line


def test_a_registry_that_fails_at_layers_says_so_itself() -> None:
    line = examine(registry=ecr(blobs=503))[Step.LAYER].line
    assert "answered 503 for GET /v2/dev/yoon-app/blobs/" in line
    assert line.endswith("; try again later")


def test_a_registry_that_sends_no_layer_itself_is_told_with_its_endpoint() -> None:
    def answer(request: Request, _nth: int) -> Reply | None:
        if "/blobs/" in request.url:
            raise TransportError("it was silent for too long") from TimeoutError()
        return None

    registry = FakeRegistry(answers=answer)
    registry.put_image(NAME, "one", "v1")
    assert examine(registry=registry)[Step.LAYER].line == (
        f"FAILED layer: layers come from {HOST}, which at 10.0.1.5 (private) does not answer within 0.2 s; "
        "try again, with more time: --timeout; or let the security group of the endpoint ecr.dkr take in TCP 443 "
        "from this machine's address, and this machine's let out TCP 443"
    )
