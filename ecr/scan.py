"""What a scan of an image found, and whether that may be promoted. The verdict is pure; `ecr.gate` gathers and waits.

ECR scans in two ways (ECR user guide, "Scan images for software vulnerabilities"): basic scanning ends with the status
COMPLETE, enhanced scanning (Amazon Inspector) with COMPLETE or, where it scans continuously, with ACTIVE. Everything
that is not such an answer, or does not add up, closes the gate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from ecr.errors import GateClosed, printable
from ecr.severity import THRESHOLDS, Severity

# Statuses (ECR API reference, ImageScanStatus). ACTIVE: "continuous scan is selected for image".
ANSWERED = frozenset({"COMPLETE", "ACTIVE"})
NOT_FOUND = "ScanNotFoundException"
PENDING = frozenset({"IN_PROGRESS", "PENDING", NOT_FOUND})

MAX_WAIT_S = 86400
_MAX_WORST = 5
_MAX_REASON = 400

_ADVICE = {
    "FAILED": "scan the image again with: aws ecr start-image-scan",
    "UNSUPPORTED_IMAGE": "ECR can't scan what it is built on; build it on a supported distribution",
    "SCAN_ELIGIBILITY_EXPIRED": "Inspector no longer scans it; widen its re-scan duration, or build the image again",
    "FINDINGS_UNAVAILABLE": "scan the image again",
    "IMAGE_ARCHIVED": "restore the image from the archive, so that it is scanned",
    "LIMIT_EXCEEDED": "a quota of scans is used up; try again tomorrow, or raise the quota",
    "IMAGE_SIZE_EXCEEDED": "make the image smaller",
    NOT_FOUND: "turn scanning on, with scanOnPush or in the registry's scan settings, and scan the image",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One vulnerability in one image, as ECR tells it. All texts are on one line; unknown ones are empty.

    Attributes:
        id: usually the CVE.
        package: the package that has it; several are joined by commas, and so are their versions.
        fixed_in: the version without it, empty while there is none.
        url: where it is described.
        image_digest: the image that was scanned, of one platform.
    """

    id: str
    severity: Severity
    package: str = ""
    version: str = ""
    fixed_in: str = ""
    title: str = ""
    url: str = ""
    image_digest: str = ""

    def __str__(self) -> str:
        name = " ".join(part for part in (self.id or "(no id)", self.severity, self.package, self.version) if part)
        return f"{name} (fixed in {self.fixed_in})" if self.fixed_in else name


@dataclass(frozen=True, kw_only=True)
class Ignore:
    """A finding that somebody has judged, and lets pass for a time.

    Attributes:
        id: of the finding; upper and lower case are equal.
        reason: why, for those who come later.
        until: the last day, in UTC, on which it holds.
    """

    id: str
    reason: str
    until: date


@dataclass(frozen=True, kw_only=True)
class ScanGate:
    """Which findings pass.

    Attributes:
        max_severity: the highest that passes, one of `THRESHOLDS`; NONE lets no finding pass. By default HIGH and
            CRITICAL findings close the gate, and so do those that nobody has rated.
        wait_s: seconds to wait for pending scans.
        ignore: findings that pass whatever their severity; each id once.

    Raises:
        ValueError: for a threshold that is no level, and for an id that stands twice.
    """

    max_severity: Severity = Severity.MEDIUM
    wait_s: int = 600
    ignore: tuple[Ignore, ...] = ()

    def __post_init__(self) -> None:
        if self.max_severity not in THRESHOLDS:
            raise ValueError(f"{self.max_severity} is no level; accepted: {', '.join(THRESHOLDS)}")
        if not 0 <= self.wait_s <= MAX_WAIT_S:
            raise ValueError(f"{self.wait_s} seconds are not accepted; accepted: 0 to {MAX_WAIT_S}")
        counts = Counter(entry.id.casefold() for entry in self.ignore)
        if twice := sorted(entry for entry, count in counts.items() if count > 1):
            raise ValueError(f"{twice[0].upper()} is ignored twice; name it once")


@dataclass(frozen=True)
class GateOff:
    """The gate is switched off, on the record.

    Attributes:
        reason: why.
    """

    reason: str


Gate = ScanGate | GateOff


@dataclass(frozen=True, kw_only=True)
class Scan:
    """ECR's answer about one image.

    Attributes:
        platform: such as `linux/amd64`; empty for an image that is in no index.
        status: ECR's word; `NOT_FOUND` where there is no scan.
        description: ECR's own words about the status.
        findings: from all pages, in any order; None when the answer holds no list of findings.
        completed_at: when the last scan ended; None when none has, whatever the status says (`pending`).
        enhanced: whether Amazon Inspector scanned.
        reported: how many findings of each severity ECR itself has counted; None when it doesn't say.
    """

    image_digest: str
    platform: str = ""
    status: str
    description: str = ""
    findings: tuple[Finding, ...] | None = ()
    completed_at: datetime | None = None
    enhanced: bool = False
    reported: Mapping[str, int] | None = None

    def __str__(self) -> str:
        return f"{self.image_digest} ({self.platform})" if self.platform else self.image_digest


