"""The OCI distribution protocol: what can be asked of one repository.

Source: OCI distribution specification 1.1. Nothing that comes from a registry is trusted: sizes are bounded, digests
are checked, redirects get no credentials (`ecr.oci.exchange`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlencode

from ecr.errors import RemoteError
from ecr.oci.exchange import Answer, Call, Exchange, Temporary
from ecr.oci.manifest import (
    ALL_MEDIA_TYPES,
    MAX_MANIFEST_BYTES,
    Descriptor,
    Manifest,
    digest_of,
    parse,
)
from ecr.oci.referrers_api import listed_referrers
from ecr.oci.registry import Location, Registry
from ecr.oci.session import Session
from ecr.oci.transport import Deadline, Response, Stopped, TransportError, read_up_to
from ecr.reference import is_digest

# The configuration of an image holds no layers; the largest seen in the wild stay below 100 kB.
MAX_CONFIG_BYTES = 4 << 20
CHUNK_BYTES = 256 << 10
MAX_REFERRERS = 500
_ACCEPT = ", ".join(sorted(ALL_MEDIA_TYPES))
# How registries say that a tag may not be moved: ECR 400 (TAG_INVALID), others 403, 405, 409 or 412.
_PERHAPS_IMMUTABLE = frozenset({400, 403, 405, 409, 412})


class TagRefused(Exception):
    """The registry did not take a manifest under a tag, perhaps because the tag is immutable; `error` says how."""

    def __init__(self, error: RemoteError) -> None:
        self.error = error
        super().__init__(str(error))


@dataclass(frozen=True)
class Pushed:
    """What a registry said to a manifest. `subject_known`: it keeps the list of referrers itself ("OCI-Subject")."""

    subject_known: bool


class Repository:
    """One repository, spoken to for one copy or verification.

    Args:
        push: whether it is also written to.
        mount_from: a repository of the same registry that blobs may be mounted from.
    """

    def __init__(
        self,
        session: Session,
        location: Location,
        deadline: Deadline,
        *,
        push: bool = False,
        mount_from: Location | None = None,
    ) -> None:
        actions = "pull,push" if push else "pull"
        scopes = [f"repository:{location.repository}:{actions}"]
        if mount_from is not None and mount_from.repository != location.repository:
            scopes.append(f"repository:{mount_from.repository}:pull")
        self.location = location
        self.mount_from = mount_from
        self._session = session
        self._exchange = Exchange(session, location.registry, tuple(scopes), deadline)
        self._base = f"/v2/{location.repository}"
        self._key = f"{location.registry.base_url} {location.name}"
        self.deadline = deadline

        self.repeat = self._exchange.repeat

    def image(self, reference: str) -> str:
        """The full name of an image here, for messages."""
        return f"{self.location.name}{'@' if is_digest(reference) else ':'}{reference}"

    # -- manifests ----------------------------------------------------------------------------------------------------

    def find_manifest(self, reference: str) -> Manifest | None:
        """The manifest under a tag or digest; None when there is none, or no such repository.

        Raises:
            RemoteError: when it differs from its digest, or can't be understood or had.
        """
        call = self._manifest_call("GET", reference)
        answer = self._found(call)
        return None if answer is None else self._checked(call, reference, answer)

    def find_digest(self, reference: str) -> str | None:
        """The digest of the manifest under a tag, from its bytes, whatever it is; None when there is none.

        Raises:
            RemoteError: when it can't be had.
        """
        call = self._manifest_call("GET", reference)
        answer = self._found(call)
        if answer is None:
            return None
        digest = digest_of(answer.body)
        self._compare_digest(call, answer, digest)
        return digest

    def manifest(self, reference: str) -> Manifest:
        """As `find_manifest`. Raises RemoteError (MANIFEST_UNKNOWN) when there is none."""
        found = self.find_manifest(reference)
        if found is None:
            raise RemoteError(
                f"image {self.image(reference)} does not exist; check the name, or the permission to read it",
                service="registry", operation="GetManifest", code="MANIFEST_UNKNOWN",
            )  # fmt: skip
        return found

    def has_manifest(self, manifest: Manifest) -> bool:
        """Whether the repository holds this manifest, by digest and size."""
        call = self._manifest_call("HEAD", manifest.digest)
        answer = self._exchange.fetch(call)
        if answer.status == HTTPStatus.OK:
            size = answer.headers.get("content-length", str(len(manifest.raw)))
            digest = answer.headers.get("docker-content-digest", manifest.digest)
            return size == str(len(manifest.raw)) and digest == manifest.digest
        if answer.status == HTTPStatus.NOT_FOUND:
            return False
        raise self._exchange.refusal(call, answer)

    def put_manifest(self, reference: str, manifest: Manifest) -> Pushed:
        """Push a manifest's exact bytes under a tag or its digest.

        Raises:
            TagRefused: when `reference` is a tag and the refusal may mean that it is immutable.
            RemoteError: in all other cases.
        """
        registry = self.location.registry
        call = Call(
            operation="PutManifest", method="PUT", path=f"{self._base}/manifests/{reference}",
            headers={"Content-Type": manifest.media_type}, body=manifest.raw,
        )  # fmt: skip
        self._wait("PutManifest", registry.put_manifest_rate)
        answer = self._exchange.fetch(call)
        if answer.status not in (HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.ACCEPTED):
            error = self._exchange.refusal(call, answer)
            if answer.status in _PERHAPS_IMMUTABLE and not is_digest(reference):
                raise TagRefused(error)
            raise error
        self._compare_digest(call, answer, manifest.digest)
        return Pushed(subject_known="oci-subject" in answer.headers)

    # -- blobs --------------------------------------------------------------------------------------------------------

    def has_blob(self, blob: Descriptor) -> bool:
        """Whether the repository holds a blob of this digest and size."""
        call = Call(operation="HeadBlob", method="HEAD", path=f"{self._base}/blobs/{blob.digest}")
        answer = self._exchange.fetch(call)
        if answer.status == HTTPStatus.OK:
            size = answer.headers.get("content-length", str(blob.size))
            digest = answer.headers.get("docker-content-digest", blob.digest)
            return size == str(blob.size) and digest == blob.digest
        if answer.status == HTTPStatus.NOT_FOUND:
            return False
        raise self._exchange.refusal(call, answer)

    def begin_upload(self, blob: Descriptor) -> str | None:
        """Where to upload a blob to; None when the registry could mount it, and there is nothing more to do."""
        path = f"{self._base}/blobs/uploads/"
        if self.mount_from is not None:
            path += "?" + urlencode({"mount": blob.digest, "from": self.mount_from.repository})
        call = Call(operation="BeginUpload", method="POST", path=path)
        self._wait("BeginUpload", self.location.registry.upload_rate)
        answer = self._exchange.fetch(call)
        if answer.status == HTTPStatus.CREATED and self.mount_from is not None:
            self._compare_digest(call, answer, blob.digest)
            return None
        if answer.status != HTTPStatus.ACCEPTED or not answer.headers.get("location"):
            raise self._exchange.refusal(call, answer)
        return self._exchange.resolved(call, answer.url, answer.headers["location"])

    def upload(self, url: str, blob: Descriptor, pieces: Iterable[memoryview]) -> None:
        """Send a blob in one request, which can't be repeated: its pieces are gone.

        POST and one PUT, as containerd pushes: ECR keeps only the first of several PATCHes
        (github.com/aws/containers-roadmap/issues/2831), and a PATCH more would be a request more for each blob.

        Raises:
            Temporary: when the whole transfer should begin anew.
            RemoteError: when the registry refuses the blob.
        """
        call = Call(
            operation="Upload", method="PUT", path=f"{url}{'&' if '?' in url else '?'}digest={blob.digest}",
            headers={"Content-Type": "application/octet-stream"}, body=pieces, length=blob.size,
        )  # fmt: skip
        self._wait("EndUpload", self.location.registry.upload_rate)
        answer = self._read(call)
        if answer.status == HTTPStatus.NOT_FOUND:
            # The session is gone, as after a restart of the registry.
            raise Temporary(self._exchange.refusal(call, answer))
        if answer.status not in (HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.NO_CONTENT):
            raise self._exchange.refusal(call, answer)
        self._compare_digest(call, answer, blob.digest)

    @contextmanager
    def opened(self, blob: Descriptor) -> Iterator[Iterator[memoryview]]:
        """The bytes of a blob in pieces, the last of which comes only when size and digest are right.

        Each piece is overwritten by the next.

        Raises:
            Temporary: when the blob did not arrive, and may do so the next time.
            RemoteError: when it is not there, or differs from its digest or size.
        """
        call = Call(operation="GetBlob", method="GET", path=f"{self._base}/blobs/{blob.digest}")
        response = self._exchange.open(call)
        try:
            if response.status != HTTPStatus.OK:
                raise self._exchange.refusal(call, self._finish(call, response))
            announced = response.headers.get("content-length", str(blob.size))
            if announced != str(blob.size):
                raise self._wrong_size(blob, announced)
            yield self._pieces(call, response, blob)
        finally:
            response.close()

    def _pieces(self, call: Call, response: Response, blob: Descriptor) -> Iterator[memoryview]:
        hashed = hashlib.sha256()
        view = memoryview(bytearray(min(CHUNK_BYTES, blob.size + 1)))
        received = 0
        while True:
            try:
                count = response.readinto(view)
            except TransportError as error:
                raise Temporary(
                    self._exchange.error(call, f"broke off blob {blob.digest}: {error}", "TRUNCATED", temporary=True)
                ) from error
            received += count
            if received > blob.size or (not count and received < blob.size):
                raise self._wrong_size(blob, f"{'more than ' * (received > blob.size)}{min(received, blob.size)}")
            hashed.update(view[:count])
            if received == blob.size:
                break
            yield view[:count]
        if f"sha256:{hashed.hexdigest()}" != blob.digest:
            raise self._exchange.error(
                call, f"sent blob {blob.digest} of {self.location.repository} as sha256:{hashed.hexdigest()}; "
                "its copy is damaged", "DIGEST",
            )  # fmt: skip
        yield view[:count]

    # -- referrers ----------------------------------------------------------------------------------------------------

    def referrers(self, digest: str) -> tuple[Descriptor, ...]:
        """What refers to a manifest: by the referrers API, or where there is none by the tag `sha256-HEX`.

        Raises:
            RemoteError: when the list can't be had, read, or is too long.
        """
        if not self._session.lacks_referrers(self._key):
            listed = listed_referrers(self._exchange, f"{self._base}/referrers/{digest}", MAX_REFERRERS)
            if listed is not None:
                return self._bounded(digest, listed)
            self._session.remember_no_referrers(self._key)
        index = self.find_manifest(referrers_tag(digest))
        return () if index is None else self._bounded(digest, index.children)

    def has_referrers_api(self) -> bool:
        """Whether it keeps the list of referrers itself, as far as that has been asked."""
        return not self._session.lacks_referrers(self._key)

    def _bounded(self, digest: str, found: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
        if len(found) > MAX_REFERRERS:
            raise RemoteError(
                f"image {self.image(digest)} has more than {MAX_REFERRERS} referrers; delete those that are not needed",
                service="registry", operation="ListReferrers", code="TOO_MANY",
            )  # fmt: skip
        return found

    # -- common -------------------------------------------------------------------------------------------------------

    def _manifest_call(self, method: str, reference: str) -> Call:
        return Call(
            operation="GetManifest", method=method, path=f"{self._base}/manifests/{reference}",
            headers={"Accept": _ACCEPT}, limit=MAX_MANIFEST_BYTES,
        )  # fmt: skip

    def _found(self, call: Call) -> Answer | None:
        """What was asked for; None when the registry has no such thing."""
        answer = self._exchange.fetch(call)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK:
            raise self._exchange.refusal(call, answer)
        return answer

    def _checked(self, call: Call, reference: str, answer: Answer) -> Manifest:
        digest = digest_of(answer.body)
        expected = reference if is_digest(reference) else digest
        if digest != expected:
            raise self._exchange.error(
                call,
                f"sent manifest {reference} of {self.location.repository} as {digest}; its copy is damaged",
                "DIGEST",
            )
        self._compare_digest(call, answer, digest)
        try:
            return parse(answer.body, answer.headers.get("content-type", ""))
        except ValueError as error:
            raise RemoteError(
                f"image {self.image(reference)} {error}", service="registry", operation="GetManifest", code="MALFORMED"
            ) from error

    def _compare_digest(self, call: Call, answer: Answer, digest: str) -> None:
        seen = answer.headers.get("docker-content-digest", digest)
        if seen != digest:
            raise self._exchange.error(call, f"calls {digest} of {self.location.repository} {seen}", "DIGEST")

    def _read(self, call: Call) -> Answer:
        return self._finish(call, self._exchange.open(call))

    def _finish(self, call: Call, response: Response) -> Answer:
        """A small answer, read in the one attempt that there is."""
        try:
            body = read_up_to(response, call.limit)
        except TransportError as error:
            raise Temporary(
                self._exchange.error(call, f"can't be reached: {error}", "UNREACHABLE", temporary=True)
            ) from error
        finally:
            response.close()
        return Answer(response.status, response.headers, body, call.path)

    def _wrong_size(self, blob: Descriptor, seen: str) -> RemoteError:
        return RemoteError(
            f"blob {blob.digest} of {self.location.name} has {seen} bytes, and not {blob.size} as its manifest says",
            service="registry", operation="GetBlob", code="SIZE",
        )  # fmt: skip

    def _wait(self, operation: str, per_second: float | None) -> None:
        self._session.rate(self.location.registry.host, operation, per_second).wait(self.deadline)


def referrers_tag(digest: str) -> str:
    """The tag under which a registry without the referrers API keeps the list ("Referrers Tag Schema")."""
    return digest.replace(":", "-")


def fetch_blob(registry: Registry, repository: str, blob: Descriptor, *, limit: int = MAX_CONFIG_BYTES) -> bytes:
    """The bytes of a small blob, checked against its size and digest.

    Raises:
        RemoteError: when it is larger than `limit` bytes, differs from its digest, or can't be had.
    """
    if blob.size > limit:
        raise RemoteError(
            f"blob {blob.digest} of {repository} has {blob.size} bytes; at most {limit} are read",
            service="registry", operation="GetBlob", code="TOO_LARGE",
        )  # fmt: skip
    with Session() as session:
        deadline = Deadline(session.limits.read_s * session.limits.attempts)
        source = Repository(session, Location(registry, repository, f"{registry.host}/{repository}"), deadline)

        def once() -> bytes:
            with source.opened(blob) as pieces:
                return b"".join(bytes(piece) for piece in pieces)

        try:
            return source.repeat(once)
        except Stopped:
            raise RemoteError(
                f"registry {registry.host} took too long for blob {blob.digest}",
                service="registry", operation="GetBlob", code="TIMEOUT", temporary=True,
            ) from None  # fmt: skip
