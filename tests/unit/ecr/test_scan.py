from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from ecr import scan
from ecr.errors import ExitCode
from ecr.scan import Finding, GateOff, Ignore, Outcome, Scan, ScanGate, judge, shortened
from ecr.severity import THRESHOLDS, Severity

TODAY = date(2026, 11, 22)
DONE = datetime(2026, 11, 21, 12, tzinfo=UTC)
AMD, ARM = (f"sha256:{letter * 64}" for letter in "ab")
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/dev/yoon-app@{AMD}"

# All that the API model knows today, and one from the future.
STATUSES = [
    "IN_PROGRESS", "COMPLETE", "FAILED", "UNSUPPORTED_IMAGE", "ACTIVE", "PENDING", "SCAN_ELIGIBILITY_EXPIRED",
    "FINDINGS_UNAVAILABLE", "LIMIT_EXCEEDED", "IMAGE_ARCHIVED", "IMAGE_SIZE_EXCEEDED", scan.NOT_FOUND, "NEW_WORD", "",
]  # fmt: skip


def finding(name: str = "CVE-2026-1", severity: str | None = "HIGH", **more: str) -> Finding:
    return Finding(id=name, severity=Severity.of(severity), **more)


def scanned(*findings: Finding, status: str = "COMPLETE", digest: str = AMD, platform: str = "") -> Scan:
    return Scan(image_digest=digest, platform=platform, status=status, findings=findings, completed_at=DONE)


def gate(max_severity: Severity = Severity.MEDIUM, *ignore: Ignore) -> ScanGate:
    return ScanGate(max_severity=max_severity, ignore=ignore)


def ignore(name: str = "CVE-2026-1", until: date = TODAY) -> Ignore:
    return Ignore(id=name, reason="not reachable", until=until)


# ---------------------------------------------------------------------------------------------------------------------
# Statuses
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", STATUSES, ids=[status or "none" for status in STATUSES])
def test_only_complete_and_active_are_answers(status: str) -> None:
    verdict = judge([scanned(status=status)], gate(), today=TODAY)
    assert verdict.passed is (status in ("COMPLETE", "ACTIVE"))
    assert verdict.passed or (status or "without a status") in verdict.reasons[0]


@pytest.mark.parametrize("status", STATUSES, ids=[status or "none" for status in STATUSES])
def test_only_pending_states_are_worth_waiting_for(status: str) -> None:
    assert scan.pending(scanned(status=status)) is (status in ("IN_PROGRESS", "PENDING", "ScanNotFoundException"))


@pytest.mark.parametrize("status", ["COMPLETE", "ACTIVE"])
def test_a_status_without_a_completed_scan_is_pending_and_never_passes(status: str) -> None:
    early = dataclasses.replace(scanned(status=status), completed_at=None)
    assert scan.pending(early)
    verdict = judge([early], gate(Severity.CRITICAL), today=TODAY)
    assert not verdict.passed
    assert "ECR names no time at which it was completed" in verdict.reasons[0]


def test_ecr_s_own_words_are_in_the_reason() -> None:
    said = dataclasses.replace(scanned(status="FAILED"), description="UnsupportedImageError:\nnot \x1b[31msupported")
    (reason,) = judge([said], gate(), today=TODAY).reasons
    assert "it is FAILED: UnsupportedImageError: not \\x1b[31msupported; scan the image again" in reason


def test_no_scan_at_all_does_not_pass() -> None:
    verdict = judge([], gate(Severity.CRITICAL, ignore()), today=TODAY)
    assert (verdict.passed, verdict.warnings) == (False, ())