class Outcome(StrEnum):
    """What became of a finding."""

    REFUSED = "refused"
    PASSED = "passed"
    IGNORED = "ignored"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A finding with its outcome, and the entry that ignores it."""

    finding: Finding
    platform: str
    outcome: Outcome
    ignore: Ignore | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether an image passes, and why.

    Attributes:
        reasons: why it does not pass, a line each; empty when it passes.
        findings: all of them, the worst first.
        ignored: ids of the findings that were ignored.
        warnings: entries of `ignore` that have expired or match nothing, a line each.
        counts: severity -> number of findings on all platforms, ignored ones included; the worst first.
        rule: how it was decided, in a line.
        scans: what it was decided on, in the order of platforms.
        applied: the entries of `ignore` that matched a finding.
    """

    passed: bool
    reasons: tuple[str, ...] = ()
    findings: tuple[Judged, ...] = ()
    ignored: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    rule: str
    scans: tuple[Scan, ...] = ()
    applied: tuple[Ignore, ...] = ()


def pending(scan: Scan) -> bool:
    """Whether waiting may bring an answer.

    COMPLETE and ACTIVE alone are none: with enhanced scanning both are reported before the first scan has ended, with
    an empty list of findings and no `imageScanCompletedAt` (github.com/aws/aws-sdk/issues/289; for ACTIVE, the answer
    in github.com/aws/aws-cli/issues/6759).
    """
    return scan.status in PENDING or (scan.status in ANSWERED and scan.completed_at is None)


def judge(scans: Sequence[Scan], gate: ScanGate, *, today: date) -> Verdict:
    """Decide on the scans of all platforms of an image. Their order does not matter.

    Args:
        scans: one for each platform; none at all does not pass.
        gate: the rule.
        today: the day in UTC, which decides about the ignores.
    """
    ordered = tuple(sorted(scans, key=lambda scan: (scan.platform, scan.image_digest, scan.status)))
    in_force = {entry.id.casefold(): entry for entry in gate.ignore if today <= entry.until}
    findings = tuple(sorted((_judged(scan, finding, gate, in_force) for scan, finding in _found(ordered)), key=_order))
    applied = tuple(entry for entry in gate.ignore if any(judged.ignore is entry for judged in findings))
    reasons = (*_unanswered(ordered), *_refused(findings, gate))
    complete = bool(ordered) and not any(no_answer(scan) for scan in ordered)
    return Verdict(
        passed=not reasons,
        reasons=reasons,
        findings=findings,
        ignored=tuple(entry.id for entry in applied),
        warnings=tuple(_warnings(gate, findings, today, complete=complete)),
        counts=_counts(judged.finding for judged in findings),
        rule=_rule(gate, applied),
        scans=ordered,
        applied=applied,
    )


def switched_off(gate: GateOff) -> Verdict:
    """The verdict of a gate that is switched off: it passes, and the rule says why."""
    return Verdict(passed=True, rule=f"the gate is off: {shortened(gate.reason)}")


def refusal(image: str, verdict: Verdict) -> GateClosed:
    """The error for a verdict that does not pass: image, reasons and what to do, on one line."""
    advice = "fix it and build again, raise maxSeverity, or ignore a finding with a reason and an end date"
    found = any(judged.outcome is Outcome.REFUSED for judged in verdict.findings)
    return GateClosed(image, verdict.reasons, advice=advice if found else "")


def record(verdict: Verdict, gate: Gate, *, image: str, at: datetime) -> dict[str, object]:
    """What was gated, when and by which rule, in plain JSON types; the keys are a contract.

    `image`, `at` (UTC, ISO 8601, whole seconds), `passed`, `rule`, `max_severity` (empty when the gate is off), `off`
    (the reason; empty when it is on), `reasons`, `warnings`, `counts` (severity -> number), `ignored` (list of `id`,
    `reason`, `until`), `scans` (list of `digest`, `platform`, `status`, `completed_at`).
    """
    return {
        "image": image,
        "at": _instant(at),
        "passed": verdict.passed,
        "rule": verdict.rule,
        "max_severity": gate.max_severity.value if isinstance(gate, ScanGate) else "",
        "off": gate.reason if isinstance(gate, GateOff) else "",
        "reasons": list(verdict.reasons),
        "warnings": list(verdict.warnings),
        "counts": dict(verdict.counts),
        "ignored": [
            {"id": entry.id, "reason": entry.reason, "until": entry.until.isoformat()} for entry in verdict.applied
        ],
        "scans": [
            {
                "digest": scan.image_digest,
                "platform": scan.platform,
                "status": scan.status,
                "completed_at": _instant(scan.completed_at) if scan.completed_at else "",
            }
            for scan in verdict.scans
        ],
    }


