"""The builds of a pipeline: for each stage a CodeBuild project, its log, and a role for this one stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from components.pipeline_artifacts import Store
from ecr.access import code_build
from ecr.pipeline import policies, stack_policy
from ecr.pipeline.model import Builds, Stage, State
from ecr.reference import Registry

_SECRET, _PLAIN = "SECRETS_MANAGER", "PLAINTEXT"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the builds of a pipeline are to be; see `components.pipeline.PipelineArgs`."""

    project: str
    stages: tuple[Stage, ...]
    state: State | None
    builds: Builds
    permissions_boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Build:
    """What deploys one stack.

    Attributes:
        project_name: of the CodeBuild project.
        role_arn: the role that its builds have.
        ready: what has to be there before a build can run.
    """

    project_name: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]


def register(
    name: str, wanted: Wanted, store: Store, *, place: pulumi.Output[Registry], opts: pulumi.ResourceOptions
) -> dict[str, Build]:
    """For each stage, by the name of its stack."""
    return {
        stage.stack: _build(f"{name}-{stage.stack}", index, wanted, store, place=place, opts=opts)
        for index, stage in enumerate(wanted.stages)
    }


def _build(
    name: str,
    index: int,
    wanted: Wanted,
    store: Store,
    *,
    place: pulumi.Output[Registry],
    opts: pulumi.ResourceOptions,
) -> Build:
    stage, builds = wanted.stages[index], wanted.builds
    log = aws.cloudwatch.LogGroup(
        f"{name}-log",
        name=f"/aws/codebuild/{stage.project}",
        retention_in_days=builds.log_keep_days,
        tags=wanted.tags or None,
        opts=opts,
    )
    if stage.role_arn is not None:
        role_arn: pulumi.Output[str] = pulumi.Output.from_input(stage.role_arn)
        allowed: list[pulumi.Resource] = []
    else:
        role_arn, allowed = _role(name, index, wanted, store, log, place=place, opts=opts)
    project = aws.codebuild.Project(
        f"{name}-project",
        name=stage.project,
        description=f"Deploys stack {stage.stack} of {wanted.project}",
        service_role=role_arn,
        build_timeout=builds.timeout_minutes,
        artifacts={"type": "CODEPIPELINE"},
        source={"type": "CODEPIPELINE", "buildspec": builds.buildspec},
        environment={
            "type": "LINUX_CONTAINER",
            "compute_type": builds.compute_type.value,
            "image": builds.image,
            # A Docker daemon in the build takes root on its host; only who builds an image has one.
            "privileged_mode": stage.build,
            "environment_variables": _variables(stage, wanted.state),
        },
        encryption_key=store.key_arn,
        logs_config={"cloudwatch_logs": {"status": "ENABLED", "group_name": log.name}},
        tags=wanted.tags or None,
        opts=opts,
    )
    return Build(project.name, role_arn, (log, *allowed))


def _role(
    name: str,
    index: int,
    wanted: Wanted,
    store: Store,
    log: aws.cloudwatch.LogGroup,
    *,
    place: pulumi.Output[Registry],
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
    stage = wanted.stages[index]
    role = aws.iam.Role(
        f"{name}-role",
        description=f"CodeBuild: deploys stack {stage.stack} of {wanted.project}",
        assume_role_policy=place.apply(lambda place: code_build.trust_policy([stage.project], **vars(place)).text),
        permissions_boundary=wanted.permissions_boundary,
        tags=wanted.tags or None,
        opts=opts,
    )
    texts = {
        "build": pulumi.Output.all(log.arn, store.bucket_arn, store.key_arn).apply(
            lambda known: policies.build_permissions(log_group_arn=known[0], bucket_arn=known[1], key_arn=known[2]).text
        ),
        "repository": place.apply(lambda place: stack_policy.image_permissions(wanted.stages, index, place).text),
    }
    if wanted.state is not None:
        state = wanted.state
        texts["state"] = place.apply(
            lambda place: (
                stack_policy.state_permissions(
                    state, project=wanted.project, stack=stage.stack, partition=place.partition
                ).text
            )
        )
    allowed: list[pulumi.Resource] = [
        aws.iam.RolePolicy(f"{name}-{what}", role=role.id, policy=text, opts=opts) for what, text in texts.items()
    ]
    # By their ARNs, so that one that is taken out takes no other along.
    allowed += [
        aws.iam.RolePolicyAttachment(
            f"{name}-policy-{arn.rpartition('/')[2]}", role=role.name, policy_arn=arn, opts=opts
        )
        for arn in stage.policy_arns
    ]
    return role.arn, allowed


def _variables(stage: Stage, state: State | None) -> list[aws.codebuild.ProjectEnvironmentEnvironmentVariableArgsDict]:
    """What a build reads from its environment; secrets are named here, and never here themselves."""
    plain = {"STACK": stage.stack}
    if state is not None and state.url is not None:
        plain["PULUMI_BACKEND_URL"] = state.url
    secrets = state.secrets if state is not None else {}
    given = [(_PLAIN, plain), (_SECRET, secrets)]
    return [{"name": key, "value": value, "type": kind} for kind, texts in given for key, value in texts.items()]
