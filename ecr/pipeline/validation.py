"""What AWS would refuse of a pipeline, or what could never work, before anything is registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ecr import reference
from ecr import repository as repositories
from ecr.access import code_build, roles
from ecr.access import names as access_names
from ecr.access.documents import PolicyDocument
from ecr.config_reader import shown
from ecr.notifications import topics
from ecr.pipeline import names, policies, stages
from ecr.pipeline.model import (
    APPROVAL_MINUTES,
    BUILD_MINUTES,
    EXPIRE_DAYS,
    KEEP_DAYS,
    MAX_STAGES,
    PREVIEW_SUFFIX,
    Approval,
    Artifacts,
    Builds,
    Source,
    Stage,
    State,
)
from ecr.problems import Problem, refused, refused_items
from ecr.reference import SOMEWHERE

KEY_ARN_RULE = "the ARN of a KMS key, such as arn:aws:kms:eu-west-1:123456789012:key/ID, not of an alias"
KEEP_DAYS_RULE = f"one of {', '.join(map(str, KEEP_DAYS))}"
STATE_RULE = (
    "bucket (Pulumi's state in S3) or tokenSecretArn (Pulumi Cloud); it may go only where every stage has a roleArn, "
    "and every approval"
)
# IAM and AWS STS quotas: managed policies attached to a role, where nobody has asked for more.
MAX_POLICIES = 10
_UUID = "0" * 36


def name_problems(name: str, source: Source) -> Iterator[Problem]:
    """What is wrong with the name of a pipeline, which a connection that is made gets as well."""
    if not names.is_pipeline(name):
        yield refused("name", name, names.PIPELINE_RULE)
    elif source.connection_arn is None and len(name) > names.MAX_CONNECTION_NAME:
        yield Problem(
            "name",
            f"has {len(name)} characters; the connection that is made gets this name, and has "
            f"{names.MAX_CONNECTION_NAME} at most: shorten it, or give a connectionArn",
        )


def source_problems(source: Source) -> Iterator[Problem]:
    """What is wrong with a source."""
    yield from _unlike("repository", source.repository, names.is_source, names.SOURCE_RULE)
    yield from _unlike("branch", source.branch, names.is_branch, names.BRANCH_RULE)
    yield from _unlike("connection_arn", source.connection_arn, names.is_connection_arn, names.CONNECTION_ARN_RULE)


def stages_problems(all_stages: Sequence[Stage]) -> Iterator[Problem]:
    """What is wrong with the stages, each and together."""
    if not 1 <= len(all_stages) <= MAX_STAGES:
        yield Problem("", f"has {len(all_stages)} stages; CodePipeline accepts 1 to {MAX_STAGES} beside the source")
        return
    of_each = [problem.below(f"[{at}]") for at, stage in enumerate(all_stages) for problem in _stage_problems(stage)]
    yield from of_each
    if not of_each:
        yield from roles.too_long_inside(_longest_permissions(all_stages))
    kinds: tuple[tuple[str, list[str]], ...] = (
        ("stack", [stage.stack for stage in all_stages]),
        ("project", [stage.project for stage in all_stages]),
        ("repository", [stage.repository for stage in all_stages]),
    )
    for field, values in kinds:
        first: dict[str, int] = {}
        for index, value in enumerate(values):
            if value and first.setdefault(value.lower() if field == "project" else value, index) != index:
                yield Problem(f"[{index}].{field}", f"{shown(value)} is that of an earlier stage; each has its own")
        yield from _like_previews(field, values, all_stages)


def _longest_permissions(all_stages: Sequence[Stage]) -> PolicyDocument:
    """The policy of the pipeline's own role, which names each project and topic, with the longest names otherwise."""
    partition, region, account = SOMEWHERE.partition, SOMEWHERE.region, SOMEWHERE.account
    return policies.pipeline_permissions(
        all_stages,
        repository="r" * names.MAX_SOURCE,
        place=SOMEWHERE,
        connection_arn=f"arn:{partition}:codestar-connections:{region}:{account}:connection/{_UUID}",
        bucket_arn=f"arn:{partition}:s3:::{'b' * names.MAX_BUCKET}",
        key_arn=f"arn:{partition}:kms:{region}:{account}:key/{_UUID}",
    )


def _like_previews(field: str, values: Sequence[str], all_stages: Sequence[Stage]) -> Iterator[Problem]:
    """Stacks and projects that are called what the preview of a stage is."""
    if field == "repository":
        return
    taken = {
        f"{value}{PREVIEW_SUFFIX}".lower()
        for value, stage in zip(values, all_stages, strict=True)
        if stage.approval is not None
    }
    for index, value in enumerate(values):
        if value.lower() in taken:
            yield Problem(f"[{index}].{field}", f"{shown(value)} is what the preview of another stage is called")


