"""The `endpoints` section of a stack's configuration: VPC endpoints for ECR."""

from __future__ import annotations

from types import MappingProxyType

from ecr import endpoints
from ecr.access import names
from ecr.config_reader import Section
from ecr.endpoints import Endpoints, S3Gateway

_KEYS = MappingProxyType({"security_group_ids": "securityGroupIds", "pull_from": "pullFrom"})


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
    vpc_id = section.required_text("vpcId", endpoints.is_vpc_id, endpoints.VPC_RULE, example="vpc-0a1b2c3d4e5f67890")
    s3 = section.choice("s3", S3Gateway, default=S3Gateway.MAKE)
    found = Endpoints(
        vpc_id=vpc_id,
        subnet_ids=section.names("subnetIds", endpoints.is_subnet_id, endpoints.SUBNET_RULE, required=True),
        route_table_ids=_route_tables(section, s3),
        security_group_ids=section.names(
            "securityGroupIds", endpoints.is_security_group_id, endpoints.SECURITY_GROUP_RULE
        ),
        organization=section.text("organization", names.is_organization, names.ORGANIZATION_RULE),
        pull_from=section.names("pullFrom", names.is_account, names.ACCOUNT_RULE),
        s3=s3,
    )
    section.finish()
    for problem in endpoints.quota_problems(found.security_group_ids, found.pull_from):
        section.wrong(_KEYS[problem.path], problem.reason)
    return found


def _route_tables(section: Section, s3: S3Gateway) -> tuple[str, ...]:
    if s3 is S3Gateway.MAKE:
        return section.names("routeTableIds", endpoints.is_route_table_id, endpoints.ROUTE_TABLE_RULE, required=True)
    if section.has("routeTableIds"):
        section.wrong(
            "routeTableIds", "is of no use, because s3 is existing: their endpoint is not touched; leave it out"
        )
    return ()
