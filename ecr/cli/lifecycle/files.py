"""The files that lifecycle commands read: policies, lists of images, and stacks' own."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ecr import json_file, lifecycle_config, reference, stack_file, stack_name
from ecr.cli import console
from ecr.config_reader import shown
from ecr.errors import InputError
from ecr.lifecycle import documents, reading
from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import LifecyclePolicy
from ecr.oci.manifest import INDEX_MEDIA_TYPES

# The answer would differ where an index keeps its images: they may be told to expire on their own here.
_HOW_TO_KNOW = 'add the "images" that `aws ecr batch-get-image` writes, or name the live repository'


def policy_text(path: str) -> bytes:
    """What stands in a policy's file, whatever it is. Raises InputError when it can't be read."""
    return json_file.read_file(path, documents.MAX_POLICY_BYTES)


def policy(path: str) -> LifecyclePolicy:
    """The policy in a file.

    Raises:
        InputError: the file can't be read, or holds no JSON.
        InputErrors: with a line for each mistake in the policy.
    """
    return documents.parse_policy_text(policy_text(path), path)


def images(path: str, now: datetime) -> tuple[Image, ...]:
    """The images in a file that `aws ecr describe-images` has written.

    Raises:
        InputError: the file can't be read, or holds no JSON.
        InputErrors: with a line for each mistake in it.
    """
    with _uncollected():
        document = json_file.read_json_file(path, reading.MAX_IMAGES_BYTES, reading.MAX_IMAGES_VALUES)
        found = reading.parse_images(document, path, now=now)
    unread = sum(image.media_type in INDEX_MEDIA_TYPES and not image.children for image in found)
    if unread:
        console.say(f"note: {path}: what {unread} of its indexes list is unknown; {_HOW_TO_KNOW}")
    return found


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python's collector of cycles away from what the block reads, for good.

    There are no cycles in it, but of 100,000 images it would walk all members again and again: while they are read,
    and whenever the evaluation has made enough objects of its own. What is no longer used is freed all the same.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if enabled:
            gc.enable()


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """A stack's file, as far as lifecycle commands look at it.

    Attributes:
        name: the stack's.
        config: key with its namespace -> value.
    """

    name: str
    config: Mapping[str, object]

    @property
    def path(self) -> str:
        """The name of the file."""
        return stack_name.file_of(self.name)

    @classmethod
    def read(cls, name: str) -> StackFile:
        """Read the file of a stack of the project that the current folder lies in.

        Raises:
            InputError: there is no project or no such file, or it is no stack file.
        """
        return cls(name=name, config=stack_file.read(stack_file.find_project(Path.cwd()), name))

    @property
    def policy(self) -> LifecyclePolicy | None:
        """The policy that the stack deploys; None when nothing expires. Raises InputErrors for mistakes in it."""
        return lifecycle_config.of_stack(self.config).policy

    @property
    def repository(self) -> str:
        """The name of its repository. Raises InputError when it names none."""
        key = f"{stack_file.NAMESPACE}:repository"
        name = self.config.get(key)
        if not isinstance(name, str) or not reference.is_repository_name(name):
            raise InputError(key, f"{shown(name)} is not accepted; accepted: {reference.REPOSITORY_NAME_RULE}")
        return name

    @property
    def region(self) -> str | None:
        """The Region that it names."""
        return self._text("aws:region")

    @property
    def profile(self) -> str | None:
        """The profile that it names; `pulumi up` takes the same."""
        return self._text("aws:profile")

    @property
    def deployed_tags(self) -> tuple[str, ...]:
        """The tags that the stack itself gives to the image that it builds or promotes, where its file names them."""
        sections = (self.config.get(f"{stack_file.NAMESPACE}:{key}") for key in ("build", "promote"))
        tags = (section.get("tag") for section in sections if isinstance(section, Mapping))
        return tuple(tag for tag in tags if isinstance(tag, str) and reference.is_tag(tag))  # not a template

    def _text(self, key: str) -> str | None:
        value = self.config.get(key)
        return value if isinstance(value, str) and value else None
