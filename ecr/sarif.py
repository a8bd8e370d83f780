"""A verdict as a SARIF 2.1.0 document, for code scanning tools (OASIS, "Static Analysis Results Interchange Format").

What GitHub asks for beyond the standard is in it: a location for each result, fingerprints that stay equal from run to
run, and `security-severity` (GitHub documentation, "SARIF support for code scanning").
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from types import MappingProxyType

from ecr.reference import ImageReference
from ecr.scan import Finding, Judged, Outcome, Verdict, no_answer
from ecr.severity import Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
NO_ID = "unidentified"

# GitHub's bands: critical above 9.0, high from 7.0, medium from 4.0, low from 0.1. Who is not rated may be the worst.
_SCORES = MappingProxyType(
    {
        Severity.CRITICAL: "9.5",
        Severity.UNKNOWN: "9.5",
        Severity.UNDEFINED: "9.5",
        Severity.UNTRIAGED: "9.5",
        Severity.HIGH: "8.0",
        Severity.MEDIUM: "5.5",
        Severity.LOW: "2.0",
        Severity.INFORMATIONAL: "0.1",
    }
)


def document(verdict: Verdict, *, image: ImageReference) -> dict[str, object]:
    """One run with a rule for each id, a result for each finding, and a notification for all else.

    A finding that closes the gate is an error, one that passes a warning or a note, and one that is ignored is
    suppressed with its reason. A verdict that rests on missing answers says so: `executionSuccessful` is false.

    Args:
        verdict: of the gate.
        image: that was gated.
    """
    rules = _rules([judged.finding for judged in verdict.findings])
    order = {str(rule["id"]): index for index, rule in enumerate(rules)}
    answered = not any(no_answer(scan) for scan in verdict.scans)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "Amazon ECR image scan", "rules": rules}},
                "invocations": [
                    {
                        "executionSuccessful": answered,
                        "toolExecutionNotifications": [
                            *_notifications("error", verdict.reasons),
                            *_notifications("warning", verdict.warnings),
                        ],
                    }
                ],
                "results": [_result(judged, image, order) for judged in verdict.findings],
                "properties": {"image": str(image), "passed": verdict.passed, "rule": verdict.rule},
            }
        ],
    }


def _rules(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """One for each id, from the worst finding that has it, which comes first."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(_rule_id(finding), finding)
    return [_rule(name, finding) for name, finding in sorted(first.items())]


def _rule(name: str, finding: Finding) -> dict[str, object]:
    rule: dict[str, object] = {
        "id": name,
        "shortDescription": {"text": finding.title or name},
        "properties": {
            "security-severity": _SCORES[finding.severity],
            "tags": ["security", "vulnerability", finding.severity.value],
        },
    }
    return {**rule, "helpUri": finding.url} if finding.url else rule


def _result(judged: Judged, image: ImageReference, order: dict[str, int]) -> dict[str, object]:
    finding = judged.finding
    name = _rule_id(finding)
    result: dict[str, object] = {
        "ruleId": name,
        "ruleIndex": order[name],
        "level": _level(judged),
        "message": {"text": f"{finding} in {image.repository.image_uri(finding.image_digest)}"},
        "locations": [
            {
                # An image has no lines; whoever shows results asks for one.
                "physicalLocation": {
                    "artifactLocation": {"uri": image.repository.name},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {"fullyQualifiedName": image.repository.image_uri(finding.image_digest), "kind": "module"}
                ],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(judged, image)},
        "properties": {
            "severity": finding.severity.value,
            "platform": judged.platform,
            "outcome": judged.outcome.value,
        },
    }
    if judged.ignore is None:
        return result
    text = f"{judged.ignore.reason} (until {judged.ignore.until})"
    return {**result, "suppressions": [{"kind": "external", "status": "accepted", "justification": text}]}


def _level(judged: Judged) -> str:
    if judged.outcome is Outcome.REFUSED:
        return "error"
    return "warning" if judged.finding.severity.rank >= Severity.MEDIUM.rank else "note"


def _fingerprint(judged: Judged, image: ImageReference) -> str:
    """The same for the same finding in the next build: without digest and version."""
    parts = (image.repository.name, judged.platform, judged.finding.id, judged.finding.package)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _rule_id(finding: Finding) -> str:
    return finding.id or NO_ID


def _notifications(level: str, lines: Iterable[str]) -> list[dict[str, object]]:
    return [{"level": level, "message": {"text": line}} for line in lines]