def test_every_platform_must_pass() -> None:
    bad = scanned(finding(), digest=ARM, platform="linux/arm64")
    verdict = judge([scanned(platform="linux/amd64"), bad, scanned(status="FAILED", platform="a")], gate(), today=TODAY)
    assert len(verdict.reasons) == 2
    assert [judged.platform for judged in verdict.findings] == ["linux/arm64"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"findings": None}, "ECR sent no list of findings", id="no-list"),
        pytest.param({"reported": {"HIGH": 1}}, "ECR counts 1 HIGH findings and sent 0", id="fewer-sent"),
        pytest.param({"findings": (finding(),), "reported": {}}, "counts 0 HIGH findings and sent 1", id="more-sent"),
        pytest.param({"reported": {"SEVERE": 1}}, "ECR counts 1 UNKNOWN findings and sent 0", id="unknown-word"),
    ],
)
def test_an_answer_that_does_not_add_up_does_not_pass(change: Mapping[str, object], reason: str) -> None:
    odd = dataclasses.replace(scanned(), **change)  # type: ignore[arg-type]  # the table holds each field's own type
    verdict = judge([odd], gate(Severity.CRITICAL), today=TODAY)
    assert not verdict.passed
    assert reason in verdict.reasons[0]


@pytest.mark.parametrize(
    ("severity", "reported"),
    [
        pytest.param("LOW", {"LOW": 1}, id="equal"),
        pytest.param("LOW", {"LOW": 1, "HIGH": 0}, id="with-zeros"),
        pytest.param("LOW", None, id="not-counted"),
        pytest.param("UNTRIAGED", {"UNDEFINED": 1}, id="inspectors-word-under-ecrs-key"),
        pytest.param("UNTRIAGED", {"UNTRIAGED": 1}, id="inspectors-word-under-its-own-key"),
    ],
)
def test_counts_that_agree_pass(severity: str, reported: Mapping[str, int] | None) -> None:
    told = dataclasses.replace(scanned(finding(severity=severity)), reported=reported)
    assert judge([told], gate(Severity.CRITICAL), today=TODAY).passed


# ---------------------------------------------------------------------------------------------------------------------
# Severities
# ---------------------------------------------------------------------------------------------------------------------

LEVELS = ["NONE", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]


