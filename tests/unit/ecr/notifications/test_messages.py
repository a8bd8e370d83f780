"""What is published: AWS's own samples put through the input transformers."""

from __future__ import annotations

import json
import re

import pytest

from ecr import reference
from ecr.notifications import messages
from ecr.notifications.events import ALL, Kind, Scope
from ecr.notifications.messages import Format, InputTransformer
from tests.unit.ecr.notifications import samples
from tests.unit.ecr.notifications.eventbridge import BadTemplateError, transform
from tests.unit.ecr.notifications.samples import ACCOUNT, DIGEST, REGION, REPOSITORY, Event, arn, changed

OWN = Scope.one(REPOSITORY)
SAMPLES = [
    pytest.param(Kind.PUSH, samples.PUSH, id="push"),
    pytest.param(Kind.SCAN, samples.SCAN, id="scan"),
    pytest.param(Kind.ENHANCED_SCAN, samples.ENHANCED_SCAN, id="enhanced-scan"),
    pytest.param(Kind.REPLICATION, samples.REPLICATION_FAILED, id="replication"),
    pytest.param(Kind.LIFECYCLE, samples.LIFECYCLE, id="lifecycle"),
    pytest.param(Kind.DELETION, samples.DELETE, id="deletion"),
    pytest.param(Kind.DELETION, samples.ARCHIVE, id="archival"),
    pytest.param(Kind.DELETION, changed(samples.DELETE, "detail image-tag"), id="deletion-of-an-untagged-image"),
    pytest.param(Kind.SCAN, changed(samples.SCAN, "detail image-tags", []), id="scan-of-an-untagged-image"),
    pytest.param(
        Kind.REPLICATION, changed(samples.REPLICATION_FAILED, "detail image-tag"), id="replication-of-an-untagged-image"
    ),
]
SCOPES = [pytest.param(OWN, id="one"), pytest.param(Scope.beginning("dev/"), id="prefix"), pytest.param(ALL, id="all")]


def published(kind: Kind, event: Event, written: Format, scope: Scope = OWN) -> dict[str, object]:
    found = json.loads(transform(messages.transformer(kind, written, scope), event))
    assert isinstance(found, dict)
    return found


def content(kind: Kind, event: Event, written: Format, scope: Scope = OWN) -> tuple[str, str]:
    """What a channel shows: the title and the text."""
    found = published(kind, event, written, scope)["content"]
    assert isinstance(found, dict)
    return found["title"], found["description"]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("written", Format)
@pytest.mark.parametrize(("kind", "event"), SAMPLES)
def test_every_sample_becomes_valid_json_without_holes(kind: Kind, event: Event, written: Format, scope: Scope) -> None:
    text = transform(messages.transformer(kind, written, scope), event)
    assert isinstance(json.loads(text), dict)
    assert not re.search(r"<[A-Za-z]", text)


def test_the_object_for_programs_says_what_happened_where_and_holds_the_event() -> None:
    assert published(Kind.PUSH, samples.PUSH, Format.JSON) == {
        "event": "push",
        "repository": REPOSITORY,
        "digest": DIGEST,
        "account": ACCOUNT,
        "region": REGION,
        "time": "2026-11-16T01:54:34Z",
        "id": "13cde686-328b-6117-af20-0e5566167482",
        "detail": samples.PUSH["detail"],
    }


@pytest.mark.parametrize(("kind", "event"), SAMPLES)
def test_objects_of_all_events_have_the_same_keys(kind: Kind, event: Event) -> None:
    digest = set() if kind is Kind.LIFECYCLE else {"digest"}  # it tells of many images
    found = published(kind, event, Format.JSON)
    assert set(found) == {"event", "repository", "account", "region", "time", "id", "detail"} | digest
    assert found["detail"] == event["detail"]


@pytest.mark.parametrize(
    ("kind", "event", "name"),
    [
        pytest.param(Kind.PUSH, samples.PUSH, "push", id="push"),
        pytest.param(Kind.SCAN, samples.SCAN, "scan", id="scan"),
        pytest.param(Kind.ENHANCED_SCAN, samples.ENHANCED_SCAN, "scan", id="enhanced-scan"),
        pytest.param(Kind.REPLICATION, samples.REPLICATION_FAILED, "replication", id="replication"),
        pytest.param(Kind.LIFECYCLE, samples.LIFECYCLE, "lifecycle", id="lifecycle"),
        pytest.param(Kind.DELETION, samples.DELETE, "deletion", id="deletion"),
    ],
)
def test_programs_know_events_by_the_names_of_the_stack_file(kind: Kind, event: Event, name: str) -> None:
    assert published(kind, event, Format.JSON)["event"] == name


