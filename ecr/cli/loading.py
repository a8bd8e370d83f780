"""Groups of commands, each of which is loaded when it runs or shows its own help: that of the group has to be quick.

A command `NAME` of a group is the module `NAME` in the group's package. It has `HELP`, its text, and `run`, which takes
the arguments and returns the exit code; or `app`, a group of its own.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import typer
from typer.core import TyperCommand, TyperGroup

from ecr.cli import completing

if TYPE_CHECKING:
    from typer._click import Command, Context  # typer's own copy of click, for whose types it has no other names


class Later(TyperCommand):
    """Stands for a command, with one line of help, until it is asked for more.

    Args:
        package: what its module is in.
        name: its name and that of its module.
        summary: the first line of its help.
    """

    def __init__(self, package: str, name: str, summary: str) -> None:
        super().__init__(name, short_help=summary, rich_markup_mode=None)
        self._module = f"{package}.{name}"

    def make_context(
        self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: object
    ) -> Context:
        """As the base class; whoever has the context goes on with the command itself."""
        return self.load().make_context(info_name, args, parent=parent, **extra)

    def load(self) -> Command:
        """The command itself."""
        module = importlib.import_module(self._module)
        if hasattr(module, "app"):
            return cast("TyperGroup", module.app)
        return _command(str(self.name), module.HELP, module.run)


def group(package: str, text: str, summaries: Mapping[str, str]) -> TyperGroup:
    """A group of commands.

    Args:
        package: what their modules are in.
        text: the group's help.
        summaries: name -> first line of the help, in the order in which they are shown.
    """
    commands = {name: Later(package, name, summary) for name, summary in summaries.items()}
    # Without rich's markup: it would frame messages and wrap digests.
    return TyperGroup(
        name=package.rpartition(".")[2], help=inspect.cleandoc(text), commands=dict(commands), rich_markup_mode=None
    )


def _command(name: str, text: str, run: Callable[..., int]) -> Command:
    completing.offer(run)
    # A traceback of a bug stays Python's own.
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    alone.command(name, help=text)(run)
    return typer.main.get_command(alone)