@pytest.mark.parametrize(
    ("severity", "first_gate"),
    [
        ("INFORMATIONAL", "INFORMATIONAL"), ("LOW", "LOW"), ("MEDIUM", "MEDIUM"), ("HIGH", "HIGH"),
        ("CRITICAL", "CRITICAL"), ("UNDEFINED", "CRITICAL"), ("UNTRIAGED", "CRITICAL"),
        ("SEVERE", None), ("NONE", None), ("high", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_severity_passes_from_its_own_level_on(severity: str | None, first_gate: str | None) -> None:
    scans = [scanned(finding(severity=severity))]
    passing = [level.value for level in THRESHOLDS if judge(scans, gate(level), today=TODAY).passed]
    assert passing == (LEVELS[LEVELS.index(first_gate) :] if first_gate else [])


def test_a_clean_image_passes_every_gate() -> None:
    assert all(judge([scanned()], gate(level), today=TODAY).passed for level in THRESHOLDS)


@pytest.mark.parametrize("level", sorted(set(Severity) - set(THRESHOLDS)))
def test_a_gate_is_named_by_a_level(level: Severity) -> None:
    with pytest.raises(
        ValueError, match=f"{level} is no level; accepted: NONE, INFORMATIONAL, LOW, MEDIUM, HIGH, CRIT"
    ):
        gate(level)


@pytest.mark.parametrize("wait_s", [-1, 86401])
def test_a_wait_is_at_most_a_day(wait_s: int) -> None:
    with pytest.raises(ValueError, match="accepted: 0 to 86400"):
        ScanGate(wait_s=wait_s)


def test_findings_are_counted_and_listed_the_worst_first() -> None:
    names = ["LOW", "UNDEFINED", "CRITICAL", "HIGH", "LOW", "SEVERE"]
    verdict = judge([scanned(*(finding(severity=name) for name in names))], gate(), today=TODAY)
    shown = [judged.finding.severity.value for judged in verdict.findings]
    assert shown == ["UNKNOWN", "CRITICAL", "UNDEFINED", "HIGH", "LOW", "LOW"]
    assert list(verdict.counts.items()) == [("UNKNOWN", 1), ("CRITICAL", 1), ("UNDEFINED", 1), ("HIGH", 1), ("LOW", 2)]


# ---------------------------------------------------------------------------------------------------------------------
# Ignores
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "passes", "warned"),
    [
        pytest.param(TODAY - timedelta(days=1), False, True, id="until-yesterday"),
        pytest.param(TODAY, True, False, id="until-today"),
        pytest.param(TODAY + timedelta(days=1), True, False, id="until-tomorrow"),
        pytest.param(date.max, True, False, id="for-ever"),
    ],
)
def test_an_ignore_holds_through_its_last_day(until: date, *, passes: bool, warned: bool) -> None:
    verdict = judge([scanned(finding())], gate(Severity.MEDIUM, ignore(until=until)), today=TODAY)
    assert (verdict.passed, bool(verdict.warnings)) == (passes, warned)
    assert verdict.ignored == (("CVE-2026-1",) if passes else ())
    assert verdict.findings[0].outcome is (Outcome.IGNORED if passes else Outcome.REFUSED)


def test_an_expired_ignore_says_what_to_do() -> None:
    verdict = judge([scanned(finding())], gate(Severity.MEDIUM, ignore(until=date(2026, 1, 31))), today=TODAY)
    assert verdict.warnings == ("ignore of CVE-2026-1 expired on 2026-01-31; extend its date, or take it out",)


def test_an_ignore_that_matches_nothing_warns() -> None:
    verdict = judge([scanned()], gate(Severity.MEDIUM, ignore()), today=TODAY)
    assert verdict.passed
    assert verdict.warnings == ("ignore of CVE-2026-1 matches no finding; take it out",)


def test_an_ignore_is_not_called_unused_while_a_scan_is_missing() -> None:
    scans = [scanned(platform="linux/amd64"), scanned(status="PENDING", platform="linux/arm64")]
    assert judge(scans, gate(Severity.MEDIUM, ignore()), today=TODAY).warnings == ()


@pytest.mark.parametrize(
    ("found", "passes"),
    [("CVE-2026-1", True), ("cve-2026-1", True), ("CVE-2026-11", False), ("CVE-2026-1 ", False), ("", False)],
)
def test_an_ignore_matches_the_whole_id_in_either_case(found: str, *, passes: bool) -> None:
    assert judge([scanned(finding(found))], gate(Severity.MEDIUM, ignore()), today=TODAY).passed is passes


def test_a_finding_of_unknown_severity_can_be_ignored_by_its_id() -> None:
    assert judge([scanned(finding(severity=None))], gate(Severity.NONE, ignore()), today=TODAY).passed


def test_an_ignore_does_not_stand_in_for_a_scan() -> None:
    assert not judge([scanned(finding(), status="FAILED")], gate(Severity.MEDIUM, ignore()), today=TODAY).passed


def test_an_id_is_ignored_once() -> None:
    with pytest.raises(ValueError, match="CVE-2026-1 is ignored twice; name it once"):
        gate(Severity.MEDIUM, ignore(), ignore("cve-2026-1"))


# ---------------------------------------------------------------------------------------------------------------------
# Words
# ---------------------------------------------------------------------------------------------------------------------


def test_a_reason_names_the_five_worst_and_counts_the_rest() -> None:
    openssl = {"package": "openssl", "version": "3.0.1", "fixed_in": "3.0.2"}
    scans = [
        scanned(finding("CVE-2026-1", "CRITICAL", **openssl), digest=digest, platform=platform)
        for digest, platform in ((AMD, "linux/amd64"), (ARM, "linux/arm64"))
    ]
    others = scanned(*(finding(f"CVE-2026-{number}") for number in range(2, 9)), digest=ARM, platform="linux/s390x")
    (reason,) = judge([*scans, others], gate(), today=TODAY).reasons
    assert reason == (
        "9 findings above MEDIUM: CVE-2026-1 CRITICAL openssl 3.0.1 (fixed in 3.0.2) on 2 platforms, CVE-2026-2 HIGH, "
        "CVE-2026-3 HIGH, CVE-2026-4 HIGH, CVE-2026-5 HIGH and 3 more"
    )


def test_a_refusal_is_one_line_with_the_image_and_what_to_do() -> None:
    verdict = judge([scanned(finding(package="a\nb\x1b[2J"))], gate(Severity.NONE), today=TODAY)
    error = scan.refusal(IMAGE, verdict)
    assert str(error) == (
        f"{IMAGE} does not pass the gate: 1 finding: CVE-2026-1 HIGH a b\\x1b[2J; fix it and build again, raise "
        "maxSeverity, or ignore a finding with a reason and an end date"
    )
    assert (error.exit_code, error.image, error.reasons) == (ExitCode.REFUSED, IMAGE, verdict.reasons)


def test_a_refusal_of_a_missing_scan_does_not_speak_of_findings() -> None:
    line = str(scan.refusal(IMAGE, judge([scanned(status=scan.NOT_FOUND)], gate(), today=TODAY)))
    assert "maxSeverity" not in line
    assert line.endswith("turn scanning on, with scanOnPush or in the registry's scan settings, and scan the image")


def test_a_refusal_stays_short_however_long_the_findings_are() -> None:
    long = [finding("C" * 10_000 + str(number), title="x" * 10_000, package="p" * 10_000) for number in range(50)]
    many = [scanned(*long, status=status, platform=f"{n}") for n, status in enumerate(["COMPLETE", *["FAILED"] * 99])]
    assert len(str(scan.refusal(IMAGE, judge(many, gate(), today=TODAY)))) < 2000


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [
        ("plain", 10, "plain"),
        ("a\n\t b", 10, "a b"),
        ("abcdefghij", 9, "abcdef..."),
        ("\x00" * 9, 9, "\\x00\\x..."),
        ("", 5, ""),
    ],
)
def test_foreign_text_is_one_short_line(text: str, limit: int, line: str) -> None:
    assert shortened(text, limit) == line


