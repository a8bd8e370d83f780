"""What of a report belongs together, and what it is called. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ecr.report import scanned
from ecr.report.facts import Report, RepositoryFacts, StackFacts, Unknown
from ecr.report.scanned import Tally
from ecr.report.words import line


def name_of(each: RepositoryFacts, repositories: Sequence[RepositoryFacts]) -> str:
    """A repository's name, with its place where another one has the same name."""
    alike = sum(other.name == each.name for other in repositories) > 1
    return line(f"{each.name} ({place(each)})" if alike else each.name)


def place(each: RepositoryFacts) -> str:
    """Region and account, as far as they are known."""
    return line(", ".join(part for part in (each.region, each.account) if part) or "place unknown")


def places(report: Report) -> str:
    """The Regions and accounts of all repositories."""
    return "; ".join(sorted({place(each) for each in report.repositories}))


def tally_of(each: RepositoryFacts) -> Tally | None:
    """The findings of a repository, added up; None where they are not known."""
    if isinstance(each.images, Unknown) or isinstance(each.findings, Unknown):
        return None
    return scanned.tally((image.digest for image in each.images), each.findings)


def repository_of(stack: StackFacts, repositories: Iterable[RepositoryFacts]) -> RepositoryFacts | None:
    """The repository of a stack, where it is among these."""
    arn = stack.row.published.repository
    if arn is None:
        return None
    wanted = (arn.name, arn.region, arn.account)
    return next((each for each in repositories if (each.name, each.region, each.account) == wanted), None)


def unknown(*values: object) -> str:
    """Why one of the values is not known; empty when all are."""
    return next((value.reason for value in values if isinstance(value, Unknown)), "")


def repositories_in_words(count: int) -> str:
    """`1 repository`, `2 repositories`."""
    return "1 repository" if count == 1 else f"{count} repositories"
