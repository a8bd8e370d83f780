from __future__ import annotations

import dataclasses

import pytest

from ecr.access import eks
from ecr.access.documents import PolicyDocument
from ecr.access.eks import PodIdentity, ServiceAccount
from tests.policies import linting, review
from tests.policies.evaluator import Principal, Request
from tests.policies.linting import Kind
from tests.policies.tables import Row, by_others, check, survivors

ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
OTHER_ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/FEDCBA9876543210FEDCBA9876543210"
PROVIDERS = "arn:aws:iam::123456789012:oidc-provider"

SERVICE_ACCOUNTS = eks.service_account_trust(
    [
        ServiceAccount(oidc_provider=f"{PROVIDERS}/{ISSUER}", namespace="shop", name="builder"),
        ServiceAccount(oidc_provider=f"{PROVIDERS}/{OTHER_ISSUER}", namespace="flux-system", name="source-controller"),
        ServiceAccount(oidc_provider=f"{PROVIDERS}/{ISSUER}", namespace="shop", name="scanner"),
    ]
)


def pod(sub: str, *, issuer: str = ISSUER, provider: str | None = None, aud: str = "sts.amazonaws.com") -> Request:
    """A pod that asks for the role with the token of its service account."""
    return Request(
        action="sts:AssumeRoleWithWebIdentity",
        principal=Principal(federated=provider or f"{PROVIDERS}/{issuer}"),
        context={f"{issuer}:aud": aud, f"{issuer}:sub": sub},
    )


BUILDER, FLUX = "system:serviceaccount:shop:builder", "system:serviceaccount:flux-system:source-controller"
ROLE = Principal(arn="arn:aws:iam::123456789012:role/nodes")


SERVICE_ACCOUNT_ROWS = [
    Row("a service account", pod(BUILDER), allowed=True),
    Row("another of the same cluster", pod("system:serviceaccount:shop:scanner"), allowed=True),
    Row(
        "one of the other cluster",
        pod("system:serviceaccount:flux-system:source-controller", issuer=OTHER_ISSUER),
        allowed=True,
    ),
    Row(
        "one of the other cluster, in this one",
        pod("system:serviceaccount:flux-system:source-controller"),
        allowed=False,
    ),
    Row("one of this cluster, in the other one", pod(BUILDER, issuer=OTHER_ISSUER), allowed=False),
    Row("a cluster that nobody named", pod(BUILDER, issuer=ISSUER.replace("0123", "9999")), allowed=False),
    Row("another service account of the namespace", pod("system:serviceaccount:shop:default"), allowed=False),
    Row("the service account in another namespace", pod("system:serviceaccount:evil:builder"), allowed=False),
    Row("a namespace that begins like it", pod("system:serviceaccount:shop-evil:builder"), allowed=False),
    Row("a name that begins like it", pod("system:serviceaccount:shop:builder-evil"), allowed=False),
    Row("any service account of the namespace", pod("system:serviceaccount:shop:*"), allowed=False),
    Row("any service account", pod("system:serviceaccount:*:*"), allowed=False),
    Row("a group of service accounts", pod("system:serviceaccounts:shop"), allowed=False),
    Row("the node", pod("system:node:ip-10-0-0-1"), allowed=False),
    Row("an empty subject", pod(""), allowed=False),
    Row("a token for the cluster's own API", pod(BUILDER, aud="https://kubernetes.default.svc"), allowed=False),
    Row(
        "a token for the other cluster's API",
        pod("system:serviceaccount:flux-system:source-controller", issuer=OTHER_ISSUER, aud="vault"),
        allowed=False,
    ),
    Row("no claims at all", dataclasses.replace(pod(BUILDER), context={}), allowed=False),
    Row(
        "no audience",
        dataclasses.replace(pod(BUILDER), context={f"{ISSUER}:sub": BUILDER}),
        allowed=False,
    ),
    Row(
        "no subject",
        dataclasses.replace(pod(BUILDER), context={f"{ISSUER}:aud": "sts.amazonaws.com"}),
        allowed=False,
    ),
    Row(
        "no subject, in the other cluster",
        dataclasses.replace(pod(BUILDER, issuer=OTHER_ISSUER), context={f"{OTHER_ISSUER}:aud": "sts.amazonaws.com"}),
        allowed=False,
    ),
    Row(
        "claims of this cluster, by the other's provider",
        pod(BUILDER, provider=f"{PROVIDERS}/{OTHER_ISSUER}"),
        allowed=False,
    ),
    Row(
        "claims of the other cluster, by this one's provider",
        pod(
            "system:serviceaccount:flux-system:source-controller",
            issuer=OTHER_ISSUER,
            provider=f"{PROVIDERS}/{ISSUER}",
        ),
        allowed=False,
    ),
    Row(
        "the provider in another account",
        pod(BUILDER, provider=f"arn:aws:iam::999999999999:oidc-provider/{ISSUER}"),
        allowed=False,
    ),
    Row("GitHub's provider", pod(BUILDER, provider=f"{PROVIDERS}/token.actions.githubusercontent.com"), allowed=False),
    Row("a role of the account", dataclasses.replace(pod(BUILDER), principal=ROLE), allowed=False),
    Row("plain AssumeRole", dataclasses.replace(pod(BUILDER), action="sts:AssumeRole"), allowed=False),
    Row("tagging the session", dataclasses.replace(pod(BUILDER), action="sts:TagSession"), allowed=False),
    Row(
        "no audience, in the other cluster",
        dataclasses.replace(pod(FLUX, issuer=OTHER_ISSUER), context={f"{OTHER_ISSUER}:sub": FLUX}),
        allowed=False,
    ),
    *by_others("with a service account's claims", pod(BUILDER)),
    *by_others("with claims of the other cluster", pod(FLUX, issuer=OTHER_ISSUER)),
]

