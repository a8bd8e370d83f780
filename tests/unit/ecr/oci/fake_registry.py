"""A registry in memory, at the seam between protocol and network; it records what it was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from ecr.oci.manifest import OCI_INDEX, OCI_MANIFEST
from ecr.oci.registry import Location, Registry
from ecr.oci.session import Limits, Session
from ecr.oci.transport import Request

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def readinto(self, buffer: memoryview) -> int:
        count = min(len(buffer), len(self.body))
        buffer[:count], self.body = self.body[:count], self.body[count:]
        return count

    def close(self) -> None:
        pass


@dataclass
class FakeRegistry:
    """One registry; `answers` may put something else in the place of an answer."""

    referrers_api: bool = True
    mounts: bool = True
    immutable: bool = False
    page: int = 100
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    answers: Callable[[Request, int], Reply | None] = lambda _request, _nth: None

    def send(self, request: Request) -> Reply:
        parts = urlsplit(request.url)
        self.requests.append(request)
        self.asked.append(f"{request.method} {parts.path}")
        body = (
            b""
            if request.body is None
            else request.body
            if isinstance(request.body, bytes)
            else b"".join(bytes(piece) for piece in request.body)
        )
        other = self.answers(request, len(self.requests))
        if other is not None:
            return other
        repository, kind, reference = _split(parts.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        return getattr(self, f"_{kind}")(request, repository, reference, query, body)  # type: ignore[no-any-return]

    def close(self) -> None:
        pass

    def _manifests(self, request: Request, repository: str, reference: str, _: object, body: bytes) -> Reply:
        if request.method == "PUT":
            digest = digest_of(body)
            present = self.manifests.get((repository, reference))
            if self.immutable and present is not None and ":" not in reference:
                return Reply(400, b'{"errors": [{"code": "TAG_INVALID", "message": "the tag is immutable"}]}')
            self.manifests[repository, reference] = (request.headers["Content-Type"], body)
            self.manifests[repository, digest] = (request.headers["Content-Type"], body)
            subject = json.loads(body).get("subject")
            known = {"oci-subject": subject["digest"]} if self.referrers_api and subject else {}
            return Reply(201, headers={"docker-content-digest": digest, **known})
        found = self.manifests.get((repository, reference))
        if found is None:
            return Reply(404)
        headers = {"content-type": found[0], "docker-content-digest": digest_of(found[1])}
        return Reply(200, b"" if request.method == "HEAD" else found[1], headers)

    def _blobs(self, request: Request, repository: str, digest: str, _: object, __: bytes) -> Reply:
        data = self.blobs.get((repository, digest))
        if data is None:
            return Reply(404)
        return Reply(200, b"" if request.method == "HEAD" else data, {"content-length": str(len(data))})

    def _uploads(self, request: Request, repository: str, _: str, query: Mapping[str, str], body: bytes) -> Reply:
        if request.method == "PUT":
            if digest_of(body) != query["digest"] or len(body) != request.length:
                return Reply(400)
            self.blobs[repository, query["digest"]] = body
            return Reply(201)
        source = (query.get("from", ""), query.get("mount", ""))
        if self.mounts and source in self.blobs:
            self.blobs[repository, source[1]] = self.blobs[source]
            return Reply(201, headers={"docker-content-digest": source[1]})
        return Reply(202, headers={"location": f"/v2/{repository}/blobs/uploads/1?state=x"})

    def _referrers(self, request: Request, repository: str, digest: str, query: Mapping[str, str], _: bytes) -> Reply:
        if not self.referrers_api:
            return Reply(404)
        found = [
            {"mediaType": kind, "digest": name, "size": len(raw)}
            for (where, name), (kind, raw) in self.manifests.items()
            if where == repository and ":" in name and json.loads(raw).get("subject", {}).get("digest") == digest
        ]
        first = int(query.get("first", "0"))
        more = first + self.page < len(found)
        link = {"link": f'<{urlsplit(request.url).path}?first={first + self.page}>; rel="next"'} if more else {}
        body = json.dumps({"schemaVersion": 2, "manifests": found[first : first + self.page]}).encode()
        return Reply(200, body, {"content-type": OCI_INDEX, **link})

    # -- what tests put into it ---------------------------------------------------------------------------------------

    def put_blob(self, repository: str, data: bytes) -> dict[str, object]:
        self.blobs[repository, digest_of(data)] = data
        return {"mediaType": LAYER, "digest": digest_of(data), "size": len(data)}

    def put(
        self, repository: str, document: Mapping[str, object], kind: str, tag: str | None = None
    ) -> dict[str, object]:
        raw = json.dumps(document).encode()
        for reference in (digest_of(raw), *([tag] if tag else [])):
            self.manifests[repository, reference] = (kind, raw)
        return {"mediaType": kind, "digest": digest_of(raw), "size": len(raw)}

    def put_image(
        self, repository: str, name: str, tag: str | None = None, subject: Mapping[str, object] | None = None
    ) -> dict[str, object]:
        config, layer = (self.put_blob(repository, f"{part} of {name}".encode()) for part in ("config", "layer"))
        document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]}
        return self.put(repository, document | ({"subject": subject} if subject else {}), OCI_MANIFEST, tag)


@dataclass
class Network:
    """Several registries by host, as one transport."""

    hosts: Mapping[str, FakeRegistry]

    def send(self, request: Request) -> Reply:
        return self.hosts[urlsplit(request.url).netloc].send(request)

    def close(self) -> None:
        pass


def _split(path: str) -> tuple[str, str, str]:
    for kind in ("blobs/uploads", "blobs", "manifests", "referrers"):
        name, found, reference = path.removeprefix("/v2/").rpartition(f"/{kind}/")
        if found:
            return name, kind.rpartition("/")[2], reference
    raise AssertionError(path)


def at(host: str, repository: str) -> Location:
    return Location(Registry(f"https://{host}", host), repository, f"{host}/{repository}")


@contextmanager
def session_with(**hosts: FakeRegistry) -> Iterator[Session]:
    with Session(Limits(attempts=3), transport=Network(hosts)) as session:
        yield session
