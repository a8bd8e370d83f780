"""How manifests are read: each once, a hundred at a time, or from the cache; and what can't be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict, Unpack

import boto3
import pytest
from botocore.stub import Stubber

from ecr.aws import EcrRepository
from ecr.aws.layers import BATCH_SIZE, EcrLayers
from ecr.errors import RemoteError
from ecr.layer_cache import FILE, ManifestCache
from ecr.lifecycle.images import Image
from ecr.oci.manifest import ALL_MEDIA_TYPES, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest_of

NAME, REGION, OTHER_ACCOUNT = "dev/app", "eu-west-1", "210987654321"
PUSHED = datetime(2026, 11, 1, 12, tzinfo=UTC)
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def descriptor(number: int, size: int, media_type: str = LAYER) -> dict[str, object]:
    return {"mediaType": media_type, "digest": f"sha256:{number:064x}", "size": size}


def manifest(number: int) -> str:
    """Of an image with a layer that all have and one of its own. Without its own media type, as OCI allows."""
    config = descriptor(1000 + number, 10, "application/vnd.oci.image.config.v1+json")
    return json.dumps({"schemaVersion": 2, "config": config, "layers": [descriptor(1, 100), descriptor(number, 7)]})


def index(*children: str) -> str:
    entries = [{"mediaType": OCI_MANIFEST, "digest": digest_of(text.encode()), "size": len(text)} for text in children]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})


def image(text: str, media_type: str = OCI_MANIFEST) -> Image:
    return Image(digest=digest_of(text.encode()), pushed_at=PUSHED, media_type=media_type)


def asked(*texts: str) -> dict[str, object]:
    ids = [{"imageDigest": digest_of(text.encode())} for text in texts]
    return {"repositoryName": NAME, "imageIds": ids, "acceptedMediaTypes": sorted(ALL_MEDIA_TYPES)}


def held(*texts: str) -> list[dict[str, object]]:
    return [{"imageId": {"imageDigest": digest_of(text.encode())}, "imageManifest": text} for text in texts]


class Options(TypedDict, total=False):
    account: str


def here(folder: Path | None = None, **options: Unpack[Options]) -> EcrLayers:
    return EcrLayers(EcrRepository(NAME, region=REGION, **options), ManifestCache(folder))


def test_every_manifest_is_read_once_and_understood(ecr_answers: Stubber) -> None:
    texts = [manifest(2), manifest(3)]
    ecr_answers.add_response("batch_get_image", {"images": held(*texts), "failures": []}, asked(*texts))
    found = here().contents([image(text) for text in texts])
    assert [sum(size for _, size in each.blobs) for each in found.values()] == [117, 117]
    assert [each.size for each in found.values()] == [len(text) for text in texts]


def test_what_is_in_the_cache_is_not_asked_for(ecr_answers: Stubber, tmp_path: Path) -> None:
    texts = [manifest(2), manifest(3)]
    ecr_answers.add_response("batch_get_image", {"images": held(texts[0])}, asked(texts[0]))
    ecr_answers.add_response("batch_get_image", {"images": held(texts[1])}, asked(texts[1]))
    first = here(tmp_path).contents([image(texts[0])])
    both = here(tmp_path).contents([image(text) for text in texts])
    assert both | first == both
    assert here(tmp_path).contents([image(text) for text in texts]) == both


def test_a_damaged_cache_is_read_again_and_never_believed(ecr_answers: Stubber, tmp_path: Path) -> None:
    text = manifest(2)
    for _ in range(2):
        ecr_answers.add_response("batch_get_image", {"images": held(text)}, asked(text))
    found = here(tmp_path).contents([image(text)])
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes().replace((7).to_bytes(8, "little"), (8).to_bytes(8, "little")))  # a layer's size
    assert here(tmp_path).contents([image(text)]) == found
    assert here(tmp_path).contents([image(text)]) == found


def test_what_has_another_digest_than_it_was_asked_for_is_not_kept(ecr_answers: Stubber, tmp_path: Path) -> None:
    text, other = manifest(2), manifest(3)
    wrong = {"imageId": {"imageDigest": digest_of(text.encode())}, "imageManifest": other}
    ecr_answers.add_response("batch_get_image", {"images": [wrong]}, asked(text))
    ecr_answers.add_response("batch_get_image", {"images": held(text)}, asked(text))
    here(tmp_path).contents([image(text)])
    (found,) = here(tmp_path).contents([image(text)]).values()
    assert [digest for digest, _ in found.blobs if digest.endswith("3")] == []
    assert here(tmp_path).contents([image(text)]) == {found.digest: found}


def test_the_same_manifest_served_as_something_else_is_read_again(ecr_answers: Stubber, tmp_path: Path) -> None:
    text = manifest(2)
    for _ in range(2):
        ecr_answers.add_response("batch_get_image", {"images": held(text)}, asked(text))
    assert here(tmp_path).contents([image(text)])
    assert here(tmp_path).contents([image(text, OCI_INDEX)]) == {}  # it has no list of manifests


@pytest.mark.usefixtures("_surroundings")
def test_what_was_read_before_a_failure_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    texts = {digest_of(text.encode()): text for text in map(manifest, range(2, 2 + 2 * BATCH_SIZE))}
    first = list(texts)[:BATCH_SIZE]

    class Client:
        def batch_get_image(self, **request: Iterable[Mapping[str, str]]) -> dict[str, object]:
            digests = [each["imageDigest"] for each in request["imageIds"]]
            if digests != first:
                return {"failures": [{"failureCode": "KmsError", "failureReason": "off"}]}
            return {"images": [{"imageId": {"imageDigest": one}, "imageManifest": texts[one]} for one in digests]}

    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: Client())
    with pytest.raises(RemoteError):
        here(tmp_path).contents([image(text) for text in texts.values()])
    assert ManifestCache(tmp_path).get(dict.fromkeys(texts, OCI_MANIFEST)).keys() == set(first)


def test_children_that_are_not_listed_are_read_as_well(ecr_answers: Stubber) -> None:
    child, other = manifest(2), manifest(3)
    top = index(child, other)
    ecr_answers.add_response("batch_get_image", {"images": held(top, child)}, asked(top, child))
    ecr_answers.add_response("batch_get_image", {"images": held(other)}, asked(other))
    found = here().contents([image(top, OCI_INDEX), image(child)])
    assert found.keys() == {digest_of(text.encode()) for text in (top, child, other)}
    assert found[digest_of(top.encode())].children == (digest_of(child.encode()), digest_of(other.encode()))


def test_indexes_in_a_circle_end(ecr_answers: Stubber) -> None:
    # No digest can be its own child; but what an emulator says of a digest need not be what hashes to it.
    name = f"sha256:{9:064x}"
    looping = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor(9, 1, OCI_INDEX)]})
    answer = {"images": [{"imageId": {"imageDigest": name}, "imageManifest": looping}]}
    ecr_answers.add_response("batch_get_image", answer)
    found = here().contents([Image(digest=name, pushed_at=PUSHED, media_type=OCI_INDEX)])
    assert list(found) == [name]


@pytest.mark.parametrize("code", ["ImageNotFound", "ImageInaccessible"])
def test_what_is_archived_or_gone_is_left_out(ecr_answers: Stubber, code: str) -> None:
    texts = [manifest(2), manifest(3)]
    failure = {"imageId": {"imageDigest": digest_of(texts[0].encode())}, "failureCode": code, "failureReason": "x"}
    ecr_answers.add_response("batch_get_image", {"images": held(texts[1]), "failures": [failure]}, asked(*texts))
    assert list(here().contents([image(text) for text in texts])) == [digest_of(texts[1].encode())]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="no-json"),
        pytest.param('{"schemaVersion": 1, "fsLayers": []}', id="docker-schema-1"),
        pytest.param(json.dumps({"schemaVersion": 2, "config": descriptor(1, -5), "layers": []}), id="negative-size"),
    ],
)
def test_what_is_no_manifest_that_is_known_is_left_out(ecr_answers: Stubber, text: str) -> None:
    ecr_answers.add_response("batch_get_image", {"images": held(text)})
    assert here().contents([image(text, DOCKER_MANIFEST)]) == {}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param({"failures": [{"failureCode": "KmsError", "failureReason": "off"}]}, "KmsError: off", id="key"),
        pytest.param({"images": [{"imageManifest": "{}"}]}, "MalformedAnswer", id="nameless"),
        pytest.param({"images": [{"imageId": {"imageDigest": "x"}}]}, "MalformedAnswer", id="no-manifest"),
    ],
)
def test_what_fails_otherwise_is_an_error(ecr_answers: Stubber, answer: dict[str, object], words: str) -> None:
    ecr_answers.add_response("batch_get_image", answer)
    with pytest.raises(RemoteError, match=words):
        here().contents([image(manifest(2))])


def test_not_being_allowed_to_read_is_an_error(ecr_answers: Stubber) -> None:
    ecr_answers.add_client_error("batch_get_image", "AccessDeniedException", "no", http_status_code=400)
    with pytest.raises(RemoteError, match="BatchGetImage failed with AccessDeniedException"):
        here().contents([image(manifest(2))])


def test_answers_that_nobody_asked_for_are_passed_over(ecr_answers: Stubber) -> None:
    texts = [manifest(2), manifest(3)]
    ecr_answers.add_response("batch_get_image", {"images": held(*texts)}, asked(texts[0]))
    assert list(here().contents([image(texts[0])])) == [digest_of(texts[0].encode())]


def test_nothing_is_asked_for_no_images(ecr_answers: Stubber) -> None:
    assert here().contents([]) == {}
    ecr_answers.assert_no_pending_responses()


def test_the_request_names_the_other_account(ecr_answers: Stubber) -> None:
    text = manifest(2)
    ecr_answers.add_response("batch_get_image", {"images": held(text)}, {**asked(text), "registryId": OTHER_ACCOUNT})
    assert here(account=OTHER_ACCOUNT).contents([image(text)])


@pytest.mark.usefixtures("_surroundings")
def test_thousands_are_asked_for_by_the_hundred_and_each_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    texts = {digest_of(text.encode()): text for text in map(manifest, range(2, 952))}
    requests: list[list[str]] = []

    class Client:
        def batch_get_image(self, **request: Iterable[Mapping[str, str]]) -> dict[str, object]:
            digests = [each["imageDigest"] for each in request["imageIds"]]
            requests.append(digests)
            return {"images": [{"imageId": {"imageDigest": one}, "imageManifest": texts[one]} for one in digests]}

    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: Client())
    images = [image(text) for text in texts.values()]
    found = here(tmp_path).contents(images)
    assert sorted(map(len, requests)) == [50, *[BATCH_SIZE] * 9]
    assert sorted(one for batch in requests for one in batch) == sorted(texts)
    requests.clear()
    assert here(tmp_path).contents(images) == found
    assert requests == []
