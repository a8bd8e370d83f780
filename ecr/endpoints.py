"""VPC endpoints for ECR: what can be asked for, and what AWS accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ecr.endpoint_policy import MAX_PULL_FROM
from ecr.problems import Problem

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


def quota_problems(security_group_ids: Sequence[object], pull_from: Sequence[object]) -> Iterator[Problem]:
    """Lists that are longer than AWS takes them, whether their items are known yet or not."""
    for path, found, most in (
        ("security_group_ids", security_group_ids, MAX_SECURITY_GROUPS),
        ("pull_from", pull_from, MAX_PULL_FROM),
    ):
        if len(found) > most:
            yield Problem(path, f"has {len(found)} entries; at most {most} are accepted")


def _is_id(kind: str, text: str) -> bool:
    match = _ID.fullmatch(text)
    return match is not None and match["kind"] == kind
