"""The build context on disk: which files Docker would get, and one digest over all that makes the image."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from docker.utils.build import exclude_paths

from ecr.build import ImageBuild
from ecr.errors import InputError

_CHUNK_BYTES = 1 << 20


def content_digest(build: ImageBuild, root: Path) -> str:
    """64 hex digits over all that this project gives to the build: equal content, equal digest.

    What the build fetches by itself is not covered: pin the image behind FROM by its digest, and an update of it is a
    change like any other.

    Covered are the platform, the build arguments, the Dockerfile, and of every file of the context that the ignore file
    lets through its path, permission bits and bytes (of a symbolic link its target). Times and owners are not: Docker
    takes them from elsewhere. Permission bits are, because COPY carries them into the image.

    Args:
        build: what is built.
        root: the project's folder; `build.context` and `build.dockerfile` are relative to it.

    Raises:
        InputError: when a file can't be read, or is something that can't be sent (a socket, a device).
    """
    digest = hashlib.sha256()
    for part in _parts(build, root):
        # Each part goes in as a fixed-length digest, so that no two sequences of parts can look the same.
        digest.update(part)
    return digest.hexdigest()


def _parts(build: ImageBuild, root: Path) -> Iterator[bytes]:
    yield _text("platform", build.platform)
    for name, value in sorted(build.args.items()):
        yield _text("argument", name, value)
    yield _text("dockerfile") + _file(root / build.dockerfile)
    context = root / build.context
    for path in context_files(build, root):
        yield _entry(context, path)


def context_files(build: ImageBuild, root: Path) -> list[str]:
    """Paths that Docker gets, relative to the context, sorted; `/` between the parts on every system.

    The ignore file is `DOCKERFILE.dockerignore` beside the Dockerfile if there is one, else `.dockerignore` in the
    context (Docker's documentation, "Build context", section "Filename and location").

    Raises:
        InputError: when a folder or the ignore file can't be read.
    """
    context = root / build.context
    try:
        paths = exclude_paths(
            str(context), _ignore_patterns(build, root), dockerfile=_dockerfile_in_context(build, root)
        )
    except OSError as error:
        raise InputError(str(error.filename or context), f"can't be read: {error.strerror}") from error
    return sorted(Path(path).as_posix() for path in paths)


def _dockerfile_in_context(build: ImageBuild, root: Path) -> str:
    """The Dockerfile's path in the context, where no pattern can ignore it; '' when it lies outside."""
    path = os.path.relpath(root / build.dockerfile, root / build.context)
    return "" if path.startswith(os.pardir + os.sep) else path


def _ignore_patterns(build: ImageBuild, root: Path) -> list[str]:
    beside_dockerfile = root / f"{build.dockerfile}.dockerignore"
    ignore_file = beside_dockerfile if beside_dockerfile.is_file() else root / build.context / ".dockerignore"
    if not ignore_file.is_file():
        return []
    try:
        lines = ignore_file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(str(ignore_file), "is not UTF-8 text") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _entry(context: Path, path: str) -> bytes:
    full = context / path
    try:
        status = full.lstat()
        mode = f"{stat.S_IMODE(status.st_mode):o}"
        if stat.S_ISLNK(status.st_mode):
            return _text("link", path, str(full.readlink()))
        if stat.S_ISDIR(status.st_mode):
            return _text("folder", path, mode)
        if stat.S_ISREG(status.st_mode):
            return _text("file", path, mode) + _file(full)
    except OSError as error:
        raise InputError(str(full), f"can't be read: {error.strerror}") from error
    raise InputError(str(full), "is neither a file, a folder nor a link; exclude it in .dockerignore")


def _file(path: Path) -> bytes:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise InputError(str(path), f"can't be read: {error.strerror}") from error
    return digest.digest()


def _text(*fields: str) -> bytes:
    digest = hashlib.sha256()
    for value in fields:
        # surrogatepass: names of files need not be UTF-8.
        encoded = value.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()
