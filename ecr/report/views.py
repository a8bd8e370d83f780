"""A report in the words of its page: what the template shows, and in which order. Pure.

All texts are on one line, whatever a registry, a scanner or a tag says; the template escapes them for HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ecr import status, tables
from ecr.lifecycle.evaluation import Outcome
from ecr.lifecycle.images import Image
from ecr.report import deletions, scanned
from ecr.report.deletions import Deletion
from ecr.report.facts import Report, RepositoryFacts, StackFacts, Unknown
from ecr.report.scanned import LEVELS, Tally
from ecr.report.words import line, moment, number, usd
from ecr.status import NO_DRIFT, UNKNOWN_DRIFT

FEW_ROWS = 50
FEW_GOING = 10
MAX_SHOWN = 100  # of the images of one repository that go; the list of all images tells of the rest
_MAX_TAGS = 8
_BAR = 100.0

# How a thing is marked, beside what its text says.
GOOD, BAD, UNSURE, PLAIN = "good", "bad", "unsure", ""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A text, and whether it is good or bad news."""

    text: str
    tone: str = PLAIN


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number that sums a part of the page up."""

    label: str
    value: str
    note: str = ""
    tone: str = PLAIN
    anchor: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """One stack on the promotion board."""

    stack: str
    place: str
    repository: str
    tag: str
    digest: str
    age: str
    pushed_at: str
    promoted_from: str
    gate: Said
    drift: tuple[Said, ...]
    findings: Said
    unknown: tuple[str, ...]

    @property
    def tone(self) -> str:
        """Bad when it has drifted, unsure when not all about it is known."""
        tones = {each.tone for each in self.drift}
        if BAD in tones:
            return BAD
        return UNSURE if self.unknown or UNSURE in tones else GOOD if tones else PLAIN


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
        """Whether an image goes that somebody has deployed or pinned."""
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


def name_of(each: RepositoryFacts, repositories: Sequence[RepositoryFacts]) -> str:
    """A repository's name, with its place where another one has the same name."""
    alike = sum(other.name == each.name for other in repositories) > 1
    return line(f"{each.name} ({place(each)})" if alike else each.name)


def place(each: RepositoryFacts) -> str:
    """Region and account, as far as they are known."""
    return line(", ".join(part for part in (each.region, each.account) if part) or "place unknown")


def going(report: Report) -> list[tuple[Deletion, ...]]:
    """For each repository, what goes; nothing where that is not known."""
    return [
        ()
        if each.policy is None or isinstance(each.policy, Unknown)
        else deletions.following(each.policy, each.known_images, report.at)
        for each in report.repositories
    ]


def figures(report: Report, gone: Sequence[Sequence[Deletion]]) -> Iterator[Figure]:
    """The sums at the top of the page."""
    if report.stacks:
        drifted = [stack.name for stack in report.stacks if stack.has_drifted]
        unsure = any(stack.row.drift == UNKNOWN_DRIFT or stack.unknown for stack in report.stacks)
        yield Figure(
            label="Stacks",
            value=str(len(report.stacks)),
            note=line(f"drifted: {', '.join(drifted)}") if drifted else ("not all known" if unsure else "none drifted"),
            tone=BAD if drifted else (UNSURE if unsure else GOOD),
            anchor="board",
        )
    listed = [each for each in report.repositories if not isinstance(each.images, Unknown)]
    size = sum(image.size for each in listed for image in each.known_images)
    missing = len(report.repositories) - len(listed)
    yield Figure(
        label="Images",
        value=number(report.images),
        note=f"{missing} of {len(report.repositories)} repositories not listed"
        if missing
        else f"{tables.size(size)} in {_repositories(len(listed))}",
        tone=UNSURE if missing else PLAIN,
        anchor="images",
    )
    yield _findings_figure(report)
    yield _cost_figure(report)
    soon = sum(deletion.on is None and not deletion.with_next_push for each in gone for deletion in each)
    protected = sum(
        deletion.image.digest in repository.protected
        for repository, each in zip(report.repositories, gone, strict=True)
        for deletion in each
    )
    yield Figure(
        label="Go within a day",
        value=number(soon),
        note=f"{protected} deployed or pinned!" if protected else "by lifecycle policies",
        tone=BAD if protected else PLAIN,
        anchor="next",
    )


