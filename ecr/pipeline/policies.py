"""Who may do what in a pipeline: trust and permissions of its roles, its bucket, and the key of its artifacts.

AWS CodePipeline user guide, "Manage the CodePipeline service role" and "AWS CodePipeline resource-based policy
examples"; AWS CodeBuild user guide, "Allow CodeBuild to interact with other AWS services"; Service Authorization
Reference, "AWS CodePipeline", "AWS CodeBuild", "AWS CodeConnections". What a stage's stack needs is in
`ecr.pipeline.stack_policy`.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from ecr.access import key_policy as key_policies
from ecr.access import names as access_names
from ecr.access.documents import Condition, PolicyDocument, PrincipalType, Statement
from ecr.pipeline.model import Stage
from ecr.reference import Registry

_EVERYBODY = MappingProxyType({PrincipalType.AWS: ("*",)})

# What S3 asks of KMS in the name of whoever reads an object, and writes one (Amazon S3 user guide, "Using server-side
# encryption with AWS KMS keys", "Permissions").
_KEY_READ = ("kms:Decrypt",)
_KEY_WRITE = ("kms:Decrypt", "kms:GenerateDataKey")

_BUCKET_LOOK = ("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning")
_OBJECT_READ = ("s3:GetObject", "s3:GetObjectVersion")


def project_arn(registry: Registry, project: str) -> str:
    """The ARN of a CodeBuild project."""
    return f"arn:{registry.partition}:codebuild:{registry.region}:{registry.account}:project/{project}"


def pipeline_trust(name: str, place: Registry) -> PolicyDocument:
    """The trust policy of the pipeline's own role.

    The console makes such roles with `aws:SourceAccount`. Whether CodePipeline names the pipeline, too, is not
    documented: `...IfExists` holds whichever is true, and no other pipeline that is named gets in.
    """
    arn = f"arn:{place.partition}:codepipeline:{place.region}:{place.account}:{name}"
    statement = Statement(
        sid="CodePipeline",
        principals=MappingProxyType({PrincipalType.SERVICE: ("codepipeline.amazonaws.com",)}),
        actions=("sts:AssumeRole",),
        conditions=(
            Condition("ArnEqualsIfExists", "aws:SourceArn", (arn,)),
            Condition("StringEquals", "aws:SourceAccount", (place.account,)),
        ),
    )
    return PolicyDocument((statement,))


def pipeline_permissions(
    stages: Sequence[Stage],
    *,
    repository: str,
    place: Registry,
    connection_arn: str,
    bucket_arn: str,
    key_arn: str,
) -> PolicyDocument:
    """What the pipeline itself does: fetches the source, hands it to builds, starts them, and asks for approval.

    Args:
        stages: of the pipeline.
        repository: the one that it may fetch by the connection, which can lead to many.
        place: where the pipeline is.
        connection_arn: of the connection.
        bucket_arn: of the artifacts' bucket.
        key_arn: of the key that they are encrypted with.
    """
    projects = tuple(project_arn(place, project) for stage in stages for project in stage.projects)
    topics = sorted({stage.approval.topic_arn for stage in stages if stage.approval and stage.approval.topic_arn})
    approvals = [Statement(sid="AskForApproval", actions=("sns:Publish",), resources=tuple(topics))] if topics else []
    # A connection has two names for its service, and each goes with actions of its own (Developer Tools console user
    # guide, "Connections rename").
    service = connection_arn.split(":")[2]
    return PolicyDocument(
        (
            Statement(
                sid="FetchTheSource",
                actions=(f"{service}:UseConnection",),
                resources=(connection_arn,),
                conditions=(Condition("StringEqualsIfExists", f"{service}:FullRepositoryId", (repository,)),),
            ),
            Statement(sid="LookAtTheArtifacts", actions=_BUCKET_LOOK, resources=(bucket_arn,)),
            Statement(sid="KeepArtifacts", actions=(*_OBJECT_READ, "s3:PutObject"), resources=(f"{bucket_arn}/*",)),
            Statement(sid="EncryptArtifacts", actions=_KEY_WRITE, resources=(key_arn,)),
            Statement(
                sid="RunBuilds", actions=("codebuild:BatchGetBuilds", "codebuild:StartBuild"), resources=projects
            ),
            *approvals,
        )
    )


def build_permissions(*, log_group_arn: str, bucket_arn: str, key_arn: str) -> PolicyDocument:
    """What any build of the pipeline does: reads the source, and writes its log. The log group is there already."""
    return PolicyDocument(
        (
            Statement(
                sid="WriteTheLog",
                actions=("logs:CreateLogStream", "logs:PutLogEvents"),
                resources=(f"{log_group_arn}:*",),
            ),
            Statement(sid="LookAtTheArtifacts", actions=_BUCKET_LOOK[:2], resources=(bucket_arn,)),
            Statement(sid="ReadTheSource", actions=_OBJECT_READ, resources=(f"{bucket_arn}/*",)),
            Statement(sid="DecryptTheSource", actions=_KEY_READ, resources=(key_arn,)),
        )
    )


def bucket_policy(bucket_arn: str, key_arn: str) -> PolicyDocument:
    """Nobody reads or writes artifacts without TLS, or writes any that are not encrypted with this KMS key.

    S3 compares the key that it would use, by its ARN (Amazon S3 user guide, "Using server-side encryption with AWS KMS
    keys", "Requiring SSE-KMS").
    """
    return PolicyDocument(
        (
            Statement(
                sid="DenyWithoutTls",
                denies=True,
                principals=_EVERYBODY,
                actions=("s3:*",),
                resources=(bucket_arn, f"{bucket_arn}/*"),
                conditions=(Condition("Bool", "aws:SecureTransport", ("false",)),),
            ),
            Statement(
                sid="DenyOtherEncryption",
                denies=True,
                principals=_EVERYBODY,
                actions=("s3:PutObject",),
                resources=(f"{bucket_arn}/*",),
                # An upload that says nothing is encrypted as the bucket says.
                conditions=(
                    Condition("StringNotEquals", "s3:x-amz-server-side-encryption", ("aws:kms",)),
                    Condition("Null", "s3:x-amz-server-side-encryption", ("false",)),
                ),
            ),
            Statement(
                sid="DenyOtherKeys",
                denies=True,
                principals=_EVERYBODY,
                actions=("s3:PutObject",),
                resources=(f"{bucket_arn}/*",),
                conditions=(
                    Condition("StringNotEquals", "s3:x-amz-server-side-encryption-aws-kms-key-id", (key_arn,)),
                    Condition("Null", "s3:x-amz-server-side-encryption-aws-kms-key-id", ("false",)),
                ),
            ),
        )
    )


def key_policy(role_arns: Sequence[str], *, partition: str, account: str) -> PolicyDocument:
    """The policy of a key that is made for artifacts: the account administers it, and these roles use it.

    The roles are named in a condition and not as principals: a role that is made anew would be another principal, and
    one that is not there yet would be refused. They need policies of their own as well.

    Args:
        role_arns: of the pipeline and its builds.
        partition: such as `aws`.
        account: 12 digits.
    """
    use = Statement(
        sid="UseByThePipeline",
        actions=_KEY_WRITE,
        principals=MappingProxyType({PrincipalType.AWS: (access_names.account_root(partition, account),)}),
        resources=("*",),
        conditions=(Condition("ArnEquals", "aws:PrincipalArn", tuple(role_arns)),),
    )
    return PolicyDocument((key_policies.administration(partition, account), use))
