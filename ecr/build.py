"""What is built: the settings of one image build, and the tag that it gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ecr import reference

CONTENT_PLACEHOLDER = "{content}"
CONTENT_DIGITS = 12

# Build arguments that the program itself passes; see images/nginx/Dockerfile for their use.
VERSION_ARGUMENT = "VERSION"
CONTENT_ARGUMENT = "CONTENT_DIGEST"
PUSHED_AT_ARGUMENT = "PUSHED_AT"
RESERVED_ARGUMENTS = frozenset({VERSION_ARGUMENT, CONTENT_ARGUMENT, PUSHED_AT_ARGUMENT})

# The image label in which the Dockerfile keeps CONTENT_DIGEST, so that a registry can tell what an image was made of.
CONTENT_LABEL = "container-registry.content-digest"

DEFAULT_PLATFORM = "linux/amd64"

# Docker's documentation, "Multi-platform builds": os/architecture, and a variant for ARM.
_PLATFORM = re.compile(r"linux/(amd64|arm64|arm/v[5-8]|386|ppc64le|s390x|riscv64)|windows/amd64")
PLATFORM_RULE = "linux/amd64, linux/arm64 or another platform in Docker's form OS/ARCHITECTURE[/VARIANT]"

_ARGUMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_platform(text: str) -> bool:
    """Whether `text` names one platform that ECR images are built for."""
    return _PLATFORM.fullmatch(text) is not None


def is_argument_name(text: str) -> bool:
    """Whether a Dockerfile can declare `ARG text`."""
    return _ARGUMENT_NAME.fullmatch(text) is not None


def is_tag_template(text: str) -> bool:
    """Whether `text` gives a tag once `{content}` is replaced by hex digits."""
    return reference.is_tag(_fill(text, "0" * CONTENT_DIGITS))


def _fill(template: str, content: str) -> str:
    return template.replace(CONTENT_PLACEHOLDER, content)


@dataclass(frozen=True, kw_only=True)
class ImageBuild:
    """One image build.

    Attributes:
        context: folder that is sent to Docker, relative to the project's folder.
        dockerfile: path of the Dockerfile, relative to the project's folder.
        tag: a tag, or a template with `{content}`, which becomes 12 hex digits of the content digest.
        platform: what the image is built for, such as `linux/amd64`.
        args: build arguments. They stay readable in the image's history: never a place for a secret.
    """

    context: str
    dockerfile: str
    tag: str = CONTENT_PLACEHOLDER
    platform: str = DEFAULT_PLATFORM
    args: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def tag_follows_content(self) -> bool:
        """Whether equal tags mean equal content by construction."""
        return CONTENT_PLACEHOLDER in self.tag

    def resolve_tag(self, content_digest: str) -> str:
        """The tag for this content. `content_digest` is 64 hex digits, from `build_context.content_digest`."""
        return _fill(self.tag, content_digest[:CONTENT_DIGITS])
