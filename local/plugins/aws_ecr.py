"""The ECR resource types of the `aws` stand-in. Property names and behaviour follow pulumi-aws 7.51.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, cast

from botocore.exceptions import ClientError
from typing_extensions import override

from local.plugins.aws_cloud import code_of, registry_host
from local.plugins.aws_resource import REGION, CloudResource, own_tags, tag_changes
from local.plugins.errors import StandInError
from local.plugins.schema import Field, Kind, changes
from local.plugins.values import Plain, Props, props_of, text_of, texts_of

if TYPE_CHECKING:
    from mypy_boto3_ecr.literals import EncryptionTypeType, ImageTagMutabilityType
    from mypy_boto3_ecr.type_defs import (
        CreateRepositoryRequestTypeDef,
        EncryptionConfigurationTypeDef,
        ImageTagMutabilityExclusionFilterTypeDef,
        PutImageTagMutabilityRequestTypeDef,
        RepositoryTypeDef,
        TagTypeDef,
    )

MUTABILITY = ("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")


class Repository(CloudResource):
    """`aws:ecr/repository:Repository`."""

    type_name = "aws:ecr/repository:Repository"
    fields: ClassVar[Mapping[str, Field]] = {
        "name": Field(kind=Kind.TEXT, required=True, replaces=True),
        "imageTagMutability": Field(kind=Kind.TEXT, default="MUTABLE", choices=MUTABILITY),
        "imageTagMutabilityExclusionFilters": Field(
            kind=Kind.OBJECTS,
            fields={
                "filter": Field(kind=Kind.TEXT, required=True),
                "filterType": Field(kind=Kind.TEXT, required=True, choices=("WILDCARD",)),
            },
        ),
        "imageScanningConfiguration": Field(
            kind=Kind.OBJECT, cloud_decides=True, fields={"scanOnPush": Field(kind=Kind.BOOL, required=True)}
        ),
        "encryptionConfigurations": Field(
            kind=Kind.OBJECTS,
            cloud_decides=True,
            replaces=True,
            fields={
                "encryptionType": Field(kind=Kind.TEXT, default="AES256", choices=("AES256", "KMS", "KMS_DSSE")),
                "kmsKey": Field(kind=Kind.TEXT, cloud_decides=True),
            },
        ),
        "forceDelete": Field(kind=Kind.BOOL),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    computed = ("arn", "registryId", "repositoryUrl")
    stables = computed
    write_only = ("forceDelete",)
    absent = ("RepositoryNotFoundException",)
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags", "arn": "name", "repositoryUrl": "name"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A new repository of the same name cannot be made beside the old one."""
        return state.get("name") == wanted.get("name")

    @override
    def make(self, wanted: Props) -> str:
        """Creates the repository with all its settings at once, so that no half of it can be left behind."""
        name = text_of(wanted["name"])
        request: CreateRepositoryRequestTypeDef = {
            "repositoryName": name,
            "tags": _tags(texts_of(wanted.get("tags"))),
            "imageTagMutability": _mutability(wanted),
            "imageScanningConfiguration": {"scanOnPush": _scan_on_push(wanted)},
        }
        if filters := _filters(wanted):
            request["imageTagMutabilityExclusionFilters"] = filters
        if encryption := _encryption(wanted):
            request["encryptionConfiguration"] = encryption
        try:
            self.cloud.ecr.create_repository(**request)
        except ClientError as exc:
            if code_of(exc) != "RepositoryAlreadyExistsException":
                raise
            how = f"pulumi import {self.type_name} RESOURCE_NAME {name}"
            raise StandInError(
                f"CreateRepository failed with RepositoryAlreadyExistsException: {name} exists already; "
                f"adopt it ({how}), delete it, or choose another name"
            ) from exc
        return name

    @override
    def look(self, resource_id: str) -> Props | None:
        """The repository's settings and tags."""
        found = self.cloud.ecr.describe_repositories(repositoryNames=[resource_id])["repositories"][0]
        pairs = self.cloud.ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]
        return _repository(found) | {"tags": own_tags({pair["Key"]: pair["Value"] for pair in pairs})}

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Each setting has an operation of its own; all can be repeated, so a later run heals a failure."""
        ecr = self.cloud.ecr
        changed = {one.top for one in changes(self.fields, state, wanted)}
        if changed & {"imageTagMutability", "imageTagMutabilityExclusionFilters"}:
            request: PutImageTagMutabilityRequestTypeDef = {
                "repositoryName": resource_id,
                "imageTagMutability": _mutability(wanted),
            }
            if filters := _filters(wanted):
                request["imageTagMutabilityExclusionFilters"] = filters
            ecr.put_image_tag_mutability(**request)
        if "imageScanningConfiguration" in changed:
            ecr.put_image_scanning_configuration(
                repositoryName=resource_id, imageScanningConfiguration={"scanOnPush": _scan_on_push(wanted)}
            )
        setting, removing = tag_changes(state, wanted)
        if setting:
            ecr.tag_resource(resourceArn=text_of(state["arn"]), tags=_tags(setting))
        if removing:
            ecr.untag_resource(resourceArn=text_of(state["arn"]), tagKeys=list(removing))

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Images go with it only where forceDelete was set."""
        try:
            self.cloud.ecr.delete_repository(repositoryName=resource_id, force=state.get("forceDelete") is True)
        except ClientError as exc:
            if code_of(exc) != "RepositoryNotEmptyException":
                raise
            raise StandInError(
                f"DeleteRepository failed with RepositoryNotEmptyException: {resource_id} still has images, and "
                "forceDelete is not set; set forceDelete: true and run `pulumi up` first, or delete the images"
            ) from exc


