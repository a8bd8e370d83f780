"""The `registry.creationTemplates` list of a stack's configuration."""

from __future__ import annotations

from types import MappingProxyType

from ecr import access_config, lifecycle_config, repository_config
from ecr.access import names
from ecr.config_reader import Section
from ecr.errors import InputErrors
from ecr.lifecycle.policy import LifecyclePolicy
from ecr.registry import templates
from ecr.registry.templates import AppliedFor, CreationTemplate
from ecr.repository import Mutability

_LIFECYCLE = "container-registry:lifecycle"

# What makes ECR create a repository, in the words of this section.
_FOR = MappingProxyType(
    {
        "pullThroughCache": AppliedFor.PULL_THROUGH_CACHE,
        "replication": AppliedFor.REPLICATION,
        "createOnPush": AppliedFor.CREATE_ON_PUSH,
    }
)
_FOR_RULE = f"one of {', '.join(_FOR)}"


def read_templates(registry: Section, *, region: str | None = None) -> tuple[CreationTemplate, ...]:
    """The repository creation templates of a registry; none where the key is absent.

    Keys of a template: `prefix` and `for`; `description`, `tags` and `role`; and with the meaning that they have for a
    stack's own repository, `tagMutability`, `mutabilityExclusions`, `encryption`, `lifecycle` and `access`. Mistakes
    are noted in the section, and what is handed out then is of no use. What templates say together is for
    `templates.problems`.

    Args:
        registry: the `registry` section.
        region: the registry's own Region, None while it is not known: then less can be refused.
    """
    return tuple(_template(section, region) for section in registry.objects("creationTemplates"))


def _template(section: Section, region: str | None) -> CreationTemplate:
    section.refuse_nulls()
    template = CreationTemplate(
        prefix=section.required_text("prefix", templates.is_prefix, templates.PREFIX_RULE, example="docker-hub"),
        applied_for=_applied_for(section),
        description=section.text("description", templates.is_description, templates.DESCRIPTION_RULE) or "",
        tag_mutability=repository_config.read_tag_mutability(section, default=Mutability.MUTABLE),
        encryption=repository_config.read_encryption(section),
        lifecycle=_lifecycle(section),
        access=access_config.read_access(section, region=region),
        tags=repository_config.read_tags(section),
        role=section.text("role", names.is_role_arn, names.ROLE_ARN_RULE),
    )
    section.finish()
    return template


def _applied_for(section: Section) -> tuple[AppliedFor, ...]:
    return tuple(_FOR[text] for text in section.names("for", lambda text: text in _FOR, _FOR_RULE, required=True))


def _lifecycle(section: Section) -> LifecyclePolicy | None:
    """The rules of a template, in the words that a stack has for its own repository; without the key, nothing expires.

    The reader of those names the key of a stack, so its mistakes are moved below this section.
    """
    if not section.has("lifecycle"):
        return None
    try:
        return lifecycle_config.of_stack({_LIFECYCLE: section.value("lifecycle")}).policy
    except InputErrors as errors:
        for error in errors.errors:
            section.wrong(error.key.partition(":")[2], error.problem)
    return None
