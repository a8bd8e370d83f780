"""The `notifications` key of a stack's configuration."""

from __future__ import annotations

from dataclasses import dataclass

from ecr.config_reader import Section, shown
from ecr.notifications import events, topics
from ecr.notifications.events import ALL, LEVELS, Events, Scope
from ecr.notifications.messages import Format
from ecr.severity import Severity

_FLAGS = ("push", "replication", "lifecycle", "deletion")
_EVENTS_RULE = f"at least one of {', '.join((_FLAGS[0], 'scan', *_FLAGS[1:]))}"
_LEVEL_RULE = f"one of {', '.join(LEVELS)}"

_OWN, _ALL = "own", "all"
_REPOSITORIES_RULE = (
    f"{_OWN} (this stack's repository), {_ALL} (of this account and Region), or {events.PREFIX_RULE}, and a '*' at the "
    "end, such as prod/*"
)


@dataclass(frozen=True, kw_only=True)
class NotificationsConfig:
    """What a stack says about notifications.

    Attributes:
        events: what is told, at least one of them.
        repositories: which ones, where it isn't the stack's own alone.
        format: how a notification is written.
        topic_arn: of a topic that exists already; None to have one made.
        subscriptions: mailboxes that get what is published to a topic that is made.
    """

    events: Events
    repositories: Scope | None = None
    format: Format = Format.JSON
    topic_arn: str | None = None
    subscriptions: tuple[str, ...] = ()

    def scope(self, repository: str) -> Scope:
        """Which repositories are told of, in a stack with this one."""
        return self.repositories if self.repositories is not None else Scope.one(repository)


def read_notifications(top: Section, *, region: str | None = None) -> NotificationsConfig | None:
    """What a stack is told, and where; None where it names no notifications.

    Mistakes are noted in the section, and what is handed out then is of no use.

    Args:
        top: the whole configuration.
        region: that the stack is deployed to, where its file says so.
    """
    section = top.section("notifications")
    if section is None:
        return None
    before = section.mistakes
    section.refuse_nulls()
    told = _events(section, before)
    repositories = section.text("repositories", _is_choice, _REPOSITORIES_RULE)
    written = section.choice("format", Format, default=Format.JSON)
    topic_arn = section.text("topicArn", topics.is_topic_arn, topics.TOPIC_ARN_RULE)
    subscriptions = section.names("subscriptions", topics.is_email, topics.EMAIL_RULE)
    section.finish()
    if topic_arn is not None and region is not None and topics.region_of(topic_arn) != region:
        # EventBridge user guide, "Amazon EventBridge rules": the targets of a rule are in its own Region.
        section.wrong("topicArn", f"{shown(topic_arn)} is not in {region}, where this stack's events are")
    if section.has("topicArn") and section.items("subscriptions"):
        section.wrong(
            "subscriptions", "go with a topic that is made; subscribe to the one under topicArn where it is made"
        )
    return NotificationsConfig(
        events=told,
        repositories=_scope(repositories),
        format=written,
        topic_arn=topic_arn,
        subscriptions=subscriptions,
    )


def _events(parent: Section, before: int) -> Events:
    """What is told; `before` is how many mistakes there were without those in the parent."""
    section = parent.section("events")
    if section is None:
        if parent.mistakes == before:
            parent.wrong("events", f"is missing; accepted: {_EVENTS_RULE}")
        return Events()
    section.refuse_nulls()
    push, replication, lifecycle, deletion = (section.flag(key, default=False) for key in _FLAGS)
    scan = _scan(section)
    section.finish()
    told = Events(push=push, scan=scan, replication=replication, lifecycle=lifecycle, deletion=deletion)
    if parent.mistakes == before and not told.kinds:
        section.wrong("", f"names no event; accepted: {_EVENTS_RULE}")
    return told


def _scan(parent: Section) -> Severity | None:
    before = parent.mistakes
    section = parent.section("scan")
    if section is None:
        if parent.has("scan") and parent.mistakes == before:
            parent.wrong("scan", f"names no severity; accepted: {{severity: ...}}, {_LEVEL_RULE}")
        return None
    section.refuse_nulls()
    level = section.text("severity", lambda text: text in LEVELS, _LEVEL_RULE)
    if level is None and section.mistakes == before:
        section.wrong("severity", f"is missing; accepted: {_LEVEL_RULE}")
    section.finish()
    return Severity(level) if level is not None else None


def _is_choice(text: str) -> bool:
    return text in (_OWN, _ALL) or (text.endswith("*") and events.is_prefix(text[:-1]))


def _scope(text: str | None) -> Scope | None:
    if text is None or text == _OWN:
        return None
    return ALL if text == _ALL else Scope.beginning(text[:-1])
