"""How the images of a repository are listed: pages, the archive, indexes, and answers that make no sense."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from ecr.aws import EcrRepository
from ecr.aws.images import BATCH_SIZE, EcrImages, Listing
from ecr.errors import RemoteError
from ecr.lifecycle.images import Image, ImageStatus
from ecr.oci.manifest import DOCKER_INDEX, OCI_INDEX, OCI_MANIFEST

NAME, REGION, OTHER_ACCOUNT = "dev/app", "eu-west-1", "210987654321"
PUSHED = datetime(2026, 11, 1, 12, tzinfo=UTC)
REQUEST = {"repositoryName": NAME, "maxResults": 1000, "filter": {"imageStatus": "ANY"}}


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def detail(number: int, **more: object) -> dict[str, object]:
    return {"imageDigest": digest(number), "imagePushedAt": PUSHED, **more}


def image(number: int, media_type: str = OCI_MANIFEST) -> Image:
    return Image(digest=digest(number), pushed_at=PUSHED, media_type=media_type)


def index_of(*numbers: int) -> str:
    entries = [{"mediaType": OCI_MANIFEST, "digest": digest(number), "size": 1} for number in numbers]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})


def here(**options: str) -> EcrImages:
    return EcrImages(EcrRepository(NAME, region=REGION, **options))


def test_pages_are_read_to_the_last_one_and_the_archive_is_asked_for(ecr_answers: Stubber) -> None:
    ecr_answers.add_response("describe_images", {"imageDetails": [detail(1)], "nextToken": "a"}, REQUEST)
    ecr_answers.add_response(
        "describe_images", {"imageDetails": [detail(2)], "nextToken": "b"}, {**REQUEST, "nextToken": "a"}
    )
    ecr_answers.add_response("describe_images", {"imageDetails": [detail(3)]}, {**REQUEST, "nextToken": "b"})
    images = here().list()
    assert images is not None
    assert [each.digest for each in images] == [digest(1), digest(2), digest(3)]


def test_another_accounts_repository_is_asked_for_in_its_registry(ecr_answers: Stubber) -> None:
    ecr_answers.add_response("describe_images", {"imageDetails": []}, {**REQUEST, "registryId": OTHER_ACCOUNT})
    assert here(account=OTHER_ACCOUNT).list() == ()


def test_every_field_that_a_policy_looks_at_is_read_and_times_are_in_utc(ecr_answers: Stubber) -> None:
    seoul = timezone(timedelta(hours=9))
    later = PUSHED + timedelta(days=1)
    ecr_answers.add_response(
        "describe_images",
        {
            "imageDetails": [
                detail(
                    1,
                    imageTags=["v1", "latest"],
                    imageSizeInBytes=7,
                    imageStatus="ARCHIVED",
                    lastRecordedPullTime=later.astimezone(seoul),
                    lastArchivedAt=later,
                    lastActivatedAt=PUSHED,
                    imageManifestMediaType=OCI_MANIFEST,
                    subjectManifestDigest=digest(2),
                    imageScanStatus={"status": "ACTIVE"},
                ),
                detail(2, imageScanStatus={"status": "COMPLETE"}),
                detail(3),
            ]
        },
        REQUEST,
    )
    listing = here().listing()
    assert listing is not None
    assert listing.scan_statuses == {"ACTIVE", "COMPLETE"}
    assert listing.images[0] == Image(
        digest=digest(1),
        tags=("v1", "latest"),
        pushed_at=PUSHED,
        size=7,
        status=ImageStatus.ARCHIVED,
        pulled_at=later,
        archived_at=later,
        activated_at=PUSHED,
        media_type=OCI_MANIFEST,
        subject=digest(2),
    )
    assert listing.images[0].pulled_at is not None
    assert listing.images[0].pulled_at.tzinfo is UTC
    assert listing.images[1:] == tuple(Image(digest=digest(number), pushed_at=PUSHED) for number in (2, 3))


def test_an_image_that_comes_on_two_pages_counts_once_as_it_was_last(ecr_answers: Stubber) -> None:
    ecr_answers.add_response("describe_images", {"imageDetails": [detail(1)], "nextToken": "a"}, REQUEST)
    ecr_answers.add_response(
        "describe_images", {"imageDetails": [detail(1, imageTags=["v1"])]}, {**REQUEST, "nextToken": "a"}
    )
    assert here().list() == (Image(digest=digest(1), tags=("v1",), pushed_at=PUSHED),)


def test_no_repository_is_none_and_an_empty_one_is_empty(ecr_answers: Stubber) -> None:
    ecr_answers.add_client_error("describe_images", "RepositoryNotFoundException", http_status_code=400)
    ecr_answers.add_response("describe_images", {"imageDetails": []}, REQUEST)
    assert here().listing() is None
    assert here().listing() == Listing((), frozenset())


def test_an_endpoint_that_does_not_know_the_filter_is_asked_without_it(ecr_answers: Stubber) -> None:
    plain = {"repositoryName": NAME, "maxResults": 1000}
    ecr_answers.add_client_error("describe_images", "InvalidParameterException", http_status_code=400)
    ecr_answers.add_response("describe_images", {"imageDetails": [detail(1)], "nextToken": "a"}, plain)
    ecr_answers.add_response("describe_images", {"imageDetails": [detail(2)]}, {**plain, "nextToken": "a"})
    assert len(here().list() or ()) == 2


def test_a_request_that_is_refused_without_the_filter_too_is_an_error(ecr_answers: Stubber) -> None:
    for _ in range(2):
        ecr_answers.add_client_error("describe_images", "InvalidParameterException", http_status_code=400)
    with pytest.raises(RemoteError, match="DescribeImages failed with InvalidParameterException"):
        here().list()


def test_a_later_page_that_is_refused_is_an_error_and_not_a_list_without_the_archive(ecr_answers: Stubber) -> None:
    ecr_answers.add_response("describe_images", {"imageDetails": [detail(1)], "nextToken": "a"})
    ecr_answers.add_client_error("describe_images", "InvalidParameterException", http_status_code=400)
    with pytest.raises(RemoteError, match="DescribeImages failed with InvalidParameterException"):
        here().list()


def test_not_being_allowed_to_list_is_never_an_absence(ecr_answers: Stubber) -> None:
    ecr_answers.add_client_error("describe_images", "AccessDeniedException", "not\nauthorized", http_status_code=400)
    with pytest.raises(RemoteError, match=r"ecr DescribeImages failed with AccessDeniedException: not auth") as raised:
        here().list()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([{"imageDetails": [{"imageDigest": digest(1)}]}], id="no-time-of-push"),
        pytest.param([{"imageDetails": [{"imagePushedAt": PUSHED}]}], id="no-digest"),
        pytest.param([{"imageDetails": [], "nextToken": "a"}] * 2, id="pages-in-a-circle"),
    ],
)
def test_a_list_that_makes_no_sense_is_an_error(ecr_answers: Stubber, answers: list[dict[str, object]]) -> None:
    for answer in answers:
        ecr_answers.add_response("describe_images", answer)
    with pytest.raises(RemoteError, match="MalformedAnswer"):
        here().list()


def test_once_cancelled_no_further_page_is_asked_for(ecr_answers: Stubber) -> None:
    ecr_answers.add_response("describe_images", {"imageDetails": [detail(1)], "nextToken": "a"}, REQUEST)
    answers = iter([False, True])
    images = EcrImages(EcrRepository(NAME, region=REGION), cancelled=lambda: next(answers))
    with pytest.raises(RemoteError, match="no longer wanted"):
        images.list()


# -- indexes ----------------------------------------------------------------------------------------------------------


def asked(*numbers: int) -> dict[str, object]:
    ids = [{"imageDigest": digest(number)} for number in numbers]
    return {"repositoryName": NAME, "imageIds": ids, "acceptedMediaTypes": sorted([OCI_INDEX, DOCKER_INDEX])}


def held(manifests: Mapping[int, str]) -> list[dict[str, object]]:
    return [{"imageId": {"imageDigest": digest(each)}, "imageManifest": text} for each, text in manifests.items()]


def test_only_indexes_are_asked_for_what_they_list(ecr_answers: Stubber) -> None:
    images = (image(1, OCI_INDEX), image(2), image(3), image(4, DOCKER_INDEX))
    ecr_answers.add_response(
        "batch_get_image", {"images": held({4: index_of(), 1: index_of(2, 3)}), "failures": []}, asked(1, 4)
    )
    found = here().with_children(images)
    assert [each.digest for each in found] == [each.digest for each in images]
    assert found[0].children == (digest(2), digest(3))
    assert all(each.children == () for each in found[1:])


def test_without_an_index_nothing_is_asked(ecr_answers: Stubber) -> None:
    assert here().with_children([image(1)]) == (image(1),)
    ecr_answers.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["ImageNotFound", "ImageInaccessible"])
def test_an_index_that_can_not_be_read_has_no_known_children(ecr_answers: Stubber, code: str) -> None:
    failure = {"imageId": {"imageDigest": digest(1)}, "failureCode": code, "failureReason": "archived"}
    ecr_answers.add_response("batch_get_image", {"images": held({2: index_of(3)}), "failures": [failure]}, asked(1, 2))
    found = here().with_children([image(1, OCI_INDEX), image(2, OCI_INDEX)])
    assert [each.children for each in found] == [(), (digest(3),)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            {"failures": [{"failureCode": "KmsError", "failureReason": "disabled"}]}, "KmsError: disabled", id="key"
        ),
        pytest.param({"images": held({1: "{"})}, f"the index {digest(1)} is not JSON", id="json"),
        pytest.param({"images": held({1: '{"manifests": [{}]}'})}, "the index .* has a descriptor", id="descriptor"),
        pytest.param({"images": [{"imageManifest": "{}"}]}, "MalformedAnswer", id="nameless"),
    ],
)
def test_an_index_that_fails_otherwise_is_an_error(ecr_answers: Stubber, answer: dict[str, object], words: str) -> None:
    ecr_answers.add_response("batch_get_image", answer)
    with pytest.raises(RemoteError, match=words):
        here().with_children([image(1, OCI_INDEX)])


@pytest.mark.usefixtures("_surroundings")
def test_thousands_of_indexes_are_asked_for_by_the_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []

    class Client:
        def batch_get_image(self, **request: list[dict[str, str]]) -> dict[str, object]:
            digests = [each["imageDigest"] for each in request["imageIds"]]
            batches.append(len(digests))
            texts = [{"imageId": {"imageDigest": each}, "imageManifest": index_of(7)} for each in digests]
            return {"images": texts}

    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: Client())
    found = here().with_children([image(number, OCI_INDEX) for number in range(950)])
    assert sorted(batches) == [50, *[BATCH_SIZE] * 9]
    assert all(each.children == (digest(7),) for each in found)


# -- an emulator ------------------------------------------------------------------------------------------------------


@mock_aws
@pytest.mark.usefixtures("_surroundings")
def test_a_real_clients_list_of_a_repository_with_an_index() -> None:
    client = boto3.client("ecr", region_name=REGION)
    assert here().list() is None
    client.create_repository(repositoryName=NAME)
    assert here().list() == ()
    plain = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": {}, "layers": []})
    pushed = client.put_image(
        repositoryName=NAME, imageManifest=plain, imageManifestMediaType=OCI_MANIFEST, imageTag="v1"
    )
    child = pushed["image"]["imageId"]["imageDigest"]
    entry = {"mediaType": OCI_MANIFEST, "digest": child, "size": len(plain)}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]})
    client.put_image(repositoryName=NAME, imageManifest=index, imageManifestMediaType=OCI_INDEX, imageTag="multi")
    images = here().list()
    assert images is not None
    listed = {each.tags: each for each in here().with_children(images)}
    assert listed["multi",].children == (child,)
    assert listed["v1",].digest == child
    assert listed["v1",].status is ImageStatus.ACTIVE


def test_the_request_for_indexes_names_the_other_account(ecr_answers: Stubber) -> None:
    request = {**asked(1), "registryId": OTHER_ACCOUNT, "acceptedMediaTypes": ANY}
    ecr_answers.add_response("batch_get_image", {"images": held({1: index_of()})}, request)
    assert here(account=OTHER_ACCOUNT).with_children([image(1, OCI_INDEX)]) == (image(1, OCI_INDEX),)


# -- pages ahead, and findings ----------------------------------------------------------------------------------------


def test_the_next_page_is_requested_while_one_is_understood(
    ecr_answers: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    ecr_answers.add_response("describe_images", {"imageDetails": [detail(1)], "nextToken": "a"}, REQUEST)
    ecr_answers.add_response("describe_images", {"imageDetails": [detail(2)]}, {**REQUEST, "nextToken": "a"})
    requested = threading.Event()
    page, understood = EcrImages._page, EcrImages._understood

    def noted_page(self: EcrImages, more: Any) -> Any:  # noqa: ANN401 - as botocore's answers
        if "nextToken" in more:
            requested.set()
        return page(self, more)

    def late(self: EcrImages, answer: Any) -> Any:  # noqa: ANN401 - as botocore's answers
        assert requested.wait(20)
        return understood(self, answer)

    monkeypatch.setattr(EcrImages, "_page", noted_page)
    monkeypatch.setattr(EcrImages, "_understood", late)
    images = here().list()
    assert images is not None
    assert [each.digest for each in images] == [digest(1), digest(2)]


def test_the_numbers_of_findings_are_kept_by_severity(ecr_answers: Stubber) -> None:
    scanned = {"findingSeverityCounts": {"CRITICAL": 2, "LOW": 1}}
    details = [
        detail(1, imageScanFindingsSummary=scanned),
        detail(2),
        detail(3, imageScanFindingsSummary={}),
    ]
    ecr_answers.add_response("describe_images", {"imageDetails": details}, REQUEST)
    assert here().existing().findings == {digest(1): {"CRITICAL": 2, "LOW": 1}, digest(3): {}}


def test_a_number_of_findings_that_is_none_is_malformed(ecr_answers: Stubber) -> None:
    broken = detail(1, imageScanFindingsSummary={"findingSeverityCounts": {"LOW": True}})
    ecr_answers.add_response("describe_images", {"imageDetails": [broken]}, REQUEST)
    with pytest.raises(RemoteError, match="a number of findings is True"):
        here().existing()
