"""The functions, settings and error texts of the `aws` stand-in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from pulumi.provider.experimental import provider as sdk

from local.plugins.aws import AwsProvider
from local.plugins.aws_cloud import explain
from local.plugins.errors import StandInError
from local.plugins.values import Props, plain, plain_map, props_of, wrap
from tests.aws.plugin_engine import invoke

pytestmark = pytest.mark.usefixtures("moto")


def test_the_token_is_secret_and_the_user_is_not() -> None:
    token = invoke("aws:ecr/getAuthorizationToken:getAuthorizationToken")
    assert {key for key, value in token.items() if value.is_secret} == {"authorizationToken", "password"}
    assert plain(token["userName"]) == "AWS"
    assert str(plain(token["expiresAt"])).endswith("Z")


def test_identity_and_region() -> None:
    assert plain(invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"]) == "123456789012"
    region = plain_map(invoke("aws:index/getRegion:getRegion"))
    assert (region["name"], region["endpoint"]) == ("us-east-1", "ec2.us-east-1.amazonaws.com")


def test_partition() -> None:
    assert plain_map(invoke("aws:index/getPartition:getPartition")) == {
        "dnsSuffix": "amazonaws.com",
        "id": "aws",
        "partition": "aws",
        "reverseDnsPrefix": "com.amazonaws",
    }


def test_a_vpc_is_found_with_its_address_blocks_and_dns_settings() -> None:
    ec2 = boto3.client("ec2", region_name="us-east-1")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.2.0.0/16")
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    found = plain_map(invoke("aws:ec2/getVpc:getVpc", {"id": vpc}))
    blocks = found["cidrBlockAssociations"]
    assert isinstance(blocks, list)
    assert [props_of(one)["cidrBlock"] for one in blocks] == ["10.1.0.0/16", "10.2.0.0/16"]
    assert (found["cidrBlock"], found["default"]) == ("10.1.0.0/16", False)
    assert (found["enableDnsHostnames"], found["enableDnsSupport"]) == (True, False)
    assert found["arn"] == f"arn:aws:ec2:us-east-1:123456789012:vpc/{vpc}"
    assert str(found["mainRouteTableId"]).startswith("rtb-")


def test_a_role_is_found_by_its_name() -> None:
    made = boto3.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument="{}", Path="/ci/")["Role"]
    found = plain_map(invoke("aws:iam/getRole:getRole", {"name": "deployer"}))
    assert (found["arn"], found["uniqueId"], found["path"]) == (made["Arn"], made["RoleId"], "/ci/")
    assert (found["id"], found["name"], found["tags"]) == ("deployer", "deployer", {})


@pytest.mark.parametrize("key", ["arn", "url"])
def test_an_oidc_provider_is_found_by_arn_and_by_url(key: str) -> None:
    url = "https://token.actions.githubusercontent.com"
    iam = boto3.client("iam")
    iam.create_open_id_connect_provider(Url="https://token.actions.githubusercontent.com.evil.example")
    made = iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"])["OpenIDConnectProviderArn"]
    token = "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider"
    found = plain_map(invoke(token, {key: {"arn": made, "url": url}[key]}))
    assert (found["arn"], found["id"], found["clientIdLists"]) == (made, made, ["sts.amazonaws.com"])


MISSING: Mapping[str, tuple[str, Props, str]] = {
    "vpc": ("aws:ec2/getVpc:getVpc", {"id": "vpc-0123"}, "no matching EC2 VPC found in us-east-1"),
    "no id": ("aws:ec2/getVpc:getVpc", {}, "id is required"),
    "role": ("aws:iam/getRole:getRole", {"name": "nobody"}, "reading IAM Role (nobody): couldn't find resource"),
    "provider": (
        "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider",
        {"url": "https://token.actions.githubusercontent.com"},
        "reading IAM OIDC Provider (https://token.actions",
    ),
    "neither": ("aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider", {}, "give one of arn and url"),
}


@pytest.mark.parametrize(("token", "args", "words"), MISSING.values(), ids=MISSING)
def test_what_a_function_does_not_find_is_named(token: str, args: Props, words: str) -> None:
    with pytest.raises(StandInError, match=re.escape(words)):
        invoke(token, args)


@pytest.mark.parametrize(
    ("token", "args"),
    [
        ("aws:s3/getBucket:getBucket", {}),
        ("aws:index/getRegion:getRegion", {"region": "eu-west-1"}),
        ("aws:index/getCallerIdentity:getCallerIdentity", {"shiny": "x"}),
    ],
    ids=["function", "region", "argument"],
)
def test_invokes_refuse_what_is_not_implemented(token: str, args: Props) -> None:
    with pytest.raises(StandInError, match="not implemented by the stand-in"):
        invoke(token, args)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said AWS"}}, "CreateRepository")


ERRORS: Mapping[str, tuple[Exception, str]] = {
    "denied": (
        refusal("AccessDeniedException"),
        "CreateRepository failed with AccessDeniedException: said AWS; .*IAM policy",
    ),
    "throttled": (refusal("ThrottlingException"), "repeat in a minute"),
    "expired": (refusal("ExpiredTokenException"), "sign in again"),
    "kms": (refusal("KmsException"), "enable the key"),
    "gone": (refusal("NoSuchEntity"), "run `pulumi refresh`"),
    "principal": (refusal("InvalidParameterException"), "must be there before it is named"),
    "document": (refusal("MalformedPolicyDocument"), "correct the policy document"),
    "exists": (refusal("EntityAlreadyExists"), "pulumi import"),
    "in use": (refusal("DependencyViolation"), "remove that first"),
    "emulator": (refusal("InvalidAction"), "AWS_ENDPOINT_URL"),
    "unmapped": (refusal("SomethingNew"), "CreateRepository failed with SomethingNew: said AWS$"),
    "no credentials": (NoCredentialsError(), "no usable AWS credentials.*AWS_PROFILE"),
    "down": (EndpointConnectionError(endpoint_url="http://localhost:1"), "http://localhost:1 cannot be reached"),
}


@pytest.mark.parametrize(("exc", "words"), ERRORS.values(), ids=ERRORS)
def test_aws_errors_say_what_to_do(exc: Exception, words: str) -> None:
    assert re.search(words, explain(exc) or "")


def test_provider_settings_that_are_not_implemented_are_refused() -> None:
    given = {"region": wrap("us-east-1"), "defaultTags": wrap('{"tags":{}}'), "skipRegionValidation": wrap("true")}
    answer = asyncio.run(AwsProvider().check_config(sdk.CheckRequest("urn", {}, given, b"")))
    assert [one.reason.split(" is ")[0] for one in answer.failures or []] == ["provider setting defaultTags"]
