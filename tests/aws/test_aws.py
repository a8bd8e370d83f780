from __future__ import annotations

import json
import os
import re
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import boto3
import pytest
from botocore.config import Config
from botocore.stub import ANY, Stubber
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws
from mypy_boto3_ecr import ECRClient
from mypy_boto3_ecr.type_defs import EncryptionConfigurationTypeDef

from ecr.aws import EcrRepository, errors, repository
from ecr.errors import ExitCode, RemoteError
from ecr.lifecycle import validation
from ecr.oci.credentials import Credentials
from ecr.oci.manifest import Descriptor
from ecr.oci.registry import Registry
from ecr.publication import PublishedImage
from ecr.reference import is_repository_name
from ecr.repository import MAX_EXCLUSIONS, Encryption, EncryptionType, Mutability, is_exclusion
from tests.aws import test_sign_in

NAME, REGION, TAG = "dev/yoon-app", "ap-northeast-2", "v1.0.0"
HOST = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
CONTENT = "0123456789abcdef" * 4
DIGEST, CHILD_DIGEST, CONFIG_DIGEST = (f"sha256:{letter * 64}" for letter in "abc")
PASSWORD = "made-up-password"
TOKEN = b64encode(f"AWS:{PASSWORD}".encode()).decode()

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG = Descriptor("application/vnd.oci.image.config.v1+json", CONFIG_DIGEST, 7)
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": CONFIG.media_type, "digest": CONFIG_DIGEST, "size": 7},
        "layers": [],
    }
)


def image_config(labels: object) -> bytes:
    return json.dumps({"architecture": "amd64", "config": {"Labels": labels}}).encode()


LABELLED = image_config({"container-registry.content-digest": CONTENT})


# ---------------------------------------------------------------------------------------------------------------------
# Surroundings: no credentials, files or endpoints of this machine
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def _signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up-key")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@dataclass
class Blobs:
    """Stands in for the registry's HTTP side, and records what was asked of it."""

    content: bytes = LABELLED
    error: RemoteError | None = None
    asked: list[tuple[Registry, str, Descriptor]] = field(default_factory=list)
    signed_in: list[Credentials | None] = field(default_factory=list)

    def fetch(self, registry: Registry, repository: str, blob: Descriptor) -> bytes:
        self.signed_in.append(registry.sign_in())
        self.asked.append((registry, repository, blob))
        if self.error is not None:
            raise self.error
        return self.content


@pytest.fixture
def blobs(monkeypatch: pytest.MonkeyPatch) -> Blobs:
    stand_in = Blobs()
    monkeypatch.setattr(repository, "fetch_blob", stand_in.fetch)
    return stand_in


# ---------------------------------------------------------------------------------------------------------------------
# Against moto: what is there and what is not
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ecr(_signed_in: None) -> Iterator[ECRClient]:
    with mock_aws():
        yield boto3.client("ecr", region_name=REGION)


def push(client: ECRClient, manifest: str, media_type: str, **tag: str) -> str:
    """Put an image; its digest comes back."""
    answer = client.put_image(repositoryName=NAME, imageManifest=manifest, imageManifestMediaType=media_type, **tag)
    return str(answer["image"]["imageId"]["imageDigest"])


@pytest.mark.usefixtures("ecr")
def test_without_the_repository_there_is_no_image(blobs: Blobs) -> None:
    assert EcrRepository(NAME, region=REGION).find_image(TAG) is None
    assert blobs.asked == []


def test_without_the_tag_there_is_no_image(ecr: ECRClient, blobs: Blobs) -> None:
    ecr.create_repository(repositoryName=NAME)
    push(ecr, MANIFEST, MANIFEST_TYPE, imageTag="v0.9.0")
    assert EcrRepository(NAME, region=REGION).find_image(TAG) is None
    assert blobs.asked == []


