"""The `endpoints` section of a stack's configuration: VPC endpoints for ECR."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ecr.access.names import ACCOUNT_RULE, ORGANIZATION_RULE, is_account, is_organization
from ecr.config_reader import Section
from ecr.endpoint_policy import MAX_PULL_FROM

_VPC, _SUBNET, _ROUTE_TABLE, _SECURITY_GROUP = "vpc", "subnet", "rtb", "sg"
# Amazon EC2 user guide, "Resource IDs": 17 hex digits; 8 for those made before 2018.
_ID = re.compile(r"(?P<kind>[a-z]+)-(?:[0-9a-f]{8}|[0-9a-f]{17})")

VPC_RULE = "the ID of a VPC, such as vpc-0a1b2c3d4e5f67890"
SUBNET_RULE = "the ID of a subnet, such as subnet-0a1b2c3d4e5f67890"
ROUTE_TABLE_RULE = "the ID of a route table, such as rtb-0a1b2c3d4e5f67890"
SECURITY_GROUP_RULE = "the ID of a security group, such as sg-0a1b2c3d4e5f67890"

# Amazon VPC user guide, "Amazon VPC quotas": security groups per network interface.
MAX_SECURITY_GROUPS = 5


class S3Gateway(StrEnum):
    """Where layers come through: a gateway endpoint that is made, or one that the route tables have already."""

    MAKE = "make"
    EXISTING = "existing"


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """VPC endpoints that a stack asks for.

    Attributes:
        vpc_id: the VPC.
        subnet_ids: where the interface endpoints get an address each; AWS takes one for each availability zone.
        route_table_ids: what gets a route to S3; none when `s3` is existing.
        security_group_ids: existing security groups of the endpoints; none to have one made.
        organization: whose registries can be reached; None for those of the account alone.
        pull_from: accounts from whose repositories can be pulled as well.
        s3: whether the gateway endpoint is made.
    """

    vpc_id: str
    subnet_ids: tuple[str, ...]
    route_table_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()
    organization: str | None = None
    pull_from: tuple[str, ...] = ()
    s3: S3Gateway = S3Gateway.MAKE


def is_vpc_id(text: str) -> bool:
    """Whether `text` is the ID of a VPC."""
    return _is_id(_VPC, text)


def is_subnet_id(text: str) -> bool:
    """Whether `text` is the ID of a subnet."""
    return _is_id(_SUBNET, text)


def is_route_table_id(text: str) -> bool:
    """Whether `text` is the ID of a route table."""
    return _is_id(_ROUTE_TABLE, text)


def is_security_group_id(text: str) -> bool:
    """Whether `text` is the ID of a security group."""
    return _is_id(_SECURITY_GROUP, text)


def read_endpoints(top: Section) -> Endpoints | None:
    """The VPC endpoints that a stack names; None where it names none.

    Keys: `vpcId`; `subnetIds`, at least one; `routeTableIds`, at least one unless `s3` is `existing`;
    `securityGroupIds`; `organization`; `pullFrom`, a list of accounts; `s3`. Mistakes are noted in the section, and
    what is handed out then is of no use.
    """
    section = top.section("endpoints")
    if section is None:
        return None
    section.refuse_nulls()
    vpc_id = section.required_text("vpcId", is_vpc_id, VPC_RULE, example="vpc-0a1b2c3d4e5f67890")
    s3 = section.choice("s3", S3Gateway, default=S3Gateway.MAKE)
    endpoints = Endpoints(
        vpc_id=vpc_id,
        subnet_ids=section.names("subnetIds", is_subnet_id, SUBNET_RULE, required=True),
        route_table_ids=_route_tables(section, s3),
        security_group_ids=section.names("securityGroupIds", is_security_group_id, SECURITY_GROUP_RULE),
        organization=section.text("organization", is_organization, ORGANIZATION_RULE),
        pull_from=section.names("pullFrom", is_account, ACCOUNT_RULE),
        s3=s3,
    )
    section.finish()
    for key, found, most in (
        ("securityGroupIds", endpoints.security_group_ids, MAX_SECURITY_GROUPS),
        ("pullFrom", endpoints.pull_from, MAX_PULL_FROM),
    ):
        if len(found) > most:
            section.wrong(key, f"has {len(found)} entries; at most {most} are accepted")
    return endpoints


def _route_tables(section: Section, s3: S3Gateway) -> tuple[str, ...]:
    if s3 is S3Gateway.MAKE:
        return section.names("routeTableIds", is_route_table_id, ROUTE_TABLE_RULE, required=True)
    if section.has("routeTableIds"):
        section.wrong(
            "routeTableIds", "is of no use, because s3 is existing: their endpoint is not touched; leave it out"
        )
    return ()


def _is_id(kind: str, text: str) -> bool:
    match = _ID.fullmatch(text)
    return match is not None and match["kind"] == kind
