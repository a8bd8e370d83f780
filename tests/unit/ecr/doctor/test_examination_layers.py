"""A layer, and the place that it comes from."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from ecr.doctor.checks import Step
from ecr.oci.transport import Request
from tests.unit.ecr.doctor.pulls import (
    LAYER_URL,
    S3,
    broken_by,
    ecr,
    examine,
    hanging,
)  # fmt: skip
from tests.unit.ecr.oci.fake_registry import Reply

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
        pytest.param(lambda _: Reply(206), "answers 206", id="empty"),
        pytest.param(
            lambda _: Reply(307, headers={"location": LAYER_URL}), "redirects more than 3 times", id="in-circles"
        ),
        pytest.param(
            lambda _: Reply(307, headers={"location": "ftp://x"}), "is refused: registries are reached", id="ftp"
        ),
        pytest.param(
            lambda _: Reply(307, headers={"location": "https://h:x"}), "an address that is none", id="no-address"
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
    assert "answered 503 for GET /v2/dev/yoon-app/blobs/" in examine(registry=ecr(blobs=503))[Step.LAYER].line
