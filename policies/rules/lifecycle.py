"""A lifecycle policy for each repository: what nobody deletes is stored, and paid for, for ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .documents import UnreadableError, parsed
from .exceptions import excepted
from .tags import REPOSITORY, TEMPLATE
from .values import UNKNOWN, Resource, Settings, Undecided, Value, Verdict, Violation, at, items

LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"

_REMEDY = "add an aws.ecr.LifecyclePolicy for it, with a rule that expires what is no longer needed"
_TEMPLATE_REMEDY = "give it one, with a rule that expires what is no longer needed"


def check(resources: Sequence[Resource], settings: Settings) -> Iterator[Verdict]:
    """Each repository must have a lifecycle policy with a rule, in the same stack; each template must hold one.

    Asked once the whole program has run: a repository does not know its policies.
    """
    policies = [one for one in resources if one.type == LIFECYCLE]
    for resource in resources:
        if excepted(resource, settings):
            continue
        if resource.type == REPOSITORY:
            yield from _repository(resource, policies)
        elif resource.type == TEMPLATE:
            where = f"template {resource.name}: lifecyclePolicy"
            verdict = _rules(at(resource.properties, "lifecyclePolicy"), where, _TEMPLATE_REMEDY)
            yield from _of(resource, verdict)


def _repository(repository: Resource, policies: Sequence[Resource]) -> Iterator[Verdict]:
    own = [one for one in policies if _belongs(one, repository)]
    if not own:
        yield Violation(f"repository {repository.name}", "has no lifecycle policy", _REMEDY, repository.urn)
    for policy in own:
        where = f"repository {repository.name}: policy of its LifecyclePolicy {policy.name}"
        verdict = _rules(at(policy.properties, "policy"), where, "add a rule that expires what is no longer needed")
        yield from _of(repository, verdict)


def _belongs(policy: Resource, repository: Resource) -> bool:
    """By name and Region where they are known; else by what the program passed on to whom."""
    regions = {_text(policy, "region"), _text(repository, "region")} - {None}
    names = (_text(policy, "repository"), _text(repository, "name"))
    if len(regions) > 1:
        return False
    if None in names:
        return repository.urn in policy.depends.get("repository", ())
    return names[0] == names[1]


def _rules(value: Value, where: str, remedy: str) -> Verdict | None:
    if value is UNKNOWN:
        return Undecided(where)
    try:
        document = parsed(value)
    except UnreadableError as error:
        return Violation(where, f"{error.problem}, so nobody can tell what it expires", error.remedy)
    if not items(at(document, "rules")):
        return Violation(where, "has no rule" if value is not None else "is not set", remedy)
    return None


def _of(resource: Resource, verdict: Verdict | None) -> Iterator[Verdict]:
    if isinstance(verdict, Violation):
        yield replace(verdict, urn=resource.urn)
    elif verdict is not None:
        yield verdict


def _text(resource: Resource, key: str) -> str | None:
    value = at(resource.properties, key)
    return value if isinstance(value, str) else None
