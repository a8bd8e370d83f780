"""Gathers what a report tells: asks stacks, registries and the price list, and notes what could not be asked."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from ecr import drift, protection, status
from ecr.errors import EcrError
from ecr.lifecycle.documents import parse_policy_text
from ecr.protection import Claim
from ecr.report.facts import CostFacts, Report, RepositoryFacts, StackFacts, Unknown
from ecr.status import Published

if TYPE_CHECKING:
    from ecr.aws.repository import EcrRepository
    from ecr.cost.prices import Prices
    from ecr.lifecycle.images import Image
    from ecr.lifecycle.policy import LifecyclePolicy

T = TypeVar("T")

# What `ecr.cost.variants` calls a repository's own policy.
_VARIANTS = {"own": "the present one", "none": "the present one: none"}


class Target(Protocol):
    """A repository, and the stack that deploys it, as `ecr.cli.targets.Target`."""

    @property
    def repository(self) -> EcrRepository:
        """The live repository."""

    @property
    def published(self) -> Published | None:
        """What the stack says; None for a repository without a stack."""


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
            self.errors.append(error)
            return Unknown(" ".join(str(error).splitlines()))


class Gathering:
    """Looks at one target after the other, or at several at the same time.

    Args:
        now: the time, with its zone.
        project: the folder of the Pulumi project; None where there is none to ask for the stacks' states.
        profile: of the AWS configuration files, for the price list; None for the environment's.
        with_cost: whether the cost of the repositories is asked for.
    """

    def __init__(
        self, now: datetime, *, project: Path | None = None, profile: str | None = None, with_cost: bool = True
    ) -> None:
        self._now = now
        self._project = project
        self._profile = profile
        self._with_cost = with_cost
        self._prices: dict[str, Prices] = {}
        self._lock = threading.Lock()

    def look(self, target: Target) -> Gathered:
        """All that can be found out about a repository and its stack.

        Needs ecr:DescribeImages, ecr:BatchGetImage, ecr:DescribeRepositories and ecr:GetLifecyclePolicy; for prices
        pricing:GetProducts, for drift what `ecr.drifting.look` needs. What may not be asked is missing in its place.
        """
        asking = _Asking()
        repository, said = target.repository, target.published
        images, findings = self._images(asking, repository)
        policy = asking.ask(lambda: _policy(repository))
        cost, prices = self._cost(asking, repository, images, policy)
        arn = said.repository if said else None
        facts = RepositoryFacts(
            name=repository.name,
            account=arn.account if arn else repository.registry_id.get("registryId", ""),
            region=arn.region if arn else _region(repository),
            images=images,
            findings=findings,
            policy=policy,
            cost=cost,
        )
        stack = None if said is None else self._stack(target, said)
        errors = (*asking.errors, *(stack[1] if stack else ()))
        return Gathered(stack=stack[0] if stack else None, repository=facts, prices=prices, errors=errors)

    def _images(
        self, asking: _Asking, repository: EcrRepository
    ) -> tuple[tuple[Image, ...] | Unknown, Mapping[str, Mapping[str, int]] | Unknown]:
        from ecr.aws.images import EcrImages  # noqa: PLC0415 (loads boto3)

        source = EcrImages(repository)
        listing = asking.ask(source.existing)
        if isinstance(listing, Unknown):
            return listing, listing
        # Without what indexes list, a policy would seem to delete what it can't.
        return asking.ask(lambda: source.with_children(listing.images)), listing.findings

    def _cost(
        self,
        asking: _Asking,
        repository: EcrRepository,
        images: Sequence[Image] | Unknown,
        policy: LifecyclePolicy | Unknown | None,
    ) -> tuple[CostFacts | Unknown | None, str]:
        from ecr import costing  # noqa: PLC0415 (loaded when it is needed)
        from ecr.layer_cache import ManifestCache  # noqa: PLC0415

        if not self._with_cost:
            return None, ""
        if isinstance(images, Unknown):
            return images, ""
        known = None if isinstance(policy, Unknown) else policy
        prices = self._prices_of(_region(repository))
        # A report looks at all repositories: a file for each manifest would take longer than reading them in batches.
        cost = asking.ask(
            lambda: costing.examine(
                repository, images, policy=known, prices=prices, now=self._now, cache=ManifestCache(None)
            )
        )
        if isinstance(cost, Unknown):
            return cost, ""
        facts = CostFacts(
            distinct_bytes=cost.distinct_bytes,
            naive_bytes=cost.naive_bytes,
            archived_bytes=cost.archived_bytes,
            monthly_usd=cost.monthly_usd,
            naive_monthly_usd=cost.naive_monthly_usd,
            saved_by_policy_usd=cost.saved_by_policy_usd,
            cheapest=_VARIANTS.get(cost.cheapest, cost.cheapest),
        )
        return facts, "; ".join((f"{prices.source}, {prices.as_of}", *prices.notes))

    def _prices_of(self, region: str) -> Prices:
        from ecr.aws import prices  # noqa: PLC0415 (loads boto3)

        with self._lock:  # one Region is asked about once
            if region not in self._prices:
                self._prices[region] = prices.current(region, profile=self._profile)
            return self._prices[region]

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
        told = set(drift.image(said, there))  # in the row already
        return (
            StackFacts(
                row=row,
                differences=tuple(str(found) for found in examined.differences if found not in told),
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


def _policy(repository: EcrRepository) -> LifecyclePolicy | None:
    from ecr.aws.lifecycle import live_policy  # noqa: PLC0415 (loads boto3)

    text = live_policy(repository)
    return None if text is None else parse_policy_text(text, f"live policy of repository {repository.name}")


def _region(repository: EcrRepository) -> str:
    try:
        return repository.region
    except EcrError:  # no Region is configured: whatever is asked first says so
        return ""