WHERE = f", in {REGION} of account {ACCOUNT} at 2026-11-16T01:54:34Z"
TEXTS = [
    pytest.param(Kind.PUSH, samples.PUSH, f"Image pushed to {REPOSITORY}", f"*v1.0.0* is {DIGEST}", id="push"),
    pytest.param(
        Kind.SCAN,
        samples.SCAN,
        f"Scan findings in {REPOSITORY}",
        f"*{{CRITICAL: 10, MEDIUM: 9}}* in {DIGEST}, tagged [v1.0.0, latest]",
        id="scan",
    ),
    pytest.param(
        Kind.ENHANCED_SCAN,
        samples.ENHANCED_SCAN,
        f"Scan findings in {REPOSITORY}",
        f"*{{CRITICAL: 7, HIGH: 61, MEDIUM: 62, TOTAL: 158}}* in {DIGEST}, tagged [latest]",
        id="enhanced-scan",
    ),
    pytest.param(
        Kind.REPLICATION,
        samples.REPLICATION_FAILED,
        f"Replication failed: {REPOSITORY}",
        f"*{DIGEST}* did not arrive from us-west-2 of account {ACCOUNT}",
        id="replication",
    ),
    pytest.param(
        Kind.LIFECYCLE,
        samples.LIFECYCLE,
        f"Lifecycle policy acted on {REPOSITORY}",
        "CloudTrail event *9354dd7f-9aac-4e9d-956d-12561a4923aa* (PolicyExecutionEvent) names the images and the rules",
        id="lifecycle",
    ),
    pytest.param(
        Kind.DELETION, samples.DELETE, f"Image gone from {REPOSITORY}", f"*DELETE* of {DIGEST}", id="deletion"
    ),
    pytest.param(
        Kind.DELETION,
        samples.ARCHIVE,
        f"Image gone from {REPOSITORY}",
        f"*UPDATE_STORAGE_CLASS* of {DIGEST}",
        id="archival",
    ),
]


@pytest.mark.parametrize(("kind", "event", "title", "text"), TEXTS)
def test_a_channel_is_told_in_its_own_markdown(kind: Kind, event: Event, title: str, text: str) -> None:
    assert content(kind, event, Format.SLACK) == (title, text + WHERE)
    assert content(kind, event, Format.TEAMS) == (title, text.replace("*", "**") + WHERE)


@pytest.mark.parametrize("written", [Format.SLACK, Format.TEAMS])
@pytest.mark.parametrize(("kind", "event"), SAMPLES)
def test_a_channels_message_has_the_form_of_custom_notifications(kind: Kind, event: Event, written: Format) -> None:
    found = published(kind, event, written)
    assert (set(found), found["version"], found["source"]) == ({"version", "source", "content"}, "1.0", "custom")
    shown = found["content"]
    assert isinstance(shown, dict)
    assert (set(shown), shown["textType"]) == ({"textType", "title", "description"}, "client-markdown")
    assert len(content(kind, event, written, Scope.one("a" * 256))[0]) < 300


@pytest.mark.parametrize(("kind", "event"), SAMPLES)
def test_a_repository_that_is_not_known_beforehand_is_what_the_event_calls_it(kind: Kind, event: Event) -> None:
    name = arn(REPOSITORY) if kind is Kind.ENHANCED_SCAN else REPOSITORY
    assert published(kind, event, Format.JSON, ALL)["repository"] == name
    assert content(kind, event, Format.SLACK, ALL)[0].endswith(name)


# -- nothing that somebody wrote breaks a message ---------------------------------------------------------------------

HOSTILE = 'a "quoted" text,\n\\ and {"more": "<digest>"}'

