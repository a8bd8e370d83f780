"""Event patterns: which of the events on the default event bus are told.

Their shapes are those of the samples in the ECR user guide ("Amazon ECR events and EventBridge", "EventBridge events
sent for enhanced scanning in Amazon ECR", "Logging Amazon ECR actions with AWS CloudTrail") and the Inspector user
guide ("Amazon EventBridge event schema for Amazon Inspector events"); the operators those of the EventBridge user
guide, "Comparison operators for use in event patterns".
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ecr.notifications.events import LEVELS, Events, Kind, Scope
from ecr.reference import Registry
from ecr.severity import Severity

Pattern = dict[str, object]

_FOUND = [{"numeric": [">", 0]}]
_COUNTS = "finding-severity-counts"
# Inspector counts these by themselves, and all findings together: what is below MEDIUM, or not rated yet, is in TOTAL
# alone.
_COUNTED_BY_INSPECTOR = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
_TOTAL = "TOTAL"

# A lifecycle policy's doings are marked as read-only, and events that CloudTrail marks so reach no rule but those in
# this state (EventBridge user guide, "Receiving read-only management events from AWS services").
ALL_CLOUDTRAIL_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
ENABLED = "ENABLED"


def state(kind: Kind) -> str:
    """The state in which a rule sees the events of a kind."""
    return ALL_CLOUDTRAIL_EVENTS if kind is Kind.LIFECYCLE else ENABLED


def text(kind: Kind, events: Events, scope: Scope, registry: Registry) -> str:
    """The pattern as JSON."""
    return json.dumps(pattern(kind, events, scope, registry), separators=(",", ":"))


def pattern(kind: Kind, events: Events, scope: Scope, registry: Registry) -> Pattern:
    """The events of one kind, in the repositories of the scope.

    Raises:
        ValueError: for a scan, when the events have no severity.
    """
    if kind is Kind.ENHANCED_SCAN:
        # The repository's "name" is its whole ARN here, which holds the account: Inspector tells an organization's
        # administrator about members, too.
        detail = {**_enhanced_scan(events), **_repository("repository-name", scope, registry)}
        return {"source": ["aws.inspector2"], "detail-type": ["Inspector2 Scan"], "detail": detail}
    # Other accounts may send their events to this bus.
    common = {"source": ["aws.ecr"], "account": [registry.account]}
    if kind is Kind.LIFECYCLE:
        return {**common, "detail-type": ["AWS Service Event via CloudTrail"], "detail": _lifecycle(scope)}
    detail_type, detail = _of_ecr(kind, events)
    return {**common, "detail-type": [detail_type], "detail": {**detail, **_repository("repository-name", scope)}}


def _of_ecr(kind: Kind, events: Events) -> tuple[str, Pattern]:
    """What ECR sends by itself: the detail-type and what stands in the detail."""
    if kind is Kind.PUSH:
        # `anything-but` asks for a tag that is there, and isn't empty.
        pushed: Pattern = {"action-type": ["PUSH"], "result": ["SUCCESS"], "image-tag": [{"anything-but": [""]}]}
        return "ECR Image Action", pushed
    if kind is Kind.SCAN:
        levels = [level.value for level in LEVELS if level.rank >= _threshold(events).rank]
        # Nobody has rated these yet; they may be as bad as the worst.
        return "ECR Image Scan", {"scan-status": ["COMPLETE"], **_any_found([*levels, Severity.UNDEFINED.value])}
    if kind is Kind.REPLICATION:
        return "ECR Replication Action", {"action-type": ["REPLICATE"], "result": ["FAILED"]}
    archived: Pattern = {"action-type": ["UPDATE_STORAGE_CLASS"], "target-storage-class": ["ARCHIVE"]}
    return "ECR Image Action", {"result": ["SUCCESS"], "$or": [{"action-type": ["DELETE"]}, archived]}


def _enhanced_scan(events: Events) -> Pattern:
    threshold = _threshold(events)
    levels = [level.value for level in _COUNTED_BY_INSPECTOR if level.rank >= threshold.rank]
    counted = threshold in _COUNTED_BY_INSPECTOR
    return {"scan-status": ["INITIAL_SCAN_COMPLETE"], **_any_found(levels if counted else [_TOTAL])}


def _threshold(events: Events) -> Severity:
    if events.scan is None:
        raise ValueError("a scan is told from a severity on; the events name none")
    return events.scan


def _any_found(levels: list[str]) -> Pattern:
    """A finding in one of the levels, each of which is counted only where there is one.

    EventBridge takes `$or` for the name of a field where it has fewer than two alternatives (aws/event-ruler, README,
    "The $or Primitive").
    """
    alternatives: list[Pattern] = [{_COUNTS: {level: _FOUND}} for level in levels]
    return alternatives[0] if len(alternatives) == 1 else {"$or": alternatives}


def _lifecycle(scope: Scope) -> Pattern:
    # Sent for each run, also for those that leave all images alone; their list of actions is empty.
    acted: Pattern = {"lifecycleEventImage": {"digest": [{"prefix": "sha256:"}]}}
    return {
        "eventSource": ["ecr.amazonaws.com"],
        "eventName": ["PolicyExecutionEvent"],
        "serviceEventDetails": {**_repository("repositoryName", scope), "lifecycleEventImageActions": acted},
    }


def _repository(field: str, scope: Scope, registry: Registry | None = None) -> Mapping[str, object]:
    """The filter on a repository's name, or on its ARN where a registry is given; nothing where any will do."""
    written = registry.repository_arn if registry is not None else str
    if scope.name is not None:
        return {field: [written(scope.name)]}
    beginning = written(scope.prefix)
    return {field: [{"prefix": beginning}]} if beginning else {}
