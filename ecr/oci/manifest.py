"""Manifests and indexes as a registry hands them out: read with bounds, judged before anything is done with them.

Sources: OCI image specification 1.1 ("Image Manifest", "Image Index", "Content Descriptors"), Docker's "Image Manifest
Version 2, Schema 2". The remote side is not trusted: everything here is a `ValueError` or within the bounds below.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from ecr.errors import printable
from ecr.reference import is_digest

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
# OCI image specification 1.1.0-rc2; withdrawn, but registries still hold signatures made with it.
OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"

INDEX_MEDIA_TYPES = frozenset({OCI_INDEX, DOCKER_INDEX})
MANIFEST_MEDIA_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
ALL_MEDIA_TYPES = INDEX_MEDIA_TYPES | MANIFEST_MEDIA_TYPES | {OCI_ARTIFACT}

# OCI distribution specification, "Pushing Manifests": registries should take at least 4 MiB; ECR takes just that
# (API reference, PutImage, imageManifest).
MAX_MANIFEST_BYTES = 4 << 20
# An index in an index in an index; none seen in the wild goes deeper than two.
MAX_DEPTH = 4
# All that one copy is made of; a manifest of 4 MiB could name some 40,000 descriptors.
MAX_DESCRIPTORS = 10_000
_MAX_SIZE = 1 << 50

# Layers that only their owner may hand out, kept elsewhere (OCI image specification, "Non-Distributable Layers").
_FOREIGN = ("application/vnd.oci.image.layer.nondistributable.", "application/vnd.docker.image.rootfs.foreign.")


class Kind(Enum):
    """What a manifest describes."""

    IMAGE = "image"
    INDEX = "index"
    ARTIFACT = "artifact"


@dataclass(frozen=True)
class Descriptor:
    """A reference from a manifest to something else (OCI image specification, "Content descriptors").

    Attributes:
        media_type: what it is; may be empty.
        digest: `sha256:...`.
        size: in bytes.
        platform: `linux/amd64`, `linux/arm/v7`; empty where none is named.
    """

    media_type: str
    digest: str
    size: int
    platform: str = ""

    @property
    def is_manifest(self) -> bool:
        """Whether it refers to a manifest or an index; an index may also name blobs, as build caches do."""
        return self.media_type in ALL_MEDIA_TYPES or not self.media_type


@dataclass(frozen=True)
class Manifest:
    """A manifest or an index, its bytes as received.

    Attributes:
        raw: the very bytes; the digest is theirs.
        media_type: under which it was served, and is to be pushed.
        kind: image, index or artifact.
        blobs: configuration and layers, each digest once; for an index, what it names that is no manifest.
        children: the manifests that an index names, each digest once, attestations included.
        subject: what it refers to (a signature, an SBOM); None for an image.
        artifact_type: of a referrer, for the list of referrers; empty where none is named.
        annotations: its own, for the list of referrers.
    """

    raw: bytes
    media_type: str
    kind: Kind
    blobs: tuple[Descriptor, ...] = ()
    children: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] | None = None

    @property
    def digest(self) -> str:
        """sha256 over the bytes."""
        return digest_of(self.raw)


def digest_of(data: bytes) -> str:
    """`sha256:...` of these bytes."""
    return f"sha256:{sha256(data).hexdigest()}"


def parse(raw: bytes, media_type: str) -> Manifest:
    """Understand a manifest.

    Args:
        raw: its bytes, at most `MAX_MANIFEST_BYTES`.
        media_type: the Content-Type it was served with, parameters and all.

    Raises:
        ValueError: saying what is wrong with it, in words that follow its name: "is not JSON".
    """
    if len(raw) > MAX_MANIFEST_BYTES:
        raise ValueError(f"has {len(raw)} bytes; at most {MAX_MANIFEST_BYTES} are accepted")
    document = json_object(raw)
    agreed = _media_type(document, media_type.partition(";")[0].strip().lower())
    _refuse_ambiguous(document)
    subject = document.get("subject")
    annotations = document.get("annotations")
    listed, kind = _listed(document, agreed)
    for descriptor in listed:
        _refuse_foreign(descriptor)
    children = tuple(entry for entry in listed if kind is Kind.INDEX and entry.is_manifest)
    blobs = tuple(entry for entry in listed if kind is not Kind.INDEX or not entry.is_manifest)
    return Manifest(
        raw=raw,
        media_type=agreed,
        kind=kind,
        blobs=blobs,
        children=children,
        subject=_descriptor(subject) if isinstance(subject, dict) else None,
        artifact_type=_artifact_type(document),
        annotations={str(k): str(v) for k, v in annotations.items()} if isinstance(annotations, dict) else None,
    )


def config_descriptor(manifest: str) -> Descriptor | None:
    """The configuration that a manifest names, or None when it is not an image's manifest.

    Raises:
        ValueError: when `manifest` is not JSON of the expected shape.
    """
    config = json_object(manifest).get("config")
    return _descriptor(config) if isinstance(config, dict) else None


def platform_manifests(manifest: str) -> tuple[Descriptor, ...]:
    """The manifests that an index names, in its order; empty for a manifest that is no index.

    Attestations (platform `unknown/unknown`) are left out: they are not images.

    Raises:
        ValueError: when `manifest` is not JSON of the expected shape.
    """
    descriptors = descriptors_in(json_object(manifest), "manifests")
    return tuple(descriptor for descriptor in descriptors if descriptor.platform != "unknown/unknown")


def config_labels(config: bytes) -> Mapping[str, str]:
    """The labels of an image, from the bytes of its configuration (OCI image specification, "Image configuration").

    Raises:
        ValueError: when `config` is not JSON of the expected shape.
    """
    section = json_object(config).get("config")
    labels = section.get("Labels") if isinstance(section, dict) else None
    if not isinstance(labels, dict):
        return {}
    return {str(key): str(value) for key, value in labels.items()}


def descriptors_in(document: Mapping[str, object], key: str) -> tuple[Descriptor, ...]:
    """The descriptors that a document lists under `key`; none where there is no such list.

    Raises:
        ValueError: for an entry without digest and size.
    """
    entries = document.get(key)
    if not isinstance(entries, list):
        return ()
    if len(entries) > MAX_DESCRIPTORS:
        raise ValueError(f"names {len(entries)} {key}; at most {MAX_DESCRIPTORS} are accepted")
    return tuple(_descriptor(entry) for entry in entries if isinstance(entry, dict))


_MAX_PLATFORM = 64


def json_object(text: str | bytes) -> Mapping[str, object]:
    """The JSON object in `text`.

    Raises:
        ValueError: when it is not JSON, not an object, nested without end, or has keys that readers tell apart
            differently: Go's JSON ignores their case, and of equal ones takes the last.
    """
    try:
        document = json.loads(text, object_pairs_hook=_unambiguous)
    except RecursionError as error:
        raise ValueError("is JSON without end") from error
    except _AmbiguousError:
        raise
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 (wrong data, not a wrong type in the program)
    return document


def _unambiguous(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key.casefold() for key, _ in pairs}) < len(pairs):
        raise _AmbiguousError("has keys that differ in their case only, or not at all")
    return dict(pairs)


class _AmbiguousError(ValueError):
    """Well-formed JSON that two readers may read as two documents."""


def _media_type(document: Mapping[str, object], served: str) -> str:
    """The media type that document and server agree on.

    A document read once as an image and once as an index is an attack (OCI image specification, GHSA-77vh-xpmg-72qh).
    """
    stated = document.get("mediaType", served)
    if served not in ALL_MEDIA_TYPES:
        served = stated if isinstance(stated, str) else served
    if stated != served:
        raise ValueError(f"calls itself {stated!r} and is served as {served!r}")
    if served not in ALL_MEDIA_TYPES:
        raise ValueError(f"is of media type {served!r}; accepted: {', '.join(sorted(ALL_MEDIA_TYPES))}")
    return served


def _artifact_type(document: Mapping[str, object]) -> str:
    """Of a referrer; without one, its configuration's media type stands for it ("Listing Referrers")."""
    config = document.get("config")
    stated = document.get("artifactType") or (config.get("mediaType") if isinstance(config, dict) else "")
    return stated if isinstance(stated, str) else ""


