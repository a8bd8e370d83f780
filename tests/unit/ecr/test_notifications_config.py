"""The notifications of a stack file, read and refused."""

from __future__ import annotations

import pytest
from hypothesis import given

from ecr.notifications.events import ALL, Events, Scope
from ecr.notifications.messages import Format
from ecr.notifications_config import NotificationsConfig, read_notifications
from ecr.severity import Severity
from tests.unit.ecr import stack_files

KEY = "container-registry:notifications"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:images"


def read(value: object, *, region: str | None = None) -> NotificationsConfig | None:
    return stack_files.read("notifications", value, lambda top: read_notifications(top, region=region))


def mistakes(value: object, *, region: str | None = None) -> list[str]:
    lines = stack_files.mistakes(lambda: read(value, region=region))
    assert all(line.startswith(KEY) for line in lines)
    return [line.removeprefix(KEY) for line in lines]


PUSH = Events(push=True)
GOOD = [
    pytest.param({"events": {"push": True}}, NotificationsConfig(events=PUSH), id="push-alone"),
    pytest.param({"events": {"push": "true"}}, NotificationsConfig(events=PUSH), id="flag-as-text"),
    pytest.param('{"events": {"push": true}}', NotificationsConfig(events=PUSH), id="json-as-pulumi-hands-it-over"),
    pytest.param(
        {"events": {"push": True, "replication": False}}, NotificationsConfig(events=PUSH), id="one-that-is-off"
    ),
    pytest.param(
        {"events": {"scan": {"severity": "HIGH"}}}, NotificationsConfig(events=Events(scan=Severity.HIGH)), id="scan"
    ),
    pytest.param(
        {"events": {"scan": {"severity": "INFORMATIONAL"}}},
        NotificationsConfig(events=Events(scan=Severity.INFORMATIONAL)),
        id="scan-from-the-lowest-level",
    ),
    pytest.param(
        {
            "events": {
                "push": True,
                "scan": {"severity": "CRITICAL"},
                "replication": True,
                "lifecycle": True,
                "deletion": True,
            },
            "repositories": "prod/*",
            "format": "slack",
            "subscriptions": ["team@example.com", "lead@example.com"],
        },
        NotificationsConfig(
            events=Events(push=True, scan=Severity.CRITICAL, replication=True, lifecycle=True, deletion=True),
            repositories=Scope.beginning("prod/"),
            format=Format.SLACK,
            subscriptions=("team@example.com", "lead@example.com"),
        ),
        id="all-with-a-topic-that-is-made",
    ),
    pytest.param(
        {"events": {"lifecycle": True}, "repositories": "all", "format": "teams", "topicArn": TOPIC},
        NotificationsConfig(events=Events(lifecycle=True), repositories=ALL, format=Format.TEAMS, topic_arn=TOPIC),
        id="all-with-a-topic-that-exists",
    ),
    pytest.param({"events": {"push": True}, "repositories": "own"}, NotificationsConfig(events=PUSH), id="own"),
]


@pytest.mark.parametrize(("value", "expected"), GOOD)
def test_good_notifications_are_read(value: object, expected: NotificationsConfig) -> None:
    assert read(value) == expected


@pytest.mark.parametrize("value", [None, {}, "{}"])
def test_without_notifications_there_are_none(value: object) -> None:
    assert read(value) is None


def test_a_topic_in_the_stacks_own_region_is_accepted() -> None:
    found = read({"events": {"push": True}, "topicArn": TOPIC}, region="eu-west-1")
    assert found is not None
    assert found.topic_arn == TOPIC


@pytest.mark.parametrize(
    ("repositories", "scope"),
    [
        pytest.param(None, Scope.one("dev/app"), id="own-by-default"),
        pytest.param("own", Scope.one("dev/app"), id="own"),
        pytest.param("all", ALL, id="all"),
        pytest.param("d*", Scope.beginning("d"), id="prefix"),
    ],
)
def test_the_scope_is_the_stacks_own_repository_unless_it_says_so(repositories: str | None, scope: Scope) -> None:
    named = {"repositories": repositories} if repositories else {}
    found = read({"events": {"push": True}, **named})
    assert found is not None
    assert found.scope("dev/app") == scope


def with_push(**more: object) -> dict[str, object]:
    return {"events": {"push": True}, **more}


