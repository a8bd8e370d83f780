"""The EventBridge types of the `aws` stand-in: rules and their targets, as in pulumi-aws 7.51.1."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_api import ApiResource, objects, wanted_tags
from local.plugins.aws_resource import REGION
from local.plugins.errors import StandInError
from local.plugins.schema import Field, Kind
from local.plugins.values import Plain, Props, text_of

LONGEST_RULE_NAME = 64  # EventBridge API reference, PutRule
DEFAULT_BUS = "default"
STATES = ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
_BUS = Field(kind=Kind.TEXT, api="EventBusName", default=DEFAULT_BUS, replaces=True)


class _Events(ApiResource):
    service = "events"
    absent = ("ResourceNotFoundException",)


def _on_bus(bus: Plain, *rest: Plain) -> str:
    """An ID: the bus comes first, unless it is the default one."""
    parts = [text_of(part) for part in (bus, *rest)]
    return "/".join(parts[1:] if parts[0] == DEFAULT_BUS else parts)


def _bus_and_rest(resource_id: str, count: int) -> list[str]:
    parts = resource_id.rsplit("/", count)
    return parts if len(parts) > count else [DEFAULT_BUS, *parts]


class EventRule(_Events):
    """`aws:cloudwatch/eventRule:EventRule`; its ID is `RULE`, or `BUS/RULE` on a bus of its own."""

    type_name = "aws:cloudwatch/eventRule:EventRule"
    longest_name = LONGEST_RULE_NAME
    fields: ClassVar[Mapping[str, Field]] = {
        "name": Field(kind=Kind.TEXT, api="Name", required=True, replaces=True),
        "eventBusName": _BUS,
        "eventPattern": Field(kind=Kind.JSON, api="EventPattern"),
        "scheduleExpression": Field(kind=Kind.TEXT, api="ScheduleExpression"),
        "description": Field(kind=Kind.TEXT, api="Description"),
        "roleArn": Field(kind=Kind.TEXT, api="RoleArn"),
        "state": Field(kind=Kind.TEXT, api="State", default="ENABLED", choices=STATES),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, str]] = {"arn": "Arn"}
    stables = ("arn",)
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags", "arn": "name"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A rule of the same name would be the same rule."""
        return all(state.get(key) == wanted.get(key) for key in ("name", "eventBusName"))

    @override
    def make(self, wanted: Props) -> str:
        """Puts the rule."""
        self.call("put_rule", **self.request(wanted), Tags=wanted_tags(wanted))
        return _on_bus(wanted["eventBusName"], wanted["name"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The rule and its tags."""
        bus, name = _bus_and_rest(resource_id, 1)
        found = self.call("describe_rule", Name=name, EventBusName=bus)
        tags = self.call("list_tags_for_resource", ResourceARN=found["Arn"]).get("Tags")
        return self.described({"EventBusName": bus} | found | {"Tags": tags})

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Puts the rule again; tags have operations of their own."""
        if self.changed(state, wanted) - {"tags"}:
            self.call("put_rule", **self.request(wanted))
        self.retag(state, wanted, {"ResourceARN": state["arn"]}, tag="tag_resource", untag="untag_resource")

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the rule, which must have no targets any more."""
        bus, name = _bus_and_rest(resource_id, 1)
        self.call("delete_rule", Name=name, EventBusName=bus)


class EventTarget(_Events):
    """`aws:cloudwatch/eventTarget:EventTarget`.

    Its ID is what the official plugin imports by, `RULE/TARGET` or `BUS/RULE/TARGET`; the official one keeps
    `RULE-TARGET`, which cannot be taken apart again.
    """

    type_name = "aws:cloudwatch/eventTarget:EventTarget"
    fields: ClassVar[Mapping[str, Field]] = {
        "rule": Field(kind=Kind.TEXT, required=True, replaces=True),
        "eventBusName": Field(kind=Kind.TEXT, default=DEFAULT_BUS, replaces=True),
        "targetId": Field(kind=Kind.TEXT, api="Id", cloud_decides=True, replaces=True),
        "arn": Field(kind=Kind.TEXT, api="Arn", required=True),
        "input": Field(kind=Kind.TEXT, api="Input"),
        "inputPath": Field(kind=Kind.TEXT, api="InputPath"),
        "inputTransformer": Field(
            kind=Kind.OBJECT,
            api="InputTransformer",
            fields={
                "inputPaths": Field(kind=Kind.TEXTS, api="InputPathsMap"),
                "inputTemplate": Field(kind=Kind.TEXT, api="InputTemplate", required=True),
            },
        ),
        "roleArn": Field(kind=Kind.TEXT, api="RoleArn"),
        "deadLetterConfig": Field(
            kind=Kind.OBJECT, api="DeadLetterConfig", fields={"arn": Field(kind=Kind.TEXT, api="Arn")}
        ),
        "retryPolicy": Field(
            kind=Kind.OBJECT,
            api="RetryPolicy",
            fields={
                "maximumEventAgeInSeconds": Field(kind=Kind.INT, api="MaximumEventAgeInSeconds"),
                "maximumRetryAttempts": Field(kind=Kind.INT, api="MaximumRetryAttempts"),
            },
        ),
        "region": REGION,
    }

    @override
    def make(self, wanted: Props) -> str:
        """Puts the target, under an ID that is made up where none is given."""
        target = text_of(wanted.get("targetId")) or f"target-{secrets.token_hex(8)}"
        self._put(wanted, target)
        return _on_bus(wanted["eventBusName"], wanted["rule"], target)

    @override
    def look(self, resource_id: str) -> Props | None:
        """The target, found among those of its rule; gone with it."""
        bus, rule, target = _bus_and_rest(resource_id, 2)
        token: Plain = None
        while True:
            page = self.call("list_targets_by_rule", Rule=rule, EventBusName=bus, NextToken=token)
            for one in objects(page.get("Targets")):
                if one.get("Id") == target:
                    return self.described(one) | {"rule": rule, "eventBusName": bus}
            token = page.get("NextToken")
            if not token:
                return None

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Puts the target again."""
        self._put(wanted, _bus_and_rest(resource_id, 2)[2])

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Takes the target off its rule."""
        bus, rule, target = _bus_and_rest(resource_id, 2)
        _refused("RemoveTargets", self.call("remove_targets", Rule=rule, EventBusName=bus, Ids=[target]))

    def _put(self, wanted: Props, target: str) -> None:
        rule: Props = {"Rule": wanted["rule"], "EventBusName": wanted["eventBusName"]}
        _refused("PutTargets", self.call("put_targets", **rule, Targets=[self.request(wanted) | {"Id": target}]))


def _refused(operation: str, answer: Props) -> None:
    """Raise for what a call over several targets refused: it answers with success."""
    for one in objects(answer.get("FailedEntries")):
        raise StandInError(f"{operation} failed with {one.get('ErrorCode')}: {one.get('ErrorMessage')}")
