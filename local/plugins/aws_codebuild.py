"""The CodeBuild type of the `aws` stand-in: projects, as in pulumi-aws 7.51.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_api import ApiResource, first, inside
from local.plugins.aws_resource import REGION, own_tags
from local.plugins.schema import Field, Kind
from local.plugins.values import Plain, Props, text_of, texts_of

DEFAULT_TIMEOUT_MINUTES = 60  # CodeBuild API reference, CreateProject


def _text(api: str, **more: str | bool) -> Field:
    return Field(kind=Kind.TEXT, api=api, **more)  # type: ignore[arg-type]  # a table's cell


class Project(ApiResource):
    """`aws:codebuild/project:Project`; its ID is its ARN."""

    type_name = "aws:codebuild/project:Project"
    service = "codebuild"
    absent = ("ResourceNotFoundException",)
    untold = ("logsConfig", "encryptionKey")  # MiniStack (1.5.33) keeps no logsConfig
    fields: ClassVar[Mapping[str, Field]] = {
        "name": _text("name", required=True, replaces=True),
        "description": _text("description"),
        "serviceRole": _text("serviceRole", required=True),
        "encryptionKey": _text("encryptionKey", cloud_decides=True),
        "buildTimeout": Field(kind=Kind.INT, api="timeoutInMinutes", default=DEFAULT_TIMEOUT_MINUTES),
        "artifacts": Field(
            kind=Kind.OBJECT, api="artifacts", required=True, fields={"type": _text("type", required=True)}
        ),
        "source": Field(
            kind=Kind.OBJECT,
            api="source",
            required=True,
            fields={"type": _text("type", required=True), "buildspec": _text("buildspec")},
        ),
        "environment": Field(
            kind=Kind.OBJECT,
            api="environment",
            required=True,
            fields={
                "type": _text("type", required=True),
                "computeType": _text("computeType", required=True),
                "image": _text("image", required=True),
                "privilegedMode": Field(kind=Kind.BOOL, api="privilegedMode"),
                "environmentVariables": Field(
                    kind=Kind.OBJECTS,
                    api="environmentVariables",
                    fields={
                        "name": _text("name", required=True),
                        "value": _text("value", required=True),
                        "type": _text("type", default="PLAINTEXT"),
                    },
                ),
            },
        ),
        "logsConfig": Field(
            kind=Kind.OBJECT,
            api="logsConfig",
            fields={
                "cloudwatchLogs": Field(
                    kind=Kind.OBJECT,
                    api="cloudWatchLogs",
                    fields={"status": _text("status"), "groupName": _text("groupName")},
                )
            },
        ),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, str]] = {"arn": "arn"}
    stables = ("arn",)
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags", "arn": "name"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A project's name is its own."""
        return state.get("name") == wanted.get("name")

    @override
    def make(self, wanted: Props) -> str:
        """Creates the project."""
        made = self.call("create_project", **self.request(wanted), tags=_pairs(wanted))
        return text_of(inside(made, "project")["arn"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The project, by its name: not every emulator takes ARNs."""
        found = first(self.call("batch_get_projects", names=[resource_id.rpartition("/")[2]]), "projects")
        return None if found is None else self.described(found)

    @override
    def tags_told(self, found: Props) -> Plain:
        """CodeBuild's tags have keys in small letters."""
        tags = found.get("tags")
        told = {
            text_of(one.get("key")): text_of(one.get("value"))
            for one in (tags if isinstance(tags, list) else [])
            if isinstance(one, dict)
        }
        return own_tags(told)

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """One call for all, tags included."""
        self.call("update_project", **self.request(wanted), tags=_pairs(wanted) or [])

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the project; one that is not there is none of CodeBuild's errors."""
        self.call("delete_project", name=resource_id.rpartition("/")[2])


def _pairs(wanted: Props) -> Plain:
    return [{"key": key, "value": value} for key, value in texts_of(wanted.get("tags")).items()] or None
