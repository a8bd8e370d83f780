"""Asks a policy about a resource, as the pack does."""

from __future__ import annotations

from collections.abc import Sequence

from policies.rules import catalogue
from policies.rules.catalogue import ResourcePolicy, StackPolicy
from policies.rules.values import Resource, Settings, Undecided, Value

REPOSITORY = "aws:ecr/repository:Repository"
TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"


def said(policy: str, type_token: str, settings: Settings | None = None, /, **properties: Value) -> list[str]:
    """What a policy says about one resource: each violation as its line, each value to be known first as `? place`."""
    asked = catalogue.ALL[policy]
    assert isinstance(asked, ResourcePolicy)
    resource = Resource(type=type_token, name="web-repo", urn="urn:web", properties=properties)
    return _lines(list(asked.check(resource, settings or {})))


def said_of_stack(policy: str, resources: Sequence[Resource], settings: Settings | None = None) -> list[str]:
    """The same of a policy that looks at the whole stack."""
    asked = catalogue.ALL[policy]
    assert isinstance(asked, StackPolicy)
    return _lines(list(asked.check(resources, settings or {})))


def _lines(verdicts: Sequence[object]) -> list[str]:
    return [f"? {one.where}" if isinstance(one, Undecided) else str(one) for one in verdicts]
