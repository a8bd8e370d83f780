"""The build context of an image: which files are sent to the daemon, and a digest that changes when one does."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from docker.utils.build import create_archive, exclude_paths

from local.plugins.errors import StandInError
from local.plugins.values import Props, text_of

OUTSIDE_NAME = ".dockerfile.stand-in"  # a Dockerfile from outside the context travels under this name
_CHUNK = 1 << 20


def project_root() -> Path:
    """What relative paths are relative to: the project, named by the local runner, else the current directory."""
    return Path(os.environ.get("PULUMI_STAND_IN_ROOT") or Path.cwd())


@dataclass(frozen=True)
class Context:
    """A context folder, its Dockerfile, and the patterns of what is left out."""

    root: Path
    dockerfile: Path
    patterns: tuple[str, ...]
    own_ignore_file: bool  # `<Dockerfile>.dockerignore` was used; the daemon itself knows only `.dockerignore`

    @property
    def inside(self) -> bool:
        """Whether the Dockerfile is in the context."""
        return self.dockerfile.is_relative_to(self.root)

    @property
    def dockerfile_name(self) -> str:
        """The Dockerfile's path from the context, which the official plugin gives as output `dockerfile`."""
        return Path(os.path.relpath(self.dockerfile, self.root)).as_posix()

    def members(self) -> list[str]:
        """The paths that are sent, sorted; the Dockerfile is always among them when it is inside."""
        patterns = list(self.patterns)  # the SDK appends to the list that it is given
        return sorted(exclude_paths(self.root, patterns, self.dockerfile_name if self.inside else None))

    def digest(self) -> str:
        """A SHA-256 over paths, full file modes, contents and link targets; times and owners do not count."""
        total = hashlib.sha256()
        for part in self._parts():
            total.update(len(part).to_bytes(8, "big") + part)  # lengths keep neighbouring parts from running together
        return total.hexdigest()

    def archive(self) -> tuple[IO[bytes], str]:
        """The context as a tar file, and the Dockerfile's name in it."""
        extra: list[tuple[str, str]] = []
        name = self.dockerfile_name
        if not self.inside:
            name = OUTSIDE_NAME
            extra.append((name, self.dockerfile.read_text(encoding="utf-8")))
        if self.own_ignore_file:
            extra.append((".dockerignore", "\n".join((*self.patterns, f"!{name}"))))
        return cast("IO[bytes]", create_archive(str(self.root), self.members(), extra_files=extra)), name

    def _parts(self) -> Iterator[bytes]:
        yield self.dockerfile_name.encode()
        yield _content(self.dockerfile)
        for member in self.members():
            path = self.root / member
            status = path.lstat()
            if stat.S_ISSOCK(status.st_mode):
                continue  # sockets are not sent
            yield member.encode(errors="surrogateescape")
            yield oct(status.st_mode).encode()
            if path.is_symlink():
                yield str(path.readlink()).encode(errors="surrogateescape")
            elif stat.S_ISREG(status.st_mode):
                yield _content(path)


def resolve(build: Props) -> Context:
    """The context that the `build` input names. Raises: StandInError when it or its Dockerfile is not there."""
    base = project_root()
    context = text_of(build.get("context")) or "."
    root = _absolute(base / context)
    if not root.is_dir():
        raise StandInError(f"build.context {context} is not a folder ({root}); paths are relative to {base}")
    given = text_of(build.get("dockerfile"))
    dockerfile = _absolute(base / given) if given else root / "Dockerfile"
    if not dockerfile.is_file():
        hint = f"; did you mean {Path(context) / given}?" if given and (root / given).is_file() else ""
        raise StandInError(f"build.dockerfile {given or 'Dockerfile'} is not a file ({dockerfile}){hint}")
    own = dockerfile.with_name(dockerfile.name + ".dockerignore")
    patterns = _patterns(own if own.is_file() else root / ".dockerignore")
    return Context(root, dockerfile, patterns, own.is_file())


def _absolute(path: Path) -> Path:
    """Without `..`, and with links kept: `resolve` would follow a linked context out of the project."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _patterns(path: Path) -> tuple[str, ...]:
    lines: Sequence[str] = path.read_text(encoding="utf-8").splitlines() if path.is_file() else ()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _content(path: Path) -> bytes:
    one = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            one.update(chunk)
    return one.digest()
