"""Arguments that several commands take, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from ecr.config_reader import shown
from ecr.errors import InputError
from ecr.reference import ImageReference

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Write the result as one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="PROFILE", help="Profile of the AWS configuration files for ECR hosts; default: the environment's."
    ),
]
PlainHttp = Annotated[
    list[str] | None,
    typer.Option(
        "--plain-http",
        metavar="HOST",
        help="Speak plain HTTP to this registry host, such as registry.internal:5000; repeatable. "
        "Loopback hosts are spoken to in plain HTTP anyway.",
    ),
]


def read(option: str, text: str | None, parse: Callable[[str], T]) -> T | None:
    """What an option says, None when it is not given.

    Raises:
        InputError: it says nothing that `parse` takes.
    """
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise InputError(option, f"{shown(text)} {error}") from None


def image(name: str, text: str) -> ImageReference:
    """The image that an argument names.

    Raises:
        InputError: it names none; `name` is the argument's name.
    """
    try:
        return ImageReference.parse(text)
    except ValueError as error:
        raise InputError(name, str(error)) from None


def plain_http(hosts: Sequence[str] | None, images: Iterable[ImageReference]) -> frozenset[str]:
    """The hosts to be spoken to in plain HTTP.

    Raises:
        InputError: one of them is the host of no image; most likely a slip, which would go unnoticed.
    """
    named = {each.repository.host for each in images}
    for host in hosts or ():
        if host not in named:
            raise InputError("--plain-http", f"{shown(host)} is the host of no image here; hosts: {_list(named)}")
    return frozenset(hosts or ())


def profile_of_stack(project: Path, name: str) -> str | None:
    """The profile that the stack's own file names; `pulumi up` takes the same."""
    from ecr import stack_file  # noqa: PLC0415 (loads YAML, which help does without)

    try:
        profile = stack_file.read(project, name).get("aws:profile")
    except InputError:
        # A stack without a file of its own, or with one that `pulumi up` will complain about.
        return None
    return profile if isinstance(profile, str) else None


def _list(hosts: set[str]) -> str:
    return ", ".join(sorted(hosts))
