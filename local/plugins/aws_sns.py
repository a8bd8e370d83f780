"""The SNS types of the `aws` stand-in: topics, their policies and subscriptions, as in pulumi-aws 7.51.1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_api import ApiResource, answered, asked, inside, wanted_tags
from local.plugins.aws_ecr_policies import same_statements
from local.plugins.aws_resource import REGION
from local.plugins.schema import Field, Kind
from local.plugins.values import Plain, Props, text_of

_NOT_TEXT = (Kind.BOOL, Kind.INT)
LONGEST_TOPIC_NAME = 256  # SNS API reference, CreateTopic


class _Sns(ApiResource):
    """What SNS keeps are attributes, which are texts, set one by one."""

    service = "sns"
    absent = ("NotFound", "NotFoundException")

    def attributes(self, wanted: Props) -> Props:
        """The wanted attributes as SNS takes them."""
        given = asked(self.fields, wanted)
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items()}

    def told(self, attributes: Props) -> Props:
        """The properties that attributes tell of."""
        found = answered(self.fields, attributes)
        for key, value in found.items():
            if self.fields[key].kind in _NOT_TEXT and isinstance(value, str):
                found[key] = json.loads(value)
        return found | {key: attributes.get(place) for key, place in self.outputs.items()}

    def set_attributes(self, operation: str, arn: Props, state: Props, wanted: Props) -> None:
        """Set what differs; an attribute that is not wanted any more is emptied, or switched off."""
        values = self.attributes(wanted)
        for key in sorted(self.changed(state, wanted)):
            if place := self.fields[key].api:
                nothing = "false" if self.fields[key].kind is Kind.BOOL else ""
                self.call(operation, **arn, AttributeName=place, AttributeValue=values.get(place, nothing))


class Topic(_Sns):
    """`aws:sns/topic:Topic`; its ID is its ARN."""

    type_name = "aws:sns/topic:Topic"
    longest_name = LONGEST_TOPIC_NAME
    fields: ClassVar[Mapping[str, Field]] = {
        "name": Field(kind=Kind.TEXT, required=True, replaces=True),
        "displayName": Field(kind=Kind.TEXT, api="DisplayName"),
        "kmsMasterKeyId": Field(kind=Kind.TEXT, api="KmsMasterKeyId"),
        "policy": Field(kind=Kind.JSON, api="Policy", cloud_decides=True, normal=same_statements),
        "signatureVersion": Field(kind=Kind.INT, api="SignatureVersion", cloud_decides=True),
        "tracingConfig": Field(kind=Kind.TEXT, api="TracingConfig", cloud_decides=True),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, str]] = {"arn": "TopicArn", "owner": "Owner"}
    stables = ("arn", "owner")
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags", "arn": "name"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A topic of the same name would be the same topic."""
        return state.get("name") == wanted.get("name")

    @override
    def make(self, wanted: Props) -> str:
        """Creates the topic."""
        made = self.call(
            "create_topic", Name=wanted["name"], Attributes=self.attributes(wanted), Tags=wanted_tags(wanted)
        )
        return text_of(made["TopicArn"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The topic's attributes and tags."""
        found = inside(self.call("get_topic_attributes", TopicArn=resource_id), "Attributes")
        tags = self.call("list_tags_for_resource", ResourceArn=resource_id)
        name = resource_id.rpartition(":")[2]
        return self.told(found | {"TopicArn": resource_id}) | {"name": name, "tags": self.tags_told(tags)}

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Attributes are set one by one."""
        self.set_attributes("set_topic_attributes", {"TopicArn": resource_id}, state, wanted)
        self.retag(state, wanted, {"ResourceArn": resource_id}, tag="tag_resource", untag="untag_resource")

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the topic with its subscriptions."""
        self.call("delete_topic", TopicArn=resource_id)


def default_policy(arn: str) -> Props:
    """What SNS gives a new topic, and the official plugin sets when a policy is taken away: none is not possible.

    SNS developer guide, "Amazon SNS API permissions": the owner's account may do everything.
    """
    actions: list[Plain] = [
        f"SNS:{verb}"
        for verb in (
            *("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic"),
            *("Subscribe", "ListSubscriptionsByTopic", "Publish"),
        )
    ]
    owner: Plain = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": actions,
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": arn.split(":")[4]}},
    }
    return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [owner]}


