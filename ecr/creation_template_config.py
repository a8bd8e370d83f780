"""The `registry.creationTemplates` list of a stack's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ecr import access_config, lifecycle_config, regions, repository_config
from ecr.access import names
from ecr.config_reader import Section
from ecr.errors import InputErrors
from ecr.lifecycle.policy import LifecyclePolicy
from ecr.pull_through_config import entries, moved, required
from ecr.registry import templates
from ecr.registry.templates import Cause, CreationTemplate
from ecr.repository import Mutability

KEY = "creationTemplates"
_LIFECYCLE = "container-registry:lifecycle"


class _For(StrEnum):
    """What makes ECR create a repository, in the words of this section."""

    PULL_THROUGH_CACHE = "pullThroughCache"
    REPLICATION = "replication"
    CREATE_ON_PUSH = "createOnPush"


_FOR_RULE = f"one or more of {', '.join(_For)}"


def read_templates(
    registry: Section, *, region: str | None = None, account: str | None = None
) -> tuple[CreationTemplate, ...]:
    """The repository creation templates of a registry; none where the key is absent.

    Keys of a template: `prefix` and `for`; `description`, `tags` and `role`; and with the meaning that they have for a
    stack's own repository, `tagMutability`, `mutabilityExclusions`, `encryption`, `lifecycle` and `access`. Mistakes
    are noted in the section, and what is handed out then is of no use.

    Args:
        registry: the `registry` section.
        region: the registry's own Region, None while it is not known: then less can be refused.
        account: likewise its account.
    """
    found, places = [], []
    for place, section, values in entries(registry, KEY):
        if (template := _template(section, values, region)) is not None:
            found.append(template)
            places.append(place)
    for problem in templates.problems(found, region=region, account=account):
        registry.wrong(KEY + moved(problem.path, places), problem.reason)
    return tuple(found)


def _template(section: Section, values: Mapping[str, object], region: str | None) -> CreationTemplate | None:
    before = section.mistakes
    section.refuse_nulls()
    template = CreationTemplate(
        prefix=required(section, values, "prefix", templates.PREFIX_RULE, example="docker-hub"),
        causes=_causes(section, values),
        description=section.text("description", bool, templates.DESCRIPTION_RULE) or "",
        tag_mutability=repository_config.read_tag_mutability(section, default=Mutability.MUTABLE),
        encryption=repository_config.read_encryption(section),
        lifecycle=_lifecycle(section, values),
        access=access_config.read_access(section, partition=regions.PARTITIONS.get(region or "")),
        tags=repository_config.read_tags(section),
        role=section.text("role", bool, names.ROLE_ARN_RULE),
    )
    section.finish()
    return template if section.mistakes == before else None


def _causes(section: Section, values: Mapping[str, object]) -> tuple[Cause, ...]:
    if "for" not in values:
        section.wrong("for", f"is missing; accepted: {_FOR_RULE}")
    return tuple(Cause[_For(text).name] for text in section.texts("for", lambda text: text in set(_For), _FOR_RULE))


def _lifecycle(section: Section, values: Mapping[str, object]) -> LifecyclePolicy | None:
    """The rules of a template, in the words that a stack has for its own repository; without the key, nothing expires.

    The reader of those names the key of a stack, so its mistakes are moved below this section.
    """
    if not section.has("lifecycle"):
        return None
    try:
        return lifecycle_config.of_stack({_LIFECYCLE: values["lifecycle"]}).policy
    except InputErrors as errors:
        for error in errors.errors:
            path = error.key.partition(":")[2]
            section.wrong(path, str(error).removeprefix(f"{error.key}: "))
    return None
