"""Which pods of EKS clusters may assume a role, and the trust policies that say so.

Amazon EKS user guide, "Assign IAM roles to Kubernetes service accounts" and "Create IAM role with trust policy required
by EKS Pod Identity".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType

from ecr.access import roles
from ecr.access.documents import Condition, PolicyDocument, PrincipalType, Statement
from ecr.problems import Problem, refused, refused_items
from ecr.reference import SOMEWHERE
from ecr.regions import PARTITION, PARTITIONS

# Kubernetes documentation, "Object Names and IDs": a namespace is a label, a service account a subdomain.
_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
NAMESPACE_RULE = "a Kubernetes namespace, 1 to 63 lower-case letters, digits and dashes, without wildcards"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SERVICE_ACCOUNT = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_SERVICE_ACCOUNT = 253
SERVICE_ACCOUNT_RULE = (
    "the name of a Kubernetes service account, lower-case letters, digits, '-' and '.', without wildcards"
)

# EKS API reference, CreateCluster, name.
_CLUSTER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
CLUSTER_RULE = "the name of an EKS cluster of this account and Region, 1 to 100 letters, digits, '-' and '_'"

# EKS user guide, "Create an IAM OIDC provider for your cluster".
_PROVIDER_ARN = re.compile(
    rf"arn:(?P<partition>{PARTITION}):iam::[0-9]{{12}}:oidc-provider/"
    r"oidc(?P<mark>[.-])eks\.(?P<region>[a-z0-9-]+)\.(?P<suffix>[a-z0-9.-]+)/id/[0-9A-Za-z]{1,64}"
)
# What issuers end in: "oidc.eks" where IPv4 alone is, "oidc-eks" where IPv6 is, too (EKS user guide, "IRSA OIDC Issuer
# URLs"). A test compares this with botocore's partitions.
_SUFFIXES = MappingProxyType(
    {
        "aws": {".": "amazonaws.com", "-": "api.aws"},
        "aws-us-gov": {".": "amazonaws.com", "-": "api.aws"},
        "aws-cn": {".": "amazonaws.com.cn", "-": "api.amazonwebservices.com.cn"},
        "aws-eusc": {".": "amazonaws.eu", "-": "api.amazonwebservices.eu"},
        "aws-iso": {".": "c2s.ic.gov", "-": "api.aws.ic.gov"},
        "aws-iso-b": {".": "sc2s.sgov.gov", "-": "api.aws.scloud"},
        "aws-iso-e": {".": "cloud.adc-e.uk", "-": "api.cloud-aws.adc-e.uk"},
        "aws-iso-f": {".": "csp.hci.ic.gov", "-": "api.aws.hci.ic.gov"},
    }
)
PROVIDER_RULE = (
    "the ARN of the cluster's OIDC provider, such as "
    "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
)

_SERVICE = "pods.eks.amazonaws.com"
_POD_ACTIONS = ("sts:AssumeRole", "sts:TagSession")


@dataclass(frozen=True, kw_only=True)
class ServiceAccount:
    """A service account of a cluster that has an OIDC provider ("IAM roles for service accounts").

    Attributes:
        oidc_provider: the ARN of the cluster's IAM OIDC provider.
        namespace: where the service account is.
        name: its name.
    """

    oidc_provider: str
    namespace: str
    name: str


@dataclass(frozen=True, kw_only=True)
class PodIdentity:
    """A service account of a cluster that runs the EKS Pod Identity agent.

    Attributes:
        cluster: the cluster's name; it is of this account and Region.
        namespace: where the service account is.
        service_account: its name.
    """

    cluster: str
    namespace: str
    service_account: str


def is_namespace(text: str) -> bool:
    """Whether Kubernetes takes `text` as a namespace."""
    return _NAMESPACE.fullmatch(text) is not None


def is_service_account(text: str) -> bool:
    """Whether Kubernetes takes `text` as the name of a service account."""
    return len(text) <= _MAX_SERVICE_ACCOUNT and _SERVICE_ACCOUNT.fullmatch(text) is not None


def is_cluster(text: str) -> bool:
    """Whether EKS takes `text` as the name of a cluster."""
    return _CLUSTER.fullmatch(text) is not None


def is_provider_arn(text: str) -> bool:
    """Whether `text` is the ARN of the OIDC provider of one EKS cluster."""
    match = _PROVIDER_ARN.fullmatch(text)
    if match is None:
        return False
    partition = match["partition"]
    return PARTITIONS.get(match["region"]) == partition and match["suffix"] == _SUFFIXES[partition][match["mark"]]


def problems(
    *, node_roles: Sequence[str], service_accounts: Sequence[ServiceAccount], pod_identities: Sequence[PodIdentity]
) -> tuple[Problem, ...]:
    """What can't be accepted, by the names of the parameters."""
    found = [
        *refused_items("node_roles", node_roles, roles.is_role_name, roles.ROLE_NAME_RULE),
        *(problem for index, one in enumerate(service_accounts) for problem in _of_account(index, one)),
        *(problem for index, one in enumerate(pod_identities) for problem in _of_identity(index, one)),
        *roles.repeated("service_accounts", service_accounts),
        *roles.repeated("pod_identities", pod_identities),
    ]
    if not (node_roles or service_accounts or pod_identities):
        found.append(Problem("", "names nobody; must name node roles, service accounts or pod identities"))
    if not found and service_accounts:
        too_long = roles.too_long(service_account_trust(service_accounts))
        found += [problem.below("service_accounts") for problem in too_long]
    if not found and pod_identities:
        too_long = roles.too_long(pod_identity_trust(pod_identities, **asdict(SOMEWHERE)))
        found += [problem.below("pod_identities") for problem in too_long]
    return tuple(found)


