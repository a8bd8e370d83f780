"""How images are deleted: by digest, with every answer of ECR's understood."""

from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from ecr.aws import EcrRepository
from ecr.aws.deletion import EcrDeletion
from ecr.errors import RemoteError
from tests.unit.ecr.cli import amazon

NAME, REGION, OTHER_ACCOUNT = "dev/app", "eu-west-1", "210987654321"


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def ids(*numbers: int) -> list[dict[str, str]]:
    return [{"imageDigest": digest(number)} for number in numbers]


def failure(number: int, code: str) -> dict[str, object]:
    return {"imageId": {"imageDigest": digest(number)}, "failureCode": code, "failureReason": "because"}


def deletion(**options: str) -> EcrDeletion:
    return EcrDeletion(EcrRepository(NAME, region=REGION, **options))


def request(*numbers: int) -> dict[str, object]:
    return {"repositoryName": NAME, "imageIds": ids(*numbers)}


def test_what_is_deleted_is_named_by_digest_and_comes_once_for_each_tag(ecr_answers: Stubber) -> None:
    gone = [{"imageDigest": digest(1), "imageTag": "a"}, {"imageDigest": digest(1), "imageTag": "b"}, *ids(2)]
    ecr_answers.add_response("batch_delete_image", {"imageIds": gone, "failures": []}, request(1, 2))
    result = deletion().delete([digest(1), digest(2)])
    assert (set(result.gone), dict(result.left)) == ({digest(1), digest(2)}, {})


def test_another_accounts_repository_is_in_its_registry(ecr_answers: Stubber) -> None:
    ecr_answers.add_response("batch_delete_image", {"imageIds": ids(1)}, {**request(1), "registryId": OTHER_ACCOUNT})
    assert deletion(account=OTHER_ACCOUNT).delete([digest(1)]).gone == {digest(1)}


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        pytest.param({"failures": [failure(1, "ImageNotFound")]}, None, id="gone already"),
        pytest.param(
            {"failures": [failure(1, "ImageReferencedByManifestList")]},
            "an index that is there lists it",
            id="an index",
        ),
        pytest.param({"failures": [failure(1, "KmsError")]}, "ECR refuses with KmsError: because", id="another reason"),
        pytest.param(
            {"imageIds": ids(1), "failures": [failure(1, "KmsError")]}, "ECR refuses with KmsError: because", id="both"
        ),
    ],
)
def test_what_ecr_says_of_an_image(answer: dict[str, object], left: str | None, ecr_answers: Stubber) -> None:
    ecr_answers.add_response("batch_delete_image", answer, request(1))
    result = deletion().delete([digest(1)])
    assert result.left == ({} if left is None else {digest(1): left})
    assert result.gone == (set() if left else {digest(1)})


def test_where_nothing_is_said_of_an_image_it_is_looked_for(ecr_answers: Stubber) -> None:
    ecr_answers.add_response("batch_delete_image", {}, request(1, 2))
    ecr_answers.add_client_error("describe_images", "ImageNotFoundException", expected_params=request(1, 2))
    ecr_answers.add_client_error("describe_images", "ImageNotFoundException", expected_params=request(1))
    ecr_answers.add_response("describe_images", {"imageDetails": ids(2)}, request(2))
    result = deletion().delete([digest(1), digest(2)])
    assert set(result.gone) == {digest(1)}
    assert result.left == {digest(2): "ECR has not deleted it, and does not say why"}


def test_what_ecr_has_said_is_known_though_it_can_not_be_asked_more(ecr_answers: Stubber) -> None:
    ecr_answers.add_response("batch_delete_image", {"imageIds": ids(1)}, request(1, 2))
    ecr_answers.add_client_error("describe_images", "ThrottlingException", expected_params=request(2))
    result = deletion().delete([digest(1), digest(2)])
    assert set(result.gone) == {digest(1)}
    assert list(result.left) == [digest(2)]
    assert result.left[digest(2)].startswith("ECR does not say what became of it: ")


@pytest.mark.parametrize("code", ["RepositoryNotFoundException", "AccessDeniedException", "ThrottlingException"])
def test_a_refusal_of_the_request_is_an_error(code: str, ecr_answers: Stubber) -> None:
    ecr_answers.add_client_error("batch_delete_image", code)
    with pytest.raises(RemoteError) as caught:
        deletion().delete([digest(1)])
    assert (caught.value.operation, caught.value.code) == ("BatchDeleteImage", code)


def test_the_tags_of_what_is_there(ecr_answers: Stubber) -> None:
    ecr_answers.add_response(
        "describe_images",
        {"imageDetails": [{"imageDigest": digest(1), "imageTags": ["b", "a"]}, {"imageDigest": digest(2)}]},
        request(1, 2),
    )
    assert deletion().tags([digest(1), digest(2)]) == {digest(1): {"a", "b"}, digest(2): set()}


def test_one_that_is_missing_does_not_hide_the_others(ecr_answers: Stubber) -> None:
    ecr_answers.add_client_error("describe_images", "ImageNotFoundException", expected_params=request(1, 2, 3))
    ecr_answers.add_client_error("describe_images", "ImageNotFoundException", expected_params=request(1))
    ecr_answers.add_response("describe_images", {"imageDetails": ids(2, 3)}, request(2, 3))
    assert deletion().tags([digest(1), digest(2), digest(3)]) == {digest(2): set(), digest(3): set()}


@pytest.mark.usefixtures("ecr_answers")
def test_nobody_is_asked_about_nothing() -> None:
    assert deletion().tags([]) == {}


@pytest.mark.usefixtures("moto", "_surroundings")
def test_a_real_client_deletes_an_image_with_all_its_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    amazon.sign_in(monkeypatch)
    one, other = amazon.push(NAME, "v1", "one"), amazon.push(NAME, "v2", "other")
    amazon.push(NAME, "latest", "one")
    assert deletion().tags([one, digest(9), other]) == {one: {"v1", "latest"}, other: {"v2"}}
    result = deletion().delete([one, digest(9)])
    assert (set(result.gone), dict(result.left)) == ({one, digest(9)}, {})
    left = boto3.client("ecr", region_name=REGION).describe_images(repositoryName=NAME)["imageDetails"]
    assert [each["imageDigest"] for each in left] == [other]
