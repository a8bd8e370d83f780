"""What only AWS and other stacks can tell of a stack file, asked before anything is registered.

The components refuse the same; but when they can tell, half of a deployment may be done (`pulumi up --skip-preview`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pipeline_check
import presence
import registry_claim
import role_check
from ecr.access import github, names, repository_policy
from ecr.access.principals import Access
from ecr.errors import InputError, InputErrors, RemoteError
from ecr.notifications import topics
from ecr.pipeline.model import Stage
from ecr.problems import Problem
from ecr.registry import settings as registry_settings
from settings import NAMESPACE, Settings


@dataclass(frozen=True)
class Place:
    """Where the stack is deployed to, as the provider says."""

    account: str
    partition: str
    region: str


def check(settings: Settings, project: Path) -> None:
    """Refuse what is not there, what is of another place than the stack, and a registry that another stack sets up.

    Nothing is asked that the stack file does not call for.

    Args:
        settings: of the stack.
        project: the folder with the stack files.

    Raises:
        InputErrors: with a line for each mistake.
        InputError: another stack sets up the same registry.
        RemoteError: the provider does not say where the stack is deployed to, which the components would need, too.
    """
    errors = [*presence.errors(settings), *pipeline_check.errors(settings, project)]
    place = _place(settings.region) if _depends_on_place(settings) else None
    if place is not None:
        errors += _misplaced(settings, place)
        errors += role_check.errors(_roles(settings), place.account)
    if errors:
        raise InputErrors(tuple(errors))
    if settings.registry is not None and place is not None:
        registry_claim.check(place.account, place.region, project)


def _depends_on_place(settings: Settings) -> bool:
    named = (
        settings.access,
        settings.registry,
        settings.github,
        settings.eks,
        settings.notifications,
        settings.pipeline,
    )
    return any(one is not None for one in named) or bool(_boundaries(settings))


def _place(region: str | None) -> Place:
    # These functions and not a bare invoke: they say which provider answers.
    import pulumi_aws as aws  # noqa: PLC0415 - takes long to load, and most stacks need no answer

    try:
        identity = aws.get_caller_identity()
        # arn:PARTITION:sts::ACCOUNT:...
        return Place(identity.account_id, identity.arn.split(":")[1], region or aws.get_region().region)
    except Exception as error:  # the SDK raises nothing narrower
        raise RemoteError(
            f"it can't be told which account and Region this stack is deployed to: {presence.said(error)}; check the "
            "credentials and aws:region",
            service="sts",
            operation="GetCallerIdentity",
            code="Invoke",
        ) from error


def _misplaced(settings: Settings, place: Place) -> Iterator[InputError]:
    if settings.access is not None:
        yield from _refused_access(settings.access, place)
    if settings.registry is not None:
        found = registry_settings.problems(settings.registry, region=place.region, account=place.account)
        yield from (_named(problem.below("registry")) for problem in found)
    yield from _misplaced_providers(settings, place)
    for path, arn in _boundaries(settings).items():
        if problem := names.other_partition(arn, place.region):
            yield _named(Problem(path, problem))
    for path, arn in _regional(settings).items():
        if (region := arn.split(":")[3]) != place.region:
            yield _named(Problem(path, f"{arn} is in {region}, and the pipeline in {place.region}"))
    topic = settings.notifications.topic_arn if settings.notifications is not None else None
    if topic is not None and topics.region_of(topic) != place.region:
        problem = f"{topic} is not in {place.region}, where this stack's events are"
        yield InputError(f"{NAMESPACE}:notifications.topicArn", problem)


def _refused_access(access: Access, place: Place) -> Iterator[InputError]:
    try:
        repository_policy.repository_policy(
            access, account=place.account, partition=place.partition, region=place.region
        )
    except ValueError as error:
        yield InputError(f"{NAMESPACE}:access", str(error))


def _boundaries(settings: Settings) -> dict[str, str]:
    """Key -> the permissions boundary that stands there."""
    roles = (
        ("github", settings.github),
        ("eks", settings.eks),
        ("codeBuild", settings.code_build),
        ("pipeline", settings.pipeline),
    )
    return {
        f"{key}.permissionsBoundary": role.permissions_boundary
        for key, role in roles
        if role is not None and role.permissions_boundary is not None
    }


def _regional(settings: Settings) -> dict[str, str]:
    """Key -> the ARN of what a pipeline finds in its own Region alone."""
    pipeline = settings.pipeline
    if pipeline is None:
        return {}
    arns = {
        "pipeline.source.connectionArn": pipeline.source.connection_arn,
        "pipeline.artifacts.keyArn": pipeline.artifacts.key_arn,
        **{
            f"pipeline.stages[{index}].approval.topicArn": stage.approval.topic_arn
            for index, stage in enumerate(pipeline.stages)
            if stage.approval is not None
        },
    }
    return {key: arn for key, arn in arns.items() if arn is not None}


def _misplaced_providers(settings: Settings, place: Place) -> Iterator[InputError]:
    """OIDC providers of other accounts: a role can trust those of its own alone."""
    named: dict[str, str] = {}
    if settings.github is not None and settings.github.oidc_provider not in (github.FIND, github.MAKE):
        named["github.oidcProvider"] = settings.github.oidc_provider
    for index, account in enumerate(settings.eks.service_accounts if settings.eks is not None else ()):
        named[f"eks.serviceAccounts[{index}].oidcProvider"] = account.oidc_provider
    for path, arn in named.items():
        _, partition, _, _, account_id = arn.split(":")[:5]
        if (partition, account_id) != (place.partition, place.account):
            where = f"account {place.account} (partition {place.partition})"
            yield _named(Problem(path, f"{arn} is not of {where}; a role trusts OIDC providers of its own account"))


def _named(problem: Problem) -> InputError:
    return InputError(f"{NAMESPACE}:{problem.path}", problem.reason)


def _roles(settings: Settings) -> Iterator[tuple[str, str]]:
    """The key and ARN, or name, of each role that has to be there, if it is of this account."""
    for index, name in enumerate(settings.eks.node_roles if settings.eks is not None else ()):
        yield f"{NAMESPACE}:eks.nodeRoles[{index}]", name
    if settings.access is not None:
        yield from _roles_in(f"{NAMESPACE}:access", settings.access)
    if settings.pipeline is not None:
        yield from _stage_roles(settings.pipeline.stages)
    if settings.registry is None:
        return
    top = f"{NAMESPACE}:registry"
    for index, cache in enumerate(settings.registry.policy.pull_through_cache if settings.registry.policy else ()):
        for position, role in enumerate(cache.roles):
            yield f"{top}.policy.pullThroughCache[{index}].roles[{position}]", role
    for index, template in enumerate(settings.registry.creation_templates):
        if template.role is not None:
            yield f"{top}.creationTemplates[{index}].role", template.role
        if template.access is not None:
            yield from _roles_in(f"{top}.creationTemplates[{index}].access", template.access)


def _stage_roles(stages: Sequence[Stage]) -> Iterator[tuple[str, str]]:
    for index, stage in enumerate(stages):
        if stage.role_arn is not None:
            yield f"{NAMESPACE}:pipeline.stages[{index}].roleArn", stage.role_arn
        if stage.approval is not None and stage.approval.role_arn is not None:
            yield f"{NAMESPACE}:pipeline.stages[{index}].approval.roleArn", stage.approval.role_arn


def _roles_in(path: str, access: Access) -> Iterator[tuple[str, str]]:
    for key, roles in (("pull", access.pull.roles), ("push", access.push.roles)):
        for index, role in enumerate(roles):
            yield f"{path}.{key}.roles[{index}]", role
