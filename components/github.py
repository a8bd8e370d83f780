"""`GitHubActionsRole`: a role that jobs of one GitHub repository assume without any stored secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from components import arguments, permission_policy
from ecr.access import github, roles
from ecr.access.github import GitHubWorkflows
from ecr.access.permissions import Permission
from ecr.problems import Problem, refused

_URL = f"https://{github.ISSUER}"

# The shortest that IAM can be told: a job signs in, pushes and is done (IAM API reference, CreateRole).
_SESSION_S = 3600


@dataclass(frozen=True, kw_only=True)
class GitHubActionsRoleArgs:
    """What a `GitHubActionsRole` is to be.

    Attributes:
        workflows: the jobs that may assume it.
        permission: what they may do with the images.
        repository_arn: the ECR repository that they pull from, push to or promote to.
        source_arn: the ECR repository that they promote from; for promoting only.
        enhanced_scanning: whether Amazon Inspector scans the source, whose findings promoting then reads.
        oidc_provider: `find` the account's OIDC provider for GitHub, `make` it, or its ARN. An account has one at most,
            shared by all roles. This is never guessed from what is there: a stack that made the provider because none
            was found would find its own the next time, not make it any more, and so delete it. The stack that makes it
            is the last one to be destroyed.
        role_name: the role's name; None lets Pulumi name it.
        permissions_boundary: the ARN of a policy that bounds the role; None for no boundary.
        tags: AWS tags of the role and of the provider, if it is made.
    """

    workflows: GitHubWorkflows
    permission: Permission
    repository_arn: pulumi.Input[str]
    source_arn: pulumi.Input[str] | None = None
    enhanced_scanning: bool = False
    oidc_provider: str | pulumi.Output[str] = github.FIND
    role_name: str | None = None
    permissions_boundary: pulumi.Input[str] | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class GitHubActionsRole(pulumi.ComponentResource):
    """A role for GitHub Actions, limited to one repository and its branches, tags or environments.

    It is for the images: signing in, and pulling, pushing or promoting. A job that runs `pulumi up` needs more.

    Attributes:
        role_arn: what `aws-actions/configure-aws-credentials` takes as `role-to-assume`.
        role_name: the role's name.
        oidc_provider_arn: the ARN of the OIDC provider in use.

    Raises:
        InputErrors: with a line for each mistake, before anything is registered.
    """

    role_arn: pulumi.Output[str]
    role_name: pulumi.Output[str]
    oidc_provider_arn: pulumi.Output[str]

    def __init__(self, name: str, args: GitHubActionsRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        arguments.refuse(args, _problems(args))
        repository = args.workflows.repository
        super().__init__("container-registry:index:GitHubActionsRole", name, {"repository": repository}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.oidc_provider_arn = self._provider_arn(name, args)
        role = aws.iam.Role(
            f"{name}-role",
            name=args.role_name,
            description=f"GitHub Actions of {repository}: {args.permission.value}",
            assume_role_policy=self.oidc_provider_arn.apply(
                lambda arn: github.trust_policy(args.workflows, provider_arn=arn).text
            ),
            max_session_duration=_SESSION_S,
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
        self.role_arn = role.arn
        self.role_name = role.name
        self.register_outputs(
            {"roleArn": self.role_arn, "roleName": self.role_name, "oidcProviderArn": self.oidc_provider_arn}
        )

    def _provider_arn(self, name: str, args: GitHubActionsRoleArgs) -> pulumi.Output[str]:
        if args.oidc_provider == github.FIND:
            options = pulumi.InvokeOutputOptions(parent=self)
            return aws.iam.get_open_id_connect_provider_output(url=_URL, opts=options).arn
        if args.oidc_provider == github.MAKE:
            # Without thumbprints: AWS checks GitHub's certificate by the authorities that it trusts anyway (IAM API
            # reference, CreateOpenIDConnectProvider).
            provider = aws.iam.OpenIdConnectProvider(
                f"{name}-provider",
                url=_URL,
                client_id_lists=[roles.AUDIENCE],
                tags=args.tags or None,
                opts=pulumi.ResourceOptions(parent=self),
            )
            return provider.arn
        return pulumi.Output.from_input(args.oidc_provider)


def _problems(args: GitHubActionsRoleArgs) -> list[Problem]:
    found = [problem.below("workflows") for problem in github.problems(args.workflows)]
    if isinstance(args.oidc_provider, str) and not github.is_provider(args.oidc_provider):
        found.append(refused("oidc_provider", args.oidc_provider, github.PROVIDER_RULE))
    found += roles.name_problems(args.role_name, args.permissions_boundary)
    return found + permission_policy.problems(args.permission, args.repository_arn, args.source_arn)
