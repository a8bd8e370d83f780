from __future__ import annotations

import json
from collections.abc import Mapping

import pulumi
import pytest

from components.network import EcrEndpoints, EcrEndpointsArgs
from ecr.endpoint_policy import MAX_PULL_FROM, layer_policy, registry_policy
from ecr.endpoints import (
    MAX_SECURITY_GROUPS,
    ROUTE_TABLE_RULE,
    SECURITY_GROUP_RULE,
    SUBNET_RULE,
    VPC_RULE,
    Endpoints,
    S3Gateway,
)
from ecr.errors import InputError, InputErrors
from tests.unit.recording import ACCOUNT, REGION, Recording, record

# The SDK warns of a class of its own while this part of it is loaded.
pytestmark = pytest.mark.filterwarnings("ignore:aws.ec2/encryptioncontrol:DeprecationWarning")

COMPONENT = "container-registry:index:EcrEndpoints"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GET_VPC = "aws:ec2/getVpc:getVpc"

VPC, SUBNET, OTHER_SUBNET, ROUTES, GROUP = (
    "vpc-0a1b2c3d4e5f67890", "subnet-0a1b2c3d4e5f67890", "subnet-0123456789abcdef0", "rtb-0a1b2c3d4e5f67890",
    "sg-0a1b2c3d4e5f67890",
)  # fmt: skip
FOUND = {
    "id": VPC,
    "cidrBlock": "10.0.0.0/16",
    "cidrBlockAssociations": [
        {"associationId": "vpc-cidr-assoc-1", "cidrBlock": "10.0.0.0/16", "state": "associated"},
        {"associationId": "vpc-cidr-assoc-2", "cidrBlock": "100.64.0.0/16", "state": "associated"},
        {"associationId": "vpc-cidr-assoc-3", "cidrBlock": "10.9.0.0/16", "state": "disassociated"},
    ],
    "enableDnsSupport": True,
    "enableDnsHostnames": True,
}
LEAST = EcrEndpointsArgs(vpc_id=VPC, subnet_ids=[SUBNET, OTHER_SUBNET], route_table_ids=[ROUTES])


def deployed(
    args: EcrEndpointsArgs = LEAST,
    *,
    vpc: Mapping[str, object] | None = None,
    opts: pulumi.ResourceOptions | None = None,
    preview: bool = False,
) -> Recording:
    def program() -> None:
        EcrEndpoints("endpoints", args, opts)

    return record(program, preview=preview, answers={GET_VPC: {**FOUND, **(vpc or {})}})


def inputs(recording: Recording, name: str) -> dict[str, object]:
    (found,) = (registration.inputs for registration in recording.registrations if registration.name == name)
    return dict(found)


@pytest.mark.parametrize(
    ("name", "service"), [("endpoints-api", "ecr.api"), ("endpoints-dkr", "ecr.dkr")], ids=["api", "dkr"]
)
def test_an_interface_endpoint_answers_under_the_public_name_in_every_subnet(name: str, service: str) -> None:
    found = inputs(deployed(), name)
    policy = found.pop("policy")
    assert found == {
        "vpcId": VPC,
        "serviceName": f"com.amazonaws.{REGION}.{service}",
        "vpcEndpointType": "Interface",
        "subnetIds": [SUBNET, OTHER_SUBNET],
        "securityGroupIds": ["endpoints-security-group-id"],
        "privateDnsEnabled": True,
    }
    assert json.loads(str(policy)) == registry_policy(account=ACCOUNT, region=REGION, partition="aws").document


def test_the_gateway_endpoint_leads_the_route_tables_to_the_layers_alone() -> None:
    found = inputs(deployed(), "endpoints-s3")
    policy = found.pop("policy")
    assert found == {
        "vpcId": VPC,
        "serviceName": f"com.amazonaws.{REGION}.s3",
        "vpcEndpointType": "Gateway",
        "routeTableIds": [ROUTES],
    }
    assert json.loads(str(policy)) == layer_policy(region=REGION, partition="aws").document


def test_the_security_group_lets_in_https_from_all_ranges_of_the_vpc_and_nothing_else() -> None:
    recording = deployed()
    assert recording.only(SECURITY_GROUP).inputs == {
        "vpcId": VPC,
        "description": "HTTPS from the VPC to the endpoints of ECR",
    }
    rules = {rule.name: dict(rule.inputs) for rule in recording.of_type(RULE)}
    common = {
        "securityGroupId": "endpoints-security-group-id",
        "description": "HTTPS from the VPC",
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
    }
    assert rules == {
        "endpoints-https-10.0.0.0-16": {**common, "cidrIpv4": "10.0.0.0/16"},
        "endpoints-https-100.64.0.0-16": {**common, "cidrIpv4": "100.64.0.0/16"},
    }