def _of_account(index: int, one: ServiceAccount) -> Iterator[Problem]:
    return _refusals(
        f"service_accounts[{index}]",
        ("oidc_provider", one.oidc_provider, is_provider_arn, PROVIDER_RULE),
        ("namespace", one.namespace, is_namespace, NAMESPACE_RULE),
        ("name", one.name, is_service_account, SERVICE_ACCOUNT_RULE),
    )


def _of_identity(index: int, one: PodIdentity) -> Iterator[Problem]:
    return _refusals(
        f"pod_identities[{index}]",
        ("cluster", one.cluster, is_cluster, CLUSTER_RULE),
        ("namespace", one.namespace, is_namespace, NAMESPACE_RULE),
        ("service_account", one.service_account, is_service_account, SERVICE_ACCOUNT_RULE),
    )


def _refusals(where: str, *fields: tuple[str, str, Callable[[str], bool], str]) -> Iterator[Problem]:
    for field, value, accept, rule in fields:
        if not accept(value):
            yield refused(f"{where}.{field}", value, rule)


def service_account_trust(accounts: Sequence[ServiceAccount]) -> PolicyDocument:
    """The trust policy of a role for these service accounts: a statement for each cluster."""
    providers: dict[str, list[str]] = {}
    for account in accounts:
        subject = f"system:serviceaccount:{account.namespace}:{account.name}"
        providers.setdefault(account.oidc_provider, []).append(subject)
    statements = []
    for number, (provider, subjects) in enumerate(providers.items(), start=1):
        issuer = provider.partition(":oidc-provider/")[2]
        conditions = (
            Condition("StringEquals", f"{issuer}:aud", (roles.AUDIENCE,)),
            Condition("StringEquals", f"{issuer}:sub", tuple(subjects)),
        )
        statements.append(
            Statement(
                sid=f"ServiceAccounts{number}",
                principals=MappingProxyType({PrincipalType.FEDERATED: (provider,)}),
                actions=roles.WEB_IDENTITY,
                conditions=conditions,
            )
        )
    return PolicyDocument(tuple(statements))


def pod_identity_trust(
    identities: Sequence[PodIdentity], *, partition: str, region: str, account: str
) -> PolicyDocument:
    """The trust policy of a role for these pods: a statement for each cluster and namespace.

    EKS assumes the role for a cluster (`aws:SourceArn`, `aws:SourceAccount`: EKS user guide, "Cross-service confused
    deputy prevention in Amazon EKS"), and says for whom in session tags (`aws:RequestTag/...`: "Create IAM role with
    trust policy required by EKS Pod Identity"), which an association sends unless it disables them.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for one in identities:
        groups.setdefault((one.cluster, one.namespace), []).append(one.service_account)
    statements = []
    for number, ((cluster, namespace), names) in enumerate(groups.items(), start=1):
        conditions = (
            Condition("ArnEquals", "aws:SourceArn", (f"arn:{partition}:eks:{region}:{account}:cluster/{cluster}",)),
            Condition("StringEquals", "aws:SourceAccount", (account,)),
            Condition("StringEquals", "aws:RequestTag/kubernetes-namespace", (namespace,)),
            Condition("StringEquals", "aws:RequestTag/kubernetes-service-account", tuple(names)),
        )
        statements.append(
            Statement(
                sid=f"PodIdentity{number}",
                principals=MappingProxyType({PrincipalType.SERVICE: (_SERVICE,)}),
                actions=_POD_ACTIONS,
                conditions=conditions,
            )
        )
    return PolicyDocument(tuple(statements))
