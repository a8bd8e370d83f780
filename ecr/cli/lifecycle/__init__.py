"""`python -m ecr lifecycle`: commands that say what a lifecycle policy would do; none of them changes anything.

`sources` finds the policy and the images that a command is about; one module for each command.
"""

from __future__ import annotations

import typer

from ecr.cli.lifecycle import compare, explain, forecast, simulate, validate

_HELP = """Know what a lifecycle policy would delete before it does.

Nothing here changes anything. A policy is a JSON file in ECR's own form, that of a stack's file, or the live one of a
repository; images come from a file that `aws ecr describe-images` has written, or from a live repository.

\b
Example:
  python -m ecr lifecycle simulate --stack prod
"""

app = typer.Typer(help=_HELP, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
for module in (validate, simulate, explain, forecast, compare):
    app.command(module.__name__.rpartition(".")[2], help=module.HELP)(module.run)
