"""What a stack has beside its repository and its image: each only where the stack file names it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pulumi

import components
import registry_claim
from ecr.access.permissions import Permission
from ecr.pipeline_config import PipelineConfig
from settings import Settings

Outputs = tuple[tuple[str, pulumi.Input[object]], ...]
_Outputs = Iterator[tuple[str, pulumi.Input[object]]]


def add(
    settings: Settings,
    repository: components.ImageRepository,
    image: components.BuiltImage | components.PromotedImage | None,
) -> Outputs:
    """Register what the stack file names, and hand out the stack outputs that come of it: names and values."""
    return (*_roles(settings, repository, image), *_others(settings), *_pipeline(settings.pipeline, settings.tags))


def _others(settings: Settings) -> _Outputs:
    if settings.endpoints is not None:
        endpoints = components.EcrEndpoints(
            _named("endpoints"), components.EcrEndpointsArgs.of(settings.endpoints, tags=settings.tags)
        )
        # `python -m ecr doctor` expects private addresses where a stack has these.
        yield "vpc_endpoint_ids", endpoints.endpoint_ids
    if settings.registry is not None:
        registry = components.RegistrySettings(
            _named("registry"), components.RegistrySettingsArgs(config=settings.registry, tags=settings.tags)
        )
        # By this the other stacks of the project know.
        yield registry_claim.OUTPUT, {"account": registry.registry_id, "region": registry.region}
        if settings.registry.replication:
            yield "replication_destination_policies", registry.replication_destination_policy
        if settings.registry.pull_through_cache:
            yield "cache_upstream_policies", registry.cache_upstream_policy
    if settings.notifications is not None:
        notifications = components.Notifications(
            _named("notifications"),
            components.NotificationsArgs(
                events=settings.notifications.events,
                repositories=settings.notifications.scope(settings.repository),
                format=settings.notifications.format,
                topic_arn=settings.notifications.topic_arn,
                subscriptions=settings.notifications.subscriptions,
                tags=settings.tags,
            ),
        )
        yield "notification_topic_arn", notifications.topic_arn
        if settings.notifications.topic_arn is not None:
            # What somebody has to add to the topic's and its key's own policies.
            yield "notification_topic_policy", notifications.topic_policy.apply(json.loads)
            yield "notification_key_policy", notifications.key_policy.apply(json.loads)


def _pipeline(config: PipelineConfig | None, tags: Mapping[str, str]) -> _Outputs:
    if config is None:
        return
    pipeline = components.Pipeline(
        _named("pipeline"),
        components.PipelineArgs(
            pipeline_name=config.name,
            project=pulumi.get_project(),
            source=config.source,
            stages=config.stages,
            state=config.state,
            artifacts=config.artifacts,
            builds=config.builds,
            permissions_boundary=config.permissions_boundary,
            tags=tags,
        ),
    )
    yield "pipeline_name", pipeline.pipeline_name
    yield "pipeline_connection_arn", pipeline.connection_arn
    if pipeline.connection_status is not None:
        yield "pipeline_connection_status", pipeline.connection_status
    yield "pipeline_role_arns", dict(pipeline.role_arns)


def _roles(
    settings: Settings,
    repository: components.ImageRepository,
    image: components.BuiltImage | components.PromotedImage | None,
) -> _Outputs:
    """Roles may do what the stack does: push where it builds, promote where it promotes, otherwise pull."""
    source_arn = image.source_arn if isinstance(image, components.PromotedImage) else None
    permission = Permission.PROMOTE if source_arn is not None else Permission.PUSH if image else Permission.PULL
    if settings.github is not None:
        github = components.GitHubActionsRole(
            _named("github"),
            components.GitHubActionsRoleArgs(
                workflows=settings.github.workflows,
                oidc_provider=settings.github.oidc_provider,
                permission=permission,
                repository_arn=repository.arn,
                source_arn=source_arn,
                enhanced_scanning=settings.github.enhanced_scanning,
                role_name=settings.github.role_name,
                permissions_boundary=settings.github.permissions_boundary,
                tags=settings.tags,
            ),
        )
        yield "github_role_arn", github.role_arn
    if settings.code_build is not None:
        code_build = components.CodeBuildRole(
            _named("code-build"),
            components.CodeBuildRoleArgs(
                projects=settings.code_build.projects,
                permission=permission,
                repository_arn=repository.arn,
                source_arn=source_arn,
                enhanced_scanning=settings.code_build.enhanced_scanning,
                role_name=settings.code_build.role_name,
                permissions_boundary=settings.code_build.permissions_boundary,
                tags=settings.tags,
            ),
        )
        yield "code_build_role_arn", code_build.role_arn
    if settings.eks is not None:
        eks = components.EksPullAccess(
            _named("eks"),
            components.EksPullAccessArgs(
                repository_arn=repository.arn,
                node_roles=settings.eks.node_roles,
                service_accounts=settings.eks.service_accounts,
                pod_identities=settings.eks.pod_identities,
                permissions_boundary=settings.eks.permissions_boundary,
                tags=settings.tags,
            ),
        )
        if eks.service_account_role_arn is not None:
            yield "eks_service_account_role_arn", eks.service_account_role_arn
        if eks.pod_identity_role_arn is not None:
            yield "eks_pod_identity_role_arn", eks.pod_identity_role_arn


def _named(capability: str) -> str:
    """What AWS is given a name for gets it from this one: stacks of one account are told apart by it."""
    return f"{pulumi.get_stack()}-{capability}"
