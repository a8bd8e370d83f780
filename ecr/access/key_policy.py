"""The policies of keys that are made here: for a repository, and for the repositories that a template makes.

ECR alone encrypts and decrypts with them, and for these repositories alone. Whoever pulls or pushes, from whatever
account, needs nothing of the key: ECR asks KMS by grants of its own, which it makes when a repository is created
(Amazon ECR user guide, "Encryption at rest"). So nobody who pulls across accounts is in these policies, and nobody of
the own account can decrypt with the key directly. Why: docs/decisions/0009-*.md.
"""

from __future__ import annotations

from ecr.access.documents import Condition, PolicyDocument, PrincipalType, Statement
from ecr.reference import RepositoryArn

# AWS KMS developer guide, "Allows key administrators to administer the KMS key", as actions by name: its wildcards take
# in CreateGrant, by which an administrator could hand out decryption. PutKeyPolicy keeps the key manageable.
_ADMINISTER = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)

# What ECR says the repository is, in the encryption context of its grants and of all that it encrypts (Amazon ECR user
# guide, "Encryption at rest").
_REPOSITORY = "kms:EncryptionContext:aws:ecr:arn"

_WILDCARDS = frozenset("*?$")


def administration(partition: str, account: str) -> Statement:
    """The account administers the key, as its identities' policies say who of it; nobody uses the key by this."""
    return Statement(
        sid="AdministerByTheAccount",
        actions=_ADMINISTER,
        principals=_account(partition, account),
        resources=("*",),
    )


def key_policy(repository_arn: str) -> PolicyDocument:
    """The policy of the key of one repository.

    Args:
        repository_arn: of the one repository that the key is for.

    Raises:
        ValueError: for anything but the ARN of one repository.
    """
    arn = RepositoryArn.parse(repository_arn)
    name = Condition("StringEquals", _REPOSITORY, (str(arn),))
    return PolicyDocument(
        (
            administration(arn.partition, arn.account),
            _grants("GrantUseToEcrForTheRepository", name, arn.partition, arn.region, arn.account),
        )
    )


def template_key_policy(prefix: str, *, partition: str, region: str, account: str) -> PolicyDocument:
    """The policy of the key of the repositories that ECR makes by a template, whose names begin with `prefix`.

    The template's role makes the grants, by a policy of its own (`ecr.registry.templates.role_permissions`).

    Args:
        prefix: of the repositories' names, with the '/' after it; empty for all repositories of the registry.
        partition: such as `aws`.
        region: of the registry.
        account: of the registry, 12 digits.

    Raises:
        ValueError: for a prefix that takes in more than the repositories below it.
    """
    if (prefix and not prefix.endswith("/")) or _WILDCARDS.intersection(prefix):
        raise ValueError(f"{prefix!r} is not the beginning of the names of repositories, with a '/' after it")
    # StringLike stands in AWSTransformApplicationECSDeploymentPolicy, too (AWS managed policy reference).
    below = Condition("StringLike", _REPOSITORY, (f"arn:{partition}:ecr:{region}:{account}:repository/{prefix}*",))
    return PolicyDocument(
        (
            administration(partition, account),
            _grants("GrantUseToEcrForTheRepositories", below, partition, region, account),
        )
    )


def _account(partition: str, account: str) -> dict[PrincipalType, tuple[str, ...]]:
    return {PrincipalType.AWS: (f"arn:{partition}:iam::{account}:root",)}


def _grants(sid: str, repositories: Condition, partition: str, region: str, account: str) -> Statement:
    """ECR gets its grants, in the name of whoever creates a repository.

    AWS managed policy reference, AWSTransformApplicationECSDeploymentPolicy, has the same conditions. RetireGrant is
    missing because key policies have no say in it (AWS KMS developer guide, "AWS KMS permissions").
    """
    return Statement(
        sid=sid,
        actions=("kms:CreateGrant",),
        principals=_account(partition, account),
        resources=("*",),
        conditions=(
            Condition("Bool", "kms:GrantIsForAWSResource", ("true",)),
            repositories,
            Condition("StringEquals", "kms:ViaService", _via(partition, region)),
            # Holds without the key, too; whatever creates a grant has it.
            Condition("ForAllValues:StringEquals", "kms:GrantOperations", ("Decrypt", "GenerateDataKey")),
        ),
    )


def _via(partition: str, region: str) -> tuple[str, ...]:
    """What KMS calls ECR, `ecr.REGION.amazonaws.com`; what it says in China is not documented, so either will do."""
    name = f"ecr.{region}.amazonaws.com"
    return (name, f"{name}.cn") if partition == "aws-cn" else (name,)
