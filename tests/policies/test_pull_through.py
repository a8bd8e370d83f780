"""What ECR may do for a cache of another ECR registry, and what that registry must allow."""

from __future__ import annotations

import pytest

from ecr.access.documents import PolicyDocument
from ecr.registry import pull_through
from ecr.registry.pull_through import MAKE, PullThroughCacheRule
from ecr.registry.upstreams import Upstream
from tests.policies import linting, tables
from tests.policies.evaluator import Principal, Request
from tests.policies.linting import Kind
from tests.policies.review import compare
from tests.policies.tables import Row, by_others

CACHE, UPSTREAM, STRANGER = "111111111111", "222222222222", "333333333333"
REGION, FAR = "eu-west-1", "us-east-1"

RULE = PullThroughCacheRule(
    prefix="shared",
    upstream=Upstream.parse(f"{UPSTREAM}.dkr.ecr.{FAR}.amazonaws.com"),
    role=MAKE,
    upstream_prefix="team-a",
)
WHOLE = PullThroughCacheRule(prefix="ROOT", upstream=RULE.upstream, role=MAKE)
SECOND = PullThroughCacheRule(prefix="more", upstream=RULE.upstream, role=MAKE, upstream_prefix="team-b")

FETCH = ("BatchGetImage", "BatchImportUpstreamImage", "GetDownloadUrlForLayer", "GetImageCopyStatus")
WRITE = ("CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart")


def repository(name: str, account: str = UPSTREAM, region: str = FAR, partition: str = "aws") -> str:
    return f"arn:{partition}:ecr:{region}:{account}:repository/{name}"


def row(name: str, action: str, resource: str, *, allowed: bool = False, arn: str = "") -> Row:
    return Row(name, Request(action=action, resource=resource, principal=Principal(arn=arn)), allowed)


def assume(name: str, service: str = "", *, arn: str = "", allowed: bool = False, action: str = "AssumeRole") -> Row:
    return Row(name, Request(action=f"sts:{action}", principal=Principal(service=service, arn=arn)), allowed)


TRUST = [
    assume("pull through cache", "pullthroughcache.ecr.amazonaws.com", allowed=True),
    assume("ECR itself, which makes repositories", "ecr.amazonaws.com"),
    assume("replication", "replication.ecr.amazonaws.com"),
    assume("a service that sounds like it", "pullthroughcache.ecr.amazonaws.com.evil.example"),
    assume("public ECR", "ecr-public.amazonaws.com"),
    assume("CodeBuild", "codebuild.amazonaws.com"),
    assume("a role of the own account", arn=f"arn:aws:iam::{CACHE}:role/deployer"),
    assume("a role of the upstream's account", arn=f"arn:aws:iam::{UPSTREAM}:role/deployer"),
    assume("the root of another account", arn=f"arn:aws:iam::{STRANGER}:root"),
    assume("with a token of the web", "pullthroughcache.ecr.amazonaws.com", action="AssumeRoleWithWebIdentity"),
    assume("tagging the session", "pullthroughcache.ecr.amazonaws.com", action="TagSession"),
    *by_others("taking it on", Request(action="sts:AssumeRole"), account=CACHE),
]

ROLE = [
    row("signing in", "ecr:GetAuthorizationToken", "*", allowed=True),
    *(row(f"{action} upstream", f"ecr:{action}", repository("team-a/app"), allowed=True) for action in FETCH),
    *(
        row(f"{action} upstream, further below", f"ecr:{action}", repository("team-a/x/y"), allowed=True)
        for action in FETCH
    ),
    *(row(f"{action} of another team", f"ecr:{action}", repository("team-b/app")) for action in FETCH),
    *(row(f"{action} of a neighbour's name", f"ecr:{action}", repository("team-a-evil/app")) for action in FETCH),
    row("a repository that has the prefix's name", "ecr:BatchGetImage", repository("team-a")),
    row("another Region of the upstream", "ecr:BatchGetImage", repository("team-a/app", region=REGION)),
    row("another account", "ecr:BatchGetImage", repository("team-a/app", account=STRANGER)),
    row("another partition", "ecr:BatchGetImage", repository("team-a/app", partition="aws-cn")),
    *(row(f"{action} upstream is not its business", f"ecr:{action}", repository("team-a/app")) for action in WRITE),
    *(
        row(f"{action} in the cache", f"ecr:{action}", repository("shared/app", CACHE, REGION), allowed=True)
        for action in (*FETCH, *WRITE)
    ),
    *(
        row(f"{action} beside the cache", f"ecr:{action}", repository("dev/app", CACHE, REGION))
        for action in (*FETCH, *WRITE)
    ),
    row("a neighbour of the cache", "ecr:PutImage", repository("shared-evil/app", CACHE, REGION)),
    row("the cache's name in another Region", "ecr:PutImage", repository("shared/app", CACHE, FAR)),
    row("the cache's name in another account", "ecr:PutImage", repository("shared/app", STRANGER, REGION)),
    row("deleting from the cache", "ecr:BatchDeleteImage", repository("shared/app", CACHE, REGION)),
    row("deleting the cache", "ecr:DeleteRepository", repository("shared/app", CACHE, REGION)),
    row("making a repository", "ecr:CreateRepository", repository("shared/new", CACHE, REGION)),
    row("letting others in", "ecr:SetRepositoryPolicy", repository("shared/app", CACHE, REGION)),
    row("reading secrets", "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{CACHE}:secret:x"),
    row("taking on a role", "sts:AssumeRole", f"arn:aws:iam::{CACHE}:role/admin"),
]

