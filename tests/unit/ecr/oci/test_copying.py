from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping

import pytest

from ecr.errors import Conflict, RemoteError
from ecr.oci.copying import CopyResult, copy
from ecr.oci.manifest import OCI_INDEX
from ecr.oci.session import Session
from ecr.oci.verifying import verify
from ecr.repository import Mutability, TagMutability
from tests.unit.ecr.oci.fake_registry import FakeRegistry, Reply, at, session_with

pytestmark = pytest.mark.usefixtures("_at_once")

TAG = "v1.0.0"
SOURCE, TARGET = at("a", "dev/app"), at("b", "staging/app")
BESIDE = at("a", "staging/app")


def digest(entry: Mapping[str, object]) -> str:
    return str(entry["digest"])


def index_of(registry: FakeRegistry, *platforms: str) -> dict[str, object]:
    children = [registry.put_image("dev/app", name) for name in platforms]
    return registry.put("dev/app", {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children}, OCI_INDEX, TAG)


def counts(result: CopyResult) -> dict[str, int]:
    wanted = ("blobs_copied", "blobs_mounted", "blobs_skipped", "manifests_copied", "referrers")
    return {name: value for name, value in dataclasses.asdict(result).items() if name in wanted and value}


def test_an_image_arrives_byte_for_byte_with_its_tag_last() -> None:
    a, b = FakeRegistry(), FakeRegistry()
    image = a.put_image("dev/app", "one", TAG)
    with session_with(a=a, b=b) as session:
        result = copy(SOURCE, TAG, TARGET, TAG, session=session)
        assert verify(TARGET, TAG, session=session).problems == ()
    assert result.digest == digest(image)
    assert b.manifests["staging/app", TAG] == a.manifests["dev/app", TAG]
    assert counts(result) == {"blobs_copied": 2, "manifests_copied": 1}
    assert result.bytes_moved == sum(map(len, b.blobs.values()))
    puts = [asked for asked in b.asked if asked.startswith("PUT")]
    assert puts[-1] == f"PUT /v2/staging/app/manifests/{TAG}"


def test_all_platforms_of_an_index_arrive_before_it() -> None:
    a, b = FakeRegistry(), FakeRegistry()
    index_of(a, "amd64", "arm64", "attestation")
    with session_with(a=a, b=b) as session:
        result = copy(SOURCE, TAG, TARGET, TAG, session=session)
    assert counts(result) == {"blobs_copied": 6, "manifests_copied": 4}
    puts = [asked for asked in b.asked if "PUT /v2/staging/app/manifests/" in asked]
    assert [asked.endswith(TAG) for asked in puts] == [False, False, False, True]


def test_within_a_registry_blobs_are_mounted_and_none_is_read() -> None:
    a = FakeRegistry()
    a.put_image("dev/app", "one", TAG)
    with session_with(a=a) as session:
        result = copy(SOURCE, TAG, BESIDE, TAG, session=session)
    assert (counts(result), result.bytes_moved) == ({"blobs_mounted": 2, "manifests_copied": 1}, 0)


def test_a_registry_that_does_not_mount_gets_the_blob_in_the_session_it_offers() -> None:
    a = FakeRegistry(mounts=False)
    a.put_image("dev/app", "one", TAG)
    with session_with(a=a) as session:
        result = copy(SOURCE, TAG, BESIDE, TAG, session=session)
    assert counts(result) == {"blobs_copied": 2, "manifests_copied": 1}
    assert sum(asked.startswith("POST") for asked in a.asked) == 2


def test_nothing_is_mounted_from_another_registry() -> None:
    a, b = FakeRegistry(), FakeRegistry()
    a.put_image("dev/app", "one", TAG)
    with session_with(a=a, b=b) as session:
        copy(SOURCE, TAG, TARGET, TAG, session=session)
    assert not [request.url for request in b.requests if "mount=" in request.url]


@pytest.mark.parametrize(
    ("signed", "api", "first", "again"),
    [
        pytest.param(False, True, 2, 2, id="api-unsigned"),
        pytest.param(True, True, 3, 3, id="api-signed"),
        pytest.param(False, False, 3, 2, id="tags-unsigned"),
        pytest.param(True, False, 5, 3, id="tags-signed"),
    ],
)
def test_an_image_that_is_there_costs_three_requests(*, signed: bool, api: bool, first: int, again: int) -> None:
    a, b = FakeRegistry(referrers_api=api), FakeRegistry(referrers_api=api)
    image = a.put_image("dev/app", "one", TAG)
    if signed:
        signature = a.put_image("dev/app", "signature", subject=image)
        if not api:
            tag = digest(image).replace(":", "-")
            a.put("dev/app", {"schemaVersion": 2, "manifests": [signature]}, OCI_INDEX, tag)
    with session_with(a=a, b=b) as session:
        copy(SOURCE, digest(image), TARGET, TAG, session=session)
    asked = []
    with session_with(a=a, b=b) as session:
        for _ in range(2):
            a.asked.clear()
            b.asked.clear()
            result = copy(SOURCE, digest(image), TARGET, TAG, session=session)
            assert counts(result) == ({"referrers": 1} if signed else {})
            asked.append([*a.asked, *b.asked])
    assert [len(requests) for requests in asked] == [first, again], asked


