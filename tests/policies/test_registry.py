"""Who may replicate into a registry, and who may import through its cache."""

from __future__ import annotations

import pytest

from ecr.access.documents import PolicyDocument
from ecr.reference import Registry
from ecr.registry.policy import CacheAccess, RegistryAccess, ReplicationSource, destination_policies, document
from ecr.registry.replication import Destination, ReplicationRule
from tests.policies.evaluator import Principal, Request
from tests.policies.linting import Kind, lint
from tests.policies.review import compare
from tests.policies.tables import Row, by_others, check, survivors

REGION = "eu-west-1"
OURS, SOURCE, SECOND, STRANGER = "123456789012", "222222222222", "333333333333", "999999999999"
HERE = Registry("aws", REGION, OURS)
NODES, BUILDER = f"arn:aws:iam::{OURS}:role/nodes", f"arn:aws:iam::{SECOND}:role/team/builder"

REPLICATION = document(
    RegistryAccess(
        replicate_from=(ReplicationSource(SOURCE, ("prod/", "base-")), ReplicationSource(SECOND)),
    ),
    HERE,
)
CACHE = document(
    RegistryAccess(
        pull_through_cache=(
            CacheAccess(("docker-hub", "team/quay"), roles=(NODES, BUILDER)),
            CacheAccess(("ROOT",), accounts=(SOURCE,)),
        )
    ),
    HERE,
)
BOTH = document(
    RegistryAccess(
        replicate_from=(ReplicationSource(SOURCE),),
        pull_through_cache=(CacheAccess(("docker-hub",), accounts=(OURS,), roles=(BUILDER,)),),
    ),
    HERE,
)
# What a source in another account prints for us.
PRINTED = destination_policies(
    [ReplicationRule((Destination("us-east-1"), Destination(REGION, OURS)), ("prod/",))],
    Registry("aws", "eu-central-1", SOURCE),
)[OURS][REGION]
CHINA = document(RegistryAccess(replicate_from=(ReplicationSource(SOURCE),)), Registry("aws-cn", "cn-north-1", OURS))

CREATE, REPLICATE, IMPORT = "CreateRepository", "ReplicateImage", "BatchImportUpstreamImage"


def ask(
    action: str,
    *,
    by: str,
    name: str = "prod/app",
    account: str = OURS,
    region: str = REGION,
    partition: str = "aws",
) -> Request:
    """What somebody asks of a repository in a registry; `by` is an ARN, or an account for ECR's role there."""
    service_role = f"arn:{partition}:iam::{by}:role/aws-service-role/replication.ecr.amazonaws.com/{SERVICE_ROLE}"
    return Request(
        action=f"ecr:{action}",
        resource=f"arn:{partition}:ecr:{region}:{account}:repository/{name}",
        principal=Principal(arn=by if by.startswith("arn:") else service_role),
    )


SERVICE_ROLE = "AWSServiceRoleForECRReplication"
SESSION = f"arn:aws:sts::{OURS}:assumed-role/nodes/i-0123456789abcdef0"

