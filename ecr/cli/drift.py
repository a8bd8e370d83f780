"""`python -m ecr drift`: what was changed by hand since the last `pulumi up`, and what to do about it."""

# ruff: noqa: PLC0415 - what talks to AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecr.cli import arguments, console, targets
from ecr.cli.targets import Answer, Selection
from ecr.errors import EcrError, ExitCode, printable

if TYPE_CHECKING:
    from ecr.drift import Difference
    from ecr.drifting import Examined

HELP = """Show what was changed by hand, behind the stacks' backs.

The state of each stack is compared with its live repository: repository, image and tag, tag mutability, scan on push,
encryption, lifecycle policy, repository policy and AWS tags. Policies are compared by what they mean. One line for each
difference: what the state says, what ECR has, and what to do. Exit code 1 when a stack has drifted. Nothing is changed.
Run in the project's folder, signed in to Pulumi and AWS.

\b
Examples:
  python -m ecr drift
  python -m ecr drift --stack prod --json
"""

Stacks = Annotated[
    list[str] | None,
    typer.Option("--stack", "-s", metavar="STACK", help="This stack only; repeatable. Default: all of the project."),
]


def run(*, stack: Stacks = None, as_json: arguments.Json = False, profile: arguments.Profile = None) -> int:
    """Show what was changed by hand."""
    from ecr import drifting, stack_file

    project = stack_file.find_project(Path.cwd())
    answers = Selection(stacks=stack or (), profile=profile).each(lambda target: drifting.look(project, target))
    for answer in answers:
        for error in _errors(answer):
            targets.say(answer.name, error)
    if as_json:
        console.result_json({"stacks": [_entry(answer) for answer in answers]})
    else:
        console.result([line for answer in answers for line in _lines(answer)])
    return _exit_code(answers)


def _errors(answer: Answer[Examined]) -> Sequence[EcrError]:
    return (answer.error,) if answer.error is not None else answer.value.errors if answer.value else ()


def _lines(answer: Answer[Examined]) -> list[str]:
    if answer.value is None:
        return []
    if not answer.value.differences and not answer.value.errors:
        return [printable(f"{answer.name}: nothing was changed by hand")]
    return [printable(f"{answer.name}: {found}; {_advice(answer, found)}") for found in answer.value.differences]


def _entry(answer: Answer[Examined]) -> dict[str, object]:
    said = answer.target.published if answer.target else None
    return {
        "stack": answer.name.removeprefix("stack "),
        "repository_arn": str(said.repository) if said and said.repository else None,
        "differences": [
            {
                "what": found.what,
                "expected": found.expected,
                "found": found.found,
                "advice": _advice(answer, found),
            }
            for found in (answer.value.differences if answer.value else ())
        ],
        "errors": [str(error) for error in _errors(answer)],
    }


def _advice(answer: Answer[Examined], found: Difference) -> str:
    said = answer.target.published if answer.target else None
    return found.advice(said.stack, said.repository) if said and said.repository else ""


def _exit_code(answers: Sequence[Answer[Examined]]) -> int:
    failed = [error.exit_code for answer in answers for error in _errors(answer)]
    drifted = [ExitCode.REFUSED for answer in answers if answer.value and answer.value.differences]
    return max([*failed, *drifted], default=ExitCode.DONE)
