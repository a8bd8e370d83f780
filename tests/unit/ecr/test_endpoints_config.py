from __future__ import annotations

import json

import pytest
from hypothesis import given

from ecr.endpoint_policy import MAX_PULL_FROM
from ecr.endpoints import (
    MAX_SECURITY_GROUPS,
    ROUTE_TABLE_RULE,
    SECURITY_GROUP_RULE,
    SUBNET_RULE,
    VPC_RULE,
    Endpoints,
    S3Gateway,
)
from ecr.endpoints_config import read_endpoints
from tests.unit.ecr import stack_files

VPC, SUBNET, ROUTES, GROUP = (f"{kind}-0a1b2c3d4e5f67890" for kind in ("vpc", "subnet", "rtb", "sg"))
SUBNET_2 = "subnet-0123456789abcdef0"
LEAST = {"vpcId": VPC, "subnetIds": [SUBNET], "routeTableIds": [ROUTES]}
PATH = "container-registry:endpoints"


def read(values: object) -> Endpoints | None:
    return stack_files.read("endpoints", values, read_endpoints)


def mistakes(values: object) -> list[str]:
    return stack_files.mistakes(lambda: read(values))


@pytest.mark.parametrize("values", [None, {}])
def test_a_stack_that_names_none_has_none(values: object) -> None:
    assert read(values) is None


def test_the_least_is_a_vpc_a_subnet_and_a_route_table() -> None:
    assert read(LEAST) == Endpoints(vpc_id=VPC, subnet_ids=(SUBNET,), route_table_ids=(ROUTES,))


def test_everything_that_can_be_named() -> None:
    values = {
        **LEAST,
        "subnetIds": [SUBNET, SUBNET_2],
        "securityGroupIds": [GROUP],
        "organization": "o-a1b2c3d4e5",
        "pullFrom": ["602401143452", "012345678901"],
        "s3": "make",
    }
    assert read(values) == Endpoints(
        vpc_id=VPC,
        subnet_ids=(SUBNET, SUBNET_2),
        route_table_ids=(ROUTES,),
        security_group_ids=(GROUP,),
        organization="o-a1b2c3d4e5",
        pull_from=("602401143452", "012345678901"),
    )


def test_a_gateway_endpoint_that_is_there_needs_no_route_tables() -> None:
    found = read({"vpcId": VPC, "subnetIds": [SUBNET], "s3": "existing"})
    assert found == Endpoints(vpc_id=VPC, subnet_ids=(SUBNET,), s3=S3Gateway.EXISTING)


def test_an_id_of_the_old_length_is_accepted() -> None:
    found = read({**LEAST, "vpcId": "vpc-0a1b2c3d"})
    assert found is not None
    assert found.vpc_id == "vpc-0a1b2c3d"


KNOWN = "organization, pullFrom, routeTableIds, s3, securityGroupIds, subnetIds, vpcId"
ACCOUNT = "an account ID of 12 digits, in quotes"
ORGANIZATION = "an organization ID such as o-a1b2c3d4e5"


def without(key: str) -> dict[str, object]:
    return {name: value for name, value in LEAST.items() if name != key}


