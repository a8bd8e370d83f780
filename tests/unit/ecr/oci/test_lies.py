"""A registry that answers, but not the truth: believed only where that can do no harm."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import pytest

from ecr.errors import RemoteError
from ecr.oci.copying import COSIGN_SUFFIXES, CopyResult, copy
from ecr.oci.manifest import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX
from ecr.oci.session import Limits, Rate, Session
from ecr.oci.transport import Deadline, Request
from tests.unit.ecr.oci.fake_registry import FakeRegistry, Network, Reply, at, session_with

pytestmark = pytest.mark.usefixtures("_at_once")

TAG = "v1.0.0"
FROM, TO = "dev/app", "staging/app"
SOURCE, TARGET, BESIDE = at("a", FROM), at("b", TO), at("a", TO)
OTHER = f"sha256:{'0' * 64}"
Answers = Callable[[Request, int], Reply | None]


def instead(method: str, part: str, reply: Callable[[], Reply], *, times: int = 1000) -> Answers:
    """Another answer to requests of this method with this in their address, so many times."""
    left = [times]

    def answer(request: Request, _: int) -> Reply | None:
        if request.method != method or part not in request.url or not left[0]:
            return None
        left[0] -= 1
        return reply()

    return answer


def copied(a: FakeRegistry, b: FakeRegistry, reference: str = TAG) -> CopyResult:
    with session_with(a=a, b=b) as session:
        return copy(SOURCE, reference, TARGET, TAG, session=session)


def code(a: FakeRegistry, b: FakeRegistry, reference: str = TAG) -> str:
    """The code of the refusal; nothing is tagged."""
    with pytest.raises(RemoteError) as raised:
        copied(a, b, reference)
    assert (TO, TAG) not in b.manifests
    return raised.value.code


@pytest.fixture
def image() -> tuple[FakeRegistry, str]:
    a = FakeRegistry()
    return a, str(a.put_image(FROM, "one", TAG)["digest"])


def test_another_manifest_under_a_digest_is_damaged(image: tuple[FakeRegistry, str]) -> None:
    a, digest = image
    kind, raw = a.manifests[FROM, digest]
    a.answers = instead("GET", digest, lambda: Reply(200, raw + b" ", {"content-type": kind}))
    assert code(a, FakeRegistry(), digest) == "DIGEST"


@pytest.mark.parametrize("headers", [{"content-length": "7"}, {"docker-content-digest": OTHER}], ids=["size", "digest"])
@pytest.mark.parametrize("kind", ["blobs", "manifests"])
def test_what_differs_from_what_is_wanted_is_not_there(
    image: tuple[FakeRegistry, str], kind: str, headers: Mapping[str, str]
) -> None:
    a, b = image[0], FakeRegistry()
    if kind == "manifests":
        a.put_image(FROM, "signature", subject={"digest": image[1], "size": 1, "mediaType": ""})
    b.answers = instead("HEAD", f"/{kind}/", lambda: Reply(200, headers=headers))
    result = copied(a, b)
    assert result.blobs_copied == (2 if kind == "blobs" else 4)
    assert result.blobs_skipped == 0
    assert {name for _, name in b.blobs} == {name for _, name in a.blobs}
    assert {name for _, name in b.manifests} == {name for _, name in a.manifests}


@pytest.mark.parametrize(
    ("method", "part", "reply", "expected"),
    [
        pytest.param("POST", "/uploads/", Reply(201), "201", id="mounted-though-nothing-was-to-be"),
        pytest.param("POST", "/uploads/", Reply(202), "202", id="an-upload-to-nowhere"),
        pytest.param("PUT", "/uploads/", Reply(201, headers={"docker-content-digest": OTHER}), "DIGEST", id="upload"),
        pytest.param("PUT", "/manifests/", Reply(201, headers={"docker-content-digest": OTHER}), "DIGEST", id="push"),
        pytest.param("PUT", "/uploads/", Reply(400), "400", id="refused-upload"),
        pytest.param("PUT", "/uploads/", Reply(307, headers={"location": "/x"}), "307", id="redirected-upload"),
        pytest.param("PUT", "/manifests/", Reply(307, headers={"location": "/x"}), "307", id="redirected-push"),
    ],
)
def test_an_answer_that_can_not_be_right_ends_the_copy(
    image: tuple[FakeRegistry, str], method: str, part: str, reply: Reply, expected: str
) -> None:
    b = FakeRegistry()
    b.answers = instead(method, part, lambda: dataclasses.replace(reply))
    assert code(image[0], b) == expected


def test_another_blob_than_the_one_to_be_mounted_ends_the_copy(image: tuple[FakeRegistry, str]) -> None:
    a, _ = image
    a.answers = instead("POST", "/uploads/", lambda: Reply(201, headers={"docker-content-digest": OTHER}))
    with session_with(a=a) as session, pytest.raises(RemoteError) as raised:
        copy(SOURCE, TAG, BESIDE, TAG, session=session)
    assert (raised.value.code, (TO, TAG) in a.manifests) == ("DIGEST", False)


def test_blobs_that_are_there_are_not_sent_again(image: tuple[FakeRegistry, str]) -> None:
    a, b = image[0], FakeRegistry()
    with session_with(a=a, b=b) as session:
        copy(SOURCE, TAG, TARGET, "other", session=session)
        result = copy(SOURCE, TAG, TARGET, TAG, session=session)
    assert (result.blobs_skipped, result.blobs_copied, result.bytes_moved) == (2, 0, 0)


def test_an_upload_whose_place_is_gone_begins_anew(image: tuple[FakeRegistry, str]) -> None:
    a, b = image[0], FakeRegistry()
    b.answers = instead("PUT", "/uploads/", lambda: Reply(404), times=1)
    assert copied(a, b).blobs_copied == 2
    assert sum(asked.startswith("POST") for asked in b.asked) == 3


def test_more_than_an_answer_may_hold_ends_the_copy(image: tuple[FakeRegistry, str]) -> None:
    a, _ = image
    a.answers = instead("GET", "/manifests/", lambda: Reply(200, b" " * ((4 << 20) + 1)))
    assert code(a, FakeRegistry()) == "TOO_LARGE"


def test_more_referrers_than_can_be_meant_end_the_copy(
    image: tuple[FakeRegistry, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, digest = image
    for name in ("signature", "sbom"):
        a.put_image(FROM, name, subject={"digest": digest, "size": 1, "mediaType": ""})
    monkeypatch.setattr("ecr.oci.repository.MAX_REFERRERS", 1)
    assert code(a, FakeRegistry()) == "TOO_MANY"


def test_only_what_can_be_understood_is_asked_for(image: tuple[FakeRegistry, str]) -> None:
    a, b = image[0], FakeRegistry()
    copied(a, b)
    asked = [request for request in (*a.requests, *b.requests) if "/manifests/" in request.url]
    assert all(DOCKER_INDEX in request.headers["Accept"] for request in asked if request.method in ("GET", "HEAD"))


@pytest.mark.parametrize("index", [False, True], ids=["image", "index"])
def test_dockers_media_types_arrive_as_they_are(*, index: bool) -> None:
    a, b = FakeRegistry(), FakeRegistry()
    parts = [a.put_blob(FROM, data) for data in (b"config", b"layer")]
    document = {"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": parts[0], "layers": parts[1:]}
    root = a.put(FROM, document, DOCKER_MANIFEST, None if index else TAG)
    if index:
        a.put(FROM, {"schemaVersion": 2, "mediaType": DOCKER_INDEX, "manifests": [root]}, DOCKER_INDEX, TAG)
    copied(a, b)
    assert {name: held for (_, name), held in b.manifests.items()} == {
        name: held for (_, name), held in a.manifests.items()
    }


def test_what_cosign_put_beside_an_image_arrives_before_the_tag(image: tuple[FakeRegistry, str]) -> None:
    a, b = image[0], FakeRegistry()
    tags = [image[1].replace(":", "-") + suffix for suffix in COSIGN_SUFFIXES]
    for tag in tags:
        a.put_image(FROM, tag, tag)
    result = copied(a, b)
    assert (result.referrers, result.blobs_copied) == (3, 8)
    assert all(b.manifests[TO, tag] == a.manifests[FROM, tag] for tag in tags)
    puts = [asked.rpartition("/")[2] for asked in b.asked if asked.startswith("PUT") and "/manifests/" in asked]
    assert puts == [*tags, TAG]


def test_what_the_target_has_beside_the_image_stays(image: tuple[FakeRegistry, str]) -> None:
    a, b = image[0], FakeRegistry()
    tag = image[1].replace(":", "-") + COSIGN_SUFFIXES[0]
    a.put_image(FROM, "ours", tag)
    b.put_image(TO, "theirs", tag)
    theirs = b.manifests[TO, tag]
    copied(a, b)
    assert b.manifests[TO, tag] == theirs


def test_every_push_waits_for_its_turn(image: tuple[FakeRegistry, str], monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[Rate] = []
    monkeypatch.setattr(
        Rate, "wait", lambda rate, deadline: waited.append(rate) if isinstance(deadline, Deadline) else None
    )
    a, b = image[0], FakeRegistry()
    copied(a, b)
    # Two blobs, each begun and ended, and one manifest: three rates in all.
    assert (len(waited), len(set(map(id, waited)))) == (5, 3)


def test_a_refusal_of_a_tag_that_is_right_already_is_success(image: tuple[FakeRegistry, str]) -> None:
    """The answer to the first push was lost; the second meets an immutable tag."""
    a, b = image[0], FakeRegistry()

    def lost(request: Request, _: int) -> Reply | None:
        if request.method != "PUT" or not request.url.endswith(TAG):
            return None
        b.manifests[TO, TAG] = a.manifests[FROM, TAG]
        return Reply(400)

    b.answers = lost
    assert copied(a, b).digest == image[1]


def test_the_deepest_index_is_pushed_first_and_referrers_after_what_they_refer_to() -> None:
    a, b = FakeRegistry(), FakeRegistry()
    child = a.put_image(FROM, "child")
    inner = a.put(FROM, {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child]}, OCI_INDEX)
    root = a.put(FROM, {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [inner]}, OCI_INDEX, TAG)
    signature = a.put_image(FROM, "signature", subject=root)
    copied(a, b)
    puts = [asked.rpartition("/")[2] for asked in b.asked if asked.startswith("PUT") and "/manifests/" in asked]
    assert puts == [*(str(entry["digest"]) for entry in (child, inner, root, signature)), TAG]


def test_a_copy_that_takes_too_long_is_one_line(image: tuple[FakeRegistry, str]) -> None:
    image[0].answers = instead("GET", "/manifests/", lambda: Reply(503))
    network = Network({"a": image[0], "b": FakeRegistry()})
    with (
        Session(Limits(total_s=0), transport=network) as session,
        pytest.raises(RemoteError, match="was not done within 0 s; run it again") as raised,
    ):
        copy(SOURCE, TAG, TARGET, TAG, session=session)
    assert (raised.value.code, raised.value.temporary) == ("TIMEOUT", True)
