"""The `eks` key of a stack's configuration: which nodes and pods may pull."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecr.access import eks, names, roles
from ecr.access.eks import PodIdentity, ServiceAccount
from ecr.config_reader import Section


@dataclass(frozen=True, kw_only=True)
class EksConfig:
    """What a stack says about EKS.

    Attributes:
        node_roles: the names of the roles that nodes have.
        service_accounts: those that assume a role by their cluster's OIDC provider.
        pod_identities: those that EKS Pod Identity hands a role to.
        permissions_boundary: the ARN of a policy that bounds the roles made; None for no boundary.
    """

    node_roles: tuple[str, ...] = ()
    service_accounts: tuple[ServiceAccount, ...] = ()
    pod_identities: tuple[PodIdentity, ...] = ()
    permissions_boundary: str | None = None


def read_eks(top: Section, *, region: str | None = None) -> EksConfig | None:
    """What the stack says under `eks`; None where it says nothing.

    Mistakes are noted in the section, and what is handed out then is of no use.

    Args:
        top: the stack's configuration.
        region: of the stack, None where the environment says it: then ARNs of other partitions pass.
    """
    section = top.section("eks")
    if section is None:
        return None
    before = section.mistakes
    section.refuse_nulls()
    config = EksConfig(
        node_roles=section.names("nodeRoles", roles.is_role_name, roles.ROLE_NAME_RULE),
        service_accounts=tuple(_service_account(entry, region) for entry in section.objects("serviceAccounts")),
        pod_identities=tuple(_pod_identity(entry) for entry in section.objects("podIdentities")),
        permissions_boundary=roles.read_boundary(section, region),
    )
    section.finish()
    if section.mistakes == before:
        for problem in eks.problems(
            node_roles=config.node_roles,
            service_accounts=config.service_accounts,
            pod_identities=config.pod_identities,
        ):
            section.wrong(_key(problem.path), problem.reason)
    return config


def _service_account(entry: Section, region: str | None) -> ServiceAccount:
    provider = entry.required_text("oidcProvider", eks.is_provider_arn, eks.PROVIDER_RULE, example="arn:aws:iam::...")
    if provider and (problem := names.other_partition(provider, region)):
        entry.wrong("oidcProvider", problem)
    account = ServiceAccount(
        oidc_provider=provider,
        namespace=_namespace(entry),
        name=entry.required_text("name", eks.is_service_account, eks.SERVICE_ACCOUNT_RULE, example="puller"),
    )
    entry.finish()
    return account


def _pod_identity(entry: Section) -> PodIdentity:
    identity = PodIdentity(
        cluster=entry.required_text("cluster", eks.is_cluster, eks.CLUSTER_RULE, example="shop"),
        namespace=_namespace(entry),
        service_account=entry.required_text(
            "serviceAccount", eks.is_service_account, eks.SERVICE_ACCOUNT_RULE, example="puller"
        ),
    )
    entry.finish()
    return identity


def _namespace(entry: Section) -> str:
    return entry.required_text("namespace", eks.is_namespace, eks.NAMESPACE_RULE, example="shop")


def _key(field: str) -> str:
    """The key of a field: `node_roles[0]` is `nodeRoles[0]` in a stack file."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), field)
