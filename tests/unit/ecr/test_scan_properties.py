from __future__ import annotations

import dataclasses
import json
import random
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ecr import scan
from ecr.scan import Finding, Ignore, Outcome, Scan, ScanGate, Verdict, judge
from ecr.severity import THRESHOLDS, Severity

TODAY = date(2026, 11, 22)
IDS = st.sampled_from(["CVE-2026-1", "CVE-2026-2", "cve-2026-2", "CVE-2026-3", ""])
STATUSES = ["COMPLETE", "ACTIVE", "PENDING", "FAILED", "NEW_WORD", scan.NOT_FOUND]

findings = st.builds(
    Finding,
    id=IDS,
    severity=st.sampled_from(sorted(set(Severity) - {Severity.NONE})),
    package=st.text(max_size=3),
    title=st.text(st.characters(exclude_categories=()), max_size=3),
)
scans = st.builds(
    Scan,
    image_digest=st.sampled_from(["sha256:a", "sha256:b"]),
    platform=st.sampled_from(["", "linux/amd64", "linux/arm64"]),
    status=st.sampled_from(["COMPLETE", "COMPLETE", *STATUSES]),
    description=st.text(st.characters(exclude_categories=()), max_size=5),
    findings=st.none() | st.lists(findings, max_size=4).map(tuple),
    completed_at=st.sampled_from([None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)]),
)


def place(one: Scan) -> tuple[str, str]:
    return one.platform, one.image_digest


SCANS = st.lists(scans, max_size=3, unique_by=place)
answers = st.builds(
    Scan,
    image_digest=st.just("sha256:a"),
    platform=st.sampled_from(["linux/amd64", "linux/arm64"]),
    status=st.sampled_from(["COMPLETE", "ACTIVE"]),
    findings=st.lists(findings, max_size=4).map(tuple),
    completed_at=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
)
days = st.integers(-2, 2).map(lambda days: TODAY + timedelta(days))
ignores = st.lists(
    st.builds(Ignore, id=st.sampled_from(["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"]), reason=st.just("ok"), until=days),
    max_size=3,
    unique_by=lambda entry: entry.id,
).map(tuple)
gates = st.builds(ScanGate, max_severity=st.sampled_from(THRESHOLDS), ignore=ignores)
quick = settings(deadline=None, max_examples=150)


def refused(verdict: Verdict) -> int:
    return sum(judged.outcome is Outcome.REFUSED for judged in verdict.findings)


@quick
@given(found=SCANS, gate=gates, seed=st.integers())
def test_the_verdict_does_not_depend_on_the_order_of_scans_and_findings(
    found: list[Scan], gate: ScanGate, seed: int
) -> None:
    shuffle = random.Random(seed)  # noqa: S311 (an order, not a secret)
    mixed = [
        dataclasses.replace(one, findings=one.findings and tuple(shuffle.sample(one.findings, len(one.findings))))
        for one in shuffle.sample(found, len(found))
    ]
    first, second = judge(found, gate, today=TODAY), judge(mixed, gate, today=TODAY)
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert dataclasses.replace(first, scans=()) == dataclasses.replace(second, scans=())
    assert scan.record(first, gate, image="i", at=at) == scan.record(second, gate, image="i", at=at)


@quick
@given(found=SCANS, gate=gates)
def test_a_scan_that_is_no_answer_never_passes(found: list[Scan], gate: ScanGate) -> None:
    verdict = judge(found, gate, today=TODAY)
    sound = [
        one for one in found if one.status in ("COMPLETE", "ACTIVE") and one.completed_at and one.findings is not None
    ]
    if len(sound) < len(found) or not found:
        assert not verdict.passed
    assert verdict.passed is (not verdict.reasons)


@quick
@given(found=SCANS, gate=gates, until=days)
def test_one_more_ignore_never_refuses_more(found: list[Scan], gate: ScanGate, until: date) -> None:
    more = dataclasses.replace(gate, ignore=(*gate.ignore, Ignore(id="CVE-2026-9", reason="ok", until=until)))
    for less in (gate, dataclasses.replace(gate, ignore=gate.ignore[1:])):
        before, after = judge(found, less, today=TODAY), judge(found, more, today=TODAY)
        assert after.passed >= before.passed
        assert len(after.reasons) <= len(before.reasons)
        assert refused(after) <= refused(before)


@quick
@given(found=st.lists(answers, min_size=1, max_size=3, unique_by=place), gate=gates)
def test_a_higher_threshold_never_refuses_more(found: list[Scan], gate: ScanGate) -> None:
    verdicts = [judge(found, dataclasses.replace(gate, max_severity=level), today=TODAY) for level in THRESHOLDS]
    numbers = [refused(verdict) for verdict in verdicts]
    assert numbers == sorted(numbers, reverse=True)
    assert [verdict.passed for verdict in verdicts] == [number == 0 for number in numbers]


@quick
@given(found=SCANS, gate=gates)
def test_all_that_is_said_is_one_line_and_all_that_is_recorded_is_json(found: list[Scan], gate: ScanGate) -> None:
    verdict = judge(found, gate, today=TODAY)
    lines = [*verdict.reasons, *verdict.warnings, verdict.rule, str(scan.refusal("HOST/NAME@sha256:a", verdict))]
    assert all(line.isprintable() for line in lines)
    record = scan.record(verdict, gate, image="i", at=datetime(2026, 11, 22, tzinfo=UTC))
    assert json.loads(json.dumps(record)) == record
