"""The CodePipeline and CodeConnections types of the `aws` stand-in, as in pulumi-aws 7.51.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_api import ApiResource, inside, objects, pairs, texts, wanted_tags
from local.plugins.aws_resource import REGION, own_tags, tag_changes
from local.plugins.schema import Field, Kind
from local.plugins.values import Plain, Props, props_of, text_of

LONGEST_CONNECTION_NAME = 32  # CodeConnections API reference, CreateConnection
_TYPE_ID = ("category", "owner", "provider", "version")
_ARTIFACTS = ("inputArtifacts", "outputArtifacts")
_SETTLED = {"name": "name", "roleArn": "roleArn", "pipelineType": "pipelineType", "executionMode": "executionMode"}
_ACTION = {
    "name": "name",
    "configuration": "configuration",
    "runOrder": "runOrder",
    "namespace": "namespace",
    "timeoutInMinutes": "timeoutInMinutes",
}


class Pipeline(ApiResource):
    """`aws:codepipeline/pipeline:Pipeline`; its ID is its name. In one Region, with one artifact store."""

    type_name = "aws:codepipeline/pipeline:Pipeline"
    service = "codepipeline"
    absent = ("PipelineNotFoundException",)
    fields: ClassVar[Mapping[str, Field]] = {
        "name": Field(kind=Kind.TEXT, required=True, replaces=True),
        "roleArn": Field(kind=Kind.TEXT, required=True),
        "pipelineType": Field(kind=Kind.TEXT, default="V1"),
        "executionMode": Field(kind=Kind.TEXT, default="SUPERSEDED"),
        "artifactStores": Field(
            kind=Kind.OBJECTS,
            required=True,
            fields={
                "location": Field(kind=Kind.TEXT, required=True),
                "type": Field(kind=Kind.TEXT, required=True),
                "encryptionKey": Field(
                    kind=Kind.OBJECT,
                    fields={"id": Field(kind=Kind.TEXT, required=True), "type": Field(kind=Kind.TEXT, required=True)},
                ),
            },
        ),
        "stages": Field(
            kind=Kind.OBJECTS,
            required=True,
            fields={
                "name": Field(kind=Kind.TEXT, required=True),
                "actions": Field(
                    kind=Kind.OBJECTS,
                    required=True,
                    fields={
                        **{key: Field(kind=Kind.TEXT, required=True) for key in ("name", *_TYPE_ID)},
                        "configuration": Field(kind=Kind.TEXTS),
                        "runOrder": Field(kind=Kind.INT, cloud_decides=True),
                        "namespace": Field(kind=Kind.TEXT),
                        "timeoutInMinutes": Field(kind=Kind.INT),
                        **{key: Field(kind=Kind.LIST) for key in _ARTIFACTS},
                    },
                ),
            },
        ),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    computed = ("arn",)
    stables = ("arn",)
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags", "arn": "name"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A pipeline's name is its own."""
        return state.get("name") == wanted.get("name")

    @override
    def make(self, wanted: Props) -> str:
        """Creates the pipeline."""
        self.call("create_pipeline", pipeline=_declared(wanted), tags=_small(wanted_tags(wanted)))
        return text_of(wanted["name"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The pipeline and its tags."""
        answer = self.call("get_pipeline", name=resource_id)
        found, arn = inside(answer, "pipeline"), inside(answer, "metadata").get("pipelineArn")
        tags = objects(self.call("list_tags_for_resource", resourceArn=arn).get("tags"))
        told = own_tags({text_of(one.get("key")): text_of(one.get("value")) for one in tags})
        return _described(found) | {"arn": arn, "tags": told}

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """One call for the pipeline; tags have operations of their own."""
        if self.changed(state, wanted) - {"tags"}:
            self.call("update_pipeline", pipeline=_declared(wanted))
        setting, removing = tag_changes(state, wanted)
        if setting:
            self.call("tag_resource", resourceArn=state["arn"], tags=_small(pairs(setting)))
        if removing:
            self.call("untag_resource", resourceArn=state["arn"], tagKeys=list(removing))

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the pipeline; absence is success for CodePipeline itself."""
        if self.look(resource_id) is not None:
            self.call("delete_pipeline", name=resource_id)


def _declared(wanted: Props) -> Props:
    """The pipeline as the API declares it: one store stands by itself, and each action has its type in an object."""
    (store,) = objects(wanted["artifactStores"])
    stages: list[Plain] = [
        {"name": stage["name"], "actions": [_action(action) for action in objects(stage["actions"])]}
        for stage in objects(wanted["stages"])
    ]
    return {**{api: wanted[key] for key, api in _SETTLED.items()}, "artifactStore": {**store}, "stages": stages}


def _action(action: Props) -> Props:
    declared: Props = {api: action[key] for key, api in _ACTION.items() if action.get(key) is not None}
    declared["actionTypeId"] = {key: action[key] for key in _TYPE_ID}
    for key in _ARTIFACTS:
        declared[key] = [{"name": name} for name in texts(action.get(key))]
    return declared


def _described(found: Props) -> Props:
    stages: list[Plain] = [
        {
            "name": stage.get("name"),
            "actions": [
                {
                    **{key: action.get(api) for key, api in _ACTION.items()},
                    **props_of(action.get("actionTypeId")),
                    **{key: [one.get("name") for one in objects(action.get(key))] for key in _ARTIFACTS},
                }
                for action in objects(stage.get("actions"))
            ],
        }
        for stage in objects(found.get("stages"))
    ]
    settled = {key: found.get(api) for key, api in _SETTLED.items()}
    return {**settled, "artifactStores": [found.get("artifactStore")], "stages": stages}


def _small(tags: Plain) -> Plain:
    """Tags with keys in small letters, as CodePipeline has them."""
    return [{key.lower(): value for key, value in one.items()} for one in objects(tags)] or None


class Connection(ApiResource):
    """`aws:codeconnections/connection:Connection`; its ID is its ARN. Nobody confirms it here."""

    type_name = "aws:codeconnections/connection:Connection"
    service = "codeconnections"
    longest_name = LONGEST_CONNECTION_NAME
    absent = ("ResourceNotFoundException",)
    fields: ClassVar[Mapping[str, Field]] = {
        "name": Field(kind=Kind.TEXT, api="ConnectionName", required=True, replaces=True),
        "providerType": Field(kind=Kind.TEXT, api="ProviderType", replaces=True),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, str]] = {"arn": "ConnectionArn", "connectionStatus": "ConnectionStatus"}
    stables = ("arn",)
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags", "arn": "name"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A connection's name is its own."""
        return state.get("name") == wanted.get("name")

    @override
    def make(self, wanted: Props) -> str:
        """Creates the connection, which is pending then."""
        made = self.call("create_connection", **self.request(wanted), Tags=wanted_tags(wanted))
        return text_of(made["ConnectionArn"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The connection and its tags."""
        found = inside(self.call("get_connection", ConnectionArn=resource_id), "Connection")
        tags = self.call("list_tags_for_resource", ResourceArn=resource_id).get("Tags")
        return self.described(found | {"Tags": tags})

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Only tags change in place."""
        self.retag(state, wanted, {"ResourceArn": resource_id}, tag="tag_resource", untag="untag_resource")

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Deletes the connection."""
        self.call("delete_connection", ConnectionArn=resource_id)
