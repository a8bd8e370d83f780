"""Every table-driven type of the `aws` stand-in leads the same life: made, unchanged, changed, imported, deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
import pytest

from local.plugins.aws import AwsProvider
from local.plugins.errors import StandInError
from local.plugins.values import Plain, Props, plain_map
from tests.aws.plugin_engine import Call, Engine, answering

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

pytestmark = pytest.mark.usefixtures("moto")

OTHER = ("aws:ecr/repository:Repository", "aws:ecr/lifecyclePolicy:LifecyclePolicy", "aws:kms/key:Key",
         "aws:ecr/repositoryPolicy:RepositoryPolicy")  # fmt: skip
"""Types with tests of their own, in test_plugin_aws.py."""


def policy(action: str, **more: Plain) -> Props:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **more}]}


def trust(service: str = "ec2.amazonaws.com") -> str:
    return json.dumps(policy("sts:AssumeRole", Principal={"Service": service}))


@dataclass(frozen=True, kw_only=True)
class Life:
    """A resource's inputs, a change that is made in place, and the properties whose change replaces it."""

    props: Callable[[], Props]
    change: Props
    replaces: Mapping[str, Plain] = field(default_factory=dict)
    import_id: Callable[[str], str] = lambda resource_id: resource_id
    not_imported: tuple[str, ...] = ()
    gone: str = "gone:gone"  # the ID of one that is not there


def role() -> Props:
    boto3.client("iam").create_policy(PolicyName="edge", PolicyDocument=json.dumps(policy("ecr:*", Resource="*")))
    return {
        "name": "deployer",
        "path": "/ci/",
        "assumeRolePolicy": trust(),
        "description": "d",
        "maxSessionDuration": 7200,
        "permissionsBoundary": "arn:aws:iam::123456789012:policy/edge",
        "forceDetachPolicies": True,
        "tags": {"Team": "yoon"},
    }


def role_policy() -> Props:
    boto3.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument=trust())
    return {"role": "deployer", "name": "pull", "policy": policy("ecr:BatchGetImage", Resource="*")}


def ec2() -> EC2Client:
    return boto3.client("ec2", region_name="us-east-1")


def vpc() -> str:
    return ec2().create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]


def group(name: str = "endpoints") -> str:
    return ec2().create_security_group(GroupName=name, Description="d", VpcId=vpc())["GroupId"]


def gateway() -> Props:
    network = vpc()
    tables: list[Plain] = [ec2().create_route_table(VpcId=network)["RouteTable"]["RouteTableId"] for _ in range(2)]
    return {
        "vpcId": network,
        "serviceName": "com.amazonaws.us-east-1.s3",
        "routeTableIds": tables,
        "policy": policy("s3:GetObject", Resource="*", Principal="*"),
        "tags": {"a": "b"},
    }


