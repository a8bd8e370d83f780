"""Notifications, against mocks: rules, targets, the topic and its key."""

from __future__ import annotations

import json

import pulumi
import pytest
from pulumi.runtime.mocks import MockResourceArgs

from components.notifications import Notifications, NotificationsArgs
from ecr.errors import InputErrors
from ecr.notifications import messages, patterns, policies
from ecr.notifications.events import ALL, SAID, Events, Kind, Scope
from ecr.notifications.messages import Format
from ecr.reference import Registry
from ecr.severity import Severity
from tests.unit import recording as recordings
from tests.unit.recording import ACCOUNT, KEY, REGION, Recording, mock_arn, record

COMPONENT = "container-registry:index:Notifications"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
KEY_POLICY = "aws:kms/keyPolicy:KeyPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"

OWN = Scope.one("dev/yoon-app")
PUSH = Events(push=True)
EVERYTHING = Events(push=True, scan=Severity.HIGH, replication=True, lifecycle=True, deletion=True)
GIVEN = f"arn:aws:sns:{REGION}:{ACCOUNT}:images"
MADE = mock_arn(TOPIC, "images-topic")
REGISTRY = Registry("aws", REGION, ACCOUNT)


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the provider names, and the mocks don't: rules and keys, once they exist."""
    computed = recordings._computed

    def named(args: MockResourceArgs, *, preview: bool) -> dict[str, object]:
        names = {RULE: {"name": f"{args.name}-1a2b"}, KEY: {"keyId": "11111111-2222"}}.get(args.typ, {})
        return {**computed(args, preview=preview), **({} if preview else names)}

    monkeypatch.setattr(recordings, "_computed", named)


def deployed(*, preview: bool = False, opts: pulumi.ResourceOptions | None = None, **options: object) -> Recording:
    args = NotificationsArgs(**{"events": PUSH, "repositories": OWN, **options})  # type: ignore[arg-type]  # the tables are checked by running them
    return record(lambda: _made(args, opts), preview=preview)


def _made(args: NotificationsArgs, opts: pulumi.ResourceOptions | None) -> None:
    Notifications("images", args, opts)


def test_a_rule_publishes_to_a_topic_that_is_encrypted_with_a_key_of_its_own() -> None:
    recording = deployed()
    assert recording.only(RULE).inputs == {
        "description": "Tells that a tagged image was pushed",
        "eventPattern": patterns.text(Kind.PUSH, PUSH, OWN, REGISTRY),
        "state": "ENABLED",
    }
    transformer = messages.transformer(Kind.PUSH, Format.JSON, OWN)
    assert recording.only(TARGET).inputs == {
        "rule": "images-push-rule-1a2b",
        "arn": MADE,
        "inputTransformer": {"inputPaths": dict(transformer.paths), "inputTemplate": transformer.template},
    }
    key = recording.only(KEY)
    assert key.inputs == {
        "description": "Encrypts notifications about container images",
        "enableKeyRotation": True,
        "deletionWindowInDays": 7,
    }
    assert recording.only(TOPIC).inputs == {
        "kmsMasterKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
    }


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        pytest.param(PUSH, ["push"], id="push"),
        pytest.param(Events(scan=Severity.LOW), ["scan", "enhanced-scan"], id="scan"),
        pytest.param(Events(replication=True), ["replication"], id="replication"),
        pytest.param(Events(lifecycle=True), ["lifecycle"], id="lifecycle"),
        pytest.param(Events(deletion=True), ["deletion"], id="deletion"),
        pytest.param(EVERYTHING, list(Kind), id="all"),
    ],
)
@pytest.mark.parametrize("scope", [OWN, Scope.beginning("dev/"), ALL], ids=["one", "prefix", "all"])
@pytest.mark.parametrize("written", Format)
def test_each_event_has_its_rule_and_target(told: Events, kinds: list[str], scope: Scope, written: Format) -> None:
    recording = deployed(events=told, repositories=scope, format=written)
    # By their names, because which of them is registered first is left to chance.
    rules = {rule.name: rule for rule in recording.of_type(RULE)}
    targets = {target.name: target for target in recording.of_type(TARGET)}
    assert rules.keys() == {f"images-{kind}-rule" for kind in kinds}
    assert targets.keys() == {f"images-{kind}-target" for kind in kinds}
    for kind in kinds:
        rule, target = rules[f"images-{kind}-rule"], targets[f"images-{kind}-target"]
        assert target.inputs["rule"] == f"{rule.name}-1a2b"
        assert rule.inputs["eventPattern"] == patterns.text(Kind(kind), told, scope, REGISTRY)
        assert rule.inputs["state"] == patterns.state(Kind(kind))
        assert rule.inputs["description"] == f"Tells that {SAID[Kind(kind)]}"
        transformer = messages.transformer(Kind(kind), written, scope)
        assert target.inputs["inputTransformer"] == {
            "inputPaths": dict(transformer.paths),
            "inputTemplate": transformer.template,
        }


def test_the_topic_lets_these_rules_publish_and_nobody_else() -> None:
    recording = deployed(events=EVERYTHING)
    rules = [mock_arn(RULE, f"images-{kind}-rule") for kind in Kind]
    assert recording.only(TOPIC_POLICY).inputs == {
        "arn": MADE,
        "policy": policies.topic_policy(MADE, rules, ACCOUNT).text,
    }


def test_the_key_is_for_this_topic() -> None:
    recording = deployed()
    assert recording.only(KEY_POLICY).inputs == {
        "keyId": "11111111-2222",
        "policy": policies.key_policy(MADE, "aws", ACCOUNT).text,
    }


