"""What roles get to use one repository: policies of their own, for that repository and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pulumi
import pulumi_aws as aws

from components import permission_policy
from ecr.access import roles
from ecr.access.permissions import Permission
from ecr.errors import InputError
from ecr.problems import Problem, refused

if TYPE_CHECKING:
    from components.repository import ImageRepository

_ROLE_RULE = f"an aws.iam.Role, or {roles.ROLE_NAME_RULE}"


def grant_pull(
    name: str,
    role: aws.iam.Role | str,
    repository: ImageRepository,
    opts: pulumi.ResourceOptions | None = None,
) -> aws.iam.RolePolicy:
    """Let a role of the same account pull from a repository; a policy inline in the role.

    Args:
        name: of the resource in the program.
        role: the role, or its name.
        repository: what it may pull from.
        opts: of the resource.

    Raises:
        InputError: for a name that IAM would refuse, before anything is registered.
    """
    return _grant(name, role, repository.pull_policy, opts)


def grant_push(
    name: str,
    role: aws.iam.Role | str,
    repository: ImageRepository,
    opts: pulumi.ResourceOptions | None = None,
) -> aws.iam.RolePolicy:
    """Let a role of the same account push to a repository. Arguments and errors as of `grant_pull`.

    Pulling layers is not in it; a role that builds on the repository's own images gets both.
    """
    return _grant(name, role, repository.push_policy, opts)


def grant_promote(
    name: str,
    role: aws.iam.Role | str,
    *,
    source_arn: pulumi.Input[str],
    target: ImageRepository,
    enhanced_scanning: bool = False,
    opts: pulumi.ResourceOptions | None = None,
) -> aws.iam.RolePolicy:
    """Let a role promote images from one repository into another: everything that `PromotedImage` calls.

    Where the source is another account's, that account has to let the role in, too.

    Args:
        name: of the resource in the program.
        role: the role, or its name.
        source_arn: of the repository that is promoted from.
        target: the repository that is promoted to.
        enhanced_scanning: whether Amazon Inspector scans either, whose findings the gate then needs.
        opts: of the resource.

    Raises:
        InputError: as `grant_pull`, and for a source that is no repository, as far as it is known already.
    """
    for problem in permission_policy.problems(Permission.PROMOTE, target.arn, source_arn):
        _refuse(problem)
    policy = permission_policy.text(Permission.PROMOTE, target.arn, source_arn, enhanced_scanning=enhanced_scanning)
    return _grant(name, role, policy, opts)


def name_of(role: aws.iam.Role | str) -> str:
    """What a role is called in the program, or in IAM where it is none of the program's: both stay as they are."""
    return role if isinstance(role, str) else role.pulumi_resource_name


def _grant(
    name: str, role: aws.iam.Role | str, policy: pulumi.Output[str], opts: pulumi.ResourceOptions | None
) -> aws.iam.RolePolicy:
    if isinstance(role, str) and not roles.is_role_name(role):
        _refuse(refused("role", role, _ROLE_RULE))
    return aws.iam.RolePolicy(name, role=role if isinstance(role, str) else role.name, policy=policy, opts=opts)


def _refuse(problem: Problem) -> NoReturn:
    raise InputError(problem.path, problem.reason)
