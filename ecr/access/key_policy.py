"""The policy of a key that is made for one repository: ECR alone encrypts and decrypts with it, and for that alone.

Whoever pulls or pushes, from whatever account, needs nothing of the key: ECR asks KMS by grants of its own, which it
makes when the repository is created (Amazon ECR user guide, "Encryption at rest"). So nobody who pulls across accounts
is in this policy, and nobody of the own account can decrypt with the key directly. Why: docs/decisions/0009-*.md.
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


def key_policy(repository_arn: str) -> PolicyDocument:
    """The key's policy; within its account, policies of identities say who of them administers and creates.

    The grants are made in the name of whoever creates the repository (AWS managed policy reference,
    AWSTransformApplicationECSDeploymentPolicy, has the same conditions). RetireGrant is missing because key policies
    have no say in it (AWS KMS developer guide, "AWS KMS permissions").

    Args:
        repository_arn: of the one repository that the key is for.

    Raises:
        ValueError: for anything but the ARN of one repository.
    """
    arn = RepositoryArn.parse(repository_arn)
    account = {PrincipalType.AWS: (f"arn:{arn.partition}:iam::{arn.account}:root",)}
    return PolicyDocument(
        (
            Statement(sid="AdministerByTheAccount", actions=_ADMINISTER, principals=account, resources=("*",)),
            Statement(
                sid="GrantUseToEcrForTheRepository",
                actions=("kms:CreateGrant",),
                principals=account,
                resources=("*",),
                conditions=(
                    Condition("Bool", "kms:GrantIsForAWSResource", ("true",)),
                    Condition("StringEquals", "kms:EncryptionContext:aws:ecr:arn", (str(arn),)),
                    Condition("StringEquals", "kms:ViaService", _via(arn)),
                    # Holds without the key, too; whatever creates a grant has it.
                    Condition("ForAllValues:StringEquals", "kms:GrantOperations", ("Decrypt", "GenerateDataKey")),
                ),
            ),
        )
    )


def _via(arn: RepositoryArn) -> tuple[str, ...]:
    """What KMS calls ECR, `ecr.REGION.amazonaws.com`; what it says in China is not documented, so either will do."""
    name = f"ecr.{arn.region}.amazonaws.com"
    return (name, f"{name}.cn") if arn.partition == "aws-cn" else (name,)