def test_an_image_is_found_with_its_digest_and_what_it_was_made_of(ecr: ECRClient, blobs: Blobs) -> None:
    ecr.create_repository(repositoryName=NAME)
    digest = push(ecr, MANIFEST, MANIFEST_TYPE, imageTag=TAG)
    assert EcrRepository(NAME, region=REGION).find_image(TAG) == PublishedImage(
        tag=TAG, digest=digest, content_digest=CONTENT
    )
    ((registry, repository, blob),) = blobs.asked
    assert (registry.base_url, registry.host, repository, blob) == (f"https://{HOST}", HOST, NAME, CONFIG)
    (credentials,) = blobs.signed_in
    assert credentials is not None
    assert credentials.username == "AWS"


def test_the_region_may_come_from_the_environment(ecr: ECRClient, blobs: Blobs) -> None:
    ecr.create_repository(repositoryName=NAME)
    push(ecr, MANIFEST, MANIFEST_TYPE, imageTag=TAG)
    assert EcrRepository(NAME).find_image(TAG) is not None
    assert blobs.asked[0][0].host == HOST


# ---------------------------------------------------------------------------------------------------------------------
# Answers put word by word
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client() -> ECRClient:
    # Loading ECR's model takes a while, so one client does for all; nothing is ever sent.
    return boto3.client("ecr", region_name=REGION, aws_access_key_id="made-up-id", aws_secret_access_key="made-up-key")


@pytest.fixture
def stubber(client: ECRClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Answers for `EcrRepository`'s calls, in their order; a call without an answer fails the test."""
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: client)
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def answer_image(
    stubber: Stubber, manifest: str | None, *, digest: str = DIGEST, image_id: dict[str, str] | None = None
) -> None:
    image: dict[str, object] = {"imageId": {"imageDigest": digest, "imageTag": TAG}}
    if manifest is not None:
        image["imageManifest"] = manifest
    request = {"repositoryName": NAME, "imageIds": [image_id or {"imageTag": TAG}], "acceptedMediaTypes": ANY}
    stubber.add_response("batch_get_image", {"images": [image], "failures": []}, request)


def answer_registry(stubber: Stubber) -> None:
    stubber.add_response(
        "describe_repositories",
        {"repositories": [{"repositoryUri": f"{HOST}/{NAME}"}]},
        {"repositoryNames": [NAME]},
    )
    stubber.add_response("get_authorization_token", {"authorizationData": [{"authorizationToken": TOKEN}]}, {})


def found() -> PublishedImage | None:
    return EcrRepository(NAME, region=REGION).find_image(TAG)


def refusal(repository: EcrRepository | None = None) -> RemoteError:
    """The error of a search: one line that names the repository, with the exit code of a remote failure; never None."""
    with pytest.raises(RemoteError) as raised:
        (repository or EcrRepository(NAME, region=REGION)).find_image(TAG)
    error = raised.value
    assert error.exit_code is ExitCode.REMOTE
    assert str(error).startswith(f"repository {NAME}: ecr {error.operation} failed with {error.code}: ")
    assert "\n" not in str(error)
    assert "made-up-key" not in str(error)
    return error


def test_credentials_for_the_registry_are_the_token_of_ecr(stubber: Stubber, blobs: Blobs) -> None:
    answer_image(stubber, MANIFEST)
    answer_registry(stubber)
    assert found() == PublishedImage(tag=TAG, digest=DIGEST, content_digest=CONTENT)
    ((registry, name, blob),) = blobs.asked
    assert (registry.base_url, registry.host, name, blob) == (f"https://{HOST}", HOST, NAME, CONFIG)
    assert registry.sign_in_first
    assert blobs.signed_in == [Credentials("AWS", PASSWORD)]


def test_where_a_repository_is_reached_comes_with_what_ecr_allows(stubber: Stubber) -> None:
    answer_registry(stubber)
    location = EcrRepository(NAME, region=REGION).location()
    registry = location.registry
    assert (location.name, location.repository) == (f"{HOST}/{NAME}", NAME)
    assert (registry.put_manifest_rate, registry.upload_rate) == (10, 100)
    assert registry.max_blob_bytes == 52_000 * 1024 * 1024
    assert registry.sign_in() == Credentials("AWS", PASSWORD)
    assert PASSWORD not in repr(location)


