"""The promotion board of a report, and the sums above it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr import status, tables
from ecr.report import scanned
from ecr.report.deletions import Deletion
from ecr.report.facts import Report, RepositoryFacts, StackFacts, Unknown
from ecr.report.lookup import place, repositories_in_words, repository_of, tally_of
from ecr.report.words import line, moment, number, usd
from ecr.status import NO_DRIFT, UNKNOWN_DRIFT

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
        else f"{tables.size(size)} in {repositories_in_words(len(listed))}",
        tone=UNSURE if missing else PLAIN,
        anchor="images",
    )
    yield _findings_figure(report)
    yield _cost_figure(report)
    yield _deletions_figure(report, gone)


def _findings_figure(report: Report) -> Figure:
    tallies = [found for each in report.repositories if (found := tally_of(each)) is not None]
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
        note=f"{missing} of {repositories_in_words(len(report.repositories))} unknown" if missing else "storage",
        tone=UNSURE if missing else PLAIN,
        anchor="cost",
    )


def _deletions_figure(report: Report, gone: Sequence[Sequence[Deletion]]) -> Figure:
    due = [
        (repository, deletion)
        for repository, each in zip(report.repositories, gone, strict=True)
        for deletion in each
        if deletion.is_due
    ]
    protected = sum(deletion.image.digest in repository.protected for repository, deletion in due)
    return Figure(
        label="Go within a day",
        value=number(len(due)),
        note=f"{number(protected)} of them must stay!" if protected else "by lifecycle policies",
        tone=BAD if protected else PLAIN,
        anchor="next",
    )


def cards(report: Report) -> Iterator[Card]:
    """The promotion board."""
    rows = [stack.row for stack in report.stacks]
    several = len({place(each) for each in report.repositories}) > 1
    for stack in report.stacks:
        _, tag, _, age, source, gate, drift = status.cells(stack.row, rows)
        said = stack.row.published
        repository = repository_of(stack, report.repositories)
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
