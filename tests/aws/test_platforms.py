from __future__ import annotations

import json

import pytest
from botocore.stub import ANY, Stubber

from ecr.aws import EcrRepository
from ecr.aws.findings import EcrScans
from ecr.errors import RemoteError
from ecr.oci.manifest import DOCKER_INDEX, DOCKER_MANIFEST, OCI_ARTIFACT, OCI_INDEX, OCI_MANIFEST

NAME, REGION = "dev/yoon-app", "ap-northeast-2"
INDEX, AMD, ARM, EXTRA, NESTED = (f"sha256:{letter * 64}" for letter in "abcde")
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
IN_TOTO = "application/vnd.in-toto+json"


def source() -> EcrScans:
    return EcrScans(EcrRepository(NAME, region=REGION))


def descriptor(media_type: str, digest: str, platform: str = "") -> dict[str, object]:
    os_name, _, architecture = platform.partition("/")
    named = {"platform": {"os": os_name, "architecture": architecture}} if platform else {}
    return {"mediaType": media_type, "digest": digest, "size": 7, **named}


def image(*layers: str, config: str = CONFIG_TYPE, media_type: str = OCI_MANIFEST) -> dict[str, object]:
    entries = [descriptor(kind, f"sha256:{number:064x}") for number, kind in enumerate(layers, start=1)]
    return {"schemaVersion": 2, "mediaType": media_type, "config": descriptor(config, NESTED), "layers": entries}


def index(*entries: dict[str, object], media_type: str = OCI_INDEX) -> dict[str, object]:
    return {"schemaVersion": 2, "mediaType": media_type, "manifests": list(entries)}


def answer_manifests(ecr_answers: Stubber, manifests: dict[str, dict[str, object]]) -> None:
    images = [
        {
            "imageId": {"imageDigest": digest},
            "imageManifest": json.dumps(text),
            "imageManifestMediaType": text["mediaType"],
        }
        for digest, text in manifests.items()
    ]
    request = {
        "repositoryName": NAME,
        "imageIds": [{"imageDigest": digest} for digest in manifests],
        "acceptedMediaTypes": ANY,
    }
    # In another order than asked for.
    ecr_answers.add_response("batch_get_image", {"images": images[::-1], "failures": []}, request)


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST])
def test_an_image_is_its_own_platform(ecr_answers: Stubber, media_type: str) -> None:
    answer_manifests(ecr_answers, {AMD: image(LAYER_TYPE, media_type=media_type)})
    assert source().platforms(AMD) == ((AMD, ""),)


@pytest.mark.parametrize(("media_type", "child"), [(OCI_INDEX, OCI_MANIFEST), (DOCKER_INDEX, DOCKER_MANIFEST)])
def test_an_index_leads_to_its_images(ecr_answers: Stubber, media_type: str, child: str) -> None:
    entries = (descriptor(child, AMD, "linux/amd64"), descriptor(child, ARM, "linux/arm64"))
    answer_manifests(ecr_answers, {INDEX: index(*entries, media_type=media_type)})
    assert source().platforms(INDEX) == ((AMD, "linux/amd64"), (ARM, "linux/arm64"))


@pytest.mark.parametrize(
    ("inside", "examined"),
    [
        pytest.param(image(IN_TOTO), False, id="attestation"),
        pytest.param(image("application/x", config="application/vnd.oci.empty.v1+json"), False, id="artifact"),
        pytest.param(
            {"mediaType": OCI_ARTIFACT, "blobs": [descriptor("application/x", EXTRA)]}, False, id="old-artifact"
        ),
        pytest.param(image(LAYER_TYPE), True, id="image-in-disguise"),
        pytest.param(image(IN_TOTO, LAYER_TYPE), True, id="image-with-a-statement-on-top"),
        pytest.param(image(), True, id="image-without-layers"),
        pytest.param(image("application/vnd.docker.image.rootfs.diff.tar.gzip"), True, id="docker-layers"),
    ],
)
@pytest.mark.parametrize("platform", ["unknown/unknown", ""], ids=["unknown", "none"])
def test_an_entry_is_left_out_only_when_nothing_in_it_can_run(
    ecr_answers: Stubber, platform: str, inside: dict[str, object], *, examined: bool
) -> None:
    answer_manifests(
        ecr_answers,
        {INDEX: index(descriptor(OCI_MANIFEST, AMD, "linux/amd64"), descriptor(OCI_MANIFEST, EXTRA, platform))},
    )
    answer_manifests(ecr_answers, {EXTRA: inside})
    assert source().platforms(INDEX) == ((AMD, "linux/amd64"), *(((EXTRA, platform),) if examined else ()))


