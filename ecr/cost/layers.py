"""How many bytes a repository stores, every layer counted once. Pure.

Amazon ECR bills what is stored, and stores a blob once in a repository, however many images it belongs to (ECR user
guide, "Amazon ECR private repositories"). Configurations and manifests are blobs, too.

AWS does not say how it bills a layer that an image in the archive shares with one that is not. Such a layer counts as
standard here: the image outside the archive can be pulled at any time, so the layer has to be there for it. The archive
is charged for what its images alone need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecr.lifecycle.forecast import tally
from ecr.lifecycle.images import Image, ImageStatus
from ecr.oci import manifest as manifests
from ecr.oci.manifest import INDEX_MEDIA_TYPES


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What one manifest is made of.

    Attributes:
        digest: its own.
        size: bytes of the manifest itself.
        blobs: digest and size of its configuration and layers.
        children: the digests that it lists, when it is an index.
    """

    digest: str
    size: int
    blobs: tuple[tuple[str, int], ...] = ()
    children: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StoredBytes:
    """Bytes by storage class."""

    standard: int
    archived: int

    @property
    def total(self) -> int:
        """Of both classes."""
        return self.standard + self.archived


def read(digest: str, raw: bytes, media_type: str) -> Contents:
    """What a manifest says that it is made of.

    Args:
        digest: its own.
        raw: its bytes.
        media_type: as the registry says it; may be empty.

    Raises:
        ValueError: saying what is wrong with it, in words that follow its name.
    """
    parsed = manifests.parse(raw, media_type or _media_type(raw))
    return Contents(
        digest=digest,
        size=len(raw),
        blobs=tuple((blob.digest, blob.size) for blob in parsed.blobs),
        children=tuple(child.digest for child in parsed.children),
    )


def _media_type(raw: bytes) -> str:
    """What a manifest calls itself, which OCI's need not (OCI image specification, "Image Manifest", `mediaType`)."""
    document = manifests.json_object(raw)
    stated = document.get("mediaType")
    if isinstance(stated, str):
        return stated
    return manifests.OCI_INDEX if "manifests" in document else manifests.OCI_MANIFEST


def distinct(images: Sequence[Image], contents: Mapping[str, Contents]) -> StoredBytes:
    """The bytes that these images take, each blob once.

    Args:
        images: all images of a repository, children of indexes and referrers among them; each digest once.
        contents: digest -> what it is made of. An image that is not there counts with the size that ECR gives it, as if
            it shared nothing.
    """
    listed = frozenset(image.digest for image in images)
    standard: dict[str, int] = {}
    archived: dict[str, int] = {}
    alone = {False: 0, True: 0}
    for image in images:
        in_archive = image.status is ImageStatus.ARCHIVED
        if image.digest not in contents:
            # An index has the size of its largest image, which counts by itself.
            alone[in_archive] += image.size if image.media_type not in INDEX_MEDIA_TYPES else 0
        blobs = archived if in_archive else standard
        for digest, size in _blobs(image.digest, contents, listed):
            # A digest has one size; where two manifests disagree, no order of the images may matter.
            blobs[digest] = max(size, blobs.get(digest, 0))
    return StoredBytes(
        standard=sum(standard.values()) + alone[False],
        archived=sum(size for digest, size in archived.items() if digest not in standard) + alone[True],
    )


def naive(images: Sequence[Image]) -> StoredBytes:
    """The sizes that ECR gives to the images, added up: layers that several images share count for each of them."""
    summed = tally(images)
    return StoredBytes(standard=summed.bytes - summed.archived_bytes, archived=summed.archived_bytes)


def pulled(digest: str, contents: Mapping[str, Contents]) -> int | None:
    """The bytes that are sent when nothing of an image is there yet; of an index, for its largest image.

    None where it is not known what the image is made of.
    """
    image = contents.get(digest)
    if image is None:
        return None
    children = [contents[child] for child in image.children if child in contents and not contents[child].children]
    largest = max((_alone(child) for child in children), default=0)
    return _alone(image) + largest


def _alone(image: Contents) -> int:
    return image.size + sum(size for _, size in image.blobs)


def _blobs(digest: str, contents: Mapping[str, Contents], listed: Iterable[str]) -> Iterator[tuple[str, int]]:
    """All that is stored for one image: what its index lists, too, where that is not listed as an image of its own."""
    waiting, seen = [digest], {digest}
    while waiting:
        image = contents.get(waiting.pop())
        if image is None:
            continue
        yield image.digest, image.size
        yield from image.blobs
        new = [child for child in image.children if child not in seen and child not in listed]
        seen.update(new)
        waiting += new
