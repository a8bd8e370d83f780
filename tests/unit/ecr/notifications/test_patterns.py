"""Which events are told: AWS's own samples, and what differs from them, put through the patterns."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ecr.notifications import patterns
from ecr.notifications.events import ALL, LEVELS, Events, Kind, Scope
from ecr.reference import Registry
from ecr.severity import Severity
from tests.unit.ecr.notifications import samples
from tests.unit.ecr.notifications.eventbridge import matches
from tests.unit.ecr.notifications.samples import Event, arn, changed

REGISTRY = Registry("aws", samples.REGION, samples.ACCOUNT)
OWN = Scope.one(samples.REPOSITORY)
EVERYTHING = Events(push=True, scan=Severity.HIGH, replication=True, lifecycle=True, deletion=True)
COUNTS = "detail finding-severity-counts"


def told(kind: Kind, event: Event, scope: Scope = OWN, severity: Severity = Severity.HIGH) -> bool:
    events = Events(push=True, scan=severity, replication=True, lifecycle=True, deletion=True)
    return matches(patterns.text(kind, events, scope, REGISTRY), event)


def scanned(**counts: int) -> Event:
    return changed(samples.SCAN, COUNTS, counts)


def inspected(**counts: int) -> Event:
    return changed(samples.ENHANCED_SCAN, COUNTS, counts)


SAMPLES = {
    "push": samples.PUSH,
    "delete": samples.DELETE,
    "archive": samples.ARCHIVE,
    "restore": samples.RESTORE,
    "restored-referrer": samples.RESTORED_REFERRER,
    "pull-through-cache": samples.CACHED,
    "scan": samples.SCAN,
    "enhanced-scan": samples.ENHANCED_SCAN,
    "scan-of-an-instance": samples.INSTANCE_SCAN,
    "finding": samples.FINDING,
    "replication-failed": samples.REPLICATION_FAILED,
    "replicated": samples.REPLICATED,
    "lifecycle": samples.LIFECYCLE,
}
TOLD = {
    Kind.PUSH: {"push"},
    Kind.SCAN: {"scan"},
    Kind.ENHANCED_SCAN: {"enhanced-scan"},
    Kind.REPLICATION: {"replication-failed"},
    Kind.LIFECYCLE: {"lifecycle"},
    Kind.DELETION: {"delete", "archive"},
}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("scope", [OWN, Scope.beginning("dev/"), ALL], ids=["one", "prefix", "all"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_each_rule_sees_its_own_samples_and_no_others(kind: Kind, scope: Scope, sample: str) -> None:
    assert told(kind, SAMPLES[sample], scope) is (sample in TOLD[kind])


def test_every_kind_has_its_samples() -> None:
    assert set(TOLD) == set(Kind)


# What differs from a sample in one field, and is not told.
DIFFERENT: list[tuple[Kind, Event, str]] = [
    (Kind.PUSH, changed(samples.PUSH, "detail result", "FAILURE"), "push-failed"),
    (Kind.PUSH, changed(samples.PUSH, "detail result"), "push-without-a-result"),
    (Kind.PUSH, changed(samples.PUSH, "detail action-type", "DELETE"), "push-that-is-a-deletion"),
    (Kind.PUSH, changed(samples.PUSH, "detail image-tag", ""), "push-with-an-empty-tag"),
    (Kind.PUSH, changed(samples.PUSH, "detail image-tag"), "push-without-a-tag"),
    (Kind.PUSH, changed(samples.PUSH, "source", "acme.ecr"), "push-in-somebody's-own-event"),
    (Kind.PUSH, changed(samples.PUSH, "detail-type", "ECR Artifact Action"), "push-of-an-artifact"),
    (Kind.PUSH, changed(samples.PUSH, "account", "210987654321"), "push-in-another-account"),
    (Kind.SCAN, changed(samples.SCAN, "detail scan-status", "FAILED"), "scan-failed"),
    (Kind.SCAN, changed(samples.SCAN, "account", "210987654321"), "scan-in-another-account"),
    (Kind.SCAN, changed(samples.SCAN, "detail finding-severity-counts"), "scan-without-counts"),
    (
        Kind.ENHANCED_SCAN,
        changed(samples.ENHANCED_SCAN, "detail repository-name", arn(samples.REPOSITORY, account="210987654321")),
        "enhanced-scan-of-a-member-of-the-organization",
    ),
    (
        Kind.ENHANCED_SCAN,
        changed(samples.ENHANCED_SCAN, "detail repository-name", arn(samples.REPOSITORY, region="eu-west-1")),
        "enhanced-scan-in-another-region",
    ),
    (
        Kind.ENHANCED_SCAN,
        changed(samples.ENHANCED_SCAN, "detail repository-name", samples.REPOSITORY),
        "enhanced-scan-with-a-name-that-is-no-arn",
    ),
    (
        Kind.ENHANCED_SCAN,
        changed(samples.ENHANCED_SCAN, "detail scan-status", "PENDING"),
        "enhanced-scan-waits",
    ),
    (
        Kind.REPLICATION,
        changed(samples.REPLICATION_FAILED, "detail result", "SUCCESS"),
        "replication-succeeded",
    ),
    (
        Kind.REPLICATION,
        changed(samples.REPLICATION_FAILED, "detail action-type", "DELETE"),
        "not-a-replication",
    ),
    (Kind.REPLICATION, changed(samples.REPLICATION_FAILED, "account", "210987654321"), "replication-elsewhere"),
    (
        Kind.LIFECYCLE,
        changed(samples.LIFECYCLE, "detail serviceEventDetails lifecycleEventImageActions", []),
        "lifecycle-run-that-did-nothing",
    ),
    (Kind.LIFECYCLE, changed(samples.LIFECYCLE, "detail eventName", "DryRunEvent"), "lifecycle-preview"),
    (
        Kind.LIFECYCLE,
        changed(samples.LIFECYCLE, "detail eventSource", "ecr-public.amazonaws.com"),
        "public-ecr",
    ),
    (
        Kind.LIFECYCLE,
        changed(samples.LIFECYCLE, "detail-type", "AWS API Call via CloudTrail"),
        "lifecycle-as-a-call",
    ),
    (Kind.LIFECYCLE, changed(samples.LIFECYCLE, "account", "210987654321"), "lifecycle-in-another-account"),
    (Kind.DELETION, changed(samples.DELETE, "detail result", "FAILURE"), "deletion-failed"),
    (Kind.DELETION, changed(samples.ARCHIVE, "detail target-storage-class"), "moved-to-nowhere"),
    (Kind.DELETION, changed(samples.ARCHIVE, "detail action-type", "COPY"), "copied-to-the-archive"),
    (
        Kind.DELETION,
        changed(samples.ARCHIVE, "detail target-storage-class", "STANDARD"),
        "deletion-that-is-a-restoration",
    ),
    (Kind.DELETION, changed(samples.DELETE, "detail action-type", "PUSH"), "deletion-that-is-a-push"),
    (Kind.DELETION, changed(samples.DELETE, "account", "210987654321"), "deletion-in-another-account"),
]


@pytest.mark.parametrize(("kind", "event", "_name"), DIFFERENT, ids=[name for _, _, name in DIFFERENT])
@pytest.mark.parametrize("scope", [OWN, ALL], ids=["one", "all"])
def test_what_differs_is_not_told(kind: Kind, event: Event, _name: str, scope: Scope) -> None:
    assert told(kind, event, scope) is False


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        pytest.param(Kind.DELETION, changed(samples.DELETE, "detail image-tag"), id="untagged-image-deleted"),
        pytest.param(Kind.SCAN, changed(samples.SCAN, "detail image-tags", []), id="untagged-image-scanned"),
        pytest.param(
            Kind.REPLICATION,
            changed(samples.REPLICATION_FAILED, "detail image-tag"),
            id="untagged-image-not-replicated",
        ),
    ],
)
def test_an_image_without_a_tag_is_told_of_where_it_matters(kind: Kind, event: Event) -> None:
    assert told(kind, event)


FIELD = {
    Kind.PUSH: ("detail repository-name", samples.PUSH),
    Kind.SCAN: ("detail repository-name", samples.SCAN),
    Kind.REPLICATION: ("detail repository-name", samples.REPLICATION_FAILED),
    Kind.LIFECYCLE: ("detail serviceEventDetails repositoryName", samples.LIFECYCLE),
    Kind.DELETION: ("detail repository-name", samples.DELETE),
    Kind.ENHANCED_SCAN: ("detail repository-name", samples.ENHANCED_SCAN),
}


@pytest.mark.parametrize(
    ("scope", "name", "expected"),
    [
        pytest.param(OWN, "dev/yoon-app", True, id="the-one"),
        pytest.param(OWN, "dev/yoon-app-2", False, id="one-that-begins-like-it"),
        pytest.param(OWN, "x/dev/yoon-app", False, id="one-that-ends-like-it"),
        pytest.param(OWN, "dev/yoon-ap", False, id="one-that-is-shorter"),
        pytest.param(OWN, "prod/yoon-app", False, id="another"),
        pytest.param(Scope.beginning("dev/"), "dev/other", True, id="under-the-prefix"),
        pytest.param(Scope.beginning("dev/"), "dev/other/deep", True, id="deep-under-the-prefix"),
        pytest.param(Scope.beginning("dev/"), "dev", False, id="the-prefix-without-its-slash"),
        pytest.param(Scope.beginning("dev/"), "x/dev/app", False, id="the-prefix-in-the-middle"),
        pytest.param(Scope.beginning("dev"), "development", True, id="a-prefix-without-a-slash"),
        pytest.param(ALL, "anything", True, id="any"),
    ],
)
@pytest.mark.parametrize("kind", Kind)
def test_rules_see_the_repositories_of_their_scope(kind: Kind, scope: Scope, name: str, *, expected: bool) -> None:
    path, sample = FIELD[kind]
    value = arn(name) if kind is Kind.ENHANCED_SCAN else name
    assert told(kind, changed(sample, path, value), scope) is expected


@pytest.mark.parametrize(
    ("severity", "counts", "expected"),
    [
        pytest.param(Severity.CRITICAL, {"CRITICAL": 1}, True, id="critical-at-critical"),
        pytest.param(Severity.CRITICAL, {"HIGH": 99, "MEDIUM": 9}, False, id="high-below-critical"),
        pytest.param(Severity.CRITICAL, {"UNDEFINED": 1}, True, id="unrated-is-as-bad-as-critical"),
        pytest.param(Severity.HIGH, {"CRITICAL": 1}, True, id="critical-above-high"),
        pytest.param(Severity.HIGH, {"HIGH": 1}, True, id="high-at-high"),
        pytest.param(Severity.HIGH, {"MEDIUM": 50, "LOW": 3, "INFORMATIONAL": 2}, False, id="all-below-high"),
        pytest.param(Severity.MEDIUM, {"MEDIUM": 1}, True, id="medium-at-medium"),
        pytest.param(Severity.MEDIUM, {"LOW": 1}, False, id="low-below-medium"),
        pytest.param(Severity.LOW, {"LOW": 1}, True, id="low-at-low"),
        pytest.param(Severity.LOW, {"INFORMATIONAL": 1}, False, id="informational-below-low"),
        pytest.param(Severity.INFORMATIONAL, {"INFORMATIONAL": 1}, True, id="informational"),
        pytest.param(Severity.INFORMATIONAL, {}, False, id="nothing-found"),
        pytest.param(Severity.HIGH, {"CRITICAL": 0, "HIGH": 0}, False, id="zero-counts"),
        pytest.param(Severity.HIGH, {"CRITICAL": 0, "HIGH": 1}, True, id="one-of-two-is-zero"),
    ],
)
def test_a_basic_scan_is_told_from_its_severity_on(
    severity: Severity, counts: dict[str, int], *, expected: bool
) -> None:
    assert told(Kind.SCAN, scanned(**counts), severity=severity) is expected


@pytest.mark.parametrize(
    ("severity", "counts", "expected"),
    [
        pytest.param(Severity.CRITICAL, {"CRITICAL": 1, "HIGH": 0, "MEDIUM": 0, "TOTAL": 1}, True, id="critical"),
        pytest.param(Severity.CRITICAL, {"CRITICAL": 0, "HIGH": 9, "MEDIUM": 9, "TOTAL": 18}, False, id="high-below"),
        pytest.param(Severity.HIGH, {"CRITICAL": 0, "HIGH": 1, "MEDIUM": 0, "TOTAL": 1}, True, id="high"),
        pytest.param(
            Severity.HIGH, {"CRITICAL": 0, "HIGH": 0, "MEDIUM": 9, "TOTAL": 30}, False, id="medium-below-high"
        ),
        pytest.param(Severity.HIGH, {"HIGH": 1}, True, id="counts-that-are-missing"),
        pytest.param(Severity.MEDIUM, {"CRITICAL": 0, "HIGH": 0, "MEDIUM": 1, "TOTAL": 1}, True, id="medium"),
        pytest.param(Severity.MEDIUM, {"CRITICAL": 0, "HIGH": 0, "MEDIUM": 0, "TOTAL": 7}, False, id="the-rest-below"),
        pytest.param(Severity.LOW, {"CRITICAL": 0, "HIGH": 0, "MEDIUM": 0, "TOTAL": 7}, True, id="low-is-in-the-total"),
        pytest.param(Severity.INFORMATIONAL, {"CRITICAL": 0, "TOTAL": 1}, True, id="informational-is-in-the-total"),
        pytest.param(
            Severity.INFORMATIONAL, {"CRITICAL": 0, "HIGH": 0, "MEDIUM": 0, "TOTAL": 0}, False, id="nothing-found"
        ),
    ],
)
def test_an_enhanced_scan_is_told_from_its_severity_on(
    severity: Severity, counts: dict[str, int], *, expected: bool
) -> None:
    assert told(Kind.ENHANCED_SCAN, inspected(**counts), severity=severity) is expected


def _smaller(pattern: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """The pattern with one field gone, or one alternative."""
    for key, value in pattern.items():
        rest = {other: item for other, item in pattern.items() if other != key}
        if key == "$or" and isinstance(value, list):
            for index, alternative in enumerate(value):
                others = [*value[:index], *value[index + 1 :]]
                yield f"{key}[{index}]", {**rest, **({key: others} if len(others) > 1 else others[0])}
                for path, inner in _smaller(alternative):
                    # Nothing is left of an alternative of one field: that is the case above.
                    if inner:
                        yield f"{key}[{index}].{path}", {**rest, key: [*value[:index], inner, *value[index + 1 :]]}
        elif isinstance(value, dict):
            for path, inner in _smaller(value):
                yield f"{key}.{path}", {**rest, **({key: inner} if inner else {})}
        else:
            yield key, rest


@pytest.mark.parametrize("kind", Kind)
def test_nothing_can_be_taken_out_of_a_pattern_unnoticed(kind: Kind) -> None:
    path, sample = FIELD[kind]
    other = arn("prod/yoon-app") if kind is Kind.ENHANCED_SCAN else "prod/yoon-app"
    events = [
        *SAMPLES.values(),
        *(event for different, event, _ in DIFFERENT if different is kind),
        *(
            changed(sample, where, value)
            for where, value in ((path, other), ("source", "acme"), ("detail-type", "Acme"))
        ),
        *(scanned(**{level: 1}) for level in (*LEVELS, "UNDEFINED")),
        *(inspected(**{level: 1, "TOTAL": 1}) for level in LEVELS),
    ]
    whole = patterns.pattern(kind, EVERYTHING, OWN, REGISTRY)
    expected = [matches(json.dumps(whole), event) for event in events]
    unnoticed = [
        name
        for name, smaller in _smaller(whole)
        if [matches(json.dumps(smaller), event) for event in events] == expected
    ]
    assert unnoticed == []


def test_only_what_cloudtrail_marks_as_read_only_needs_a_rule_in_a_special_state() -> None:
    states = {kind: patterns.state(kind) for kind in Kind}
    special = states.pop(Kind.LIFECYCLE)
    detail = samples.LIFECYCLE["detail"]
    assert isinstance(detail, dict)
    assert (detail["readOnly"], special) == (True, "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
    assert set(states.values()) == {"ENABLED"}


MAX_PATTERN = 2048  # characters; Amazon EventBridge quotas, "Event pattern size"


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("severity", LEVELS)
def test_patterns_are_within_the_quota_for_the_longest_name(kind: Kind, severity: Severity) -> None:
    events = Events(push=True, scan=severity, replication=True, lifecycle=True, deletion=True)
    text = patterns.text(kind, events, Scope.one("a" * 256), Registry("aws-us-gov", "us-gov-west-1", samples.ACCOUNT))
    assert len(text) <= MAX_PATTERN


@pytest.mark.parametrize("kind", [Kind.SCAN, Kind.ENHANCED_SCAN])
def test_a_scan_needs_a_severity(kind: Kind) -> None:
    with pytest.raises(ValueError, match="from a severity on"):
        patterns.pattern(kind, Events(push=True), OWN, REGISTRY)


def test_a_pattern_is_the_same_text_each_time() -> None:
    for kind in Kind:
        one, other = (patterns.text(kind, EVERYTHING, OWN, REGISTRY) for _ in range(2))
        assert one == other
        assert json.loads(one) == patterns.pattern(kind, EVERYTHING, OWN, REGISTRY)
