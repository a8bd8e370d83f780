"""The inline policy by which a role may pull, push or promote, and what its arguments must be."""

from __future__ import annotations

import pulumi

from ecr.access import permissions
from ecr.access.permissions import Permission
from ecr.problems import Problem, refused
from ecr.reference import RepositoryArn


def problems(
    permission: Permission, repository_arn: pulumi.Input[str], source_arn: pulumi.Input[str] | None
) -> list[Problem]:
    """What is wrong with these, as far as it is known already."""
    found = [
        refused(field, arn, "the ARN of an ECR repository")
        for field, arn in (("repository_arn", repository_arn), ("source_arn", source_arn))
        if isinstance(arn, str) and not _is_repository(arn)
    ]
    if source_arn is None and permission is Permission.PROMOTE:
        found.append(Problem("source_arn", "is missing; accepted: the repository that images are promoted from"))
    if source_arn is not None and permission is not Permission.PROMOTE:
        found.append(Problem("source_arn", f"goes with permission promote only, and this is {permission.value}"))
    if isinstance(source_arn, str) and source_arn == repository_arn:
        found.append(Problem("source_arn", "is the repository itself; accepted: another repository"))
    return found


def _is_repository(arn: str) -> bool:
    try:
        RepositoryArn.parse(arn)
    except ValueError:
        return False
    return True


def text(
    permission: Permission,
    repository_arn: pulumi.Input[str],
    source_arn: pulumi.Input[str] | None = None,
    *,
    enhanced_scanning: bool = False,
) -> pulumi.Output[str]:
    """The policy document, once the ARNs are known."""
    return pulumi.Output.all(repository_arn, source_arn).apply(
        lambda arns: (
            permissions.document(
                permission, repository_arn=arns[0], source_arn=arns[1], enhanced_scanning=enhanced_scanning
            ).text
        )
    )
