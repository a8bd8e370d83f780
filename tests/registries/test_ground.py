"""What the other tests stand on: the registries take the test images, skopeo reads them, the proxy is transparent."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import urllib3

from tests.registries import images
from tests.registries.images import Content, Flavour
from tests.registries.plain_client import PlainClient
from tests.registries.proxy import Mischief, Reply, Script, proxied
from tests.registries.repositories import TAG, Repository
from tests.registries.servers import MiniStack, Server

IMAGES = {
    "OCI image": images.image("ground"),
    "Docker image": images.image("ground", flavour=Flavour.DOCKER),
    "OCI index": images.index("ground"),
    "Docker index": images.index("ground", flavour=Flavour.DOCKER),
    "signed index": images.signed(images.index("ground/signed")),
}


@pytest.mark.parametrize("content", IMAGES.values(), ids=IMAGES)
def test_distribution_takes_the_test_images_and_skopeo_reads_them(
    content: Content, distribution: Server, fresh: Callable[..., Repository], skopeo: str, tmp_path: Path
) -> None:
    repository = fresh(distribution)
    repository.push(content, TAG)
    assert repository.differences(content) == []
    source = f"docker://{distribution.host}/{repository.name}:{TAG}"
    subprocess.run(
        [skopeo, "copy", "--all", "--preserve-digests", "--src-tls-verify=false", source, f"dir:{tmp_path}/copy"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert (tmp_path / "copy" / "manifest.json").read_bytes() == content.raw


@pytest.mark.parametrize("content", IMAGES.values(), ids=IMAGES)
def test_ministack_takes_the_test_images(
    content: Content, ministack: MiniStack, fresh: Callable[..., Repository]
) -> None:
    repository = fresh(ministack)
    repository.push(content, TAG)
    assert repository.differences(content) == []


def test_neither_registry_has_the_referrers_api(
    distribution: Server, ministack: MiniStack, fresh: Callable[..., Repository], http: urllib3.PoolManager
) -> None:
    content = images.image("referrers API")
    for server in (distribution, ministack):
        repository = fresh(server)
        repository.push(content)
        answer = http.request("GET", f"{server.base_url}/v2/{repository.name}/referrers/{content.digest}")
        assert answer.status == 404


def test_only_the_immutable_repository_refuses_another_digest_under_a_tag(
    ministack: MiniStack, fresh: Callable[..., Repository]
) -> None:
    one, two = images.image("one"), images.image("two")
    for mutability, held in (("MUTABLE", two), ("IMMUTABLE", one)):
        repository = fresh(ministack, mutability)
        repository.push(one, TAG)
        refused = repository.plain._ask(
            "PUT", f"/v2/{repository.name}/manifests/{TAG}", two.raw, {"Content-Type": two.media_type}
        )
        assert refused.status == (201 if held is two else 400)
        assert repository.digest() == held.digest


def test_the_proxy_changes_nothing_that_it_is_not_told_to(
    distribution: Server, fresh: Callable[..., Repository], http: urllib3.PoolManager
) -> None:
    script = Script()
    content = images.signed(images.index("through the proxy"))
    repository = fresh(distribution)
    with proxied(distribution.port, script) as proxy:
        through = PlainClient(proxy.base_url, http)
        through.push(repository.name, content, TAG)
        assert through.differences(repository.name, TAG, content) == []
    assert repository.differences(content) == []
    assert len(script.seen) > 20


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        pytest.param(Mischief.RESET, urllib3.exceptions.ProtocolError, id="reset"),
        pytest.param(Mischief.RESET_AFTERWARDS, urllib3.exceptions.ProtocolError, id="reset-afterwards"),
        pytest.param(Mischief.TRUNCATION, urllib3.exceptions.ProtocolError, id="truncation"),
        pytest.param(Mischief.GARBAGE, urllib3.exceptions.ProtocolError, id="garbage"),
        pytest.param(Mischief.TOO_LONG, urllib3.exceptions.ProtocolError, id="too-long"),
        pytest.param(Mischief.STALL, urllib3.exceptions.ReadTimeoutError, id="stall"),
        pytest.param(Mischief.STALL_HALFWAY, urllib3.exceptions.ReadTimeoutError, id="stall-halfway"),
    ],
)
def test_the_proxy_breaks_connections(
    action: Mischief,
    expected: type[Exception],
    distribution: Server,
    fresh: Callable[..., Repository],
) -> None:
    repository = fresh(distribution)
    content = repository.push(images.image("broken"), TAG)
    with (
        proxied(distribution.port, Script(lambda _seen: action)) as proxy,
        urllib3.PoolManager(retries=False, timeout=0.5) as http,
        pytest.raises(expected),
    ):
        http.request("GET", f"{proxy.base_url}/v2/{repository.name}/blobs/{content.blobs[0].digest}")


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        pytest.param(Reply(503, (("Retry-After", "1"),), b"later"), (503, False, False), id="reply"),
        pytest.param(Mischief.CORRUPTION, (200, False, True), id="corruption"),
        pytest.param(Mischief.LYING_DIGEST, (200, True, False), id="lying-digest"),
        pytest.param(Mischief.SLOW, (200, True, True), id="slow"),
        pytest.param(Mischief.TOO_SHORT, (200, False, True), id="too-short"),
    ],
)
def test_the_proxy_changes_answers(
    action: Mischief | Reply,
    expected: tuple[int, bool, bool],
    distribution: Server,
    fresh: Callable[..., Repository],
) -> None:
    repository = fresh(distribution)
    content = repository.push(images.image("changed"), TAG)
    blob = content.blobs[0]
    with (
        proxied(distribution.port, Script(lambda _seen: action)) as proxy,
        urllib3.PoolManager(retries=False, timeout=2) as http,
    ):
        got = http.request("GET", f"{proxy.base_url}/v2/{repository.name}/blobs/{blob.digest}")
    same_body, right_digest = got.data == blob.data, got.headers.get("Docker-Content-Digest") == blob.digest
    assert (got.status, same_body, right_digest) == expected


def test_an_index_of_the_test_images_is_what_buildkit_would_push() -> None:
    document = json.loads(images.index("shape").raw)
    platforms = ["/".join(entry["platform"].values()) for entry in document["manifests"]]
    assert platforms == ["linux/amd64", "linux/arm64", "linux/arm/v7", "unknown/unknown"]
