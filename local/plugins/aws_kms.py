"""The KMS types of the `aws` stand-in: a key, which encrypts a repository or a topic, and its policy."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import ClientError
from typing_extensions import override

from local.plugins.aws_api import ApiResource, inside
from local.plugins.aws_cloud import code_of
from local.plugins.aws_ecr_policies import same_statements
from local.plugins.aws_resource import REGION, CloudResource, own_tags, tag_changes
from local.plugins.schema import Field, Kind, changes
from local.plugins.values import Plain, Props, text_of, texts_of

if TYPE_CHECKING:
    from mypy_boto3_kms.type_defs import CreateKeyRequestTypeDef, TagTypeDef

DEFAULT_WINDOW_DAYS = 30  # https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
SHORTEST_WINDOW_DAYS = 7
WAITS_FOR_DELETION = ("PendingDeletion", "PendingReplicaDeletion")


class Key(CloudResource):
    """`aws:kms/key:Key`."""

    type_name = "aws:kms/key:Key"
    fields: ClassVar[Mapping[str, Field]] = {
        "description": Field(kind=Kind.TEXT, cloud_decides=True),
        "enableKeyRotation": Field(kind=Kind.BOOL),
        "rotationPeriodInDays": Field(kind=Kind.INT, cloud_decides=True),
        "deletionWindowInDays": Field(kind=Kind.INT),
        "policy": Field(kind=Kind.JSON, cloud_decides=True, normal=same_statements),
        "tags": Field(kind=Kind.TEXTS),
        "region": REGION,
    }
    computed = ("arn", "keyId", "isEnabled", "keyUsage", "customerMasterKeySpec", "multiRegion")
    stables = ("arn", "keyId", "keyUsage", "customerMasterKeySpec", "multiRegion")
    write_only = ("deletionWindowInDays",)
    absent = ("NotFoundException",)
    derived: ClassVar[Mapping[str, str]] = {"tagsAll": "tags"}

    @override
    def make(self, wanted: Props) -> str:
        """Creates the key, then its rotation; a key whose rotation fails is scheduled for deletion again."""
        kms = self.cloud.kms
        request: CreateKeyRequestTypeDef = {
            "Description": text_of(wanted.get("description")),
            "Tags": _tags(texts_of(wanted.get("tags"))),
        }
        if policy := text_of(wanted.get("policy")):
            request["Policy"] = policy
        made = kms.create_key(**request)
        key_id = made["KeyMetadata"]["KeyId"]
        try:
            if wanted.get("enableKeyRotation") is True:
                self._rotate(key_id, wanted)
        except Exception:  # whatever it is: what was made is undone, and the error goes on
            with contextlib.suppress(Exception):  # the first error is the one to tell
                kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=SHORTEST_WINDOW_DAYS)
            raise
        return key_id

    @override
    def look(self, resource_id: str) -> Props | None:
        """The key's settings, policy and tags; a key that waits for its deletion counts as gone."""
        kms = self.cloud.kms
        found = kms.describe_key(KeyId=resource_id)["KeyMetadata"]
        if found.get("KeyState") in WAITS_FOR_DELETION:
            return None
        rotation = kms.get_key_rotation_status(KeyId=resource_id)
        policy = kms.get_key_policy(KeyId=resource_id, PolicyName="default")["Policy"]
        pairs = kms.list_resource_tags(KeyId=resource_id).get("Tags", [])
        rotates = rotation.get("KeyRotationEnabled", False)
        seen: dict[str, Plain] = {
            "arn": found.get("Arn"),
            "keyId": found["KeyId"],
            "description": found.get("Description"),
            "enableKeyRotation": rotates,
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays") if rotates else None,
            "policy": policy,
            "tags": own_tags({pair["TagKey"]: pair["TagValue"] for pair in pairs}),
            "isEnabled": found.get("Enabled"),
            "keyUsage": found.get("KeyUsage"),
            "customerMasterKeySpec": found.get("KeySpec"),
            "multiRegion": found.get("MultiRegion"),
        }
        return seen

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Each setting has an operation of its own; all can be repeated."""
        kms = self.cloud.kms
        changed = {one.top for one in changes(self.fields, state, wanted)}
        if "description" in changed:
            kms.update_key_description(KeyId=resource_id, Description=text_of(wanted.get("description")))
        if changed & {"enableKeyRotation", "rotationPeriodInDays"}:
            self._rotate(resource_id, wanted)
        if "policy" in changed:
            kms.put_key_policy(KeyId=resource_id, PolicyName="default", Policy=text_of(wanted.get("policy")))
        setting, removing = tag_changes(state, wanted)
        if setting:
            kms.tag_resource(KeyId=resource_id, Tags=_tags(setting))
        if removing:
            kms.untag_resource(KeyId=resource_id, TagKeys=list(removing))

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Schedules the deletion: AWS keeps a key for at least a week, because what it encrypted dies with it."""
        window = state.get("deletionWindowInDays")
        days = window if isinstance(window, int) else DEFAULT_WINDOW_DAYS
        try:
            self.cloud.kms.schedule_key_deletion(KeyId=resource_id, PendingWindowInDays=days)
        except ClientError as exc:
            if code_of(exc) != "KMSInvalidStateException" or self.look(resource_id) is not None:
                raise  # a key that waits for its deletion already is the exception

    def _rotate(self, key_id: str, wanted: Props) -> None:
        period = wanted.get("rotationPeriodInDays")
        if wanted.get("enableKeyRotation") is not True:
            self.cloud.kms.disable_key_rotation(KeyId=key_id)
        elif isinstance(period, int):
            self.cloud.kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=period)
        else:
            self.cloud.kms.enable_key_rotation(KeyId=key_id)


