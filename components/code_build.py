"""`CodeBuildRole`: a service role for CodeBuild projects that work with one repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from components import arguments, permission_policy
from components.caller import Caller
from ecr.access import code_build, roles
from ecr.access.permissions import Permission
from ecr.problems import Problem


@dataclass(frozen=True, kw_only=True)
class CodeBuildRoleArgs:
    """What a `CodeBuildRole` is to be.

    Attributes:
        projects: the names of the CodeBuild projects that may assume it, in this account and Region. They need not
            exist yet: a project is made with its role.
        permission: what they may do with the images.
        repository_arn: the ECR repository that they pull from, push to or promote to.
        source_arn: the ECR repository that they promote from; for promoting only.
        enhanced_scanning: whether Amazon Inspector scans the source, whose findings promoting then reads.
        role_name: the role's name; None lets Pulumi name it.
        permissions_boundary: the ARN of a policy that bounds the role; None for no boundary.
        tags: AWS tags of the role.
    """

    projects: tuple[str, ...]
    permission: Permission
    repository_arn: pulumi.Input[str]
    source_arn: pulumi.Input[str] | None = None
    enhanced_scanning: bool = False
    role_name: str | None = None
    permissions_boundary: pulumi.Input[str] | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class CodeBuildRole(pulumi.ComponentResource):
    """A service role for builds of exactly these projects: images, and the logs of the builds.

    What a project reads its source from, and writes other artifacts to, is for policies of its own to allow.

    Attributes:
        role_arn: what a project takes as its service role.
        role_name: the role's name.

    Raises:
        InputErrors: with a line for each mistake, before anything is registered.
    """

    role_arn: pulumi.Output[str]
    role_name: pulumi.Output[str]

    def __init__(self, name: str, args: CodeBuildRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        arguments.refuse(args, _problems(args))
        super().__init__("container-registry:index:CodeBuildRole", name, {"projects": list(args.projects)}, opts)
        child = pulumi.ResourceOptions(parent=self)
        caller = Caller.of(self)
        place = pulumi.Output.all(caller.partition, caller.region, caller.account)
        role = aws.iam.Role(
            f"{name}-role",
            name=args.role_name,
            description=f"CodeBuild: {args.permission.value}",
            assume_role_policy=place.apply(
                lambda place: (
                    code_build.trust_policy(args.projects, partition=place[0], region=place[1], account=place[2]).text
                )
            ),
            permissions_boundary=args.permissions_boundary,
            tags=args.tags or None,
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-permissions",
            role=role.id,
            policy=permission_policy.text(
                args.permission, args.repository_arn, args.source_arn, enhanced_scanning=args.enhanced_scanning
            ),
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-logs",
            role=role.id,
            policy=place.apply(
                lambda place: (
                    code_build.logs_policy(args.projects, partition=place[0], region=place[1], account=place[2]).text
                )
            ),
            opts=child,
        )
        self.role_arn = role.arn
        self.role_name = role.name
        self.register_outputs({"roleArn": self.role_arn, "roleName": self.role_name})


def _problems(args: CodeBuildRoleArgs) -> list[Problem]:
    found = [*code_build.problems(args.projects), *roles.name_problems(args.role_name, args.permissions_boundary)]
    return found + permission_policy.problems(args.permission, args.repository_arn, args.source_arn)