def test_a_rule_says_how_it_was_decided() -> None:
    some = gate(Severity.LOW, ignore(), ignore("CVE-2026-2"))
    assert (
        judge([scanned(finding())], some, today=TODAY).rule
        == "findings up to LOW pass; ignored: CVE-2026-1 until 2026-11-22"
    )
    assert judge([scanned()], gate(Severity.NONE), today=TODAY).rule == "no finding passes"
    assert scan.switched_off(GateOff("no scanner here")).rule == "the gate is off: no scanner here"


# ---------------------------------------------------------------------------------------------------------------------
# Records
# ---------------------------------------------------------------------------------------------------------------------


def test_a_record_holds_what_was_gated_when_and_by_which_rule() -> None:
    rule = gate(Severity.MEDIUM, ignore())
    verdict = judge([scanned(finding(), platform="linux/amd64")], rule, today=TODAY)
    at = datetime(2026, 11, 22, 1, 2, 3, 456, tzinfo=timezone(timedelta(hours=9)))
    record = scan.record(verdict, rule, image=IMAGE, at=at)
    assert record == {
        "image": IMAGE,
        "at": "2026-11-21T16:02:03Z",
        "passed": True,
        "rule": "findings up to MEDIUM pass; ignored: CVE-2026-1 until 2026-11-22",
        "max_severity": "MEDIUM",
        "off": "",
        "reasons": [],
        "warnings": [],
        "counts": {"HIGH": 1},
        "ignored": [{"id": "CVE-2026-1", "reason": "not reachable", "until": "2026-11-22"}],
        "scans": [
            {"digest": AMD, "platform": "linux/amd64", "status": "COMPLETE", "completed_at": "2026-11-21T12:00:00Z"}
        ],
    }
    assert json.loads(json.dumps(record)) == record


def test_a_record_of_a_gate_that_is_off_has_the_same_keys_and_the_reason() -> None:
    off = GateOff("the local cloud has no scanner")
    record = scan.record(scan.switched_off(off), off, image=IMAGE, at=DONE)
    on = scan.record(judge([scanned(status="PENDING")], gate(), today=TODAY), gate(), image=IMAGE, at=DONE)
    assert record.keys() == on.keys()
    assert (record["passed"], record["off"], record["max_severity"]) == (True, "the local cloud has no scanner", "")
