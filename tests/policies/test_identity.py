"""What roles may do that pull from, push to or promote into one repository."""

from __future__ import annotations

import pytest

from ecr.access import actions, identity
from tests.policies import linting, review, tables
from tests.policies.evaluator import Request
from tests.policies.linting import Kind
from tests.policies.tables import Row

ACCOUNT = "123456789012"
DEV = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/dev/shop"
PROD = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/prod/shop"

# Each differs from one of the repositories in a single thing.
STRANGERS = {
    "a longer name": f"{DEV}-evil",
    "a name below": f"{DEV}/web",
    "another repository": DEV.replace("dev/shop", "dev/other"),
    "another account": DEV.replace(ACCOUNT, "999999999999"),
    "another Region": DEV.replace("eu-west-1", "eu-west-2"),
    "another partition": DEV.replace("arn:aws:", "arn:aws-cn:"),
}

# Destroys, takes over or reveals more than an image.
NEVER = (
    "ecr:BatchDeleteImage",
    "ecr:CreateRepository",
    "ecr:DeleteLifecyclePolicy",
    "ecr:DeleteRepository",
    "ecr:DeleteRepositoryPolicy",
    "ecr:ListImages",
    "ecr:PutImageTagMutability",
    "ecr:PutLifecyclePolicy",
    "ecr:PutReplicationConfiguration",
    "ecr:ReplicateImage",
    "ecr:SetRepositoryPolicy",
    "ecr:StartImageScan",
    "ecr:UpdateImageStorageClass",
    "iam:PassRole",
    "inspector2:ListFindings",
    "kms:Decrypt",
    "s3:GetObject",
)


def on(name: str, resource: str, allowed: tuple[str, ...], *denied: str) -> list[Row]:
    return [
        *(Row(f"{name}: {action}", Request(action=action, resource=resource), allowed=True) for action in allowed),
        *(Row(f"{name}: {action}", Request(action=action, resource=resource), allowed=False) for action in denied),
    ]


def not_allowed(everything: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(everything) - set(allowed)))


EVERYTHING = tuple({*actions.PROMOTE_TO, *NEVER})
SIGNING_IN = on("signing in", "*", actions.SIGN_IN, "ecr:DescribeRegistry", "sts:AssumeRole")

PULL_ROWS = [
    *SIGNING_IN,
    *on("the repository", DEV, actions.PULL, *not_allowed(EVERYTHING, actions.PULL)),
    *(row for name, arn in STRANGERS.items() for row in on(name, arn, (), *actions.PULL)),
]
PUSH_ROWS = [
    *SIGNING_IN,
    *on("the repository", DEV, actions.PUSH, *not_allowed(EVERYTHING, actions.PUSH)),
    *(row for name, arn in STRANGERS.items() for row in on(name, arn, (), *actions.PUSH)),
]
PROMOTE_FROM = tuple(sorted({*actions.PULL, *actions.INSPECT}))
PROMOTE_ROWS = [
    *SIGNING_IN,
    *on("the source", DEV, PROMOTE_FROM, *not_allowed(EVERYTHING, PROMOTE_FROM)),
    *on("the target", PROD, actions.PROMOTE_TO, *not_allowed(EVERYTHING, actions.PROMOTE_TO)),
    *(row for name, arn in STRANGERS.items() for row in on(name, arn, (), *actions.PROMOTE_TO)),
    *on("the target in the source's Region", PROD.replace("us-east-1", "eu-west-1"), (), *actions.PROMOTE_TO),
    *on("findings of Inspector", "*", (), *actions.INSPECT_ENHANCED),
]
ENHANCED_ROWS = [
    *(row for row in PROMOTE_ROWS if not row.request.action.startswith("inspector2:")),
    *on("Inspector", "*", actions.INSPECT_ENHANCED, "inspector2:ListMembers", "inspector2:CreateFilter"),
]

DOCUMENTS = {
    "identity-pull": (identity.pull_policy(DEV), PULL_ROWS),
    "identity-push": (identity.push_policy(DEV), PUSH_ROWS),
    "identity-promote": (identity.promote_policy(source_arn=DEV, target_arn=PROD), PROMOTE_ROWS),
    "identity-promote-enhanced": (
        identity.promote_policy(source_arn=DEV, target_arn=PROD, enhanced_scanning=True),
        ENHANCED_ROWS,
    ),
}

each = pytest.mark.parametrize("name", DOCUMENTS)


@each
def test_an_identity_may_do_what_it_is_for_and_no_more(name: str) -> None:
    document, rows = DOCUMENTS[name]
    tables.check(document.document, rows)


@each
def test_no_part_of_the_policy_can_go_unnoticed(name: str) -> None:
    document, rows = DOCUMENTS[name]
    assert tables.survivors(document.document, rows) == []


@each
def test_the_policy_was_reviewed(name: str) -> None:
    review.compare(name, DOCUMENTS[name][0].document)


@each
def test_the_linter_has_nothing_to_say(name: str) -> None:
    assert linting.lint(DOCUMENTS[name][0].document, Kind.IDENTITY) == []
