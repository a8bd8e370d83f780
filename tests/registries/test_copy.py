"""Copies between and within real registries: every kind of image arrives byte by byte, and no more moves than must."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ecr.oci.copying import copy
from ecr.oci.session import Session
from tests.registries import images
from tests.registries.copying import NORMAL, copied, location
from tests.registries.images import Content, Flavour
from tests.registries.proxy import Script, proxied
from tests.registries.repositories import TAG, Repository
from tests.registries.servers import Server

Fresh = Callable[..., Repository]

PLATFORM = ("linux/amd64",)
TWICE = images.image("twice", (0, 900)).blobs
IMAGES = {
    "OCI image": images.image("copy"),
    "Docker image": images.image("copy", flavour=Flavour.DOCKER),
    "image of many layers": images.image("many", [100 + n for n in range(12)]),
    "image with an empty layer and one layer twice": images.of_blobs(TWICE[0], (*TWICE[1:], *TWICE[1:])),
    "OCI index": images.index("copy"),
    "Docker index": images.index("copy", flavour=Flavour.DOCKER),
    "index of indexes": images.of_children([images.index("left", PLATFORM), images.index("right", PLATFORM)]),
    "signed image": images.signed(images.image("copy/signed")),
    "signed index": images.signed(images.index("copy/signed")),
    "index with a signed platform": images.of_children([images.signed(images.image("child")), images.image("other")]),
}
PAIRS = {
    "from one distribution to another": ("distribution", "other_distribution"),
    "from distribution to MiniStack": ("distribution", "ministack"),
    "from MiniStack to distribution": ("ministack", "distribution"),
    "within distribution": ("distribution", "distribution"),
    "within MiniStack": ("ministack", "ministack"),
}


@pytest.fixture
def pair(request: pytest.FixtureRequest, fresh: Fresh) -> tuple[Repository, Repository]:
    """A source and a target in the two registries that the parameter names."""
    source, target = (request.getfixturevalue(name) for name in request.param)
    return fresh(source), fresh(target)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS, indirect=True)
@pytest.mark.parametrize("content", IMAGES.values(), ids=IMAGES)
def test_an_image_arrives_with_all_that_belongs_to_it(content: Content, pair: tuple[Repository, Repository]) -> None:
    source, target = pair
    source.push(content)
    result = copied(location(source), content.digest, location(target))
    assert target.differences(content) == []
    blobs = content.all_blobs()
    assert result.digest == content.digest
    assert result.blobs_copied + result.blobs_mounted + result.blobs_skipped == len(blobs)
    assert result.referrers == len([one for each in content.everything() for one in each.referrers])
    if source.server == target.server:
        assert (result.blobs_mounted, result.bytes_moved) == (len(blobs), 0)
    else:
        assert (result.blobs_copied, result.bytes_moved) == (len(blobs), content.blob_bytes)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS, indirect=True)
def test_skopeo_reads_what_was_copied(pair: tuple[Repository, Repository], skopeo: str) -> None:
    source, target = pair
    content = source.push(IMAGES["OCI index"])
    copied(location(source), content.digest, location(target))
    image = f"docker://{target.server.host}/{target.name}:{TAG}"
    raw = subprocess.run(
        [skopeo, "inspect", "--raw", "--tls-verify=false", image], check=True, capture_output=True, timeout=60
    ).stdout
    assert f"sha256:{hashlib.sha256(raw).hexdigest()}" == content.digest


def test_the_source_may_be_named_by_its_tag(distribution: Server, other_distribution: Server, fresh: Fresh) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(IMAGES["OCI image"], "from")
    assert copied(location(source), "from", location(target)).digest == content.digest
    assert target.differences(content) == []


def test_another_tag_in_the_same_repository_moves_nothing(distribution: Server, fresh: Fresh) -> None:
    repository = fresh(distribution)
    content = repository.push(IMAGES["signed index"], "from")
    result = copied(location(repository), content.digest, location(repository))
    assert repository.differences(content) == []
    assert (result.bytes_moved, result.blobs_copied, result.blobs_mounted) == (0, 0, 0)


def test_a_registry_that_does_not_mount_is_sent_the_blobs(distribution: Server, fresh: Fresh) -> None:
    """As ECR does while blob mounting is off: 202 in place of 201, an upload like any other."""
    source, target = fresh(distribution), fresh(distribution)
    content = source.push(IMAGES["OCI index"])
    script = Script()
    with proxied(distribution.port, script, deaf_to="from") as proxy:
        result = copied(location(source, proxy), content.digest, location(target, proxy))
    assert target.differences(content) == []
    assert (result.blobs_mounted, result.bytes_moved) == (0, content.blob_bytes)


def test_only_what_is_missing_moves(distribution: Server, other_distribution: Server, fresh: Fresh) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    first = source.push(images.image("first", (1000, 2000)))
    second = source.push(
        images.of_blobs(images.image("second").blobs[0], (*first.blobs[1:], images.image("new").blobs[1]))
    )
    copied(location(source), first.digest, location(target), tag="first")
    result = copied(location(source), second.digest, location(target))
    new = (second.blobs[0], second.blobs[-1])
    assert (result.blobs_skipped, result.blobs_copied) == (2, 2)
    assert result.bytes_moved == sum(len(blob.data) for blob in new)
    assert target.differences(second) == []


@pytest.mark.parametrize("content", IMAGES.values(), ids=IMAGES)
def test_promoting_what_is_there_takes_three_requests_at_most(
    content: Content, distribution: Server, ministack: Server, fresh: Fresh
) -> None:
    """Two more in a session that has yet to learn that these registries have no referrers API."""
    source, target = fresh(distribution), fresh(ministack)
    source.push(content)
    copied(location(source), content.digest, location(target))
    script = Script()
    counts = [0]
    with (
        proxied(distribution.port, script, "source") as from_here,
        proxied(ministack.port, script, "target") as to_here,
        Session(NORMAL) as session,
    ):
        here, there = location(source, from_here), location(target, to_here)
        for _ in range(2):
            result = copy(here, content.digest, there, TAG, session=session)
            assert (result.digest, result.bytes_moved, result.blobs_copied) == (content.digest, 0, 0)
            counts.append(len(script.seen))
    assert counts[1] <= (5 if content.referrers else 3)
    assert counts[2] - counts[1] <= 3


def test_what_is_there_under_another_tag_gets_the_tag_and_no_bytes(
    distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(IMAGES["signed index"])
    copied(location(source), content.digest, location(target), tag="elsewhere")
    result = copied(location(source), content.digest, location(target))
    assert target.differences(content) == []
    assert result.bytes_moved == 0


def test_children_come_before_parents_and_the_tag_is_last(
    distribution: Server, ministack: Server, fresh: Fresh
) -> None:
    """MiniStack takes an index without its platforms: nothing but the order keeps it from holding half an image."""
    source, target = fresh(distribution), fresh(ministack)
    content = source.push(IMAGES["signed index"])
    script = Script()
    with proxied(ministack.port, script) as proxy:
        copied(location(source), content.digest, location(target, proxy))
    writes = [seen for seen in script.seen if seen.method in ("PUT", "POST", "PATCH")]
    assert writes[-1].puts_tag(TAG)
    put = [seen.path.rpartition("/")[2] for seen in writes if "/manifests/" in seen.path]
    for parent in content.everything():
        place = put.index(TAG if parent is content else parent.digest)
        assert all(put.index(child.digest) < place for child in parent.children)
    blobs = [seen for seen in writes if "/blobs/" in seen.path]
    assert max(seen.position for seen in blobs) < writes[-1].position


def test_an_upload_whose_place_names_the_registry_host_goes_where_the_registry_is(
    distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    """Under an endpoint override the registry sees its own name in `Host`, and answers with addresses that carry it."""
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(IMAGES["OCI image"])
    there = location(target)
    there = replace(there, registry=replace(there.registry, host="registry.example"))
    here = location(source)
    here = replace(here, registry=replace(here.registry, host="source.example"))
    copied(here, content.digest, there)
    assert target.differences(content) == []
    back = fresh(distribution)
    there = location(back)
    there = replace(there, registry=replace(there.registry, host="registry.example"))
    copied(location(target), content.digest, there)
    assert back.differences(content) == []


def test_one_session_makes_many_copies_at_once(distribution: Server, other_distribution: Server, fresh: Fresh) -> None:
    source = fresh(distribution)
    contents = [source.push(images.signed(images.index(f"at once {n}"))) for n in range(8)]
    targets = [fresh(other_distribution) for _ in contents]
    with Session(NORMAL) as session, ThreadPoolExecutor(8) as pool:
        futures = [
            pool.submit(copy, location(source), content.digest, location(target), TAG, session=session)
            for content, target in zip(contents, targets, strict=True)
        ]
        digests = [future.result().digest for future in futures]
    assert digests == [content.digest for content in contents]
    for content, target in zip(contents, targets, strict=True):
        assert target.differences(content) == []


def test_progress_adds_up(distribution: Server, other_distribution: Server, fresh: Fresh) -> None:
    class Sum:
        def __init__(self) -> None:
            self.blobs: dict[str, str] = {}
            self.received: list[int] = []
            self.known: list[int] = []

        def blob(self, digest: str, size: int, outcome: str) -> None:
            assert size >= 0
            self.blobs[digest] = outcome

        def moved(self, count: int) -> None:
            self.received.append(count)

        def total(self, size: int) -> None:
            self.known.append(size)

    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(IMAGES["OCI index"])
    progress = Sum()
    with Session(NORMAL) as session:
        copy(location(source), content.digest, location(target), TAG, session=session, progress=progress)
    assert progress.blobs == dict.fromkeys(content.all_blobs(), "copied")
    assert sum(progress.received) == content.blob_bytes
