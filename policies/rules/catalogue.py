"""All policies: what each is called, what it looks at, and what can be set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from . import encryption, exceptions, images, lifecycle, principals, scanning, tags
from .values import Resource, Schema, Settings, Verdict

LEVELS = ("advisory", "mandatory", "disabled")


@dataclass(frozen=True, kw_only=True)
class ResourcePolicy:
    """A policy that looks at one resource at a time, before anything is done to it."""

    name: str
    description: str
    applies: Callable[[str], bool]  # to resources of this type
    rule: Callable[[Resource, Settings], Iterator[Verdict]]
    settings: Schema = field(default_factory=dict)

    def check(self, resource: Resource, settings: Settings) -> Iterator[Verdict]:
        """What the rule says; nothing about resources that it is not for.

        Raises:
            ValueError: there is no such setting.
        """
        if self.applies(resource.type):
            _check_settings(self, settings)
            if not exceptions.excepted(resource, settings):
                yield from self.rule(resource, settings)


@dataclass(frozen=True, kw_only=True)
class StackPolicy:
    """A policy that looks at all resources of a stack, after the program has run."""

    name: str
    description: str
    rule: Callable[[Sequence[Resource], Settings], Iterator[Verdict]]
    settings: Schema = field(default_factory=dict)

    def check(self, resources: Sequence[Resource], settings: Settings) -> Iterator[Verdict]:
        """What the rule says.

        Raises:
            ValueError: there is no such setting.
        """
        _check_settings(self, settings)
        yield from self.rule(resources, settings)


def _is_one_of(types: Sequence[str]) -> Callable[[str], bool]:
    return lambda type_token: type_token in types


RESOURCE_POLICIES = (
    ResourcePolicy(
        name="immutable-tags",
        description="Tags of ECR repositories can't be moved to another image.",
        applies=_is_one_of(tags.TYPES),
        rule=tags.check,
        settings=exceptions.SETTINGS,
    ),
    ResourcePolicy(
        name="scanning",
        description="Images are scanned when they are pushed to ECR.",
        applies=_is_one_of(scanning.TYPES),
        rule=scanning.check,
        settings={**exceptions.SETTINGS, **scanning.SETTINGS},
    ),
    ResourcePolicy(
        name="encryption",
        description="ECR repositories say how they are encrypted, in an accepted way.",
        applies=_is_one_of(encryption.TYPES),
        rule=encryption.check,
        settings={**exceptions.SETTINGS, **encryption.SETTINGS},
    ),
    ResourcePolicy(
        name="no-public-principal",
        description="Policies of ECR repositories and registries allow nobody but those who are named.",
        applies=_is_one_of(principals.TYPES),
        rule=principals.check,
        settings=exceptions.SETTINGS,
    ),
    ResourcePolicy(
        name="image-digests",
        description="Images are deployed by their digest.",
        applies=images.applies,
        rule=images.check,
        settings=exceptions.SETTINGS,
    ),
)
STACK_POLICIES = (
    StackPolicy(
        name="lifecycle-policy",
        description="ECR repositories have a lifecycle policy.",
        rule=lifecycle.check,
        settings=exceptions.SETTINGS,
    ),
)
ALL: Mapping[str, ResourcePolicy | StackPolicy] = {one.name: one for one in (*RESOURCE_POLICIES, *STACK_POLICIES)}


def _check_settings(policy: ResourcePolicy | StackPolicy, settings: Settings) -> None:
    """The engine checks the values of the settings that there are, and passes on any others."""
    for name in settings:
        if name not in policy.settings:
            raise ValueError(
                f"policy {policy.name}: there is no setting {name}; there are: {', '.join(policy.settings)}"
            )
