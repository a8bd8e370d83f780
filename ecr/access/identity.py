"""Policies for identities, mostly roles, that pull from, push to or promote into one repository, and no other.

Amazon ECR user guide, "IAM permissions for pushing an image" and "Identity-based policy examples". Signing in stands in
a statement of its own: it has no resource (Service Authorization Reference, "Amazon Elastic Container Registry").
"""

from __future__ import annotations

from ecr.access import actions
from ecr.access.documents import PolicyDocument, Statement
from ecr.reference import RepositoryArn

_SIGN_IN = Statement(sid="SignIn", actions=actions.SIGN_IN, resources=("*",))


def pull_policy(repository_arn: str) -> PolicyDocument:
    """Sign in, and pull from the repository.

    Raises:
        ValueError: for anything but the ARN of one repository.
    """
    return _policy(_on("Pull", actions.PULL, repository_arn))


def push_policy(repository_arn: str) -> PolicyDocument:
    """Sign in, and push to the repository. Pulling layers is not in it; add `pull_policy` for a build that does.

    Raises:
        ValueError: as `pull_policy`.
    """
    return _policy(_on("Push", actions.PUSH, repository_arn))


def promote_policy(*, source_arn: str, target_arn: str, enhanced_scanning: bool = False) -> PolicyDocument:
    """What `PromotedImage` calls, all of it (`ecr.promoter`, `ecr.aws`, `ecr.oci`).

    On the source: BatchGetImage (is the image there, manifests, referrers, the manifests of a scanned index),
    DescribeImages (the tags of a pinned digest), DescribeImageScanFindings (the gate), GetDownloadUrlForLayer (layers,
    and mounting them within a registry: ECR user guide, "Blob mounting"), BatchCheckLayerAvailability.

    On the target the same, because an image that is gone from the source is promoted from what the target holds;
    DescribeRepositories (its registry host), and what pushing takes.

    Args:
        source_arn: the repository that is promoted from.
        target_arn: the repository that is promoted to.
        enhanced_scanning: whether Amazon Inspector scans either repository, whose findings the gate then needs.

    Raises:
        ValueError: as `pull_policy`, and for one repository as both.
    """
    if source_arn == target_arn:
        raise ValueError(f"{source_arn} can't be promoted to itself")
    inspector = Statement(sid="ReadInspectorFindings", actions=actions.INSPECT_ENHANCED, resources=("*",))
    return _policy(
        _on("PromoteFrom", tuple(sorted({*actions.PULL, *actions.INSPECT})), source_arn),
        _on("PromoteTo", actions.PROMOTE_TO, target_arn),
        *([inspector] if enhanced_scanning else []),
    )


def _on(sid: str, allowed: tuple[str, ...], repository_arn: str) -> Statement:
    return Statement(sid=sid, actions=allowed, resources=(str(RepositoryArn.parse(repository_arn)),))


def _policy(*statements: Statement) -> PolicyDocument:
    return PolicyDocument((_SIGN_IN, *statements))
