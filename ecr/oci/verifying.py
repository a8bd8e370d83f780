"""Whether a registry still holds an image, byte for byte: `verify`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TypeVar

from ecr.errors import RemoteError
from ecr.oci.copying import SILENT, Progress
from ecr.oci.graph import MAX_MANIFEST_BYTES_IN_ALL, MAX_MANIFESTS
from ecr.oci.manifest import MAX_DEPTH, MAX_DESCRIPTORS, Descriptor, Manifest
from ecr.oci.registry import Location
from ecr.oci.repository import Repository
from ecr.oci.session import Session
from ecr.oci.transport import Deadline, Stopped

T = TypeVar("T")

# What stands for every blob after it, so that nothing else is worth asking.
_GIVES_UP = frozenset({"UNREACHABLE", "DENIED", "UNAUTHORIZED", "401", "403"})


@dataclass(frozen=True, kw_only=True)
class VerifyResult:
    """What has been read.

    Attributes:
        digest: of the image.
        manifests: manifests and indexes read, referrers included.
        blobs: blobs read.
        bytes: of these blobs.
        problems: one line each, sorted; none when all is well.
    """

    digest: str
    manifests: int
    blobs: int
    bytes: int
    problems: tuple[str, ...]


def verify(location: Location, reference: str, *, session: Session, progress: Progress = SILENT) -> VerifyResult:
    """Read every manifest and every blob of an image again, those of its platforms and referrers included.

    Args:
        location: where it is.
        reference: its tag or digest.
        session: connections and limits.
        progress: is told how it goes; a blob that is well counts as copied.

    Raises:
        RemoteError: there is no such image, or the registry can't be read at all. All else is a problem of the result.
    """
    run = _Verification(session, location, progress)
    try:
        return run.whole(reference)
    except Stopped:
        raise RemoteError(
            f"verifying {location.name} was not done within {session.limits.total_s:.0f} s",
            service="registry", operation="Verify", code="TIMEOUT", temporary=True,
        ) from None  # fmt: skip


@dataclass
class _Seen:
    """What has been found so far; several threads add to it."""

    lock: Lock = field(default_factory=Lock)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    blobs: dict[str, Descriptor] = field(default_factory=dict)
    problems: set[str] = field(default_factory=set)
    good: int = 0
    bytes: int = 0


class _Verification:
    """One verification under way."""

    def __init__(self, session: Session, location: Location, progress: Progress) -> None:
        self._deadline = Deadline(session.limits.total_s)
        self._session = session
        self._repository = Repository(session, location, self._deadline)
        self._progress = progress
        self._seen = _Seen()

    def whole(self, reference: str) -> VerifyResult:
        root = self._repository.manifest(reference)
        self._manifests(root)
        blobs = sorted(self._seen.blobs.values(), key=lambda blob: -blob.size)
        self._progress.total(sum(blob.size for blob in blobs))
        self._side_by_side([partial(self._blob, blob) for blob in blobs])
        seen = self._seen
        return VerifyResult(
            digest=root.digest,
            manifests=len(seen.manifests),
            blobs=seen.good,
            bytes=seen.bytes,
            problems=tuple(sorted(seen.problems)),
        )

    def _manifests(self, root: Manifest) -> None:
        """Read what is below the image and what refers to it, level by level."""
        level = [root]
        seen = self._seen
        for _ in range(2 * MAX_DEPTH):
            seen.manifests |= {manifest.digest: manifest for manifest in level}
            seen.blobs |= {blob.digest: blob for manifest in level for blob in manifest.blobs}
            listed = self._side_by_side([partial(self._next_to, manifest) for manifest in level])
            new = {entry.digest: entry for entries in listed for entry in entries if entry.digest not in seen.manifests}
            if not new:
                return
            size = sum(len(manifest.raw) for manifest in seen.manifests.values()) + sum(e.size for e in new.values())
            too_many = len(seen.manifests) + len(new) > MAX_MANIFESTS or len(seen.blobs) > MAX_DESCRIPTORS
            if too_many or size > MAX_MANIFEST_BYTES_IN_ALL:
                break
            read = self._side_by_side([partial(self._manifest, entry) for entry in new.values()])
            level = [manifest for manifest in read if manifest is not None]
        seen.problems.add(f"image {self._repository.image(root.digest)} is larger or nested deeper than is read")

    def _next_to(self, manifest: Manifest) -> tuple[Descriptor, ...]:
        """The children of a manifest and its referrers."""
        listed = self._noting(partial(self._repository.referrers, manifest.digest))
        return (*manifest.children, *(listed or ()))

    def _manifest(self, entry: Descriptor) -> Manifest | None:
        found = self._noting(partial(self._repository.manifest, entry.digest))
        if found is not None and len(found.raw) != entry.size:
            self._note(
                f"manifest {self._repository.image(entry.digest)} has {len(found.raw)} bytes, and not {entry.size}"
            )
        return found

    def _blob(self, blob: Descriptor) -> None:
        size = self._noting(partial(self._repository.repeat, partial(self._read, blob)))
        if size is None:
            return
        with self._seen.lock:
            self._seen.good += 1
            self._seen.bytes += size
        self._progress.blob(blob.digest, blob.size, "copied")

    def _read(self, blob: Descriptor) -> int:
        size = 0
        with self._repository.opened(blob) as pieces:
            for piece in pieces:
                size += len(piece)
                self._progress.moved(len(piece))
        return size

    def _noting(self, call: Callable[[], T]) -> T | None:
        """The result, or None when it failed, which is then a problem of the image."""
        try:
            return call()
        except RemoteError as error:
            if error.code in _GIVES_UP:
                raise
            self._note(str(error))
            return None

    def _note(self, problem: str) -> None:
        with self._seen.lock:
            self._seen.problems.add(problem)

    def _side_by_side(self, calls: list[Callable[[], T]]) -> list[T]:
        return self._session.workers.run(calls, self._deadline)
