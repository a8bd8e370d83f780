from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from mypy_boto3_ecr import ECRClient

from ecr import scan as scans
from ecr.aws import EcrRepository, findings
from ecr.aws.findings import EcrScans
from ecr.errors import RemoteError
from ecr.oci.manifest import OCI_MANIFEST
from ecr.scan import Finding, Scan
from ecr.severity import Severity

NAME, REGION = "dev/yoon-app", "ap-northeast-2"
AMD, ARM = (f"sha256:{letter * 64}" for letter in "ab")
DONE = datetime(2026, 11, 21, 12, tzinfo=UTC)
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST,
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": ARM, "size": 7},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": AMD, "size": 7}],
}


def source(account: str | None = None) -> EcrScans:
    return EcrScans(EcrRepository(NAME, region=REGION, account=account))


# ---------------------------------------------------------------------------------------------------------------------
# Findings
# ---------------------------------------------------------------------------------------------------------------------

BASIC = {
    "name": "CVE-2019-5188",
    "description": "A code execution\nvulnerability exists",
    "uri": "https://example.org/CVE-2019-5188",
    "severity": "MEDIUM",
    "attributes": [
        {"key": "package_version", "value": "1.44.1-1ubuntu1.1"},
        {"key": "package_name", "value": "e2fsprogs"},
        {"key": "CVSS2_SCORE"},
    ],
}
# The example of the API reference, DescribeImageScanFindings, shortened.
ENHANCED = {
    "findingArn": "arn:aws:inspector2:us-east-1:123456789012:finding/1",
    "packageVulnerabilityDetails": {
        "vulnerabilityId": "CVE-2022-49043",
        "sourceUrl": "https://example.org/CVE-2022-49043",
        "vulnerablePackages": [
            {
                "name": "libxml2",
                "epoch": 0,
                "version": "2.9.14+dfsg",
                "release": "1.3~deb12u1",
                "fixedInVersion": "NotAvailable",
            }
        ],
    },
    "severity": "HIGH",
    "status": "ACTIVE",
    "title": "CVE-2022-49043 - libxml2",
}
BASIC_READ = Finding(
    id="CVE-2019-5188",
    severity=Severity.MEDIUM,
    package="e2fsprogs",
    version="1.44.1-1ubuntu1.1",
    title="A code execution vulnerability exists",
    url="https://example.org/CVE-2019-5188",
    image_digest=AMD,
)
ENHANCED_READ = Finding(
    id="CVE-2022-49043",
    severity=Severity.HIGH,
    package="libxml2",
    version="2.9.14+dfsg-1.3~deb12u1",
    title="CVE-2022-49043 - libxml2",
    url="https://example.org/CVE-2022-49043",
    image_digest=AMD,
)
REQUEST = MappingProxyType({"repositoryName": NAME, "imageId": {"imageDigest": AMD}, "maxResults": 1000})
NOTHING: MappingProxyType[str, object] = MappingProxyType({})


def answer(
    ecr_answers: Stubber,
    details: object,
    status: str = "COMPLETE",
    *,
    token: str = "",
    after: str = "",
    **request: object,
) -> None:
    page = {"imageScanStatus": {"status": status, "description": "said"}, "imageScanFindings": details}
    ecr_answers.add_response(
        "describe_image_scan_findings",
        {**page, "nextToken": token} if token else page,
        {**REQUEST, "nextToken": after, **request} if after else {**REQUEST, **request},
    )


def test_basic_findings_are_read(ecr_answers: Stubber) -> None:
    answer(ecr_answers, {"findings": [BASIC], "imageScanCompletedAt": DONE, "findingSeverityCounts": {"MEDIUM": 1}})
    assert source().scan(AMD) == Scan(
        image_digest=AMD,
        status="COMPLETE",
        description="said",
        findings=(BASIC_READ,),
        completed_at=DONE,
        reported={"MEDIUM": 1},
    )


def test_enhanced_findings_are_read(ecr_answers: Stubber) -> None:
    details = {"enhancedFindings": [ENHANCED], "imageScanCompletedAt": DONE, "findingSeverityCounts": {"HIGH": 1}}
    answer(ecr_answers, details, "ACTIVE")
    assert source().scan(AMD) == Scan(
        image_digest=AMD,
        status="ACTIVE",
        description="said",
        findings=(ENHANCED_READ,),
        completed_at=DONE,
        enhanced=True,
        reported={"HIGH": 1},
    )


def test_findings_of_both_formats_count(ecr_answers: Stubber) -> None:
    answer(ecr_answers, {"findings": [BASIC], "enhancedFindings": [ENHANCED], "imageScanCompletedAt": DONE})
    assert source().scan(AMD).findings == (BASIC_READ, ENHANCED_READ)


