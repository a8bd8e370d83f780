"""All that an image is made of, read from its repository before anything is done with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Protocol, TypeVar

from ecr.errors import RemoteError
from ecr.oci.manifest import MAX_DEPTH, MAX_DESCRIPTORS, Descriptor, Manifest
from ecr.oci.repository import Repository

T = TypeVar("T")

# Read in parallel and kept until they are pushed; the largest images seen have some 30 platforms.
MAX_MANIFESTS = 1000
MAX_MANIFEST_BYTES_IN_ALL = 24 << 20


class SideBySide(Protocol):
    """Makes several calls at once and gives their results in order."""

    def __call__(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """The results of `calls`."""


@dataclass(frozen=True)
class Graph:
    """An image with everything below it, and everything that refers to it.

    Attributes:
        root: the manifest or index to be tagged.
        levels: the manifests below it, the deepest first; none for an image of one platform.
        generations: what refers to the image or to a manifest below it, then what refers to that.
        blobs: of all that has been read for it, each once.
    """

    root: Manifest
    levels: tuple[tuple[Manifest, ...], ...]
    generations: tuple[tuple[Manifest, ...], ...]
    blobs: tuple[Descriptor, ...]

    @property
    def referrers(self) -> tuple[Manifest, ...]:
        """All generations in one."""
        return tuple(manifest for generation in self.generations for manifest in generation)


@dataclass
class _Gathered:
    """What has been read so far, and whether that is not too much."""

    source: Repository
    root: Manifest
    manifests: dict[str, Manifest] = field(default_factory=dict)
    size: int = 0

    def new(self, found: Iterable[Descriptor]) -> list[Descriptor]:
        unique = {entry.digest: entry for entry in found if entry.digest not in self.manifests}
        if len(self.manifests) + len(unique) > MAX_MANIFESTS:
            raise self.refusal(f"is made of more than {MAX_MANIFESTS} manifests")
        # Before anything is read: a manifest may have 4 MiB, and a thousand of them would be in memory at once.
        if self.size + sum(entry.size for entry in unique.values()) > MAX_MANIFEST_BYTES_IN_ALL:
            raise self.refusal(f"has manifests of more than {MAX_MANIFEST_BYTES_IN_ALL} bytes in all")
        return list(unique.values())

    def add(self, manifests: Iterable[Manifest]) -> None:
        for manifest in manifests:
            self.manifests[manifest.digest] = manifest
            self.size += len(manifest.raw)
        if self.size > MAX_MANIFEST_BYTES_IN_ALL:
            raise self.refusal(f"has manifests of more than {MAX_MANIFEST_BYTES_IN_ALL} bytes in all")

    def refusal(self, problem: str) -> RemoteError:
        return RemoteError(
            f"image {self.source.image(self.root.digest)} {problem}; it is not copied",
            service="registry", operation="GetManifest", code="TOO_MANY",
        )  # fmt: skip


def gather(source: Repository, root: Manifest, side_by_side: SideBySide) -> Graph:
    """Read all manifests of an image, and of everything that refers to it.

    Args:
        source: where.
        root: its manifest or index.
        side_by_side: makes calls at once.

    Raises:
        RemoteError: when something is missing, malformed, too deep or too much.
    """
    gathered = _Gathered(source, root)
    levels = _image(gathered, side_by_side)
    subjects = list(gathered.manifests.values())
    listed = _listed(source, subjects, side_by_side)
    generations, more = _generations(gathered, subjects, listed, side_by_side)
    return _graph(gathered, (*more, *levels), generations, gathered.manifests.values())


def gather_image(source: Repository, root: Manifest, side_by_side: SideBySide) -> Graph:
    """Read the manifests of an image alone. As `gather`."""
    gathered = _Gathered(source, root)
    levels = _image(gathered, side_by_side)
    return _graph(gathered, levels, [], gathered.manifests.values())


def gather_referrers(
    source: Repository, root: Manifest, referrers: Sequence[Descriptor], side_by_side: SideBySide
) -> Graph:
    """Read some of an image's referrers and what belongs to them, but nothing of the image itself. As `gather`."""
    gathered = _Gathered(source, root)
    gathered.add([root])
    generations, levels = _generations(gathered, [root], referrers, side_by_side)
    return _graph(gathered, levels, generations, chain(*levels, *generations))


def _image(gathered: _Gathered, side_by_side: SideBySide) -> list[tuple[Manifest, ...]]:
    gathered.add([gathered.root])
    return _below(gathered, [gathered.root], side_by_side)


def _generations(
    gathered: _Gathered, subjects: Sequence[Manifest], listed: Sequence[Descriptor], side_by_side: SideBySide
) -> tuple[list[tuple[Manifest, ...]], list[tuple[Manifest, ...]]]:
    """What refers to the subjects, then what refers to that; and the manifests below all of these."""
    generations: list[tuple[Manifest, ...]] = []
    levels: list[tuple[Manifest, ...]] = []
    for _ in range(MAX_DEPTH):
        read = _read(gathered, gathered.new(listed), side_by_side)
        # A list may name what it likes; only what says itself that it refers to the image does.
        known = {subject.digest for subject in subjects}
        generation = [manifest for manifest in read if manifest.subject and manifest.subject.digest in known]
        if not generation:
            break
        gathered.add(generation)
        levels = [*_below(gathered, generation, side_by_side), *levels]
        generations.append(tuple(generation))
        subjects = generation
        listed = _listed(gathered.source, subjects, side_by_side)
    return generations, levels


def _listed(source: Repository, subjects: Sequence[Manifest], side_by_side: SideBySide) -> list[Descriptor]:
    lists = side_by_side([partial(source.referrers, subject.digest) for subject in subjects])
    return [entry for entries in lists for entry in entries]


def _graph(
    gathered: _Gathered,
    levels: Sequence[tuple[Manifest, ...]],
    generations: Sequence[tuple[Manifest, ...]],
    read: Iterable[Manifest],
) -> Graph:
    blobs = {blob.digest: blob for manifest in read for blob in manifest.blobs}
    if len(blobs) > MAX_DESCRIPTORS:
        raise gathered.refusal(f"is made of more than {MAX_DESCRIPTORS} blobs")
    return Graph(gathered.root, tuple(levels), tuple(generations), tuple(blobs.values()))


def _below(gathered: _Gathered, tops: Sequence[Manifest], side_by_side: SideBySide) -> list[tuple[Manifest, ...]]:
    """The manifests below these, the deepest level first."""
    levels: list[tuple[Manifest, ...]] = []
    level = list(tops)
    while children := gathered.new(child for manifest in level for child in manifest.children):
        if len(levels) == MAX_DEPTH:
            raise gathered.refusal(f"has indexes nested more than {MAX_DEPTH} deep")
        level = _read(gathered, children, side_by_side)
        gathered.add(level)
        levels.insert(0, tuple(level))
    return levels


def _read(gathered: _Gathered, entries: Sequence[Descriptor], side_by_side: SideBySide) -> list[Manifest]:
    read = side_by_side([partial(gathered.source.manifest, entry.digest) for entry in entries])
    for entry, manifest in zip(entries, read, strict=True):
        if entry.size != len(manifest.raw):
            raise gathered.refusal(f"gives manifest {entry.digest} {entry.size} bytes, and it has {len(manifest.raw)}")
    return read
