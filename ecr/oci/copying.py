"""The very same image in another repository: `copy`.

Everything is read and judged first, then blobs move, then manifests, children before parents, then what refers to
them, and the tag last: a copy that is interrupted leaves no half-made tag, and the next one moves what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Literal, Protocol, TypeVar

from ecr.errors import Conflict, RemoteError
from ecr.oci.graph import Graph, gather, gather_image, gather_referrers
from ecr.oci.manifest import Descriptor, Manifest
from ecr.oci.referrers import list_in_tag
from ecr.oci.registry import Location
from ecr.oci.repository import Repository, TagRefused
from ecr.oci.session import Session
from ecr.oci.transport import Deadline, Stopped
from ecr.reference import is_digest
from ecr.repository import TagMutability

# Where cosign keeps signatures, attestations and SBOMs unless it is told to use referrers (sigstore/cosign,
# specs/SIGNATURE_SPEC.md, "Tag-based Discovery").
COSIGN_SUFFIXES = (".sig", ".att", ".sbom")

T = TypeVar("T")
Outcome = Literal["skipped", "mounted", "copied"]


class Progress(Protocol):
    """Who wants to know how a copy goes; called from several threads."""

    def blob(self, digest: str, size: int, outcome: Outcome) -> None:
        """A blob is now where it belongs."""

    def moved(self, count: int) -> None:
        """So many bytes have just arrived."""

    def total(self, size: int) -> None:
        """So many bytes are known to be needed; grows."""


class _Silent:
    def blob(self, digest: str, size: int, outcome: Outcome) -> None:
        pass

    def moved(self, count: int) -> None:
        pass

    def total(self, size: int) -> None:
        pass


SILENT = _Silent()


@dataclass(frozen=True, kw_only=True)
class CopyResult:
    """What a copy has come to.

    Attributes:
        digest: of the image, the same on both sides.
        bytes_moved: bytes of blobs that went through this machine, repeated transfers included.
        blobs_mounted: blobs that the registry took from the source's repository by itself.
        blobs_skipped: blobs that were there already.
        blobs_copied: blobs that went through this machine.
        manifests_copied: manifests and indexes pushed, referrers included.
        referrers: signatures, SBOMs and the like that go with the image.
        seconds: how long it took.
    """

    digest: str
    bytes_moved: int
    blobs_mounted: int
    blobs_skipped: int
    blobs_copied: int
    manifests_copied: int
    referrers: int
    seconds: float


@dataclass
class _Tally:
    """What has been done so far; counted from several threads."""

    progress: Progress
    lock: Lock = field(default_factory=Lock)
    bytes_moved: int = 0
    blobs: dict[Outcome, int] = field(default_factory=lambda: {"mounted": 0, "skipped": 0, "copied": 0})
    manifests: int = 0

    def moved(self, count: int) -> None:
        with self.lock:
            self.bytes_moved += count
        self.progress.moved(count)

    def blob(self, blob: Descriptor, outcome: Outcome) -> None:
        with self.lock:
            self.blobs[outcome] += 1
        self.progress.blob(blob.digest, blob.size, outcome)


def copy(
    source: Location,
    reference: str,
    target: Location,
    tag: str,
    *,
    session: Session,
    mutability: TagMutability | None = None,
    progress: Progress = SILENT,
) -> CopyResult:
    """Have the image `reference` of `source` under `tag` in `target`, byte for byte.

    An image that is there already, and has all of its referrers, costs at most 3 requests when `reference` is a digest.

    Args:
        source: where the image is.
        reference: its tag or digest there.
        target: where it is to be; may be the same repository.
        tag: its tag there.
        session: connections and limits; several copies at once may share one.
        mutability: of the target's tags, where it is known: an immutable one is then refused before anything moves.
        progress: is told how it goes.

    Raises:
        Conflict: the tag names another image, and is immutable or was moved at the same time.
        RemoteError: there is no such image (MANIFEST_UNKNOWN), or a registry refuses, fails, or does not keep its word.
    """
    run = _Copy(session, source, target, tag, tally=_Tally(progress))
    try:
        return run.whole(reference, mutability)
    except Stopped:
        raise RemoteError(
            f"copying {source.name} to {target.name}:{tag} was not done within {session.limits.total_s:.0f} s; "
            "run it again: what has arrived stays",
            service="registry", operation="Copy", code="TIMEOUT", temporary=True,
        ) from None  # fmt: skip


class _Copy:
    """One copy under way."""

    def __init__(self, session: Session, source: Location, target: Location, tag: str, *, tally: _Tally) -> None:
        same_registry = (source.registry.base_url, source.registry.host) == (
            target.registry.base_url,
            target.registry.host,
        )
        deadline = Deadline(session.limits.total_s)
        self._started = time.monotonic()
        self._session = session
        self._source = Repository(session, source, deadline)
        # Only a repository of the same registry can be mounted from, and only another one needs to be.
        mountable = same_registry and source.repository != target.repository
        self._target = Repository(session, target, deadline, push=True, mount_from=source if mountable else None)
        self._tag = tag
        self._deadline = deadline
        self._tally = tally

    def whole(self, reference: str, mutability: TagMutability | None) -> CopyResult:
        root = None if is_digest(reference) else self._source.manifest(reference)
        digest = reference if root is None else root.digest
        present = self._target.find_digest(self._tag)
        if present == digest:
            return self._result(digest, self._complete(digest))
        if present is not None and mutability is not None and mutability.is_immutable(self._tag):
            raise self._conflict(self._tag, digest, present, "is immutable")
        graph = gather(self._source, root or self._source.manifest(digest), self._side_by_side)
        self._move(graph)
        self._publish(graph)
        signatures = self._copy_signatures(digest)
        self._put_tag(self._tag, graph.root)
        return self._result(digest, len(graph.referrers) + signatures)

    def _complete(self, digest: str) -> int:
        """Bring referrers that are missing to an image that is there; how many it has."""
        listed = self._source.referrers(digest)
        if not listed:
            return 0
        there = {entry.digest for entry in self._target.referrers(digest)}
        missing = tuple(entry for entry in listed if entry.digest not in there)
        if missing:
            root = self._source.manifest(digest)
            graph = gather_referrers(self._source, root, missing, self._side_by_side)
            self._move(graph)
            self._publish(graph)
        return len(listed)

    def _copy_signatures(self, digest: str) -> int:
        """Bring what cosign has put beside the image under tags of its own, with no link to it; how many were brought.

        The target's own stay: they say what was found true of the image there.
        """
        tags = [digest.replace(":", "-") + suffix for suffix in COSIGN_SUFFIXES]
        found = self._side_by_side([partial(self._source.find_manifest, tag) for tag in tags])
        brought = 0
        for tag, manifest in zip(tags, found, strict=True):
            if manifest is None or self._target.find_digest(tag) is not None:
                continue
            graph = gather_image(self._source, manifest, self._side_by_side)
            self._move(graph)
            self._publish(graph)
            self._put_tag(tag, manifest)
            brought += 1
        return brought

    # -- blobs --------------------------------------------------------------------------------------------------------

    def _refuse_oversized(self, graph: Graph) -> None:
        limit = self._target.location.registry.max_blob_bytes
        for blob in graph.blobs:
            if limit is not None and blob.size > limit:
                raise RemoteError(
                    f"image {self._source.image(graph.root.digest)} has the layer {blob.digest} of {blob.size} bytes; "
                    f"{self._target.location.registry.host} takes at most {limit}: make it smaller",
                    service="registry", operation="Copy", code="QUOTA",
                )  # fmt: skip

    def _move(self, graph: Graph) -> None:
        self._refuse_oversized(graph)
        self._tally.progress.total(sum(blob.size for blob in graph.blobs))
        # The largest first: the last to begin should not be the last to end by far.
        ordered = sorted(graph.blobs, key=lambda blob: -blob.size)
        self._side_by_side([partial(self._place, blob) for blob in ordered])

    def _place(self, blob: Descriptor) -> None:
        """Have one blob in the target."""
        target = self._target.location
        # Two images of one session often share layers; the second finds the first one's.
        with self._session.lock(target.registry.base_url, target.name, blob.digest):
            outcome = self._target.repeat(partial(self._place_once, blob))
        self._tally.blob(blob, outcome)

    def _place_once(self, blob: Descriptor) -> Outcome:
        if self._target.has_blob(blob):
            return "skipped"
        url = self._target.begin_upload(blob)
        if url is None:
            return "mounted"
        with self._source.opened(blob) as pieces:
            self._target.upload(url, blob, self._counted(pieces))
        return "copied"

    def _counted(self, pieces: Iterator[memoryview]) -> Iterator[memoryview]:
        for piece in pieces:
            self._tally.moved(len(piece))
            yield piece

    # -- manifests ----------------------------------------------------------------------------------------------------

    def _publish(self, graph: Graph) -> None:
        """All manifests but the one to be tagged, children before parents, then what refers to them."""
        for level in graph.levels:
            self._side_by_side([partial(self._put_missing, manifest) for manifest in level])
        if not graph.referrers:
            return
        # Some registries want to know what a referrer refers to.
        self._put_missing(graph.root)
        for generation in graph.generations:
            known = self._side_by_side([partial(self._put_missing, manifest) for manifest in generation])
            if not all(known) and not self._target_lists_referrers(graph.root.digest):
                for subject, manifests in _by_subject(generation).items():
                    list_in_tag(self._session, self._target, subject, manifests)
                    self._count()

    def _put_missing(self, manifest: Manifest) -> bool:
        """Push a manifest by digest unless it is there; whether the registry keeps its list of referrers itself."""
        if self._target.has_manifest(manifest):
            return False
        pushed = self._target.put_manifest(manifest.digest, manifest)
        self._count()
        return pushed.subject_known

    def _target_lists_referrers(self, digest: str) -> bool:
        self._target.referrers(digest)
        return self._target.has_referrers_api()

    def _put_tag(self, tag: str, manifest: Manifest) -> None:
        try:
            self._target.put_manifest(tag, manifest)
        except TagRefused as refused:
            present = self._target.find_digest(tag)
            if present is None:
                raise refused.error from None
            if present != manifest.digest:
                raise self._conflict(tag, manifest.digest, present, "can't be moved") from None
            return
        self._count()
        seen = self._target.find_digest(tag)
        if seen != manifest.digest:
            raise self._conflict(tag, manifest.digest, seen or "nothing", "was moved by somebody else at the same time")

    # -- common -------------------------------------------------------------------------------------------------------

    def _side_by_side(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        return self._session.workers.run(calls, self._deadline)

    def _count(self) -> None:
        with self._tally.lock:
            self._tally.manifests += 1

    def _conflict(self, tag: str, wanted: str, present: str, why: str) -> Conflict:
        return Conflict(
            f"tag {self._target.image(tag)} {why} and names {present}, not {wanted}; promote under another tag"
        )

    def _result(self, digest: str, referrers: int) -> CopyResult:
        tally = self._tally
        return CopyResult(
            digest=digest,
            bytes_moved=tally.bytes_moved,
            blobs_mounted=tally.blobs["mounted"],
            blobs_skipped=tally.blobs["skipped"],
            blobs_copied=tally.blobs["copied"],
            manifests_copied=tally.manifests,
            referrers=referrers,
            seconds=time.monotonic() - self._started,
        )


def _by_subject(manifests: Sequence[Manifest]) -> dict[str, list[Manifest]]:
    found: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        if manifest.subject is not None:
            found.setdefault(manifest.subject.digest, []).append(manifest)
    return found
