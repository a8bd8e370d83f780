"""What can be told, about which repositories, and to whom."""

from __future__ import annotations

import pytest

from ecr.notifications import events, topics
from ecr.notifications.events import ALL, SAID, Events, Kind, Scope
from ecr.reference import Registry
from ecr.severity import Severity


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        pytest.param(Events(), (), id="nothing"),
        pytest.param(Events(push=True), (Kind.PUSH,), id="push"),
        pytest.param(Events(scan=Severity.LOW), (Kind.SCAN, Kind.ENHANCED_SCAN), id="both-kinds-of-scans"),
        pytest.param(Events(replication=True), (Kind.REPLICATION,), id="replication"),
        pytest.param(Events(lifecycle=True), (Kind.LIFECYCLE,), id="lifecycle"),
        pytest.param(Events(deletion=True), (Kind.DELETION,), id="deletion"),
        pytest.param(
            Events(deletion=True, lifecycle=True, replication=True, scan=Severity.HIGH, push=True),
            tuple(Kind),
            id="all-in-a-stable-order",
        ),
    ],
)
def test_each_event_takes_its_rules(told: Events, kinds: tuple[Kind, ...]) -> None:
    assert told.kinds == kinds


@pytest.mark.parametrize("severity", [Severity.NONE, Severity.UNDEFINED, Severity.UNTRIAGED, Severity.UNKNOWN])
def test_what_is_no_level_is_no_threshold(severity: Severity) -> None:
    with pytest.raises(ValueError, match="is no level"):
        Events(scan=severity)


def test_every_kind_is_described() -> None:
    assert set(SAID) == set(Kind)


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        pytest.param("Dev/App", "", id="name-in-capitals"),
        pytest.param("", "", id="empty-name"),
        pytest.param("dev/*", "", id="name-with-a-wildcard"),
        pytest.param(None, "Dev/", id="prefix-in-capitals"),
        pytest.param(None, "dev/*", id="prefix-with-a-wildcard"),
        pytest.param(None, "/dev", id="prefix-that-no-name-begins-with"),
        pytest.param("dev/app", "dev/", id="both"),
    ],
)
def test_a_scope_is_made_of_what_can_be_a_name(name: str | None, prefix: str) -> None:
    with pytest.raises(ValueError, match=r"not accepted|not both"):
        Scope(name, prefix)


@pytest.mark.parametrize("text", ["d", "dev", "dev/", "dev/a", "dev/a-", "dev/a.", "dev__", "a" * 256])
def test_beginnings_of_names_are_prefixes(text: str) -> None:
    assert events.is_prefix(text)
    assert Scope.beginning(text).prefix == text


@pytest.mark.parametrize("text", ["", "/", "-", "_a", "D", "a//", "a*", "a b", "ä", "²", "a\n", "a" * 257, "dev/-"])
def test_what_no_name_begins_with_is_no_prefix(text: str) -> None:
    assert not events.is_prefix(text)


def test_scopes_are_one_some_or_all() -> None:
    assert Scope.one("dev/app") == Scope("dev/app", "")
    assert Scope.beginning("dev/") == Scope(None, "dev/")
    assert Scope(None, "") == ALL


def test_a_registry_knows_the_arns_of_its_repositories() -> None:
    registry = Registry("aws-cn", "cn-north-1", "123456789012")
    assert registry.repository_arn("dev/app") == "arn:aws-cn:ecr:cn-north-1:123456789012:repository/dev/app"


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:sns:eu-west-1:123456789012:images",
        "arn:aws-cn:sns:cn-north-1:012345678901:Images_of-the_team",
        f"arn:aws:sns:eu-west-1:123456789012:{'t' * 256}",
    ],
)
def test_arns_of_topics_are_accepted(text: str) -> None:
    assert topics.is_topic_arn(text)
    assert topics.region_of(text) == text.split(":")[3]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("images", id="name"),
        pytest.param("arn:aws:sns:eu-west-1:123456789012:images.fifo", id="fifo"),
        pytest.param("arn:aws:sns:eu-west-1:123456789012:*", id="wildcard"),
        pytest.param("arn:aws:sns:*:123456789012:images", id="any-region"),
        pytest.param("arn:aws:sns:eu-west-9:123456789012:images", id="unknown-region"),
        pytest.param("arn:aws-cn:sns:eu-west-1:123456789012:images", id="another-partition"),
        pytest.param("arn:aws:sns:eu-west-1:12345678901:images", id="account-without-its-zero"),
        pytest.param("arn:aws:sqs:eu-west-1:123456789012:images", id="queue"),
        pytest.param("arn:aws:sns:eu-west-1:123456789012:images:7d1b-uuid", id="subscription"),
        pytest.param(f"arn:aws:sns:eu-west-1:123456789012:{'t' * 257}", id="too-long"),
        pytest.param("arn:aws:sns:eu-west-1:123456789012:images\n", id="line-break"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_no_standard_topic_is_refused(text: str) -> None:
    assert not topics.is_topic_arn(text)


@pytest.mark.parametrize("text", ["team@example.com", "a.b+c@x-y.example.co.kr", "o'neil@example.com", "%@e.io"])
def test_mailboxes_are_accepted(text: str) -> None:
    assert topics.is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "team",
            "team@",
            "@example.com",
            "team@example",
            "team@example.com.",
            "a b@example.com",
            "a@b@example.com",
        ),
        *("team@-example.com", "a..b@example.com", "Team <team@example.com>", "mailto:team@example.com", "a@e.c\n"),
        f"{'a' * 65}@example.com",
        f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}.com",
    ],
)
def test_what_is_no_mailbox_is_refused(text: str) -> None:
    assert not topics.is_email(text)
