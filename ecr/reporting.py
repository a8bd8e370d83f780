"""Gathers what a report tells: asks stacks, registries and the price list, and notes what could not be asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ecr import drift, protection, status
from ecr.errors import EcrError
from ecr.protection import Claim
from ecr.report.facts import CostFacts, Report, RepositoryFacts, StackFacts, Unknown
from ecr.status import Published

if TYPE_CHECKING:
    from ecr.aws.images import Listing
    from ecr.aws.repository import EcrRepository
    from ecr.cost.estimate import RepositoryCost
    from ecr.costing import Survey
    from ecr.lifecycle.policy import LifecyclePolicy
    from ecr.target import Target

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What was found out about one target.

    Attributes:
        stack: None for a repository that was named by itself.
        repository: its facts, without what protects its images.
        prices: where the prices come from; empty without a cost.
        errors: what could not be asked; the facts say so in their places.
    """

    stack: StackFacts | None
    repository: RepositoryFacts
    prices: str = ""
    errors: tuple[EcrError, ...] = ()


@dataclass
class _Asking:
    """Asks one thing after the other, and keeps what went wrong."""

    errors: list[EcrError] = field(default_factory=list)

    def ask(self, question: Callable[[], T]) -> T | Unknown:
        try:
            return question()
        except EcrError as error:
            # What several parts need is missed once.
            if str(error) not in map(str, self.errors):
                self.errors.append(error)
            return Unknown(" ".join(str(error).splitlines()))


class Gathering:
    """Looks at one target after the other, or at several at the same time.

    Args:
        now: the time, with its zone.
        project: the folder of the Pulumi project; None where there is none to ask for the stacks' states.
        survey: reckons what the repositories cost; None where nobody wants to know.
    """

    def __init__(self, now: datetime, *, project: Path | None = None, survey: Survey | None = None) -> None:
        self._now = now
        self._project = project
        self._survey = survey

    def look(self, target: Target) -> Gathered:
        """All that can be found out about a repository and its stack.

        Needs ecr:DescribeImages, ecr:BatchGetImage, ecr:DescribeRepositories and ecr:GetLifecyclePolicy; for prices
        pricing:GetProducts, for drift what `ecr.drifting.look` needs. What may not be asked is missing in its place.
        """
        from ecr import costing  # noqa: PLC0415 (loaded when it is needed)
        from ecr.aws.images import EcrImages  # noqa: PLC0415 (loads boto3)

        asking = _Asking()
        repository, said = target.repository, target.published
        source = EcrImages(repository)
        listing = asking.ask(source.existing)
        # Without what indexes list, a policy would seem to delete what it can't.
        images = listing if isinstance(listing, Unknown) else asking.ask(lambda: source.with_children(listing.images))
        live = cache(lambda: costing.live_policy(repository))
        policy = asking.ask(live)
        cost, prices = self._cost(asking, target, listing, live)
        arn = said.repository if said else None
        facts = RepositoryFacts(
            name=repository.name,
            account=arn.account if arn else repository.registry_id.get("registryId", ""),
            region=arn.region if arn else _region(repository),
            images=images,
            findings=listing if isinstance(listing, Unknown) else listing.findings,
            policy=policy,
            cost=cost,
        )
        stack = None if said is None else self._stack(target, said)
        errors = (*asking.errors, *(stack[1] if stack else ()))
        return Gathered(stack=stack[0] if stack else None, repository=facts, prices=prices, errors=errors)

    def _cost(
        self,
        asking: _Asking,
        target: Target,
        listing: Listing | Unknown,
        live: Callable[[], LifecyclePolicy | None],
    ) -> tuple[CostFacts | Unknown | None, str]:
        survey = self._survey
        if survey is None:
            return None, ""
        if isinstance(listing, Unknown):
            return listing, ""
        cost = asking.ask(lambda: survey.look(target, listing, live))
        if isinstance(cost, Unknown):
            return cost, ""
        prices = cost.prices
        return _cost_facts(cost), "; ".join((f"{prices.source}, {prices.as_of}", *prices.notes))

    def _stack(self, target: Target, said: Published) -> tuple[StackFacts, Sequence[EcrError]]:
        from ecr import drifting  # noqa: PLC0415 (loads boto3)
        from ecr.aws import live  # noqa: PLC0415

        asking = _Asking()
        there = asking.ask(lambda: live.ask(target.repository, said))
        if isinstance(there, Unknown):
            row = status.row(said, None, self._now)
            return StackFacts(row=row, unknown=(there.reason,)), asking.errors
        row = status.row(said, there, self._now)
        if self._project is None:
            return StackFacts(row=row), ()
        project = self._project
        examined = asking.ask(lambda: drifting.look(project, target))
        if isinstance(examined, Unknown):
            return StackFacts(row=row, unknown=(examined.reason,)), asking.errors
        told = {found.what for found in drift.image(said, there, drift.Settings())}  # in the row already
        return (
            StackFacts(
                row=row,
                differences=tuple(str(found) for found in examined.differences if found.what not in told),
                unknown=tuple(" ".join(str(error).splitlines()) for error in examined.errors),
            ),
            examined.errors,
        )


