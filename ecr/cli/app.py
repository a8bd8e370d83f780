"""The commands, and the one place where errors become lines and exit codes."""

from __future__ import annotations

import os
from collections.abc import Sequence

import typer

from ecr.cli import completing, console, loading
from ecr.errors import EcrError, ExitCode

PROGRAM = "python -m ecr"
JSON = "--json"

_HELP = """Copy, check and compare container images, by their digest.

The result is written to stdout, everything else to stderr. With --json the result is one JSON object, also on failure:
{"error": {"kind": ..., "message": ..., "exit_code": ...}}.

\b
Example:
  python -m ecr status

\b
Exit codes:
  0  done
  1  the answer is no: the gate refuses, an image is damaged, a stack has drifted, a pull can't work
  2  bad input
  3  AWS, a registry, Pulumi or the network failed
"""

# A command is a line here: the name of its module in `ecr/cli/`, and the first line of its help.
COMMANDS = {
    "copy": "Copy an image from one registry to another.",
    "verify": "Read images again and compare every digest.",
    "scan": "Show what ECR's scan found, and whether the image passes.",
    "status": "Show which image every stack has, and what has drifted.",
    "drift": "Show what was changed by hand, behind the stacks' backs.",
    "images": "List the images of repositories.",
    "cost": "Show what repositories cost, every layer counted once.",
    "clean": "Delete images that nobody needs.",
    "report": "Write a page about stacks, images, findings and cost.",
    "doctor": "Find out why a pull does not work from here.",
    "lifecycle": "Know what a lifecycle policy would delete before it does.",
    "manifest": "Write a Kubernetes Deployment of a stack's image.",
    "completion": "Print a script that lets a shell complete what you type.",
}

app = loading.group("ecr.cli", _HELP, COMMANDS)


def main(argv: Sequence[str]) -> int:
    """Run one command; its exit code."""
    console.prepare()
    if completing.VARIABLE in os.environ:
        return completing.answer(app, argv)
    try:
        code = _run(argv)
        console.flush()
    except EcrError as error:
        _report(error, as_json=JSON in argv)
        return error.exit_code
    return code


def _run(argv: Sequence[str]) -> int:
    try:
        code = app.main(args=list(argv), prog_name=PROGRAM, standalone_mode=False)
    except typer.TyperException as error:
        raise _UsageError(error) from error
    if code == console.INTERRUPTED:
        console.say("interrupted")
    return int(code or ExitCode.DONE)


class _UsageError(EcrError):
    """Arguments that no command accepts."""

    exit_code = ExitCode.BAD_INPUT

    def __init__(self, error: typer.TyperException) -> None:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else PROGRAM
        self.hint = f"hint: {command} --help"
        # typer's messages may hold line breaks, as for choices.
        super().__init__(" ".join(error.format_message().split()))


def _report(error: EcrError, *, as_json: bool) -> None:
    if as_json:
        console.result_json({"error": {"kind": kind(error), "message": str(error), "exit_code": int(error.exit_code)}})
        return
    for line in str(error).splitlines():
        console.say(f"error: {line}")
    if isinstance(error, _UsageError):
        console.say(error.hint)


def kind(error: EcrError) -> str:
    """The name of an error's class, as `--json` tells it."""
    return type(error).__name__.lstrip("_")
