"""What single types of the `aws` stand-in do as the official plugin does, beyond the life that all lead."""

from __future__ import annotations

import json

import boto3
import pytest
from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins import aws_api
from local.plugins.errors import StandInError
from local.plugins.values import Plain, Props, plain_map, wrap
from tests.aws.plugin_engine import Call, Engine, answering
from tests.aws.plugin_lives import LIVES, TOPIC, ec2, event_target, group, policy, role, secret, trust

pytestmark = pytest.mark.usefixtures("moto")


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


def test_what_an_emulator_leaves_out_of_an_endpoint_stands_as_it_was_asked_for() -> None:
    engine = Engine("aws:ec2/vpcEndpoint:VpcEndpoint")
    props: Props = {
        "vpcId": "vpc-1",
        "serviceName": "com.amazonaws.us-east-1.ecr.api",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "policy": policy("ecr:*", Resource="*", Principal="*"),
    }
    request: Props = {
        "VpcId": "vpc-1",
        "ServiceName": props["serviceName"],
        "VpcEndpointType": "Interface",
        "PrivateDnsEnabled": True,
        "PolicyDocument": json.dumps(props["policy"]),
    }
    described: Props = {
        "VpcEndpointId": "vpce-1",
        "VpcId": "vpc-1",
        "ServiceName": props["serviceName"],
        "VpcEndpointType": "Interface",
        "State": "available",
    }
    telling: Props = described | {"PrivateDnsEnabled": False, "PolicyDocument": request["PolicyDocument"]}

    def looked(found: Props) -> Call:
        return ("describe_vpc_endpoints", {"VpcEndpointIds": ["vpce-1"]}, {"VpcEndpoints": [found]})

    made: Call = ("create_vpc_endpoint", request, {"VpcEndpoint": described})
    with answering(engine, "ec2", [made, looked(described), looked(described), looked(described)]):
        engine.create(props)
        assert plain_map(engine.read().inputs) == plain_map(engine.inputs)
    assert not engine.diff(props).changes
    with answering(engine, "ec2", [looked(telling)]):  # as AWS does, which tells of all: then it counts
        assert plain_map(engine.read().inputs)["privateDnsEnabled"] is False


def test_waiting_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_api, "WAIT_S", 0.02)
    monkeypatch.setattr(aws_api, "POLL_S", 0.01)
    asked: list[bool] = []
    with pytest.raises(StandInError, match="still not: vpce-1 is available"):
        aws_api.until(lambda: bool(asked.append(True)), "vpce-1 is available")  # type: ignore[func-returns-value]
    assert len(asked) > 1
