"""`EksPullAccess`: what the nodes and pods of EKS clusters need to pull from a repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from components import arguments, permission_policy
from components.caller import Caller
from ecr.access import eks, roles
from ecr.access.eks import PodIdentity, ServiceAccount
from ecr.access.permissions import Permission
from ecr.problems import Problem


@dataclass(frozen=True, kw_only=True)
class EksPullAccessArgs:
    """What an `EksPullAccess` is to be.

    Attributes:
        repository_arn: the ECR repository to pull from.
        node_roles: the names of roles that nodes have; for pods on Fargate, of pod execution roles.
        service_accounts: those that assume a role by their cluster's OIDC provider.
        pod_identities: those that EKS Pod Identity hands a role to.
        permissions_boundary: the ARN of a policy that bounds the roles made here; None for no boundary.
        tags: AWS tags of the roles and associations.
    """

    repository_arn: pulumi.Input[str]
    node_roles: tuple[str, ...] = ()
    service_accounts: tuple[ServiceAccount, ...] = ()
    pod_identities: tuple[PodIdentity, ...] = ()
    permissions_boundary: pulumi.Input[str] | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class EksPullAccess(pulumi.ComponentResource):
    """Pulling from one repository, for EKS.

    The images that pods run are pulled by the kubelet with the role of the *node* (on Fargate, with the pod execution
    role), whatever service account a pod has (ECR user guide, "Using Amazon ECR Images with Amazon EKS"): for these,
    name node roles. The roles for service accounts and for Pod Identity are for pods that talk to ECR themselves, such
    as builders, scanners and GitOps controllers. (A cluster can be set up so that kubelets sign in with the tokens of
    service accounts: github.com/kubernetes/cloud-provider-aws, pull request 1281. Then it is these roles, too.)

    There is one role for all service accounts and one for all pod identities: each of them could do the same, and
    pulling from this repository is all that it is.

    Attributes:
        service_account_role_arn: for the annotation `eks.amazonaws.com/role-arn`; None without service accounts.
        pod_identity_role_arn: the role that EKS hands out; None without pod identities.

    Raises:
        InputErrors: with a line for each mistake, before anything is registered.
    """

    service_account_role_arn: pulumi.Output[str] | None
    pod_identity_role_arn: pulumi.Output[str] | None

    def __init__(self, name: str, args: EksPullAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        arguments.refuse(args, _problems(args))
        super().__init__("container-registry:index:EksPullAccess", name, {"repositoryArn": args.repository_arn}, opts)
        policy = permission_policy.text(Permission.PULL, args.repository_arn)
        for role in args.node_roles:
            aws.iam.RolePolicy(
                f"{name}-node-{role}", role=role, policy=policy, opts=pulumi.ResourceOptions(parent=self)
            )
        self.service_account_role_arn = self._service_account_role(name, args, policy)
        self.pod_identity_role_arn = self._pod_identity_role(name, args, policy)
        self.register_outputs(
            {
                "serviceAccountRoleArn": self.service_account_role_arn,
                "podIdentityRoleArn": self.pod_identity_role_arn,
            }
        )

    def _service_account_role(
        self, name: str, args: EksPullAccessArgs, policy: pulumi.Output[str]
    ) -> pulumi.Output[str] | None:
        if not args.service_accounts:
            return None
        trust = eks.service_account_trust(args.service_accounts).text
        return self._role(f"{name}-service-accounts", "service accounts", trust, args, policy)

    def _pod_identity_role(
        self, name: str, args: EksPullAccessArgs, policy: pulumi.Output[str]
    ) -> pulumi.Output[str] | None:
        if not args.pod_identities:
            return None
        caller = Caller.of(self)
        trust = pulumi.Output.all(caller.partition, caller.region, caller.account).apply(
            lambda place: (
                eks.pod_identity_trust(args.pod_identities, partition=place[0], region=place[1], account=place[2]).text
            )
        )
        role_arn = self._role(f"{name}-pod-identities", "pod identities", trust, args, policy)
        for one in args.pod_identities:
            aws.eks.PodIdentityAssociation(
                # No part has a '/', so that no two associations share a name.
                f"{name}-{one.cluster}/{one.namespace}/{one.service_account}",
                cluster_name=one.cluster,
                namespace=one.namespace,
                service_account=one.service_account,
                role_arn=role_arn,
                tags=args.tags or None,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return role_arn

    def _role(
        self, name: str, who: str, trust: pulumi.Input[str], args: EksPullAccessArgs, policy: pulumi.Output[str]
    ) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            description=f"EKS {who}: pull",
            assume_role_policy=trust,
            permissions_boundary=args.permissions_boundary,
            tags=args.tags or None,
            opts=child,
        )
        aws.iam.RolePolicy(f"{name}-permissions", role=role.id, policy=policy, opts=child)
        return role.arn


def _problems(args: EksPullAccessArgs) -> list[Problem]:
    found = eks.problems(
        node_roles=args.node_roles, service_accounts=args.service_accounts, pod_identities=args.pod_identities
    )
    return [
        *found,
        *roles.name_problems(None, args.permissions_boundary),
        *permission_policy.problems(Permission.PULL, args.repository_arn, None),
    ]