@pytest.mark.usefixtures("stubber")
def test_a_repository_whose_host_is_known_is_located_without_a_question() -> None:
    assert EcrRepository(NAME, region=REGION).location(HOST).registry.base_url == f"https://{HOST}"


def test_only_media_types_of_images_are_asked_for(stubber: Stubber, blobs: Blobs) -> None:
    blobs.content = b"{}"
    stubber.add_response(
        "batch_get_image",
        {"images": [{"imageId": {"imageDigest": DIGEST}, "imageManifest": "{}"}]},
        {
            "repositoryName": NAME,
            "imageIds": [{"imageTag": TAG}],
            "acceptedMediaTypes": [
                "application/vnd.docker.distribution.manifest.list.v2+json",
                "application/vnd.docker.distribution.manifest.v2+json",
                "application/vnd.oci.image.index.v1+json",
                "application/vnd.oci.image.manifest.v1+json",
            ],
        },
    )
    assert found() == PublishedImage(tag=TAG, digest=DIGEST, content_digest=None)


def index(*children: tuple[str, str]) -> str:
    entries = [
        {
            "mediaType": MANIFEST_TYPE,
            "digest": digest,
            "size": 2,
            "platform": dict(zip(("os", "architecture"), platform.split("/"), strict=True)),
        }
        for digest, platform in children
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries})


def test_an_index_is_known_by_its_first_platform(stubber: Stubber, blobs: Blobs) -> None:
    attestation, other = f"sha256:{'0' * 64}", f"sha256:{'9' * 64}"
    children = index((attestation, "unknown/unknown"), (CHILD_DIGEST, "linux/amd64"), (other, "linux/arm64"))
    answer_image(stubber, children)
    answer_image(stubber, MANIFEST, digest=CHILD_DIGEST, image_id={"imageDigest": CHILD_DIGEST})
    answer_registry(stubber)
    assert found() == PublishedImage(tag=TAG, digest=DIGEST, content_digest=CONTENT)
    assert [blob for _, _, blob in blobs.asked] == [CONFIG]


def test_an_index_whose_child_is_gone_does_not_say_what_it_was_made_of(stubber: Stubber) -> None:
    answer_image(stubber, index((CHILD_DIGEST, "linux/amd64")))
    stubber.add_response("batch_get_image", {"failures": [{"failureCode": "ImageNotFound"}]})
    assert found() == PublishedImage(tag=TAG, digest=DIGEST, content_digest=None)


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param("{}", id="no-configuration"),
        pytest.param(index((CHILD_DIGEST, "unknown/unknown")), id="attestations-only"),
        pytest.param(index(), id="empty-index"),
    ],
)
def test_what_has_no_configuration_does_not_say_what_it_was_made_of(
    stubber: Stubber, blobs: Blobs, manifest: str
) -> None:
    answer_image(stubber, manifest)
    assert found() == PublishedImage(tag=TAG, digest=DIGEST, content_digest=None)
    assert blobs.asked == []


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(b"{}", id="no-config"),
        pytest.param(image_config(None), id="no-labels"),
        pytest.param(image_config({"maintainer": "x"}), id="other-labels"),
        pytest.param(image_config({"container-registry.content-digest": ""}), id="empty-label"),
    ],
)
def test_an_image_without_the_label_does_not_say_what_it_was_made_of(
    stubber: Stubber, blobs: Blobs, config: bytes
) -> None:
    blobs.content = config
    answer_image(stubber, MANIFEST)
    answer_registry(stubber)
    assert found() == PublishedImage(tag=TAG, digest=DIGEST, content_digest=None)


# ---------------------------------------------------------------------------------------------------------------------
# Refusals: never an absent image
# ---------------------------------------------------------------------------------------------------------------------

