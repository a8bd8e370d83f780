"""What passes the endpoints of a VPC: whose identities to whose registries, and layers from one bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from ecr.access.documents import PolicyDocument
from ecr.endpoint_policy import layer_policy, registry_policy
from tests.policies.evaluator import Principal, Request
from tests.policies.linting import Kind, lint
from tests.policies.review import compare
from tests.policies.tables import Row, check, survivors

REGION = "eu-west-1"
OURS, SIBLING, STRANGER, AMAZON = "123456789012", "222222222222", "999999999999", "602401143452"
ORGANIZATION, OTHER_ORGANIZATION = "o-a1b2c3d4e5", "o-9999999999"
# Who is in which organization; the accounts of AWS are in none of ours.
ORGANIZATIONS = {OURS: ORGANIZATION, SIBLING: ORGANIZATION, STRANGER: OTHER_ORGANIZATION}

ACCOUNT_ONLY = registry_policy(account=OURS, region=REGION, partition="aws")
WHOLE_ORGANIZATION = registry_policy(account=OURS, region=REGION, partition="aws", organization=ORGANIZATION)
PULL_FROM = registry_policy(account=OURS, region=REGION, partition="aws", pull_from=(AMAZON, SIBLING))
LAYERS = layer_policy(region=REGION, partition="aws")

PULL = ("BatchGetImage", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability")


def ecr(action: str, *, by: str = OURS, to: str = OURS, name: str = "dev/yoon-app", region: str = REGION) -> Request:
    """What an account's role asks of a repository, with the keys that AWS sends along."""
    return Request(
        action=f"ecr:{action}",
        resource=f"arn:aws:ecr:{region}:{to}:repository/{name}",
        principal=Principal(arn=f"arn:aws:iam::{by}:role/node"),
        context=context(by=by, to=to),
    )


def registry_wide(action: str, *, by: str = OURS, resource_keys: bool = True) -> Request:
    """What has no resource."""
    return Request(
        action=f"ecr:{action}",
        principal=Principal(arn=f"arn:aws:iam::{by}:role/node"),
        context=context(by=by, to=by if resource_keys else None),
    )


def context(*, by: str | None, to: str | None) -> Mapping[str, str]:
    keys = {}
    if by is not None:
        keys["aws:PrincipalAccount"] = by
        if by in ORGANIZATIONS:
            keys["aws:PrincipalOrgID"] = ORGANIZATIONS[by]
    if to is not None:
        keys["aws:ResourceAccount"] = to
        if to in ORGANIZATIONS:
            keys["aws:ResourceOrgID"] = ORGANIZATIONS[to]
    return keys


ANONYMOUS = Request(
    action="ecr:BatchGetImage",
    resource=f"arn:aws:ecr:{REGION}:{OURS}:repository/dev/yoon-app",
    context=context(by=None, to=OURS),
)
ANONYMOUS_SIGN_IN = Request(action="ecr:GetAuthorizationToken")
# The keys of the resource's owner can be missing, those of a caller never are.
NO_OWNER = Request(
    action="ecr:BatchGetImage",
    resource=f"arn:aws:ecr:{REGION}:{STRANGER}:repository/dev/yoon-app",
    principal=Principal(arn=f"arn:aws:iam::{OURS}:role/node"),
    context=context(by=OURS, to=None),
)

COMMON = [
    Row("our role signs in", registry_wide("GetAuthorizationToken"), allowed=True),
    Row("our role signs in, without an owner",
        registry_wide("GetAuthorizationToken", resource_keys=False), allowed=True),
    Row("a stranger's role signs in", registry_wide("GetAuthorizationToken", by=STRANGER), allowed=False),
    Row("a stranger signs in, without an owner",
        registry_wide("GetAuthorizationToken", by=STRANGER, resource_keys=False), allowed=False),
    Row("somebody unknown signs in", ANONYMOUS_SIGN_IN, allowed=False),
    Row("our role pulls from us", ecr("BatchGetImage"), allowed=True),
    Row("our role asks us for a layer", ecr("GetDownloadUrlForLayer"), allowed=True),
    Row("our role pushes to us", ecr("PutImage"), allowed=True),
    Row("our role pushes layers to us", ecr("UploadLayerPart"), allowed=True),
    Row("our role reads our scans", ecr("DescribeImageScanFindings"), allowed=True),
    Row("our role makes a repository", ecr("CreateRepository", name="dev/new"), allowed=True),
    Row("our role reads our registry's settings", registry_wide("DescribeRegistry"), allowed=True),
    Row("our role pulls from a stranger", ecr("BatchGetImage", to=STRANGER), allowed=False),
    Row("our role carries our image out", ecr("PutImage", to=STRANGER), allowed=False),
    Row("our role carries layers out", ecr("UploadLayerPart", to=STRANGER), allowed=False),
    Row("a stranger's role carries our image out", ecr("PutImage", by=STRANGER, to=STRANGER), allowed=False),
    Row("a stranger's role pulls from us", ecr("BatchGetImage", by=STRANGER), allowed=False),
    Row("a stranger's role pushes to us", ecr("PutImage", by=STRANGER), allowed=False),
    Row("somebody unknown pulls from us", ANONYMOUS, allowed=False),
    Row("the owner is not known", NO_OWNER, allowed=False),
    Row("another service's action",
        Request(action="s3:GetObject", resource="arn:aws:s3:::ours/key", context=context(by=OURS, to=OURS)),
        allowed=False),
]  # fmt: skip

ACCOUNT_ROWS = [
    *COMMON,
    Row("a sibling's role signs in", registry_wide("GetAuthorizationToken", by=SIBLING), allowed=False),
    Row("a sibling's role pulls from us", ecr("BatchGetImage", by=SIBLING), allowed=False),
    Row("our role pulls from a sibling", ecr("BatchGetImage", to=SIBLING), allowed=False),
    Row("our role pulls an add-on of EKS", ecr("BatchGetImage", to=AMAZON, name="eks/kube-proxy"), allowed=False),
]