def _findings_figure(report: Report) -> Figure:
    tallies = [found for each in report.repositories if (found := _tally(each)) is not None]
    grave = sum(sum(found.counts[:2]) for found in tallies)
    images, answered = sum(found.images for found in tallies), sum(found.scanned for found in tallies)
    return Figure(
        label="Critical and high findings",
        value=number(grave) if answered else "-",
        note=f"{number(answered)} of {number(images)} images scanned" if images else "nothing to scan",
        tone=BAD if grave else (UNSURE if answered < images or not images else GOOD),
        anchor="findings",
    )


def _cost_figure(report: Report) -> Figure:
    known = [each.cost for each in report.repositories if each.cost is not None and not isinstance(each.cost, Unknown)]
    missing = len(report.repositories) - len(known)
    return Figure(
        label="Cost a month",
        value=usd(sum(cost.monthly_usd for cost in known)) if known else "-",
        note=f"{missing} of {_repositories(len(report.repositories))} unknown" if missing else "storage",
        tone=UNSURE if missing else PLAIN,
        anchor="cost",
    )


def cards(report: Report) -> Iterator[Card]:
    """The promotion board."""
    rows = [stack.row for stack in report.stacks]
    several = len({place(each) for each in report.repositories}) > 1
    for stack in report.stacks:
        _, tag, _, age, source, gate, drift = status.cells(stack.row, rows)
        said = stack.row.published
        repository = _repository_of(stack, report.repositories)
        yield Card(
            stack=line(stack.name),
            place=place(repository) if repository and several else "",
            repository=line(said.repository.name) if said.repository else "",
            tag=line(tag),
            digest=said.digest or "",
            age=age,
            pushed_at=moment(report.at - stack.row.age) if stack.row.age is not None else "",
            promoted_from=line(source),
            gate=_gate(gate),
            drift=tuple(_drift(stack, drift)),
            findings=_findings_of(repository, said.digest),
            unknown=tuple(map(line, stack.unknown)),
        )


def _gate(words: str) -> Said:
    tone = {"": PLAIN, "off": UNSURE, "refused": BAD}.get(words, GOOD)
    return Said(text=line(words) or "no gate", tone=tone)


def _drift(stack: StackFacts, words: str) -> Iterator[Said]:
    if words == NO_DRIFT and not stack.differences:
        yield Said(text=NO_DRIFT, tone=GOOD)
    elif words == UNKNOWN_DRIFT:
        yield Said(text=UNKNOWN_DRIFT, tone=UNSURE)
    elif words and words != NO_DRIFT:
        yield Said(text=line(words), tone=BAD)
    for difference in stack.differences:
        yield Said(text=line(difference), tone=BAD)


def _findings_of(repository: RepositoryFacts | None, digest: str | None) -> Said:
    if repository is None or digest is None:
        return Said(text="")
    if isinstance(repository.findings, Unknown) or isinstance(repository.images, Unknown):
        return Said(text="unknown", tone=UNSURE)
    if digest not in repository.findings:
        return Said(text="not scanned", tone=UNSURE)
    found = scanned.tally([digest], repository.findings)
    return Said(text=scanned.worst(repository.findings[digest]), tone=BAD if sum(found.counts[:2]) else GOOD)


