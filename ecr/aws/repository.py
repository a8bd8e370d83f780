"""One ECR repository, asked through boto3."""

from __future__ import annotations

import os
from base64 import b64decode
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader, create_loader
from botocore.utils import parse_timestamp

from ecr.aws import answers, errors
from ecr.build import CONTENT_LABEL
from ecr.oci import manifest as manifests
from ecr.oci.credentials import Credentials
from ecr.oci.registry import Location, Registry
from ecr.oci.repository import fetch_blob
from ecr.publication import PublishedImage
from ecr.reference import RepositoryUrl, is_digest
from ecr.repository import Encryption, EncryptionType, ImageDetails, Mutability, TagMutability

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef, RepositoryTypeDef

    from ecr.aws.usage import InspectorClient

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 5})

# ECR user guide, "Service quotas": requests a second of PutImage, of InitiateLayerUpload and CompleteLayerUpload; the
# largest layer. A registry whose quotas have been raised is asked more slowly than need be.
_PUT_IMAGE_RATE = 10.0
_LAYER_UPLOAD_RATE = 100.0
_MAX_LAYER_BYTES = 52_000 << 20


class RegistryId(TypedDict, total=False):
    """How boto3 is told whose registry is meant; empty for the caller's own."""

    registryId: str


class EcrRepository:
    """One ECR repository, named, in one account and Region.

    Args:
        name: the repository's name; it need not exist.
        region: the AWS Region; None takes what boto3 finds in the environment or the profile.
        profile: the profile of the AWS configuration files; None takes boto3's default.
        account: the 12 digits of the account that owns the registry; None for the caller's own.
    """

    def __init__(
        self, name: str, *, region: str | None = None, profile: str | None = None, account: str | None = None
    ) -> None:
        self.name = name
        self._region = region
        self._profile = profile
        self.registry_id: RegistryId = {"registryId": account} if account else {}

    def find_image(self, tag: str) -> PublishedImage | None:
        """What the repository holds under `tag`; None when there is no such repository or tag.

        Needs ecr:BatchGetImage, and for the content digest ecr:GetAuthorizationToken and ecr:GetDownloadUrlForLayer.

        Raises:
            RemoteError: when AWS or the registry refuses or can't be reached; that never means an absent image.
        """
        image = self._batch_get_image({"imageTag": tag})
        if image is None:
            return None
        digest, manifest = image
        return PublishedImage(tag=tag, digest=digest, content_digest=self._content_digest(manifest))

    def find_digest(self, tag: str) -> str | None:
        """The digest that `tag` names; None when there is no such repository or tag.

        Raises:
            RemoteError: as `find_image`.
        """
        image = self._batch_get_image({"imageTag": tag})
        return image[0] if image else None

    def holds(self, digest: str) -> bool:
        """Whether the repository has the image of this digest. Needs ecr:BatchGetImage, which whoever may pull has.

        Raises:
            RemoteError: as `find_image`.
        """
        return self._batch_get_image({"imageDigest": digest}) is not None

    def describe_image(self, digest: str) -> ImageDetails | None:
        """Tags and age of an image; None when the repository does not hold it, or is not there.

        Needs ecr:DescribeImages.

        Raises:
            RemoteError: when AWS refuses or can't be reached.
        """
        with self.errors("DescribeImages"):
            try:
                answer = self.client.describe_images(
                    repositoryName=self.name, imageIds=[{"imageDigest": digest}], **self.registry_id
                )
            except (self.client.exceptions.RepositoryNotFoundException, self.client.exceptions.ImageNotFoundException):
                return None
        with self.reading("DescribeImages"):
            if not answer["imageDetails"]:
                return None  # an emulator's way to say so (MiniStack 1.5.33)
            image = answer["imageDetails"][0]
            return ImageDetails(
                digest=answers.digest(image["imageDigest"], "imageDigest"),
                tags=tuple(sorted(answers.texts(image.get("imageTags", ()), "a tag"))),
                pushed_at=image.get("imagePushedAt"),
            )

    def tag_mutability(self) -> TagMutability | None:
        """Which of its tags can be moved; None when there is no such repository.

        Raises:
            RemoteError: when AWS refuses or can't be reached.
        """
        found = self._describe()
        if found is None:
            return None
        with self.reading("DescribeRepositories"):
            filters = found.get("imageTagMutabilityExclusionFilters", ())
            mutability = Mutability(found.get("imageTagMutability", Mutability.MUTABLE))
            return TagMutability(mutability, answers.texts((entry["filter"] for entry in filters), "a filter"))

    def scan_type(self) -> str:
        """`BASIC` or `ENHANCED`: what scans the images of the caller's registry.

        Needs ecr:GetRegistryScanningConfiguration.

        Raises:
            RemoteError: when AWS refuses or can't be reached.
        """
        with self.errors("GetRegistryScanningConfiguration"):
            answer = self.client.get_registry_scanning_configuration()
        with self.reading("GetRegistryScanningConfiguration"):
            # Where nobody has configured anything, scans are basic (API reference, PutRegistryScanningConfiguration).
            return answers.text(answer["scanningConfiguration"].get("scanType", "BASIC"), "scanType")

    def can_stay(self, encryption: Encryption) -> bool:
        """Whether the repository stays when it is to be encrypted like this, and is not replaced.

        ECR can't change the encryption of a repository (API reference, CreateRepository). A key that is made for the
        repository counts as the one in use: its ARN is known to the state only.

        Raises:
            RemoteError: when AWS refuses or can't be reached.
        """
        found = self._describe()
        if found is None:
            return False
        with self.reading("DescribeRepositories"):
            live = found.get("encryptionConfiguration")
            if live is None:
                return encryption.type is EncryptionType.AES256
            same_type = live["encryptionType"] == encryption.type.value
            return same_type and encryption.key_arn in (None, live.get("kmsKey"))

    @property
    def region(self) -> str:
        """The Region in use, such as `eu-west-1`."""
        return self.client.meta.region_name

    def own_account(self) -> str:
        """The 12 digits of the account that the credentials belong to, and so of its registry. Needs no permission.

        Raises:
            RemoteError: when AWS refuses or can't be reached.
        """
        with errors.connecting(self.name, service="sts"):
            client = self._session.client("sts", config=_CONFIG)
        with errors.translated(self.name, "GetCallerIdentity", service="sts"):
            return client.get_caller_identity()["Account"]

    def location(self, host: str | None = None) -> Location:
        """Where the distribution protocol reaches this repository; signs in when it is first used.

        Needs ecr:GetAuthorizationToken, and ecr:DescribeRepositories unless the host is given.

        Args:
            host: the registry host, where it is known; None asks ECR.

        Raises:
            RemoteError: when AWS refuses or can't be reached, or there is no such repository.
        """
        if host is None:
            with self.errors("DescribeRepositories"):
                answer = self.client.describe_repositories(repositoryNames=[self.name], **self.registry_id)
            with self.reading("DescribeRepositories"):
                host = RepositoryUrl.parse(answer["repositories"][0]["repositoryUri"]).host
        registry = Registry(
            _registry_base_url(self.client.meta.endpoint_url, host),
            host,
            self._sign_in,
            put_manifest_rate=_PUT_IMAGE_RATE,
            upload_rate=_LAYER_UPLOAD_RATE,
            max_blob_bytes=_MAX_LAYER_BYTES,
            sign_in_first=True,
            sign_in_advice="sign in to AWS with credentials that may read this repository",
            api_url=self.client.meta.endpoint_url,
        )
        return Location(registry, self.name, f"{host}/{self.name}")

    @cached_property
    def client(self) -> ECRClient:
        """boto3's client for the repository's Region; for this package."""
        with errors.connecting(self.name):
            return self._session.client("ecr", config=_CONFIG)

    def inspector(self) -> InspectorClient:
        """boto3's client for Amazon Inspector in the repository's Region; for this package."""
        with errors.connecting(self.name, service="inspector2"):
            client: InspectorClient = self._session.client("inspector2", config=_CONFIG)
        return client

    @cached_property
    def _session(self) -> boto3.Session:
        # AWS_REGION first, as Pulumi's provider has it; boto3 by itself reads AWS_DEFAULT_REGION only.
        region = self._region or os.environ.get("AWS_REGION") or None
        core = botocore.session.get_session()
        core.register_component("data_loader", _models(core.get_config_variable("data_path")))
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_timestamp)
        return boto3.Session(region_name=region, profile_name=self._profile, botocore_session=core)

    def errors(self, operation: str) -> AbstractContextManager[None]:
        """Turns what boto3 raises inside into `RemoteError`; for this package."""
        return errors.translated(self.name, operation)

    def reading(self, operation: str) -> AbstractContextManager[None]:
        """Turns what an answer of the wrong shape raises inside into `RemoteError`; for this package."""
        return errors.reading(self.name, operation)

    def _describe(self) -> RepositoryTypeDef | None:
        with self.errors("DescribeRepositories"):
            try:
                answer = self.client.describe_repositories(repositoryNames=[self.name], **self.registry_id)
            except self.client.exceptions.RepositoryNotFoundException:
                return None
        with self.reading("DescribeRepositories"):
            found = answer["repositories"][0]
            if not isinstance(found, dict):
                raise ValueError("a repository is no object")  # noqa: TRY004 (wrong data, not a wrong type)
            return found

    def _batch_get_image(self, image_id: ImageIdentifierTypeDef) -> tuple[str, str] | None:
        with self.errors("BatchGetImage"):
            try:
                answer = self.client.batch_get_image(
                    repositoryName=self.name,
                    imageIds=[image_id],
                    acceptedMediaTypes=sorted(manifests.INDEX_MEDIA_TYPES | manifests.MANIFEST_MEDIA_TYPES),
                    **self.registry_id,
                )
            except self.client.exceptions.RepositoryNotFoundException:
                return None
        with self.reading("BatchGetImage"):
            for failure in answer.get("failures", []):
                code = answers.text(failure.get("failureCode", "Unknown"), "failureCode")
                if code == "ImageNotFound":
                    return None
                reason = answers.text(failure.get("failureReason", ""), "failureReason")
                raise errors.remote_error(self.name, "BatchGetImage", code, reason)
            for image in answer.get("images", []):
                digest = image.get("imageId", {}).get("imageDigest", "")
                if is_digest(digest):
                    return digest, answers.text(image.get("imageManifest", ""), "imageManifest")
            raise ValueError("it holds neither the image nor a failure")

    def _content_digest(self, manifest: str) -> str | None:
        """What the image says that it was made of; None for an image that does not say."""
        try:
            if children := manifests.platform_manifests(manifest):
                child = self._batch_get_image({"imageDigest": children[0].digest})
                manifest = child[1] if child else "{}"
            config = manifests.config_descriptor(manifest)
            if config is None:
                return None
            blob = fetch_blob(self.location().registry, self.name, config)
            return manifests.config_labels(blob).get(CONTENT_LABEL) or None
        except ValueError as error:
            raise errors.remote_error(self.name, "BatchGetImage", "MalformedManifest", str(error)) from error

    def _sign_in(self) -> Credentials:
        """A new token, good for 12 hours at every registry of the Region that the caller may use.

        Raises:
            RemoteError: when AWS refuses or can't be reached.
        """
        with self.errors("GetAuthorizationToken"):
            answer = self.client.get_authorization_token()
        with self.reading("GetAuthorizationToken"):
            token = b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
        username, _, password = token.partition(":")
        return Credentials(username, password)


