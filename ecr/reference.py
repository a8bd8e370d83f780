"""Names of repositories, tags, digests and images: parsed once, checked once."""

from __future__ import annotations

import re
from dataclasses import dataclass

# ECR API reference, CreateRepository, repositoryName: 2 to 256 characters.
_REPOSITORY_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_REPOSITORY_NAME_LENGTHS = range(2, 257)
REPOSITORY_NAME_RULE = (
    "2 to 256 characters: lower-case letters and digits, joined by '.', '_', '__' or dashes, in parts divided by '/'"
)

# OCI distribution specification, "Pulling manifests": the grammar of a tag.
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
TAG_RULE = "1 to 128 letters, digits, '_', '.' and '-', not starting with '.' or '-'"

# OCI image specification, "Digests"; ECR computes sha256 only.
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_repository_name(text: str) -> bool:
    """Whether ECR accepts `text` as the name of a repository."""
    return len(text) in _REPOSITORY_NAME_LENGTHS and _REPOSITORY_NAME.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether `text` is a tag by the OCI grammar."""
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether `text` is a complete sha256 digest, `sha256:` and 64 lower-case hex digits."""
    return _DIGEST.fullmatch(text) is not None


@dataclass(frozen=True)
class RepositoryUrl:
    """`HOST/NAME`, as ECR's `repositoryUri` gives it, without scheme, tag or digest."""

    host: str
    name: str

    @classmethod
    def parse(cls, text: str) -> RepositoryUrl:
        """Split `HOST/NAME`. Raises ValueError for anything that is not of this form."""
        host, slash, name = text.partition("/")
        if not (host and slash and is_repository_name(name)):
            raise ValueError(f"{text!r} is not a repository URL of the form HOST/NAME")
        return cls(host, name)

    def __str__(self) -> str:
        return f"{self.host}/{self.name}"

    def image_uri(self, digest: str) -> str:
        """`HOST/NAME@sha256:...`: the only name of an image that can't move."""
        return f"{self}@{digest}"
