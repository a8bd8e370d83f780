"""`python -m ecr cost`: what repositories cost, every layer counted once, and what other policies would save."""

# ruff: noqa: PLC0415 - what talks to AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated

import typer

from ecr import regions
from ecr.cli import arguments, console, plots, targets
from ecr.cli.targets import Answer, Selection, Target
from ecr.config_reader import shown
from ecr.errors import EcrError, InputError

if TYPE_CHECKING:
    from ecr.cost.estimate import RepositoryCost
    from ecr.cost.prices import Prices
    from ecr.lifecycle.policy import LifecyclePolicy

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
    plots.check(plot)
    _check(pulls, to_region)
    survey = _Survey(pulls=pulls or 0, to_region=to_region, profile=profile)
    chosen = Selection(stacks=stack or (), repositories=repository or (), region=region, profile=profile)
    answers = chosen.each(survey.look)
    targets.report(answers)
    costs = _each_once(answers)
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


class _Survey:
    """Looks at repositories; what they have in common is asked once.

    Args:
        pulls: in a month.
        to_region: where to; None for nowhere.
        profile: of the AWS configuration files; None for a stack's own or the environment's.
    """

    def __init__(self, *, pulls: int, to_region: str | None, profile: str | None) -> None:
        self._pulls = pulls
        self._to_region = to_region
        self._profile = profile
        self._now = datetime.now(UTC)
        self._lock = Lock()
        self._prices: dict[str, Prices] = {}
        self._claims: tuple[Mapping[str, str], tuple[str, ...]] | None = None

    def look(self, target: Target) -> RepositoryCost:
        """What one repository costs; called in threads."""
        from ecr import costing
        from ecr.aws.images import EcrImages

        repository, said = target.repository, target.published
        listing = EcrImages(repository).existing()
        claims, notes = self._claimed()
        protected, patterns, unknown = costing.kept(_project(), repository, claims, listing, self._now)
        listed = {image.digest for image in listing.images}
        cost = costing.examine(
            repository,
            listing.images,
            policy=_policy(target),
            prices=self._prices_of(target),
            now=self._now,
            pulls_per_month=self._pulls,
            to_region=self._to_region,
            pulled=said.digest if said and said.digest in listed else None,
            protected=protected,
            patterns=patterns,
        )
        return replace(cost, notes=(*cost.notes, *notes, *unknown))

    def _prices_of(self, target: Target) -> Prices:
        from ecr.aws import prices

        region = target.repository.region
        with self._lock:  # the others wait for the answer that they need, too
            if region not in self._prices:
                profile = self._profile or _profile_of(target)
                self._prices[region] = prices.current(region, to_region=self._to_region, profile=profile)
            return self._prices[region]

    def _claimed(self) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """Digest -> which stack needs it; and a note where that is not known."""
        from ecr import protecting, protection

        with self._lock:
            if self._claims is None:
                project = _project()
                if project is None:
                    self._claims = {}, ("which images stacks have deployed is not known: this is no Pulumi project",)
                else:
                    try:
                        self._claims = protection.reasons(protecting.claims(project)), ()
                    except EcrError as error:
                        self._claims = {}, (f"which images stacks have deployed is not known: {error}",)
            return self._claims


def _project() -> Path | None:
    from ecr import stack_file

    try:
        return stack_file.find_project(Path.cwd())
    except InputError:
        return None


def _profile_of(target: Target) -> str | None:
    project = _project()
    if target.published is None or project is None:
        return None
    return arguments.profile_of_stack(project, target.published.stack)


def _policy(target: Target) -> LifecyclePolicy | None:
    """The policy that the stack would deploy; without a stack, or a file of its own, the live one."""
    from ecr import lifecycle_config, stack_file
    from ecr.aws.lifecycle import live_policy
    from ecr.lifecycle.documents import parse_policy_text

    project, said = _project(), target.published
    name = said.stack.rpartition("/")[2] if said is not None else ""
    if said is not None and project is not None and name in stack_file.known(project):
        return lifecycle_config.of_stack(stack_file.read(project, said.stack)).policy
    text = live_policy(target.repository)
    return None if text is None else parse_policy_text(text, f"live policy of repository {target.repository.name}")


def _each_once(answers: Sequence[Answer[RepositoryCost]]) -> list[RepositoryCost]:
    """What came out, a repository that was named twice once: the sums are over repositories."""
    accounts: dict[tuple[str, str], set[str]] = {}
    costs: list[RepositoryCost] = []
    for answer in answers:
        if answer.target is None or answer.value is None:
            continue
        repository = answer.target.repository
        account = repository.registry_id.get("registryId", "")
        known = accounts.setdefault((repository.region, repository.name), set())
        # Without an account, it is the caller's own, which is most likely that of the stack.
        if not known or (account and account not in known and "" not in known):
            costs.append(answer.value)
        known.add(account)
    return costs


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
