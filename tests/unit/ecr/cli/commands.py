"""All commands there are, with the examples in their help: what every command has to do is asked of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from typer.core import TyperGroup

from ecr.cli import app
from ecr.cli.loading import Later

if TYPE_CHECKING:
    from typer._click import Command

EXAMPLE = re.compile(r"^ +(python -m ecr .*)$", re.MULTILINE)

Name = tuple[str, ...]


def commands() -> dict[Name, str]:
    """Name of each command, such as `("lifecycle", "explain")`, and its help; groups are not among them."""
    return dict(_below(app.app, ()))


def examples() -> dict[str, Name]:
    """Each example, and the command that shows it."""
    return {example: name for name, text in commands().items() for example in EXAMPLE.findall(text)}


def _below(group: TyperGroup, path: Name) -> Iterator[tuple[Name, str]]:
    for name, found in group.commands.items():
        command: Command = found.load() if isinstance(found, Later) else found
        if isinstance(command, TyperGroup):
            yield from _below(command, (*path, name))
        else:
            yield (*path, name), command.help or ""