CLUSTERS = "arn:aws:eks:eu-west-1:123456789012:cluster"
POD_IDENTITIES = eks.pod_identity_trust(
    [
        PodIdentity(cluster="blue", namespace="shop", service_account="builder"),
        PodIdentity(cluster="blue", namespace="shop", service_account="scanner"),
        PodIdentity(cluster="green", namespace="ci", service_account="builder"),
    ],
    partition="aws",
    region="eu-west-1",
    account="123456789012",
)

EKS = Principal(service="pods.eks.amazonaws.com")


def for_pod(
    cluster: str,
    namespace: str,
    name: str,
    *,
    action: str = "sts:AssumeRole",
    principal: Principal = EKS,
    without: str = "",
    **changes: str,
) -> Request:
    """EKS, which asks for the role on behalf of a pod."""
    context = {
        "aws:SourceArn": changes.get("source_arn", f"{CLUSTERS}/{cluster}"),
        "aws:SourceAccount": changes.get("source_account", "123456789012"),
        "aws:RequestTag/eks-cluster-name": cluster,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": name,
        "aws:RequestTag/kubernetes-pod-name": f"{name}-0",
    }
    present = {key: value for key, value in context.items() if key != without}
    return Request(action=action, principal=principal, context=present)


def not_for_pod(row: str, cluster: str, namespace: str, name: str, **changes: str) -> Row:
    return Row(row, for_pod(cluster, namespace, name, **changes), allowed=False)  # type: ignore[arg-type]  # the table is checked by running it