def test_an_index_in_an_index_is_followed(ecr_answers: Stubber) -> None:
    answer_manifests(
        ecr_answers, {INDEX: index(descriptor(OCI_INDEX, NESTED), descriptor(OCI_MANIFEST, ARM, "linux/arm64"))}
    )
    answer_manifests(ecr_answers, {NESTED: index(descriptor(OCI_MANIFEST, AMD, "linux/amd64"))})
    assert source().platforms(INDEX) == ((ARM, "linux/arm64"), (AMD, "linux/amd64"))


def test_an_index_that_holds_itself_has_an_end(ecr_answers: Stubber) -> None:
    for _ in range(2):
        answer_manifests(ecr_answers, {INDEX: index(descriptor(OCI_INDEX, INDEX))})
    assert source().platforms(INDEX) == ()


def test_an_index_of_too_many_entries_is_refused(ecr_answers: Stubber) -> None:
    entries = [descriptor(OCI_MANIFEST, f"sha256:{number:064x}", "linux/amd64") for number in range(500)]
    answer_manifests(ecr_answers, {INDEX: index(*entries)})
    with pytest.raises(RemoteError, match="leads to more than 500 manifests"):
        source().platforms(INDEX)


def test_entries_are_read_a_hundred_at_a_time(ecr_answers: Stubber) -> None:
    digests = [f"sha256:{number:064x}" for number in range(120)]
    answer_manifests(ecr_answers, {INDEX: index(*(descriptor(OCI_MANIFEST, digest) for digest in digests))})
    answer_manifests(ecr_answers, {digest: image(IN_TOTO) for digest in digests[:100]})
    answer_manifests(ecr_answers, {digest: image(LAYER_TYPE) for digest in digests[100:]})
    assert source().platforms(INDEX) == tuple((digest, "") for digest in digests[100:])


def test_an_image_that_is_not_there_is_named(ecr_answers: Stubber) -> None:
    failure = {"imageId": {"imageDigest": AMD}, "failureCode": "ImageNotFound", "failureReason": "not found"}
    ecr_answers.add_response("batch_get_image", {"images": [], "failures": [failure]})
    with pytest.raises(RemoteError, match=f"ImageNotFoundException: there is no image {AMD}") as raised:
        source().platforms(AMD)
    assert not raised.value.temporary


def test_another_failure_is_passed_on(ecr_answers: Stubber) -> None:
    failure = {"imageId": {"imageDigest": AMD}, "failureCode": "KmsError", "failureReason": "key is gone"}
    ecr_answers.add_response("batch_get_image", {"images": [], "failures": [failure]})
    with pytest.raises(RemoteError, match="failed with KmsError: key is gone"):
        source().platforms(AMD)


@pytest.mark.parametrize("text", ["[]", "{", '{"mediaType": "text/plain"}'])
def test_a_malformed_manifest_is_refused(ecr_answers: Stubber, text: str) -> None:
    ecr_answers.add_response("batch_get_image", {"images": [{"imageId": {"imageDigest": AMD}, "imageManifest": text}]})
    with pytest.raises(RemoteError, match=f"MalformedManifest: the manifest {AMD}"):
        source().platforms(AMD)


def test_an_entry_that_names_a_platform_and_is_no_image_closes_the_gate(ecr_answers: Stubber) -> None:
    entry = {**descriptor("application/vnd.oci.image.manifest.v1+prettyjws", NESTED)}
    entry["platform"] = {"os": "linux", "architecture": "amd64"}
    answer_manifests(ecr_answers, {AMD: index(entry)})
    with pytest.raises(RemoteError, match=f"names {NESTED} for linux/amd64 as application/vnd.*prettyjws, no image"):
        source().platforms(AMD)