def test_a_topic_that_exists_is_used_and_none_is_made() -> None:
    recording = deployed(topic_arn=GIVEN)
    assert recording.only(TARGET).inputs["arn"] == GIVEN
    assert recording.names == {(COMPONENT, "images"), (RULE, "images-push-rule"), (TARGET, "images-push-target")}


def test_a_topic_that_another_resource_makes_is_used_and_none_is_made() -> None:
    def program() -> None:
        topic_arn = pulumi.Output.from_input(GIVEN)
        _made(NotificationsArgs(events=PUSH, repositories=OWN, topic_arn=topic_arn), None)

    recording = record(program)
    assert recording.only(TARGET).inputs["arn"] == GIVEN
    assert recording.names == deployed(topic_arn=GIVEN).names


def test_what_the_policies_of_a_topic_that_exists_need_is_said() -> None:
    outputs = deployed(topic_arn=GIVEN).component_outputs("images")
    rule = mock_arn(RULE, "images-push-rule")
    assert outputs == {
        "topicArn": GIVEN,
        "topicPolicy": policies.topic_policy(GIVEN, [rule], ACCOUNT).text,
        "keyPolicy": policies.key_policy(GIVEN, "aws", ACCOUNT).text,
    }


def test_the_outputs_are_the_topic_and_its_policies() -> None:
    recording = deployed()
    outputs = recording.component_outputs("images")
    assert outputs["topicArn"] == MADE
    assert outputs["topicPolicy"] == recording.only(TOPIC_POLICY).inputs["policy"]
    assert outputs["keyPolicy"] == recording.only(KEY_POLICY).inputs["policy"]


def test_mailboxes_subscribe_to_the_topic() -> None:
    recording = deployed(subscriptions=("team@example.com", "lead@example.com"))
    assert [(one.name, one.inputs) for one in recording.of_type(SUBSCRIPTION)] == [
        (f"images-email-{mailbox}", {"topic": MADE, "protocol": "email", "endpoint": mailbox})
        for mailbox in ("team@example.com", "lead@example.com")
    ]
    assert deployed().of_type(SUBSCRIPTION) == []


def test_tags_reach_every_child_that_takes_them_and_are_absent_when_unset() -> None:
    tagged = deployed(tags={"team": "shop"})
    plain = deployed()
    for type_ in (RULE, TOPIC, KEY):
        assert tagged.only(type_).inputs == {**plain.only(type_).inputs, "tags": {"team": "shop"}}
    for type_ in (TARGET, TOPIC_POLICY, KEY_POLICY):
        assert "tags" not in tagged.only(type_).inputs


def test_children_hang_below_the_component_under_names_that_are_a_contract() -> None:
    recording = deployed(events=EVERYTHING, subscriptions=("team@example.com",))
    kinds = ("push", "scan", "enhanced-scan", "replication", "lifecycle", "deletion")
    assert recording.names == {
        (COMPONENT, "images"),
        *((RULE, f"images-{kind}-rule") for kind in kinds),
        *((TARGET, f"images-{kind}-target") for kind in kinds),
        (KEY, "images-key"),
        (KEY_POLICY, "images-key-policy"),
        (TOPIC, "images-topic"),
        (TOPIC_POLICY, "images-topic-policy"),
        (SUBSCRIPTION, "images-email-team@example.com"),
    }
    assert {one.parent for one in recording.registrations if one.type != COMPONENT} == {"images"}


def test_the_options_of_the_component_reach_it() -> None:
    recording = deployed(opts=pulumi.ResourceOptions(protect=True))
    assert recording.only(COMPONENT).protect


@pytest.mark.parametrize("topic_arn", [None, GIVEN])
def test_a_preview_shows_all_that_will_be_made(topic_arn: str | None) -> None:
    seen, made = (deployed(preview=preview, events=EVERYTHING, topic_arn=topic_arn) for preview in (True, False))
    assert seen.names == made.names


def test_a_preview_shows_which_events_are_told() -> None:
    pattern = deployed(preview=True).only(RULE).inputs["eventPattern"]
    assert json.loads(str(pattern))["detail"]["repository-name"] == ["dev/yoon-app"]


@pytest.mark.parametrize(
    ("options", "messages_"),
    [
        pytest.param({"events": Events()}, ["events: names no event; accepted: at least one"], id="no-event"),
        pytest.param(
            {"topic_arn": "images"}, ['topic_arn: "images" is not accepted; accepted: the ARN of a'], id="topic-name"
        ),
        pytest.param({"topic_arn": f"{GIVEN}.fifo"}, ["topic_arn: "], id="fifo-topic"),
        pytest.param(
            {"topic_arn": GIVEN, "subscriptions": ("team@example.com",)},
            ["subscriptions: go with a topic that is made"],
            id="subscriptions-to-a-topic-that-exists",
        ),
        pytest.param({"subscriptions": ("team",)}, ['subscriptions[0]: "team" is not accepted'], id="no-mailbox"),
        pytest.param(
            {"subscriptions": ("a@example.com", "a@example.com")},
            ['subscriptions[1]: "a@example.com" stands in the list twice'],
            id="mailbox-twice",
        ),
        pytest.param(
            {"events": Events(), "topic_arn": "x", "subscriptions": ("y",)},
            ["events: ", "topic_arn: ", "subscriptions: ", "subscriptions[0]: "],
            id="all-in-one-answer",
        ),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_registered(
    options: dict[str, object], messages_: list[str]
) -> None:
    lines: list[str] = []

    def program() -> None:
        with pytest.raises(InputErrors) as raised:
            Notifications("images", NotificationsArgs(**{"events": PUSH, "repositories": OWN, **options}))  # type: ignore[arg-type]  # as above
        lines.extend(str(error) for error in raised.value.errors)

    recording = record(program)
    assert recording.registrations == []
    assert [line for line, start in zip(lines, messages_, strict=True) if not line.startswith(start)] == []