@pytest.mark.parametrize(
    ("values", "mistake"),
    [
        (VPC, f'"{VPC}" is not accepted; accepted: an object with keys'),
        ([LEAST], "is not accepted; accepted: an object with keys"),
        (True, "true is not accepted; accepted: an object with keys"),
        ({**LEAST, "vpcid": VPC}, f".vpcid: is not a known key; known: {KNOWN}"),
        ({**LEAST, "region": "eu-west-1"}, f".region: is not a known key; known: {KNOWN}"),
        (without("vpcId"),
         f".vpcId: is missing; accepted: {VPC_RULE}. Run: pulumi config set --path endpoints.vpcId vpc-"),
        ({**LEAST, "vpcId": ""}, f'.vpcId: "" is not accepted; accepted: {VPC_RULE}'),
        ({**LEAST, "vpcId": SUBNET}, f'.vpcId: "{SUBNET}" is not accepted; accepted: {VPC_RULE}'),
        ({**LEAST, "vpcId": "vpc-*"}, f'.vpcId: "vpc-*" is not accepted; accepted: {VPC_RULE}'),
        ({**LEAST, "vpcId": VPC.upper()}, f'.vpcId: "{VPC.upper()}" is not accepted; accepted: {VPC_RULE}'),
        ({**LEAST, "vpcId": f"{VPC}1"}, f'.vpcId: "{VPC}1" is not accepted; accepted: {VPC_RULE}'),
        ({**LEAST, "vpcId": f"{VPC}\n"}, f'.vpcId: "{VPC}\\n" is not accepted; accepted: {VPC_RULE}'),
        ({**LEAST, "vpcId": 12}, f".vpcId: 12 is not accepted; accepted: {VPC_RULE}; in quotes"),
        ({**LEAST, "vpcId": [VPC]}, f'.vpcId: ["{VPC}"] is not accepted; accepted: {VPC_RULE}'),
        ({**LEAST, "vpcId": "vpc-\u0660a1b2c3d"}, f"is not accepted; accepted: {VPC_RULE}"),
        (without("subnetIds"),
         f".subnetIds: is missing; accepted: a list of at least one, each {SUBNET_RULE}"),
        ({**LEAST, "subnetIds": []}, ".subnetIds: is empty; accepted: a list of at least one"),
        ({**LEAST, "subnetIds": None}, ".subnetIds: has no value; give it one, or take the key out"),
        ({**LEAST, "subnetIds": SUBNET}, f'.subnetIds: "{SUBNET}" is not accepted; accepted: a list'),
        ({**LEAST, "subnetIds": [SUBNET, "subnet-1"]},
         f'.subnetIds[1]: "subnet-1" is not accepted; accepted: {SUBNET_RULE}'),
        ({**LEAST, "subnetIds": [ROUTES]}, f'.subnetIds[0]: "{ROUTES}" is not accepted; accepted: {SUBNET_RULE}'),
        ({**LEAST, "subnetIds": [7]}, f".subnetIds[0]: 7 is not accepted; accepted: {SUBNET_RULE}; in quotes"),
        ({**LEAST, "subnetIds": [None]}, f".subnetIds[0]: null is not accepted; accepted: {SUBNET_RULE}"),
        ({**LEAST, "subnetIds": [[SUBNET]]}, f'.subnetIds[0]: ["{SUBNET}"] is not accepted; accepted: {SUBNET_RULE}'),
        ({**LEAST, "subnetIds": [SUBNET, SUBNET]}, f'.subnetIds[1]: "{SUBNET}" stands in the list twice; take one out'),
        ({**LEAST, "subnetIds": f"{SUBNET},{SUBNET_2}"}, "is not accepted; accepted: a list"),
        (without("routeTableIds"),
         f".routeTableIds: is missing; accepted: a list of at least one, each {ROUTE_TABLE_RULE}"),
        ({**LEAST, "routeTableIds": []}, ".routeTableIds: is empty"),
        ({**LEAST, "routeTableIds": [SUBNET]},
         f'.routeTableIds[0]: "{SUBNET}" is not accepted; accepted: {ROUTE_TABLE_RULE}'),
        ({**LEAST, "routeTableIds": [ROUTES, ROUTES]},
         f'.routeTableIds[1]: "{ROUTES}" stands in the list twice; take one out'),
        ({**LEAST, "s3": "existing"}, ".routeTableIds: is of no use, because s3 is existing"),
        ({**LEAST, "s3": "none"}, '.s3: "none" is not accepted; accepted: one of make, existing'),
        ({**LEAST, "s3": False}, ".s3: false is not accepted; accepted: one of make, existing"),
        ({**LEAST, "s3": "MAKE"}, '.s3: "MAKE" is not accepted; accepted: one of make, existing'),
        ({**LEAST, "securityGroupIds": GROUP}, f'.securityGroupIds: "{GROUP}" is not accepted; accepted: a list'),
        ({**LEAST, "securityGroupIds": ["default"]},
         f'.securityGroupIds[0]: "default" is not accepted; accepted: {SECURITY_GROUP_RULE}'),
        ({**LEAST, "securityGroupIds": [GROUP, GROUP]},
         f'.securityGroupIds[1]: "{GROUP}" stands in the list twice; take one out'),
        ({**LEAST, "securityGroupIds": [f"sg-{number:08}" for number in range(MAX_SECURITY_GROUPS + 1)]},
         ".securityGroupIds: has 6 entries; at most 5 are accepted"),
        ({**LEAST, "organization": "a1b2c3d4e5"},
         f'.organization: "a1b2c3d4e5" is not accepted; accepted: {ORGANIZATION}'),
        ({**LEAST, "organization": "o-*"}, f'.organization: "o-*" is not accepted; accepted: {ORGANIZATION}'),
        ({**LEAST, "organization": ["o-a1b2c3d4e5"]},
         f'.organization: ["o-a1b2c3d4e5"] is not accepted; accepted: {ORGANIZATION}'),
        ({**LEAST, "pullFrom": [12345678901]}, f".pullFrom[0]: 12345678901 is not accepted; accepted: {ACCOUNT}"),
        ({**LEAST, "pullFrom": ["12345678901"]}, f'.pullFrom[0]: "12345678901" is not accepted; accepted: {ACCOUNT}'),
        ({**LEAST, "pullFrom": ["*"]}, f'.pullFrom[0]: "*" is not accepted; accepted: {ACCOUNT}'),
        ({**LEAST, "pullFrom": ["602401143452"] * 2},
         '.pullFrom[1]: "602401143452" stands in the list twice; take one out'),
        ({**LEAST, "pullFrom": [f"{number:012}" for number in range(MAX_PULL_FROM + 1)]},
         ".pullFrom: has 101 entries; at most 100 are accepted"),
        ({**LEAST, "pullFrom": []}, ".pullFrom: is empty; give it a value, or take the key out"),
        ({**LEAST, "securityGroupIds": []}, ".securityGroupIds: is empty; give it a value, or take the key out"),
        ({**LEAST, "vpcId": None}, ".vpcId: has no value; give it one, or take the key out"),
        ({**LEAST, "routeTableIds": None}, ".routeTableIds: has no value; give it one, or take the key out"),
        ({**LEAST, "securityGroupIds": None}, ".securityGroupIds: has no value; give it one, or take the key out"),
        ({**LEAST, "organization": None}, ".organization: has no value; give it one, or take the key out"),
        ({**LEAST, "pullFrom": None}, ".pullFrom: has no value; give it one, or take the key out"),
        ({**LEAST, "s3": None}, ".s3: has no value; give it one, or take the key out"),
        ({**LEAST, "pullFrom": {"account": "602401143452"}}, "is not accepted; accepted: a list"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else json.dumps(value)[:60],
)  # fmt: skip
def test_a_mistake_is_named_by_its_key(values: object, mistake: str) -> None:
    (line,) = mistakes(values)
    assert line.startswith(PATH)
    assert mistake in line


@pytest.mark.parametrize("length", [MAX_SECURITY_GROUPS])
def test_as_many_security_groups_as_an_interface_takes_are_accepted(length: int) -> None:
    found = read({**LEAST, "securityGroupIds": [f"sg-{number:08}" for number in range(length)]})
    assert found is not None
    assert len(found.security_group_ids) == length


def test_all_mistakes_are_named_in_one_go() -> None:
    found = mistakes({"subnetIds": ["x"], "s3": "no", "organization": 1, "pullFrom": ["1"], "extra": 1})
    assert [line.partition(": ")[0].removeprefix(PATH) for line in found] == [
        ".vpcId", ".s3", ".subnetIds[0]", ".routeTableIds", ".organization", ".pullFrom[0]", ".extra"
    ]  # fmt: skip


KEYS = ["vpcId", "subnetIds", "routeTableIds", "securityGroupIds", "organization", "pullFrom", "s3", "x"]


@given(stack_files.anything(KEYS, VPC, SUBNET, ROUTES, "existing"))
def test_whatever_stands_there_is_read_or_refused(values: dict[str, object]) -> None:
    stack_files.assert_read_or_refused("endpoints", lambda: read(values))