REFUSALS = [
    pytest.param("AccessDeniedException", False, "the credentials in use lack this permission", id="access-denied"),
    pytest.param("UnrecognizedClientException", False, "the Region is not enabled", id="unrecognized-client"),
    pytest.param("InvalidClientTokenId", False, "the credentials are not valid", id="invalid-token-id"),
    pytest.param("ExpiredTokenException", False, "the session has expired; sign in again", id="expired-token"),
    pytest.param("ExpiredToken", False, "the session has expired; sign in again", id="expired-token-of-sts"),
    pytest.param("InvalidSignatureException", False, "this machine's clock is wrong", id="signature"),
    pytest.param("KmsException", False, "KMS key is disabled, deleted or not usable", id="kms"),
    pytest.param("KmsError", False, "KMS key is disabled, deleted or not usable", id="kms-of-an-image"),
    pytest.param("ThrottlingException", True, "run the command again later", id="throttling"),
    pytest.param("Throttling", True, "run the command again later", id="throttling-short"),
    pytest.param("TooManyRequestsException", True, "run the command again later", id="too-many-requests"),
    pytest.param("ServerException", True, "run the command again later", id="server"),
    pytest.param("ServiceUnavailable", True, "run the command again later", id="service-unavailable"),
    pytest.param("InternalFailure", True, "run the command again later", id="internal-failure"),
    pytest.param("RequestTimeout", True, "run the command again later", id="request-timeout"),
    pytest.param("InternalServerException", True, "run the command again later", id="internal-of-inspector"),
    pytest.param("LifecyclePolicyPreviewInProgressException", False, "somebody else's preview runs", id="preview"),
    pytest.param("InvalidAction", False, "does not offer this operation; an emulator perhaps", id="emulator"),
    pytest.param("InvalidParameterException", False, "first second", id="invalid-parameter"),
    pytest.param("NobodyKnowsException", False, "first second", id="unknown-code"),
]


@pytest.mark.parametrize(("code", "temporary", "hint"), REFUSALS)
def test_a_refusal_says_what_to_do_and_keeps_what_a_support_case_needs(
    stubber: Stubber, code: str, hint: str, *, temporary: bool
) -> None:
    stubber.add_client_error("batch_get_image", code, "first\nsecond", 400, response_meta={"RequestId": "id-1"})
    error = refusal()
    assert (error.service, error.operation, error.code) == ("ecr", "BatchGetImage", code)
    assert (error.request_id, error.temporary) == ("id-1", temporary)
    assert hint in str(error)
    assert "failed with " + code + ": first second" in str(error)
    assert str(error).endswith(" (request id-1)")


def test_every_code_that_is_acted_on_is_in_the_table_above() -> None:
    named = {re.sub(r"(Error|NotFound)$", "", code) for code in errors._HINTS | dict.fromkeys(errors._TEMPORARY, "")}
    tabled = {re.sub(r"Error$", "", str(param.values[0])) for param in REFUSALS} | {name for name, *_ in NOT_SENT}
    ours = {"MalformedAnswer", "UnknownImageStatus"}  # see test_wrong_answers.py
    assert named - tabled == {*ours, *test_sign_in.HINTS}


@pytest.mark.parametrize("operation", ["describe_repositories", "get_authorization_token"])
def test_a_refusal_on_the_way_to_the_registry_names_its_operation(
    stubber: Stubber, blobs: Blobs, operation: str
) -> None:
    answer_image(stubber, MANIFEST)
    if operation == "get_authorization_token":
        stubber.add_response("describe_repositories", {"repositories": [{"repositoryUri": f"{HOST}/{NAME}"}]})
    stubber.add_client_error(operation, "AccessDeniedException", "no", 400)
    error = refusal()
    assert (
        error.operation
        == {
            "describe_repositories": "DescribeRepositories",
            "get_authorization_token": "GetAuthorizationToken",
        }[operation]
    )
    assert blobs.asked == []


def test_a_repository_that_goes_away_on_the_way_is_an_error(stubber: Stubber, blobs: Blobs) -> None:
    answer_image(stubber, MANIFEST)
    stubber.add_client_error("describe_repositories", "RepositoryNotFoundException", "gone", 400)
    assert refusal().code == "RepositoryNotFoundException"
    assert blobs.asked == []


