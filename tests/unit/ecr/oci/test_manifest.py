from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr.oci.manifest import (
    DOCKER_INDEX,
    MAX_DESCRIPTORS,
    MAX_MANIFEST_BYTES,
    OCI_ARTIFACT,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Kind,
    config_descriptor,
    config_labels,
    descriptors_in,
    json_object,
    parse,
    platform_manifests,
)

DIGEST = f"sha256:{'c' * 64}"
CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 7}


def test_a_manifest_names_its_configuration() -> None:
    manifest = json.dumps({"schemaVersion": 2, "config": CONFIG, "layers": []})
    assert config_descriptor(manifest) == Descriptor("application/vnd.oci.image.config.v1+json", DIGEST, 7)


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param("{}", id="empty"),
        pytest.param('{"manifests": []}', id="index"),
        pytest.param('{"config": null}', id="null"),
        pytest.param('{"config": []}', id="list"),
    ],
)
def test_what_names_no_configuration_has_none(manifest: str) -> None:
    assert config_descriptor(manifest) is None


NO_OBJECT = [
    pytest.param("", id="empty"),
    pytest.param("not json", id="no-json"),
    pytest.param("[]", id="list"),
    pytest.param("null", id="null"),
    pytest.param("{", id="cut-off"),
    pytest.param("[" * 100_000, id="bottomless"),
    pytest.param('{"a":' * 100_000, id="bottomless-object"),
]


@pytest.mark.parametrize("text", NO_OBJECT)
def test_what_is_no_json_object_is_a_value_error(text: str) -> None:
    parsers: tuple[Callable[[str], object], ...] = (
        config_descriptor,
        platform_manifests,
        lambda text: config_labels(text.encode()),
    )
    for parser in parsers:
        with pytest.raises(ValueError, match=r"."):
            parser(text)


BAD_DESCRIPTORS = [
    pytest.param({"digest": None}, id="no-digest"),
    pytest.param({"digest": 5}, id="digest-number"),
    pytest.param({"digest": "sha256:abc"}, id="digest-too-short"),
    pytest.param({"digest": f"{DIGEST}\nX-Header: 1"}, id="digest-with-line-feed"),
    pytest.param({"digest": "../../manifests/latest"}, id="digest-as-path"),
    pytest.param({"size": None}, id="no-size"),
    pytest.param({"size": "7"}, id="size-text"),
    pytest.param({"size": 7.5}, id="size-fraction"),
    pytest.param({"mediaType": 5}, id="media-type-number"),
]


@pytest.mark.parametrize("change", BAD_DESCRIPTORS)
def test_a_malformed_descriptor_is_a_value_error(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="has a descriptor without digest and size"):
        config_descriptor(json.dumps({"config": CONFIG | change}))
    with pytest.raises(ValueError, match="has a descriptor without digest and size"):
        platform_manifests(json.dumps({"manifests": [CONFIG | change]}))


def entry(letter: str, platform: object) -> dict[str, object]:
    return {"mediaType": "m", "digest": f"sha256:{letter * 64}", "size": 1, "platform": platform}


def test_an_index_names_its_platforms_in_order_and_without_attestations() -> None:
    index = json.dumps(
        {
            "manifests": [
                entry("b", {"os": "linux", "architecture": "arm", "variant": "v7"}),
                entry("0", {"os": "unknown", "architecture": "unknown"}),
                entry("a", {"os": "linux", "architecture": "amd64"}),
                entry("c", None),
                "not a descriptor",
            ]
        }
    )
    assert platform_manifests(index) == (
        Descriptor("m", f"sha256:{'b' * 64}", 1, "linux/arm/v7"),
        Descriptor("m", f"sha256:{'a' * 64}", 1, "linux/amd64"),
        Descriptor("m", f"sha256:{'c' * 64}", 1, ""),
    )


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param("{}", id="empty"),
        pytest.param(json.dumps({"config": CONFIG, "layers": []}), id="image"),
        pytest.param('{"manifests": {}}', id="object"),
        pytest.param('{"manifests": []}', id="no-entries"),
        pytest.param(
            json.dumps({"manifests": [entry("0", {"os": "unknown", "architecture": "unknown"})]}),
            id="attestations-only",
        ),
    ],
)
def test_what_names_no_platforms_has_none(manifest: str) -> None:
    assert platform_manifests(manifest) == ()


@pytest.mark.parametrize(
    ("config", "labels"),
    [
        pytest.param(b'{"config": {"Labels": {"a": "1", "b": ""}}}', {"a": "1", "b": ""}, id="labels"),
        pytest.param(b'{"config": {"Labels": null}}', {}, id="null"),
        pytest.param(b'{"config": {"Labels": []}}', {}, id="list"),
        pytest.param(b'{"config": {}}', {}, id="no-labels"),
        pytest.param(b'{"config": []}', {}, id="config-list"),
        pytest.param(b"{}", {}, id="empty"),
        pytest.param(b'{"config": {"Labels": {"a": 1}}}', {"a": "1"}, id="number"),
    ],
)
def test_labels_are_read_from_a_configuration(config: bytes, labels: dict[str, str]) -> None:
    assert config_labels(config) == labels


def test_a_configuration_that_is_not_utf_8_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="can't decode"):
        config_labels(b'{"config": "\xff"}')


members = st.sampled_from(
    ["config", "manifests", "digest", "size", "mediaType", "platform", "os", "architecture", "Labels"]
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "unknown", DIGEST]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=4),
    max_leaves=6,
)


