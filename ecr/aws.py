"""Calls to AWS. The only module that sees boto3's exceptions: callers get `RemoteError` or a value."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ecr import oci
from ecr.build import CONTENT_LABEL
from ecr.errors import RemoteError
from ecr.publication import PublishedImage
from ecr.reference import RepositoryUrl, is_digest
from ecr.repository import Encryption, EncryptionType

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 5})

# Codes that botocore's retries gave up on, or that pass by themselves.
_TEMPORARY = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "ServerException", "ServiceUnavailable",
     "RequestTimeout", "InternalFailure", "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"}
)  # fmt: skip

_SET_REGION = "run: pulumi config set aws:region REGION"
_SIGN_IN = "sign in to AWS, or name a profile that is signed in with aws:profile or AWS_PROFILE"
_CHECK_NETWORK = "check the network, the Region and AWS_ENDPOINT_URL"
_LATER = "run the command again later"

_HINTS = {
    "AccessDeniedException": "the credentials in use lack this permission on the repository",
    "UnrecognizedClientException": "the credentials are not valid in this Region, or the Region is not enabled",
    "InvalidClientTokenId": "the credentials are not valid, or the Region is not enabled for the account",
    "ExpiredTokenException": "the session has expired; sign in again",
    "ExpiredToken": "the session has expired; sign in again",
    "InvalidSignatureException": "the secret key does not fit, or this machine's clock is wrong",
    "KmsException": "the repository's KMS key is disabled, deleted or not usable with these credentials",
    "KmsError": "the repository's KMS key is disabled, deleted or not usable with these credentials",
    "ThrottlingException": f"AWS is limiting the request rate; {_LATER}",
    "ServerException": f"ECR failed on its side; {_LATER}",
    # botocore's own: the request was not sent, or not answered.
    "NoRegionError": _SET_REGION,
    "InvalidRegionError": _SET_REGION,
    "NoCredentialsError": _SIGN_IN,
    "PartialCredentialsError": _SIGN_IN,
    "ProfileNotFound": "correct aws:profile or AWS_PROFILE",
    "EndpointConnectionError": _CHECK_NETWORK,
    "ConnectTimeoutError": _CHECK_NETWORK,
    "ReadTimeoutError": _CHECK_NETWORK,
    "ValueError": "correct AWS_ENDPOINT_URL",
}


class EcrRepository:
    """One ECR repository, named, in one account and Region.

    Args:
        name: the repository's name; it need not exist.
        region: the AWS Region; None takes what boto3 finds in the environment or the profile.
        profile: the profile of the AWS configuration files; None takes boto3's default.
    """

    def __init__(self, name: str, *, region: str | None = None, profile: str | None = None) -> None:
        self.name = name
        self._region = region
        self._profile = profile

    def find_image(self, tag: str) -> PublishedImage | None:
        """What the repository holds under `tag`; None when there is no such repository or tag.

        Needs ecr:BatchGetImage, and for the content digest ecr:GetAuthorizationToken and ecr:GetDownloadUrlForLayer.

        Raises:
            RemoteError: when AWS or the registry refuses or can't be reached; that never means an absent image.
        """
        client = self._client
        image = self._batch_get_image(client, {"imageTag": tag})
        if image is None:
            return None
        digest, manifest = image
        return PublishedImage(tag=tag, digest=digest, content_digest=self._content_digest(client, manifest))

    def can_stay(self, encryption: Encryption) -> bool:
        """Whether the repository stays when it is to be encrypted like this, and is not replaced.

        ECR can't change the encryption of a repository (API reference, CreateRepository). A key that is made for the
        repository counts as the one in use: its ARN is known to the state only.

        Raises:
            RemoteError: when AWS refuses or can't be reached.
        """
        client = self._client
        with self._errors("DescribeRepositories"):
            try:
                answer = client.describe_repositories(repositoryNames=[self.name])
            except client.exceptions.RepositoryNotFoundException:
                return False
        live = answer["repositories"][0].get("encryptionConfiguration")
        if live is None:
            return encryption.type is EncryptionType.AES256
        same_type = live["encryptionType"] == encryption.type.value
        return same_type and encryption.key_arn in (None, live.get("kmsKey"))

    @cached_property
    def _client(self) -> ECRClient:
        with self._errors("Connect"):
            # AWS_REGION first, as Pulumi's provider has it; boto3 by itself reads AWS_DEFAULT_REGION only.
            region = self._region or os.environ.get("AWS_REGION") or None
            session = boto3.Session(region_name=region, profile_name=self._profile)
            return session.client("ecr", config=_CONFIG)

    def _batch_get_image(self, client: ECRClient, image_id: ImageIdentifierTypeDef) -> tuple[str, str] | None:
        with self._errors("BatchGetImage"):
            try:
                answer = client.batch_get_image(
                    repositoryName=self.name,
                    imageIds=[image_id],
                    acceptedMediaTypes=sorted(oci.INDEX_MEDIA_TYPES | oci.MANIFEST_MEDIA_TYPES),
                )
            except client.exceptions.RepositoryNotFoundException:
                return None
        for failure in answer.get("failures", []):
            code = failure.get("failureCode", "")
            if code == "ImageNotFound":
                return None
            raise self._remote_error("BatchGetImage", code, failure.get("failureReason", ""))
        for image in answer.get("images", []):
            digest = image.get("imageId", {}).get("imageDigest", "")
            if is_digest(digest):
                return digest, image.get("imageManifest", "")
        raise self._remote_error("BatchGetImage", "MalformedAnswer", "the answer holds neither the image nor a failure")

    def _content_digest(self, client: ECRClient, manifest: str) -> str | None:
        """What the image says that it was made of; None for an image that does not say."""
        try:
            if children := oci.platform_manifests(manifest):
                child = self._batch_get_image(client, {"imageDigest": children[0].digest})
                manifest = child[1] if child else "{}"
            config = oci.config_descriptor(manifest)
            if config is None:
                return None
            blob = oci.fetch_blob(self._registry(client), self.name, config)
            return oci.config_labels(blob).get(CONTENT_LABEL) or None
        except ValueError as error:
            raise self._remote_error("BatchGetImage", "MalformedManifest", str(error)) from error

    def _registry(self, client: ECRClient) -> oci.Registry:
        with self._errors("DescribeRepositories"):
            answer = client.describe_repositories(repositoryNames=[self.name])
        host = RepositoryUrl.parse(answer["repositories"][0]["repositoryUri"]).host
        with self._errors("GetAuthorizationToken"):
            token = client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        return oci.Registry(_registry_base_url(client.meta.endpoint_url, host), host, f"Basic {token}")

    @contextmanager
    def _errors(self, operation: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            details = error.response.get("Error", {})
            request_id = error.response.get("ResponseMetadata", {}).get("RequestId", "")
            code = details.get("Code", "Unknown")
            raise self._remote_error(operation, code, details.get("Message", ""), request_id) from error
        except (BotoCoreError, ValueError) as error:
            # A ValueError is botocore's way to refuse an endpoint that is no address.
            raise self._remote_error(operation, type(error).__name__, str(error)) from error

    def _remote_error(self, operation: str, code: str, reason: str, request_id: str = "") -> RemoteError:
        advice = _HINTS.get(code, _LATER if code in _TEMPORARY else "")
        hint = f"; {advice}" if advice else ""
        trace = f" (request {request_id})" if request_id else ""
        return RemoteError(
            f"repository {self.name}: ecr {operation} failed with {code}: {_one_line(reason)}{hint}{trace}",
            service="ecr",
            operation=operation,
            code=code,
            request_id=request_id,
            temporary=code in _TEMPORARY,
        )


def _registry_base_url(ecr_endpoint: str, registry_host: str) -> str:
    """Where the registry is reached: at its own host, or where an endpoint override (AWS_ENDPOINT_URL) sends ECR.

    AWS's own endpoints, VPC endpoints included, end as the registry host does after its Region, or in `.api.aws`
    (AWS General Reference, "Amazon ECR endpoints and quotas"; the suffix differs by partition).
    """
    suffix = registry_host.partition(".dkr.ecr.")[2].partition(".")[2]
    parts = urlsplit(ecr_endpoint)
    host = parts.hostname or ""
    if host.endswith((f".{suffix}", ".api.aws", ".api.amazonwebservices.com.cn")):
        return f"https://{registry_host}"
    return f"{parts.scheme}://{parts.netloc}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
