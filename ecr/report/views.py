"""The sections of a report in the words of its page: what the template shows, and in which order. Pure.

All texts are on one line, whatever a registry, a scanner or a tag says; the template escapes them for HTML.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr import tables
from ecr.cost import variants
from ecr.lifecycle.evaluation import Outcome
from ecr.lifecycle.images import Image
from ecr.report import deletions, scanned
from ecr.report.deletions import Deletion
from ecr.report.facts import CostFacts, Report, RepositoryFacts, Unknown
from ecr.report.lookup import name_of, repository_of, tally_of, unknown
from ecr.report.scanned import LEVELS, Tally
from ecr.report.words import line, moment, number, usd

FEW_ROWS = 50
FEW_GOING = 10
MAX_SHOWN = 100  # of the images of one repository that go; the list of all images tells of the rest
_MAX_TAGS = 8
_BAR = 100.0
_MAX_NOTE = 400
_POLICIES = {variants.OWN: "its own", variants.NONE: "none"}


@dataclass(frozen=True, kw_only=True)
class Found:
    """Findings by severity, of a deployed image or of a whole repository; the shares are percents of the total."""

    name: str
    image: str
    scanned: str
    counts: tuple[int, ...]
    shares: tuple[tuple[str, float, float], ...]
    unknown: str = ""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one repository costs, or all of them together."""

    name: str
    stored: str = ""
    naive: str = ""
    archived: str = ""
    monthly: str = ""
    naive_monthly: str = ""
    saved: str = ""
    cheapest: str = ""
    unknown: str = ""


@dataclass(frozen=True, kw_only=True)
class Going:
    """An image that goes."""

    tags: str
    digest: str
    outcome: str
    when: str
    rule: str
    pushed_at: str
    size: str
    protected: str


