from __future__ import annotations

import botocore.session
import pytest

from ecr.access import eks
from ecr.access.eks import PodIdentity, ServiceAccount
from ecr.problems import Problem
from ecr.regions import PARTITIONS

PROVIDERS = "arn:aws:iam::123456789012:oidc-provider"
BLUE, GREEN = (f"{PROVIDERS}/oidc.eks.eu-west-1.amazonaws.com/id/{name}" for name in ("B1", "C2"))


def test_a_component_is_checked_by_the_names_of_its_parameters() -> None:
    found = eks.problems(
        node_roles=("nodes", "team/nodes", "nodes"),
        service_accounts=[ServiceAccount(oidc_provider="x", namespace="*", name="*")],
        pod_identities=[PodIdentity(cluster="*", namespace="*", service_account="*")],
    )
    assert [problem.path for problem in found] == [
        "node_roles[1]",
        "node_roles[2]",
        *(f"service_accounts[0].{field}" for field in ("oidc_provider", "namespace", "name")),
        *(f"pod_identities[0].{field}" for field in ("cluster", "namespace", "service_account")),
    ]
    assert eks.problems(node_roles=(), service_accounts=(), pod_identities=()) == (
        Problem("", "names nobody; must name node roles, service accounts or pod identities"),
    )


def test_service_accounts_of_a_cluster_share_a_statement() -> None:
    trust = eks.service_account_trust(
        [
            ServiceAccount(oidc_provider=provider, namespace="shop", name=name)
            for provider, name in ((BLUE, "a"), (GREEN, "b"), (BLUE, "c"))
        ]
    )
    assert [statement.sid for statement in trust.statements] == ["ServiceAccounts1", "ServiceAccounts2"]
    subjects = [statement.conditions[1].values for statement in trust.statements]
    assert subjects == [
        ("system:serviceaccount:shop:a", "system:serviceaccount:shop:c"),
        ("system:serviceaccount:shop:b",),
    ]


def test_pods_of_a_namespace_share_a_statement_and_those_of_another_cluster_do_not() -> None:
    trust = eks.pod_identity_trust(
        [
            PodIdentity(cluster=cluster, namespace=namespace, service_account=name)
            for cluster, namespace, name in (
                ("blue", "shop", "a"),
                ("green", "shop", "b"),
                ("blue", "ci", "c"),
                ("blue", "shop", "d"),
            )
        ],
        partition="aws-cn",
        region="cn-north-1",
        account="123456789012",
    )
    told = [[condition.values for condition in statement.conditions] for statement in trust.statements]
    clusters = "arn:aws-cn:eks:cn-north-1:123456789012:cluster"
    assert told == [
        [(f"{clusters}/blue",), ("123456789012",), ("shop",), ("a", "d")],
        [(f"{clusters}/green",), ("123456789012",), ("shop",), ("b",)],
        [(f"{clusters}/blue",), ("123456789012",), ("ci",), ("c",)],
    ]


@pytest.mark.parametrize("region", PARTITIONS)
def test_clusters_of_every_region_have_their_issuers_where_botocore_knows_the_regions(region: str) -> None:
    partitions = botocore.session.get_session().get_component("data_loader").load_data("partitions")["partitions"]
    outputs = {one["id"]: one["outputs"] for one in partitions}[PARTITIONS[region]]
    hosts = (f"oidc.eks.{region}.{outputs['dnsSuffix']}", f"oidc-eks.{region}.{outputs['dualStackDnsSuffix']}")
    for host in hosts:
        arn = f"arn:{PARTITIONS[region]}:iam::123456789012:oidc-provider/{host}/id/AB12"
        assert eks.is_provider_arn(arn)
        assert not eks.is_provider_arn(arn.replace(host, f"{host}.evil.com"))
        assert not eks.is_provider_arn(arn.replace(region, "xx-zz-9"))
