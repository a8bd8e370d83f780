from __future__ import annotations

import pytest

from ecr.access import identity, permissions
from ecr.access.documents import PolicyDocument
from ecr.access.permissions import Permission

DEV = "arn:aws:ecr:eu-west-1:123456789012:repository/dev/shop"
PROD = "arn:aws:ecr:eu-west-1:123456789012:repository/prod/shop"

DOCUMENTS = [
    pytest.param(permissions.document(Permission.PULL, repository_arn=DEV), identity.pull_policy(DEV), id="pull"),
    pytest.param(permissions.document(Permission.PUSH, repository_arn=DEV), identity.push_policy(DEV), id="push"),
    pytest.param(
        permissions.document(Permission.PROMOTE, repository_arn=PROD, source_arn=DEV),
        identity.promote_policy(source_arn=DEV, target_arn=PROD),
        id="promote",
    ),
    pytest.param(
        permissions.document(Permission.PROMOTE, repository_arn=PROD, source_arn=DEV, enhanced_scanning=True),
        identity.promote_policy(source_arn=DEV, target_arn=PROD, enhanced_scanning=True),
        id="promote what Inspector scans",
    ),
]


@pytest.mark.parametrize(("document", "expected"), DOCUMENTS)
def test_a_permission_is_the_policy_of_an_identity(document: PolicyDocument, expected: PolicyDocument) -> None:
    assert document == expected


def test_promoting_needs_a_source() -> None:
    with pytest.raises(ValueError, match="promoting needs a repository to promote from"):
        permissions.document(Permission.PROMOTE, repository_arn=PROD)


@pytest.mark.parametrize("permission", [Permission.PULL, Permission.PUSH])
def test_nothing_else_has_a_source(permission: Permission) -> None:
    with pytest.raises(ValueError, match=f"only promoting .* and this is {permission.value}"):
        permissions.document(permission, repository_arn=PROD, source_arn=DEV)


@pytest.mark.parametrize("permission", [Permission.PULL, Permission.PUSH])
def test_any_repository_is_refused(permission: Permission) -> None:
    with pytest.raises(ValueError, match="is not the ARN of an ECR repository"):
        permissions.document(permission, repository_arn="*")