@pytest.mark.parametrize(("from_api", "to_api"), [(True, True), (True, False), (False, True), (False, False)])
def test_referrers_arrive_whether_or_not_a_registry_lists_them(*, from_api: bool, to_api: bool) -> None:
    a, b = FakeRegistry(referrers_api=from_api, page=1), FakeRegistry(referrers_api=to_api, page=1)
    image = a.put_image("dev/app", "one", TAG)
    referrers = [a.put_image("dev/app", name, subject=image) for name in ("signature", "sbom", "attestation")]
    tag = digest(image).replace(":", "-")
    if not from_api:
        a.put("dev/app", {"schemaVersion": 2, "manifests": referrers}, OCI_INDEX, tag)
    with session_with(a=a, b=b) as session:
        result = copy(SOURCE, TAG, TARGET, TAG, session=session)
        assert verify(TARGET, TAG, session=session).manifests == 4
        assert copy(SOURCE, TAG, TARGET, TAG, session=session).manifests_copied == 0
    assert result.referrers == 3
    if not to_api:
        listed = json.loads(b.manifests["staging/app", tag][1])["manifests"]
        assert {entry["digest"] for entry in listed} == {digest(entry) for entry in referrers}


def test_a_referrer_that_came_later_follows() -> None:
    a, b = FakeRegistry(), FakeRegistry()
    image = a.put_image("dev/app", "one", TAG)
    with session_with(a=a, b=b) as session:
        copy(SOURCE, TAG, TARGET, TAG, session=session)
        signature = a.put_image("dev/app", "signature", subject=image)
        result = copy(SOURCE, TAG, TARGET, TAG, session=session)
    assert counts(result) == {"blobs_copied": 2, "manifests_copied": 1, "referrers": 1}
    assert ("staging/app", digest(signature)) in b.manifests


def pushed(b: FakeRegistry) -> list[str]:
    return [asked for asked in b.asked if not asked.startswith(("GET", "HEAD"))]


def test_an_immutable_tag_with_another_image_is_refused_before_anything_moves() -> None:
    a, b = FakeRegistry(), FakeRegistry()
    image, other = a.put_image("dev/app", "one", TAG), b.put_image("staging/app", "other", TAG)
    with session_with(a=a, b=b) as session, pytest.raises(Conflict) as raised:
        copy(SOURCE, TAG, TARGET, TAG, session=session, mutability=TagMutability(Mutability.IMMUTABLE))
    assert digest(image) in str(raised.value)
    assert digest(other) in str(raised.value)
    assert pushed(b) == []


def test_a_registry_that_refuses_to_move_a_tag_is_a_conflict_that_names_both() -> None:
    a, b = FakeRegistry(), FakeRegistry(immutable=True)
    image, other = a.put_image("dev/app", "one", TAG), b.put_image("staging/app", "other", TAG)
    with session_with(a=a, b=b) as session, pytest.raises(Conflict, match=digest(other)) as raised:
        copy(SOURCE, TAG, TARGET, TAG, session=session)
    assert digest(image) in str(raised.value)


def test_somebody_who_moves_the_tag_at_the_same_time_is_noticed() -> None:
    a, b = FakeRegistry(), FakeRegistry()
    a.put_image("dev/app", "one", TAG)
    other = b.put_image("staging/app", "other")

    def after_the_push(_: object, __: int) -> None:
        if b.asked[-1].startswith("GET") and ("staging/app", TAG) in b.manifests:
            b.manifests["staging/app", TAG] = b.manifests["staging/app", digest(other)]

    b.answers = after_the_push
    with session_with(a=a, b=b) as session, pytest.raises(Conflict, match=digest(other)):
        copy(SOURCE, TAG, TARGET, TAG, session=session)


def run(session: Session) -> RemoteError:
    with pytest.raises(RemoteError) as raised:
        copy(SOURCE, TAG, TARGET, TAG, session=session)
    return raised.value


def test_an_image_that_is_not_there_is_named() -> None:
    b = FakeRegistry()
    with session_with(a=FakeRegistry(), b=b) as session:
        error = run(session)
    assert (error.code, "a/dev/app:v1.0.0 does not exist" in str(error)) == ("MANIFEST_UNKNOWN", True)
    assert pushed(b) == []


def test_a_damaged_blob_ends_the_copy_without_a_tag() -> None:
    a, b = FakeRegistry(), FakeRegistry()
    a.put_image("dev/app", "one", TAG)
    a.blobs = {key: b"x" * len(data) for key, data in a.blobs.items()}
    with session_with(a=a, b=b) as session:
        assert run(session).code == "DIGEST"
        assert len(verify(SOURCE, TAG, session=session).problems) == 2
    assert (b.blobs, b.manifests) == ({}, {})


def test_a_layer_above_the_quota_is_refused_before_anything_moves() -> None:
    a, b = FakeRegistry(), FakeRegistry()
    a.put_image("dev/app", "one", TAG)
    small = dataclasses.replace(TARGET, registry=dataclasses.replace(TARGET.registry, max_blob_bytes=3))
    with session_with(a=a, b=b) as session, pytest.raises(RemoteError, match="takes at most 3: make it smaller"):
        copy(SOURCE, TAG, small, TAG, session=session)
    assert pushed(b) == []


@pytest.mark.parametrize("nth", range(1, 14))
def test_a_failure_that_passes_is_overcome_wherever_it_comes(nth: int) -> None:
    a, b = FakeRegistry(), FakeRegistry()
    a.put_image("dev/app", "one", TAG)
    b.answers = lambda _, count: Reply(503) if count == nth else None
    with session_with(a=a, b=b) as session:
        copy(SOURCE, TAG, TARGET, TAG, session=session)
    assert b.manifests["staging/app", TAG] == a.manifests["dev/app", TAG]