BAD = [
    pytest.param("push", [' "push" is not accepted; accepted: an object with keys'], id="text"),
    pytest.param(["push"], [' ["push"] is not accepted; accepted: an object with keys'], id="list"),
    pytest.param(True, [" true is not accepted; accepted: an object with keys"], id="true"),
    pytest.param({"format": "json"}, [".events: is missing; accepted: at least one of push, scan, "], id="no-events"),
    pytest.param({"events": {}}, [".events: is missing; accepted: at least one of push, scan, "], id="empty-events"),
    pytest.param({"events": None}, [".events: has no value; give it one, or take the key out"], id="events-null"),
    pytest.param({"events": ["push"]}, ['.events: ["push"] is not accepted; accepted: an object'], id="events-a-list"),
    pytest.param({"events": "push"}, ['.events: "push" is not accepted; accepted: an object'], id="events-a-text"),
    pytest.param({"events": {"push": False}}, [".events: names no event; accepted: at least one"], id="all-off"),
    pytest.param({"events": {"push": "yes"}}, ['.events.push: "yes" is not accepted; accepted: true'], id="push-yes"),
    pytest.param({"events": {"push": 1}}, [".events.push: 1 is not accepted; accepted: true or false"], id="push-one"),
    pytest.param({"events": {"push": None}}, [".events.push: has no value; give it one"], id="push-null"),
    pytest.param(
        {"events": {"push": True, "pull": True}}, [".events.pull: is not a known key; known: deletion"], id="pull"
    ),
    pytest.param(
        {"events": {"replication": {"region": "eu-west-1"}}},
        [".events.replication: {"],
        id="replication-an-object",
    ),
    pytest.param({"events": {"lifecycle": "on"}}, ['.events.lifecycle: "on" is not accepted'], id="lifecycle-on"),
    pytest.param({"events": {"deletion": []}}, [".events.deletion: [] is not accepted"], id="deletion-a-list"),
    pytest.param(
        {"events": {"scan": True}}, [".events.scan: true is not accepted; accepted: an object"], id="scan-true"
    ),
    pytest.param({"events": {"scan": "HIGH"}}, ['.events.scan: "HIGH" is not accepted; accepted: an'], id="scan-level"),
    pytest.param(
        {"events": {"scan": {}}}, [".events.scan: names no severity; accepted: {severity: ...}"], id="scan-empty"
    ),
    pytest.param({"events": {"scan": None}}, [".events.scan: has no value; give it one"], id="scan-null"),
    pytest.param(
        {"events": {"scan": {"severity": None}}}, [".events.scan.severity: has no value; give it"], id="severity-null"
    ),
    pytest.param(
        {"events": {"scan": {"severity": "high"}}},
        ['.events.scan.severity: "high" is not accepted; accepted: one of INFORMATIONAL, LOW'],
        id="severity-in-small-letters",
    ),
    pytest.param(
        {"events": {"scan": {"severity": "NONE"}}},
        ['.events.scan.severity: "NONE" is not accepted'],
        id="severity-none",
    ),
    pytest.param(
        {"events": {"scan": {"severity": "UNTRIAGED"}}}, ['.events.scan.severity: "UNTRIAGED" is'], id="no-level"
    ),
    pytest.param({"events": {"scan": {"severity": 7}}}, [".events.scan.severity: 7 is not accepted"], id="a-number"),
    pytest.param(
        {"events": {"scan": {"level": "HIGH"}}},
        [
            ".events.scan.severity: is missing; accepted: one of",
            ".events.scan.level: is not a known key; known: severity",
        ],
        id="severity-under-another-name",
    ),
    pytest.param(
        with_push(format="html"), ['.format: "html" is not accepted; accepted: one of json, slack'], id="html"
    ),
    pytest.param(with_push(format="Slack"), ['.format: "Slack" is not accepted; accepted: one of json'], id="Slack"),
    pytest.param(with_push(format=None), [".format: has no value; give it one, or take the key out"], id="format-null"),
    pytest.param(
        with_push(topicArn="images"), ['.topicArn: "images" is not accepted; accepted: the ARN'], id="topic-name"
    ),
    pytest.param(with_push(topicArn=f"{TOPIC}.fifo"), [f'.topicArn: "{TOPIC}.fifo" is not accepted'], id="fifo"),
    pytest.param(
        with_push(topicArn="arn:aws:sns:eu-west-9:123456789012:images"), [".topicArn: "], id="topic-in-no-region"
    ),
    pytest.param(with_push(topicArn="arn:aws:sns:eu-west-1:123456789012:*"), [".topicArn: "], id="topic-wildcard"),
    pytest.param(with_push(topicArn="arn:aws:sqs:eu-west-1:123456789012:images"), [".topicArn: "], id="queue"),
    pytest.param(
        with_push(topicArn=12345), [".topicArn: 12345 is not accepted; accepted: the ARN"], id="topic-a-number"
    ),
    pytest.param(
        with_push(repositories="dev/app"), ['.repositories: "dev/app" is not accepted; accepted: own'], id="name"
    ),
    pytest.param(with_push(repositories="*"), ['.repositories: "*" is not accepted; accepted: own (this'], id="star"),
    pytest.param(with_push(repositories="Dev/*"), ['.repositories: "Dev/*" is not accepted'], id="prefix-in-capitals"),
    pytest.param(with_push(repositories="*/app"), ['.repositories: "*/app" is not accepted'], id="star-in-front"),
    pytest.param(with_push(repositories="a*b*"), ['.repositories: "a*b*" is not accepted'], id="two-stars"),
    pytest.param(with_push(repositories=["dev/app"]), ['.repositories: ["dev/app"] is not accepted'], id="names"),
    pytest.param(
        with_push(subscriptions="a@e.io"), ['.subscriptions: "a@e.io" is not accepted; accepted: a list'], id="one"
    ),
    pytest.param(
        with_push(subscriptions=["team"]), ['.subscriptions[0]: "team" is not accepted; accepted: a mail'], id="team"
    ),
    pytest.param(
        with_push(subscriptions=["a@e.io", 7]), [".subscriptions[1]: 7 is not accepted"], id="mailbox-a-number"
    ),
    pytest.param(with_push(subscriptions=[]), [".subscriptions: is empty; give it a value, or"], id="no-mailboxes"),
    pytest.param(
        with_push(subscriptions=["https://example.com/hook"]), [".subscriptions[0]: "], id="an-address-on-the-web"
    ),
    pytest.param(
        with_push(subscriptions=["a@e.io", "a@e.io"]),
        ['.subscriptions[1]: "a@e.io" stands in the list twice; take one out'],
        id="mailbox-twice",
    ),
    pytest.param(
        with_push(topicArn=TOPIC, subscriptions=["a@e.io"]),
        [".subscriptions: go with a topic that is made; subscribe to the one under topicArn where it is"],
        id="subscriptions-to-a-topic-that-exists",
    ),
    pytest.param(
        with_push(topic=TOPIC), [".topic: is not a known key; known: events, format, repositories"], id="unknown"
    ),
    pytest.param(
        {"events": {"push": "maybe"}, "format": "xml", "subscriptions": ["x"], "more": 1},
        [".events.push: ", ".format: ", ".subscriptions[0]: ", ".more: "],
        id="all-mistakes-in-one-answer",
    ),
]


@pytest.mark.parametrize(("value", "beginnings"), BAD)
def test_what_is_refused_and_why(value: object, beginnings: list[str]) -> None:
    lines = mistakes(value)
    assert len(lines) == len(beginnings), lines
    wrong = [
        line for line, beginning in zip(lines, beginnings, strict=True) if not line.lstrip(":").startswith(beginning)
    ]
    assert wrong == []


def test_a_topic_in_another_region_is_refused() -> None:
    assert mistakes(with_push(topicArn=TOPIC), region="eu-west-2") == [
        f'.topicArn: "{TOPIC}" is not in eu-west-2, where this stack\'s events are'
    ]


KEYS = [
    *(
        "events",
        "push",
        "scan",
        "severity",
        "replication",
        "lifecycle",
        "deletion",
        "repositories",
        "format",
        "topicArn",
    ),
    *("subscriptions", "x"),
]


@given(stack_files.anything(KEYS, "HIGH", "own", "slack", "team@example.com"))
def test_whatever_stands_there_is_read_or_refused(values: dict[str, object]) -> None:
    stack_files.assert_read_or_refused("notifications", lambda: read(values))
