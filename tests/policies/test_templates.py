"""What ECR may do when it makes repositories after a template."""

from __future__ import annotations

import pytest

from ecr.access.documents import PolicyDocument
from ecr.registry import templates
from ecr.registry.templates import AppliedFor, CreationTemplate
from ecr.repository import Encryption, EncryptionType
from tests.policies import linting, tables
from tests.policies.evaluator import Principal, Request
from tests.policies.linting import Kind
from tests.policies.review import compare
from tests.policies.tables import Row, by_others

ACCOUNT, STRANGER = "111111111111", "333333333333"
REGION = "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"

TAGGED = CreationTemplate(prefix="docker-hub", applied_for=(AppliedFor.PULL_THROUGH_CACHE,), tags={"team": "shop"})
WHOLE = CreationTemplate(
    prefix="ROOT",
    applied_for=(AppliedFor.REPLICATION,),
    tags={"team": "shop"},
    encryption=Encryption(EncryptionType.KMS, KEY),
)
ENCRYPTED = CreationTemplate(
    prefix="dev/team", applied_for=(AppliedFor.CREATE_ON_PUSH,), encryption=Encryption(EncryptionType.KMS, KEY)
)

GRANTS = ("CreateGrant", "DescribeKey", "RetireGrant")
OTHER_KEYS = {
    "another key": KEY.replace("1111-", "9999-"),
    "the key's name in another account": KEY.replace(ACCOUNT, STRANGER),
    "the key's name in another Region": KEY.replace(REGION, "us-east-1"),
}


def repository(name: str, account: str = ACCOUNT, region: str = REGION) -> str:
    return f"arn:aws:ecr:{region}:{account}:repository/{name}"


def row(name: str, action: str, resource: str, *, allowed: bool = False) -> Row:
    return Row(name, Request(action=action, resource=resource), allowed)


def assume(name: str, service: str = "", *, arn: str = "", allowed: bool = False, action: str = "AssumeRole") -> Row:
    return Row(name, Request(action=f"sts:{action}", principal=Principal(service=service, arn=arn)), allowed)


TRUST = [
    assume("ECR", "ecr.amazonaws.com", allowed=True),
    assume("pull through cache, which has a role of its own", "pullthroughcache.ecr.amazonaws.com"),
    assume("replication", "replication.ecr.amazonaws.com"),
    assume("ECS", "ecs.amazonaws.com"),
    assume("a service that sounds like it", "ecr.amazonaws.com.evil.example"),
    assume("a role of the own account", arn=f"arn:aws:iam::{ACCOUNT}:role/deployer"),
    assume("a role of another account", arn=f"arn:aws:iam::{STRANGER}:role/deployer"),
    assume("with a token of the web", "ecr.amazonaws.com", action="AssumeRoleWithWebIdentity"),
    *by_others("taking it on", Request(action="sts:AssumeRole"), account=ACCOUNT),
]

DENIED = [
    row("deleting a repository", "ecr:DeleteRepository", repository("docker-hub/app")),
    row("pushing", "ecr:PutImage", repository("docker-hub/app")),
    row("pulling", "ecr:BatchGetImage", repository("docker-hub/app")),
    row("letting others in", "ecr:SetRepositoryPolicy", repository("docker-hub/app")),
    row("untagging", "ecr:UntagResource", repository("docker-hub/app")),
    row("using keys", "kms:Decrypt", KEY),
    row("changing a key's policy", "kms:PutKeyPolicy", KEY),
    row("making a role", "iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/x"),
]

TAGGED_ROWS = [
    *DENIED,
    row("making a repository", "ecr:CreateRepository", repository("docker-hub/app"), allowed=True),
    row("one further below", "ecr:CreateRepository", repository("docker-hub/library/nginx"), allowed=True),
    row("tagging it", "ecr:TagResource", repository("docker-hub/app"), allowed=True),
    row("making one beside the prefix", "ecr:CreateRepository", repository("dev/app")),
    row("making one of a neighbour's name", "ecr:CreateRepository", repository("docker-hub-evil/app")),
    row("making one of the prefix's own name", "ecr:CreateRepository", repository("docker-hub")),
    row("tagging one beside the prefix", "ecr:TagResource", repository("prod/app")),
    row("another account", "ecr:CreateRepository", repository("docker-hub/app", account=STRANGER)),
    row("another Region", "ecr:CreateRepository", repository("docker-hub/app", region="us-east-1")),
    row("replicating, which it is not for", "ecr:ReplicateImage", repository("docker-hub/app")),
    *(row(f"{action} without a key", f"kms:{action}", KEY) for action in GRANTS),
]

ENCRYPTED_ROWS = [
    *DENIED,
    row("making a repository", "ecr:CreateRepository", repository("dev/team/app"), allowed=True),
    row("making one of another team", "ecr:CreateRepository", repository("dev/other/app")),
    row("tagging, which it is not for", "ecr:TagResource", repository("dev/team/app")),
    row("replicating, which it is not for", "ecr:ReplicateImage", repository("dev/team/app")),
    *(row(f"{action} of its key", f"kms:{action}", KEY, allowed=True) for action in GRANTS),
    *(row(f"{action} of {name}", f"kms:{action}", key) for name, key in OTHER_KEYS.items() for action in GRANTS),
]

WHOLE_ROWS = [
    *DENIED,
    row("making a repository", "ecr:CreateRepository", repository("app"), allowed=True),
    row("replicating into one", "ecr:ReplicateImage", repository("prod/app"), allowed=True),
    row("tagging one", "ecr:TagResource", repository("prod/app"), allowed=True),
    row("making one in another account", "ecr:CreateRepository", repository("app", account=STRANGER)),
    row("replicating into another account", "ecr:ReplicateImage", repository("app", account=STRANGER)),
    row("making one in another Region", "ecr:CreateRepository", repository("app", region="us-east-1")),
    *(row(f"{action} of its key", f"kms:{action}", KEY, allowed=True) for action in GRANTS),
    *(row(f"{action} of {name}", f"kms:{action}", key) for name, key in OTHER_KEYS.items() for action in GRANTS),
]


def permissions(template: CreationTemplate) -> PolicyDocument:
    return templates.role_permissions(
        template, account=ACCOUNT, region=REGION, partition="aws", key_arn=template.encryption.key_arn
    )


TABLES = [
    pytest.param("template-trust", templates.role_trust(), Kind.TRUST, TRUST, id="trust"),
    pytest.param("template-role-tags", permissions(TAGGED), Kind.IDENTITY, TAGGED_ROWS, id="tags"),
    pytest.param("template-role-key", permissions(ENCRYPTED), Kind.IDENTITY, ENCRYPTED_ROWS, id="a key"),
    pytest.param("template-role-whole", permissions(WHOLE), Kind.IDENTITY, WHOLE_ROWS, id="all"),
]


@pytest.mark.parametrize(("name", "document", "kind", "rows"), TABLES)
def test_the_policy_is_the_reviewed_one_and_says_what_its_table_says(
    name: str, document: PolicyDocument, kind: Kind, rows: list[Row]
) -> None:
    compare(name, document.document)
    assert linting.lint(document.document, kind) == []
    tables.check(document.document, rows)
    assert tables.survivors(document.document, rows, account=ACCOUNT) == []
