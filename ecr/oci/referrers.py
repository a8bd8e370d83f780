"""Lists of referrers in registries that keep none: the tag `sha256-HEX`, as the distribution specification has it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ecr.errors import Conflict, RemoteError
from ecr.oci.manifest import OCI_INDEX, Manifest, json_object, parse
from ecr.oci.repository import Repository, TagRefused, referrers_tag
from ecr.oci.session import Session

_ATTEMPTS = 5


def list_in_tag(session: Session, target: Repository, subject: str, referrers: Sequence[Manifest]) -> None:
    """Have referrers in the list that the tag names ("Pushing Manifests with Subject"): read, add, push, look again.

    Nothing protects the tag against another client that does the same at that moment; hence the look.

    Raises:
        Conflict: when the tag is there and can't be moved.
        RemoteError: when the tag names something else than a list, or stays without the referrers.
    """
    tag = referrers_tag(subject)
    with session.lock(target.location.registry.base_url, target.location.name, tag):
        for _ in range(_ATTEMPTS):
            present = target.find_manifest(tag)
            wanted = merged(present, referrers)
            if present is not None and present.digest == wanted.digest:
                return
            try:
                target.put_manifest(tag, wanted)
            except TagRefused as refused:
                if present is None:
                    raise refused.error from None
                raise Conflict(
                    f"the list of referrers {target.image(tag)} can't be changed ({refused.error.code}); where tags "
                    "are immutable, let sha256-* be an exclusion (mutabilityExclusions)"
                ) from None
        raise RemoteError(
            f"the list of referrers {target.image(tag)} is changed by somebody else all the time; try again later",
            service="registry", operation="PutManifest", code="RACE", temporary=True,
        )  # fmt: skip


def merged(present: Manifest | None, referrers: Sequence[Manifest]) -> Manifest:
    """The list with the referrers in it; the same bytes when they were in it already.

    Raises:
        RemoteError: when `present` is no list.
    """
    document: dict[str, object] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    if present is not None:
        document = dict(json_object(present.raw))
        if present.media_type != OCI_INDEX:
            raise RemoteError(
                f"the tag {present.digest} should be a list of referrers and is a {present.media_type}",
                service="registry", operation="PutManifest", code="MALFORMED",
            )  # fmt: skip
    entries = document["manifests"]
    listed = list(entries) if isinstance(entries, list) else []
    known = {entry.get("digest") for entry in listed if isinstance(entry, dict)}
    missing = [_entry(referrer) for referrer in referrers if referrer.digest not in known]
    if present is not None and not missing:
        return present
    raw = json.dumps({**document, "manifests": [*listed, *missing]}, separators=(",", ":")).encode()
    return parse(raw, OCI_INDEX)


def _entry(referrer: Manifest) -> Mapping[str, object]:
    entry: dict[str, object] = {
        "mediaType": referrer.media_type,
        "digest": referrer.digest,
        "size": len(referrer.raw),
    }
    if referrer.artifact_type:
        entry["artifactType"] = referrer.artifact_type
    if referrer.annotations:
        entry["annotations"] = dict(referrer.annotations)
    return entry
