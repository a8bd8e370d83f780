"""Names that a pipeline is made of; each is checked before it gets near a policy.

AWS CodePipeline API reference, PipelineDeclaration and ActionDeclaration; AWS CodeConnections API reference,
CreateConnection; as botocore's models of them have it.
"""

from __future__ import annotations

import re

from ecr.regions import PARTITION, PARTITIONS

_PIPELINE = re.compile(r"[A-Za-z0-9.@_-]{1,100}")
PIPELINE_RULE = "the name of a pipeline, 1 to 100 letters, digits and .@-_, such as shop"

# Pulumi takes '.', too. Here it would make the state's files of stack dev and of stack dev.json hard to tell apart.
_STACK = re.compile(r"[A-Za-z0-9_-]{1,100}")
STACK_RULE = "the name of a stack of this project, 1 to 100 letters, digits, '-' and '_', such as dev"

_CONNECTION_ARN = re.compile(
    rf"arn:(?P<partition>{PARTITION}):(?:codeconnections|codestar-connections):(?P<region>[a-z0-9-]+):[0-9]{{12}}:"
    r"connection/[0-9A-Za-z-]{1,200}"
)
CONNECTION_ARN_RULE = "the ARN of a connection, such as arn:aws:codeconnections:eu-west-1:123456789012:connection/ID"
MAX_CONNECTION_NAME = 32

# `OWNER/REPOSITORY`, or with the groups of GitLab before it (CodePipeline user guide, "CodeStarSourceConnection").
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*){1,5}")
MAX_SOURCE = 200
SOURCE_RULE = "OWNER/REPOSITORY, such as acme/shop"

# git-check-ref-format(1), the short of it; no wildcard, because the action watches one branch.
_BRANCH = re.compile(r"(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[A-Za-z0-9_][A-Za-z0-9._/-]*(?<![./])")
_MAX_BRANCH = 240
BRANCH_RULE = "one branch, such as main"

# Amazon S3 user guide, "General purpose buckets naming rules", without the dots that TLS has trouble with.
MAX_BUCKET = 63
_BUCKET = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)")
BUCKET_RULE = "the name of an S3 bucket, 3 to 63 lower-case letters, digits and '-', such as acme-pulumi-state"

_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:/[A-Za-z0-9][A-Za-z0-9_-]*)*")
_MAX_PREFIX = 200
PREFIX_RULE = "a folder in the bucket without '/' at either end, such as teams/shop"

# AWS Secrets Manager user guide, "What's in a Secrets Manager secret?": six characters after the name.
_SECRET_ARN = re.compile(
    rf"arn:(?P<partition>{PARTITION}):secretsmanager:(?P<region>[a-z0-9-]+):[0-9]{{12}}:"
    r"secret:[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}"
)
SECRET_ARN_RULE = "the whole ARN of a secret, with the six characters at its end"  # noqa: S105 - a rule

# AWS CodeBuild user guide, "Docker images provided by CodeBuild", or an image of one's own by its registry.
_IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._:/@-]{0,254}")
IMAGE_RULE = "the image that builds run in, such as aws/codebuild/standard:7.0"

_FILE = re.compile(r"(?!/)(?!(?:.*/)?\.\.(?:/|$))[A-Za-z0-9._/-]{1,200}")
FILE_RULE = "a file of the repository, such as ci/buildspec.yml"

_MESSAGE = re.compile(r"[ -~]{1,1000}")
MESSAGE_RULE = "1 to 1000 plain characters in one line"


def is_pipeline(text: str) -> bool:
    """Whether CodePipeline takes `text` as the name of a pipeline."""
    return _PIPELINE.fullmatch(text) is not None


def is_stack(text: str) -> bool:
    """Whether `text` is the name of a stack that a stage can deploy."""
    return _STACK.fullmatch(text) is not None


def is_connection_arn(text: str) -> bool:
    """Whether `text` is the ARN of a connection, in a Region of its partition."""
    return _in_its_partition(_CONNECTION_ARN.fullmatch(text))


def is_source(text: str) -> bool:
    """Whether `text` is a repository as connections name it."""
    return len(text) <= MAX_SOURCE and _SOURCE.fullmatch(text) is not None


def is_branch(text: str) -> bool:
    """Whether `text` is one branch."""
    return len(text) <= _MAX_BRANCH and _BRANCH.fullmatch(text) is not None


def is_bucket(text: str) -> bool:
    """Whether S3 takes `text` as the name of a bucket."""
    return _BUCKET.fullmatch(text) is not None


def is_prefix(text: str) -> bool:
    """Whether `text` is a folder of a bucket, in plain characters."""
    return len(text) <= _MAX_PREFIX and _PREFIX.fullmatch(text) is not None


def is_secret_arn(text: str) -> bool:
    """Whether `text` is the ARN of one secret, in a Region of its partition."""
    return _in_its_partition(_SECRET_ARN.fullmatch(text))


def is_image(text: str) -> bool:
    """Whether `text` can name an image for builds."""
    return _IMAGE.fullmatch(text) is not None


def is_file(text: str) -> bool:
    """Whether `text` is a path inside the repository."""
    return _FILE.fullmatch(text) is not None


def is_message(text: str) -> bool:
    """Whether CodePipeline takes `text` as what an approver is told."""
    return _MESSAGE.fullmatch(text) is not None


def _in_its_partition(match: re.Match[str] | None) -> bool:
    return match is not None and PARTITIONS.get(match["region"]) == match["partition"]
