"""`python -m ecr status`: a table over all stacks, with what was changed behind their backs."""

# ruff: noqa: PLC0415 - what talks to AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ecr import at_once, status
from ecr.cli import arguments, console
from ecr.errors import EcrError, ExitCode, RemoteError
from ecr.status import Published, StatusRow

HELP = """Show which image every stack has, and what has drifted.

For each stack: tag, digest, time since the push, the stack it was promoted from, what its gate said, and drift. Drift
is what was changed behind a stack's back: `tag moved to sha256:...`, `tag deleted`, `image deleted` or `repository
gone`; otherwise it is `none`. Exit code 1 when a stack has drifted. Run in the project's folder, signed in to Pulumi
and AWS.

\b
Examples:
  python -m ecr status
  python -m ecr status --json --stack staging --stack prod
"""

Stacks = Annotated[
    list[str] | None,
    typer.Option("--stack", "-s", metavar="STACK", help="This stack only; repeatable. Default: all of the project."),
]


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """One stack's row, and why the registry could not be asked, if so."""

    row: StatusRow
    error: EcrError | None


def run(*, as_json: arguments.Json = False, stack: Stacks = None, profile: arguments.Profile = None) -> int:
    """Show the status of the stacks."""
    from ecr import stack_file, stacks

    project = stack_file.find_project(Path.cwd())
    names = list(dict.fromkeys(stack or stacks.names(project)))
    answers = at_once.ask(names, lambda name: _answer(project, name, profile))
    for answer in answers:
        if answer.error is not None:
            console.say(f"error: stack {answer.row.published.stack}: {answer.error}")
    rows = status.in_promotion_order([answer.row for answer in answers])
    _show(rows, as_json=as_json)
    return _exit_code(rows, answers)


def _answer(project: Path, name: str, profile: str | None) -> _Answer:
    from ecr import stacks
    from ecr.aws.live import look

    said, live, error = Published(stack=name), None, None
    try:
        said = status.published(name, stacks.outputs(project, name))
        live = look(said, profile=profile or arguments.profile_of_stack(project, name))
    except RemoteError as failed:
        # The other stacks are still worth an answer.
        error = failed
    return _Answer(row=status.row(said, live, datetime.now(UTC)), error=error)


def _show(rows: Sequence[StatusRow], *, as_json: bool) -> None:
    if as_json:
        console.result_json(status.as_json(rows))
    elif rows:
        console.result(status.table(rows))
    else:
        console.say("no stacks; `pulumi stack init dev` makes one")


def _exit_code(rows: Sequence[StatusRow], answers: Sequence[_Answer]) -> int:
    failed = [answer.error.exit_code for answer in answers if answer.error is not None]
    drifted = [ExitCode.REFUSED for row in rows if row.has_drifted]
    return max([*failed, *drifted], default=ExitCode.DONE)