LIVES: Mapping[str, Life] = {
    "aws:ec2/securityGroup:SecurityGroup": Life(
        props=lambda: {"name": "endpoints", "description": "d", "vpcId": vpc(), "tags": {"a": "b"}},
        change={"tags": {"a": "c", "d": "e"}},
        replaces={"name": "other", "description": "e", "vpcId": "vpc-other"},
        gone="sg-0123456789abcdef0",
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Life(
        props=lambda: {
            "securityGroupId": group(),
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.1.0.0/16",
            "description": "d",
            "tags": {"a": "b"},
        },
        change={"cidrIpv4": "10.2.0.0/16", "description": "e", "tags": None},
        replaces={"securityGroupId": "sg-other"},
        gone="sgr-0123456789abcdef0",
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Life(
        props=gateway,
        change={"policy": policy("s3:*", Resource="*", Principal="*"), "tags": {"c": "d"}},
        replaces={
            "vpcId": "vpc-other",
            "serviceName": "com.amazonaws.us-east-1.dynamodb",
            "vpcEndpointType": "Interface",
        },
        gone="vpce-0123456789abcdef0",
    ),
    "aws:iam/role:Role": Life(
        props=role,
        change={
            "assumeRolePolicy": trust("codebuild.amazonaws.com"),
            "description": "e",
            "maxSessionDuration": None,
            "permissionsBoundary": None,
            "tags": {"Stage": "dev"},
        },
        replaces={"name": "other", "path": "/"},
        not_imported=("forceDetachPolicies",),
    ),
    "aws:iam/rolePolicy:RolePolicy": Life(
        props=role_policy,
        change={"policy": policy("ecr:PutImage", Resource="*")},
        replaces={"name": "other", "role": "other"},
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Life(
        props=lambda: {
            "url": "https://token.actions.githubusercontent.com",
            "clientIdLists": ["sts.amazonaws.com", "other"],
            "thumbprintLists": ["a" * 40],
            "tags": {"a": "b"},
        },
        change={"thumbprintLists": ["b" * 40], "tags": None},
        replaces={"url": "https://oidc.example.com"},
        gone="arn:aws:iam::123456789012:oidc-provider/gone.example.com",
    ),
}


def test_no_type_is_without_a_life() -> None:
    assert set(AwsProvider().types) == {*LIVES, *OTHER}


@pytest.mark.parametrize(("token", "life"), LIVES.items(), ids=LIVES)
def test_it_is_made_changed_imported_and_deleted(token: str, life: Life) -> None:
    engine, props = Engine(token), life.props()
    engine.create(props)
    assert not engine.diff(props).changes
    assert plain_map(engine.read().inputs) == plain_map(engine.inputs)

    answer = engine.diff(props | life.change)
    assert set(answer.diffs or []) == life.change.keys()
    assert not answer.replaces
    engine.update(props | life.change)
    assert not engine.diff(props | life.change).changes
    assert not (props | life.change).keys() - {*engine.state, *(k for k, v in life.change.items() if v is None)}

    other = Engine(token)
    other.id = life.import_id(engine.id)
    seen = other.read(other.id)
    other.state, other.inputs = seen.properties, seen.inputs
    known = {key: value for key, value in (props | life.change).items() if key not in life.not_imported}
    assert not other.diff(known).changes

    engine.delete()
    engine.delete()  # gone already is success
    assert engine.read().resource_id == ""


REPLACEMENTS = {f"{token} {key}": (token, key) for token, life in LIVES.items() for key in life.replaces}


@pytest.mark.parametrize(("token", "key"), REPLACEMENTS.values(), ids=REPLACEMENTS)
def test_some_changes_take_a_new_resource(token: str, key: str) -> None:
    life, engine = LIVES[token], Engine(token)
    props = life.props()
    engine.create(props)
    assert engine.diff(props | {key: life.replaces[key]}).replaces == [key]


@pytest.mark.parametrize(("token", "life"), LIVES.items(), ids=LIVES)
def test_every_replacing_property_is_in_the_table(token: str, life: Life) -> None:
    fields = AwsProvider().types[token].fields
    assert {key for key, spec in fields.items() if spec.replaces and key != "region"} == life.replaces.keys()


@pytest.mark.parametrize("token", LIVES)
def test_what_is_not_there_cannot_be_imported(token: str) -> None:
    assert Engine(token).read(LIVES[token].gone).resource_id == ""


def test_unordered_lists_and_equal_documents_are_no_difference() -> None:
    token = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    engine, props = Engine(token), LIVES[token].props()
    engine.create(props)
    turned: list[Plain] = ["other", "sts.amazonaws.com"]
    assert not engine.diff(props | {"clientIdLists": turned}).changes
    assert not engine.diff(props | {"url": "token.actions.githubusercontent.com"}).changes


def test_client_ids_are_added_and_removed_one_by_one() -> None:
    token = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    engine, props = Engine(token), LIVES[token].props() | {"thumbprintLists": None, "tags": None}
    engine.create(props)
    provider: Props = {"OpenIDConnectProviderArn": engine.id}
    now: Props = {"Url": "token.actions.githubusercontent.com", "ClientIDList": ["sts.amazonaws.com", "third"]}
    asked: list[Call] = [
        ("add_client_id_to_open_id_connect_provider", provider | {"ClientID": "third"}, {}),
        ("remove_client_id_from_open_id_connect_provider", provider | {"ClientID": "other"}, {}),
        ("get_open_id_connect_provider", provider, now),
    ]
    with answering(engine, "iam", asked):  # moto does not implement the first two
        engine.update(props | {"clientIdLists": ["third", "sts.amazonaws.com"]})


def test_a_name_that_was_left_out_is_made_up_and_kept() -> None:
    engine = Engine("aws:iam/role:Role")
    props: Props = {"assumeRolePolicy": trust()}
    engine.create(props)
    assert engine.id.startswith("thing-")
    assert len(engine.id) == len("thing-") + 7
    assert not engine.diff(props).changes
    engine.update({"assumeRolePolicy": trust("codebuild.amazonaws.com")})
    assert plain_map(engine.state)["name"] == engine.id
    engine.create(props | {"name": "chosen"})
    assert engine.diff(props).replaces == ["name"]


def test_a_role_that_others_use_goes_only_by_force() -> None:
    engine, props = Engine("aws:iam/role:Role"), role()
    engine.create(props | {"forceDetachPolicies": None})
    iam = boto3.client("iam")
    iam.attach_role_policy(RoleName="deployer", PolicyArn="arn:aws:iam::123456789012:policy/edge")
    iam.put_role_policy(RoleName="deployer", PolicyName="own", PolicyDocument=json.dumps(policy("s3:*", Resource="*")))
    with pytest.raises(StandInError, match=r"DeleteConflict.*; something still needs it"):
        engine.delete()
    engine.update(props)
    engine.delete()
    assert not iam.list_roles()["Roles"]


def test_a_new_security_group_lets_nothing_out() -> None:
    engine, props = Engine("aws:ec2/securityGroup:SecurityGroup"), LIVES["aws:ec2/securityGroup:SecurityGroup"].props()
    engine.create(props)
    found = ec2().describe_security_groups(GroupIds=[engine.id])["SecurityGroups"][0]
    assert (found["IpPermissionsEgress"], found["IpPermissions"]) == ([], [])


def test_an_interface_endpoint_has_its_subnets_groups_and_private_names() -> None:
    first = group()
    network = ec2().describe_security_groups(GroupIds=[first])["SecurityGroups"][0]["VpcId"]
    second = ec2().create_security_group(GroupName="second", Description="d", VpcId=network)["GroupId"]
    subnets: list[Plain] = [
        ec2().create_subnet(VpcId=network, CidrBlock=f"10.1.{at}.0/24")["Subnet"]["SubnetId"] for at in range(3)
    ]
    props: Props = {
        "vpcId": network,
        "serviceName": "com.amazonaws.us-east-1.ecr.api",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": subnets[:2],
        "securityGroupIds": [first],
        "policy": policy("ecr:*", Resource="*", Principal="*"),
    }
    engine = Engine("aws:ec2/vpcEndpoint:VpcEndpoint")
    engine.create(props)
    made = ec2().describe_vpc_endpoints(VpcEndpointIds=[engine.id])["VpcEndpoints"][0]
    assert (made["PrivateDnsEnabled"], set(made["SubnetIds"])) == (True, set(subnets[:2]))
    assert [one["GroupId"] for one in made["Groups"]] == [first]
    assert not engine.diff(props | {"subnetIds": [subnets[1], subnets[0]]}).changes
    assert plain_map(engine.state)["dnsEntries"]

    target: Props = {"VpcEndpointId": engine.id}
    change: Props = {"AddSubnetIds": subnets[2:], "RemoveSubnetIds": subnets[:1], "AddSecurityGroupIds": [second]}
    described: Props = {
        "VpcEndpointId": engine.id,
        "VpcId": network,
        "ServiceName": props["serviceName"],
        "State": "Available",
        "VpcEndpointType": "Interface",
        "SubnetIds": subnets[1:],
        "PrivateDnsEnabled": False,
        "Groups": [{"GroupId": first}, {"GroupId": second}],
        "PolicyDocument": json.dumps(props["policy"]),
    }
    found: Props = {"VpcEndpoints": [described]}
    looked: Call = ("describe_vpc_endpoints", {"VpcEndpointIds": [engine.id]}, found)
    changed: Call = ("modify_vpc_endpoint", target | change | {"PrivateDnsEnabled": False}, {"Return": True})
    with answering(engine, "ec2", [changed, looked, looked]):  # moto takes the change and keeps nothing of it
        more: Props = {"subnetIds": subnets[1:], "securityGroupIds": [first, second], "privateDnsEnabled": False}
        engine.update(props | more)


def test_an_endpoint_that_fails_to_come_up_is_an_error_with_its_reason() -> None:
    engine = Engine("aws:ec2/vpcEndpoint:VpcEndpoint")
    failed: Props = {"VpcEndpointId": "vpce-1", "State": "Failed", "LastError": {"Message": "no address left"}}
    found: Props = {"VpcEndpoints": [failed]}
    props: Props = {"vpcId": "vpc-1", "serviceName": "com.amazonaws.us-east-1.s3"}
    request: Props = {"VpcId": "vpc-1", "ServiceName": props["serviceName"], "VpcEndpointType": "Gateway"}
    asked: list[Call] = [
        ("create_vpc_endpoint", request, {"VpcEndpoint": failed}),
        ("describe_vpc_endpoints", {"VpcEndpointIds": ["vpce-1"]}, found),
    ]
    with answering(engine, "ec2", asked), pytest.raises(StandInError, match="vpce-1 is failed: no address left"):
        engine.create(props)
