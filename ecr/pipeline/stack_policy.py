"""What deploying one stack takes in AWS, and previewing it: its repository and images, and the state.

Everything that a stack can have beside its repository (a KMS key, endpoints, roles, the registry's settings) is not in
here: its stage names managed policies for it (`policyArns`), or a role (`roleArn`). Deleting a repository or its images
is denied: a pipeline that was made to deploy must not be one that deletes.

What runs before an approval is a commit that nobody has approved. It only reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ecr.access import actions, identity
from ecr.access.documents import Condition, PolicyDocument, Statement
from ecr.pipeline import stages as all_stages
from ecr.pipeline.model import Stage, State
from ecr.reference import Registry

# What the provider calls for a repository, its lifecycle policy and its own policy, but for deleting the repository
# (Service Authorization Reference, "Amazon Elastic Container Registry"), and what the lifecycle guard reads.
MANAGE = (
    "ecr:BatchGetImage",
    "ecr:CreateRepository",
    "ecr:DeleteLifecyclePolicy",
    "ecr:DeleteRepositoryPolicy",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy",
    "ecr:GetRepositoryPolicy",
    "ecr:ListTagsForResource",
    "ecr:PutImageScanningConfiguration",
    "ecr:PutImageTagMutability",
    "ecr:PutLifecyclePolicy",
    "ecr:SetRepositoryPolicy",
    "ecr:TagResource",
    "ecr:UntagResource",
)

# A role that may write its repository's policy could let itself delete: within an account, either policy is enough, but
# not against a deny (IAM user guide, "Policy evaluation logic").
DELETE = ("ecr:BatchDeleteImage", "ecr:DeleteRepository")

# The reading half of it.
LOOK = (
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy",
    "ecr:GetRepositoryPolicy",
    "ecr:ListTagsForResource",
)

# What the `awskms` secrets provider calls (pulumi/pulumi, pkg/secrets/cloud; gocloud.dev/secrets/awskms), and S3 for
# a bucket that is encrypted with the key.
_KEY = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")
_KEY_READ = ("kms:Decrypt",)

_READ = ("s3:GetObject",)
_WRITE = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")


def image_permissions(stages: Sequence[Stage], index: int, place: Registry) -> PolicyDocument:
    """What the stack of a stage does with repositories: manages its own, and pushes or promotes to it.

    Raises:
        ValueError: for a stage that would promote to the repository that it promotes from.
    """
    stage = stages[index]
    own = place.repository_arn(stage.repository)
    manage = Statement(sid="ManageTheRepository", actions=MANAGE, resources=(own,))
    keep = Statement(sid="DenyDeleting", denies=True, actions=DELETE, resources=(own,))
    source = all_stages.promoted_from(stages, index)
    if source is not None:
        promote = identity.promote_policy(
            source_arn=place.repository_arn(source), target_arn=own, enhanced_scanning=stage.enhanced_scanning
        )
        return PolicyDocument((*_each_once(manage, *promote.statements), keep))
    if not stage.build:
        return PolicyDocument((manage, keep))
    # Before it pushes, the program reads what the tag names, and the labels in its configuration.
    sign_in, pull = identity.pull_policy(own).statements
    push = identity.push_policy(own).statements[1]
    return PolicyDocument((*_each_once(manage, sign_in, pull, push), keep))


def preview_permissions(stages: Sequence[Stage], index: int, place: Registry) -> PolicyDocument:
    """What a preview of the stack of a stage reads of repositories: of its own, and of that which it promotes from.

    That is what the program asks before it registers anything: what a tag names, with the labels in an image's
    configuration; for a promotion the release, its gate and what the target holds; for the lifecycle guard the images.
    """
    stage = stages[index]
    own = place.repository_arn(stage.repository)
    statements = [Statement(sid="LookAtTheRepository", actions=LOOK, resources=(own,))]
    source = all_stages.promoted_from(stages, index)
    if source is not None or stage.build:
        sign_in, pull = identity.pull_policy(own).statements
        statements += [sign_in, pull]
    if source is not None:
        # An image that is gone from the source is promoted from what the target holds, past the same gate.
        gated = (("PromoteFrom", place.repository_arn(source)), ("PromoteTo", own))
        read = tuple(sorted({*actions.PULL, *actions.INSPECT}))
        statements += [Statement(sid=sid, actions=read, resources=(arn,)) for sid, arn in gated]
        if stage.enhanced_scanning:
            statements.append(
                Statement(sid="ReadInspectorFindings", actions=actions.INSPECT_ENHANCED, resources=("*",))
            )
    return PolicyDocument(tuple(_each_once(*statements)))


def _each_once(*statements: Statement) -> Iterator[Statement]:
    """The statements, each without what an earlier one allows on the same resources already."""
    given: dict[tuple[str, ...], set[str]] = {}
    for statement in statements:
        before = given.setdefault(statement.resources, set())
        actions = tuple(action for action in statement.actions if action not in before)
        before.update(actions)
        yield replace(statement, actions=actions)


def state_permissions(
    state: State, stages: Sequence[Stage], index: int, *, project: str, partition: str, preview: bool = False
) -> PolicyDocument:
    """What Pulumi does with the state for the stack of a stage.

    The layout is that of pulumi/pulumi, pkg/backend/diy (store.go, state.go, lock.go, stack_tags.go; 3.256.0): one
    stack's files can be told from the others'. A stage writes its own alone, and a preview none. It reads those of the
    stages before it as well: what it promotes is in there, and which images they still need. It reads none of a later
    stage, whose commits somebody may have to approve first. The bucket has been used before: who signs in to an empty
    one has to write `meta.yaml`.

    Args:
        state: where it is.
        stages: of the pipeline.
        index: of the stage.
        project: the name of the Pulumi project.
        partition: such as `aws`.
        preview: whether it is for a preview, which only reads and locks nothing.
    """
    statements: list[Statement] = []
    if state.bucket is not None:
        statements += _files(state, stages, index, project, partition, preview=preview)
    own, earlier = _keys(state, stages, index)
    if preview:
        own, earlier = (), (*own, *earlier)
    if own:
        statements.append(Statement(sid="OpenTheState", actions=_KEY, resources=own))
    if earlier:
        # Pulumi opens the secrets of a stack whose outputs it reads (pkg/secrets/cloud/manager.go).
        statements.append(Statement(sid="ReadSecretsInStates", actions=_KEY_READ, resources=earlier))
    if state.secrets:
        arns = tuple(state.secrets.values())
        statements.append(Statement(sid="ReadSecrets", actions=("secretsmanager:GetSecretValue",), resources=arns))
    return PolicyDocument(tuple(statements))


def _files(
    state: State, stages: Sequence[Stage], index: int, project: str, partition: str, *, preview: bool
) -> Iterator[Statement]:
    """Listing, reading and writing the files of stacks."""
    bucket = f"arn:{partition}:s3:::{state.bucket}"
    folder = f"{state.prefix}/.pulumi" if state.prefix else ".pulumi"
    own = f"{project}/{stages[index].stack}"
    locks = f"locks/organization/{own}/*"
    # Pulumi finds out from the list of all stacks whether one is there, and from its own whether it is compressed.
    listed = ("stacks/", f"stacks/{project}/*", *(() if preview else (locks,)))
    yield Statement(
        sid="ListTheState",
        actions=("s3:ListBucket",),
        resources=(bucket,),
        conditions=(Condition("StringLike", "s3:prefix", tuple(f"{folder}/{name}" for name in listed)),),
    )
    state_files = (f"stacks/{own}.json*", f"stacks/{own}.pulumi-tags")
    read = ("meta.yaml", *(f"stacks/{project}/{stage.stack}.json*" for stage in stages[:index]))
    yield Statement(
        sid="ReadTheState",
        actions=_READ,
        resources=tuple(f"{bucket}/{folder}/{name}" for name in (*read, *(state_files if preview else ()))),
    )
    if not preview:
        yield Statement(
            sid="WriteTheStackOfTheStage",
            actions=_WRITE,
            resources=tuple(
                f"{bucket}/{folder}/{name}" for name in (*state_files, f"backups/{own}/*", f"history/{own}/*", locks)
            ),
        )


def _keys(state: State, stages: Sequence[Stage], index: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys that a stage uses, and those that it only decrypts with: of the stages before it."""
    own = [arn for arn in (state.key_arn, stages[index].secrets_key_arn) if arn is not None]
    earlier = [stage.secrets_key_arn for stage in stages[:index] if stage.secrets_key_arn is not None]
    return tuple(dict.fromkeys(own)), tuple(arn for arn in dict.fromkeys(earlier) if arn not in own)
