"""`python -m ecr cost`: what repositories cost, every layer counted once, and what other policies would save."""

# ruff: noqa: PLC0415 - what talks to AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecr import regions
from ecr.cli import arguments, console, plots, targets
from ecr.cli.targets import Answer, Selection
from ecr.config_reader import shown
from ecr.errors import InputError

if TYPE_CHECKING:
    from ecr.cost.estimate import RepositoryCost

HELP = """Show what repositories cost, every layer counted once.

Without --stack and --repository, those of all stacks of the project. For each: what ECR stores, where layers that
several images share count once; the sizes of the images added up; what both cost in a month; and what three policies
would delete and save: the repository's own (the one that a stack would deploy, else the live one), the latest 10
images, and the latest 30 without untagged ones. With --pulls and --to-region, what it costs to pull the deployed image,
else the latest one with a tag, from another Region. Prices are those of AWS's price list where it can be asked, else of
a table that comes with this program; the answer says which, and of when. Nothing is changed.

\b
Examples:
  python -m ecr cost
  python -m ecr cost --stack prod --pulls 500 --to-region eu-west-1
  python -m ecr cost --json --plot cost.svg
"""

Pulls = Annotated[
    int | None,
    typer.Option("--pulls", min=0, metavar="N", help="Pulls in a month from --to-region.", show_default=False),
]
ToRegion = Annotated[
    str | None, typer.Option("--to-region", metavar="REGION", help="Where images are pulled to.", show_default=False)
]


def run(
    *,
    stack: targets.Stacks = None,
    repository: targets.Repositories = None,
    pulls: Pulls = None,
    to_region: ToRegion = None,
    plot: plots.Plot = None,
    as_json: arguments.Json = False,
    profile: arguments.Profile = None,
    region: targets.Region = None,
) -> int:
    """Show what repositories cost."""
    from ecr import costing

    plots.check(plot)
    _check(pulls, to_region)
    survey = costing.Survey(
        datetime.now(UTC),
        Path.cwd(),
        profile=profile,
        profile_of=arguments.profile_of_stack,
        pulls_per_month=pulls or 0,
        to_region=to_region,
    )
    chosen = Selection(stacks=stack or (), repositories=repository or (), region=region, profile=profile)
    answers = chosen.each(survey.look)
    targets.report(answers)
    # The sums are over repositories.
    costs = [answer.value for answer in targets.each_once(answers) if answer.value is not None]
    if plot is not None:
        _draw(costs, plot)
    _show(answers, costs, as_json=as_json)
    return targets.exit_code(answers)


def _check(pulls: int | None, to_region: str | None) -> None:
    if to_region is not None and not regions.is_region(to_region):
        raise InputError("--to-region", f"{shown(to_region)} is not accepted; accepted: {regions.REGION_RULE}")
    if pulls is not None and to_region is None:
        raise InputError("--pulls", "is of no use without --to-region; name both or none")
    if to_region is not None and pulls is None:
        raise InputError("--to-region", "is of no use without --pulls; name both or none")


def _show(answers: Sequence[Answer[RepositoryCost]], costs: Sequence[RepositoryCost], *, as_json: bool) -> None:
    from ecr.cost import showing

    if as_json:
        entries = [_entry(answer) for answer in answers]
        console.result_json({"repositories": entries, "total": showing.total_as_json(costs)})
    elif costs:
        console.result(showing.lines(costs))
    elif not answers:
        console.say("no repositories; `pulumi up` makes one")


def _entry(answer: Answer[RepositoryCost]) -> dict[str, object]:
    from ecr.cost import showing

    found = showing.as_json(answer.value) if answer.value is not None else {}
    repository = answer.target.repository.name if answer.target else None
    error = str(answer.error) if answer.error else None
    return {"repository": repository, **found, "name": answer.name, "error": error}


def _draw(costs: Sequence[RepositoryCost], path: str) -> None:
    from ecr import cost_plot

    if not costs:
        console.say(f"note: there is nothing to draw, so {path} is not written")
        return
    plots.write(path, cost_plot.svg(costs))
