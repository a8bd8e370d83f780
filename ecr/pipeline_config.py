"""The `pipeline` key of a stack's configuration: which stacks an AWS pipeline deploys, and with what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ecr import reference
from ecr import repository as repositories
from ecr.access import code_build, roles
from ecr.access import names as access_names
from ecr.config_reader import Section, shown
from ecr.notifications import topics
from ecr.pipeline import model, names, validation
from ecr.pipeline.model import Approval, Artifacts, Builds, ComputeType, Provider, Source, Stage, State
from ecr.problems import Problem


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    """What a stack says about a pipeline.

    Attributes:
        name: of the pipeline, and of the connection if one is made.
        source: whose commits start it.
        stages: what it deploys, in this order.
        state: where the stacks' state is; None where every stage has a role of its own.
        artifacts: where sources wait for the builds.
        builds: how builds run.
        permissions_boundary: the ARN of a policy that bounds all roles that are made; None for no boundary.
    """

    name: str
    source: Source
    stages: tuple[Stage, ...]
    state: State | None = None
    artifacts: Artifacts = field(default_factory=Artifacts)
    builds: Builds = field(default_factory=Builds)
    permissions_boundary: str | None = None


def read_pipeline(top: Section, *, region: str | None = None) -> PipelineConfig | None:
    """What the stack says under `pipeline`; None where it says nothing.

    Mistakes are noted in the section, and what is handed out then is of no use.

    Args:
        top: the stack's configuration.
        region: of the stack, None where the environment says it: then ARNs of other Regions pass.
    """
    section = top.section("pipeline")
    if section is None:
        return None
    before = section.mistakes
    # An approval or a key without a value would leave out what somebody had in mind.
    section.refuse_nulls()
    complete = section.mistakes == before
    name = section.required_text("name", names.is_pipeline, names.PIPELINE_RULE, example="shop")
    config = PipelineConfig(
        name=name,
        source=_source(section, region, required=complete),
        stages=tuple(_stage(one, name, region) for one in section.objects("stages", required="a stage")),
        state=_state(section, region),
        artifacts=_artifacts(section, region),
        builds=_builds(section),
        permissions_boundary=roles.read_boundary(section, region),
    )
    section.finish()
    if section.mistakes == before:
        _note(section, "", validation.name_problems(config.name, config.source))
        _note(section, "stages", validation.stages_problems(config.stages))
        _note(section, "state", validation.state_problems(config.state, config.stages))
    return config


def _source(parent: Section, region: str | None, *, required: bool) -> Source:
    section = _opened(parent, "source", required=required)
    if section is None:
        return Source(repository="")
    source = Source(
        repository=section.required_text("repository", names.is_source, names.SOURCE_RULE, example="acme/shop"),
        branch=section.text("branch", names.is_branch, names.BRANCH_RULE) or "main",
        connection_arn=_regional(
            section, "connectionArn", section.text("connectionArn", names.is_connection_arn, names.CONNECTION_ARN_RULE),
            region,
        ),
        provider=section.choice("provider", Provider, default=Provider.GITHUB),
    )  # fmt: skip
    if section.has("connectionArn") and section.has("provider"):
        section.wrong("provider", "is of a connection that is made, and connectionArn names one; take one of them out")
    section.finish()
    return source


def _stage(section: Section, pipeline: str, region: str | None) -> Stage:
    section.refuse_nulls()
    stack = section.required_text("stack", names.is_stack, names.STACK_RULE, example="dev")
    stage = Stage(
        stack=stack,
        project=section.text("project", code_build.is_project, code_build.PROJECT_RULE) or f"{pipeline}-{stack}",
        repository=section.required_text(
            "repository", reference.is_repository_name, reference.REPOSITORY_NAME_RULE, example="dev/yoon-app"
        ),
        build=section.flag("build", default=False),
        enhanced_scanning=section.flag("enhancedScanning", default=False),
        approval=_approval(section, region),
        policy_arns=section.names("policyArns", roles.is_policy_arn, roles.POLICY_ARN_RULE),
        role_arn=roles.read_arn(section, "roleArn", access_names.is_role_arn, access_names.ROLE_ARN_RULE, region),
        secrets_key_arn=section.text("secretsKeyArn", repositories.is_kms_key_arn, validation.KEY_ARN_RULE),
    )
    _refuse_partitions(section, stage.policy_arns, region)
    # As the state's own, it may be in another Region.
    if stage.secrets_key_arn is not None and (problem := access_names.other_partition(stage.secrets_key_arn, region)):
        section.wrong("secretsKeyArn", problem)
    section.finish()
    return stage


def _refuse_partitions(section: Section, policy_arns: Iterable[str], region: str | None) -> None:
    for index, arn in enumerate(policy_arns):
        if problem := access_names.other_partition(arn, region):
            section.wrong(f"policyArns[{index}]", problem)


def _approval(parent: Section, region: str | None) -> Approval | None:
    """Who has to say yes; `true` asks whoever may approve, without telling anybody."""
    if parent.value("approval") in (True, "true"):
        return Approval()
    if parent.value("approval") in (False, "false"):
        return None
    section = _opened(parent, "approval")
    if section is None:
        return None
    default = Approval().timeout_minutes
    topic_arn = section.text("topicArn", topics.is_topic_arn, topics.TOPIC_ARN_RULE)
    approval = Approval(
        topic_arn=_regional(section, "topicArn", topic_arn, region),
        timeout_minutes=section.number("timeoutMinutes", model.APPROVAL_MINUTES) or default,
        message=section.text("message", names.is_message, names.MESSAGE_RULE),
        policy_arns=section.names("policyArns", roles.is_policy_arn, roles.POLICY_ARN_RULE),
        role_arn=roles.read_arn(section, "roleArn", access_names.is_role_arn, access_names.ROLE_ARN_RULE, region),
    )
    _refuse_partitions(section, approval.policy_arns, region)
    section.finish()
    return approval


def _state(parent: Section, region: str | None) -> State | None:
    section = _opened(parent, "state")
    if section is None:
        return None
    texts = {
        "keyArn": section.text("keyArn", repositories.is_kms_key_arn, validation.KEY_ARN_RULE),
        "passphraseSecretArn": section.text("passphraseSecretArn", names.is_secret_arn, names.SECRET_ARN_RULE),
        "tokenSecretArn": section.text("tokenSecretArn", names.is_secret_arn, names.SECRET_ARN_RULE),
    }
    for key, arn in texts.items():
        # The key of the state may be in another Region than the pipeline: that of its bucket.
        if arn is not None and (problem := access_names.other_partition(arn, region)):
            section.wrong(key, problem)
    state = State(
        bucket=section.text("bucket", names.is_bucket, names.BUCKET_RULE),
        prefix=section.text("prefix", names.is_prefix, names.PREFIX_RULE) or "",
        key_arn=texts["keyArn"],
        passphrase_secret_arn=texts["passphraseSecretArn"],
        token_secret_arn=texts["tokenSecretArn"],
    )
    section.finish()
    return state


def _artifacts(parent: Section, region: str | None) -> Artifacts:
    section = _opened(parent, "artifacts")
    if section is None:
        return Artifacts()
    key_arn = section.text("keyArn", repositories.is_kms_key_arn, validation.KEY_ARN_RULE)
    artifacts = Artifacts(
        key_arn=_regional(section, "keyArn", key_arn, region),
        expire_days=section.number("expireDays", model.EXPIRE_DAYS) or Artifacts().expire_days,
        force_delete=section.flag("forceDelete", default=False),
    )
    section.finish()
    return artifacts


def _builds(parent: Section) -> Builds:
    section = _opened(parent, "builds")
    if section is None:
        return Builds()
    default = Builds()
    builds = Builds(
        image=section.text("image", names.is_image, names.IMAGE_RULE) or default.image,
        compute_type=section.choice("computeType", ComputeType, default=default.compute_type),
        timeout_minutes=section.number("timeoutMinutes", model.BUILD_MINUTES) or default.timeout_minutes,
        buildspec=section.text("buildspec", names.is_file, names.FILE_RULE) or default.buildspec,
        log_keep_days=section.count("logKeepDays") or default.log_keep_days,
    )
    if builds.log_keep_days not in model.KEEP_DAYS:
        section.wrong("logKeepDays", f"{builds.log_keep_days} is not accepted; accepted: {validation.KEEP_DAYS_RULE}")
    section.finish()
    return builds


def _opened(parent: Section, key: str, *, required: bool = False) -> Section | None:
    """The object under a key, whose keys all have values; an empty one says nothing, which is refused."""
    before = parent.mistakes
    section = parent.section(key)
    if section is not None:
        section.refuse_nulls()
    elif parent.mistakes == before:
        if parent.has(key):
            parent.wrong(key, "is empty; give it keys, or take it out")
        elif required:
            parent.wrong(key, "is missing; accepted: an object with keys")
    return section


def _regional(section: Section, key: str, arn: str | None, region: str | None) -> str | None:
    """An ARN of what has to be in the pipeline's own Region."""
    if arn is not None and region is not None and arn.split(":")[3] != region:
        section.wrong(key, f"{shown(arn)} is not in {region}, where the pipeline is")
    return arn


# What the settings are called here -> there.
_KEYS = {
    "policy_arns": "policyArns",
    "enhanced_scanning": "enhancedScanning",
    "role_arn": "roleArn",
    "secrets_key_arn": "secretsKeyArn",
    "token_secret_arn": "tokenSecretArn",
    "passphrase_secret_arn": "passphraseSecretArn",
}


def _note(section: Section, path: str, problems: Iterable[Problem]) -> None:
    for problem in problems:
        key = problem.below(path).path if path else problem.path
        for argument, name in _KEYS.items():
            key = key.replace(argument, name)
        section.wrong(key.rstrip("."), problem.reason)
