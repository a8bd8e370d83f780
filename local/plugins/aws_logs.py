"""The CloudWatch Logs type of the `aws` stand-in: log groups, as in pulumi-aws 7.51.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_api import ApiResource, objects
from local.plugins.aws_resource import REGION, tag_changes
from local.plugins.schema import Field, Kind
from local.plugins.values import Plain, Props, text_of, texts_of


class LogGroup(ApiResource):
    """`aws:cloudwatch/logGroup:LogGroup`; its ID is its name."""

    type_name = "aws:cloudwatch/logGroup:LogGroup"
    service = "logs"
    absent = ("ResourceNotFoundException",)
    fields: ClassVar[Mapping[str, Field]] = {
        "name": Field(kind=Kind.TEXT, api="logGroupName", required=True, replaces=True),
        "retentionInDays": Field(kind=Kind.INT, api="retentionInDays"),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    computed = ("arn",)
    stables = ("arn",)
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags", "arn": "name"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A group's name is its own."""
        return state.get("name") == wanted.get("name")

    @override
    def make(self, wanted: Props) -> str:
        """Creates the group, then says how long it is kept."""
        name = text_of(wanted["name"])
        tags: Plain = {**texts_of(wanted.get("tags"))} or None
        self.call("create_log_group", logGroupName=name, tags=tags)
        self._keep(name, wanted.get("retentionInDays"))
        return name

    @override
    def look(self, resource_id: str) -> Props | None:
        """The group, found among those whose names begin with its own. Its ARN comes without the streams' `:*`."""
        token: Plain = None
        while True:
            page = self.call("describe_log_groups", logGroupNamePrefix=resource_id, nextToken=token)
            for one in objects(page.get("logGroups")):
                if one.get("logGroupName") == resource_id:
                    arn = text_of(one.get("arn")).removesuffix(":*")
                    tags = self.call("list_tags_for_resource", resourceArn=arn).get("tags")
                    return self.described(one) | {"arn": arn, "tags": {**texts_of(tags)} or None}
            token = page.get("nextToken")
            if not token:
                return None

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Retention and tags have operations of their own."""
        if "retentionInDays" in self.changed(state, wanted):
            self._keep(resource_id, wanted.get("retentionInDays"))
        setting, removing = tag_changes(state, wanted)
        if setting:
            self.call("tag_resource", resourceArn=state["arn"], tags={**setting})
        if removing:
            self.call("untag_resource", resourceArn=state["arn"], tagKeys=list(removing))

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the group and what is in it."""
        self.call("delete_log_group", logGroupName=resource_id)

    def _keep(self, name: str, days: Plain) -> None:
        if days:
            self.call("put_retention_policy", logGroupName=name, retentionInDays=days)
        else:
            self.call("delete_retention_policy", logGroupName=name)
