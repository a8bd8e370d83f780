from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TypedDict

import pytest

from ecr import sarif
from ecr.reference import ImageReference
from ecr.scan import Finding, GateOff, Ignore, Scan, ScanGate, Verdict, judge, switched_off
from ecr.severity import Severity

AMD, ARM = (f"sha256:{letter * 64}" for letter in "ab")
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
IMAGE = ImageReference.parse(f"{HOST}/dev/yoon-app:v1.0.0")
TODAY = date(2026, 11, 22)


class Run(TypedDict):
    tool: dict[str, dict[str, list[dict[str, object]]]]
    invocations: list[dict[str, object]]
    results: list[dict[str, object]]
    properties: dict[str, object]


def found(name: str, severity: str, digest: str = AMD, **more: str) -> Finding:
    return Finding(id=name, severity=Severity.of(severity), image_digest=digest, **more)


def verdict(*findings: Finding, status: str = "COMPLETE", platform: str = "linux/amd64") -> Verdict:
    scan = Scan(
        image_digest=AMD,
        platform=platform,
        status=status,
        findings=findings,
        completed_at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    ignore = (Ignore(id="CVE-2026-9", reason="not reachable", until=date(2027, 1, 31)),)
    return judge([scan], ScanGate(ignore=ignore), today=TODAY)


def run_of(judged: Verdict) -> Run:
    document = json.loads(json.dumps(sarif.document(judged, image=IMAGE)))
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = document["runs"]
    result: Run = run
    return result


@pytest.mark.parametrize(
    ("name", "severity", "level", "score"),
    [
        ("CVE-1", "CRITICAL", "error", "9.5"),
        ("CVE-1", "SEVERE", "error", "9.5"),
        ("CVE-1", "UNDEFINED", "error", "9.5"),
        ("CVE-1", "UNTRIAGED", "error", "9.5"),
        ("CVE-1", "HIGH", "error", "8.0"),
        ("CVE-1", "MEDIUM", "warning", "5.5"),
        ("CVE-1", "LOW", "note", "2.0"),
        ("CVE-1", "INFORMATIONAL", "note", "0.1"),
        ("CVE-2026-9", "CRITICAL", "warning", "9.5"),
    ],
)
def test_a_finding_that_closes_the_gate_is_an_error(name: str, severity: str, level: str, score: str) -> None:
    run = run_of(verdict(found(name, severity)))
    (result,) = run["results"]
    (rule,) = run["tool"]["driver"]["rules"]
    properties = rule["properties"]
    assert (result["level"], result["ruleId"], rule["id"]) == (level, name, name)
    assert isinstance(properties, dict)
    assert properties["security-severity"] == score


def test_every_severity_of_a_finding_has_a_score() -> None:
    assert set(sarif._SCORES) == set(Severity) - {Severity.NONE}


def test_a_result_says_what_is_where() -> None:
    url = "https://example.org/CVE-2026-1"
    run = run_of(verdict(found("CVE-2026-1", "HIGH", package="openssl", version="3.0.1", title="Bad things", url=url)))
    uri = f"{HOST}/dev/yoon-app@{AMD}"
    (result,) = run["results"]
    assert result["message"] == {"text": f"CVE-2026-1 HIGH openssl 3.0.1 in {uri}"}
    assert result["locations"] == [
        {
            "physicalLocation": {"artifactLocation": {"uri": "dev/yoon-app"}, "region": {"startLine": 1}},
            "logicalLocations": [{"fullyQualifiedName": uri, "kind": "module"}],
        }
    ]
    assert result["properties"] == {"severity": "HIGH", "platform": "linux/amd64", "outcome": "refused"}
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["shortDescription"], rule["helpUri"]) == ({"text": "Bad things"}, url)


def test_an_ignored_finding_is_suppressed_with_its_reason() -> None:
    ignored, other = run_of(verdict(found("CVE-2026-9", "CRITICAL"), found("CVE-2026-1", "LOW")))["results"]
    assert ignored["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "not reachable (until 2027-01-31)"}
    ]
    assert "suppressions" not in other


def test_each_id_is_one_rule_and_results_point_at_theirs() -> None:
    findings = [
        found("CVE-2", "LOW", package="a"),
        found("CVE-1", "HIGH"),
        found("CVE-2", "HIGH", package="b"),
        found("", "LOW"),
    ]
    run = run_of(verdict(*findings))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["CVE-1", "CVE-2", sarif.NO_ID]
    for result in run["results"]:
        index = result["ruleIndex"]
        assert isinstance(index, int)
        assert rules[index]["id"] == result["ruleId"]


def test_a_fingerprint_stays_when_the_image_is_built_again() -> None:
    def fingerprint(finding: Finding, platform: str = "linux/amd64") -> object:
        (result,) = run_of(verdict(finding, platform=platform))["results"]
        return result["partialFingerprints"]

    first = fingerprint(found("CVE-1", "HIGH", AMD, package="openssl", version="1"))
    assert first == fingerprint(found("CVE-1", "LOW", ARM, package="openssl", version="2"))
    assert first != fingerprint(found("CVE-1", "HIGH", AMD, package="libssl", version="1"))
    assert first != fingerprint(found("CVE-1", "HIGH", AMD, package="openssl", version="1"), "linux/arm64")


@pytest.mark.parametrize(("status", "successful"), [("COMPLETE", True), ("FAILED", False), ("PENDING", False)])
def test_a_verdict_without_an_answer_is_no_success(status: str, *, successful: bool) -> None:
    run = run_of(verdict(found("CVE-2026-1", "HIGH"), status=status))
    assert run["invocations"][0]["executionSuccessful"] is successful


def test_reasons_and_warnings_are_notifications() -> None:
    judged = verdict(found("CVE-2026-1", "HIGH"))
    run = run_of(judged)
    assert run["invocations"][0]["toolExecutionNotifications"] == [
        {"level": "error", "message": {"text": judged.reasons[0]}},
        {"level": "warning", "message": {"text": "ignore of CVE-2026-9 matches no finding; take it out"}},
    ]
    assert run["properties"] == {"image": str(IMAGE), "passed": False, "rule": "findings up to MEDIUM pass"}


def test_a_gate_that_is_off_is_a_run_without_results() -> None:
    run = run_of(switched_off(GateOff("no scanner")))
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["properties"]["rule"] == "the gate is off: no scanner"
