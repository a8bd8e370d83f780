"""The simplest registry client there can be: the tests push and read with it, and not with what they test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

import urllib3

from tests.registries.images import Content, digest_of, fallback_index, fallback_tag

ACCEPT = ", ".join(
    f"application/vnd.{name}+json"
    for name in (
        "oci.image.index.v1",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    )
)
FOUND, CREATED, ABSENT = 200, 201, 404


@dataclass(frozen=True)
class PlainClient:
    """One registry, at its own address."""

    base_url: str
    http: urllib3.PoolManager
    headers: Mapping[str, str] = field(default_factory=dict)

    def push(self, repository: str, content: Content, tag: str | None = None) -> Content:
        """Push it with all that hangs on it; gives it back."""
        for blob in content.all_blobs().values():
            self.push_blob(repository, blob.data)
        for one in content.everything():
            self.put_manifest(repository, one.digest, one.raw, one.media_type)
            if one.referrers:
                listing = fallback_index(one)
                for each in one.referrers:
                    self.put_manifest(repository, each.digest, each.raw, each.media_type)
                self.put_manifest(repository, fallback_tag(one.digest), listing.raw, listing.media_type)
        if tag:
            self.put_manifest(repository, tag, content.raw, content.media_type)
        return content

    def push_blob(self, repository: str, data: bytes) -> None:
        started = self._ask("POST", f"/v2/{repository}/blobs/uploads/")
        assert started.status == 202, (started.status, started.data)
        place = urljoin(self.base_url, started.headers["Location"])
        mark = "&" if "?" in place else "?"
        done = self._ask("PUT", f"{place}{mark}digest={digest_of(data)}", data)
        assert done.status == CREATED, (done.status, done.data)

    def put_manifest(self, repository: str, reference: str, raw: bytes, media_type: str) -> None:
        done = self._ask("PUT", f"/v2/{repository}/manifests/{reference}", raw, {"Content-Type": media_type})
        assert done.status == CREATED, (done.status, done.data)

    def manifest(self, repository: str, reference: str) -> tuple[bytes, str] | None:
        """Its bytes and media type; None when it is not there."""
        got = self._ask("GET", f"/v2/{repository}/manifests/{reference}", None, {"Accept": ACCEPT})
        assert got.status in (FOUND, ABSENT), (got.status, got.data)
        return (got.data, got.headers["Content-Type"]) if got.status == FOUND else None

    def digest(self, repository: str, reference: str) -> str | None:
        found = self.manifest(repository, reference)
        return digest_of(found[0]) if found else None

    def blob(self, repository: str, digest: str) -> bytes | None:
        got = self._ask("GET", f"/v2/{repository}/blobs/{digest}")
        return got.data if got.status == FOUND else None

    def delete_manifest(self, repository: str, digest: str) -> None:
        done = self._ask("DELETE", f"/v2/{repository}/manifests/{digest}")
        assert done.status == 202, (done.status, done.data)

    def differences(self, repository: str, tag: str, expected: Content) -> list[str]:
        """What keeps the repository from holding exactly this, byte by byte, under the tag; empty when it does."""
        found = [] if self.digest(repository, tag) == expected.digest else [f"the tag {tag} names something else"]
        for one in expected.everything():
            got = self.manifest(repository, one.digest)
            if got is None or got[0] != one.raw:
                found.append(f"manifest {one.digest} is {'absent' if got is None else 'different'}")
            elif got[1] != one.media_type:
                found.append(f"manifest {one.digest} is of type {got[1]}, not {one.media_type}")
            if one.referrers:
                found += self._referrer_differences(repository, one)
        for digest, blob in expected.all_blobs().items():
            if self.blob(repository, digest) != blob.data:
                found.append(f"blob {digest} is absent or different")
        return found

    def _referrer_differences(self, repository: str, subject: Content) -> list[str]:
        listing = self.manifest(repository, fallback_tag(subject.digest))
        listed = listing[0].decode() if listing else ""
        return [f"referrer {one.digest} is not listed" for one in subject.referrers if one.digest not in listed]

    def _ask(
        self, method: str, place: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        return self.http.request(
            method,
            urljoin(self.base_url, place),
            body=body,
            headers={**self.headers, **(headers or {})},
            redirect=False,
        )