def _repository(found: RepositoryTypeDef) -> Props:
    """AWS's description of a repository in the resource's property names."""
    name = found["repositoryName"]
    host = registry_host()
    encryption = found.get("encryptionConfiguration", {"encryptionType": "AES256"})
    filters: list[Plain] = [
        {"filter": one["filter"], "filterType": one["filterType"]}
        for one in found.get("imageTagMutabilityExclusionFilters", [])
    ]
    return {
        "arn": found["repositoryArn"],
        "name": name,
        "registryId": found["registryId"],
        "repositoryUrl": f"{host}/{name}" if host else found["repositoryUri"],
        "imageTagMutability": found.get("imageTagMutability", "MUTABLE"),
        "imageTagMutabilityExclusionFilters": filters or None,
        "imageScanningConfiguration": {
            "scanOnPush": found.get("imageScanningConfiguration", {}).get("scanOnPush", False)
        },
        "encryptionConfigurations": [
            {"encryptionType": encryption["encryptionType"], "kmsKey": encryption.get("kmsKey", "")}
        ],
    }


def _mutability(wanted: Props) -> ImageTagMutabilityType:
    return cast("ImageTagMutabilityType", text_of(wanted.get("imageTagMutability")) or "MUTABLE")


def _scan_on_push(wanted: Props) -> bool:
    return props_of(wanted.get("imageScanningConfiguration")).get("scanOnPush") is True


def _objects(value: Plain) -> list[Props]:
    return [props_of(item) for item in value] if isinstance(value, list) else []


def _filters(wanted: Props) -> list[ImageTagMutabilityExclusionFilterTypeDef]:
    given = _objects(wanted.get("imageTagMutabilityExclusionFilters"))
    return [{"filterType": "WILDCARD", "filter": text_of(item.get("filter"))} for item in given]


def _encryption(wanted: Props) -> EncryptionConfigurationTypeDef | None:
    for item in _objects(wanted.get("encryptionConfigurations")):
        kind = cast("EncryptionTypeType", text_of(item.get("encryptionType")) or "AES256")
        key = text_of(item.get("kmsKey"))
        return {"encryptionType": kind, "kmsKey": key} if key else {"encryptionType": kind}
    return None


def _tags(tags: Mapping[str, str]) -> list[TagTypeDef]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