def _refuse_ambiguous(document: Mapping[str, object]) -> None:
    if "manifests" in document and document.keys() & {"config", "layers", "blobs", "fsLayers"}:
        raise ValueError("is an image and an index at once")


def _listed(document: Mapping[str, object], media_type: str) -> tuple[tuple[Descriptor, ...], Kind]:
    if media_type in INDEX_MEDIA_TYPES:
        _want_list(document, "manifests")
        return _once(descriptors_in(document, "manifests")), Kind.INDEX
    if media_type == OCI_ARTIFACT:
        return _once(descriptors_in(document, "blobs")), Kind.ARTIFACT
    config = document.get("config")
    if not isinstance(config, dict):
        raise ValueError("names no configuration")  # noqa: TRY004 (wrong data, not a wrong type in the program)
    _want_list(document, "layers")
    return _once((_descriptor(config), *descriptors_in(document, "layers"))), Kind.IMAGE


def _want_list(document: Mapping[str, object], key: str) -> None:
    entries = document.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"has no list of {key}")


def _once(descriptors: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
    """Each digest once, in order; the same digest with two sizes can't be right."""
    found: dict[str, Descriptor] = {}
    for descriptor in descriptors:
        if found.setdefault(descriptor.digest, descriptor).size != descriptor.size:
            raise ValueError(f"gives {descriptor.digest} two sizes")
    return tuple(found.values())


def _refuse_foreign(descriptor: Descriptor) -> None:
    if descriptor.media_type.startswith(_FOREIGN):
        raise ValueError(
            f"has the layer {descriptor.digest} of media type {descriptor.media_type}, which may not be distributed; "
            "rebuild the image from a base without foreign layers"
        )


def _descriptor(entry: Mapping[str, object]) -> Descriptor:
    media_type, digest, size = entry.get("mediaType", ""), entry.get("digest"), entry.get("size")
    if not (isinstance(media_type, str) and isinstance(digest, str) and is_digest(digest) and isinstance(size, int)):
        raise ValueError("has a descriptor without digest and size")
    if isinstance(size, bool) or not 0 <= size <= _MAX_SIZE:
        raise ValueError(f"has a descriptor of {size} bytes")
    platform = entry.get("platform")
    name = ""
    if isinstance(platform, dict):
        words = (str(platform[key])[:_MAX_PLATFORM] for key in ("os", "architecture", "variant") if platform.get(key))
        name = printable("/".join(words))
    return Descriptor(media_type, digest, size, name)