def test_a_refusal_of_the_registry_comes_through_as_it_is(stubber: Stubber, blobs: Blobs) -> None:
    blobs.error = RemoteError("registry r answered 401", service="registry", operation="GetBlob", code="401")
    answer_image(stubber, MANIFEST)
    answer_registry(stubber)
    with pytest.raises(RemoteError) as raised:
        found()
    assert raised.value is blobs.error


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param({"images": [], "failures": []}, "MalformedAnswer", id="nothing"),
        pytest.param({}, "MalformedAnswer", id="empty"),
        pytest.param({"images": [{"imageManifest": MANIFEST}]}, "MalformedAnswer", id="no-digest"),
        pytest.param({"images": [{"imageId": {"imageDigest": "sha256:abc"}}]}, "MalformedAnswer", id="bad-digest"),
        pytest.param({"failures": [{"failureCode": "KmsError", "failureReason": "key"}]}, "KmsError", id="kms"),
        pytest.param({"failures": [{"failureCode": "ImageReferencedByManifestList"}]}, "ImageReferencedByManifestList",
                     id="other-failure"),
        pytest.param({"images": [{"imageId": {"imageDigest": DIGEST}}]}, "MalformedManifest", id="no-manifest"),
    ],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_is_an_error(stubber: Stubber, answer: dict[str, object], code: str) -> None:
    stubber.add_response("batch_get_image", answer)
    error = refusal()
    assert (error.operation, error.code) == ("BatchGetImage", code)


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param("not json", id="no-json"),
        pytest.param("[]", id="list"),
        pytest.param("[" * 100_000, id="bottomless"),
        pytest.param('{"config": {"size": 1}}', id="no-digest"),
        pytest.param('{"config": {"digest": "sha256:\\n", "size": 1}}', id="bad-digest"),
        pytest.param('{"manifests": [{"digest": 5}]}', id="index-with-bad-entry"),
    ],
)
def test_a_malformed_manifest_is_an_error(stubber: Stubber, manifest: str) -> None:
    answer_image(stubber, manifest)
    assert refusal().code == "MalformedManifest"


@pytest.mark.parametrize("config", [b"", b"not json", b"\xff", b"[]"])
def test_a_malformed_configuration_is_an_error(stubber: Stubber, blobs: Blobs, config: bytes) -> None:
    blobs.content = config
    answer_image(stubber, MANIFEST)
    answer_registry(stubber)
    assert refusal().code == "MalformedManifest"


# ---------------------------------------------------------------------------------------------------------------------
# Refusals of this machine: the request is never sent, or never answered
# ---------------------------------------------------------------------------------------------------------------------


def without_region(monkeypatch: pytest.MonkeyPatch) -> EcrRepository:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    return EcrRepository(NAME)


def with_an_impossible_region(_: pytest.MonkeyPatch) -> EcrRepository:
    return EcrRepository(NAME, region="not a region")


def without_credentials(monkeypatch: pytest.MonkeyPatch) -> EcrRepository:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    return EcrRepository(NAME, region=REGION)


def with_half_the_credentials(monkeypatch: pytest.MonkeyPatch) -> EcrRepository:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    return EcrRepository(NAME, region=REGION)


def with_an_unknown_profile(_: pytest.MonkeyPatch) -> EcrRepository:
    return EcrRepository(NAME, region=REGION, profile="nobody")


def with_an_endpoint_that_is_no_address(monkeypatch: pytest.MonkeyPatch) -> EcrRepository:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    return EcrRepository(NAME, region=REGION)


