"""What a pipeline is: a source, stages that deploy one stack each, and where the state of the stacks is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# AWS CodePipeline user guide, "Quotas in AWS CodePipeline": 2 to 50 stages, the source among them.
MAX_STAGES = 49

# What a stage's preview is called by in CodeBuild and in the program.
PREVIEW_SUFFIX = "-preview"

# AWS CodePipeline API reference, ActionDeclaration, timeoutInMinutes.
APPROVAL_MINUTES = range(5, 86400 + 1)
# AWS CodeBuild API reference, CreateProject, timeoutInMinutes.
BUILD_MINUTES = range(5, 2160 + 1)
# Amazon S3 API reference, LifecycleExpiration; more than a few years is nobody's intention.
EXPIRE_DAYS = range(1, 3650 + 1)
# Amazon CloudWatch Logs API reference, PutRetentionPolicy.
KEEP_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


class Provider(StrEnum):
    """Where a connection can lead that is made here, without a host of its own (CodeConnections, CreateConnection)."""

    GITHUB = "GitHub"
    BITBUCKET = "Bitbucket"
    GITLAB = "GitLab"


class ComputeType(StrEnum):
    """How large the machine of a build is (CodeBuild user guide, "Build environment compute modes and types")."""

    SMALL = "BUILD_GENERAL1_SMALL"
    MEDIUM = "BUILD_GENERAL1_MEDIUM"
    LARGE = "BUILD_GENERAL1_LARGE"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Whose commits start the pipeline.

    Attributes:
        repository: `OWNER/REPOSITORY`.
        branch: the one that is deployed.
        connection_arn: of a connection that is there; None to have one made, which somebody has to confirm in the
            console before it works.
        provider: where a connection leads that is made.
    """

    repository: str
    branch: str = "main"
    connection_arn: str | None = None
    provider: Provider = Provider.GITHUB


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Somebody has to say yes, having seen the preview.

    Attributes:
        topic_arn: a topic of the pipeline's Region that is told; None for nobody.
        timeout_minutes: after which it counts as a no.
        message: what the approver reads.
        policy_arns: managed policies for what the preview looks up beside the stack's repository.
        role_arn: of a service role of your own for the preview; None to have one made, which only reads.
    """

    topic_arn: str | None = None
    timeout_minutes: int = 7 * 24 * 60
    message: str | None = None
    policy_arns: tuple[str, ...] = ()
    role_arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage: a CodeBuild project deploys a stack; before an approval, another one previews it.

    Attributes:
        stack: which one.
        project: the name of its CodeBuild project.
        repository: the stack's ECR repository, in the pipeline's account and Region.
        build: whether the stack builds its image, for which the project gets Docker (privileged mode). Otherwise it
            promotes from the repository of the stage before, as far as there is one, and has no Docker.
        enhanced_scanning: whether Amazon Inspector scans the repository that is promoted from.
        approval: who has to say yes before it is deployed; None for nobody.
        policy_arns: managed policies for what the stack has beside its repository.
        role_arn: of a service role of your own, which then needs everything; None to have one made.
        secrets_key_arn: the KMS key of this stack's secrets (`awskms://`); None for that of the state.
    """

    stack: str
    project: str
    repository: str
    build: bool = False
    enhanced_scanning: bool = False
    approval: Approval | None = None
    policy_arns: tuple[str, ...] = ()
    role_arn: str | None = None
    secrets_key_arn: str | None = None

    @property
    def preview_project(self) -> str | None:
        """The name of the CodeBuild project that previews the stack; None where nobody waits for a preview."""
        return f"{self.project}{PREVIEW_SUFFIX}" if self.approval is not None else None

    @property
    def projects(self) -> tuple[str, ...]:
        """The names of its CodeBuild projects."""
        return (self.project,) if self.preview_project is None else (self.project, self.preview_project)

    @property
    def makes_roles(self) -> bool:
        """Whether a role is made for it, which has to be told where the state is."""
        return self.role_arn is None or (self.approval is not None and self.approval.role_arn is None)


@dataclass(frozen=True, kw_only=True)
class State:
    """Where Pulumi keeps the stacks' state, and what opens it: a bucket of yours, or Pulumi Cloud.

    Attributes:
        bucket: the S3 bucket.
        prefix: the folder in it that the state is under; empty for the bucket itself.
        key_arn: the KMS key of the bucket, of the secrets (`awskms://`) of stacks without a key of their own, or
            of both.
        passphrase_secret_arn: a secret of Secrets Manager with the passphrase of the stacks' secrets.
        token_secret_arn: a secret with an access token of Pulumi Cloud, in place of a bucket.
    """

    bucket: str | None = None
    prefix: str = ""
    key_arn: str | None = None
    passphrase_secret_arn: str | None = None
    token_secret_arn: str | None = None

    @property
    def url(self) -> str | None:
        """What `PULUMI_BACKEND_URL` is; None for Pulumi Cloud."""
        if self.bucket is None:
            return None
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def secrets(self) -> dict[str, str]:
        """Variable of a build -> the secret that it is read from."""
        given = {
            "PULUMI_CONFIG_PASSPHRASE": self.passphrase_secret_arn,
            "PULUMI_ACCESS_TOKEN": self.token_secret_arn,
        }
        return {name: arn for name, arn in given.items() if arn is not None}


@dataclass(frozen=True, kw_only=True)
class Artifacts:
    """Where the sources wait for the builds: a bucket that is made.

    Attributes:
        key_arn: of a KMS key that is there; None to have one made, with rotation.
        expire_days: after which they are deleted.
        force_delete: whether deleting the bucket deletes them, too.
    """

    key_arn: str | None = None
    expire_days: int = 30
    force_delete: bool = False


@dataclass(frozen=True, kw_only=True)
class Builds:
    """How builds run.

    Attributes:
        image: the image that they run in.
        compute_type: how large the machine is.
        timeout_minutes: after which a build is stopped.
        buildspec: the file of the repository that says what a build does.
        log_keep_days: how long its log is kept.
    """

    image: str = "aws/codebuild/standard:7.0"
    compute_type: ComputeType = ComputeType.SMALL
    timeout_minutes: int = 60
    buildspec: str = "ci/buildspec.yml"
    log_keep_days: int = 90
