"""Which images Inspector has seen in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import Stubber

from ecr.aws import EcrRepository
from ecr.aws.usage import EcrUsage
from ecr.errors import RemoteError

NAME, REGION = "dev/app", "eu-west-1"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RECENT = {"ecrImageLastInUseAt": [{"startInclusive": NOW - timedelta(days=30), "endInclusive": NOW}]}
RUNNING = {"ecrImageInUseCount": [{"lowerInclusive": 1}]}


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def request(criteria: Mapping[str, object], **more: str) -> dict[str, object]:
    name = [{"comparison": "EQUALS", "value": NAME}]
    return {"filterCriteria": {"ecrRepositoryName": name, **criteria}, "maxResults": 200, **more}


def covered(number: int, **metadata: object) -> dict[str, object]:
    return {
        "resourceType": "AWS_ECR_CONTAINER_IMAGE",
        "resourceId": f"arn:aws:ecr:{REGION}:123456789012:repository/{NAME}/{digest(number)}",
        "accountId": "123456789012",
        "scanType": "PACKAGE",
        "resourceMetadata": {"ecrImage": metadata},
    }


@pytest.fixture
def inspector(_surroundings: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = boto3.client("inspector2", region_name=REGION, aws_access_key_id="made-up", aws_secret_access_key="up")
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: client)
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def in_use(*statuses: str) -> dict[str, str]:
    return dict(EcrUsage(EcrRepository(NAME, region=REGION)).in_use(NOW, frozenset(statuses or ("ACTIVE",))))


def test_images_that_run_or_did_so_lately_are_in_use(inspector: Stubber) -> None:
    yesterday = NOW - timedelta(days=1)
    inspector.add_response(
        "list_coverage", {"coveredResources": [covered(1, lastInUseAt=yesterday, inUseCount=0)]}, request(RECENT)
    )
    inspector.add_response(
        "list_coverage", {"coveredResources": [covered(2, inUseCount=1), covered(3, inUseCount=12)]}, request(RUNNING)
    )
    assert in_use() == {
        digest(1): "in use until 2026-11-21",
        digest(2): "in use: 1 running",
        digest(3): "in use: 12 running",
    }


def test_pages_are_read_to_the_last_one(inspector: Stubber) -> None:
    inspector.add_response("list_coverage", {"coveredResources": []}, request(RECENT))
    inspector.add_response(
        "list_coverage", {"coveredResources": [covered(1, inUseCount=1)], "nextToken": "a"}, request(RUNNING)
    )
    inspector.add_response(
        "list_coverage", {"coveredResources": [covered(2, inUseCount=1)]}, request(RUNNING, nextToken="a")
    )
    assert set(in_use()) == {digest(1), digest(2)}


def test_what_an_emulator_names_without_having_been_asked_is_not_in_use(inspector: Stubber) -> None:
    repository = {**covered(1), "resourceId": f"arn:aws:ecr:{REGION}:123456789012:repository/{NAME}"}
    old = covered(2, lastInUseAt=NOW - timedelta(days=31), inUseCount=0)
    bare = covered(3)
    del bare["resourceMetadata"]
    for criteria in (RECENT, RUNNING):
        inspector.add_response("list_coverage", {"coveredResources": [repository, old, bare]}, request(criteria))
    assert in_use() == {}


def test_a_refusal_names_inspector_and_is_one_line(inspector: Stubber) -> None:
    inspector.add_client_error("list_coverage", "AccessDeniedException", "may\nnot", http_status_code=403)
    with pytest.raises(
        RemoteError, match=r"repository dev/app: inspector2 ListCoverage failed with AccessDeniedException: may not"
    ) as raised:
        in_use()
    assert raised.value.service == "inspector2"


def test_pages_in_a_circle_are_an_error(inspector: Stubber) -> None:
    for more in ({}, {"nextToken": "a"}):
        inspector.add_response("list_coverage", {"coveredResources": [], "nextToken": "a"}, request(RECENT, **more))
    with pytest.raises(RemoteError, match="has no last page"):
        in_use()


@pytest.mark.parametrize("statuses", [("NONE",), ("FAILED", "UNSUPPORTED_IMAGE", "IN_PROGRESS")], ids=["none", "basic"])
def test_where_inspector_does_not_scan_it_is_not_asked(inspector: Stubber, statuses: tuple[str, ...]) -> None:
    assert in_use(*statuses) == {}
    inspector.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidAction"])
def test_where_the_scans_may_be_basic_ones_a_refusal_means_that_nothing_is_known(inspector: Stubber, code: str) -> None:
    inspector.add_client_error("list_coverage", code, http_status_code=403)
    assert in_use("COMPLETE") == {}


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        pytest.param(("COMPLETE", "ACTIVE"), "AccessDeniedException", id="inspector-scans"),
        pytest.param(("SCAN_ELIGIBILITY_EXPIRED",), "AccessDeniedException", id="inspector-has-scanned"),
        pytest.param(("COMPLETE",), "ThrottlingException", id="no-refusal"),
    ],
)
def test_any_other_failure_is_an_error(inspector: Stubber, statuses: tuple[str, ...], code: str) -> None:
    inspector.add_client_error("list_coverage", code, http_status_code=403)
    with pytest.raises(RemoteError, match=code):
        in_use(*statuses)


# -- for those who must not guess -------------------------------------------------------------------------------------


def certainly(monkeypatch: pytest.MonkeyPatch, scan_type: str | RemoteError, *statuses: str) -> dict[str, str]:
    def answer(_self: EcrRepository) -> str:
        if isinstance(scan_type, RemoteError):
            raise scan_type
        return scan_type

    monkeypatch.setattr(EcrRepository, "scan_type", answer)
    return dict(EcrUsage(EcrRepository(NAME, region=REGION)).certainly_in_use(NOW, frozenset(statuses)))


def test_where_scans_are_basic_nothing_is_in_use_as_far_as_anybody_knows(
    inspector: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspector.add_client_error("list_coverage", "AccessDeniedException", http_status_code=403)
    assert certainly(monkeypatch, "BASIC", "COMPLETE") == {}


def test_where_scans_are_enhanced_a_refusal_is_an_error(inspector: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    inspector.add_client_error("list_coverage", "AccessDeniedException", http_status_code=403)
    with pytest.raises(RemoteError, match="inspector2 ListCoverage failed with AccessDeniedException"):
        certainly(monkeypatch, "ENHANCED", "COMPLETE")


def test_where_nobody_says_what_scans_a_refusal_is_an_error(
    inspector: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspector.add_client_error("list_coverage", "AccessDeniedException", http_status_code=403)
    silent = RemoteError("silent", service="ecr", operation="GetRegistryScanningConfiguration", code="X")
    with pytest.raises(RemoteError, match="silent"):
        certainly(monkeypatch, silent, "COMPLETE")


def test_where_nothing_scans_nobody_is_asked(inspector: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    assert certainly(monkeypatch, RemoteError("no", service="ecr", operation="X", code="Y")) == {}
    inspector.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("configuration", "expected"), [({"scanType": "ENHANCED", "rules": []}, "ENHANCED"), ({}, "BASIC")]
)
def test_what_scans_a_registry(ecr_answers: Stubber, configuration: dict[str, object], expected: str) -> None:
    ecr_answers.add_response("get_registry_scanning_configuration", {"scanningConfiguration": configuration}, {})
    assert EcrRepository(NAME, region=REGION).scan_type() == expected
