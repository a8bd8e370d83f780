"""boto3 for the `aws` stand-in: one session, clients with deadlines, and AWS errors in words."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import boto3
from botocore import exceptions as boto
from botocore.config import Config

from local.plugins.errors import StandInError
from local.plugins.values import Plain, Props

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_sts import STSClient

CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "max_attempts": 3},
    max_pool_connections=32,  # as many as the server's threads
)
_CREDENTIALS = "check AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_ADVICE = {
    "AccessDenied": "the credentials in use lack this permission: add it to their IAM policy, or use others",
    "ExpiredToken": "the session has ended: sign in again (aws sso login), then repeat",
    "InvalidToken": f"the credentials are not valid here: {_CREDENTIALS}",
    "Throttling": "AWS asks for fewer requests and retries did not help: repeat in a minute",
    "Kms": "the KMS key cannot be used: enable the key, and let its policy allow this caller",
    "NotFound": "correct its name or make it first; if it was deleted by hand, run `pulumi refresh`",
    "RepositoryNotEmptyException": "set forceDelete: true and run `pulumi up`, or delete the images first",
    "LimitExceededException": "an account quota is reached: delete what is unused, or ask AWS for more",
    "Invalid": "correct what the message names; a principal that it does not find must be there before it is named",
    "Policy": "correct the policy document; a principal that was made moments ago can take AWS a minute to know",
    "Exists": "adopt it (pulumi import TYPE NAME ID), delete it, or choose another name",
    "InUse": "something still needs it: remove that first",
    "NotSupported": "the endpoint does not offer this operation: is AWS_ENDPOINT_URL an emulator?",
}
_GROUPS = {
    "AccessDeniedException": "AccessDenied",
    "UnauthorizedOperation": "AccessDenied",
    "AuthorizationError": "AccessDenied",
    "ExpiredTokenException": "ExpiredToken",
    "RequestExpired": "ExpiredToken",
    "UnrecognizedClientException": "InvalidToken",
    "InvalidClientTokenId": "InvalidToken",
    "InvalidSignatureException": "InvalidToken",
    "SignatureDoesNotMatch": "InvalidToken",
    "ThrottlingException": "Throttling",
    "TooManyRequestsException": "Throttling",
    "RequestLimitExceeded": "Throttling",
    "KmsException": "Kms",
    "DisabledException": "Kms",
    "KMSInvalidStateException": "Kms",
    "NoSuchEntity": "NotFound",
    "InvalidParameterException": "Invalid",
    "InvalidParameter": "Invalid",
    "InvalidParameterValue": "Invalid",
    "InvalidInput": "Invalid",
    "ValidationError": "Invalid",
    "ValidationException": "Invalid",
    "MalformedPolicyDocument": "Policy",
    "MalformedPolicyDocumentException": "Policy",
    "EntityAlreadyExists": "Exists",
    "ResourceExistsException": "Exists",
    "ResourceInUseException": "Exists",
    "InvalidGroup.Duplicate": "Exists",
    "PullThroughCacheRuleAlreadyExistsException": "Exists",
    "TemplateAlreadyExistsException": "Exists",
    "DeleteConflict": "InUse",
    "DependencyViolation": "InUse",
    "LimitExceeded": "LimitExceededException",
    "InvalidAction": "NotSupported",
    "UnknownOperationException": "NotSupported",
}


def code_of(exc: boto.ClientError) -> str:
    """The AWS error code, or an empty string."""
    return exc.response.get("Error", {}).get("Code", "")


def explain(exc: Exception) -> str | None:
    """Operation, code, AWS's message and what to do; None for an error that is not AWS's."""
    if isinstance(exc, boto.ClientError):
        code = code_of(exc)
        group = _GROUPS.get(code, "NotFound" if "NotFound" in code else code)
        said = exc.response.get("Error", {}).get("Message", "")
        advice = _ADVICE.get(group)
        return f"{exc.operation_name} failed with {code}: {said}" + (f"; {advice}" if advice else "")
    if isinstance(exc, boto.NoCredentialsError | boto.PartialCredentialsError | boto.CredentialRetrievalError):
        return f"no usable AWS credentials: {exc}; {_CREDENTIALS}"
    if isinstance(exc, boto.ProfileNotFound | boto.NoRegionError | boto.TokenRetrievalError | boto.SSOError):
        return f"{exc}; check AWS_PROFILE and aws:region"
    if isinstance(exc, boto.HTTPClientError | boto.ConnectionError):
        endpoint = getattr(exc, "kwargs", {}).get("endpoint_url") or endpoint_url() or "AWS"
        return f"{type(exc).__name__}: {endpoint} cannot be reached; is it running, and is AWS_ENDPOINT_URL right?"
    if isinstance(exc, boto.BotoCoreError):
        return f"{type(exc).__name__}: {exc}"
    return None


def endpoint_url() -> str:
    """The emulator's address, or an empty string for AWS itself (boto3 reads the same variables)."""
    return os.environ.get("AWS_ENDPOINT_URL_ECR") or os.environ.get("AWS_ENDPOINT_URL") or ""