POD_ROWS = [
    Row("a pod", for_pod("blue", "shop", "builder"), allowed=True),
    Row("its session's tags", for_pod("blue", "shop", "builder", action="sts:TagSession"), allowed=True),
    Row("another service account", for_pod("blue", "shop", "scanner"), allowed=True),
    Row("a pod of the other cluster", for_pod("green", "ci", "builder"), allowed=True),
    Row("its session's tags, too", for_pod("green", "ci", "builder", action="sts:TagSession"), allowed=True),
    not_for_pod("a cluster that nobody named", "red", "shop", "builder"),
    not_for_pod("the namespace of one cluster in the other", "green", "shop", "builder"),
    not_for_pod("the namespace of the other cluster in the one", "blue", "ci", "builder"),
    not_for_pod("a service account of one cluster in the other", "green", "ci", "scanner"),
    not_for_pod("another service account of the namespace", "blue", "shop", "default"),
    not_for_pod("another namespace", "blue", "evil", "builder"),
    not_for_pod("a namespace that begins like it", "blue", "shop-evil", "builder"),
    not_for_pod("a name that begins like it", "blue", "shop", "builder-evil"),
    not_for_pod("a cluster that begins like it", "blue-evil", "shop", "builder"),
    not_for_pod("any name", "blue", "shop", "*"),
    not_for_pod(
        "a cluster of the name in another account",
        "blue",
        "shop",
        "builder",
        source_arn="arn:aws:eks:eu-west-1:999999999999:cluster/blue",
        source_account="999999999999",
    ),
    not_for_pod("another account behind the cluster", "blue", "shop", "builder", source_account="999999999999"),
    not_for_pod("another account behind the other cluster", "green", "ci", "builder", source_account="999999999999"),
    not_for_pod(
        "a cluster of the name in another Region",
        "blue",
        "shop",
        "builder",
        source_arn="arn:aws:eks:us-east-1:123456789012:cluster/blue",
    ),
    not_for_pod(
        "an association in place of the cluster",
        "blue",
        "shop",
        "builder",
        source_arn="arn:aws:eks:eu-west-1:123456789012:podidentityassociation/blue/a-1",
    ),
    not_for_pod("no source", "blue", "shop", "builder", without="aws:SourceArn"),
    not_for_pod("no account of the source", "blue", "shop", "builder", without="aws:SourceAccount"),
    not_for_pod("no namespace", "blue", "shop", "builder", without="aws:RequestTag/kubernetes-namespace"),
    not_for_pod("no service account", "blue", "shop", "builder", without="aws:RequestTag/kubernetes-service-account"),
    Row(
        "another service",
        for_pod("blue", "shop", "builder", principal=Principal(service="eks.amazonaws.com")),
        allowed=False,
    ),
    Row(
        "another service, for the other",
        for_pod("green", "ci", "builder", principal=Principal(service="ec2.amazonaws.com")),
        allowed=False,
    ),
    Row("a role that gives itself the tags", for_pod("blue", "shop", "builder", principal=ROLE), allowed=False),
    Row("nobody known", for_pod("green", "ci", "builder", principal=Principal()), allowed=False),
    *(
        not_for_pod(f"the other without {key}", "green", "ci", "builder", without=key)
        for key in (
            "aws:SourceArn",
            "aws:SourceAccount",
            "aws:RequestTag/kubernetes-namespace",
            "aws:RequestTag/kubernetes-service-account",
        )
    ),
    *by_others("with a pod's tags", for_pod("blue", "shop", "builder")),
    *by_others("with the tags of the other cluster's pod", for_pod("green", "ci", "builder")),
    not_for_pod("a web identity", "blue", "shop", "builder", action="sts:AssumeRoleWithWebIdentity"),
]

DOCUMENTS = [
    pytest.param("eks-service-accounts", SERVICE_ACCOUNTS, SERVICE_ACCOUNT_ROWS, id="service accounts"),
    pytest.param("eks-pod-identities", POD_IDENTITIES, POD_ROWS, id="pod identities"),
]


@pytest.mark.parametrize(("name", "policy", "rows"), DOCUMENTS)
def test_the_trust_of_pods_is_the_reviewed_one_and_no_part_of_it_is_idle(
    name: str, policy: PolicyDocument, rows: list[Row]
) -> None:
    review.compare(name, policy.document)
    assert linting.lint(policy.document, Kind.TRUST) == []
    check(policy.document, rows)
    assert survivors(policy.document, rows) == []
