"""What ECR says of a repository's settings, as the calls of boto3 have it."""

from __future__ import annotations

from collections.abc import Callable

import boto3
import pytest
from botocore.stub import Stubber
from mypy_boto3_ecr import ECRClient

from ecr.aws import EcrRepository, live_settings
from ecr.drift import Settings
from ecr.errors import ExitCode, RemoteError

NAME, REGION, OTHER_ACCOUNT = "dev/app", "eu-west-1", "210987654321"
ARN = f"arn:aws:ecr:{REGION}:{OTHER_ACCOUNT}:repository/{NAME}"


def here() -> EcrRepository:
    return EcrRepository(NAME, region=REGION, account=OTHER_ACCOUNT)


CALLS: dict[str, tuple[str, Callable[[], object]]] = {
    "settings": ("describe_repositories", lambda: live_settings.settings(here())),
    "repository-policy": ("get_repository_policy", lambda: live_settings.repository_policy(here())),
    "tags": ("list_tags_for_resource", lambda: live_settings.tags(here(), ARN)),
}
TABLE = [pytest.param(*call, id=name) for name, call in CALLS.items()]


@pytest.mark.parametrize(("operation", "call"), TABLE)
def test_a_refusal_is_never_taken_for_absence(operation: str, call: Callable[[], object], ecr_answers: Stubber) -> None:
    ecr_answers.add_client_error(operation, "AccessDeniedException", "User is not authorized", 400)
    with pytest.raises(RemoteError, match="failed with AccessDeniedException") as refused:
        call()
    assert refused.value.exit_code == ExitCode.REMOTE
    assert operation.replace("_", "") in str(refused.value).lower()


@pytest.mark.parametrize(("operation", "call"), TABLE)
def test_a_repository_that_is_gone_has_nothing(
    operation: str, call: Callable[[], object], ecr_answers: Stubber
) -> None:
    ecr_answers.add_client_error(operation, "RepositoryNotFoundException", http_status_code=400)
    assert not call()


def test_a_repository_without_a_policy_has_none(ecr_answers: Stubber) -> None:
    ecr_answers.add_client_error("get_repository_policy", "RepositoryPolicyNotFoundException", http_status_code=400)
    assert live_settings.repository_policy(here()) is None


def test_settings_are_read_with_what_ecr_leaves_out(ecr_answers: Stubber) -> None:
    request = {"repositoryNames": [NAME], "registryId": OTHER_ACCOUNT}
    ecr_answers.add_response("describe_repositories", {"repositories": [{"repositoryName": NAME}]}, request)
    assert live_settings.settings(here()) == Settings(tag_mutability="MUTABLE", scan_on_push=False, encryption="AES256")


def test_all_settings_are_read(ecr_answers: Stubber) -> None:
    filters = [{"filter": name, "filterType": "WILDCARD"} for name in ("latest", "dev-*")]
    repository = {
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": filters,
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "arn:aws:kms:one"},
    }
    ecr_answers.add_response("describe_repositories", {"repositories": [repository]})
    assert live_settings.settings(here()) == Settings(
        tag_mutability="IMMUTABLE_WITH_EXCLUSION",
        exclusions=("dev-*", "latest"),
        scan_on_push=True,
        encryption="KMS",
        key="arn:aws:kms:one",
    )


def test_settings_policy_and_tags_come_from_a_live_repository(moto: None) -> None:  # noqa: ARG001 - a fixture
    client: ECRClient = boto3.client(
        "ecr", region_name=REGION, aws_access_key_id="made-up-id", aws_secret_access_key="made-up-key"
    )
    made = client.create_repository(
        repositoryName=NAME,
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
        tags=[{"Key": "team", "Value": "platform"}],
    )
    live = EcrRepository(NAME, region=REGION)
    assert live_settings.settings(live) == Settings(tag_mutability="IMMUTABLE", scan_on_push=True, encryption="AES256")
    assert live_settings.repository_policy(live) is None
    assert live_settings.tags(live, made["repository"]["repositoryArn"]) == {"team": "platform"}


@pytest.mark.parametrize(
    ("body", "call"),
    [
        pytest.param({"repositories": []}, "settings", id="no-repository"),
        pytest.param({"policyText": None}, "repository-policy", id="no-text"),
    ],
)
def test_an_answer_of_another_shape_is_an_error(
    body: dict[str, object], call: str, ecr_client: ECRClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation, ask = CALLS[call]
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: ecr_client)
    monkeypatch.setattr(ecr_client, operation, lambda **_: body)
    with pytest.raises(RemoteError, match="MalformedAnswer"):
        ask()