ORGANIZATION_ROWS = [
    *COMMON,
    Row("a sibling's role signs in", registry_wide("GetAuthorizationToken", by=SIBLING), allowed=True),
    Row("a sibling's role pulls from us", ecr("BatchGetImage", by=SIBLING), allowed=True),
    Row("our role pulls from a sibling", ecr("BatchGetImage", to=SIBLING), allowed=True),
    Row("a promotion into a sibling's registry", ecr("PutImage", to=SIBLING), allowed=True),
    Row("our role pulls an add-on of EKS", ecr("BatchGetImage", to=AMAZON, name="eks/kube-proxy"), allowed=False),
    Row("an account of no organization signs in", registry_wide("GetAuthorizationToken", by=AMAZON), allowed=False),
    Row("an account of no organization pulls", ecr("BatchGetImage", by=AMAZON), allowed=False),
]

PULL_FROM_ROWS = [
    *COMMON,
    *(Row(f"our role asks Amazon for {action}", ecr(action, to=AMAZON, name="eks/kube-proxy"), allowed=True)
      for action in PULL),
    *(Row(f"our role asks the sibling for {action}", ecr(action, to=SIBLING), allowed=True) for action in PULL),
    Row("our role pushes to Amazon", ecr("PutImage", to=AMAZON), allowed=False),
    Row("our role pushes to the sibling", ecr("PutImage", to=SIBLING), allowed=False),
    Row("our role deletes the sibling's images", ecr("BatchDeleteImage", to=SIBLING), allowed=False),
    Row("the sibling's role pulls from us", ecr("BatchGetImage", by=SIBLING), allowed=False),
    Row("the sibling's role pulls from itself", ecr("BatchGetImage", by=SIBLING, to=SIBLING), allowed=False),
    Row("a stranger's role pulls from the sibling", ecr("BatchGetImage", by=STRANGER, to=SIBLING), allowed=False),
    Row("from the sibling in another Region", ecr("BatchGetImage", to=SIBLING, region="us-east-1"), allowed=False),
    Row("from an account that begins alike", ecr("BatchGetImage", to="602401143453"), allowed=False),
    Row("somebody unknown pulls from the sibling",
        Request(
            action="ecr:BatchGetImage", resource=f"arn:aws:ecr:{REGION}:{SIBLING}:repository/dev/yoon-app",
            context=context(by=None, to=SIBLING),
        ), allowed=False),
]  # fmt: skip


def layer(
    *, action: str = "GetObject", bucket: str = "prod-eu-west-1-starport-layer-bucket", secure: str | None = "true"
) -> Request:
    """As the address of a layer is asked: ECR's own account has signed it."""
    keys = {} if secure is None else {"aws:SecureTransport": secure}
    return Request(
        action=f"s3:{action}",
        resource=f"arn:aws:s3:::{bucket}/7a3c-123456789012/layer",
        principal=Principal(arn=f"arn:aws:iam::{AMAZON}:role/starport"),
        context={**context(by=AMAZON, to=AMAZON), **keys},
    )


LAYER_ROWS = [
    Row("a layer", layer(), allowed=True),
    Row("a layer, asked for by nobody known",
        Request(
            action="s3:GetObject", resource="arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/layer",
            context={"aws:SecureTransport": "true"},
        ), allowed=True),
    Row("a layer without TLS", layer(secure="false"), allowed=False),
    Row("a layer by who knows what", layer(secure=None), allowed=False),
    Row("a layer of another Region", layer(bucket="prod-us-east-1-starport-layer-bucket"), allowed=False),
    Row("a bucket that ends alike", layer(bucket="evil-prod-eu-west-1-starport-layer-bucket"), allowed=False),
    Row("a bucket that begins alike", layer(bucket="prod-eu-west-1-starport-layer-bucket-evil"), allowed=False),
    Row("a bucket of ours", layer(bucket="reports"), allowed=False),
    Row("to write into the bucket", layer(action="PutObject"), allowed=False),
    Row("to delete from the bucket", layer(action="DeleteObject"), allowed=False),
    Row("an older version of a layer", layer(action="GetObjectVersion"), allowed=False),
    Row("to list the bucket",
        Request(
            action="s3:ListBucket", resource="arn:aws:s3:::prod-eu-west-1-starport-layer-bucket",
            context={"aws:SecureTransport": "true"},
        ), allowed=False),
]  # fmt: skip

TABLES = [
    pytest.param("endpoint-account", ACCOUNT_ONLY, ACCOUNT_ROWS, id="account"),
    pytest.param("endpoint-organization", WHOLE_ORGANIZATION, ORGANIZATION_ROWS, id="organization"),
    pytest.param("endpoint-pull-from", PULL_FROM, PULL_FROM_ROWS, id="pull from"),
    pytest.param("endpoint-layers", LAYERS, LAYER_ROWS, id="layers"),
]


@pytest.mark.parametrize(("name", "policy", "rows"), TABLES)
def test_a_policy_is_the_reviewed_one_and_does_what_its_table_says(
    name: str, policy: PolicyDocument, rows: Sequence[Row]
) -> None:
    compare(name, policy.document)
    check(policy.document, rows)
    assert survivors(policy.document, rows) == []


@pytest.mark.parametrize(("name", "policy", "rows"), TABLES)
def test_a_policy_has_nothing_that_a_linter_minds(name: str, policy: PolicyDocument, rows: Sequence[Row]) -> None:
    assert rows, name
    assert lint(policy.document, Kind.ENDPOINT) == []
