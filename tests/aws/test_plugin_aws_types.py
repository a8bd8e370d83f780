"""Every table-driven type of the `aws` stand-in leads the same life: made, unchanged, changed, imported, deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
import pytest
from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins.aws import AwsProvider
from local.plugins.errors import StandInError
from local.plugins.values import Plain, Props, plain_map, wrap
from tests.aws.plugin_engine import Call, Engine, answering

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

pytestmark = pytest.mark.usefixtures("moto")

ANSWERED = (
    "aws:ecr/accountSetting:AccountSetting",
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
    "aws:ecr/pullTimeUpdateExclusion:PullTimeUpdateExclusion",
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
)
"""Types whose calls moto does not implement: see test_plugin_aws_answered.py."""
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
    gone: str = "gone:gone"  # the ID of one that is not there; "" for a setting, which is always there
    stays: bool = False  # deleting it leaves the thing itself


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


TOPIC = "arn:aws:sns:us-east-1:123456789012:images"


def event_target() -> Props:
    boto3.client("events", region_name="us-east-1").put_rule(Name="pushed", EventPattern='{"source": ["aws.ecr"]}')
    return {
        "rule": "pushed",
        "targetId": "topic",
        "arn": TOPIC,
        "inputTransformer": {"inputPaths": {"tag": "$.detail.image-tag"}, "inputTemplate": '"pushed <tag>"'},
        "retryPolicy": {"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 2},
    }


def registry_policy(action: str) -> Props:
    """With all that moto wants."""
    where = "arn:aws:ecr:us-east-1:123456789012:repository/*"
    return policy(action, Sid="one", Principal={"AWS": "arn:aws:iam::222222222222:root"}, Resource=where)


def secret() -> str:
    return boto3.client("secretsmanager", region_name="us-east-1").create_secret(Name="hub")["ARN"]


def key() -> str:
    return boto3.client("kms", region_name="us-east-1").create_key()["KeyMetadata"]["KeyId"]


def topic() -> str:
    return boto3.client("sns", region_name="us-east-1").create_topic(Name="images")["TopicArn"]


LIVES: Mapping[str, Life] = {
    "aws:kms/keyPolicy:KeyPolicy": Life(
        props=lambda: {"keyId": key(), "policy": policy("kms:*", Principal={"AWS": "*"}, Resource="*")},
        change={"policy": policy("kms:Decrypt", Principal={"AWS": "*"}, Resource="*")},
        replaces={"keyId": "other"},
        gone="00000000-0000-4000-8000-000000000000",
        stays=True,
    ),
    "aws:secretsmanager/secret:Secret": Life(
        props=lambda: {
            "name": "ecr-pullthroughcache/hub",
            "description": "d",
            "recoveryWindowInDays": 7,
            "tags": {"a": "b"},
        },
        change={"description": "e", "tags": {"c": "d"}},
        replaces={"name": "other"},
        not_imported=("recoveryWindowInDays",),
        gone="arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf",
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Life(
        props=lambda: {"secretId": secret(), "secretString": "made-up-value"},
        change={},
        replaces={"secretId": "other", "secretString": "another-made-up-value"},
        gone="gone|gone",
        stays=True,
    ),
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": Life(
        props=lambda: {
            "scanType": "ENHANCED",
            "rules": [
                {
                    "scanFrequency": "CONTINUOUS_SCAN",
                    "repositoryFilters": [{"filter": "prod/*", "filterType": "WILDCARD"}],
                }
            ],
        },
        change={"scanType": "BASIC", "rules": None},
        gone="",
        stays=True,
    ),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": Life(
        props=lambda: {
            "replicationConfiguration": {
                "rules": [
                    {
                        "destinations": [{"region": "eu-west-1", "registryId": "123456789012"}],
                        "repositoryFilters": [{"filter": "prod", "filterType": "PREFIX_MATCH"}],
                    }
                ]
            }
        },
        change={
            "replicationConfiguration": {
                "rules": [{"destinations": [{"region": "eu-west-2", "registryId": "123456789012"}]}]
            }
        },
        gone="",
        stays=True,
    ),
    "aws:ecr/registryPolicy:RegistryPolicy": Life(
        props=lambda: {"policy": registry_policy("ecr:ReplicateImage")},
        change={"policy": registry_policy("ecr:CreateRepository")},
    ),
    "aws:cloudwatch/eventRule:EventRule": Life(
        props=lambda: {
            "name": "pushed",
            "eventPattern": {"source": ["aws.ecr"]},
            "description": "d",
            "tags": {"a": "b"},
        },
        change={
            "eventPattern": {"source": ["aws.ecr", "aws.inspector2"]},
            "description": None,
            "state": "DISABLED",
            "tags": {"c": "d"},
        },
        replaces={"name": "other", "eventBusName": "other"},
        gone="gone",
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Life(
        props=event_target,
        change={
            "inputTransformer": {"inputPaths": {"name": "$.detail.repository-name"}, "inputTemplate": '"<name>"'},
            "retryPolicy": None,
        },
        replaces={"rule": "other", "eventBusName": "other", "targetId": "other"},
        gone="gone/gone",
    ),
    "aws:sns/topic:Topic": Life(
        props=lambda: {"name": "images", "displayName": "d", "kmsMasterKeyId": "alias/topics", "tags": {"a": "b"}},
        change={"displayName": "e", "kmsMasterKeyId": None, "tags": {"a": "c"}},
        replaces={"name": "other"},
        gone=TOPIC,
    ),
    "aws:sns/topicPolicy:TopicPolicy": Life(
        props=lambda: {"arn": topic(), "policy": policy("SNS:Publish", Principal="*", Resource=TOPIC)},
        change={"policy": policy("SNS:Publish", Principal={"Service": "events.amazonaws.com"}, Resource=TOPIC)},
        replaces={"arn": "arn:aws:sns:us-east-1:123456789012:other"},
        gone=TOPIC,
    ),
    "aws:sns/topicSubscription:TopicSubscription": Life(
        props=lambda: {
            "topic": topic(),
            "protocol": "sqs",
            "endpoint": "arn:aws:sqs:us-east-1:123456789012:images",
            "rawMessageDelivery": True,
            "filterPolicy": {"severity": ["CRITICAL"]},
        },
        change={"rawMessageDelivery": None, "filterPolicy": {"severity": ["HIGH"]}},
        replaces={
            "topic": "arn:aws:sns:us-east-1:123456789012:other",
            "protocol": "email",
            "endpoint": "a@example.com",
        },
        gone=f"{TOPIC}:0f8e55a4-0000-4000-8000-000000000000",
    ),
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
    assert set(AwsProvider().types) == {*LIVES, *OTHER, *ANSWERED}


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
    assert bool(engine.read().resource_id) == life.stays


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


@pytest.mark.parametrize("token", [token for token, life in LIVES.items() if life.gone])
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


def test_a_secret_value_is_never_shown() -> None:
    token, value = "aws:secretsmanager/secretVersion:SecretVersion", f"made-up-{'value'}"
    engine, arn = Engine(token), secret()
    state = engine.create({"secretId": wrap(arn), "secretString": PropertyValue(value, is_secret=True)})
    assert state["secretString"].is_secret
    imported = Engine(token).read(engine.id)
    for values in (imported.properties, imported.inputs):
        assert values["secretString"].is_secret
    plain_text: Props = {"secretId": arn, "secretString": value}
    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    assert engine.create(plain_text)["secretString"].is_secret
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == value
    dropped: list[Call] = [
        ("put_secret_value", {"SecretId": arn, "SecretString": value}, {"ARN": arn, "VersionId": "v" * 32}),
        ("describe_secret", {"SecretId": arn}, {"ARN": arn}),
        ("get_secret_value", {"SecretId": arn, "VersionId": "v" * 32}, {"ARN": arn, "SecretString": "hush-hush"}),
    ]
    with answering(engine, "secretsmanager", dropped), pytest.raises(StandInError, match="did not keep") as told:
        engine.create(plain_text)
    assert value not in str(told.value)
    assert "hush-hush" not in str(told.value)


def test_a_secret_without_a_window_is_deleted_at_once() -> None:
    engine = Engine("aws:secretsmanager/secret:Secret")
    props: Props = {"name": "hub", "recoveryWindowInDays": 0}
    engine.create(props)
    assert not engine.diff(props).changes
    engine.delete()
    engine.create(props)  # the name is free again


def test_a_target_without_an_id_gets_one_and_keeps_it() -> None:
    engine, props = Engine("aws:cloudwatch/eventTarget:EventTarget"), event_target() | {"targetId": None}
    engine.create(props)
    assert not engine.diff(props).changes
    events = boto3.client("events", region_name="us-east-1")
    before = events.list_targets_by_rule(Rule="pushed")["Targets"][0]["Id"]
    engine.update(props | {"retryPolicy": None})
    assert [one["Id"] for one in events.list_targets_by_rule(Rule="pushed")["Targets"]] == [before]


def test_a_target_that_eventbridge_refuses_is_an_error() -> None:
    engine, props = Engine("aws:cloudwatch/eventTarget:EventTarget"), event_target()
    refused: Props = {"FailedEntries": [{"ErrorCode": "ConcurrentModificationException", "ErrorMessage": "later"}]}
    request: Props = {
        "Rule": "pushed",
        "EventBusName": "default",
        "Targets": [
            {
                "Id": "topic",
                "Arn": TOPIC,
                "InputTransformer": {"InputPathsMap": {"tag": "$.detail.image-tag"}, "InputTemplate": '"pushed <tag>"'},
                "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 2},
            }
        ],
    }
    with (
        answering(engine, "events", [("put_targets", request, refused)]),
        pytest.raises(StandInError, match="PutTargets failed with ConcurrentModificationException: later"),
    ):
        engine.create(props)


def test_scanning_rules_are_a_set() -> None:
    token = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
    rules: list[Plain] = [
        {"scanFrequency": frequency, "repositoryFilters": [{"filter": name, "filterType": "WILDCARD"}]}
        for frequency, name in (("CONTINUOUS_SCAN", "prod/*"), ("SCAN_ON_PUSH", "*"))
    ]
    engine, props = Engine(token), LIVES[token].props() | {"rules": rules}
    engine.create(props)
    assert not engine.diff(props | {"rules": [*reversed(rules)]}).changes
    engine.delete()
    found = boto3.client("ecr", region_name="us-east-1").get_registry_scanning_configuration()["scanningConfiguration"]
    assert found == {"scanType": "BASIC", "rules": []}


def test_a_topic_has_the_policy_that_it_came_with_again() -> None:
    token = "aws:sns/topicPolicy:TopicPolicy"
    engine = Engine(token)
    engine.create(LIVES[token].props())
    engine.delete()
    text = boto3.client("sns", region_name="us-east-1").get_topic_attributes(TopicArn=TOPIC)["Attributes"]["Policy"]
    assert json.loads(text)["Statement"][0]["Condition"] == {"StringEquals": {"AWS:SourceOwner": "123456789012"}}


def test_a_key_has_the_policy_that_it_came_with_again() -> None:
    token = "aws:kms/keyPolicy:KeyPolicy"
    engine = Engine(token)
    engine.create(LIVES[token].props())
    engine.delete()
    kms = boto3.client("kms", region_name="us-east-1")
    statement = json.loads(kms.get_key_policy(KeyId=engine.id, PolicyName="default")["Policy"])["Statement"][0]
    assert (statement["Principal"], statement["Action"]) == ({"AWS": "arn:aws:iam::123456789012:root"}, "kms:*")
    kms.schedule_key_deletion(KeyId=engine.id, PendingWindowInDays=7)
    engine.delete()
    assert engine.read().resource_id == ""
