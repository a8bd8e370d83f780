"""The Secrets Manager types of the `aws` stand-in: a secret and its value, as in pulumi-aws 7.51.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from local.plugins.aws_api import ApiResource, wanted_tags
from local.plugins.aws_resource import REGION
from local.plugins.schema import Field, Kind
from local.plugins.values import Plain, Props, text_of

LONGEST_SECRET_NAME = 512  # Secrets Manager API reference, CreateSecret
DEFAULT_WINDOW_DAYS = 30


class _Secrets(ApiResource):
    service = "secretsmanager"
    absent = ("ResourceNotFoundException",)


class Secret(_Secrets):
    """`aws:secretsmanager/secret:Secret`, without a value; its ID is its ARN."""

    type_name = "aws:secretsmanager/secret:Secret"
    longest_name = LONGEST_SECRET_NAME
    fields: ClassVar[Mapping[str, Field]] = {
        "name": Field(kind=Kind.TEXT, api="Name", required=True, replaces=True),
        "description": Field(kind=Kind.TEXT, api="Description"),
        "kmsKeyId": Field(kind=Kind.TEXT, api="KmsKeyId"),
        "recoveryWindowInDays": Field(kind=Kind.INT, default=DEFAULT_WINDOW_DAYS),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    outputs: ClassVar[Mapping[str, str]] = {"arn": "ARN"}
    stables = ("arn",)
    write_only = ("recoveryWindowInDays",)
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags", "arn": "name"}

    @override
    def delete_first(self, state: Props, wanted: Props) -> bool:
        """A secret's name is its own."""
        return state.get("name") == wanted.get("name")

    @override
    def make(self, wanted: Props) -> str:
        """Creates the secret; AWS refuses a name whose last secret still waits for its deletion."""
        return text_of(self.call("create_secret", **self.request(wanted), Tags=wanted_tags(wanted))["ARN"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The secret; one that waits for its deletion counts as gone."""
        found = self.call("describe_secret", SecretId=resource_id)
        return None if found.get("DeletedDate") else self.described(found)

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Description and key in one call, tags in theirs."""
        secret: Props = {"SecretId": resource_id}
        changed = self.changed(state, wanted) & {"description", "kmsKeyId"}
        if changed:
            new: Props = {self.fields[key].api: text_of(wanted.get(key)) for key in changed}
            self.call("update_secret", **secret, **new)
        self.retag(state, wanted, secret, tag="tag_resource", untag="untag_resource")

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Schedules the deletion; a window of 0 days deletes at once."""
        if self.look(resource_id) is None:
            return
        days = state.get("recoveryWindowInDays")
        how: Props = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        self.call("delete_secret", SecretId=resource_id, **how)


class SecretVersion(_Secrets):
    """`aws:secretsmanager/secretVersion:SecretVersion`: a secret's value; its ID is `SECRET|VERSION`."""

    type_name = "aws:secretsmanager/secretVersion:SecretVersion"
    fields: ClassVar[Mapping[str, Field]] = {
        "secretId": Field(kind=Kind.TEXT, required=True, replaces=True),
        "secretString": Field(kind=Kind.TEXT, api="SecretString", required=True, replaces=True, secret=True),
        "region": REGION,
    }
    computed = ("secretArn",)
    outputs: ClassVar[Mapping[str, str]] = {"arn": "ARN", "versionId": "VersionId", "versionStages": "VersionStages"}
    stables = ("arn", "versionId")
    secret_outputs = ("secretString",)

    @override
    def make(self, wanted: Props) -> str:
        """Gives the secret a new value, which becomes the current one."""
        made = self.call("put_secret_value", SecretId=wanted["secretId"], SecretString=wanted["secretString"])
        return f"{wanted['secretId']}|{made['VersionId']}"

    @override
    def look(self, resource_id: str) -> Props | None:
        """The value; gone with its secret."""
        secret, _, version = resource_id.rpartition("|")
        if not version or self.call("describe_secret", SecretId=secret).get("DeletedDate"):
            return None
        found = self.call("get_secret_value", SecretId=secret, VersionId=version)
        arn: Plain = found.get("ARN")
        return self.described(found) | {"secretId": secret, "secretArn": arn}

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Nothing changes in place: another value is another version."""

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Versions go with their secret: AWS has no operation that deletes the current one."""
