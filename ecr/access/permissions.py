"""What an identity that works with one repository may do: pull, push or promote."""

from __future__ import annotations

from enum import StrEnum

from ecr.access import identity
from ecr.access.documents import PolicyDocument


class Permission(StrEnum):
    """What is asked of a repository."""

    PULL = "pull"
    PUSH = "push"
    PROMOTE = "promote"


def document(
    permission: Permission, *, repository_arn: str, source_arn: str | None = None, enhanced_scanning: bool = False
) -> PolicyDocument:
    """The policy of an identity with this permission on `repository_arn`, and on no other repository to write to.

    Args:
        permission: what it may do.
        repository_arn: what it pulls from, pushes to or promotes to.
        source_arn: the repository that it promotes from; for promoting only.
        enhanced_scanning: whether Amazon Inspector scans the source, whose findings promoting then reads.

    Raises:
        ValueError: for promoting without a source, a source without promoting, or something that is no repository.
    """
    if permission is Permission.PROMOTE:
        if source_arn is None:
            raise ValueError("promoting needs a repository to promote from")
        return identity.promote_policy(
            source_arn=source_arn, target_arn=repository_arn, enhanced_scanning=enhanced_scanning
        )
    if source_arn is not None:
        raise ValueError(f"only promoting has a repository to promote from, and this is {permission.value}")
    if permission is Permission.PUSH:
        return identity.push_policy(repository_arn)
    return identity.pull_policy(repository_arn)