@settings(deadline=None, max_examples=40)
@given(document=documents)
def test_whatever_a_registry_says_is_understood_or_a_value_error(document: object) -> None:
    text = json.dumps(document)
    with suppress(ValueError):
        config_descriptor(text)
    with suppress(ValueError):
        platform_manifests(text)
    with suppress(ValueError):
        config_labels(text.encode())


IMAGE = {
    "schemaVersion": 2,
    "config": CONFIG,
    "layers": [CONFIG | {"mediaType": "layer"}, CONFIG | {"digest": f"sha256:{'d' * 64}"}],
}
DOCKER_V1 = "application/vnd.docker.distribution.manifest.v1"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def test_an_image_is_made_of_its_configuration_and_layers_each_once() -> None:
    manifest = parse(encoded(IMAGE), f"{OCI_MANIFEST}; charset=utf-8")
    assert (manifest.kind, manifest.media_type, manifest.children) == (Kind.IMAGE, OCI_MANIFEST, ())
    assert [blob.digest for blob in manifest.blobs] == [DIGEST, f"sha256:{'d' * 64}"]


def test_an_index_is_made_of_manifests_and_may_name_blobs_as_build_caches_do() -> None:
    children = [entry("a", None) | {"mediaType": OCI_MANIFEST}, entry("b", None) | {"mediaType": LAYER_TYPE}]
    manifest = parse(encoded({"manifests": children}), DOCKER_INDEX)
    assert manifest.kind is Kind.INDEX
    assert [child.digest[-1] for child in manifest.children] == ["a"]
    assert [blob.digest[-1] for blob in manifest.blobs] == ["b"]


def test_an_artifact_manifest_names_blobs_and_what_it_refers_to() -> None:
    document = {"mediaType": OCI_ARTIFACT, "artifactType": "sbom", "blobs": [CONFIG], "subject": entry("a", None)}
    manifest = parse(encoded(document), OCI_ARTIFACT)
    assert (manifest.kind, manifest.artifact_type) == (Kind.ARTIFACT, "sbom")
    assert manifest.subject is not None
    assert manifest.subject.digest == f"sha256:{'a' * 64}"


def test_a_media_type_that_says_nothing_is_made_up_for_by_the_document() -> None:
    assert parse(encoded(IMAGE | {"mediaType": OCI_MANIFEST}), "text/plain").media_type == OCI_MANIFEST


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ],
)
def test_a_layer_that_may_not_be_distributed_is_named(kind: str) -> None:
    layer = CONFIG | {"mediaType": kind, "digest": f"sha256:{'f' * 64}"}
    with pytest.raises(ValueError, match=f"sha256:{'f' * 64} of media type {kind.replace('+', '.')}"):
        parse(encoded(IMAGE | {"layers": [layer]}), OCI_MANIFEST)


@pytest.mark.parametrize(
    ("document", "media_type", "problem"),
    [
        pytest.param(IMAGE, "text/html", "is of media type 'text/html'", id="no-manifest"),
        pytest.param(
            IMAGE, "application/vnd.docker.distribution.manifest.v1+prettyjws", "is of media type", id="schema-1"
        ),
        pytest.param(IMAGE | {"mediaType": OCI_INDEX}, OCI_MANIFEST, "calls itself", id="two-media-types"),
        pytest.param(IMAGE | {"manifests": []}, OCI_MANIFEST, "at once", id="image-and-index"),
        pytest.param({"layers": []}, OCI_MANIFEST, "names no configuration", id="no-configuration"),
        pytest.param({"config": CONFIG}, OCI_MANIFEST, "has no list of layers", id="no-layers"),
        pytest.param({"manifests": ["x"]}, OCI_INDEX, "has no list of manifests", id="no-descriptors"),
        pytest.param({"config": CONFIG, "layers": [CONFIG | {"size": 8}]}, OCI_MANIFEST, "two sizes", id="two-sizes"),
        pytest.param({"config": CONFIG | {"size": -1}, "layers": []}, OCI_MANIFEST, "of -1 bytes", id="negative-size"),
        pytest.param({"config": CONFIG | {"size": 2**60}, "layers": []}, OCI_MANIFEST, "bytes", id="absurd-size"),
        pytest.param({"manifests": [CONFIG] * (MAX_DESCRIPTORS + 1)}, OCI_INDEX, "at most 10000", id="too-many"),
        pytest.param("x" * MAX_MANIFEST_BYTES, OCI_INDEX, "at most 4194304 are accepted", id="too-large"),
    ],
)
def test_what_is_no_sound_manifest_is_a_value_error(document: object, media_type: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse(encoded(document), media_type)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"manifests": [], "Manifests": []}', id="case"),
        pytest.param('{"manifests": [], "manifests": []}', id="twice"),
        pytest.param('{"config": {"digest": "a", "DIGEST": "b"}}', id="inside"),
        pytest.param('{"layers": [{"size": 1, "\u017fize": 2}]}', id="folded-letter"),
    ],
)
def test_json_that_two_readers_may_read_differently_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="keys that differ in their case only, or not at all"):
        json_object(text)


def test_a_platform_is_bounded_and_printable() -> None:
    platform = {"os": "x" * 9999, "variant": "\x1b"}
    entry = {"mediaType": "t", "digest": f"sha256:{'a' * 64}", "size": 1, "platform": platform}
    (found,) = descriptors_in({"manifests": [entry]}, "manifests")
    assert found.platform == f"{'x' * 64}/\\x1b"