class TopicPolicy(_Sns):
    """`aws:sns/topicPolicy:TopicPolicy`; its ID is the topic's ARN."""

    type_name = "aws:sns/topicPolicy:TopicPolicy"
    fields: ClassVar[Mapping[str, Field]] = {
        "arn": Field(kind=Kind.TEXT, required=True, replaces=True),
        "policy": Field(kind=Kind.JSON, api="Policy", required=True, normal=same_statements),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, str]] = {"owner": "Owner"}
    stables = ("owner",)

    @override
    def make(self, wanted: Props) -> str:
        """Sets the topic's policy."""
        self._put(wanted["arn"], wanted["policy"])
        return text_of(wanted["arn"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The policy; gone with its topic, and when the topic has the one that it came with."""
        found = inside(self.call("get_topic_attributes", TopicArn=resource_id), "Attributes")
        told = self.told(found) | {"arn": resource_id}
        return None if _is_default(told.get("policy")) else told

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Replaces the policy."""
        self._put(resource_id, wanted["policy"])

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Gives the topic the policy that it came with."""
        self._put(resource_id, json.dumps(default_policy(resource_id)))

    def _put(self, arn: Plain, document: Plain) -> None:
        self.call("set_topic_attributes", TopicArn=arn, AttributeName="Policy", AttributeValue=document)


def _is_default(document: Plain) -> bool:
    return isinstance(document, str) and '"__default_policy_ID"' in document


class TopicSubscription(_Sns):
    """`aws:sns/topicSubscription:TopicSubscription`; its ID is its ARN."""

    type_name = "aws:sns/topicSubscription:TopicSubscription"
    fields: ClassVar[Mapping[str, Field]] = {
        "topic": Field(kind=Kind.TEXT, required=True, replaces=True),
        "protocol": Field(kind=Kind.TEXT, required=True, replaces=True),
        "endpoint": Field(kind=Kind.TEXT, required=True, replaces=True),
        "rawMessageDelivery": Field(kind=Kind.BOOL, api="RawMessageDelivery"),
        "filterPolicy": Field(kind=Kind.JSON, api="FilterPolicy"),
        "filterPolicyScope": Field(kind=Kind.TEXT, api="FilterPolicyScope", cloud_decides=True),
        "redrivePolicy": Field(kind=Kind.JSON, api="RedrivePolicy"),
        "region": REGION,
    }
    computed = ("arn", "pendingConfirmation")
    outputs: ClassVar[Mapping[str, str]] = {"ownerId": "Owner"}
    stables = ("arn", "ownerId")

    @override
    def make(self, wanted: Props) -> str:
        """Subscribes; an endpoint that has to confirm first has its ARN all the same."""
        made = self.call(
            "subscribe",
            TopicArn=wanted["topic"],
            Protocol=wanted["protocol"],
            Endpoint=wanted["endpoint"],
            Attributes=self.attributes(wanted),
            ReturnSubscriptionArn=True,
        )
        return text_of(made["SubscriptionArn"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The subscription's attributes."""
        found = inside(self.call("get_subscription_attributes", SubscriptionArn=resource_id), "Attributes")
        return self.told(found) | {
            "arn": resource_id,
            "topic": found.get("TopicArn"),
            "protocol": found.get("Protocol"),
            "endpoint": found.get("Endpoint"),
            "pendingConfirmation": found.get("PendingConfirmation") == "true",
        }

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Attributes are set one by one."""
        arn: Props = {"SubscriptionArn": resource_id}
        self.set_attributes("set_subscription_attributes", arn, state, wanted)

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Unsubscribes; one that still waits for its confirmation cannot be, and SNS drops it by itself in time."""
        if state.get("pendingConfirmation") is not True:
            self.call("unsubscribe", SubscriptionArn=resource_id)
