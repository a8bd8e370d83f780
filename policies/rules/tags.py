"""Immutable tags: a tag that can be moved is no name for what has been tested."""

from __future__ import annotations

from collections.abc import Iterator

from .values import UNKNOWN, Resource, Settings, Undecided, Value, Verdict, Violation, at, items, shown

REPOSITORY = "aws:ecr/repository:Repository"
TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
TYPES = (REPOSITORY, TEMPLATE)

_CACHE = "PULL_THROUGH_CACHE"
_WHERE = "imageTagMutability"
_FILTERS = "imageTagMutabilityExclusionFilters"
_REMEDY = "set it to IMMUTABLE, or to IMMUTABLE_WITH_EXCLUSION with patterns for the tags that must move"


def check(resource: Resource, _settings: Settings) -> Iterator[Verdict]:
    """Tags must be IMMUTABLE; with exclusions as long as those leave some.

    AWS takes MUTABLE when nothing is said. Templates for pull through caches are passed over: such a cache follows
    tags that move upstream.
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImageTagMutability.html
    """
    if resource.type == TEMPLATE and list(items(at(resource.properties, "appliedFors"))) == [_CACHE]:
        return
    mutability = at(resource.properties, _WHERE)
    if mutability is UNKNOWN:
        yield Undecided(_WHERE)
    elif mutability == "IMMUTABLE_WITH_EXCLUSION":
        yield from _exclusions(at(resource.properties, _FILTERS))
    elif mutability is None:
        yield Violation(_WHERE, "is not set, so AWS lets every tag be moved to another image", _REMEDY)
    elif mutability != "IMMUTABLE":
        yield Violation(_WHERE, f"is {shown(mutability)}, so tags can be moved to another image", _REMEDY)


def _exclusions(filters: Value) -> Iterator[Verdict]:
    if filters is UNKNOWN:
        yield Undecided(_FILTERS)
        return
    for index, one in enumerate(items(filters)):
        where = f"{_FILTERS}[{index}].filter"
        pattern = at(one, "filter")
        if pattern is UNKNOWN:
            yield Undecided(where)
        elif isinstance(pattern, str) and pattern and not pattern.strip("*"):
            yield Violation(
                where, f"is {shown(pattern)}, which leaves no tag immutable", "name the tags that must move"
            )