def test_a_lookup_that_lists_no_ranges_still_has_the_first() -> None:
    assert [rule.inputs["cidrIpv4"] for rule in deployed(vpc={"cidrBlockAssociations": []}).of_type(RULE)] == [
        "10.0.0.0/16"
    ]


def test_given_security_groups_are_used_and_none_is_made() -> None:
    args = EcrEndpointsArgs(vpc_id=VPC, subnet_ids=[SUBNET], route_table_ids=[ROUTES], security_group_ids=[GROUP])
    recording = deployed(args)
    assert not recording.of_type(SECURITY_GROUP)
    assert not recording.of_type(RULE)
    assert {str(inputs(recording, f"endpoints-{name}")["securityGroupIds"]) for name in ("api", "dkr")} == {
        f"['{GROUP}']"
    }
    assert "securityGroupId" not in recording.component_outputs("endpoints")


def test_with_a_gateway_endpoint_of_its_own_the_vpc_gets_no_second_one() -> None:
    recording = deployed(EcrEndpointsArgs(vpc_id=VPC, subnet_ids=[SUBNET], s3=S3Gateway.EXISTING))
    assert {endpoint.name for endpoint in recording.of_type(ENDPOINT)} == {"endpoints-api", "endpoints-dkr"}
    assert recording.component_outputs("endpoints")["endpointIds"] == {
        "ecr.api": "endpoints-api-id",
        "ecr.dkr": "endpoints-dkr-id",
    }


def test_an_organization_and_other_accounts_reach_both_policies() -> None:
    args = EcrEndpointsArgs(
        vpc_id=VPC, subnet_ids=[SUBNET], s3=S3Gateway.EXISTING, organization="o-a1b2c3d4e5", pull_from=("602401143452",)
    )
    expected = registry_policy(
        account=ACCOUNT, region=REGION, partition="aws", organization="o-a1b2c3d4e5", pull_from=("602401143452",)
    )
    assert [endpoint.inputs["policy"] for endpoint in deployed(args).of_type(ENDPOINT)] == [expected.text] * 2


def test_tags_reach_everything_that_takes_some() -> None:
    args = EcrEndpointsArgs(vpc_id=VPC, subnet_ids=[SUBNET], route_table_ids=[ROUTES], tags={"team": "shop"})
    tags = {registration.name: registration.inputs.get("tags") for registration in deployed(args).registrations}
    assert tags.pop("endpoints") is None
    assert len(tags) == 6
    assert set(map(str, tags.values())) == {"{'team': 'shop'}"}


def test_what_a_stack_asks_for_becomes_the_arguments() -> None:
    asked = Endpoints(
        vpc_id=VPC, subnet_ids=(SUBNET,), route_table_ids=(ROUTES,), security_group_ids=(GROUP,),
        organization="o-a1b2c3d4e5", pull_from=("602401143452",), s3=S3Gateway.EXISTING,
    )  # fmt: skip
    made = EcrEndpointsArgs.of(asked, tags={"team": "shop"})
    assert {key: value for key, value in vars(made).items() if key != "tags"} == vars(asked)
    assert made.tags == {"team": "shop"}


def test_the_endpoints_can_be_exported_for_the_commands_to_see() -> None:
    def program() -> None:
        pulumi.export("vpc_endpoint_ids", EcrEndpoints("endpoints", LEAST).endpoint_ids)

    assert record(program, answers={GET_VPC: FOUND}).exports["vpc_endpoint_ids"] == {
        "ecr.api": "endpoints-api-id",
        "ecr.dkr": "endpoints-dkr-id",
        "s3": "endpoints-s3-id",
    }


def test_as_many_security_groups_as_a_network_interface_takes_are_accepted() -> None:
    groups = [f"sg-{n:08}" for n in range(MAX_SECURITY_GROUPS)]
    args = EcrEndpointsArgs(vpc_id=VPC, subnet_ids=[SUBNET], route_table_ids=[ROUTES], security_group_ids=groups)
    assert inputs(deployed(args), "endpoints-api")["securityGroupIds"] == groups


def test_ids_that_are_known_only_later_are_accepted() -> None:
    def program() -> None:
        subnets = [pulumi.Output.from_input(SUBNET), pulumi.Output.from_input(OTHER_SUBNET)]
        EcrEndpoints("endpoints", EcrEndpointsArgs(vpc_id=VPC, subnet_ids=subnets, s3=S3Gateway.EXISTING))

    recording = record(program, answers={GET_VPC: FOUND})
    assert inputs(recording, "endpoints-api")["subnetIds"] == [SUBNET, OTHER_SUBNET]


