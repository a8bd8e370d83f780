"""Test images, made of nothing but a seed: every byte of every manifest, layer and referrer is known beforehand."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"  # OCI image specification 1.1, "Guidance for an empty descriptor"


class Flavour(Enum):
    """The media types of an image: manifest, index, configuration, layer, layer that may not be distributed."""

    OCI = (
        OCI_MANIFEST,
        OCI_INDEX,
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    )
    DOCKER = (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    )

    def __init__(self, manifest: str, index: str, config: str, layer: str, foreign: str) -> None:
        self.manifest = manifest
        self.index = index
        self.config = config
        self.layer = layer
        self.foreign = foreign


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True)
class Blob:
    """A layer, a configuration, or what a referrer carries."""

    data: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return digest_of(self.data)

    @property
    def descriptor(self) -> dict[str, object]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


@dataclass(frozen=True)
class Content:
    """A manifest or an index with all that hangs on it."""

    raw: bytes
    media_type: str
    blobs: tuple[Blob, ...] = ()
    children: tuple[Content, ...] = ()
    referrers: tuple[Content, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str = ""

    @property
    def digest(self) -> str:
        return digest_of(self.raw)

    @property
    def descriptor(self) -> dict[str, object]:
        found: dict[str, object] = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.raw)}
        return found | ({"artifactType": self.artifact_type} if self.artifact_type else {})

    def everything(self) -> Iterator[Content]:
        """Itself and all manifests below, children before their parents, and referrers."""
        for child in self.children:
            yield from child.everything()
        yield self
        for referrer in self.referrers:
            yield from referrer.everything()

    def all_blobs(self) -> dict[str, Blob]:
        return {blob.digest: blob for content in self.everything() for blob in content.blobs}

    @property
    def blob_bytes(self) -> int:
        return sum(len(blob.data) for blob in self.all_blobs().values())


def encoded(document: Mapping[str, object]) -> bytes:
    """JSON with three blanks, as Docker writes it: whoever parses a manifest and writes it anew changes its digest."""
    return json.dumps(document, indent=3).encode()


def image(seed: object, sizes: Sequence[int] = (2000, 3000), flavour: Flavour = Flavour.OCI) -> Content:
    """An image with layers of these sizes, in bytes."""
    source = random.Random(str(seed))  # noqa: S311 - the same bytes every time are the point
    layers = tuple(Blob(source.randbytes(size), flavour.layer) for size in sizes)
    about = {"os": "linux", "architecture": "amd64", "config": {"Labels": {"seed": str(seed)}}}
    diff_ids = [layer.digest for layer in layers]
    config = Blob(encoded({**about, "rootfs": {"type": "layers", "diff_ids": diff_ids}}), flavour.config)
    return of_blobs(config, layers, flavour)


def of_blobs(config: Blob, layers: Sequence[Blob], flavour: Flavour = Flavour.OCI) -> Content:
    document = {
        "schemaVersion": 2,
        "mediaType": flavour.manifest,
        "config": config.descriptor,
        "layers": [layer.descriptor for layer in layers],
    }
    return Content(encoded(document), flavour.manifest, (config, *layers))


def with_foreign_layer(seed: object, flavour: Flavour) -> tuple[Content, Blob]:
    """An image whose last layer stands elsewhere, and that layer, which is not pushed."""
    base = image(seed, (1000,), flavour)
    foreign = Blob(b"licensed" + str(seed).encode(), flavour.foreign)
    document = json.loads(base.raw)
    document["layers"].append({**foreign.descriptor, "urls": ["https://example.com/layer"]})
    return Content(encoded(document), base.media_type, base.blobs), foreign


def index(
    seed: object,
    platforms: Sequence[str] = ("linux/amd64", "linux/arm64", "linux/arm/v7"),
    flavour: Flavour = Flavour.OCI,
    *,
    sizes: Sequence[int] = (1500, 2500),
) -> Content:
    """One image a platform, all with the same first layer; among OCI's, as BuildKit makes them, an attestation."""
    shared = Blob(random.Random(f"{seed}/shared").randbytes(sizes[0]), flavour.layer)  # noqa: S311
    children = []
    entries = []
    for name in platforms:
        own = image(f"{seed}/{name}", sizes[1:], flavour)
        child = of_blobs(own.blobs[0], (shared, *own.blobs[1:]), flavour)
        children.append(child)
        entries.append({**child.descriptor, "platform": platform(name)})
    if flavour is Flavour.OCI:
        child = in_toto(seed)
        about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": children[0].digest}
        children.append(child)
        entries.append({**child.descriptor, "platform": platform("unknown/unknown"), "annotations": about})
    return of_children(children, entries, flavour)


def of_children(
    children: Sequence[Content], entries: Sequence[Mapping[str, object]] = (), flavour: Flavour = Flavour.OCI
) -> Content:
    document = {
        "schemaVersion": 2,
        "mediaType": flavour.index,
        "manifests": list(entries) or [child.descriptor for child in children],
    }
    return Content(encoded(document), flavour.index, children=tuple(children))


def platform(name: str) -> dict[str, str]:
    return dict(zip(("os", "architecture", "variant"), name.split("/"), strict=False))


def in_toto(seed: object) -> Content:
    flavour = Flavour.OCI
    config = Blob(encoded({"architecture": "unknown", "os": "unknown", "of": str(seed)}), flavour.config)
    statement = Blob(
        encoded({"_type": "https://in-toto.io/Statement/v0.1", "of": str(seed)}), "application/vnd.in-toto+json"
    )
    return of_blobs(config, (statement,), flavour)


def referrer(subject: Content, artifact_type: str, data: bytes, referrers: Sequence[Content] = ()) -> Content:
    """An artifact with a `subject` (OCI image specification 1.1, "Guidelines for artifact usage")."""
    blobs = (Blob(b"{}", EMPTY), Blob(data, artifact_type))
    annotations = {"org.opencontainers.image.created": "2026-01-02T03:04:05Z"}
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": blobs[0].descriptor,
        "layers": [blobs[1].descriptor],
        "subject": {key: subject.descriptor[key] for key in ("mediaType", "digest", "size")},
        "annotations": annotations,
    }
    return Content(encoded(document), OCI_MANIFEST, blobs, (), tuple(referrers), annotations, artifact_type)


SIGNATURE = "application/vnd.cncf.notary.signature"
SBOM = "application/spdx+json"


def signed(content: Content) -> Content:
    """The same with a signature, and an SBOM that has a signature of its own: two levels."""
    signature = referrer(content, SIGNATURE, b"signature of " + content.digest.encode())
    sbom = referrer(content, SBOM, b"parts of " + content.digest.encode())
    of_sbom = referrer(sbom, SIGNATURE, b"signature of " + sbom.digest.encode())
    return replace(content, referrers=(signature, replace(sbom, referrers=(of_sbom,))))


def fallback_tag(digest: str) -> str:
    """Where a registry without the referrers API lists them (OCI distribution 1.1, "Referrers Tag Schema")."""
    return digest.replace(":", "-")


def fallback_index(content: Content) -> Content:
    """The index that stands under that tag."""
    entries = [{**one.descriptor, "annotations": dict(one.annotations)} for one in content.referrers]
    return of_children(content.referrers, entries)