@pytest.mark.parametrize("key", ["findings", "enhancedFindings"])
def test_all_pages_are_read(ecr_answers: Stubber, key: str) -> None:
    one = BASIC if key == "findings" else ENHANCED
    counts = {str(one["severity"]): 5}
    answer(ecr_answers, {key: [one, one], "imageScanCompletedAt": DONE, "findingSeverityCounts": counts}, token="t1")
    answer(ecr_answers, {key: [one, one], "imageScanCompletedAt": DONE}, after="t1", token="t2")
    answer(ecr_answers, {key: [one]}, after="t2")
    scan = source().scan(AMD)
    assert len(scan.findings or ()) == 5
    assert (scan.completed_at, scan.reported) == (DONE, counts)
    assert scans.no_answer(scan) == ""


def test_a_list_of_pages_that_goes_in_circles_is_refused(ecr_answers: Stubber) -> None:
    answer(ecr_answers, {"findings": [BASIC]}, token="t1")
    answer(ecr_answers, {"findings": [BASIC]}, after="t1", token="t2")
    answer(ecr_answers, {"findings": [BASIC]}, after="t2", token="t1")
    with pytest.raises(RemoteError, match=f"the findings of {AMD} have no last page") as raised:
        source().scan(AMD)
    assert (raised.value.code, raised.value.temporary) == ("MalformedAnswer", False)


def test_a_list_of_pages_without_end_is_refused(ecr_answers: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "MAX_PAGES", 2)
    answer(ecr_answers, {"findings": []}, token="t1")
    answer(ecr_answers, {"findings": []}, after="t1", token="t2")
    with pytest.raises(RemoteError, match="have no last page"):
        source().scan(AMD)


@pytest.mark.parametrize(
    ("status", "details"),
    [
        pytest.param("IN_PROGRESS", {"findings": []}, id="began"),
        pytest.param("COMPLETE", {"findings": [], "imageScanCompletedAt": DONE + timedelta(hours=1)}, id="ended"),
    ],
)
def test_a_scan_that_changes_between_two_pages_is_read_again_later(
    ecr_answers: Stubber, status: str, details: object
) -> None:
    answer(ecr_answers, {"findings": [BASIC], "imageScanCompletedAt": DONE}, token="t1")
    answer(ecr_answers, details, status, after="t1")
    assert scans.pending(source().scan(AMD))


def test_a_scan_that_vanishes_between_two_pages_is_none(ecr_answers: Stubber) -> None:
    answer(ecr_answers, {"findings": [BASIC], "imageScanCompletedAt": DONE}, token="t1")
    ecr_answers.add_client_error("describe_image_scan_findings", "ScanNotFoundException", http_status_code=400)
    assert source().scan(AMD) == Scan(image_digest=AMD, status=scans.NOT_FOUND)


@pytest.mark.parametrize("status", ["IN_PROGRESS", "PENDING", "FAILED", "UNSUPPORTED_IMAGE", "NEW_WORD"])
def test_pages_of_what_is_no_answer_are_not_read(ecr_answers: Stubber, status: str) -> None:
    answer(ecr_answers, {"findings": [BASIC]}, status, token="t1")
    scan = source().scan(AMD)
    assert (scan.status, scan.description) == (status, "said")


def test_an_image_that_nobody_scans_is_an_answer_of_its_own(ecr_answers: Stubber) -> None:
    ecr_answers.add_client_error("describe_image_scan_findings", "ScanNotFoundException", http_status_code=400)
    scan = source().scan(AMD)
    assert scan == Scan(image_digest=AMD, status="ScanNotFoundException")
    assert scans.pending(scan)


@pytest.mark.parametrize(
    ("details", "problem"),
    [
        pytest.param({"imageScanCompletedAt": DONE}, "ECR sent no list of findings", id="no-list"),
        pytest.param({"findings": []}, "ECR names no time at which it was completed", id="no-completion"),
        pytest.param({}, "ECR names no time at which it was completed", id="nothing"),
        pytest.param(
            {"findings": [BASIC], "imageScanCompletedAt": DONE, "findingSeverityCounts": {"MEDIUM": 1, "HIGH": 1}},
            "ECR counts 1 HIGH findings and sent 0",
            id="counts-differ",
        ),
    ],
)
def test_an_incomplete_answer_is_none(ecr_answers: Stubber, details: object, problem: str) -> None:
    answer(ecr_answers, details)
    assert problem in scans.no_answer(source().scan(AMD))


def test_an_answer_without_a_status_is_none(ecr_answers: Stubber) -> None:
    ecr_answers.add_response("describe_image_scan_findings", {}, dict(REQUEST))
    scan = source().scan(AMD)
    assert "it is without a status" in scans.no_answer(scan)
    assert not scans.pending(scan)