def shortened(text: str, limit: int = _MAX_REASON) -> str:
    """`text` on one printable line of at most `limit` characters: what a scanner says is not trusted."""
    line = printable(" ".join(text[: limit * 2].split()))
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _found(scans: Iterable[Scan]) -> Iterator[tuple[Scan, Finding]]:
    return ((scan, finding) for scan in scans for finding in scan.findings or ())


def _judged(scan: Scan, finding: Finding, gate: ScanGate, in_force: Mapping[str, Ignore]) -> Judged:
    ignore = in_force.get(finding.id.casefold())
    if ignore is not None:
        outcome = Outcome.IGNORED
    elif finding.severity.rank <= gate.max_severity.rank:
        outcome = Outcome.PASSED
    else:
        outcome = Outcome.REFUSED
    return Judged(finding=finding, platform=scan.platform, outcome=outcome, ignore=ignore)


def _order(judged: Judged) -> tuple[int | str, ...]:
    found = judged.finding
    texts = (found.severity, found.id, found.package, found.version, found.fixed_in, found.title, found.url)
    return (-found.severity.rank, *texts, judged.platform, found.image_digest)


def _unanswered(scans: Sequence[Scan]) -> Iterator[str]:
    if not scans:
        yield "no image was scanned, because the index names none"
    for scan in scans:
        if reason := no_answer(scan):
            yield reason


def no_answer(scan: Scan) -> str:
    """Why a scan is no answer that a verdict can rest on, on one line; empty for one that is."""
    said = f": {shortened(scan.description)}" if scan.description else ""
    if scan.status in ANSWERED and scan.completed_at is None:
        return f"the scan of {scan} is {scan.status}, but ECR names no time at which it was completed"
    if scan.status in PENDING:
        advice = f"; {_ADVICE[scan.status]}" if scan.status in _ADVICE else ""
        return f"the scan of {scan} has not ended in time, it is {scan.status}{advice}"
    if scan.status not in ANSWERED:
        status = shortened(scan.status) or "without a status"
        advice = f"; {_ADVICE[scan.status]}" if scan.status in _ADVICE else ""
        return f"the scan of {scan} is no answer, it is {status}{said}{advice}"
    if scan.findings is None:
        return f"the scan of {scan} is {scan.status}, but ECR sent no list of findings"
    return _disagreement(scan)


def _disagreement(scan: Scan) -> str:
    """Where ECR's own counts differ from the findings that were read; UNDEFINED and UNTRIAGED are one."""
    if scan.reported is None:
        return ""
    read: Counter[str] = Counter(finding.severity.counted for finding in scan.findings or ())
    said: Counter[str] = Counter()
    for severity, number in scan.reported.items():
        said[Severity.of(severity).counted] += number
    for severity in sorted(read.keys() | said.keys()):
        if read[severity] != said[severity]:
            return (
                f"the scan of {scan} does not add up, ECR counts {said[severity]} {severity} findings and "
                f"sent {read[severity]}; run the command again"
            )
    return ""


def _refused(findings: Sequence[Judged], gate: ScanGate) -> Iterator[str]:
    refused = [judged.finding for judged in findings if judged.outcome is Outcome.REFUSED]
    if not refused:
        return
    same = Counter(str(finding) for finding in refused)
    shown = list(same.items())[:_MAX_WORST]
    lines = [shortened(text, 160) + (f" on {number} platforms" if number > 1 else "") for text, number in shown]
    rest = len(refused) - sum(number for _, number in shown)
    more = f" and {rest} more" if rest else ""
    noun = "finding" if len(refused) == 1 else "findings"
    above = f" above {gate.max_severity}" if gate.max_severity is not Severity.NONE else ""
    yield f"{len(refused)} {noun}{above}: {', '.join(lines)}{more}"


def _warnings(gate: ScanGate, findings: Sequence[Judged], today: date, *, complete: bool) -> Iterator[str]:
    seen = {judged.finding.id.casefold() for judged in findings}
    for entry in gate.ignore:
        if entry.until < today:
            yield f"ignore of {entry.id} expired on {entry.until}; extend its date, or take it out"
        elif complete and entry.id.casefold() not in seen:
            yield f"ignore of {entry.id} matches no finding; take it out"


def _counts(findings: Iterable[Finding]) -> Mapping[str, int]:
    counts = Counter(finding.severity for finding in findings)
    return {severity.value: counts[severity] for severity in reversed(Severity) if counts[severity]}


def _rule(gate: ScanGate, applied: Sequence[Ignore]) -> str:
    level = "no finding passes" if gate.max_severity is Severity.NONE else f"findings up to {gate.max_severity} pass"
    ignored = ", ".join(f"{entry.id} until {entry.until}" for entry in applied)
    return f"{level}; ignored: {ignored}" if ignored else level
