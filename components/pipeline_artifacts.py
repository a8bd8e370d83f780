"""Where a pipeline's sources wait for its builds: a bucket for nobody else, encrypted with a key for nobody else."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import keys
from components.caller import Caller
from ecr.pipeline import policies
from ecr.pipeline.model import Artifacts

with warnings.catch_warnings():
    # The package warns of its own older classes when it is loaded, which is when it is first asked for anything.
    warnings.simplefilter("ignore", DeprecationWarning)
    _Bucket = aws.s3.Bucket

# Of an upload that was never completed (Amazon S3 user guide, "Configuring a bucket lifecycle configuration to delete
# incomplete multipart uploads").
_ABORT_DAYS = 1


@dataclass(frozen=True)
class Store:
    """The bucket and its key.

    Attributes:
        bucket: the bucket's name.
        bucket_arn: the bucket's ARN.
        key_arn: the key's.
        key: the key, if it was made.
        ready: what has to be there before anything is put in.
    """

    bucket: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    key: aws.kms.Key | None
    ready: tuple[pulumi.Resource, ...]


def register(name: str, wanted: Artifacts, *, tags: Mapping[str, str], opts: pulumi.ResourceOptions) -> Store:
    """The bucket, with all that keeps it private, and its key unless one is given.

    The bucket is versioned, as CodePipeline demands (CodePipeline user guide, "AWS CodePipeline resource-based policy
    examples").
    """
    key = None
    if wanted.key_arn is None:
        key = keys.register_key(
            f"{name}-key",
            encrypts="artifacts of a pipeline",
            window_days=keys.SHORTEST_WINDOW_DAYS,
            tags=tags,
            opts=opts,
        )
    key_arn = key.arn if key is not None else pulumi.Output.from_input(str(wanted.key_arn))
    bucket = _Bucket(f"{name}-artifacts", force_destroy=wanted.force_delete, tags=tags or None, opts=opts)
    closed = aws.s3.BucketPublicAccessBlock(
        f"{name}-artifacts-access",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )
    encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-artifacts-encryption",
        bucket=bucket.bucket,
        rules=[
            {
                "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn},
                "bucket_key_enabled": True,
            }
        ],
        opts=opts,
    )
    versioned = aws.s3.BucketVersioning(
        f"{name}-artifacts-versioning",
        bucket=bucket.bucket,
        versioning_configuration={"status": "Enabled"},
        opts=opts,
    )
    policy = aws.s3.BucketPolicy(
        f"{name}-artifacts-policy",
        bucket=bucket.bucket,
        policy=pulumi.Output.all(bucket.arn, key_arn).apply(lambda known: policies.bucket_policy(*known).text),
        # S3 refuses two changes of one bucket's access at the same time (OperationAborted).
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[closed])),
    )
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-artifacts-expiry",
        bucket=bucket.bucket,
        rules=[
            {
                "id": "expire",
                "status": "Enabled",
                # Of everything.
                "filter": {"prefix": ""},
                "expiration": {"days": wanted.expire_days},
                "noncurrent_version_expiration": {"noncurrent_days": wanted.expire_days},
                "abort_incomplete_multipart_upload": {"days_after_initiation": _ABORT_DAYS},
            }
        ],
        # What expires becomes an older version first.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[versioned])),
    )
    return Store(bucket.bucket, bucket.arn, key_arn, key, (closed, encrypted, versioned, policy))


def share(
    name: str,
    store: Store,
    role_arns: Sequence[pulumi.Input[str]],
    *,
    caller: Caller,
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """Let these roles use the key, if it was made; whoever puts something in the bucket waits for what is returned."""
    ready: list[pulumi.Resource] = [*store.ready]
    if store.key is not None:

        def policy(known: Sequence[str]) -> str:
            partition, account, *arns = known
            return policies.key_policy(arns, partition=partition, account=account).text

        ready.append(
            aws.kms.KeyPolicy(
                f"{name}-key-policy",
                key_id=store.key.key_id,
                policy=pulumi.Output.all(caller.partition, caller.account, *role_arns).apply(policy),
                opts=opts,
            )
        )
    return ready
