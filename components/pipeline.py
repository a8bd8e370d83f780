"""`Pipeline`: CodePipeline and CodeBuild deploy one stack after the other, from what is pushed to one branch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from components import arguments, pipeline_artifacts, pipeline_builds
from components.caller import Caller
from ecr.access import roles
from ecr.pipeline import policies, stages, validation
from ecr.pipeline.model import Artifacts, Builds, Source, Stage, State
from ecr.problems import Problem
from ecr.reference import Registry

_CONFIRM = (
    "the connection {} waits for somebody to confirm it, and until then the pipeline gets no source: open "
    "https://console.aws.amazon.com/codesuite/settings/connections?region={}, choose it, and update it"
)


@dataclass(frozen=True, kw_only=True)
class PipelineArgs:
    """What a `Pipeline` is to be.

    Attributes:
        pipeline_name: what CodePipeline calls it; a connection that is made gets this name, too.
        project: the name of the Pulumi project whose stacks are deployed.
        source: whose commits start it.
        stages: what it deploys, in this order.
        state: where Pulumi keeps the stacks' state; None where every stage has a role of its own.
        artifacts: where sources wait for the builds.
        builds: how builds run.
        permissions_boundary: the ARN of a policy that bounds all roles that are made; None for no boundary.
        tags: AWS tags of everything that takes tags.
    """

    pipeline_name: str
    project: str
    source: Source
    stages: tuple[Stage, ...]
    state: State | None = None
    artifacts: Artifacts = field(default_factory=Artifacts)
    builds: Builds = field(default_factory=Builds)
    permissions_boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Pipeline(pulumi.ComponentResource):
    """A pipeline, a build project and a role for each of its stages, and an encrypted bucket between them.

    Attributes:
        pipeline_name: what CodePipeline calls it.
        pipeline_arn: its ARN.
        connection_arn: what it gets its source by.
        connection_status: `PENDING` until somebody has confirmed a connection that was made; None for a given one.
        project_names: stack -> the name of its CodeBuild project.
        role_arns: stack -> the role that deploys it.

    Raises:
        InputErrors: for arguments that AWS would refuse, or that could never work, before anything is registered.
    """

    pipeline_name: pulumi.Output[str]
    pipeline_arn: pulumi.Output[str]
    connection_arn: pulumi.Output[str]
    connection_status: pulumi.Output[str] | None
    project_names: Mapping[str, pulumi.Output[str]]
    role_arns: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        arguments.refuse(args, _problems(args))
        super().__init__("container-registry:index:Pipeline", name, {"pipelineName": args.pipeline_name}, opts)
        child = pulumi.ResourceOptions(parent=self)
        caller = Caller.of(self)
        place = pulumi.Output.all(caller.partition, caller.region, caller.account).apply(lambda all_: Registry(*all_))

        self._connect(name, args, caller, child)
        role = aws.iam.Role(
            f"{name}-role",
            description=f"CodePipeline: {args.pipeline_name}",
            assume_role_policy=place.apply(lambda place: policies.pipeline_trust(args.pipeline_name, place).text),
            permissions_boundary=args.permissions_boundary,
            tags=args.tags or None,
            opts=child,
        )
        artifacts = pipeline_artifacts.register(name, args.artifacts, tags=args.tags, opts=child)
        builds = pipeline_builds.register(
            name,
            pipeline_builds.Wanted(
                project=args.project,
                stages=args.stages,
                state=args.state,
                builds=args.builds,
                permissions_boundary=args.permissions_boundary,
                tags=args.tags,
            ),
            artifacts,
            place=place,
            opts=child,
        )
        ready = [
            *pipeline_artifacts.share(
                name,
                artifacts,
                [role.arn, *(arn for build in builds.values() for arn in build.role_arns)],
                caller=caller,
                opts=child,
            ),
            aws.iam.RolePolicy(
                f"{name}-permissions",
                role=role.id,
                policy=pulumi.Output.all(place, self.connection_arn, artifacts.bucket_arn, artifacts.key_arn).apply(
                    lambda known: (
                        policies.pipeline_permissions(
                            args.stages,
                            repository=args.source.repository,
                            place=known[0],
                            connection_arn=known[1],
                            bucket_arn=known[2],
                            key_arn=known[3],
                        ).text
                    )
                ),
                opts=child,
            ),
        ]
        # A pipeline runs as soon as it is there, and would fail where it may not do anything yet.
        pipeline = aws.codepipeline.Pipeline(
            f"{name}-pipeline",
            name=args.pipeline_name,
            pipeline_type="V2",
            execution_mode="SUPERSEDED",
            role_arn=role.arn,
            artifact_stores=[
                {
                    "location": artifacts.bucket,
                    "type": "S3",
                    "encryption_key": {"id": artifacts.key_arn, "type": "KMS"},
                }
            ],
            stages=self._stages(args),
            tags=args.tags or None,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[*ready, *(one for build in builds.values() for one in build.ready)]
            ),
        )
        self.pipeline_name = pipeline.name
        self.pipeline_arn = pipeline.arn
        self.project_names = {stack: build.project_name for stack, build in builds.items()}
        self.role_arns = {stack: build.role_arn for stack, build in builds.items()}
        self.register_outputs(
            {
                "pipelineName": self.pipeline_name,
                "pipelineArn": self.pipeline_arn,
                "connectionArn": self.connection_arn,
                "projectNames": dict(self.project_names),
                "roleArns": dict(self.role_arns),
            }
        )

    def _connect(self, name: str, args: PipelineArgs, caller: Caller, opts: pulumi.ResourceOptions) -> None:
        if args.source.connection_arn is not None:
            self.connection_arn, self.connection_status = pulumi.Output.from_input(args.source.connection_arn), None
            return
        connection = aws.codeconnections.Connection(
            f"{name}-connection",
            name=args.pipeline_name,
            provider_type=args.source.provider.value,
            tags=args.tags or None,
            opts=opts,
        )
        self.connection_arn, self.connection_status = connection.arn, connection.connection_status

        def say(known: Sequence[str]) -> None:
            status, region = known
            if status == "PENDING":
                pulumi.warn(_CONFIRM.format(args.pipeline_name, region), self)

        pulumi.Output.all(connection.connection_status, caller.region).apply(say)

    def _stages(self, args: PipelineArgs) -> list[aws.codepipeline.PipelineStageArgsDict]:
        deploying: list[aws.codepipeline.PipelineStageArgsDict] = [
            {"name": stage.stack, "actions": [_action(action, dict(action.settings)) for action in all_]}
            for stage, all_ in ((stage, stages.actions(args.stages, index)) for index, stage in enumerate(args.stages))
        ]
        source = self.connection_arn.apply(lambda arn: dict(stages.source(args.source, arn).settings))
        # Everything but the connection's ARN is known while the program runs.
        first = stages.source(args.source, "")
        return [{"name": stages.SOURCE_STAGE, "actions": [_action(first, source)]}, *deploying]


def _action(
    action: stages.Action, settings: pulumi.Input[Mapping[str, str]]
) -> aws.codepipeline.PipelineStageActionArgsDict:
    found: aws.codepipeline.PipelineStageActionArgsDict = {
        "name": action.name,
        "category": action.category,
        "owner": "AWS",
        "provider": action.provider,
        "version": "1",
        "configuration": settings,
        "run_order": action.order,
    }
    if action.inputs:
        found["input_artifacts"] = list(action.inputs)
    if action.outputs:
        found["output_artifacts"] = list(action.outputs)
    if action.namespace is not None:
        found["namespace"] = action.namespace
    if action.timeout_minutes is not None:
        found["timeout_in_minutes"] = action.timeout_minutes
    return found


def _problems(args: PipelineArgs) -> Iterator[Problem]:
    for problem in validation.name_problems(args.pipeline_name, args.source):
        yield Problem("pipeline_name", problem.reason)
    parts: Sequence[tuple[str, Iterator[Problem]]] = (
        ("source", validation.source_problems(args.source)),
        ("stages", validation.stages_problems(args.stages)),
        ("state", validation.state_problems(args.state, args.stages)),
        ("artifacts", validation.artifacts_problems(args.artifacts)),
        ("builds", validation.builds_problems(args.builds)),
    )
    for part, problems in parts:
        for problem in problems:
            found = problem.below(part)
            yield Problem(found.path.rstrip("."), found.reason)
    yield from roles.name_problems(None, args.permissions_boundary)