def registry_host() -> str:
    """Where the emulator's registry listens, or an empty string for AWS itself.

    An emulator's API names AWS's registry host, whereas its registry is on its own port (seen with MiniStack 1.5.33).
    """
    return urlsplit(endpoint_url()).netloc


class Cloud:
    """One account and Region. Clients are made on first use, so that a preview of nothing needs no credentials."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._region = ""
        self._profile = ""
        self._session: boto3.Session | None = None
        self._clients: dict[str, object] = {}

    def configure(self, region: str, profile: str) -> None:
        """Takes the provider's settings; empty ones leave the choice to the environment and the AWS config files."""
        self._region, self._profile = region, profile

    @property
    def region(self) -> str:
        """The Region in use. Raises: StandInError when none is set."""
        region = self._region or os.environ.get("AWS_REGION") or self.session.region_name
        if not region:
            raise StandInError("no AWS Region; run: pulumi config set aws:region REGION (or set AWS_REGION)")
        return region

    @property
    def partition(self) -> str:
        """The partition of the Region in use."""
        return str(self.session.get_partition_for_region(self.region))

    @property
    def session(self) -> boto3.Session:
        """The boto3 session."""
        if self._session is None:
            self._session = boto3.Session(profile_name=self._profile or None)
        return self._session

    def call(self, service: str, operation: str, request: Mapping[str, Plain]) -> Props:
        """One call of an AWS API by its boto3 name; what it answers, as plain values.

        A parameter of None is left out. botocore checks the names and kinds of the others.
        """
        method = cast("Callable[..., Mapping[str, object]]", getattr(self._client(service), operation))
        answer = method(**{key: value for key, value in request.items() if value is not None})
        return {key: _plain(value) for key, value in answer.items() if key != "ResponseMetadata"}

    @property
    def ecr(self) -> ECRClient:
        """The ECR client."""
        return cast("ECRClient", self._client("ecr"))

    @property
    def kms(self) -> KMSClient:
        """The KMS client."""
        return cast("KMSClient", self._client("kms"))

    @property
    def sts(self) -> STSClient:
        """The STS client."""
        return cast("STSClient", self._client("sts"))

    def _client(self, service: str) -> object:
        with self._lock:  # making clients is not thread-safe in boto3, using them is
            if service not in self._clients:
                make = cast("type[object]", self.session.client)
                self._clients[service] = make(service, region_name=self.region, config=CONFIG)  # type: ignore[call-arg]
            return self._clients[service]


def _plain(value: object) -> Plain:
    """An answer's value as plain Python; a time becomes text, as in the official plugin's outputs."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value if value is None or isinstance(value, bool | int | float) else str(value)