NOT_SENT: list[tuple[str, Callable[[pytest.MonkeyPatch], EcrRepository], str, str]] = [
    (
        "NoRegion",
        without_region,
        "NoRegionError",
        "a region; run: pulumi config set aws:region REGION; without a stack, set AWS_REGION",
    ),
    ("InvalidRegion", with_an_impossible_region, "InvalidRegionError", "run: pulumi config set aws:region REGION"),
    ("NoCredentials", without_credentials, "NoCredentialsError", "sign in to AWS"),
    ("PartialCredentials", with_half_the_credentials, "PartialCredentialsError", "sign in to AWS"),
    ("Profile", with_an_unknown_profile, "ProfileNotFound", "aws:profile or AWS_PROFILE"),
    ("Value", with_an_endpoint_that_is_no_address, "ValueError", "AWS_ENDPOINT_URL"),
    # The next three have tests of their own below.
    ("EndpointConnection", without_region, "", ""),
    ("ConnectTimeout", without_region, "", ""),
    ("ReadTimeout", without_region, "", ""),
]


@pytest.mark.usefixtures("_signed_in")
@pytest.mark.parametrize(("arrange", "code", "hint"), [pytest.param(*row[1:], id=row[0]) for row in NOT_SENT if row[2]])
def test_a_machine_that_is_not_set_up_is_told_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, arrange: Callable[[pytest.MonkeyPatch], EcrRepository], code: str, hint: str
) -> None:
    error = refusal(arrange(monkeypatch))
    assert (error.code, error.temporary) == (code, False)
    assert hint in str(error)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        repository, "_CONFIG", Config(connect_timeout=1, read_timeout=0.05, retries={"total_max_attempts": 1})
    )


