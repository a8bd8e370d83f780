"""Manifests that were read once, kept on disk under their digest: what a digest names can't change.

One file each, which holds the very bytes: whoever reads it compares them with the digest, so that a file that was
damaged, cut short or put there by somebody else is as good as none. A file appears with one rename; two processes that
write the same one write the same bytes. Where nothing can be written, nothing is kept, and that is all.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from ecr.oci.manifest import MAX_MANIFEST_BYTES, digest_of
from ecr.reference import is_digest

_FOLDER = "container-registry"


def default_folder() -> Path | None:
    """Where manifests are kept: below `$XDG_CACHE_HOME`, else `~/.cache`; None where there is no home.

    Source: XDG Base Directory Specification, which has relative paths ignored.
    """
    named = os.environ.get("XDG_CACHE_HOME", "")
    if Path(named).is_absolute():
        return Path(named) / _FOLDER / "manifests"
    try:
        return Path.home() / ".cache" / _FOLDER / "manifests"
    except RuntimeError:
        return None


class ManifestCache:
    """Manifests on disk, by their digest. Usable from several threads.

    Args:
        folder: where they are; it is made when the first one is kept. None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, digest: str) -> bytes | None:
        """The manifest of this digest; None when it is not here, or not what it should be."""
        path = self._path(digest)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_MANIFEST_BYTES + 1)
        except OSError:
            return None
        return raw if digest_of(raw) == digest else None

    def put(self, digest: str, raw: bytes) -> None:
        """Keep a manifest, when it is what its digest says, and when there is a place for it."""
        path = self._path(digest)
        if path is None or len(raw) > MAX_MANIFEST_BYTES or digest_of(raw) != digest:
            return
        with contextlib.suppress(OSError):
            try:
                _write(path, raw)
            except FileNotFoundError:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write(path, raw)

    def _path(self, digest: str) -> Path | None:
        if self._folder is None or not is_digest(digest):
            return None
        hexadecimal = digest.partition(":")[2]
        return self._folder / hexadecimal[:2] / hexadecimal


def _write(path: Path, raw: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
