"""Keys that components make: they rotate, and their deletion can be taken back for a while."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

# AWS KMS API reference, ScheduleKeyDeletion: 7 to 30 days.
LONGEST_WINDOW_DAYS = 30
"""For the key of images: without its key a repository is lost."""
SHORTEST_WINDOW_DAYS = 7
"""For the key of messages, which nobody keeps for longer."""


def register_key(
    name: str,
    *,
    encrypts: str,
    window_days: int,
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
    policy: pulumi.Input[str] | None = None,
) -> aws.kms.Key:
    """A symmetric key for encryption.

    Args:
        name: of the resource.
        encrypts: what it is for, as its description goes on after "Encrypts".
        window_days: how long KMS waits before it deletes the key for good.
        tags: AWS tags of the key.
        opts: of the resource.
        policy: who may use and administer it, as JSON; None where an `aws.kms.KeyPolicy` follows.
    """
    return aws.kms.Key(
        name,
        description=f"Encrypts {encrypts}",
        enable_key_rotation=True,
        deletion_window_in_days=window_days,
        policy=policy,
        tags=tags or None,
        opts=opts,
    )