# What the templates put into texts, and why no value of it can hold a quote, a backslash or a line break.
HARMLESS = {
    "$.account": re.compile(r"[0-9]{12}"),
    "$.region": re.compile(r"[a-z0-9-]+"),
    "$.time": re.compile(r"[0-9TZ:.-]+"),
    "$.id": re.compile(r"[0-9a-f-]+"),
    "$.detail.eventID": re.compile(r"[0-9a-f-]+"),
    "$.detail.source-region": re.compile(r"[a-z0-9-]+"),
    "$.detail.source-account": re.compile(r"[0-9]{12}"),
    "$.detail.action-type": re.compile(r"[A-Z_]+"),
    "$.detail.image-digest": re.compile(r"sha256:[0-9a-f]+"),
    "$.detail.image-tag": re.compile(r"[A-Za-z0-9_.-]+"),
    "$.detail.image-tags": re.compile(r"\[(?:'[A-Za-z0-9_.-]+'(?:, )?)*\]"),
    "$.detail.finding-severity-counts": re.compile(r"\{(?:'[A-Z]+': [0-9]+(?:, )?)*\}"),
    "$.detail.repository-name": re.compile(r"(?:arn:[a-z0-9:-]+:repository/)?[a-z0-9._/-]+"),
    "$.detail.serviceEventDetails.repositoryName": re.compile(r"[a-z0-9._/-]+"),
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("written", Format)
@pytest.mark.parametrize(("kind", "event"), SAMPLES)
def test_texts_are_made_of_what_has_a_harmless_grammar(kind: Kind, event: Event, written: Format, scope: Scope) -> None:
    transformer = messages.transformer(kind, written, scope)
    for name, path in transformer.paths.items():
        if f'"<{name}>"' not in transformer.template and f":<{name}>" in transformer.template:
            assert (name, path) == ("detail", "$.detail")
            continue
        value: object = event
        for key in path.split(".")[1:]:
            assert isinstance(value, dict)
            value = value[key]
        assert HARMLESS[path].fullmatch(str(value)), path


@pytest.mark.parametrize("name", ['dev/"app"', "dev/app\n", "dev\\app", "dev/<digest>"])
def test_no_repository_has_a_name_that_would_break_a_text(name: str) -> None:
    assert not reference.is_repository_name(name)


@pytest.mark.parametrize("tag", ['v"1"', "v1\n", "v\\1", "<digest>"])
def test_no_image_has_a_tag_that_would_break_a_text(tag: str) -> None:
    assert not reference.is_tag(tag)


@pytest.mark.parametrize("written", Format)
@pytest.mark.parametrize(
    ("kind", "event"),
    [
        pytest.param(
            Kind.LIFECYCLE,
            changed(
                samples.LIFECYCLE,
                "detail serviceEventDetails lifecycleEventPolicy",
                {"lifecycleEventRules": [{"description": HOSTILE}]},
            ),
            id="description-of-a-lifecycle-rule",
        ),
        pytest.param(
            Kind.REPLICATION,
            changed(samples.REPLICATION_FAILED, "detail failure-reason", HOSTILE),
            id="reason-of-a-failed-replication",
        ),
        pytest.param(Kind.SCAN, changed(samples.SCAN, "detail scan-status-description", HOSTILE), id="words-of-a-scan"),
        pytest.param(Kind.PUSH, changed(samples.PUSH, "detail artifact-media-type", HOSTILE), id="media-type"),
        pytest.param(
            Kind.DELETION,
            changed(samples.ARCHIVE, "detail artifact-media-type", HOSTILE),
            id="media-type-of-the-archived",
        ),
    ],
)
def test_quotes_and_line_breaks_in_what_people_wrote_break_nothing(kind: Kind, event: Event, written: Format) -> None:
    found = published(kind, event, written, ALL)
    if written is Format.JSON:
        assert found["detail"] == event["detail"]
    else:
        assert "quoted" not in json.dumps(found)


# -- the transformers themselves --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("written", Format)
@pytest.mark.parametrize("kind", Kind)
def test_templates_are_within_the_limits_of_the_api(kind: Kind, written: Format, scope: Scope) -> None:
    # EventBridge API reference, InputTransformer.
    transformer = messages.transformer(kind, written, scope)
    assert 1 <= len(transformer.template) <= 8192
    assert len(transformer.paths) <= 100
    assert all(re.fullmatch(r"(?!AWS\.)[A-Za-z0-9_-]+", name) for name in transformer.paths)
    assert all(f"<{name}>" in transformer.template for name in transformer.paths)


def test_the_stand_in_for_eventbridge_escapes_nothing_and_fills_no_holes() -> None:
    text = InputTransformer({"tag": "$.detail.image-tag"}, '{"is":"<tag>"}')
    assert transform(text, samples.PUSH) == '{"is":"v1.0.0"}'
    broken = transform(text, changed(samples.PUSH, "detail image-tag", HOSTILE))
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken)
    with pytest.raises(BadTemplateError, match="is not in the event"):
        transform(text, changed(samples.PUSH, "detail image-tag"))
    with pytest.raises(BadTemplateError, match="<tags> has no path"):
        transform(InputTransformer({}, '{"is":"<tags>"}'), samples.PUSH)
    with pytest.raises(BadTemplateError, match="dot notation"):
        transform(InputTransformer({"tag": "$['detail']"}, "<tag>"), samples.PUSH)
    alone = InputTransformer({"tag": "$.detail.image-tag", "detail": "$.detail"}, '{"a":<tag>,"b":<detail>}')
    assert json.loads(transform(alone, samples.PUSH)) == {"a": "v1.0.0", "b": samples.PUSH["detail"]}