def findings(report: Report) -> Iterator[Found]:
    """The deployed images first, in the order of promotion; then the repositories."""
    for stack in report.stacks:
        repository, digest = _repository_of(stack, report.repositories), stack.row.published.digest
        if repository is None or digest is None:
            continue
        if reason := _unknown(repository.images, repository.findings):
            yield _found(f"deployed by {stack.name}", digest, None, reason)
        else:
            known = {} if isinstance(repository.findings, Unknown) else repository.findings
            yield _found(f"deployed by {stack.name}", digest, scanned.tally([digest], known))
    for each in report.repositories:
        reason = _unknown(each.images, each.findings)
        yield _found(name_of(each, report.repositories), "", _tally(each), reason)


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
                stored=tables.size(cost.distinct_bytes),
                naive=tables.size(cost.naive_bytes),
                archived=tables.size(cost.archived_bytes),
                monthly=usd(cost.monthly_usd),
                naive_monthly=usd(cost.naive_monthly_usd),
                saved="" if cost.saved_by_policy_usd is None else usd(cost.saved_by_policy_usd),
                cheapest=line(cost.cheapest),
            )
    if len(known) > 1:
        saved = [cost.saved_by_policy_usd for cost in known if cost.saved_by_policy_usd is not None]
        yield Cost(
            name="",
            stored=tables.size(sum(cost.distinct_bytes for cost in known)),
            naive=tables.size(sum(cost.naive_bytes for cost in known)),
            archived=tables.size(sum(cost.archived_bytes for cost in known)),
            monthly=usd(sum(cost.monthly_usd for cost in known)),
            naive_monthly=usd(sum(cost.naive_monthly_usd for cost in known)),
            saved=usd(sum(saved)) if saved else "",
        )


def next_deletions(report: Report, gone: Sequence[Sequence[Deletion]]) -> Iterator[Next]:
    """What goes next, repository by repository."""
    for each, deletion in zip(report.repositories, gone, strict=True):
        name = name_of(each, report.repositories)
        if reason := _unknown(each.images, each.policy):
            yield Next(name=name, summary="", unknown=line(reason))
        elif each.policy is None:
            yield Next(name=name, summary="no lifecycle policy: nothing is ever deleted")
        else:
            rows = tuple(_going(found, each) for found in deletion[:MAX_SHOWN])
            yield Next(name=name, summary=_summary(deletion), rows=rows, more=max(len(deletion) - MAX_SHOWN, 0))


def _summary(deletion: Sequence[Deletion]) -> str:
    if not deletion:
        return f"nothing goes in the next {deletions.HORIZON_DAYS} days, nor with the next push"
    now = sum(each.on is None and not each.with_next_push for each in deletion)
    pushed = sum(each.with_next_push for each in deletion)
    later = len(deletion) - now - pushed
    parts = ((now, "within a day"), (pushed, "with the next push"), (later, f"in {deletions.HORIZON_DAYS} days"))
    return ", ".join(f"{number(count)} {when}" for count, when in parts if count)


def _going(found: Deletion, repository: RepositoryFacts) -> Going:
    image = found.image
    return Going(
        tags=_tags(image)[0],
        digest=image.digest,
        outcome="deleted" if found.outcome is Outcome.EXPIRE else "archived",
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


def places(report: Report) -> str:
    """The Regions and accounts of all repositories."""
    return "; ".join(sorted({place(each) for each in report.repositories}))


def _deed(found: Deletion) -> str:
    return "deleted" if found.outcome is Outcome.EXPIRE else "archived"


def _tags(image: Image) -> tuple[str, int]:
    """The first tags, and how many more there are."""
    return ", ".join(line(tag) for tag in image.tags[:_MAX_TAGS]), max(len(image.tags) - _MAX_TAGS, 0)


def _tally(each: RepositoryFacts) -> Tally | None:
    if isinstance(each.images, Unknown) or isinstance(each.findings, Unknown):
        return None
    return scanned.tally((image.digest for image in each.images), each.findings)


def _repository_of(stack: StackFacts, repositories: Iterable[RepositoryFacts]) -> RepositoryFacts | None:
    arn = stack.row.published.repository
    if arn is None:
        return None
    wanted = (arn.name, arn.region, arn.account)
    return next((each for each in repositories if (each.name, each.region, each.account) == wanted), None)


def _unknown(*values: object) -> str:
    return next((value.reason for value in values if isinstance(value, Unknown)), "")


def _repositories(count: int) -> str:
    return "1 repository" if count == 1 else f"{count} repositories"
