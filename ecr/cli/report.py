"""`python -m ecr report`: one page about stacks, images, findings, cost, and what goes next."""

# ruff: noqa: PLC0415 - what talks to AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecr import tables
from ecr.cli import arguments, console, targets
from ecr.cli.lifecycle import sources
from ecr.cli.targets import Answer, Selection, Target
from ecr.errors import EcrError, ExitCode, InputError, printable

if TYPE_CHECKING:
    from ecr.protection import Claim
    from ecr.report.facts import Report
    from ecr.reporting import Gathered

HELP = """Write a page about stacks, images, findings and cost.

One HTML file that loads nothing from anywhere: the promotion board, images over time, findings by severity, what the
storage costs, what the lifecycle policies delete next, and all images. Without options it tells of all stacks of the
project. What could not be asked is named on the page, with the reason, and makes the exit code 3; exit code 1 when a
stack has drifted. With --json the same goes to stdout, and a page is written only with --output.

\b
Examples:
  python -m ecr report
  python -m ecr report --stack dev --stack prod --output report.html
  python -m ecr report --repository dev/yoon-app --no-cost --json
"""

DEFAULT, STANDARD_OUTPUT = "report.html", "-"

Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help=f"Where the page goes; {STANDARD_OUTPUT} for stdout. [default: {DEFAULT}]",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Also over a file that is no report.")]
NoCost = Annotated[bool, typer.Option("--no-cost", help="Leave the cost out, for which every manifest is read once.")]


@dataclass
class _Found:
    """What was found out.

    Attributes:
        answers: of the targets.
        unknown: what could not be asked at all, a line each.
        code: the worst that went wrong beside the answers.
    """

    answers: list[Answer[Gathered]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    code: ExitCode = ExitCode.DONE

    def miss(self, error: EcrError) -> None:
        """Note what left a hole in the page."""
        self.unknown += str(error).splitlines()
        self.code = ExitCode.REMOTE


def run(
    *,
    stack: targets.Stacks = None,
    repository: targets.Repositories = None,
    region: targets.Region = None,
    output: Output = None,
    overwrite: Overwrite = False,
    no_cost: NoCost = False,
    now: sources.Now = None,
    as_json: arguments.Json = False,
    profile: arguments.Profile = None,
) -> int:
    """Write the page."""
    from ecr import costing, reporting, stack_file
    from ecr.report import document, page
    from ecr.report.output import OPTION, PAGE

    at = sources.Sources(now=now).at
    path = output if output is not None else (None if as_json else DEFAULT)
    if as_json and path == STANDARD_OUTPUT:
        raise InputError(OPTION, "- can't be combined with --json; both write to stdout")
    if path not in (None, STANDARD_OUTPUT):
        PAGE.check(path, overwrite=overwrite)
    project = None if repository and not stack else stack_file.find_project(Path.cwd())
    survey = None if no_cost else costing.Survey(at, Path.cwd(), profile=profile, profile_of=arguments.profile_of_stack)
    gathering = reporting.Gathering(at, project=project, survey=survey)

    selection = Selection(stacks=stack or (), repositories=repository or (), region=region, profile=profile)
    found = _ask(selection, project, gathering.look)
    report = _put_together(found, project, at)
    if path == STANDARD_OUTPUT:
        console.result("".join(page.chunks(report)).rstrip("\n").split("\n"))
    elif path is not None:
        PAGE.write(path, page.chunks(report))
    if as_json:
        console.result_json(document.document(report))
    elif path != STANDARD_OUTPUT:
        console.result([f"{printable(path or '')}: {_summary(report)}"])
    return _exit_code(found, report)


def _ask(selection: Selection, project: Path | None, look: Callable[[Target], Gathered]) -> _Found:
    from ecr import stacks

    found = _Found()
    if project is None or selection.stacks:
        found.answers = selection.each(look)
        return found
    try:
        names = stacks.names(project)
    except EcrError as error:
        # Without Pulumi, the stack files still tell which repositories there are.
        found.miss(error)
        found.answers = _of_files(project, selection.profile, look, found)
        return found
    found.answers = Selection(stacks=names, region=selection.region, profile=selection.profile).each(look)
    return found


def _of_files(
    project: Path, profile: str | None, look: Callable[[Target], Gathered], found: _Found
) -> list[Answer[Gathered]]:
    from ecr import stack_file

    answers: list[Answer[Gathered]] = []
    for name in stack_file.known(project):
        try:
            config = stack_file.read(project, name)
            repository, region = config.get(f"{stack_file.NAMESPACE}:repository"), config.get("aws:region")
            if isinstance(repository, str):
                used = profile or arguments.profile_of_stack(project, name)
                where = Selection(
                    repositories=(repository,), region=region if isinstance(region, str) else None, profile=used
                )
                answers += where.each(look)
        except EcrError as error:
            found.miss(error)
    return answers


def _put_together(found: _Found, project: Path | None, at: datetime) -> Report:
    from ecr import reporting

    pins: tuple[Claim, ...] = ()
    if project is not None:
        try:
            pins = reporting.pins(project)
        except EcrError as error:
            found.miss(error)
    for line in found.unknown:
        console.say(f"error: {line}")
    targets.report(found.answers)
    others = []
    for answer in found.answers:
        for missed in answer.value.errors if answer.value else ():
            for line in str(missed).splitlines():
                console.say(f"error: {answer.name}: {line}")
        if answer.value is None and answer.error is not None:
            others.append(reporting.nameless(answer.name.removeprefix("stack "), answer.error))
    gathered = [answer.value for answer in found.answers if answer.value is not None]
    return reporting.report(gathered, at=at, others=others, unknown=found.unknown, pins=pins)


def _summary(report: Report) -> str:
    from ecr.report.lookup import repositories_in_words

    parts = (
        (tables.plural(len(report.stacks), "stack"), report.stacks),
        (repositories_in_words(len(report.repositories)), True),
        (tables.plural(report.images, "image"), True),
    )
    return ", ".join(text for text, wanted in parts if wanted)


def _exit_code(found: _Found, report: Report) -> ExitCode:
    # Whatever it was that could not be asked, nobody has typed anything wrong.
    holes = any(answer.value.errors for answer in found.answers if answer.value)
    missing = ExitCode.REMOTE if holes else found.code
    return max(missing, targets.exit_code(found.answers, refused=report.has_drifted))