def test_children_hang_below_the_component_under_names_that_are_a_contract() -> None:
    recording = deployed()
    assert recording.names == {
        (COMPONENT, "endpoints"),
        (SECURITY_GROUP, "endpoints-security-group"),
        (RULE, "endpoints-https-10.0.0.0-16"),
        (RULE, "endpoints-https-100.64.0.0-16"),
        (ENDPOINT, "endpoints-api"),
        (ENDPOINT, "endpoints-dkr"),
        (ENDPOINT, "endpoints-s3"),
    }
    assert {child.parent for child in recording.registrations if child.type != COMPONENT} == {"endpoints"}


def test_a_preview_has_the_same_resources() -> None:
    assert deployed(preview=True).names == deployed().names


def test_protection_reaches_every_child() -> None:
    recording = deployed(opts=pulumi.ResourceOptions(protect=True))
    assert {registration.protect for registration in recording.registrations} == {True}


def test_outputs_are_registered_once_with_real_values() -> None:
    assert deployed().component_outputs("endpoints") == {
        "endpointIds": {"ecr.api": "endpoints-api-id", "ecr.dkr": "endpoints-dkr-id", "s3": "endpoints-s3-id"},
        "securityGroupId": "endpoints-security-group-id",
    }


BAD = [
    ({"vpc_id": "vpc-1"}, f'vpc_id: "vpc-1" is not accepted; accepted: {VPC_RULE}'),
    ({"subnet_ids": []}, "subnet_ids: is empty; the interface endpoints need at least one subnet"),
    ({"subnet_ids": ["x"]}, f'subnet_ids[0]: "x" is not accepted; accepted: {SUBNET_RULE}'),
    ({"subnet_ids": [SUBNET, SUBNET]}, f'subnet_ids[1]: "{SUBNET}" stands in the list twice; take one out'),
    ({"route_table_ids": ["x"]}, f'route_table_ids[0]: "x" is not accepted; accepted: {ROUTE_TABLE_RULE}'),
    ({"route_table_ids": []}, "route_table_ids: are given when the S3 gateway endpoint is made, and only then"),
    ({"s3": S3Gateway.EXISTING}, "route_table_ids: are given when the S3 gateway endpoint is made, and only then"),
    ({"security_group_ids": ["x"]}, f'security_group_ids[0]: "x" is not accepted; accepted: {SECURITY_GROUP_RULE}'),
    ({"organization": "*"}, 'organization: "*" is not accepted; accepted: an organization ID'),
    ({"pull_from": ("1",)}, 'pull_from[0]: "1" is not accepted; accepted: an account ID of 12 digits'),
    ({"pull_from": tuple(f"{n:012}" for n in range(MAX_PULL_FROM + 1))}, "pull_from: has 101 entries; at most 100"),
    (
        {"security_group_ids": [f"sg-{n:08}" for n in range(MAX_SECURITY_GROUPS + 1)]},
        "security_group_ids: has 6 entries; at most 5 are accepted",
    ),
]


@pytest.mark.parametrize(("changes", "problem"), BAD, ids=lambda value: str(value)[:40])
def test_what_aws_would_refuse_is_refused_before_anything_is_registered(
    changes: dict[str, object], problem: str
) -> None:
    values = {"vpc_id": VPC, "subnet_ids": [SUBNET], "route_table_ids": [ROUTES], **changes}
    with pytest.raises(InputErrors) as raised:
        EcrEndpoints("endpoints", EcrEndpointsArgs(**values))  # type: ignore[arg-type]  # the table is checked by running it
    (error,) = raised.value.errors
    assert str(error).startswith(problem)


@pytest.mark.parametrize(
    ("vpc", "named"),
    [
        ({"enableDnsSupport": False}, "enableDnsSupport"),
        ({"enableDnsHostnames": False}, "enableDnsHostnames"),
        ({"enableDnsSupport": False, "enableDnsHostnames": False}, "enableDnsSupport and enableDnsHostnames"),
    ],
    ids=["support", "hostnames", "both"],
)
@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_a_vpc_in_which_private_dns_cant_work_is_refused(
    vpc: Mapping[str, object], named: str, *, preview: bool
) -> None:
    with pytest.raises(InputError, match=f"^vpc_id: {VPC} has {named} switched off, and private DNS"):
        deployed(vpc=vpc, preview=preview)