ROOT_ROLE = [
    row("signing in", "ecr:GetAuthorizationToken", "*", allowed=True),
    *(row(f"{action} upstream", f"ecr:{action}", repository("any/app"), allowed=True) for action in FETCH),
    *(
        row(f"{action} in the cache", f"ecr:{action}", repository("any/app", CACHE, REGION), allowed=True)
        for action in (*FETCH, *WRITE)
    ),
    *(row(f"{action} of another account", f"ecr:{action}", repository("any/app", STRANGER)) for action in FETCH),
    *(
        row(f"{action} into another account", f"ecr:{action}", repository("any/app", STRANGER, REGION))
        for action in WRITE
    ),
    *(row(f"{action} upstream is not its business", f"ecr:{action}", repository("any/app")) for action in WRITE),
    row("another action", "ecr:DeleteRepository", repository("any/app", CACHE, REGION)),
]

IN_CACHE = f"arn:aws:iam::{CACHE}:role/cache"
UPSTREAM_ROWS = [
    *(
        row(f"{action} for the cache's role", f"ecr:{action}", repository("team-a/app"), arn=IN_CACHE, allowed=True)
        for action in FETCH
    ),
    row(
        "a user of that account",
        "ecr:BatchGetImage",
        repository("team-a/x"),
        arn=f"arn:aws:iam::{CACHE}:user/ann",
        allowed=True,
    ),
    row(
        "a session of its role",
        "ecr:BatchGetImage",
        repository("team-a/app"),
        arn=f"arn:aws:sts::{CACHE}:assumed-role/cache/ecr",
        allowed=True,
    ),
    row("the second prefix", "ecr:BatchGetImage", repository("team-b/app"), arn=IN_CACHE, allowed=True),
    row("another team's", "ecr:BatchGetImage", repository("team-c/app"), arn=IN_CACHE),
    row("a neighbour's name", "ecr:BatchGetImage", repository("team-a-evil/app"), arn=IN_CACHE),
    row("a repository outside of all prefixes", "ecr:BatchGetImage", repository("app"), arn=IN_CACHE),
    row("another Region", "ecr:BatchGetImage", repository("team-a/app", region=REGION), arn=IN_CACHE),
    *(
        row(
            f"{action} for another account",
            f"ecr:{action}",
            repository("team-a/app"),
            arn=f"arn:aws:iam::{STRANGER}:role/cache",
        )
        for action in FETCH
    ),
    row("nobody known", "ecr:BatchGetImage", repository("team-a/app")),
    *(row(f"{action} by the cache", f"ecr:{action}", repository("team-a/app"), arn=IN_CACHE) for action in WRITE),
    row("replicating into it", "ecr:ReplicateImage", repository("team-a/app"), arn=IN_CACHE),
    row("making a repository", "ecr:CreateRepository", repository("team-a/new"), arn=IN_CACHE),
    row("deleting images", "ecr:BatchDeleteImage", repository("team-a/app"), arn=IN_CACHE),
    *by_others("fetching", Request(action="ecr:BatchGetImage", resource=repository("team-a/app")), account=UPSTREAM),
]


def permissions(rule: PullThroughCacheRule) -> PolicyDocument:
    return pull_through.role_permissions(rule, account=CACHE, region=REGION, partition="aws")


def upstream() -> PolicyDocument:
    (document,) = pull_through.upstream_policies([RULE, SECOND], account=CACHE, partition="aws").values()
    return document


TABLES = [
    pytest.param("pull-through-trust", pull_through.role_trust(), Kind.TRUST, TRUST, CACHE, id="trust"),
    pytest.param("pull-through-role", permissions(RULE), Kind.IDENTITY, ROLE, CACHE, id="role"),
    pytest.param("pull-through-role-root", permissions(WHOLE), Kind.IDENTITY, ROOT_ROLE, CACHE, id="role for all"),
    pytest.param("pull-through-upstream", upstream(), Kind.REGISTRY, UPSTREAM_ROWS, UPSTREAM, id="upstream"),
]


@pytest.mark.parametrize(("name", "document", "kind", "rows", "account"), TABLES)
def test_the_policy_is_the_reviewed_one_and_says_what_its_table_says(
    name: str, document: PolicyDocument, kind: Kind, rows: list[Row], account: str
) -> None:
    compare(name, document.document)
    assert linting.lint(document.document, kind) == []
    tables.check(document.document, rows)
    assert tables.survivors(document.document, rows, account=account) == []