def _tags(tags: Mapping[str, str]) -> list[TagTypeDef]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


class KeyPolicy(ApiResource):
    """`aws:kms/keyPolicy:KeyPolicy`: the policy of a key that is made elsewhere; its ID is the key's."""

    type_name = "aws:kms/keyPolicy:KeyPolicy"
    service = "kms"
    absent = ("NotFoundException",)
    fields: ClassVar[Mapping[str, Field]] = {
        "keyId": Field(kind=Kind.TEXT, required=True, replaces=True),
        "policy": Field(kind=Kind.JSON, api="Policy", required=True, normal=same_statements),
        "region": REGION,
    }

    @override
    def make(self, wanted: Props) -> str:
        """Sets the policy, over the one that the key came with."""
        self._put(wanted["keyId"], wanted["policy"])
        return text_of(wanted["keyId"])

    @override
    def look(self, resource_id: str) -> Props | None:
        """The policy; gone with its key, even if that only waits for its deletion."""
        if self._key(resource_id).get("KeyState") in WAITS_FOR_DELETION:
            return None
        return self.described(self.call("get_key_policy", KeyId=resource_id, PolicyName="default")) | {
            "keyId": resource_id
        }

    @override
    def change(self, resource_id: str, state: Props, wanted: Props) -> None:
        """Replaces the policy."""
        self._put(resource_id, wanted["policy"])

    @override
    def remove(self, resource_id: str, state: Props) -> None:
        """Gives the key the policy that it came with, as the official plugin does: a key cannot be without one.

        AWS KMS developer guide, "Default key policy".
        """
        key = self._key(resource_id)
        if key.get("KeyState") in WAITS_FOR_DELETION:
            return
        _, partition, _, _, account, _ = text_of(key["Arn"]).split(":", 5)
        statement: Plain = {
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        self._put(resource_id, json.dumps({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}))

    def _key(self, key_id: str) -> Props:
        return inside(self.call("describe_key", KeyId=key_id), "KeyMetadata")

    def _put(self, key_id: Plain, document: Plain) -> None:
        self.call("put_key_policy", KeyId=key_id, PolicyName="default", Policy=document)