@contextmanager
def reserved_port(*, listening: bool) -> Iterator[str]:
    """An address of this machine where nobody listens, or where nobody ever answers."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        if listening:
            reserved.listen()
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


@pytest.mark.usefixtures("_signed_in", "_impatient")
@pytest.mark.parametrize(
    ("listening", "code"),
    [
        pytest.param(False, "EndpointConnectionError", id="nobody-listens"),
        pytest.param(True, "ReadTimeoutError", id="nobody-answers"),
    ],
)
def test_an_endpoint_out_of_reach_is_a_temporary_failure(
    monkeypatch: pytest.MonkeyPatch, code: str, *, listening: bool
) -> None:
    with reserved_port(listening=listening) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        error = refusal()
    assert (error.code, error.temporary) == (code, True)
    assert address in str(error)
    assert "check the network, the Region and AWS_ENDPOINT_URL" in str(error)


def test_a_real_search_is_repeated_a_few_times_with_timeouts() -> None:
    # The attributes of Config are not in its types.
    values = vars(repository._CONFIG)
    assert values["retries"]["mode"] == "standard"
    assert values["retries"]["total_max_attempts"] == 6
    assert (values["connect_timeout"], values["read_timeout"]) == (5, 30)


# ---------------------------------------------------------------------------------------------------------------------
# Where the registry is
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("https://api.ecr.cn-north-1.amazonaws.com.cn", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"),
        ("https://api.ecr.us-iso-east-1.c2s.ic.gov", "123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov"),
        ("https://ecr.cn-north-1.api.amazonwebservices.com.cn", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_every_partition_has_its_registry_at_its_own_host(endpoint: str, host: str) -> None:
    assert repository._registry_base_url(endpoint, host) == f"https://{host}"


@pytest.mark.parametrize(
    ("endpoint", "base_url"),
    [
        pytest.param("https://api.ecr.ap-northeast-2.amazonaws.com", f"https://{HOST}", id="aws"),
        pytest.param("https://ecr.ap-northeast-2.api.aws", f"https://{HOST}", id="dual-stack"),
        pytest.param(
            "https://vpce-1-2.api.ecr.ap-northeast-2.vpce.amazonaws.com", f"https://{HOST}", id="vpc-endpoint"
        ),
        pytest.param("http://localhost:4566", "http://localhost:4566", id="emulator"),
        pytest.param("http://127.0.0.1:4566/path", "http://127.0.0.1:4566", id="emulator-with-path"),
        pytest.param("https://evil-amazonaws.com", "https://evil-amazonaws.com", id="looks-like-aws"),
    ],
)
def test_the_registry_is_at_its_own_host_unless_an_endpoint_override_moves_it(endpoint: str, base_url: str) -> None:
    assert repository._registry_base_url(endpoint, HOST) == base_url


# ---------------------------------------------------------------------------------------------------------------------
# Our rules against the API model that AWS publishes with botocore
# ---------------------------------------------------------------------------------------------------------------------


def shape(client: ECRClient, name: str) -> dict[str, object]:
    return dict(client.meta.service_model.shape_for(name).metadata)


@settings(deadline=None, max_examples=60)
@given(name=st.text("ab0./_-A", max_size=8))
def test_repository_names_are_those_of_the_api(client: ECRClient, name: str) -> None:
    rule = shape(client, "RepositoryName")
    accepted = re.fullmatch(str(rule["pattern"]), name) is not None and len(name) >= 2
    assert (rule["min"], rule["max"]) == (2, 256)
    assert is_repository_name(name) is accepted


@settings(deadline=None, max_examples=60)
@given(pattern=st.text("aZ0._*-[?é", max_size=6))
def test_exclusions_are_those_of_the_api(client: ECRClient, pattern: str) -> None:
    rule = shape(client, "ImageTagMutabilityExclusionFilterValue")
    accepted = re.fullmatch(str(rule["pattern"]), pattern) is not None and pattern.count("*") <= 2
    assert is_exclusion(pattern) is accepted


def test_limits_and_choices_are_those_of_the_api(client: ECRClient) -> None:
    assert shape(client, "ImageTagMutabilityExclusionFilters")["max"] == MAX_EXCLUSIONS
    assert shape(client, "LifecyclePolicyText")["max"] == validation.MAX_POLICY_CHARS
    assert set(client.meta.service_model.shape_for("ImageTagMutability").enum) == set(Mutability)  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------------------------------------------------
# Whether the repository can stay
# ---------------------------------------------------------------------------------------------------------------------

KEY_ARN = f"arn:aws:kms:{REGION}:123456789012:key/11111111-2222-3333-4444-555555555555"
OTHER_KEY_ARN = KEY_ARN.replace("1111-2222", "9999-2222")


@pytest.mark.parametrize(
    ("live", "wanted", "stays"),
    [
        pytest.param({"encryptionType": "AES256"}, Encryption(), True, id="aes-as-it-is"),
        pytest.param({"encryptionType": "AES256"}, Encryption(EncryptionType.KMS), False, id="aes-to-kms"),
        pytest.param(
            {"encryptionType": "KMS", "kmsKey": KEY_ARN}, Encryption(EncryptionType.KMS), True, id="kms-own-key"
        ),
        pytest.param(
            {"encryptionType": "KMS", "kmsKey": KEY_ARN},
            Encryption(EncryptionType.KMS, KEY_ARN),
            True,
            id="kms-same-key",
        ),
        pytest.param(
            {"encryptionType": "KMS", "kmsKey": KEY_ARN},
            Encryption(EncryptionType.KMS, OTHER_KEY_ARN),
            False,
            id="kms-other-key",
        ),
        pytest.param({"encryptionType": "KMS", "kmsKey": KEY_ARN}, Encryption(), False, id="kms-to-aes"),
        pytest.param(
            {"encryptionType": "KMS_DSSE", "kmsKey": KEY_ARN}, Encryption(EncryptionType.KMS), False, id="dsse-to-kms"
        ),
    ],
)
def test_a_repository_stays_unless_its_encryption_changes(
    live: EncryptionConfigurationTypeDef,
    wanted: Encryption,
    stays: bool,  # noqa: FBT001
) -> None:
    with mock_aws():
        boto3.client("ecr", region_name=REGION).create_repository(repositoryName=NAME, encryptionConfiguration=live)
        assert EcrRepository(NAME, region=REGION).can_stay(wanted) is stays


def test_a_repository_that_is_not_there_can_not_stay() -> None:
    with mock_aws():
        assert not EcrRepository(NAME, region=REGION).can_stay(Encryption())


def test_aws_region_is_read_as_the_provider_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert EcrRepository(NAME).client.meta.region_name == "eu-west-1"
    assert EcrRepository(NAME, region="eu-north-1").client.meta.region_name == "eu-north-1"