REPLICATION_ROWS = [
    Row("the source replicates under a prefix", ask(REPLICATE, by=SOURCE), allowed=True),
    Row("the source makes a repository under a prefix", ask(CREATE, by=SOURCE), allowed=True),
    Row("the source replicates under its other prefix", ask(REPLICATE, by=SOURCE, name="base-image"), allowed=True),
    Row("the source makes one under its other prefix", ask(CREATE, by=SOURCE, name="base-image"), allowed=True),
    Row("below a prefix everything counts", ask(REPLICATE, by=SOURCE, name="prod/team/app"), allowed=True),
    Row("the source replicates elsewhere", ask(REPLICATE, by=SOURCE, name="dev/app"), allowed=False),
    Row("the source makes a repository elsewhere", ask(CREATE, by=SOURCE, name="dev/app"), allowed=False),
    Row("a name that only contains the prefix", ask(REPLICATE, by=SOURCE, name="nonprod/app"), allowed=False),
    Row("a name that stops before the prefix ends", ask(REPLICATE, by=SOURCE, name="prod"), allowed=False),
    Row("a sibling of the prefix", ask(REPLICATE, by=SOURCE, name="prod-evil/app"), allowed=False),
    Row("a prefix inside a path", ask(REPLICATE, by=SOURCE, name="evil/prod/app"), allowed=False),
    Row("the second source replicates anything", ask(REPLICATE, by=SECOND, name="dev/app"), allowed=True),
    Row("the second source makes anything", ask(CREATE, by=SECOND, name="dev/app"), allowed=True),
    Row("a stranger replicates", ask(REPLICATE, by=STRANGER), allowed=False),
    Row("a stranger makes a repository", ask(CREATE, by=STRANGER), allowed=False),
    Row("a stranger replicates outside the prefixes", ask(REPLICATE, by=STRANGER, name="dev/app"), allowed=False),
    Row("the source pulls", ask("BatchGetImage", by=SOURCE), allowed=False),
    Row("the source pulls layers", ask("GetDownloadUrlForLayer", by=SOURCE), allowed=False),
    Row("the source pushes", ask("PutImage", by=SOURCE), allowed=False),
    Row("the source deletes a repository", ask("DeleteRepository", by=SOURCE), allowed=False),
    Row("the source deletes images", ask("BatchDeleteImage", by=SOURCE), allowed=False),
    Row("the source sets a repository's policy", ask("SetRepositoryPolicy", by=SOURCE), allowed=False),
    Row("the source imports through the cache", ask(IMPORT, by=SOURCE), allowed=False),
    Row("a registry in another Region", ask(REPLICATE, by=SOURCE, region="us-east-1"), allowed=False),
    Row("another account's registry, source", ask(REPLICATE, by=SOURCE, account=STRANGER), allowed=False),
    Row(
        "another account's registry, second", ask(REPLICATE, by=SECOND, account=STRANGER, name="dev/app"), allowed=False
    ),
    Row("another Region, second", ask(CREATE, by=SECOND, region="us-east-1", name="dev/app"), allowed=False),
    Row(
        "the source changes the registry's policy",
        Request(action="ecr:PutRegistryPolicy", principal=Principal(arn=f"arn:aws:iam::{SOURCE}:role/admin")),
        allowed=False,
    ),
    Row(
        "the source asks without a resource",
        Request(action="ecr:CreateRepository", principal=Principal(arn=f"arn:aws:iam::{SOURCE}:role/admin")),
        allowed=False,
    ),
    Row(
        "a service that is not the account",
        Request(
            action="ecr:ReplicateImage",
            resource=f"arn:aws:ecr:{REGION}:{OURS}:repository/prod/app",
            principal=Principal(service="replication.ecr.amazonaws.com"),
        ),
        allowed=False,
    ),
    Row("a wildcard as the action", ask("*", by=SOURCE), allowed=False),
    Row("nobody", Request(action="ecr:ReplicateImage", resource=HERE.repositories("prod/app")), allowed=False),
    *by_others("replicating under the prefix", ask(REPLICATE, by=SOURCE)),
    *by_others("replicating outside of it", ask(REPLICATE, by=SECOND, name="dev/app")),
]

CACHE_ROWS = [
    Row("the nodes import", ask(IMPORT, by=NODES, name="docker-hub/library/nginx"), allowed=True),
    Row("the nodes make its repository", ask(CREATE, by=NODES, name="docker-hub/library/nginx"), allowed=True),
    Row("a session of the nodes imports", ask(IMPORT, by=SESSION, name="docker-hub/library/nginx"), allowed=True),
    Row("the nodes import from the other cache", ask(IMPORT, by=NODES, name="team/quay/app"), allowed=True),
    Row("the nodes make one for the other cache", ask(CREATE, by=NODES, name="team/quay/app"), allowed=True),
    Row(
        "the builder in another account imports", ask(IMPORT, by=BUILDER, name="docker-hub/library/nginx"), allowed=True
    ),
    Row("the builder makes its repository", ask(CREATE, by=BUILDER, name="team/quay/app"), allowed=True),
    Row("the nodes import outside the caches", ask(IMPORT, by=NODES, name="prod/app"), allowed=False),
    Row("the nodes make a repository outside", ask(CREATE, by=NODES, name="prod/app"), allowed=False),
    Row("the builder imports outside the caches", ask(IMPORT, by=BUILDER, name="prod/app"), allowed=False),
    Row("a sibling of the cache", ask(IMPORT, by=NODES, name="docker-hub-evil/app"), allowed=False),
    Row("the cache's own name is no repository of it", ask(CREATE, by=NODES, name="docker-hub"), allowed=False),
    Row("part of a cache's path", ask(CREATE, by=NODES, name="team/other/app"), allowed=False),
    Row(
        "a namesake of the nodes elsewhere",
        ask(IMPORT, by=NODES.replace(OURS, STRANGER), name="docker-hub/app"),
        allowed=False,
    ),
    Row("another role of ours", ask(IMPORT, by=f"{NODES}-evil", name="docker-hub/app"), allowed=False),
    Row(
        "the builder under another path",
        ask(IMPORT, by=BUILDER.replace("team/", ""), name="docker-hub/app"),
        allowed=False,
    ),
    Row("another role beside the builder", ask(CREATE, by=f"{BUILDER}2", name="docker-hub/app"), allowed=False),
    Row("the account that may use all", ask(IMPORT, by=SOURCE, name="anything/at-all"), allowed=True),
    Row("that account makes repositories", ask(CREATE, by=SOURCE, name="anything/at-all"), allowed=True),
    Row("a stranger imports", ask(IMPORT, by=STRANGER, name="docker-hub/library/nginx"), allowed=False),
    Row("a stranger makes repositories", ask(CREATE, by=STRANGER, name="docker-hub/library/nginx"), allowed=False),
    Row("the nodes replicate", ask(REPLICATE, by=NODES, name="docker-hub/library/nginx"), allowed=False),
    Row("the account replicates", ask(REPLICATE, by=SOURCE, name="anything/at-all"), allowed=False),
    Row("the nodes pull", ask("BatchGetImage", by=NODES, name="docker-hub/library/nginx"), allowed=False),
    Row(
        "the nodes make a rule",
        ask("CreatePullThroughCacheRule", by=NODES, name="docker-hub/library/nginx"),
        allowed=False,
    ),
    Row("the nodes tag a repository", ask("TagResource", by=NODES, name="docker-hub/library/nginx"), allowed=False),
    Row("another Region", ask(IMPORT, by=NODES, name="docker-hub/app", region="us-east-1"), allowed=False),
    Row("another account's registry", ask(IMPORT, by=NODES, name="docker-hub/app", account=STRANGER), allowed=False),
    Row("all of another account's registry", ask(IMPORT, by=SOURCE, name="any/app", account=STRANGER), allowed=False),
    Row("nobody", Request(action=f"ecr:{IMPORT}", resource=HERE.repositories("docker-hub/app")), allowed=False),
]

