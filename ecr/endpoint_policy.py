"""What VPC endpoints for ECR are called, and whose registries can be reached through them.

Amazon ECR user guide, "Amazon ECR interface VPC endpoints (AWS PrivateLink)". An endpoint policy grants nothing: it is
the most that passes, whatever policies of identities and repositories allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ecr.access.actions import PULL, SIGN_IN
from ecr.access.documents import Condition, PolicyDocument, PrincipalType, Statement
from ecr.reference import Registry

# AWS PrivateLink guide, "Control access to VPC endpoints using endpoint policies": 20,480 characters. With 100 accounts
# a policy has about 7,000.
MAX_PULL_FROM = 100

# Who asks and whose resource it is (IAM user guide, "AWS global condition context keys").
_PRINCIPAL_ACCOUNT, _RESOURCE_ACCOUNT = "aws:PrincipalAccount", "aws:ResourceAccount"
_PRINCIPAL_ORGANIZATION, _RESOURCE_ORGANIZATION = "aws:PrincipalOrgID", "aws:ResourceOrgID"

_ANYBODY = {PrincipalType.AWS: ("*",)}


class Service(StrEnum):
    """What a pull needs an endpoint for: ECR's API, its registries, and the bucket that layers come from."""

    API = "ecr.api"
    REGISTRY = "ecr.dkr"
    LAYERS = "s3"


# As `aws ec2 describe-vpc-endpoint-services` says, by aws-cdk (aws-ec2/lib/vpc-endpoint.ts, getDefaultEndpointPrefix);
# the other partitions have the usual one.
_USUAL_PREFIX = "com.amazonaws"
_PREFIXES = {
    "aws-cn": "cn.com.amazonaws",
    "aws-eusc": "eu.amazonaws",
    "aws-iso": "gov.ic.c2s",
    "aws-iso-b": "gov.sgov.sc2s",
    "aws-iso-e": "uk.adc-e.cloud",
    "aws-iso-f": "gov.ic.hci.csp",
}


def service_name(service: Service, *, region: str, partition: str) -> str:
    """The name of an endpoint service, such as `com.amazonaws.eu-west-1.ecr.dkr`.

    The gateway endpoint of S3 has the usual prefix in every partition (aws-cdk, GatewayVpcEndpointAwsService).
    """
    prefix = _USUAL_PREFIX if service is Service.LAYERS else _PREFIXES.get(partition, _USUAL_PREFIX)
    return f"{prefix}.{region}.{service.value}"


def registry_policy(
    *, account: str, region: str, partition: str, organization: str | None = None, pull_from: tuple[str, ...] = ()
) -> PolicyDocument:
    """The policy of both interface endpoints, as AWS recommends ("Create an endpoint policy").

    It says who and whose, not what: identities of the account reach the account's registry; with an organization, all
    of its identities reach all of its registries.

    Args:
        account: 12 digits.
        region: of the endpoints, and so of all registries behind them.
        partition: of both.
        organization: its ID; None for the account alone.
        pull_from: accounts from whose repositories may be pulled, too, such as those of AWS's own images.
    """
    if organization is None:
        who = Condition("StringEquals", _PRINCIPAL_ACCOUNT, (account,))
        whose = Condition("StringEquals", _RESOURCE_ACCOUNT, (account,))
    else:
        who = Condition("StringEquals", _PRINCIPAL_ORGANIZATION, (organization,))
        whose = Condition("StringEquals", _RESOURCE_ORGANIZATION, (organization,))
    statements = [
        # No resource, so nobody's: what AWS would give as its owner is not documented.
        Statement(sid="SignIn", principals=_ANYBODY, actions=SIGN_IN, resources=("*",), conditions=(who,)),
        Statement(sid="Registries", principals=_ANYBODY, actions=("ecr:*",), resources=("*",), conditions=(who, whose)),
    ]
    if pull_from:
        others = tuple(Registry(partition, region, other).repositories() for other in pull_from)
        statements.append(
            Statement(sid="PullFromOthers", principals=_ANYBODY, actions=PULL, resources=others, conditions=(who,))
        )
    return PolicyDocument(tuple(statements))


def layer_bucket(region: str) -> str:
    """The bucket that the layers of a Region's registries come from; it is AWS's own."""
    return f"prod-{region}-starport-layer-bucket"


def layer_policy(*, region: str, partition: str) -> PolicyDocument:
    """The policy of the S3 gateway endpoint ("Minimum Amazon S3 Bucket Permissions for Amazon ECR").

    Nothing is said of who asks: an account of ECR itself signs the address of a layer (aws-samples,
    data-perimeter-policy-examples, vpc_endpoint_policies), so no key that names the caller would hold.
    """
    return PolicyDocument(
        (
            Statement(
                sid="Layers",
                principals=_ANYBODY,
                actions=("s3:GetObject",),
                resources=(f"arn:{partition}:s3:::{layer_bucket(region)}/*",),
                conditions=(Condition("Bool", "aws:SecureTransport", ("true",)),),
            ),
        )
    )


_DNS_OPTIONS = {"enableDnsSupport": "--enable-dns-support", "enableDnsHostnames": "--enable-dns-hostnames"}


def dns_problem(vpc_id: str, attributes: Mapping[str, bool]) -> str | None:
    """Why private DNS of endpoints can't work in a VPC, and what to do; None where it can.

    Amazon VPC user guide, "DNS attributes in your VPC": it needs both attributes.

    Args:
        vpc_id: of the VPC.
        attributes: `enableDnsSupport` and `enableDnsHostnames`; one that nobody tells is taken to be on.
    """
    off = [attribute for attribute in _DNS_OPTIONS if attributes.get(attribute) is False]
    if not off:
        return None
    # The API changes one attribute in a call (EC2 API reference, ModifyVpcAttribute).
    commands = [f"aws ec2 modify-vpc-attribute --vpc-id {vpc_id} {_DNS_OPTIONS[attribute]}" for attribute in off]
    return (
        f"{vpc_id} has {' and '.join(off)} switched off, and private DNS of the endpoints needs both; run: "
        f"{' && '.join(commands)}"
    )
