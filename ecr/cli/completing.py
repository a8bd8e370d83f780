"""Answers a shell that wants to know what may come next on the command line.

The shell hands over the words after the command's name up to the cursor, the last of them perhaps empty, with VARIABLE
in the environment; `ecr/cli/completion.py` has the scripts that do so. Each answer is a line: a word, and after a tab
what it is about. No lines mean that the name of a file may come next.

What a shell inserts it may also run. So nothing is offered that comes from somebody else's files and is no proper name,
nor anything that a terminal would not show as it is.
"""

# ruff: noqa: PLC0415 - loaded where needed: every command comes by here, and YAML takes longer than typer

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from typer.models import ArgumentInfo, OptionInfo

from ecr.cli import console
from ecr.errors import EcrError, ExitCode

if typing.TYPE_CHECKING:
    from typer.core import TyperGroup

VARIABLE = "_ECR_COMPLETE"

# Pulumi documentation, "Stacks": the characters of a stack's name.
_STACK = re.compile(r"[A-Za-z0-9._-]+")


def answer(group: TyperGroup, words: Sequence[str]) -> int:
    """Write what may come in place of the last word."""
    from typer._click.shell_completion import CompletionItem, ShellComplete  # typer's own copy of click

    class Words(ShellComplete):
        def get_completion_args(self) -> tuple[list[str], str]:
            return _split(words)

        def format_completion(self, item: CompletionItem) -> str:
            about = " ".join((item.help or "").split())
            return f"{item.value}\t{about}"

        def source_vars(self) -> dict[str, object]:
            raise NotImplementedError  # the scripts are our own

    completion = Words(group, {}, "ecr", VARIABLE)
    arguments, incomplete = completion.get_completion_args()
    items = completion.get_completions(arguments, incomplete)
    # zsh and fish take an option with its value for one word, bash for three.
    before = f"{incomplete.partition('=')[0]}=" if incomplete.startswith("--") and "=" in incomplete else ""
    fit = [item for item in items if item.type == "plain" and f"{before}{item.value}".isprintable()]
    console.result(f"{before}{completion.format_completion(item)}" for item in fit)
    return ExitCode.DONE


def offer(run: Callable[..., int]) -> None:
    """Have a command's arguments complete to what their placeholders stand for."""
    for hint in typing.get_type_hints(run, include_extras=True).values():
        for info in getattr(hint, "__metadata__", ()):
            if isinstance(info, OptionInfo | ArgumentInfo) and info.autocompletion is None:
                # typer keeps the first name where the default would be.
                names = [str(name) for name in (info.metavar, info.default, *(info.param_decls or ()))]
                info.autocompletion = next((_VALUES[name] for name in names if name in _VALUES), None)


def _split(words: Sequence[str]) -> tuple[list[str], str]:
    """The words that stand, and the one that is being written. bash hands over `--stack=dev` as three words."""
    *standing, last = words or [""]
    if last == "=":
        return standing, ""
    if standing and standing[-1] == "=":
        standing.pop()
    return standing, last


def _stacks(incomplete: str) -> list[str]:
    """The stacks with a file in the project; to ask Pulumi would take longer than anybody waits for a word."""
    from ecr import stack_file

    try:
        known = stack_file.known(stack_file.find_project(Path.cwd()))
    except (EcrError, OSError):
        return []
    return _beginning(incomplete, filter(_STACK.fullmatch, known))


def _repositories(incomplete: str) -> list[str]:
    """The repositories that the stack files name."""
    from ecr import stack_file
    from ecr.reference import is_repository_name

    found = set()
    for stack in _stacks(""):
        try:
            name = stack_file.read(stack_file.find_project(Path.cwd()), stack).get("container-registry:repository")
        except EcrError:
            continue
        if isinstance(name, str) and is_repository_name(name):
            found.add(name)
    return _beginning(incomplete, sorted(found))


def _regions(incomplete: str) -> list[str]:
    from ecr.regions import PARTITIONS

    return _beginning(incomplete, sorted(PARTITIONS))


def _severities(incomplete: str) -> list[str]:
    from ecr.severity import THRESHOLDS

    return _beginning(incomplete, THRESHOLDS)


def _beginning(with_text: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(with_text)]


# By the placeholder or the name of an option or argument, as the help shows them.
_VALUES: Mapping[str, Callable[[str], list[str]]] = MappingProxyType(
    {"STACK": _stacks, "REGION": _regions, "SEVERITY": _severities, "--repository": _repositories}
)
