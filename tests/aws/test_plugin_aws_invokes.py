"""The functions, settings and error texts of the `aws` stand-in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from moto import mock_aws
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins.aws import AwsProvider
from local.plugins.aws_cloud import Cloud, explain
from local.plugins.errors import StandInError
from local.plugins.values import Props, plain, plain_map, wrap, wrap_map

Wrapped = dict[str, PropertyValue]


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


def invoke(token: str, args: Props | None = None) -> Wrapped:
    cloud = Cloud()
    cloud.configure("us-east-1", "")
    answer = asyncio.run(AwsProvider(cloud).invoke(sdk.InvokeRequest(token, wrap_map(args or {}))))
    return answer.return_value or {}


def test_the_token_is_secret_and_the_user_is_not() -> None:
    token = invoke("aws:ecr/getAuthorizationToken:getAuthorizationToken")
    assert {key for key, value in token.items() if value.is_secret} == {"authorizationToken", "password"}
    assert plain(token["userName"]) == "AWS"
    assert str(plain(token["expiresAt"])).endswith("Z")


def test_identity_and_region() -> None:
    assert plain(invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"]) == "123456789012"
    region = plain_map(invoke("aws:index/getRegion:getRegion"))
    assert (region["name"], region["endpoint"]) == ("us-east-1", "ec2.us-east-1.amazonaws.com")


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