def nameless(stack: str, error: EcrError) -> StackFacts:
    """A stack of which not even the repository is known."""
    row = status.StatusRow(published=Published(stack=stack), drift=status.UNKNOWN_DRIFT)
    return StackFacts(row=row, unknown=(" ".join(str(error).splitlines()),))


def report(
    gathered: Sequence[Gathered],
    *,
    at: datetime,
    others: Iterable[StackFacts] = (),
    unknown: Iterable[str] = (),
    pins: Iterable[Claim] = (),
) -> Report:
    """Put together what was gathered: stacks in the order of promotion, each repository once.

    Args:
        gathered: of all targets.
        at: the moment of the report.
        others: stacks without a known repository.
        unknown: what could not be asked at all.
        pins: what stack files pin.
    """
    stacks = [*(each.stack for each in gathered if each.stack is not None), *others]
    ordered = status.in_promotion_order([stack.row for stack in stacks])
    by_name = {stack.name: stack for stack in stacks}
    claims = [Claim(stack=stack.name, deployed=stack.row.published.digest) for stack in stacks]
    reasons = protection.reasons([*claims, *pins])
    places = {row.published.stack: place for place, row in enumerate(ordered)}
    in_order = sorted(gathered, key=lambda each: places[each.stack.name] if each.stack else len(places))
    facts = [each.repository for each in in_order]
    once = {(each.name, each.region, each.account): each for each in reversed(facts)}
    return Report(
        at=at,
        program=program(),
        stacks=tuple(by_name[row.published.stack] for row in ordered),
        repositories=tuple(_protected(each, reasons) for each in reversed(once.values())),
        unknown=tuple(unknown),
        prices=" / ".join(dict.fromkeys(each.prices for each in gathered if each.prices)),
    )


def pins(project: Path) -> tuple[Claim, ...]:
    """What the stack files of a project pin.

    Raises:
        InputError: a stack file can't be read.
        InputErrors: a pin is no digest.
    """
    from ecr import protecting, stack_file  # noqa: PLC0415 (loads YAML)

    return tuple(
        Claim(stack=stack, pinned=protecting.pinned(stack_file.read(project, stack)))
        for stack in stack_file.known(project)
    )


def program() -> str:
    """Which program this is: a digest of its sources, because it is run from its folder and has no releases."""
    folder = Path(__file__).parent
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        found.update(f"{path.relative_to(folder)}\n".encode())
        found.update(path.read_bytes())
    return f"container-registry, program {found.hexdigest()[:12]}"


def _protected(facts: RepositoryFacts, reasons: Mapping[str, str]) -> RepositoryFacts:
    return replace(facts, protected=protection.spread(reasons, facts.known_images))


def _cost_facts(cost: RepositoryCost) -> CostFacts:
    return CostFacts(
        stored_bytes=cost.distinct_bytes,
        naive_bytes=cost.naive_bytes,
        archived_bytes=cost.archived_bytes,
        monthly_usd=cost.monthly_usd,
        naive_monthly_usd=cost.naive_monthly_usd,
        saved_by_policy_usd=cost.saved_by_policy_usd,
        cheapest=cost.cheapest,
        cheapest_rules=next((each.rules for each in cost.variants if each.name == cost.cheapest), ""),
        notes=cost.notes,
    )


def _region(repository: EcrRepository) -> str:
    try:
        return repository.region
    except EcrError:  # no Region is configured: whatever is asked first says so
        return ""