@cache
def _models(data_path: str | None) -> Loader:
    """boto3's descriptions of AWS services, which all sessions share: each would parse megabytes of its own."""
    return create_loader(data_path)


def _timestamp(value: float | str) -> datetime:
    """A time as ECR sends it, seconds since 1970, in UTC.

    botocore looks up this machine's zone for each, which takes longer than all else about an image.
    """
    if isinstance(value, int | float):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError):
            pass  # botocore has words for it
    return parse_timestamp(str(value))


_AWS_DOMAINS = (
    ".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn", ".c2s.ic.gov", ".sc2s.sgov.gov",
    ".cloud.adc-e.uk", ".csp.hci.ic.gov", ".amazonaws.eu",
)  # fmt: skip


def _registry_base_url(ecr_endpoint: str, registry_host: str) -> str:
    """Where the registry is reached: at its own host, or where an endpoint override (AWS_ENDPOINT_URL) sends ECR.

    AWS's own endpoints, VPC endpoints included, are in one of its domains, which differ by partition (AWS General
    Reference, "Amazon ECR endpoints and quotas").
    """
    parts = urlsplit(ecr_endpoint)
    if (parts.hostname or "").endswith(_AWS_DOMAINS):
        return f"https://{registry_host}"
    return f"{parts.scheme}://{parts.netloc}"