@pytest.mark.parametrize(
    ("entry", "severity"),
    [
        pytest.param({}, Severity.UNKNOWN, id="missing"),
        pytest.param({"severity": "UNDEFINED"}, Severity.UNDEFINED, id="undefined"),
        pytest.param({"severity": "UNTRIAGED"}, Severity.UNTRIAGED, id="untriaged"),
        pytest.param({"severity": "SEVERE"}, Severity.UNKNOWN, id="from-the-future"),
    ],
)
@pytest.mark.parametrize("key", ["findings", "enhancedFindings"])
def test_a_severity_is_never_guessed(ecr_answers: Stubber, key: str, entry: object, severity: Severity) -> None:
    answer(ecr_answers, {key: [entry], "imageScanCompletedAt": DONE})
    (finding,) = source().scan(AMD).findings or ()
    assert (finding.severity, finding.id) == (severity, "")


def test_a_finding_in_several_packages_names_each_once(ecr_answers: Stubber) -> None:
    packages = [
        {"name": "openssl", "epoch": 1, "version": "3.0.7", "release": "1.el9", "fixedInVersion": "1:3.0.8"},
        {"name": "openssl-libs", "epoch": 1, "version": "3.0.7", "release": "1.el9", "fixedInVersion": "1:3.0.8"},
        {"name": "openssl", "version": "3.1"},
    ]
    entry = {**ENHANCED, "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-1", "vulnerablePackages": packages}}
    answer(ecr_answers, {"enhancedFindings": [entry], "imageScanCompletedAt": DONE})
    (finding,) = source().scan(AMD).findings or ()
    assert str(finding) == "CVE-1 HIGH openssl, openssl-libs 1:3.0.7-1.el9, 3.1 (fixed in 1:3.0.8)"


def test_a_finding_of_another_kind_is_named_by_its_arn(ecr_answers: Stubber) -> None:
    entry = {"findingArn": "arn:aws:inspector2:finding/2", "severity": "LOW", "type": "CODE_VULNERABILITY"}
    answer(ecr_answers, {"enhancedFindings": [entry], "imageScanCompletedAt": DONE})
    (finding,) = source().scan(AMD).findings or ()
    assert finding.id == "arn:aws:inspector2:finding/2"


def test_texts_are_cut_and_made_printable(ecr_answers: Stubber) -> None:
    entry = {
        "name": "CVE-1\x1b[31m" + "x" * 999,
        "description": "d" * 9999,
        "uri": "javascript:alert(1)",
        "attributes": [{"key": "package_name", "value": "p\n" * 999}],
    }
    answer(ecr_answers, {"findings": [entry], "imageScanCompletedAt": DONE})
    (finding,) = source().scan(AMD).findings or ()
    texts = (finding.id, finding.title, finding.package)
    assert all(text.isprintable() and len(text) <= 300 for text in texts)
    assert finding.url == ""


def test_another_account_s_registry_is_named(ecr_answers: Stubber) -> None:
    answer(ecr_answers, {"findings": [], "imageScanCompletedAt": DONE}, registryId="210987654321")
    assert source("210987654321").scan(AMD).findings == ()


@pytest.mark.parametrize(
    ("code", "temporary"),
    [("ImageNotFoundException", False), ("RepositoryNotFoundException", False), ("AccessDeniedException", False),
     ("ValidationException", False), ("ThrottlingException", True), ("ServerException", True)],
)  # fmt: skip
def test_a_refused_read_is_never_an_empty_list(ecr_answers: Stubber, code: str, *, temporary: bool) -> None:
    ecr_answers.add_client_error("describe_image_scan_findings", code, "why", http_status_code=400)
    with pytest.raises(RemoteError, match=f"DescribeImageScanFindings failed with {code}") as raised:
        source().scan(AMD)
    assert raised.value.temporary is temporary


def test_the_statuses_that_we_act_on_are_those_of_the_api(ecr_client: ECRClient) -> None:
    known = set(ecr_client.meta.service_model.shape_for("ScanStatus").enum)  # type: ignore[attr-defined] # only of texts
    ours = (scans.ANSWERED | scans.PENDING | set(scans._ADVICE)) - {scans.NOT_FOUND}
    assert known == ours
    severities = set(ecr_client.meta.service_model.shape_for("FindingSeverity").enum)  # type: ignore[attr-defined] # as above
    assert severities == {severity.counted.value for severity in Severity} - {"NONE", "UNKNOWN"}


@pytest.mark.usefixtures("_surroundings")
def test_a_scan_is_found_once_it_was_started() -> None:
    with mock_aws():
        ecr = boto3.client("ecr", region_name=REGION)
        ecr.create_repository(repositoryName=NAME)
        pushed = ecr.put_image(repositoryName=NAME, imageManifest=json.dumps(MANIFEST), imageTag="v1.0.0")
        digest = pushed["image"]["imageId"]["imageDigest"]
        assert source().platforms(digest) == ((digest, ""),)
        assert source().scan(digest).status == scans.NOT_FOUND
        ecr.start_image_scan(repositoryName=NAME, imageId={"imageDigest": digest})
        scan = source().scan(digest)
    assert scans.no_answer(scan) == ""
    assert [str(finding) for finding in scan.findings or ()] == ["CVE-9999-9999 HIGH moto_fake 9.9.9"]
