"""`Notifications`: what happens to images, told to a topic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from components import arguments, keys
from components.caller import Caller
from ecr.notifications import events, messages, patterns, policies, topics
from ecr.notifications.events import Events, Kind, Scope
from ecr.notifications.messages import Format
from ecr.problems import Problem, refused, refused_items
from ecr.reference import Registry


@dataclass(frozen=True, kw_only=True)
class NotificationsArgs:
    """What `Notifications` tell, about what, and to whom.

    Attributes:
        events: at least one.
        repositories: of this account and Region.
        format: JSON, or what Amazon Q Developer in chat applications shows in Slack or Teams.
        topic_arn: of a topic that exists; None to have one made that is encrypted with a key of its own.
        subscriptions: mailboxes for a topic that is made. Each has to confirm by a link that SNS sends to it.
        tags: AWS tags of the rules, the topic and its key.
    """

    events: Events
    repositories: Scope
    format: Format = Format.JSON
    topic_arn: pulumi.Input[str] | None = None
    subscriptions: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Notifications(pulumi.ComponentResource):
    """EventBridge rules for what happens to images, and the topic that they publish to.

    Attributes:
        topic_arn: where the notifications are published.
        topic_policy: the policy of a topic that is made, as JSON; what that of a given one has to allow.
        key_policy: likewise for the key that the topic's messages are encrypted with.

    Args:
        name: of the component in the program.
        args: see `NotificationsArgs`.
        opts: as for any component.

    Raises:
        InputErrors: for arguments that contradict each other, or what AWS would refuse, before anything is registered.
    """

    topic_arn: pulumi.Output[str]
    topic_policy: pulumi.Output[str]
    key_policy: pulumi.Output[str]

    def __init__(self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        arguments.refuse(args, _problems(args))
        super().__init__("container-registry:index:Notifications", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        caller = Caller.of(self)
        rules = {kind: _rule(f"{name}-{kind}-rule", kind, args, caller, child) for kind in args.events.kinds}

        key = None
        if args.topic_arn is None:
            key = _key(name, args, child)
            topic = aws.sns.Topic(f"{name}-topic", kms_master_key_id=key.arn, tags=args.tags or None, opts=child)
            self.topic_arn = topic.arn
        else:
            self.topic_arn = pulumi.Output.from_input(args.topic_arn)
        rule_arns = (rule.arn for rule in rules.values())
        self.topic_policy = pulumi.Output.all(self.topic_arn, caller.account, *rule_arns).apply(_topic_policy)
        self.key_policy = pulumi.Output.all(self.topic_arn, caller.partition, caller.account).apply(_key_policy)
        ready = self._policies(name, key, child) if key is not None else []

        for kind, rule in rules.items():
            transformer = messages.transformer(kind, args.format, args.repositories)
            aws.cloudwatch.EventTarget(
                f"{name}-{kind}-target",
                rule=rule.name,
                arn=self.topic_arn,
                input_transformer={"input_paths": dict(transformer.paths), "input_template": transformer.template},
                # An event that comes before it may be published would be lost.
                opts=pulumi.ResourceOptions(parent=self, depends_on=ready),
            )
        for mailbox in args.subscriptions:
            aws.sns.TopicSubscription(
                f"{name}-email-{mailbox}", topic=self.topic_arn, protocol="email", endpoint=mailbox, opts=child
            )
        self.register_outputs(
            {"topicArn": self.topic_arn, "topicPolicy": self.topic_policy, "keyPolicy": self.key_policy}
        )

    def _policies(self, name: str, key: aws.kms.Key, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        # The key's policy names the topic, which is made with the key: so the policy comes last.
        return [
            aws.kms.KeyPolicy(f"{name}-key-policy", key_id=key.key_id, policy=self.key_policy, opts=opts),
            aws.sns.TopicPolicy(f"{name}-topic-policy", arn=self.topic_arn, policy=self.topic_policy, opts=opts),
        ]


def _problems(args: NotificationsArgs) -> Iterator[Problem]:
    """What is wrong, as far as it is known already."""
    if not args.events.kinds:
        yield Problem("events", "names no event; accepted: at least one")
    if isinstance(args.topic_arn, str) and not topics.is_topic_arn(args.topic_arn):
        yield refused("topic_arn", args.topic_arn, topics.TOPIC_ARN_RULE)
    if args.topic_arn is not None and args.subscriptions:
        yield Problem("subscriptions", "go with a topic that is made, and topic_arn names one that exists")
    yield from refused_items("subscriptions", args.subscriptions, topics.is_email, topics.EMAIL_RULE)


def _rule(
    name: str, kind: Kind, args: NotificationsArgs, caller: Caller, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.EventRule:
    def pattern(place: Sequence[str]) -> str:
        return patterns.text(kind, args.events, args.repositories, Registry(*place))

    return aws.cloudwatch.EventRule(
        name,
        description=f"Tells that {events.SAID[kind]}",
        event_pattern=pulumi.Output.all(caller.partition, caller.region, caller.account).apply(pattern),
        state=patterns.state(kind),
        tags=args.tags or None,
        opts=opts,
    )


def _key(name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions) -> aws.kms.Key:
    return keys.register_key(
        f"{name}-key",
        encrypts="notifications about container images",
        window_days=keys.SHORTEST_WINDOW_DAYS,
        tags=args.tags,
        opts=opts,
    )


def _topic_policy(values: Sequence[str]) -> str:
    topic_arn, account, *rule_arns = values
    return policies.topic_policy(topic_arn, rule_arns, account).text


def _key_policy(values: Sequence[str]) -> str:
    topic_arn, partition, account = values
    return policies.key_policy(topic_arn, partition, account).text
