"""What one ECR repository is asked about its images, its tags and its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import MappingProxyType

import boto3
import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID as OWN_ACCOUNT

from ecr.aws import EcrRepository
from ecr.errors import RemoteError
from ecr.repository import ImageDetails, Mutability, TagMutability

NAME, REGION, OTHER_ACCOUNT = "dev/app", "eu-west-1", "210987654321"
DIGEST = f"sha256:{'a' * 64}"
PUSHED = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOST = f"{OTHER_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
REPOSITORY = MappingProxyType({"repositoryName": NAME})
OTHERS = MappingProxyType({"registryId": OTHER_ACCOUNT})
ABSENT = MappingProxyType(
    {"images": [], "failures": [{"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}]}
)
PRESENT = MappingProxyType({"images": [{"imageId": {"imageDigest": DIGEST}, "imageManifest": "{}"}]})


def here(account: str | None = None) -> EcrRepository:
    return EcrRepository(NAME, region=REGION, account=account)


# -- is it there ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "expected"), [(PRESENT, True), (ABSENT, False)], ids=["present", "absent"])
def test_a_repository_holds_what_it_answers_with(
    ecr_answers: Stubber, answer: MappingProxyType[str, object], *, expected: bool
) -> None:
    request = {**REPOSITORY, "imageIds": [{"imageDigest": DIGEST}], "acceptedMediaTypes": ANY}
    ecr_answers.add_response("batch_get_image", dict(answer), request)
    assert here().holds(DIGEST) is expected


@pytest.mark.parametrize(("answer", "expected"), [(PRESENT, DIGEST), (ABSENT, None)], ids=["present", "absent"])
def test_a_tag_names_the_digest_that_comes_with_it(
    ecr_answers: Stubber, answer: MappingProxyType[str, object], expected: str | None
) -> None:
    request = {**REPOSITORY, "imageIds": [{"imageTag": "v1"}], "acceptedMediaTypes": ANY}
    ecr_answers.add_response("batch_get_image", dict(answer), request)
    assert here().find_digest("v1") == expected


def test_a_repository_that_is_not_there_holds_nothing(ecr_answers: Stubber) -> None:
    for _ in range(2):
        ecr_answers.add_client_error("batch_get_image", "RepositoryNotFoundException", http_status_code=400)
    assert (here().holds(DIGEST), here().find_digest("v1")) == (False, None)


Question = Callable[[EcrRepository], object]
QUESTIONS: dict[str, tuple[str, Question]] = {
    "holds": ("batch_get_image", lambda repository: repository.holds(DIGEST)),
    "find_digest": ("batch_get_image", lambda repository: repository.find_digest("v1")),
    "describe_image": ("describe_images", lambda repository: repository.describe_image(DIGEST)),
    "tag_mutability": ("describe_repositories", lambda repository: repository.tag_mutability()),
    "location": ("describe_repositories", lambda repository: repository.location()),
}


@pytest.mark.parametrize(("operation", "ask"), QUESTIONS.values(), ids=QUESTIONS)
def test_a_refusal_is_never_an_absence(ecr_answers: Stubber, operation: str, ask: Question) -> None:
    ecr_answers.add_client_error(operation, "AccessDeniedException", "User may\nnot", http_status_code=400)
    with pytest.raises(RemoteError, match=r"failed with AccessDeniedException: User may not; ") as raised:
        ask(here())
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("operation", "ask"), QUESTIONS.values(), ids=QUESTIONS)
def test_every_question_about_another_account_s_repository_names_the_account(
    ecr_answers: Stubber, operation: str, ask: Question
) -> None:
    answers: dict[str, tuple[dict[str, object], dict[str, object]]] = {
        "batch_get_image": (dict(PRESENT), {**REPOSITORY, **OTHERS, "imageIds": ANY, "acceptedMediaTypes": ANY}),
        "describe_images": ({"imageDetails": []}, {**REPOSITORY, **OTHERS, "imageIds": [{"imageDigest": DIGEST}]}),
        "describe_repositories": (
            {"repositories": [{"repositoryUri": f"{HOST}/{NAME}"}]},
            {"repositoryNames": [NAME], **OTHERS},
        ),
    }
    ecr_answers.add_response(operation, *answers[operation])
    ask(here(OTHER_ACCOUNT))


# -- an image ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param([{"imageDigest": DIGEST}], ImageDetails(digest=DIGEST, tags=(), pushed_at=None), id="untagged"),
        pytest.param(
            [{"imageDigest": DIGEST, "imageTags": ["v2", "latest", "v10"], "imagePushedAt": PUSHED}],
            ImageDetails(digest=DIGEST, tags=("latest", "v10", "v2"), pushed_at=PUSHED),
            id="several-tags-are-sorted",
        ),
        pytest.param([], None, id="an-emulators-absence"),
    ],
)
def test_tags_and_age_of_an_image(
    ecr_answers: Stubber, answer: list[dict[str, object]], expected: ImageDetails | None
) -> None:
    request = {**REPOSITORY, "imageIds": [{"imageDigest": DIGEST}]}
    ecr_answers.add_response("describe_images", {"imageDetails": answer}, request)
    assert here().describe_image(DIGEST) == expected


@pytest.mark.parametrize("code", ["ImageNotFoundException", "RepositoryNotFoundException"])
def test_an_image_that_is_not_there_has_no_details(ecr_answers: Stubber, code: str) -> None:
    ecr_answers.add_client_error("describe_images", code, http_status_code=400)
    assert here().describe_image(DIGEST) is None


# -- the repository ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param({}, TagMutability(Mutability.MUTABLE), id="unsaid"),
        pytest.param({"imageTagMutability": "IMMUTABLE"}, TagMutability(Mutability.IMMUTABLE), id="immutable"),
        pytest.param(
            {
                "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
                "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest*"}],
            },
            TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("latest*",)),
            id="with-exclusions",
        ),
    ],
)
def test_which_tags_can_be_moved(ecr_answers: Stubber, answer: dict[str, object], expected: TagMutability) -> None:
    ecr_answers.add_response("describe_repositories", {"repositories": [answer]}, {"repositoryNames": [NAME]})
    assert here().tag_mutability() == expected


def test_a_repository_that_is_not_there_has_no_mutability(ecr_answers: Stubber) -> None:
    ecr_answers.add_client_error("describe_repositories", "RepositoryNotFoundException", http_status_code=400)
    assert here().tag_mutability() is None


def test_another_account_s_repository_is_reached_at_that_account_s_registry(ecr_answers: Stubber) -> None:
    ecr_answers.add_response(
        "describe_repositories",
        {"repositories": [{"repositoryUri": f"{HOST}/{NAME}"}]},
        {"repositoryNames": [NAME], **OTHERS},
    )
    location = here(OTHER_ACCOUNT).location()
    assert (location.registry.host, location.repository, location.name) == (HOST, NAME, f"{HOST}/{NAME}")


def test_a_repository_that_is_not_there_has_no_place(ecr_answers: Stubber) -> None:
    ecr_answers.add_client_error("describe_repositories", "RepositoryNotFoundException", http_status_code=400)
    with pytest.raises(RemoteError, match=f"repository {NAME}: ecr DescribeRepositories failed with"):
        here().location()


@pytest.mark.usefixtures("_surroundings")
def test_the_own_account_is_the_one_of_the_credentials() -> None:
    with mock_aws():
        assert here(OTHER_ACCOUNT).own_account() == OWN_ACCOUNT


@pytest.mark.usefixtures("_surroundings")
def test_the_own_account_needs_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr(boto3.Session, "get_credentials", lambda _: None)
    with pytest.raises(RemoteError, match="GetCallerIdentity failed with NoCredentialsError") as raised:
        here().own_account()
    assert "sign in to AWS" in str(raised.value)