@dataclass(frozen=True, kw_only=True)
class Next:
    """What the lifecycle policy of one repository does next."""

    name: str
    summary: str
    rows: tuple[Going, ...] = ()
    more: int = 0
    unknown: str = ""

    @property
    def open(self) -> bool:
        """Whether it is unfolded at first."""
        return len(self.rows) <= FEW_GOING or self.has_protected

    @property
    def has_protected(self) -> bool:
        """Whether an image goes that must stay: a stack has deployed or pinned it, or what it belongs to."""
        return any(row.protected for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One image in the list of all of them."""

    repository: str
    tags: str
    more_tags: int
    digest: str
    pushed_at: str
    size: str
    bytes: int
    status: str
    pulled_at: str
    findings: str
    weight: int
    next: str
    deployed: str


def going(report: Report) -> list[tuple[Deletion, ...]]:
    """For each repository, what goes; nothing where that is not known."""
    return [
        ()
        if each.policy is None or isinstance(each.policy, Unknown)
        else deletions.following(each.policy, each.known_images, report.at)
        for each in report.repositories
    ]


def findings(report: Report) -> Iterator[Found]:
    """The deployed images first, in the order of promotion; then the repositories."""
    for stack in report.stacks:
        repository, digest = repository_of(stack, report.repositories), stack.row.published.digest
        if repository is None or digest is None:
            continue
        if reason := unknown(repository.images, repository.findings):
            yield _found(f"deployed by {stack.name}", digest, None, reason)
        else:
            known = {} if isinstance(repository.findings, Unknown) else repository.findings
            yield _found(f"deployed by {stack.name}", digest, scanned.tally([digest], known))
    for each in report.repositories:
        reason = unknown(each.images, each.findings)
        yield _found(name_of(each, report.repositories), "", tally_of(each), reason)


def unscanned(report: Report) -> str:
    """That no scan is known of any image, as a sentence; empty where one is, or there is no image that could have one.

    A table would have a row for each stack and repository then, and nothing in it.
    """
    tallies = [found for each in report.repositories if (found := tally_of(each)) is not None]
    images = sum(found.images for found in tallies)
    if not images or any(found.scanned for found in tallies):
        return ""
    if images == 1:
        return "The only image has not been scanned."
    return f"None of the {number(images)} images has been scanned."


def _found(name: str, image: str, tally: Tally | None, reason: str = "") -> Found:
    if tally is None:
        return Found(name=line(name), image=image, scanned="", counts=(), shares=(), unknown=line(reason))
    shares, left = [], 0.0
    for level, count in zip(LEVELS, tally.counts, strict=True):
        share = _BAR * count / tally.total if tally.total else 0.0
        if share:
            shares.append((level.lower(), round(left, 2), round(share, 2)))
        left += share
    if image:
        words = "scanned" if tally.scanned else "not scanned"
    else:
        words = f"{number(tally.scanned)} of {number(tally.images)}"
    counts = tally.counts if tally.scanned else ()
    return Found(name=line(name), image=image, scanned=words, counts=counts, shares=tuple(shares))


def costs(report: Report) -> Iterator[Cost]:
    """Each repository; where there are several, a last row for all that is known."""
    known = []
    for each in report.repositories:
        name = name_of(each, report.repositories)
        if each.cost is None:
            yield Cost(name=name, unknown="was not asked for")
        elif isinstance(each.cost, Unknown):
            yield Cost(name=name, unknown=line(each.cost.reason))
        else:
            cost = each.cost
            known.append(cost)
            yield Cost(
                name=name,
                stored=tables.size(cost.stored_bytes),
                naive=tables.size(cost.naive_bytes),
                archived=tables.size(cost.archived_bytes),
                monthly=usd(cost.monthly_usd),
                naive_monthly=usd(cost.naive_monthly_usd),
                saved="" if cost.saved_by_policy_usd is None else usd(cost.saved_by_policy_usd),
                cheapest=_cheapest(cost),
            )
    if len(known) > 1:
        saved = [cost.saved_by_policy_usd for cost in known if cost.saved_by_policy_usd is not None]
        yield Cost(
            name="",
            stored=tables.size(sum(cost.stored_bytes for cost in known)),
            naive=tables.size(sum(cost.naive_bytes for cost in known)),
            archived=tables.size(sum(cost.archived_bytes for cost in known)),
            monthly=usd(sum(cost.monthly_usd for cost in known)),
            naive_monthly=usd(sum(cost.naive_monthly_usd for cost in known)),
            saved=usd(sum(saved)) if saved else "",
        )


def cost_notes(report: Report) -> list[tuple[str, str]]:
    """What is uncertain about the costs: of which repositories, and what."""
    names: dict[str, list[str]] = {}
    for each in report.repositories:
        for note in each.cost.notes if isinstance(each.cost, CostFacts) else ():
            names.setdefault(note, []).append(name_of(each, report.repositories))
    return [(", ".join(of), line(note, _MAX_NOTE)) for note, of in names.items()]


def _cheapest(cost: CostFacts) -> str:
    if not cost.cheapest:
        return "none leaves alone what has to stay"
    return _POLICIES.get(cost.cheapest) or line(cost.cheapest_rules or cost.cheapest)


def next_deletions(report: Report, gone: Sequence[Sequence[Deletion]]) -> Iterator[Next]:
    """What goes next, repository by repository."""
    for each, deletion in zip(report.repositories, gone, strict=True):
        name = name_of(each, report.repositories)
        if reason := unknown(each.images, each.policy):
            yield Next(name=name, summary="", unknown=line(reason))
        elif each.policy is None:
            yield Next(name=name, summary="no lifecycle policy: nothing is ever deleted")
        else:
            rows = tuple(_going(found, each) for found in deletion[:MAX_SHOWN])
            yield Next(name=name, summary=_summary(deletion), rows=rows, more=max(len(deletion) - MAX_SHOWN, 0))


def _summary(deletion: Sequence[Deletion]) -> str:
    if not deletion:
        return f"nothing goes in the next {deletions.HORIZON_DAYS} days, nor with the next push"
    now = sum(each.is_due for each in deletion)
    pushed = sum(each.with_next_push for each in deletion)
    later = len(deletion) - now - pushed
    parts = ((now, "within a day"), (pushed, "with the next push"), (later, f"in {deletions.HORIZON_DAYS} days"))
    return ", ".join(f"{number(count)} {when}" for count, when in parts if count)


def _going(found: Deletion, repository: RepositoryFacts) -> Going:
    image = found.image
    return Going(
        tags=_tags(image)[0],
        digest=image.digest,
        outcome=_deed(found),
        when=found.when,
        rule=line(found.rule.name, 80),
        pushed_at=moment(image.pushed_at),
        size=tables.size(image.size),
        protected=line(repository.protected.get(image.digest, "")),
    )


def rows(report: Report, gone: Sequence[Sequence[Deletion]]) -> Iterator[Row]:
    """All images, repository by repository, the youngest first."""
    for each, deletion in zip(report.repositories, gone, strict=True):
        name = name_of(each, report.repositories)
        known = None if isinstance(each.findings, Unknown) else each.findings
        ends = {found.image.digest: found for found in deletion}
        for image in sorted(each.known_images, key=lambda one: (-one.pushed_at.timestamp(), one.digest)):
            tags, more = _tags(image)
            counts = None if known is None else known.get(image.digest)
            end = ends.get(image.digest)
            yield Row(
                repository=name,
                tags=tags,
                more_tags=more,
                digest=image.digest,
                pushed_at=moment(image.pushed_at),
                size=tables.size(image.size),
                bytes=image.size,
                status=str(image.status).lower(),
                pulled_at=moment(image.pulled_at),
                findings="" if counts is None else scanned.worst(counts, 2),
                weight=-1 if counts is None else scanned.weight(counts),
                next="" if end is None else f"{_deed(end)} {end.when}",
                deployed=line(each.protected.get(image.digest, "")),
            )


def unlisted(report: Report) -> Iterator[tuple[str, str]]:
    """The repositories whose images are not known, and why."""
    for each in report.repositories:
        if isinstance(each.images, Unknown):
            yield name_of(each, report.repositories), line(each.images.reason)


def _deed(found: Deletion) -> str:
    return "deleted" if found.outcome is Outcome.EXPIRE else "archived"


def _tags(image: Image) -> tuple[str, int]:
    """The first tags, and how many more there are."""
    return ", ".join(line(tag) for tag in image.tags[:_MAX_TAGS]), max(len(image.tags) - _MAX_TAGS, 0)
