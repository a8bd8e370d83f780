"""Who may use a repository's key: ECR, by grants of its own, and nobody who pulls."""

from __future__ import annotations

from ecr.access import key_policy as key_policies
from ecr.access.key_policy import key_policy
from tests.policies import linting, review, tables
from tests.policies.conditions import Context
from tests.policies.evaluator import Principal, Request
from tests.policies.linting import Kind
from tests.policies.tables import Row

ACCOUNT, OTHER = "123456789012", "222222222222"
REPOSITORY = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/prod/shop"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
VIA = {"kms:ViaService": "ecr.eu-west-1.amazonaws.com"}
FOR_THE_REPOSITORY = {"kms:EncryptionContext:aws:ecr:arn": REPOSITORY}
USES = ("Decrypt", "GenerateDataKey")

# What ECR sends when it makes a grant in the name of whoever creates the repository (Amazon ECR user guide, "Logging
# Amazon ECR actions", the entry of CreateGrant).
BY_ECR: Context = {
    **VIA,
    **FOR_THE_REPOSITORY,
    "kms:GrantIsForAWSResource": "true",
    "kms:GrantOperations": USES,
}

DEPLOYER = Principal(arn=f"arn:aws:iam::{ACCOUNT}:role/deployer")
PULLER = Principal(arn=f"arn:aws:iam::{OTHER}:role/puller")
LAMBDA = Principal(service="lambda.amazonaws.com")
ADMINISTER = (
    *("kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey"),
    *("kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy"),
    *("kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations"),
    *("kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:RotateKeyOnDemand"),
    *("kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias"),
    "kms:UpdateKeyDescription",
)
USE = (
    *("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
    *("kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateMac", "kms:Sign"),
)


def row(name: str, action: str, *, allowed: bool, who: Principal = DEPLOYER, context: Context | None = None) -> Row:
    return Row(name, Request(action=action, resource=KEY, principal=who, context=context or {}), allowed)


def granting(name: str, *, allowed: bool = False, who: Principal = DEPLOYER, **changes: str | tuple[str, ...]) -> Row:
    """A grant as ECR makes one, with changes; an empty text takes a key away."""
    keys = {
        "via": "kms:ViaService",
        "repository": "kms:EncryptionContext:aws:ecr:arn",
        "resource": "kms:GrantIsForAWSResource",
        "operations": "kms:GrantOperations",
    }
    context = {**BY_ECR, **{keys[key]: value for key, value in changes.items()}}
    return row(name, "kms:CreateGrant", allowed=allowed, who=who, context={k: v for k, v in context.items() if v != ""})


ROWS = [
    *(row(f"administer: {action}", action, allowed=True) for action in ADMINISTER),
    *(
        row(f"administer from another account: {action}", action, allowed=False, who=PULLER)
        for action in ("kms:DescribeKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion")
    ),
    row("a service administers", "kms:PutKeyPolicy", allowed=False, who=Principal(service="ecr.amazonaws.com")),
    *(row(f"use directly: {action}", action, allowed=False) for action in USE),
    *(row(f"use by ECR without a grant: {action}", action, allowed=False, context=BY_ECR) for action in USE[:3]),
    *(
        row(f"whoever pulls in another account: {action}", action, allowed=False, who=PULLER, context=BY_ECR)
        for action in ("kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant")
    ),
    *(
        row(f"Lambda for another account: {action}", action, allowed=False, who=LAMBDA, context=BY_ECR)
        for action in ("kms:Decrypt", "kms:CreateGrant")
    ),
    row("other changes of the key", "kms:ReplicateKey", allowed=False),
    row("importing key material", "kms:ImportKeyMaterial", allowed=False),
    granting("ECR creates the repository", allowed=True),
    granting("a grant of decrypting alone", allowed=True, operations=("Decrypt",)),
    granting("a grant of generating alone", allowed=True, operations=("GenerateDataKey",)),
    granting("a user of the account creates it", allowed=True, who=Principal(arn=f"arn:aws:iam::{ACCOUNT}:user/ann")),
    granting("another account", who=Principal(arn=f"arn:aws:iam::{OTHER}:role/deployer")),
    granting("nobody known", who=Principal()),
    granting("a grant by hand", resource="", via="", repository=""),
    granting("a grant for a person", resource="false"),
    granting("a grant that doesn't say what for", resource=""),
    granting("through another service", via="s3.eu-west-1.amazonaws.com"),
    granting("through ECR in another Region", via="ecr.us-east-1.amazonaws.com"),
    granting("through no service", via=""),
    granting("for another repository", repository=f"{REPOSITORY}-evil"),
    granting("for the name in another account", repository=REPOSITORY.replace(ACCOUNT, OTHER)),
    granting("for any repository", repository=""),
    granting("with passing on", operations=(*USES, "CreateGrant")),
    granting("of encrypting", operations=("Encrypt",)),
]


def test_ecr_gets_its_grants_and_nobody_else_gets_the_key() -> None:
    tables.check(key_policy(REPOSITORY).document, ROWS)


def test_no_part_of_the_policy_can_go_unnoticed() -> None:
    assert tables.survivors(key_policy(REPOSITORY).document, ROWS) == []


def test_the_policy_was_reviewed() -> None:
    review.compare("key", key_policy(REPOSITORY).document)


def test_the_linter_has_nothing_to_say() -> None:
    assert linting.lint(key_policy(REPOSITORY).document, Kind.KEY) == []


def test_every_administrative_action_has_its_row() -> None:
    assert set(ADMINISTER) == set(key_policies._ADMINISTER)


def test_in_china_either_name_of_ecr_will_do() -> None:
    document = key_policy("arn:aws-cn:ecr:cn-north-1:123456789012:repository/prod/shop")
    names = ["ecr.cn-north-1.amazonaws.com", "ecr.cn-north-1.amazonaws.com.cn"]
    assert [c.values for c in document.statements[1].conditions if c.key == "kms:ViaService"] == [tuple(names)]
