"""Who may use a key of images: ECR, by grants of its own, and nobody who pulls."""

from __future__ import annotations

import pytest

from ecr.access import key_policy as key_policies
from ecr.access.documents import PolicyDocument
from ecr.access.key_policy import key_policy, template_key_policy
from ecr.notifications import policies
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
STRANGER = Principal(arn="arn:aws:iam::999999999999:role/admin")
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


# The same for the key of one repository, of those below a prefix and of all.
COMMON = [
    *(row(f"administer: {action}", action, allowed=True) for action in ADMINISTER),
    *(
        row(f"administer from another account: {action}", action, allowed=False, who=PULLER)
        for action in ("kms:DescribeKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion")
    ),
    row("a stranger administers", "kms:PutKeyPolicy", allowed=False, who=STRANGER),
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
    granting("a stranger", who=STRANGER),
    granting("another service", who=Principal(service="ec2.amazonaws.com")),
    granting("nobody known", who=Principal()),
    granting("a grant by hand", resource="", via="", repository=""),
    granting("a grant for a person", resource="false"),
    granting("a grant that doesn't say what for", resource=""),
    granting("through another service", via="s3.eu-west-1.amazonaws.com"),
    granting("through ECR in another Region", via="ecr.us-east-1.amazonaws.com"),
    granting("through no service", via=""),
    granting("for the name in another account", repository=REPOSITORY.replace(ACCOUNT, OTHER)),
    granting("for any repository", repository=""),
    granting("for the name in another Region", repository=REPOSITORY.replace("eu-west-1", "eu-west-2")),
    granting("for something that is no repository", repository=REPOSITORY.replace("repository/", "registry/")),
    granting("with passing on", operations=(*USES, "CreateGrant")),
    granting("of encrypting", operations=("Encrypt",)),
]


HERE = {"partition": "aws", "region": "eu-west-1", "account": ACCOUNT}
ROWS = {
    "key": [
        *COMMON,
        granting("for a repository whose name begins like it", repository=f"{REPOSITORY}-evil"),
        granting("for a repository below it", repository=f"{REPOSITORY}/evil"),
    ],
    "key-template": [
        *COMMON,
        granting("for another repository below the prefix", repository=f"{REPOSITORY}-2", allowed=True),
        granting("for one further below", repository=f"{REPOSITORY}/web/api", allowed=True),
        granting("for the prefix itself", repository=REPOSITORY.removesuffix("/shop")),
        granting("for a prefix that begins like it", repository=REPOSITORY.replace("prod/", "prod-evil/")),
        granting("for the prefix below another", repository=REPOSITORY.replace("prod/", "evil/prod/")),
        granting("for another prefix", repository=REPOSITORY.replace("prod/", "dev/")),
        granting("for the prefix in other letters", repository=REPOSITORY.replace("prod/", "Prod/")),
    ],
    "key-template-root": [
        *COMMON,
        granting("for a repository without a prefix", repository=REPOSITORY.replace("prod/", ""), allowed=True),
        granting("for any prefix", repository=REPOSITORY.replace("prod/", "dev/team/"), allowed=True),
    ],
}
DOCUMENTS = [
    pytest.param("key", key_policy(REPOSITORY), id="key"),
    pytest.param("key-template", template_key_policy("prod/", **HERE), id="key-template"),
    pytest.param("key-template-root", template_key_policy("", **HERE), id="key-template-root"),
]


@pytest.mark.parametrize(("name", "document"), DOCUMENTS)
def test_ecr_gets_its_grants_and_nobody_else_gets_the_key(name: str, document: PolicyDocument) -> None:
    tables.check(document.document, ROWS[name])


@pytest.mark.parametrize(("name", "document"), DOCUMENTS)
def test_no_part_of_the_policy_can_go_unnoticed(name: str, document: PolicyDocument) -> None:
    assert tables.survivors(document.document, ROWS[name]) == []


@pytest.mark.parametrize(("name", "document"), DOCUMENTS)
def test_the_policy_was_reviewed(name: str, document: PolicyDocument) -> None:
    review.compare(name, document.document)


@pytest.mark.parametrize(("name", "document"), DOCUMENTS)
def test_the_linter_has_nothing_to_say(name: str, document: PolicyDocument) -> None:
    assert linting.lint(document.document, Kind.KEY) == [], name


def test_every_administrative_action_has_its_row() -> None:
    assert set(ADMINISTER) == set(key_policies._ADMINISTER)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(key_policy(REPOSITORY), id="repository"),
        pytest.param(template_key_policy("prod/", **HERE), id="template"),
        pytest.param(policies.key_policy(f"arn:aws:sns:eu-west-1:{ACCOUNT}:images", "aws", ACCOUNT), id="topic"),
    ],
)
def test_every_key_that_is_made_is_administered_alike(document: PolicyDocument) -> None:
    assert document.statements[0] == key_policies.administration("aws", ACCOUNT)


@pytest.mark.parametrize("prefix", ["prod", "pro*", "*/", "p?od/", "${aws:username}/"])
def test_a_prefix_takes_in_no_more_than_what_is_below_it(prefix: str) -> None:
    with pytest.raises(ValueError, match="is not the beginning of the names of repositories"):
        template_key_policy(prefix, **HERE)


CHINA = {"partition": "aws-cn", "region": "cn-north-1", "account": ACCOUNT}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(key_policy(f"arn:aws-cn:ecr:cn-north-1:{ACCOUNT}:repository/prod/shop"), id="key"),
        pytest.param(template_key_policy("prod/", **CHINA), id="key-template"),
    ],
)
def test_in_china_either_name_of_ecr_will_do(document: PolicyDocument) -> None:
    names = ("ecr.cn-north-1.amazonaws.com", "ecr.cn-north-1.amazonaws.com.cn")
    assert [c.values for c in document.statements[1].conditions if c.key == "kms:ViaService"] == [names]