def _stage_problems(stage: Stage) -> Iterator[Problem]:
    yield from _unlike("stack", stage.stack, names.is_stack, names.STACK_RULE)
    if stage.stack == stages.SOURCE_STAGE:
        yield Problem("stack", f"{shown(stage.stack)} is what the pipeline's first stage is called; rename the stack")
    yield from _unlike("project", stage.project, code_build.is_project, code_build.PROJECT_RULE)
    if code_build.is_project(stage.project) and not all(map(code_build.is_project, stage.projects)):
        most = code_build.MAX_PROJECT - len(PREVIEW_SUFFIX)
        yield Problem("project", f"has {len(stage.project)} characters; before an approval, {most} are accepted")
    yield from _unlike("repository", stage.repository, reference.is_repository_name, reference.REPOSITORY_NAME_RULE)
    yield from _unlike("role_arn", stage.role_arn, access_names.is_role_arn, access_names.ROLE_ARN_RULE)
    yield from _policies_problems(stage.policy_arns, stage.role_arn)
    yield from _unlike("secrets_key_arn", stage.secrets_key_arn, repositories.is_kms_key_arn, KEY_ARN_RULE)
    if stage.enhanced_scanning and stage.build:
        yield Problem("enhanced_scanning", "is true, and acts in a stage that promotes only; take it out")
    if stage.approval is not None:
        for problem in _approval_problems(stage.approval):
            yield problem.below("approval")


def _policies_problems(policy_arns: Sequence[str], role_arn: str | None) -> Iterator[Problem]:
    yield from refused_items("policy_arns", policy_arns, roles.is_policy_arn, roles.POLICY_ARN_RULE)
    yield from _namesakes(policy_arns)
    if len(policy_arns) > MAX_POLICIES:
        yield Problem("policy_arns", f"has {len(policy_arns)} policies; IAM attaches {MAX_POLICIES} at most")
    if role_arn is not None and policy_arns:
        yield Problem("policy_arns", "go with a role that is made; attach them to the one under roleArn yourself")


def _namesakes(policy_arns: Sequence[str]) -> Iterator[Problem]:
    """Policies that the stack could not tell apart, as their attachments are named by their names."""
    first: dict[str, str] = {}
    for index, arn in enumerate(policy_arns):
        if not roles.is_policy_arn(arn) or arn in policy_arns[:index]:
            continue  # which is told already
        if first.setdefault(arn.rpartition("/")[2], arn) != arn:
            yield Problem(
                f"policy_arns[{index}]",
                f"{shown(arn)} is called what an earlier policy is; name one of the two, or give one another name",
            )


def _approval_problems(approval: Approval) -> Iterator[Problem]:
    yield from _unlike("role_arn", approval.role_arn, access_names.is_role_arn, access_names.ROLE_ARN_RULE)
    yield from _policies_problems(approval.policy_arns, approval.role_arn)
    yield from _unlike("topic_arn", approval.topic_arn, topics.is_topic_arn, topics.TOPIC_ARN_RULE)
    yield from _unlike("message", approval.message, names.is_message, names.MESSAGE_RULE)
    yield from _outside("timeout_minutes", approval.timeout_minutes, APPROVAL_MINUTES)


def state_problems(state: State | None, all_stages: Sequence[Stage]) -> Iterator[Problem]:
    """What is wrong with the place of the state; without one, every stage has to have roles of its own."""
    if state is None:
        if any(stage.makes_roles for stage in all_stages):
            yield Problem("", f"is missing; accepted: {STATE_RULE}")
        return
    yield from _unlike("bucket", state.bucket, names.is_bucket, names.BUCKET_RULE)
    yield from _unlike("prefix", state.prefix or None, names.is_prefix, names.PREFIX_RULE)
    yield from _unlike("key_arn", state.key_arn, repositories.is_kms_key_arn, KEY_ARN_RULE)
    for field, arn in (
        ("passphrase_secret_arn", state.passphrase_secret_arn),
        ("token_secret_arn", state.token_secret_arn),
    ):
        yield from _unlike(field, arn, names.is_secret_arn, names.SECRET_ARN_RULE)
    if (state.bucket is None) == (state.token_secret_arn is None):
        yield Problem("", "names one of bucket (Pulumi's state in S3) and tokenSecretArn (Pulumi Cloud), not both")
    if state.bucket is None and state.prefix:
        yield Problem("prefix", "goes with a bucket only")
    opened = state.key_arn is not None or state.passphrase_secret_arn is not None
    if state.bucket is not None and not opened and not all(stage.secrets_key_arn for stage in all_stages):
        yield Problem(
            "",
            "says nothing of what opens the stacks' secrets: name keyArn (awskms), passphraseSecretArn, or both, or a "
            "secretsKeyArn in each stage",
        )


def artifacts_problems(artifacts: Artifacts) -> Iterator[Problem]:
    """What is wrong with the settings of artifacts."""
    yield from _unlike("key_arn", artifacts.key_arn, repositories.is_kms_key_arn, KEY_ARN_RULE)
    yield from _outside("expire_days", artifacts.expire_days, EXPIRE_DAYS)


def builds_problems(builds: Builds) -> Iterator[Problem]:
    """What is wrong with the settings of builds."""
    yield from _unlike("image", builds.image, names.is_image, names.IMAGE_RULE)
    yield from _unlike("buildspec", builds.buildspec, names.is_file, names.FILE_RULE)
    yield from _outside("timeout_minutes", builds.timeout_minutes, BUILD_MINUTES)
    if builds.log_keep_days not in KEEP_DAYS:
        yield refused("log_keep_days", builds.log_keep_days, KEEP_DAYS_RULE)


def _unlike(field: str, value: str | None, accept: Callable[[str], bool], rule: str) -> Iterator[Problem]:
    if value is not None and not accept(value):
        yield refused(field, value, rule)


def _outside(field: str, value: int, accepted: range) -> Iterator[Problem]:
    if value not in accepted:
        yield refused(field, value, f"a whole number, {accepted.start} to {accepted.stop - 1}")