BOTH_ROWS = [
    Row("the source replicates", ask(REPLICATE, by=SOURCE), allowed=True),
    Row("the source makes repositories", ask(CREATE, by=SOURCE), allowed=True),
    Row("the source does not import", ask(IMPORT, by=SOURCE, name="docker-hub/app"), allowed=False),
    Row("our own roles import", ask(IMPORT, by=NODES, name="docker-hub/app"), allowed=True),
    Row("our own roles make repositories of the cache", ask(CREATE, by=NODES, name="docker-hub/app"), allowed=True),
    Row("our own roles make no others by this policy", ask(CREATE, by=NODES), allowed=False),
    Row("our own roles replicate nothing", ask(REPLICATE, by=NODES), allowed=False),
    Row("the builder imports", ask(IMPORT, by=BUILDER, name="docker-hub/app"), allowed=True),
    Row("others beside the builder do not", ask(IMPORT, by=f"{BUILDER}2", name="docker-hub/app"), allowed=False),
    Row("a stranger replicates", ask(REPLICATE, by=STRANGER), allowed=False),
    Row("a stranger imports", ask(IMPORT, by=STRANGER, name="docker-hub/app"), allowed=False),
    Row("another registry", ask(REPLICATE, by=SOURCE, account=SECOND), allowed=False),
    Row("another registry's cache", ask(IMPORT, by=NODES, name="docker-hub/app", account=SECOND), allowed=False),
]

PRINTED_ROWS = [
    Row("the source replicates under its prefix", ask(REPLICATE, by=SOURCE), allowed=True),
    Row("the source makes the repository", ask(CREATE, by=SOURCE), allowed=True),
    Row("the source replicates what its rule leaves out", ask(REPLICATE, by=SOURCE, name="dev/app"), allowed=False),
    Row("a stranger replicates", ask(REPLICATE, by=STRANGER), allowed=False),
    Row("the source pulls", ask("BatchGetImage", by=SOURCE), allowed=False),
    Row("the Region that the source is in", ask(REPLICATE, by=SOURCE, region="eu-central-1"), allowed=False),
    Row("the source's own other Region", ask(REPLICATE, by=SOURCE, account=SOURCE, region="us-east-1"), allowed=False),
    *by_others("replicating", ask(REPLICATE, by=SOURCE)),
]

CHINA_ROWS = [
    Row("the source replicates", ask(REPLICATE, by=SOURCE, region="cn-north-1", partition="aws-cn"), allowed=True),
    Row("the source makes repositories", ask(CREATE, by=SOURCE, region="cn-north-1", partition="aws-cn"), allowed=True),
    Row("the same names in another partition", ask(REPLICATE, by=SOURCE, region="cn-north-1"), allowed=False),
    Row("a stranger", ask(REPLICATE, by=STRANGER, region="cn-north-1", partition="aws-cn"), allowed=False),
    Row("another Region", ask(REPLICATE, by=SOURCE, region="cn-northwest-1", partition="aws-cn"), allowed=False),
    *by_others("replicating", ask(REPLICATE, by=SOURCE, region="cn-north-1", partition="aws-cn")),
]

POLICIES = [
    pytest.param("registry-replication", REPLICATION, REPLICATION_ROWS, id="replication"),
    pytest.param("registry-cache", CACHE, CACHE_ROWS, id="cache"),
    pytest.param("registry-both", BOTH, BOTH_ROWS, id="both"),
    pytest.param("registry-printed", PRINTED, PRINTED_ROWS, id="printed-for-the-destination"),
    pytest.param("registry-china", CHINA, CHINA_ROWS, id="china"),
]


@pytest.mark.parametrize(("name", "policy", "rows"), POLICIES)
def test_who_may_do_what(name: str, policy: PolicyDocument, rows: list[Row]) -> None:
    compare(name, policy.document)
    check(policy.document, rows)
    assert survivors(policy.document, rows) == []
    assert lint(policy.document, Kind.REGISTRY) == []
