"""The builds of a pipeline: a CodeBuild project, its log and its role to deploy a stack, and others to preview it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from components.pipeline_artifacts import Store
from ecr.access import code_build
from ecr.pipeline import policies, stack_policy
from ecr.pipeline.model import PREVIEW_SUFFIX, Builds, Stage, State
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
        preview_role_arn: the role that its previews have; None where nobody waits for one.
        ready: what has to be there before a build can run.
    """

    project_name: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    preview_role_arn: pulumi.Output[str] | None
    ready: tuple[pulumi.Resource, ...]

    @property
    def role_arns(self) -> tuple[pulumi.Output[str], ...]:
        """The roles of all its builds."""
        return (self.role_arn,) if self.preview_role_arn is None else (self.role_arn, self.preview_role_arn)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One project of a stage, and the role of its builds: either it deploys, or it previews and only reads."""

    name: str
    project: str
    verb: str
    role_arn: str | None
    policy_arns: tuple[str, ...]
    previews: bool

    @classmethod
    def deploying(cls, name: str, stage: Stage) -> _Job:
        return cls(
            name=name,
            project=stage.project,
            verb="deploys",
            role_arn=stage.role_arn,
            policy_arns=stage.policy_arns,
            previews=False,
        )

    @classmethod
    def previewing(cls, name: str, stage: Stage) -> _Job | None:
        if stage.approval is None or stage.preview_project is None:
            return None
        return cls(
            name=f"{name}{PREVIEW_SUFFIX}",
            project=stage.preview_project,
            verb="previews",
            role_arn=stage.approval.role_arn,
            policy_arns=stage.approval.policy_arns,
            previews=True,
        )


@dataclass(frozen=True)
class _Made:
    project: aws.codebuild.Project
    role_arn: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]


def register(
    name: str, wanted: Wanted, store: Store, *, place: pulumi.Output[Registry], opts: pulumi.ResourceOptions
) -> dict[str, Build]:
    """For each stage, by the name of its stack."""
    found = {}
    for index, stage in enumerate(wanted.stages):
        own = f"{name}-{stage.stack}"
        deploying, previewing = _Job.deploying(own, stage), _Job.previewing(own, stage)
        deploys = _make(deploying, index, wanted, store, place=place, opts=opts)
        previews = _make(previewing, index, wanted, store, place=place, opts=opts) if previewing is not None else None
        found[stage.stack] = Build(
            deploys.project.name,
            deploys.role_arn,
            previews.role_arn if previews is not None else None,
            # The name of a preview's project is known without it, so it has to be named here.
            (*deploys.ready, *((*previews.ready, previews.project) if previews is not None else ())),
        )
    return found


def _make(
    job: _Job,
    index: int,
    wanted: Wanted,
    store: Store,
    *,
    place: pulumi.Output[Registry],
    opts: pulumi.ResourceOptions,
) -> _Made:
    stage, builds = wanted.stages[index], wanted.builds
    log = aws.cloudwatch.LogGroup(
        f"{job.name}-log",
        name=f"/aws/codebuild/{job.project}",
        retention_in_days=builds.log_keep_days,
        tags=wanted.tags or None,
        opts=opts,
    )
    if job.role_arn is not None:
        role_arn: pulumi.Output[str] = pulumi.Output.from_input(job.role_arn)
        allowed: list[pulumi.Resource] = []
    else:
        role_arn, allowed = _role(job, index, wanted, store, log, place=place, opts=opts)
    project = aws.codebuild.Project(
        f"{job.name}-project",
        name=job.project,
        description=f"{job.verb.capitalize()} stack {stage.stack} of {wanted.project}",
        service_role=role_arn,
        build_timeout=builds.timeout_minutes,
        artifacts={"type": "CODEPIPELINE"},
        source={"type": "CODEPIPELINE", "buildspec": builds.buildspec},
        environment={
            "type": "LINUX_CONTAINER",
            "compute_type": builds.compute_type.value,
            "image": builds.image,
            # A Docker daemon in the build takes root on its host; only who builds an image has one. Its preview needs
            # one as well: the provider connects when it is configured (github.com/pulumi/pulumi-docker/issues/1106).
            "privileged_mode": stage.build,
            "environment_variables": _variables(stage, wanted.state),
        },
        encryption_key=store.key_arn,
        logs_config={"cloudwatch_logs": {"status": "ENABLED", "group_name": log.name}},
        tags=wanted.tags or None,
        opts=opts,
    )
    return _Made(project, role_arn, (log, *allowed))


def _role(
    job: _Job,
    index: int,
    wanted: Wanted,
    store: Store,
    log: aws.cloudwatch.LogGroup,
    *,
    place: pulumi.Output[Registry],
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
    role = aws.iam.Role(
        f"{job.name}-role",
        description=f"CodeBuild: {job.verb} stack {wanted.stages[index].stack} of {wanted.project}",
        assume_role_policy=place.apply(lambda place: code_build.trust_policy([job.project], **vars(place)).text),
        permissions_boundary=wanted.permissions_boundary,
        tags=wanted.tags or None,
        opts=opts,
    )
    images = stack_policy.preview_permissions if job.previews else stack_policy.image_permissions
    texts = {
        "build": pulumi.Output.all(log.arn, store.bucket_arn, store.key_arn).apply(
            lambda known: policies.build_permissions(log_group_arn=known[0], bucket_arn=known[1], key_arn=known[2]).text
        ),
        "repository": place.apply(lambda place: images(wanted.stages, index, place).text),
    }
    if wanted.state is not None:
        state = wanted.state
        texts["state"] = place.apply(
            lambda place: (
                stack_policy.state_permissions(
                    state,
                    wanted.stages,
                    index,
                    project=wanted.project,
                    partition=place.partition,
                    preview=job.previews,
                ).text
            )
        )
    allowed: list[pulumi.Resource] = [
        aws.iam.RolePolicy(f"{job.name}-{what}", role=role.id, policy=text, opts=opts) for what, text in texts.items()
    ]
    # By their ARNs, so that one that is taken out takes no other along.
    allowed += [
        aws.iam.RolePolicyAttachment(
            f"{job.name}-policy-{arn.rpartition('/')[2]}", role=role.name, policy_arn=arn, opts=opts
        )
        for arn in job.policy_arns
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
